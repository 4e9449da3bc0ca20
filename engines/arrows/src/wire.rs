//! The words of the two ends of an arrow, as octets.
//!
//! ```text
//!  ┌──────┬──────────────────────────────────────────────────────────────────┐
//!  │ kind │ what follows                                                     │
//!  ├──────┼──────────────────────────────────────────────────────────────────┤
//!  │   1  │ Probe       token, 8 octets                                      │
//!  │   2  │ Echo        token, 8 octets: the probe's                         │
//!  │   3  │ Drain       owner: shun the link, it is condemned                │
//!  │   4  │ Draining    acceptor: I do; routes still over it, 4 octets       │
//!  │   5  │ Left        acceptor: no route of mine uses it, nothing crosses  │
//!  │   6  │ Goodbye     owner: I left too, routing has forgotten it; close?  │
//!  │   7  │ GoodbyeAck  acceptor: I close                                    │
//!  │   8  │ Farewell    either that stops, or is at its limit: I close       │
//!  │   9  │ Uses        acceptor: so many routes of mine use it, 4 octets    │
//!  └──────┴──────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Numbers are big-endian. The carrier may lose, repeat and reorder them: each may be
//! said again without harm. Octets after those drawn are for later versions, and ignored.

use alloc::vec::Vec;

/// A word of one end to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Probe(u64),
    Echo(u64),
    Drain,
    Draining(u32),
    Left,
    Goodbye,
    GoodbyeAck,
    Farewell,
    Uses(u32),
}

/// What is not followed of what the other end says.
///
/// Always the other end's fault, never worth more than a counter: drop the word,
/// keep the link. A word is about the link it comes by and cannot name another, so nobody
/// can say anything of others' links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The word ends before its last field.
    #[error("a word of {got} octets, too short for its kind")]
    Short {
        /// Octets there were.
        got: usize,
    },
    /// The kind is of a later version, or nonsense.
    #[error("unknown kind of word {0}")]
    Unknown(u8),
    /// Only the owner of the link, or only the other, may say this.
    #[error("a word of kind {0} from the wrong end")]
    Misplaced(u8),
    /// It answers what was never said: the link does not drain, or we did not say goodbye.
    #[error("a word of kind {0} that answers nothing")]
    Untimely(u8),
    /// More words than any honest end has to say.
    #[error("more words than one link may say")]
    Flood,
}

impl Malformed {
    /// Returns its name, as in counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Short { .. } => "short",
            Self::Unknown(_) => "unknown",
            Self::Misplaced(_) => "misplaced",
            Self::Untimely(_) => "untimely",
            Self::Flood => "flood",
        }
    }
}

impl Frame {
    /// Returns the number of its kind.
    pub(crate) const fn kind(self) -> u8 {
        match self {
            Self::Probe(_) => 1,
            Self::Echo(_) => 2,
            Self::Drain => 3,
            Self::Draining(_) => 4,
            Self::Left => 5,
            Self::Goodbye => 6,
            Self::GoodbyeAck => 7,
            Self::Farewell => 8,
            Self::Uses(_) => 9,
        }
    }

    /// Writes the word.
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(9);
        octets.push(self.kind());
        match self {
            Self::Probe(token) | Self::Echo(token) => octets.extend(token.to_be_bytes()),
            Self::Draining(routes) | Self::Uses(routes) => octets.extend(routes.to_be_bytes()),
            Self::Drain | Self::Left | Self::Goodbye | Self::GoodbyeAck | Self::Farewell => {}
        }
        octets
    }

    /// Reads a word.
    ///
    /// # Errors
    ///
    /// [`Malformed::Short`] if a field is missing, [`Malformed::Unknown`] for another kind.
    pub(crate) fn decode(octets: &[u8]) -> Result<Self, Malformed> {
        let short = Malformed::Short { got: octets.len() };
        let (kind, rest) = octets.split_first().ok_or(short)?;
        let token = || rest.first_chunk().copied().map(u64::from_be_bytes).ok_or(short);
        let routes = || rest.first_chunk().copied().map(u32::from_be_bytes).ok_or(short);
        match *kind {
            1 => Ok(Self::Probe(token()?)),
            2 => Ok(Self::Echo(token()?)),
            3 => Ok(Self::Drain),
            4 => Ok(Self::Draining(routes()?)),
            5 => Ok(Self::Left),
            6 => Ok(Self::Goodbye),
            7 => Ok(Self::GoodbyeAck),
            8 => Ok(Self::Farewell),
            9 => Ok(Self::Uses(routes()?)),
            other => Err(Malformed::Unknown(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames() -> impl Strategy<Value = Frame> {
        prop_oneof![
            any::<u64>().prop_map(Frame::Probe),
            any::<u64>().prop_map(Frame::Echo),
            Just(Frame::Drain),
            any::<u32>().prop_map(Frame::Draining),
            Just(Frame::Left),
            Just(Frame::Goodbye),
            Just(Frame::GoodbyeAck),
            Just(Frame::Farewell),
            any::<u32>().prop_map(Frame::Uses),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(frame in frames(), later in any::<Vec<u8>>()) {
            let mut octets = frame.encode();
            prop_assert_eq!(Frame::decode(&octets), Ok(frame));
            octets.extend(later);
            prop_assert_eq!(Frame::decode(&octets), Ok(frame));
        }

        #[test]
        fn no_octets_make_us_panic(octets in any::<Vec<u8>>()) {
            if let Ok(frame) = Frame::decode(&octets) {
                prop_assert!(octets.starts_with(&frame.encode()));
            }
        }

        #[test]
        fn half_a_word_is_an_error(frame in frames()) {
            let octets = frame.encode();
            let half = &octets[..octets.len() - 1];
            prop_assert_eq!(Frame::decode(half), Err(Malformed::Short { got: half.len() }));
        }
    }

    #[test]
    fn an_unknown_kind_is_named() {
        assert_eq!(Frame::decode(&[0]), Err(Malformed::Unknown(0)));
        assert_eq!(Frame::decode(&[10, 1]), Err(Malformed::Unknown(10)));
    }
}
