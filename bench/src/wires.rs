//! Two namespaces with wires between them: one for a daemon, one for its neighbours.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::Ipv6Addr;
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use linux::{Destination, Namespace, Netlink};

/// The two ends.
#[derive(Debug)]
pub(crate) struct Wires {
    /// Where the daemon runs; its interfaces are `d0`, `d1` and so on.
    pub(crate) daemon: Namespace,
    /// Where the neighbours are; their interfaces are `n0`, `n1` and so on.
    pub(crate) neighbours: Namespace,
    /// How many wires.
    pub(crate) count: u32,
}

impl Wires {
    /// Makes the namespaces and `count` wires, with addresses, up.
    ///
    /// # Errors
    ///
    /// Rights are missing, or the program `ip`.
    pub(crate) fn make(count: u32) -> Result<Self> {
        let wires = Self { daemon: Namespace::new()?, neighbours: Namespace::new()?, count };
        wires.plug()?;
        let ends = [("d", &wires.daemon), ("n", &wires.neighbours)];
        for (letter, namespace) in ends {
            namespace.run(|| -> Result<(), linux::Error> {
                let mut netlink = Netlink::open()?;
                for number in 0..count {
                    let device = netlink.index(&format!("{letter}{number}"))?;
                    netlink.set_quiet(device)?;
                    netlink.set_up(device)?;
                    let address = address(letter == "d", number).into();
                    netlink.add_address(device, Destination { address, length: 64 })?;
                }
                Ok(())
            })??;
        }
        Ok(wires)
    }

    /// Returns the names of the daemon's interfaces.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = String> {
        (0..self.count).map(|number| format!("d{number}"))
    }

    fn plug(&self) -> Result<()> {
        let there = format!("/proc/{}/fd/{}", std::process::id(), self.daemon.as_fd().as_raw_fd());
        let mut lines = String::new();
        for n in 0..self.count {
            writeln!(lines, "link add n{n} type veth peer name d{n} netns {there}")?;
        }
        let mut command = Command::new("ip");
        command.args(["-batch", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        // The child dies with the thread that starts it, and ours waits for it.
        let mut child = self.neighbours.spawn(&mut command).context("install iproute2")?;
        child.stdin.take().context("ip has no input")?.write_all(lines.as_bytes())?;
        let done = child.wait_with_output()?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            bail!("ip makes no wires: {said}; does the kernel have veth?");
        }
        Ok(())
    }
}

/// Returns the link-local address of one end of a wire.
pub(crate) fn address(daemon: bool, number: u32) -> Ipv6Addr {
    let side = if daemon { 0xd } else { 0xa };
    Ipv6Addr::from_bits(0xfe80 << 112 | side << 32 | u128::from(number + 1))
}
