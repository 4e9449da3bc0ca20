//! Engines are pure: they say so, and the proof covers all of them.

use super::Finding;
use crate::workspace::Workspace;

/// Looks at the first lines of every engine, and at what the proof links.
///
/// # Errors
///
/// When an engine has no `src/lib.rs`.
pub(super) fn look(workspace: &Workspace) -> Result<Vec<Finding>, String> {
    let proof = workspace.crates.iter().find(|one| one.folder == "purity");
    let proven = proof.map(|proof| proof.depends_on.as_slice()).unwrap_or_default();
    let mut found = Vec::new();
    for engine in workspace.engines() {
        let path = format!("{}/src/lib.rs", engine.folder);
        if !workspace.read(&path)?.lines().any(|line| line == "#![no_std]") {
            let what = "no `#![no_std]`".into();
            found.push(Finding::new(path, 1, what, "an engine has no clock, socket or file"));
        }
        if !proven.contains(&engine.folder) {
            let what = format!("`{}` is not in the purity proof", engine.name);
            found.push(Finding::new("purity/Cargo.toml", 1, what, "add it to the dependencies"));
        }
    }
    Ok(found)
}
