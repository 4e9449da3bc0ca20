//! Facts about elections in time.

use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::directory::{Directory, Registry, wait_for};
use crate::found::{Options, init};
use crate::meshes::Division;

const NOW: Wall = Wall(1_800_000_000);

const fn ago(hours: u64) -> Wall {
    Wall(NOW.0 - hours * 3600)
}

#[test]
fn a_newcomer_to_a_few_is_listed_at_once_and_to_many_with_others() {
    assert!(has_grown(23, 24) && has_grown(0, 1));
    assert!(!has_grown(24, 24) && !has_grown(24, 23));
    assert!(!has_grown(1000, 1099) && has_grown(1000, 1100));
}

#[test]
fn what_fails_again_at_each_look_is_said_once_until_it_is_otherwise() {
    let mut complaint = Complaint::default();
    let mut said = |went: Result<(), &str>| complaint.look(went).is_some();
    let looks = [Err("no room"), Err("no room"), Err("no disk"), Ok(()), Ok(()), Err("no disk")];
    assert_eq!(looks.map(&mut said), [true, false, true, false, false, true]);
}

#[test]
fn who_was_not_heard_for_three_days_is_listed_no_longer() {
    let mut deafness = Deafness::default();
    deafness.look(Some(ago(20)), NOW);
    assert_eq!(deafness.listed_since(NOW), ago(72));
    deafness.look(None, NOW);
    assert_eq!(deafness.listed_since(NOW), ago(72));
}

#[test]
fn the_days_in_which_nobody_was_heard_count_for_nobody_and_are_forgotten() {
    let mut deafness = Deafness::default();
    // Cut off for five days, while it ran or not: who told just before is still listed.
    deafness.look(Some(ago(120)), NOW);
    assert_eq!(deafness.listed_since(NOW), ago(192));
    // The first are heard again, others not yet.
    let later = NOW.plus(Duration::from_hours(1));
    deafness.look(Some(later), later);
    assert_eq!(deafness.listed_since(later), ago(191));
    let later = NOW.plus(LISTED);
    deafness.look(Some(later), later);
    assert_eq!(deafness.listed_since(later), NOW);
}

/// A registry of this network, with what it is asked to keep to.
fn registry(network: &str, settings: &str, division: Option<Division>) -> (TempDir, Registry) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        network: Some(network.parse().unwrap()),
        listen: "127.0.0.1:0".parse().unwrap(),
        public: vec!["127.0.0.1:8443".to_owned()],
        parameters: gossip::Parameters::default(),
        division,
    };
    init(folder.path(), &options).unwrap();
    let file = folder.path().join("registry.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n{settings}\n")).unwrap();
    let registry = wait_for(Directory::at(folder.path()).open()).unwrap();
    (folder, registry)
}

/// Lets nodes in that tell how they are reached.
async fn let_in(store: &store::Store, keys: std::ops::Range<u8>) -> Vec<NodeId> {
    let now = Clock::wall();
    let mut dice = words::Dice::of([3; 32], "nodes");
    let mut all = Vec::new();
    for key in keys {
        let applicant = store::Applicant { token: None, key: &[key], note: "", meshes: &[] };
        let year = (now, Duration::from_hours(8760));
        let issue = |_: &store::Seat| Ok(Vec::new());
        let seat = store.enrol(&applicant, year, &mut dice, issue).await.unwrap().seat;
        let introduction = crate::meshes::tests::introduced(seat.node, 1000);
        let (node, serial) = (seat.node, seat.serial);
        let contact = store::Contact { node, serial, issued: now, introduction: &introduction };
        store.publish(&contact, now).await.unwrap();
        all.push(node);
    }
    all
}

#[test]
fn a_network_without_room_for_two_meshes_stays_one_and_says_so() {
    let (_folder, registry) = registry("fd00:42::/58", "mesh_size = 8", None);
    let (_tell, version) = watch::channel(1);
    let shared = Shared::of(registry, version);
    wait_for(async {
        let_in(&shared.store, 0..12).await;
        hold_if_due(&shared, Deafness::default(), Clock::wall()).await?;
        let_in(&shared.store, 12..13).await;
        for _ in 0..2 {
            let refused = hold_if_due(&shared, Deafness::default(), Clock::wall())
                .await
                .unwrap_err()
                .to_string();
            assert!(refused.contains("fd00:42::/58 would have no room"), "{refused}");
        }
        assert_eq!(shared.store.version().await?, 1);
        Ok(())
    })
    .unwrap();
}

/// Returns what is believed of these nodes.
async fn able(shared: &Shared, nodes: &[NodeId]) -> Vec<Option<u32>> {
    let (_, document) = shared.store.document().await.unwrap();
    let (meshes, _) = of(&document).unwrap();
    let able = |node: &NodeId| meshes.roster.get(*node).and_then(order::Member::able);
    nodes.iter().map(able).collect()
}

#[test]
fn what_was_attested_before_the_registry_was_updated_counts_for_twelve_epochs_more() {
    let division = Division { cuts: 1, parts: 2, rules: crate::meshes::Change::default() };
    let (_folder, registry) = registry("fd00:42::/48", "", Some(division));
    let (_tell, version) = watch::channel(1);
    let shared = Shared::of(registry, version);
    wait_for(async {
        let nodes = let_in(&shared.store, 0..4).await;
        // Each look is in an epoch that is over. After the first, the roster is as one of a version that
        // kept no rows of since when.
        let over = |meshes: &mut Meshes, is_old: bool| {
            meshes.epoch.began = Wall(Clock::wall().0 - meshes.epoch.length.as_secs());
            let attested = |mut member: order::Member| {
                member.attested = vec![48];
                member
            };
            let members = meshes.roster.members().iter().cloned();
            if is_old {
                meshes.roster = order::Roster::of(members.map(attested));
            }
        };
        let mut believed = Vec::new();
        for epoch in 0..15 {
            let sign = |draft: &Draft| {
                next_meshes(&shared.issuer, draft, Clock::wall(), |meshes| {
                    over(meshes, epoch == 1);
                    Ok(())
                })
            };
            shared.store.replace_document(0, Clock::wall(), sign).await?;
            hold_if_due(&shared, Deafness::default(), Clock::wall()).await?;
            believed.push(able(&shared, &nodes).await);
        }
        let (lasts, over) = believed.split_at(14);
        assert_eq!(lasts[0], [None; 4]);
        assert_eq!(lasts[1..].to_vec(), vec![vec![Some(48); 4]; 13]);
        assert_eq!(over, [vec![None; 4]]);
        Ok(())
    })
    .unwrap();
}

/// Returns the epoch of the present document.
async fn present(shared: &Shared) -> Epoch {
    let (_, document) = shared.store.document().await.unwrap();
    of(&document).unwrap().0.epoch
}

#[test]
fn a_clock_that_was_ahead_for_a_moment_stops_no_election() {
    let division = Division { cuts: 1, parts: 2, rules: crate::meshes::Change::default() };
    let (_folder, registry) = registry("fd00:42::/48", "", Some(division));
    let (_tell, version) = watch::channel(1);
    let shared = Shared::of(registry, version);
    wait_for(async {
        let_in(&shared.store, 0..4).await;
        let right = Clock::wall();
        let hour = Duration::from_hours(1);
        hold_if_due(&shared, Deafness::default(), right.plus(240 * hour)).await?;
        let wrong = present(&shared).await;
        assert!(wrong.began > right.plus(238 * hour), "{wrong:?}");
        hold_if_due(&shared, Deafness::default(), right).await?;
        let mended = present(&shared).await;
        assert_eq!((mended.number, mended.began), (wrong.number + 1, right));
        assert_eq!(mended.follows(&wrong), Ok(()), "nodes that had the one take the other");
        // And an hour later the next, as ever.
        hold_if_due(&shared, Deafness::default(), right.plus(hour / 2)).await?;
        assert_eq!(present(&shared).await, mended);
        hold_if_due(&shared, Deafness::default(), right.plus(hour)).await?;
        assert_eq!(present(&shared).await.began, right.plus(hour));
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_epoch_that_begins_a_moment_from_now_is_waited_for() {
    let meshes = crate::meshes::tests::founded(1, 2);
    let began = meshes.epoch.began;
    let before = |seconds| Wall(began.0 - seconds);
    assert!(!is_over(&meshes.epoch, began) && !is_over(&meshes.epoch, before(60)));
    assert!(is_ahead(&meshes.epoch, before(61)) && is_over(&meshes.epoch, before(61)));
    assert!(!is_ahead(&meshes.epoch, began.plus(meshes.epoch.length)));
}
