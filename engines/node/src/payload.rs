//! What the network's document says of payload: whose announcements are believed, and which
//! IPv4 addresses are ours.

use alloc::vec::Vec;

use gossip::{Authority, Parameters};
use words::routing::{self, Admission, Range, Routing, Scope};
use words::{Ipv4Plan, Names, Prefix, Time};

use crate::{Event, Node, Output};

/// The IPv4 addresses that are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4 {
    /// Those of the whole network.
    pub network: Prefix,
    /// Our part of them.
    pub own: Prefix,
}

/// Returns what is believed of others' announcements in `network`, whose nodes have prefixes
/// of `length` bits.
///
/// Prefixes of nodes, and their parts of the IPv4 range: nobody can take a part of another's,
/// nor the whole network. Ways out of the network, for senders in it, of those who may be exits.
pub fn admissions(network: Prefix, length: u8, parameters: &Parameters) -> Vec<Admission> {
    let mut all = Vec::from([Admission {
        on: Scope::EVERYWHERE,
        inside: network,
        length,
        from: None,
        by: None,
        farther: 0,
    }]);
    let ipv4 = parameters.ipv4;
    all.extend(ipv4.map(|plan| Admission {
        on: Scope::EVERYWHERE,
        inside: plan.network,
        length: plan.bits_of_nodes(),
        from: None,
        by: None,
        farther: 0,
    }));
    if parameters.exits.is_empty() {
        return all;
    }
    let exits = Names::of(parameters.exits.iter().copied());
    let exit = |everywhere: Prefix, network| Admission {
        on: Scope::EVERYWHERE,
        inside: everywhere,
        length: everywhere.length(),
        from: Some(network),
        by: Some(exits.clone()),
        farther: 0,
    };
    all.push(exit(Prefix::ALL, network));
    all.extend(ipv4.map(|plan| exit(Prefix::ALL_IPV4, plan.network)));
    all
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Returns our IPv4 addresses, if the network has any for us.
    pub const fn ipv4(&self) -> Option<Ipv4> {
        self.ipv4
    }

    /// Has routing believe what the parameters let in.
    pub(crate) fn admit(&mut self, now: Time) {
        let network = self.gossip.network();
        let mut admissions = admissions(network, self.me.0.length(), &self.parameters);
        let by_mesh = self.admissions_by_mesh();
        if !by_mesh.is_empty() {
            // Where there are several meshes, each tells its own nodes only.
            admissions.retain(|it| it.inside != network || it.from.is_some());
            admissions.extend(by_mesh);
        }
        if *admissions != *self.admissions {
            self.routing.handle(routing::Input::Admit(&admissions), now);
            self.admissions = admissions.into();
        }
    }

    /// Announces the part of the IPv4 range that is ours by now, instead of the one before.
    pub(crate) fn renumber(&mut self, now: Time) {
        let (plan, index) = (self.parameters.ipv4, self.index);
        let part = |plan: Ipv4Plan| Some(Ipv4 { network: plan.network, own: plan.part(index?)? });
        let ipv4 = plan.and_then(part);
        if let (Some(plan), Some(index), None) = (plan, index, ipv4) {
            let room = plan.room();
            self.outputs.push_back(Output::Event(Event::NoIpv4 { index, room }));
        }
        if ipv4 == self.ipv4 {
            return;
        }
        let range = |it: Ipv4| Range::from(it.own);
        if let Some(before) = self.ipv4.map(range) {
            self.routing.handle(routing::Input::Withdraw(before), now);
        }
        if let Some(now_ours) = ipv4.map(range) {
            self.routing.handle(routing::Input::Announce(now_ours), now);
        }
        self.ipv4 = ipv4;
        self.serve_guests(now);
        self.outputs.push_back(Output::Ipv4(ipv4));
    }
}
