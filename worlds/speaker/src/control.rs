//! Asking a running speaker how it is.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long the speaker may keep us waiting.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unanswered {
    /// Nobody listens.
    #[error(
        "no speaker answers at {socket} ({error}); start one with `re6st babel -i INTERFACE`, or name the right one with --control"
    )]
    NotRunning {
        /// The socket that was tried.
        socket: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// We may not ask.
    #[error("{socket}: permission denied; ask as the user who runs the speaker, or as root")]
    Denied {
        /// The socket.
        socket: String,
    },
    /// The answer did not come whole.
    #[error("the speaker did not answer ({0}); look at its log")]
    Cut(#[from] std::io::Error),
    /// The answer is not what we know.
    #[error("the speaker's answer is not understood ({0}); is it of another version?")]
    Strange(#[from] serde_json::Error),
}

/// The question.
pub(crate) const QUESTION: &str = "{\"ask\":\"status\"}";

/// Asks the speaker whose control socket is `socket` how it is.
///
/// # Errors
///
/// [`Unanswered`], with its remedy.
pub fn status(socket: &Path) -> Result<serde_json::Value, Unanswered> {
    let name = socket.display().to_string();
    let mut stream = UnixStream::connect(socket).map_err(|error| {
        if error.kind() == ErrorKind::PermissionDenied {
            Unanswered::Denied { socket: name }
        } else {
            Unanswered::NotRunning { socket: name, error }
        }
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{QUESTION}")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_there_is_said_with_a_remedy() {
        let error = status(Path::new("/nowhere/babel.sock")).unwrap_err().to_string();
        assert!(error.contains("re6st babel -i"), "{error}");
    }
}
