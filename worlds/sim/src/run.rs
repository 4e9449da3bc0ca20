//! A run, from the first start to the report.

pub(crate) mod clock;
pub(crate) mod figures;

use std::time::{Duration, Instant};

use words::{Dice, Time};

use clock::Clock;

use crate::fault::Fault;
use crate::flows::Flows;
use crate::islands::{self, Islands};
use crate::number::{rounded, share};
use crate::options::{Options, Routing};
use crate::progress::Progress;
use crate::report::{Blow, Report, Trials};
use crate::survey::Survey;
use crate::world::{Citizen, World};

/// A run under way.
pub(crate) struct Run<'a, E> {
    options: &'a Options,
    routing: Routing,
    world: World<E>,
    surveys: Vec<Survey>,
    flows: Flows,
    blows: Vec<(Time, Blow)>,
    /// What draws whom faults hit.
    dice: Dice,
    began: Instant,
    clock: Clock,
}

/// How often flows are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Rounds until the mesh is as it stays.
const YOUTH: u32 = 3;
/// More nodes are surveyed in a few rounds only.
const MANY: usize = 1_000;
/// In so many.
const FEW: usize = 3;

impl<'a, E: Citizen> Run<'a, E> {
    /// Begins a run of a world that is about to start.
    pub(crate) fn new(options: &'a Options, routing: Routing, world: World<E>) -> Self {
        let luck = options.luck();
        Self {
            flows: Flows::draw(world.terrain.count(), luck),
            options,
            routing,
            world,
            surveys: Vec::new(),
            blows: Vec::new(),
            dice: Dice::of(luck, "faults"),
            began: Instant::now(),
            clock: Clock::new(),
        }
    }

    /// Lets all of it happen, and returns the world as it is then, and the report.
    pub(crate) fn finish(mut self) -> (World<E>, Report) {
        let end = Time::ZERO + self.options.span;
        let round = self.options.round;
        let mut faults = self.options.faults.clone();
        faults.sort_by_key(|fault| fault.at);
        let mut faults = faults.into_iter().peekable();
        let mut progress = Progress::new(self.options.progress);
        let mut next_round = Time::ZERO + round;
        while self.world.now < end {
            let next = (self.world.now + LOOK).or_earlier(end);
            while let Some(fault) = faults.next_if(|fault| Time::ZERO + fault.at <= next) {
                self.world.run(Time::ZERO + fault.at);
                self.strike(&fault);
            }
            self.world.run(next);
            self.follow_up(end);
            if self.blows.is_empty() && next >= Time::ZERO + round * YOUTH {
                self.flows.look(&self.world);
            }
            if next >= next_round {
                next_round = next_round + round;
                self.round(end);
            }
            if next.since(Time::ZERO) >= self.options.span / 2 {
                self.clock.half();
            }
            progress.tell(next.since(Time::ZERO), self.options.span);
        }
        progress.end();
        let report = self.report();
        (self.world, report)
    }

    /// A round is over: what do paths look like?
    fn round(&mut self, end: Time) {
        let (now, round) = (self.world.now, self.options.round);
        if !self.blows.is_empty() || now < Time::ZERO + round * YOUTH {
            return;
        }
        self.flows.compare(&self.world);
        let first = self.options.faults.iter().map(|fault| Time::ZERO + fault.at).min();
        let left = first.unwrap_or(end).or_earlier(end).since(now);
        let late = round * u32::try_from(FEW).unwrap_or(1);
        if self.world.terrain.count() <= MANY || left < late {
            self.surveys.push(Survey::of(&self.world));
        }
    }

    fn strike(&mut self, fault: &Fault) {
        if self.surveys.is_empty() {
            self.surveys.push(Survey::of(&self.world));
        }
        let mut imagined = self.dice.clone();
        let trials = islands::Trials::of(&self.world, &fault.what, &mut imagined);
        self.world.strike(&fault.what, &mut self.dice);
        let Islands { disconnected, isolated } = Islands::of(&self.world);
        let blow = Blow {
            fault: fault.to_string(),
            alive: self.world.terrain.living().count(),
            direct_disconnected_share: rounded(self.direct_disconnected()),
            disconnected_share: rounded(disconnected),
            isolated,
            one_round_later_share: None,
            two_rounds_later_share: None,
            trials: trials.map(|all| Trials {
                whole_share: rounded(all.whole),
                disconnected_share: rounded(all.disconnected),
                isolated_share: rounded(all.isolated),
            }),
        };
        self.blows.push((self.world.now, blow));
    }

    fn direct_disconnected(&self) -> f64 {
        let living: Vec<usize> = self.world.terrain.living().collect();
        let pairs = living.iter().flat_map(|a| living.iter().map(move |b| (*a, *b)));
        let (mut all, mut cut) = (0, 0);
        for (a, b) in pairs.filter(|(a, b)| a < b) {
            all += 1;
            cut += usize::from(!self.world.terrain.passes(a, b));
        }
        share(cut, all)
    }

    /// Looks again one and two rounds after each fault.
    fn follow_up(&mut self, end: Time) {
        let (now, round) = (self.world.now, self.options.round);
        for (at, blow) in &mut self.blows {
            for (rounds, later) in
                [(1, &mut blow.one_round_later_share), (2, &mut blow.two_rounds_later_share)]
            {
                let due = *at + round * rounds;
                if later.is_none() && now >= due && due <= end {
                    let survey = Survey::of(&self.world);
                    *later = Some(rounded(share(survey.disconnected, survey.pairs)));
                }
            }
        }
    }
}
