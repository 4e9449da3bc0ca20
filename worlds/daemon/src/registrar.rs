//! The node's line to the registry: two threads that may wait for minutes, so that the
//! loop never does.
//!
//! One keeps asking for a newer network document (the registry holds the question until
//! there is one); the other does what the loop asks for. The mesh lives on without the
//! registry: every failure is only tried again later.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use registry::Code;
use registry::client::{Client, Company, Problem};
use words::NodeId;

use crate::world::Happened;

/// What the registry answered.
#[derive(Debug)]
pub(crate) enum News {
    /// A network document, signed.
    Document(Vec<u8>),
    /// Introductions to begin with, and what members know.
    Bootstrap(Company),
    /// Our certificate, renewed, in PEM.
    Certificate(String),
    /// It has what we revealed in this epoch.
    Revealed(u64),
}

/// What the loop asks of the registry.
#[derive(Debug)]
enum Task {
    Publish(Vec<u8>),
    Introductions,
    Attest(u64, Vec<(NodeId, u32)>),
    Share(u64, [u8; 32], Option<[u8; 32]>),
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

    /// Tells the registry how we are reached, again and again until it knows.
    pub(crate) fn publish(&self, introduction: Vec<u8>) {
        self.ask(Task::Publish(introduction));
    }

    /// Tells what we saw members carry in an epoch, once: it is of no use later.
    pub(crate) fn attest(&self, epoch: u64, seen: Vec<(NodeId, u32)>) {
        self.ask(Task::Attest(epoch, seen));
    }

    /// Shares in the beacons to come: promises, and reveals what was promised. Once the registry has the
    /// latter, it comes as [`News::Revealed`].
    pub(crate) fn share(&self, epoch: u64, commitment: [u8; 32], secret: Option<[u8; 32]>) {
        self.ask(Task::Share(epoch, commitment, secret));
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
        let asked = Instant::now();
        match client.document(version.load(Ordering::Relaxed), HOLD) {
            Ok(None) => {
                patience = PATIENCE.0;
                if asked.elapsed() < HOLD {
                    // It does not hold questions: then we keep the pause.
                    std::thread::sleep(PATIENCE.0);
                }
            }
            Ok(Some(octets)) => {
                patience = PATIENCE.0;
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

/// What the registry does not know yet of how we are reached.
#[derive(Debug)]
struct Unpublished {
    introduction: Vec<u8>,
    /// When it is told.
    next: Instant,
    /// How long we wait if that fails.
    patience: Duration,
}

impl Unpublished {
    const fn since(now: Instant, introduction: Vec<u8>) -> Self {
        Self { introduction, next: now, patience: PATIENCE.0 }
    }

    /// Puts it off: each time longer, and at once the longest time if it is refused for good.
    fn put_off(&mut self, now: Instant, problem: &Problem) {
        let patience = if is_final(problem) { PATIENCE.1 } else { self.patience };
        self.next = now + patience;
        self.patience = (patience * 2).min(PATIENCE.1);
    }
}

/// Tells whether trying again soon is of no use: the registry knows us and says no.
fn is_final(problem: &Problem) -> bool {
    let Problem::Refused { code, .. } = problem else { return false };
    !matches!(code, Code::Busy | Code::Slow | Code::Trouble | Code::Clock)
}

fn do_tasks(client: &Client, tasks: &Receiver<Task>, node: &Sender<Happened>) {
    let mut unpublished = None;
    loop {
        let Ok(task) = next_task(tasks, unpublished.as_ref()) else { return };
        let news = match task {
            None => None,
            Some(Task::Publish(introduction)) => {
                unpublished = Some(Unpublished::since(Instant::now(), introduction));
                None
            }
            Some(Task::Introductions) => {
                try_once("get introductions", client.bootstrap(INTRODUCTIONS)).map(News::Bootstrap)
            }
            Some(Task::Attest(epoch, seen)) => {
                try_once("tell what others carry", client.attest(epoch, &seen));
                None
            }
            Some(Task::Share(epoch, commitment, secret)) => {
                let shared = client.share(epoch, commitment, secret);
                let shared = try_once("share in the beacon", shared);
                shared.filter(|()| secret.is_some()).map(|()| News::Revealed(epoch))
            }
            Some(Task::Renew) => {
                try_once("renew the certificate", client.renew()).map(News::Certificate)
            }
        };
        if let Some(news) = news
            && node.send(Happened::Registry(news)).is_err()
        {
            return;
        }
        unpublished = unpublished.and_then(|it| publish(client, it));
    }
}

/// Waits for a task, or until what is unpublished is due; an error if no task can come.
fn next_task(
    tasks: &Receiver<Task>,
    unpublished: Option<&Unpublished>,
) -> Result<Option<Task>, RecvTimeoutError> {
    let Some(it) = unpublished else {
        return tasks.recv().map(Some).map_err(|_| RecvTimeoutError::Disconnected);
    };
    match tasks.recv_timeout(it.next.saturating_duration_since(Instant::now())) {
        Err(RecvTimeoutError::Timeout) => Ok(None),
        task => task.map(Some),
    }
}

/// Tells the registry how we are reached, if that is due; returns what it still has to know.
fn publish(client: &Client, mut it: Unpublished) -> Option<Unpublished> {
    if Instant::now() < it.next {
        return Some(it);
    }
    let problem = client.publish(&it.introduction).err()?;
    it.put_off(Instant::now(), &problem);
    let again = it.next.saturating_duration_since(Instant::now());
    tracing::info!(%problem, ?again, "the registry: cannot tell how we are reached now");
    Some(it)
}

fn try_once<T>(doing: &str, done: Result<T, Problem>) -> Option<T> {
    done.inspect_err(|problem| tracing::info!(%problem, "the registry: cannot {doing} now")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: Code) -> Problem {
        Problem::Refused { code, error: String::new(), remedy: String::new() }
    }

    #[test]
    fn what_failed_is_put_off_up_to_a_minute_and_never_given_up() {
        let now = Instant::now();
        let mut it = Unpublished::since(now, Vec::new());
        let mut waits = Vec::new();
        for _ in 0..9 {
            it.put_off(now, &refused(Code::Busy));
            waits.push((it.next - now).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn what_is_refused_for_good_is_asked_once_a_minute() {
        let now = Instant::now();
        let mut it = Unpublished::since(now, Vec::new());
        it.put_off(now, &refused(Code::Revoked));
        assert_eq!(it.next - now, PATIENCE.1);
        assert!(!is_final(&Problem::Clock { address: String::new() }));
    }

    #[test]
    fn tasks_go_on_while_something_waits_to_be_published() {
        let (ask, tasks) = channel();
        let later = Instant::now() + PATIENCE.1;
        let waiting = Unpublished::since(later, Vec::new());
        ask.send(Task::Introductions).unwrap();
        assert!(matches!(next_task(&tasks, Some(&waiting)), Ok(Some(Task::Introductions))));
        let due = Unpublished::since(Instant::now(), Vec::new());
        assert!(matches!(next_task(&tasks, Some(&due)), Ok(None)));
        drop(ask);
        assert!(next_task(&tasks, Some(&waiting)).is_err() && next_task(&tasks, None).is_err());
    }
}
