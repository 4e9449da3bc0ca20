//! Meshes of meshes in the small: what holds of every size.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::{env, fs};

use sim::norder::{Lines, Norder, NorderOptions, grow, lie, pictures, rings, simulate, split};
use words::Share;

fn run(faults: &[&str], change: impl Fn(&mut NorderOptions)) -> Norder {
    let troubles = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    let mut options = NorderOptions {
        meshes: 30,
        each: 50,
        sampled: Some(20),
        border: Share::percent(20),
        troubles,
        ..NorderOptions::default()
    };
    change(&mut options);
    simulate(&options).unwrap()
}

fn exactly(lines: usize, found: Option<Lines>) {
    let found = found.unwrap();
    assert_eq!((found.least, found.most), (lines, lines));
}

#[test]
fn at_order_two_tables_are_n_and_m_and_all_walks_arrive() {
    let report = run(&[], |_| {});
    exactly(50 + 30 - 1, report.tables.plain);
    exactly(2 * 50 + 30 - 2, report.tables.border);
    assert_eq!(report.paths.failed, 0);
    assert!(report.paths.walks > 19_000);
    let load = report.load.unwrap();
    assert!(load.border_mean > load.plain_mean && load.busiest_share < 0.1);
}

#[test]
fn at_order_three_tables_have_a_line_for_each_group_and_all_walks_arrive() {
    let report = run(&[], |options| {
        (options.order, options.groups, options.meshes, options.each) = (3, 8, 8, 20);
    });
    exactly(20 + 7 + 7, report.tables.plain);
    exactly(2 * 20 + 6 + 7, report.tables.border);
    exactly(2 * 20 + 7 + 7 + 6, report.tables.border_of_another_group);
    assert_eq!((report.paths.failed, report.meshes), (0, 64));
}

#[test]
fn order_one_is_one_mesh() {
    let report = run(&[], |options| (options.order, options.meshes, options.each) = (1, 1, 300));
    exactly(300, report.tables.plain);
    assert_eq!((report.paths.failed, report.meshes, report.tables.border), (0, 1, None));
}

#[test]
fn the_same_seed_is_the_same_run() {
    let figures = |seed| Norder { seconds: 0.0, ..run(&["lose-border 50%"], |o| o.seed = seed) };
    assert_eq!(figures(3), figures(3));
    assert_ne!(figures(3).paths, figures(4).paths);
}

#[test]
fn the_load_term_spares_the_busiest() {
    let report = run(&[], |options| options.gain = Some(60));
    let (without, with) = (report.load.unwrap(), report.load_with_term.unwrap());
    assert!(with.most < 0.8 * without.most, "{} {}", with.most, without.most);
}

#[test]
fn half_of_the_border_nodes_can_die() {
    let report = run(&["lose-border 50%"], |_| {});
    assert!(report.lost[0].died > 0 && report.lost[0].lost_share < 0.02, "{:?}", report.lost);
}

#[test]
fn a_filtered_country_comes_back_by_quorum_escape_and_refuge_and_not_without() {
    let run = |without| {
        let report = run(&["filter 99.8%"], |options| {
            (options.no_quorum, options.no_refuge) = (without, without);
        });
        report.filtered[0].clone()
    };
    let (with, without) = (run(false), run(true));
    assert!(with.lost_share[0] > 0.5, "{with:?}");
    assert!(with.lost_share[3] < 0.02 && with.escaped[3] > 0, "{with:?}");
    assert!(without.lost_share[3] > 0.2 && without.escaped[3] == 0, "{without:?}");
}

#[test]
fn liars_gain_nothing_where_others_attest() {
    let liars = lie(Share::percent(10), 2);
    assert!(liars.attested_share <= 0.1 && liars.unattested_share <= 0.21, "{liars:?}");
    assert!(liars.uncapped_share > 0.5, "the refused idea: {liars:?}");
}

#[test]
fn rings_are_fair_and_mix_well() {
    let rings = rings(6, 2).unwrap();
    assert_eq!((rings.least_guests, rings.most_guests), (10, 10));
    assert!((0.9..1.1).contains(&(rings.second / rings.ramanujan)), "{rings:?}");
}

#[test]
fn meshes_that_grow_stay_in_bounds() {
    let sizes = grow(100_000, 1000, 2);
    assert!(sizes.least >= 700 && sizes.most <= 1500, "{sizes:?}");
}

#[test]
fn a_split_leaves_no_half_in_pieces_and_everybody_at_home_where_it_drew_arrows() {
    for seed in 0..5 {
        let split = split(200, 10, seed);
        assert_eq!((split.rounds_apart, split.astray), (0, 0));
        assert!(split.across_share[0] > 0.4 && split.across_share[12] < 0.06, "{split:?}");
    }
}

#[test]
fn the_pictures_of_the_documentation_are_what_the_command_draws() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/norder");
    let drawn = pictures(&NorderOptions::small()).unwrap();
    if env::var_os("RE6ST_BLESS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for picture in &drawn {
            fs::write(folder.join(&picture.name), &picture.svg).unwrap();
        }
    }
    let mut there: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(there, drawn.iter().map(|picture| picture.name.clone()).collect::<Vec<_>>());
    for picture in drawn {
        let approved = fs::read_to_string(folder.join(&picture.name)).unwrap();
        assert!(approved == picture.svg, "{} differs; RE6ST_BLESS=1 draws it anew", picture.name);
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_with_the_remedy() {
    let error = pictures(&NorderOptions::default()).unwrap_err().to_string();
    assert!(error.contains("--meshes 6 and 300 nodes at most"), "{error}");
}
