//! Tunnel technologies.

use core::fmt;

/// A tunnel technology.
///
/// The numbers are on the wire (in contacts) and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Carrier {
    /// Our own: Noise over UDP, in process.
    Udp = 0,
    /// Our own over TLS.
    Tls = 1,
    /// Our own over QUIC datagrams.
    Quic = 2,
    /// OpenVPN processes, as classic re6st runs them.
    OpenVpn = 3,
    /// Kernel WireGuard.
    WireGuard = 4,
    /// Kernel GRE.
    Gre = 5,
    /// Kernel foo-over-UDP.
    Fou = 6,
    /// tinc processes.
    Tinc = 7,
}

impl Carrier {
    /// Every carrier, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Udp,
        Self::Tls,
        Self::Quic,
        Self::OpenVpn,
        Self::WireGuard,
        Self::Gre,
        Self::Fou,
        Self::Tinc,
    ];

    /// Returns the carrier of this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|carrier| *carrier as u8 == number)
    }

    /// Returns its name, as in configuration and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tls => "tls",
            Self::Quic => "quic",
            Self::OpenVpn => "openvpn",
            Self::WireGuard => "wireguard",
            Self::Gre => "gre",
            Self::Fou => "fou",
            Self::Tinc => "tinc",
        }
    }

    /// Returns the carrier of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|carrier| carrier.name() == name)
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of carriers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Carriers(u8);

impl Carriers {
    /// Returns the set of `carriers`.
    pub fn of(carriers: impl IntoIterator<Item = Carrier>) -> Self {
        Self(carriers.into_iter().fold(0, |set, carrier| set | (1 << carrier as u8)))
    }

    /// Tells whether `carrier` is in the set.
    pub const fn has(self, carrier: Carrier) -> bool {
        self.0 & (1 << carrier as u8) != 0
    }

    /// Returns the carriers that are in both sets.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the members, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Carrier> {
        Carrier::ALL.into_iter().filter(move |carrier| self.has(*carrier))
    }

    /// Tells whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn numbers_and_names_go_both_ways() {
        for carrier in Carrier::ALL {
            assert_eq!(Carrier::from_number(carrier as u8), Some(carrier));
            assert_eq!(Carrier::from_name(carrier.name()), Some(carrier));
        }
        assert_eq!(Carrier::from_number(200), None);
    }

    #[test]
    fn both_sides_share_what_both_have() {
        let ours = Carriers::of([Carrier::Udp, Carrier::Tls]);
        let theirs = Carriers::of([Carrier::Tls, Carrier::Gre]);
        assert_eq!(ours.common(theirs).iter().collect::<Vec<_>>(), vec![Carrier::Tls]);
    }
}
