//! How Babel is spoken on one interface, as people write it.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use babel::{Cost, Profile};
use serde::Deserialize;

use super::Span;

/// How Babel is spoken on an interface; what is left out comes from `[default]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Speak {
    /// What it is; none: [`Kind::Wired`].
    pub kind: Option<Kind>,
    /// Longest time between two greetings, 10 ms to 650 s.
    pub hello: Option<Span>,
    /// Longest time between two full updates, 10 ms to 650 s.
    pub update: Option<Span>,
    /// What receiving costs when nothing is lost, 1 to 65534.
    pub cost: Option<u16>,
    /// How delays are charged for.
    pub rtt: Option<Ramp>,
    /// No route is told to the neighbour that it leads through.
    pub split_horizon: Option<bool>,
    /// IPv4 routes may have IPv6 next hops.
    pub v4_via_v6: Option<bool>,
    /// The keys that sign and are accepted, by id; empty for none.
    pub keys: Option<Vec<String>>,
    /// Packets without a good signature are believed too, while keys are being introduced.
    pub accept_unsigned: Option<bool>,
    /// How many neighbours are known at most.
    pub neighbours: Option<u16>,
}

/// What an interface is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A cable: it works or it does not.
    #[default]
    Wired,
    /// Radio: what is lost costs, and not all hear each other.
    Wireless,
    /// A tunnel: delays cost.
    Tunnel,
}

/// How much a delay adds to the cost of a link (RFC 9616 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ramp {
    /// Up to this round trip nothing.
    pub min: Span,
    /// From this on the whole penalty.
    pub max: Span,
    /// The most that it adds; 0 measures, and charges nothing.
    pub penalty: u16,
    /// The share of each new sample in the average, in 256ths, 1 to 256.
    pub decay: u16,
}

impl Default for Ramp {
    /// The values of RFC 9616 §3.3 for what lies within a continent.
    fn default() -> Self {
        Self {
            min: Span(Duration::from_millis(10)),
            max: Span(Duration::from_millis(120)),
            penalty: 150,
            decay: 42,
        }
    }
}

/// The longest interval that the protocol can say, rounded down.
const LONGEST: Duration = Duration::from_secs(650);
const SHORTEST: Duration = Duration::from_millis(10);

/// What the kernel says of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Face {
    /// Our link-local address.
    pub(crate) address: Ipv6Addr,
    /// Our first IPv4 address, if any.
    pub(crate) address4: Option<Ipv4Addr>,
    /// Octets of the longest IP packet.
    pub(crate) mtu: u32,
}

impl Speak {
    /// Returns the same, with what is left out taken from `other`.
    pub(crate) fn or(self, other: &Self) -> Self {
        Self {
            kind: self.kind.or(other.kind),
            hello: self.hello.or(other.hello),
            update: self.update.or(other.update),
            cost: self.cost.or(other.cost),
            rtt: self.rtt.or(other.rtt),
            split_horizon: self.split_horizon.or(other.split_horizon),
            v4_via_v6: self.v4_via_v6.or(other.v4_via_v6),
            keys: self.keys.or_else(|| other.keys.clone()),
            accept_unsigned: self.accept_unsigned.or(other.accept_unsigned),
            neighbours: self.neighbours.or(other.neighbours),
        }
    }

    /// Returns how the engine speaks on an interface that is like `face`, when `reserved`
    /// octets of each packet are needed for its authentication.
    pub(crate) fn profile(&self, face: Face, reserved: usize) -> Profile {
        let kind = self.kind.unwrap_or_default();
        let hello = self.hello();
        let mtu = usize::try_from(face.mtu).unwrap_or(usize::MAX);
        Profile {
            kind: match kind {
                Kind::Wired | Kind::Tunnel => babel::Kind::Wired,
                Kind::Wireless => babel::Kind::Wireless,
            },
            cost: Cost(self.cost.unwrap_or(match kind {
                Kind::Wired | Kind::Tunnel => Cost::NOMINAL.0,
                Kind::Wireless => WIRELESS,
            })),
            hello,
            update: self.update.map_or(4 * hello, |Span(span)| span).min(LONGEST),
            max_packet: mtu.saturating_sub(HEADERS).max(LEAST).saturating_sub(reserved),
            split_horizon: self.split_horizon.unwrap_or(kind != Kind::Wireless),
            delay: self.ramp(kind),
            address: face.address,
            address4: face.address4,
            v4_via_v6: self.v4_via_v6.unwrap_or(true),
            max_neighbours: self.neighbours.map_or(Profile::LAN.max_neighbours, usize::from),
            ..Profile::LAN
        }
    }

    /// Returns the time between two greetings on such an interface.
    pub(crate) fn hello(&self) -> Duration {
        self.hello.map_or(Profile::LAN.hello, |Span(span)| span)
    }

    /// Tells whether delays are measured on such an interface.
    pub(crate) fn measures_delay(&self) -> bool {
        self.ramp(self.kind.unwrap_or_default()).is_some()
    }

    fn ramp(&self, kind: Kind) -> Option<babel::Ramp> {
        let usual = (kind == Kind::Tunnel).then(Ramp::default);
        let Ramp { min, max, penalty, decay } = self.rtt.or(usual)?;
        Some(babel::Ramp { from: min.0, to: max.0, penalty, decay })
    }

    /// Checks bounds; the name of what is wrong comes first.
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, span) in [("hello", self.hello), ("update", self.update)] {
            if let Some(Span(given)) = span.filter(|span| !(SHORTEST..=LONGEST).contains(&span.0)) {
                return Err(format!("{name}: {} is out of bounds; 10ms to 650s", Span(given)));
            }
        }
        if matches!(self.cost, Some(0 | u16::MAX)) {
            return Err("cost: out of bounds; 1 to 65534".into());
        }
        if self.neighbours == Some(0) {
            return Err("neighbours: 0 is too few; 1 to 65535".into());
        }
        let Some(Ramp { min, max, decay, .. }) = self.rtt else { return Ok(()) };
        if min >= max {
            return Err(format!("rtt: min {min} is not below max {max}; raise max"));
        }
        if decay == 0 || decay > 256 {
            return Err(format!("rtt: decay {decay} is out of bounds; 1 to 256"));
        }
        Ok(())
    }
}

/// Octets of the IPv6 and UDP headers.
const HEADERS: usize = 48;
/// The longest packet that every link must carry (RFC 8966 §4).
const LEAST: usize = 512;
/// What receiving costs on radio that loses nothing (RFC 8966 App. A.2.2).
const WIRELESS: u16 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    const FACE: Face = Face { address: Ipv6Addr::LOCALHOST, address4: None, mtu: 1500 };

    #[test]
    fn nothing_said_is_a_cable() {
        let profile = Speak::default().profile(FACE, 0);
        let usual = Profile { address: FACE.address, max_packet: 1452, ..Profile::LAN };
        assert_eq!(profile, usual);
    }

    #[test]
    fn radio_counts_losses_and_tunnels_count_delays() {
        let spoken = |kind| Speak { kind: Some(kind), ..Speak::default() }.profile(FACE, 0);
        let radio = spoken(Kind::Wireless);
        assert_eq!((radio.kind, radio.cost), (babel::Kind::Wireless, Cost(256)));
        assert!(!radio.split_horizon && radio.delay.is_none());
        let tunnel = spoken(Kind::Tunnel);
        assert!(tunnel.split_horizon && tunnel.delay.is_some() && !tunnel.lone);
    }

    #[test]
    fn an_interface_goes_before_the_default() {
        let own = Speak { cost: Some(7), ..Speak::default() };
        let all = Speak { cost: Some(8), hello: Some("1s".parse().unwrap()), ..Speak::default() };
        let profile = own.or(&all).profile(FACE, 0);
        assert_eq!((profile.cost, profile.hello), (Cost(7), Duration::from_secs(1)));
        assert_eq!(profile.update, Duration::from_secs(4));
    }

    #[test]
    fn a_signature_finds_its_room_in_the_packet() {
        let profile = Speak::default().profile(Face { mtu: 1280, ..FACE }, 100);
        assert_eq!(profile.max_packet, 1280 - 48 - 100);
    }
}
