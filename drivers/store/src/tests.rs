//! What must hold of the rows, whoever asks and whatever fails.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tempfile::TempDir;
use words::{Dice, NodeId, Prefix, Wall};

use super::*;

mod bounds;
mod restore;

const NOW: Wall = Wall(1_800_000_000);
const DAY: Duration = Duration::from_hours(24);
const TOKEN: [u8; 32] = [7; 32];

async fn store_of(network: &str, node_length: u8) -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let network = Network { prefix: network.parse().unwrap(), node_length };
    let file = folder.path().join("registry.db");
    let store = Store::create(&file, network, b"document 1", NOW).await.unwrap();
    (folder, store)
}

async fn store() -> (TempDir, Store) {
    store_of("fd00:42::/48", 64).await
}

async fn invited(uses: u32) -> (TempDir, Store) {
    let (folder, store) = store().await;
    let invitation = Invitation { token: TOKEN, expires: NOW.plus(DAY), uses, note: String::new() };
    store.invite(&invitation, NOW).await.unwrap();
    (folder, store)
}

fn dice() -> Dice {
    Dice::of([3; 32], "allocation")
}

#[expect(clippy::unnecessary_wraps, reason = "the shape that the store asks for")]
fn signed(seat: &Seat) -> Result<Vec<u8>, Signing> {
    Ok(format!("certificate {}", seat.serial).into_bytes())
}

async fn enrol_at(store: &Store, key: &[u8], now: Wall) -> Result<Certificate, Error> {
    let applicant = Applicant { token: Some(TOKEN), key, note: "", meshes: &[] };
    store.enrol(&applicant, (now, 10 * DAY), &mut dice(), signed).await
}

async fn enrol(store: &Store, key: &[u8]) -> Certificate {
    enrol_at(store, key, NOW).await.unwrap()
}

async fn anybody(store: &Store, key: &[u8], now: Wall) -> Result<Certificate, Error> {
    let applicant = Applicant { token: None, key, note: "", meshes: &[] };
    store.enrol(&applicant, (now, DAY), &mut dice(), signed).await
}

async fn revoke(store: &Store, target: Target, now: Wall) -> Result<Revocation, Error> {
    let sign = |draft: &Draft| Ok(format!("{:?}", draft.revoked).into_bytes());
    store.revoke(target, now, sign).await
}

#[tokio::test]
async fn a_node_gets_a_prefix_an_index_and_a_number() {
    let (_folder, store) = invited(1).await;
    let certificate = enrol(&store, b"key").await;
    let seat = certificate.seat;
    let network: Prefix = "fd00:42::/48".parse().unwrap();
    assert!(network.covers(seat.node.0) && seat.node.0.length() == 64);
    assert_ne!(seat.node.0.bits(), network.bits());
    assert_eq!((seat.serial, seat.index), (1, 1));
    assert_eq!((seat.from, seat.until), (Wall(NOW.0 - 3600), NOW.plus(10 * DAY)));
    assert_eq!(store.certificate(1).await.unwrap(), certificate);
}

#[tokio::test]
async fn an_invitation_works_as_often_as_it_says() {
    let (_folder, store) = invited(2).await;
    enrol(&store, b"one").await;
    enrol(&store, b"two").await;
    let third = enrol_at(&store, b"three", NOW).await;
    assert!(matches!(third, Err(Error::UsedInvitation)), "{third:?}");
}

#[tokio::test]
async fn an_invitation_works_until_its_last_second() {
    let (_folder, store) = invited(2).await;
    enrol_at(&store, b"in time", NOW.plus(DAY)).await.unwrap();
    let late = enrol_at(&store, b"late", NOW.plus(DAY + Duration::from_secs(1))).await;
    assert!(matches!(late, Err(Error::ExpiredInvitation { .. })), "{late:?}");
}

#[tokio::test]
async fn an_unknown_token_is_refused() {
    let (_folder, store) = store().await;
    let refused = enrol_at(&store, b"key", NOW).await;
    assert!(matches!(refused, Err(Error::UnknownInvitation)), "{refused:?}");
}

#[tokio::test]
async fn an_answer_that_was_lost_can_be_had_again() {
    let (_folder, store) = invited(1).await;
    let first = enrol(&store, b"key").await;
    assert_eq!(enrol(&store, b"key").await, first);
}

#[tokio::test]
async fn of_many_at_once_exactly_one_wins() {
    let (_folder, store) = invited(1).await;
    // Half of them in another handle, as in another process.
    let other = Store::open(store.file()).await.unwrap();
    let tasks: Vec<_> = (0..20_u8)
        .map(|n| {
            let store = if n % 2 == 0 { store.clone() } else { other.clone() };
            tokio::spawn(async move { enrol_at(&store, &[n], NOW).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert!(matches!(error, Error::UsedInvitation), "{error}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(store.nodes(0, 100).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_signed_leaves_no_trace() {
    let (_folder, store) = invited(1).await;
    let applicant = Applicant { token: Some(TOKEN), key: b"key", note: "", meshes: &[] };
    let broken = |_: &Seat| Err("no chance left".into());
    let failed = store.enrol(&applicant, (NOW, DAY), &mut dice(), broken).await;
    assert!(matches!(failed, Err(Error::Signing(_))));
    assert_eq!(store.nodes(0, 9).await.unwrap(), []);
    enrol(&store, b"another").await;

    let broken = |_: &Draft| Err("no chance left".into());
    let failed = store.revoke(Target::Serial(1), NOW, broken).await;
    assert!(matches!(failed, Err(Error::Signing(_))));
    assert_eq!(store.certificate(1).await.unwrap().revoked, None);
    assert_eq!(store.version().await.unwrap(), 1);
}

#[tokio::test]
async fn every_prefix_is_given_once_and_the_registrys_never() {
    let (_folder, store) = store_of("fd00:42::/60", 64).await;
    let mut given = BTreeSet::new();
    for n in 0..15_u8 {
        given.insert(anybody(&store, &[n], NOW).await.unwrap().seat.node);
    }
    assert_eq!(given.len(), 15);
    assert!(!given.contains(&NodeId("fd00:42::/64".parse().unwrap())));
    let full = anybody(&store, b"one more", NOW).await;
    assert!(matches!(full, Err(Error::NoRoom { .. })), "{full:?}");
}

#[tokio::test]
async fn a_revoked_prefix_is_free_once_its_certificate_has_expired() {
    let (_folder, store) = store_of("fd00:42::/63", 64).await;
    let first = anybody(&store, b"first", NOW).await.unwrap();
    revoke(&store, Target::Node(first.seat.node), NOW).await.unwrap();
    let early = anybody(&store, b"second", NOW.plus(DAY)).await;
    assert!(matches!(early, Err(Error::NoRoom { .. })), "{early:?}");
    let later = NOW.plus(DAY + Duration::from_secs(1));
    let second = anybody(&store, b"second", later).await.unwrap();
    assert_eq!(second.seat.node, first.seat.node);
    assert_eq!((second.seat.serial, second.seat.index), (2, 1));

    // The old number still names the old owner, not the new one.
    let old = revoke(&store, Target::Serial(1), later).await;
    assert!(matches!(old, Err(Error::Revoked { serial: 1 })), "{old:?}");
    assert_eq!(store.certificate(2).await.unwrap().revoked, None);
}

#[tokio::test]
async fn an_index_is_the_smallest_free_one() {
    let (_folder, store) = invited(9).await;
    for (key, index) in [(b"a", 1), (b"b", 2), (b"c", 3)] {
        assert_eq!(enrol(&store, key).await.seat.index, index);
    }
    let late = NOW.plus(11 * DAY);
    assert_eq!(anybody(&store, b"d", late).await.unwrap().seat.index, 1);
}

#[tokio::test]
async fn a_renewed_certificate_is_of_the_same_node() {
    let (_folder, store) = invited(1).await;
    let old = enrol(&store, b"key").await;
    let soon = NOW.plus(6 * DAY);
    assert_eq!(store.renew(1, (soon, DAY), signed).await.unwrap(), old);
    let later = NOW.plus(7 * DAY);
    let new = store.renew(1, (later, 10 * DAY), signed).await.unwrap();
    let Seat { node, index, serial, until, .. } = new.seat;
    assert_eq!((node, index, serial), (old.seat.node, old.seat.index, 2));
    assert_eq!(until, later.plus(10 * DAY));
    // Asked again with the old one, it is the new one.
    assert_eq!(store.renew(1, (later, DAY), signed).await.unwrap(), new);
    assert_eq!(store.nodes(0, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_certificate_that_expired_is_renewed_unless_its_prefix_is_gone() {
    let (_folder, store) = store_of("fd00:42::/63", 64).await;
    anybody(&store, b"old", NOW).await.unwrap();
    let late = NOW.plus(2 * DAY);
    let renewed = store.renew(1, (late, DAY), signed).await.unwrap();
    assert_eq!(renewed.seat.serial, 2);
    let later = late.plus(2 * DAY);
    anybody(&store, b"new", later).await.unwrap();
    let gone = store.renew(2, (later, DAY), signed).await;
    assert!(matches!(gone, Err(Error::Replaced { serial: 2 })), "{gone:?}");
}

#[tokio::test]
async fn a_revoked_node_stays_out_with_all_its_certificates() {
    let (_folder, store) = invited(1).await;
    let node = enrol(&store, b"key").await.seat.node;
    let now = NOW.plus(7 * DAY);
    store.renew(1, (now, 10 * DAY), signed).await.unwrap();
    let revoked = revoke(&store, Target::Serial(1), now).await.unwrap();
    assert_eq!(revoked, Revocation { node, serials: vec![1, 2], version: 2 });
    assert_eq!(store.document().await.unwrap(), (2, b"[1, 2]".to_vec()));
    for serial in [1, 2] {
        let renewed = store.renew(serial, (now, DAY), signed).await;
        assert!(matches!(renewed, Err(Error::Revoked { .. })), "{renewed:?}");
    }
    let again = revoke(&store, Target::Node(node), now).await;
    assert!(matches!(again, Err(Error::Revoked { .. })), "{again:?}");
    let again = enrol_at(&store, b"key", NOW).await;
    assert!(matches!(again, Err(Error::UsedInvitation)), "{again:?}");
    assert_eq!(store.version().await.unwrap(), 2);
}

#[tokio::test]
async fn who_is_not_there_cannot_be_revoked() {
    let (_folder, store) = store().await;
    let nobody = revoke(&store, Target::Serial(9), NOW).await;
    assert!(matches!(nobody, Err(Error::UnknownCertificate { serial: 9 })));
    let node = NodeId("fd00:42:0:9::/64".parse().unwrap());
    let nobody = revoke(&store, Target::Node(node), NOW).await;
    assert!(matches!(nobody, Err(Error::UnknownNode { .. })));
}

#[tokio::test]
async fn the_document_rises_and_forgets_what_has_expired() {
    let (_folder, store) = store().await;
    anybody(&store, b"key", NOW).await.unwrap();
    revoke(&store, Target::Serial(1), NOW).await.unwrap();
    let sign = |draft: &Draft| {
        assert_eq!((draft.version, draft.present.as_slice()), (3, b"[1]".as_slice()));
        Ok(format!("{:?}", draft.revoked).into_bytes())
    };
    assert_eq!(store.replace_document(0, NOW.plus(3 * DAY), sign).await.unwrap(), 3);
    assert_eq!(store.document().await.unwrap(), (3, b"[]".to_vec()));
}

#[tokio::test]
async fn another_handle_sees_the_change() {
    let (_folder, store) = invited(1).await;
    enrol(&store, b"key").await;
    let other = Store::open(store.file()).await.unwrap();
    revoke(&other, Target::Serial(1), NOW).await.unwrap();
    assert_eq!(store.version().await.unwrap(), 2);
}

fn contact(certificate: &Certificate, issued: Wall) -> Contact<'static> {
    let Seat { node, serial, .. } = certificate.seat;
    Contact { node, serial, issued, introduction: b"hello" }
}

#[tokio::test]
async fn introductions_are_of_others_and_of_nodes_in_good_standing() {
    let (_folder, store) = invited(9).await;
    let mut all = Vec::new();
    for key in [b"a", b"b", b"c"] {
        let certificate = enrol(&store, key).await;
        let kept = store.publish(&contact(&certificate, NOW), NOW).await.unwrap();
        assert_eq!(kept, Published::Kept);
        all.push(certificate);
    }
    let [a, b, _c] = all.as_slice() else { unreachable!() };
    assert_eq!(store.bootstrap(9, (None, a.seat.node), NOW).await.unwrap().len(), 2);
    assert_eq!(store.bootstrap(1, (None, a.seat.node), NOW).await.unwrap().len(), 1);
    revoke(&store, Target::Node(b.seat.node), NOW).await.unwrap();
    assert_eq!(store.bootstrap(9, (None, a.seat.node), NOW).await.unwrap().len(), 1);
    let late = NOW.plus(11 * DAY);
    assert_eq!(store.bootstrap(9, (None, a.seat.node), late).await.unwrap().len(), 0);
    let refused = store.publish(&contact(b, NOW), NOW).await;
    assert!(matches!(refused, Err(Error::Revoked { .. })), "{refused:?}");
}

#[tokio::test]
async fn who_told_long_ago_for_the_last_time_is_left_out_where_that_is_asked() {
    let (_folder, store) = invited(9).await;
    assert_eq!(store.heard_last().await.unwrap(), None);
    let (left, stays) = (enrol(&store, b"a").await, enrol(&store, b"b").await);
    for certificate in [&left, &stays] {
        store.publish(&contact(certificate, NOW), NOW).await.unwrap();
    }
    let later = NOW.plus(4 * DAY);
    store.publish(&contact(&stays, later), later).await.unwrap();
    assert_eq!(store.heard_last().await.unwrap(), Some(later));
    for (since, listed) in [(NOW, 2), (NOW.plus(DAY), 1), (later.plus(DAY), 0)] {
        let introductions = store.introductions(since, later).await.unwrap();
        let told = store.told(since, later).await.unwrap();
        assert_eq!((introductions.len(), told), (listed, u32::try_from(listed).unwrap()));
    }
    // Who comes back is heard again.
    store.publish(&contact(&left, later), later).await.unwrap();
    assert_eq!(store.told(later, later).await.unwrap(), 2);
}

#[tokio::test]
async fn as_many_told_as_have_an_introduction_also_when_certificates_are_over() {
    let (_folder, store) = invited(9).await;
    let (one, other) = (enrol(&store, b"a").await, enrol(&store, b"b").await);
    for certificate in [&one, &other] {
        store.publish(&contact(certificate, NOW), NOW).await.unwrap();
    }
    let renewed = store.renew(other.seat.serial, (NOW.plus(9 * DAY), 10 * DAY), signed).await;
    let last = NOW.plus(10 * DAY);
    store.publish(&contact(&renewed.unwrap(), last), last).await.unwrap();
    let late = last.plus(Duration::from_secs(1));
    for (now, listed) in [(last, 2), (late, 1), (late.plus(10 * DAY), 0)] {
        let introductions = store.introductions(NOW, now).await.unwrap();
        let told = store.told(NOW, now).await.unwrap();
        assert_eq!((introductions.len(), told), (listed, u32::try_from(listed).unwrap()));
    }
    revoke(&store, Target::Node(other.seat.node), last).await.unwrap();
    assert_eq!(store.told(NOW, last).await.unwrap(), 1);
}

#[tokio::test]
async fn an_older_contact_does_not_replace_a_newer_one() {
    let (_folder, store) = invited(1).await;
    let certificate = enrol(&store, b"a").await;
    store.publish(&contact(&certificate, NOW), NOW).await.unwrap();
    let older = contact(&certificate, Wall(NOW.0 - 1));
    assert_eq!(store.publish(&older, NOW).await.unwrap(), Published::Older);
}

#[tokio::test]
async fn what_was_seen_is_kept_for_an_epoch_and_the_last_word_of_each_counts() {
    let (_folder, store) = invited(3).await;
    let mut nodes = Vec::new();
    for key in [b"a", b"b", b"c"] {
        nodes.push(enrol(&store, key).await.seat.node);
    }
    let [a, b, c] = nodes[..] else { unreachable!() };
    store.attest(7, b, &[(a, 30), (c, 5)]).await.unwrap();
    store.attest(7, c, &[(a, 20)]).await.unwrap();
    store.attest(7, b, &[(a, 40)]).await.unwrap();
    let mut seen = store.attested(7).await.unwrap();
    seen.sort_unstable();
    let mut all = vec![(a, 20), (a, 40), (c, 5)];
    all.sort_unstable();
    assert_eq!(seen, all);
    assert_eq!(store.attested(8).await.unwrap(), []);
    assert_eq!(store.attested(7).await.unwrap(), [], "what was seen before is forgotten");
}

#[tokio::test]
async fn whom_attesters_agreed_on_last_is_known_until_that_is_too_old() {
    let (_folder, store) = invited(2).await;
    let (a, b) = (enrol(&store, b"a").await.seat.node, enrol(&store, b"b").await.seat.node);
    store.note_believed(7, &[a, b]).await.unwrap();
    store.note_believed(9, &[a]).await.unwrap();
    let (both, nobody) = ([a, b].into(), BTreeSet::new());
    assert_eq!(store.believed_since(7, (9, &both)).await.unwrap(), both);
    let only = [a].into();
    assert_eq!(store.believed_since(8, (10, &both)).await.unwrap(), only);
    assert_eq!(store.believed_since(7, (10, &both)).await.unwrap(), both, "it still stands there");
    assert_eq!(store.believed_since(8, (10, &nobody)).await.unwrap(), only);
    assert_eq!(store.believed_since(7, (10, &nobody)).await.unwrap(), only, "forgotten");
}

#[tokio::test]
async fn what_was_believed_before_there_were_rows_of_it_counts_from_the_first_look_on() {
    let (_folder, store) = invited(2).await;
    let (a, b) = (enrol(&store, b"a").await.seat.node, enrol(&store, b"b").await.seat.node);
    store.note_believed(20, &[b]).await.unwrap();
    let both = [a, b].into();
    assert_eq!(store.believed_since(9, (21, &both)).await.unwrap(), both);
    assert_eq!(store.believed_since(21, (33, &both)).await.unwrap(), [a].into(), "not anew");
    assert_eq!(store.believed_since(22, (34, &both)).await.unwrap(), BTreeSet::new());
}

#[tokio::test]
async fn shares_are_kept_for_an_epoch_and_the_last_word_of_each_counts() {
    let (_folder, store) = invited(2).await;
    let (a, b) = (enrol(&store, b"a").await.seat.node, enrol(&store, b"b").await.seat.node);
    let share = |node, commitment, secret: Option<u8>| Share {
        node,
        commitment: [commitment; 32],
        secret: secret.map(|octet| [octet; 32]),
    };
    store.share(3, &share(a, 1, None)).await.unwrap();
    store.share(3, &share(b, 2, Some(9))).await.unwrap();
    store.share(3, &share(a, 4, Some(8))).await.unwrap();
    let mut all = vec![share(a, 4, Some(8)), share(b, 2, Some(9))];
    all.sort_unstable();
    assert_eq!(store.shares(3).await.unwrap(), all);
    assert_eq!(store.shares(4).await.unwrap(), []);
    assert_eq!(store.shares(3).await.unwrap(), [], "what was said before is forgotten");
}

#[tokio::test]
async fn each_change_is_in_the_audit_log() {
    let (_folder, store) = invited(1).await;
    let certificate = enrol(&store, b"key").await;
    store.publish(&contact(&certificate, NOW), NOW).await.unwrap();
    store.renew(1, (NOW.plus(7 * DAY), DAY), signed).await.unwrap();
    revoke(&store, Target::Serial(1), NOW).await.unwrap();
    let sign = |_: &Draft| Ok(Vec::new());
    store.replace_document(0, NOW, sign).await.unwrap();
    let actions: Vec<_> =
        store.changes(99).await.unwrap().into_iter().map(|change| change.action).collect();
    assert_eq!(actions, ["parameters", "revoke", "renew", "enrol", "invite", "init"]);
}

#[tokio::test]
async fn a_registry_is_neither_made_over_another_nor_opened_where_none_is() {
    let (_folder, store) = store().await;
    let network = store.network().await.unwrap();
    let again = Store::create(store.file(), network, b"", NOW).await;
    assert!(matches!(again, Err(Error::Exists { .. })));
    let nowhere = Store::open(Path::new("/nowhere/registry.db")).await;
    assert!(matches!(nowhere, Err(Error::Missing { .. })));
}

#[tokio::test]
async fn a_network_without_room_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    for (prefix, node_length) in [("fd00::/64", 64), ("fd00::/48", 48), ("::/0", 64)] {
        let network = Network { prefix: prefix.parse().unwrap(), node_length };
        let refused = Store::create(&folder.path().join("db"), network, b"", NOW).await;
        assert!(matches!(refused, Err(Error::NoRoom { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_said_to_be_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.db");
    std::fs::write(&file, vec![42; 9000]).unwrap();
    let opened = Store::open(&file).await;
    assert!(matches!(opened, Err(Error::Damaged(_))), "{opened:?}");
}

#[tokio::test]
async fn rows_of_a_newer_program_are_left_alone() {
    let (_folder, store) = store().await;
    let newer = "INSERT INTO _sqlx_migrations VALUES (99, 'later', '', TRUE, x'', 0)";
    sqlx::query(newer).execute(&store.pool).await.unwrap();
    let opened = Store::open(store.file()).await;
    assert!(matches!(opened, Err(Error::Version(_))), "{opened:?}");
}

#[tokio::test]
async fn a_full_disk_and_a_read_only_one_have_their_remedies() {
    let (_folder, store) = store().await;
    let write = "INSERT INTO audit (at, action, subject) VALUES (0, '', zeroblob(100000) || '')";
    let options = SqliteConnectOptions::new().filename(store.file());
    let one = SqlitePoolOptions::new().max_connections(1);
    let small = one.clone().connect_with(options.clone()).await.unwrap();
    sqlx::query("PRAGMA max_page_count = 1").fetch_all(&small).await.unwrap();
    let full = Error::from(sqlx::query(write).execute(&small).await.unwrap_err());
    assert!(matches!(full, Error::Full) && full.to_string().contains("make room"), "{full}");

    let still = one.connect_with(options.read_only(true)).await.unwrap();
    let refused = Error::from(sqlx::query(write).execute(&still).await.unwrap_err());
    assert!(matches!(refused, Error::ReadOnly), "{refused:?}");
}

#[tokio::test]
async fn newcomers_come_into_the_smaller_of_two_meshes_that_are_drawn() {
    let (_folder, store) = store().await;
    let network = store.network().await.unwrap().prefix;
    let bit = |n: u128| n << (126 - u32::from(network.length()));
    let quarter = |n| Prefix::new(network.bits() | bit(n), network.length() + 2);
    let meshes = [quarter(0), quarter(1), quarter(2), quarter(3)];
    let mut sizes = [0; 4];
    for n in 0..80_u8 {
        let applicant = Applicant { token: None, key: &[n], note: "", meshes: &meshes };
        let mut dice = Dice::of([n; 32], "allocation");
        let given = store.enrol(&applicant, (NOW, DAY), &mut dice, signed).await.unwrap();
        let mesh = meshes.iter().position(|mesh| mesh.covers(given.seat.node.0)).unwrap();
        sizes[mesh] += 1;
    }
    assert!(sizes.iter().all(|size| (17..=23).contains(size)), "{sizes:?}");
}
