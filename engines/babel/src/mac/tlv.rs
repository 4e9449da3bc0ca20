//! The TLVs of authentication (RFC 8967 §6).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Type = 16   |    Length     |     MAC ...        (trailer)
//! |   Type = 17   |    Length     |             PC
//! |              PC               |            Index ...
//! |   Type = 18   |    Length     |     Nonce ...      (request)
//! |   Type = 19   |    Length     |     Nonce ...      (reply)
//! ```

use alloc::vec::Vec;

use crate::wire::{MAGIC, VERSION};

/// Octets of the Babel header.
pub(super) const HEADER: usize = 4;
/// Octets of type and length.
pub(super) const PREFACE: usize = 2;

const PAD1: u8 = 0;
const MAC: u8 = 16;
const PC: u8 = 17;
const CHALLENGE_REQUEST: u8 = 18;
const CHALLENGE_REPLY: u8 = 19;

/// Octets of the longest index.
const LONGEST_INDEX: usize = 32;
/// Octets of the longest nonce.
const LONGEST_NONCE: usize = 192;

/// A packet, cut where authentication cuts it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut<'a> {
    /// Header and body.
    pub(super) covered: &'a [u8],
    body: &'a [u8],
    trailer: &'a [u8],
}

impl<'a> Cut<'a> {
    /// Cuts a packet; `None` if it is not Babel, or shorter than it says.
    pub(super) fn of(octets: &'a [u8]) -> Option<Self> {
        let ([MAGIC, VERSION, l0, l1], _) = octets.split_first_chunk::<HEADER>()? else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        let (covered, trailer) = octets.split_at_checked(HEADER + length)?;
        Some(Self { covered, body: covered.get(HEADER..)?, trailer })
    }

    /// Returns the MACs of the trailer. Whatever else there may be is passed over.
    pub(super) fn macs(self) -> impl Iterator<Item = &'a [u8]> + Clone {
        Tlvs(self.trailer).filter_map(|(kind, body)| (kind == MAC).then_some(body))
    }

    /// Returns the first packet counter and its index.
    pub(super) fn counter(self) -> Option<(u32, &'a [u8])> {
        Tlvs(self.body).filter(|(kind, _)| *kind == PC).find_map(|(_, body)| {
            let (counter, index) = body.split_first_chunk::<4>()?;
            (index.len() <= LONGEST_INDEX).then_some((u32::from_be_bytes(*counter), index))
        })
    }

    /// Returns the nonce of the first challenge. Only one may be answered at a time.
    pub(super) fn challenge(self) -> Option<&'a [u8]> {
        self.nonces(CHALLENGE_REQUEST).next()
    }

    /// Returns the nonces that are repeated to us.
    pub(super) fn replies(self) -> impl Iterator<Item = &'a [u8]> {
        self.nonces(CHALLENGE_REPLY)
    }

    fn nonces(self, kind: u8) -> impl Iterator<Item = &'a [u8]> {
        Tlvs(self.body)
            .filter_map(move |(it, body)| (it == kind).then_some(body))
            .filter(|nonce| nonce.len() <= LONGEST_NONCE)
    }
}

/// TLVs, padding of one octet passed over; ends where one runs past the end.
#[derive(Clone, Debug)]
struct Tlvs<'a>(&'a [u8]);

impl<'a> Iterator for Tlvs<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (kind, after) = self.0.split_first()?;
            if *kind == PAD1 {
                self.0 = after;
                continue;
            }
            let whole = after
                .split_first()
                .and_then(|(length, after)| after.split_at_checked(usize::from(*length)));
            let Some((body, after)) = whole else {
                self.0 = &[];
                return None;
            };
            self.0 = after;
            return Some((*kind, body));
        }
    }
}

/// Returns the header of a packet whose body is empty yet.
pub(super) const fn header() -> [u8; HEADER] {
    [MAGIC, VERSION, 0, 0]
}

/// Appends a packet counter.
pub(super) fn put_counter(octets: &mut Vec<u8>, counter: u32, index: &[u8]) {
    let [a, b, c, d] = counter.to_be_bytes();
    let body: Vec<u8> = [a, b, c, d].into_iter().chain(index.iter().copied()).collect();
    put(octets, PC, &body);
}

/// Appends a challenge.
pub(super) fn put_challenge(octets: &mut Vec<u8>, nonce: &[u8]) {
    put(octets, CHALLENGE_REQUEST, nonce);
}

/// Appends the reply to a challenge.
pub(super) fn put_reply(octets: &mut Vec<u8>, nonce: &[u8]) {
    put(octets, CHALLENGE_REPLY, nonce);
}

/// Appends a MAC.
pub(super) fn put_mac(octets: &mut Vec<u8>, mac: &[u8]) {
    put(octets, MAC, mac);
}

/// Appends a TLV; one of more than 255 octets is left out.
fn put(octets: &mut Vec<u8>, kind: u8, body: &[u8]) {
    if let Ok(length) = u8::try_from(body.len()) {
        octets.extend([kind, length]);
        octets.extend_from_slice(body);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn packet(body: &[u8], trailer: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[MAGIC, VERSION], &length[..], body, trailer].concat()
    }

    #[test]
    fn a_mac_counts_in_the_trailer_only_and_a_counter_in_the_body_only() {
        let mut tlvs = vec![0, 1, 1, 0];
        put_mac(&mut tlvs, &[9; 16]);
        put_counter(&mut tlvs, 7, b"index");
        let octets = packet(&tlvs, &[]);
        let cut = Cut::of(&octets).unwrap();
        assert_eq!((cut.macs().count(), cut.counter()), (0, Some((7, &b"index"[..]))));
        let octets = packet(&[], &tlvs);
        let cut = Cut::of(&octets).unwrap();
        assert_eq!((cut.macs().count(), cut.counter()), (1, None));
        assert_eq!(cut.covered, [MAGIC, VERSION, 0, 0]);
    }

    #[test]
    fn lengths_out_of_range_are_passed_over_and_the_next_is_taken() {
        let mut tlvs = vec![PC, 3, 0, 0, 0];
        put_counter(&mut tlvs, 1, &[0; 33]);
        put_counter(&mut tlvs, 2, &[0; 32]);
        put_counter(&mut tlvs, 3, &[]);
        put_challenge(&mut tlvs, &[1; 193]);
        put_challenge(&mut tlvs, &[]);
        put_reply(&mut tlvs, &[1; 192]);
        put_reply(&mut tlvs, &[2; 193]);
        put_mac(&mut tlvs, &[0; 256]);
        let octets = packet(&tlvs, &[]);
        let cut = Cut::of(&octets).unwrap();
        assert_eq!(cut.counter(), Some((2, &[0; 32][..])));
        assert_eq!(cut.challenge(), Some(&[][..]));
        assert_eq!(cut.replies().collect::<Vec<_>>(), [&[1; 192][..]]);
    }

    #[test]
    fn what_is_not_babel_or_too_short_is_not_cut() {
        for octets in [&[][..], &[MAGIC, VERSION, 0], &[MAGIC, 3, 0, 0], &[MAGIC, VERSION, 0, 1]] {
            assert!(Cut::of(octets).is_none());
        }
        let octets = packet(&[PC, 200, 1], &[MAC, 1]);
        let cut = Cut::of(&octets).unwrap();
        assert_eq!((cut.counter(), cut.macs().count()), (None, 0));
    }
}
