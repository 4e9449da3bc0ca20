//! The election of border nodes: the same for everybody, fair, and little moved by change.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use order::{Chain, Election, Epoch, Member, MeshMap, Refused, Roster, Rules};
use words::{NodeId, Prefix, Wall};

fn map(bits: &[u8]) -> MeshMap {
    MeshMap::even(Prefix::new(0xfd42 << 112, 16), bits).unwrap()
}

fn member(mesh: Prefix, n: u128) -> Member {
    let node = NodeId(Prefix::new(mesh.bits() | n << 64, 64));
    Member { node, since: 0, declared: 100, attested: vec![100; 7] }
}

fn roster(map: &MeshMap, each: u128) -> Roster {
    Roster::of(map.meshes().iter().flat_map(|mesh| (0..each).map(|n| member(*mesh, n))))
}

/// The epoch number `number`, all told by the registry.
fn epoch(seed: u8, number: u64) -> Epoch {
    let chain = Chain::new([seed; 32], 200);
    let mut epoch = Epoch::first(Wall(0), Epoch::LENGTH, chain.part(0).unwrap());
    for index in 1..u32::try_from(number).unwrap() {
        epoch = epoch.next(chain.part(index).unwrap(), &[]).unwrap();
    }
    epoch
}

#[test]
fn each_ring_gives_each_mesh_one_guest() {
    let map = map(&[5]);
    let (roster, epoch) = (roster(&map, 40), epoch(1, 20));
    let election = Election::new(&map, &roster, &epoch, Rules::default());
    let mut guests = BTreeMap::new();
    for mesh in map.meshes() {
        let slots = election.slots(*mesh);
        assert_eq!(slots.len(), 10);
        for slot in slots {
            assert_ne!(slot.target, *mesh);
            assert_eq!(slot.holders.len(), 4);
            *guests.entry((slot.number, slot.target)).or_insert(0) += 1;
        }
    }
    assert_eq!(guests.len(), 10 * 32);
    assert!(guests.values().all(|count| *count == 1));
}

#[test]
fn at_order_three_as_many_slots_lead_to_other_groups() {
    let map = map(&[2, 3]);
    let (roster, epoch) = (roster(&map, 40), epoch(1, 20));
    let election = Election::new(&map, &roster, &epoch, Rules::default());
    let mut guests: BTreeMap<Prefix, usize> = BTreeMap::new();
    for mesh in map.meshes() {
        let group = map.parent(*mesh).unwrap();
        let (inside, outside): (Vec<_>, Vec<_>) =
            election.slots(*mesh).into_iter().partition(|slot| group.covers(slot.target));
        assert_eq!((inside.len(), outside.len()), (10, 10));
        for slot in outside {
            *guests.entry(slot.target).or_default() += 1;
        }
    }
    assert_eq!(guests.values().copied().collect::<BTreeSet<_>>(), BTreeSet::from([10]));
}

#[test]
fn in_each_epoch_a_twelfth_of_the_slots_is_drawn_anew() {
    let map = map(&[4]);
    let roster = roster(&map, 240);
    let rules = Rules::default();
    let (before, after) = (epoch(1, 40), epoch(1, 41));
    let mesh = map.meshes()[3];
    let old = Election::new(&map, &roster, &before, rules).slots(mesh);
    let new = Election::new(&map, &roster, &after, rules).slots(mesh);
    assert_eq!(old.len(), 24);
    let changed = old.iter().zip(&new).filter(|(old, new)| old.winner() != new.winner()).count();
    assert!((1..=3).contains(&changed), "{changed}");
    let redrawn = old
        .iter()
        .zip(&new)
        .filter(|(old, new)| old.number % 12 == 41 % 12 || old.target == new.target);
    assert_eq!(redrawn.count(), 24);
}

#[test]
fn who_leaves_takes_only_its_own_slots_along() {
    let map = map(&[4]);
    let full = roster(&map, 100);
    let epoch = epoch(3, 30);
    let mesh = map.meshes()[0];
    let old = Election::new(&map, &full, &epoch, Rules::default()).slots(mesh);
    let (mut changed, mut most) = (0, 0);
    for n in 0..100 {
        let gone = member(mesh, n).node;
        let less = Roster::of(full.members().iter().filter(|m| m.node != gone).cloned());
        let new = Election::new(&map, &less, &epoch, Rules::default()).slots(mesh);
        let moved = old.iter().zip(&new).filter(|(old, new)| old.winner() != new.winner()).count();
        changed += moved;
        most = most.max(moved);
    }
    assert!(changed <= 15 && most <= 3, "{changed} {most}");
}

#[test]
fn who_is_listed_after_the_beacon_of_a_slot_does_not_run_for_it_while_others_can() {
    let map = map(&[3]);
    let (old, now) = (roster(&map, 30), 40);
    let epoch = epoch(5, now);
    let mesh = map.meshes()[2];
    let slots = |roster: &Roster| Election::new(&map, roster, &epoch, Rules::default()).slots(mesh);
    let before = slots(&old);
    // As many identities as one likes, made when all beacons up to this one were known.
    let ground = (1000..3000).map(|n| Member { since: now, ..member(mesh, n) });
    let all: Vec<_> = old.members().iter().cloned().chain(ground).collect();
    let after = slots(&Roster::of(all.clone()));
    // Two hundred slots are there now, in which the thirty serve as far as they go.
    let same = before.iter().zip(&after).all(|(one, other)| one.holders == other.holders);
    assert!(same, "the slots that were there have the holders that they had");
    let listed_once = all.iter().map(|it| Member { since: 0, ..it.clone() });
    let without = slots(&Roster::of(listed_once));
    let is_ground = |node: &NodeId| old.get(*node).is_none();
    let won = |slots: &[order::Slot]| {
        slots.iter().take(10).filter(|it| it.winner().is_some_and(|it| is_ground(&it))).count()
    };
    assert_eq!((won(&after), won(&without) > 8), (0, true), "and with luck alone they would not");
}

#[test]
fn where_all_came_late_they_serve_and_the_earlier_first() {
    let map = map(&[3]);
    let mesh = map.meshes()[0];
    let listed = |since: fn(u128) -> u64| {
        let member = move |n| Member { since: since(n), ..member(mesh, n) };
        Roster::of((0..40).map(member))
    };
    let first = epoch(5, 1);
    let winners = |roster: &Roster| -> Vec<_> {
        let slots = Election::new(&map, roster, &first, Rules::default()).slots(mesh);
        slots.iter().filter_map(order::Slot::winner).collect()
    };
    assert_eq!(winners(&listed(|_| 1)), winners(&listed(|_| 0)), "a network begins as it may");
    let early = |node: &NodeId| (0..10).any(|n| member(mesh, n).node == *node);
    let winners = winners(&listed(|n| if n < 10 { 1 } else { 2 }));
    assert!(winners.len() == 10 && winners.iter().all(early), "{winners:?}");
}

#[test]
fn whoever_wins_is_believed_and_nobody_else() {
    let map = map(&[3]);
    let (roster, epoch) = (roster(&map, 50), epoch(5, 9));
    let election = Election::new(&map, &roster, &epoch, Rules::default());
    let mesh = map.meshes()[2];
    let slot = &election.slots(mesh)[4];
    assert_eq!(election.verify(slot.holders[0], slot.target), Ok(0));
    assert!(election.verify(slot.holders[3], slot.target).is_ok_and(|rank| rank <= 3));
    let elected: BTreeSet<_> =
        election.slots(mesh).into_iter().flat_map(|slot| slot.holders).collect();
    let plain = roster.inside(mesh).iter().find(|member| !elected.contains(&member.node)).unwrap();
    let refused = Err(Refused::NotElected { node: plain.node, mesh: slot.target });
    assert_eq!(election.verify(plain.node, slot.target), refused);
    let stranger = NodeId(Prefix::new(1, 64));
    assert_eq!(election.verify(stranger, mesh), Err(Refused::Outside { node: stranger }));
    assert_eq!(slot.winner(), slot.holders.first().copied());
    assert_eq!(slot.serving(|node| node == slot.holders[0]), Some(slot.holders[1]));
}

#[test]
fn the_able_serve_more_and_may_serve_twice_and_a_lie_is_worth_nothing_unattested() {
    let map = map(&[4]);
    let mut members = roster(&map, 100).members().to_vec();
    for member in &mut members {
        match member.node.0.bits() >> 64 & 0xff {
            0..10 => (member.declared, member.attested) = (u32::MAX, vec![400; 7]),
            10..20 => (member.declared, member.attested) = (u32::MAX, vec![]),
            _ => {}
        }
    }
    let roster = Roster::of(members);
    let (mut able, mut liars, mut all, mut twice) = (0, 0, 0, 0);
    for seed in 0..20 {
        let epoch = epoch(seed, 13);
        let election = Election::new(&map, &roster, &epoch, Rules::default());
        let mut held: BTreeMap<NodeId, usize> = BTreeMap::new();
        for winner in
            map.meshes().iter().flat_map(|mesh| election.slots(*mesh)).filter_map(|s| s.winner())
        {
            let n = winner.0.bits() >> 64 & 0xff;
            able += usize::from(n < 10);
            liars += usize::from((10..20).contains(&n));
            all += 1;
            *held.entry(winner).or_default() += 1;
        }
        assert!(
            held.iter()
                .all(|(node, held)| *held <= if node.0.bits() >> 64 & 0xff < 10 { 2 } else { 1 })
        );
        twice += held.values().filter(|held| **held == 2).count();
    }
    let share = |count: usize| 100 * count / all;
    // Four balls of ten, seven slots of ten; the others one.
    assert!(
        (20..30).contains(&share(able)) && (5..12).contains(&share(liars)),
        "{able} {liars} {all}"
    );
    assert!(twice > 0);
}

#[test]
fn few_members_leave_slots_empty_and_nobody_alone_has_anywhere_to_go() {
    let map = map(&[1]);
    let (roster, epoch) = (roster(&map, 3), epoch(5, 9));
    let election = Election::new(&map, &roster, &epoch, Rules::default());
    let slots = election.slots(map.meshes()[0]);
    assert_eq!(slots.iter().filter(|slot| slot.winner().is_some()).count(), 3);
    let whole = MeshMap::whole(map.network());
    assert!(
        Election::new(&whole, &roster, &epoch, Rules::default()).slots(map.network()).is_empty()
    );
    assert!(election.slots(map.network()).is_empty());
}

#[test]
fn the_outcome_is_the_same_on_every_machine() {
    let map = map(&[2, 2]);
    let (roster, epoch) = (roster(&map, 20), epoch(7, 17));
    let election = Election::new(&map, &roster, &epoch, Rules::default());
    let winners: Vec<_> = (election.slots(map.meshes()[6]).into_iter())
        .map(|slot| (slot.winner().unwrap().0.bits() >> 64 & 0xff, slot.target.bits() >> 108 & 0xf))
        .collect();
    let approved = [
        (16, 7),
        (12, 4),
        (6, 7),
        (9, 4),
        (5, 4),
        (10, 5),
        (15, 7),
        (4, 7),
        (17, 4),
        (3, 7),
        (7, 12),
        (14, 13),
        (11, 12),
        (1, 10),
        (8, 10),
        (18, 11),
        (2, 2),
        (13, 2),
        (0, 13),
        (19, 8),
    ];
    assert_eq!(winners, approved);
}

#[test]
fn epochs_of_any_length_are_held_inside_their_bounds() {
    let epoch = Epoch::first(Wall(0), Duration::ZERO, [1; 32]);
    assert_eq!(epoch.length, Duration::from_secs(1));
    let rules = Rules { tenure: 0, least: 0, seats: 9, ..Rules::default() }.clamped();
    assert_eq!((rules.tenure, rules.least, rules.seats), (1, 1, 4));
    assert_eq!(Rules { tenure: 999, ..rules }.clamped().tenure, 48);
    assert_eq!(usize::from(Rules { tenure: 999, ..rules }.clamped().tenure), Epoch::MEMORY);
}
