//! How a step ended, and how many did.

use std::fmt;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It holds; it consisted of this many tests, so many of them were not tried, and this
    /// is worth telling.
    Passed { tests: u32, skipped: u32, note: String },
    /// It was not tried, and why.
    Skipped { why: String },
    /// It does not hold: why, and the command that shows it again.
    Failed { why: String, repeat: String },
}

impl Outcome {
    /// One test that passed.
    pub(crate) fn passed(note: impl Into<String>) -> Self {
        Self::Passed { tests: 1, skipped: 0, note: note.into() }
    }

    /// A step that was not tried.
    pub(crate) fn skipped(why: impl Into<String>) -> Self {
        Self::Skipped { why: why.into() }
    }

    /// The line that people read; `shows` is what the step is for.
    pub(super) fn line(&self, shows: &str) -> String {
        match self {
            Self::Passed { note, .. } if note.is_empty() => format!("passed   {shows}"),
            Self::Passed { note, .. } => format!("passed   {shows}: {note}"),
            Self::Skipped { why } => format!("skipped  {shows}: {why}"),
            Self::Failed { .. } => format!("FAILED   {shows}"),
        }
    }
}

/// How many tests ended which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u32,
    pub(super) failed: u32,
    skipped: u32,
}

impl Tally {
    /// Counts one step.
    pub(super) fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Passed { tests, skipped, .. } => {
                self.passed += tests;
                self.skipped += skipped;
            }
            Outcome::Skipped { .. } => self.skipped += 1,
            Outcome::Failed { .. } => self.failed += 1,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Sums the tests that passed, from what `cargo test` printed.
///
/// Source: its lines `test result: ok. 12 passed; 0 failed; …`.
pub(super) fn tests_in(said: &str) -> u32 {
    let results = said.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    results.filter_map(|rest| rest.split(' ').next()?.parse::<u32>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_over_all_crates() {
        let said = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored\n\
                    noise\ntest result: ok. 40 passed; 0 failed; 1 ignored\n";
        assert_eq!(tests_in(said), 42);
    }

    #[test]
    fn the_last_line_tells_all_three() {
        let mut tally = Tally::default();
        tally.count(&Outcome::Passed { tests: 7, skipped: 2, note: String::new() });
        tally.count(&Outcome::skipped("no network"));
        tally.count(&Outcome::Failed { why: String::new(), repeat: String::new() });
        assert_eq!(tally.to_string(), "7 passed, 1 failed, 3 skipped");
    }
}
