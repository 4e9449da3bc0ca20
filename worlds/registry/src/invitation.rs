//! Invitations: one line that lets somebody in, and tells them whom to trust.
//!
//! ```text
//! re6st1:<base64url of: CBOR [ [address…], CA fingerprint, token, expires ] ‖ checksum 4>
//! ```
//!
//! The checksum, the first octets of SHA-256, is there for mistakes in copying, not
//! against anybody: whoever can change the line can also write another.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::Fingerprint;
use minicbor::{Decoder, Encoder};
use words::Wall;

use crate::address;

/// What an invitation of this version begins with.
const MARK: &str = "re6st1:";
/// Octets of the checksum.
const CHECKSUM: usize = 4;
/// Longest invitation that is read, in octets; more than any honest one.
const LIMIT: usize = 4096;
/// Most addresses in one invitation.
const ADDRESSES: u64 = 16;

/// The secret of an invitation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token(pub [u8; 16]);

impl Token {
    /// Returns what the registry keeps of it: SHA-256.
    pub fn hash(&self) -> [u8; 32] {
        Fingerprint::of(&self.0).0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Where the registry answers, `HOST:PORT`, best first; 1 to 16.
    pub addresses: Vec<String>,
    /// The certificate of the authority to trust.
    pub fingerprint: Fingerprint,
    /// The secret.
    pub token: Token,
    /// Last second of its life.
    pub expires: Wall,
}

/// Text that is not an invitation that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvitationError {
    /// Something else.
    #[error("this is not an invitation; copy the line that begins with `re6st1:`, whole")]
    Form,
    /// Of a newer program.
    #[error("the invitation is of another version of re6st; update this program")]
    Version,
    /// A part is missing or changed.
    #[error("the invitation is garbled; copy the line again, whole")]
    Garbled,
    /// Too old.
    #[error("the invitation has expired; ask for another, or set this computer's clock")]
    Expired {
        /// When it expired.
        since: Wall,
    },
}

impl Invitation {
    /// Checks that the invitation has not expired.
    ///
    /// # Errors
    ///
    /// [`InvitationError::Expired`].
    pub const fn check(&self, now: Wall) -> Result<(), InvitationError> {
        if self.expires.0 < now.0 {
            return Err(InvitationError::Expired { since: self.expires });
        }
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(Vec::new());
        // Writing into memory cannot fail.
        let _ = out.array(4).and_then(|out| out.array(self.addresses.len() as u64));
        for address in &self.addresses {
            let _ = out.str(address);
        }
        let _ = out.bytes(&self.fingerprint.0);
        let _ = out.bytes(&self.token.0);
        let _ = out.u64(self.expires.0);
        out.into_writer()
    }

    fn decode(octets: &[u8]) -> Option<Self> {
        let mut read = Decoder::new(octets);
        let fields = read.array().ok()??;
        let count = read.array().ok()??;
        if fields != 4 || !(1..=ADDRESSES).contains(&count) {
            return None;
        }
        let mut addresses = Vec::new();
        for _ in 0..count {
            let address = read.str().ok()?;
            address::host(address)?;
            addresses.push(address.to_owned());
        }
        let fingerprint = Fingerprint(read.bytes().ok()?.try_into().ok()?);
        let token = Token(read.bytes().ok()?.try_into().ok()?);
        let expires = Wall(read.u64().ok()?);
        let whole = read.position() == octets.len();
        whole.then_some(Self { addresses, fingerprint, token, expires })
    }
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut octets = self.encode();
        octets.extend(checksum(&octets));
        write!(f, "{MARK}{}", URL_SAFE_NO_PAD.encode(octets))
    }
}

impl FromStr for Invitation {
    type Err = InvitationError;

    /// Reads an invitation; blanks and line breaks, as mail adds them, do not matter.
    ///
    /// # Errors
    ///
    /// [`InvitationError`], except [`InvitationError::Expired`]: see
    /// [`check`](Self::check).
    fn from_str(text: &str) -> Result<Self, InvitationError> {
        if text.len() > LIMIT {
            return Err(InvitationError::Form);
        }
        let text: String = text.split_whitespace().collect();
        let Some(body) = text.strip_prefix(MARK) else {
            return Err(if is_of_another_version(&text) {
                InvitationError::Version
            } else {
                InvitationError::Form
            });
        };
        let garbled = InvitationError::Garbled;
        let octets = URL_SAFE_NO_PAD.decode(body).map_err(|_| garbled)?;
        let (octets, sum) = octets.split_last_chunk::<CHECKSUM>().ok_or(garbled)?;
        if *sum != checksum(octets) {
            return Err(garbled);
        }
        Self::decode(octets).ok_or(garbled)
    }
}

/// Tells whether a text begins as ours, but with another number.
fn is_of_another_version(text: &str) -> bool {
    let number = text.strip_prefix("re6st").and_then(|rest| rest.split_once(':'));
    number.is_some_and(|(number, _)| number.parse::<u16>().is_ok())
}

fn checksum(octets: &[u8]) -> [u8; CHECKSUM] {
    let [a, b, c, d, ..] = Fingerprint::of(octets).0;
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn invitation() -> Invitation {
        Invitation {
            addresses: vec!["203.0.113.5:8443".to_owned(), "[2001:db8::5]:8443".to_owned()],
            fingerprint: Fingerprint([3; 32]),
            token: Token([9; 16]),
            expires: Wall(1_800_000_000),
        }
    }

    #[test]
    fn an_invitation_is_one_line_that_goes_both_ways() {
        let line = invitation().to_string();
        assert!(line.starts_with("re6st1:") && !line.contains(char::is_whitespace));
        assert_eq!(line.parse(), Ok(invitation()));
        let (start, end) = line.split_at(40);
        assert_eq!(format!(" {start}\n {end}\n").parse(), Ok(invitation()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let line = invitation().to_string();
        let wrong = [
            (String::new(), InvitationError::Form),
            ("hello".to_owned(), InvitationError::Form),
            (line.replace("re6st1:", ""), InvitationError::Form),
            (line.replace("re6st1:", "re6st2:"), InvitationError::Version),
            ("re6st1:".to_owned(), InvitationError::Garbled),
            (line[..line.len() - 1].to_owned(), InvitationError::Garbled),
            ("x".repeat(5000), InvitationError::Form),
        ];
        for (text, error) in wrong {
            assert_eq!(text.parse::<Invitation>(), Err(error), "{text}");
        }
    }

    #[test]
    fn an_invitation_lives_until_its_last_second() {
        let since = invitation().expires;
        assert_eq!(invitation().check(since), Ok(()));
        let late = invitation().check(Wall(since.0 + 1));
        assert_eq!(late, Err(InvitationError::Expired { since }));
    }

    #[test]
    fn a_token_is_not_printed() {
        assert_eq!(format!("{:?}", Token([9; 16])), "Token");
    }

    proptest! {
        #[test]
        fn any_other_character_is_noticed(at in 7_usize..150, other in "[A-Za-z0-9_-]") {
            let line = invitation().to_string();
            let at = at.min(line.len() - 1);
            let changed = format!("{}{other}{}", &line[..at], &line[at + 1..]);
            prop_assume!(changed != line);
            prop_assert_eq!(changed.parse::<Invitation>(), Err(InvitationError::Garbled));
        }

        #[test]
        fn any_cut_is_noticed(at in 0_usize..150) {
            let line = invitation().to_string();
            let at = at.min(line.len() - 1);
            prop_assert!(line[..at].parse::<Invitation>().is_err());
        }

        #[test]
        fn any_two_swapped_characters_are_noticed(a in 7_usize..150, b in 7_usize..150) {
            let mut line = invitation().to_string().into_bytes();
            let (a, b) = (a.min(line.len() - 1), b.min(line.len() - 1));
            prop_assume!(line[a] != line[b]);
            line.swap(a, b);
            let changed = String::from_utf8(line).unwrap();
            prop_assert_eq!(changed.parse::<Invitation>(), Err(InvitationError::Garbled));
        }

        #[test]
        fn any_text_is_read(text: String) {
            let _ = text.parse::<Invitation>();
        }

        #[test]
        fn any_octets_are_read(octets: Vec<u8>) {
            let summed = [octets.as_slice(), &checksum(&octets)].concat();
            let _ = format!("{MARK}{}", URL_SAFE_NO_PAD.encode(summed)).parse::<Invitation>();
        }
    }
}
