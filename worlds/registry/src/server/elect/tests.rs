//! Facts about elections in time.

use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::directory::{Directory, Registry, wait_for};
use crate::found::{Options, init};
use crate::meshes::{Division, of};

const NOW: Wall = Wall(1_800_000_000);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

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
    let_in_at(store, keys, Clock::wall()).await
}

async fn let_in_at(store: &store::Store, keys: std::ops::Range<u8>, now: Wall) -> Vec<NodeId> {
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
        hold(&shared, Clock::wall()).await?;
        let_in(&shared.store, 12..13).await;
        for _ in 0..2 {
            let refused = hold(&shared, Clock::wall()).await.unwrap_err().to_string();
            assert!(refused.contains("fd00:42::/58 would have no room"), "{refused}");
        }
        assert_eq!(shared.store.version().await?, 1);
        Ok(())
    })
    .unwrap();
}

/// Looks once whether an election is due, as a registry that starts with this date.
async fn hold(shared: &Shared, wall: Wall) -> Result<(), Error> {
    Looks::new(Time::ZERO).hold(shared, (wall, Time::ZERO)).await
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
            hold(&shared, Clock::wall()).await?;
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

/// A registry of two meshes with four nodes, an epoch of an hour that began now, and when that is.
fn two_meshes() -> (TempDir, Shared, Wall) {
    let division = Division { cuts: 1, parts: 2, rules: crate::meshes::Change::default() };
    let (folder, registry) = registry("fd00:42::/48", "", Some(division));
    let (_tell, version) = watch::channel(1);
    let shared = Shared::of(registry, version);
    let began = wait_for(async {
        let_in(&shared.store, 0..4).await;
        let began = Clock::wall();
        hold(&shared, began.plus(HOUR)).await?;
        Ok(present(&shared).await.began)
    });
    (folder, shared, began.unwrap())
}

/// Looks each half minute for so long, from `begin` of the registry's own time on, by a clock that says
/// `wall` then.
async fn look_for(
    (shared, looks): (&Shared, &mut Looks),
    (begin, lasts): (Duration, Duration),
    wall: Wall,
) {
    let mut passed = Duration::ZERO;
    while passed < lasts {
        let said = (wall.plus(passed), Time::ZERO + begin + passed);
        looks.hear(shared, said).await.unwrap();
        looks.hold(shared, said).await.unwrap();
        passed += MINUTE / 2;
    }
}

#[test]
fn a_registry_that_starts_with_a_slow_clock_signs_nothing_until_it_is_set() {
    let (_folder, shared, began) = two_meshes();
    wait_for(async {
        let before = (present(&shared).await, shared.store.version().await?);
        // The year 1970, then a date that was kept on disk, then the right one.
        for (slow, kept) in [(Wall(20), None), (Wall(20), Some(Wall(began.0 - 3 * 3600)))] {
            let mut looks = Looks::new(Time::ZERO);
            look_for((&shared, &mut looks), (Duration::ZERO, 10 * MINUTE), slow).await;
            if let Some(kept) = kept {
                look_for((&shared, &mut looks), (10 * MINUTE, MINUTE), kept).await;
            }
            // A newcomer waits as well: by such a date nobody was heard.
            assert_eq!((present(&shared).await, shared.store.version().await?), before);
            let right = began.plus(HOUR / 2);
            look_for((&shared, &mut looks), (11 * MINUTE, 29 * MINUTE), right).await;
            assert_eq!(present(&shared).await, before.0, "the epoch goes on");
        }
        let mut looks = Looks::new(Time::ZERO);
        look_for((&shared, &mut looks), (Duration::ZERO, 14 * MINUTE), Wall(20)).await;
        look_for((&shared, &mut looks), (14 * MINUTE, MINUTE), began.plus(HOUR)).await;
        let next = present(&shared).await;
        assert_eq!((next.number, next.began), (before.0.number + 1, began.plus(HOUR)));
        Ok(())
    })
    .unwrap();
}

#[test]
fn who_tells_as_the_clock_is_set_is_not_all_that_there_is() {
    let (_folder, shared, began) = two_meshes();
    wait_for(async {
        let mut looks = Looks::new(Time::ZERO);
        look_for((&shared, &mut looks), (Duration::ZERO, MINUTE), Wall(20)).await;
        // It was off for ten days; the first of four is heard again before any look.
        let right = began.plus(240 * HOUR);
        let_in_at(&shared.store, 4..5, right).await;
        let said = (right, Time::ZERO + MINUTE);
        looks.hear(&shared, said).await?;
        looks.hold(&shared, said).await?;
        let (_, document) = shared.store.document().await?;
        assert_eq!(of(&document).unwrap().0.roster.members().len(), 5);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_clock_that_was_never_set_is_never_believed() {
    let (_folder, shared, _) = two_meshes();
    wait_for(async {
        let (before, mut looks) = (present(&shared).await, Looks::new(Time::ZERO));
        look_for((&shared, &mut looks), (Duration::ZERO, 40 * MINUTE), Wall(20)).await;
        assert_eq!(present(&shared).await, before);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_clock_that_stays_behind_is_believed_after_a_quarter_of_an_hour() {
    let (_folder, shared, began) = two_meshes();
    wait_for(async {
        let slow = Wall(began.0 - 5400);
        let (before, mut looks) = (present(&shared).await, Looks::new(Time::ZERO));
        look_for((&shared, &mut looks), (Duration::ZERO, 15 * MINUTE), slow).await;
        assert_eq!(present(&shared).await, before);
        look_for((&shared, &mut looks), (15 * MINUTE, MINUTE), slow.plus(15 * MINUTE)).await;
        let next = present(&shared).await;
        assert_eq!((next.number, next.began), (before.number + 1, slow.plus(15 * MINUTE)));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_clock_that_was_ahead_for_a_moment_stops_no_election() {
    let (_folder, shared, right) = two_meshes();
    wait_for(async {
        let mut looks = Looks::new(Time::ZERO);
        let ahead = right.plus(240 * HOUR);
        look_for((&shared, &mut looks), (Duration::ZERO, MINUTE), ahead).await;
        let wrong = present(&shared).await;
        assert!(wrong.began > right.plus(238 * HOUR), "{wrong:?}");
        // It comes back, and is doubted; then whether it is the one that was wrong.
        let back = right.plus(MINUTE);
        look_for((&shared, &mut looks), (MINUTE, 30 * MINUTE), back).await;
        assert_eq!(present(&shared).await, wrong);
        look_for((&shared, &mut looks), (31 * MINUTE, 2 * MINUTE), back.plus(30 * MINUTE)).await;
        let mended = present(&shared).await;
        let since = mended.began.since(right.plus(30 * MINUTE));
        assert!(mended.number == wrong.number + 1 && since <= 2 * MINUTE, "{mended:?}");
        assert_eq!(mended.follows(&wrong), Ok(()), "nodes that had the one take the other");
        // And an hour later the next, as ever.
        let mut said =
            async |wall| looks.hold(&shared, (wall, Time::ZERO + wall.since(right))).await;
        said(mended.began.plus(HOUR / 2)).await?;
        assert_eq!(present(&shared).await, mended);
        said(mended.began.plus(HOUR)).await?;
        assert_eq!(present(&shared).await.began, mended.began.plus(HOUR));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_restarted_registry_whose_clock_was_ahead_waits_a_quarter_of_an_hour_as_well() {
    let (_folder, shared, right) = two_meshes();
    wait_for(async {
        hold(&shared, right.plus(240 * HOUR)).await?;
        let (wrong, mut looks) = (present(&shared).await, Looks::new(Time::ZERO));
        look_for((&shared, &mut looks), (Duration::ZERO, 15 * MINUTE), right).await;
        assert_eq!(present(&shared).await, wrong);
        look_for((&shared, &mut looks), (15 * MINUTE, MINUTE), right.plus(15 * MINUTE)).await;
        assert_eq!(present(&shared).await.began, right.plus(15 * MINUTE));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_clock_that_is_set_by_which_no_epoch_begins_in_the_future_is_doubted() {
    let (_folder, shared, right) = two_meshes();
    wait_for(async {
        let (before, mut looks) = (present(&shared).await, Looks::new(Time::ZERO));
        look_for((&shared, &mut looks), (Duration::ZERO, MINUTE), right).await;
        let ahead = right.plus(240 * HOUR);
        look_for((&shared, &mut looks), (MINUTE, 10 * MINUTE), ahead).await;
        assert_eq!(present(&shared).await, before, "a moment of a wrong one leaps over nothing");
        look_for((&shared, &mut looks), (11 * MINUTE, 10 * MINUTE), right.plus(11 * MINUTE)).await;
        assert_eq!(present(&shared).await, before);
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_epoch_that_begins_a_moment_from_now_is_waited_for() {
    let meshes = crate::meshes::tests::founded(1, 2);
    let began = meshes.epoch.began;
    let before = |seconds| Wall(began.0 - seconds);
    assert!(!is_over(&meshes.epoch, began) && !is_ahead(&meshes.epoch, before(60)));
    assert!(is_ahead(&meshes.epoch, before(61)) && !is_over(&meshes.epoch, before(61)));
    assert!(!is_ahead(&meshes.epoch, began.plus(meshes.epoch.length)));
}
