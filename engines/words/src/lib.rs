//! The words all engines share: ids, time, chance, shares and vocabularies.
//!
//! Everything here is a small value. Nothing here knows a socket, a clock or a
//! file, and `no_std` keeps it so: without `std` there is no `Instant::now`, no
//! thread, no `HashMap`, so an engine built on these words cannot cheat.
#![no_std]

extern crate alloc;

pub mod carrier;
pub mod frame;
pub mod routing;

mod bucket;
mod dice;
mod engine;
mod id;
mod ipv4_plan;
mod names;
mod prefix;
mod share;
mod span;
mod time;
mod traffic;
mod wall;

pub use bucket::Bucket;
pub use carrier::{Carrier, Carriers};
pub use dice::Dice;
pub use engine::{Engine, next_said};
pub use id::{LinkId, NodeId};
pub use ipv4_plan::{Ipv4Plan, Ipv4PlanError};
pub use names::Names;
pub use prefix::{Prefix, PrefixError};
pub use share::Share;
pub use span::{read_span, write_span};
pub use time::{Deadline, Micros, Time};
pub use traffic::Traffic;
pub use wall::Wall;
