//! Files that are whole or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Mode of a file that only its owner may read: keys.
pub const PRIVATE: u32 = 0o600;
/// Mode of a file that everybody may read: certificates.
pub const PUBLIC: u32 = 0o644;

/// A file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Reading failed.
    #[error("cannot read {}: {source}; {}", path.display(), remedy(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Writing failed; what was there before is still there.
    #[error("cannot write {}: {source}; check the folder's rights and the free space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Reads a text file.
///
/// # Errors
///
/// [`FileError::Read`], also for octets that are not text.
pub fn read(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|source| FileError::Read { path: path.into(), source })
}

/// Tells what to do about a file that cannot be read.
fn remedy(error: &io::Error) -> &'static str {
    let remedies = [
        (io::ErrorKind::NotFound, "check the path, or restore it from a backup"),
        (io::ErrorKind::PermissionDenied, "run as the user who owns it"),
        (io::ErrorKind::InvalidData, "it is no PEM file: restore it from a backup"),
    ];
    let known = remedies.into_iter().find(|(kind, _)| *kind == error.kind());
    known.map_or("check the disk, and that it is a file", |(_, remedy)| remedy)
}

/// Writes a file in one go: a crash leaves the old content or the new one.
///
/// `mode` is the file's rights, [`PRIVATE`] or [`PUBLIC`], from its first octet on.
///
/// # Errors
///
/// [`FileError::Write`]; the old content is then untouched.
pub fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
    replace(path, content, mode).map_err(|source| FileError::Write { path: path.into(), source })
}

fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(io::ErrorKind::IsADirectory.into()),
    };
    let draft = draft(path).ok_or(io::ErrorKind::IsADirectory)?;
    // A draft left by a crash may have other rights: never write into it.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
    let written = fill(file, content).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // Best effort: the error that matters is the first one.
        let _ = fs::remove_file(&draft);
    }
    written?;
    File::open(folder)?.sync_all()
}

fn fill(mut file: File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.sync_all()
}

/// Returns where the new content of `path` is written first.
fn draft(path: &Path) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name()?);
    name.push(".new");
    Some(path.with_file_name(name))
}
