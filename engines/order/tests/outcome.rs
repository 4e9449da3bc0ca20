//! What is kept of one election never changes what the next one says.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use order::{Change, Election, Epoch, Member, MeshMap, Outcome, Roster, Rules};
use proptest::prelude::*;
use words::{NodeId, Prefix, Share, Wall};

/// What may happen between two elections.
#[derive(Clone, Debug)]
enum Happens {
    /// The next epoch, silent.
    Epoch,
    /// As many epochs pass that beacons are forgotten.
    Sleep(u64),
    /// A member of this mesh and number comes.
    Comes(u8, u8),
    /// So many members go, from here on.
    Go(u8, u8),
    /// A member is able to carry so much, or its attestations are lost.
    Able(u8, Option<u32>),
    /// Other rules.
    Rules(u16, u16, u16),
    /// A mesh is split.
    Split(u8),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => Just(Happens::Epoch),
        1 => (2..60_u64).prop_map(Happens::Sleep),
        3 => any::<(u8, u8)>().prop_map(|(mesh, n)| Happens::Comes(mesh, n)),
        2 => (any::<u8>(), 1..4_u8).prop_map(|(at, count)| Happens::Go(at, count)),
        3 => (any::<u8>(), proptest::option::of(0..2000_u32)).prop_map(|(at, able)| Happens::Able(at, able)),
        1 => (1..8_u16, 1..13_u16, 1..5_u16).prop_map(|(least, tenure, seats)| Happens::Rules(least, tenure, seats)),
        1 => any::<u8>().prop_map(Happens::Split),
    ]
}

/// What an election follows from.
#[derive(Clone)]
struct Network {
    map: MeshMap,
    members: Vec<Member>,
    epoch: Epoch,
    rules: Rules,
}

impl Network {
    fn of(bits: &[u8], each: u8) -> Self {
        let map = MeshMap::even(Prefix::new(0xfd42 << 112, 16), bits).unwrap();
        let count = u8::try_from(map.meshes().len()).unwrap();
        let pairs = (0..count).flat_map(|mesh| (0..each).map(move |n| (mesh, n.reverse_bits())));
        let members = pairs.map(|(mesh, n)| member(&map, (mesh, n), 0)).collect();
        let epoch = Epoch::first(Wall(0), Epoch::LENGTH, [9; 32]);
        let rules = Rules { share: Share::percent(20), least: 5, tenure: 4, seats: 2 };
        Self { map, members, epoch, rules }
    }

    fn happen(&mut self, what: &Happens) {
        match *what {
            Happens::Epoch => self.epoch = self.epoch.at(self.epoch.began.plus(self.epoch.length)),
            Happens::Sleep(epochs) => {
                let passed = self.epoch.length * u32::try_from(epochs).unwrap();
                self.epoch = self.epoch.at(self.epoch.began.plus(passed));
            }
            Happens::Comes(mesh, n) => {
                let new = member(&self.map, (mesh, n), self.epoch.number);
                self.members.push(new);
            }
            Happens::Go(at, count) => {
                let from = usize::from(at) % self.members.len().max(1);
                let till = (from + usize::from(count)).min(self.members.len());
                drop(self.members.drain(from..till));
            }
            Happens::Able(at, able) => {
                let at = usize::from(at) % self.members.len().max(1);
                if let Some(member) = self.members.get_mut(at) {
                    member.attested = able.into_iter().collect();
                }
            }
            Happens::Rules(least, tenure, seats) => {
                self.rules = Rules { least, tenure, seats, ..self.rules };
            }
            Happens::Split(at) => {
                let meshes = self.map.meshes();
                let mesh = meshes[usize::from(at) % meshes.len()];
                if let Ok(map) = self.map.changed(Change::Split(mesh)) {
                    self.map = map;
                }
            }
        }
    }
}

fn member(map: &MeshMap, (mesh, n): (u8, u8), since: u64) -> Member {
    let mesh = map.meshes()[usize::from(mesh) % map.meshes().len()];
    let inside = (u128::from(n) << 120) >> mesh.length();
    let node = NodeId(Prefix::new(mesh.bits() | inside, 64));
    Member { node, since, declared: 1000, attested: vec![100] }
}

fn check(election: Election<'_>, outcome: &Outcome, map: &MeshMap) {
    for mesh in map.meshes() {
        assert_eq!(outcome.slots(*mesh), election.slots(*mesh), "{mesh}");
    }
    assert_eq!(outcome.tellers(), election.tellers());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_outcome_that_follows_from_another_is_that_of_a_whole_election(
        order in 0..3_usize,
        each in 0..14_u8,
        story in proptest::collection::vec(happens(), 1..12),
    ) {
        let bits: &[u8] = [&[2][..], &[1, 1], &[0]][order];
        let mut network = Network::of(bits, each);
        let mut last: Option<Outcome> = None;
        for what in &story {
            network.happen(what);
            let roster = Roster::of(network.members.clone());
            let Network { map, epoch, rules, .. } = &network;
            let election = Election::new(map, &roster, epoch, *rules);
            let outcome = Outcome::of(election, last.as_ref());
            check(election, &outcome, map);
            // The epoch before follows from the one after as well.
            if let Some(before) = epoch.before() {
                let election = Election::new(map, &roster, &before, *rules);
                check(election, &Outcome::of(election, Some(&outcome)), map);
            }
            last = Some(outcome);
        }
    }
}

#[test]
fn claims_are_checked_as_by_the_election() {
    let network = Network::of(&[2], 12);
    let roster = Roster::of(network.members.clone());
    let election = Election::new(&network.map, &roster, &network.epoch, network.rules);
    let outcome = Outcome::of(election, None);
    for member in roster.members() {
        for mesh in network.map.meshes() {
            assert_eq!(outcome.verify(member.node, *mesh), election.verify(member.node, *mesh));
        }
    }
    let stranger = NodeId(Prefix::new(1, 64));
    assert_eq!(
        outcome.verify(stranger, network.map.network()),
        election.verify(stranger, network.map.network())
    );
}
