//! What is done to a mesh from outside: by the registry, by the calendar, by disaster.

use core::time::Duration;

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use gossip::{Claim, Meshes, Parameters};
use words::{Engine, LinkId, Time, Wall};

use super::{Mesh, introduction, name};
use crate::{Input, Output};

/// A packet that was sent while routes circled.
#[derive(Clone, Copy, Debug)]
pub(in crate::tests) struct Circling {
    at: usize,
    to: usize,
    due: Time,
    hops: u32,
}

impl Mesh {
    /// Returns the packet that is sent now.
    pub(in crate::tests) const fn sent_now(&self, at: usize, to: usize) -> Circling {
        Circling { at, to, due: self.now, hops: 0 }
    }

    /// From now on the registry does not answer.
    pub(in crate::tests) const fn lose_the_registry(&mut self) {
        self.registry_away = true;
    }

    /// From now on nothing crosses between the nodes below `first` and the others; 0 heals it.
    pub(in crate::tests) const fn divide(&mut self, first: usize) {
        self.divided = first;
    }

    /// From now on nothing crosses between a node and those others.
    pub(in crate::tests) fn cut(&mut self, n: usize, others: &[usize]) {
        self.cuts.extend(others.iter().map(|other| (n.min(*other), n.max(*other))));
    }

    /// What was cut is so no longer.
    pub(in crate::tests) fn heal(&mut self) {
        self.cuts.clear();
    }

    /// Puts nodes to sleep: what is sent to them is lost, and their clock goes on.
    pub(in crate::tests) fn sleep(
        &mut self,
        nodes: impl IntoIterator<Item = usize>,
        span: Duration,
    ) {
        let until = self.now + span;
        self.asleep.extend(nodes.into_iter().map(|n| (n, until)));
    }

    /// Lets gossip come to a node only after this time, in the order in which it was said.
    pub(in crate::tests) fn delay_news(&mut self, n: usize, span: Duration) {
        self.late.insert(n, self.now + span);
    }

    /// Tells node `n` what the calendar says.
    pub(in crate::tests) fn date(&mut self, n: usize, wall: Wall) {
        self.feed(n, Input::Calendar(wall));
    }

    /// Starts a node anew, whose calendar says this: of before it has the network document only.
    pub(in crate::tests) fn restart(&mut self, n: usize, wall: Wall) {
        self.kill(n);
        self.ends.retain(|end, _| end.0 != n);
        self.nodes[n] = Some(self.newborn(n, 77));
        self.begin(n, wall);
    }

    pub(in crate::tests) fn leave(&mut self, n: usize) {
        self.feed(n, Input::Leave);
    }

    pub(in crate::tests) fn kill(&mut self, n: usize) {
        self.nodes[n] = None;
        self.routes[n].clear();
        self.open.retain(|(end, _)| *end != n);
    }

    /// Changes the parameters: the registry tells one node, gossip must tell the rest.
    pub(in crate::tests) fn retune(&mut self, parameters: &Parameters) {
        (self.version, self.parameters) = (self.version + 1, parameters.clone());
        let document = self.document(Vec::new());
        self.feed(0, Input::Document(&document));
    }

    /// Divides the network: the registry tells one node, gossip must tell the rest.
    pub(in crate::tests) fn divide_in(&mut self, meshes: &Meshes) {
        self.divide_at(0, meshes);
    }

    /// Fails where a node wants to be woken again and again, and does nothing: it would for ever.
    pub(super) fn notice(&mut self, n: usize) {
        let at = self.now;
        let (since, times) = self.woken[n];
        let is_same = at.since(since) < Duration::from_millis(1);
        self.woken[n] = if is_same { (since, times + 1) } else { (at, 1) };
        assert!(times < 1000, "{n} is woken without end: {:?}", self.node(n).deadline());
    }

    /// Divides the network: the registry tells node `n`, gossip must tell the rest.
    pub(in crate::tests) fn divide_at(&mut self, n: usize, meshes: &Meshes) {
        (self.version, self.meshes) = (self.version + 1, Some(meshes.clone()));
        let document = self.document(Vec::new());
        self.feed(n, Input::Document(&document));
    }

    /// Returns the pairs between which what is sent now is lost, and those between which it circles: it
    /// arrives if there is a path when it comes to the next node.
    pub(in crate::tests) fn lost_and_circling(&self) -> (usize, BTreeSet<(usize, usize)>) {
        let alive = || (0..self.nodes.len()).filter(|n| self.nodes[*n].is_some());
        let pairs = alive().flat_map(|a| alive().map(move |b| (a, b)));
        let cut: Vec<_> =
            pairs.filter(|(a, b)| self.walk(*a, name(*b).address()).is_none()).collect();
        let circles = |(a, b): &(usize, usize)| self.trace(*a, name(*b).address()).is_some();
        let circling: BTreeSet<_> = cut.iter().copied().filter(circles).collect();
        (cut.len() - circling.len(), circling)
    }

    /// Lets packets that circled go on to where they are by now; returns those that are under way
    /// still, and how many were lost: that came where no way leads on, or made a dozen hops.
    pub(in crate::tests) fn follow_up(&self, circling: Vec<Circling>) -> (Vec<Circling>, usize) {
        let (mut left, mut lost) = (Vec::new(), 0);
        for mut packet in circling {
            while packet.due <= self.now && packet.at != packet.to {
                let next = self.hop(packet.at, name(packet.to).address());
                let Some(next) = next.filter(|_| packet.hops < 12) else {
                    lost += 1;
                    packet.at = packet.to;
                    continue;
                };
                packet.due = packet.due + super::delay(packet.at);
                (packet.at, packet.hops) = (next, packet.hops + 1);
            }
            if packet.at != packet.to {
                left.push(packet);
            }
        }
        (left, lost)
    }

    /// Lets a node ask another for a link; returns the reason for which it is refused.
    pub(in crate::tests) fn ask_for_a_link(&mut self, from: usize, to: usize) -> Option<u8> {
        self.ask_showing(from, to, &introduction(from))
    }

    /// Lets a node ask another for a link of this mesh, as one does that goes by this document.
    pub(in crate::tests) fn claim_a_link(
        &mut self,
        from: usize,
        to: usize,
        claim: Claim,
    ) -> Option<u8> {
        self.ask_showing(from, to, &claim.attach(&introduction(from)).unwrap())
    }

    /// Lets a node hear that another one escaped, or came back.
    pub(in crate::tests) fn hear_escape(&mut self, n: usize, other: usize, escaped: bool) {
        let now = self.now;
        let node = self.nodes[n].as_mut().unwrap();
        node.let_escape(name(other), escaped, now);
        self.feed(n, Input::Wake);
    }

    /// Lets a node have a link that it claims so with another, which is its own end only.
    pub(in crate::tests) fn claim_and_come_up(
        &mut self,
        from: usize,
        to: usize,
        claim: Claim,
    ) -> LinkId {
        assert_eq!(self.claim_a_link(from, to, claim), None);
        let link = LinkId::theirs(self.inbound);
        self.feed(to, Input::Up(link));
        link
    }

    /// Lets a node hand a link with another one over to its stay of this number; returns how often it closes it.
    pub(in crate::tests) fn hand_over(
        &mut self,
        n: usize,
        (link, from): (LinkId, usize),
        stay: u32,
    ) -> usize {
        let now = self.now;
        let node = self.nodes[n].as_mut().unwrap();
        node.welcome(link, name(from), stay, now);
        node.handle(Input::Wake, now);
        let said: Vec<Output> = core::iter::from_fn(|| node.poll()).collect();
        said.iter().filter(|it| **it == Output::Close(link)).count()
    }

    fn ask_showing(&mut self, from: usize, to: usize, shown: &[u8]) -> Option<u8> {
        self.inbound += 1;
        let (link, key) = (LinkId::theirs(self.inbound), [u8::try_from(from).unwrap(); 32]);
        let node = self.nodes[to].as_mut().unwrap();
        node.handle(Input::Request { link, key, introduction: shown }, self.now);
        let said: Vec<Output> = core::iter::from_fn(|| node.poll()).collect();
        let refused = |it: &Output| if let Output::Refuse(_, why) = it { Some(*why) } else { None };
        let reason = said.iter().find_map(refused);
        for event in
            said.iter().filter_map(|it| if let Output::Event(it) = it { Some(it) } else { None })
        {
            self.happened(event);
        }
        reason
    }

    /// Revokes node `n`: the registry tells one other node, gossip must tell the rest.
    pub(in crate::tests) fn revoke(&mut self, n: usize) {
        self.version += 1;
        let document = self.document(vec![n as u64 + 100]);
        self.feed(usize::from(n == 0), Input::Document(&document));
    }
}
