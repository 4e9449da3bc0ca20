//! What is adopted from a document, and what is refused.

use crypto::{SigningKey, Validity};
use gossip::{Meshes, Parameters};
use order::{Chain, MeshMap};
use words::{NodeId, Prefix};

use super::*;

const NETWORK: Prefix = Prefix::new(0xfd42 << 112, 48);
const NOW: Wall = Wall(1_800_000_000);
const HOUR: Duration = Duration::from_hours(1);

fn authority() -> Issuer {
    let validity = Validity { from: Wall(NOW.0 - 1), until: NOW.plus(1000 * HOUR) };
    Issuer::create(NETWORK, "test", SigningKey::generate().unwrap(), validity).unwrap()
}

/// A network of two meshes, of the last day on which there was a backup.
fn backup() -> Document {
    let half = |bits: u128| Prefix::new(NETWORK.bits() | bits << 79, 49);
    let map = MeshMap::new(NETWORK, vec![vec![half(0), half(1)]]).unwrap();
    let anchor = chain().part(0).unwrap();
    let (version, parameters) = (10, Parameters::default());
    let (revoked, meshes) = (vec![2], Some(Meshes::of(map, NOW, anchor)));
    Document { network: NETWORK, version, issued: NOW, parameters, revoked, meshes }
}

fn chain() -> Chain {
    Chain::new([7; 32], 10)
}

/// What became of it with the registry that was lost: an epoch later.
fn lost() -> Document {
    let mut lost = Document { version: 12, revoked: vec![2, 5], ..backup() };
    lost.parameters.arrows = 7;
    let meshes = lost.meshes.as_mut().unwrap();
    meshes.epoch = meshes.epoch.next(chain().part(1).unwrap(), &[]).unwrap();
    meshes.rules.tenure = 9;
    let node = NodeId(Prefix::new(NETWORK.bits() | 9 << 64, 64));
    let member = order::Member { node, since: 1, declared: 0, attested: Vec::new() };
    meshes.roster = order::Roster::of([member]);
    lost
}

/// What becomes of it with the restored one, after so many epochs without its own parts.
fn restored(version: u64, epochs: u32) -> Document {
    let mut restored = Document { version, ..backup() };
    let meshes = restored.meshes.as_mut().unwrap();
    meshes.epoch = meshes.epoch.at(NOW.plus(epochs * HOUR));
    restored
}

/// Returns the next document, where all that is revoked is in force.
fn adopt(present: &Document, theirs: &Document) -> Result<Document, String> {
    adopt_keeping(present, theirs, false)
}

fn adopt_keeping(
    present: &Document,
    theirs: &Document,
    keep_back: bool,
) -> Result<Document, String> {
    let issuer = authority();
    let all = present.revoked.iter().chain(&theirs.revoked).copied();
    let revoked = all.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let draft = Draft {
        version: present.version.max(theirs.version) + 1,
        revoked,
        unlisted: Vec::new(),
        highest: 0,
        present: issuer.sign_document(present).unwrap().encode().unwrap(),
    };
    let signed = next(&issuer, &draft, (theirs, keep_back), NOW.plus(HOUR));
    let signed = signed.map_err(|why| why.to_string())?;
    let file = Path::new("document.cbor");
    Ok(verify(&issuer, &signed, file).expect("it is signed"))
}

#[test]
fn what_the_network_went_through_is_adopted_whole_and_its_next_epoch_follows() {
    let theirs = lost();
    let present = Document { revoked: vec![2, 3], ..restored(11, 1) };
    let next = adopt(&present, &theirs).unwrap();
    assert_eq!((next.version, &next.revoked[..]), (13, &[2, 3, 5][..]));
    assert_eq!((&next.parameters, &next.meshes), (&theirs.parameters, &theirs.meshes));
    assert_eq!(next.issued, NOW.plus(HOUR));
}

#[test]
fn a_network_of_one_mesh_gets_its_parameters_back() {
    let one = |document: Document| Document { meshes: None, ..document };
    let next = adopt(&one(backup()), &one(lost())).unwrap();
    assert_eq!((next.parameters.arrows, next.meshes), (7, None));
    let next = adopt(&one(backup()), &lost()).unwrap();
    assert_eq!(next.meshes, lost().meshes, "it was divided since");
}

#[test]
fn a_higher_version_of_another_history_is_in_vain_and_no_obstacle() {
    let next = adopt(&restored(40, 1), &lost()).unwrap();
    assert_eq!((next.version, next.meshes), (41, lost().meshes));
    let behind = adopt(&restored(40, 0), &lost()).unwrap();
    assert_eq!(behind.meshes, lost().meshes, "it is an epoch behind");
    let whole = adopt(&Document { meshes: None, ..restored(40, 0) }, &lost()).unwrap();
    assert_eq!((whole.version, whole.meshes), (41, lost().meshes), "it was divided since");
}

#[test]
fn of_an_older_document_that_is_followed_only_revocations_are_adopted() {
    let mut ours = Document { version: 40, revoked: vec![2], ..lost() };
    ours.parameters.arrows = 20;
    let next = adopt(&ours, &lost()).unwrap();
    assert_eq!((next.version, next.parameters.arrows, next.revoked), (41, 20, vec![2, 5]));
}

#[test]
fn what_tells_nothing_new_is_refused() {
    let same = adopt(&lost(), &lost()).unwrap_err();
    assert!(same.contains("version 12") && same.contains("nothing to restore; "), "{same}");
    let older = adopt(&lost(), &backup()).unwrap_err();
    assert!(older.contains("version 10, this registry 12"), "{older}");
    assert!(same.contains("add --keep-back"), "{same}");
}

#[test]
fn what_tells_nothing_new_changes_nothing_where_only_numbers_are_kept_back() {
    let next = adopt_keeping(&lost(), &lost(), true).unwrap();
    let version = next.version;
    assert_eq!((version, next.meshes, next.parameters), (13, lost().meshes, lost().parameters));
    let older = adopt_keeping(&lost(), &backup(), true).unwrap();
    assert_eq!(older.meshes, lost().meshes, "what is newer here stays");
}

#[test]
fn what_is_no_document_of_this_authority_is_refused_with_a_remedy() {
    let (ours, other) = (authority(), authority());
    let read = |octets: &[u8]| verify(&ours, octets, Path::new("document.cbor"));
    let of = |issuer: &Issuer, document| issuer.sign_document(&document).unwrap().encode().unwrap();
    assert_eq!(read(&of(&ours, lost())).unwrap(), lost());
    let foreign = read(&of(&other, lost())).unwrap_err().to_string();
    assert!(foreign.contains("not signed by this registry's authority"), "{foreign}");
    let elsewhere = Document { network: "fd43::/48".parse().unwrap(), meshes: None, ..lost() };
    assert!(matches!(read(&of(&ours, elsewhere)), Err(Error::Foreign { .. })));
    let whole = of(&ours, lost());
    for garbage in
        [&b""[..], b"re6st", &whole[..whole.len() - 1], &vec![0; SignedDocument::LIMIT + 1]]
    {
        let why = read(garbage).unwrap_err().to_string();
        assert!(why.contains("no network document") && why.contains("; copy "), "{why}");
    }
    let mut turned = ours.sign_document(&lost()).unwrap();
    *turned.bytes.last_mut().unwrap() ^= 1;
    assert!(matches!(read(&turned.encode().unwrap()), Err(Error::Foreign { .. })));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    for file in [folder.path().join("nowhere"), folder.path().to_owned()] {
        let why = restore(folder.path(), &file, false).unwrap_err().to_string();
        assert!(why.contains("cannot read") && why.contains("; "), "{why}");
    }
}
