//! Chores of the workspace.
//!
//! ```text
//! cargo xtask tidy               what no compiler checks: rings, sizes, documents, left-overs
//! cargo xtask test               everything that must hold, in the order a reader would run it
//! cargo xtask test --list        the names of all steps, and what each shows
//! cargo xtask test NAME …        some of them
//! ```

mod command;
mod debian;
mod interop;
mod lab;
mod test;
mod tidy;
mod workspace;

use std::env;
use std::process::ExitCode;

use workspace::Workspace;

const USAGE: &str = "usage: cargo xtask tidy | test [--list] [NAME …]";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the words ask, and tells whether all is well.
fn run(words: &[&str]) -> Result<bool, String> {
    match words {
        ["tidy"] => tidy::run(&Workspace::find()?),
        ["test", "--list"] => {
            test::list();
            Ok(true)
        }
        ["test", names @ ..] => test::run(&Workspace::find()?, names),
        ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            Ok(true)
        }
        [] => Err(USAGE.into()),
        [word, ..] => Err(format!("`{word}` is not a chore; {USAGE}")),
    }
}
