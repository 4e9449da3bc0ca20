//! Members: nodes that prove who they are.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use gossip::{Authority, PublicKey};
use linux::Clock;
use serde::de::DeserializeOwned;
use store::Certificate;
use words::Wall;

use super::{Shared, body};
use crate::proof::{self, PROOF, SERIAL, TIME};
use crate::protocol::to_octets;
use crate::refusal::{Code, Refusal};

/// A node that signed its request; its certificate is not revoked, but may have expired.
#[derive(Debug)]
pub(crate) struct Member(pub(crate) Certificate);

impl Member {
    /// Checks that the certificate has not expired.
    pub(crate) fn in_date(self) -> Result<Certificate, Refusal> {
        if self.0.seat.until < Clock::wall() {
            return Err(Refusal::new(Code::Expired, "the certificate has expired; renew it first"));
        }
        Ok(self.0)
    }
}

/// A member, and the JSON that it signed.
#[derive(Debug)]
pub(crate) struct Signed<T>(pub(crate) Member, pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Signed<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        let (member, octets) = Member::of(request, shared).await?;
        Ok(Self(member, body::read(&octets)?))
    }
}

impl FromRequest<Arc<Shared>> for Member {
    type Rejection = Refusal;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        Ok(Self::of(request, shared).await?.0)
    }
}

impl Member {
    /// Returns who signed a request, and its body.
    async fn of(request: Request, shared: &Arc<Shared>) -> Result<(Self, Bytes), Refusal> {
        let headers = request.headers();
        let serial = number(headers, SERIAL)?;
        let time = Wall(number(headers, TIME)?);
        let proof = header(headers, PROOF).and_then(to_octets).ok_or_else(unproven)?;
        let method = request.method().clone();
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let now = Clock::wall();
        if !proof::is_timely(time, now) {
            let ours = now.0;
            let sentence = format!("it is {ours} s since 1970 here; set the clock of the node");
            return Err(Refusal::new(Code::Clock, sentence));
        }
        let certificate = shared.store.certificate(serial).await?;
        let octets = body::octets(request, shared).await?;
        let statement = proof::statement(method.as_str(), &target, time, &octets);
        let key = PublicKey(certificate.key.clone());
        if !shared.authority.signature(&key, &statement, &proof) {
            return Err(unproven());
        }
        if certificate.revoked.is_some() {
            return Err(store::Error::Revoked { serial }.into());
        }
        Ok((Self(certificate), octets))
    }
}

fn unproven() -> Refusal {
    let sentence = "the request is not signed by the key of the certificate it names; \
                    sign it as /v1/openapi.json says";
    Refusal::new(Code::Proof, sentence)
}

fn number(headers: &HeaderMap, name: &str) -> Result<u64, Refusal> {
    header(headers, name).and_then(|text| text.parse().ok()).ok_or_else(unproven)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
