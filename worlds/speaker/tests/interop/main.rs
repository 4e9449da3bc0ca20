//! Our speaker beside those of others: babeld, BIRD and FRR, as Debian has them, in networks
//! that nobody else sees.
//!
//! ```text
//! cargo test --release -p speaker --test interop            all
//! cargo test --release -p speaker --test interop -- WORD    those with WORD in their name
//! ```
//!
//! Each test prints a line with what it measured. A daemon that is not installed is a reason
//! to skip, and is said.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test, though it has a main of its own"
)]

mod babel;
mod facts;
mod flow;
mod island;
mod process;
mod setting;
mod speakers;
mod stage;
mod wire;

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;
use std::{env, iter};

use facts::Fact;
use linux::{Namespace, Queues, Rights, Tun, acquire_rights};
use stage::Stage;

/// How many tests run at once. They wait more than they work.
const AT_ONCE: usize = 8;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted =
        |fact: &Fact| words.is_empty() || words.iter().any(|word| fact.name.contains(word));
    let facts: Vec<Fact> = facts::all().into_iter().filter(wanted).collect();
    let reason = impossible();
    keep_panics();
    let tally = Mutex::new([0_usize; 3]);
    let queue = Mutex::new(facts.into_iter());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                for fact in iter::from_fn(|| queue.lock().unwrap().next()) {
                    let outcome = try_one(&fact, reason.as_deref());
                    tally.lock().unwrap()[outcome] += 1;
                }
            });
        }
    });
    let [passed, failed, skipped] = *tally.lock().unwrap();
    println!("interop: {passed} passed; {failed} failed; {skipped} skipped");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells why nothing can be tried here, if so.
fn impossible() -> Option<String> {
    let tried = || {
        let rights = acquire_rights()?;
        Namespace::new()?.run(|| Tun::open("t0", Queues::One))??;
        Ok::<_, linux::Error>(rights)
    };
    match tried() {
        Ok(Rights::Root) => None,
        Ok(Rights::UserNamespace) => Some("the daemons want to be started by root".into()),
        Err(error) => Some(error.to_string()),
    }
}

/// Tries one and prints its line; returns 0 if it passed, 1 if it failed, 2 if it was skipped.
fn try_one(fact: &Fact, reason: Option<&str>) -> usize {
    let name = &fact.name;
    if let Some(why) = reason.map(str::to_owned).or_else(|| fact.obstacle()) {
        println!("skipped  {name}: {why}");
        return 2;
    }
    let began = Instant::now();
    let mut stage = Stage::new();
    let ended = panic::catch_unwind(AssertUnwindSafe(|| (fact.run)(&mut stage)));
    let took = began.elapsed().as_secs_f64();
    if let Ok(told) = ended {
        println!("passed   {name}: {told} ({took:.1} s)");
        return 0;
    }
    let why = WHY.take();
    let said = panic::catch_unwind(AssertUnwindSafe(|| stage.confess()));
    println!("FAILED   {name}: {why} ({took:.1} s)\n{}", said.unwrap_or_default());
    1
}

thread_local! {
    /// Why this thread panicked.
    static WHY: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps what panics say until their test is told of, instead of printing it among others.
fn keep_panics() {
    panic::set_hook(Box::new(|panic| WHY.set(panic.to_string())));
}
