//! What a daemon of any make is told, in words that are nobody's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::island::Node;

/// How a daemon is to behave.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Between two greetings.
    pub(crate) hello: Duration,
    /// Between two full updates.
    pub(crate) update: Duration,
    /// The keys that sign; the last is the one that a daemon with room for one takes.
    pub(crate) keys: Vec<Key>,
    /// What more of the protocol is used.
    pub(crate) extras: BTreeSet<Extra>,
    /// What receiving from a neighbour costs, and so what it pays, where it is not 96.
    pub(crate) costs: BTreeMap<Node, u16>,
    /// More lines of ours' file, those that stand before all tables and those after.
    pub(crate) lines: [&'static str; 2],
}

/// Senders who have a way of their own to everywhere.
pub(crate) const SENDERS: &str = "2001:db8:a000::/36";

/// A key of authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    /// Its octets, which are letters, for daemons that want them as such.
    pub(crate) secret: &'static str,
    /// From when and until when ours signs and accepts, as RFC 3339 has moments.
    pub(crate) sign: [Option<String>; 2],
    /// See `sign`.
    pub(crate) accept: [Option<String>; 2],
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    HmacSha256,
    Blake2s128,
}

/// What not every daemon knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extra {
    /// Delays cost: 10 ms to 500 ms, 5000 at most, averaged half and half.
    Delays,
    /// IPv4 goes by IPv6 next hops.
    FourBySix,
    /// Nothing but greetings is sent to all.
    Unicast,
    /// The way for [`SENDERS`] is announced where the kernel has it, and learnt where it has not.
    ForSenders,
    /// Who does not sign is believed too.
    AcceptUnsigned,
}

impl Setting {
    /// Tells whether this is used.
    pub(crate) fn has(&self, extra: Extra) -> bool {
        self.extras.contains(&extra)
    }
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            hello: Duration::from_secs(1),
            update: Duration::from_secs(4),
            keys: Vec::new(),
            extras: BTreeSet::new(),
            costs: BTreeMap::new(),
            lines: [""; 2],
        }
    }
}

impl Key {
    /// A key without limits of time.
    pub(crate) fn new(algorithm: Algorithm, secret: &'static str) -> Self {
        Self { algorithm, secret, sign: [None, None], accept: [None, None] }
    }

    /// Returns its octets in hexadecimal.
    pub(crate) fn hex(&self) -> String {
        let octets: Vec<String> = self.secret.bytes().map(|octet| format!("{octet:02x}")).collect();
        octets.concat()
    }
}
