//! How Babel is spoken on one interface.

use core::net::{Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use words::routing::Scope;

use crate::Cost;

/// How Babel is spoken on one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How its quality is judged.
    pub kind: Kind,
    /// What receiving from a neighbour costs when nothing is lost; at least 1.
    pub cost: Cost,
    /// Longest time between two greetings. Units: 10 ms on the wire, at most 650 s.
    pub hello: Duration,
    /// Longest time between two full updates to a neighbour that acknowledges nothing.
    pub update: Duration,
    /// The same, to a neighbour that acknowledges. At least `update`, at most 650 s.
    pub long_update: Duration,
    /// Longest packet, in octets; never taken as less than 512.
    pub max_packet: usize,
    /// No route is told to the neighbour that it leads through.
    pub split_horizon: bool,
    /// How delays are charged for; `None` if they are not even measured.
    pub delay: Option<Ramp>,
    /// Our link-local address on it, by which reports of reception are known to be about us;
    /// unspecified if all are.
    pub address: Ipv6Addr,
    /// Our IPv4 address on it, the next hop that neighbours are told of IPv4 routes.
    pub address4: Option<Ipv4Addr>,
    /// IPv4 routes may have IPv6 next hops (RFC 9229).
    pub v4_via_v6: bool,
    /// There is exactly one neighbour, whatever its address: the interface is a link.
    pub lone: bool,
    /// How many neighbours are known at most; others are passed over and counted.
    pub max_neighbours: usize,
    /// Which rules of the [`Policy`](crate::Policy) hold on it; the policy numbers them.
    pub scope: Scope,
}

/// How the quality of a link is judged (RFC 8966 App. A.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It works or it does not: two of three greetings.
    Wired,
    /// It loses packets, and each loss costs: the expected number of transmissions.
    Wireless,
}

/// How much a delay adds to the cost of a link (RFC 9616 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// Up to this round trip nothing.
    pub from: Duration,
    /// From this on `penalty`, and on a straight line in between.
    pub to: Duration,
    /// The most that it adds.
    pub penalty: u16,
    /// The share of each new sample in the average, in 256ths; 1 to 256.
    pub decay: u16,
}

impl Ramp {
    /// Nothing up to 10 ms, 5000 from half a second on: on a planet most links are long, and
    /// the ramp must tell them apart. Source: classic re6st.
    pub const PLANET: Self = Self {
        from: Duration::from_millis(10),
        to: Duration::from_millis(500),
        penalty: 5000,
        decay: 42,
    };

    /// Returns what a round trip of `rtt` adds to the cost of a link (rule K4).
    pub fn cost(self, rtt: Duration) -> Cost {
        let over = rtt.min(self.to).saturating_sub(self.from).as_micros();
        let width = self.to.saturating_sub(self.from).as_micros().max(1);
        let cost = u128::from(self.penalty) * over / width;
        Cost(u16::try_from(cost).unwrap_or(self.penalty))
    }

    /// Returns the delay that is charged so much; the other way of [`charge`](Self::charge).
    pub fn delay(self, cost: Cost) -> Duration {
        let width = self.to.saturating_sub(self.from);
        width * u32::from(cost.0) / u32::from(self.penalty.max(1))
    }

    /// Returns what a link is charged that is to be treated as if its round trip took `delay`
    /// longer: as steep as the ramp, without its end, and always less than shunning costs.
    pub fn charge(self, delay: Duration) -> Cost {
        let width = self.to.saturating_sub(self.from).as_micros().max(1);
        let cost = u128::from(self.penalty) * delay.as_micros() / width;
        Cost(u16::try_from(cost).unwrap_or(u16::MAX).min(Cost::SHUNNED.0 - 1))
    }
}

impl Profile {
    /// A network of Ethernet's kind, with the values of RFC 8966 App. B.
    pub const LAN: Self = Self {
        kind: Kind::Wired,
        cost: Cost::NOMINAL,
        hello: Duration::from_secs(4),
        update: Duration::from_secs(16),
        long_update: Duration::from_secs(640),
        max_packet: 1400,
        split_horizon: true,
        delay: None,
        address: Ipv6Addr::UNSPECIFIED,
        address4: None,
        v4_via_v6: true,
        lone: false,
        max_neighbours: 256,
        scope: Scope::EVERYWHERE,
    };
    /// A tunnel to one neighbour, far away.
    pub const TUNNEL: Self =
        Self { delay: Some(Ramp::PLANET), lone: true, max_packet: 1200, ..Self::LAN };

    /// Returns the same, every number inside what the protocol can say.
    pub(crate) fn clamped(mut self) -> Self {
        self.cost = Cost(self.cost.0.clamp(1, Cost::INFINITE.0 - 1));
        self.hello = self.hello.clamp(SHORTEST, LONGEST);
        self.update = self.update.clamp(SHORTEST, LONGEST);
        self.long_update = self.long_update.clamp(self.update, LONGEST);
        self.max_packet = self.max_packet.clamp(512, 65_000);
        self.max_neighbours = self.max_neighbours.max(1);
        if let Some(ramp) = &mut self.delay {
            ramp.decay = ramp.decay.clamp(1, 256);
            ramp.to = ramp.to.max(ramp.from + Duration::from_millis(1));
        }
        self
    }
}

const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(650);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_held_inside_what_the_protocol_can_say() {
        let nothing = Duration::ZERO;
        let ramp = Ramp { from: LONGEST, to: nothing, decay: 0, ..Ramp::PLANET };
        let least = Profile {
            cost: Cost(0),
            hello: nothing,
            update: nothing,
            long_update: nothing,
            max_packet: 0,
            max_neighbours: 0,
            delay: Some(ramp),
            ..Profile::LAN
        };
        let held = least.clamped();
        assert_eq!((held.cost, held.max_packet, held.max_neighbours), (Cost(1), 512, 1));
        assert_eq!([held.hello, held.update, held.long_update], [SHORTEST; 3]);
        let ramp = held.delay.unwrap();
        assert!(ramp.decay == 1 && ramp.to > ramp.from);

        let most = Profile {
            cost: Cost(u16::MAX),
            hello: Duration::MAX,
            update: Duration::MAX,
            long_update: Duration::MAX,
            max_packet: usize::MAX,
            delay: Some(Ramp { decay: u16::MAX, ..Ramp::PLANET }),
            ..Profile::LAN
        };
        let held = most.clamped();
        assert_eq!((held.cost, held.max_packet), (Cost(Cost::INFINITE.0 - 1), 65_000));
        assert_eq!([held.hello, held.update, held.long_update], [LONGEST; 3]);
        assert_eq!(held.delay.map(|ramp| ramp.decay), Some(256));
    }

    #[test]
    fn k4_the_ramp_ends_at_half_a_second() {
        let ramp = Ramp::PLANET;
        assert_eq!(ramp.cost(Duration::from_millis(10)), Cost(0));
        assert_eq!(ramp.cost(Duration::from_millis(255)), Cost(2500));
        assert_eq!(ramp.cost(Duration::from_millis(500)), Cost(5000));
        assert_eq!(ramp.cost(Duration::from_secs(9)), Cost(5000));
    }

    #[test]
    fn a_charge_is_as_steep_as_the_ramp_and_never_as_bad_as_shunning() {
        let ramp = Ramp::PLANET;
        assert_eq!(ramp.charge(Duration::from_millis(98)), Cost(1000));
        assert_eq!(ramp.charge(Duration::from_millis(980)), Cost(10_000));
        assert_eq!(ramp.charge(Duration::from_hours(9)), Cost(Cost::SHUNNED.0 - 1));
    }

    #[test]
    fn a_charge_is_so_much_delay_and_back() {
        for cost in [0, 1, 420, 4000] {
            let charged = Ramp::PLANET.charge(Ramp::PLANET.delay(Cost(cost))).0;
            assert!(charged.abs_diff(cost) <= 1, "{cost}, {charged}");
        }
        assert_eq!(Ramp::PLANET.delay(Cost(5000)), Duration::from_millis(490));
    }
}
