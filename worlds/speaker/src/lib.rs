//! The Babel engine as a routing daemon of its own, on real interfaces.
//!
//! One thread, one loop: packets, the kernel's notices, questions and time come in through
//! one poll set, and the pure [`babel::Speaker`] is told of them. Everything that decides
//! is a small pure file beside the loop: rules, reconciliation with the kernel's table,
//! admission of packets, what is announced, and the text that tools read.

pub mod config;
pub mod control;

mod admission;
mod doors;
mod faces;
mod installer;
mod kernel;
mod memory;
mod offers;
mod policy;
mod rule;
mod run;
mod text;
mod world;

pub use config::Config;
pub use run::run;
