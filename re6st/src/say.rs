//! What is printed: a full disk is an error, and a reader who has gone is none.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Prints a line on standard output.
///
/// Nothing is wrong if who reads has had enough, as `head` has.
pub(crate) fn say(line: impl Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => anyhow::bail!("cannot print: {error}; make room where the output goes"),
        Ok(()) => Ok(()),
    }
}

/// Tells people why nothing came of it; if that cannot be told, the exit code does.
pub(crate) fn complain(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "re6st: {}", sentence(error));
}

/// Tells people what was asked for and is done otherwise; the exit code does not say it.
pub(crate) fn warn(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "re6st: {line}");
}

/// Returns the error and its causes as one sentence, none of them said twice.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| {
        if said.is_empty() {
            cause
        } else if said.contains(&cause) {
            said
        } else {
            format!("{said}: {cause}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let full = anyhow::anyhow!("no space left");
        let said = full.context("cannot write: no space left; make room").context("no state");
        assert_eq!(sentence(&said), "no state: cannot write: no space left; make room");
    }
}
