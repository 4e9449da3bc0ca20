//! A Babel speaker, as a pure engine that knows nothing of re6st: RFC 8966, with delays in its
//! metric (RFC 9616), routes for some senders only (RFC 9079), IPv4 routes with IPv6 next hops
//! (RFC 9229), and authentication (RFC 8967, RFC 9467).
//!
//! A [`Speaker`] is told [`Input`]s and says [`Output`]s. The packets it says are whole Babel
//! packets; what carries them is the world's business.
//!
//! Two rules keep it free of loops, whatever is lost or late: nothing unfeasible or infinite
//! is ever selected, and the source table is written before an update leaves.
#![no_std]

extern crate alloc;

mod admit;
mod age;
mod agenda;
mod announce;
mod babel;
mod candidates;
mod counters;
mod feasibility;
mod few;
mod flight;
mod gather;
mod heard;
mod history;
mod interface;
mod intern;
mod journal;
mod key;
mod learn;
mod links;
pub mod mac;
mod metric;
mod neighbour;
mod outbox;
mod packets;
mod policy;
mod press;
mod profile;
mod rare;
mod request;
mod rest;
mod rows;
mod select;
mod seqno;
mod settings;
mod settle;
mod several;
mod speaker;
mod status;
mod views;
mod vocabulary;
pub mod wire;

pub use admit::{Admissions, Change};
pub use babel::{Babel, LinkNeighbour, LinkOffer, LinkRoute, MeshSettings};
pub use candidates::{Candidate, Candidates, Columns, Slot, TopK};
pub use counters::{Counters, Ignored};
pub use feasibility::Distance;
pub use key::{Family, Key, KeyError, range};
pub use metric::{Cost, Metric};
pub use policy::{Open, Place, Policy};
pub use profile::{Kind, Profile, Ramp};
pub use seqno::Seqno;
pub use settings::Settings;
pub use speaker::{Speaker, Why};
pub use status::{NeighbourView, RouteView};
pub use vocabulary::{Hop, Input, Interface, Output, Way};
pub use wire::RouterId;

#[cfg(test)]
mod tests;
