//! What nodes are set to, and what they show of themselves.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use babel::Babel;
use gossip::{
    Authority, Contact, Document, Endpoint, Gossip, Identity, Introduction, Parameters, PublicKey,
    Refused, SignedDocument,
};
use node::{Local, Node};
use words::{Carrier, Carriers, Dice, NodeId, Prefix, Share, Time, Wall};

use crate::chart::Chart;
use crate::matrix::Matrix;
use crate::options::Options;
use crate::oracle::{NETWORK, Oracle, name, number};
use crate::rule::Rule;

/// What all nodes of a simulation are set to.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) rule: Rule,
    /// The network document, as the authority signs it.
    pub(crate) document: Vec<u8>,
    /// The well-known nodes, and how many links they accept for each arrow.
    hubs: (BTreeSet<usize>, u16),
    /// What each node shows of itself.
    pub(crate) introductions: Vec<Vec<u8>>,
    seed: [u8; 32],
}

/// The calendar at the beginning.
pub(crate) const CALENDAR: Wall = Wall(1_800_000_000);
/// Which share of the nodes is well known, in hundredths, if the rule knows that exception.
const WELL_KNOWN: usize = 10;
/// How often links are probed where the world tells who fell silent.
const PROBE: Duration = Duration::from_mins(1);
/// How long silence lasts where the world tells who fell silent.
const SILENCE: Duration = Duration::from_mins(5);

impl Setting {
    /// Returns what the nodes in all places of `matrix` are set to.
    ///
    /// `told` says that the world tells them who fell silent, so that they probe seldom.
    pub(crate) fn new(options: &Options, matrix: &Matrix, told: bool) -> anyhow::Result<Self> {
        let Options { rule, arrows, round: period, known: which, hubs, .. } = *options;
        let (nodes, seed) = (matrix.places(), options.luck());
        let mut parameters = Parameters { arrows, period, ..Parameters::default() };
        let mut known = BTreeSet::new();
        if rule == Rule::Seed {
            let some = (nodes * WELL_KNOWN / 100).min(Parameters::WELL_KNOWN);
            known.extend(which.among(matrix, some, &mut Dice::of(seed, "well known")));
            parameters.well_known = known.iter().copied().map(name).collect();
        }
        if told {
            (parameters.probe, parameters.silence) = (PROBE, SILENCE);
        }
        let introductions: Result<_, _> = (0..nodes).map(introduction).collect();
        let hubs = (known, hubs);
        let document = document(parameters)?;
        Ok(Self { rule, document, hubs, introductions: introductions?, seed })
    }

    /// Returns the luck of the `n`th node.
    pub(crate) fn luck(&self, n: usize) -> [u8; 32] {
        let mut luck = self.seed;
        for (octet, own) in luck.iter_mut().rev().zip((n as u64 + 1).to_le_bytes()) {
            *octet ^= own;
        }
        luck
    }

    /// Returns a node whose paths an oracle tells.
    pub(crate) fn with_oracle(
        &self,
        n: usize,
        chart: &Rc<RefCell<Chart>>,
        now: Time,
    ) -> Node<Oracle, Trusting> {
        let oracle = Oracle::new(n, chart.clone());
        Node::new(self.local(n), oracle, self.gossip(n, now), self.luck(n), now)
    }

    /// Returns a whole node.
    pub(crate) fn with_babel(&self, n: usize, now: Time) -> Node<Babel, Trusting> {
        let babel = self.babel(n, now);
        Node::new(self.local(n), babel, self.gossip(n, now), self.luck(n), now)
    }

    /// Returns the Babel speaker of the `n`th node.
    pub(crate) fn babel(&self, n: usize, now: Time) -> Babel {
        let router_id = (n as u64 + 1).to_be_bytes();
        Babel::new(node::babel_settings(NETWORK, 64, router_id), self.luck(n), now)
    }

    fn gossip(&self, n: usize, now: Time) -> Gossip<Trusting> {
        Gossip::new(NETWORK, name(n), Trusting, self.luck(n), now)
    }

    fn local(&self, n: usize) -> Local {
        let mut local = Local::new(name(n), Carriers::of([Carrier::Udp]));
        let (known, accepted) = &self.hubs;
        if known.contains(&n) {
            local.instead.acceptance = Some(*accepted);
        }
        if self.rule == Rule::Random {
            local.instead.most_used = Some(Share::percent(0));
            local.instead.well_known_share = Some(Share::percent(0));
        }
        local
    }
}

/// Returns a document with these parameters, as the authority signs it.
fn document(parameters: Parameters) -> Result<Vec<u8>, gossip::Malformed> {
    let document = Document {
        network: NETWORK,
        version: 1,
        issued: CALENDAR,
        parameters,
        revoked: Vec::new(),
        meshes: None,
    };
    SignedDocument { bytes: document.encode()?, signature: Vec::new() }.encode()
}

/// Believes every certificate of our own making: prefix and serial, in clear.
///
/// Nobody lies here, and signatures would cost more than all the rest.
#[derive(Debug)]
pub(crate) struct Trusting;

impl Authority for Trusting {
    fn certificate(&self, der: &[u8], _: Wall) -> Result<Identity, Refused> {
        let (bits, serial) = der.split_first_chunk().ok_or(Refused::Unreadable)?;
        let node = NodeId(Prefix::new(u128::from_be_bytes(*bits), 64));
        let serial = serial.first_chunk().copied().map_or(0, u64::from_be_bytes);
        Ok(Identity { node, serial, key: PublicKey(Vec::new()), expires: Wall(u64::MAX) })
    }

    fn signature(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> bool {
        true
    }

    fn document(&self, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

/// Returns who shows this introduction.
pub(crate) fn who(introduction: &[u8]) -> Option<usize> {
    let shown = Introduction::decode(introduction).ok()?;
    let bits = shown.certificate.first_chunk().copied().map(u128::from_be_bytes)?;
    number(bits)
}

/// Returns the static key of the `n`th node, which its contact names.
pub(crate) fn key(n: usize) -> [u8; 32] {
    let mut key = [1; 32];
    for (octet, own) in key.iter_mut().zip((n as u64).to_be_bytes()) {
        *octet = own;
    }
    key
}

fn introduction(n: usize) -> Result<Vec<u8>, gossip::Malformed> {
    let address = SocketAddr::new(name(n).address().into(), 6326);
    let contact = Contact {
        node: name(n),
        issued: CALENDAR,
        key: key(n),
        endpoints: vec![Endpoint { carrier: Carrier::Udp, address }],
        carriers: Carriers::of([Carrier::Udp]),
        country: None,
        capacity: None,
        escaped: false,
        merges: false,
    };
    let mut certificate = name(n).0.bits().to_be_bytes().to_vec();
    certificate.extend((n as u64 + 1).to_be_bytes());
    Introduction { certificate, contact: contact.encode()?, signature: Vec::new() }.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_introduces_itself_is_recognised() {
        for n in [0, 77, 4_999] {
            assert_eq!(who(&introduction(n).unwrap()), Some(n));
        }
        assert_eq!(who(b"nobody"), None);
    }
}
