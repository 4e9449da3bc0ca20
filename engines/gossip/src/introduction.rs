//! A contact with what it takes to believe it.
//!
//! ```text
//! { 0: certificate (DER), 1: contact (the octets signed), 2: signature }
//! ```
//!
//! In a handshake, a [`Claim`](crate::Claim) may follow.

use alloc::vec::Vec;

use crate::Malformed;
use crate::codec::{Reader, Writer};

const WHAT: &str = "introduction";

/// Certificate, contact and signature of one node; fits one datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The node's certificate, DER.
    pub certificate: Vec<u8>,
    /// Its [`Contact`](crate::Contact), exactly as signed.
    pub contact: Vec<u8>,
    /// Signature of [`Contact::signed`](crate::Contact::signed) by the certificate's key.
    pub signature: Vec<u8>,
}

impl Introduction {
    /// Largest encoded introduction, in octets.
    pub const LIMIT: usize = 1100;

    /// Returns the octets to send.
    ///
    /// # Errors
    ///
    /// [`Malformed::Oversize`] over [`Introduction::LIMIT`]: the certificate is too
    /// large for a datagram.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        self.encode_with(None)
    }

    /// Returns the octets to send, with those of a claim.
    pub(crate) fn encode_with(&self, claim: Option<&[u8]>) -> Result<Vec<u8>, Malformed> {
        let mut out = Writer::new();
        out.map(3 + usize::from(claim.is_some()));
        out.key(0).bytes(&self.certificate);
        out.key(1).bytes(&self.contact);
        out.key(2).bytes(&self.signature);
        if let Some(claim) = claim {
            out.key(3).bytes(claim);
        }
        out.finish(WHAT, Self::LIMIT)
    }

    /// Reads an introduction; nothing inside is checked.
    ///
    /// # Errors
    ///
    /// [`Malformed`], for other octets.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        Ok(Self::decode_with(bytes)?.0)
    }

    /// Reads an introduction and the octets of the claim that follows it, if any.
    pub(crate) fn decode_with(bytes: &[u8]) -> Result<(Self, Option<&[u8]>), Malformed> {
        let (mut certificate, mut contact, mut signature) = (None, None, None);
        let mut claim = None;
        let mut reader = Reader::new(WHAT, bytes, Self::LIMIT)?;
        reader.map(|key, value| {
            match key {
                0 => certificate = Some(value.bytes()?.to_vec()),
                1 => contact = Some(value.bytes()?.to_vec()),
                2 => signature = Some(value.bytes()?.to_vec()),
                3 => claim = Some(value.bytes()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        reader.finish()?;
        let missing = |field| Malformed::Missing { what: WHAT, field };
        let introduction = Self {
            certificate: certificate.ok_or(missing("certificate"))?,
            contact: contact.ok_or(missing("contact"))?,
            signature: signature.ok_or(missing("signature"))?,
        };
        Ok((introduction, claim))
    }
}
