//! A port of the router's, asked from the router: PCP, NAT-PMP, `UPnP` IGD.
//!
//! ```text
//!   ask ─► PCP ── no such version ─► NAT-PMP ── silence ─► UPnP ─► Mapping, or Failed
//! ```
//!
//! Everything blocks, within a patience of a few seconds in all: call it on a thread of its
//! own. Nothing but the router is believed, and only about itself.

mod message;
mod pcp;
mod pmp;
mod upnp;

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

pub use message::Answer;
pub use upnp::{Service, service_of};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The router.
    pub gateway: Ipv4Addr,
    /// Our own address, as the router sees it.
    pub own: Ipv4Addr,
    /// Our UDP port, which the outside is to reach. We would like the same number outside.
    pub port: u16,
    /// How long the mapping is to last unless it is asked for again; whole seconds.
    pub lifetime: Duration,
    /// Twelve octets of chance, the same each time that the same mapping is asked for: only
    /// who knows them can change it (RFC 6887 §11.2).
    pub nonce: [u8; 12],
    /// The ports at which the router answers.
    pub doors: Doors,
}

/// The ports at which a router answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doors {
    /// UDP: PCP and NAT-PMP.
    pub pcp: u16,
    /// UDP: searches for `UPnP` devices.
    pub ssdp: u16,
}

impl Default for Doors {
    /// The ports of the standards.
    fn default() -> Self {
        Self { pcp: 5351, ssdp: 1900 }
    }
}

/// A port that the router forwards to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Where we are reached from outside.
    pub outside: SocketAddrV4,
    /// How long it lasts; ask again at half of it. At least one second.
    pub lifetime: Duration,
    /// By which protocol.
    pub by: Protocol,
    /// Where `UPnP` is asked to take it away.
    service: Option<Service>,
}

/// A protocol by which routers are asked for ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The port control protocol, RFC 6887.
    Pcp,
    /// The NAT port mapping protocol, RFC 6886.
    NatPmp,
    /// `WANIPConnection` of a `UPnP` Internet gateway device.
    Upnp,
}

impl Protocol {
    /// Returns its name, as in status.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcp => "pcp",
            Self::NatPmp => "nat-pmp",
            Self::Upnp => "upnp",
        }
    }
}

/// Why there is no mapping; each is the router's, and nothing to worry about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failed {
    /// It does not answer, or not what was asked.
    #[error("the router maps no ports, or does not tell; forward the port there by hand")]
    Silent,
    /// It refuses, with the number of its reason.
    #[error("the router refuses to map the port (reason {0}); allow it there")]
    Refused(u16),
    /// It would be mapped to an address that is not of the Internet.
    #[error("the router is itself behind NAT, at {0}; a port of it helps nobody")]
    NotOutside(Ipv4Addr),
    /// The kernel.
    #[error("the router cannot be asked: {0}; look at the default route")]
    Network(#[from] io::Error),
}

/// Asks the router for a port, by one protocol after the other; takes 8 s at most.
///
/// To be asked again before the lifetime ends, with the same nonce: that prolongs it.
///
/// # Errors
///
/// [`Failed`] of the last protocol that answered, or else [`Failed::Silent`].
pub fn map(wish: &Wish) -> Result<Mapping, Failed> {
    let first = pcp::map(wish);
    let second = match first {
        Ok(mapping) => return believable(mapping),
        Err(Failed::Refused(pmp::OTHER_VERSION) | Failed::Silent) => pmp::map(wish),
        Err(other) => Err(other),
    };
    match second {
        Ok(mapping) => believable(mapping),
        Err(why) => match upnp::map(wish) {
            Ok(mapping) => believable(mapping),
            Err(Failed::Silent) => Err(why),
            Err(other) => Err(other),
        },
    }
}

/// Has a mapping taken away; who does not answer within a second is left alone.
pub fn unmap(wish: &Wish, mapping: &Mapping) {
    // It ends by itself if this fails.
    let _ = match mapping.by {
        Protocol::Pcp => pcp::unmap(wish),
        Protocol::NatPmp => pmp::unmap(wish),
        Protocol::Upnp => mapping
            .service
            .as_ref()
            .map_or(Ok(()), |service| upnp::unmap(service, mapping.outside.port())),
    };
}

/// Refuses a mapping that nobody on the Internet can reach.
fn believable(mapping: Mapping) -> Result<Mapping, Failed> {
    let ip = *mapping.outside.ip();
    let [a, b, ..] = ip.octets();
    // RFC 6598: addresses between a provider and its customers.
    let shared = a == 100 && (64..128).contains(&b);
    let nowhere = ip.is_unspecified() || ip.is_loopback() || ip.is_link_local();
    if ip.is_private() || shared || nowhere || mapping.outside.port() == 0 {
        return Err(Failed::NotOutside(ip));
    }
    Ok(mapping)
}

/// Sends `request` to the router, as often as there are `waits`, until `read` makes
/// something of an answer.
fn converse<T>(
    wish: &Wish,
    request: &[u8],
    waits: &[Duration],
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<T, Failed> {
    let socket = UdpSocket::bind((wish.own, 0))?;
    // The kernel then lets only the router's own answers in.
    socket.connect((wish.gateway, wish.doors.pcp))?;
    let mut buffer = [0; LONGEST];
    for wait in waits {
        socket.send(request)?;
        socket.set_read_timeout(Some(*wait))?;
        // What cannot be read, or nobody there (ECONNREFUSED): the next one, or none.
        while let Ok(length) = socket.recv(&mut buffer) {
            if let Some(found) = buffer.get(..length).and_then(&read) {
                return Ok(found);
            }
        }
    }
    Err(Failed::Silent)
}

/// The longest answer of PCP (RFC 6887 §7).
const LONGEST: usize = 1100;

/// How long a router may take, and how often it is asked. Routers are near.
const WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(750)];

/// How long a router may take to take a mapping away.
const FAREWELL: [Duration; 1] = [Duration::from_millis(300)];

#[cfg(test)]
mod tests;
