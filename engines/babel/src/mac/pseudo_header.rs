//! What a MAC covers (RFC 8967 §4.1).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                    Source address (16 octets)                 |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |          Source port          |  Destination address          |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |  (16 octets)                  |       Destination port        |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |  Babel header and body, without the trailer ...
//! ```

use core::net::Ipv6Addr;

use hmac::digest::Update;

/// The port of Babel, both ends (RFC 8966 §4).
const PORT: u16 = 6696;

/// The octets under a MAC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Covered<'a> {
    pub(super) from: Ipv6Addr,
    pub(super) to: Ipv6Addr,
    /// Babel header and body.
    pub(super) octets: &'a [u8],
}

impl Covered<'_> {
    /// Gives all of them to a hash, in order.
    pub(super) fn put(self, hash: &mut impl Update) {
        for address in [self.from, self.to] {
            hash.update(&address.octets());
            hash.update(&PORT.to_be_bytes());
        }
        hash.update(self.octets);
    }
}
