//! How soon each daemon notices that a neighbour says nothing any more.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::daemon::Program;
use crate::neighbour::Kind;
use crate::run::Run;
use crate::told::Told;

/// How detection is measured.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Neighbours, each with routes of its own
    #[arg(long, default_value_t = 10)]
    neighbours: u32,
    /// Routes of each
    #[arg(long, default_value_t = 10)]
    routes: u32,
    /// How often each of them falls silent
    #[arg(long, default_value_t = 4)]
    rounds: u32,
    /// Time between greetings, in seconds
    #[arg(long, default_value_t = 1)]
    hello: u32,
    /// The daemons to measure
    #[arg(long, value_delimiter = ',', default_values = ["babeld", "bird", "ours"])]
    only: Vec<Program>,
}

/// How long a daemon may take to learn or lose all routes.
const PATIENCE: Duration = Duration::from_mins(3);

/// Measures all daemons that are asked for, and prints it. One that is not here or fails is told
/// of, and passed over.
pub(crate) fn run(options: &Options) {
    println!(
        "{} neighbours fall silent {} times each; greetings every {} s",
        options.neighbours, options.rounds, options.hello
    );
    println!("time from the last greeting until its last route is gone, in hello intervals:");
    println!("         samples    least   median      p90     most   spread of one's routes, most");
    for program in &options.only {
        match measure(options, *program) {
            Ok(figures) => println!("{:<8}{figures}", program.name()),
            Err(error) => println!("{:<8} not measured: {error:#}", program.name()),
        }
    }
}

fn measure(options: &Options, program: Program) -> Result<String> {
    let hello = Duration::from_secs(options.hello.into());
    let (neighbours, routes) = (options.neighbours, options.routes);
    let told = Told { neighbours, routes, apart: true, hello, update: 4 * hello };
    let mut run = Run::start(program, Kind::Played, told)?;
    let (mut samples, mut spread) = (Vec::new(), Duration::ZERO);
    for _ in 0..options.rounds {
        run.fill(PATIENCE)?;
        // The history of greetings is full again after sixteen.
        run.live(18 * hello)?;
        run.watch.forget();
        for number in 0..neighbours {
            run.neighbours.silence(number);
            // Each at another moment between two of its greetings.
            thread::sleep(hello * 37 / 100);
        }
        let all = (0..neighbours).map(|number| run.device(number)).collect::<Result<BTreeSet<_>>>();
        let all = all?;
        run.wait(PATIENCE, |run| run.watch.through(&all) == 0)?;
        for number in 0..neighbours {
            let device = run.device(number)?;
            let heard = run.neighbours.last_greeting(number).context("no such neighbour")?;
            let changes = run.watch.changes();
            let mut gone = changes.iter().filter(|one| one.left == Some(device));
            let first = gone.clone().next().context("its routes never went")?.at;
            let last = gone.next_back().map_or(first, |change| change.at);
            samples.push(last.since(heard).as_secs_f64() / hello.as_secs_f64());
            spread = spread.max(last.since(first));
            run.neighbours.speak(number);
        }
    }
    samples.sort_by(f64::total_cmp);
    let at = |hundredth: usize| {
        let place = samples.len().saturating_sub(1) * hundredth / 100;
        samples.get(place).copied().unwrap_or(f64::NAN)
    };
    Ok(format!(
        "{:>8} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>12.2}",
        samples.len(),
        at(0),
        at(50),
        at(90),
        at(100),
        spread.as_secs_f64() / hello.as_secs_f64()
    ))
}
