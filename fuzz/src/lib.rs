//! Every door where octets of others come in, as a function that must not panic.
//!
//! A [`Target`] takes any octets. Its corpus, in the folder of its name below
//! `corpus/`, is replayed by `tests/corpus.rs`; `tests/mutation.rs` replays it bent,
//! cut and spliced, in an order that one seed fixes. See `README.md` beside.

mod mutate;
mod script;
pub mod targets;
mod told;

pub use mutate::Mutator;
pub use script::Script;
pub use targets::TARGETS;

/// One door.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder of seeds.
    pub name: &'static str,
    /// Gives it octets. Panics if they break what must always hold.
    pub run: fn(&[u8]),
    /// Makes the first seeds: octets that get far inside.
    pub seeds: fn() -> Vec<Vec<u8>>,
}
