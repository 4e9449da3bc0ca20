//! Who is a member of which mesh, and what it is able to carry: as of one epoch.

use alloc::sync::Arc;
use alloc::vec::Vec;

use words::{NodeId, Prefix};

use crate::hash::{hash, of_member};
use crate::{Beacon, Epoch, Refused};

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

    /// Returns what was seen, in Mbit/s, with the three highest bits of it: measures vary by more,
    /// and what does not change needs no new election.
    pub const fn rounded(seen: u32) -> u32 {
        let rest = 29_u32.saturating_sub(seen.leading_zeros());
        seen >> rest << rest
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
    /// They are of its mesh because those have links to it, and can tell throughput and loss; and
    /// drawn, so that friends cannot be chosen. The beacon puts the members on a ring, and those who
    /// follow attest: so each one has as many to attest as attest it.
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
        let ring = self.ring(mesh, node, beacon)?;
        Ok(ring.into_iter().take(Member::ATTESTERS).collect())
    }

    /// Returns whom `node` attests in the epoch of this beacon: those who have it among their
    /// [`attesters`](Self::attesters).
    ///
    /// # Errors
    ///
    /// As that.
    pub fn attested_by(
        &self,
        mesh: Prefix,
        node: NodeId,
        beacon: &Beacon,
    ) -> Result<Vec<NodeId>, Refused> {
        let ring = self.ring(mesh, node, beacon)?;
        Ok(ring.into_iter().rev().take(Member::ATTESTERS).collect())
    }

    /// Tells whether `node` is one of those who may offer to share in the beacon of the next epoch but
    /// one, by the beacon of this: twice as many as may share, for some will not.
    ///
    /// Takes time linear in the members.
    pub fn may_share(&self, node: NodeId, beacon: &Beacon) -> bool {
        let key = hash(*b"offering", &[&beacon.0]);
        let ours = (of_member(&key, node), node);
        let before = self.members.iter().filter(|it| (of_member(&key, it.node), it.node) < ours);
        self.get(node).is_some() && before.take(2 * Epoch::SHARING).count() < 2 * Epoch::SHARING
    }

    /// Returns the other members of a mesh in the order of its ring, from `node` on.
    fn ring(&self, mesh: Prefix, node: NodeId, beacon: &Beacon) -> Result<Vec<NodeId>, Refused> {
        if !mesh.covers(node.0) || self.get(node).is_none() {
            return Err(Refused::Outside { node });
        }
        let key = hash(*b"attest  ", &[&beacon.0, &crate::hash::octets(mesh)]);
        let place = |member: &Member| (of_member(&key, member.node), member.node);
        let mut ring: Vec<_> = self.inside(mesh).iter().map(place).collect();
        ring.sort_unstable();
        let at = ring.iter().position(|(_, other)| *other == node).unwrap_or(0);
        ring.rotate_left(at);
        Ok(ring.into_iter().skip(1).map(|(_, other)| other).collect())
    }
}

/// Returns the median; of an even number the lower of the two in the middle.
pub fn median(mut values: Vec<u32>) -> Option<u32> {
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
    fn twice_as_many_as_share_may_offer_to_others_with_each_beacon() {
        let node = |n: u128| NodeId(Prefix::new(0xfd42 << 112 | n << 64, 64));
        let member = |n| Member { node: node(n), since: 1, declared: 1, attested: vec![] };
        let roster = Roster::of((0..300).map(member));
        let offering = |seed| {
            let may = |n: &u128| roster.may_share(node(*n), &Beacon([seed; 32]));
            (0..301).filter(may).collect::<Vec<_>>()
        };
        assert_eq!((offering(1).len(), offering(2).len()), (64, 64));
        assert_ne!(offering(1), offering(2));
        assert!(!offering(1).contains(&300), "no member");
    }

    #[test]
    fn what_was_seen_is_rounded_down_by_less_than_a_quarter() {
        assert_eq!([0, 1, 7, 8, 9, 100, 127].map(Member::rounded), [0, 1, 7, 8, 8, 96, 112]);
        assert_eq!(Member::rounded(u32::MAX), 7 << 29);
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
        for other in &one {
            let theirs = roster.attested_by(mesh, *other, &Beacon([1; 32])).unwrap();
            assert!(theirs.contains(&node(3)) && theirs.len() == Member::ATTESTERS);
        }
        let few = Roster::of((0..4).map(member));
        assert_eq!(few.attesters(mesh, node(3), &Beacon([1; 32])).unwrap().len(), 3);
        let outside = Err(Refused::Outside { node: node(9) });
        assert_eq!(few.attesters(mesh, node(9), &Beacon([1; 32])), outside);
    }
}
