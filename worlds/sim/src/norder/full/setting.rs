//! What all nodes of a whole network are told: one document, read once and kept once.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use babel::Babel;
use gossip::{
    Authority, Checked, Contact, Document, Endpoint, Gossip, Identity, Introduction, Malformed,
    Meshes, Parameters, PublicKey, Refused, SignedDocument,
};
use node::{Local, Node};
use order::{Chain, Elected, Outcome, Roster, Source};
use words::{Carrier, Carriers, NodeId, Prefix, Time, Wall};

use super::Whole;
use crate::norder::NorderOptions;
use crate::norder::web::{NETWORK, Web, chain};
use crate::setting::{CALENDAR, Trusting, key};

/// A whole node.
pub(super) type Citizen = Node<Babel, Notary>;

/// Documents that are remembered: the one in force, and those before that still spread.
const REMEMBERED: usize = 4;
/// Bits of a node's prefix.
const LENGTH: u8 = 64;

/// The octets of a document, and what they say.
type Read = (Vec<u8>, Document);

/// Believes everybody, as [`Trusting`] does, and reads each document and holds each election once for
/// all nodes, which keep one copy, also of what they know of each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Notary {
    read: Rc<RefCell<VecDeque<Read>>>,
    kept: Rc<RefCell<VecDeque<Arc<[u8]>>>>,
    /// What nodes last showed of themselves, by their names.
    checked: Rc<RefCell<BTreeMap<NodeId, Arc<Checked>>>>,
    elected: Rc<RefCell<VecDeque<Arc<Elected>>>>,
    /// The members, where they are too many for a document.
    roster: Roster,
}

impl Authority for Notary {
    fn certificate(&self, der: &[u8], now: Wall) -> Result<Identity, Refused> {
        Trusting.certificate(der, now)
    }

    fn signature(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        Trusting.signature(key, message, signature)
    }

    fn document(&self, message: &[u8], signature: &[u8]) -> bool {
        // The registry's signature has no octets: nobody else can write that.
        signature.is_empty() && Trusting.document(message, signature)
    }

    fn read(&self, octets: &[u8]) -> Result<Document, Malformed> {
        let mut read = self.read.borrow_mut();
        if let Some((_, document)) = read.iter().find(|(known, _)| known == octets) {
            return Ok(document.clone());
        }
        let mut document = Document::decode(octets)?;
        if let Some(meshes) = &mut document.meshes
            && meshes.roster.members().is_empty()
        {
            meshes.roster = self.roster.clone();
        }
        read.push_front((octets.to_vec(), document.clone()));
        read.truncate(REMEMBERED);
        Ok(document)
    }

    fn keep(&self, octets: &[u8]) -> Arc<[u8]> {
        let mut kept = self.kept.borrow_mut();
        if let Some(known) = kept.iter().find(|known| ***known == *octets) {
            return known.clone();
        }
        let octets: Arc<[u8]> = octets.into();
        kept.push_front(octets.clone());
        kept.truncate(REMEMBERED);
        octets
    }

    fn share(&self, checked: Checked) -> Arc<Checked> {
        let mut all = self.checked.borrow_mut();
        match all.get(&checked.contact.node) {
            Some(known) if **known == checked => known.clone(),
            Some(_) | None => {
                let checked = Arc::new(checked);
                all.insert(checked.contact.node, checked.clone());
                checked
            }
        }
    }

    fn elected(&self, source: Source, last: Option<&Outcome>) -> Arc<Elected> {
        let mut elected = self.elected.borrow_mut();
        if let Some(known) = elected.iter().find(|known| *known.source() == source) {
            return known.clone();
        }
        let held = Arc::new(Elected::of(source, last));
        elected.push_front(held.clone());
        elected.truncate(REMEMBERED);
        held
    }
}

/// What all nodes are told, and how they are made.
#[derive(Debug)]
pub(super) struct Setting {
    notary: Notary,
    /// The network document in force, but for its meshes.
    told: Document,
    /// How the network is divided, or would be.
    pub(super) meshes: Meshes,
    /// The document, signed.
    document: Vec<u8>,
    seed: [u8; 32],
}

impl Setting {
    /// Returns what the nodes of this web are told.
    pub(super) fn new(
        (options, whole): (&NorderOptions, Whole),
        web: &Web,
        seed: [u8; 32],
    ) -> anyhow::Result<Self> {
        let roster = web.roster();
        let mut epoch = web.epoch.clone();
        epoch.began = CALENDAR;
        let is_listed = roster.members().len() <= Meshes::MEMBERS;
        let listed = if is_listed { roster.clone() } else { Roster::default() };
        let (map, rules) = (web.map.clone(), web.rules());
        let meshes = Meshes { map, epoch, roster: listed, rules, plan: None };
        let parameters =
            Parameters { arrows: options.arrows, period: whole.round, ..Parameters::default() };
        let told = Document {
            network: NETWORK,
            version: 1,
            issued: CALENDAR,
            parameters,
            revoked: Vec::new(),
            meshes: (options.order > 1).then(|| meshes.clone()),
        };
        let notary = Notary { roster, ..Notary::default() };
        let document = signed(&told)?;
        Ok(Self { notary, told, meshes, document, seed })
    }

    /// Changes how the network is divided, in the next document, written `now`.
    ///
    /// # Errors
    ///
    /// Those of `change`, and what cannot be encoded.
    pub(super) fn tell(
        &mut self,
        now: Wall,
        change: impl FnOnce(&mut Meshes) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        change(&mut self.meshes)?;
        (self.told.version, self.told.issued) = (self.told.version + 1, now);
        self.told.meshes = Some(self.meshes.clone());
        self.document = signed(&self.told)?;
        Ok(())
    }

    /// Returns the range in which a node draws at home: the registry names nodes there.
    pub(super) fn territory(&self, name: NodeId) -> Prefix {
        let Meshes { map, epoch, plan, .. } = &self.meshes;
        let home = map.home(name).unwrap_or(NETWORK);
        plan.map_or(home, |plan| plan.territory(home, name, epoch.number))
    }

    /// Returns the registry's parts.
    pub(super) fn chain(&self) -> Chain {
        chain(self.seed)
    }

    /// Returns its version.
    pub(super) const fn version(&self) -> u64 {
        self.told.version
    }

    /// Returns the network document, signed.
    pub(super) fn document(&self) -> &[u8] {
        &self.document
    }

    /// Returns the `n`th node, of this name, as it starts.
    pub(super) fn born(&self, n: usize, name: NodeId, now: Time) -> Citizen {
        let luck = self.luck(n);
        let settings = node::babel_settings(NETWORK, LENGTH, name.routing_name());
        let babel = Babel::new(settings, luck, now);
        let gossip = Gossip::new(NETWORK, name, self.notary.clone(), luck, now);
        let local = Local::new(name, Carriers::of([Carrier::Udp]));
        Node::new(local, babel, gossip, luck, now)
    }

    fn luck(&self, n: usize) -> [u8; 32] {
        let mut luck = self.seed;
        for (octet, own) in luck.iter_mut().rev().zip((n as u64 + 1).to_le_bytes()) {
            *octet ^= own;
        }
        luck
    }
}

/// Returns a document as the registry signs it.
fn signed(document: &Document) -> anyhow::Result<Vec<u8>> {
    let signed = SignedDocument { bytes: document.encode()?, signature: Vec::new() };
    Ok(signed.encode()?)
}

/// Returns what the `n`th node, of this name, shows of itself from a moment on.
pub(super) fn introduction(
    (n, name): (usize, NodeId),
    issued: Wall,
    escaped: bool,
) -> anyhow::Result<Vec<u8>> {
    let address = SocketAddr::new(name.address().into(), 6326);
    let contact = Contact {
        node: name,
        issued,
        key: key(n),
        endpoints: vec![Endpoint { carrier: Carrier::Udp, address }],
        carriers: Carriers::of([Carrier::Udp]),
        country: None,
        capacity: None,
        escaped,
        merges: true,
    };
    let mut certificate = name.0.bits().to_be_bytes().to_vec();
    certificate.extend((n as u64 + 1).to_be_bytes());
    let shown = Introduction { certificate, contact: contact.encode()?, signature: Vec::new() };
    Ok(shown.encode()?)
}

/// Returns the name of the node that has this address.
pub(super) const fn at(address: std::net::Ipv6Addr) -> NodeId {
    NodeId(Prefix::new(address.to_bits(), LENGTH))
}

#[cfg(test)]
mod tests {
    use words::Share;

    use super::*;

    #[test]
    fn a_roster_too_large_for_the_document_is_known_to_all_the_same() {
        let options = NorderOptions {
            meshes: 16,
            each: 2000,
            border: Share::percent(1),
            ..NorderOptions::default()
        };
        assert!(options.nodes() > Meshes::MEMBERS);
        let web = Web::new(&options, [1; 32]).unwrap();
        let setting = Setting::new((&options, Whole::default()), &web, [1; 32]).unwrap();
        let signed = SignedDocument::decode(setting.document()).unwrap();
        let told = Document::decode(&signed.bytes).unwrap().meshes.unwrap();
        assert!(told.roster.members().is_empty());
        let read = setting.notary.read(&signed.bytes).unwrap().meshes.unwrap();
        assert_eq!(read.roster.members().len(), 32_000);
        let mesh = web.mesh(3);
        assert!(read.election().slots(mesh).iter().all(|slot| slot.holders.len() == 4));
    }

    #[test]
    fn who_introduces_itself_is_believed_by_its_name() {
        let web = Web::new(&NorderOptions::small(), [1; 32]).unwrap();
        let name = web.name(25);
        let shown =
            Introduction::decode(&introduction((25, name), CALENDAR, false).unwrap()).unwrap();
        let identity = Notary::default().certificate(&shown.certificate, CALENDAR).unwrap();
        assert_eq!((identity.node, at(name.address())), (name, name));
    }
}
