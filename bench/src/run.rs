//! One daemon among its neighbours, and what can be seen of it.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use linux::{Clock, Netlink, Usage};
use words::Time;

use crate::daemon::{Daemon, Program};
use crate::generator::Generator;
use crate::neighbour::Kind;
use crate::told::Told;
use crate::watch::Watch;
use crate::wires::Wires;

/// How often the routes are looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A daemon, its neighbours, and its kernel's routes. All end with this.
#[derive(Debug)]
pub(crate) struct Run {
    // In this order they are dropped: nobody speaks to a daemon that is gone.
    pub(crate) neighbours: Generator,
    pub(crate) daemon: Daemon,
    pub(crate) watch: Watch,
    pub(crate) wires: Wires,
    pub(crate) clock: Clock,
    pub(crate) told: Told,
    /// When the neighbours began.
    pub(crate) begin: Time,
    /// The daemon's processor time at each look of the latest [`wait`](Self::wait).
    looks: Vec<(Time, Duration)>,
}

impl Run {
    /// Starts a daemon, then its neighbours.
    ///
    /// # Errors
    ///
    /// The daemon is not there or ends, or rights are missing.
    pub(crate) fn start(program: Program, kind: Kind, told: Told) -> Result<Self> {
        let wires = Wires::make(told.neighbours)?;
        let clock = Clock::start();
        let watch = Watch::start(&wires.daemon, clock)?;
        let daemon = Daemon::start(program, &wires, told)?;
        let begin = clock.now();
        let neighbours = Generator::start(&wires, kind, told, daemon.process(), clock)?;
        Ok(Self { neighbours, daemon, watch, wires, clock, told, begin, looks: Vec::new() })
    }

    /// Waits until `done`, and tells for how long.
    ///
    /// # Errors
    ///
    /// The daemon ends, patience does, or changes of routes went by unseen.
    pub(crate) fn wait(
        &mut self,
        patience: Duration,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Result<Duration> {
        let start = self.clock.now();
        self.looks.clear();
        loop {
            let used = self.daemon.usage()?.processor;
            self.looks.push((self.clock.now(), used));
            if done(self) {
                return Ok(self.clock.now().since(start));
            }
            if self.watch.has_lost() {
                bail!("the kernel told more changes of routes than we could read; try fewer");
            }
            let waited = self.clock.now().since(start);
            if waited > patience {
                let there = self.watch.outside(&BTreeSet::new());
                bail!("{there} routes are in the kernel after {waited:.0?}, and no more come");
            }
            thread::sleep(LOOK);
        }
    }

    /// Returns the processor time that the daemon used between two moments of the latest
    /// [`wait`](Self::wait), as far as the looks tell.
    pub(crate) fn used(&self, first: Time, last: Time) -> Duration {
        let before = self.looks.iter().rev().find(|look| look.0 <= first);
        let after = self.looks.iter().find(|look| look.0 >= last).or(self.looks.last());
        match (before.or(self.looks.first()), after) {
            (Some(before), Some(after)) => after.1.saturating_sub(before.1),
            (None, _) | (_, None) => Duration::ZERO,
        }
    }

    /// Waits until the kernel has all routes; returns when the last came.
    ///
    /// # Errors
    ///
    /// See [`wait`](Self::wait).
    pub(crate) fn fill(&mut self, patience: Duration) -> Result<Time> {
        let all = usize::try_from(self.told.all())?;
        self.wait(patience, |run| run.watch.outside(&BTreeSet::new()) >= all)?;
        Ok(self.watch.changes().last().map_or(self.begin, |change| change.at))
    }

    /// Lets time pass.
    ///
    /// # Errors
    ///
    /// The daemon ends.
    pub(crate) fn live(&mut self, time: Duration) -> Result<()> {
        thread::sleep(time);
        self.daemon.usage().map(drop)
    }

    /// Returns what the daemon uses.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub(crate) fn usage(&mut self) -> Result<Usage> {
        self.daemon.usage()
    }

    /// Returns the kernel's number of the daemon's end of a wire.
    ///
    /// # Errors
    ///
    /// It is gone.
    pub(crate) fn device(&self, number: u32) -> Result<u32> {
        let index = || Netlink::open()?.index(&format!("d{number}"));
        Ok(self.wires.daemon.run(index)??)
    }

    /// Returns the octets that the daemon's wires carried: to it, and from it.
    ///
    /// # Errors
    ///
    /// `/proc` is not there.
    pub(crate) fn carried(&self) -> Result<(u64, u64)> {
        let text = std::fs::read_to_string(format!("/proc/{}/net/dev", self.daemon.process()))?;
        let wires = text.lines().filter_map(|line| {
            let (name, numbers) = line.split_once(':')?;
            let number = |place| numbers.split_ascii_whitespace().nth(place)?.parse::<u64>().ok();
            name.trim_start().starts_with('d').then_some((number(0)?, number(8)?))
        });
        Ok(wires.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)))
    }
}
