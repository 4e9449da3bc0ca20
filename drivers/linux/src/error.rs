//! What the kernel refused, and what to do about it.

use std::io;

/// Something the kernel did not do for us.
///
/// Reads as one sentence: what was tried, what the kernel said, and the remedy where
/// there is one.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {source}{}{remedy}", if remedy.is_empty() { "" } else { "; " })]
pub struct Error {
    doing: String,
    source: io::Error,
    remedy: &'static str,
}

impl Error {
    /// Returns the kernel's error number, if it came from the kernel.
    pub fn errno(&self) -> Option<i32> {
        self.source.raw_os_error()
    }

    /// Returns the kernel's error in the words of the standard library.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// Returns what to do about it; empty if nothing better than the error is known.
    pub const fn remedy(&self) -> &'static str {
        self.remedy
    }

    /// What was tried (`cannot …`) and what came of it.
    pub(crate) fn new(doing: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self { doing: doing.into(), source: source.into(), remedy: "" }
    }

    /// The same with a remedy that depends on the error number.
    pub(crate) fn advised(mut self, advice: impl FnOnce(i32) -> &'static str) -> Self {
        self.remedy = self.errno().map_or("", advice);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::errno::Errno;

    #[test]
    fn an_error_says_what_was_tried_and_what_to_do() {
        let plain = Error::new("open the door", Errno::ENOENT);
        assert_eq!(
            plain.to_string(),
            "cannot open the door: No such file or directory (os error 2)"
        );
        let advised = plain.advised(|errno| if errno == libc::ENOENT { "build one" } else { "" });
        assert!(advised.to_string().ends_with("(os error 2); build one"));
    }
}
