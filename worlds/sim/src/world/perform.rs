//! What nodes want done.

use node::{Event, Output};
use words::{LinkId, NodeId};

use super::{Answer, Citizen, End, Entry, REGISTRY, World, address};
use crate::oracle::number;

impl<E: Citizen> World<E> {
    /// Does what a node said.
    pub(super) fn perform(&mut self, node: usize, output: Output) {
        match output {
            Output::Open { link, to, .. } => self.open(node, link, to),
            Output::Accept(link) => self.accept(node, link),
            Output::Refuse(link, why) => self.refuse(node, link, why),
            Output::Close(link) => self.close(node, link),
            Output::Send(link, frame) => self.send(node, link, frame),
            Output::Overlay(to, words) => {
                if let Some(to) = number(to.to_bits()) {
                    self.send_over_mesh(node, to, words);
                }
            }
            Output::Route(range, link) => self.ways.set(node, range, link),
            Output::AskRegistry => {
                if self.registry {
                    self.agenda.plan(self.now + REGISTRY, Entry::Named(node));
                }
            }
            Output::Event(Event::Arrows(event)) => self.book.write(node, &event, self.now),
            // Nobody sends payload but gossip, nobody has IPv4 or moves, every port is open to
            // whom the terrain lets through, there is one mesh, and there is no disk.
            Output::Event(
                Event::Gossip(_)
                | Event::NoIpv4 { .. }
                | Event::Entered { .. }
                | Event::Left { .. }
                | Event::NotAdmitted { .. }
                | Event::Waits { .. }
                | Event::Escaped(_)
                | Event::SeeksRefuge { .. }
                | Event::Refugee { .. }
                | Event::Expelled { .. }
                | Event::UnknownFrame(_),
            )
            | Output::Escape(_)
            | Output::Closed(_)
            | Output::Redial { .. }
            | Output::Nearer { .. }
            | Output::Beckon { .. }
            | Output::Seen(_)
            | Output::Ipv4(_)
            | Output::Watch(_)
            | Output::Attested { .. }
            | Output::SaveDocument(_)
            | Output::SaveContacts(_) => {}
        }
    }

    /// A call: it arrives after half a round trip, or never.
    fn open(&mut self, node: usize, link: LinkId, to: NodeId) {
        let Some(to) = number(to.0.bits()).filter(|to| *to < self.terrain.count()) else { return };
        if let Some(ends) = self.ends.get_mut(node) {
            let nobody = End { peer: to, theirs: LinkId::theirs(0), open: false };
            ends.insert(link, nobody);
        }
        if let Some(at) = self.terrain.carry(node, to, CALL, self.now) {
            self.agenda.plan(at, Entry::Call(node, link, to));
        }
    }

    /// The answer to a call: our end is up now, the other when it hears.
    fn accept(&mut self, node: usize, link: LinkId) {
        let Some(End { peer, theirs, .. }) = self.end(node, link) else { return };
        // Who has given up meanwhile has no end any more.
        if self.end(peer, theirs).is_some()
            && let Some(chart) = self.ways.chart()
        {
            let ends = [(peer, theirs), (node, link)];
            chart.borrow_mut().tie(ends, self.hop(node, peer));
        }
        self.agenda.plan(self.now, Entry::Answered(node, link, Answer::Yes));
        if let Some(at) = self.terrain.carry(node, peer, CALL, self.now) {
            self.agenda.plan(at, Entry::Answered(peer, theirs, Answer::Yes));
        }
    }

    fn refuse(&mut self, node: usize, link: LinkId, why: u8) {
        let Some(ends) = self.ends.get_mut(node) else { return };
        let Some(End { peer, theirs, .. }) = ends.remove(&link) else { return };
        if let Some(at) = self.terrain.carry(node, peer, CALL, self.now) {
            self.agenda.plan(at, Entry::Answered(peer, theirs, Answer::No(why)));
        }
    }

    fn close(&mut self, node: usize, link: LinkId) {
        let Some(end) = self.ends.get_mut(node).and_then(|ends| ends.remove(&link)) else { return };
        if self.end(end.peer, end.theirs).is_some_and(|theirs| theirs.open) {
            self.fall_silent(end.peer, end.theirs);
        }
    }

    fn send(&mut self, node: usize, link: LinkId, frame: Vec<u8>) {
        let Some(End { peer, theirs, .. }) = self.end(node, link) else { return };
        if let Some(at) = self.terrain.carry(node, peer, frame.len() + OVERHEAD, self.now) {
            self.agenda.plan(at, Entry::Frame(peer, theirs, frame));
        }
    }

    /// Sends a datagram hop by hop, all of which are taken at once.
    fn send_over_mesh(&mut self, node: usize, to: usize, words: Vec<u8>) {
        let Some(way) = self.walk(node, to) else { return };
        let mut at = self.now;
        for (here, there) in way.iter().zip(way.iter().skip(1)) {
            let octets = words.len() + OVERHEAD;
            let Some(arrived) = self.terrain.carry(*here, *there, octets, at) else { return };
            at = arrived;
        }
        self.agenda.plan(at, Entry::Overlay(to, address(node), words));
    }
}

/// What the carrier adds to a frame, with the headers below it, in octets.
const OVERHEAD: usize = 80;
/// A packet of a handshake, in octets.
const CALL: usize = 1_200;
