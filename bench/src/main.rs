//! Routing daemons side by side: what they cost, and how soon they notice.
//!
//! Every daemon under test gets a network namespace of its own, and wires to neighbours that
//! this program plays in another one. It prints figures and judges none.

mod daemon;
mod daemons;
mod detection;
mod generator;
mod neighbour;
mod own;
mod plain;
mod played;
mod run;
mod single;
mod socket;
mod tally;
mod told;
mod watch;
mod wires;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Routing daemons side by side.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// What each daemon uses: steady, when neighbours vanish, when many routes come at once.
    Daemons(daemons::Options),
    /// How soon each daemon notices that a neighbour says nothing any more.
    Detection(detection::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done =
        linux::acquire_rights().map_err(anyhow::Error::from).and_then(|_| match arguments.what {
            What::Daemons(options) => daemons::run(&options),
            What::Detection(options) => {
                detection::run(&options);
                Ok(())
            }
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
