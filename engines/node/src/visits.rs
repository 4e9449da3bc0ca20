//! Border nodes as guests: who serves in a mesh is drawn there like those who are at home in it.
//!
//! ```text
//!  who is at home ─► draws among all that routing reaches at home, and who was elected to serve there
//!                └─► dials a guest, and names the mesh ─► guest: a link of that mesh, beside its own arrows there
//! ```
//!
//! Routing tells nothing of guests in the mesh where they serve: their own prefixes pass in their
//! homes only. But everybody can see that they were elected, and asks them over the overlay, like
//! all others. So all members of a mesh are candidates there, and a border node is called as often in
//! each of its meshes as anybody else.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use arrows::Arrows;
use gossip::{Authority, Claim, Standing};
use order::Stage;
use words::routing::{self, Routing};
use words::{Engine, LinkId, NodeId, Prefix, Time};

use crate::Node;
use crate::between::{GRACE, OVERLAP};
use crate::division::Division;
use crate::stay::Phase;

impl Division {
    /// Tells whether a node serves in our home, or did until a moment ago.
    pub(crate) fn is_guest(&self, node: NodeId) -> bool {
        self.guests.contains(&node) || self.former.contains_key(&node)
    }
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Tells the arrows of each mesh who serves in it.
    ///
    /// Who was elected just now has as long to begin as its predecessor goes on. While our home is split,
    /// or merges with another mesh, nobody is drawn so, and our arrows to guests drain: who serves is
    /// elected anew as soon as the new map is in force, and has one link with each of us. A mesh in which
    /// we serve ourselves is another matter: our stay there ends, or goes on in the new one.
    pub(crate) fn tell_guests(&mut self, now: Time) {
        let division = &mut self.division;
        let is_moving = division.territory != division.home || division.merging.is_some();
        let elected = division.tellers.elected().filter(|_| !is_moving);
        let of = |mesh| elected.map(|elected| elected.guests(mesh)).unwrap_or_default();
        let stays = division.stays.values_mut().filter(|stay| stay.is_serving());
        let mut stays: Vec<_> = stays.map(|stay| (of(stay.mesh), &mut stay.arrows)).collect();
        let home = of(division.home);
        let abroad = stays.iter().flat_map(|(guests, _)| guests);
        let elected: BTreeSet<NodeId> = home.iter().chain(abroad).copied().collect();
        division.begin.retain(|node, _| elected.contains(node));
        for node in elected {
            division.begin.entry(node).or_insert(now + OVERLAP);
        }
        division.invites = division.begin.values().copied().filter(|at| *at > now).min();
        let began = |node: &NodeId| division.begin.get(node).is_some_and(|at| *at <= now);
        for (guests, arrows) in &mut stays {
            let guests = guests.iter().copied().filter(began).collect();
            invite(arrows, &guests, now);
        }
        let home: BTreeSet<NodeId> = home.into_iter().filter(began).collect();
        let left = division.guests.difference(&home).map(|node| (*node, now + GRACE));
        division.former.extend(left);
        division.former.retain(|node, _| !home.contains(node));
        invite(&mut self.arrows, &home, now);
        division.guests = home;
    }

    /// Returns the number of the stay in which a node asks for a link, if we serve there and it is a
    /// member of that mesh as well.
    pub(crate) fn visited(&self, node: NodeId, claim: Option<Claim>) -> Option<u32> {
        let mesh = claim.filter(|claim| claim.standing == Standing::Member)?.mesh;
        let common = self.division.common();
        if mesh.covers(common) || common.covers(mesh) {
            return None;
        }
        let number = self.division.stay_in(mesh)?;
        let phase = self.division.stays.get(&number)?.phase;
        let begins = matches!(phase, Phase::Serving(Stage::Joining | Stage::Serving));
        (begins && self.may_visit(node, mesh)).then_some(number)
    }

    /// Gives a link, which waited for our document as one of our home, to the stay that it belongs to, if
    /// that one lets it in; else it is closed.
    pub(crate) fn welcome(&mut self, link: LinkId, node: NodeId, number: u32, now: Time) {
        self.arrows.handle(arrows::Input::HandOver(link), now);
        self.division.visits.insert(link, number);
        self.tell_arrows(link, arrows::Input::TakeOver(link, node), now);
        // Who is not let in there is told so by the arrows, which close the link: nothing else may hear of it.
        if !self.arrows_of(link).is_some_and(|arrows| arrows.has(link)) {
            return;
        }
        if self.up.contains(&link) {
            self.tell_arrows(link, arrows::Input::Up(link, node), now);
            let scope = self.scope_of(link);
            self.routing.handle(routing::Input::Up(link, scope), now);
        }
    }

    /// Tells whether a node is a member of a mesh in which we serve: it is at home there, or was elected.
    pub(crate) fn may_visit(&self, node: NodeId, mesh: Prefix) -> bool {
        let outcome = self.division.tellers.outcome();
        mesh.covers(node.0) || outcome.is_some_and(|outcome| outcome.verify(node, mesh).is_ok())
    }
}

/// Lets these nodes be drawn besides those at home, and no longer those of before: our arrows to them
/// drain while they still serve.
fn invite(arrows: &mut Arrows, guests: &BTreeSet<NodeId>, now: Time) {
    let left: Vec<NodeId> = arrows.guests().filter(|node| !guests.contains(node)).collect();
    let invited: Vec<NodeId> = guests.iter().copied().collect();
    arrows.handle(arrows::Input::Guests(&invited), now);
    for node in left {
        let is_reached = arrows.reaches(node);
        arrows.handle(arrows::Input::Yield(node), now);
        if is_reached {
            arrows.handle(arrows::Input::Reachable(node), now);
        }
    }
}
