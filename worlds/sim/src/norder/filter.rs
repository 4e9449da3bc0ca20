//! A country that is filtered: who is cut off, and how the mesh mends itself, round by round.
//!
//! Each pair of nodes of which one is inside of the country is blocked, or not, for good. Arrows
//! between blocked nodes die at once. Then, in each round, all nodes renew their arrows and try
//! once for each free seat; who has been poor for a round looks for refuge; and the quorum of every
//! member, and who escapes, follow from what hangs together.

use std::collections::BTreeMap;
use std::time::Duration;

use order::border::rescue;
use order::{Escape, Quorum, Refuge};
use principles::destruction::{Bends, Standing, condemn};
use words::{Dice, LinkId, Share, Time};

use super::Scene;
use super::draw::{Arrow, Urns};
use super::graph::{Forest, Graph, Pass};
use super::report::Filtered;
use super::wall::Wall;
use super::ways::{Step, some, walk};
use crate::number::{real, rounded, small};

/// Rounds that are looked at.
const ROUNDS: u64 = 3;
/// Between two rounds.
const PERIOD: Duration = Duration::from_mins(5);
/// How often routing refreshes.
const UPDATE: Duration = Duration::from_mins(1);
/// Destinations on each side of the border, and sources on the other side for each.
const WALKS: (usize, usize) = (60, 100);

/// Filters a country, and looks at the pairs across its border at once and after each round.
pub(super) fn look(
    scene: &Scene<'_>,
    arrows: Vec<Arrow>,
    country: Option<&str>,
    parts: u32,
) -> anyhow::Result<Filtered> {
    let wall = Wall::new((scene.land, scene.web.nodes()), country, parts, scene.seed)?;
    let mut siege = Siege::new(scene, arrows, wall);
    let options = scene.options;
    let mut report = Filtered {
        country: siege.wall.country.clone(),
        inside: siege.wall.count(),
        blocked_share: siege.wall.share(),
        quorum: !options.no_quorum,
        refuge: !options.no_refuge,
        pairs: 2 * WALKS.0 * WALKS.1,
        ..Filtered::default()
    };
    for round in 0..=ROUNDS {
        let now = Time::ZERO + PERIOD * u32::try_from(round).unwrap_or(0);
        if round > 0 {
            siege.renew();
        }
        siege.seek_refuge(now);
        let graph = siege.graph();
        siege.count(&graph, now);
        // A round ends minutes after the renewal with which it begins.
        let end = now + if round > 0 { 2 * UPDATE } else { Duration::ZERO };
        siege.count(&graph, end);
        report.lost_share.push(siege.lost(&graph));
        let escaped = siege.escapes.iter().filter(|escape| escape.is_escaped()).count();
        report.escaped.push(escaped);
        report.refugees.push(siege.refuges.iter().filter(|refuge| refuge.is_refugee(now)).count());
    }
    Ok(report)
}

/// All nodes, while the filter is in force.
struct Siege<'a> {
    scene: &'a Scene<'a>,
    urns: Urns<'a>,
    wall: Wall,
    arrows: Vec<Arrow>,
    /// Arrows of refugees, each in the mesh of whom it leads to.
    refuge_arrows: Vec<Arrow>,
    refuges: Vec<Refuge>,
    escapes: Vec<Escape>,
    /// Of each member of each mesh.
    quorums: BTreeMap<(u32, u32), Quorum>,
    dice: Dice,
}

impl<'a> Siege<'a> {
    fn new(scene: &'a Scene<'a>, mut arrows: Vec<Arrow>, wall: Wall) -> Self {
        let nodes = scene.web.nodes();
        let mut whole = Quorum::default();
        whole.look(1, 1);
        let mut quorums = BTreeMap::new();
        for node in 0..nodes {
            let meshes = scene.web.memberships(node);
            quorums.extend(
                meshes.meshes().map(|mesh| ((small(node), scene.web.mesh_number(mesh)), whole)),
            );
        }
        let mut siege = Self {
            scene,
            urns: Urns::new(scene.options, scene.land, scene.web),
            wall,
            arrows: Vec::new(),
            refuge_arrows: Vec::new(),
            refuges: vec![Refuge::new(PERIOD); nodes],
            escapes: vec![Escape::new(UPDATE); nodes],
            quorums,
            dice: Dice::of(scene.seed, "siege"),
        };
        arrows.retain(|arrow| !siege.wall.is_blocked(arrow.owner, arrow.to));
        siege.arrows = arrows;
        siege
    }

    /// One round: each node condemns a share of its arrows in each mesh, and tries once for each
    /// free seat.
    fn renew(&mut self) {
        let mut held: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
        for key in self.quorums.keys() {
            held.insert(*key, Vec::new());
        }
        for arrow in &self.arrows {
            held.entry((arrow.owner, arrow.mesh)).or_default().push(arrow.to);
        }
        let mut arrows = Vec::new();
        for ((owner, mesh), mut to) in held {
            self.condemn(&mut to);
            let seats = usize::from(self.scene.options.arrows);
            let mut left = self.urns.candidates(mesh as usize);
            let name = self.scene.web.name(owner as usize);
            let known = |node: u32, scene: &Scene<'_>| scene.web.name(node as usize);
            left.retain(|one| {
                one.node != name && to.iter().all(|to| one.node != known(*to, self.scene))
            });
            for _ in to.len()..seats {
                let Some(chosen) = self.urns.choose(&left, &mut self.dice) else { break };
                left.retain(|one| one.node != chosen);
                let there = self.scene.web.number_of(chosen);
                if !self.wall.is_blocked(owner, there) {
                    to.push(there);
                }
            }
            arrows.extend(to.into_iter().map(|to| Arrow { owner, to, mesh }));
        }
        self.arrows = arrows;
    }

    fn condemn(&mut self, to: &mut Vec<u32>) {
        let standing: Vec<_> = (0..small(to.len()))
            .map(|place| Standing { link: LinkId::ours(place), used_by: 0 })
            .collect();
        if standing.is_empty() {
            return;
        }
        let share = Share::percent(30);
        let condemned = condemn(&standing, share, &Bends::default(), Time::ZERO, &mut self.dice);
        let mut places: Vec<u32> = condemned.iter().map(|dies| dies.link.0).collect();
        places.sort_unstable();
        for place in places.into_iter().rev() {
            to.swap_remove(place as usize);
        }
    }

    /// Who has been poor for a round tries nodes of the whole network.
    fn seek_refuge(&mut self, now: Time) {
        if self.scene.options.no_refuge {
            return;
        }
        let mut live = vec![0; self.scene.web.nodes()];
        for arrow in &self.arrows {
            if arrow.mesh as usize == self.scene.web.home(arrow.owner as usize)
                && let Some(live) = live.get_mut(arrow.owner as usize)
            {
                *live += 1;
            }
        }
        let seats = usize::from(self.scene.options.arrows);
        for node in 0..self.scene.web.nodes() {
            let live = live.get(node).copied().unwrap_or(0);
            // Without routing nobody knows whether those whom it has links with are cut off as well.
            let refuge = self.refuges.get_mut(node);
            let tries = refuge.map_or(0, |refuge| refuge.look((live, seats), true, now));
            let found = self.refuge_arrows.iter().filter(|arrow| arrow.owner as usize == node);
            let mut open = live + found.count();
            for _ in 0..tries {
                let there = small(self.dice.below(self.scene.web.nodes()));
                let owner = small(node);
                if open < seats && there != owner && !self.wall.is_blocked(owner, there) {
                    open += 1;
                    let mesh = small(self.scene.web.home(there as usize));
                    self.refuge_arrows.push(Arrow { owner, to: there, mesh });
                }
            }
        }
    }

    fn graph(&self) -> Graph {
        let all = self.arrows.iter().chain(&self.refuge_arrows).map(Arrow::link);
        Graph::of(self.scene.web.nodes(), all, self.scene.land)
    }

    /// Counts of whom each member of each mesh knows, and takes in who has the quorum.
    fn count(&mut self, graph: &Graph, now: Time) {
        let web = self.scene.web;
        for mesh in 0..web.meshes().len() {
            let parts = graph.parts(|_, end| end.mesh as usize == mesh);
            let mut members: BTreeMap<u32, usize> = BTreeMap::new();
            let part = |node: usize| parts.get(node).copied().unwrap_or(0);
            for node in mesh * web.each()..(mesh + 1) * web.each() {
                *members.entry(part(node)).or_default() += 1;
            }
            let keys = self.quorums.iter_mut().filter(|((_, of), _)| *of as usize == mesh);
            for ((node, _), quorum) in keys {
                let reached = members.get(&part(*node as usize)).copied().unwrap_or(0);
                quorum.look(reached, web.each());
            }
        }
        for (node, escape) in self.escapes.iter_mut().enumerate() {
            let home = (small(node), small(web.home(node)));
            let holds = self.quorums.get(&home).is_some_and(|quorum| quorum.holds());
            escape.look(holds || self.scene.options.no_quorum, now);
        }
    }

    /// Tells whether a member of a mesh may tell of its range there.
    fn holds(&self, node: u32, mesh: u32) -> bool {
        let quorum = self.quorums.get(&(node, mesh));
        self.scene.options.no_quorum || quorum.is_some_and(|quorum| quorum.holds())
    }

    /// Walks across the border in both directions; returns the share that did not arrive.
    fn lost(&self, graph: &Graph) -> f64 {
        let mut dice = Dice::of(self.scene.seed, "border");
        let (inside, outside) = (self.wall.side(true), self.wall.side(false));
        let (mut lost, mut looked) = (0_usize, 0_usize);
        for (to, from) in [(&inside, &outside), (&outside, &inside)] {
            for to in
                some(WALKS.0.min(to.len()), to.len(), &mut dice).iter().filter_map(|at| to.get(*at))
            {
                let steps = self.steps(graph, *to);
                let sources = some(WALKS.1.min(from.len()), from.len(), &mut dice);
                for from in sources.iter().filter_map(|at| from.get(*at)) {
                    looked += 1;
                    lost += usize::from(walk(&steps, *from, *to).is_none());
                }
            }
        }
        rounded(real(lost) / real(looked.max(1)))
    }

    /// Returns the steps to a node: who escaped is known to all, by its own prefix.
    fn steps(&self, graph: &Graph, node: usize) -> Vec<Step> {
        let web = self.scene.web;
        let nodes = web.nodes();
        let mesh = small(web.home(node));
        let number = small(node);
        if self.escapes.get(node).is_some_and(Escape::is_escaped) {
            let mut origins: Vec<_> =
                graph.of_node(number).iter().map(|end| (number, end.mesh)).collect();
            origins.sort_unstable();
            origins.dedup();
            let scope = vec![true; web.meshes().len()];
            let pass = Pass { scope: &scope, refuse: &[], origins: &origins, charge: &[] };
            return vec![Step { within: vec![true; nodes], forest: graph.forest(&pass) }];
        }
        let range = web.mesh(mesh as usize);
        let scope = web.scope(web.name(node).0);
        let pass = Pass { scope: &scope, refuse: &[], origins: &[(number, mesh)], charge: &[] };
        let home = graph.forest(&pass);
        let within = (0..small(nodes)).map(|node| {
            // Whoever has a link in the mesh hears of its nodes, as refugees do.
            let member = self.quorums.contains_key(&(node, mesh));
            home.reaches(node) || (member && self.holds(node, mesh))
        });
        let within = within.collect();
        vec![
            Step { within: vec![true; nodes], forest: self.to_range(graph, range, mesh) },
            Step { within, forest: home },
        ]
    }

    /// Returns the paths to a range. Members who hold the quorum tell it and refuse it; who was cut
    /// off takes it from outside, and tells those who were cut off with it.
    fn to_range(&self, graph: &Graph, range: words::Prefix, mesh: u32) -> Forest {
        let web = self.scene.web;
        let told = web.origins().get(&range).map_or(&[][..], Vec::as_slice).iter().copied();
        // Refugees are members of their home on links of other meshes, like border nodes.
        let refugees = self
            .refuge_arrows
            .iter()
            .filter(|arrow| web.home(arrow.owner as usize) == mesh as usize && arrow.mesh != mesh);
        let told = told.chain(refugees.map(|arrow| (arrow.owner, arrow.mesh)));
        let origins: Vec<_> = told.filter(|(node, _)| self.holds(*node, mesh)).collect();
        let refuse: Vec<bool> = (0..small(web.nodes()))
            .map(|node| self.quorums.contains_key(&(node, mesh)) && self.holds(node, mesh))
            .collect();
        let mut scope = web.scope(range);
        let member = web.memberships(mesh as usize * web.each());
        if let Some(passes) = scope.get_mut(mesh as usize) {
            *passes = rescue(&web.map, &member, range, range, |_| self.scene.options.no_quorum);
        }
        graph.forest(&Pass { scope: &scope, refuse: &refuse, origins: &origins, charge: &[] })
    }
}
