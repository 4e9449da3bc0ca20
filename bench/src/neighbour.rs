//! A neighbour of the daemon's, of one kind or the other.

use std::net::Ipv6Addr;

use words::Time;

use crate::own::Own;
use crate::played::{Played, Said};
use crate::told::Told;

/// Which kind of neighbours a daemon has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// They say what the protocol asks for, and no more.
    Played,
    /// They are speakers of our own.
    Own,
}

/// One neighbour.
#[derive(Debug)]
pub(crate) enum Neighbour {
    /// See [`Kind::Played`].
    Played(Box<Played>),
    /// See [`Kind::Own`].
    Own(Box<Own>),
}

impl Neighbour {
    /// Returns neighbour `number`.
    pub(crate) fn new(kind: Kind, number: u32, told: Told, now: Time) -> Self {
        match kind {
            Kind::Played => Self::Played(Box::new(Played::new(number, told, now))),
            Kind::Own => Self::Own(Box::new(Own::new(number, told, now))),
        }
    }

    /// Takes in a packet.
    pub(crate) fn hear(&mut self, from: Ipv6Addr, octets: &[u8], now: Time) {
        match self {
            Self::Played(played) => played.hear(from, octets, now),
            Self::Own(own) => own.hear(from, octets, now),
        }
    }

    /// Does what is due; `room` tells whether the daemon can take more updates.
    pub(crate) fn wake(&mut self, now: Time, room: impl FnMut() -> bool) {
        match self {
            Self::Played(played) => played.wake(now, room),
            Self::Own(own) => own.wake(now),
        }
    }

    /// Returns the next packet to send.
    pub(crate) fn poll(&mut self) -> Option<Said> {
        match self {
            Self::Played(played) => played.poll(),
            Self::Own(own) => own.poll(),
        }
    }

    /// Returns when to be woken.
    pub(crate) fn deadline(&self) -> Time {
        match self {
            Self::Played(played) => played.deadline(),
            Self::Own(own) => own.deadline(),
        }
    }

    /// Returns when it last greeted, if it is a played one.
    pub(crate) fn greeted(&self) -> Option<Time> {
        match self {
            Self::Played(played) => Some(played.greeted()),
            Self::Own(_) => None,
        }
    }

    /// Returns when it began to tell its ranges to a daemon that hears it, if it is a played
    /// one.
    pub(crate) fn telling(&self) -> Option<Time> {
        match self {
            Self::Played(played) => played.telling(),
            Self::Own(_) => None,
        }
    }
}
