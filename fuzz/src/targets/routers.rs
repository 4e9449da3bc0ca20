//! What routers answer that are asked for a port.

use std::net::{Ipv4Addr, SocketAddrV4};

use portmap::{Answer, service_of};

/// Where the router speaks HTTP.
const HOST: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 168, 1, 1), 5000);

/// An answer of PCP or NAT-PMP.
pub(super) fn answer(octets: &[u8]) {
    if let Some(Answer::No { reason, .. }) = Answer::read(octets) {
        assert_ne!(reason, 0, "a refusal for the reason that it is none");
    }
}

/// The description of a `UPnP` device.
pub(super) fn description(octets: &[u8]) {
    if let Some(service) = service_of(&String::from_utf8_lossy(octets), HOST) {
        assert_eq!(service.host, HOST, "the router leads us to another host");
        let path = &service.path;
        assert!(path.starts_with('/') && !path.contains([' ', '\r', '\n']), "{path}");
    }
}

/// An address and a port by NAT-PMP, a mapping by PCP, and refusals.
pub(super) fn answers() -> Vec<Vec<u8>> {
    let mut mapped = vec![2, 0x81, 0, 0, 0, 0, 0x0e, 0x10];
    mapped.extend([0; 16]);
    mapped.extend([7; 12]);
    mapped.extend([17, 0, 0, 0, 0x18, 0xb6, 0x18, 0xb6]);
    mapped.extend(Ipv4Addr::new(203, 0, 113, 5).to_ipv6_mapped().octets());
    vec![
        vec![0, 0x80, 0, 0, 0, 0, 0, 9, 203, 0, 113, 5],
        vec![0, 0x81, 0, 0, 0, 0, 0, 9, 0x18, 0xb6, 0x18, 0xb6, 0, 0, 0x0e, 0x10],
        mapped,
        vec![0, 0x81, 0, 1, 0, 0, 0, 9],
        vec![2, 0x81, 0, 8],
    ]
}

/// Descriptions whose calls go to a path, and to a whole address.
pub(super) fn descriptions() -> Vec<Vec<u8>> {
    let of = |url: &str| {
        let kind = "urn:schemas-upnp-org:service:WANIPConnection:1";
        let service = format!("<serviceType>{kind}</serviceType><controlURL>{url}</controlURL>");
        format!("<root><service>{service}</service></root>").into_bytes()
    };
    vec![of("/ctl"), of("http://192.168.1.1:5000/ctl")]
}
