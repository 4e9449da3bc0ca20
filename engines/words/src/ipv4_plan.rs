//! Which IPv4 addresses the nodes of a network have.

use core::net::Ipv4Addr;

use crate::Prefix;

/// The IPv4 range of a network, and how it is shared out: each node owns the part that the
/// small index of its certificate counts to.
///
/// Source: classic re6st, `--ipv4 NETWORK LENGTH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Plan {
    /// The range of the network, a /8 to a /31 of IPv4.
    pub network: Prefix,
    /// Bits of a node's part, as IPv4 counts them: more than the network's, at most 32.
    pub node_length: u8,
}

/// A plan that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ipv4PlanError {
    /// The network is no IPv4 range, too large or too small.
    #[error("ipv4 must be a range of IPv4 of /8 to /31, such as 10.42.0.0/16")]
    Network,
    /// Such addresses mean nothing beyond one machine or link.
    #[error("ipv4 must be addresses that hosts may have, such as 10.42.0.0/16")]
    Special,
    /// A node's part is not inside the network.
    #[error("ipv4-length must be more than the length of the ipv4 range, and at most 32")]
    Length,
}

impl Ipv4Plan {
    /// Bits of a node's part when nothing is said, as IPv4 counts them.
    pub const NODE_LENGTH: u8 = 24;

    /// Checks the plan.
    ///
    /// # Errors
    ///
    /// [`Ipv4PlanError`], with its remedy.
    pub fn check(self) -> Result<(), Ipv4PlanError> {
        let (_, length) = self.network.as_ipv4().ok_or(Ipv4PlanError::Network)?;
        if !(8..=31).contains(&length) {
            return Err(Ipv4PlanError::Network);
        }
        if SPECIAL.iter().any(|it| it.covers(self.network) || self.network.covers(*it)) {
            return Err(Ipv4PlanError::Special);
        }
        if length < self.node_length && self.node_length <= 32 {
            Ok(())
        } else {
            Err(Ipv4PlanError::Length)
        }
    }

    /// Returns how many parts there are: the indexes 0 (the registry's) to one less.
    pub const fn room(self) -> u32 {
        let bits = self.bits_of_nodes().saturating_sub(self.network.length());
        if bits < 32 { 1 << bits } else { u32::MAX }
    }

    /// Returns the part of the node with that small index; `None` if the network is too small.
    pub const fn part(self, index: u32) -> Option<Prefix> {
        let length = self.bits_of_nodes();
        if index >= self.room() || length > 128 {
            return None;
        }
        let inside = (index as u128) << (128 - length);
        Some(Prefix::new(self.network.bits() | inside, length))
    }

    /// Returns the address of the node that owns this part: the first but one, unless there
    /// are not more than two.
    pub fn address(part: Prefix) -> Option<Ipv4Addr> {
        let (first, length) = part.as_ipv4()?;
        Some(if length < 31 { Ipv4Addr::from_bits(first.to_bits() | 1) } else { first })
    }

    /// Returns the bits of a node's part, as ranges count them.
    pub const fn bits_of_nodes(self) -> u8 {
        Prefix::ALL_IPV4.length().saturating_add(self.node_length)
    }
}

/// This host, loopback, one link, multicast and what is reserved.
const SPECIAL: [Prefix; 4] = [
    Prefix::ipv4(Ipv4Addr::UNSPECIFIED, 8),
    Prefix::ipv4(Ipv4Addr::new(127, 0, 0, 0), 8),
    Prefix::ipv4(Ipv4Addr::new(169, 254, 0, 0), 16),
    Prefix::ipv4(Ipv4Addr::new(224, 0, 0, 0), 3),
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn plan(network: &str, node_length: u8) -> Ipv4Plan {
        Ipv4Plan { network: network.parse().unwrap(), node_length }
    }

    #[test]
    fn each_index_has_a_part_of_its_own() {
        let plan = plan("10.42.0.0/16", 24);
        assert_eq!((plan.check(), plan.room()), (Ok(()), 256));
        let part = plan.part(7).unwrap();
        assert_eq!(part.to_string(), "10.42.7.0/24");
        assert_eq!(Ipv4Plan::address(part), Some(Ipv4Addr::new(10, 42, 7, 1)));
        assert_eq!((plan.part(255).is_some(), plan.part(256)), (true, None));
    }

    #[test]
    fn a_part_may_be_one_address() {
        let plan = plan("10.42.0.0/30", 32);
        let part = plan.part(3).unwrap();
        assert_eq!((plan.room(), part.to_string().as_str()), (4, "10.42.0.3/32"));
        assert_eq!(Ipv4Plan::address(part), Some(Ipv4Addr::new(10, 42, 0, 3)));
    }

    #[test]
    fn a_plan_that_cannot_work_is_refused() {
        for (network, length, why) in [
            ("fd00::/48", 24, Ipv4PlanError::Network),
            ("0.0.0.0/0", 24, Ipv4PlanError::Network),
            ("10.0.0.0/32", 32, Ipv4PlanError::Network),
            ("127.0.0.0/16", 24, Ipv4PlanError::Special),
            ("224.0.0.0/8", 24, Ipv4PlanError::Special),
            ("169.254.8.0/24", 32, Ipv4PlanError::Special),
            ("10.42.0.0/24", 24, Ipv4PlanError::Length),
            ("10.42.0.0/16", 33, Ipv4PlanError::Length),
        ] {
            assert_eq!(plan(network, length).check(), Err(why), "{network} {length}");
        }
    }
}
