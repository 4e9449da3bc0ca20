//! A member that lies to a running node, also one of a network of several meshes: what it does is bounded,
//! shown, and survived.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use common::home::{Home, authority};
use common::liar::{Habit, authority_of, lied_to};
use common::re6st;
use crypto::{Issuer, SigningKey};
use gossip::{Claim, Document, Meshes, Parameters, SignedDocument, Standing};
use order::{Chain, Epoch, Member, MeshMap, Roster};
use serde_json::Value;
use words::{NodeId, Prefix, Wall};

/// Where the liar is at home: in the mesh of the node, and in the other one.
const NEAR: &str = "fd00:42:0:8::/64";
const FAR: &str = "fd00:42:0:8008::/64";
/// The mesh of the node, and the other one.
const OURS: &str = "fd00:42::/49";
const THEIRS: &str = "fd00:42:0:8000::/49";

/// A node and a liar, in a network of one mesh.
#[cfg(test)]
fn told_to_one(habit: Habit, shown: impl Fn(&Value) -> bool) {
    let ca = authority("fd00:42::/48", SigningKey::generate().unwrap());
    let Some(victim) = lied_to(&ca, None, (NEAR, habit), |_, status| shown(status)) else { return };
    let status = victim.status;
    assert!(victim.seen, "{status}");
    assert_eq!(status["standing"], "member");
    // One node, one link; another may be draining.
    assert!(status["links"].as_u64().unwrap() <= 2, "{status}");
}

/// A network of two meshes, and the document of version 2, in epoch 2, that its node holds.
#[cfg(test)]
struct Divided {
    key: String,
    ca: Issuer,
    document: Document,
    chain: Chain,
}

#[cfg(test)]
impl Divided {
    /// The liar is not listed.
    fn new() -> Self {
        Self::of((0..30).map(|n| format!("fd00:42:0:1{n:02}::/64")))
    }

    /// Elected are these, of whom there are ten at least.
    fn of(elders: impl Iterator<Item = String>) -> Self {
        let key = SigningKey::generate().unwrap().pem().to_string();
        let ca = authority_of(&key);
        let (network, now) = (ca.certificate().network(), linux::Clock::wall());
        let chain = Chain::new([7; 32], 10);
        let began = Wall(now.0 - Epoch::LENGTH.as_secs());
        let map = MeshMap::even(network, &[1]).unwrap();
        let mut meshes = Meshes::of(map, began, chain.part(0).unwrap());
        // The node was listed last, so that others are elected before it.
        let member = |(node, since)| Member { node, since, declared: 0, attested: Vec::new() };
        let elders = elders.map(|node| (NodeId(node.parse().unwrap()), 0));
        let node = (NodeId("fd00:42:0:7::/64".parse().unwrap()), 2);
        meshes.roster = Roster::of(elders.chain([node]).map(member));
        meshes.epoch = meshes.epoch.next(chain.part(1).unwrap(), &[]).unwrap();
        let document = Document {
            network,
            version: 2,
            issued: now,
            parameters: Parameters::default(),
            revoked: Vec::new(),
            meshes: Some(meshes),
        };
        Self { key, ca, document, chain }
    }

    /// The next document, changed by `lie`.
    fn next(&self, lie: impl FnOnce(&mut Document, &mut Meshes)) -> Document {
        let mut next = Document { version: 3, ..self.document.clone() };
        let mut meshes = next.meshes.take().unwrap();
        lie(&mut next, &mut meshes);
        Document { meshes: Some(meshes), ..next }
    }

    fn signed(&self, document: &Document) -> Vec<u8> {
        self.ca.sign_document(document).unwrap().encode().unwrap()
    }

    /// A liar does as it does, which is counted under `refused` by this name; what was in force stays.
    fn refuses(&self, prefix: &str, habit: Habit, name: &str) -> String {
        let held = self.signed(&self.document);
        let path = format!("/refused/{name}");
        let shown = |_: &Home, status: &Value| count(status, &path) > 0;
        let Some(victim) = lied_to(&self.ca, Some(&held), (prefix, habit), shown) else {
            return String::new();
        };
        let status = victim.status;
        assert!(victim.seen, "no {name}: {status}");
        let mesh = &status["mesh"];
        assert_eq!((count(&status, "/document"), count(&status, "/mesh/epoch")), (2, 2));
        assert_eq!((&mesh["meshes"], &mesh["home"]), (&Value::from(2), &Value::from(OURS)));
        assert_eq!((&mesh["role"], &mesh["known"]), (&Value::from("plain"), &Value::from([""; 0])));
        assert_eq!(status["standing"], "member");
        victim.log
    }

    /// A neighbour offers a document that is refused for this reason, of which people are told.
    fn refuses_document(&self, octets: Vec<u8>, name: &str) {
        let log = self.refuses(NEAR, Habit::Offers(3, octets), &format!("gossip:{name}"));
        assert!(log.is_empty() || log.contains("a network document is refused"), "{log}");
    }
}

#[cfg(test)]
fn count(status: &Value, path: &str) -> u64 {
    status.pointer(path).and_then(Value::as_u64).unwrap_or(0)
}

#[test]
fn a_member_that_says_what_it_may_not_is_bounded_and_shown() {
    told_to_one(Habit::Babbles, |status| {
        let refused = ["word:misplaced", "word:unknown", "word:flood"];
        let all = refused.iter().all(|why| count(status, &format!("/refused/{why}")) > 0);
        // That it is linked already, and that it asks too often.
        let dials = count(status, "/refused/dial:often") + count(status, "/refused/dial:linked");
        all && dials > 0
    });
}

#[test]
fn a_member_that_agrees_to_a_drain_and_never_leaves_is_cut_and_shown() {
    told_to_one(Habit::Stays, |status| {
        count(status, "/refused/drain:never-left") > 0
            && count(status, "/arrows/by_cause/died:overdue") > 0
    });
}

#[test]
fn a_document_that_another_authority_signed_is_refused_and_the_old_one_stays() {
    let divided = Divided::new();
    let other = authority("fd00:42::/48", SigningKey::generate().unwrap());
    let forged = other.sign_document(&divided.next(|_, _| {})).unwrap().encode().unwrap();
    divided.refuses_document(forged, "signature");
}

#[test]
fn a_document_that_is_older_than_said_is_refused() {
    let divided = Divided::new();
    let old = divided.next(|document, _| document.version = 1);
    divided.refuses_document(divided.signed(&old), "rollback");
}

#[test]
fn a_document_whose_epoch_goes_back_is_refused() {
    let divided = Divided::new();
    let back = divided.next(|_, meshes| {
        let began = meshes.epoch.began;
        *meshes = Meshes::of(meshes.map.clone(), began, divided.chain.part(0).unwrap());
    });
    divided.refuses_document(divided.signed(&back), "epoch-back");
}

#[test]
fn a_document_whose_beacon_does_not_follow_is_refused() {
    let divided = Divided::new();
    let forged = divided.next(|_, meshes| meshes.epoch.number += 1);
    divided.refuses_document(divided.signed(&forged), "beacon");
}

#[test]
fn a_document_with_a_mesh_map_that_cannot_be_is_refused() {
    let divided = Divided::new();
    let mut bytes = divided.next(|_, _| {}).encode().unwrap();
    let map = divided.document.meshes.as_ref().unwrap().map.encode();
    let at = bytes.windows(map.len()).position(|octets| octets == map).unwrap();
    // As many cuts as no map has.
    bytes[at] = 0xff;
    let key = SigningKey::from_pem(&divided.key).unwrap();
    let signature = key.sign(&Document::signed(&bytes)).unwrap();
    let signed = SignedDocument { bytes, signature }.encode().unwrap();
    divided.refuses_document(signed, "malformed");
}

#[test]
fn who_asks_for_a_link_of_a_mesh_that_it_was_not_elected_to_is_refused() {
    let claim = |mesh: &str| {
        let mesh = mesh.parse().unwrap();
        Habit::Claims(Claim { mesh, version: 2, epoch: 2, standing: Standing::Member })
    };
    Divided::new().refuses(FAR, claim(OURS), "dial:other-mesh");
    Divided::new().refuses(FAR, claim(THEIRS), "dial:elsewhere");
}

#[test]
fn who_tells_of_a_range_that_it_was_not_elected_to_tell_of_is_not_believed() {
    let range: Prefix = THEIRS.parse().unwrap();
    Divided::new().refuses(NEAR, Habit::Tells(range), "announcement:not-admitted");
}

#[test]
fn a_range_that_an_elected_node_tells_of_is_believed_and_why_tells_the_way_across() {
    let others = (0..9).map(|n| format!("fd00:42:0:10{n}::/64"));
    let divided = Divided::of(others.chain([NEAR.to_owned()]));
    let held = divided.signed(&divided.document);
    let habit = Habit::Tells(THEIRS.parse().unwrap());
    let there = "fd00:42:0:8009::1";
    let shown = |home: &Home, status: &Value| {
        let is_known = status["mesh"]["known"] == Value::from([THEIRS]);
        if is_known {
            let why = re6st(&["why", there, "--json", "--state", home.path()]).well();
            let why: Value = serde_json::from_str(&why).unwrap();
            assert_eq!((&why["range"], &why["direct"]), (&THEIRS.into(), &false.into()), "{why}");
            let across = serde_json::json!({
                "home": OURS, "mesh": THEIRS, "by_range": THEIRS, "entered_by": NEAR,
                "entry_home": OURS,
            });
            assert_eq!(why["across"], across);
            let said = re6st(&["why", there, "--state", home.path()]).well();
            let whose = "is of the node fd00:42:0:8009::/64, which is at home in the mesh";
            let way = format!("From here, the mesh {OURS}, only its range is known: {THEIRS}.");
            assert!(said.contains(whose) && said.contains(&way), "{said}");
            assert!(said.contains(&format!("border node is {NEAR}, at home in {OURS}")), "{said}");
        }
        is_known
    };
    let Some(victim) = lied_to(&divided.ca, Some(&held), (NEAR, habit), shown) else { return };
    assert!(victim.seen, "{}", victim.status);
}
