//! A machine of the test: a network namespace without a name, and what `ip` does in it.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Command, Stdio};
use std::time::Duration;

use linux::{Namespace, Queues, Tun};

/// A machine, by its place in the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Node(pub(crate) usize);

impl Node {
    /// Returns its letter: `a` to `f`, so that it is a digit of its addresses too.
    pub(crate) fn letter(self) -> char {
        ['a', 'b', 'c', 'd', 'e', 'f'][self.0]
    }

    /// Returns its own IPv6 address, which it announces.
    pub(crate) fn own6(self) -> String {
        format!("2001:db8:{}::1", self.letter())
    }

    /// Returns an IPv6 address of its own that it gets later.
    pub(crate) fn another(self, last: u16) -> String {
        format!("2001:db8:{}::{last:x}", self.letter())
    }

    /// Returns its own IPv4 address, which it announces.
    pub(crate) fn own4(self) -> String {
        format!("10.1.0.{}", 10 + self.0)
    }

    /// Returns its link-local address, the same on all its interfaces.
    pub(crate) fn link_local(self) -> String {
        format!("fe80::{}", self.letter())
    }

    /// Returns the name of its interface towards `other`.
    pub(crate) fn towards(self, other: Self) -> String {
        format!("{}-{}", self.letter(), other.letter())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}

/// What the kernel does with packets to a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hop {
    /// It gives them to the neighbour of this address, by this interface.
    Via { gateway: String, device: String },
    /// It refuses them.
    Unreachable,
}

/// What a link is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Which it is; tells its IPv4 network.
    pub(crate) number: usize,
    /// The longest packet, octets.
    pub(crate) mtu: u16,
    /// Whether it has IPv4 addresses.
    pub(crate) four: bool,
}

impl Link {
    /// What links are like if nothing is said.
    pub(crate) const USUAL: Self = Self { number: 0, mtu: 1500, four: true };
}

/// The network of one machine.
pub(crate) struct Island {
    pub(crate) node: Node,
    pub(crate) namespace: Namespace,
}

impl Island {
    /// Makes a machine with its own two addresses; it forwards.
    pub(crate) fn new(node: Node) -> Self {
        let namespace = Namespace::new().expect("rights were looked at");
        let island = Self { node, namespace };
        island.set("ipv4/ip_forward", "1");
        for (family, name, value) in [
            ("ipv4", "rp_filter", "0"),
            ("ipv6", "forwarding", "1"),
            // Only the addresses that we give, and usable at once.
            ("ipv6", "addr_gen_mode", "1"),
            ("ipv6", "accept_dad", "0"),
            ("ipv6", "accept_ra", "0"),
        ] {
            island.set(&format!("{family}/conf/all/{name}"), value);
            island.set(&format!("{family}/conf/default/{name}"), value);
        }
        island.ip(&format!("-6 addr add {}/128 dev lo nodad", node.own6()));
        island.ip(&format!("addr add {}/32 dev lo", node.own4()));
        island
    }

    /// Writes a setting of the kernel's network.
    fn set(&self, name: &str, value: &str) {
        let path = format!("/proc/sys/net/{name}");
        let written = self.namespace.run(|| fs::write(&path, value)).expect("we may enter");
        // `all` has no mode of addresses in some kernels; `default` decides.
        if let Err(error) = written {
            assert!(path.contains("/all/"), "{path}: {error}");
        }
    }

    /// Runs `ip` with these words; returns what it printed.
    pub(crate) fn ip(&self, words: &str) -> String {
        let (done, said) = self.run("ip", &words.split(' ').collect::<Vec<_>>());
        assert!(done, "ip {words}: {said}");
        said
    }

    /// Runs `ip` once with these lines of words.
    pub(crate) fn ip_batch(&self, lines: &str) {
        let mut command = Command::new("ip");
        command.args(["-batch", "-"]).stdin(Stdio::piped());
        let mut child = self.namespace.spawn(&mut command).expect("it is installed");
        let mut input = child.stdin.take().expect("it is piped");
        input.write_all(lines.as_bytes()).expect("it listens");
        drop(input);
        assert!(child.wait().is_ok_and(|status| status.success()), "ip -batch");
    }

    /// Runs a program to its end; tells whether it succeeded and what it said.
    pub(crate) fn run(&self, program: &str, words: &[&str]) -> (bool, String) {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.namespace.spawn(&mut command).expect("it is installed");
        let ended = child.wait_with_output().expect("it runs");
        let said = [ended.stdout, ended.stderr].concat();
        (ended.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Returns what the kernel does with packets to exactly this range or address.
    pub(crate) fn hop(&self, to: &str) -> Option<Hop> {
        let family = if to.contains(':') { "-6" } else { "-4" };
        let all = self.ip(&format!("-o {family} route show table main exact {to}"));
        parse(all.lines().next()?)
    }

    /// Makes the cable to `other`.
    pub(crate) fn cable(&self, other: &Self, link: Link) {
        let (here, there) = (self.node.towards(other.node), other.node.towards(self.node));
        let descriptor = other.namespace.as_fd().as_raw_fd();
        let place = format!("/proc/{}/fd/{descriptor}", std::process::id());
        self.ip(&format!("link add {here} type veth peer name {there} netns {place}"));
        self.dress(other.node, link);
        other.dress(self.node, link);
    }

    /// Makes an interface towards `other` whose packets come to us.
    pub(crate) fn end(&self, other: Node, link: Link) -> Tun {
        let name = self.node.towards(other);
        let tun = self.namespace.run(|| Tun::open(&name, Queues::One)).expect("we may enter");
        self.dress(other, link);
        tun.expect("the device was looked at")
    }

    /// Gives the interface towards `other` its addresses, and sets it up.
    fn dress(&self, other: Node, link: Link) {
        let (name, node, number) = (self.node.towards(other), self.node, link.number);
        self.ip(&format!("link set {name} mtu {} up", link.mtu));
        self.ip(&format!("-6 addr add {}/64 dev {name} nodad", node.link_local()));
        if link.four {
            self.ip(&format!("addr add 10.77.{number}.{}/24 dev {name}", 10 + node.0));
        }
    }

    /// Gives it one more address of its own, the one with this last number.
    pub(crate) fn add_own(&self, last: u16) {
        self.ip(&format!("-6 addr add {}/128 dev lo nodad", self.node.another(last)));
    }

    /// Gives it addresses of its own up to this last number.
    pub(crate) fn crowd(&self, last: u16) {
        let line = |last| format!("addr add {}/128 dev lo nodad\n", self.node.another(last));
        self.ip_batch(&(2..=last).map(line).collect::<String>());
    }

    /// Takes that address away.
    pub(crate) fn remove_own(&self, last: u16) {
        self.ip(&format!("-6 addr del {}/128 dev lo", self.node.another(last)));
    }
}

/// Reads a line of `ip -o route show`.
fn parse(line: &str) -> Option<Hop> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |word: &str| {
        let at = words.iter().position(|other| *other == word)?;
        words.get(at + 1..)
    };
    if words.first() == Some(&"unreachable") {
        return Some(Hop::Unreachable);
    }
    let gateway = after("via")?.iter().find(|word| **word != "inet6")?;
    let device = after("dev")?.first()?;
    Some(Hop::Via { gateway: (*gateway).to_owned(), device: (*device).to_owned() })
}

/// How often a condition is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(20);
