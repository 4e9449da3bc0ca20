//! Which meshes there are, who is where, and who was elected to serve elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use order::border::{Passage, originate, passage};
use order::{Chain, Election, Epoch, Member, Memberships, MeshMap, Roster, Rules, Slot};
use words::{NodeId, Prefix, Share, Wall};

use super::liars::Crowd;
use super::names::Names;
use super::options::{NorderOptions, Trouble};
use crate::number::small;

/// The network in one epoch.
#[derive(Debug)]
pub(super) struct Web {
    /// The map in force.
    pub(super) map: MeshMap,
    names: Names,
    /// The epoch.
    pub(super) epoch: Epoch,
    rules: Rules,
    members: Members,
    /// Of all meshes, as they were elected.
    slots: Vec<Slot>,
    /// The memberships of border nodes.
    border: BTreeMap<u32, Memberships>,
    /// The meshes in which nodes serve, or would if those before them in the line were silent.
    in_line: BTreeMap<u32, Vec<u32>>,
    /// Who originates each range, and on links of which mesh.
    told: BTreeMap<Prefix, Vec<(u32, u32)>>,
}

/// Who is listed, with what is believed of each; and the crowd that they are, if some of it lie.
#[derive(Clone, Debug)]
struct Members {
    roster: Roster,
    crowd: Option<Rc<Crowd>>,
}

impl Members {
    /// Returns members who all carry as much and say so.
    fn alike(names: &Names) -> Self {
        let member = |node| Member { node, since: 0, declared: 100, attested: vec![100] };
        let roster = (0..names.nodes()).map(|node| member(names.name(node)));
        Self { roster: Roster::of(roster), crowd: None }
    }

    /// Returns members of whom some lie, attested by those whom the beacon draws.
    fn lying(
        map: &MeshMap,
        names: &Names,
        epoch: &Epoch,
        (lying, luck): (Share, [u8; 32]),
    ) -> Self {
        let of =
            |mesh: &Prefix| names.inside(*mesh).map(|node| names.name(node as usize)).collect();
        let meshes = map.meshes().iter().map(|mesh| (*mesh, of(mesh)));
        let crowd = Crowd::new(meshes, lying, luck);
        Self { roster: crowd.attested(&epoch.beacon()), crowd: Some(Rc::new(crowd)) }
    }
}

/// The addresses of the network.
pub(super) const NETWORK: Prefix = Prefix::new(0x2001_0db8 << 96, 32);
/// The epoch that is looked at: late enough for every slot to have been drawn in its own.
pub(super) const EPOCH: u32 = 50;
/// Epochs that may follow where time goes on: more than a day of the shortest.
const LATER: u32 = 10_000;

impl Web {
    /// Returns the network as it begins.
    pub(super) fn new(options: &NorderOptions, seed: [u8; 32]) -> anyhow::Result<Self> {
        let map = map(options)?;
        let names = Names::new(map.clone(), options.each, false);
        let members = Members::alike(&names);
        Self::held(map, (names, members), epoch(seed)?, rules(options))
    }

    /// The same where all nodes run the whole protocol: if the map is to be changed, the names are such that
    /// a mesh can be split, and epochs go on; so they do where members lie, from the beginning.
    pub(super) fn whole(options: &NorderOptions, seed: [u8; 32]) -> anyhow::Result<Self> {
        let changes = |trouble: &Trouble| matches!(trouble, Trouble::Split | Trouble::Merge);
        let moves = options.troubles.iter().any(changes);
        let map = map(options)?;
        let names = Names::new(map.clone(), options.each, moves);
        let goes_on = moves || options.liars().is_some();
        let epoch = if goes_on { told(seed, &chain(seed))? } else { epoch(seed)? };
        let members = match options.liars() {
            Some(lying) => Members::lying(&map, &names, &epoch, (lying, seed)),
            None => Members::alike(&names),
        };
        Self::held(map, (names, members), epoch, rules(options))
    }

    /// Returns the same nodes in another epoch, or by another map.
    pub(super) fn later(&self, map: MeshMap, epoch: Epoch) -> anyhow::Result<Self> {
        Self::held(map, (self.names.clone(), self.members.clone()), epoch, self.rules)
    }

    /// Holds the election.
    fn held(
        map: MeshMap,
        (names, members): (Names, Members),
        epoch: Epoch,
        rules: Rules,
    ) -> anyhow::Result<Self> {
        let mut web = Self {
            map,
            names,
            epoch,
            rules,
            members,
            slots: Vec::new(),
            border: BTreeMap::new(),
            in_line: BTreeMap::new(),
            told: BTreeMap::new(),
        };
        web.elect()?;
        web.tell();
        Ok(web)
    }

    /// Holds the election in each mesh.
    fn elect(&mut self) -> anyhow::Result<()> {
        let roster = self.roster();
        let election = Election::new(&self.map, &roster, &self.epoch, self.rules);
        self.slots = self.map.meshes().iter().flat_map(|mesh| election.slots(*mesh)).collect();
        self.border = self.serving(|_| false)?;
        let mut in_line: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for slot in &self.slots {
            let target = self.mesh_number(slot.target);
            for holder in &slot.holders {
                let offices = in_line.entry(self.number_of(*holder)).or_default();
                if !offices.contains(&target) {
                    offices.push(target);
                }
            }
        }
        self.in_line = in_line;
        Ok(())
    }

    /// Returns who serves where while these nodes are silent: of each slot the first in the line who
    /// is not.
    pub(super) fn serving(
        &self,
        silent: impl Fn(usize) -> bool,
    ) -> anyhow::Result<BTreeMap<u32, Memberships>> {
        let mut serving: BTreeMap<NodeId, Vec<Prefix>> = BTreeMap::new();
        for slot in &self.slots {
            if let Some(node) = slot.serving(|node| silent(self.number_of(node) as usize)) {
                serving.entry(node).or_default().push(slot.target);
            }
        }
        let mut border = BTreeMap::new();
        for (node, foreign) in serving {
            let ours = Memberships::border(&self.map, node, foreign)?;
            border.insert(self.number_of(node), ours);
        }
        Ok(border)
    }

    /// Returns all nodes, as the registry lists them.
    pub(super) fn roster(&self) -> Roster {
        self.members.roster.clone()
    }

    /// Returns all members, if some of them lie.
    pub(super) fn crowd(&self) -> Option<&Crowd> {
        self.members.crowd.as_deref()
    }

    /// Returns all slots, as they were elected.
    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Returns who is believed when it tells of a range: whoever was elected to in this epoch, or in the
    /// one before.
    pub(super) fn tellers(&self) -> BTreeMap<Prefix, BTreeSet<NodeId>> {
        let mut tellers: BTreeMap<Prefix, BTreeSet<NodeId>> = BTreeMap::new();
        for epoch in [Some(self.epoch.clone()), self.epoch.before()].into_iter().flatten() {
            let election = Election::new(&self.map, &self.members.roster, &epoch, self.rules);
            for (range, nodes) in election.tellers() {
                tellers.entry(range).or_default().extend(nodes);
            }
        }
        tellers
    }

    /// Asks the filter who originates what where.
    fn tell(&mut self) {
        for (node, ours) in &self.border {
            for link in ours.meshes() {
                let tag = self.mesh_number(link);
                for range in originate(&self.map, ours, link, |_| true) {
                    self.told.entry(range).or_default().push((*node, tag));
                }
            }
        }
    }

    /// Takes the offices away from these border nodes, as when they die.
    pub(super) fn without(
        &self,
        dead: impl Fn(usize) -> bool,
    ) -> BTreeMap<Prefix, Vec<(u32, u32)>> {
        let mut told = self.told.clone();
        for origins in told.values_mut() {
            origins.retain(|(node, _)| !dead(*node as usize));
        }
        told
    }

    pub(super) fn nodes(&self) -> usize {
        self.names.nodes()
    }

    /// Returns how many nodes each mesh has as the network begins.
    pub(super) const fn each(&self) -> usize {
        self.names.each()
    }

    /// Returns by which rules border nodes are elected.
    pub(super) const fn rules(&self) -> Rules {
        self.rules
    }

    pub(super) fn meshes(&self) -> &[Prefix] {
        self.map.meshes()
    }

    pub(super) fn border_nodes(&self) -> usize {
        self.border.len()
    }

    /// Returns the border nodes and their memberships.
    pub(super) fn border(&self) -> &BTreeMap<u32, Memberships> {
        &self.border
    }

    /// Returns the foreign meshes in which a node serves, or may have to.
    pub(super) fn offices(&self, node: u32) -> impl Iterator<Item = Prefix> {
        let others = self.in_line.get(&node).map_or(&[][..], Vec::as_slice);
        others.iter().map(|number| self.mesh(*number as usize))
    }

    /// Returns who originates a range, and on links of which mesh.
    pub(super) fn origins(&self) -> &BTreeMap<Prefix, Vec<(u32, u32)>> {
        &self.told
    }

    /// Returns the number of the mesh in which a node is at home as the network begins.
    pub(super) const fn home(&self, node: usize) -> usize {
        self.names.home(node)
    }

    /// Returns that mesh.
    pub(super) fn first_home(&self, node: usize) -> Prefix {
        self.names.first_home(node)
    }

    /// Returns the range of a mesh by its number.
    pub(super) fn mesh(&self, number: usize) -> Prefix {
        self.map.meshes().get(number).copied().unwrap_or(NETWORK)
    }

    pub(super) fn mesh_number(&self, mesh: Prefix) -> u32 {
        small(self.map.meshes().binary_search(&mesh).unwrap_or(0))
    }

    /// Returns the name of a node.
    pub(super) fn name(&self, node: usize) -> NodeId {
        self.names.name(node)
    }

    /// Returns the number of a node by its name.
    pub(super) fn number_of(&self, node: NodeId) -> u32 {
        self.names.number_of(node)
    }

    /// Returns the number of the node of this name; `None` if there is none.
    pub(super) fn find(&self, node: NodeId) -> Option<usize> {
        self.names.find(node)
    }

    /// Returns the nodes that are at home in a mesh, or inside of a range, in the order of their numbers.
    pub(super) fn inside_of(&self, range: Prefix) -> impl Iterator<Item = u32> {
        self.names.inside(range)
    }

    /// Returns what a node is a member of.
    pub(super) fn memberships(&self, node: usize) -> Memberships {
        self.memberships_by(&self.border, node)
    }

    /// Returns the same, where these nodes serve at the border.
    pub(super) fn memberships_by(
        &self,
        border: &BTreeMap<u32, Memberships>,
        node: usize,
    ) -> Memberships {
        let ours = border.get(&small(node)).cloned();
        ours.unwrap_or_else(|| plain(&self.map, self.name(node)))
    }

    /// Tells for each mesh whether the filter lets `prefix` pass on its links.
    pub(super) fn scope(&self, prefix: Prefix) -> Vec<bool> {
        let passes = |(number, link): (usize, &Prefix)| {
            let ours = plain(&self.map, self.name(number * self.each()));
            passage(&self.map, &ours, (prefix, false), *link) == Passage::AsItIs
        };
        self.map.meshes().iter().enumerate().map(passes).collect()
    }

    /// Tells for each node whether it is a member of a mesh inside `range`.
    pub(super) fn inside(&self, range: Prefix) -> Vec<bool> {
        let mut inside = Vec::with_capacity(self.nodes());
        for mesh in self.map.meshes() {
            inside.extend(std::iter::repeat_n(range.covers(*mesh), self.each()));
        }
        for (node, ours) in &self.border {
            if let Some(inside) = inside.get_mut(*node as usize) {
                *inside |= ours.is_inside(range);
            }
        }
        inside
    }
}

/// Returns the memberships of a node at home; every node of the web is in its network.
fn plain(map: &MeshMap, node: NodeId) -> Memberships {
    #[expect(clippy::expect_used, reason = "names are made from meshes of this map")]
    Memberships::plain(map, node).expect("a node of the web has a home")
}

/// Returns the map: groups, and in each as many meshes.
fn map(options: &NorderOptions) -> anyhow::Result<MeshMap> {
    if options.order == 1 {
        return Ok(MeshMap::whole(NETWORK));
    }
    let mut cuts = Vec::new();
    let mut above = vec![NETWORK];
    if options.order == 3 {
        above = divided(NETWORK, options.groups);
        cuts.push(above.clone());
    }
    cuts.push(above.into_iter().flat_map(|range| divided(range, options.meshes)).collect());
    Ok(MeshMap::new(NETWORK, cuts)?)
}

/// Divides a range in so many, as evenly as halving allows.
fn divided(range: Prefix, count: usize) -> Vec<Prefix> {
    if count <= 1 {
        return vec![range];
    }
    let length = range.length() + 1;
    let bit = 1 << (128 - u32::from(length));
    let (low, high) = (Prefix::new(range.bits(), length), Prefix::new(range.bits() | bit, length));
    let mut parts = divided(low, count.div_ceil(2));
    parts.extend(divided(high, count / 2));
    parts
}

/// Returns by which rules border nodes are elected.
fn rules(options: &NorderOptions) -> Rules {
    Rules { share: options.border, least: 1, ..Rules::default() }
}

/// Returns the registry's parts, where epochs go on.
pub(super) fn chain(seed: [u8; 32]) -> Chain {
    Chain::new(seed, EPOCH + LATER)
}

/// Returns the epoch that is looked at, all of it told by a registry.
pub(super) fn epoch(seed: [u8; 32]) -> anyhow::Result<Epoch> {
    told(seed, &Chain::new(seed, EPOCH))
}

/// Returns that epoch, where these are the registry's parts.
fn told(seed: [u8; 32], chain: &Chain) -> anyhow::Result<Epoch> {
    let mut epoch = Epoch::first(Wall(0), Duration::from_hours(1), chain.part(0).unwrap_or(seed));
    for index in 1..EPOCH {
        epoch = epoch.next(chain.part(index).unwrap_or(seed), &[])?;
    }
    Ok(epoch)
}
