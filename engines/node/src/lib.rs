//! The whole node: its arrows, its routing, its gossip, and what they tell each other.
//!
//! A node is three engines around one [`wiring`](self): the wiring passes words on
//! and decides nothing. The carrier (handshakes, keys) and the packet plane are
//! outside: they belong to the world, as sockets do.
//!
//! ```text
//!   world ──► Request, Up, Down, Frame, Overlay, Bootstrap, Document, … ──► node
//!   world ◄── Open, Accept, Refuse, Close, Send, Overlay, Route, Save… ◄── node
//! ```
//!
//! Same seed and same inputs, same outputs, octet for octet: a recorded run replays.
#![no_std]

extern crate alloc;

mod between;
mod claims;
mod division;
mod escape;
mod guests;
mod io;
mod merging;
mod overlap;
mod payload;
mod ranges;
mod reach;
mod refuge;
mod settings;
mod stay;
mod tellers;
mod visits;
mod wiring;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use arrows::Arrows;
use gossip::{Authority, Contact, Gossip, Parameters};
use words::routing::{self, Admission, Range, Routing};
use words::{Deadline, Engine, LinkId, NodeId, Prefix, Time, next_said};

use division::Division;
use guests::Ways;

pub use division::Service;
pub use io::{Event, Input, Output, Why};
pub use payload::{Ipv4, admissions};
pub use ranges::Group;
pub use settings::{Local, Override, babel_settings};

/// One node of the mesh, with the routing protocol `R` and the certificate authority `A`.
#[derive(Debug)]
pub struct Node<R, A> {
    me: NodeId,
    local: Local,
    parameters: Parameters,
    arrows: Arrows,
    routing: R,
    gossip: Gossip<A>,
    /// Who is, or asks to be, at the other end of each link.
    peers: BTreeMap<LinkId, NodeId>,
    /// Links that are up.
    up: BTreeSet<LinkId>,
    division: Division,
    /// When we last looked at our meshes.
    looked_at: Time,
    /// When they want us to look again, as of the last time that we were told anything.
    meshes_due: Option<Time>,
    /// How to reach the nodes whose arrows are about to open.
    found: BTreeMap<LinkId, Contact>,
    /// What routing believes of others.
    admissions: Box<[Admission]>,
    /// The small index of our certificate.
    index: Option<u32>,
    ipv4: Option<Ipv4>,
    ways: Ways,
    /// What we carry for others, as a cost.
    load: order::Load,
    outputs: VecDeque<Output>,
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Returns a node that has just started and knows nobody.
    ///
    /// `me` is announced to routing at once. The parameters are the seed's until a
    /// network document says otherwise.
    pub fn new(local: Local, routing: R, gossip: Gossip<A>, seed: [u8; 32], now: Time) -> Self {
        let parameters = Parameters::default();
        let arrows = Arrows::new(local.arrows_settings(&parameters), local.me, seed, now);
        let division = Division::new(gossip.network(), seed);
        let mut node = Self {
            me: local.me,
            local,
            parameters,
            arrows,
            routing,
            gossip,
            peers: BTreeMap::new(),
            up: BTreeSet::new(),
            division,
            looked_at: now,
            meshes_due: None,
            found: BTreeMap::new(),
            admissions: Box::default(),
            index: None,
            ipv4: None,
            ways: Ways::default(),
            load: order::Load::new(order::Load::GAIN),
            outputs: VecDeque::new(),
        };
        node.admit(now);
        node.gossip.handle(gossip::Input::Host(node.local.host), now);
        node.routing.handle(routing::Input::Announce(node.me.0.into()), now);
        node.converse(now);
        node.meshes_due = node.division_deadline();
        node
    }

    /// Returns who we are.
    pub const fn me(&self) -> NodeId {
        self.me
    }

    /// Returns what each of our links is charged for what we carry for others, as a cost of Babel.
    pub const fn load(&self) -> u32 {
        self.load.cost()
    }

    /// Returns the arrows at home, to be looked at.
    pub const fn arrows(&self) -> &Arrows {
        &self.arrows
    }

    /// Returns the routing protocol, to be looked at.
    pub const fn routing(&self) -> &R {
        &self.routing
    }

    /// Returns the gossip, to be looked at.
    pub const fn gossip(&self) -> &Gossip<A> {
        &self.gossip
    }

    /// Returns the parameters in force: the network document's, with local overrides.
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Returns how many arrows we keep, all being well.
    pub fn seats(&self) -> usize {
        self.local.arrows_settings(&self.parameters).seats
    }

    /// Returns who is at the other end of `link`, if it is open or asked for.
    pub fn peer(&self, link: LinkId) -> Option<NodeId> {
        self.peers.get(&link).copied()
    }

    /// Returns the node whose prefix `range` is, and not a range of many, nor of IPv4.
    ///
    /// Nodes of a network have prefixes of one length; ranges of meshes are shorter.
    fn node_of(&self, range: Range) -> Option<NodeId> {
        let Range { to, from } = range;
        let its = to.length() == self.me.0.length() && self.gossip.network().covers(to);
        (its && from == Prefix::ALL && to != self.me.0).then_some(NodeId(to))
    }
}

impl<R: Routing, A: Authority> Engine for Node<R, A> {
    type Input<'a> = Input<'a>;
    type Output = Output;
    type Why = Why<R::Why>;

    fn handle(&mut self, input: Input<'_>, now: Time) {
        self.bury_stays(now);
        self.bury_haven(now);
        self.inform(&input, now);
        self.converse(now);
        self.meshes_due = self.division_deadline();
    }

    fn poll(&mut self) -> Option<Output> {
        next_said(&mut self.outputs)
    }

    fn deadline(&self) -> Option<Deadline<Self::Why>> {
        let haven = self.division.haven.iter().map(|haven| &haven.arrows);
        let arrows = self.services().map(|service| service.arrows).chain(haven);
        let arrows = arrows.filter_map(Engine::deadline);
        let arrows = arrows.min_by_key(|deadline| deadline.at).map(|d| d.because(Why::Arrows));
        let routing = self.routing.deadline().map(|d| d.because(Why::Routing));
        let gossip = self.gossip.deadline().map(|d| d.because(Why::Gossip));
        let meshes = self.meshes_due.map(|at| Deadline { at, why: Why::Meshes });
        let parts = [arrows, routing, gossip, meshes];
        parts.into_iter().fold(None, Deadline::earlier)
    }
}

#[cfg(test)]
mod tests;
