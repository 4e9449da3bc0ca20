//! Dependencies point inward: engines ← drivers ← worlds ← re6st.

use super::Finding;
use crate::workspace::Workspace;

/// A ring of the workspace, inner first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ring {
    Engines,
    Drivers,
    Worlds,
    Command,
    /// `xtask`, `fuzz`, `purity`, `bench`: they may see everything, nobody sees them.
    Outside,
}

impl Ring {
    fn of(folder: &str) -> Option<Self> {
        match folder.split('/').next() {
            Some("engines") => Some(Self::Engines),
            Some("drivers") => Some(Self::Drivers),
            Some("worlds") => Some(Self::Worlds),
            Some("re6st") => Some(Self::Command),
            Some("xtask" | "fuzz" | "purity" | "bench") => Some(Self::Outside),
            Some(_) | None => None,
        }
    }

    /// Tells whether a crate of this ring may depend on one of the `other`.
    fn may_use(self, other: Self) -> bool {
        match self {
            Self::Engines | Self::Worlds => other <= self,
            Self::Drivers | Self::Command | Self::Outside => other < self,
        }
    }
}

/// Finds dependencies that point outward, or from one driver to another.
pub(super) fn look(workspace: &Workspace) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in &workspace.crates {
        let manifest = format!("{}/Cargo.toml", one.folder);
        let Some(ring) = Ring::of(&one.folder) else {
            let what = format!("`{}` is in no ring", one.name);
            found.push(Finding::new(manifest, 1, what, "move it to engines, drivers or worlds"));
            continue;
        };
        for dependency in &one.depends_on {
            if !Ring::of(dependency).is_some_and(|other| ring.may_use(other)) {
                let what = format!("`{}` depends on {dependency}", one.folder);
                let name = dependency.rsplit('/').next().unwrap_or(dependency);
                let line = line_of(workspace, &manifest, name);
                found.push(Finding::new(&manifest, line, what, "dependencies point inward"));
            }
        }
    }
    found
}

/// Returns the line of a manifest that names `dependency`, or 1.
fn line_of(workspace: &Workspace, manifest: &str, dependency: &str) -> usize {
    let text = workspace.read(manifest).unwrap_or_default();
    text.lines().position(|line| line.starts_with(dependency)).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::Ring;

    #[test]
    fn only_inward_and_never_from_driver_to_driver() {
        let may = |from, to| Ring::of(from).unwrap().may_use(Ring::of(to).unwrap());
        assert!(may("drivers/linux", "engines/words"));
        assert!(may("engines/node", "engines/babel"));
        assert!(may("worlds/lab", "worlds/daemon"));
        assert!(may("fuzz", "re6st"));
        assert!(may("bench", "drivers/linux"));
        assert!(!may("drivers/linux", "drivers/crypto"));
        assert!(!may("engines/node", "drivers/linux"));
        assert!(!may("worlds/lab", "re6st"));
        assert!(!may("re6st", "xtask"));
        assert!(!may("fuzz", "purity"));
    }

    #[test]
    fn a_folder_elsewhere_is_in_no_ring() {
        assert_eq!(Ring::of("utils"), None);
    }
}
