//! A network of several meshes, as one of its nodes sees it: where it is at home, where it serves
//! as border node, and which of its arrows are whose.
//!
//! Nothing here forwards. A border node has arrows in two meshes and tells each the range of the
//! other; routing does the rest, as it does everywhere. What it tells, and when it begins and ends
//! to serve, is in `between.rs`, what it tells in `ranges.rs`.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use arrows::Arrows;
use gossip::{Authority, Meshes};
use order::{Epoch, MeshMap, Quorum};
use words::routing::{self, Admission, Routing, Scope};
use words::{Dice, Engine, LinkId, NodeId, Prefix, Time};

use crate::between::OVERLAP;
use crate::claims::Waiting;
use crate::overlap::Overlap;
use crate::reach::Reach;
use crate::refuge::Haven;
use crate::stay::{Phase, Stay};
use crate::tellers::Tellers;
use crate::{Node, Output};

/// The scope of links at home.
const HOME: Scope = Scope(1);
/// The scope of links that belong to no mesh yet: nothing is told or believed there.
const NOWHERE: Scope = Scope(u16::MAX);
/// Most foreign meshes that one node has arrows in at a time.
pub(crate) const STAYS: u32 = 8;
/// The first number of an arrow in a foreign mesh. At home nobody draws so many in a life.
const ABROAD: u32 = 100_000_000;

/// The meshes of the network, and our part between them.
#[derive(Debug)]
pub(crate) struct Division {
    /// `None` while the network is one mesh.
    pub(crate) meshes: Option<Meshes>,
    /// The map in force, with the document's plan if that is done.
    pub(crate) map: Option<MeshMap>,
    /// The map before, while both pass the filter.
    pub(crate) overlap: Option<Overlap>,
    pub(crate) home: Prefix,
    /// Where at home we draw: half of it while it is being split, both halves while they merge.
    pub(crate) territory: Prefix,
    /// The range whose halves move together in this epoch.
    pub(crate) merging: Option<Prefix>,
    /// The epoch in force, and when the next one begins by the date, if the registry stays silent.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) next_epoch: Option<Time>,
    /// Foreign nodes that asked for links, and whether they were elected in this epoch.
    pub(crate) verified: BTreeMap<NodeId, bool>,
    /// Who may tell of which range.
    pub(crate) tellers: Tellers,
    /// Where we may serve, and who has that duty before us as long as it is reached.
    pub(crate) duties: Vec<(Prefix, Vec<NodeId>)>,
    /// Where we do.
    pub(crate) service: order::Service,
    /// The quorum at home.
    pub(crate) quorum: Quorum,
    /// How much we reach of the groups around our meshes.
    pub(crate) groups: BTreeMap<Prefix, Reach>,
    /// Ranges of many nodes that routing reaches.
    pub(crate) abroad: BTreeSet<Prefix>,
    /// By the number that tells their arrows apart.
    pub(crate) stays: BTreeMap<u32, Stay>,
    /// The number of the next arrow of each.
    pub(crate) numbers: [u32; STAYS as usize],
    pub(crate) scopes: BTreeMap<Prefix, Scope>,
    /// Nodes that routing reaches in meshes where we have no arrows: while a mesh is being split, and
    /// those that escaped.
    pub(crate) elsewhere: BTreeSet<NodeId>,
    /// Those who have a duty before us and are not reached, and since when.
    pub(crate) silent: BTreeMap<NodeId, Time>,
    /// The ranges that we announce, and whether as far away.
    pub(crate) told: BTreeMap<Prefix, bool>,
    /// The ranges that lead nowhere but by exact prefixes.
    pub(crate) closed: Vec<Prefix>,
    /// Links of nodes that were not elected into our mesh, or are not any more, and since when.
    pub(crate) overdue: BTreeMap<LinkId, Time>,
    /// Who serves in our home, and is drawn there like us; and who did until now, and until when our
    /// arrows to them may still lead there.
    pub(crate) guests: BTreeSet<NodeId>,
    /// From when on those elected to serve in our meshes are drawn there, and when the next one is.
    pub(crate) begin: BTreeMap<NodeId, Time>,
    pub(crate) invites: Option<Time>,
    pub(crate) former: BTreeMap<NodeId, Time>,
    /// Links that others opened to us in meshes where we serve, by the number of the stay.
    pub(crate) visits: BTreeMap<LinkId, u32>,
    /// Links of no mesh yet: their other ends go by another document.
    pub(crate) waiting: BTreeMap<LinkId, Waiting>,
    /// Whether we escaped, and when we say so again.
    pub(crate) escape: order::Escape,
    pub(crate) plead: Option<Time>,
    /// The ranges that pass inside themselves, as of the last look.
    pub(crate) rescued_before: BTreeSet<Prefix>,
    /// Who did, and when what passes is changed accordingly, if it is to be.
    pub(crate) escaped: BTreeSet<NodeId>,
    pub(crate) gathers: Option<Time>,
    /// Those that came back, and until when their prefixes still pass.
    pub(crate) back: BTreeMap<NodeId, Time>,
    /// Whether we seek refuge, where we have it, and the number of the next such arrow.
    pub(crate) refuge: order::Refuge,
    pub(crate) haven: Option<Haven>,
    pub(crate) flights: u32,
    /// Links of others that have it with us.
    pub(crate) refugees: BTreeSet<LinkId>,
    pub(crate) dice: Dice,
}

impl Division {
    pub(crate) fn new(network: Prefix, seed: [u8; 32]) -> Self {
        let mut numbers = [0; STAYS as usize];
        for (stay, number) in (0..STAYS).zip(&mut numbers) {
            *number = ABROAD + stay;
        }
        Self {
            meshes: None,
            map: None,
            overlap: None,
            home: network,
            territory: network,
            merging: None,
            epoch: None,
            next_epoch: None,
            verified: BTreeMap::new(),
            tellers: Tellers::default(),
            duties: Vec::new(),
            service: order::Service::new(OVERLAP / 2),
            quorum: Quorum::default(),
            groups: BTreeMap::new(),
            abroad: BTreeSet::new(),
            stays: BTreeMap::new(),
            numbers,
            scopes: BTreeMap::new(),
            elsewhere: BTreeSet::new(),
            silent: BTreeMap::new(),
            told: BTreeMap::new(),
            closed: Vec::new(),
            overdue: BTreeMap::new(),
            guests: BTreeSet::new(),
            begin: BTreeMap::new(),
            invites: None,
            former: BTreeMap::new(),
            visits: BTreeMap::new(),
            waiting: BTreeMap::new(),
            escape: order::Escape::new(Duration::from_mins(1)),
            plead: None,
            rescued_before: BTreeSet::new(),
            escaped: BTreeSet::new(),
            back: BTreeMap::new(),
            gathers: None,
            refuge: order::Refuge::new(Duration::from_mins(5)),
            haven: None,
            flights: 0,
            refugees: BTreeSet::new(),
            dice: Dice::of(seed, "abroad"),
        }
    }

    /// Returns the map before, while both pass, with what a mesh was part of in it: itself, the whole that
    /// was split, or of one that was merged the halves where we were. None of another that was merged.
    pub(crate) fn before(&self, mesh: Prefix) -> impl Iterator<Item = (&MeshMap, Prefix)> {
        self.overlap.iter().flat_map(move |Overlap { map, was, .. }| {
            let around = map.mesh_of(mesh.first()).filter(|old| old.covers(mesh));
            let halves = was.get(&mesh).into_iter().flatten().copied();
            let around = around.filter(|_| !was.contains_key(&mesh));
            halves.chain(around).map(move |old| (map, old))
        })
    }

    /// Returns the ranges by which a mesh is told of, widest last; those of the map before besides,
    /// while both pass.
    pub(crate) fn ranges(&self, mesh: Prefix) -> BTreeSet<Prefix> {
        let now = self.map.iter().filter(|map| map.is_mesh(mesh)).flat_map(|map| map.chain(mesh));
        now.chain(self.before(mesh).flat_map(|(old, mesh)| old.chain(mesh))).collect()
    }

    /// Returns what passes on links of a mesh: prefixes of nodes inside the first range, and the
    /// other ranges as they are.
    pub(crate) fn passing(&self, mesh: Prefix) -> (Prefix, BTreeSet<Prefix>) {
        let now = self.map.iter().filter(|map| map.is_mesh(mesh)).flat_map(|map| map.abroad(mesh));
        let before = self.before(mesh).flat_map(|(old, mesh)| old.abroad(mesh));
        (self.wide(mesh), now.chain(before).collect())
    }

    /// Returns the number of the stay that a link belongs to, if it is not at home.
    fn stay_of(&self, link: LinkId) -> Option<u32> {
        if !link.is_ours() {
            return self.visits.get(&link).copied();
        }
        let number = (!Self::is_flight(link)).then_some(link.0)?.checked_sub(ABROAD)?;
        Some(number % STAYS)
    }

    /// Tells whether a link is one of a stay that is about to end: routes are to leave it.
    pub(crate) fn drains(&self, link: LinkId) -> bool {
        let stay = self.stay_of(link).and_then(|number| self.stays.get(&number));
        stay.is_some_and(|stay| matches!(stay.phase, Phase::Serving(stage) if !stage.opens()))
    }

    /// Returns the number of the stay by which we serve in a mesh.
    pub(crate) fn stay_in(&self, mesh: Prefix) -> Option<u32> {
        let there = |(_, stay): &(&u32, &Stay)| stay.mesh == mesh && stay.is_serving();
        self.stays.iter().find(there).map(|(number, _)| *number)
    }

    /// Returns the scope of a mesh, the same one each time.
    pub(crate) fn scope(&mut self, mesh: Prefix) -> Scope {
        if mesh == self.home {
            return HOME;
        }
        let taken: BTreeSet<Scope> = self.scopes.values().copied().collect();
        let free = (HOME.0 + 1..NOWHERE.0).map(Scope).find(|scope| !taken.contains(scope));
        *self.scopes.entry(mesh).or_insert(free.unwrap_or(NOWHERE))
    }
}

/// A mesh that a node has arrows in, to be looked at.
#[derive(Debug)]
pub struct Service<'a> {
    /// The mesh.
    pub mesh: Prefix,
    /// `home`, or how far the service of a border node is: `joining`, `serving`, `staying`,
    /// `draining`, `withdrawn`, `leaving`; `merged` if its mesh became one with another.
    pub phase: &'static str,
    /// Whether enough of its nodes are reached to tell others of its range.
    pub quorum: bool,
    /// How many of its nodes routing reaches, ourselves left out.
    pub reached: usize,
    /// Our arrows in it; at home, also the links that others opened to us.
    pub arrows: &'a Arrows,
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Returns how the network is divided; `None` while it is one mesh.
    pub const fn meshes(&self) -> Option<&Meshes> {
        self.division.meshes.as_ref()
    }

    /// Returns the map in force; `None` while the network is one mesh.
    pub const fn map(&self) -> Option<&MeshMap> {
        self.division.map.as_ref()
    }

    /// Returns the epoch in force: the document's, or one that followed it while the registry is silent;
    /// `None` while the network is one mesh.
    pub const fn epoch(&self) -> Option<&Epoch> {
        self.division.epoch.as_ref()
    }

    /// Returns the mesh that we are at home in.
    pub const fn home(&self) -> Prefix {
        self.division.home
    }

    /// Returns the meshes in which we have arrows, home first.
    pub fn services(&self) -> impl Iterator<Item = Service<'_>> {
        let division = &self.division;
        let home = Service {
            mesh: division.home,
            phase: "home",
            quorum: division.quorum.holds(),
            reached: self.arrows.reach(),
            arrows: &self.arrows,
        };
        core::iter::once(home).chain(division.stays.values().map(|stay| Service {
            mesh: stay.mesh,
            phase: stay.phase.name(),
            quorum: stay.reach.holds(),
            reached: stay.arrows.reach(),
            arrows: &stay.arrows,
        }))
    }

    /// Returns all our links as they stand, those at home first.
    pub fn links(&self) -> impl Iterator<Item = arrows::View> {
        self.services().flat_map(|service| service.arrows.arrows()).chain(self.refuge())
    }

    /// Returns the mesh that a link belongs to: of an arrow of ours in a foreign mesh that one, and of a
    /// link that others opened to us as one who serves there; of all others our home.
    pub fn mesh_of(&self, link: LinkId) -> Prefix {
        if Division::is_flight(link) {
            let home = |node: &NodeId| self.division.map.as_ref()?.home(*node);
            return self.peers.get(&link).and_then(home).unwrap_or(self.division.home);
        }
        let stay = self.division.stay_of(link).and_then(|number| self.division.stays.get(&number));
        stay.map_or(self.division.home, |stay| stay.mesh)
    }

    /// Takes in how the network is divided from now on.
    pub(crate) fn divide(&mut self, meshes: Option<Meshes>, now: Time) {
        self.division.meshes = meshes;
        self.division.verified.clear();
        self.elect(now);
        self.review(now);
    }

    /// Gives each node that is reached, and each link, to the mesh that is now its own.
    pub(crate) fn place_anew(&mut self, now: Time) {
        let ours = self.services().flat_map(|service| service.arrows.reachable());
        let reached: BTreeSet<NodeId> =
            ours.chain(self.division.elsewhere.iter().copied()).collect();
        let contacts = self.gossip.contacts().map(|contact| contact.node);
        let territory = self.division.territory;
        let abroad = contacts.filter(|node| !territory.covers(node.0));
        for node in abroad.collect::<Vec<_>>() {
            self.arrows.handle(arrows::Input::Elsewhere(node), now);
        }
        for node in reached {
            self.tell_all_arrows(&arrows::Input::Unreachable(node), now);
            self.division.elsewhere.remove(&node);
            self.place(node, now);
        }
        // Both may pass until all links have their scope.
        let mut both = self.admissions.to_vec();
        both.extend(self.admissions_by_mesh());
        self.routing.handle(routing::Input::Admit(&both), now);
        let links: Vec<LinkId> = self.up.iter().copied().collect();
        for link in links {
            let scope = self.scope_of(link);
            self.routing.handle(routing::Input::Up(link, scope), now);
        }
        self.admissions = both.into();
        self.admit(now);
    }

    /// Tells the arrows concerned that a node is reached.
    pub(crate) fn place(&mut self, node: NodeId, now: Time) {
        if let Some(arrows) = self.arrows_towards(node) {
            arrows.handle(arrows::Input::Reachable(node), now);
        } else {
            self.division.elsewhere.insert(node);
        }
    }

    /// Returns the arrows that may point to a node: those in the mesh where it is at home.
    pub(crate) fn arrows_towards(&mut self, node: NodeId) -> Option<&mut Arrows> {
        let Some(map) = &self.division.map else { return Some(&mut self.arrows) };
        let mesh = map.home(node)?;
        if mesh == self.division.home {
            return self.division.territory.covers(node.0).then_some(&mut self.arrows);
        }
        // Of a mesh that has just been split, a stay in the whole of it goes on until it is over.
        let whole = || self.division.overlap.as_ref()?.map.home(node);
        let stay = self.division.stay_in(mesh).or_else(|| self.division.stay_in(whole()?));
        // Of one that merges with ours, who has no stay there draws as at home.
        let Some(number) = stay else {
            return self.division.territory.covers(node.0).then_some(&mut self.arrows);
        };
        self.division.stays.get_mut(&number).map(|stay| &mut stay.arrows)
    }

    /// Returns the arrows that a link is one of.
    pub(crate) fn arrows_of(&mut self, link: LinkId) -> Option<&mut Arrows> {
        match self.division.stay_of(link) {
            None if Division::is_flight(link) => {
                self.division.haven.as_mut().map(|haven| &mut haven.arrows)
            }
            None => Some(&mut self.arrows),
            Some(number) => self.division.stays.get_mut(&number).map(|stay| &mut stay.arrows),
        }
    }

    /// Returns all our arrows, those at home first.
    pub(crate) fn all_arrows(&mut self) -> impl Iterator<Item = &mut Arrows> {
        let abroad = self.division.stays.values_mut().map(|stay| &mut stay.arrows);
        let haven = self.division.haven.iter_mut().map(|haven| &mut haven.arrows);
        core::iter::once(&mut self.arrows).chain(abroad).chain(haven)
    }

    /// Returns the scope of a link: the one of the mesh it belongs to.
    pub(crate) fn scope_of(&mut self, link: LinkId) -> Scope {
        if self.division.map.is_none() {
            return Scope::EVERYWHERE;
        }
        if Division::is_flight(link) {
            let mesh = self.mesh_of(link);
            return self.division.scope(mesh);
        }
        let stay = self.division.stay_of(link).and_then(|number| self.division.stays.get(&number));
        match stay.map(|stay| stay.mesh) {
            Some(mesh) => self.division.scope(mesh),
            None if self.division.waiting.contains_key(&link) => NOWHERE,
            None => HOME,
        }
    }

    /// Notes whether routing reaches a node, and tells the arrows concerned.
    pub(crate) fn reaches(&mut self, node: NodeId, is_reached: bool, now: Time) {
        if is_reached {
            self.place(node, now);
        } else {
            self.division.elsewhere.remove(&node);
            self.tell_all_arrows(&arrows::Input::Unreachable(node), now);
        }
        if !self.division.duties.is_empty() || !self.division.stays.is_empty() {
            self.review(now);
        }
    }

    /// Returns what may be told and believed on the links of each mesh that we are in.
    pub(crate) fn admissions_by_mesh(&mut self) -> Vec<Admission> {
        if self.division.map.is_none() {
            return Vec::new();
        }
        let mut meshes = self.division.havens();
        meshes.extend(self.division.stays.values().map(|stay| stay.mesh));
        meshes.remove(&self.division.home);
        let abroad = meshes.into_iter().map(|mesh| (mesh, self.division.scope(mesh)));
        let mut scopes: Vec<(Prefix, Scope)> = abroad.collect();
        scopes.push((self.division.home, HOME));
        let farther = self.division.overlap.as_ref().map_or(0, Overlap::farther);
        let length = self.me.0.length();
        let tellers = &self.division.tellers;
        let of = |(mesh, on): (Prefix, Scope)| {
            let admission = move |inside, length, farther| Admission {
                on,
                inside,
                length,
                from: None,
                by: None,
                farther,
            };
            let (wide, ranges) = self.division.passing(mesh);
            let ranges = ranges.into_iter().map(move |range| Admission {
                by: Some(tellers.of(range)),
                ..admission(range, range.length(), 0)
            });
            let besides = (wide != mesh).then(|| admission(wide, length, farther));
            let nodes = core::iter::once(admission(mesh, length, 0));
            let escapes = self.division.passing_escapes(mesh, on);
            nodes.chain(besides).chain(ranges).chain(escapes)
        };
        scopes.into_iter().flat_map(of).collect()
    }

    /// Ends the stays of which nothing is left. All that their arrows said was heard before.
    pub(crate) fn bury_stays(&mut self, now: Time) {
        let over: Vec<(u32, Stay)> =
            self.division.stays.extract_if(.., |_, stay| stay.is_over()).collect();
        let mut left: Vec<NodeId> = Vec::new();
        for (number, stay) in &over {
            let kept = usize::try_from(*number).ok();
            if let Some(next) = kept.and_then(|at| self.division.numbers.get_mut(at)) {
                *next = stay.arrows.next_number();
            }
            self.outputs.push_back(Output::Event(crate::Event::Left { mesh: stay.mesh }));
            // Others lead to them still, as while two meshes merge: routing says so once only.
            stay.arrows.reachable().for_each(|node| left.push(node));
        }
        for node in left {
            self.place(node, now);
        }
        if !over.is_empty() {
            self.admit(now);
            self.review(now);
        }
    }
}
