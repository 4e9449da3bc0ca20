//! Pulses on lines that lose, vary, and are cut.

extern crate std;

use std::collections::BTreeMap;
use std::println;

use words::Dice;

use super::*;

fn second(n: u64) -> Time {
    Time::from_micros(n * 1_000_000)
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn silence_is_death_only_after_unanswered_probes() {
    let settings = Settings::default();
    let mut pulse = Pulse::new(second(0));
    pulse.probe(second(1));
    assert_eq!(pulse.death(&settings), None);
    pulse.probe(second(2));
    assert_eq!(pulse.death(&settings), Some(Time::from_micros(3_500_000)));
    pulse.heard(second(3));
    assert_eq!(pulse.death(&settings), None);
}

#[test]
fn a_machine_that_slept_listens_before_it_judges() {
    let settings = Settings::default();
    let mut pulse = Pulse::new(second(0));
    for n in 1..=100 {
        pulse.probe(second(1) + ms(n));
    }
    let death = pulse.death(&settings).unwrap();
    assert!(death < second(5));
    let morning = second(60);
    pulse.slept(morning.since(death), morning);
    let listens = morning + ms(500);
    assert_eq!(pulse.death(&settings), Some(listens), "what waited can still be heard");
    assert!(pulse.turn().is_some_and(|(at, _)| at >= listens));
    pulse.heard(morning + ms(1));
    assert_eq!((pulse.death(&settings), pulse.turn()), (None, None));
}

#[test]
fn a_machine_that_starves_counts_only_the_time_it_ran() {
    let settings = Settings::default();
    let mut pulse = Pulse::new(second(0));
    pulse.probe(second(1));
    pulse.probe(second(2));
    pulse.slept(ms(400), second(3));
    assert_eq!(pulse.death(&settings), Some(second(3) + ms(900)));
}

#[test]
fn what_was_said_before_we_asked_is_no_answer() {
    let mut pulse = Pulse::new(second(0));
    pulse.probe(second(2));
    pulse.heard(second(1));
    assert_eq!(pulse.unanswered, 1);
    pulse.heard(second(2));
    assert_eq!(pulse.unanswered, 0);
}

/// One end of a line over which payload only leaves: what comes back are answers to probes.
struct Line {
    pulse: Pulse,
    settings: Settings,
    now: Time,
    dice: Dice,
    /// One way.
    delay: Duration,
    jitter: Duration,
    /// Of a thousand packets, each way.
    lost: usize,
    payload: bool,
    cut: bool,
    answers: BTreeMap<(Time, u64), u64>,
    probes: u64,
    suspicions: u64,
    died: bool,
}

impl Line {
    fn new(seed: u8, delay: Duration, jitter: Duration, lost: usize) -> Self {
        Self {
            pulse: Pulse::new(Time::ZERO),
            settings: Settings::default(),
            now: Time::ZERO,
            dice: Dice::of([seed; 32], "line"),
            delay,
            jitter,
            lost,
            payload: true,
            cut: false,
            answers: BTreeMap::new(),
            probes: 0,
            suspicions: 0,
            died: false,
        }
    }

    /// One way: `None` if it is lost. Now and then a packet is far slower than the others.
    fn way(&mut self) -> Option<Duration> {
        let slow = if self.dice.below(200) == 0 { 3 } else { 1 };
        let took = self.delay + self.dice.within(self.jitter) * slow;
        (!self.cut && self.dice.below(1_000) >= self.lost).then_some(took)
    }

    fn probe(&mut self) {
        let token = self.pulse.probe(self.now);
        self.probes += 1;
        if let Some((there, back)) = self.way().zip(self.way()) {
            self.answers.insert((self.now + there + back, self.probes), token);
        }
    }

    /// Goes on until `end`, or until the line is taken for dead.
    fn run(&mut self, end: Time) {
        let mut regular = self.now;
        while self.now < end && !self.died {
            if self.payload {
                self.pulse.carried(self.now);
            }
            let nudge = self.pulse.nudge(&self.settings, true);
            let turn = self.pulse.turn().map(|(at, _)| at);
            let death = self.pulse.death(&self.settings);
            let answer = self.answers.keys().next().map(|(at, _)| *at);
            let all = [turn, death, answer, Some(regular), Some(end)];
            let next = all.into_iter().flatten().fold(nudge, Time::or_earlier);
            assert!(next >= self.now, "woken in the past");
            self.now = next;
            while let Some(first) = self.answers.first_entry() {
                if first.key().0 > next {
                    break;
                }
                let token = first.remove();
                if !self.cut {
                    self.pulse.heard(next);
                    self.pulse.echoed(token, next);
                }
            }
            if let Some((_, turn)) = self.pulse.turn().filter(|(at, _)| *at <= next) {
                self.suspicions += u64::from(turn == Turn::Suspicion);
                self.pulse.turned(turn);
            }
            self.died = self.pulse.death(&self.settings).is_some_and(|at| at <= next);
            if next >= regular {
                regular = next + self.settings.probe;
                self.probe();
            } else if self.pulse.nudge(&self.settings, true) <= next {
                self.probe();
            }
        }
    }

    /// Cuts the line, and returns when it is suspect and when it is dead.
    fn cut(&mut self) -> (Duration, Duration) {
        let cut = self.now;
        self.cut = true;
        let before = self.suspicions;
        while self.suspicions == before {
            self.run(self.now + ms(1));
        }
        let suspect = self.now.since(cut);
        self.run(cut + ms(10_000));
        (suspect, self.now.since(cut))
    }
}

#[test]
fn chance_alone_kills_no_link_and_suspects_few() {
    for (lost, hours, most) in [(0, 4, 0), (10, 24, 4), (50, 4, 4), (150, 4, 8)] {
        let mut line = Line::new(1, ms(40), ms(15), lost);
        line.run(second(hours * 3_600));
        println!(
            "{lost} ‰ lost, {hours} h: {} probes, {} times suspect",
            line.probes, line.suspicions
        );
        assert!(!line.died, "{lost} ‰ lost");
        assert!(line.suspicions <= most, "{lost} ‰ lost: {} times suspect", line.suspicions);
    }
}

#[test]
fn the_nearer_the_other_end_the_sooner_its_silence_is_noticed() {
    for (delay, suspect, dead) in [(5, 150, 900), (40, 300, 1_400), (100, 500, 2_200)] {
        let (mut longest, mut last) = (Duration::ZERO, Duration::ZERO);
        for seed in 0..50 {
            let mut line = Line::new(seed, ms(delay), ms(delay / 10), 0);
            line.run(second(20) + ms(u64::from(seed) * 7));
            let (suspicion, death) = line.cut();
            (longest, last) = (longest.max(suspicion), last.max(death));
        }
        println!("{delay} ms one way: suspect after {longest:?}, dead after {last:?} at most");
        assert!(longest <= ms(suspect) && last <= ms(dead), "{delay} ms: {longest:?}, {last:?}");
    }
}

#[test]
fn a_line_that_carries_nothing_is_probed_once_a_second() {
    let mut line = Line::new(1, ms(40), ms(4), 0);
    line.payload = false;
    line.run(second(1_000));
    assert!((990..=1_030).contains(&line.probes), "{}", line.probes);
    let (suspect, dead) = line.cut();
    assert!(suspect < ms(1_500) && dead < ms(2_500), "{suspect:?}, {dead:?}");
}

#[test]
fn the_ceilings_hold_however_slow_and_lossy_the_line_is() {
    for seed in 0..20 {
        let mut line = Line::new(seed, ms(400), ms(400), 200);
        line.run(second(100));
        let alive = !line.died;
        let (_, dead) = line.cut();
        assert!(!alive || dead <= ms(3_500 + 850), "{dead:?}");
    }
}

#[test]
fn who_is_heard_again_is_trusted_again_after_a_second_of_calm() {
    let mut line = Line::new(1, ms(40), ms(4), 0);
    line.run(second(20));
    line.cut = true;
    line.run(second(20) + ms(400));
    assert!(line.pulse.is_suspect() && !line.died);
    line.cut = false;
    line.run(second(21));
    assert!(line.pulse.is_suspect(), "not yet");
    line.run(second(22));
    assert!(!line.pulse.is_suspect() && !line.died);
    assert_eq!(line.suspicions, 1);
}
