//! What we ask of Linux: packets, addresses, routes, namespaces, time and chance.
//!
//! Each module wraps one outside thing and decides nothing. Every error says what
//! was tried, what the kernel answered and what to do about it. `unsafe` is written
//! here and nowhere else, in the modules that call the kernel directly.

mod batch;
mod clock;
mod detour;
pub mod entropy;
mod error;
pub mod firewall;
mod group;
mod large_pages;
mod links;
mod masquerade;
mod namespace;
mod netlink;
mod poll;
mod requests;
mod route_message;
mod routes;
mod signal;
pub mod sysctl;
mod talk;
mod tun;
mod udp;
mod usage;
mod watch;

pub use batch::{BATCH, Batch, Burst, LARGEST};
pub use clock::Clock;
pub use detour::Detour;
pub use entropy::seed;
pub use error::Error;
pub use group::{Group, Received};
pub use large_pages::take_large_pages;
pub use links::{InterfaceAddress, LinkState, addresses, links};
pub use masquerade::Masquerade;
pub use namespace::{Namespace, Rights, acquire_rights, private_directory, tie_to_parent};
pub use netlink::{Destination, Netlink, Route};
pub use poll::{Epoll, Waker, readable};
pub use routes::{Change, KernelRoute, RouteTables, Via};
pub use signal::{Signal, Signals};
pub use tun::{Queues, Tun};
pub use udp::Udp;
pub use usage::{Usage, give_memory_back};
pub use watch::{Notice, Watch};
