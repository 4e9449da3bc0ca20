//! Keys, certificates and signatures, with AWS-LC underneath.
//!
//! - [`key`]: the keys of a node and of an authority, and their files;
//! - [`certificate`]: reading the certificates of authority and nodes;
//! - [`request`]: asking for a certificate;
//! - [`issue`]: what an authority does with its key;
//! - [`authority`]: what everybody checks with the authority's certificate;
//! - [`lan`]: what members show each other on a LAN;
//! - [`session`]: the packets of our own carrier, sealed and opened.

pub mod authority;
pub mod certificate;
pub mod file;
pub mod issue;
pub mod key;
pub mod lan;
pub mod request;
pub mod session;

mod algorithm;
mod profile;

pub use authority::NetworkAuthority;
pub use certificate::{AuthorityCertificate, CertificateError, Fingerprint, NodeCertificate};
pub use issue::{Grant, IssueError, Issuer, ServerCertificate, Validity, introduce};
pub use key::{KeyError, SigningKey, StaticKey};
pub use lan::LanKey;
pub use request::Request;
