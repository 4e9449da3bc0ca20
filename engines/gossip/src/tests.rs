//! Stories: what is told to nodes, and what they say.

extern crate std;

mod attest;
mod calendar;
mod contacts;
mod documents;
mod elections;
mod escapes;
mod guests;
mod knocks;
mod lan;
mod net;
mod octets;
