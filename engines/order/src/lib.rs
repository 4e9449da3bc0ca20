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
//! - [`Election`]: who serves as border node where, computed alike by everybody from the document:
//!   the [`Roster`], the [`Epoch`] with its beacon, and [`Rules`]; [`Outcome`]: the same in all
//!   meshes, from one epoch to the next; [`Service`]: how one begins and
//!   ends to serve without a packet lost; [`Load`]: what a busy node adds to its cost;
//! - [`place`], [`Sizes`], [`Plan`]: where newcomers live, and how meshes split, merge and are
//!   grouped, with everybody keeping its address;
//! - [`Quorum`], [`Escape`], [`Refuge`]: what keeps a range from becoming a black hole when its
//!   mesh falls apart.
//!
//! Nothing here forwards, and nothing here is a gateway.
//!
//! Source: seed, "Introducing the n-order mesh".
#![no_std]

extern crate alloc;

mod again;
pub mod border;
mod elected;
mod election;
mod epoch;
mod escape;
mod hash;
mod load;
mod map;
mod membership;
mod octets;
mod outcome;
mod placing;
mod plan;
mod quorum;
mod race;
mod record;
mod refuge;
mod refused;
mod rings;
mod roster;
mod service;
mod tellers;

pub use elected::{Elected, Source};
pub use election::{Election, Rules, Slot};
pub use epoch::{Beacon, Chain, Commitment, Epoch, Reveal};
pub use escape::Escape;
pub use load::Load;
pub use map::{MeshMap, halves};
pub use membership::Memberships;
pub use outcome::Outcome;
pub use placing::place;
pub use plan::{Change, Phase, Plan, Sizes, mesh_of_link};
pub use quorum::Quorum;
pub use refuge::Refuge;
pub use refused::Refused;
pub use roster::{Member, Roster, median};
pub use service::{Service, Stage};
