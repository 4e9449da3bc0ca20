//! What nodes want done.

use gossip::{Claim, Standing};
use node::{Event, Output};
use words::frame::Kind;
use words::{LinkId, NodeId};

use super::{End, Entry, REGISTRY, World};
use crate::norder::full::setting::at;
use crate::number::small;

/// Tells whether who calls so seeks refuge.
fn is_refugee(shown: &[u8]) -> bool {
    let claim = Claim::detach(shown).ok().and_then(|(_, claim)| claim);
    claim.is_some_and(|claim| claim.standing == Standing::Refugee)
}

impl World<'_> {
    /// Does what a node said.
    pub(super) fn perform(&mut self, node: u32, output: Output) {
        match output {
            Output::Open { link, to, introduction, .. } => self.open(node, link, to, introduction),
            Output::Accept(link) => self.accept(node, link),
            Output::Refuse(link, why) => self.refuse(node, link, why),
            Output::Close(link) => drop(self.take_end(node, link)),
            Output::Send(link, frame) => self.send(node, link, frame),
            Output::Overlay(to, words) => self.send_over_mesh(node, at(to), words),
            Output::Route(range, link) => self.tables.set(&self.web, node as usize, range, link),
            Output::Closed(ranges) => self.tables.close(node as usize, &ranges),
            Output::Escape(escaped) => self.escape(node, escaped),
            Output::AskRegistry => self.agenda.plan(self.now + REGISTRY, Entry::Named(node)),
            Output::Event(Event::Arrows(event)) => self.note(&event),
            Output::Event(Event::Entered { .. }) => self.counts.entered += 1,
            Output::Event(Event::Left { .. }) => self.counts.left += 1,
            Output::Event(Event::NotAdmitted { .. }) => self.counts.not_elected += 1,
            Output::Event(Event::Escaped(true)) => self.counts.escaped += 1,
            Output::Event(Event::Escaped(false)) => self.counts.came_back += 1,
            Output::Event(Event::SeeksRefuge { .. }) => self.counts.sought += 1,
            Output::Event(Event::Expelled { .. }) => self.counts.expelled += 1,
            Output::Event(Event::Gossip(gossip::Event::DocumentRefused { why, .. })) => {
                *self.lies.documents.entry(why.name()).or_default() += 1;
            }
            // Nobody sends payload but gossip, nobody has IPv4 or moves, every port is open, and
            // there is no disk.
            Output::Event(
                Event::Gossip(_)
                | Event::NoIpv4 { .. }
                | Event::Waits { .. }
                | Event::Refugee { .. }
                | Event::UnknownFrame(_),
            )
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

    /// A call: it arrives after half a round trip.
    fn open(&mut self, node: u32, link: LinkId, to: NodeId, shown: Vec<u8>) {
        let Some(to) = self.web.find(to).map(small) else { return };
        if self.silent.1 && is_refugee(&shown) {
            return;
        }
        self.put_end(node, link, End { peer: to, theirs: LinkId::theirs(0), open: false });
        self.agenda
            .plan(self.arrival(node, to, self.now), Entry::Call(node, link, to, shown.into()));
    }

    /// The answer to a call: our end is up now, the other when it hears.
    fn accept(&mut self, node: u32, link: LinkId) {
        let Some(End { peer, theirs, .. }) = self.end(node, link) else { return };
        self.agenda.plan(self.now, Entry::Answered(node, link, None));
        self.agenda.plan(self.arrival(node, peer, self.now), Entry::Answered(peer, theirs, None));
    }

    fn refuse(&mut self, node: u32, link: LinkId, why: u8) {
        let Some(End { peer, theirs, .. }) = self.take_end(node, link) else { return };
        let at = self.arrival(node, peer, self.now);
        self.agenda.plan(at, Entry::Answered(peer, theirs, Some(why)));
    }

    /// A frame goes through a link.
    pub(super) fn send(&mut self, node: u32, link: LinkId, frame: Vec<u8>) {
        let Some(End { peer, theirs, .. }) = self.end(node, link) else { return };
        let counts = &mut self.counts;
        let sent = match Kind::of(&frame) {
            Some((Kind::Routing, _)) => &mut counts.routing,
            Some((Kind::Arrows, _)) => &mut counts.arrows,
            Some((Kind::Gossip | Kind::Ipv4 | Kind::Ipv6, _)) | None => &mut counts.gossip,
        };
        sent.add(frame.len());
        if self.is_blocked(node, peer) {
            return;
        }
        let at = self.arrival(node, peer, self.now);
        self.agenda.plan(at, Entry::Frame(peer, theirs, frame.into()));
    }

    /// Sends a datagram hop by hop, all of which are taken at once.
    fn send_over_mesh(&mut self, node: u32, to: NodeId, words: Vec<u8>) {
        let to = self.web.find(to).map(small);
        let Some(way) = to.and_then(|to| self.walk(node, to)) else {
            self.counts.astray += 1;
            return;
        };
        let mut at = self.now;
        for (here, there) in way.iter().zip(way.iter().skip(1)) {
            at = self.arrival(*here, *there, at);
            self.counts.gossip.add(words.len());
        }
        let to = way.last().copied().unwrap_or(node);
        self.agenda.plan(at, Entry::Overlay(to, node, words.into()));
    }
}
