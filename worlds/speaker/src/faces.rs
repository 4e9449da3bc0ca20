//! The interfaces and addresses of this machine, as the kernel tells of them, and what they
//! mean for the interfaces on which we speak.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use linux::{InterfaceAddress, LinkState};

use crate::config::Face;

/// How an interface stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is none of that name.
    Missing,
    /// It is down, or nothing is at its other end.
    Down,
    /// It has no IPv6 link-local address that can be used.
    Mute,
    /// We can speak on it.
    Ready(u32, Face),
}

impl Standing {
    /// Why we cannot speak, and what to do about it.
    pub(crate) const fn obstacle(self) -> Option<&'static str> {
        match self {
            Self::Missing => Some("there is no such interface yet; it is waited for"),
            Self::Down => Some("it is down; set it up, or plug the other end in"),
            Self::Mute => Some(
                "it has no IPv6 link-local address; set sysctl net.ipv6.conf.NAME.disable_ipv6=0, \
                 or give it one: ip address add fe80::1/64 dev NAME",
            ),
            Self::Ready(..) => None,
        }
    }
}

/// The interfaces and addresses of this machine.
#[derive(Debug, Default)]
pub(crate) struct Faces {
    links: BTreeMap<u32, LinkState>,
    addresses: BTreeSet<(u32, IpAddr)>,
}

impl Faces {
    /// Takes in everything, as the kernel lists it.
    pub(crate) fn list(links: Vec<LinkState>, addresses: &[InterfaceAddress]) -> Self {
        let usable = addresses.iter().filter(|own| !own.tentative);
        Self {
            links: links.into_iter().map(|link| (link.index, link)).collect(),
            addresses: usable.map(|own| (own.index, own.address)).collect(),
        }
    }

    /// Takes in how an interface is now.
    pub(crate) fn link(&mut self, link: LinkState) {
        self.links.insert(link.index, link);
    }

    /// Takes in that an interface is gone; returns the addresses that went with it.
    pub(crate) fn gone(&mut self, index: u32) -> Vec<IpAddr> {
        self.links.remove(&index);
        let (lost, kept) = std::mem::take(&mut self.addresses)
            .into_iter()
            .partition::<BTreeSet<_>, _>(|(of, _)| *of == index);
        self.addresses = kept;
        lost.into_iter().map(|(_, address)| address).collect()
    }

    /// Takes in that an interface has an address, or has it no more.
    pub(crate) fn address(&mut self, index: u32, address: IpAddr, gone: bool) {
        if gone {
            self.addresses.remove(&(index, address));
        } else {
            self.addresses.insert((index, address));
        }
    }

    /// Tells whether an interface is up; `None` if there is none.
    pub(crate) fn is_up(&self, index: u32) -> Option<bool> {
        self.links.get(&index).map(|link| link.up)
    }

    /// Returns the name of an interface.
    pub(crate) fn name(&self, index: u32) -> Option<&str> {
        self.links.get(&index).map(|link| link.name.as_str())
    }

    /// Returns all addresses, with the numbers of their interfaces.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (u32, IpAddr)> {
        self.addresses.iter().copied()
    }

    /// Tells how the interface `name` stands; of several link-local addresses the one in use
    /// until now is kept.
    pub(crate) fn standing(&self, name: &str, until_now: Option<Ipv6Addr>) -> Standing {
        let Some(link) = self.links.values().find(|link| link.name == name) else {
            return Standing::Missing;
        };
        if !link.up {
            return Standing::Down;
        }
        let own =
            || self.addresses.range((link.index, LEAST)..).take_while(|(of, _)| *of == link.index);
        let local = own().filter_map(|(_, address)| match address {
            IpAddr::V6(six) if six.is_unicast_link_local() => Some(*six),
            IpAddr::V6(_) | IpAddr::V4(_) => None,
        });
        let local: Vec<Ipv6Addr> = local.collect();
        let kept = until_now.filter(|address| local.contains(address));
        let Some(address) = kept.or_else(|| local.first().copied()) else {
            return Standing::Mute;
        };
        let address4 = own().find_map(|(_, address)| match address {
            IpAddr::V4(four) => Some(*four),
            IpAddr::V6(_) => None,
        });
        Standing::Ready(link.index, Face { address, address4, mtu: link.mtu })
    }
}

/// The first of all addresses, in their order.
const LEAST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str, up: bool) -> LinkState {
        LinkState {
            index,
            name: name.into(),
            up,
            mtu: 1500,
            loopback: false,
            point_to_point: false,
            wireless: false,
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_interface_is_ready_when_it_is_up_and_has_a_link_local_address() {
        let mut faces = Faces::default();
        let standing = |faces: &Faces| faces.standing("eth0", None);
        assert_eq!(standing(&faces), Standing::Missing);
        faces.link(link(2, "eth0", false));
        assert_eq!(standing(&faces), Standing::Down);
        faces.link(link(2, "eth0", true));
        faces.address(2, address("2001:db8::1"), false);
        assert_eq!(standing(&faces), Standing::Mute);
        assert!(standing(&faces).obstacle().unwrap().contains("fe80::1/64"));
        faces.address(2, address("fe80::7"), false);
        faces.address(2, address("10.0.0.1"), false);
        let address4 = Some("10.0.0.1".parse().unwrap());
        let face = Face { address: "fe80::7".parse().unwrap(), address4, mtu: 1500 };
        assert_eq!(standing(&faces), Standing::Ready(2, face));
        assert_eq!(faces.gone(2).len(), 3);
        assert_eq!(standing(&faces), Standing::Missing);
    }

    #[test]
    fn the_address_in_use_is_kept_while_it_is_there() {
        let mut faces = Faces::default();
        faces.link(link(2, "eth0", true));
        for own in ["fe80::7", "fe80::1"] {
            faces.address(2, address(own), false);
        }
        let used = |faces: &Faces, before: &str| match faces
            .standing("eth0", Some(before.parse().unwrap()))
        {
            Standing::Ready(_, face) => face.address.to_string(),
            Standing::Missing | Standing::Down | Standing::Mute => String::new(),
        };
        assert_eq!(used(&faces, "fe80::7"), "fe80::7");
        faces.address(2, address("fe80::7"), true);
        assert_eq!(used(&faces, "fe80::7"), "fe80::1");
    }

    #[test]
    fn addresses_of_other_interfaces_are_not_ours_to_speak_with() {
        let mut faces = Faces::default();
        faces.link(link(2, "eth0", true));
        faces.address(1, address("fe80::1"), false);
        faces.address(3, address("fe80::3"), false);
        assert_eq!(faces.standing("eth0", None), Standing::Mute);
    }
}
