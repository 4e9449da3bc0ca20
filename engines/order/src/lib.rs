//! Meshes of meshes: which ranges there are, and what may be said of them on which link.
//!
//! The nodes of a mesh know each other's exact prefixes. Of another mesh they know one range,
//! told by *border nodes*: nodes that at present are members of a second mesh as well. There is
//! one protocol, at every level: routing announces prefixes, and a filter says which may pass.
//!
//! ```text
//!            network                        order 3: two cuts of the trie
//!          ╱         ╲
//!   ── group ────── group ──  cut 0         a node of mesh a knows:
//!      ╱   ╲        ╱   ╲                     the nodes of a   as they are
//!   ─ a ── b ───── c ── d ──  cut 1           b                as one range
//!     ∴    ∴       ∴    ∴                     c and d          as one range, their group's
//! ```
//!
//! - [`MeshMap`]: the ranges, as the network document tells them;
//! - [`Memberships`]: the meshes that a node is a member of;
//! - [`border`]: what may be announced on a link, as it is, as its range, or not at all; what a
//!   border node originates; what is refused;
//! - [`Quorum`], [`Escape`], [`Refuge`]: what keeps a range from becoming a black hole when its
//!   mesh falls apart.
//!
//! Nothing here forwards, and nothing here is a gateway.
//!
//! Source: seed, "Introducing the n-order mesh".
#![no_std]

extern crate alloc;

pub mod border;
mod escape;
mod map;
mod membership;
mod octets;
mod quorum;
mod refuge;
mod refused;

pub use escape::Escape;
pub use map::MeshMap;
pub use membership::Memberships;
pub use quorum::Quorum;
pub use refuge::Refuge;
pub use refused::Refused;
