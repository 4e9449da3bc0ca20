//! Packets in, verdicts out: what a router must do, and nothing else.
//!
//! ```text
//!  packet ─► its protocol: ipv6, ipv4 ─► fib: longest match ─► verdict
//!                                                               │
//!             deliver · send by a link · answer by ICMP · drop ◄┘
//! ```
//!
//! There is no state but the table, and nobody waits: the table is built anew when
//! routing changes, and shared as it is. Of a packet, the hop limit (and for IPv4 its
//! checksum) changes, and in a TCP SYN from our own kernel the segment size.
#![no_std]

extern crate alloc;

mod checksum;
mod fib;
mod icmp;
mod ipv4;
mod ipv6;
mod mss;
mod payload;
mod verdict;

#[cfg(test)]
mod tests;

pub use fib::{Own, Table, Target, mapped};
pub use ipv4::Ipv4;
pub use ipv6::Ipv6;
pub use payload::{Ends, Payload};
pub use verdict::{Verdict, Where, Why, judge};
