//! What a payload protocol must tell the forwarder.

use core::net::Ipv6Addr;

use crate::Why;

/// A protocol whose packets the mesh carries.
///
/// Stateless: two questions about one packet.
pub trait Payload {
    /// Returns where the packet comes from and where it goes.
    ///
    /// Shape: `packet` is one whole packet, from its first octet and not an octet more.
    ///
    /// # Errors
    ///
    /// [`Why::Malformed`] if it is not of this protocol, or not of the length it says;
    /// [`Why::Martian`] if an address has no meaning beyond one machine or one link.
    fn ends(packet: &[u8]) -> Result<Ends, Why>;

    /// Takes one hop off the life of the packet, in place.
    ///
    /// # Errors
    ///
    /// [`Why::Expired`] if there was none left to take; the packet is then unchanged.
    fn age(packet: &mut [u8]) -> Result<(), Why>;
}

/// Both ends of a packet's way, as the table knows addresses: short ones are mapped into
/// IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Who sent it.
    pub source: Ipv6Addr,
    /// Whom it is for.
    pub destination: Ipv6Addr,
}
