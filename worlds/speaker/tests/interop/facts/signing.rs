//! Packets are signed: with either algorithm, by keys that change, and not by strangers.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Fact, PATIENCE, seconds};
use crate::setting::{Algorithm, Extra, Key};
use crate::speakers::Make::{self, Babeld, Bird, Frr, Ours};
use crate::stage::Stage;

const LONG: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210";
const SHORT: &str = "0123456789abcdef";

/// How long two that must not believe each other are watched: many greetings of both.
const WATCHED: Duration = Duration::from_secs(5);

pub(super) fn facts() -> Vec<Fact> {
    let sha = Key::new(Algorithm::HmacSha256, LONG);
    let blake = Key::new(Algorithm::Blake2s128, SHORT);
    let mut all = vec![
        Fact::new("a_key_is_changed_while_packets_flow_to_bird", &[Ours, Bird], rotation),
        Fact::new("a_key_joins_while_packets_flow_to_babeld_of_the_old", &[Ours, Babeld], |s| {
            by_its_times(s, Had::Old)
        }),
        Fact::new("a_key_ends_while_packets_flow_to_babeld_of_the_new", &[Ours, Babeld], |s| {
            by_its_times(s, Had::New)
        }),
        Fact::new("a_key_is_changed_with_babeld_that_has_one", &[Ours, Babeld], succession),
    ];
    for (name, key) in [("signed_by_hmac_sha256_with", sha), ("signed_by_blake2s_with", blake)] {
        all.extend(Fact::each(name, &[Babeld, Bird], move |stage, peer| same(stage, peer, &key)));
    }
    all.push(Fact::new("ours_signs_and_believes_frr_that_cannot", &[Ours, Frr], lenient));
    all.extend(Fact::each("other_keys_make_no_neighbours_with", &[Babeld, Bird], strangers));
    all.extend(Fact::each("who_does_not_sign_is_no_neighbour_with", &[Babeld, Bird], unsigned));
    all
}

fn same(stage: &mut Stage, peer: Make, key: &Key) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    stage.cable(a, b);
    stage.all_settings(|setting| setting.keys = vec![key.clone()]);
    stage.start_all();
    format!("after {}", seconds(stage.converge(PATIENCE)))
}

fn lenient(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Frr]);
    stage.cable(a, b);
    stage.setting(a).keys = vec![Key::new(Algorithm::HmacSha256, LONG)];
    stage.setting(a).extras.insert(Extra::AcceptUnsigned);
    stage.start_all();
    format!("after {}", seconds(stage.converge(PATIENCE)))
}

fn strangers(stage: &mut Stage, peer: Make) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    stage.cable(a, b);
    stage.setting(a).keys = vec![Key::new(Algorithm::HmacSha256, LONG)];
    stage.setting(b).keys = vec![Key::new(Algorithm::HmacSha256, OTHER)];
    stage.start_all();
    stage.never(WATCHED, "a stranger's route", |stage| stage.knows(a, b) || stage.knows(b, a));
    format!("no route in {}", seconds(WATCHED))
}

/// Only we sign, so only we are deaf.
fn unsigned(stage: &mut Stage, peer: Make) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    stage.cable(a, b);
    stage.setting(a).keys = vec![Key::new(Algorithm::HmacSha256, LONG)];
    stage.start_all();
    stage.never(WATCHED, "a route nobody signed", |stage| stage.knows(a, b));
    format!("no route in {}", seconds(WATCHED))
}

/// Ours signs with the old key, with both for two seconds, with the new one. BIRD has both,
/// then the new one only.
fn rotation(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Bird]);
    stage.cable(a, b);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
    let (begins, ends) = (moment(now + 9), moment(now + 11));
    let old = Key::new(Algorithm::HmacSha256, LONG);
    let new = Key::new(Algorithm::Blake2s128, SHORT);
    stage.setting(a).keys = vec![
        Key { sign: [None, Some(ends.clone())], accept: [None, Some(ends)], ..old.clone() },
        Key { sign: [Some(begins), None], ..new.clone() },
    ];
    stage.setting(b).keys = vec![old, new.clone()];
    stage.start_all();
    stage.converge(Duration::from_secs(8));
    let flows = [(a, b), (b, a)].map(|(from, to)| stage.flow(from, to, Duration::from_millis(5)));
    let at = |second| UNIX_EPOCH + Duration::from_secs(second);
    stage.until(PATIENCE, "the new key signs", |_| SystemTime::now() > at(now + 10));
    stage.setting(b).keys = vec![new];
    stage.follow(b);
    // BIRD believes silence after six greetings only.
    let over = "long after nobody signs with the old key";
    stage.until(PATIENCE, over, |_| SystemTime::now() > at(now + 20));
    assert!(stage.knows(a, b) && stage.knows(b, a), "the routes outlive the old key");
    let told = flows.map(crate::flow::Flow::end);
    let (sent, lost) = (told[0].sent + told[1].sent, told[0].lost + told[1].lost);
    assert_eq!(lost, 0, "of {sent}");
    format!("0 of {sent} packets lost")
}

/// Ours has both keys all the time. babeld, which has room for one, starts again with the other:
/// it believes packets of two signatures, and ours believes either.
fn succession(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Babeld]);
    stage.cable(a, b);
    let [old, new] = [(Algorithm::HmacSha256, LONG), (Algorithm::Blake2s128, SHORT)]
        .map(|(algorithm, secret)| Key::new(algorithm, secret));
    stage.setting(a).keys = vec![old.clone(), new.clone()];
    stage.setting(b).keys = vec![old];
    stage.start_all();
    let first = stage.converge(PATIENCE);
    stage.end(b);
    stage.until(PATIENCE, "who has left is forgotten", |stage| !stage.knows(a, b));
    stage.setting(b).keys = vec![new];
    stage.start(b);
    let second = stage.converge(PATIENCE);
    format!("by the old key after {}, by the new one after {}", seconds(first), seconds(second))
}

/// Which of two keys babeld has, all the time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Had {
    Old,
    New,
}

/// While packets flow, ours changes by its times how it signs: from the old key to both, or
/// from both to the new one. babeld, which has the key that stays, goes on to believe, and
/// ours to accept.
fn by_its_times(stage: &mut Stage, had: Had) -> String {
    let [a, b] = stage.machines([Ours, Babeld]);
    stage.cable(a, b);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
    let change = now + 9;
    let at = || Some(moment(change));
    let old = Key::new(Algorithm::HmacSha256, LONG);
    let new = Key::new(Algorithm::Blake2s128, SHORT);
    let (keys, stays) = match had {
        Had::Old => ([old.clone(), Key { sign: [at(), None], ..new }], old),
        Had::New => ([Key { sign: [None, at()], accept: [None, at()], ..old }, new.clone()], new),
    };
    stage.setting(a).keys = keys.to_vec();
    stage.setting(b).keys = vec![stays];
    stage.start_all();
    stage.converge(Duration::from_secs(8));
    let flows = [(a, b), (b, a)].map(|(from, to)| stage.flow(from, to, Duration::from_millis(5)));
    // Ours greets twice a second: who did not believe it any longer would have missed it.
    let over = UNIX_EPOCH + Duration::from_secs(change) + WATCHED;
    stage.until(PATIENCE, "long after the change", |_| SystemTime::now() > over);
    assert!(stage.knows(a, b) && stage.knows(b, a), "the routes outlive the change");
    let told = flows.map(crate::flow::Flow::end);
    let (sent, lost) = (told[0].sent + told[1].sent, told[0].lost + told[1].lost);
    assert_eq!(lost, 0, "of {sent}");
    format!("0 of {sent} packets lost")
}

/// Writes a moment as TOML has it.
fn moment(second: u64) -> String {
    let mut date = Command::new("date");
    date.args(["-u", "-d", &format!("@{second}"), "+%Y-%m-%dT%H:%M:%SZ"]);
    String::from_utf8_lossy(&date.output().expect("date runs").stdout).trim().to_owned()
}
