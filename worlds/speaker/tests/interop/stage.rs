//! The stage of one test: machines, wires between them, daemons on them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::flow::Flow;
use crate::island::{Hop, Island, LOOK, Link, Node};
use crate::process::Process;
use crate::setting::Setting;
use crate::speakers::{Make, Place, dump, ours};
use crate::wire::Wire;

/// Everything of one test; gone when dropped.
pub(crate) struct Stage {
    folder: TempDir,
    machines: Vec<Machine>,
    wires: BTreeMap<(Node, Node), Wire>,
    links: usize,
    kind: Link,
}

/// One machine and its daemon.
struct Machine {
    island: Island,
    make: Make,
    setting: Setting,
    neighbours: Vec<Node>,
    processes: Vec<Process>,
    started: Instant,
}

/// Where packets end that follow the routes of all machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// There, by these machines.
    Arrives(Vec<Node>),
    /// At a machine without a route for them.
    Lost(Vec<Node>),
    /// Nowhere: they go round.
    Loops(Vec<Node>),
    /// Elsewhere by IPv6 than by IPv4.
    Parts(Box<[Self; 2]>),
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("interop").tempdir();
        let folder = folder.expect("a place for files");
        open_to_all(folder.path());
        Self { folder, machines: Vec::new(), wires: BTreeMap::new(), links: 0, kind: Link::USUAL }
    }

    /// Adds a machine for each make.
    pub(crate) fn machines<const N: usize>(&mut self, makes: [Make; N]) -> [Node; N] {
        makes.map(|make| {
            let node = Node(self.machines.len());
            let make = make.or_stand_in();
            let (island, started) = (Island::new(node), Instant::now());
            let (mut setting, neighbours) = (Setting::default(), Vec::new());
            if make == Make::Ours {
                setting.hello = Duration::from_millis(500);
            }
            let processes = Vec::new();
            let machine = Machine { island, make, setting, neighbours, processes, started };
            self.machines.push(machine);
            node
        })
    }

    /// Changes what the links are like that are made from now on.
    pub(crate) fn links(&mut self, kind: Link) {
        self.kind = kind;
    }

    /// Puts a cable between two machines.
    pub(crate) fn cable(&mut self, a: Node, b: Node) {
        let number = self.join(a, b);
        self.island(a).cable(self.island(b), Link { number, ..self.kind });
    }

    /// Puts a long wire between two machines.
    pub(crate) fn wire(&mut self, a: Node, b: Node) {
        let number = self.join(a, b);
        let link = Link { number, ..self.kind };
        let ends = [self.island(a).end(b, link), self.island(b).end(a, link)];
        let seed = u64::try_from(number).expect("few links");
        self.wires.insert((a, b), Wire::lay(ends, seed));
    }

    fn join(&mut self, a: Node, b: Node) -> usize {
        self.machines[a.0].neighbours.push(b);
        self.machines[b.0].neighbours.push(a);
        self.links += 1;
        self.links
    }

    /// Returns the long wire between two machines, as it was laid.
    pub(crate) fn weather(&self, a: Node, b: Node) -> &Wire {
        &self.wires[&(a, b)]
    }

    /// Takes one end of a cable down, so that both ends are told.
    pub(crate) fn unplug(&self, a: Node, b: Node) {
        self.island(a).ip(&format!("link set {} down", a.towards(b)));
    }

    pub(crate) fn island(&self, node: Node) -> &Island {
        &self.machines[node.0].island
    }

    pub(crate) fn make(&self, node: Node) -> Make {
        self.machines[node.0].make
    }

    /// What a daemon will be told when it starts.
    pub(crate) fn setting(&mut self, node: Node) -> &mut Setting {
        &mut self.machines[node.0].setting
    }

    /// Changes what all daemons will be told.
    pub(crate) fn all_settings(&mut self, change: impl Fn(&mut Setting)) {
        self.machines.iter_mut().for_each(|machine| change(&mut machine.setting));
    }

    /// Sets what `user` pays for the link to `neighbour`, who is the one to say so.
    pub(crate) fn price(&mut self, user: Node, neighbour: Node, cost: u16) {
        self.setting(neighbour).costs.insert(user, cost);
    }

    /// Starts the daemon of a machine.
    pub(crate) fn start(&mut self, node: Node) {
        let folder = self.home(node);
        fs::create_dir_all(&folder).expect("a place for files");
        let machine = &mut self.machines[node.0];
        machine.started = Instant::now();
        let place = place(machine, &folder);
        machine.processes = machine.make.start(&place);
    }

    /// Starts all daemons.
    pub(crate) fn start_all(&mut self) {
        (0..self.machines.len()).for_each(|n| self.start(Node(n)));
    }

    /// Ends the daemon of a machine without asking.
    pub(crate) fn kill(&mut self, node: Node) {
        self.machines[node.0].processes.iter_mut().for_each(Process::kill);
        self.machines[node.0].processes.clear();
    }

    /// Asks the daemon of a machine to end, and waits.
    pub(crate) fn end(&mut self, node: Node) {
        let ended = self.machines[node.0].processes.iter_mut().all(Process::end);
        assert!(ended, "{node} ({}) does not end when asked to", self.make(node));
        self.machines[node.0].processes.clear();
    }

    /// Lets a running daemon follow its setting.
    pub(crate) fn follow(&self, node: Node) {
        let machine = &self.machines[node.0];
        let folder = self.home(node);
        assert!(machine.make.follow(&place(machine, &folder)), "{} cannot", machine.make);
    }

    /// Returns what a daemon says by babeld's text protocol.
    pub(crate) fn dump(&self, node: Node) -> Option<String> {
        dump(&self.home(node).join("babeld.sock"))
    }

    /// Returns what `re6st babel status --json` says of a machine with ours.
    pub(crate) fn status(&self, node: Node) -> Value {
        let socket = self.home(node).join("ours.ctl");
        let words = ["babel", "status", "--json", "--control", &socket.to_string_lossy()];
        let (done, said) = self.island(node).run(&ours().to_string_lossy(), &words);
        assert!(done, "re6st babel status: {said}");
        serde_json::from_str(&said).expect("one JSON object")
    }

    /// Returns the place of a file of a machine's daemon.
    pub(crate) fn file(&self, node: Node, name: &str) -> PathBuf {
        self.home(node).join(name)
    }

    fn home(&self, node: Node) -> PathBuf {
        self.folder.path().join(node.to_string())
    }

    /// Waits for a condition; returns how long that took.
    pub(crate) fn until(
        &mut self,
        patience: Duration,
        what: &str,
        holds: impl Fn(&Self) -> bool,
    ) -> Duration {
        let began = Instant::now();
        while !holds(self) {
            for machine in &mut self.machines {
                let (node, make) = (machine.island.node, machine.make);
                let alive = machine.processes.iter_mut().all(Process::runs);
                assert!(alive, "{node} ({make}) has ended by itself");
            }
            assert!(began.elapsed() < patience, "not after {patience:?}: {what}");
            std::thread::sleep(LOOK);
        }
        began.elapsed()
    }

    /// Looks for a time that a condition never comes.
    pub(crate) fn never(&self, patience: Duration, what: &str, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while began.elapsed() < patience {
            assert!(!holds(self), "after {:?}: {what}", began.elapsed());
            std::thread::sleep(LOOK);
        }
    }

    /// Returns the machine that `from` gives packets for `to` to.
    pub(crate) fn next(&self, from: Node, to: &str) -> Option<Node> {
        match self.island(from).hop(to)? {
            Hop::Via { device, .. } => {
                let neighbours = self.machines[from.0].neighbours.iter();
                neighbours.copied().find(|neighbour| from.towards(*neighbour) == device)
            }
            Hop::Unreachable => None,
        }
    }

    /// Follows the routes of all machines to the own addresses of `to`, of both families.
    pub(crate) fn path(&self, from: Node, to: Node) -> Path {
        let six = self.path_to(from, to, &to.own6());
        let four = self.path_to(from, to, &to.own4());
        match (six, four) {
            (looping @ Path::Loops(_), _) | (_, looping @ Path::Loops(_)) => looping,
            (six, four) if six == four => six,
            (six, four) => Path::Parts(Box::new([six, four])),
        }
    }

    /// Follows the routes of all machines to one address of `to`.
    fn path_to(&self, from: Node, to: Node, address: &str) -> Path {
        let (mut here, mut seen, mut path) = (from, BTreeSet::new(), vec![from]);
        while here != to {
            if !seen.insert(here) {
                return Path::Loops(path);
            }
            let Some(next) = self.next(here, address) else { return Path::Lost(path) };
            path.push(next);
            here = next;
        }
        Path::Arrives(path)
    }

    /// Tells whether packets for both own addresses of `to` are sent somewhere.
    pub(crate) fn knows(&self, from: Node, to: Node) -> bool {
        self.next(from, &to.own6()).is_some() && self.next(from, &to.own4()).is_some()
    }

    /// Waits until each machine has routes to all others; returns how long that took.
    pub(crate) fn converge(&mut self, patience: Duration) -> Duration {
        let nodes: Vec<Node> = (0..self.machines.len()).map(Node).collect();
        let pairs = |from: Node| nodes.iter().map(move |to| (from, *to));
        let pairs: Vec<_> = nodes.iter().flat_map(|from| pairs(*from)).collect();
        self.until(patience, "routes of both families to all machines everywhere", |stage| {
            pairs.iter().all(|(from, to)| from == to || stage.knows(*from, *to))
        })
    }

    /// Begins to send packets from one machine to another.
    pub(crate) fn flow(&self, from: Node, to: Node, pace: Duration) -> Flow {
        Flow::begin(self.island(from), self.island(to), pace)
    }

    /// Returns what all daemons and kernels say, for people who read why a test failed.
    pub(crate) fn confess(&self) -> String {
        let mut said = String::new();
        for machine in &self.machines {
            let (node, make) = (machine.island.node, machine.make);
            let folder = self.home(node);
            writeln!(said, "=== {node} ({make})").ok();
            for process in &machine.processes {
                said += &process.last_words();
            }
            said += &machine.make.confess(&place(machine, &folder));
            for family in ["-4", "-6"] {
                said += &machine.island.ip(&format!("{family} route show table main"));
            }
        }
        said
    }
}

fn place<'a>(machine: &'a Machine, folder: &'a std::path::Path) -> Place<'a> {
    let Machine { island, setting, neighbours, .. } = machine;
    Place { island, neighbours, setting, folder }
}

/// Lets daemons that become other users find their own folder.
fn open_to_all(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("it is ours");
}
