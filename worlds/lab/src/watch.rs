//! The thread that asks every node how it is, and looks at what it costs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use linux::{Clock, Usage};
use words::{Prefix, Time};

use crate::internet::HostId;
use crate::load::Looks;
use crate::meshes::Member;
use crate::status::{self, Status};

/// How often nodes are asked …
const SELDOM: Duration = Duration::from_secs(1);
/// … and how often while something is awaited: an address, a revocation.
const OFTEN: Duration = Duration::from_millis(200);

/// A node as it was last seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    directory: PathBuf,
    process: u32,
    since: Time,
    /// What it said of itself.
    pub(crate) status: Status,
    /// Its memory at the last look, in octets.
    pub(crate) resident: u64,
    /// The most memory it had at any look, in octets.
    pub(crate) most_resident: u64,
    /// Share of one processor that it used since it started.
    pub(crate) processor: f64,
    /// It is behind NAT: its links are looked at.
    pub(crate) hidden: bool,
    /// Nodes to which it had a link at any look, if it is behind NAT.
    pub(crate) linked: BTreeSet<Prefix>,
    /// Packets and kilobits of control that it sent each second since it started.
    pub(crate) control: (f64, f64),
    /// What it carried for others.
    pub(crate) load: Looks,
    /// The most foreign meshes that it served in at once with a table as it must be, and its lines.
    pub(crate) duties: Option<(usize, u64)>,
    /// It was killed or put out: it is not asked any more.
    pub(crate) gone: bool,
}

/// A node that was put out of the network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expelled {
    /// Which one.
    pub(crate) node: HostId,
    prefix: Prefix,
    ordered: Time,
    /// How long it took until no other node had a link or a route to it.
    pub(crate) out_after: Option<Duration>,
    /// It was out, and was seen again.
    pub(crate) came_back: bool,
}

/// The thread, and what it has seen.
#[derive(Debug)]
pub(crate) struct Watch {
    eyes: Eyes,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Debug)]
struct Eyes {
    clock: Clock,
    seen: Arc<Mutex<BTreeMap<HostId, Seen>>>,
    expelled: Arc<Mutex<Vec<Expelled>>>,
}

impl Watch {
    /// Starts the thread.
    pub(crate) fn start(clock: Clock) -> anyhow::Result<Self> {
        let eyes = Eyes { clock, seen: Arc::default(), expelled: Arc::default() };
        let over = Arc::new(AtomicBool::new(false));
        let (looking, done) = (eyes.clone(), Arc::clone(&over));
        let body = move || {
            while !done.load(Ordering::Relaxed) {
                looking.look();
                std::thread::park_timeout(if looking.awaits() { OFTEN } else { SELDOM });
            }
        };
        let builder = std::thread::Builder::new().name("watch".to_owned());
        let thread = Some(builder.spawn(body).context("cannot start a thread")?);
        Ok(Self { eyes, over, thread })
    }

    /// A node was started, behind NAT or not: watch it. The links of its former life still count.
    pub(crate) fn add(&self, node: HostId, hidden: bool, directory: PathBuf, process: u32) {
        let mut all = lock(&self.eyes.seen);
        let linked = all.remove(&node).map(|before| before.linked).unwrap_or_default();
        let seen = Seen {
            directory,
            process,
            since: self.eyes.clock.now(),
            status: Status::default(),
            resident: 0,
            most_resident: 0,
            processor: 0.0,
            hidden,
            linked,
            control: (0.0, 0.0),
            load: Looks::default(),
            duties: None,
            gone: false,
        };
        all.insert(node, seen);
        drop(all);
        self.wake();
    }

    /// A node is gone: what was last seen of it stays.
    pub(crate) fn gone(&self, node: HostId) {
        if let Some(seen) = lock(&self.eyes.seen).get_mut(&node) {
            seen.gone = true;
        }
    }

    /// A node was put out of the network just now: see how long it stays in.
    pub(crate) fn expelled(&self, node: HostId, prefix: Prefix, ordered: Time) {
        self.gone(node);
        let new = Expelled { node, prefix, ordered, out_after: None, came_back: false };
        lock(&self.eyes.expelled).push(new);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// Looks once more, at once.
    pub(crate) fn look(&self) {
        self.eyes.look();
    }

    /// Returns all nodes as last seen.
    pub(crate) fn seen(&self) -> MutexGuard<'_, BTreeMap<HostId, Seen>> {
        lock(&self.eyes.seen)
    }

    /// Returns the nodes that were put out, as last seen.
    pub(crate) fn all_expelled(&self) -> Vec<Expelled> {
        lock(&self.eyes.expelled).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.wake();
        // Its panic, if any, has been printed.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Eyes {
    /// Tells whether something is awaited that should be seen soon.
    fn awaits(&self) -> bool {
        let young = |seen: &Seen| !seen.gone && seen.status.addresses.is_empty();
        lock(&self.seen).values().any(young)
            || lock(&self.expelled).iter().any(|expelled| expelled.out_after.is_none())
    }

    fn look(&self) {
        for (node, seen) in self.there() {
            let status = Status::ask(&seen.directory);
            let linked = seen.hidden.then(|| status::linked(&seen.directory).ok()).flatten();
            let usage = Usage::of(seen.process);
            let age = self.clock.now().since(seen.since);
            let mut all = lock(&self.seen);
            let Some(seen) = all.get_mut(&node).filter(|seen| !seen.gone) else { continue };
            if let Ok(status) = status {
                let each = |count: u64| float(count) / age.as_secs_f64().max(0.001);
                let (packets, octets) = status.control;
                seen.control = (each(packets), each(octets) / 125.0);
                let duties = status.member.as_ref().and_then(Member::duties);
                seen.load.note(status.load, self.clock.now());
                seen.duties = seen.duties.max(duties);
                seen.status = status;
            }
            seen.linked.extend(linked.unwrap_or_default());
            // A zombie has no memory; what it used is not its share any more.
            if let Some(usage) = usage.ok().filter(|usage| usage.resident > 0) {
                seen.resident = usage.resident;
                seen.most_resident = seen.most_resident.max(usage.resident);
                seen.processor = usage.processor.as_secs_f64() / age.as_secs_f64().max(0.001);
            }
        }
        let expelled = lock(&self.expelled).clone();
        for expelled in expelled {
            self.look_for(&expelled);
        }
    }

    /// Looks whether anybody still has a link or a route to who was put out.
    fn look_for(&self, expelled: &Expelled) {
        let others = self.there();
        let told: Vec<_> =
            others.values().map(|seen| status::knows(&seen.directory, expelled.prefix)).collect();
        let known = told.iter().any(|told| matches!(told, Ok(true)));
        // Who cannot be asked is not known to have forgotten, nor to have been told anew.
        let is_out = told.iter().all(|told| matches!(told, Ok(false)));
        let now = self.clock.now();
        let mut all = lock(&self.expelled);
        let Some(entry) = all.iter_mut().find(|entry| entry.node == expelled.node) else { return };
        match entry.out_after {
            Some(_) => entry.came_back |= known,
            None if is_out => entry.out_after = Some(now.since(entry.ordered)),
            None => {}
        }
    }

    fn there(&self) -> BTreeMap<HostId, Seen> {
        let mut all = lock(&self.seen).clone();
        all.retain(|_, seen| !seen.gone);
        all
    }
}

fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A thread that panicked has printed why; what it left is still the best there is.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixListener;

    /// A node that has routes to `prefixes`, until they are changed.
    fn fake_node(directory: &std::path::Path, prefixes: &Arc<Mutex<String>>) {
        let listener = UnixListener::bind(directory.join("control.sock")).unwrap();
        let prefixes = Arc::clone(prefixes);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut line = String::new();
                BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
                let answer = if line.contains("routes") {
                    lock(&prefixes).clone()
                } else if line.contains("arrows") {
                    "[]".to_owned()
                } else {
                    r#"{"address":"fd00::1","links":3}"#.to_owned()
                };
                writeln!(stream, "{answer}").unwrap();
            }
        });
    }

    #[test]
    fn a_node_is_out_when_nobody_has_a_route_and_back_when_somebody_has() {
        let directory = tempfile::tempdir().unwrap();
        let routes = |prefix: &str| format!(r#"[{{"prefix":"{prefix}"}}]"#);
        let prefixes = Arc::new(Mutex::new(routes("fd00:0:0:7::/64")));
        fake_node(directory.path(), &prefixes);
        let watch = Watch::start(Clock::start()).unwrap();
        watch.add(HostId(1), true, directory.path().to_owned(), std::process::id());
        watch.add(HostId(7), false, directory.path().to_owned(), std::process::id());
        let prefix = "fd00:0:0:7::/64".parse().unwrap();
        watch.expelled(HostId(7), prefix, watch.eyes.clock.now());

        watch.look();
        assert_eq!(watch.all_expelled()[0].out_after, None);
        *lock(&prefixes) = routes("fd00:0:0:8::/64");
        watch.look();
        assert!(watch.all_expelled()[0].out_after.is_some());
        assert!(!watch.all_expelled()[0].came_back);
        *lock(&prefixes) = routes("fd00:0:0:7::/64");
        watch.look();
        assert!(watch.all_expelled()[0].came_back);

        let seen = watch.seen().get(&HostId(1)).unwrap().clone();
        assert_eq!(seen.status.links, 3);
        assert!(seen.resident > 0 && seen.most_resident >= seen.resident);
    }
}
