//! The port control protocol.
//!
//! Source: RFC 6887 §11 (MAP).

use std::net::SocketAddrV4;
use std::time::Duration;

use crate::message::{Answer, pcp};
use crate::{FAREWELL, Failed, Mapping, Protocol, WAITS, Wish, converse, pmp};

pub(crate) fn map(wish: &Wish) -> Result<Mapping, Failed> {
    let lifetime = u32::try_from(wish.lifetime.as_secs()).unwrap_or(u32::MAX);
    let request = pcp(wish.own, wish.port, wish.nonce, lifetime);
    let read = |octets: &[u8]| match Answer::read(octets)? {
        Answer::Mapped { nonce, own, outside: (Some(ip), port), lifetime }
            if nonce == wish.nonce && own == wish.port =>
        {
            Some(Ok(Mapping {
                outside: SocketAddrV4::new(ip, port),
                lifetime: Duration::from_secs(lifetime.max(1).into()),
                by: Protocol::Pcp,
                service: None,
            }))
        }
        // A router of NAT-PMP alone says so in its own version (RFC 6887 §9).
        Answer::No { version: 0, .. } => Some(Err(Failed::Refused(pmp::OTHER_VERSION))),
        Answer::No { reason, .. } => Some(Err(Failed::Refused(reason))),
        Answer::Mapped { .. } | Answer::Address(_) | Answer::Port { .. } => None,
    };
    converse(wish, &request, &WAITS, read)?
}

pub(crate) fn unmap(wish: &Wish) -> Result<(), Failed> {
    let request = pcp(wish.own, wish.port, wish.nonce, 0);
    converse(wish, &request, &FAREWELL, |octets| Answer::read(octets).map(drop))
}
