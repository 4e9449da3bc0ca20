//! Small networks in which every node runs the whole protocol, from a cold start.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use sim::norder::{
    Besieged, Cost, Full, Lied, Lines, NorderOptions, Remapped, Whole, full, simulate,
};
use words::Share;

fn run(change: impl Fn(&mut NorderOptions)) -> Full {
    let mut options = NorderOptions { meshes: 3, each: 8, ..NorderOptions::default() };
    change(&mut options);
    full(&options, Whole::default()).unwrap()
}

fn exactly(lines: usize, found: Option<Lines>) {
    let found = found.unwrap();
    assert_eq!((found.least, found.most), (lines, lines));
}

#[test]
fn from_a_cold_start_all_tables_are_as_the_formula_says_and_all_walks_arrive() {
    let report = run(|_| {});
    assert!(report.converged, "{report:?}");
    assert_eq!((report.wrong_tables, report.paths.failed), (0, 0));
    exactly(8 + 3 - 1, report.tables.plain);
    exactly(2 * 8 + 3 - 2, report.tables.border);
    assert_eq!(report.tables.looked_at, 24);
    assert!(report.paths.walks > 500);
    assert_eq!(report.traffic.strange, 0);
}

#[test]
fn at_order_three_border_nodes_to_another_group_know_its_meshes_too() {
    let report = run(|options| (options.order, options.groups, options.each) = (3, 3, 4));
    assert!(report.converged, "{report:?}");
    exactly(4 + 2 + 2, report.tables.plain);
    exactly(2 * 4 + 1 + 2, report.tables.border);
    exactly(2 * 4 + 2 + 2 + 1, report.tables.border_of_another_group);
}

#[test]
fn when_all_border_nodes_die_the_next_in_line_serve_and_all_is_well_again() {
    let report = run(|options| options.troubles = vec!["lose-border 100%".parse().unwrap()]);
    let lost = report.lost[0];
    assert_eq!((lost.border_nodes, lost.died), (3, 3));
    assert!(lost.lost_share > 0.5, "{lost:?}");
    let (whole, exact) = (lost.whole_s.unwrap(), lost.exact_s.unwrap());
    assert!(whole > 10.0 && whole <= 75.0 && exact <= 75.0, "{lost:?}");
}

#[test]
fn while_some_border_nodes_are_left_others_take_their_ways_within_seconds() {
    let report = run(|options| {
        (options.meshes, options.each) = (6, 12);
        options.border = Share::percent(25);
        options.troubles = vec!["lose-border 40%".parse().unwrap()];
    });
    let lost = report.lost[0];
    assert!(lost.died >= 7 && lost.whole_s.unwrap() <= 15.0, "{lost:?}");
    assert!(lost.exact_s.unwrap() <= 75.0, "{lost:?}");
}

#[test]
fn the_same_seed_is_the_same_run() {
    let figures = |seed| Full { cost: Cost::default(), ..run(|options| options.seed = seed) };
    assert_eq!(figures(3), figures(3));
    assert_ne!(figures(3).traffic, figures(4).traffic);
}

#[test]
fn a_network_that_has_no_time_is_not_said_to_be_well() {
    let options = NorderOptions { meshes: 3, each: 8, ..NorderOptions::default() };
    let whole = Whole { within: Duration::from_secs(10), ..Whole::default() };
    let report = full(&options, whole).unwrap();
    assert!(!report.converged && report.converged_s.is_none(), "{report:?}");
    assert!(report.virtual_s < 11.0);
}

#[test]
fn what_only_sampled_paths_have_is_refused_with_the_remedy() {
    let refusal = |change: fn(&mut NorderOptions)| {
        let mut options = NorderOptions { meshes: 3, each: 8, ..NorderOptions::default() };
        change(&mut options);
        full(&options, Whole::default()).unwrap_err().to_string()
    };
    let gain = refusal(|options| options.gain = Some(60));
    assert!(gain.contains("--load-gain is for sampled paths; leave it or --full out"), "{gain}");
    let many = refusal(|options| (options.meshes, options.each) = (1000, 1000));
    assert!(many.contains("use 200000 at most"), "{many}");
}

#[test]
fn behind_a_filter_a_country_is_reached_by_who_escapes_and_seeks_refuge() {
    let two = NorderOptions { meshes: 5, each: 40, ..NorderOptions::default() };
    let helped = siege(two.clone(), 15);
    assert!(helped.inside > 8 && helped.lost_share > 0.2, "{helped:?}");
    assert!(helped.whole_s.is_some() && helped.escaped > 0, "{helped:?}");
    let silent = siege(NorderOptions { no_quorum: true, no_refuge: true, ..two }, 15);
    assert!(silent.whole_s.is_none() && silent.lost_in_the_end > 0.2, "{silent:?}");
}

#[test]
fn behind_a_filter_a_country_is_reached_at_order_three_as_well() {
    let (order, groups, meshes, each) = (3, 3, 3, 20);
    let three = NorderOptions { order, groups, meshes, each, ..NorderOptions::default() };
    let helped = siege(three.clone(), 5);
    assert!(helped.inside > 8 && helped.lost_share > 0.5, "{helped:?}");
    assert!(helped.whole_s.is_some() && helped.escaped > 0, "{helped:?}");
    let silent = siege(NorderOptions { no_quorum: true, no_refuge: true, ..three }, 5);
    assert!(silent.whole_s.is_none() && silent.lost_in_the_end > 0.2, "{silent:?}");
}

/// Filters a country around a network that is well, for so many minutes at most.
fn siege(mut options: NorderOptions, minutes: u64) -> Besieged {
    options.troubles = vec!["filter US 99.8%".parse().unwrap()];
    let whole = Whole { within: Duration::from_mins(minutes), ..Whole::default() };
    let mut report = full(&options, whole).unwrap();
    assert!(report.converged, "{report:?}");
    report.besieged.remove(0)
}

/// Elections each minute, and a renewal each quarter of one.
fn quick() -> Whole {
    let (epoch, round) = (Duration::from_mins(1), Duration::from_secs(15));
    Whole { epoch, round, ..Whole::default() }
}

/// Lets these changes of the map happen in a network of meshes of a dozen nodes, of which some serve.
fn change(faults: &[&str], change: impl Fn(&mut NorderOptions)) -> Full {
    let border = Share::percent(25);
    let mut options = NorderOptions { meshes: 4, each: 12, border, ..NorderOptions::default() };
    options.troubles = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    change(&mut options);
    let report = full(&options, quick()).unwrap();
    assert!(report.converged, "{report:?}");
    report
}

/// Nobody was cut off but for a moment in which renewal every 15 s leaves a node without a feasible way to a
/// range, as it may at rest, and in the end all tables are those of the new map. The bounds are those of the goals.
fn nearly_without_loss(it: &Remapped) {
    assert!(it.lost * 50_000 <= it.walks && it.longest_ms <= 500, "{it:?}");
    // Each pair each 20 ms, from the announcement over two epochs on.
    assert!(it.watched_s > 180.0 && it.walks > 9_000 * it.pairs as u64, "{it:?}");
    assert!(it.exact_s.is_some_and(|exact| exact < 45.0), "{it:?}");
}

#[test]
fn a_mesh_is_split_while_nearly_all_walks_arrive() {
    let report = change(&["split"], |_| {});
    let it = &report.divided[0];
    nearly_without_loss(it);
    assert_eq!((it.halves, it.pairs), ([6, 6], 48 * 47));
    let plain = it.before.plain.unwrap();
    assert_eq!((plain.least, plain.most), (12 + 3, 12 + 3));
    let plain = it.after.plain.unwrap();
    assert_eq!((plain.least, plain.most), (6 + 4, 12 + 4));
}

#[test]
fn two_meshes_become_one_while_nearly_all_walks_arrive() {
    let report = change(&["merge"], |_| {});
    let it = &report.merged[0];
    nearly_without_loss(it);
    assert_eq!(it.halves, [12, 12]);
    let plain = it.after.plain.unwrap();
    assert_eq!((plain.least, plain.most), (12 + 2, 24 + 2));
}

#[test]
fn a_network_of_one_mesh_becomes_two_and_one_again() {
    let report = change(&["split", "merge"], |options| {
        (options.order, options.meshes, options.each) = (1, 1, 16);
    });
    nearly_without_loss(&report.divided[0]);
    nearly_without_loss(&report.merged[0]);
    assert_eq!(report.divided[0].halves, [8, 8]);
    exactly(16, report.divided[0].before.plain);
    exactly(8 + 1, report.divided[0].after.plain);
    exactly(16, report.merged[0].after.plain);
}

#[test]
fn a_mesh_of_a_group_is_split_at_order_three() {
    let report = change(&["split"], |options| {
        (options.order, options.groups, options.meshes, options.each) = (3, 2, 2, 8);
    });
    nearly_without_loss(&report.divided[0]);
    assert_eq!(report.divided[0].halves, [4, 4]);
}

#[test]
fn a_change_of_the_map_that_cannot_be_is_refused_with_the_remedy() {
    let options = |faults: &[&str]| {
        let troubles = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        NorderOptions { meshes: 3, each: 8, troubles, ..NorderOptions::default() }
    };
    let sampled = simulate(&options(&["merge"])).unwrap_err().to_string();
    assert!(sampled.contains("--fault \"merge\" is for whole networks; use --full"), "{sampled}");
    let refusal = |options: &NorderOptions, whole| full(options, whole).unwrap_err().to_string();
    let one = NorderOptions { order: 1, meshes: 1, ..options(&["merge"]) };
    assert!(refusal(&one, quick()).contains("use --order 2"));
    let hasty = Whole { epoch: Duration::from_secs(5), ..quick() };
    assert!(refusal(&options(&["split"]), hasty).contains("--epoch 5s is out of 30s to 24h"));
    let lazy = Whole { round: Duration::from_hours(2), ..quick() };
    assert!(refusal(&options(&["split"]), lazy).contains("--round 7200s is out of 1s to 1h"));
}

/// Lets two of each dozen lie.
fn lied(change: impl Fn(&mut NorderOptions)) -> Lied {
    let border = Share::percent(25);
    let mut options = NorderOptions { meshes: 4, each: 12, border, ..NorderOptions::default() };
    options.troubles = vec!["liars 17%".parse().unwrap()];
    change(&mut options);
    let mut report = full(&options, Whole::default()).unwrap();
    assert!(report.converged, "{report:?}");
    report.liars.remove(0)
}

/// What members may not say is without effect; the bounds are those of the goals.
fn in_vain(it: &Lied) {
    assert!(it.elected_share <= it.due_share * 1.1, "{it:?}");
    let (believed, uncapped) = (it.believed_share, it.uncapped_share);
    assert!(believed > it.due_share && uncapped > believed, "{it:?}");
    assert!(it.told > 10_000 && it.passed_over * 100 >= it.told * 99, "{it:?}");
    for why in ["other-mesh", "elsewhere"] {
        assert!(it.refused.get(why).is_some_and(|count| *count > 10), "{why}: {it:?}");
    }
    assert!(it.let_in + it.refused.values().sum::<u64>() <= it.asked, "{it:?}");
    for why in ["signature", "rollback", "epoch-back", "beacon"] {
        assert!(it.documents_refused.get(why).is_some_and(|count| *count > 0), "{why}: {it:?}");
    }
    assert_eq!((it.wrong_s, it.wrong_tables, it.other_documents), (0, 0, 0), "{it:?}");
    assert!(it.lost * 50_000 <= it.walks && it.longest_ms <= 500, "{it:?}");
}

#[test]
fn members_that_lie_about_what_they_may_are_passed_over_and_refused() {
    let it = lied(|_| {});
    in_vain(&it);
    assert_eq!((it.liars, it.slots, it.pairs), (8, 12, 40 * 39));
    assert!(it.uncapped_share > 0.5, "the refused idea: {it:?}");
    let [refugees, members] = &it.attracted[..] else { panic!("{it:?}") };
    // In a mesh that is not theirs they draw nothing to themselves, in their own nearly all.
    assert!(refugees.refugees && refugees.links > 50 && refugees.lost_share <= 0.0, "{it:?}");
    assert!(refugees.drawn_share <= refugees.before_share + 0.05, "{it:?}");
    assert!(members.drawn_share > 0.5 && members.wrong_tables == 0, "{it:?}");
    assert!(members.whole_s.is_some_and(|whole| whole <= 30.0), "{it:?}");
}

#[test]
fn members_that_lie_at_order_three_are_passed_over_and_refused_too() {
    let it = lied(|options| (options.order, options.groups, options.meshes) = (3, 2, 2));
    in_vain(&it);
}

#[test]
fn liars_that_make_no_sense_are_refused_with_the_remedy() {
    let refusal = |faults: &[&str], change: fn(&mut NorderOptions)| {
        let troubles = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let mut options =
            NorderOptions { meshes: 3, each: 8, troubles, ..NorderOptions::default() };
        change(&mut options);
        full(&options, Whole::default()).unwrap_err().to_string()
    };
    assert!(refusal(&["liars 10%"], |_| {}).contains("use more --nodes-per-mesh"));
    assert!(refusal(&["liars 60%"], |_| {}).contains("use 50% at most"));
    let one = |options: &mut NorderOptions| (options.order, options.meshes) = (1, 1);
    assert!(refusal(&["liars 25%"], one).contains("use --order 2"));
    let two = refusal(&["liars 25%", "liars 30%"], |_| {});
    assert!(two.contains("use one --fault"), "{two}");
}
