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
    /// The one length of prefixes that are believed; none means any, 0 to 128.
    ///
    /// Where all prefixes have one length, nobody can take a part of another's.
    pub length: Option<u8>,
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
            length: None,
            max_routes_per_neighbour: 20_000,
            max_packet: 1200,
            max_requests_per_second: 100,
        }
    }
}

impl Settings {
    /// Tells whether a route to `prefix` may be believed, whoever tells it.
    pub(crate) fn believes(&self, prefix: Prefix) -> bool {
        let inside = self.accept.is_empty() || self.accept.iter().any(|all| all.covers(prefix));
        inside && self.length.is_none_or(|length| length == prefix.length())
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_node_s_prefix_and_the_whole_network_are_not_believed() {
        let prefix = |text: &str| text.parse::<Prefix>().unwrap();
        let accept = [prefix("fd00:42::/48")].into();
        let settings = Settings { accept, length: Some(64), ..Settings::default() };
        assert!(settings.believes(prefix("fd00:42:0:7::/64")));
        for other in ["fd00:42:0:7::1/128", "fd00:42:0:7:8000::/65", "fd00:42::/48", "fd01::/64"] {
            assert!(!settings.believes(prefix(other)), "{other}");
        }
        assert!(Settings::default().believes(prefix("fd00:42:0:7::1/128")));
    }
}
