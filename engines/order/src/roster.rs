//! Who is a member of which mesh, and what it is able to carry: as of one epoch.

use alloc::sync::Arc;
use alloc::vec::Vec;

use words::{NodeId, Prefix};

use crate::hash::{hash, of_member};
use crate::{Beacon, Refused};

/// A member of the network, as the registry lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The node. Its prefix stands for its key: the certificate binds one to the other, and the
    /// registry draws it, so that nobody chooses its luck.
    pub node: NodeId,
    /// The epoch in which it was listed first. Whoever enrols again and again until a prefix wins
    /// can know the beacons up to that one, and none that came after.
    pub since: u64,
    /// What it says that it can carry, in Mbit/s.
    pub declared: u32,
    /// What its attesters saw it carry, in Mbit/s, at most [`Member::ATTESTERS`], in any order.
    pub attested: Vec<u32>,
}

impl Member {
    /// Members who attest the capacity of one, drawn anew each epoch.
    pub const ATTESTERS: usize = 7;

    /// Returns what the member is believed to carry, in Mbit/s: what it declares, or the median of
    /// the attestations where that is less. `None` where nobody attested anything.
    ///
    /// Of an even number of attestations the lower of the two in the middle counts.
    pub fn able(&self) -> Option<u32> {
        median(self.attested.clone()).map(|seen| seen.min(self.declared))
    }
}

/// All members of the network, in the order of their prefixes, so that each range holds a run of
/// them.
///
/// Copies share one list: it is the largest part of the network document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    members: Arc<[Member]>,
}

impl Roster {
    /// Returns the roster of these members, in any order. Of two entries of one node, or with more
    /// than [`Member::ATTESTERS`] attestations, the rest does not count.
    pub fn of(members: impl IntoIterator<Item = Member>) -> Self {
        let mut members: Vec<_> = members.into_iter().collect();
        members.sort_by_key(|member| member.node);
        members.dedup_by_key(|member| member.node);
        for member in &mut members {
            member.attested.truncate(Member::ATTESTERS);
        }
        Self { members: members.into() }
    }

    /// Returns all members, in the order of their prefixes.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns the members inside `range`, in the order of their prefixes.
    pub fn inside(&self, range: Prefix) -> &[Member] {
        let first = self.members.partition_point(|member| member.node.0.bits() < range.bits());
        let rest = self.members.get(first..).unwrap_or_default();
        let count = rest.partition_point(|member| range.covers(member.node.0));
        rest.get(..count).unwrap_or_default()
    }

    /// Returns the entry of a node.
    pub fn get(&self, node: NodeId) -> Option<&Member> {
        let at = self.members.binary_search_by_key(&node, |member| member.node).ok()?;
        self.members.get(at)
    }

    /// Returns who attests what `node` carries in the epoch of this beacon: up to
    /// [`Member::ATTESTERS`] other members of its mesh, drawn by the beacon.
    ///
    /// They are of its mesh because those have links to it, and can tell throughput and loss from
    /// payload; and drawn, so that friends cannot be chosen.
    ///
    /// # Errors
    ///
    /// [`Refused::Outside`] for a node that is no member of `mesh`.
    pub fn attesters(
        &self,
        mesh: Prefix,
        node: NodeId,
        beacon: &Beacon,
    ) -> Result<Vec<NodeId>, Refused> {
        if !mesh.covers(node.0) || self.get(node).is_none() {
            return Err(Refused::Outside { node });
        }
        let key = hash(*b"attest  ", &[&beacon.0, &crate::hash::octets(node.0)]);
        let others =
            self.inside(mesh).iter().map(|member| member.node).filter(|other| *other != node);
        let mut race: Vec<_> = others.map(|other| (of_member(&key, other), other)).collect();
        race.sort_unstable();
        race.truncate(Member::ATTESTERS);
        Ok(race.into_iter().map(|(_, other)| other).collect())
    }
}

/// Returns the median; of an even number the lower of the two in the middle.
pub(crate) fn median(mut values: Vec<u32>) -> Option<u32> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn who_is_attested_less_is_believed_less_and_never_more() {
        let node = NodeId(Prefix::ALL);
        let member = |declared, attested| Member { node, since: 1, declared, attested };
        assert_eq!(member(1000, vec![90, 5, 100, 80, 70, 9000, 95]).able(), Some(90));
        assert_eq!(member(50, vec![90, 100]).able(), Some(50));
        assert_eq!(member(1000, vec![10, 20]).able(), Some(10));
        assert_eq!(member(1000, vec![]).able(), None);
    }

    #[test]
    fn attesters_are_seven_others_and_change_with_the_beacon() {
        let mesh = Prefix::new(0xfd42 << 112, 32);
        let node = |n: u128| NodeId(Prefix::new(mesh.bits() | n << 64, 64));
        let member = |n| Member { node: node(n), since: 1, declared: 1, attested: vec![] };
        let roster = Roster::of((0..100).map(member));
        let one = roster.attesters(mesh, node(3), &Beacon([1; 32])).unwrap();
        assert_eq!(one.len(), Member::ATTESTERS);
        assert!(!one.contains(&node(3)));
        assert_ne!(roster.attesters(mesh, node(3), &Beacon([2; 32])).unwrap(), one);
        assert_ne!(roster.attesters(mesh, node(4), &Beacon([1; 32])).unwrap(), one);
        let few = Roster::of((0..4).map(member));
        assert_eq!(few.attesters(mesh, node(3), &Beacon([1; 32])).unwrap().len(), 3);
        let outside = Err(Refused::Outside { node: node(9) });
        assert_eq!(few.attesters(mesh, node(9), &Beacon([1; 32])), outside);
    }
}
