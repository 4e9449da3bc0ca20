//! Values and octets: there and back, and nothing that octets can do to us.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gossip::{
    Contact, Document, Endpoint, Introduction, Malformed, Meshes, Parameters, SignedDocument,
};
use order::{Beacon, Commitment, Epoch, Member, MeshMap, Reveal, Roster, Rules};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use words::{Carrier, Carriers, Ipv4Plan, NodeId, Prefix, Share, Wall};

fn prefixes() -> impl Strategy<Value = Prefix> {
    (any::<u128>(), 0..=128_u8).prop_map(|(bits, length)| Prefix::new(bits, length))
}

fn endpoints() -> impl Strategy<Value = Endpoint> {
    (any::<IpAddr>(), 1..=u16::MAX, 0..8_usize).prop_map(|(ip, port, carrier)| Endpoint {
        carrier: Carrier::ALL[carrier],
        address: SocketAddr::new(ip, port),
    })
}

#[test]
fn endpoints_that_nobody_can_call_are_left_out() {
    let at = |carrier, port| Endpoint { carrier, address: ([203, 0, 113, 1], port).into() };
    let endpoints = vec![at(Carrier::Udp, 0), at(Carrier::Udp, 6326), at(Carrier::Gre, 0)];
    let contact = Contact {
        node: NodeId(Prefix::new(0xfd << 120, 64)),
        issued: Wall(1),
        key: [1; 32],
        endpoints: endpoints.clone(),
        carriers: Carriers::of([Carrier::Udp]),
        country: None,
        capacity: None,
        escaped: false,
        merges: false,
    };
    let read = Contact::decode(&contact.encode().unwrap()).unwrap();
    assert_eq!(read.endpoints, endpoints[1..]);
}

fn contacts() -> impl Strategy<Value = Contact> {
    let country = option::of([b'A'..=b'Z', b'A'..=b'Z']);
    let (key, listed) = (any::<[u8; 32]>(), vec(endpoints(), 0..=Contact::ENDPOINTS));
    (prefixes(), any::<u64>(), key, listed, any::<u8>(), country, any::<Option<u32>>()).prop_map(
        |(prefix, issued, key, endpoints, set, country, capacity)| Contact {
            node: NodeId(prefix),
            issued: Wall(issued),
            key,
            endpoints,
            carriers: Carriers::of(Carrier::ALL.into_iter().filter(|c| set & (1 << *c as u8) != 0)),
            country,
            capacity,
            escaped: false,
            merges: set % 2 == 1,
        },
    )
}

fn parameters() -> impl Strategy<Value = Parameters> {
    let times = vec(0..u64::from(u32::MAX), 6);
    let shares = [0..=100_u16, 0..=100_u16, 0..=100_u16, 0..=100_u16];
    let plan = (prefixes(), any::<u8>())
        .prop_map(|(network, node_length)| Ipv4Plan { network, node_length });
    let payload = (option::of(plan), vec(prefixes(), 0..5));
    (any::<[u16; 2]>(), times, shares, vec(prefixes(), 0..9), payload).prop_map(
        |([arrows, acceptance], times, shares, known, (ipv4, exits))| {
            let time = |n: usize| Duration::from_millis(times[n]);
            let [share, most_used, well_known_share, neighbourhood] = shares.map(Share::percent);
            Parameters {
                arrows,
                period: time(0),
                share,
                limit: time(1),
                most_used,
                well_known_share,
                well_known: known.into_iter().map(NodeId).collect(),
                neighbourhood,
                acceptance,
                patience: time(2),
                quiet: time(3),
                probe: time(4),
                silence: time(5),
                ipv4,
                exits: exits.into_iter().map(NodeId).collect(),
            }
        },
    )
}

fn documents() -> impl Strategy<Value = Document> {
    let plain = (prefixes(), any::<u64>(), any::<u64>(), parameters(), vec(any::<u64>(), 0..50));
    (plain, option::of((vec(0..3_u8, 0..4), epochs(), members()))).prop_map(
        |((network, version, issued, parameters, revoked), meshes)| Document {
            network,
            version,
            issued: Wall(issued),
            parameters,
            revoked,
            meshes: meshes.and_then(|(bits, epoch, roster)| {
                // A longer network has no room for meshes.
                let room = Some(network).filter(|network| network.length() <= 88)?;
                let (map, rules) = (MeshMap::even(room, &bits).ok()?, Rules::default());
                let past = u32::from(network.length());
                let inside = |node: NodeId| node.0.bits().checked_shr(past).unwrap_or(0);
                let roster = Roster::of(roster.into_iter().map(|member| Member {
                    node: NodeId(Prefix::new(network.bits() | inside(member.node), 128)),
                    ..member
                }));
                Some(Meshes { map, epoch, roster, rules, plan: None })
            }),
        },
    )
}

fn epochs() -> impl Strategy<Value = Epoch> {
    let pairs = || btree_map(prefixes(), any::<[u8; 32]>(), 0..5);
    let beacons = vec(any::<[u8; 32]>(), 1..9);
    (any::<[u64; 2]>(), 1..86_400_u64, any::<[u8; 32]>(), [pairs(), pairs()], beacons).prop_map(
        |([number, began], length, part, [reveals, commitments], beacons)| Epoch {
            number,
            began: Wall(began),
            length: Duration::from_secs(length),
            part,
            reveals: (reveals.into_iter())
                .map(|(node, secret)| Reveal { node: NodeId(node), secret })
                .collect(),
            commitments: (commitments.into_iter())
                .map(|(node, hash)| Commitment { node: NodeId(node), hash })
                .collect(),
            beacons: beacons.into_iter().map(Beacon).collect(),
        },
    )
}

fn members() -> impl Strategy<Value = Vec<Member>> {
    let attested = vec(any::<u32>(), 0..=Member::ATTESTERS);
    let member = (prefixes(), any::<u64>(), any::<u32>(), attested).prop_map(
        |(node, since, declared, attested)| Member {
            node: NodeId(node),
            since,
            declared,
            attested,
        },
    );
    vec(member, 0..9)
}

proptest! {
    #[test]
    fn a_contact_goes_both_ways(contact in contacts()) {
        prop_assert_eq!(Contact::decode(&contact.encode().unwrap()), Ok(contact));
    }

    #[test]
    fn a_document_goes_both_ways(document in documents()) {
        prop_assert_eq!(Document::decode(&document.encode().unwrap()), Ok(document));
    }

    #[test]
    fn parameters_once_held_are_held(parameters in parameters()) {
        let (held, _) = parameters.clamped();
        prop_assert_eq!(held.clone().clamped(), (held, vec![]));
    }

    #[test]
    fn an_introduction_goes_both_ways(parts in [vec(any::<u8>(), 0..300), vec(any::<u8>(), 0..300), vec(any::<u8>(), 0..300)]) {
        let [certificate, contact, signature] = parts;
        let introduction = Introduction { certificate, contact, signature };
        prop_assert_eq!(Introduction::decode(&introduction.encode().unwrap()), Ok(introduction));
    }

    #[test]
    fn no_octets_make_a_reader_panic(bytes in vec(any::<u8>(), 0..600)) {
        let _ = Contact::decode(&bytes);
        let _ = Document::decode(&bytes);
        let _ = SignedDocument::decode(&bytes);
        let _ = Introduction::decode(&bytes);
    }

    #[test]
    fn a_broken_document_makes_no_reader_panic(document in documents(), at in any::<prop::sample::Index>(), octet in any::<u8>()) {
        let mut bytes = document.encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] = octet;
        let _ = Document::decode(&bytes);
        prop_assert!(Document::decode(&bytes[..at]).is_err());
    }

    #[test]
    fn a_contact_has_one_form(contact in contacts(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        // One that names no carriers is the same whether it says so or not.
        prop_assume!(contact.carriers != Carriers::of([]));
        let bytes = contact.encode().unwrap();
        let mut other = bytes.clone();
        let at = at.index(other.len());
        other[at] ^= 1 << bit;
        // Either refused, or another contact; an unknown carrier is left out.
        if let Ok(read) = Contact::decode(&other) {
            prop_assert_ne!(read, contact);
        }
    }
}

#[test]
fn fields_of_the_future_are_skipped() {
    let contact = Contact {
        node: NodeId(Prefix::new(7, 128)),
        issued: Wall(1),
        key: [3; 32],
        endpoints: vec![],
        carriers: Carriers::of([Carrier::Udp]),
        country: None,
        capacity: None,
        escaped: false,
        merges: false,
    };
    let mut bytes = contact.encode().unwrap();
    bytes[0] += 1;
    bytes.extend([0x18, 99, 0x82, 1, 0x61, b'x']);
    assert_eq!(Contact::decode(&bytes), Ok(contact.clone()));
    bytes.push(0);
    assert_eq!(Contact::decode(&bytes), Err(Malformed::Form { what: "contact" }));
}

#[test]
fn a_missing_parameter_has_its_default() {
    // {0: ::/0, 1: 5, 2: 6, 3: {0: 12}}
    let bytes = [0xa4, 0, 0x41, 0, 1, 5, 2, 6, 3, 0xa1, 0, 12];
    let document = Document::decode(&bytes).unwrap();
    assert_eq!(document.parameters, Parameters { arrows: 12, ..Parameters::default() });
    assert_eq!((document.version, document.revoked), (5, vec![]));
}

#[test]
fn what_is_too_long_is_not_read() {
    let long = vec![0; Introduction::LIMIT + 1];
    let oversize = Malformed::Oversize {
        what: "introduction",
        got: Introduction::LIMIT + 1,
        limit: Introduction::LIMIT,
    };
    assert_eq!(Introduction::decode(&long), Err(oversize));
}

#[test]
fn the_longest_documents_are_within_the_limit() {
    let document = Document {
        network: Prefix::new(u128::MAX, 48),
        version: u64::MAX,
        issued: Wall(u64::MAX),
        parameters: Parameters {
            well_known: vec![NodeId(Prefix::new(u128::MAX, 128)); Parameters::WELL_KNOWN],
            exits: vec![NodeId(Prefix::new(u128::MAX, 128)); Parameters::EXITS],
            ..Parameters::default()
        },
        revoked: vec![u64::MAX; Document::REVOKED],
        meshes: None,
    };
    let bytes = document.encode().unwrap();
    assert_eq!(Document::decode(&bytes), Ok(document));
}
