//! Nodes on the same LAN: what they announce there, and who was heard.
//!
//! ```text
//! announcement │ 1 │ address 16 │ port 2 │ length 2 │ introduction │ zeros ─► all as long │
//! ```
//!
//! The world seals an announcement before it shows it, so that only members can read it, and
//! sends it to all who listen on the LAN. It names the address from which it was sent there: who
//! repeats it from another is not believed. What it introduces is judged here as anything that a
//! stranger shows; then the carrier's handshake proves who it is.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::{Ipv6Addr, SocketAddr};
use core::time::Duration;

use words::{Bucket, Carrier, Deadline, NodeId, Time};

use crate::{Authority, Contact, Endpoint, Gossip, Introduction, Malformed, Output, Refused, Why};

const WHAT: &str = "announcement";

/// The version that is written, and the only one that is read.
const VERSION: u8 = 1;

/// How long a node is on the LAN after it was heard: three announcements may be lost.
const LIFE: Duration = Duration::from_secs(35);

/// Most nodes of one LAN.
const NODES: usize = 256;

/// What a node says of itself on a LAN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The link-local address from which it is sent.
    pub from: Ipv6Addr,
    /// The UDP port of its carrier.
    pub port: u16,
    /// Its encoded [`Introduction`], not judged.
    pub introduction: Vec<u8>,
}

impl Announcement {
    /// Octets of each announcement, whatever it says.
    pub const LENGTH: usize = 21 + Introduction::LIMIT;

    /// Returns its octets, [`Self::LENGTH`] of them.
    ///
    /// # Errors
    ///
    /// [`Malformed::Oversize`] if the introduction is longer than [`Introduction::LIMIT`].
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let got = self.introduction.len();
        let oversize = Malformed::Oversize { what: WHAT, got, limit: Introduction::LIMIT };
        let length = u16::try_from(got).map_err(|_| oversize)?;
        let mut octets = Vec::with_capacity(Self::LENGTH);
        octets.push(VERSION);
        octets.extend(self.from.octets());
        octets.extend(self.port.to_be_bytes());
        octets.extend(length.to_be_bytes());
        octets.extend(&self.introduction);
        if octets.len() > Self::LENGTH {
            return Err(oversize);
        }
        octets.resize(Self::LENGTH, 0);
        Ok(octets)
    }

    /// Reads an announcement; what it introduces is not read yet.
    ///
    /// # Errors
    ///
    /// [`Malformed`], for any other octets than [`encode`](Self::encode) writes for a link-local
    /// address and a port that is not 0.
    pub fn decode(octets: &[u8]) -> Result<Self, Malformed> {
        let form = Malformed::Form { what: WHAT };
        let ([version], rest) = octets.split_first_chunk().ok_or(form)?;
        let (address, rest) = rest.split_first_chunk::<16>().ok_or(form)?;
        let (port, rest) = rest.split_first_chunk().ok_or(form)?;
        let (length, rest) = rest.split_first_chunk().ok_or(form)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (introduction, zeros) = rest.split_at_checked(length).ok_or(form)?;
        let padded = octets.len() == Self::LENGTH && zeros.iter().all(|octet| *octet == 0);
        if *version != VERSION || !padded {
            return Err(form);
        }
        let (from, port) = (Ipv6Addr::from(*address), u16::from_be_bytes(*port));
        let field = if from.is_unicast_link_local() { None } else { Some("address") };
        if let Some(field) = field.or((port == 0).then_some("port")) {
            return Err(Malformed::Value { what: WHAT, field });
        }
        Ok(Self { from, port, introduction: introduction.to_vec() })
    }
}

/// Who was heard on the LAN.
#[derive(Debug)]
pub(crate) struct Lan {
    nodes: BTreeMap<NodeId, (SocketAddr, Time)>,
    /// How much work all who announce may cause together.
    pace: Bucket,
}

impl Lan {
    pub(crate) fn new() -> Self {
        Self { nodes: BTreeMap::new(), pace: Bucket::new(100, 50) }
    }

    /// Puts where a node is on the LAN before the places that it names itself.
    pub(crate) fn prefer(&self, contact: &mut Contact) {
        if let Some((address, _)) = self.nodes.get(&contact.node) {
            contact.endpoints.insert(0, Endpoint { carrier: Carrier::Udp, address: *address });
        }
    }

    /// Returns when the first one is forgotten.
    pub(crate) fn deadline(&self) -> Option<Deadline<Why>> {
        let heard = self.nodes.values().map(|(_, heard)| *heard).min()?;
        Some(Deadline { at: heard + LIFE, why: Why::Lan })
    }
}

impl<A: Authority> Gossip<A> {
    /// Returns the nodes on the LAN, and where they are, in order.
    pub fn on_lan(&self) -> impl Iterator<Item = (NodeId, SocketAddr)> {
        self.lan.nodes.iter().map(|(node, (at, _))| (*node, *at))
    }

    /// Takes in who was heard on the LAN, and where.
    pub(crate) fn heard_on_lan(&mut self, at: SocketAddr, introduction: &[u8], now: Time) {
        if let Err(why) = self.meet_on_lan(at, introduction, now) {
            self.counters.refuse(&why);
        }
    }

    fn meet_on_lan(&mut self, at: SocketAddr, octets: &[u8], now: Time) -> Result<(), Refused> {
        if !self.lan.pace.take(now) {
            return Err(Refused::Busy);
        }
        let mut known = self.believe_stranger(octets, |_| Ok(()), now)?;
        known.heard = Some(now);
        let node = known.contact.node;
        if self.lan.nodes.len() >= NODES && !self.lan.nodes.contains_key(&node) {
            return Err(Refused::Busy);
        }
        // First, so that who seeks the node is led there.
        self.lan.nodes.insert(node, (at, now));
        self.learn(known, now);
        self.say(Output::OnLan(node, at));
        Ok(())
    }

    /// Forgets who was not heard of late.
    pub(crate) fn forget_silent(&mut self, now: Time) {
        self.forget_on_lan(|heard| now.since(heard) >= LIFE);
    }

    /// Forgets everybody: this machine is elsewhere.
    pub(crate) fn leave_lan(&mut self) {
        self.forget_on_lan(|_| true);
    }

    fn forget_on_lan(&mut self, over: impl Fn(Time) -> bool) {
        let gone = self.lan.nodes.extract_if(.., |_, (_, heard)| over(*heard));
        let gone: Vec<NodeId> = gone.map(|(node, _)| node).collect();
        for node in gone {
            self.say(Output::OffLan(node));
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    fn announcement(introduction: Vec<u8>) -> Announcement {
        Announcement { from: "fe80::7".parse().unwrap(), port: 6326, introduction }
    }

    #[test]
    fn all_announcements_are_of_one_length() {
        for length in [0, 1, 600, Introduction::LIMIT] {
            let said = announcement(vec![7; length]);
            let octets = said.encode().unwrap();
            assert_eq!(octets.len(), Announcement::LENGTH);
            assert_eq!(Announcement::decode(&octets), Ok(said));
        }
        assert!(announcement(vec![7; Introduction::LIMIT + 1]).encode().is_err());
        assert!(announcement(vec![7; 70_000]).encode().is_err());
    }

    #[test]
    fn what_no_member_writes_is_refused() {
        let form = Malformed::Form { what: WHAT };
        let good = announcement(vec![7; 3]).encode().unwrap();
        for cut in [0, 1, 17, 20, Announcement::LENGTH - 1] {
            assert_eq!(Announcement::decode(&good[..cut]), Err(form));
        }
        let with = |at: usize, octet: u8| {
            let mut octets = good.clone();
            octets[at] = octet;
            Announcement::decode(&octets)
        };
        assert_eq!(with(0, 2), Err(form), "a version of later");
        assert_eq!(with(Announcement::LENGTH - 1, 1), Err(form), "what hides in the padding");
        assert_eq!(with(19, 255), Err(form), "longer than all");
        assert!(matches!(with(1, 0x20), Err(Malformed::Value { field: "address", .. })));
        let portless = Announcement { port: 0, ..announcement(vec![]) }.encode().unwrap();
        let read = Announcement::decode(&portless);
        assert!(matches!(read, Err(Malformed::Value { field: "port", .. })));
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in proptest::collection::vec(any::<u8>(), 0..1300)) {
            if let Ok(said) = Announcement::decode(&octets) {
                prop_assert_eq!(said.encode(), Ok(octets));
            }
        }
    }
}
