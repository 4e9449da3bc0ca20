//! How a node proves that a request is its own.
//!
//! ```text
//! re6st-serial: number of its certificate
//! re6st-time:   seconds since 1970
//! re6st-proof:  base64url of the signature, by the certificate's key, of
//!               "re6st request 1" LF method LF path?query LF time LF SHA-256 of the body
//! ```

use std::time::Duration;

use crypto::Fingerprint;
use words::Wall;

/// Header: number of the certificate.
pub(crate) const SERIAL: &str = "re6st-serial";
/// Header: when the request was made.
pub(crate) const TIME: &str = "re6st-time";
/// Header: the signature.
pub(crate) const PROOF: &str = "re6st-proof";

/// How far apart the calendars of node and registry may be.
pub(crate) const SKEW: Duration = Duration::from_mins(10);

/// Returns what is signed.
///
/// No other statement of a node begins so.
pub(crate) fn statement(method: &str, target: &str, time: Wall, body: &[u8]) -> Vec<u8> {
    let body = Fingerprint::of(body);
    format!("re6st request 1\n{method}\n{target}\n{}\n{body}", time.0).into_bytes()
}

/// Tells whether a request of `time` is of now.
pub(crate) fn is_timely(time: Wall, now: Wall) -> bool {
    time.since(now).max(now.since(time)) <= SKEW
}
