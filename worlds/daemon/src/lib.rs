//! The real world of a node: its clock, its sockets, its disk, and the order of events.
//!
//! One control thread runs one loop ([`world`](self)) around the pure engines; packet
//! threads ([`plane`]) move payload and share only immutable snapshots with it; a few
//! small threads wait for what is slow (registry, overlay socket, control socket).

pub mod config;
pub mod contacts;
pub mod control;
pub mod plane;
pub mod record;

mod addresses;
mod birth;
mod identity;
mod interface;
mod join;
mod keeper;
mod lan;
mod mapper;
mod overlay;
mod places;
mod registrar;
mod spared;
mod state;
mod tally;
mod up;
mod uplink;
mod world;

pub use birth::replay;
pub use config::Config;
pub use join::{Join, Joined, join};
pub use up::{Up, up};
