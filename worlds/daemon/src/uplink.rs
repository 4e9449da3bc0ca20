//! The thread that looks whether this machine has a way to the Internet of its own.
//!
//! Only where others are let out by it: a way that does not work is not offered.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::mpsc::Sender;
use std::time::Duration;

use linux::Netlink;

use crate::config::Exit;
use crate::world::Happened;

/// How often the way is looked at.
const AGAIN: Duration = Duration::from_secs(2);
/// How long a probe may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The loopback has this number in every network namespace.
const LOOPBACK: u32 = 1;
/// How many looks in a row must fail before the way is called bad, where it is probed.
const DOUBTS: u8 = 2;

/// Whether there is a way, by family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uplink {
    pub(crate) ipv4: bool,
    pub(crate) ipv6: bool,
}

/// Starts the thread; `node` hears of each change, and of the first look. Ways by `ours`, the
/// interface of that number, do not count.
///
/// # Errors
///
/// The system's, if the thread cannot be started.
pub(crate) fn watch(exit: Exit, ours: u32, node: Sender<Happened>) -> std::io::Result<()> {
    let watch = move || {
        let mut told = None;
        let mut doubts = [0; 2];
        loop {
            let looked = look(&exit, ours, &mut doubts);
            if told != Some(looked) {
                told = Some(looked);
                if node.send(Happened::Uplink(looked)).is_err() {
                    return;
                }
            }
            std::thread::sleep(AGAIN);
        }
    };
    std::thread::Builder::new().name("uplink".to_owned()).stack_size(128 * 1024).spawn(watch)?;
    Ok(())
}

fn look(exit: &Exit, ours: u32, doubts: &mut [u8; 2]) -> Uplink {
    let ways = ways(exit, ours);
    let [four, six] = doubts;
    Uplink {
        ipv4: exit.ipv4 && ways.ipv4 && answers(exit, true, four),
        ipv6: exit.ipv6 && ways.ipv6 && answers(exit, false, six),
    }
}

/// Looks for default routes of the kernel, by the interface that is named if one is.
fn ways(exit: &Exit, ours: u32) -> Uplink {
    let named = exit.interface.as_deref().map(|name| nix::net::if_::if_nametoindex(name).ok());
    let Ok(routes) = Netlink::open().and_then(|mut netlink| netlink.routes()) else {
        return Uplink::default();
    };
    let is_way = |route: &&linux::Route| {
        // The kernel's own "unreachable" is a route by the loopback.
        let other = route.device.is_some_and(|device| device != ours && device != LOOPBACK);
        let meant = named.is_none_or(|index| index.is_some() && route.device == index);
        route.destination.length == 0 && other && meant
    };
    routes.iter().filter(is_way).fold(Uplink::default(), |mut found, route| {
        match route.destination.address {
            IpAddr::V4(_) => found.ipv4 = true,
            IpAddr::V6(_) => found.ipv6 = true,
        }
        found
    })
}

/// Tells whether any of the probes of a family answers, or none is named.
fn answers(exit: &Exit, four: bool, doubts: &mut u8) -> bool {
    let mut probes = exit.probe.iter().filter(|probe| probe.is_ipv4() == four).peekable();
    let connects = |probe: &SocketAddr| TcpStream::connect_timeout(probe, PATIENCE).is_ok();
    *doubts =
        if probes.peek().is_none() || probes.any(connects) { 0 } else { doubts.saturating_add(1) };
    *doubts < DOUBTS
}
