//! The packet plane: from the network interface to the links and back, on a thread of
//! its own.
//!
//! ```text
//!        kernel ◄─ tun ─► ┌────────┐ ◄─ udp ─► other nodes
//!                         │ worker │
//!      table, sessions ─► └───┬────┘ ─► control frames, strangers, moves
//!         (snapshot)          │               (told, bounded)
//!        ┌────────────────────┴───────────────────────┐
//!        │ Handle, in the hands of the control thread │
//!        └────────────────────────────────────────────┘
//! ```
//!
//! The worker waits for nobody: it reads one immutable snapshot per turn, which the
//! [`Handle`] replaces, and never sleeps but when there is no packet.
//!
//! Control frames and handshakes never wait behind payload that is in our hands: they are sent by
//! the thread that makes them, at once; payload leaves them room in the kernel's buffer of the
//! socket, and queues of this machine let them pass ([`Udp::send_ahead`]). On the wire nothing
//! tells them from payload, so that routers cannot let them pass, nor hold them up: where the
//! line of this machine is the narrow place, [`Parts::uplink`] keeps payload below what it carries.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crypto::session::Mask;
use forward::Own;
use linux::{Clock, Tun, Udp};
use words::{LinkId, Time};

mod bucket;
mod glance;
mod handle;
mod loss;
mod pace;
mod room;
mod shared;
#[cfg(test)]
mod tests;
mod worker;

pub use handle::Handle;
pub use loss::Loss;
pub use room::{Held, Place};
pub use shared::Carried;

use shared::Shared;
use worker::Worker;

/// The longest packet of the overlay, octets, for every link alike.
///
/// An Ethernet of 1500 carries it in either family: 1420 and 28 of ours (index, counter
/// and tag) and 8 of UDP and 40 of IPv6 make 1496. Where the underlay carries less, the
/// kernel fragments.
pub const MTU: u16 = 1420;

/// What a plane is made of.
#[derive(Debug)]
pub struct Parts {
    /// The interface; up, with its address and [`MTU`].
    pub tun: Tun,
    /// The socket for all links.
    pub udp: Udp,
    /// The mask of what comes in, from our own static key.
    pub mask: Mask,
    /// The clock of the control thread, so that both tell the same time.
    pub clock: Clock,
    /// What our ICMP messages are sent from, and the longest packet.
    pub own: Own,
    /// What the line of this machine sends, in Mbit/s, if that is known: payload keeps to nine
    /// tenths of it, so that control need not wait behind it on that line. Below IP that is counted
    /// as on Ethernet.
    pub uplink: Option<u32>,
}

/// What the plane tells the control thread.
#[derive(Debug)]
pub enum FromPlane {
    /// A frame that is not payload, whole, came in through a link.
    Control {
        /// The link.
        link: LinkId,
        /// The frame, with its first octet.
        frame: Held,
        /// When the packet thread read it, by the clock of [`Parts`].
        read: Time,
    },
    /// A datagram that belongs to no session: perhaps a handshake.
    Handshake {
        /// Where it came from; nothing proves it.
        from: SocketAddr,
        /// All of it.
        bytes: Held,
    },
    /// The first packet of a session that the other end asked for was opened: it has the
    /// keys, and the session seals from now on.
    Heard {
        /// The link.
        link: LinkId,
        /// Our index of the session.
        receiver: u32,
    },
    /// Payload crosses a link that carried none for a quarter of a second. Told again once
    /// [`Handle::traffic`] was asked.
    Stirred {
        /// The link.
        link: LinkId,
    },
    /// An authenticated packet came from another address than the link sends to. Each
    /// address is told once, one a second and one at a time of each link;
    /// [`Handle::redirect`] obeys.
    Moved {
        /// The link.
        link: LinkId,
        /// Where it came from.
        from: SocketAddr,
        /// While it is there, no other move of the link is told.
        told: Place,
    },
}

/// The thread cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failed {
    /// The kernel refused a descriptor.
    #[error(transparent)]
    Kernel(#[from] linux::Error),
    /// The kernel refused a thread.
    #[error("cannot start the packet thread: {0}; raise the limit of tasks")]
    Thread(#[from] io::Error),
}

/// Starts the plane, without links and ranges.
///
/// `tell` is called on the packet thread for each thing it tells, and must not wait: it
/// puts it into a channel. That channel needs no bound: at most 1024 frames (64 of one
/// link), 256 handshakes and one move of each link exist at a time, and each makes room
/// when it is dropped; a link stirs once until it is looked at, a session is heard for the
/// first time once.
///
/// # Errors
///
/// [`Failed`] if the process has too many files or threads.
pub fn start(parts: Parts, tell: impl Fn(FromPlane) + Send + 'static) -> Result<Handle, Failed> {
    let Parts { tun, udp, mask, clock, own, uplink } = parts;
    let shared = Arc::new(Shared::new(udp, clock, own)?);
    let mut worker = Worker::new(Arc::clone(&shared), tun, mask, Box::new(tell));
    worker.keep_to(uplink);
    let thread = std::thread::Builder::new().name("packets".into()).spawn(move || worker.run())?;
    Ok(Handle::new(shared, own, thread))
}
