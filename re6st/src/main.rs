//! The command: a node, a registry, a laboratory, and the means to look at them.
//!
//! Thin on purpose: each subcommand is a call into a world, and the words for people.

mod babel_command;
mod look;
mod mesh_commands;
mod norder_command;
mod options;
mod registry_commands;
mod say;
mod sim_command;
mod why;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use options::{Command, Options, Simulation};
use say::{complain, say};

fn main() -> ExitCode {
    let options = Options::parse();
    start_log();
    match run(options.command) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Up(up) => daemon::up(&up.into_settings())?,
        Command::Join(join) => say(daemon::join(&join.into_request()?)?)?,
        Command::Check(check) => {
            let (config, file) = (daemon::Config::read(&check.file)?, check.file.display());
            for objection in config.objections() {
                say(format_args!("{file}: {objection}"))?;
            }
            match config.objections().len() {
                0 => say(format_args!("{file}: nothing is wrong"))?,
                held => say(format_args!("{file}: it can be used, with {held} held at bounds"))?,
            }
        }
        Command::Status(which) => look::status(&which)?,
        Command::Arrows(which) => look::arrows(&which)?,
        Command::Routes(which) => look::routes(&which)?,
        Command::Nodes(which) => look::nodes(&which)?,
        Command::Why(options) => why::why(&options)?,
        Command::Introduction(which) => look::introduction(&which)?,
        Command::Replay(replay) => say(daemon::replay(&replay.file)?)?,
        Command::Babel(options) => babel_command::run(*options)?,
        Command::Registry(command) => registry_commands::run(*command)?,
        Command::Sim(simulation) => {
            linux::take_large_pages();
            match simulation {
                Simulation::Flat(flat) => sim_command::flat(*flat)?,
                Simulation::Norder(norder) => norder_command::norder(&norder)?,
            }
        }
        Command::Lab(lab) => return Ok(lab::run(lab.into_options()?)?.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Logs go to standard error, at level `info` unless `RE6ST_LOG` says otherwise. What
/// cannot be logged, as on a full disk, is left out: the node goes on.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("RE6ST_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .log_internal_errors(false)
        .init();
}
