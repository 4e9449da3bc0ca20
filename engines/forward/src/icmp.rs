//! Telling the source what became of its packet.
//!
//! ```text
//! ┌───────────┬──────┬──────┬──────────┬───────────────┬─────────────────────
//! │ IP header │ type │ code │ checksum │ 4 octets, MTU │ the packet, as much
//! └───────────┴──────┴──────┴──────────┴───────────────┴──── as fits ────────
//! ```
//! Source: RFC 4443 §2 and §3, RFC 792, RFC 1812 §4.3.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::{Own, checksum, ipv4, ipv6};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Out of hops.
    Expired,
    /// No way to its destination.
    NoRoute,
    /// Longer than the next link carries.
    TooLong,
}

/// Returns the message that tells the source of `packet` of `problem`; `None` where one
/// must not be sent: about ICMP errors, about fragments other than the first.
///
/// Shape: the addresses of `packet` have been found fit, so its source is one node.
pub(crate) fn about(packet: &[u8], problem: Problem, own: &Own) -> Option<Vec<u8>> {
    match packet.first()? >> 4 {
        6 => about_ipv6(packet, problem, own),
        _ => about_ipv4(packet, problem, own),
    }
}

fn about_ipv6(packet: &[u8], problem: Problem, own: &Own) -> Option<Vec<u8>> {
    let (upper, message) = ipv6::upper(packet)?;
    if upper == ICMPV6 && message.first().is_none_or(|kind| is_error6(*kind)) {
        return None;
    }
    let (kind, code, mtu) = match problem {
        Problem::Expired => (3, 0, 0),
        Problem::NoRoute => (1, 0, 0),
        Problem::TooLong => (2, 0, own.mtu),
    };
    let (source, to) = (own.ipv6, ipv6::header(packet)?.0.source);
    let quoted = packet.get(..packet.len().min(LONGEST6 - ipv6::HEADER - 8))?;
    let length = u16::try_from(8 + quoted.len()).ok()?;
    let mut answer = Vec::with_capacity(ipv6::HEADER + usize::from(length));
    answer.extend([0x60, 0, 0, 0]);
    answer.extend(length.to_be_bytes());
    answer.extend([ICMPV6, HOPS]);
    answer.extend(source.octets());
    answer.extend(to.octets());
    let sum = checksum6(source, to, length, &[&message_head(kind, code, 0, mtu), quoted]);
    answer.extend(message_head(kind, code, sum, mtu));
    answer.extend(quoted);
    Some(answer)
}

fn about_ipv4(packet: &[u8], problem: Problem, own: &Own) -> Option<Vec<u8>> {
    let (upper, message) = ipv4::upper(packet)?;
    if upper == ICMPV4 && message.first().is_none_or(|kind| is_error4(*kind)) {
        return None;
    }
    let (kind, code, mtu) = match problem {
        Problem::Expired => (11, 0, 0),
        Problem::NoRoute => (3, 0, 0),
        Problem::TooLong => (3, 4, own.mtu),
    };
    let (source, to) = (own.ipv4.unwrap_or(DUMMY), ipv4::header(packet)?.source);
    let quoted = packet.get(..packet.len().min(LONGEST4 - ipv4::HEADER - 8))?;
    let length = u16::try_from(ipv4::HEADER + 8 + quoted.len()).ok()?;
    let mut answer = Vec::with_capacity(usize::from(length));
    answer.extend([0x45, 0]);
    answer.extend(length.to_be_bytes());
    answer.extend([0, 0, 0, 0, HOPS, ICMPV4, 0, 0]);
    answer.extend(source.octets());
    answer.extend(to.octets());
    ipv4::seal(&mut answer);
    let sum = !checksum::sum(&[&message_head(kind, code, 0, mtu), quoted]);
    answer.extend(message_head(kind, code, sum, mtu));
    answer.extend(quoted);
    Some(answer)
}

/// The first 8 octets of a message. Both protocols have the MTU in the last two.
fn message_head(kind: u8, code: u8, sum: u16, mtu: u16) -> [u8; 8] {
    let ([s0, s1], [m0, m1]) = (sum.to_be_bytes(), mtu.to_be_bytes());
    [kind, code, s0, s1, 0, 0, m0, m1]
}

/// Source: RFC 8200 §8.1, the pseudo-header.
fn checksum6(source: Ipv6Addr, to: Ipv6Addr, length: u16, message: &[&[u8]; 2]) -> u16 {
    let [l0, l1] = length.to_be_bytes();
    let tail = [0, 0, l0, l1, 0, 0, 0, ICMPV6];
    let [head, quoted] = message;
    !checksum::sum(&[&source.octets(), &to.octets(), &tail, head, quoted])
}

/// Source: RFC 4443 §2.1 and §2.4 (e.1, e.2): errors are below 128, a redirect is 137.
const fn is_error6(kind: u8) -> bool {
    kind < 128 || kind == 137
}

/// Source: RFC 1812 §4.3.2.7.
const fn is_error4(kind: u8) -> bool {
    matches!(kind, 3 | 4 | 5 | 11 | 12)
}

const ICMPV4: u8 = 1;
const ICMPV6: u8 = 58;
const HOPS: u8 = 64;
/// RFC 4443 §2.4 (c).
const LONGEST6: usize = 1280;
/// RFC 1812 §4.3.2.3.
const LONGEST4: usize = 576;
/// RFC 7600 §4.8: the source of a router that has no IPv4 address.
const DUMMY: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 8);
