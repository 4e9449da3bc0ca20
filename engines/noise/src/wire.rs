//! Handshake datagrams: what shows on the wire, and what is under it.
//!
//! ```text
//!  24 random │ XChaCha20-Poly1305 under the hello key │ tag 16
//!            │ kind 1 │ sender 4 │ receiver 4 │ cookie 16 │ length 2 │ message │ zeros │
//! ```
//!
//! The hello key is BLAKE2s("re6st hello" ‖ static public key of the receiver), so
//! every octet looks random to whoever does not know that key, and the receiver
//! is silent to him. A random number of zeros at the end varies the length.
//! Numbers are big-endian. A cookie answers an initiation and is sealed under
//! the *same* key as it, with its 24 random octets as associated data: the
//! responder does not know yet who calls.

use alloc::vec::Vec;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use crate::Reason;
use crate::hash::hash;
use crate::secrets::Secrets;

/// The longest handshake datagram, in octets.
pub const LONGEST: usize = 1400;

/// What stays whole on any path of IPv6: its least MTU less the headers.
const ROOMY: usize = 1280 - 40 - 8;

/// The most zeros added.
const PADDING: usize = 255;

const NONCE: usize = 24;
const TAG: usize = 16;
const HEADER: usize = 1 + 4 + 4 + 16 + 2;
const SHORTEST: usize = NONCE + HEADER + TAG;

/// The random octets in front of a handshake datagram.
pub(crate) type Nonce = [u8; NONCE];

/// Proof that its bearer hears what is sent to his address; zeros if there is none.
pub(crate) type Cookie = [u8; 16];

/// What a handshake datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first Noise message.
    Initiation = 1,
    /// The second Noise message, which may say no.
    Response = 2,
    /// "Say that again, with this cookie."
    Cookie = 3,
    /// "Here I am, whom you dial in vain."
    Beckon = 4,
}

/// A handshake datagram, opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hello<'a> {
    pub(crate) kind: Kind,
    /// The sender's index of the session to be; 0 in a cookie, a beckon and a refusal.
    pub(crate) sender: u32,
    /// The receiver's index that this answers; 0 in an initiation.
    pub(crate) receiver: u32,
    pub(crate) cookie: Cookie,
    /// The Noise message; empty in a cookie and in a beckon.
    pub(crate) message: &'a [u8],
}

impl<'a> Hello<'a> {
    /// Reads what was under the seal.
    pub(crate) fn decode(plain: &'a [u8]) -> Result<Self, Reason> {
        let (header, rest) = plain.split_first_chunk::<HEADER>().ok_or(Reason::Malformed)?;
        let [kind, s0, s1, s2, s3, r0, r1, r2, r3, cookie @ .., l0, l1] = *header;
        let kind = match kind {
            1 => Kind::Initiation,
            2 => Kind::Response,
            3 => Kind::Cookie,
            4 => Kind::Beckon,
            _ => return Err(Reason::Malformed),
        };
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        Ok(Self {
            kind,
            sender: u32::from_be_bytes([s0, s1, s2, s3]),
            receiver: u32::from_be_bytes([r0, r1, r2, r3]),
            cookie,
            message: rest.get(..length).ok_or(Reason::Malformed)?,
        })
    }

    fn encode(&self, zeros: usize) -> Vec<u8> {
        let mut plain = Vec::with_capacity(HEADER + self.message.len() + zeros + TAG);
        plain.push(self.kind as u8);
        plain.extend(self.sender.to_be_bytes());
        plain.extend(self.receiver.to_be_bytes());
        plain.extend(self.cookie);
        plain.extend(u16::try_from(self.message.len()).unwrap_or(u16::MAX).to_be_bytes());
        plain.extend(self.message);
        plain.resize(plain.len() + zeros, 0);
        plain
    }
}

/// What seals handshakes towards one node.
#[derive(Clone)]
pub(crate) struct HelloKey(XChaCha20Poly1305);

impl HelloKey {
    /// Returns the key of handshakes towards the node of this static public key.
    pub(crate) fn of(public: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&hash("re6st hello", &[public]).into()))
    }

    /// Returns the datagram of `hello`, bound to `to_what` (empty but for a cookie).
    ///
    /// `None` if it would be longer than [`LONGEST`].
    pub(crate) fn seal(
        &self,
        hello: &Hello<'_>,
        to_what: &[u8],
        secrets: &mut Secrets,
    ) -> Option<Vec<u8>> {
        let bare = NONCE + HEADER + hello.message.len() + TAG;
        let room = if bare <= ROOMY { ROOMY } else { LONGEST };
        let zeros = secrets.up_to(room.checked_sub(bare)?.min(PADDING));
        let mut nonce = [0; NONCE];
        secrets.fill(&mut nonce);
        let plain = hello.encode(zeros);
        let payload = Payload { msg: &plain, aad: to_what };
        let sealed = self.0.encrypt(XNonce::from_slice(&nonce), payload).ok()?;
        let mut datagram = Vec::with_capacity(NONCE + sealed.len());
        datagram.extend(nonce);
        datagram.extend(sealed);
        Some(datagram)
    }

    /// Returns what is under the seal, or `None` if the seal is not of this key.
    pub(crate) fn open(&self, datagram: &[u8], to_what: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = datagram.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: to_what };
        self.0.decrypt(XNonce::from_slice(nonce), payload).ok()
    }
}

/// Tells whether a datagram of this many octets can be a handshake.
pub(crate) fn plausible(length: usize) -> Result<(), Reason> {
    if length < SHORTEST {
        return Err(Reason::Short);
    }
    if length > LONGEST { Err(Reason::Oversize) } else { Ok(()) }
}

/// Returns the random octets in front of a datagram.
pub(crate) fn nonce(datagram: &[u8]) -> Nonce {
    datagram.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HELLO: Hello<'static> = Hello {
        kind: Kind::Response,
        sender: 0x0102_0304,
        receiver: 0x0506_0708,
        cookie: [9; 16],
        message: b"message",
    };

    #[test]
    fn what_is_sealed_for_a_node_opens_with_its_key_only() {
        let key = HelloKey::of(&[1; 32]);
        let datagram = key.seal(&HELLO, b"", &mut Secrets::new([7; 32])).unwrap();
        let plain = key.open(&datagram, b"").unwrap();
        assert_eq!(Hello::decode(&plain), Ok(HELLO));
        assert_eq!(key.open(&datagram, b"bound"), None);
        assert_eq!(HelloKey::of(&[2; 32]).open(&datagram, b""), None);
    }

    #[test]
    fn lengths_vary_and_never_pass_the_longest() {
        let (key, mut secrets) = (HelloKey::of(&[1; 32]), Secrets::new([7; 32]));
        let mut lengths = alloc::collections::BTreeSet::new();
        for size in [0, 100, 1000, 1150, 1300, 1333] {
            for _ in 0..50 {
                let message = alloc::vec![3; size];
                let hello = Hello { message: &message, ..HELLO };
                let datagram = key.seal(&hello, b"", &mut secrets).unwrap();
                assert!(plausible(datagram.len()).is_ok());
                lengths.insert(datagram.len());
            }
        }
        assert!(lengths.len() > 100);
        let hello = Hello { message: &[0; 1334], ..HELLO };
        assert_eq!(key.seal(&hello, b"", &mut secrets), None);
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(plain in prop::collection::vec(any::<u8>(), 0..1500)) {
            let _ = Hello::decode(&plain);
            let _ = HelloKey::of(&[1; 32]).open(&plain, b"");
        }
    }
}
