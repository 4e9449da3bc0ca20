//! A recorded run, run again.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;
use words::{Engine, Time};

use super::{Birth, Told};

/// What a replay amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// How many inputs were told.
    pub told: u64,
    /// How many outputs were compared, all the same.
    pub said: u64,
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} inputs told again, {} outputs the same", self.told, self.said)
    }
}

/// A replay that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failed {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A line is not of a recording.
    #[error("{0}, line {1}: not a recording of `re6st up --record`, or of another version")]
    Line(PathBuf, usize),
    /// The node could not be born again.
    #[error("the node cannot be made again: {0}")]
    Birth(String),
    /// The node said something else.
    #[error("line {line}: the run said\n  {then}\nand now says\n  {now}")]
    Differs {
        /// Where, from 1.
        line: usize,
        /// What the recording has.
        then: String,
        /// What the engine says now; empty when it says nothing.
        now: String,
    },
}

/// Runs the recording in `file` again, in a node made by `conceive`, and compares.
///
/// A last line that was cut short, as a crash leaves it, is left out; so are the last
/// outputs, if the recording ends before them. The daemon may tell the node something
/// before it has polled all that it said, so outputs are compared as one sequence.
///
/// # Errors
///
/// [`Failed`], at the first line that differs or cannot be read.
pub fn replay<N>(
    file: &Path,
    conceive: impl FnOnce(&Birth) -> Result<N, String>,
) -> Result<Replayed, Failed>
where
    N: for<'a> Engine<Input<'a> = node::Input<'a>, Output = node::Output>,
{
    let open = File::open(file).map_err(|error| Failed::File(file.to_owned(), error))?;
    let mut lines = BufReader::new(open).lines().enumerate().peekable();
    let bad = |line: usize| Failed::Line(file.to_owned(), line + 1);

    let head = lines.next().and_then(|(_, line)| serde_json::from_str(&line.ok()?).ok());
    let birth = head.and_then(|head| Birth::from_json(&head)).ok_or_else(|| bad(0))?;
    let mut node = conceive(&birth).map_err(Failed::Birth)?;
    let mut said = poll_all(&mut node);
    let mut count = Replayed::default();

    while let Some((at, line)) = lines.next() {
        let line = line.map_err(|error| Failed::File(file.to_owned(), error))?;
        let Ok(line) = serde_json::from_str::<Value>(&line) else {
            if lines.peek().is_none() {
                break;
            }
            return Err(bad(at));
        };
        if let Some(then) = line.get("said").and_then(Value::as_str) {
            compare(at, then, said.pop_front())?;
            count.said += 1;
        } else {
            tell(&mut node, &line).ok_or_else(|| bad(at))?;
            said.extend(poll_all(&mut node));
            count.told += 1;
        }
    }
    Ok(count)
}

fn tell<N>(node: &mut N, line: &Value) -> Option<()>
where
    N: for<'a> Engine<Input<'a> = node::Input<'a>, Output = node::Output>,
{
    let at = Time::from_micros(line.get("at")?.as_u64()?);
    let told = Told::from_json(line.get("told")?)?;
    node.handle(told.as_input(), at);
    Some(())
}

fn poll_all<N: Engine<Output = node::Output>>(node: &mut N) -> VecDeque<String> {
    std::iter::from_fn(|| node.poll()).map(|output| format!("{output:?}")).collect()
}

fn compare(at: usize, then: &str, now: Option<String>) -> Result<(), Failed> {
    let now = now.unwrap_or_default();
    if now == then {
        return Ok(());
    }
    Err(Failed::Differs { line: at + 1, then: then.to_owned(), now })
}
