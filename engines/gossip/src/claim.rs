//! What a node says of the link that it asks for: which mesh it is to belong to.
//!
//! ```text
//! introduction │ 3: { 0: mesh, 1: version of the document, 2: epoch, 3: as what }
//! ```
//!
//! It is a field of the introduction that a handshake shows, and of no other: who does not know the
//! field skips it, and who is not told it judges the node alone. Nobody signs it, since the handshake
//! shows who says it, and since nothing follows from it but by what the other end knows itself.

use alloc::vec::Vec;

use words::Prefix;

use crate::codec::{Reader, Writer};
use crate::{Introduction, Malformed};

const WHAT: &str = "claim";

/// Which mesh a link is to belong to, by the one who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The mesh.
    pub mesh: Prefix,
    /// Version of the network document that it goes by; 0 is none.
    pub version: u64,
    /// Number of the epoch that it goes by; 0 is none.
    pub epoch: u64,
    /// By what right it would be there.
    pub standing: Standing,
}

/// By what right a node would have a link in a mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is at home there, as its certificate shows, or was elected to serve there, as everybody
    /// can compute.
    Member,
    /// It finds no links at home, and seeks refuge.
    Refugee,
}

impl Claim {
    /// Largest encoded claim, in octets.
    pub const LIMIT: usize = 64;

    /// Returns the octets of an introduction with this claim.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the introduction is none, or there is no room for the claim.
    pub fn attach(&self, introduction: &[u8]) -> Result<Vec<u8>, Malformed> {
        let shown = Introduction::decode(introduction)?;
        let mut own = Writer::new();
        own.map(4);
        own.key(0).prefix(self.mesh);
        own.key(1).number(self.version);
        own.key(2).number(self.epoch);
        own.key(3).number(match self.standing {
            Standing::Member => 0,
            Standing::Refugee => 1,
        });
        shown.encode_with(Some(&own.finish(WHAT, Self::LIMIT)?))
    }

    /// Splits an introduction that a handshake showed into the one that was signed and the claim,
    /// `None` if there is none. Fields of later versions are skipped, and left out.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for other octets.
    pub fn detach(shown: &[u8]) -> Result<(Vec<u8>, Option<Self>), Malformed> {
        let (introduction, claim) = Introduction::decode_with(shown)?;
        let claim = claim.map(Self::decode).transpose()?;
        Ok((introduction.encode()?, claim))
    }

    fn decode(octets: &[u8]) -> Result<Self, Malformed> {
        let (mut mesh, mut version, mut epoch, mut standing) = (None, 0, 0, Standing::Member);
        let mut reader = Reader::new(WHAT, octets, Self::LIMIT)?;
        reader.map(|key, value| {
            match key {
                0 => mesh = Some(value.prefix()?),
                1 => version = value.number()?,
                2 => epoch = value.number()?,
                3 if value.number()? == 1 => standing = Standing::Refugee,
                3 => {}
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        reader.finish()?;
        let mesh = mesh.ok_or(Malformed::Missing { what: WHAT, field: "mesh" })?;
        Ok(Self { mesh, version, epoch, standing })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn introduction() -> Introduction {
        Introduction {
            certificate: [1; 500].into(),
            contact: [2; 200].into(),
            signature: [3; 64].into(),
        }
    }

    #[test]
    fn who_does_not_know_claims_reads_the_same_introduction() {
        let mesh = "fd42::/50".parse().unwrap();
        let claim = Claim { mesh, version: 7, epoch: 3, standing: Standing::Member };
        let plain = introduction().encode().unwrap();
        let shown = claim.attach(&plain).unwrap();
        assert_eq!(Introduction::decode(&shown).unwrap(), introduction());
        assert_eq!(Claim::detach(&shown).unwrap(), (plain.clone(), Some(claim)));
        assert_eq!(Claim::detach(&plain).unwrap(), (plain, None));
    }

    #[test]
    fn an_introduction_that_leaves_no_room_is_shown_without() {
        let mesh = "fd42::/50".parse().unwrap();
        let claim = Claim { mesh, version: 7, epoch: 3, standing: Standing::Refugee };
        let large = Introduction { certificate: [1; 820].into(), ..introduction() };
        assert!(claim.attach(&large.encode().unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn a_claim_goes_both_ways(bits: u128, length in 0..=128_u8, version: u64, epoch: u64, flees: bool) {
            let standing = if flees { Standing::Refugee } else { Standing::Member };
            let claim = Claim { mesh: Prefix::new(bits, length), version, epoch, standing };
            let shown = claim.attach(&introduction().encode().unwrap()).unwrap();
            prop_assert_eq!(Claim::detach(&shown).unwrap().1, Some(claim));
        }

        #[test]
        fn no_octets_make_it_panic(octets in vec(any::<u8>(), 0..80)) {
            let _ = Claim::decode(&octets);
            let shown = introduction().encode_with(Some(&octets)).unwrap();
            let _ = Claim::detach(&shown);
        }
    }
}
