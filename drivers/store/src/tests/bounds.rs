//! What a member can make the rows keep is bounded, and never stands in the way of others.

use super::*;

/// Writes revoked certificates of others, numbers 1000 up; the first ones expire soonest.
pub(super) async fn many_revoked(store: &Store, count: usize) {
    let rows = sqlx::query(
        "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < $1)
         INSERT INTO certificates
           (serial, prefix, length, number, key, der, issued, expires, revoked, note)
         SELECT 1000 + n, zeroblob(16), 64, 0, x'aa', x'', 0, $2 + n, 1, '' FROM n",
    );
    let rows = rows.bind(i64::try_from(count).unwrap()).bind(seconds(NOW.plus(DAY)));
    rows.execute(&store.pool).await.unwrap();
}

/// Revokes a certificate, and returns what the document was to say.
async fn draft_of(store: &Store, serial: u64, now: Wall) -> (Draft, Revocation) {
    let mut seen = None;
    let sign = |draft: &Draft| {
        seen = Some(draft.clone());
        Ok(Vec::new())
    };
    let revocation = store.revoke(Target::Serial(serial), now, sign).await.unwrap();
    (seen.unwrap(), revocation)
}

#[tokio::test]
async fn who_renews_day_and_night_for_years_has_few_certificates() {
    let (_folder, store) = store().await;
    let year = 365 * DAY;
    let applicant = Applicant { token: None, key: b"key", note: "", meshes: &[] };
    store.enrol(&applicant, (NOW, year), &mut dice(), signed).await.unwrap();
    let mut newest = 1;
    for hour in 0..3 * 365 * 24 / 10 {
        let now = NOW.plus(Duration::from_hours(10 * hour));
        newest = store.renew(newest, (now, year), signed).await.unwrap().seat.serial;
    }
    assert_eq!(newest, 5);
    let (draft, revocation) = draft_of(&store, newest, NOW.plus(3 * year)).await;
    assert!(revocation.serials.len() <= 2, "{revocation:?}");
    assert_eq!(draft.revoked, revocation.serials);
}

#[tokio::test]
async fn a_revocation_pushes_out_those_that_expire_soonest() {
    let (_folder, store) = store().await;
    many_revoked(&store, LISTED).await;
    // Its certificate expires before all others, and is named all the same.
    let applicant = Applicant { token: None, key: b"key", note: "", meshes: &[] };
    let lifetime = Duration::from_hours(1);
    let certificate = store.enrol(&applicant, (NOW, lifetime), &mut dice(), signed).await.unwrap();
    let serial = certificate.seat.serial;
    let (draft, _) = draft_of(&store, serial, NOW).await;
    assert_eq!((draft.revoked.len(), draft.unlisted), (LISTED, vec![1000]));
    assert!(draft.revoked.is_sorted() && draft.revoked.contains(&serial));
    let lines = store.changes(2).await.unwrap();
    assert_eq!((lines[0].action.as_str(), lines[1].action.as_str()), ("revoke", "unlist"));
    assert_eq!(lines[1].subject, "document 2 has no place for [1000]");

    // Later ones leave out whoever expires soonest by then; afterwards there is room again.
    let sign = |draft: &Draft| {
        assert_eq!(draft.unlisted, [serial]);
        Ok(Vec::new())
    };
    store.replace_document(0, NOW, sign).await.unwrap();
    let sign = |draft: &Draft| {
        assert_eq!((draft.revoked.len(), draft.unlisted.len()), (LISTED, 0));
        Ok(Vec::new())
    };
    let later = NOW.plus(DAY + Duration::from_hours(2));
    store.replace_document(0, later, sign).await.unwrap();
}

#[tokio::test]
async fn a_node_with_more_certificates_than_a_document_holds_is_revoked() {
    let (_folder, store) = store().await;
    many_revoked(&store, LISTED + 7).await;
    sqlx::query("UPDATE certificates SET revoked = NULL").execute(&store.pool).await.unwrap();
    let (draft, revocation) = draft_of(&store, 1000, NOW).await;
    assert_eq!(revocation.serials.len(), LISTED + 7);
    assert_eq!((draft.revoked.len(), draft.unlisted), (LISTED, (1000..1007).collect()));
    let again = store.renew(1000, (NOW, DAY), signed).await;
    assert!(matches!(again, Err(Error::Revoked { .. })), "{again:?}");
}

#[tokio::test]
async fn what_was_said_before_is_not_written_again() {
    let (_folder, store) = store().await;
    let certificate = anybody(&store, b"key", NOW).await.unwrap();
    let (first, second) = (contact(&certificate, NOW), contact(&certificate, Wall(NOW.0 + 1)));
    assert_eq!(store.publish(&first, NOW).await.unwrap(), Published::Kept);
    assert_eq!(store.publish(&second, NOW).await.unwrap(), Published::Kept);
    let kept = std::fs::metadata(store.file().with_extension("db-wal")).unwrap().len();
    let lines = store.changes(99).await.unwrap();
    // Somebody else holds the right to write, and it does not matter.
    let _writer = store.change().await.unwrap();
    for said in [first, second, first, second] {
        let said = Contact { introduction: b"other", ..said };
        assert_eq!(store.publish(&said, NOW.plus(DAY)).await.unwrap(), Published::Older);
    }
    let now = std::fs::metadata(store.file().with_extension("db-wal")).unwrap().len();
    assert_eq!((now, store.changes(99).await.unwrap()), (kept, lines));
}

#[tokio::test]
async fn a_contact_with_a_renewed_certificate_is_news_once() {
    let (_folder, store) = store().await;
    let old = anybody(&store, b"key", NOW).await.unwrap();
    let new = store.renew(1, (NOW.plus(DAY), DAY), signed).await.unwrap();
    for (certificate, published) in
        [(&old, Published::Kept), (&new, Published::Kept), (&old, Published::Older)]
    {
        assert_eq!(store.publish(&contact(certificate, NOW), NOW).await.unwrap(), published);
    }
}

#[tokio::test]
async fn the_audit_log_keeps_the_newest_lines() {
    let (_folder, store) = store().await;
    let lines = sqlx::query(
        "WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < $1)
         INSERT INTO audit SELECT n, 0, 'old', '' FROM n",
    );
    lines.bind(LINES + 5).execute(&store.pool).await.unwrap();
    anybody(&store, b"key", NOW).await.unwrap();
    let lines = store.changes(u32::MAX).await.unwrap();
    assert_eq!(lines.len(), usize::try_from(LINES).unwrap());
    assert_eq!(lines[0].action, "enrol");
}

#[tokio::test]
async fn an_index_is_found_in_a_large_network() {
    let (_folder, store) = store().await;
    let rows = sqlx::query(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50000)
         INSERT INTO certificates (prefix, length, number, key, der, issued, expires, note)
         SELECT zeroblob(16), 64, n, x'aa', x'', 0, $1 + (n <> 40000), '' FROM n",
    );
    let end = NOW.plus(DAY);
    rows.bind(seconds(end)).execute(&store.pool).await.unwrap();
    for (key, now, index) in [(b"a", end, 50_001), (b"b", Wall(end.0 + 1), 40_000)] {
        assert_eq!(anybody(&store, key, now).await.unwrap().seat.index, index);
    }
    let mut change = store.change().await.unwrap();
    let late = end.plus(9 * DAY);
    assert_eq!(allocation::index(&mut change, late).await.unwrap(), 1);
}
