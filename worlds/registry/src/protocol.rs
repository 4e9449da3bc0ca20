//! What goes over the wire, both ways; described by `openapi.json`.
//!
//! Octets are base64url without padding; certificates and requests are PEM.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// Most octets of a request's body.
pub(crate) const BODY: usize = 64 * 1024;
/// Most octets of an answer's body.
pub(crate) const ANSWER: u64 = 1024 * 1024;
/// Longest time that a question for a newer document is held, in seconds.
pub(crate) const HOLD: u64 = 60;

/// `POST /v1/enrol`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Enrol {
    /// Octets of the invitation's token; absent where anybody may enrol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// PKCS#10, PEM.
    pub(crate) csr: String,
    /// For the people who run the registry, at most 100 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) note: String,
}

/// The answer to `POST /v1/enrol` and `POST /v1/renew`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Enrolled {
    /// PEM.
    pub(crate) certificate: String,
    /// Octets of the signed network document.
    pub(crate) document: String,
}

/// The answer to `GET /v1/document`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) version: u64,
    /// Octets of the signed network document.
    pub(crate) document: String,
}

/// The query of `GET /v1/document`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Newer {
    /// Only a document of a higher version is an answer.
    #[serde(default)]
    pub(crate) newer_than: u64,
    /// How long to wait for one, in seconds; more than [`HOLD`] means that.
    #[serde(default)]
    pub(crate) wait: u64,
}

/// `POST /v1/contact`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Contact {
    /// Octets of the introduction.
    pub(crate) introduction: String,
}

/// `POST /v1/beacon`: a member's share in the beacons to come.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Share {
    /// Number of the present epoch.
    pub(crate) epoch: u64,
    /// 32 octets: the hash of what it will reveal in the next epoch.
    pub(crate) commitment: String,
    /// 32 octets: what it promised in the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
}

/// `POST /v1/attestations`: what a member was drawn to see.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attestations {
    /// Number of the epoch for which it was drawn.
    pub(crate) epoch: u64,
    /// At most as many as one member attests.
    pub(crate) seen: Vec<Seen>,
}

/// What one member was seen to carry.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    pub(crate) prefix: String,
    /// Mbit/s.
    pub(crate) mbits: u32,
}

/// The query of `GET /v1/bootstrap`.
#[derive(Debug, Deserialize)]
pub(crate) struct Count {
    /// How many at most.
    pub(crate) count: u32,
}

/// The answer to `GET /v1/bootstrap`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bootstrap {
    /// Octets of introductions.
    pub(crate) introductions: Vec<String>,
    /// 32 octets: the key of what members announce on LANs. Absent from registries of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lan_key: Option<String>,
}

/// The query of `GET /v1/nodes`.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    /// Number of a certificate; nodes with higher ones are listed.
    #[serde(default)]
    pub(crate) after: u64,
}

/// The answer to `GET /v1/nodes`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Nodes {
    pub(crate) nodes: Vec<Node>,
}

/// One node.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Node {
    pub(crate) prefix: String,
    pub(crate) address: String,
    pub(crate) index: u32,
    /// Number of its newest certificate.
    pub(crate) serial: u64,
    /// Seconds since 1970, as all times below.
    pub(crate) expires: u64,
    pub(crate) revoked: Option<u64>,
    /// When it last told how it is reached.
    pub(crate) seen: Option<u64>,
}

/// The answer to `GET /v1/health`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Health {
    /// `ok`.
    pub(crate) status: String,
    /// Of the program.
    pub(crate) version: String,
    /// Version of the network document.
    pub(crate) document: u64,
}

/// Any refusal.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// For programs; see [`Code`](crate::Code).
    pub(crate) code: String,
    /// For people.
    pub(crate) error: String,
    /// For people.
    pub(crate) remedy: String,
}

pub(crate) fn to_text(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

pub(crate) fn to_octets(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
