//! No service starts while packages are installed.
//!
//! Debian asks a program, if it is there, whether a service may start; ours says no. It is
//! there for the time of an installation only; what a crash leaves is known by its words
//! and taken away the next time.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Who is asked. Source: invoke-rc.d(8).
const ASKED: &str = "/usr/sbin/policy-rc.d";

/// What is answered: 101 is “action forbidden by policy”. The comment is how we know it
/// for ours.
const NO: &str = "#!/bin/sh\n# For the time of one `cargo xtask test debian`.\nexit 101\n";

/// As long as it lives, no service starts because its package is installed.
pub(super) struct Quiet(Option<PathBuf>);

impl Quiet {
    /// Takes away what a run that was killed left behind.
    pub(super) fn repair() {
        repair(Path::new(ASKED));
    }

    /// Forbids services to start, unless somebody else has a policy for them already.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(super) fn begin() -> Result<Self, String> {
        begin(Path::new(ASKED))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            repair(path);
        }
    }
}

fn repair(path: &Path) {
    if fs::read_to_string(path).is_ok_and(|text| text.is_empty() || text == NO) {
        fs::remove_file(path).ok();
    }
}

fn begin(path: &Path) -> Result<Quiet, String> {
    let failed = |error| format!("{}: {error}", path.display());
    let made = OpenOptions::new().write(true).create_new(true).mode(0o755).open(path);
    match made {
        Ok(mut file) => {
            let quiet = Quiet(Some(path.to_path_buf()));
            file.write_all(NO.as_bytes()).map_err(failed)?;
            Ok(quiet)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Quiet(None)),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path that no other test has, with nothing there.
    fn nowhere(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("{}-{name}", std::process::id()));
        fs::remove_file(&path).ok();
        path
    }

    #[test]
    fn services_are_forbidden_for_a_while() {
        let path = nowhere("a-while");
        let quiet = begin(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), NO);
        drop(quiet);
        assert!(!path.exists());
    }

    #[test]
    fn the_policy_of_others_is_left_alone() {
        let path = nowhere("others");
        fs::write(&path, "#!/bin/sh\nexit 0\n").unwrap();
        drop(begin(&path).unwrap());
        repair(&path);
        assert!(path.exists());
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_a_crash_left_is_taken_away() {
        let path = nowhere("crash");
        std::mem::forget(begin(&path).unwrap());
        assert!(path.exists());
        repair(&path);
        assert!(!path.exists());
    }
}
