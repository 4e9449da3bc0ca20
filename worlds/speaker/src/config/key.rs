//! Keys of authentication, as people write them.

use std::fmt;
use std::path::PathBuf;

use babel::mac;
use serde::Deserialize;

use super::Moment;

/// A key of authentication (RFC 8967).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Key {
    /// How interfaces name it.
    pub id: String,
    /// How it signs.
    pub algorithm: Algorithm,
    /// Its octets, in hexadecimal.
    pub secret: Option<Secret>,
    /// A file that holds them, in hexadecimal.
    pub secret_file: Option<PathBuf>,
    /// From when on we sign with it; none: always.
    pub sign_from: Option<Moment>,
    /// Until when we sign with it; none: always.
    pub sign_until: Option<Moment>,
    /// From when on others may; none: always.
    pub accept_from: Option<Moment>,
    /// Until when others may; none: always.
    pub accept_until: Option<Moment>,
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// BLAKE2s of 128 bits, keyed.
    #[serde(rename = "blake2s128")]
    Blake2s128,
}

/// The octets of a key; never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(pub Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl TryFrom<String> for Secret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = "secret: not hexadecimal; use an even number of digits 0 to f, as `openssl \
                     rand -hex 32` prints";
        let digits = text.trim();
        let octet = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).ok()?;
            let digits = pair.chars().all(|c| c.is_ascii_hexdigit());
            digits.then(|| u8::from_str_radix(pair, 16).ok())?
        };
        let whole = !digits.is_empty() && digits.len().is_multiple_of(2);
        let octets = digits.as_bytes().chunks(2).map(octet).collect::<Option<Vec<_>>>();
        octets.filter(|_| whole).map(Self).ok_or_else(|| wrong.to_owned())
    }
}

impl Algorithm {
    /// Returns how many octets its secret may have at most.
    ///
    /// HMAC hashes what is longer than a block of 64; BLAKE2s takes no more than 32.
    const fn longest(self) -> usize {
        match self {
            Self::HmacSha256 => 64,
            Self::Blake2s128 => 32,
        }
    }
}

impl Key {
    /// Returns the key as the engine uses it.
    ///
    /// # Errors
    ///
    /// A sentence that names the key and the remedy.
    pub(crate) fn read(&self) -> Result<mac::Key, String> {
        let algorithm = match self.algorithm {
            Algorithm::HmacSha256 => mac::Algorithm::HmacSha256,
            Algorithm::Blake2s128 => mac::Algorithm::Blake2s128,
        };
        let wall = |moment: Option<Moment>| moment.map(|Moment(wall)| wall);
        let sign = mac::Span { from: wall(self.sign_from), until: wall(self.sign_until) };
        let accept = mac::Span { from: wall(self.accept_from), until: wall(self.accept_until) };
        let read = mac::Key::new(&self.id, algorithm, &self.octets()?, sign, accept);
        read.map_err(|error| error.to_string())
    }

    /// Returns its octets, from the file if there is one.
    ///
    /// # Errors
    ///
    /// A sentence that names the file and the remedy.
    fn octets(&self) -> Result<Vec<u8>, String> {
        let secret = match (&self.secret, &self.secret_file) {
            (Some(secret), _) => secret.clone(),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    format!("{}: {error}; name a file that you may read", file.display())
                })?;
                Secret::try_from(text).map_err(|what| format!("{}: {what}", file.display()))?
            }
            (None, None) => return Err(format!("key {}: no secret; add secret-file", self.id)),
        };
        let (length, longest) = (secret.0.len(), self.algorithm.longest());
        if length > longest {
            let id = &self.id;
            return Err(format!("key {id}: {length} octets are too many; use up to {longest}"));
        }
        Ok(secret.0)
    }
}

/// Checks that every key can be told from the others, and has one secret and possible times.
pub(super) fn check(keys: &[Key]) -> Result<(), String> {
    for (n, key) in keys.iter().enumerate() {
        let id = &key.id;
        if keys.iter().take(n).any(|other| other.id == *id) {
            return Err(format!("key {id}: there are two of that id; rename one"));
        }
        if key.secret.is_some() == key.secret_file.is_some() {
            return Err(format!("key {id}: give either secret or secret-file"));
        }
        let spans = [
            ("sign", key.sign_from, key.sign_until),
            ("accept", key.accept_from, key.accept_until),
        ];
        for (what, from, until) in spans {
            if from.zip(until).is_some_and(|(from, until)| from >= until) {
                return Err(format!("key {id}: {what}-until is not after {what}-from; move it"));
            }
        }
        if key.secret.is_some() {
            key.octets()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hexadecimal_and_never_printed() {
        let secret = Secret::try_from("00ff10".to_owned()).unwrap();
        assert_eq!(secret.0, [0, 255, 16]);
        assert!(!format!("{secret:?}").contains("255"));
        for wrong in ["", "0", "0g", "é0", "+1"] {
            assert!(Secret::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
