//! Epochs and rosters as octets, in the network document.
//!
//! ```text
//! epoch   number (8), began (8, s), length (4, s), part (32),
//!         count (1), { node (17), secret (32) },      what was revealed
//!         count (1), { node (17), hash (32) },        what is promised
//!         count (1), { beacon (32) }
//! roster  count (4), { node: length (1), then as many octets as it has bits past the network's,
//!                      since (8, an epoch), declared (4, Mbit/s), count (1), { attested (4, Mbit/s) } }
//! ```
//!
//! All numbers have the highest octet first; lists are in ascending order, each entry once, so that
//! a value has one form.

use alloc::vec::Vec;
use core::time::Duration;

use words::{NodeId, Prefix, Wall};

use crate::hash::octets;
use crate::{Beacon, Commitment, Epoch, Member, Refused, Reveal, Roster};

impl Epoch {
    /// Most octets of an epoch.
    pub const LIMIT: usize = 55 + 2 * Self::SHARING * 49 + Self::MEMORY * 32;

    /// Returns the octets of the epoch.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(self.number.to_be_bytes());
        out.extend(self.began.0.to_be_bytes());
        out.extend(u32::try_from(self.length.as_secs()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend(self.part);
        let entry = |out: &mut Vec<u8>, node: NodeId, octets: &[u8; 32]| {
            out.extend(crate::hash::octets(node.0));
            out.extend(octets);
        };
        out.push(count(self.reveals.len()));
        self.reveals.iter().for_each(|reveal| entry(&mut out, reveal.node, &reveal.secret));
        out.push(count(self.commitments.len()));
        self.commitments.iter().for_each(|made| entry(&mut out, made.node, &made.hash));
        out.push(count(self.beacons.len()));
        self.beacons.iter().for_each(|beacon| out.extend(beacon.0));
        out
    }

    /// Reads an epoch.
    ///
    /// # Errors
    ///
    /// [`Refused::Octets`], for other octets than [`encode`](Self::encode) writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Refused> {
        let mut from = From { rest: bytes, what: "epoch" };
        let (number, began, length) = (from.long()?, from.long()?, from.word()?);
        let part = from.take()?;
        let reveals = from
            .list(Self::SHARING, |from| Ok(Reveal { node: from.node()?, secret: from.take()? }))?;
        let commitments = from.list(Self::SHARING, |from| {
            Ok(Commitment { node: from.node()?, hash: from.take()? })
        })?;
        let beacons = from.list(Self::MEMORY, |from| Ok(Beacon(from.take()?)))?;
        let ascending = reveals.is_sorted_by(|a, b| a.node < b.node)
            && commitments.is_sorted_by(|a, b| a.node < b.node);
        if !ascending || beacons.is_empty() || !(1..=86_400).contains(&length) {
            return Err(from.wrong());
        }
        from.end()?;
        let length = Duration::from_secs(length.into());
        let began = Wall(began);
        Ok(Self { number, began, length, part, reveals, commitments, beacons: beacons.into() })
    }
}

impl Roster {
    /// Returns the octets of the roster of a network; members outside of it are left out.
    pub fn encode(&self, network: Prefix) -> Vec<u8> {
        let members = self.inside(network);
        let mut out = Vec::new();
        out.extend(u32::try_from(members.len()).unwrap_or(u32::MAX).to_be_bytes());
        for member in members {
            let prefix = member.node.0;
            out.push(prefix.length());
            let inside = prefix.bits() << network.length().min(127);
            let bits = prefix.length().saturating_sub(network.length());
            out.extend(inside.to_be_bytes().into_iter().take(usize::from(bits.div_ceil(8))));
            out.extend(member.since.to_be_bytes());
            out.extend(member.declared.to_be_bytes());
            out.push(count(member.attested.len()));
            member.attested.iter().for_each(|seen| out.extend(seen.to_be_bytes()));
        }
        out
    }

    /// Reads the roster of a network.
    ///
    /// # Errors
    ///
    /// [`Refused::Octets`], for other octets than [`encode`](Self::encode) writes.
    pub fn decode(network: Prefix, bytes: &[u8]) -> Result<Self, Refused> {
        let mut from = From { rest: bytes, what: "roster" };
        let count = from.word()?;
        let mut members: Vec<Member> = Vec::new();
        for _ in 0..count {
            let member = from.member(network)?;
            if members.last().is_some_and(|last| last.node >= member.node) {
                return Err(from.wrong());
            }
            members.push(member);
        }
        from.end()?;
        Ok(Self::of(members))
    }
}

/// Returns a length that has its bound, as one octet.
fn count(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

/// Octets that are read.
struct From<'b> {
    rest: &'b [u8],
    what: &'static str,
}

impl From<'_> {
    const fn wrong(&self) -> Refused {
        Refused::Octets { what: self.what }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(self.wrong())?;
        self.rest = rest;
        Ok(*taken)
    }

    fn long(&mut self) -> Result<u64, Refused> {
        Ok(u64::from_be_bytes(self.take()?))
    }

    fn word(&mut self) -> Result<u32, Refused> {
        Ok(u32::from_be_bytes(self.take()?))
    }

    fn list<T>(
        &mut self,
        most: usize,
        mut entry: impl FnMut(&mut Self) -> Result<T, Refused>,
    ) -> Result<Vec<T>, Refused> {
        let [count] = self.take()?;
        if usize::from(count) > most {
            return Err(self.wrong());
        }
        (0..count).map(|_| entry(self)).collect()
    }

    fn node(&mut self) -> Result<NodeId, Refused> {
        let form: [u8; 17] = self.take()?;
        let [.., length] = form;
        let (address, _) = form.split_at(16);
        let bits = u128::from_be_bytes(address.try_into().map_err(|_| self.wrong())?);
        let prefix = Prefix::new(bits, length);
        if octets(prefix) == form { Ok(NodeId(prefix)) } else { Err(self.wrong()) }
    }

    fn member(&mut self, network: Prefix) -> Result<Member, Refused> {
        let [length] = self.take()?;
        let bits = length.checked_sub(network.length()).ok_or(self.wrong())?;
        let mut inside = [0; 16];
        let octets = usize::from(bits.div_ceil(8));
        for octet in inside.iter_mut().take(octets) {
            [*octet] = self.take()?;
        }
        let inside = u128::from_be_bytes(inside);
        let shift = network.length().min(127);
        let prefix = Prefix::new(network.bits() | inside >> shift, length);
        let same = (prefix.bits() << shift == inside) && network.covers(prefix) && length <= 128;
        if !same {
            return Err(self.wrong());
        }
        let (since, declared) = (self.long()?, self.word()?);
        let attested = self.list(Member::ATTESTERS, Self::word)?;
        Ok(Member { node: NodeId(prefix), since, declared, attested })
    }

    const fn end(&self) -> Result<(), Refused> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.wrong()) }
    }
}
