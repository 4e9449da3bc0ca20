//! Replays every corpus bent, for a bounded time, the same way each time.
//!
//! `RE6ST_FUZZ_SECONDS` gives all targets together so many seconds instead of a fixed
//! number of inputs each; `RE6ST_FUZZ_LUCK` (0 to 255) changes the order.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test of its own: whoever runs it reads why"
)]

use std::env;
use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fuzz::{Mutator, TARGETS, Target};

/// Inputs for each target when no time is given.
const INPUTS: u32 = 2000;

#[test]
fn no_bent_seed_breaks_its_target() {
    let luck = setting("RE6ST_FUZZ_LUCK").and_then(|luck| u8::try_from(luck).ok()).unwrap_or(1);
    let seconds = setting("RE6ST_FUZZ_SECONDS");
    for target in TARGETS {
        let mut mutator = Mutator::new(target.name, luck, corpus(target));
        let started = Instant::now();
        let mut done = 0;
        while goes_on(done, started, seconds) {
            try_one(target, &mutator.next_input());
            done += 1;
        }
        println!("{}: {done} inputs in {} ms", target.name, started.elapsed().as_millis());
    }
}

fn goes_on(done: u32, started: Instant, seconds: Option<u64>) -> bool {
    match seconds {
        Some(seconds) => {
            let share = Duration::from_secs(seconds) / u32::try_from(TARGETS.len()).unwrap();
            started.elapsed() < share
        }
        None => done < INPUTS,
    }
}

/// Gives one input to a target; if it breaks it, says how to keep the input.
fn try_one(target: &Target, input: &[u8]) {
    let run = target.run;
    if catch_unwind(|| run(input)).is_err() {
        let path = env::temp_dir().join(format!("re6st-fuzz-{}", target.name));
        fs::write(&path, input).unwrap();
        let name = target.name;
        panic!("{name} is broken by {}; add it to corpus/{name}/ once mended", path.display());
    }
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn setting(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}
