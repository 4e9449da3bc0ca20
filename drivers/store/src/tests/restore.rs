//! What a backup has forgotten, and a document tells.

use super::*;

/// Takes in a document of this version that revokes these; returns what the next was to say as well.
async fn restore(store: &Store, version: u64, revoked: &[u64]) -> (Restored, Draft) {
    let mut seen = None;
    let sign = |draft: &Draft| {
        seen = Some(draft.clone());
        Ok(b"restored".to_vec())
    };
    let members = &[];
    let forgotten =
        Forgotten { version, revoked, members, room: u32::MAX, until: NOW.plus(3 * DAY) };
    let restored = store.restore(&forgotten, NOW, sign).await.unwrap();
    (restored, seen.unwrap())
}

/// Returns whom a document of that time revokes.
async fn revoked_at(store: &Store, now: Wall) -> Vec<u64> {
    let mut revoked = Vec::new();
    let sign = |draft: &Draft| {
        revoked.clone_from(&draft.revoked);
        Ok(Vec::new())
    };
    store.renew_document(now, sign).await.unwrap();
    revoked
}

#[tokio::test]
async fn revocations_that_were_forgotten_are_in_force_again_with_a_row_or_without() {
    let (_folder, store) = invited(3).await;
    let (known, forgotten) = (enrol(&store, b"a").await, enrol(&store, b"b").await);
    revoke(&store, Target::Serial(known.seat.serial), NOW).await.unwrap();
    let introduction = Contact {
        node: forgotten.seat.node,
        serial: forgotten.seat.serial,
        issued: NOW,
        introduction: b"b",
    };
    store.publish(&introduction, NOW).await.unwrap();
    let (restored, draft) = restore(&store, 40, &[9, 1, 2, 7, 7]).await;
    assert_eq!(
        restored,
        Restored { version: 41, revoked: vec![2], lost: vec![7, 9], indexes: 1000 }
    );
    assert_eq!((draft.version, &draft.revoked[..]), (41, &[1, 2, 7, 9][..]));
    assert_eq!(store.document().await.unwrap(), (41, b"restored".to_vec()));
    assert!(store.introductions(Wall(0), NOW).await.unwrap().is_empty(), "it is out");
    assert_eq!(store.revocations().await.unwrap(), 4, "what was sealed for fewer is old");
    assert_eq!(enrol(&store, b"c").await.seat.serial, 100_010, "9 is revoked, others are valid");
    let lines = store.changes(2).await.unwrap();
    assert_eq!(lines[1].action, "restore");
    assert_eq!(lines[1].subject, "document 41, revoked [2], without a row [7, 9]");
    assert_eq!(revoked_at(&store, NOW.plus(4 * DAY)).await, [1, 2, 7, 9], "clocks may be slow");
    assert_eq!(revoked_at(&store, NOW.plus(5 * DAY)).await, [1, 2], "they have expired for sure");
}

#[tokio::test]
async fn a_number_is_reserved_where_none_was_given_yet_and_none_is_given_back() {
    let (_folder, store) = invited(2).await;
    restore(&store, 1, &[5]).await;
    assert_eq!(enrol(&store, b"a").await.seat.serial, 100_006);
    let (restored, _) = restore(&store, 1, &[3, 5]).await;
    assert_eq!((restored.version, restored.lost), (3, vec![3]));
    assert_eq!(enrol(&store, b"b").await.seat.serial, 200_007);
}

/// Takes in a document that lists members of a network with so many small indexes.
async fn restore_members(store: &Store, members: &[NodeId], room: u32) {
    let until = NOW.plus(3 * DAY);
    let forgotten = Forgotten { version: 40, revoked: &[], members, room, until };
    store.restore(&forgotten, NOW, |_| Ok(Vec::new())).await.unwrap();
}

#[tokio::test]
async fn newcomers_get_nothing_that_may_be_of_somebody_who_joined_since() {
    let (_folder, store) = invited(2).await;
    let known = enrol(&store, b"a").await;
    restore_members(&store, &[known.seat.node], u32::MAX).await;
    let seat = enrol(&store, b"b").await.seat;
    assert_eq!((seat.serial, seat.index), (100_002, 1002));
    assert_eq!(anybody(&store, b"c", NOW).await.unwrap().seat.index, 1003);
    let renewed = NOW.plus(9 * DAY);
    let old = store.renew(known.seat.serial, (renewed, DAY), signed).await.unwrap();
    assert_eq!(old.seat.index, 1, "who has a row keeps its own");
    assert_eq!(anybody(&store, b"d", renewed).await.unwrap().seat.index, 2, "theirs are over");
}

#[tokio::test]
async fn of_few_indexes_newcomers_keep_half_but_for_members_without_a_row() {
    let (_folder, store) = invited(1).await;
    enrol(&store, b"a").await;
    restore_members(&store, &[], 256).await;
    assert_eq!(anybody(&store, b"b", NOW).await.unwrap().seat.index, 129);
    let member = |bits: u128| NodeId(Prefix::new(0xfd00_0042 << 96 | bits << 64, 64));
    let members: Vec<NodeId> = (1..=100).map(member).collect();
    restore_members(&store, &members, 256).await;
    assert_eq!(anybody(&store, b"c", NOW).await.unwrap().seat.index, 230);
}

#[tokio::test]
async fn prefixes_of_members_without_a_row_are_given_to_nobody_else() {
    let (_folder, store) = store_of("fd00:42::/48", 52).await;
    let member = |bits: u128| NodeId(Prefix::new(0xfd00_0042 << 96 | bits << 76, 52));
    let members: Vec<NodeId> = (1..15).map(member).collect();
    restore_members(&store, &members, u32::MAX).await;
    assert_eq!(anybody(&store, b"a", NOW).await.unwrap().seat.node, member(15), "the last one");
    let full = anybody(&store, b"b", NOW).await;
    assert!(matches!(full, Err(Error::NoRoom { .. })), "{full:?}");
    let later = NOW.plus(4 * DAY);
    assert!(anybody(&store, b"b", later).await.is_ok(), "their certificates have expired");
}

#[tokio::test]
async fn the_last_free_prefix_is_found_between_those_that_are_kept_back() {
    let (_folder, store) = store_of("fd00:42::/40", 52).await;
    let member = |bits: u128| NodeId(Prefix::new(0xfd00_0042 << 96 | bits << 76, 52));
    let members: Vec<NodeId> = (1..4096).filter(|bits| *bits != 4000).map(member).collect();
    restore_members(&store, &members, u32::MAX).await;
    assert_eq!(anybody(&store, b"a", NOW).await.unwrap().seat.node, member(4000));
}

#[tokio::test]
async fn what_is_not_signed_restores_nothing() {
    let (_folder, store) = invited(2).await;
    let certificate = enrol(&store, b"a").await;
    let (revoked, members, until) = (&[1, 8], &[certificate.seat.node], NOW.plus(DAY));
    let forgotten = Forgotten { version: 40, revoked, members, room: u32::MAX, until };
    let failed = store.restore(&forgotten, NOW, |_| Err("no key".into())).await;
    assert!(matches!(failed, Err(Error::Signing(_))));
    assert_eq!(store.document().await.unwrap(), (1, b"document 1".to_vec()));
    assert_eq!(store.certificate(certificate.seat.serial).await.unwrap().revoked, None);
    assert_eq!(enrol(&store, b"b").await.seat.serial, 2);
    assert!(revoked_at(&store, NOW).await.is_empty());
}

#[tokio::test]
async fn what_has_no_row_finds_a_place_before_what_expires_sooner() {
    let (_folder, store) = store().await;
    bounds::many_revoked(&store, LISTED).await;
    let (restored, draft) = restore(&store, 1, &[20_000]).await;
    assert_eq!(restored.lost, [20_000]);
    assert!(draft.revoked.contains(&20_000) && draft.unlisted == [1000]);
}
