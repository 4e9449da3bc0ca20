//! A registry whose rows were restored from a backup that is older than an epoch.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{HASTY, Node, Town, options};
use crypto::{NetworkAuthority, SigningKey};
use gossip::{Document, Gossip, Input, SignedDocument};
use registry::client::{Client, fetch_ca};
use registry::{Division, Error, Options, init, nodes, raise_version, restore, revoke};
use words::{Engine, Time};

/// Makes a registry of two meshes and serves it.
#[cfg(test)]
fn divided() -> Town {
    let folder = tempfile::tempdir().unwrap();
    let division = Some(Division { cuts: 1, parts: 2, rules: HASTY });
    init(folder.path(), &Options { division, ..options() }).unwrap();
    Town::serving(folder)
}

/// Returns a node's line to a registry that was restarted, and answers elsewhere.
#[cfg(test)]
fn line(town: &Town, node: &Node) -> Client {
    let ca = fetch_ca(&town.invite(1)).unwrap();
    let key = SigningKey::from_pem(&node.key.pem()).unwrap();
    Client::new(vec![town.address.to_string()], ca, node.certificate.clone(), key).unwrap()
}

#[cfg(test)]
fn read(octets: &[u8]) -> Document {
    Document::decode(&SignedDocument::decode(octets).unwrap().bytes).unwrap()
}

#[cfg(test)]
fn epoch(octets: &[u8]) -> order::Epoch {
    read(octets).meshes.unwrap().epoch
}

/// Waits until the registry tells a document of this epoch or a later one.
#[cfg(test)]
fn until(town: &Town, node: &Node, number: u64) -> Vec<u8> {
    let (began, client) = (Instant::now(), line(town, node));
    loop {
        let octets = client.document(0, Duration::ZERO).unwrap().unwrap();
        if epoch(&octets).number >= number {
            return octets;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "it never comes");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Copies the rows of a registry that is not served; those that were there are gone, with what
/// SQLite keeps beside them.
#[cfg(test)]
fn copy(from: &Path, to: &Path) {
    for beside in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{beside}", to.display()));
    }
    std::fs::copy(from, to).unwrap();
}

/// Tells whether a node that has the one document puts the other in force.
#[cfg(test)]
fn accepts(town: &Town, node: &Node, had: &[u8], told: &[u8]) -> bool {
    let ca = fetch_ca(&town.invite(1)).unwrap();
    let (network, authority) = (ca.network(), NetworkAuthority::new(ca));
    let mut gossip = Gossip::new(network, node.certificate.node, authority, [7; 32], Time::ZERO);
    gossip.handle(Input::Calendar(linux::Clock::wall()), Time::ZERO);
    gossip.handle(Input::Document(had), Time::ZERO);
    assert_eq!(gossip.version(), read(had).version);
    gossip.handle(Input::Document(told), Time::ZERO);
    gossip.version() == read(told).version
}

#[test]
fn a_restored_registry_is_believed_again_with_a_document_that_a_node_has() {
    let mut town = divided();
    let (stays, leaves) = (town.newcomer(), town.newcomer());
    let rows = town.directory().join("registry.db");
    let backup = tempfile::tempdir().unwrap();
    let backup = backup.path().join("registry.db");
    let before = epoch(&until(&town, &stays, 2)).number;
    town.stop().unwrap();
    copy(&rows, &backup);

    // What the backup does not know: some epochs, two nodes, and that two are revoked.
    let town = town.restart();
    let unknown = town.newcomer();
    let joined = town.newcomer();
    let gone = [leaves.certificate.serial, unknown.certificate.serial];
    for serial in gone {
        revoke(town.directory(), &serial.to_string()).unwrap();
    }
    let had = until(&town, &stays, before + 3);
    let roster = read(&had).meshes.unwrap().roster;
    assert!(roster.get(joined.certificate.node).is_some());
    let file = backup.with_file_name("document.cbor");
    std::fs::write(&file, &had).unwrap();
    let mut town = town;
    town.stop().unwrap();
    copy(&backup, &rows);

    // No higher version helps: it goes on with epochs that nobody had.
    let town = town.restart();
    let forgot = until(&town, &stays, epoch(&had).number + 1);
    assert!(epoch(&forgot).follows(&epoch(&had)).is_err());
    let above = read(&had).version + 20;
    raise_version(town.directory(), above, |_| ()).unwrap();
    let raised = line(&town, &stays).document(0, Duration::ZERO).unwrap().unwrap();
    assert!(read(&raised).version >= above && !accepts(&town, &stays, &had, &raised));
    line(&town, &leaves).publish(&leaves.introduction()).expect("it forgot the revocation");

    let adopted = restore(town.directory(), &file, false).unwrap();
    let restored = adopted.restored;
    assert!(restored.indexes >= 2 && !adopted.ipv4);
    assert_eq!((&restored.revoked[..], &restored.lost[..]), (&gone[..1], &gone[1..]));
    let next = line(&town, &stays).document(0, Duration::ZERO).unwrap().unwrap();
    assert!(read(&next).version >= restored.version && accepts(&town, &stays, &had, &next));
    let later = until(&town, &stays, epoch(&next).number + 2);
    assert!(accepts(&town, &stays, &had, &later) && accepts(&town, &stays, &next, &later));
    for document in [&next, &later] {
        assert!(gone.iter().all(|serial| read(document).revoked.contains(serial)));
    }
    line(&town, &leaves).publish(&leaves.introduction()).expect_err("it is out");
    line(&town, &stays).publish(&stays.introduction()).unwrap();

    // Nobody is given what somebody has who joined since: it stays when a newcomer is put out.
    let new = town.newcomer().certificate;
    assert!(new.serial > joined.certificate.serial.max(gone[1]));
    assert_ne!(new.node, joined.certificate.node);
    assert!(new.index > joined.certificate.index);
    revoke(town.directory(), &new.serial.to_string()).unwrap();
    let after = line(&town, &stays).document(0, Duration::ZERO).unwrap().unwrap();
    let out = read(&after).revoked;
    assert!(out.contains(&new.serial) && !out.contains(&joined.certificate.serial));
    let again = restore(town.directory(), &file, false);
    assert!(matches!(again, Err(Error::Known { .. })), "{again:?}");
    // Of another backup, since which nothing was signed, numbers are kept back if one asks for that.
    restore(town.directory(), &file, true).unwrap();
    assert!(town.newcomer().certificate.serial > new.serial + 100_000);
    let listed = nodes(town.directory()).unwrap();
    assert_eq!(listed.iter().filter(|node| node.revoked.is_some()).count(), 2);
}
