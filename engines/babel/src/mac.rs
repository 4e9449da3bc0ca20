//! MAC authentication (RFC 8967), with relaxed packet counters (RFC 9467).
//!
//! ```text
//!             said by the speaker                 told to the speaker
//!                     │                                   ▲
//!                     ▼                                   │ Ok
//!   Guard:  seal: + PC, + one MAC per key        open: MAC? challenge? counter?
//!                     │            poll: challenges,      │
//!                     ▼            and replies to them    │
//!                   socket ◄──────────────┘             socket
//! ```
//!
//! One [`Guard`] stands between the sockets and the speaker of one interface; the speaker knows
//! nothing of it. A neighbour is believed once it has repeated, under a key, a nonce that was
//! made a moment ago; from then on its packet counter must grow. Nothing is remembered of who
//! does not know a key.
//!
//! The world tells each packet with both its addresses, because the MAC covers them, and has
//! checked that both ports are 6696. After every [`open`](Guard::open) it polls before it sends
//! anything else: until a challenger has its reply, it drops all other packets (RFC 8967
//! §4.3.1.2).

mod fresh;
mod guard;
mod key;
mod key_ring;
mod peers;
mod pseudo_header;
mod refused;
mod tlv;
mod window;

#[cfg(test)]
mod tests;

pub use guard::{Counters, Datagram, Guard, Settings};
pub use key::{Algorithm, Key, KeyError, Span};
pub use key_ring::KeyRing;
pub use peers::NeighbourView;
pub use refused::Refused;
