//! The one door between values and octets: CBOR maps with numeric keys.
//!
//! A map is written with its keys in ascending order, each once, and read no
//! other way, so that a value has one form. A key we do not know is skipped:
//! newer nodes may add fields.

use alloc::vec::Vec;
use core::time::Duration;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use words::{NodeId, Prefix};

use crate::Malformed;

/// Writes values; writing into memory cannot fail.
pub(crate) struct Writer(Encoder<Vec<u8>>);

impl Writer {
    pub(crate) fn new() -> Self {
        Self(Encoder::new(Vec::new()))
    }

    /// Opens a map of `fields` fields: as many pairs of [`key`](Self::key) and value follow.
    pub(crate) fn map(&mut self, fields: usize) {
        let _ = self.0.map(fields as u64);
    }

    /// Opens a list of `entries` values.
    pub(crate) fn list(&mut self, entries: usize) {
        let _ = self.0.array(entries as u64);
    }

    pub(crate) fn key(&mut self, key: u64) -> &mut Self {
        self.number(key);
        self
    }

    pub(crate) fn number(&mut self, number: u64) {
        let _ = self.0.u64(number);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let _ = self.0.bytes(bytes);
    }

    /// Writes a time in milliseconds.
    pub(crate) fn duration(&mut self, duration: Duration) {
        self.number(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    }

    /// Writes a range: its length, and as many octets of it as have bits.
    pub(crate) fn prefix(&mut self, prefix: Prefix) {
        let octets = usize::from(prefix.length().div_ceil(8));
        let bits = prefix.bits().to_be_bytes();
        let mut form = Vec::with_capacity(1 + octets);
        form.push(prefix.length());
        form.extend(bits.iter().take(octets));
        self.bytes(&form);
    }

    /// Returns what was written.
    ///
    /// # Errors
    ///
    /// [`Malformed::Oversize`] over `limit` octets.
    pub(crate) fn finish(self, what: &'static str, limit: usize) -> Result<Vec<u8>, Malformed> {
        let bytes = self.0.into_writer();
        within(what, bytes.len(), limit)?;
        Ok(bytes)
    }
}

/// Reads values of one kind, `what`.
pub(crate) struct Reader<'b> {
    decoder: Decoder<'b>,
    what: &'static str,
}

impl<'b> Reader<'b> {
    /// Opens `bytes`, at most `limit` of them.
    pub(crate) fn new(
        what: &'static str,
        bytes: &'b [u8],
        limit: usize,
    ) -> Result<Self, Malformed> {
        within(what, bytes.len(), limit)?;
        Ok(Self { decoder: Decoder::new(bytes), what })
    }

    /// Reads a map: `field` reads the value of a key and tells whether it knew it.
    pub(crate) fn map(
        &mut self,
        mut field: impl FnMut(u64, &mut Self) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed> {
        let fields = self.decoder.map().ok().flatten().ok_or(self.form())?;
        let mut next = 0;
        for _ in 0..fields {
            let key = self.number()?;
            if key < next {
                return Err(self.form());
            }
            next = key.checked_add(1).ok_or(self.form())?;
            if !field(key, self)? {
                self.decoder.skip().map_err(|_| self.form())?;
            }
        }
        Ok(())
    }

    /// Reads a list of at most `limit` values.
    pub(crate) fn list<T>(
        &mut self,
        limit: usize,
        mut entry: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let entries = self.entries()?;
        within(self.what, entries, limit)?;
        (0..entries).map(|_| entry(self)).collect()
    }

    /// Reads the head of a list, and returns how many values follow.
    pub(crate) fn entries(&mut self) -> Result<usize, Malformed> {
        let entries = self.decoder.array().ok().flatten().ok_or(self.form())?;
        usize::try_from(entries).map_err(|_| self.form())
    }

    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        match self.decoder.datatype() {
            Ok(Type::U8 | Type::U16 | Type::U32 | Type::U64) => {
                self.decoder.u64().map_err(|_| self.form())
            }
            Ok(_) | Err(_) => Err(self.form()),
        }
    }

    /// Reads a small number; one too large becomes the largest.
    pub(crate) fn small(&mut self) -> Result<u16, Malformed> {
        Ok(u16::try_from(self.number()?).unwrap_or(u16::MAX))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        self.decoder.bytes().map_err(|_| self.form())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.bytes()?.try_into().map_err(|_| self.form())
    }

    pub(crate) fn duration(&mut self) -> Result<Duration, Malformed> {
        Ok(Duration::from_millis(self.number()?))
    }

    pub(crate) fn prefix(&mut self) -> Result<Prefix, Malformed> {
        let what = self.what;
        let impossible = Malformed::Value { what, field: "prefix" };
        let (length, octets) = self.bytes()?.split_first().ok_or(impossible)?;
        if *length > 128 || octets.len() != usize::from(length.div_ceil(8)) {
            return Err(impossible);
        }
        let mut bits = [0; 16];
        for (bit, octet) in bits.iter_mut().zip(octets) {
            *bit = *octet;
        }
        let prefix = Prefix::new(u128::from_be_bytes(bits), *length);
        if prefix.bits().to_be_bytes() == bits { Ok(prefix) } else { Err(impossible) }
    }

    pub(crate) fn node(&mut self) -> Result<NodeId, Malformed> {
        Ok(NodeId(self.prefix()?))
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`Malformed::Form`] if octets are left.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        let left = self.decoder.position() != self.decoder.input().len();
        if left { Err(self.form()) } else { Ok(()) }
    }

    const fn form(&self) -> Malformed {
        Malformed::Form { what: self.what }
    }
}

/// Checks a size against its limit.
///
/// # Errors
///
/// [`Malformed::Oversize`] over `limit`.
pub(crate) const fn within(what: &'static str, got: usize, limit: usize) -> Result<(), Malformed> {
    if got > limit { Err(Malformed::Oversize { what, got, limit }) } else { Ok(()) }
}
