//! Statements that travel between nodes: certificates, contacts, network documents.

use crypto::{
    AuthorityCertificate, Grant, IssueError, Issuer, NetworkAuthority, NodeCertificate, Request,
    SigningKey, Validity, introduce,
};
use gossip::{
    Announcement, Claim, Contact, Document, Endpoint, Introduction, Meshes, Parameters,
    SignedDocument, Standing,
};
use order::{Chain, Change, Member, MeshMap, Plan, Roster};
use words::{Carrier, Carriers, NodeId, Prefix, Wall};

/// The network of all seeds.
pub(super) const NETWORK: Prefix = Prefix::new(0xfd12_3456_789a << 80, 48);

/// The node of all seeds.
const NODE: NodeId = NodeId(Prefix::new(0xfd12_3456_789a_002a << 64, 64));

/// When all seeds were issued.
pub(super) const ISSUED: Wall = Wall(1_767_225_600);

/// A certificate, of a node or of an authority, or a request for one.
pub(super) fn certificate(octets: &[u8]) {
    if let Ok(read) = NodeCertificate::from_der(NETWORK, octets) {
        assert!(NETWORK.covers(read.node.0), "{} is outside of the network", read.node);
        let again = NodeCertificate::from_pem(NETWORK, &read.pem());
        assert_eq!(again.as_ref(), Ok(&read), "PEM loses something");
    }
    if let Ok(read) = AuthorityCertificate::from_der(octets) {
        // Whatever it signs, it must not take a stranger's certificate for its own.
        assert!(NetworkAuthority::new(read).check(octets, ISSUED).is_err());
    }
    let text = String::from_utf8_lossy(octets);
    // The answer is of no interest, only that there is one.
    let _ = Request::from_pem(&text);
    let _ = SigningKey::from_pem(&text);
}

/// A contact.
pub(super) fn contact(octets: &[u8]) {
    if let Ok(contact) = Contact::decode(octets) {
        let written = contact.encode();
        assert!(written.is_ok(), "what was read cannot be written: {written:?}");
        let again = Contact::decode(&written.unwrap_or_default());
        assert_eq!(again, Ok(contact), "writing loses something");
    }
}

/// A network document, signed or not.
pub(super) fn document(octets: &[u8]) {
    if let Ok(signed) = SignedDocument::decode(octets) {
        let again = signed.encode().map(|written| SignedDocument::decode(&written));
        assert_eq!(again, Ok(Ok(signed.clone())), "writing loses something");
        document(&signed.bytes);
    }
    if let Ok(document) = Document::decode(octets) {
        let (held, _) = document.parameters.clone().clamped();
        assert_eq!(held.clone().clamped().1, Vec::<&str>::new(), "clamping is not enough");
        let again = document.encode().map(|written| Document::decode(&written));
        assert_eq!(again, Ok(Ok(document)), "writing loses something");
    }
}

/// What a node announces on a LAN, once it is opened.
pub(super) fn announcement(octets: &[u8]) {
    if let Ok(said) = Announcement::decode(octets) {
        assert!(said.from.is_unicast_link_local() && said.port > 0, "nobody is there");
        introduction(&said.introduction);
        assert_eq!(said.encode().as_deref(), Ok(octets), "writing loses something");
    }
}

/// An introduction.
pub(super) fn introduction(octets: &[u8]) {
    if let Ok(introduction) = Introduction::decode(octets) {
        certificate(&introduction.certificate);
        contact(&introduction.contact);
        let again = introduction.encode().map(|written| Introduction::decode(&written));
        assert_eq!(again, Ok(Ok(introduction)), "writing loses something");
    }
    if let Ok((plain, Some(claim))) = Claim::detach(octets) {
        let again = claim.attach(&plain).map(|shown| Claim::detach(&shown));
        assert_eq!(again, Ok(Ok((plain, Some(claim)))), "writing loses something");
    }
}

/// Certificates that are right.
pub(super) fn certificates() -> Vec<Vec<u8>> {
    let made = network()
        .map(|network| vec![network.node.der, network.issuer.certificate().der().to_vec()]);
    let mut all = made.unwrap_or_default();
    let key = SigningKey::generate();
    all.extend(key.and_then(|key| Request::write(&key)).map(String::into_bytes));
    all
}

/// Contacts that are right.
pub(super) fn contacts() -> Vec<Vec<u8>> {
    let bare = Contact { endpoints: Vec::new(), country: None, capacity: None, ..whole() };
    let escaped = Contact { escaped: true, ..whole() };
    [whole(), bare, escaped].iter().filter_map(|contact| contact.encode().ok()).collect()
}

/// Documents that are right, bare and signed.
pub(super) fn all() -> Vec<Vec<u8>> {
    let parameters = Parameters { well_known: vec![NODE], ..Parameters::default() };
    let document = Document {
        network: NETWORK,
        version: 7,
        issued: ISSUED,
        parameters,
        revoked: vec![3, 9],
        meshes: None,
    };
    let divided = Document { meshes: meshes(), ..document.clone() };
    let signed = network().and_then(|network| network.issuer.sign_document(&document));
    let signed = signed.ok().and_then(|signed| signed.encode().ok());
    let bare = [document, divided];
    bare.iter().filter_map(|it| it.encode().ok()).chain(signed).collect()
}

/// A network of two meshes, the first of which is being split.
fn meshes() -> Option<Meshes> {
    let map = MeshMap::even(NETWORK, &[1]).ok()?;
    let half = *map.meshes().first()?;
    let mut meshes = Meshes::of(map, ISSUED, Chain::new([7; 32], 9).part(0)?);
    let member = Member { node: NODE, since: 3, declared: 100, attested: vec![90, 80] };
    meshes.roster = Roster::of([member]);
    meshes.plan = Some(Plan { change: Change::Split(half), epoch: 1 });
    Some(meshes)
}

/// Introductions that are right.
pub(super) fn introductions() -> Vec<Vec<u8>> {
    let made = network().and_then(|network| introduce(&network.node, &whole(), &network.key));
    let plain = made.ok().and_then(|introduction| introduction.encode().ok());
    let claim = Claim {
        mesh: Prefix::new(0xfd42 << 112, 50),
        version: 7,
        epoch: 3,
        standing: Standing::Refugee,
    };
    let claimed = plain.as_deref().and_then(|plain| claim.attach(plain).ok());
    plain.into_iter().chain(claimed).collect()
}

pub(super) fn announcements() -> Vec<Vec<u8>> {
    let from = std::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);
    let said = |introduction| Announcement { from, port: 6326, introduction }.encode().ok();
    introductions().into_iter().filter_map(said).collect()
}

pub(super) fn whole() -> Contact {
    let endpoint = |address: &str| {
        address.parse().ok().map(|address| Endpoint { carrier: Carrier::Udp, address })
    };
    let addresses = ["203.0.113.9:6326", "[2001:db8::9]:6326"];
    Contact {
        node: NODE,
        issued: ISSUED,
        key: [9; 32],
        endpoints: addresses.into_iter().filter_map(endpoint).collect(),
        carriers: Carriers::of([Carrier::Udp, Carrier::Tls]),
        country: Some(*b"FR"),
        capacity: Some(50),
        escaped: false,
        merges: false,
    }
}

/// An authority with one node.
struct Network {
    issuer: Issuer,
    node: NodeCertificate,
    key: SigningKey,
}

fn network() -> Result<Network, IssueError> {
    let validity = Validity { from: ISSUED, until: Wall(ISSUED.0 + 31_536_000) };
    let issuer = Issuer::create(NETWORK, "seeds", SigningKey::generate()?, validity)?;
    let key = SigningKey::generate()?;
    let grant = Grant { node: NODE, index: 3, serial: 77, validity };
    let node = issuer.issue(&key.public(), &grant)?;
    Ok(Network { issuer, node, key })
}
