//! The control socket: one question a line, one JSON answer a line.
//!
//! `{"ask":"status"}` and so on, on the unix socket `control.sock` of the state
//! directory. Only who may open that directory may ask.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, SyncSender, sync_channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long either side may keep the other waiting.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest question, in octets.
const LONGEST_QUESTION: u64 = 4096;

/// What can be asked of a running node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Question {
    /// How the node is, in one object.
    Status,
    /// Every arrow and link.
    Arrows,
    /// Every route.
    Routes,
    /// Every node that is known.
    Nodes,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    ask: Question,
}

/// A question on its way to the node, with the place for the answer.
#[derive(Debug)]
pub struct Pending {
    /// What is asked.
    pub question: Question,
    /// Where one JSON text goes.
    pub answer: SyncSender<String>,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unanswered {
    /// Nobody listens.
    #[error(
        "no node runs with the state directory {directory} ({error}); start one with `re6st up --state {directory}`, or name the right one with --state"
    )]
    NotRunning {
        /// The state directory that was tried.
        directory: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// We may not ask.
    #[error("{socket}: permission denied; ask as the user who runs the node, or as root")]
    Denied {
        /// The socket.
        socket: String,
    },
    /// The answer did not come whole.
    #[error("the node did not answer ({0}); look at its log")]
    Cut(#[from] std::io::Error),
    /// The answer is not what we know.
    #[error("the node's answer is not understood ({0}); is it of another version?")]
    Strange(#[from] serde_json::Error),
}

/// Returns where the control socket of `state` is.
pub fn socket_of(state: &Path) -> PathBuf {
    state.join("control.sock")
}

/// Asks the node that runs with the directory `state`, and returns its answer.
///
/// # Errors
///
/// [`Unanswered`], with its remedy.
pub fn ask(state: &Path, question: Question) -> Result<serde_json::Value, Unanswered> {
    let socket = socket_of(state);
    let mut stream = UnixStream::connect(&socket).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            Unanswered::Denied { socket: socket.display().to_string() }
        }
        _ => Unanswered::NotRunning { directory: state.display().to_string(), error },
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{}", serde_json::to_string(&Asked { ask: question })?)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// Listens on the control socket of `state`, and passes questions on for ever.
///
/// The caller holds the lock of the state directory, so that a socket that is there
/// already was left by a dead node, and is replaced.
///
/// # Errors
///
/// The system's, if the socket cannot be made.
pub fn listen<M: Send + 'static>(
    state: &Path,
    node: Sender<M>,
    wrap: fn(Pending) -> M,
) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let socket = socket_of(state);
    match std::fs::remove_file(&socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&socket)?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
    let serve = move || {
        for stream in listener.incoming().flatten() {
            if let Err(error) = converse(&stream, &node, wrap) {
                tracing::debug!(%error, "a question on the control socket failed");
            }
        }
    };
    std::thread::Builder::new().name("control".to_owned()).stack_size(256 * 1024).spawn(serve)?;
    Ok(())
}

fn converse<M>(
    stream: &UnixStream,
    node: &Sender<M>,
    wrap: fn(Pending) -> M,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST_QUESTION)).read_line(&mut line)?;
    let answer = match serde_json::from_str::<Asked>(&line) {
        Ok(asked) => {
            let (answer, answered) = sync_channel(1);
            let sent = node.send(wrap(Pending { question: asked.ask, answer }));
            let gone = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
            sent.map_err(|_| gone())?;
            answered.recv_timeout(PATIENCE).map_err(|_| gone())?
        }
        Err(error) => serde_json::json!({
            "error": error.to_string(),
            "remedy": "send one line such as {\"ask\":\"status\"}; status, arrows, routes or nodes",
        })
        .to_string(),
    };
    let mut stream = stream;
    writeln!(stream, "{answer}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_node_that_answers() -> tempfile::TempDir {
        let state = tempfile::tempdir().unwrap();
        let (node, questions) = std::sync::mpsc::channel();
        listen(state.path(), node, |pending| pending).unwrap();
        std::thread::spawn(move || {
            for pending in questions {
                let name = format!("{:?}", pending.question);
                pending.answer.send(serde_json::json!({"asked": name}).to_string()).unwrap();
            }
        });
        state
    }

    #[test]
    fn a_question_gets_its_answer() {
        let state = a_node_that_answers();
        let answer = ask(state.path(), Question::Routes).unwrap();
        assert_eq!(answer, serde_json::json!({"asked": "Routes"}));
    }

    #[test]
    fn garbage_gets_a_remedy_and_harms_nobody() {
        let state = a_node_that_answers();
        for garbage in ["\n", "{\"ask\":\"money\"}\n", "\u{fffd}\n", "{\n"] {
            let mut stream = UnixStream::connect(socket_of(state.path())).unwrap();
            stream.write_all(garbage.as_bytes()).unwrap();
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).unwrap();
            assert!(line.contains("remedy"), "{garbage}: {line}");
        }
        assert!(ask(state.path(), Question::Status).is_ok());
    }

    #[test]
    fn nobody_there_is_said_with_a_remedy() {
        let state = tempfile::tempdir().unwrap();
        let error = ask(state.path(), Question::Status).unwrap_err().to_string();
        assert!(error.contains("re6st up"), "{error}");
    }
}
