//! The registry: who may be a node, which prefix it gets, and whom it meets first.
//!
//! ```text
//! re6st registry …  ─► found, invite, revoke, …  ─┐
//!                                                 ├─► registry.db (store)
//! re6st registry serve ─► server (HTTPS, JSON) ───┘
//!                            ▲
//! re6st join, re6st up ─► client
//! ```
//!
//! Everything a registry is lies in one directory: `ca.key`, `ca.pem`, `registry.db`,
//! `registry.toml`. Server and command line share it without speaking to each other: the
//! server looks at the rows every [`server::WATCH`].
//!
//! The mesh never waits for the registry: a node that cannot reach it lives on.

pub mod client;
pub mod server;

mod address;
mod directory;
mod duties;
mod error;
mod found;
mod govern;
mod invitation;
mod meshes;
mod proof;
mod protocol;
mod refusal;
mod restore;
mod room;
mod settings;

pub use error::Error;
pub use found::{Founded, Options, init};
pub use govern::{
    invite, merge_meshes, nodes, raise_version, revoke, set_elections, set_parameters, show_meshes,
    split_mesh,
};
pub use invitation::{Invitation, InvitationError, Token};
pub use meshes::{Change, Division};
pub use refusal::Code;
pub use restore::{Adopted, restore};
pub use server::{serve, signalled};
pub use settings::{Limits, Settings};
pub use store::{Node, Restored, Revocation, Seat};
