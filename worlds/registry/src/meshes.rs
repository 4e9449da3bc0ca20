//! How the registry divides a network in meshes, and what elections follow from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gossip::{Document, Meshes};
use order::{Chain, Commitment, Epoch, Member, MeshMap, Phase, Plan, Reveal, Roster, Rules, Sizes};
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

/// How many epochs a chain of the registry's parts lasts: eleven years of hours. Then another
/// begins, of another seed.
const CHAIN: u32 = 100_000;

/// What the registry tells next of its own luck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The next part of its chain.
    Next([u8; 32]),
    /// The anchor of another chain.
    Anchor([u8; 32]),
}

impl Part {
    /// Returns the part of the chain of `seed` that follows the one which `epoch` tells; `None` if it is of
    /// another chain, or the last one: all of it is known then, and another seed is needed.
    ///
    /// Takes time linear in the length of the chain, some 15 ms.
    pub(crate) fn after(epoch: &Epoch, seed: [u8; 32]) -> Option<Self> {
        Chain::new(seed, CHAIN).after(&epoch.part).map(Self::Next)
    }

    /// Returns the anchor of the chain of a fresh `seed`.
    pub(crate) fn first(seed: [u8; 32]) -> Self {
        Self::Anchor(Chain::new(seed, CHAIN).part(0).unwrap_or(seed))
    }
}

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
        if let Some(small) = map.meshes().iter().find(|mesh| mesh.length() > LONGEST) {
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

/// How long a member is listed after it last told how it is reached. Nodes tell that each day,
/// and each minute again until the registry knows: who was not heard for so long missed three
/// days. Whoever left and stayed on the list would be counted by every quorum, until none can be
/// reached any more.
pub(crate) const LISTED: Duration = Duration::from_hours(72);

/// Returns how a network of one mesh begins to be divided: its map, which is still that of one mesh,
/// who may be elected, and the plan to split it.
///
/// # Errors
///
/// [`Error::Bounds`] for a network whose halves would have no room for nodes.
pub(crate) fn divide(
    network: Prefix,
    (mesh, introductions): (Option<Prefix>, &[Vec<u8>]),
    (seed, now): ([u8; 32], Wall),
) -> Result<Meshes, Error> {
    let anchor = Chain::new(seed, CHAIN).part(0).unwrap_or(seed);
    let mut meshes = Meshes::of(MeshMap::whole(network), now, anchor);
    meshes.roster = roster(introductions, &meshes, &Attested::default());
    split(&mut meshes, mesh)?;
    Ok(meshes)
}

/// Tells whether a network of one mesh with so many nodes has outgrown its size by half.
pub(crate) const fn outgrows(nodes: usize, size: u32) -> bool {
    size > 0 && nodes.saturating_mul(2) > (size as usize).saturating_mul(3)
}

/// Bits of a node's prefix, and bits that are left for nodes inside a mesh.
const NODE: u8 = 64;
const ROOM: u8 = 6;
/// The longest range that has room for the nodes of a mesh.
const LONGEST: u8 = NODE - ROOM;

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

/// Most members of a network in which capacities are attested: a document has no room for more.
const ATTESTING: usize = 20_000;

/// Returns who may be elected: everybody whose introduction is kept, with the capacity it says;
/// listed since it was in the roster of `before`, or since the epoch that ends now.
///
/// What more than half of its attesters saw of a member counts: their median, in place of what was
/// there before. That stays otherwise, unless it is too old: then it is as if nobody ever saw anything.
pub(crate) fn roster(introductions: &[Vec<u8>], before: &Meshes, attested: &Attested) -> Roster {
    let epoch = before.epoch.number;
    let attests = introductions.len() <= ATTESTING;
    let believed = attested.believed(before);
    let member = |octets: &Vec<u8>| {
        let shown = gossip::Introduction::decode(octets).ok()?;
        let contact = gossip::Contact::decode(&shown.contact).ok()?;
        let (node, declared) = (contact.node, contact.capacity.map_or(0, u32::from));
        let listed = before.roster.get(node);
        let since = listed.map_or(epoch, |listed| listed.since);
        let lasts = listed.filter(|_| attested.lasting.contains(&node));
        let kept = || lasts.map(|listed| listed.attested.clone()).unwrap_or_default();
        let seen = believed.get(&node).map_or_else(kept, |median| vec![*median]);
        let attested = if attests { seen } else { Vec::new() };
        Some(Member { node, since, declared, attested })
    };
    Roster::of(introductions.iter().filter_map(member))
}

/// Returns the listed nodes that do not say that they know how meshes merge: those of before, and all
/// `listed` ones, if nobody introduced itself.
pub(crate) fn unaware(introductions: &[Vec<u8>], listed: &Roster) -> Vec<NodeId> {
    if introductions.is_empty() {
        return listed.members().iter().map(|member| member.node).collect();
    }
    let unaware = |octets: &Vec<u8>| {
        let shown = gossip::Introduction::decode(octets).ok()?;
        let contact = gossip::Contact::decode(&shown.contact).ok()?;
        (!contact.merges).then_some(contact.node)
    };
    introductions.iter().filter_map(unaware).collect()
}

/// How far in the future the present epoch may begin: a clock that was set back by less is waited for.
const AHEAD: Duration = Duration::from_mins(1);

/// Tells whether an epoch begins in the future: the clock was ahead when it was signed, and to wait for that
/// would be to hold no elections until then; or it is behind, and will be set.
pub(crate) fn is_ahead(epoch: &Epoch, now: Wall) -> bool {
    epoch.began.since(now) > AHEAD.min(epoch.length)
}

/// Tells whether it is time for the next epoch, by its beginning and length.
pub(crate) fn is_over(epoch: &Epoch, now: Wall) -> bool {
    epoch.began.plus(epoch.length) <= now
}

/// Returns the next epoch, if it is time, or the present one begins in the future; the registry may have
/// been away for some.
///
/// What members revealed goes into its beacon, and what they promised into the document: for the
/// beacon after it. If the registry was away for an epoch or more, they promised it for a beacon that
/// came without it: then nobody could reveal it, and it would only take the places of others.
///
/// After one that begins in the future, the next begins now.
pub(crate) fn next_epoch(
    epoch: &Epoch,
    (part, shares): (Part, &[store::Share]),
    now: Wall,
) -> Option<Epoch> {
    if !is_over(epoch, now) && !is_ahead(epoch, now) {
        return None;
    }
    // Nodes went on in silence, a whole epoch late.
    let passed = epoch.at(Wall(now.0.saturating_sub(epoch.length.as_secs())));
    let reveal = |share: &store::Share| Some(Reveal { node: share.node, secret: share.secret? });
    let reveals: Vec<Reveal> = shares.iter().filter_map(reveal).collect();
    let mut next = match part {
        Part::Next(part) => passed.next(part, &reveals).ok()?,
        Part::Anchor(anchor) => passed.anchored(anchor, &reveals),
    };
    next.began = next.began.min(now);
    let promises = shares.iter().map(|it| Commitment { node: it.node, hash: it.commitment });
    if next.number == epoch.number.saturating_add(1) {
        next.promise_all(promises);
    }
    Some(next)
}

/// Returns how a signed document divides the network, and when it was written; `None` if it is one
/// mesh.
pub(crate) fn of(document: &[u8]) -> Option<(Meshes, Wall)> {
    let Document { meshes, issued, .. } = read(document)?;
    Some((meshes?, issued))
}

/// Reads a signed document of our own.
pub(crate) fn read(document: &[u8]) -> Option<Document> {
    let signed = gossip::SignedDocument::decode(document).ok()?;
    Document::decode(&signed.bytes).ok()
}

/// Returns the ranges whose nodes somebody needs to know to begin with: its home first, then the
/// meshes that it may serve in; `None` for the whole network, where that is one mesh.
pub(crate) fn of_node(document: &[u8], node: NodeId) -> Vec<Option<Prefix>> {
    let Some((meshes, _)) = of(document) else { return vec![None] };
    let Some(home) = meshes.map.home(node) else { return vec![None] };
    // While a mesh is split, or two merge, it draws in the new one.
    let number = meshes.epoch.number;
    let own = meshes.plan.map_or(home, |plan| plan.territory(home, node, number));
    let slots = meshes.election().slots(home);
    let mine = slots.into_iter().filter(|slot| slot.holders.contains(&node));
    let mut targets: Vec<Prefix> = mine.map(|slot| slot.target).collect();
    targets.sort_unstable();
    targets.dedup();
    std::iter::once(own).chain(targets).map(Some).collect()
}

/// Tells whether the network is divided in meshes.
pub(crate) fn is_divided(document: &[u8]) -> bool {
    of(document).is_some()
}

/// Epochs for which it counts what a member was seen to carry, if nothing new is told: as long as a slot
/// is held. A line that became slow, or a lie that was believed once, ends with the last slot that it won.
pub(crate) const LASTS: u64 = 12;

/// What was attested of members.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attested {
    /// What attesters told in the epoch that ends, by member; nothing in the middle of it.
    pub(crate) seen: BTreeMap<NodeId, Vec<u32>>,
    /// Of whom anything was believed in the last [`LASTS`] epochs.
    pub(crate) lasting: BTreeSet<NodeId>,
}

impl Attested {
    /// Returns the medians of what attesters saw, in Mbit/s, where more than half of those drawn in
    /// the epoch of `meshes` told it.
    pub(crate) fn believed(&self, meshes: &Meshes) -> BTreeMap<NodeId, u32> {
        let beacon = meshes.epoch.beacon();
        let median = |(node, seen): (&NodeId, &Vec<u32>)| {
            let home = meshes.map.home(*node)?;
            let drawn = meshes.roster.attesters(home, *node, &beacon).ok()?.len();
            let most = Some(seen).filter(|seen| 2 * seen.len() > drawn)?;
            Some((*node, order::median(most.clone())?))
        };
        self.seen.iter().filter_map(median).collect()
    }
}

/// Brings the change of the map that is under way one epoch further; without one, announces the
/// one that the sizes of meshes ask for, where a mesh should have `size` nodes. No meshes merge while
/// there are `unaware` nodes: they would see them as halves, and lose one of them.
pub(crate) fn go_on(meshes: &mut Meshes, size: u32, unaware: &[NodeId]) {
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
    // Meshes are not small because nobody told yet that it is there.
    if size == 0 || meshes.roster.members().is_empty() {
        return;
    }
    let target = usize::try_from(size).unwrap_or(usize::MAX);
    let sizes = Sizes { target, longest: LONGEST, may_merge: true };
    let count = |mesh| meshes.roster.count(mesh);
    let mut due = sizes.due(&meshes.map, count);
    if let (Some(order::Change::Merge(range)), Some(first)) = (due, unaware.first()) {
        let (range, first, nodes) = (range.to_string(), first.0.to_string(), unaware.len());
        tracing::warn!(
            range,
            nodes,
            first,
            "two meshes are due to merge, and wait: some nodes do not know how; update them"
        );
        // What is due besides does not wait.
        due = Sizes { may_merge: false, ..sizes }.due(&meshes.map, count);
    }
    meshes.plan = due.map(|change| Plan { change, epoch: number });
}

/// Checks that the halves of a mesh have room for nodes.
///
/// # Errors
///
/// [`Error::Bounds`] if they have none.
pub(crate) fn check_room(mesh: Prefix) -> Result<(), Error> {
    if mesh.length() < LONGEST {
        return Ok(());
    }
    let what =
        format!("the halves of {mesh} would have no room for nodes; its nodes stay one mesh");
    Err(Error::Bounds(vec![what]))
}

/// Announces that a mesh is split, or the one with the most nodes.
///
/// # Errors
///
/// [`Error::Bounds`] if a change is under way, or the range is no mesh that can be split.
pub(crate) fn split(meshes: &mut Meshes, mesh: Option<Prefix>) -> Result<Prefix, Error> {
    let bounds = |what: String| Error::Bounds(vec![what]);
    is_free(meshes)?;
    let largest = meshes.map.meshes().iter().max_by_key(|mesh| meshes.roster.count(**mesh));
    let mesh = mesh.or(largest.copied()).unwrap_or(meshes.map.network());
    let change = order::Change::Split(mesh);
    check_room(mesh)?;
    meshes.map.changed(change).map_err(|why| bounds(why.to_string()))?;
    meshes.plan = Some(Plan { change, epoch: meshes.epoch.number });
    Ok(mesh)
}

/// Announces that the two halves of a range merge, or those with the fewest nodes.
///
/// # Errors
///
/// [`Error::Bounds`] if a change is under way, there are no two such meshes, or nodes that are `unaware`
/// of how meshes merge.
pub(crate) fn merge(
    meshes: &mut Meshes,
    range: Option<Prefix>,
    unaware: &[NodeId],
) -> Result<Prefix, Error> {
    let bounds = |what: String| Error::Bounds(vec![what]);
    is_free(meshes)?;
    if let [first, others @ ..] = unaware {
        let (first, remedy) = (first.0, "and wait until the registry was told so");
        let (who, them) = match others.len() {
            0 => (format!("{first} does"), "it"),
            1 => (format!("{first} and another do"), "them"),
            more => (format!("{first} and {more} others do"), "them"),
        };
        return Err(bounds(format!("{who} not know how meshes merge; update {them}, {remedy}")));
    }
    let fits = |range: &Prefix| meshes.map.changed(order::Change::Merge(*range)).is_ok();
    let around = |mesh: &Prefix| Some(Prefix::new(mesh.bits(), mesh.length().checked_sub(1)?));
    let all = meshes.map.meshes().iter().filter_map(around).filter(fits);
    let smallest = all.min_by_key(|range| meshes.roster.count(*range));
    let none = "no two meshes are halves of one range; see `re6st registry meshes show`";
    let range = range.or(smallest).ok_or_else(|| bounds(none.to_owned()))?;
    let change = order::Change::Merge(range);
    meshes.map.changed(change).map_err(|why| bounds(why.to_string()))?;
    meshes.plan = Some(Plan { change, epoch: meshes.epoch.number });
    Ok(range)
}

/// Tells whether a change of the map may begin.
fn is_free(meshes: &Meshes) -> Result<(), Error> {
    let busy = "one change at a time: the map is being changed already; wait for two epochs";
    if meshes.plan.is_some() { Err(Error::Bounds(vec![busy.to_owned()])) } else { Ok(()) }
}

#[cfg(test)]
pub(crate) mod tests;
