//! Certificates: what we issue and what we refuse.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::openssl;
use crypto::request::RequestError;
use crypto::{
    AuthorityCertificate, CertificateError, Fingerprint, Grant, IssueError, Issuer,
    NetworkAuthority, NodeCertificate, Request, SigningKey, Validity, introduce,
};
use gossip::{Authority, Contact, Document, Introduction, Parameters, Refused};
use proptest::prelude::*;
use words::{Carrier, Carriers, NodeId, Prefix, Wall};

/// A moment of 2027, when all certificates of these tests are valid.
const NOW: Wall = Wall(1_800_000_000);
const NETWORK: &str = "2001:db8:42::/48";

fn validity() -> Validity {
    let decade = Duration::from_hours(24 * 3650);
    Validity { from: Wall(NOW.0 - decade.as_secs()), until: NOW.plus(decade) }
}

fn issuer() -> Issuer {
    let key = SigningKey::generate().unwrap();
    Issuer::create(NETWORK.parse().unwrap(), "re6st.example.com", key, validity()).unwrap()
}

/// The grant of the node `<number>/16`.
fn grant(number: u16) -> Grant {
    let network: Prefix = NETWORK.parse().unwrap();
    let node = NodeId(Prefix::new(network.bits() | u128::from(number) << 64, 64));
    Grant { node, index: 3, serial: u64::from(number), validity: validity() }
}

/// A node with its certificate.
fn node(issuer: &Issuer, number: u16) -> (SigningKey, NodeCertificate) {
    let key = SigningKey::generate().unwrap();
    let certificate = issuer.issue(&key.public(), &grant(number)).unwrap();
    (key, certificate)
}

fn contact(node: NodeId) -> Contact {
    let endpoint = |address: &str| gossip::Endpoint {
        carrier: Carrier::Udp,
        address: address.parse().unwrap(),
    };
    Contact {
        node,
        issued: NOW,
        key: [9; 32],
        endpoints: vec![endpoint("192.0.2.1:6326"), endpoint("[2001:db8::7]:6326")],
        carriers: Carriers::of([Carrier::Udp]),
        country: Some(*b"FR"),
        capacity: Some(50),
        escaped: false,
        merges: false,
    }
}

#[test]
fn a_certificate_says_what_was_granted() {
    let issuer = issuer();
    assert_eq!(issuer.certificate().network(), NETWORK.parse().unwrap());
    assert_eq!(issuer.certificate().name(), "re6st.example.com");

    let (key, certificate) = node(&issuer, 7);
    assert_eq!(certificate.node, grant(7).node);
    assert_eq!((certificate.index, certificate.serial), (Some(3), 7));
    assert_eq!((certificate.from, certificate.until), (validity().from, validity().until));

    let authority = NetworkAuthority::new(issuer.certificate().clone());
    let identity = authority.certificate(&certificate.der, NOW).unwrap();
    assert_eq!((identity.node, identity.serial), (certificate.node, 7));
    assert_eq!((identity.key, identity.expires), (key.public(), certificate.until));

    let network = authority.network();
    assert_eq!(NodeCertificate::from_pem(network, &certificate.pem()).unwrap(), certificate);
    let again = AuthorityCertificate::from_pem(&issuer.certificate().pem()).unwrap();
    assert_eq!(&again, issuer.certificate());
}

#[test]
fn openssl_reads_and_verifies_what_we_issue() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = issuer();
    let (_, certificate) = node(&issuer, 7);
    let server = SigningKey::generate().unwrap();
    let server = issuer.serve("registry.example.com", &server.public(), validity()).unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("ca.pem", issuer.certificate().pem());
    write("node.pem", certificate.pem());
    write("server.pem", server.pem());

    let Some(said) = openssl(folder.path(), "verify -x509_strict -CAfile ca.pem node.pem") else {
        return;
    };
    assert!(said.contains("node.pem: OK"), "{said}");
    let said = openssl(
        folder.path(),
        "verify -x509_strict -purpose sslserver -verify_hostname registry.example.com -CAfile ca.pem server.pem",
    );
    assert!(said.unwrap().contains("server.pem: OK"));
    let said = openssl(folder.path(), "x509 -in ca.pem -noout -serial").unwrap();
    assert!(said.contains("serial=0120010DB80042"), "{said}");
    let said = openssl(folder.path(), "x509 -in node.pem -noout -subject -ext subjectAltName");
    let said = said.unwrap();
    assert!(said.contains("CN = 7/16, serialNumber = 3"), "{said}");
    assert!(said.contains("2001:DB8:42:7:0:0:0:1"), "{said}");
    let said = openssl(folder.path(), "x509 -in ca.pem -noout -fingerprint -sha256").unwrap();
    let digits = said.trim().rsplit('=').next().unwrap().replace(':', "");
    assert_eq!(digits.parse::<Fingerprint>().unwrap(), issuer.certificate().fingerprint());
}

/// An authority as classic networks have it: RSA, made by openssl, no profile of ours.
#[test]
fn a_classic_network_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let ca = "req -nodes -new -x509 -newkey rsa:2048 -keyout ca.key -out ca.pem \
              -set_serial 0x120010db80042 -days 7300 -subj /CN=re6st.example.com";
    if openssl(at, ca).is_none() {
        return;
    }
    openssl(
        at,
        "req -nodes -new -newkey rsa:2048 -sha512 -keyout node.key -out node.csr -subj /C=FR",
    );
    let ca = std::fs::read_to_string(at.join("ca.pem")).unwrap();
    let ca = AuthorityCertificate::from_pem(&ca).unwrap();
    let issuer = Issuer::new(ca, SigningKey::load(&at.join("ca.key")).unwrap()).unwrap();
    assert_eq!(issuer.certificate().network(), NETWORK.parse().unwrap());

    let request = std::fs::read_to_string(at.join("node.csr")).unwrap();
    let request = Request::from_pem(&request).unwrap();
    let certificate = issuer.issue(request.key(), &grant(1)).unwrap();
    std::fs::write(at.join("node.pem"), certificate.pem()).unwrap();
    let said = openssl(at, "verify -CAfile ca.pem node.pem").unwrap();
    assert!(said.contains("OK"), "{said}");

    // What the classic registry issues: no extensions at all.
    let classic = "req -nodes -new -newkey rsa:2048 -keyout k -out c.csr -subj";
    openssl(at, &format!("{classic} /CN=1\\/16/serialNumber=0"));
    let sign = "x509 -req -in c.csr -CA ca.pem -CAkey ca.key -set_serial 5 -days 7300 -sha512";
    openssl(at, &format!("{sign} -out classic.pem"));
    let text = std::fs::read_to_string(at.join("classic.pem")).unwrap();
    let authority = NetworkAuthority::new(issuer.certificate().clone());
    let classic = NodeCertificate::from_pem(authority.network(), &text).unwrap();
    assert_eq!((classic.node, classic.index), (grant(1).node, Some(0)));
    let identity = authority.certificate(&classic.der, Wall(classic.from.0 + 1)).unwrap();
    assert_eq!(identity.serial, 5);
}

#[test]
fn what_is_not_of_our_network_is_refused() {
    let (ours, theirs) = (issuer(), issuer());
    let authority = NetworkAuthority::new(ours.certificate().clone());
    let (_, certificate) = node(&ours, 7);
    let (_, foreign) = node(&theirs, 7);
    let check = |der: &[u8], now| authority.certificate(der, now).map(|identity| identity.node);

    assert_eq!(check(&foreign.der, NOW), Err(Refused::OtherAuthority));
    let Validity { from, until } = validity();
    let early = Refused::NotYetValid { from };
    assert_eq!(check(&certificate.der, Wall(from.0 - 1)), Err(early));
    assert_eq!(check(&certificate.der, Wall(until.0 + 1)), Err(Refused::Expired { since: until }));
    assert_eq!(check(ours.certificate().der(), NOW), Err(Refused::Unreadable));
    let server = SigningKey::generate().unwrap();
    let server = ours.serve("192.0.2.1", &server.public(), validity()).unwrap();
    assert_eq!(check(&server.der, NOW), Err(Refused::Unreadable));
    assert_eq!(check(b"certificate", NOW), Err(Refused::Unreadable));
    let mut longer = certificate.der.clone();
    longer.push(0);
    assert_eq!(check(&longer, NOW), Err(Refused::Unreadable));
}

#[test]
fn an_authority_gives_nothing_that_is_not_its_own() {
    let issuer = issuer();
    let key = SigningKey::generate().unwrap().public();
    let node = NodeId("2001:db8:43:7::/64".parse().unwrap());
    let outside = issuer.issue(&key, &Grant { node, ..grant(7) });
    assert!(matches!(outside, Err(IssueError::Outside { .. })), "{outside:?}");
    let reversed = Validity { from: NOW, until: NOW };
    let never = issuer.issue(&key, &Grant { validity: reversed, ..grant(7) });
    assert!(matches!(never, Err(IssueError::Validity)), "{never:?}");
    for host in ["", "a b", "-a", "a..b", "5/16", "é"] {
        let refused = issuer.serve(host, &key, validity());
        assert!(matches!(refused, Err(IssueError::Name { .. })), "{host}");
    }
    let other = Issuer::new(issuer.certificate().clone(), SigningKey::generate().unwrap());
    assert!(matches!(other, Err(IssueError::OtherKey)));
}

#[test]
fn a_request_proves_that_its_key_is_owned() {
    let key = SigningKey::generate().unwrap();
    let pem = Request::write(&key).unwrap();
    assert_eq!(Request::from_pem(&pem).unwrap().key(), &key.public());

    let (_, read) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    let mut forged = read.contents;
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(Request::from_der(&forged), Err(RequestError::Proof));
    assert_eq!(Request::from_pem("request"), Err(RequestError::Form));
}

#[test]
fn weak_keys_and_hashes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    if openssl(at, "req -nodes -new -newkey rsa:1024 -keyout k -out small.csr -subj /CN=x")
        .is_none()
    {
        return;
    }
    let read = |name: &str| std::fs::read_to_string(at.join(name)).unwrap();
    assert_eq!(Request::from_pem(&read("small.csr")), Err(RequestError::Weak));
    assert!(SigningKey::load(&at.join("k")).is_err());
    openssl(at, "req -nodes -new -sha1 -newkey rsa:2048 -keyout l -out sha1.csr -subj /CN=x");
    assert_eq!(Request::from_pem(&read("sha1.csr")), Err(RequestError::Weak));
    openssl(at, "req -nodes -new -x509 -newkey rsa:1024 -keyout m -out weak.pem -subj /CN=x");
    assert_eq!(AuthorityCertificate::from_pem(&read("weak.pem")), Err(CertificateError::Weak));
    openssl(
        at,
        "req -nodes -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout n -out p256.csr -subj /CN=x",
    );
    assert!(Request::from_pem(&read("p256.csr")).is_ok());
    assert!(SigningKey::load(&at.join("n")).is_ok());
}

#[test]
fn introductions_and_documents_are_believed_from_their_authors_only() {
    let (issuer, other) = (issuer(), issuer());
    let authority = NetworkAuthority::new(issuer.certificate().clone());
    let (key, certificate) = node(&issuer, 7);
    let introduction = introduce(&certificate, &contact(certificate.node), &key).unwrap();
    let octets = introduction.encode().unwrap();
    assert!(octets.len() < 700, "{} octets", octets.len());
    let read = Introduction::decode(&octets).unwrap();
    let signed = Contact::signed(&read.contact);
    assert!(authority.signature(&certificate.key, &signed, &read.signature));
    assert!(!authority.signature(&certificate.key, &read.contact, &read.signature));
    assert!(!authority.signature(issuer.certificate().key(), &signed, &read.signature));

    let document = Document {
        network: authority.network(),
        version: 3,
        issued: NOW,
        parameters: Parameters::default(),
        revoked: vec![7],
        meshes: None,
    };
    let ours = issuer.sign_document(&document).unwrap();
    assert!(authority.document(&Document::signed(&ours.bytes), &ours.signature));
    let theirs = other.sign_document(&document).unwrap();
    assert!(!authority.document(&Document::signed(&theirs.bytes), &theirs.signature));
}

#[test]
fn a_key_of_every_kind_signs_contacts() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let issuer = issuer();
    let authority = NetworkAuthority::new(issuer.certificate().clone());
    for line in [
        "genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out key",
        "genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out key",
        "genpkey -algorithm ed25519 -out key",
    ] {
        if openssl(at, line).is_none() {
            return;
        }
        let key = SigningKey::load(&at.join("key")).unwrap();
        let request = Request::from_pem(&Request::write(&key).unwrap()).unwrap();
        let certificate = issuer.issue(request.key(), &grant(8)).unwrap();
        let introduction = introduce(&certificate, &contact(certificate.node), &key).unwrap();
        let identity = authority.certificate(&introduction.certificate, NOW).unwrap();
        let signed = Contact::signed(&introduction.contact);
        assert!(authority.signature(&identity.key, &signed, &introduction.signature), "{line}");
        introduction.encode().unwrap();
    }
}

proptest! {
    #[test]
    fn no_octets_make_a_reader_panic(octets: Vec<u8>, at: prop::sample::Index, octet: u8) {
        use std::sync::LazyLock;
        static REAL: LazyLock<(Vec<u8>, String)> = LazyLock::new(|| {
            let (key, certificate) = node(&issuer(), 7);
            (certificate.der, Request::write(&key).unwrap())
        });
        let network = NETWORK.parse().unwrap();
        let text = String::from_utf8_lossy(&octets);
        let _ = AuthorityCertificate::from_der(&octets);
        let _ = AuthorityCertificate::from_pem(&text);
        let _ = NodeCertificate::from_der(network, &octets);
        let _ = Request::from_der(&octets);
        let _ = Request::from_pem(&text);
        let _ = SigningKey::from_pem(&text);
        let _ = text.parse::<Fingerprint>();

        let mut broken = REAL.0.clone();
        broken[at.index(REAL.0.len())] = octet;
        let _ = NodeCertificate::from_der(network, &broken);
        let mut broken = REAL.1.clone().into_bytes();
        broken[at.index(REAL.1.len())] = octet;
        let _ = Request::from_pem(&String::from_utf8_lossy(&broken));
    }
}
