//! HTTPS to one of several addresses.
//!
//! Each request is a connection of its own: a registry is asked now and then, and a kept
//! connection is one that may be dead when it is needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crypto::AuthorityCertificate;
use rustls::CertificateError;
use ureq::http::{Request, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Error};

use super::problem::Problem;
use crate::address;
use crate::protocol::{ANSWER, HOLD, Refused};
use crate::refusal::Code;

/// How long a name may take to be looked up, and a connection to come up.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request may take in all.
const WHOLE: Duration = Duration::from_secs(20);

/// Whose certificate a server must show.
#[derive(Clone, Copy)]
pub(crate) enum Trust<'a> {
    /// Anybody's: nothing that is said is believed.
    Nobody,
    /// One of this authority, for the host that we call.
    Only(&'a AuthorityCertificate),
}

/// A line to a registry.
#[derive(Debug)]
pub(crate) struct Line {
    agent: Agent,
    addresses: Vec<String>,
    /// Which address answered last.
    good: AtomicUsize,
}

/// What a registry said, without fault.
#[derive(Debug)]
pub(crate) struct Answer {
    from: String,
    octets: Vec<u8>,
}

impl Line {
    /// Returns a line for questions that are answered at once.
    pub(crate) fn new(addresses: Vec<String>, trust: Trust<'_>) -> Result<Self, Problem> {
        Self::within(addresses, trust, WHOLE)
    }

    /// Returns a line for questions that are held.
    pub(crate) fn patient(addresses: Vec<String>, trust: Trust<'_>) -> Result<Self, Problem> {
        Self::within(addresses, trust, WHOLE + Duration::from_secs(HOLD))
    }

    fn within(addresses: Vec<String>, trust: Trust<'_>, whole: Duration) -> Result<Self, Problem> {
        if addresses.is_empty() {
            return Err(Problem::Address { address: String::new() });
        }
        if let Some(wrong) = addresses.iter().find(|at| address::host(at).is_none()) {
            return Err(Problem::Address { address: wrong.clone() });
        }
        Ok(Self { agent: agent(trust, whole), addresses, good: AtomicUsize::new(0) })
    }

    /// Asks the addresses in turn, the one that answered last first, until one has no
    /// problem that another might not have.
    ///
    /// # Errors
    ///
    /// That of the last one that was asked.
    pub(crate) fn ask<T>(
        &self,
        mut question: impl FnMut(&str) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let good = self.good.load(Ordering::Relaxed);
        let numbered = self.addresses.iter().enumerate();
        let (before, after): (Vec<_>, Vec<_>) = numbered.partition(|(number, _)| *number < good);
        let mut last = Problem::Address { address: String::new() };
        for (number, address) in after.into_iter().chain(before) {
            match question(address) {
                Err(problem) if problem.is_of_the_way() => last = problem,
                answer => {
                    self.good.store(number, Ordering::Relaxed);
                    return answer;
                }
            }
        }
        Err(last)
    }

    /// Sends a request, and waits for the answer.
    pub(crate) fn send(
        &self,
        address: &str,
        request: Request<()>,
        body: &[u8],
    ) -> Result<Answer, Problem> {
        let said = self.agent.run(request.map(|()| body));
        let mut said = said.map_err(|error| problem(address, &error))?;
        let octets = said.body_mut().with_config().limit(ANSWER).read_to_vec();
        let octets = octets.map_err(|error| problem(address, &error))?;
        let answer = Answer { from: address.to_owned(), octets };
        match said.status() {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(answer),
            _ => Err(answer.refused()),
        }
    }
}

impl Answer {
    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }

    pub(crate) fn text(&self) -> Option<String> {
        String::from_utf8(self.octets.clone()).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Returns the problem of an answer that makes no sense.
    pub(crate) fn misunderstood(&self) -> Problem {
        let what = "an answer of another form".to_owned();
        Problem::Answer { address: self.from.clone(), what }
    }

    fn refused(&self) -> Problem {
        match serde_json::from_slice::<Refused>(&self.octets) {
            Ok(Refused { code, error, remedy }) if code == Code::Clock.name() => {
                tracing::debug!(error, remedy, "the registry does not like our clock");
                Problem::Clock { address: self.from.clone() }
            }
            Ok(Refused { code, error, remedy }) => {
                Problem::Refused { code: Code::of(&code), error, remedy }
            }
            Err(_) => self.misunderstood(),
        }
    }
}

fn agent(trust: Trust<'_>, whole: Duration) -> Agent {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| suite.tls13().is_some());
    let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(provider));
    let tls = match trust {
        Trust::Nobody => tls.disable_verification(true),
        Trust::Only(ca) => {
            let root = Certificate::from_der(ca.der());
            tls.root_certs(RootCerts::new_with_certs(&[root.to_owned()]))
        }
    };
    // One certificate for all of the registry's hosts: there is no need to name one of
    // them in clear text (SNI).
    let tls = tls.use_sni(false).build();
    Agent::config_builder()
        .tls_config(tls)
        .https_only(true)
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(0)
        .user_agent(concat!("re6st/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(whole))
        .build()
        .new_agent()
}

/// Finds out whose fault it is.
fn problem(address: &str, error: &Error) -> Problem {
    let address = address.to_owned();
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => return Problem::Clock { address },
        Some(rustls::Error::InvalidCertificate(_)) => return Problem::WrongAuthority { address },
        Some(_) | None => {}
    }
    if let Error::Http(_) | Error::Protocol(_) | Error::TooManyRedirects = error {
        return Problem::Answer { address, what: error.to_string() };
    }
    Problem::Unreachable { address, why: error.to_string() }
}

/// Returns what TLS says, as it is or wrapped by the connection.
fn tls_error(error: &Error) -> Option<&rustls::Error> {
    if let Error::Rustls(inner) = error {
        return Some(inner);
    }
    let Error::Io(outer) = error else { return None };
    outer.get_ref()?.downcast_ref()
}
