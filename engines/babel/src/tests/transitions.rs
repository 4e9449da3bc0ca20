//! What becomes of each state of a neighbour, and of a route, at each event: two tables, compared
//! with those in `engines/babel/tests`. `RE6ST_BLESS=1` writes them again.

extern crate std;

use std::path::Path;
use std::{env, fs};

use super::floods::stand::{Stand, at};
use super::*;
use crate::Way;
use crate::wire::Tlv;

mod neighbour;
mod route;

/// Compares a table with the one that was approved.
pub(super) fn compare(name: &str, rendered: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    if env::var_os("RE6ST_BLESS").is_some() {
        fs::write(&path, rendered).expect("the folder of tests is writable");
    }
    let approved = fs::read_to_string(&path).expect("the table is there");
    assert_eq!(approved, rendered, "run again with RE6ST_BLESS=1, and read the diff");
}

/// Writes what was said and told since it was last forgotten, shortly: `B+(5 100)` is an update
/// for neighbour B, `B-` a retraction, `B?` a request for a route, `B?6` for a number.
fn words(stand: &Stand) -> String {
    let mut words = Vec::new();
    for (_, way) in &stand.ways {
        let through = |hop: &crate::Hop| {
            let names = ["A", "B", "C"].into_iter().zip(0..);
            let found = names.into_iter().find(|(_, n)| hop.address == at(*n));
            found.map_or("?", |(name, _)| name)
        };
        words.push(match way {
            Way::Through(hop) => alloc::format!("→{}", through(hop)),
            Way::Unreachable => "→unreachable".into(),
            Way::Gone => "→gone".into(),
        });
    }
    let told = words.len();
    for (_, to, tlv) in &stand.said {
        let names = [("A", 0), ("B", 1), ("C", 2)];
        let found = to.and_then(|to| names.into_iter().find(|(_, n)| at(*n) == to));
        let to = found.map_or("*", |(name, _)| name);
        match tlv {
            Tlv::Update(update) if update.key.is_some_and(|key| !is_shown(key)) => {}
            Tlv::Update(update) if update.metric.is_finite() => {
                words.push(alloc::format!("{to}+({} {})", update.seqno.0, update.metric));
            }
            Tlv::Update(_) => words.push(alloc::format!("{to}-")),
            Tlv::RouteRequest(ask) if ask.key.is_none() => words.push(alloc::format!("{to}?all")),
            Tlv::RouteRequest(_) => words.push(alloc::format!("{to}?")),
            Tlv::SeqnoRequest(ask) => words.push(alloc::format!("{to}?{}", ask.seqno.0)),
            Tlv::Ihu(ihu) => words.push(alloc::format!("{to} rxcost {}", ihu.rxcost)),
            Tlv::Hello(_) => words.push(alloc::format!("{to} hello")),
            Tlv::AckRequest(_) | Tlv::Ack(_) => {}
        }
    }
    // Once each, in any order: how often and when something is said is told elsewhere.
    words[told..].sort_unstable();
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words.join(" ")
}

/// Tells whether a range is the one that the tables are about.
fn is_shown(key: crate::Key) -> bool {
    key == floods::stand::key(P)
}

const P: &str = "2001:db8:1::/64";
