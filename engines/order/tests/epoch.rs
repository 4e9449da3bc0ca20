//! Epochs: what follows what, what is refused, and the octets.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use order::{Beacon, Chain, Change, Commitment, Epoch, Member, Plan, Refused, Reveal, Roster};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use words::{NodeId, Prefix, Wall};

const MINUTE: Duration = Duration::from_mins(1);

fn node(n: u128) -> NodeId {
    NodeId(Prefix::new(0xfd42 << 112 | n << 64, 64))
}

fn first() -> (Chain, Epoch) {
    let chain = Chain::new([9; 32], 10);
    let epoch = Epoch::first(Wall(1000), MINUTE, chain.part(0).unwrap());
    (chain, epoch)
}

#[test]
fn the_registry_cannot_choose_and_its_chain_ends() {
    let (chain, epoch) = first();
    let next = epoch.next(chain.part(1).unwrap(), &[]).unwrap();
    assert_eq!(next.follows(&epoch), Ok(()));
    assert_ne!(next.beacon(), epoch.beacon());
    assert_eq!(epoch.next([7; 32], &[]), Err(Refused::Part));
    assert_eq!(next.next(chain.part(1).unwrap(), &[]), Err(Refused::Part));
    assert!(chain.part(10).is_some() && chain.part(11).is_none());
    let other = Chain::new([8; 32], 10);
    let anchored = next.anchored(other.part(0).unwrap(), &[]);
    assert_eq!(anchored.follows(&next), Ok(()));
    assert!(next.joins(&epoch) && next.joins(&next) && !anchored.joins(&next));
    assert!(anchored.next(other.part(1).unwrap(), &[]).is_ok());
}

#[test]
fn members_share_in_the_beacon_by_what_they_promised() {
    let (chain, mut epoch) = first();
    let reveal = |n| Reveal { node: node(n), secret: [u8::try_from(n).unwrap(); 32] };
    epoch.promise(reveal(1).commitment(2)).unwrap();
    epoch.promise(reveal(2).commitment(2)).unwrap();
    assert_eq!(epoch.promised(&reveal(3)), Err(Refused::Unpromised { node: node(3) }));
    // For another epoch, another secret, or somebody else's: not promised.
    let stolen = Reveal { node: node(3), secret: [1; 32] };
    assert!(epoch.promised(&stolen).is_err());
    let part = chain.part(1).unwrap();
    let with = epoch.next(part, &[reveal(2), reveal(1), reveal(3)]).unwrap();
    assert_eq!(with.reveals, [reveal(1), reveal(2)]);
    assert_ne!(with.beacon(), epoch.next(part, &[]).unwrap().beacon());
    assert_eq!(with.follows(&epoch), Ok(()));
    // A second promise of the same member changes nothing, and there is a limit.
    epoch.promise(Commitment { node: node(1), hash: [0; 32] }).unwrap();
    assert_eq!(epoch.promised(&reveal(1)), Ok(()));
    (3..33).for_each(|n| epoch.promise(reveal(n).commitment(2)).unwrap());
    assert_eq!(epoch.promise(reveal(40).commitment(2)), Err(Refused::Crowded { most: 32 }));
}

#[test]
fn an_epoch_that_goes_back_or_rewrites_history_is_refused() {
    let (chain, one) = first();
    let two = one.next(chain.part(1).unwrap(), &[]).unwrap();
    let three = two.next(chain.part(2).unwrap(), &[]).unwrap();
    assert_eq!(one.follows(&three), Err(Refused::EpochBack { got: 1, have: 3 }));
    assert_eq!(three.follows(&three), Ok(()));
    let mut forged = three.clone();
    Arc::make_mut(&mut forged.beacons)[0] = Beacon([1; 32]);
    assert_eq!(forged.follows(&two), Err(Refused::Beacon { epoch: 3 }));
    assert_eq!(forged.follows(&three), Err(Refused::Beacon { epoch: 3 }));
    let mut forged = three.clone();
    Arc::make_mut(&mut forged.beacons)[1] = Beacon([1; 32]);
    assert_eq!(forged.follows(&two), Err(Refused::Beacon { epoch: 3 }));
}

#[test]
fn a_registry_that_skips_its_chain_or_an_epoch_cannot_choose_the_beacon() {
    let (chain, one) = first();
    let two = one.next(chain.part(1).unwrap(), &[]).unwrap();
    let three = two.next(chain.part(2).unwrap(), &[]).unwrap();
    // Another part than the next one, and a beacon to its liking.
    let mut chosen = two.clone();
    chosen.part = [5; 32];
    Arc::make_mut(&mut chosen.beacons)[0] = Beacon([1; 32]);
    assert_eq!(chosen.follows(&one), Err(Refused::Beacon { epoch: 2 }));
    assert!(!chosen.joins(&one));
    // The same, two epochs later.
    let mut chosen = three.clone();
    Arc::make_mut(&mut chosen.beacons)[0] = Beacon([1; 32]);
    assert_eq!(chosen.follows(&one), Err(Refused::Beacon { epoch: 3 }));
    assert_eq!(three.follows(&one), Ok(()));
    assert!(three.joins(&one));
    // One that remembers nothing proves nothing.
    let mut short = three;
    short.beacons = short.beacons[..1].into();
    assert_eq!(short.follows(&one), Err(Refused::Beacon { epoch: 3 }));
}

#[test]
fn while_the_registry_is_silent_all_go_on_alike() {
    let (chain, epoch) = first();
    let later = epoch.at(Wall(1000 + 3 * 60 + 59));
    assert_eq!((later.number, later.began), (4, Wall(1180)));
    assert_eq!(later.beacon(), epoch.beacon().silent().silent().silent());
    assert_eq!(epoch.at(Wall(1120)).at(Wall(1239)), later);
    assert_eq!(epoch.at(Wall(0)), epoch);
    // Who signs an epoch is not silent: it could choose between two beacons.
    assert_eq!(later.follows(&epoch), Err(Refused::Beacon { epoch: 4 }));
    // The registry comes back and takes up its chain where it was.
    let back = later.next(chain.part(1).unwrap(), &[]).unwrap();
    assert_eq!((back.number, back.follows(&later)), (5, Ok(())));
    assert!(back.follows(&epoch).is_ok() && back.joins(&epoch) && later.joins(&epoch));
    // However long the silence, each epoch remembers those before it.
    let silent = |passed: u64| epoch.at(Wall(1000 + 60 * passed));
    for passed in (0..120).chain([500, 4000, 8998, 9000, 9047, 13_000, 13_498, 20_000]) {
        let (now, next) = (silent(passed), silent(passed + 1));
        let same = now.beacons.len().min(47);
        assert_eq!(next.beacons[1..=same], now.beacons[..same], "{passed}");
    }
    // Who slept for years is not busy for long, and all who wake agree.
    let year = Wall(1000 + 60 * 1_000_000);
    assert_eq!((epoch.at(year).number, epoch.at(year).beacons.len()), (1_000_001, 48));
}

#[test]
fn a_tenure_remembers_its_beacons() {
    let (chain, mut epoch) = first();
    let mut told = vec![epoch.beacon()];
    for index in 1..=9 {
        epoch = epoch.next(chain.part(index).unwrap(), &[]).unwrap();
        told.push(epoch.beacon());
    }
    assert_eq!((epoch.beacon_of(10), epoch.beacon_of(3)), (told[9], told[2]));
    assert_eq!((epoch.beacon_of(0), epoch.beacon_of(99)), (told[0], told[9]));
}

fn epochs() -> impl Strategy<Value = Epoch> {
    let shared = || btree_map(any::<u32>(), any::<[u8; 32]>(), 0..=Epoch::SHARING);
    let told = vec(any::<[u8; 32]>(), 1..=Epoch::MEMORY);
    let length = (1..=86_400_u64).prop_map(Duration::from_secs);
    (any::<(u64, u64, [u8; 32])>(), length, shared(), shared(), told).prop_map(
        |((number, began, part), length, reveals, commitments, beacons)| Epoch {
            number,
            began: Wall(began),
            length,
            part,
            reveals: (reveals.into_iter())
                .map(|(n, secret)| Reveal { node: node(n.into()), secret })
                .collect(),
            commitments: (commitments.into_iter())
                .map(|(n, hash)| Commitment { node: node(n.into()), hash })
                .collect(),
            beacons: beacons.into_iter().map(Beacon).collect(),
        },
    )
}

fn rosters() -> impl Strategy<Value = (Prefix, Roster)> {
    let said = (any::<u64>(), any::<u32>(), vec(any::<u32>(), 0..=7));
    let entry = (any::<u128>(), 0..=128_u8, said);
    (any::<u128>(), 0..=64_u8, vec(entry, 0..30)).prop_map(|(bits, length, entries)| {
        let network = Prefix::new(bits, length);
        let inside = |bits: u128| network.bits() | bits.checked_shr(length.into()).unwrap_or(0);
        let members =
            entries.into_iter().map(|(bits, longer, (since, declared, attested))| Member {
                node: NodeId(Prefix::new(inside(bits), longer.max(length))),
                since,
                declared,
                attested,
            });
        (network, Roster::of(members))
    })
}

proptest! {
    #[test]
    fn an_epoch_comes_back_from_its_octets(epoch in epochs()) {
        let octets = epoch.encode();
        prop_assert!(octets.len() <= Epoch::LIMIT);
        prop_assert_eq!(Epoch::decode(&octets), Ok(epoch));
    }

    #[test]
    fn a_roster_comes_back_from_its_octets((network, roster) in rosters()) {
        prop_assert_eq!(Roster::decode(network, &roster.encode(network)), Ok(roster));
    }

    #[test]
    fn a_roster_has_one_form((network, roster) in rosters(), at: prop::sample::Index, flip: u8) {
        let mut octets = roster.encode(network);
        let at = at.index(octets.len());
        octets[at] ^= flip;
        if let Ok(other) = Roster::decode(network, &octets) {
            prop_assert_eq!(other.encode(network), octets);
        }
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in vec(any::<u8>(), 0..400), bits: u128, length in 0..=128_u8) {
        if let Ok(epoch) = Epoch::decode(&octets) {
            prop_assert_eq!(&epoch.encode(), &octets);
        }
        let network = Prefix::new(bits, length);
        if let Ok(roster) = Roster::decode(network, &octets) {
            prop_assert_eq!(&roster.encode(network), &octets);
        }
        if let Ok(plan) = Plan::decode(&octets) {
            prop_assert_eq!(&plan.encode(), &octets);
        }
    }

    #[test]
    fn a_plan_comes_back_from_its_octets(epoch: u64, bits: u128, length in 0..=128_u8) {
        let range = Prefix::new(bits, length);
        for change in [Change::Split(range), Change::Merge(range), Change::Raise(length)] {
            let plan = Plan { change, epoch };
            prop_assert_eq!(Plan::decode(&plan.encode()), Ok(plan));
        }
    }
}
