//! What a link carried, as whoever carries it counts it.

use crate::{LinkId, Time};

/// What crossed a link since this was last said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The link.
    pub link: LinkId,
    /// When anything authentic last came in through it, payload or not.
    pub heard: Time,
    /// When payload last crossed it, either way, if any did since this was last said.
    pub carried: Option<Time>,
    /// How many packets the other end sent, payload or not, as their numbers tell.
    pub sent: u32,
    /// How many of them came, at most `sent`.
    pub came: u32,
}
