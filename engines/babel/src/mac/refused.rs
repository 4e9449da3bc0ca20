//! Why a packet is not let in.

/// Why a packet is not let in (RFC 8967 §4.3, RFC 9467).
///
/// All but the first two are found in this order, and nothing is remembered of the sender
/// before [`WrongMac`](Self::WrongMac) is out of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Not a Babel packet of version 2, or shorter than it says.
    #[error("not a whole Babel packet of version 2: look who else uses port 6696")]
    Unreadable,
    /// It came from our own address: somebody sends back what we said.
    #[error("our own packet came back: look for a loop, or for a second node of this address")]
    Echo,
    /// No MAC in the trailer.
    #[error("no MAC: give the neighbour a key, or let packets without MAC in meanwhile")]
    Unsigned,
    /// No MAC fits a key that is accepted now.
    #[error("no MAC fits: compare keys, algorithms, times of validity and clocks at both ends")]
    WrongMac,
    /// There are too many neighbours already.
    #[error("too many neighbours on this interface: divide it")]
    Crowd,
    /// No packet counter.
    #[error("no packet counter: renew the neighbour's software, it breaks RFC 8967")]
    NoCounter,
    /// The sender is not known, or is another than it was; it was challenged, unless that
    /// happened a moment ago. Normal when either end starts.
    #[error("not yet shown to be new: wait for the reply to our challenge")]
    Unproven,
    /// The counter came before.
    #[error("said before: look for a loop, or for somebody who repeats packets")]
    Replayed,
    /// The counter is too far behind to say whether it came before.
    #[error("too late: look for something that holds packets back, or repeats them")]
    Late,
}

impl Refused {
    /// Returns the name of the reason, as in counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Echo => "echo",
            Self::Unsigned => "unsigned",
            Self::WrongMac => "wrong-mac",
            Self::Crowd => "crowd",
            Self::NoCounter => "no-counter",
            Self::Unproven => "unproven",
            Self::Replayed => "replayed",
            Self::Late => "late",
        }
    }
}
