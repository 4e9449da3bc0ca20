//! What a member can make the rows keep is bounded, and never stands in the way of others.

use super::*;

/// Writes revoked certificates of others, numbers 1000 up; the first ones expire soonest.
async fn many_revoked(store: &Store, count: usize) {
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
    let applicant = Applicant { token: None, key: b"key", note: "" };
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
    let applicant = Applicant { token: None, key: b"key", note: "" };
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
