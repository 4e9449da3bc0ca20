//! What the operator decides.

use alloc::vec::Vec;
use core::time::Duration;

use words::Prefix;

/// How a speaker behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its name, unique in the network. All zeros or all ones are illegal on the wire: one
    /// is then drawn from the seed.
    pub router_id: [u8; 8],
    /// Longest time between two greetings. Units: 10 ms on the wire, at most 650 s.
    pub hello: Duration,
    /// Longest time between two full updates. Units: as `hello`.
    pub update: Duration,
    /// Ranges inside which routes are believed; empty means everywhere.
    pub accept: Vec<Prefix>,
    /// Routes kept per neighbour; those beyond are ignored and counted.
    pub max_routes_per_neighbour: usize,
    /// Longest packet, in octets; never taken as less than 512.
    pub max_packet: usize,
    /// Requests answered per neighbour and second; twice as many at once.
    pub max_requests_per_second: u32,
}

impl Default for Settings {
    /// The values of RFC 8966 App. B, and limits that fit ten thousand nodes.
    fn default() -> Self {
        Self {
            router_id: [0; 8],
            hello: Duration::from_secs(4),
            update: Duration::from_secs(16),
            accept: Vec::new(),
            max_routes_per_neighbour: 20_000,
            max_packet: 1200,
            max_requests_per_second: 100,
        }
    }
}

impl Settings {
    /// Returns the same, every number inside what the protocol can say.
    pub(crate) fn clamped(mut self) -> Self {
        self.hello = self.hello.clamp(SHORTEST, LONGEST);
        self.update = self.update.clamp(SHORTEST, LONGEST);
        self.max_packet = self.max_packet.clamp(512, 65_000);
        self.max_requests_per_second = self.max_requests_per_second.max(1);
        self
    }
}

const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(650);
