//! The node's line to the registry: two threads that may wait for minutes, so that the
//! loop never does.
//!
//! One keeps asking for a newer network document (the registry holds the question until
//! there is one); the other does what the loop asks for. The mesh lives on without the
//! registry: every failure is only tried again later.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use registry::client::{Client, Problem};

use crate::world::Happened;

/// What the registry answered.
#[derive(Debug)]
pub(crate) enum News {
    /// A network document, signed.
    Document(Vec<u8>),
    /// Introductions to begin with.
    Bootstrap(Vec<Vec<u8>>),
    /// Our certificate, renewed, in PEM.
    Certificate(String),
}

/// What the loop asks of the registry.
#[derive(Debug)]
enum Task {
    Publish(Vec<u8>),
    Introductions,
    Renew,
}

/// The loop's end of the line.
#[derive(Debug)]
pub(crate) struct Registrar {
    tasks: Sender<Task>,
    version: Arc<AtomicU64>,
}

/// How many introductions we ask for.
const INTRODUCTIONS: usize = 5;
/// How long the registry may hold a question for a newer document.
const HOLD: Duration = Duration::from_secs(50);
/// The first and the longest wait after a failure.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// How often something that must get through is tried.
const TRIES: u32 = 5;
/// Enough for TLS, small enough for forty nodes on one machine.
const STACK: usize = 512 * 1024;

impl Registrar {
    /// Starts both threads; `client` answers for this node, `node` hears the news.
    ///
    /// # Errors
    ///
    /// The system's, if a thread cannot be started.
    pub(crate) fn start(client: Client, node: Sender<Happened>) -> std::io::Result<Self> {
        let client = Arc::new(client);
        let version = Arc::new(AtomicU64::new(0));
        let (tasks, asked) = channel();

        let (line, known, hear) = (client.clone(), version.clone(), node.clone());
        let thread = std::thread::Builder::new().name("documents".to_owned()).stack_size(STACK);
        thread.spawn(move || watch_documents(&line, &known, &hear))?;
        let thread = std::thread::Builder::new().name("registry".to_owned()).stack_size(STACK);
        thread.spawn(move || do_tasks(&client, &asked, &node))?;
        Ok(Self { tasks, version })
    }

    /// Asks for introductions; they come as [`News::Bootstrap`], or never.
    pub(crate) fn ask_for_introductions(&self) {
        self.ask(Task::Introductions);
    }

    /// Tells the registry how we are reached.
    pub(crate) fn publish(&self, introduction: Vec<u8>) {
        self.ask(Task::Publish(introduction));
    }

    /// Asks for a new certificate; it comes as [`News::Certificate`], or never.
    pub(crate) fn renew(&self) {
        self.ask(Task::Renew);
    }

    /// Says which network document we have, so that only a newer one is told.
    pub(crate) fn has_document(&self, version: u64) {
        self.version.store(version, Ordering::Relaxed);
    }

    fn ask(&self, task: Task) {
        // The thread ends with the process only; if it is gone, so is the registry.
        let _ = self.tasks.send(task);
    }
}

/// Asks for ever for a document that is newer than the one we have.
fn watch_documents(client: &Client, version: &AtomicU64, node: &Sender<Happened>) {
    let mut patience = PATIENCE.0;
    loop {
        match client.document(version.load(Ordering::Relaxed), HOLD) {
            Ok(newer) => {
                patience = PATIENCE.0;
                let Some(octets) = newer else { continue };
                if node.send(Happened::Registry(News::Document(octets))).is_err() {
                    return;
                }
                // Let the loop take it in, or the same document would be told again.
                std::thread::sleep(PATIENCE.0);
            }
            Err(problem) => {
                tracing::debug!(%problem, "the registry gives no network document");
                std::thread::sleep(patience);
                patience = (patience * 2).min(PATIENCE.1);
            }
        }
    }
}

fn do_tasks(client: &Client, tasks: &Receiver<Task>, node: &Sender<Happened>) {
    for task in tasks {
        let news = match task {
            Task::Publish(introduction) => {
                insist("tell how we are reached", || client.publish(&introduction));
                None
            }
            Task::Introductions => {
                try_once("get introductions", client.bootstrap(INTRODUCTIONS)).map(News::Bootstrap)
            }
            Task::Renew => try_once("renew the certificate", client.renew()).map(News::Certificate),
        };
        if let Some(news) = news
            && node.send(Happened::Registry(news)).is_err()
        {
            return;
        }
    }
}

/// Tries a few times, with growing pauses.
fn insist(doing: &str, mut deed: impl FnMut() -> Result<(), Problem>) {
    let mut patience = PATIENCE.0;
    for _ in 0..TRIES {
        if try_once(doing, deed()).is_some() {
            return;
        }
        std::thread::sleep(patience);
        patience = (patience * 2).min(PATIENCE.1);
    }
}

fn try_once<T>(doing: &str, done: Result<T, Problem>) -> Option<T> {
    done.inspect_err(|problem| tracing::info!(%problem, "the registry: cannot {doing} now")).ok()
}
