//! Where another node can be at all.

use core::net::{IpAddr, SocketAddr};

use words::Prefix;

/// Tells whether another node may be at this address. It is not in `network`, the range
/// that the links themselves carry: a packet to it would come back here for ever.
pub(crate) fn is_place(at: SocketAddr, network: Option<Prefix>) -> bool {
    let ip = at.ip().to_canonical();
    let nobody = ip.is_loopback() || ip.is_multicast() || ip.is_unspecified();
    let many_or_inside = match ip {
        IpAddr::V4(v4) => v4.is_broadcast(),
        IpAddr::V6(v6) => network.is_some_and(|network| network.contains(v6)),
    };
    at.port() != 0 && !nobody && !many_or_inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_at_addresses_that_mean_ourselves_many_or_nothing() {
        let network = Some("fd42::/48".parse().unwrap());
        let is = |at: &str| is_place(at.parse().unwrap(), network);
        for at in ["192.0.2.1:1", "[2001:db8::1]:6326", "[fd43::1]:1", "[fe80::1]:1", "10.0.0.1:1"]
        {
            assert!(is(at), "{at}");
        }
        for at in [
            "192.0.2.1:0",
            "127.0.0.1:1",
            "127.9.9.9:1",
            "[::1]:1",
            "[::ffff:127.0.0.1]:1",
            "0.0.0.0:1",
            "[::]:1",
            "224.0.0.1:1",
            "[ff02::1]:1",
            "255.255.255.255:1",
            "[fd42:0:0:7::1]:6326",
        ] {
            assert!(!is(at), "{at}");
        }
        assert!(is_place("[fd42::1]:1".parse().unwrap(), None));
    }
}
