//! What the authority tells the whole network.
//!
//! ```text
//! document { 0: network, 1: version, 2: issued (s), 3: parameters, 4: [revoked serial…],
//!            5 to 9: meshes }
//! signed   { 0: document (the octets signed), 1: signature }
//! ```

use alloc::vec::Vec;

use words::{Prefix, Wall};

use crate::codec::{Reader, Writer, within};
use crate::meshes::Fields;
use crate::{Malformed, Meshes, Parameters};

const WHAT: &str = "network document";

/// Domain of a document's signature; no other statement of an authority begins so.
const DOMAIN: &[u8] = b"re6st document 1";

/// The network document: parameters and revocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The network it rules.
    pub network: Prefix,
    /// Strictly rising; the highest wins. 0 is no document.
    pub version: u64,
    /// When it was written, for people to read.
    pub issued: Wall,
    /// How the network behaves, as written: clamp before use.
    pub parameters: Parameters,
    /// Numbers of the certificates that are worth nothing any more, at most
    /// [`Document::REVOKED`].
    pub revoked: Vec<u64>,
    /// How the network is divided in meshes; `None` while it is one.
    pub meshes: Option<Meshes>,
}

impl Document {
    /// Largest encoded document, in octets.
    pub const LIMIT: usize = 512 * 1024;
    /// Most revoked certificates. One leaves the list when it would have expired.
    pub const REVOKED: usize = 5000;

    /// Returns the octets that the authority signs, together with a domain.
    ///
    /// # Errors
    ///
    /// [`Malformed::Oversize`] for more than [`Document::REVOKED`] revocations or
    /// over [`Document::LIMIT`] octets.
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        within("list of revoked certificates", self.revoked.len(), Self::REVOKED)?;
        self.parameters.sizes()?;
        let mut out = Writer::new();
        if let Some(meshes) = &self.meshes {
            meshes.sizes()?;
        }
        out.map(5 + self.meshes.as_ref().map_or(0, Meshes::keys));
        out.key(0).prefix(self.network);
        out.key(1).number(self.version);
        out.key(2).number(self.issued.0);
        self.parameters.write(out.key(3));
        out.key(4).list(self.revoked.len());
        for serial in &self.revoked {
            out.number(*serial);
        }
        if let Some(meshes) = &self.meshes {
            meshes.write(&mut out);
        }
        out.finish(WHAT, Self::LIMIT)
    }

    /// Reads a document; the parameters are not clamped yet.
    ///
    /// # Errors
    ///
    /// [`Malformed`], for any other octets than [`encode`](Self::encode) writes, with
    /// fields that we do not know.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (mut network, mut version, mut issued) = (None, None, None);
        let (mut parameters, mut revoked) = (Parameters::default(), Vec::new());
        let mut meshes = Fields::default();
        let mut reader = Reader::new(WHAT, bytes, Self::LIMIT)?;
        reader.map(|key, value| {
            match key {
                0 => network = Some(value.prefix()?),
                1 => version = Some(value.number()?),
                2 => issued = Some(Wall(value.number()?)),
                3 => parameters = Parameters::read(value)?,
                4 => revoked = value.list(Self::REVOKED, Reader::number)?,
                _ => return meshes.read(key, value),
            }
            Ok(true)
        })?;
        reader.finish()?;
        let missing = |field| Malformed::Missing { what: WHAT, field };
        let network = network.ok_or(missing("network"))?;
        Ok(Self {
            network,
            version: version.ok_or(missing("version"))?,
            issued: issued.ok_or(missing("date"))?,
            parameters,
            revoked,
            meshes: meshes.finish(network)?,
        })
    }

    /// Returns what is signed for a document of these octets: the domain, then they.
    pub fn signed(bytes: &[u8]) -> Vec<u8> {
        [DOMAIN, bytes].concat()
    }
}

/// A document with what it takes to believe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDocument {
    /// The [`Document`], exactly as signed.
    pub bytes: Vec<u8>,
    /// Signature of [`Document::signed`] by the authority's key.
    pub signature: Vec<u8>,
}

impl SignedDocument {
    /// Largest encoded signed document, in octets.
    pub const LIMIT: usize = Document::LIMIT + 1024;

    /// Returns the octets to keep and to pass on.
    ///
    /// # Errors
    ///
    /// [`Malformed::Oversize`] over [`SignedDocument::LIMIT`].
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut out = Writer::new();
        out.map(2);
        out.key(0).bytes(&self.bytes);
        out.key(1).bytes(&self.signature);
        out.finish(WHAT, Self::LIMIT)
    }

    /// Reads a signed document; nothing inside is checked.
    ///
    /// # Errors
    ///
    /// [`Malformed`], for other octets.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (mut document, mut signature) = (None, None);
        let mut reader = Reader::new(WHAT, bytes, Self::LIMIT)?;
        reader.map(|key, value| {
            match key {
                0 => document = Some(value.bytes()?.to_vec()),
                1 => signature = Some(value.bytes()?.to_vec()),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        reader.finish()?;
        let missing = |field| Malformed::Missing { what: WHAT, field };
        Ok(Self {
            bytes: document.ok_or(missing("text"))?,
            signature: signature.ok_or(missing("signature"))?,
        })
    }
}
