//! Bytes to values and back. The only place that knows the wire's units.
//!
//! ```text
//!  42 │ 2 │ body length │ TLV TLV TLV … │ trailer
//!                         └─ type │ length │ body │ sub-TLVs
//! ```
//!
//! [`Packet`] reads, [`Builder`] writes, one file per TLV in between.
//!
//! Source: RFC 8966 §4, RFC 9079 §7, RFC 9229 §4, RFC 9616 §4.

mod ack;
mod address;
mod buffer;
mod builder;
mod hello;
mod ihu;
mod interval;
mod packet;
mod request;
mod router_id;
mod state;
mod subtlv;
mod tlv;
mod update;

#[cfg(test)]
mod tests;

pub use ack::{Ack, AckRequest};
pub use builder::Builder;
pub use hello::Hello;
pub use ihu::{Echo, Ihu};
pub use interval::Interval;
pub use packet::{Packet, Tlvs};
pub use request::{RouteRequest, SeqnoRequest};
pub use router_id::RouterId;
pub use tlv::Tlv;
pub use update::Update;

/// The first octet of every packet.
pub const MAGIC: u8 = 42;
/// The second octet of every packet.
pub const VERSION: u8 = 2;

/// Bytes that are not Babel, or not Babel that we speak.
///
/// Always the sender's fault, never worth more than a counter: drop the TLV,
/// keep the neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The packet does not begin with 42 and 2, or not even with four octets.
    #[error("not a Babel packet of version 2")]
    Header,
    /// The packet says that it is longer than it is.
    #[error("the packet says {said} octets of body and has {got}")]
    Truncated {
        /// Octets the header promises.
        said: usize,
        /// Octets there are.
        got: usize,
    },
    /// The body ends before its last fixed field.
    #[error("{what} is {got} octets long, {needed} needed")]
    Short {
        /// Which TLV.
        what: &'static str,
        /// Octets there are.
        got: usize,
        /// Octets there should be.
        needed: usize,
    },
    /// A TLV or sub-TLV runs past the end of what contains it.
    #[error("{what} runs past its end")]
    Overrun {
        /// Which TLV, or "packet".
        what: &'static str,
    },
    /// An interval of zero, which the RFC forbids.
    #[error("{what} has no interval")]
    NoInterval {
        /// Which TLV.
        what: &'static str,
    },
    /// A range which its address encoding does not allow.
    #[error("{what} has an impossible prefix length")]
    Length {
        /// Which TLV.
        what: &'static str,
    },
    /// An update that shortens its range without one to take the octets from.
    #[error("an update omits octets that nobody said before")]
    NoDefault,
    /// A finite update before any router-id.
    #[error("an update with no router-id in force")]
    NoRouterId,
    /// A finite IPv4 update with no IPv4 next hop.
    #[error("an IPv4 update with no IPv4 next hop")]
    NoNextHop,
    /// A router-id of only zeros or only ones.
    #[error("an illegal router-id")]
    RouterId,
    /// A wildcard where the RFC wants a range, or a finite wildcard update.
    #[error("{what} may not be a wildcard")]
    Wildcard {
        /// Which TLV.
        what: &'static str,
    },
    /// An IPv6 range inside `::ffff:0:0/96`, which would be taken for IPv4.
    #[error("{what} says an IPv4 range as if it were IPv6")]
    Mapped {
        /// Which TLV.
        what: &'static str,
    },
    /// A source prefix of length zero, or longer than its address encoding or its octets.
    #[error("{what} has a source prefix of an impossible length")]
    SourceLength {
        /// Which TLV.
        what: &'static str,
    },
    /// More than one source prefix.
    #[error("{what} has two source prefixes")]
    Sources {
        /// Which TLV.
        what: &'static str,
    },
    /// A wildcard with a source prefix; a wildcard is about all sources.
    #[error("{what} is a wildcard and has a source prefix")]
    SourceOfAll {
        /// Which TLV.
        what: &'static str,
    },
    /// A request that may not travel any further.
    #[error("a request with hop count zero")]
    HopCount,
    /// Not an error of the sender: an address encoding that we do not speak.
    #[error("{what} has an address encoding that is not spoken here")]
    Encoding {
        /// Which TLV.
        what: &'static str,
    },
    /// Not an error of the sender: a mandatory sub-TLV that we do not speak.
    #[error("{what} has a mandatory sub-TLV that is not spoken here")]
    Mandatory {
        /// Which TLV.
        what: &'static str,
    },
}

impl Malformed {
    /// Returns the name of the reason, as in counters.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Truncated { .. } => "truncated",
            Self::Short { .. } => "short",
            Self::Overrun { .. } => "overrun",
            Self::NoInterval { .. } => "no-interval",
            Self::Length { .. } => "prefix-length",
            Self::NoDefault => "no-default-prefix",
            Self::NoRouterId => "no-router-id",
            Self::NoNextHop => "no-next-hop",
            Self::RouterId => "router-id",
            Self::Wildcard { .. } => "wildcard",
            Self::Mapped { .. } => "mapped-ipv4",
            Self::SourceLength { .. } => "source-prefix-length",
            Self::Sources { .. } => "source-prefix-twice",
            Self::SourceOfAll { .. } => "source-prefix-of-wildcard",
            Self::HopCount => "hop-count",
            Self::Encoding { .. } => "address-encoding",
            Self::Mandatory { .. } => "mandatory-sub-tlv",
        }
    }
}
