//! The words that nodes exchange; numbers are big endian.
//!
//! ```text
//! through a link:
//!   1 │ mine 8 │ yours 8                       my version, and yours as I know it
//!   2 │ version 8 │ first 2 │ count 1          send these chunks of that document
//!   3 │ version 8 │ total 4 │ index 2 │ octets   a chunk, of CHUNK octets but the last
//!   4 │ introduction                           this node escaped, or has come back
//!   5 │ epoch 8 │ number 1 │ zeros           a word of a train, of TRAIN octets in all
//!   6 │ date 8                               what my calendar says, in seconds since 1970:
//!                                              where the network is divided in meshes only
//! over the overlay:
//!   1 │ introduction of the asker              how are you reached?
//!   2 │ introduction of the asked              so
//!   3 │ token 4 │ introduction of the asker    I dial you in vain: beckon, and answer
//!   4 │ introduction, 5 │ token 8, 6 │ token 8 │ introduction   guests of an exit
//!   7 │ epoch 8 │ number 1 │ token 8 │ zeros a word of a train, of TRAIN octets in all
//!   8 │ epoch 8 │ number 1 │ nonce 8         may I send you that train?
//!   9 │ nonce 8 │ token 8                    with this token, you who said this nonce
//! ```

use alloc::vec::Vec;

use words::Wall;

use crate::Malformed;

/// Octets of a chunk; the last one of a document may be shorter.
pub(crate) const CHUNK: usize = 1000;

/// Octets of a word of a train: as long as packets usually are, and no longer than fits any link.
pub(crate) const TRAIN: usize = 1100;

/// Many equal words sent at once, by which is seen how fast they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Train {
    /// The epoch in which it is attested.
    pub(crate) epoch: u64,
    /// Which of the trains between the two, in this epoch.
    pub(crate) number: u8,
    /// What the attester gave for it, over the overlay; 0 through a link, which proves who sends.
    pub(crate) token: u64,
}

impl Train {
    fn encode(self, kind: u8) -> Vec<u8> {
        let mut out = alloc::vec![kind];
        out.extend(self.epoch.to_be_bytes());
        out.push(self.number);
        out.extend(self.token.to_be_bytes());
        out.resize(TRAIN, 0);
        out
    }

    /// Reads what follows the kind.
    fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let (epoch, rest) = number::<8>(body)?;
        let (number, rest) = rest.split_first().ok_or(BROKEN)?;
        let (token, filling) = self::number::<8>(rest)?;
        let whole = body.len() == TRAIN - 1 && filling.iter().all(|octet| *octet == 0);
        let (epoch, token) = (u64::from_be_bytes(epoch), u64::from_be_bytes(token));
        let train = Self { epoch, number: *number, token };
        if whole { Ok(train) } else { Err(BROKEN) }
    }
}

const BROKEN: Malformed = Malformed::Form { what: "word of gossip" };

/// A word through a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word<'a> {
    /// I have the document `mine`, and believe that you have `yours`; 0 is none.
    Version { mine: u64, yours: u64 },
    /// Send me `count` chunks of this version, from `first` on.
    Fetch { version: u64, first: u16, count: u8 },
    /// Chunk `index` of the signed document of this version, `total` octets long.
    Chunk { version: u64, total: u32, index: u16, octets: &'a [u8] },
    /// Who shows this introduction escaped, or has come back.
    Escape(&'a [u8]),
    /// One of the words by which you see what I carry.
    Train(Train),
    /// My calendar says this.
    Date(Wall),
}

impl<'a> Word<'a> {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Version { mine, yours } => {
                out.push(1);
                out.extend(mine.to_be_bytes());
                out.extend(yours.to_be_bytes());
            }
            Self::Fetch { version, first, count } => {
                out.push(2);
                out.extend(version.to_be_bytes());
                out.extend(first.to_be_bytes());
                out.push(count);
            }
            Self::Chunk { version, total, index, octets } => {
                out.push(3);
                out.extend(version.to_be_bytes());
                out.extend(total.to_be_bytes());
                out.extend(index.to_be_bytes());
                out.extend(octets);
            }
            Self::Escape(introduction) => {
                out.push(4);
                out.extend(introduction);
            }
            Self::Train(train) => out = train.encode(5),
            Self::Date(wall) => {
                out.push(6);
                out.extend(wall.0.to_be_bytes());
            }
        }
        out
    }

    /// Reads a word; an introduction is not looked at.
    ///
    /// # Errors
    ///
    /// [`Malformed::Form`] for other octets.
    pub(crate) fn decode(frame: &'a [u8]) -> Result<Self, Malformed> {
        let (kind, body) = frame.split_first().ok_or(BROKEN)?;
        if *kind == 4 {
            return Ok(Self::Escape(body));
        }
        if *kind == 5 {
            return Ok(Self::Train(Train::decode(body)?));
        }
        let (first, body) = number::<8>(body)?;
        match kind {
            1 => {
                let (yours, rest) = number::<8>(body)?;
                let word = Self::Version {
                    mine: u64::from_be_bytes(first),
                    yours: u64::from_be_bytes(yours),
                };
                if rest.is_empty() { Ok(word) } else { Err(BROKEN) }
            }
            2 => {
                let version = u64::from_be_bytes(first);
                let (first, rest) = number::<2>(body)?;
                let [count] = rest else { return Err(BROKEN) };
                Ok(Self::Fetch { version, first: u16::from_be_bytes(first), count: *count })
            }
            3 => {
                let version = u64::from_be_bytes(first);
                let (total, body) = number::<4>(body)?;
                let (index, octets) = number::<2>(body)?;
                let (total, index) = (u32::from_be_bytes(total), u16::from_be_bytes(index));
                let whole = (1..=CHUNK).contains(&octets.len());
                let word = Self::Chunk { version, total, index, octets };
                if whole { Ok(word) } else { Err(BROKEN) }
            }
            6 if body.is_empty() => Ok(Self::Date(Wall(u64::from_be_bytes(first)))),
            _ => Err(BROKEN),
        }
    }
}

/// A word over the overlay, with the encoded introduction of who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remote<'a> {
    /// How are you reached?
    Ask(&'a [u8]),
    /// So am I reached.
    Answer(&'a [u8]),
    /// I dial you, and hear nothing: beckon to my endpoints, with the token of my dial; and
    /// how are you reached?
    Knock(u32, &'a [u8]),
    /// I would leave the network by you.
    Out(&'a [u8]),
    /// Say that again with this token, so that I know that my words reach you.
    Token(u64),
    /// I would leave the network by you, who gave me this token.
    OutBy(u64, &'a [u8]),
    /// One of the words by which you see what I carry.
    Train(Train),
    /// May I send you this train of this epoch? Say so with this nonce.
    Offer { epoch: u64, number: u8, nonce: u64 },
    /// You who said this nonce may, with this token.
    Begin { nonce: u64, token: u64 },
}

impl<'a> Remote<'a> {
    pub(crate) fn encode(self) -> Vec<u8> {
        match self {
            Self::Ask(introduction) => [&[1], introduction].concat(),
            Self::Answer(introduction) => [&[2], introduction].concat(),
            Self::Knock(token, introduction) => {
                [&[3][..], &token.to_be_bytes(), introduction].concat()
            }
            Self::Out(introduction) => [&[4], introduction].concat(),
            Self::Token(token) => [&[5][..], &token.to_be_bytes()].concat(),
            Self::OutBy(token, introduction) => {
                [&[6][..], &token.to_be_bytes(), introduction].concat()
            }
            Self::Train(train) => train.encode(7),
            Self::Offer { epoch, number, nonce } => {
                [&[8][..], &epoch.to_be_bytes(), &[number], &nonce.to_be_bytes()].concat()
            }
            Self::Begin { nonce, token } => {
                [&[9][..], &nonce.to_be_bytes(), &token.to_be_bytes()].concat()
            }
        }
    }

    /// Reads a word; the introduction is not looked at.
    ///
    /// # Errors
    ///
    /// [`Malformed::Form`] for other octets.
    pub(crate) fn decode(datagram: &'a [u8]) -> Result<Self, Malformed> {
        match datagram {
            [1, introduction @ ..] => Ok(Self::Ask(introduction)),
            [2, introduction @ ..] => Ok(Self::Answer(introduction)),
            [3, a, b, c, d, introduction @ ..] => {
                Ok(Self::Knock(u32::from_be_bytes([*a, *b, *c, *d]), introduction))
            }
            [4, introduction @ ..] => Ok(Self::Out(introduction)),
            [5, token @ ..] => match number::<8>(token)? {
                (token, []) => Ok(Self::Token(u64::from_be_bytes(token))),
                _ => Err(BROKEN),
            },
            [6, rest @ ..] => {
                let (token, introduction) = number::<8>(rest)?;
                Ok(Self::OutBy(u64::from_be_bytes(token), introduction))
            }
            [7, body @ ..] => Ok(Self::Train(Train::decode(body)?)),
            [8, body @ ..] => {
                let (epoch, rest) = number::<8>(body)?;
                let (which, rest) = rest.split_first().ok_or(BROKEN)?;
                let (nonce, rest) = number::<8>(rest)?;
                let (epoch, nonce) = (u64::from_be_bytes(epoch), u64::from_be_bytes(nonce));
                let word = Self::Offer { epoch, number: *which, nonce };
                if rest.is_empty() { Ok(word) } else { Err(BROKEN) }
            }
            [9, body @ ..] => {
                let (nonce, rest) = number::<8>(body)?;
                let (token, rest) = number::<8>(rest)?;
                let (nonce, token) = (u64::from_be_bytes(nonce), u64::from_be_bytes(token));
                if rest.is_empty() { Ok(Self::Begin { nonce, token }) } else { Err(BROKEN) }
            }
            _ => Err(BROKEN),
        }
    }
}

fn number<const N: usize>(octets: &[u8]) -> Result<([u8; N], &[u8]), Malformed> {
    let (number, rest) = octets.split_first_chunk::<N>().ok_or(BROKEN)?;
    Ok((*number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_go_both_ways(a: u64, b: u64, first: u16, count: u8, octets in vec(any::<u8>(), 1..=CHUNK)) {
            let total = u32::try_from(a >> 32).unwrap();
            let train = Train { epoch: a, number: count, token: b };
            for word in [
                Word::Train(train),
                Word::Date(Wall(b)),
                Word::Version { mine: a, yours: b },
                Word::Fetch { version: a, first, count },
                Word::Chunk { version: b, total, index: first, octets: &octets },
                Word::Escape(&octets),
            ] {
                let octets = word.encode();
                prop_assert_eq!(Word::decode(&octets), Ok(word));
            }
            let (knock, out) = (Remote::Knock(total, &octets), Remote::Out(&octets));
            let (token, by) = (Remote::Token(a), Remote::OutBy(a, &octets));
            let (ask, answer, train) = (Remote::Ask(&octets), Remote::Answer(&octets), Remote::Train(train));
            let offer = Remote::Offer { epoch: a, number: count, nonce: b };
            let begin = Remote::Begin { nonce: a, token: b };
            for word in [ask, answer, knock, out, token, by, train, offer, begin] {
                let octets = word.encode();
                prop_assert_eq!(Remote::decode(&octets), Ok(word));
            }
        }

        #[test]
        fn what_is_read_is_written_so(octets in vec(any::<u8>(), 0..40), kind in 0..10_u8) {
            let octets = [alloc::vec![kind], octets].concat();
            if let Ok(word) = Word::decode(&octets) {
                prop_assert_eq!(word.encode(), octets.clone());
            }
            if let Ok(word) = Remote::decode(&octets) {
                prop_assert_eq!(word.encode(), octets);
            }
        }
    }
}
