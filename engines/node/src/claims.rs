//! Which mesh a link belongs to: its two ends agree before it is made.
//!
//! ```text
//!  who dials ─► Claim: mesh, document, epoch ─► both are members of it ──────► a link of our home
//!                                            ├► its document is newer ─► a link that waits for it
//!                                            ├► its document is older ─► a link that ends once it has ours
//!                                            └► else ─────────────────────────► refused, and why
//! ```
//!
//! Each member proves what it is by its certificate, which is for an address inside the mesh, or by an
//! election that the other end can repeat from its own document: nothing that a claim says is believed.
//! Who is called is at home in the mesh, or serves there (`visits.rs`), since nobody else is drawn there, and is
//! who its contact says, or could not answer.
//!
//! Where one end has an older document, that one's map may have other meshes. Then the link is made all the
//! same, for the newer document to travel; no route is told or believed there. If the newer one is that of who
//! dials, the link is judged again as soon as we have it, or is closed. A claim of a later document that does not
//! exist wins no more than that. If it is ours, nothing that comes can change what we judged: who dials is told
//! that it is outdated, as soon as it has the document. Of either kind there are so many, and no more, so that
//! those of one kind keep nobody of the other away.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::time::Duration;

use arrows::Refusal;
use gossip::{Authority, Claim, Standing};
use words::routing::{self, Routing};
use words::{Engine, LinkId, NodeId, Time};

use crate::division::Division;
use crate::{Event, Node, Output};

/// How long a link waits for the newer document; that takes a round trip for each 16 kB or so.
const TRAVEL: Duration = Duration::from_secs(20);
/// Most links that wait at a time for a document that is newer than ours.
const MOST: usize = 8;
/// Most links at a time on which ours travels to who dials.
const PUPILS: usize = 4;
/// Most refugees that have a link with us at a time.
const REFUGEES: usize = 4;
/// How much longer a round trip over the link of a refugee is taken to be than it is; 9000 in the cost of Babel,
/// more than ways through a mesh cost, and less than half of what shunning does. Nobody sees whether it is in need,
/// and it could say of a mesh that is not its own that all of it is next to it: whoever has another way takes that.
const AWAY: Duration = Duration::from_millis(880);

/// A link whose ends go by different documents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    claim: Claim,
    since: Time,
}

impl Waiting {
    /// Returns until when it waits.
    pub(crate) fn until(&self) -> Time {
        self.since + TRAVEL
    }
}

/// What becomes of who asks for a link.
enum Verdict {
    /// Both are members of the mesh.
    Agreed,
    /// It is no member, and seeks refuge.
    Harboured,
    /// Its document, which is newer, decides.
    Waits,
    /// It goes by an older document, and is to have ours.
    Learns,
    Refused(Refusal),
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Returns what is shown where we dial `link`: ourselves, and the mesh that it is to belong to; empty
    /// if there is no room for both, or we do not know ourselves yet.
    pub(crate) fn shown_for(&self, link: LinkId) -> Vec<u8> {
        let (mesh, version) = (self.mesh_of(link), self.gossip.version());
        let epoch = self.division.epoch.as_ref().map_or(0, |epoch| epoch.number);
        let flees = Division::is_flight(link);
        let standing = if flees { Standing::Refugee } else { Standing::Member };
        let claim = Claim { mesh, version, epoch, standing };
        let shown = self.gossip.myself().and_then(|myself| claim.attach(myself).ok());
        shown.unwrap_or_default()
    }

    /// Somebody who is this node asks for a link, and says this of it; nothing, if it is of a version
    /// that did not.
    pub(crate) fn asked(&mut self, link: LinkId, node: NodeId, claim: Option<Claim>, now: Time) {
        if let Some(number) = self.visited(node, claim) {
            self.peers.insert(link, node);
            self.division.visits.insert(link, number);
            let request = arrows::Input::Request(link, node);
            return self.tell_arrows(link, request, now);
        }
        let verdict = match self.judge(node, claim) {
            Verdict::Waits if self.waiting_for(true) >= MOST => Verdict::Refused(Refusal::Outdated),
            Verdict::Learns if self.waiting_for(false) >= PUPILS => {
                Verdict::Refused(Refusal::Outdated)
            }
            same @ (Verdict::Agreed
            | Verdict::Harboured
            | Verdict::Waits
            | Verdict::Learns
            | Verdict::Refused(_)) => same,
        };
        match verdict {
            Verdict::Agreed => {}
            Verdict::Harboured => {
                self.division.refugees.insert(link);
                self.say(Output::Event(Event::Refugee { link, node }));
            }
            Verdict::Waits | Verdict::Learns => {
                let waiting = claim.map(|claim| (link, Waiting { claim, since: now }));
                self.division.waiting.extend(waiting);
                self.say(Output::Event(Event::Waits { link, node }));
            }
            Verdict::Refused(why) => {
                self.say(Output::Refuse(link, why.into()));
                return self.say(Output::Event(Event::NotAdmitted { link, node, why }));
            }
        }
        self.peers.insert(link, node);
        self.arrows.handle(arrows::Input::Request(link, node), now);
    }

    fn judge(&mut self, node: NodeId, claim: Option<Claim>) -> Verdict {
        let Some(claim) = claim.filter(|_| self.division.map.is_some()) else {
            let enters = self.may_enter(node);
            return if enters { Verdict::Agreed } else { Verdict::Refused(Refusal::OtherMesh) };
        };
        // While a mesh is split, or two merge, the ends may know it as a whole or as halves.
        let common = self.division.common();
        let is_ours = claim.mesh.covers(common) || common.covers(claim.mesh);
        let refusal = match (is_ours, self.may_enter(node)) {
            (true, true) => return Verdict::Agreed,
            (true, false) if claim.standing == Standing::Refugee => return self.harbour(node),
            (true, false) => Refusal::OtherMesh,
            (false, _) => Refusal::Elsewhere,
        };
        match claim.version.cmp(&self.gossip.version()) {
            Ordering::Less => Verdict::Learns,
            Ordering::Equal => Verdict::Refused(refusal),
            Ordering::Greater => Verdict::Waits,
        }
    }

    /// Returns how much longer a round trip over a link is taken to be, which our arrows take to be so much
    /// longer.
    pub(crate) fn charged(&self, link: LinkId, delay: Duration) -> Duration {
        if self.division.refugees.contains(&link) { delay.saturating_add(AWAY) } else { delay }
    }

    /// Lets routing know of a link that is up; of one of a refugee, that it is far away.
    pub(crate) fn lead(&mut self, link: LinkId, now: Time) {
        let scope = self.scope_of(link);
        self.routing.handle(routing::Input::Up(link, scope), now);
        let away = self.charged(link, Duration::ZERO);
        if !away.is_zero() {
            self.routing.handle(routing::Input::Charge(link, away), now);
        }
    }

    /// Returns how many links wait for a newer document of theirs, or for theirs to be ours.
    fn waiting_for(&self, theirs: bool) -> usize {
        let ours = self.gossip.version();
        let all = self.division.waiting.values();
        all.filter(|it| (it.claim.version > ours) == theirs).count()
    }

    /// Tells whether the other end of a link has said that it has our document, or a newer one.
    fn has_learnt(&self, link: LinkId) -> bool {
        self.gossip.version_of(link).is_some_and(|theirs| theirs >= self.gossip.version())
    }

    /// Takes in a node of another mesh that seeks refuge, if it is listed and there is room: a few at a
    /// time, since nobody can tell whether it has any links at home.
    fn harbour(&self, node: NodeId) -> Verdict {
        match (self.is_listed(node), self.division.refugees.len() < REFUGEES) {
            (false, _) => Verdict::Refused(Refusal::OtherMesh),
            (true, false) => Verdict::Refused(Refusal::Full),
            (true, true) => Verdict::Harboured,
        }
    }

    /// Tells whether the document lists a node.
    pub(crate) fn is_listed(&self, node: NodeId) -> bool {
        let meshes = self.division.meshes.as_ref();
        meshes.is_some_and(|meshes| meshes.roster.get(node).is_some())
    }

    /// Looks again at the links that wait: gives those to our home that belong there, or to a mesh in which we
    /// serve, and closes those which waited for too long.
    pub(crate) fn settle_waiting(&mut self, now: Time) {
        let waiting: Vec<(LinkId, Waiting)> =
            self.division.waiting.iter().map(|(link, it)| (*link, *it)).collect();
        for (link, it) in waiting {
            let Some(node) = self.peers.get(&link).copied() else { continue };
            if let Some(number) = self.visited(node, Some(it.claim)) {
                self.division.waiting.remove(&link);
                self.welcome(link, node, number, now);
                continue;
            }
            let why = match self.judge(node, Some(it.claim)) {
                Verdict::Waits if now < it.until() => continue,
                Verdict::Learns if now < it.until() && !self.has_learnt(link) => continue,
                Verdict::Agreed | Verdict::Harboured => None,
                Verdict::Waits | Verdict::Learns => Some(Refusal::Outdated),
                Verdict::Refused(why) => Some(why),
            };
            self.division.waiting.remove(&link);
            if it.claim.standing == Standing::Refugee && why.is_none() {
                self.division.refugees.insert(link);
            }
            if let Some(why) = why {
                self.arrows.handle(arrows::Input::Dismiss(link), now);
                self.say(Output::Event(Event::NotAdmitted { link, node, why }));
            } else if self.up.contains(&link) {
                self.lead(link, now);
            }
        }
    }
}
