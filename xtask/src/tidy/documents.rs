//! Documents: crates listed, links that lead somewhere, manifests that share the
//! lints, and no trace of one machine.

use std::path::{Path, PathBuf};

use super::Finding;
use crate::command;
use crate::workspace::Workspace;

/// Crates that have their own table of lints, because they write `unsafe`.
const OWN_LINTS: [&str; 2] = ["drivers/linux", "purity"];

/// Looks at documents and manifests.
///
/// # Errors
///
/// When one that must be there cannot be read.
pub(super) fn look(workspace: &Workspace) -> Result<Vec<Finding>, String> {
    let mut found = unlisted(workspace)?;
    found.extend(lints(workspace)?);
    found.extend(principles(workspace));
    for path in workspace.files(".md") {
        found.extend(dead_links(workspace, &path, &workspace.read(&path)?));
    }
    for ending in [".rs", ".md", ".toml", ".sh", ".yml"] {
        for path in workspace.files(ending) {
            found.extend(traces(workspace, &path, &workspace.read(&path)?));
        }
    }
    Ok(found)
}

/// Crates that ARCHITECTURE.md does not know.
fn unlisted(workspace: &Workspace) -> Result<Vec<Finding>, String> {
    let page = workspace.read("ARCHITECTURE.md")?;
    let unlisted =
        workspace.crates.iter().filter(|one| !page.contains(&format!("`{}`", one.folder)));
    Ok(unlisted
        .map(|one| {
            let what = format!("`{}` is not in the code map", one.folder);
            Finding::new("ARCHITECTURE.md", 1, what, "say what it does and its invariant")
        })
        .collect())
}

/// Crates that do not take the lints of the workspace.
fn lints(workspace: &Workspace) -> Result<Vec<Finding>, String> {
    let mut found = Vec::new();
    for one in &workspace.crates {
        let manifest = format!("{}/Cargo.toml", one.folder);
        let shares = workspace.read(&manifest)?.contains("[lints]\nworkspace = true");
        if !shares && !OWN_LINTS.contains(&one.folder.as_str()) {
            let what = "no `[lints] workspace = true`".into();
            found.push(Finding::new(manifest, 1, what, "take the lints of the workspace"));
        }
    }
    Ok(found)
}

/// PRINCIPLES.md, if it is not what the code renders.
fn principles(workspace: &Workspace) -> Option<Finding> {
    let manifest = workspace.root.join("Cargo.toml");
    let words = "test --quiet --release --package principles --test document --manifest-path";
    let arguments: Vec<&str> = words.split(' ').chain(manifest.to_str()).collect();
    let equal = command::succeeds("cargo", &arguments);
    (!equal).then(|| {
        let what = "not what the crate `principles` renders".into();
        let remedy =
            "run `RE6ST_BLESS=1 cargo test --release -p principles` and read the difference";
        Finding::new("PRINCIPLES.md", 1, what, remedy)
    })
}

/// Links to files that are not there.
fn dead_links(workspace: &Workspace, path: &Path, text: &str) -> Vec<Finding> {
    let folder = workspace.root.join(path.parent().unwrap_or(Path::new("")));
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for target in links(line) {
            if !folder.join(target).exists() {
                let what = format!("`{target}` is not there");
                found.push(Finding::new(path, index + 1, what, "correct the link"));
            }
        }
    }
    found
}

/// Returns what the links of a line point to inside the project, without anchors.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        (!target.is_empty() && !target.contains("://")).then_some(target)
    })
}

/// Paths of the machine where a file was written.
fn traces(workspace: &Workspace, path: &Path, text: &str) -> Vec<Finding> {
    let mut places = vec![workspace.root.clone()];
    places
        .extend(std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.parent().is_some()));
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trace = places.iter().filter_map(|place| place.to_str());
        for place in trace.filter(|place| line.contains(&format!("{place}/"))) {
            let what = format!("`{place}` is a place of one machine");
            found.push(Finding::new(path, index + 1, what, "take it out"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::links;

    #[test]
    fn links_inside_the_project_are_followed_and_others_are_not() {
        let line = "See [lab](docs/lab.md#report), [RFC](https://example.org/x) and [up](#top).";
        assert_eq!(links(line).collect::<Vec<_>>(), ["docs/lab.md"]);
    }
}
