//! The workspace: where it is, its crates, and its files.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command;

/// The workspace, as cargo describes it.
#[derive(Clone)]
pub(crate) struct Workspace {
    /// Its root folder, absolute.
    pub(crate) root: PathBuf,
    /// Where cargo builds, absolute.
    pub(crate) target: PathBuf,
    /// Its crates, in cargo's order.
    pub(crate) crates: Vec<Crate>,
}

/// One crate of the workspace.
#[derive(Clone)]
pub(crate) struct Crate {
    /// Its name.
    pub(crate) name: String,
    /// Its folder below the root, with `/` between the parts: `engines/words`.
    pub(crate) folder: String,
    /// The folders below the root of the crates it depends on, of any kind.
    pub(crate) depends_on: Vec<String>,
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    ///
    /// When cargo cannot be run here or says something unexpected.
    pub(crate) fn find() -> Result<Self, String> {
        let said = command::output("cargo", &["metadata", "--no-deps", "--format-version", "1"])?;
        let metadata: Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
        let root = PathBuf::from(text(&metadata, "workspace_root")?);
        let target = PathBuf::from(text(&metadata, "target_directory")?);
        let packages = metadata
            .get("packages")
            .and_then(Value::as_array)
            .ok_or("cargo metadata: no packages")?;
        let crates = packages.iter().map(|package| Crate::of(package, &root));
        Ok(Self { crates: crates.collect::<Result<_, _>>()?, root, target })
    }

    /// Returns the files of the workspace whose name ends in `ending`, sorted, below the root.
    ///
    /// Hidden folders and build folders are not looked into.
    pub(crate) fn files(&self, ending: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        self.walk(&self.root, ending, &mut found);
        found.sort();
        found
    }

    fn walk(&self, folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && !name.starts_with('.') && path != self.target && name != "target" {
                self.walk(&path, ending, found);
            } else if !is_folder && name.ends_with(ending) {
                found.extend(path.strip_prefix(&self.root).map(Path::to_path_buf));
            }
        }
    }

    /// Reads a file, named from the root.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Result<String, String> {
        let path = path.as_ref();
        fs::read_to_string(self.root.join(path))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Returns the crates of the ring `engines`.
    pub(crate) fn engines(&self) -> impl Iterator<Item = &Crate> {
        self.crates.iter().filter(|one| one.folder.starts_with("engines/"))
    }
}

impl Crate {
    fn of(package: &Value, root: &Path) -> Result<Self, String> {
        let manifest = PathBuf::from(text(package, "manifest_path")?);
        let depends_on =
            package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        let depends_on = depends_on.filter_map(|dependency| dependency.get("path")?.as_str());
        Ok(Self {
            name: text(package, "name")?,
            folder: below(root, manifest.parent().unwrap_or(root)),
            depends_on: depends_on.map(|path| below(root, Path::new(path))).collect(),
        })
    }
}

/// Returns `path` as seen from `root`.
fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

fn text(value: &Value, key: &str) -> Result<String, String> {
    value
        .get(key)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("cargo metadata: no {key}"))
}
