//! How fast a thousand whole nodes are simulated, and what each of them takes.
//!
//! ```text
//! cargo run --release -p sim --example speed             1 000 nodes, half an hour
//! cargo run --release -p sim --example speed -- 300 10   300 nodes, ten minutes
//! ```
//!
//! Every node has its arrows, its gossip and a real Babel speaker, and the real packets are
//! exchanged. Time is the processor's, so that others on the machine do not count. Ends with 1 if
//! a bound is missed.

use std::process::ExitCode;
use std::time::Duration;

use sim::{Options, Routing};

/// Virtual seconds in one second of one processor, at least.
const SPEED: f64 = 20.0;

fn main() -> ExitCode {
    let mut asked = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let mut number = |instead| asked.next().map_or(Some(instead), Result::ok);
    let (Some(nodes), Some(minutes)) = (number(1_000), number(30)) else {
        eprintln!("speed: two numbers are asked for: nodes, and minutes");
        return ExitCode::from(2);
    };
    let options = Options {
        nodes: usize::try_from(nodes).ok(),
        span: Duration::from_mins(minutes),
        routing: Some(Routing::Babel),
        ..Options::default()
    };
    let report = match sim::run(&options) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("speed: {error:#}");
            return ExitCode::from(2);
        }
    };
    let cost = &report.run;
    println!("nodes                       {:>12}", report.nodes);
    println!("virtual time                {:>12.0} s", report.hours * 3600.0);
    println!("processor time              {:>12.1} s", cost.processor_s);
    println!("speed, from the start       {:>12.1} times, bound {SPEED}", cost.processor_speed);
    println!("speed, second half          {:>12.1} times, bound {SPEED}", cost.steady_speed);
    println!("events                      {:>12}", cost.events);
    println!("events per processor second {:>12.0}", cost.events_per_processor_s);
    println!("bytes per node              {:>12}", cost.bytes_per_node);
    println!("pairs without a path        {:>12}", report.reach.disconnected_share);
    println!(
        "watched pairs cut           {:>12} of {} looks",
        report.flows.cuts, report.flows.looks
    );
    println!("stretch, hops               {:>12.3}, {:.2}", report.stretch.mean, report.hops.mean);
    let met = cost.processor_speed >= SPEED && cost.steady_speed >= SPEED;
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
