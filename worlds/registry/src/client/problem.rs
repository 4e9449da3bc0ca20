//! What can go wrong between a node and its registry, and what to do about it.

use crypto::KeyError;

use crate::invitation::InvitationError;
use crate::refusal::Code;

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not an address, or none.
    #[error("{address:?} is no address of a registry; write it as HOST:PORT")]
    Address {
        /// What is wrong; empty if there is no address at all.
        address: String,
    },
    /// The registry does not answer.
    #[error(
        "the registry at {address} does not answer ({why}); check the network, and that it runs"
    )]
    Unreachable {
        /// Where.
        address: String,
        /// What the system says.
        why: String,
    },
    /// Who answers is not our network's registry.
    #[error(
        "who answers at {address} is not the registry of this network; \
         ask for a new invitation, and whether somebody is in between"
    )]
    WrongAuthority {
        /// Where.
        address: String,
    },
    /// The calendars of both sides differ.
    #[error("this computer and the registry at {address} disagree on the date; set the clock")]
    Clock {
        /// Where.
        address: String,
    },
    /// The invitation cannot be used.
    #[error(transparent)]
    Invitation(#[from] InvitationError),
    /// The registry says no.
    #[error("{error}; {remedy}")]
    Refused {
        /// Why, for programs.
        code: Code,
        /// Why, for people.
        error: String,
        /// What to do.
        remedy: String,
    },
    /// An answer that cannot be understood.
    #[error(
        "the registry at {address} says what this program does not understand ({what}); update both"
    )]
    Answer {
        /// Where.
        address: String,
        /// What is wrong with it.
        what: String,
    },
    /// Our own key does not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Problem {
    /// Tells whether another address of the registry may do better.
    pub(crate) const fn is_of_the_way(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::WrongAuthority { .. }
            | Self::Clock { .. }
            | Self::Answer { .. } => true,
            Self::Refused { code, .. } => matches!(code, Code::Busy | Code::Trouble),
            Self::Address { .. } | Self::Invitation(_) | Self::Key(_) => false,
        }
    }
}
