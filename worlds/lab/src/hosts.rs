//! The hosts: a network namespace each, and in it a real process, the very `re6st` that
//! anybody runs.
//!
//! Nothing here has a name outside: namespaces live as long as their descriptors and
//! processes, processes die with the thread that started them, files are in a directory
//! in memory that only we and they see.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use linux::{Namespace, Tun};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use words::Prefix;

use crate::calendar;
use crate::emulator::{plug_in, replug};
use crate::ensured::Ensure;
use crate::faults::Fault;
use crate::internet::{HostId, Model, Place, Underlay};
use crate::options::Options;
use crate::stop::Stop;
use crate::uplink::Uplink;

/// Port of the registry.
const REGISTRY_PORT: u16 = 8443;
/// The IPv4 addresses of the network, where it has any.
const IPV4: &str = "10.42.0.0/16";
/// Nodes that join at the same time.
const AT_ONCE: usize = 8;
/// How long a command may take that is to end by itself.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a process may take to end when asked.
const FAREWELL: Duration = Duration::from_secs(3);
/// Lines of a log that are shown when its process died.
const TAIL: usize = 15;

/// All hosts.
#[derive(Debug)]
pub(crate) struct Hosts {
    directory: PathBuf,
    executable: PathBuf,
    underlay: Underlay,
    all: Vec<Host>,
    /// The ranges of the nodes, once they have joined.
    ranges: BTreeMap<HostId, Prefix>,
    /// Numbers of the nodes whose calendars are to jump.
    jumpy: Vec<u16>,
}

#[derive(Debug)]
struct Host {
    id: HostId,
    place: Place,
    namespace: Namespace,
    process: Option<Child>,
}

impl Hosts {
    /// Makes a namespace with an interface for every host of `model`; the interfaces' other
    /// sides are returned, host 0 first.
    pub(crate) fn make(
        model: &Model,
        directory: PathBuf,
        executable: PathBuf,
    ) -> anyhow::Result<(Self, Vec<Tun>)> {
        let mut hosts = Vec::new();
        let mut tuns = Vec::new();
        for (id, place) in (0..).map(HostId).zip(model.places()) {
            let namespace = Namespace::new()?;
            tuns.push(plug_in(&namespace, (id, place), model.underlay)?);
            hosts.push(Host { id, place: place.clone(), namespace, process: None });
        }
        fs::create_dir_all(directory.join("logs")).context("cannot make a directory for logs")?;
        let underlay = model.underlay;
        let ranges = BTreeMap::new();
        let jumpy = Vec::new();
        Ok((Self { directory, executable, underlay, all: hosts, ranges, jumpy }, tuns))
    }

    /// Returns the namespaces of all hosts, the registry's first.
    pub(crate) fn everybody(&self) -> Vec<(HostId, &Namespace)> {
        self.all.iter().map(|host| (host.id, &host.namespace)).collect()
    }

    /// Returns the namespaces of the nodes.
    pub(crate) fn nodes(&self) -> Vec<(HostId, &Namespace)> {
        self.all.iter().skip(1).map(|host| (host.id, &host.namespace)).collect()
    }

    /// Returns the state directory of a host.
    pub(crate) fn state(&self, host: HostId) -> PathBuf {
        self.directory.join(name(host))
    }

    /// Founds a network as `options` ask, and serves its registry.
    pub(crate) fn found(&mut self, options: &Options, stop: &Stop) -> anyhow::Result<()> {
        let own = self.underlay.own(&self.host(HostId::REGISTRY)?.place);
        let public = own.first().copied().context("the registry has no address")?;
        let everywhere = match public {
            IpAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        };
        let at = |address| SocketAddr::new(address, REGISTRY_PORT).to_string();
        let mut init = self.registry("init");
        init.args(["--listen", &at(everywhere), "--public", &at(public)]);
        init.args(["--round", &format!("{}ms", options.round.as_millis())]);
        if let Some(arrows) = options.arrows {
            init.args(["--arrows", &arrows.to_string()]);
        }
        if options.has_ipv4() {
            init.args(["--ipv4", IPV4]);
        }
        init.args(options.division());
        self.finish(HostId::REGISTRY, init, stop)?;
        let serve = self.registry("serve");
        self.start(HostId::REGISTRY, serve)?;
        let answers = || {
            if let Some((host, status)) = self.dead().pop() {
                anyhow::bail!("{}", self.obituary(host, status));
            }
            let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, REGISTRY_PORT);
            let namespace = &self.host(HostId::REGISTRY)?.namespace;
            Ok(namespace.run(|| TcpStream::connect(address))?.ok())
        };
        stop.wait_for(PATIENCE, answers)?.context("the registry does not listen")?;
        Ok(())
    }

    /// Returns an invitation for `uses` nodes.
    pub(crate) fn invite(&mut self, uses: u16, stop: &Stop) -> anyhow::Result<String> {
        let mut invite = self.registry("invite");
        invite.args(["--uses", &uses.to_string()]);
        let output = self.finish(HostId::REGISTRY, invite, stop)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.lines().rfind(|line| !line.trim().is_empty());
        Ok(last.context("`re6st registry invite` printed nothing")?.trim().to_owned())
    }

    /// Puts the node with that `prefix` out of the network.
    pub(crate) fn revoke(&self, prefix: &str, stop: &Stop) -> anyhow::Result<()> {
        let mut revoke = self.registry("revoke");
        revoke.arg(prefix);
        self.finish(HostId::REGISTRY, revoke, stop).map(drop)
    }

    /// Splits the mesh with the most nodes; with these `options` of `re6st registry meshes split`.
    pub(crate) fn split(&self, options: &[String], stop: &Stop) -> anyhow::Result<()> {
        let mut split = self.command();
        split.args(["registry", "meshes", "split", "--directory"]);
        split.arg(self.state(HostId::REGISTRY)).args(options);
        self.finish(HostId::REGISTRY, split, stop).map(drop)
    }

    /// Lets the two meshes with the fewest nodes merge, of those that are halves of one range.
    pub(crate) fn merge(&self, stop: &Stop) -> anyhow::Result<()> {
        let mut merge = self.command();
        merge.args(["registry", "meshes", "merge", "--directory"]);
        merge.arg(self.state(HostId::REGISTRY));
        self.finish(HostId::REGISTRY, merge, stop).map(drop)
    }

    /// Lets all nodes join by `invitation`, several at a time.
    pub(crate) fn join(&mut self, invitation: &str, stop: &Stop) -> anyhow::Result<()> {
        let nodes: Vec<&Host> = self.all.iter().skip(1).collect();
        let mut ranges = BTreeMap::new();
        for some in nodes.chunks(AT_ONCE) {
            let mut joining = Vec::new();
            for host in some {
                let mut join = self.command();
                join.args(["join", invitation, "--state"]).arg(self.state(host.id));
                join.args(["--country", host.place.city.country]);
                joining.push((host, run(host, join)?));
            }
            for (host, child) in joining {
                let told = ended(host, child, stop)?;
                ranges.extend(range_in(&told).map(|range| (host.id, range)));
            }
        }
        self.ranges = ranges;
        Ok(())
    }

    /// Writes into the configurations what `options` ask of nodes: which are exits, and by which
    /// one the others leave; what lines send; what is ensured.
    /// Notes of whom calendars are to jump.
    pub(crate) fn configure(&mut self, options: &Options) -> anyhow::Result<()> {
        self.jumpy = options.faults.iter().filter_map(Fault::jumps).collect();
        for host in self.all.iter().skip(1) {
            let (before, after) = self.wishes(host.id, options);
            if before.is_empty() && after.is_empty() {
                continue;
            }
            let file = self.state(host.id).join("re6st.toml");
            let text = fs::read_to_string(&file).context("a node has no configuration")?;
            let text = format!("{before}{text}\n{after}");
            fs::write(&file, text).context("a configuration cannot be written")?;
        }
        Ok(())
    }

    /// Returns what is to stand before and after the rest of a node's configuration.
    fn wishes(&self, node: HostId, options: &Options) -> (String, String) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        if node.0 <= options.exits {
            let family = if self.underlay == Underlay::Six { "ipv6" } else { "ipv4" };
            after.push(format!("[exit]\n{family} = true\n"));
        } else if options.exits > 0 {
            let preferred = options.prefer_exit.and_then(|node| self.ranges.get(&HostId(node)));
            before.push("use_exits = true\n".to_owned());
            before.extend(preferred.map(|range| format!("prefer_exit = \"{range}\"\n")));
        }
        let says = Uplink::of(&options.capacities, node).map(|it| it.says);
        before.extend(says.map(|mbits| format!("capacity = {mbits}\n")));
        if options.tell_uplink {
            before.push(format!("uplink = {}\n", options.uplink));
        }
        let rules = options.ensure.iter().filter(|rule| rule.node == node.0);
        let rule =
            |it: &Ensure| format!("[[ensure]]\nat_least = 1\ncountry = \"{}\"\n", it.country);
        after.extend(rules.map(rule));
        (before.concat(), after.concat())
    }

    /// Names the nodes that may be exits.
    pub(crate) fn name_exits(&self, prefixes: &[String], stop: &Stop) -> anyhow::Result<()> {
        let mut parameters = self.registry("parameters");
        parameters.arg("--exits").args(prefixes);
        self.finish(HostId::REGISTRY, parameters, stop).map(drop)
    }

    /// Starts a node, which records itself in the directory `record` if there is one;
    /// returns its process number.
    pub(crate) fn up(&mut self, host: HostId, record: Option<&Path>) -> anyhow::Result<u32> {
        let mut up = self.command();
        up.args(["up", "--state"]).arg(self.state(host));
        if self.jumpy.contains(&host.0) {
            calendar::prepare(&mut up, &self.state(host))?;
        }
        if let Some(directory) = record {
            fs::create_dir_all(directory).context("cannot make the directory for records")?;
            up.arg("--record").arg(directory.join(format!("{}.jsonl", name(host))));
        }
        self.start(host, up)
    }

    /// Gives a host the address of another place.
    pub(crate) fn roam(&mut self, host: HostId, to: &Place) -> anyhow::Result<()> {
        let host = self.all.get_mut(host.index()).context("no such host")?;
        replug(&host.namespace, &host.place, to, self.underlay)?;
        host.place = to.clone();
        Ok(())
    }

    /// Kills the process of a host, without warning.
    pub(crate) fn kill(&mut self, host: HostId) {
        let host = self.all.get_mut(host.index());
        if let Some(mut process) = host.and_then(|host| host.process.take()) {
            // Only fails if it is dead already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Lets the process of a host stand still, until [`resume`](Self::resume).
    pub(crate) fn suspend(&self, host: HostId) -> anyhow::Result<()> {
        self.signal(host, Signal::SIGSTOP)
    }

    /// Lets it go on.
    pub(crate) fn resume(&self, host: HostId) -> anyhow::Result<()> {
        self.signal(host, Signal::SIGCONT)
    }

    /// Sends a signal to the process of a host, if it has one.
    fn signal(&self, host: HostId, signal: Signal) -> anyhow::Result<()> {
        let process = self.all.get(host.index()).and_then(|host| host.process.as_ref());
        let Some(process) = process else { return Ok(()) };
        let number = Pid::from_raw(i32::try_from(process.id())?);
        kill(number, signal).with_context(|| format!("{} takes no signal", name(host)))
    }

    /// Returns which processes have ended unasked since the last call.
    pub(crate) fn dead(&mut self) -> Vec<(HostId, ExitStatus)> {
        let mut dead = Vec::new();
        for host in &mut self.all {
            let ended = host.process.as_mut().and_then(|process| process.try_wait().ok().flatten());
            if let Some(status) = ended {
                host.process = None;
                dead.push((host.id, status));
            }
        }
        dead
    }

    /// Says which process has ended, how, and its last words.
    pub(crate) fn obituary(&self, host: HostId, status: ExitStatus) -> String {
        let log = fs::read_to_string(self.log(host)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default().join("\n  ");
        format!("{} ended: {status}; the end of its log:\n  {tail}", name(host))
    }

    /// Copies the logs to `directory`.
    pub(crate) fn keep_logs(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        for host in &self.all {
            let log = self.log(host.id);
            if log.exists() {
                fs::copy(&log, directory.join(format!("{}.log", name(host.id))))?;
            }
        }
        Ok(())
    }

    /// Asks all processes to end, and kills those that do not.
    pub(crate) fn end(&mut self) {
        let mut left: Vec<Child> =
            self.all.iter_mut().filter_map(|host| host.process.take()).collect();
        for process in &left {
            if let Ok(number) = i32::try_from(process.id()) {
                // Only fails if it is dead already.
                let _ = kill(Pid::from_raw(number), Signal::SIGTERM);
            }
        }
        let end = Instant::now() + FAREWELL;
        while !left.is_empty() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
            left.retain_mut(|process| !matches!(process.try_wait(), Ok(Some(_))));
        }
        for mut process in left {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        // A group of its own: Ctrl-C in our terminal is ours to answer.
        command.process_group(0).stdin(Stdio::null());
        command
    }

    fn registry(&self, what: &str) -> Command {
        let mut command = self.command();
        command.args(["registry", what, "--directory"]).arg(self.state(HostId::REGISTRY));
        command
    }

    /// Starts what runs until the end; it writes to its host's log.
    fn start(&mut self, host: HostId, mut command: Command) -> anyhow::Result<u32> {
        let log = File::options().create(true).append(true).open(self.log(host));
        let log = log.context("cannot make a log")?;
        command.stdout(log.try_clone().context("cannot share a log")?).stderr(log);
        let host = self.all.get_mut(host.index()).context("no such host")?;
        let process = host.namespace.spawn(&mut command)?;
        let number = process.id();
        host.process = Some(process);
        Ok(number)
    }

    /// Runs what ends by itself, and returns what it printed.
    fn finish(&self, host: HostId, command: Command, stop: &Stop) -> anyhow::Result<Output> {
        let host = self.host(host)?;
        ended(host, run(host, command)?, stop)
    }

    fn host(&self, host: HostId) -> anyhow::Result<&Host> {
        self.all.get(host.index()).context("no such host")
    }

    fn log(&self, host: HostId) -> PathBuf {
        self.directory.join("logs").join(name(host))
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in (0..).map(HostId).take(self.all.len()) {
            self.kill(host);
        }
    }
}

/// Returns what a host is called: `registry`, `node7`.
pub(crate) fn name(host: HostId) -> String {
    match host {
        HostId::REGISTRY => "registry".to_owned(),
        HostId(node) => format!("node{node}"),
    }
}

/// Returns the range of a node that has joined, out of what it was told.
fn range_in(told: &Output) -> Option<Prefix> {
    let text = String::from_utf8_lossy(&told.stdout);
    let address = text.split_whitespace().find_map(|word| word.parse::<Ipv6Addr>().ok())?;
    Some(Prefix::new(address.to_bits() >> 64 << 64, 64))
}

fn run(host: &Host, mut command: Command) -> anyhow::Result<Child> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(host.namespace.spawn(&mut command)?)
}

/// Waits until `child` has ended well; what it prints must fit a pipe.
fn ended(host: &Host, mut child: Child, stop: &Stop) -> anyhow::Result<Output> {
    let ended = stop.wait_for(PATIENCE, || Ok(child.try_wait()?));
    if !matches!(ended, Ok(Some(_))) {
        // Only fails if it has ended meanwhile.
        let _ = child.kill();
    }
    let in_time = ended?.is_some();
    let output = child.wait_with_output().context("cannot wait for a process")?;
    if !output.status.success() {
        let late = if in_time { "" } else { "it took too long; " };
        let words = String::from_utf8_lossy(&output.stderr);
        anyhow::bail!("{}: {late}{}\n  {}", name(host.id), output.status, words.trim());
    }
    Ok(output)
}
