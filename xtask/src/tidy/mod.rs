//! What no compiler checks: the rules of ARCHITECTURE.md and CONTRIBUTING.md.
//!
//! Each finding is one line: where, what, and its remedy.

mod conformance;
mod documents;
mod purity;
mod rings;
mod sources;

use std::fmt;
use std::path::PathBuf;

use crate::workspace::Workspace;

/// A rule that does not hold somewhere.
struct Finding {
    path: PathBuf,
    line: usize,
    what: String,
    remedy: &'static str,
}

impl Finding {
    fn new(path: impl Into<PathBuf>, line: usize, what: String, remedy: &'static str) -> Self {
        Self { path: path.into(), line, what, remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, what, remedy } = self;
        write!(f, "{}:{line}: {what}, {remedy}", path.display())
    }
}

/// Prints all findings, and tells whether there are none.
///
/// # Errors
///
/// When a file that must be there cannot be read.
pub(crate) fn run(workspace: &Workspace) -> Result<bool, String> {
    let found = look(workspace)?;
    for finding in &found {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", workspace.files(".rs").len(), found.len());
    Ok(found.is_empty())
}

/// Looks at everything, and returns a line for each finding.
///
/// # Errors
///
/// When a file that must be there cannot be read.
pub(crate) fn look(workspace: &Workspace) -> Result<Vec<String>, String> {
    let mut found = rings::look(workspace);
    found.extend(sources::look(workspace)?);
    found.extend(purity::look(workspace)?);
    found.extend(documents::look(workspace)?);
    found.extend(conformance::look(workspace)?);
    Ok(found.iter().map(ToString::to_string).collect())
}
