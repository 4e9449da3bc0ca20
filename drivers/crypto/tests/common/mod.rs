//! The openssl command, as a second opinion.

use std::path::Path;
use std::process::Command;

/// Runs openssl in a folder; `None` if it is not installed.
///
/// # Panics
///
/// If it fails: what it says is the message.
pub(crate) fn openssl(folder: &Path, line: &str) -> Option<String> {
    let words = line.split_whitespace();
    let ran = Command::new("openssl").current_dir(folder).args(words).output().ok()?;
    let (said, erred) = (&ran.stdout, &ran.stderr);
    assert!(ran.status.success(), "openssl {line}: {}", String::from_utf8_lossy(erred));
    Some(String::from_utf8_lossy(said).into_owned())
}
