//! The other end: what nodes ask of the registry, waiting for the answer.
//!
//! Before it is a node, a computer asks [`fetch_ca`] and [`enrol`]; then a [`Client`] asks
//! in its name. TLS 1.3, and only certificates of our own network's authority count.

mod problem;
mod transport;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crypto::{AuthorityCertificate, NetworkAuthority, NodeCertificate, SigningKey};
use linux::Clock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Method, Request};
use words::{NodeId, Wall};

use crate::invitation::Invitation;
use crate::proof::{self, PROOF, SERIAL, TIME};
use crate::protocol::{self, to_octets, to_text};
use transport::{Answer, Line, Trust};

pub use problem::Problem;

/// What a new node is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// The certificate, PEM.
    pub certificate: String,
    /// The network document, signed, encoded.
    pub document: Vec<u8>,
}

/// A node, as the registry lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The node.
    pub node: NodeId,
    /// Number of its newest certificate.
    pub serial: u64,
    /// Last second of that certificate.
    pub until: Wall,
    /// Since when it is out of the network.
    pub revoked: Option<Wall>,
}

/// Fetches the certificate of the authority that an invitation pins.
///
/// # Errors
///
/// [`Problem::Invitation`] if it has expired, [`Problem::WrongAuthority`] if the registry
/// shows another certificate, [`Problem::Unreachable`] if none answers.
pub fn fetch_ca(invitation: &Invitation) -> Result<AuthorityCertificate, Problem> {
    invitation.check(Clock::wall())?;
    let line = Line::new(invitation.addresses.clone(), Trust::Nobody)?;
    // Nothing is believed of this connection: the fingerprint decides.
    line.ask(|address| {
        let answer = line.send(address, plain(Method::GET, address, "/v1/ca")?, &[])?;
        let pem = answer.text().ok_or_else(|| answer.misunderstood())?;
        let ca = AuthorityCertificate::from_pem(&pem);
        let wrong = || Problem::WrongAuthority { address: address.to_owned() };
        let ca = ca.map_err(|_| wrong())?;
        if ca.fingerprint() == invitation.fingerprint { Ok(ca) } else { Err(wrong()) }
    })
}

/// Gets a certificate for the key that signed `csr` (PKCS#10, PEM).
///
/// May be asked again with the same request if the answer was lost.
///
/// # Errors
///
/// [`Problem`]: the invitation is used up or expired, the registry is not reached or not
/// the right one, a clock is wrong.
pub fn enrol(
    invitation: &Invitation,
    ca: &AuthorityCertificate,
    csr: &str,
) -> Result<Enrolled, Problem> {
    invitation.check(Clock::wall())?;
    let line = Line::new(invitation.addresses.clone(), Trust::Only(ca))?;
    let token = Some(to_text(&invitation.token.0));
    let body = json(&protocol::Enrol { token, csr: csr.to_owned(), note: String::new() })?;
    let answer =
        line.ask(|address| line.send(address, plain(Method::POST, address, "/v1/enrol")?, &body))?;
    let (enrolled, _) = enrolled(ca, &answer)?;
    Ok(enrolled)
}

/// What the registry tells a member to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Introductions of random other nodes, encoded.
    pub introductions: Vec<Vec<u8>>,
    /// The key with which members seal what they announce on LANs, if the registry has one.
    pub lan_key: Option<[u8; 32]>,
}

/// A node's line to its registry.
#[derive(Debug)]
pub struct Client {
    line: Line,
    /// For questions that are held.
    patient: Line,
    ca: AuthorityCertificate,
    key: SigningKey,
    /// Number of our newest certificate.
    serial: AtomicU64,
}

impl Client {
    /// Returns the line of the node that owns `certificate` and `key` to the registry at
    /// `addresses` (`HOST:PORT`, tried in turn). Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Problem::Address`] for what is no address, or if there is none.
    // By value: the line keeps them, and one key belongs to one line.
    #[expect(clippy::needless_pass_by_value, reason = "the certificate that is shown changes")]
    pub fn new(
        addresses: Vec<String>,
        ca: AuthorityCertificate,
        certificate: NodeCertificate,
        key: SigningKey,
    ) -> Result<Self, Problem> {
        let line = Line::new(addresses.clone(), Trust::Only(&ca))?;
        let patient = Line::patient(addresses, Trust::Only(&ca))?;
        let serial = AtomicU64::new(certificate.serial);
        Ok(Self { line, patient, ca, key, serial })
    }

    /// Gets a certificate with a later end for the same key, PEM.
    ///
    /// # Errors
    ///
    /// [`Problem`], above all that the node is revoked.
    pub fn renew(&self) -> Result<String, Problem> {
        let answer = self.ask(&Method::POST, "/v1/renew", &[])?;
        let (enrolled, certificate) = enrolled(&self.ca, &answer)?;
        self.serial.store(certificate.serial, Ordering::Relaxed);
        Ok(enrolled.certificate)
    }

    /// Asks for a network document of a version above `newer_than`, signed, encoded; if
    /// there is none, waits up to `wait` for it (the registry, at most a minute).
    ///
    /// The signature is not checked here.
    ///
    /// # Errors
    ///
    /// [`Problem`].
    pub fn document(&self, newer_than: u64, wait: Duration) -> Result<Option<Vec<u8>>, Problem> {
        let wait = wait.as_secs().min(protocol::HOLD);
        let target = format!("/v1/document?newer_than={newer_than}&wait={wait}");
        let line = if wait == 0 { &self.line } else { &self.patient };
        let answer = line.ask(|at| line.send(at, plain(Method::GET, at, &target)?, &[]))?;
        if answer.is_empty() {
            return Ok(None);
        }
        let read: protocol::Document = answer.json()?;
        to_octets(&read.document).map(Some).ok_or_else(|| answer.misunderstood())
    }

    /// Tells the registry how we are reached: our introduction, encoded.
    ///
    /// # Errors
    ///
    /// [`Problem`], above all that the node is revoked.
    pub fn publish(&self, introduction: &[u8]) -> Result<(), Problem> {
        let body = json(&protocol::Contact { introduction: to_text(introduction) })?;
        self.ask(&Method::POST, "/v1/contact", &body).map(drop)
    }

    /// Shares in beacons: in the present epoch, promises a secret for the next but one, and reveals
    /// the one that was promised for the next.
    ///
    /// # Errors
    ///
    /// [`Problem`], above all that the epoch is over.
    pub fn share(
        &self,
        epoch: u64,
        commitment: [u8; 32],
        secret: Option<[u8; 32]>,
    ) -> Result<(), Problem> {
        let secret = secret.map(|secret| to_text(&secret));
        let body = json(&protocol::Share { epoch, commitment: to_text(&commitment), secret })?;
        self.ask(&Method::POST, "/v1/beacon", &body).map(drop)
    }

    /// Tells the registry what we saw members of our mesh carry in an epoch, in Mbit/s, having been
    /// drawn to.
    ///
    /// # Errors
    ///
    /// [`Problem`], above all that the epoch is over.
    pub fn attest(&self, epoch: u64, seen: &[(NodeId, u32)]) -> Result<(), Problem> {
        let one = |(node, mbits): &(NodeId, u32)| protocol::Seen {
            prefix: node.to_string(),
            mbits: *mbits,
        };
        let seen = seen.iter().map(one).collect();
        let body = json(&protocol::Attestations { epoch, seen })?;
        self.ask(&Method::POST, "/v1/attestations", &body).map(drop)
    }

    /// Gets introductions, encoded, of up to `count` random other nodes, which are not
    /// checked here; and what members know besides.
    ///
    /// # Errors
    ///
    /// [`Problem`], above all that the node is revoked.
    pub fn bootstrap(&self, count: usize) -> Result<Company, Problem> {
        let answer = self.ask(&Method::GET, &format!("/v1/bootstrap?count={count}"), &[])?;
        let read: protocol::Bootstrap = answer.json()?;
        let octets = read.introductions.iter().map(|text| to_octets(text));
        let key = |text: &String| to_octets(text)?.try_into().ok();
        let lan_key = match &read.lan_key {
            Some(text) => Some(key(text).ok_or_else(|| answer.misunderstood())?),
            None => None,
        };
        let introductions = octets.collect::<Option<_>>().ok_or_else(|| answer.misunderstood())?;
        Ok(Company { introductions, lan_key })
    }

    /// Lists all nodes of the network, ascending by the number of their certificates.
    ///
    /// # Errors
    ///
    /// [`Problem`], above all that the node is revoked.
    pub fn nodes(&self) -> Result<Vec<Listed>, Problem> {
        let mut all: Vec<Listed> = Vec::new();
        loop {
            let after = all.last().map_or(0, |last| last.serial);
            let answer = self.ask(&Method::GET, &format!("/v1/nodes?after={after}"), &[])?;
            let page: protocol::Nodes = answer.json()?;
            if page.nodes.iter().all(|node| node.serial <= after) {
                return Ok(all);
            }
            for node in page.nodes {
                let prefix = node.prefix.parse().map_err(|_| answer.misunderstood())?;
                let (serial, until) = (node.serial, Wall(node.expires));
                let revoked = node.revoked.map(Wall);
                all.push(Listed { node: NodeId(prefix), serial, until, revoked });
            }
        }
    }

    /// Asks in the node's name.
    fn ask(&self, method: &Method, target: &str, body: &[u8]) -> Result<Answer, Problem> {
        self.line.ask(|address| {
            let mut request = plain(method.clone(), address, target)?;
            let time = Clock::wall();
            let statement = proof::statement(method.as_str(), target, time, body);
            let proof = to_text(&self.key.sign(&statement)?);
            let serial = self.serial.load(Ordering::Relaxed).to_string();
            for (name, value) in [(SERIAL, serial), (TIME, time.0.to_string()), (PROOF, proof)] {
                // Digits and base64url are header values, always.
                if let Ok(value) = value.parse() {
                    request.headers_mut().insert(name, value);
                }
            }
            self.line.send(address, request, body)
        })
    }
}

/// Reads a certificate that the registry gave, and checks that it can be used now.
fn enrolled(
    ca: &AuthorityCertificate,
    answer: &Answer,
) -> Result<(Enrolled, NodeCertificate), Problem> {
    let read: protocol::Enrolled = answer.json()?;
    let document = to_octets(&read.document).ok_or_else(|| answer.misunderstood())?;
    let certificate = NodeCertificate::from_pem(ca.network(), &read.certificate)
        .map_err(|_| answer.misunderstood())?;
    match NetworkAuthority::new(ca.clone()).check(&certificate.der, Clock::wall()) {
        Ok(certificate) => Ok((Enrolled { certificate: read.certificate, document }, certificate)),
        Err(gossip::Refused::NotYetValid { .. } | gossip::Refused::Expired { .. }) => {
            Err(Problem::Clock { address: answer.from().to_owned() })
        }
        Err(_) => Err(answer.misunderstood()),
    }
}

fn plain(method: Method, address: &str, target: &str) -> Result<Request<()>, Problem> {
    let request = Request::builder().method(method).uri(format!("https://{address}{target}"));
    request.body(()).map_err(|_| Problem::Address { address: address.to_owned() })
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(body)
        .map_err(|error| Problem::Answer { address: String::new(), what: error.to_string() })
}

impl Answer {
    fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(self.octets()).map_err(|_| self.misunderstood())
    }
}
