//! What may follow the fixed part of a TLV (RFC 8966 §4.4, RFC 9616 §4).
//!
//! Type and length octets, then that many octets; type 0 is a single octet. Types from
//! 128 up are mandatory: a speaker that does not know one ignores the whole TLV.

use super::Malformed;

/// The sub-TLVs of one TLV that are spoken here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SubTlvs<'a> {
    /// The first timestamp sub-TLV, as octets: 4 in a Hello, 8 in an IHU.
    pub(super) timestamp: Option<&'a [u8]>,
    /// There is a mandatory one that we do not know.
    pub(super) mandatory: bool,
}

impl<'a> SubTlvs<'a> {
    /// Reads all of `rest`, which follows the fixed part of the TLV called `what`.
    ///
    /// # Errors
    ///
    /// [`Malformed::Overrun`] if one runs past the end.
    pub(super) fn decode(what: &'static str, mut rest: &'a [u8]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        while let [kind, after @ ..] = rest {
            if *kind == PAD1 {
                rest = after;
                continue;
            }
            let overrun = Malformed::Overrun { what };
            let (length, after) = after.split_first().ok_or(overrun)?;
            let (body, after) = after.split_at_checked(usize::from(*length)).ok_or(overrun)?;
            match *kind {
                TIMESTAMP => found.timestamp = found.timestamp.or(Some(body)),
                MANDATORY.. => found.mandatory = true,
                _ => {}
            }
            rest = after;
        }
        Ok(found)
    }

    /// Returns what was found, if nothing mandatory is unknown.
    ///
    /// # Errors
    ///
    /// [`Malformed::Mandatory`] otherwise.
    pub(super) const fn understood(self, what: &'static str) -> Result<Self, Malformed> {
        if self.mandatory { Err(Malformed::Mandatory { what }) } else { Ok(self) }
    }
}

const PAD1: u8 = 0;
/// The type of the timestamp sub-TLV. Source: RFC 9616 §4.
pub(super) const TIMESTAMP: u8 = 3;
const MANDATORY: u8 = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_ones_are_passed_over() {
        let rest = [0, 1, 2, 0, 0, 77, 1, 9, 3, 4, 1, 2, 3, 4];
        let found = SubTlvs::decode("Hello", &rest).unwrap();
        assert_eq!(found.timestamp, Some(&[1, 2, 3, 4][..]));
        assert!(!found.mandatory);
    }

    #[test]
    fn a_mandatory_one_is_seen() {
        let found = SubTlvs::decode("Hello", &[200, 0]).unwrap();
        assert_eq!(found.understood("Hello"), Err(Malformed::Mandatory { what: "Hello" }));
    }

    #[test]
    fn none_may_run_past_the_end() {
        let overrun = Err(Malformed::Overrun { what: "Hello" });
        assert_eq!(SubTlvs::decode("Hello", &[77]), overrun);
        assert_eq!(SubTlvs::decode("Hello", &[77, 2, 0]), overrun);
    }
}
