//! Members who declare more than they carry, in the election.

use std::ops::AddAssign;

use order::{Beacon, Election, Member, MeshMap, Roster, Rules, Slot};
use serde::Serialize;
use words::{Dice, NodeId, Prefix, Share};

use super::web::{NETWORK, epoch};
use crate::number::{real, rounded, share};

/// How declarations are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// As the product does: seven drawn members attest, a quarter to four balls, three slots of ten
    /// uniform.
    Attested,
    /// All declarations are believed, within the same bounds.
    Unattested,
    /// All declarations are believed, without bounds, in all slots: a refused idea.
    Uncapped,
}

/// What share of the slots liars won.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Liars {
    /// Share of the members that lie.
    pub share: f64,
    /// Share of the slots that they won, where members attest.
    pub attested_share: f64,
    /// The same where all are believed.
    pub unattested_share: f64,
    /// The same where all are believed, without bounds.
    pub uncapped_share: f64,
}

/// Members of each mesh.
const MEMBERS: usize = 100;
/// What liars declare, in Mbit/s: a million times a million bits each second.
pub(super) const LIE: u32 = 1_000_000;
/// Elections that are held.
const ELECTIONS: u8 = 20;

/// Lets a share of the members lie, in 32 meshes of a hundred, and attest each other's lies and
/// nothing to others.
pub fn lie(lying: Share, seed: u64) -> Liars {
    let Ok(map) = MeshMap::even(NETWORK, &[5]) else { return Liars::default() };
    let name =
        |mesh: Prefix, place: usize| Prefix::new(mesh.bits() | (place as u128 + 1) << 64, 64);
    let mut won = Won::default();
    for luck in lucks(seed) {
        let meshes = map
            .meshes()
            .iter()
            .map(|mesh| (*mesh, (0..MEMBERS).map(|place| NodeId(name(*mesh, place))).collect()));
        let crowd = Crowd::new(meshes, lying, luck);
        let Ok(held) = crowd.elect(&map, Rules::default(), luck) else { return Liars::default() };
        won += held;
    }
    Liars {
        share: rounded(share(lying.at_most(1000), 1000)),
        attested_share: won.share(won.attested),
        unattested_share: won.share(won.unattested),
        uncapped_share: won.share(won.uncapped),
    }
}

/// Returns the luck of each election.
pub(super) fn lucks(seed: u64) -> impl Iterator<Item = [u8; 32]> {
    (0..ELECTIONS).map(move |turn| {
        let mut luck = [turn; 32];
        for (octet, own) in luck.iter_mut().zip(seed.to_le_bytes()) {
            *octet ^= own;
        }
        luck
    })
}

/// The slots that liars won in elections, by how declarations are counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Won {
    /// All slots, whoever won them.
    slots: usize,
    /// See [`Lie`].
    pub(super) attested: usize,
    pub(super) unattested: usize,
    pub(super) uncapped: usize,
    /// If they did not lie.
    pub(super) truthful: usize,
}

impl Won {
    /// Returns so many of the slots as a share.
    pub(super) fn share(&self, won: usize) -> f64 {
        rounded(share(won, self.slots))
    }
}

impl AddAssign for Won {
    fn add_assign(&mut self, more: Self) {
        self.slots += more.slots;
        self.attested += more.attested;
        self.unattested += more.unattested;
        self.uncapped += more.uncapped;
        self.truthful += more.truthful;
    }
}

/// A member of a crowd.
#[derive(Clone, Copy, Debug)]
struct Head {
    node: NodeId,
    mesh: Prefix,
    /// What it carries in truth, in Mbit/s.
    carries: u32,
    lies: bool,
}

impl Head {
    /// Returns its entry, with what it declares and what others saw.
    fn member(&self, declared: u32, attested: Vec<u32>) -> Member {
        Member { node: self.node, since: 0, declared, attested }
    }

    const fn declares(&self) -> u32 {
        if self.lies { LIE } else { self.carries }
    }
}

/// The members of all meshes, and who lies.
#[derive(Debug)]
pub(super) struct Crowd {
    /// In the order of their names.
    members: Vec<Head>,
}

impl Crowd {
    /// Draws who lies in each mesh, and what each of its nodes carries.
    pub(super) fn new(
        meshes: impl Iterator<Item = (Prefix, Vec<NodeId>)>,
        lying: Share,
        luck: [u8; 32],
    ) -> Self {
        let mut dice = Dice::of(luck, "liars");
        let mut members = Vec::new();
        for (mesh, nodes) in meshes {
            let liars = dice.draw(&mut (0..nodes.len()).collect(), lying.at_most(nodes.len()));
            for (place, node) in nodes.into_iter().enumerate() {
                let (carries, lies) = (capacity(&mut dice), liars.contains(&place));
                members.push(Head { node, mesh, carries, lies });
            }
        }
        members.sort_by_key(|head| head.node);
        Self { members }
    }

    /// Returns who lies, in the order of their names.
    pub(super) fn liars(&self) -> impl Iterator<Item = NodeId> {
        self.members.iter().filter(|head| head.lies).map(|head| head.node)
    }

    /// Returns the share of what all carry together that liars carry.
    pub(super) fn carried_share(&self) -> f64 {
        let sum =
            |heads: &mut dyn Iterator<Item = &Head>| heads.map(|it| it.carries as usize).sum();
        let liars = sum(&mut self.members.iter().filter(|head| head.lies));
        rounded(share(liars, sum(&mut self.members.iter())))
    }

    fn lies(&self, node: NodeId) -> bool {
        let at = self.members.binary_search_by_key(&node, |head| head.node);
        at.ok().and_then(|at| self.members.get(at)).is_some_and(|head| head.lies)
    }

    /// Returns the roster where seven whom the beacon draws attest each.
    pub(super) fn attested(&self, beacon: &Beacon) -> Roster {
        let plain = self.believed();
        Roster::of(self.members.iter().map(|head| {
            let attesters = plain.attesters(head.mesh, head.node, beacon).unwrap_or_default();
            let says = |attester: NodeId| match (self.lies(attester), head.lies) {
                (true, true) => LIE,
                (true, false) => 1,
                (false, _) => head.carries,
            };
            head.member(head.declares(), attesters.into_iter().map(says).collect())
        }))
    }

    /// Returns the roster where each is believed what it declares.
    fn believed(&self) -> Roster {
        let member = |head: &Head| head.member(head.declares(), vec![head.declares()]);
        Roster::of(self.members.iter().map(member))
    }

    /// Returns the roster where nobody lies.
    fn truthful(&self) -> Roster {
        let member = |head: &Head| head.member(head.carries, vec![head.carries]);
        Roster::of(self.members.iter().map(member))
    }

    /// Holds an election with this luck.
    ///
    /// # Errors
    ///
    /// If there is no epoch of this luck.
    pub(super) fn elect(&self, map: &MeshMap, rules: Rules, luck: [u8; 32]) -> anyhow::Result<Won> {
        let epoch = epoch(luck)?;
        let slots_by = |roster: &Roster| {
            let election = Election::new(map, roster, &epoch, rules);
            map.meshes().iter().flat_map(|mesh| election.slots(*mesh)).collect::<Vec<_>>()
        };
        let attested = slots_by(&self.attested(&epoch.beacon()));
        let of = |mesh: Prefix| attested.iter().filter(|slot| slot.mesh == mesh).count();
        Ok(Won {
            slots: attested.len(),
            attested: self.won(&attested),
            unattested: self.won(&slots_by(&self.believed())),
            truthful: self.won(&slots_by(&self.truthful())),
            uncapped: self.uncapped(luck, of),
        })
    }

    /// Returns how many of some slots liars won.
    pub(super) fn won(&self, slots: &[Slot]) -> usize {
        slots.iter().filter_map(Slot::winner).filter(|node| self.lies(*node)).count()
    }

    /// Returns how many slots liars win where balls are as many as megabits declared.
    fn uncapped(&self, luck: [u8; 32], slots: impl Fn(Prefix) -> usize) -> usize {
        let mut dice = Dice::of(luck, "uncapped");
        let mut won = 0;
        for members in self.members.chunk_by(|one, other| one.mesh == other.mesh) {
            let mut race: Vec<(f64, bool)> = (members.iter())
                .map(|head| {
                    let balls = f64::from(head.declares());
                    (-(real(dice.below(1 << 50)) / 2_f64.powi(50)).ln() / balls, head.lies)
                })
                .collect();
            race.sort_by(|a, b| a.0.total_cmp(&b.0));
            let slots = members.first().map_or(0, |head| slots(head.mesh));
            won += race.into_iter().take(slots).filter(|(_, lies)| *lies).count();
        }
        won
    }
}

/// Draws what a member carries, in Mbit/s: home lines, some weak, some in datacenters.
fn capacity(dice: &mut Dice) -> u32 {
    match dice.below(100) {
        0..17 => 20,
        17..60 => 50,
        60..85 => 100,
        85..95 => 300,
        _ => 1000,
    }
}
