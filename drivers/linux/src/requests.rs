//! What the kernel is to change, many wishes in one datagram.
//!
//! Thousands of routes to ranges of one length often lead the same way. The library writes the
//! first of them; the others are copies of it with another range.

use netlink_packet_core::{NLM_F_CREATE, NLM_F_REPLACE};
use netlink_packet_route::RouteNetlinkMessage;
use words::Prefix;

use crate::route_message::{RANGE_AT, message, removal};
use crate::talk::append;
use crate::{Change, KernelRoute, Via};

/// Wishes about routes, as octets; each message begins on a multiple of 4.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    octets: Vec<u8>,
    /// The route that was put last, and its message.
    last: Option<(KernelRoute, Vec<u8>)>,
}

impl Requests {
    /// Adds a wish; false, and nothing is added, if there are no words for it.
    pub(crate) fn push(&mut self, change: &Change) -> bool {
        match change {
            Change::Put(KernelRoute { via: Via::Other, .. }) => false,
            Change::Put(route) => {
                self.put(route);
                true
            }
            Change::Remove(route) => {
                append(&mut self.octets, RouteNetlinkMessage::DelRoute(removal(route)), 0);
                true
            }
        }
    }

    /// Returns the datagram.
    pub(crate) fn octets(&mut self) -> &mut [u8] {
        &mut self.octets
    }

    /// Forgets the wishes, and keeps the room for others.
    pub(crate) fn clear(&mut self) {
        self.octets.clear();
    }

    fn put(&mut self, route: &KernelRoute) {
        if let Some((last, form)) = &self.last
            && is_alike(last, route)
        {
            let start = self.octets.len();
            self.octets.extend_from_slice(form);
            return overwrite(self.octets.get_mut(start..).unwrap_or_default(), route);
        }
        let start = self.octets.len();
        let flags = NLM_F_CREATE | NLM_F_REPLACE;
        append(&mut self.octets, RouteNetlinkMessage::NewRoute(message(route)), flags);
        let written = self.octets.get(start..).unwrap_or_default().to_vec();
        self.last = Some((route.clone(), written));
    }
}

/// Tells whether two routes differ in nothing but the octets of their ranges.
fn is_alike(one: &KernelRoute, other: &KernelRoute) -> bool {
    let KernelRoute { to, from, via, table, metric, protocol, preferred_source } = *one;
    to.length() == other.to.length()
        && one.is_ipv4() == other.is_ipv4()
        && (via, from, table, metric) == (other.via, other.from, other.table, other.metric)
        && (protocol, preferred_source) == (other.protocol, other.preferred_source)
}

/// Writes the range of `route` over the one in the message of another.
fn overwrite(message: &mut [u8], route: &KernelRoute) {
    let bits = route.to.bits().to_be_bytes();
    let own = if route.is_ipv4() { usize::from(Prefix::ALL_IPV4.length() / 8) } else { 0 };
    let own = bits.get(own..).unwrap_or_default();
    if let Some(place) = message.get_mut(RANGE_AT..RANGE_AT + own.len()) {
        place.copy_from_slice(own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn route() -> impl Strategy<Value = KernelRoute> {
        let range = (0..3_u128, 0..3_u8, any::<bool>()).prop_map(|(bits, length, four)| {
            if four {
                Prefix::new(Prefix::ALL_IPV4.bits() | bits << 20, 104 + length * 4)
            } else {
                Prefix::new(0xfd00 << 112 | bits << 70, 56 + length)
            }
        });
        let via = prop_oneof![
            Just(Via::Unreachable),
            (1..3_u32, 0..3_u128, any::<bool>()).prop_map(|(device, hop, onlink)| Via::Hop {
                device,
                address: std::net::Ipv6Addr::from_bits(hop).into(),
                onlink
            }),
        ];
        (range, any::<bool>(), via, 1..3_u32, 0..2_u32).prop_map(
            |(to, specific, via, table, metric)| KernelRoute {
                to,
                from: if specific { Prefix::new(0xfd01 << 112, 16) } else { Prefix::ALL },
                via,
                table,
                metric,
                protocol: 42,
                preferred_source: None,
            },
        )
    }

    proptest! {
        #[test]
        fn a_copy_is_what_the_library_writes(routes in prop::collection::vec(route(), 1..30)) {
            let (mut copied, mut written) = (Requests::default(), Requests::default());
            for route in routes {
                let change = Change::Put(route);
                copied.push(&change);
                written.last = None;
                written.push(&change);
            }
            prop_assert_eq!(copied.octets(), written.octets());
        }
    }

    #[test]
    fn a_way_that_only_the_kernel_can_make_has_no_words() {
        let mut requests = Requests::default();
        let (to, via) = (Prefix::new(0xfd00 << 112, 16), Via::Other);
        let route = KernelRoute {
            to,
            from: Prefix::ALL,
            via,
            table: 254,
            metric: 0,
            protocol: 42,
            preferred_source: None,
        };
        assert!(!requests.push(&Change::Put(route)));
        assert!(requests.octets().is_empty());
    }
}
