//! The NAT port mapping protocol.
//!
//! Source: RFC 6886 §3.2 (address), §3.3 (mapping), §3.4 (taking it away).

use std::net::SocketAddrV4;
use std::time::Duration;

use crate::message::{Answer, PMP_ADDRESS, pmp};
use crate::{FAREWELL, Failed, Mapping, Protocol, WAITS, Wish, converse};

/// The result code that says that the router speaks another version.
pub(crate) const OTHER_VERSION: u16 = 1;

pub(crate) fn map(wish: &Wish) -> Result<Mapping, Failed> {
    let ip = converse(wish, &PMP_ADDRESS, &WAITS, |octets| match Answer::read(octets)? {
        Answer::Address(ip) => Some(Ok(ip)),
        Answer::No { reason, .. } => Some(Err(Failed::Refused(reason))),
        Answer::Port { .. } | Answer::Mapped { .. } => None,
    })??;
    let lifetime = u32::try_from(wish.lifetime.as_secs()).unwrap_or(u32::MAX);
    let read = |octets: &[u8]| match Answer::read(octets)? {
        Answer::Port { own, outside, lifetime } if own == wish.port => Some(Ok(Mapping {
            outside: SocketAddrV4::new(ip, outside),
            lifetime: Duration::from_secs(lifetime.max(1).into()),
            by: Protocol::NatPmp,
            service: None,
        })),
        Answer::No { reason, .. } => Some(Err(Failed::Refused(reason))),
        Answer::Port { .. } | Answer::Address(_) | Answer::Mapped { .. } => None,
    };
    converse(wish, &pmp(wish.port, lifetime), &WAITS, read)?
}

pub(crate) fn unmap(wish: &Wish) -> Result<(), Failed> {
    converse(wish, &pmp(wish.port, 0), &FAREWELL, |octets| Answer::read(octets).map(drop))
}
