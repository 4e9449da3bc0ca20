//! Chance decides; exceptions are named.
//!
//! # The principles
//!
//! 1. **Arrows are chosen at random** ([`selection`]).
//! 2. **Arrows are destroyed at random** ([`destruction`]): destruction creates life.
//! 3. **Nothing is grouped**: by region, by provider or by use.
//! 4. **One protocol at every level**: no gateway.
//!
//! The first two have one shape: every candidate puts one ball in the [`Urn`],
//! exceptions may *add* balls, chance draws. An [`Urn`] has no way to take a ball
//! out, so no exception, present or future, can make a node unreachable or an arrow
//! immortal; and it takes fewer balls of all exceptions together than chance put in, so
//! none can make chance the exception. The last two are about what is *not* here: a candidate has no region,
//! no provider and no use that the principle could read. Border nodes, which are members of two
//! meshes, are elected by a public draw of the same shape ([`election`]).
//!
//! # The exceptions
//!
//! One file each, all listed in [`exceptions::ALL`], from which `PRINCIPLES.md` at
//! the root of the project is rendered ([`document`]). A bend which is not in that
//! list is a bug.
//!
//! # What is refused
//!
//! `tests/refused_ideas.rs` keeps the tempting ideas, each with the [`law`] it breaks.
//!
//! Source: seed, "Preserving design principles through practical exceptions".
#![no_std]

extern crate alloc;

pub mod destruction;
pub mod document;
pub mod election;
pub mod exceptions;
pub mod law;
pub mod selection;
mod urn;

pub use selection::Traits;
pub use urn::{Cause, Drawn, Urn};
