//! What the firewall of this machine does with packets that it forwards: looked at, never changed.
//!
//! Chains of nftables alone: a firewall made of the old `iptables` (legacy) is not seen.
//!
//! Source: `linux/netfilter/nf_tables.h`, `linux/netfilter.h`.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};

use crate::Error;

/// Octets of the longest answer that is read at once.
const LONGEST: usize = 64 << 10;
/// Octets before the attributes of a message.
const HEADER: usize = 20;
/// The kind of message that lists chains, and that of each chain in the answer: the part of
/// netfilter first.
const GET_CHAIN: u16 = 10 << 8 | 4;
const NEW_CHAIN: u16 = 10 << 8 | 3;
const DONE: u16 = 3;
const FAILED: u16 = 2;
/// Answer with all that there are.
const LIST: u16 = 0x1 | 0x300;
const ALL_FAMILIES: u8 = 0;
const INET: u8 = 1;
const IPV4: u8 = 2;
const IPV6: u8 = 10;
const FORWARD: u32 = 2;
const DROP: u32 = 0;

/// Returns the chains of the firewall that drop what is forwarded unless a rule of theirs lets it
/// pass, by one family, as `nft` names them: `inet filter forward`. In the network namespace of
/// the calling thread.
///
/// # Errors
///
/// No right to, or no nftables in the kernel; then there is no such chain.
pub fn forward_drops(four: bool) -> Result<Vec<String>, Error> {
    chains(four).map_err(|error: io::Error| Error::new("list the chains of the firewall", error))
}

fn chains(four: bool) -> io::Result<Vec<String>> {
    let mut socket = Socket::new(NETLINK_NETFILTER)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let length = u32::try_from(HEADER).unwrap_or(0);
    let mut question = length.to_ne_bytes().to_vec();
    question.extend(GET_CHAIN.to_ne_bytes());
    question.extend(LIST.to_ne_bytes());
    question.extend([0; 8]);
    question.extend([ALL_FAMILIES, 0, 0, 0]);
    socket.send(&question, 0)?;
    let mut found = Vec::new();
    loop {
        let mut buffer = Vec::with_capacity(LONGEST);
        socket.recv(&mut buffer, 0)?;
        if !take_in(&buffer, four, &mut found)? {
            return Ok(found);
        }
    }
}

/// Takes in some messages of the answer; tells whether there are more.
fn take_in(mut octets: &[u8], four: bool, found: &mut Vec<String>) -> io::Result<bool> {
    while let Some((length, rest)) = octets.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_ne_bytes(*length)).unwrap_or(0);
        let kind = rest.first_chunk().map_or(DONE, |kind| u16::from_ne_bytes(*kind));
        let message = octets.get(..length).filter(|_| length >= 16);
        let message = message.ok_or(io::ErrorKind::InvalidData)?;
        match kind {
            DONE => return Ok(false),
            FAILED => {
                let code = message.get(16..).and_then(|body| body.first_chunk::<4>());
                let code = code.map_or(libc::EIO, |code| -i32::from_ne_bytes(*code));
                return Err(io::Error::from_raw_os_error(code));
            }
            NEW_CHAIN => found.extend(dropping(message, four)),
            _ => {}
        }
        octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(true)
}

/// Returns the name of a chain that drops what is forwarded, if this is one.
fn dropping(message: &[u8], four: bool) -> Option<String> {
    let family = match *message.get(16)? {
        INET => "inet",
        IPV4 if four => "ip",
        IPV6 if !four => "ip6",
        _ => return None,
    };
    let attributes = message.get(HEADER..)?;
    let number = |octets: &[u8]| Some(u32::from_be_bytes(*octets.first_chunk()?));
    let hook = number(attribute(attribute(attributes, 4)?, 1)?)?;
    let policy = number(attribute(attributes, 5)?)?;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).trim_end_matches('\0').to_owned();
    let (table, name) = (text(attribute(attributes, 1)?), text(attribute(attributes, 3)?));
    (hook == FORWARD && policy == DROP).then(|| format!("{family} {table} {name}"))
}

/// Returns the value of the attribute of a kind among others.
fn attribute(mut octets: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (length, rest) = octets.split_first_chunk()?;
        let length = usize::from(u16::from_ne_bytes(*length));
        let kind = u16::from_ne_bytes(*rest.first_chunk()?) & 0x3fff;
        let value = octets.get(4..length)?;
        if kind == wanted {
            return Some(value);
        }
        octets = octets.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(all: &[(u16, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (kind, value) in all {
            out.extend(u16::try_from(4 + value.len()).unwrap().to_ne_bytes());
            out.extend(kind.to_ne_bytes());
            out.extend(*value);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        out
    }

    fn chain(family: u8, hook: u32, policy: u32) -> Vec<u8> {
        let hook = attributes(&[(1, &hook.to_be_bytes()), (2, &[0; 4])]);
        let told: [(u16, &[u8]); 4] =
            [(1, b"filter\0"), (3, b"forward\0"), (0x8004, &hook), (5, &policy.to_be_bytes())];
        let told = attributes(&told);
        let length = u32::try_from(HEADER + told.len()).unwrap();
        [&length.to_ne_bytes()[..], &NEW_CHAIN.to_ne_bytes(), &[0; 10], &[family, 0, 0, 0], &told]
            .concat()
    }

    fn found(octets: &[u8], four: bool) -> Vec<String> {
        let mut found = Vec::new();
        take_in(octets, four, &mut found).unwrap();
        found
    }

    #[test]
    fn only_chains_that_drop_what_is_forwarded_are_named() {
        let all = [
            chain(INET, FORWARD, DROP),
            chain(IPV4, FORWARD, DROP),
            chain(IPV6, FORWARD, DROP),
            chain(INET, FORWARD, 1),
            chain(INET, 1, DROP),
        ]
        .concat();
        assert_eq!(found(&all, true), ["inet filter forward", "ip filter forward"]);
        assert_eq!(found(&all, false), ["inet filter forward", "ip6 filter forward"]);
    }

    #[test]
    fn an_answer_cut_short_is_an_error_and_no_panic() {
        let whole = chain(INET, FORWARD, DROP);
        for length in 4..whole.len() {
            let mut found = Vec::new();
            assert!(take_in(&whole[..length], true, &mut found).is_err() && found.is_empty());
        }
    }
}
