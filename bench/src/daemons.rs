//! What each daemon uses: steady, when neighbours vanish, when many routes come at once.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::daemon::Program;
use crate::neighbour::Kind;
use crate::run::Run;
use crate::single;
use crate::told::Told;
use crate::watch::Change;

/// How the daemons are measured.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Ranges that every neighbour tells
    #[arg(long, default_value_t = 10_000)]
    routes: u32,
    /// Neighbours, each on a wire of its own
    #[arg(long, default_value_t = 20)]
    neighbours: u32,
    /// Length of the steady window, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Time before it in which nothing is measured, in seconds
    #[arg(long, default_value_t = 40)]
    settle: u32,
    /// Time between greetings, in seconds
    #[arg(long, default_value_t = 4)]
    hello: u32,
    /// Time between full updates, in seconds
    #[arg(long, default_value_t = 16)]
    update: u32,
    /// Ranges that every neighbour tells when two of them vanish
    #[arg(long, default_value_t = 40_000)]
    many: u32,
    /// Ranges that one neighbour tells at once
    #[arg(long, default_value_t = 100_000)]
    single: u32,
    /// The daemons to measure
    #[arg(long, value_delimiter = ',', default_values = ["babeld", "bird", "ours"])]
    only: Vec<Program>,
    /// What to measure
    #[arg(long, value_delimiter = ',', default_values = ["steady", "loss", "single", "own"])]
    parts: Vec<Part>,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Nothing changes.
    Steady,
    /// Two neighbours fall silent.
    Loss,
    /// One neighbour tells very many routes.
    Single,
    /// Nothing changes, and the neighbours are speakers of our own.
    Own,
}

/// How long a daemon may take to have all routes in the kernel.
const PATIENCE: Duration = Duration::from_mins(5);

/// How long after a loss the work of it is counted.
const AFTERMATH: Duration = Duration::from_secs(30);
/// How often the kernel alone and each daemon fill it; the shortest time counts.
const TIMES: u32 = 5;

/// Measures all that is asked for, and prints it.
///
/// # Errors
///
/// Rights are missing. A daemon that is not here or fails is told of, and passed over.
pub(crate) fn run(options: &Options) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{} neighbours; greetings every {} s, full updates every {} s; {cores} processors",
        options.neighbours, options.hello, options.update
    );
    for part in &options.parts {
        println!();
        match part {
            Part::Steady => println!("{} ranges, steady:\n{STEADY}", options.routes),
            Part::Loss => println!("{} ranges, 2 neighbours fall silent:\n{LOSS}", options.many),
            Part::Single => {
                single(options)?;
                continue;
            }
            Part::Own => println!("{} ranges, speakers of ours:\n{STEADY}", options.routes),
        }
        let ours = [Program::Ours];
        let only_ours = *part == Part::Own && options.only.contains(&Program::Ours);
        let programs = match part {
            Part::Own if only_ours => ours.as_slice(),
            Part::Own => &[],
            Part::Steady | Part::Loss | Part::Single => options.only.as_slice(),
        };
        for program in programs {
            match measure(options, *part, *program) {
                Ok(figures) => println!("{:<8}{figures}", program.name()),
                Err(error) => println!("{:<8} not measured: {error:#}", program.name()),
            }
        }
    }
    Ok(())
}

fn measure(options: &Options, part: Part, program: Program) -> Result<String> {
    let told = options.told(options.neighbours, options.routes);
    match part {
        Part::Steady => steady(options, Run::start(program, Kind::Played, told)?),
        Part::Own => steady(options, Run::start(program, Kind::Own, told)?),
        Part::Loss => {
            let told = options.told(options.neighbours, options.many);
            loss(options, Run::start(program, Kind::Played, told)?)
        }
        Part::Single => bail!("measured in turn with the kernel"),
    }
}

const STEADY: &str = "           filled s  fill CPU s     CPU %  RSS MB   \
                      told kbit/s  said kbit/s   on wires kbit/s   packets/s";

/// Nothing changes: processor, memory, traffic.
fn steady(options: &Options, mut run: Run) -> Result<String> {
    let filled = run.fill(PATIENCE)?.since(run.begin).as_secs_f64();
    let fill = run.usage()?.processor.as_secs_f64();
    run.live(seconds(options.settle))?;
    let (start, before) = (run.clock.now(), run.usage()?.processor);
    let (crossed, carried) = (run.neighbours.crossed(), run.carried()?);
    run.live(seconds(options.seconds))?;
    let usage = run.usage()?;
    let time = run.clock.now().since(start).as_secs_f64();
    let crossed = run.neighbours.crossed() - crossed;
    let (to, from) = run.carried()?;
    let rate = |octets: u64| kilobits(octets) / time;
    let share = (usage.processor.saturating_sub(before)).as_secs_f64() / time * 100.0;
    Ok(format!(
        "{filled:>11.1} {fill:>11.2} {share:>9.2} {:>7.1} {:>13.1} {:>12.1} {:>8.1}/{:<8.1} {:>6.1}/{:<6.1}",
        megabytes(usage.resident),
        rate(crossed.told),
        rate(crossed.said),
        rate(to - carried.0),
        rate(from - carried.1),
        kilobits(crossed.packets_told) * 125.0 / time,
        kilobits(crossed.packets_said) * 125.0 / time,
    ))
}

const LOSS: &str = "          moved  noticed s  then all s  times dark  CPU s meanwhile  \
                    CPU s afterwards  steady CPU %  RSS MB";

/// Two neighbours fall silent: how soon their routes are others', and at what cost.
fn loss(options: &Options, mut run: Run) -> Result<String> {
    run.fill(PATIENCE)?;
    run.live(seconds(options.settle))?;
    let steady = steady_share(&mut run, seconds(options.seconds))?;
    let gone = BTreeSet::from([run.device(0)?, run.device(1)?]);
    let moved = run.watch.through(&gone);
    run.watch.forget();
    let silence = run.clock.now();
    run.neighbours.silence(0);
    run.neighbours.silence(1);
    let heard = [0, 1].into_iter().filter_map(|number| run.neighbours.last_greeting(number)).max();
    let all = usize::try_from(run.told.all())?;
    run.wait(PATIENCE, |run| run.watch.through(&gone) == 0 && run.watch.outside(&gone) >= all)?;
    let changes = run.watch.changes();
    let leaves = |change: &&Change| change.left.is_some_and(|device| gone.contains(&device));
    let (Some(first), Some(last)) = (changes.iter().find(leaves), changes.last()) else {
        bail!("no route had to move")
    };
    let dark = changes.iter().filter(|change| change.dark).count();
    let used = run.used(first.at, last.at);
    let after = beyond(&mut run, steady)?;
    Ok(format!(
        "{moved:>7} {:>10.2} {:>11.2} {dark:>11} {:>14.2} {after:>19.2} {:>13.2} {:>7.1}",
        first.at.since(heard.unwrap_or(silence)).as_secs_f64(),
        last.at.since(first.at).as_secs_f64(),
        used.as_secs_f64(),
        steady * 100.0,
        megabytes(run.usage()?.resident),
    ))
}

/// Returns the seconds of processor time that the daemon uses in the time to come beyond what
/// the neighbours that are left cost it, at the `steady` share that all of them did.
fn beyond(run: &mut Run, steady: f64) -> Result<f64> {
    let all = f64::from(run.told.neighbours);
    let left = steady * (all - 2.0) / all;
    Ok((steady_share(run, AFTERMATH)? - left) * AFTERMATH.as_secs_f64())
}

/// Returns the share of one processor that the daemon uses in the time to come.
fn steady_share(run: &mut Run, time: Duration) -> Result<f64> {
    let (start, before) = (run.clock.now(), run.usage()?.processor);
    run.live(time)?;
    let used = run.usage()?.processor.saturating_sub(before);
    Ok(used.as_secs_f64() / run.clock.now().since(start).as_secs_f64())
}

const SINGLE: &str = "           first route s  all routes s  CPU s  RSS MB";

/// One neighbour tells very many routes: how soon they are in the kernel.
fn single(options: &Options) -> Result<()> {
    let (programs, told) = (options.only.as_slice(), options.told(1, options.single));
    let (kernel, filled) = single::measure(programs, told, TIMES)?;
    let (count, kernel) = (options.single, kernel.as_secs_f64());
    println!("{count} ranges from one neighbour; the kernel alone takes {kernel:.3} s:\n{SINGLE}");
    for (program, filled) in programs.iter().zip(filled) {
        match filled {
            Ok(filled) => println!(
                "{:<8}{:>21.3} {:>13.3} {:>6.2} {:>7.1}",
                program.name(),
                filled.first.as_secs_f64(),
                filled.all.as_secs_f64(),
                filled.usage.processor.as_secs_f64(),
                megabytes(filled.usage.resident),
            ),
            Err(error) => println!("{:<8} not measured: {error:#}", program.name()),
        }
    }
    Ok(())
}

impl Options {
    fn told(&self, neighbours: u32, routes: u32) -> Told {
        let (hello, update) = (seconds(self.hello), seconds(self.update));
        Told { neighbours, routes, apart: false, hello, update }
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn kilobits(octets: u64) -> f64 {
    octets as f64 * 8.0 / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn megabytes(octets: u64) -> f64 {
    octets as f64 / 1e6
}
