//! Who tells what to whom: the network document and the contacts of nodes.
//!
//! This engine knows no cryptography: an [`Authority`] answers its questions.
#![no_std]

extern crate alloc;

mod authority;
mod codec;
mod contact;
mod document;
mod introduction;
mod parameters;
mod refused;

pub use authority::{Authority, Identity, PublicKey};
pub use contact::{Contact, Endpoint};
pub use document::{Document, SignedDocument};
pub use introduction::Introduction;
pub use parameters::Parameters;
pub use refused::{Malformed, Refused};
