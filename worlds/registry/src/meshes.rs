//! How the registry divides a network in meshes, and what elections follow from.

use std::time::Duration;

use gossip::{Document, Meshes};
use order::{Chain, Epoch, Member, MeshMap, Phase, Plan, Roster, Rules, Sizes};
use words::{NodeId, Prefix, Share, Wall};

use crate::error::Error;

/// How a network is divided, and how its border nodes are elected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// Cuts of the network, 1 to 7: its order, less one.
    pub cuts: u8,
    /// Parts in which each cut divides every range of the one above, 2 to 256.
    pub parts: u16,
    /// How border nodes are elected.
    pub rules: Change,
}

/// What is to be changed about elections; the rest stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Time between two elections: 1 s to a day, whole seconds.
    pub epoch: Option<Duration>,
    /// Share of the nodes of a mesh that are border nodes.
    pub border: Option<Share>,
    /// Border nodes of a mesh at least.
    pub least: Option<u16>,
    /// Epochs for which a node is elected.
    pub tenure: Option<u16>,
}

/// How many epochs a chain of the registry's parts lasts: more than a year of hours. Then another
/// begins.
const CHAIN: u32 = 10_000;

impl Change {
    /// Sets what is to be changed, inside its bounds. With another length the present epoch begins
    /// anew `now`: by the old beginning and the new length, many might be over at once.
    pub(crate) fn apply(self, meshes: &mut Meshes, now: Wall) {
        let Rules { share, least, tenure, seats } = meshes.rules;
        let rules = Rules {
            share: self.border.unwrap_or(share),
            least: self.least.unwrap_or(least),
            tenure: self.tenure.unwrap_or(tenure),
            seats,
        };
        meshes.rules = rules.clamped();
        if let Some(epoch) = self.epoch {
            let whole = Duration::from_secs(epoch.as_secs());
            let length = whole.clamp(Duration::from_secs(1), Duration::from_hours(24));
            if length != meshes.epoch.length {
                (meshes.epoch.length, meshes.epoch.began) = (length, now);
            }
        }
    }
}

impl Division {
    /// Returns the meshes of a new network; the anchor of beacons follows from `seed`.
    ///
    /// # Errors
    ///
    /// [`Error::Bounds`] for a network that cannot be divided so.
    pub(crate) fn found(
        &self,
        network: Prefix,
        seed: [u8; 32],
        now: Wall,
    ) -> Result<Meshes, Error> {
        let bounds = |what: String| Error::Bounds(vec![what]);
        if !(2..=256).contains(&self.parts) || !(1..=7).contains(&self.cuts) {
            return Err(bounds("order must be 2 to 8, and meshes 2 to 256".to_owned()));
        }
        let mut above = vec![network];
        let mut cuts = Vec::new();
        for _ in 0..self.cuts {
            above = above.iter().flat_map(|range| parts(*range, self.parts)).collect();
            cuts.push(above.clone());
        }
        let map = MeshMap::new(network, cuts).map_err(|why| bounds(why.to_string()))?;
        if let Some(small) = map.meshes().iter().find(|mesh| mesh.length() + ROOM > NODE) {
            return Err(bounds(format!(
                "{small} has no room for nodes; fewer meshes, or a wider network"
            )));
        }
        let anchor = Chain::new(seed, CHAIN).part(0).unwrap_or(seed);
        let mut meshes = Meshes::of(map, now, anchor);
        self.rules.apply(&mut meshes, now);
        Ok(meshes)
    }
}

/// Bits of a node's prefix, and bits that are left for nodes inside a mesh.
const NODE: u8 = 64;
const ROOM: u8 = 6;

/// Returns `count` parts of a range, as equal as halves of halves can be.
fn parts(range: Prefix, count: u16) -> Vec<Prefix> {
    if count < 2 || range.length() >= NODE {
        return vec![range];
    }
    let length = range.length() + 1;
    let bit = 1_u128 << (128 - u32::from(length));
    let (low, high) = (Prefix::new(range.bits(), length), Prefix::new(range.bits() | bit, length));
    let mut all = parts(low, count.div_ceil(2));
    all.extend(parts(high, count / 2));
    all
}

/// Returns who may be elected: everybody whose introduction is kept, with the capacity it says;
/// listed since it was in the roster `before`, or since the `epoch` that ends now.
pub(crate) fn roster(introductions: &[Vec<u8>], before: &Roster, epoch: u64) -> Roster {
    let member = |octets: &Vec<u8>| {
        let shown = gossip::Introduction::decode(octets).ok()?;
        let contact = gossip::Contact::decode(&shown.contact).ok()?;
        let (node, declared) = (contact.node, contact.capacity.map_or(0, u32::from));
        let since = before.get(node).map_or(epoch, |listed| listed.since);
        Some(Member { node, since, declared, attested: Vec::new() })
    };
    Roster::of(introductions.iter().filter_map(member))
}

/// Returns the next epoch, if it is time; the registry may have been away for some.
pub(crate) fn next_epoch(epoch: &Epoch, seed: [u8; 32], now: Wall) -> Option<Epoch> {
    if now.since(epoch.began) < epoch.length {
        return None;
    }
    // Nodes went on in silence, a whole epoch late.
    let passed = epoch.at(Wall(now.0.saturating_sub(epoch.length.as_secs())));
    let chain = Chain::new(seed, CHAIN);
    let next = chain.after(&epoch.part).and_then(|part| passed.next(part, &[]).ok());
    let anchor = || passed.anchored(chain.part(0).unwrap_or(seed), &[]);
    Some(next.unwrap_or_else(anchor))
}

/// Returns how a signed document divides the network, and when it was written; `None` if it is one
/// mesh.
pub(crate) fn of(document: &[u8]) -> Option<(Meshes, Wall)> {
    let signed = gossip::SignedDocument::decode(document).ok()?;
    let Document { meshes, issued, .. } = Document::decode(&signed.bytes).ok()?;
    Some((meshes?, issued))
}

/// Returns the ranges whose nodes somebody needs to know to begin with: its home first, then the
/// meshes that it may serve in; `None` for the whole network, where that is one mesh.
pub(crate) fn of_node(document: &[u8], node: NodeId) -> Vec<Option<Prefix>> {
    let Some((meshes, _)) = of(document) else { return vec![None] };
    let Some(home) = meshes.map.home(node) else { return vec![None] };
    let slots = meshes.election().slots(home);
    let mine = slots.into_iter().filter(|slot| slot.holders.contains(&node));
    let mut targets: Vec<Prefix> = mine.map(|slot| slot.target).collect();
    targets.sort_unstable();
    targets.dedup();
    std::iter::once(home).chain(targets).map(Some).collect()
}

/// Tells whether the network is divided in meshes.
pub(crate) fn is_divided(document: &[u8]) -> bool {
    of(document).is_some()
}

/// Brings the change of the map that is under way one epoch further; without one, announces the
/// one that the sizes of meshes ask for, where a mesh should have `size` nodes.
pub(crate) fn go_on(meshes: &mut Meshes, size: u32) {
    let number = meshes.epoch.number;
    if let Some(plan) = meshes.plan {
        if plan.phase(number) == Phase::Done {
            if let Ok(map) = plan.map(&meshes.map, number) {
                meshes.map = map;
            }
            meshes.plan = None;
        }
        return;
    }
    if size == 0 {
        return;
    }
    let sizes = Sizes { target: usize::try_from(size).unwrap_or(usize::MAX) };
    let due = sizes.due(&meshes.map, |mesh| meshes.roster.count(mesh));
    // Merging asks for more than nodes can do so far.
    let due = due.filter(|change| matches!(change, order::Change::Split(_)));
    meshes.plan = due.map(|change| Plan { change, epoch: number });
}

/// Announces that a mesh is split, or the one with the most nodes.
///
/// # Errors
///
/// [`Error::Bounds`] if a change is under way, or the range is no mesh that can be split.
pub(crate) fn split(meshes: &mut Meshes, mesh: Option<Prefix>) -> Result<Prefix, Error> {
    let bounds = |what: String| Error::Bounds(vec![what]);
    if meshes.plan.is_some() {
        return Err(bounds("one change at a time: a mesh is being split already".to_owned()));
    }
    let largest = meshes.map.meshes().iter().max_by_key(|mesh| meshes.roster.count(**mesh));
    let mesh = mesh.or(largest.copied()).unwrap_or(meshes.map.network());
    if mesh.length() + 1 + ROOM > NODE {
        return Err(bounds(format!("the halves of {mesh} would have no room for nodes")));
    }
    let change = order::Change::Split(mesh);
    meshes.map.changed(change).map_err(|why| bounds(why.to_string()))?;
    meshes.plan = Some(Plan { change, epoch: meshes.epoch.number });
    Ok(mesh)
}

#[cfg(test)]
mod tests {
    use words::NodeId;

    use super::*;

    const NETWORK: Prefix = Prefix::new(0xfd42 << 112, 48);
    const SEED: [u8; 32] = [7; 32];
    const NOW: Wall = Wall(1_800_000_000);

    fn division(cuts: u8, parts: u16) -> Division {
        Division { cuts, parts, rules: Change::default() }
    }

    fn founded(cuts: u8, parts: u16) -> Meshes {
        division(cuts, parts).found(NETWORK, SEED, NOW).unwrap()
    }

    fn with_nodes(mut meshes: Meshes, count: usize) -> Meshes {
        let all = meshes.map.meshes().to_vec();
        let node = |n: usize| {
            let mesh = all[n % all.len()];
            // Spread over both halves of each mesh.
            let inside = ((n / all.len()) as u128).reverse_bits() >> mesh.length();
            NodeId(Prefix::new(mesh.bits() | inside, 64))
        };
        let member = |n| Member { node: node(n), since: 1, declared: 0, attested: Vec::new() };
        meshes.roster = Roster::of((0..count).map(member));
        meshes
    }

    #[test]
    fn any_number_of_meshes_covers_the_network_and_none_twice() {
        for (cuts, parts, meshes) in [(1, 2, 2), (1, 3, 3), (1, 100, 100), (2, 3, 9), (3, 2, 8)] {
            let map = founded(cuts, parts).map;
            assert_eq!((map.order(), map.meshes().len()), (usize::from(cuts) + 1, meshes));
        }
        for (cuts, parts) in [(0, 2), (1, 1), (1, 257), (8, 2), (2, 256)] {
            assert!(division(cuts, parts).found(NETWORK, SEED, NOW).is_err(), "{cuts} {parts}");
        }
    }

    #[test]
    fn a_member_is_listed_since_it_was_first_and_a_newcomer_since_now() {
        let meshes = with_nodes(founded(1, 2), 2);
        let contact = |node| gossip::Contact {
            node,
            issued: NOW,
            key: [7; 32],
            endpoints: Vec::new(),
            carriers: words::Carriers::of([words::Carrier::Udp]),
            country: None,
            capacity: Some(50),
            escaped: false,
        };
        let shown = |node| {
            let contact = contact(node).encode().unwrap();
            let (certificate, signature) = (Vec::new(), Vec::new());
            gossip::Introduction { certificate, contact, signature }.encode().unwrap()
        };
        let (old, new) =
            (meshes.roster.members()[1].node, NodeId("fd42:0:0:9::/64".parse().unwrap()));
        let listed = roster(&[shown(old), shown(new)], &meshes.roster, 7);
        let since = |node| listed.get(node).map(|it| (it.since, it.declared));
        assert_eq!(
            (listed.members().len(), since(old), since(new)),
            (2, Some((1, 50)), Some((7, 50)))
        );
    }

    #[test]
    fn an_epoch_follows_in_time_and_from_the_one_before() {
        let first = founded(1, 2).epoch;
        assert_eq!(next_epoch(&first, SEED, NOW.plus(Duration::from_mins(59))), None);
        let second = next_epoch(&first, SEED, NOW.plus(Duration::from_hours(1))).unwrap();
        assert_eq!((second.number, second.follows(&first)), (2, Ok(())));
        // The registry was away for three epochs; nodes went on alone.
        let later = NOW.plus(Duration::from_hours(5));
        let fifth = next_epoch(&second, SEED, later).unwrap();
        assert_eq!((fifth.number, fifth.follows(&second)), (6, Ok(())));
        assert!(fifth.began <= later && later.since(fifth.began) < fifth.length);
    }

    #[test]
    fn a_split_goes_on_epoch_by_epoch_and_ends_in_the_new_map() {
        let mut meshes = with_nodes(founded(1, 2), 20);
        let half = meshes.map.meshes()[0];
        assert_eq!(split(&mut meshes, Some(half)).unwrap(), half);
        assert!(split(&mut meshes, None).is_err(), "one at a time");
        let before = meshes.map.clone();
        for _ in 0..2 {
            assert_eq!(meshes.map, before);
            meshes.epoch.number += 1;
            go_on(&mut meshes, 0);
        }
        assert_eq!((meshes.map.meshes().len(), meshes.plan), (3, None));
        let nobody: Prefix = "fd42:0:0:1::/64".parse().unwrap();
        assert!(split(&mut meshes, Some(nobody)).is_err(), "no mesh");
    }

    #[test]
    fn a_mesh_that_outgrew_its_size_is_split_by_itself() {
        let mut meshes = with_nodes(founded(1, 2), 24);
        go_on(&mut meshes, 8);
        assert_eq!(meshes.plan, None, "twelve each are not more than a half too many");
        let mut meshes = with_nodes(founded(1, 2), 26);
        go_on(&mut meshes, 0);
        assert_eq!(meshes.plan, None, "nobody asked for it");
        go_on(&mut meshes, 8);
        assert!(matches!(meshes.plan, Some(Plan { change: order::Change::Split(_), .. })));
    }

    #[test]
    fn numbers_of_elections_are_held_in_their_bounds() {
        let mut meshes = founded(1, 2);
        let wild = Change {
            epoch: Some(Duration::from_millis(10)),
            border: Some(Share::percent(90)),
            least: Some(0),
            tenure: Some(1000),
        };
        wild.apply(&mut meshes, Wall(5_000));
        let Epoch { length, began, .. } = meshes.epoch;
        assert_eq!((length, began), (Duration::from_secs(1), Wall(5_000)));
        let Rules { share, least, tenure, .. } = meshes.rules;
        assert_eq!((share.as_percent(), least, tenure), (50, 1, 48));
    }
}
