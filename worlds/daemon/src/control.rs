//! The control socket: one question a line, one JSON answer a line.
//!
//! `{"ask":"status"}` and so on, `{"ask":"why","about":"10.42.7.1"}`, on the unix socket `control.sock` of the state
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
/// How long to wait after the kernel had no connection to give.
const PAUSE: Duration = Duration::from_millis(100);
/// How many can ask at once, so that one who keeps silent keeps nobody out.
const LISTENERS: usize = 4;

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
    /// Why packets to the destination asked about go the way they go.
    Why,
    /// What the node shows of itself, as another's configuration may name it.
    Introduction,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    ask: Question,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<String>,
}

/// A question on its way to the node, with the place for the answer.
#[derive(Debug)]
pub struct Pending {
    /// What is asked.
    pub question: Question,
    /// What it is about, where that is not the node as a whole.
    pub about: Option<String>,
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

/// A control socket that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error(
    "the control socket {socket} cannot be made: {error}; make room and rights in the state directory, or use one with a shorter path"
)]
pub struct Unmade {
    socket: String,
    error: std::io::Error,
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
    put(state, &Asked { ask: question, about: None })
}

/// Asks the node that runs with the directory `state` a question `about` something, and returns
/// its answer.
///
/// # Errors
///
/// [`Unanswered`], with its remedy.
pub fn ask_about(
    state: &Path,
    question: Question,
    about: &str,
) -> Result<serde_json::Value, Unanswered> {
    put(state, &Asked { ask: question, about: Some(about.to_owned()) })
}

fn put(state: &Path, asked: &Asked) -> Result<serde_json::Value, Unanswered> {
    let socket = socket_of(state);
    let mut stream = UnixStream::connect(&socket).map_err(|error| {
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            Unanswered::Denied { socket: socket.display().to_string() }
        } else {
            Unanswered::NotRunning { directory: state.display().to_string(), error }
        }
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{}", serde_json::to_string(asked)?)?;
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
/// [`Unmade`], with its remedy.
pub fn listen<M: Send + 'static>(
    state: &Path,
    node: Sender<M>,
    wrap: fn(Pending) -> M,
) -> Result<(), Unmade> {
    let socket = socket_of(state);
    let listen = || {
        let listener = bind(&socket)?;
        for _ in 1..LISTENERS {
            serve(listener.try_clone()?, node.clone(), wrap)?;
        }
        serve(listener, node, wrap)
    };
    listen().map_err(|error| Unmade { socket: socket.display().to_string(), error })
}

/// Makes the socket, for its owner alone.
fn bind(socket: &Path) -> std::io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;

    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(socket)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers, one after the other, whom the kernel gives to this listener.
fn serve<M: Send + 'static>(
    listener: UnixListener,
    node: Sender<M>,
    wrap: fn(Pending) -> M,
) -> std::io::Result<()> {
    let serve = move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                // Too many open files, perhaps: not a reason to spin.
                std::thread::sleep(PAUSE);
                continue;
            };
            if let Err(error) = converse(&stream, &node, wrap) {
                tracing::debug!(%error, "a question on the control socket failed");
            }
        }
    };
    std::thread::Builder::new().name("control".to_owned()).stack_size(128 * 1024).spawn(serve)?;
    Ok(())
}

fn converse<M>(
    stream: &UnixStream,
    node: &Sender<M>,
    wrap: fn(Pending) -> M,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = Vec::new();
    BufReader::new(stream.take(LONGEST_QUESTION)).read_until(b'\n', &mut line)?;
    let answer = match serde_json::from_slice::<Asked>(&line) {
        Ok(asked) => {
            let (answer, answered) = sync_channel(1);
            let sent = node.send(wrap(Pending { question: asked.ask, about: asked.about, answer }));
            let gone = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
            sent.map_err(|_| gone())?;
            answered.recv_timeout(PATIENCE).map_err(|_| gone())?
        }
        Err(error) => serde_json::json!({
            "error": error.to_string(),
            "remedy": "send one line such as {\"ask\":\"status\"}; status, arrows, routes, nodes, introduction, or why with \"about\"",
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
        let garbage: [&[u8]; 5] =
            [b"\n", b"{\"ask\":\"money\"}\n", b"\xff\n", b"{\n", &[b'['; 4096]];
        for garbage in garbage {
            let mut stream = UnixStream::connect(socket_of(state.path())).unwrap();
            stream.write_all(garbage).unwrap();
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).unwrap();
            assert!(line.contains("remedy"), "{garbage:?}: {line}");
        }
        assert!(ask(state.path(), Question::Status).is_ok());
    }

    #[test]
    fn who_keeps_silent_keeps_nobody_out() {
        let state = a_node_that_answers();
        let silent = || UnixStream::connect(socket_of(state.path())).unwrap();
        let _silent = [silent(), silent()];
        let asked = std::time::Instant::now();
        assert!(ask(state.path(), Question::Status).is_ok());
        assert!(asked.elapsed() < PATIENCE);
    }

    #[test]
    fn nobody_there_is_said_with_a_remedy() {
        let state = tempfile::tempdir().unwrap();
        let error = ask(state.path(), Question::Status).unwrap_err().to_string();
        assert!(error.contains("re6st up"), "{error}");
    }
}
