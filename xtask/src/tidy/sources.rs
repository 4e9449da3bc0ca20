//! Every source file: its first line, its length, its left-overs, its `unsafe`.

use std::path::Path;

use super::Finding;
use crate::workspace::Workspace;

/// Lines of a source file at most.
const LENGTH: usize = 500;

/// Where `unsafe` may be written, each with its reason.
const UNSAFE: [&str; 2] = ["drivers/linux/", "purity/"];

/// What is written in a hurry. Broken in two, so that this file is not one of them.
const LEFT_OVERS: [(&str, &str); 6] = [
    ("to", "do!("),
    ("unimpl", "emented!("),
    ("db", "g!("),
    ("FIX", "ME"),
    ("TO", "DO"),
    ("XX", "X"),
];

/// Looks at every Rust file.
///
/// # Errors
///
/// When one cannot be read.
pub(super) fn look(workspace: &Workspace) -> Result<Vec<Finding>, String> {
    let mut found = Vec::new();
    for path in workspace.files(".rs") {
        let text = workspace.read(&path)?;
        found.extend(shape(&path, &text));
        found.extend(text.lines().enumerate().flat_map(|(index, line)| {
            left_overs(&path, index + 1, line).into_iter().chain(open(&path, index + 1, line))
        }));
    }
    Ok(found)
}

/// How a file begins and how long it is.
fn shape(path: &Path, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        let what = "no `//!` on the first line".into();
        found.push(Finding::new(path, 1, what, "say what the file is for"));
    }
    let lines = text.lines().count();
    if lines > LENGTH {
        let what = format!("{lines} lines, {LENGTH} at most");
        found.push(Finding::new(path, LENGTH + 1, what, "divide it, or move its tests out"));
    }
    found
}

fn left_overs(path: &Path, line: usize, text: &str) -> Vec<Finding> {
    let here = LEFT_OVERS.iter().map(|(head, tail)| format!("{head}{tail}"));
    let here = here.filter(|word| has_word(text, word));
    here.map(|word| Finding::new(path, line, format!("`{word}`"), "finish it or take it out"))
        .collect()
}

/// Finds `unsafe` code where none may be.
fn open(path: &Path, line: usize, text: &str) -> Option<Finding> {
    let allowed = UNSAFE.iter().any(|folder| path.starts_with(folder));
    let code = text.split("//").next().unwrap_or_default();
    let opens = ["{", "fn", "impl", "extern", "trait"];
    let keyword = concat!("un", "safe");
    let is_open = opens.iter().any(|next| has_word(code, &format!("{keyword} {next}")));
    (!allowed && is_open).then(|| {
        Finding::new(path, line, format!("`{keyword}`"), "only drivers/linux talks to the kernel")
    })
}

/// Tells whether `word` is in `text` and not the end or the middle of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        let ends = word.ends_with(|c: char| !is_letter(c)) || !after.is_some_and(is_letter);
        ends && !before.is_some_and(is_letter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_left_over_is_found_and_a_longer_word_is_not() {
        let path = Path::new("engines/x/src/lib.rs");
        let line = concat!("    to", "do!(\"later\")");
        assert_eq!(left_overs(path, 7, line).len(), 1);
        assert!(left_overs(path, 7, "mastodon(XXXL)").is_empty());
    }

    #[test]
    fn unsafe_is_for_the_kernel_only() {
        let line = concat!("let fd = un", "safe { open() };");
        assert!(open(Path::new("worlds/daemon/src/a.rs"), 1, line).is_some());
        assert!(open(Path::new("drivers/linux/src/a.rs"), 1, line).is_none());
        assert!(open(Path::new("worlds/daemon/src/a.rs"), 1, "// unsafe { } here").is_none());
    }

    #[test]
    fn a_file_says_what_it_is_for_and_is_not_a_hall() {
        let path = Path::new("a.rs");
        assert!(shape(path, "//! What it is for.\n").is_empty());
        assert_eq!(shape(path, "fn main() {}\n").len(), 1);
        assert_eq!(shape(path, &"//! line\n".repeat(LENGTH + 1)).len(), 1);
    }
}
