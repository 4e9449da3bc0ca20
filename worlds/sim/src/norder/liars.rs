//! Members who declare more than they carry, in the election.

use order::{Election, Member, MeshMap, Roster, Rules};
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
const LIE: u32 = 1_000_000;
/// Elections that are held.
const ELECTIONS: u8 = 20;

/// Lets a share of the members lie, in 32 meshes of a hundred, and attest each other's lies and
/// nothing to others.
pub fn lie(lying: Share, seed: u64) -> Liars {
    let mut won = [0; 3];
    let mut all = 0;
    let Ok(map) = MeshMap::even(NETWORK, &[5]) else { return Liars::default() };
    for turn in 0..ELECTIONS {
        let mut luck = [turn; 32];
        for (octet, own) in luck.iter_mut().zip(seed.to_le_bytes()) {
            *octet ^= own;
        }
        let Ok(epoch) = epoch(luck) else { return Liars::default() };
        let members = Crowd::new(&map, lying, luck);
        let rosters =
            [members.roster(&epoch.beacon(), true), members.roster(&epoch.beacon(), false)];
        for (roster, won) in rosters.iter().zip(&mut won) {
            let election = Election::new(&map, roster, &epoch, Rules::default());
            let slots = map.meshes().iter().flat_map(|mesh| election.slots(*mesh));
            let winners = slots.filter_map(|slot| slot.winner());
            *won += winners.filter(|node| members.lies(*node)).count();
        }
        won[2] += members.uncapped(luck);
        all += map.meshes().len() * Rules::default().slots(MEMBERS);
    }
    let of = |won| rounded(share(won, all));
    let [attested, unattested, uncapped] = won;
    Liars {
        share: rounded(share(lying.at_most(1000), 1000)),
        attested_share: of(attested),
        unattested_share: of(unattested),
        uncapped_share: of(uncapped),
    }
}

/// The members of all meshes, and who lies.
struct Crowd {
    /// With the mesh, what it carries in truth, and whether it lies.
    members: Vec<(NodeId, Prefix, u32, bool)>,
}

impl Crowd {
    fn new(map: &MeshMap, lying: Share, luck: [u8; 32]) -> Self {
        let mut dice = Dice::of(luck, "liars");
        let mut members = Vec::new();
        for mesh in map.meshes() {
            let liars = dice.draw(&mut (0..MEMBERS).collect(), lying.at_most(MEMBERS));
            for place in 0..MEMBERS {
                let node = NodeId(Prefix::new(mesh.bits() | (place as u128 + 1) << 64, 64));
                members.push((node, *mesh, capacity(&mut dice), liars.contains(&place)));
            }
        }
        Self { members }
    }

    fn lies(&self, node: NodeId) -> bool {
        self.find(node).is_some_and(|(_, _, _, lies)| *lies)
    }

    fn find(&self, node: NodeId) -> Option<&(NodeId, Prefix, u32, bool)> {
        let at = self.members.binary_search_by_key(&node, |(node, ..)| *node).ok()?;
        self.members.get(at)
    }

    /// Returns the roster: attested by whom the beacon draws, or by nobody but themselves.
    fn roster(&self, beacon: &order::Beacon, attested: bool) -> Roster {
        let declared = |carries: u32, lies: bool| if lies { LIE } else { carries };
        let entry = |(node, _, carries, lies): &(NodeId, Prefix, u32, bool)| {
            let declared = declared(*carries, *lies);
            Member { node: *node, since: 0, declared, attested: vec![declared] }
        };
        let plain = Roster::of(self.members.iter().map(entry));
        if !attested {
            return plain;
        }
        let seen = self.members.iter().map(|(node, mesh, carries, lies)| {
            let attesters = plain.attesters(*mesh, *node, beacon).unwrap_or_default();
            let says = |attester: NodeId| match (self.lies(attester), *lies) {
                (true, true) => LIE,
                (true, false) => 1,
                (false, _) => *carries,
            };
            let attested = attesters.into_iter().map(says).collect();
            Member { node: *node, since: 0, declared: declared(*carries, *lies), attested }
        });
        Roster::of(seen)
    }

    /// Returns how many slots liars win where balls are as many as megabits declared.
    fn uncapped(&self, luck: [u8; 32]) -> usize {
        let mut dice = Dice::of(luck, "uncapped");
        let slots = Rules::default().slots(MEMBERS);
        let mut won = 0;
        for members in self.members.chunks(MEMBERS) {
            let mut race: Vec<(f64, bool)> = (members.iter())
                .map(|(_, _, carries, lies)| {
                    let balls = f64::from(if *lies { LIE } else { *carries });
                    (-(real(dice.below(1 << 50)) / 2_f64.powi(50)).ln() / balls, *lies)
                })
                .collect();
            race.sort_by(|a, b| a.0.total_cmp(&b.0));
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
