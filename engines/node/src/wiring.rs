//! Who tells what to whom. All of it, and nothing else: no line here decides.
//!
//! ```text
//!            Reachable, Usage                    Send, Route
//!   arrows ◄─────────────────── routing ─────────────────────► world
//!    │  ▲ ─────────────────────► ▲
//!    │  │ Shun, Charge, Down     │ Up, Down, Frame
//!    │  │ Found, Described, …    │
//!    │  └──────────── gossip ◄── world: Document, Bootstrap, Overlay, Request
//!    └─► Seek ─────────► ▲
//!    └─► world: Open, Accept, Refuse, Close, Send
//! ```

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use arrows::Arrows;
use gossip::{Authority, Contact};
use words::frame::Kind;
use words::routing::{self, Routing};
use words::{Carrier, Engine, LinkId, NodeId, Time};

use crate::{Event, Input, Local, Node, Output};

impl<R: Routing, A: Authority> Node<R, A> {
    /// Passes on what the world said.
    pub(crate) fn inform(&mut self, input: &Input<'_>, now: Time) {
        match *input {
            Input::Up(link) => self.up(link, now),
            Input::Down(link) => self.down(link, now),
            Input::Read(at) => self.gossip.handle(gossip::Input::Read(at), now),
            Input::Frame(link, frame) => self.frame(link, frame, now),
            Input::Refused(link, reason) => {
                self.tell_arrows(link, arrows::Input::Refused(link, reason.into()), now);
            }
            Input::Unanswered(link, token) => self.unanswered(link, token, now),
            Input::Observed(link, at) => self.observed(link, at, now),
            Input::Roamed => self.gossip.handle(gossip::Input::Roamed, now),
            Input::OnLan { at, introduction } => {
                self.gossip.handle(gossip::Input::OnLan(at, introduction), now);
            }
            Input::Index(index) => {
                self.index = Some(index);
                self.renumber(now);
            }
            Input::Announce(range) => self.open_way(range, now),
            Input::Withdraw(range) => self.close_way(range, now),
            Input::Leave => self.tell_all_arrows(&arrows::Input::Leave, now),
            Input::Carried(link) => {
                self.tell_arrows(link, arrows::Input::Carried(link), now);
            }
            Input::Traffic(all) => self.tell_all_arrows(&arrows::Input::Traffic(all), now),
            Input::Relayed { carried, usual } => self.bear(carried, usual, now),
            Input::Wake => {
                self.routing.handle(routing::Input::Wake, now);
                self.hear_routing(now);
                // Who is not due would only look around in vain.
                for arrows in self.all_arrows() {
                    if arrows.deadline().is_some_and(|due| due.at <= now) {
                        arrows.handle(arrows::Input::Wake, now);
                    }
                }
                self.review_if_due(now);
                if self.gossip.deadline().is_some_and(|due| due.at <= now) {
                    self.gossip.handle(gossip::Input::Wake, now);
                }
            }
            Input::Calendar(wall) => {
                self.gossip.handle(gossip::Input::Calendar(wall), now);
                self.dated(now);
            }
            Input::Request { link, key, introduction } => {
                self.gossip.handle(gossip::Input::Judge(link, introduction, key), now);
            }
            Input::Overlay(from, words) => {
                self.gossip.handle(gossip::Input::Overlay(from, words), now);
            }
            Input::Document(octets) => {
                self.gossip.handle(gossip::Input::Document(octets), now);
            }
            Input::Contacts(kept) => self.gossip.handle(gossip::Input::Contacts(kept), now),
            Input::Bootstrap(named) => self.gossip.handle(gossip::Input::Bootstrap(named), now),
            Input::Myself(introduction) => {
                self.gossip.handle(gossip::Input::Myself(introduction.to_vec()), now);
            }
        }
    }

    /// Lets arrows know how routing uses links before they decide by it.
    fn hear_routing(&mut self, now: Time) {
        while let Some(said) = self.routing.poll() {
            self.routing_said(said, now);
        }
    }

    /// Lets the parts talk until all is said; routing first, so that nobody decides by what
    /// it no longer uses.
    pub(crate) fn converse(&mut self, now: Time) {
        loop {
            if let Some(said) = self.routing.poll() {
                self.routing_said(said, now);
                continue;
            }
            let said = self.all_arrows().find_map(Arrows::poll);
            if let Some(said) = said {
                self.arrows_said(said, now);
            } else if let Some(said) = self.gossip.poll() {
                self.gossip_said(said, now);
            } else {
                return;
            }
        }
    }

    fn observed(&mut self, link: LinkId, at: SocketAddr, now: Time) {
        if let Some(node) = self.peer(link) {
            self.gossip.handle(gossip::Input::Observed(node, at), now);
        }
    }

    /// Has our links cost more if we carry much for others, so that paths find others as good.
    fn bear(&mut self, carried: u64, usual: u64, now: Time) {
        self.load.look(carried, usual, now);
        self.tell_all_arrows(&arrows::Input::Load(self.load_delay()), now);
    }

    /// Returns what our links cost for what we carry for others.
    pub(crate) fn load_delay(&self) -> Duration {
        let cost = babel::Cost(u16::try_from(self.load.cost()).unwrap_or(u16::MAX));
        babel::Ramp::PLANET.delay(cost)
    }

    fn unanswered(&mut self, link: LinkId, token: u32, now: Time) {
        if let Some(node) = self.peer(link) {
            self.gossip.handle(gossip::Input::Knock(link, node, token), now);
        }
    }

    fn up(&mut self, link: LinkId, now: Time) {
        let Some(peer) = self.peers.get(&link).copied() else { return };
        self.found.remove(&link);
        self.up.insert(link);
        self.tell_arrows(link, arrows::Input::Up(link, peer), now);
        self.lead(link, now);
        if self.division.drains(link) {
            self.routing.handle(routing::Input::Shun(link), now);
        }
        self.gossip.handle(gossip::Input::LinkUp(link, peer), now);
        if self.mesh_of(link) != self.division.home {
            self.review(now);
        }
    }

    fn down(&mut self, link: LinkId, now: Time) {
        // First: whose arrow it was is forgotten with it.
        self.tell_arrows(link, arrows::Input::Down(link), now);
        self.forget(link, now);
        self.review(now);
    }

    /// Tells routing and gossip that a link is no more.
    fn forget(&mut self, link: LinkId, now: Time) {
        self.peers.remove(&link);
        self.up.remove(&link);
        self.found.remove(&link);
        self.division.waiting.remove(&link);
        self.division.refugees.remove(&link);
        self.division.visits.remove(&link);
        self.routing.handle(routing::Input::Down(link), now);
        self.gossip.handle(gossip::Input::LinkDown(link), now);
    }

    fn frame(&mut self, link: LinkId, frame: &[u8], now: Time) {
        match Kind::of(frame) {
            Some((Kind::Routing, words)) => {
                self.routing.handle(routing::Input::Frame(link, words), now);
            }
            Some((Kind::Arrows, words)) => {
                self.tell_arrows(link, arrows::Input::Frame(link, words), now);
            }
            Some((Kind::Gossip, words)) => {
                self.gossip.handle(gossip::Input::Frame(link, words), now);
                if self.division.waiting.contains_key(&link) {
                    self.settle_waiting(now);
                }
            }
            Some((Kind::Ipv4 | Kind::Ipv6, _)) | None => {
                self.say(Output::Event(Event::UnknownFrame(link)));
            }
        }
    }

    fn arrows_said(&mut self, said: arrows::Output, now: Time) {
        match said {
            arrows::Output::Seek(link, node) => {
                self.peers.insert(link, node);
                self.gossip.handle(gossip::Input::Find(link, node), now);
            }
            arrows::Output::Open(link, to, carrier) => self.open(link, to, carrier),
            arrows::Output::Accept(link) => self.say(Output::Accept(link)),
            arrows::Output::Refuse(link, why) => {
                self.peers.remove(&link);
                self.division.waiting.remove(&link);
                self.division.refugees.remove(&link);
                self.division.visits.remove(&link);
                self.say(Output::Refuse(link, why.into()));
            }
            arrows::Output::Close(link) => {
                self.forget(link, now);
                self.say(Output::Close(link));
                self.review(now);
            }
            arrows::Output::Leave(link) => self.routing.handle(routing::Input::Down(link), now),
            arrows::Output::Shun(link) => self.routing.handle(routing::Input::Shun(link), now),
            arrows::Output::Charge(link, delay) => {
                let delay = self.charged(link, delay);
                self.routing.handle(routing::Input::Charge(link, delay), now);
            }
            arrows::Output::Watch(link) => self.say(Output::Watch(link)),
            arrows::Output::Send(link, words) => self.send(link, Kind::Arrows, &words),
            arrows::Output::Event(event) => self.say(Output::Event(Event::Arrows(event))),
        }
    }

    fn routing_said(&mut self, said: routing::Output, now: Time) {
        match said {
            routing::Output::Send(link, packet) => self.send(link, Kind::Routing, &packet),
            routing::Output::Route(range, via) => {
                if let Some(node) = self.node_of(range) {
                    if via.is_some() && self.local.host == Some(node) {
                        self.gossip.handle(gossip::Input::Host(Some(node)), now);
                    }
                    self.reaches(node, via.is_some(), now);
                } else {
                    self.leads_to(range, via.is_some(), now);
                }
                self.say(Output::Route(range, via));
            }
            routing::Output::Usage(link, used_by) => {
                self.tell_arrows(link, arrows::Input::Usage(link, used_by), now);
            }
        }
    }

    fn gossip_said(&mut self, said: gossip::Output, now: Time) {
        match said {
            gossip::Output::Send(link, words) => self.send(link, Kind::Gossip, &words),
            gossip::Output::Overlay(node, words) => {
                self.say(Output::Overlay(node.address(), words));
            }
            gossip::Output::Found(link, contact) => {
                let carriers = contact.carriers;
                self.found.insert(link, contact);
                self.tell_arrows(link, arrows::Input::Found(link, carriers), now);
            }
            gossip::Output::Heard(link, contact) => {
                let endpoints = by(Carrier::Udp, &contact);
                self.say(Output::Redial { link, endpoints });
            }
            gossip::Output::Beckon(contact, token) => {
                let endpoints = by(Carrier::Udp, &contact);
                self.say(Output::Beckon { key: contact.key, token, endpoints });
            }
            gossip::Output::Seen(at) => self.say(Output::Seen(at)),
            gossip::Output::Guest(node, index) => self.guest_came(node, index, now),
            gossip::Output::GuestLeft(node) => self.guest_left(node, now),
            gossip::Output::Escaped(node, escaped) => self.let_escape(node, escaped, now),
            gossip::Output::OnLan(node, at) => self.on_lan(node, at, now),
            gossip::Output::OffLan(node) => self.off_lan(node, now),
            gossip::Output::NotFound(link) => {
                self.tell_arrows(link, arrows::Input::NotFound(link), now);
            }
            gossip::Output::Judged(link, Ok((node, claim))) => self.asked(link, node, claim, now),
            gossip::Output::Judged(link, Err(why)) => {
                // Too many strangers at once are no fault of this one: it may try again.
                let busy = why == gossip::Refused::Busy;
                let why = if busy { arrows::Refusal::Full } else { arrows::Refusal::Identity };
                self.say(Output::Refuse(link, why.into()));
            }
            gossip::Output::Described(node, contact) => {
                let traits = Local::traits(node, &contact, &self.parameters);
                self.tell_all_arrows(&arrows::Input::Described(node, traits), now);
            }
            gossip::Output::Bootstrap(nodes) => self.bootstrap(&nodes, now),
            gossip::Output::Introduced(node) => {
                if let Some(arrows) = self.arrows_towards(node) {
                    arrows.handle(arrows::Input::Introduced(node), now);
                }
            }
            gossip::Output::Dated => self.dated(now),
            gossip::Output::Meshes(meshes) => self.divide(meshes, now),
            gossip::Output::Parameters(parameters) => self.retune(parameters, now),
            gossip::Output::Banish(link) => {
                self.tell_arrows(link, arrows::Input::Banish(link), now);
            }
            gossip::Output::SaveDocument(octets) => self.say(Output::SaveDocument(octets)),
            gossip::Output::SaveContacts(kept) => self.say(Output::SaveContacts(kept)),
            gossip::Output::AskRegistry => self.say(Output::AskRegistry),
            gossip::Output::Attested { epoch, seen } => {
                self.say(Output::Attested { epoch, seen });
            }
            gossip::Output::Event(event) => self.say(Output::Event(Event::Gossip(event))),
        }
    }

    /// A node is on the same LAN: links with it go there, and arrows may point to it.
    fn on_lan(&mut self, node: NodeId, at: SocketAddr, now: Time) {
        if let Some(arrows) = self.arrows_towards(node) {
            arrows.handle(arrows::Input::OnLan(node), now);
        }
        let up = |link: &LinkId| link.is_ours() && self.peers.get(link) == Some(&node);
        let up: Vec<LinkId> = self.up.iter().copied().filter(up).collect();
        for link in up {
            self.say(Output::Nearer { link, at });
        }
    }

    /// A node is on the same LAN no longer.
    fn off_lan(&mut self, node: NodeId, now: Time) {
        self.tell_all_arrows(&arrows::Input::OffLan(node), now);
    }

    /// Adds to the order to open what gossip knows of the node.
    fn open(&mut self, link: LinkId, to: NodeId, carrier: Carrier) {
        let Some(contact) = self.found.get(&link) else { return };
        let endpoints = by(carrier, contact);
        let (key, introduction) = (contact.key, self.shown_for(link));
        self.say(Output::Open { link, to, carrier, key, endpoints, introduction });
    }

    fn retune(&mut self, parameters: gossip::Parameters, now: Time) {
        self.parameters = parameters;
        let settings = self.local.arrows_settings(&self.parameters);
        self.tell_all_arrows(&arrows::Input::Settings(&settings), now);
        self.division.dissolve_merged(&settings, now);
        self.admit(now);
        self.renumber(now);
        // Who is well known stands in the parameters.
        self.describe_all(now);
    }

    /// Tells all arrows what exceptions may know of nodes.
    pub(crate) fn describe_all(&mut self, now: Time) {
        let traits = |it: &Contact| (it.node, Local::traits(it.node, it, &self.parameters));
        let all: Vec<_> = self.gossip.contacts().map(traits).collect();
        for (node, traits) in all {
            self.tell_all_arrows(&arrows::Input::Described(node, traits), now);
        }
    }

    /// Tells the arrows of each mesh the nodes to begin with there.
    fn bootstrap(&mut self, nodes: &[NodeId], now: Time) {
        // At home those that we draw from: half of it, while it moves apart.
        let abroad = self.services().skip(1).map(|service| service.mesh);
        let meshes: Vec<_> = core::iter::once(self.division.territory).chain(abroad).collect();
        for mesh in meshes {
            let there = |node: &NodeId| mesh.covers(node.0);
            let named: Vec<NodeId> = nodes.iter().copied().filter(there).collect();
            if let (Some(first), false) = (named.first().copied(), named.is_empty())
                && let Some(arrows) = self.arrows_towards(first)
            {
                arrows.handle(arrows::Input::Bootstrap(&named), now);
            }
        }
    }

    /// Tells the arrows that a link is one of.
    pub(crate) fn tell_arrows(&mut self, link: LinkId, input: arrows::Input<'_>, now: Time) {
        if let Some(arrows) = self.arrows_of(link) {
            arrows.handle(input, now);
        }
    }

    pub(crate) fn tell_all_arrows(&mut self, input: &arrows::Input<'_>, now: Time) {
        self.all_arrows().for_each(|arrows| arrows.handle(*input, now));
    }

    fn send(&mut self, link: LinkId, kind: Kind, words: &[u8]) {
        let mut frame = Vec::with_capacity(1 + words.len());
        frame.extend(kind.octet());
        frame.extend_from_slice(words);
        self.say(Output::Send(link, frame));
    }

    pub(crate) fn say(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}

/// Returns where a node listens with one carrier.
fn by(carrier: Carrier, contact: &Contact) -> Vec<SocketAddr> {
    let by_it = contact.endpoints.iter().filter(|endpoint| endpoint.carrier == carrier);
    by_it.map(|endpoint| endpoint.address).collect()
}
