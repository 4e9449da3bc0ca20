//! The border filter: its whole truth, as a table that people approved, and its laws.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use order::border::{Passage, admit, originate, passage, rescue, unreachable};
use order::{Memberships, MeshMap, Refused};
use words::{NodeId, Prefix};

/// Order 3: two groups of two meshes, a and b in A, c and d in B.
fn map() -> MeshMap {
    MeshMap::even(range("fd42::/16"), &[1, 1]).unwrap()
}

fn range(text: &str) -> Prefix {
    text.parse().unwrap()
}

/// Names of ranges and nodes: the node n of mesh a is `a.n`.
const NAMES: [(&str, &str); 15] = [
    ("a.1", "fd42:0:0:1::/64"),
    ("a.2", "fd42:0:0:2::/64"),
    ("b.1", "fd42:4000:0:1::/64"),
    ("c.1", "fd42:8000:0:1::/64"),
    ("d.1", "fd42:c000:0:1::/64"),
    ("a", "fd42::/18"),
    ("b", "fd42:4000::/18"),
    ("c", "fd42:8000::/18"),
    ("d", "fd42:c000::/18"),
    ("A", "fd42::/17"),
    ("B", "fd42:8000::/17"),
    ("network", "fd42::/16"),
    ("a's half", "fd42::/19"),
    ("::/0", "::/0"),
    ("0.0.0.0/0", "0.0.0.0/0"),
];

fn named(name: &str) -> Prefix {
    range(NAMES.iter().find(|(own, _)| *own == name).expect("a name of the table").1)
}

fn name(prefix: Prefix) -> &'static str {
    NAMES.iter().find(|(_, text)| range(text) == prefix).expect("it has a name").0
}

fn a1(foreign: &[&str]) -> Memberships {
    let node = NodeId(named("a.1"));
    Memberships::border(&map(), node, foreign.iter().map(|name| named(name))).unwrap()
}

/// The roles of the node a.1 that the table shows.
const ROLES: [&[&str]; 5] = [&[], &["b"], &["c"], &["b", "c"], &["c", "d"]];
const MESHES: [&str; 4] = ["a", "b", "c", "d"];

fn table() -> String {
    let mut table = String::from(
        "What node a.1 may announce on its links, and what it takes from them.\n\
         Meshes a and b are the group A, c and d the group B.\n\
         `=` as it is, a name as that range, `-` not at all; `!` is refused when heard.\n",
    );
    for role in ROLES {
        let ours = a1(role);
        let at_home = ["a"].into_iter().chain(role.iter().copied());
        let links: Vec<_> =
            MESHES.into_iter().filter(|m| at_home.clone().any(|o| o == *m)).collect();
        let of = if role.is_empty() { "no other mesh".into() } else { role.join(" and ") };
        write!(table, "\na.1, member of {of} as well\n{:12}", "").unwrap();
        for link in &links {
            write!(table, "{:>12}", format!("on {link}")).unwrap();
        }
        for (prefix, _) in NAMES {
            write!(table, "\n{prefix:12}").unwrap();
            for link in &links {
                write!(table, "{:>12}", cell(&ours, named(prefix), named(link))).unwrap();
            }
        }
        write!(table, "\n{:12}", "originates").unwrap();
        for link in &links {
            let told = originate(&map(), &ours, named(link), |_| true);
            write!(table, "{:>12}", list(&told)).unwrap();
        }
        writeln!(table, "\n{:12}  {}", "unreachable", list(&unreachable(&map(), &ours))).unwrap();
    }
    table
}

fn cell(ours: &Memberships, prefix: Prefix, link: Prefix) -> String {
    let said = match passage(&map(), ours, (prefix, false), link) {
        Passage::AsItIs => "=",
        Passage::AsRange(range) => name(range),
        Passage::Not => "-",
    };
    let heard = if admit(&map(), ours, (prefix, false), link).is_ok() { "" } else { " !" };
    format!("{said}{heard}")
}

fn list(ranges: &[Prefix]) -> String {
    let names: Vec<_> = ranges.iter().map(|range| name(*range)).collect();
    if names.is_empty() { "-".into() } else { names.join(" ") }
}

#[test]
fn the_filter_is_the_one_that_was_approved() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/border.txt");
    if env::var_os("RE6ST_BLESS").is_some() {
        fs::write(&path, table()).expect("the folder of tests is writable");
    }
    let approved = fs::read_to_string(&path).expect("the table is there");
    assert_eq!(approved, table(), "run again with RE6ST_BLESS=1, and read the diff");
}

#[test]
fn what_is_told_as_a_range_is_what_is_originated() {
    for role in ROLES {
        let ours = a1(role);
        for link in MESHES.map(named) {
            let told = originate(&map(), &ours, link, |_| true);
            for (_, prefix) in NAMES {
                if let Passage::AsRange(around) =
                    passage(&map(), &ours, (range(prefix), false), link)
                {
                    assert!(told.contains(&around), "{prefix} on {}", name(link));
                }
            }
        }
    }
}

#[test]
fn a_range_that_leads_nowhere_is_not_told() {
    let ours = a1(&["c"]);
    let told = |link, lost| originate(&map(), &ours, named(link), |range| range != named(lost));
    assert_eq!((told("a", "c"), told("a", "B")), (vec![], vec![]));
    assert_eq!((told("a", "a"), told("a", "d")), (vec![named("B")], vec![named("B")]));
    assert_eq!((told("c", "a"), told("c", "A")), (vec![], vec![]));
    assert_eq!(told("c", "c"), [named("A")]);
}

#[test]
fn who_escapes_is_told_everywhere() {
    let ours = a1(&["c"]);
    for link in ["a", "c"].map(named) {
        for node in ["a.2", "b.1", "c.1", "d.1"].map(named) {
            assert_eq!(passage(&map(), &ours, (node, true), link), Passage::AsItIs);
            assert_eq!(admit(&map(), &ours, (node, true), link), Ok(()));
        }
    }
    // But no range passes for being called a node that escapes, where it is around us.
    let range = named("A");
    let own = Err(Refused::OwnRange { range });
    assert_eq!(admit(&map(), &ours, (range, true), named("c")), own);
}

#[test]
fn a_link_of_no_mesh_carries_nothing() {
    let ours = a1(&[]);
    let link = named("A");
    assert_eq!(passage(&map(), &ours, (named("b"), false), link), Passage::Not);
    let unknown = Err(Refused::Unknown { range: link });
    assert_eq!(admit(&map(), &ours, (named("b"), false), link), unknown);
}

#[test]
fn tables_are_what_the_formula_says() {
    // n nodes, n meshes, n groups: 3 n - 2 lines, 4 n - 3 in the same group, 5 n - 4 in another.
    let map = MeshMap::even(range("fd42::/16"), &[3, 3]).unwrap();
    let meshes = map.meshes();
    let node = |mesh: Prefix, n: u128| NodeId(Prefix::new(mesh.bits() | n << 64, 64));
    let everything: Vec<Prefix> = (meshes.iter())
        .flat_map(|mesh| (0..8).map(|n| node(*mesh, n).0))
        .chain(map.cuts().iter().flatten().copied())
        .collect();
    let lines = |foreign: &[Prefix]| {
        let ours = Memberships::border(&map, node(meshes[0], 0), foreign.iter().copied()).unwrap();
        let known = everything.iter().filter(|prefix| {
            ours.meshes().any(|link| admit(&map, &ours, (**prefix, false), link).is_ok())
        });
        known.count()
    };
    assert_eq!(lines(&[]), 3 * 8 - 2);
    assert_eq!(lines(&[meshes[1]]), 4 * 8 - 3);
    assert_eq!(lines(&[meshes[8]]), 5 * 8 - 4);
    assert_eq!(lines(&[meshes[1], meshes[2]]), 5 * 8 - 4);
}

#[test]
fn who_was_cut_off_from_its_mesh_takes_its_range_and_nobody_else() {
    let ours = a1(&[]);
    let lost = |range, link| rescue(&map(), &ours, named(range), named(link), |_| false);
    // From other meshes of the group, and from those who were cut off as well.
    assert!(lost("a", "b") && lost("a", "a") && lost("A", "c") && lost("A", "a"));
    // No range of others, none past the group's border, and nothing that is no range.
    assert!(!lost("b", "a") && !lost("B", "a") && !lost("a", "c"));
    assert!(
        !lost("network", "a") && !lost("a.1", "a") && !lost("a's half", "a") && !lost("a", "A")
    );
    let whole = |range| rescue(&map(), &ours, named(range), named("b"), |_| true);
    assert!(!whole("a") && !whole("A"));
}
