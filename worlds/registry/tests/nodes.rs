//! The registry as nodes see it: the real server, the real client, over loopback.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::time::{Duration, Instant};

use common::{Town, enrol};
use crypto::{NetworkAuthority, SigningKey};
use gossip::{Authority, Document, SignedDocument};
use registry::client::{self, Problem};
use registry::{Code, InvitationError, invite, nodes, revoke, set_parameters};
use words::Wall;

#[cfg(test)]
fn code<T: std::fmt::Debug>(answer: Result<T, Problem>) -> Code {
    match answer {
        Err(Problem::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

/// Reads a document as a node does.
#[cfg(test)]
fn read(ca: &crypto::AuthorityCertificate, octets: &[u8]) -> Document {
    let signed = SignedDocument::decode(octets).unwrap();
    let statement = Document::signed(&signed.bytes);
    assert!(NetworkAuthority::new(ca.clone()).document(&statement, &signed.signature));
    Document::decode(&signed.bytes).unwrap()
}

#[test]
fn whoever_is_invited_becomes_a_node() {
    let town = Town::new();
    let invitation = town.invite(1).to_string().parse().unwrap();
    let ca = client::fetch_ca(&invitation).unwrap();
    let key = SigningKey::generate().unwrap();
    let enrolled = enrol(&invitation, &ca, &key).unwrap();
    let certificate =
        crypto::NodeCertificate::from_pem(ca.network(), &enrolled.certificate).unwrap();
    assert_eq!(certificate.key, key.public());
    assert!(ca.network().covers(certificate.node.0) && certificate.node.0.length() == 64);
    let document = read(&ca, &enrolled.document);
    assert_eq!((document.version, document.network), (1, ca.network()));

    let listed = nodes(town.directory()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].seat.node, certificate.node);
}

#[test]
fn an_invitation_used_twice_is_refused_by_name() {
    let town = Town::new();
    let invitation = town.invite(1);
    let ca = client::fetch_ca(&invitation).unwrap();
    let key = SigningKey::generate().unwrap();
    let first = enrol(&invitation, &ca, &key).unwrap();
    // An answer that was lost may be asked for again; somebody else may not come.
    assert_eq!(enrol(&invitation, &ca, &key).unwrap(), first);
    let other = SigningKey::generate().unwrap();
    let refused = enrol(&invitation, &ca, &other);
    let sentence = refused.as_ref().unwrap_err().to_string();
    assert!(sentence.contains("used up; ask for another"), "{sentence}");
    assert_eq!(code(refused), Code::InvitationUsed);
}

#[test]
fn of_many_with_one_invitation_exactly_one_becomes_a_node() {
    let town = Town::new();
    let invitation = town.invite(1);
    let ca = client::fetch_ca(&invitation).unwrap();
    let won = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| enrol(&invitation, &ca, &SigningKey::generate().unwrap())))
            .collect();
        tries.into_iter().filter_map(|one| one.join().unwrap().ok()).count()
    });
    assert_eq!((won, nodes(town.directory()).unwrap().len()), (1, 1));
}

#[test]
fn an_expired_invitation_is_refused_on_both_sides() {
    let town = Town::new();
    let mut invitation = invite(town.directory(), Duration::from_secs(1), 1).unwrap();
    invitation.addresses = vec![town.address.to_string()];
    let ca = client::fetch_ca(&invitation).unwrap();
    while invitation.check(linux::Clock::wall()).is_ok() {
        std::thread::sleep(Duration::from_millis(100));
    }
    let here = client::fetch_ca(&invitation);
    assert!(matches!(here, Err(Problem::Invitation(InvitationError::Expired { .. }))), "{here:?}");
    // Whoever makes it look younger does not get further.
    invitation.expires = Wall(u64::MAX);
    let key = SigningKey::generate().unwrap();
    assert_eq!(code(enrol(&invitation, &ca, &key)), Code::InvitationExpired);
    invitation.token = registry::Token([1; 16]);
    assert_eq!(code(enrol(&invitation, &ca, &key)), Code::InvitationUnknown);
}

#[test]
fn another_authority_is_not_believed() {
    let (town, other) = (Town::new(), Town::new());
    let mut invitation = town.invite(1);
    let ca = client::fetch_ca(&invitation).unwrap();
    invitation.addresses = vec![other.address.to_string()];
    let fetched = client::fetch_ca(&invitation);
    assert!(matches!(fetched, Err(Problem::WrongAuthority { .. })), "{fetched:?}");
    let enrolled = enrol(&invitation, &ca, &SigningKey::generate().unwrap());
    assert!(matches!(enrolled, Err(Problem::WrongAuthority { .. })), "{enrolled:?}");
    // Nor is our own authority's certificate, shown by a host that it does not name.
    invitation.addresses = vec![format!("localhost:{}", town.address.port())];
    let enrolled = enrol(&invitation, &ca, &SigningKey::generate().unwrap());
    assert!(matches!(enrolled, Err(Problem::WrongAuthority { .. })), "{enrolled:?}");
}

#[test]
fn addresses_are_tried_in_turn() {
    let town = Town::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut invitation = town.invite(1);
    invitation.addresses = vec![closed.to_string()];
    let nobody = client::fetch_ca(&invitation);
    assert!(matches!(nobody, Err(Problem::Unreachable { .. })), "{nobody:?}");
    invitation.addresses.push(town.address.to_string());
    let ca = client::fetch_ca(&invitation).unwrap();
    enrol(&invitation, &ca, &SigningKey::generate().unwrap()).unwrap();
}

#[test]
fn a_node_renews_its_certificate() {
    let town = Town::new();
    let node = town.node();
    let pem = node.client.renew().unwrap();
    let network = "fd00:42::/48".parse().unwrap();
    let renewed = crypto::NodeCertificate::from_pem(network, &pem).unwrap();
    assert_eq!((renewed.node, renewed.key), (node.certificate.node, node.key.public()));
}

#[test]
fn nodes_meet_through_the_registry() {
    let town = Town::new();
    let (one, other) = (town.node(), town.node());
    assert_eq!(one.client.bootstrap(9).unwrap().introductions, Vec::<Vec<u8>>::new());
    let introduction = other.introduction();
    other.client.publish(&introduction).unwrap();
    one.client.publish(&one.introduction()).unwrap();
    assert_eq!(one.client.bootstrap(9).unwrap().introductions, [introduction]);
    assert_eq!(one.client.bootstrap(0).unwrap().introductions, Vec::<Vec<u8>>::new());
}

#[test]
fn an_introduction_that_is_not_true_is_refused() {
    let town = Town::new();
    let (one, other) = (town.node(), town.node());
    let now = linux::Clock::wall();
    assert_eq!(code(one.client.publish(&one.introduces(&other.contact(now)))), Code::Introduction);
    let future = one.contact(Wall(now.0 + 100_000));
    assert_eq!(code(one.client.publish(&one.introduces(&future))), Code::Introduction);
    let mut changed = one.introduction();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(code(one.client.publish(&changed)), Code::Introduction);
    assert_eq!(code(one.client.publish(b"hello")), Code::Introduction);
}

#[test]
fn a_revoked_node_is_out() {
    let town = Town::new();
    let (node, other) = (town.node(), town.node());
    node.client.publish(&node.introduction()).unwrap();
    revoke(town.directory(), &node.certificate.node.to_string()).unwrap();
    assert_eq!(code(node.client.renew()), Code::Revoked);
    assert_eq!(code(node.client.publish(&node.introduction())), Code::Revoked);
    assert_eq!(code(node.client.bootstrap(1)), Code::Revoked);
    assert_eq!(other.client.bootstrap(9).unwrap().introductions, Vec::<Vec<u8>>::new());
}

#[test]
fn a_node_cannot_speak_for_another() {
    let town = Town::new();
    let (one, other) = (town.node(), town.node());
    let ca = client::fetch_ca(&town.invite(1)).unwrap();
    let addresses = vec![town.address.to_string()];
    let thief = client::Client::new(addresses, ca, other.certificate, one.key).unwrap();
    assert_eq!(code(thief.renew()), Code::Proof);
    assert_eq!(code(thief.bootstrap(1)), Code::Proof);
}

#[test]
fn who_waits_for_a_document_hears_of_a_revocation_within_a_second() {
    let town = Town::new();
    let (node, other) = (town.node(), town.node());
    assert!(node.client.document(0, Duration::ZERO).unwrap().is_some());
    assert_eq!(node.client.document(1, Duration::ZERO).unwrap(), None);
    let ca = client::fetch_ca(&town.invite(1)).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let document = node.client.document(1, Duration::from_secs(20)).unwrap();
            (document, Instant::now())
        });
        std::thread::sleep(Duration::from_millis(300));
        // As the command line does, in another process: with a handle of its own.
        let revoked = revoke(town.directory(), &other.certificate.serial.to_string()).unwrap();
        let told = Instant::now();
        let (document, heard) = waiting.join().unwrap();
        assert!(heard.saturating_duration_since(told) < Duration::from_secs(1));
        let document = read(&ca, &document.unwrap());
        assert_eq!((document.version, document.revoked), (2, revoked.serials));
    });
}

#[test]
fn parameters_reach_who_waits() {
    let town = Town::new();
    let node = town.node();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| node.client.document(1, Duration::from_secs(20)).unwrap());
        set_parameters(town.directory(), |parameters| parameters.arrows = 7).unwrap();
        let ca = client::fetch_ca(&town.invite(1)).unwrap();
        assert_eq!(read(&ca, &waiting.join().unwrap().unwrap()).parameters.arrows, 7);
    });
}

#[test]
fn who_waits_in_vain_is_told_so() {
    let town = Town::new();
    let node = town.node();
    let start = Instant::now();
    assert_eq!(node.client.document(1, Duration::from_secs(1)).unwrap(), None);
    assert!(start.elapsed() >= Duration::from_millis(900));
}

#[test]
fn a_server_that_is_stopped_does_not_wait_for_who_waits() {
    let mut town = Town::new();
    let node = town.node();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| node.client.document(1, Duration::from_secs(50)));
        std::thread::sleep(Duration::from_millis(300));
        let start = Instant::now();
        town.stop().unwrap();
        assert!(start.elapsed() < Duration::from_secs(4));
        let _ = waiting.join().unwrap();
    });
    let nobody = node.client.bootstrap(1);
    assert!(matches!(nobody, Err(Problem::Unreachable { .. })), "{nobody:?}");
}
