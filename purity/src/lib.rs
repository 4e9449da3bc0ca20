//! The proof that engines are pure: a program with no operating system below it.
//!
//! ```text
//! cargo build --package purity --profile purity
//! ```
//!
//! The program brings its own panic handler and its own allocator and links all
//! engines. `std` has a panic handler too, so the build fails with "found
//! duplicate lang item `panic_impl`" as soon as one engine, or one dependency of
//! one engine, says `extern crate std` or turns a `std` feature on. Where the
//! target `x86_64-unknown-none` is installed, `cargo xtask test purity` builds
//! the engines for it as well.
//!
//! In profiles that unwind there is nothing here: unwinding belongs to `std`.
#![cfg_attr(panic = "abort", no_std)]

#[cfg(panic = "abort")]
mod program;
