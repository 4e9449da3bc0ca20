//! Very many routes from one neighbour: until all are in the kernel, beside what the kernel
//! needs alone.
//!
//! Both are measured in turn, several times, and of each the shortest time counts. The kernel is
//! asked now and then how many routes it has: to be told of each would cost it, and a processor
//! that the daemon may need.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use linux::{Clock, Usage};
use words::Time;

use crate::daemon::{Daemon, Program};
use crate::generator::Generator;
use crate::neighbour::Kind;
use crate::plain;
use crate::told::Told;
use crate::wires::Wires;

/// How often the routes are counted.
const LOOK: Duration = Duration::from_millis(2);
/// How long a daemon may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a daemon did with many routes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filled {
    /// From the first update until the first route was there.
    pub(crate) first: Duration,
    /// From the first update until the last route was there.
    pub(crate) all: Duration,
    /// What the daemon used, since it was started.
    pub(crate) usage: Usage,
}

/// Measures the kernel and each of `programs`, `times` each; returns the best of each.
///
/// # Errors
///
/// Rights are missing. What went wrong with one program is told in its place.
pub(crate) fn measure(
    programs: &[Program],
    told: Told,
    times: u32,
) -> Result<(Duration, Vec<Result<Filled>>)> {
    let mut kernel = Duration::MAX;
    let mut best: Vec<Option<Result<Filled>>> = programs.iter().map(|_| None).collect();
    for _ in 0..times {
        kernel = kernel.min(plain::insert(told)?);
        for (program, best) in programs.iter().zip(&mut best) {
            let again = fill(*program, told);
            let is_better = match (&again, &*best) {
                (Ok(again), Some(Ok(before))) => again.all < before.all,
                (Ok(_), _) | (Err(_), None) => true,
                (Err(_), Some(_)) => false,
            };
            if is_better {
                *best = Some(again);
            }
        }
    }
    let best = best.into_iter().map(|it| it.context("never measured").flatten()).collect();
    Ok((kernel, best))
}

/// Lets one daemon learn all.
fn fill(program: Program, told: Told) -> Result<Filled> {
    let wires = Wires::make(told.neighbours)?;
    let clock = Clock::start();
    let mut daemon = Daemon::start(program, &wires, told)?;
    let process = daemon.process();
    let before = count(process)?;
    let neighbours = Generator::start(&wires, Kind::Played, told, process, clock)?;
    let (mut first, all) = (None, u64::from(told.all()));
    let start = clock.now();
    let last = loop {
        let (there, now) = (count(process)?.saturating_sub(before), clock.now());
        first = first.or((there > 0).then_some(now));
        if there >= all {
            break now;
        }
        if now.since(start) > PATIENCE {
            bail!("{there} routes are in the kernel after {PATIENCE:.0?}, and no more come");
        }
        daemon.usage()?;
        thread::sleep(LOOK);
    };
    let begin = neighbours.begin_of_telling().unwrap_or(start);
    let since = |at: Time| at.since(begin);
    let usage = daemon.usage()?;
    Ok(Filled { first: since(first.unwrap_or(last)), all: since(last), usage })
}

/// Returns how many IPv6 routes the kernel has in the namespace of a process. Source:
/// `rt6_stats_seq_show` of Linux, the fourth number.
fn count(process: u32) -> Result<u64> {
    let file = format!("/proc/{process}/net/rt6_stats");
    let text = std::fs::read_to_string(&file).with_context(|| format!("read {file}"))?;
    let entries = text.split_ascii_whitespace().nth(3);
    let entries = entries.and_then(|number| u64::from_str_radix(number, 16).ok());
    entries.with_context(|| format!("{file} does not say how many routes there are"))
}
