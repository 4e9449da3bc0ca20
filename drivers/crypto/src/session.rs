//! Sessions of our own carrier: packets sealed and opened, by several threads.
//!
//! ```text
//!  12 masked: │ receiver index 4 │ counter 8 │ frame, sealed │ tag 16 │
//!                       ▲                                      │
//!                       └─────── xor ◄── AES-256 of it ────────┘
//! ```
//!
//! The frame is under AES-256-GCM or ChaCha20-Poly1305, with the counter
//! as nonce. The header is hidden as QUIC hides its own: by a keystream block
//! that depends on the tag. So every octet looks random. Numbers are big-endian.
//!
//! Source: RFC 9001 §5.4 for the mask, RFC 6479 for the window.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, UnboundCipherKey};
use noise::{Keys, Window};

/// Octets of the masked header.
pub const HEADER: usize = 12;

/// Octets of the tag.
pub const TAG: usize = 16;

/// Octets that a session adds to a frame.
pub const OVERHEAD: usize = HEADER + TAG;

/// How many packets one session seals.
///
/// Far more than fit in its three minutes, far less than AES-GCM bears.
const MOST: u64 = 1 << 32;

/// Tells whether AES is fast here, and so AES-256-GCM the better cipher.
pub fn has_aes() -> bool {
    #[cfg(target_arch = "x86_64")]
    let has = std::arch::is_x86_feature_detected!("aes")
        && std::arch::is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    let has = std::arch::is_aarch64_feature_detected!("aes")
        && std::arch::is_aarch64_feature_detected!("pmull");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let has = false;
    has
}

/// A session has sealed all it may; the carrier must bring new keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session has sealed all the packets it may")]
pub struct Exhausted;

/// Why a datagram is not a packet of this session.
///
/// The fault of who sent it, or of the network; worth a counter, no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Shorter than any packet.
    #[error("shorter than any packet")]
    Short,
    /// Of another session.
    #[error("of another session")]
    Index,
    /// It came already, or is too old to tell.
    #[error("it came already, or is too old to tell")]
    Replayed,
    /// Not sealed by the other end.
    #[error("not sealed by the other end")]
    Forged,
}

/// What hides the headers of all packets towards one node.
pub struct Mask(EncryptingKey);

impl Mask {
    /// Returns the mask of this key, [`noise::mask_key`] of the node's public key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(block_cipher(key))
    }

    /// Returns the index of the session that `datagram` says it belongs to.
    ///
    /// `None` below 28 octets. Anything at all may come out of a datagram that is
    /// no packet.
    pub fn index(&self, datagram: &[u8]) -> Option<u32> {
        self.header(datagram).map(|(index, _)| index)
    }

    /// Returns the index and the counter in the header of `datagram`.
    fn header(&self, datagram: &[u8]) -> Option<(u32, u64)> {
        let (header, rest) = datagram.split_first_chunk::<HEADER>()?;
        let mut header = *header;
        self.turn(&mut header, rest.last_chunk()?);
        let [a, b, c, d, counter @ ..] = header;
        Some((u32::from_be_bytes([a, b, c, d]), u64::from_be_bytes(counter)))
    }

    /// Masks a header, or unmasks it.
    fn turn(&self, header: &mut [u8; HEADER], tag: &[u8; TAG]) {
        let mut block = *tag;
        #[expect(clippy::expect_used, reason = "one whole block is all that is asked for")]
        self.0.encrypt(&mut block).expect("a block");
        for (octet, mask) in header.iter_mut().zip(block) {
            *octet ^= mask;
        }
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

/// One session of a link: seals what goes, opens what comes.
///
/// Any number of threads may share it.
pub struct Session {
    local: u32,
    remote: u32,
    initiator: bool,
    send: LessSafeKey,
    receive: LessSafeKey,
    mask_out: Mask,
    mask_in: Mask,
    /// The counter of the next packet.
    next: AtomicU64,
    heard: AtomicBool,
    /// The lowest counter the window may still admit, to turn floods away unlocked.
    floor: AtomicU64,
    /// How many packets the other end sealed at least, and how many of them were opened.
    sealed: AtomicU64,
    opened: AtomicU64,
    window: Mutex<Window>,
}

impl Session {
    /// Returns the session that a handshake agreed on.
    pub fn new(keys: &Keys) -> Self {
        Self {
            local: keys.local,
            remote: keys.remote,
            initiator: keys.initiator,
            send: aead(keys.aes, &keys.send),
            receive: aead(keys.aes, &keys.receive),
            mask_out: Mask::new(&keys.mask_out),
            mask_in: Mask::new(&keys.mask_in),
            next: AtomicU64::new(0),
            heard: AtomicBool::new(false),
            floor: AtomicU64::new(0),
            sealed: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            window: Mutex::new(Window::new()),
        }
    }

    /// Returns our index, which [`Mask::index`] finds in the packets that come.
    pub const fn local(&self) -> u32 {
        self.local
    }

    /// Tells whether a packet of the session was opened.
    pub fn heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Tells whether the other end is sure to have the keys.
    ///
    /// Send through the newest session of a link that says so.
    pub fn may_send(&self) -> bool {
        self.initiator || self.heard()
    }

    /// Returns how many packets the other end has sealed at least, as their counters tell, and
    /// how many of those were opened here.
    pub fn received(&self) -> (u64, u64) {
        // In this order, so that what is opened in between makes nothing look lost.
        let sealed = self.sealed.load(Ordering::Relaxed);
        (sealed, self.opened.load(Ordering::Relaxed))
    }

    /// Appends the packet of `frame` to `out`: [`OVERHEAD`] octets more than the frame.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] after 2^32 packets; `out` is as it was.
    pub fn seal(&self, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Exhausted> {
        let start = out.len();
        out.reserve(frame.len() + OVERHEAD);
        out.extend_from_slice(&[0; HEADER]);
        out.extend_from_slice(frame);
        let Some((header, frame)) =
            out.get_mut(start..).and_then(<[u8]>::split_first_chunk_mut::<HEADER>)
        else {
            return Err(Exhausted);
        };
        match self.seal_in_place(frame) {
            Ok((masked, tag)) => {
                *header = masked;
                out.extend_from_slice(&tag);
                Ok(())
            }
            Err(exhausted) => {
                out.truncate(start);
                Err(exhausted)
            }
        }
    }

    /// Seals `frame` where it is, and returns what goes before and after it.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] after 2^32 packets; the frame is as it was.
    pub fn seal_in_place(&self, frame: &mut [u8]) -> Result<([u8; HEADER], [u8; TAG]), Exhausted> {
        let counter = self.next.fetch_add(1, Ordering::Relaxed);
        if counter >= MOST {
            // Stay where it is, so that no number of attempts wraps it.
            self.next.store(MOST, Ordering::Relaxed);
            return Err(Exhausted);
        }
        let sealed = self.send.seal_in_place_separate_tag(nonce(counter), Aad::empty(), frame);
        let tag = sealed.map_err(|_| Exhausted)?;
        let tag = *tag.as_ref().first_chunk().ok_or(Exhausted)?;
        let [i0, i1, i2, i3] = self.remote.to_be_bytes();
        let [c0, c1, c2, c3, c4, c5, c6, c7] = counter.to_be_bytes();
        let mut header = [i0, i1, i2, i3, c0, c1, c2, c3, c4, c5, c6, c7];
        self.mask_out.turn(&mut header, &tag);
        Ok((header, tag))
    }

    /// Opens a packet where it is, and returns its frame.
    ///
    /// # Errors
    ///
    /// See [`Rejected`]. After [`Rejected::Forged`] the octets of the datagram are
    /// not those that came; after the others they are.
    pub fn open<'a>(&self, datagram: &'a mut [u8]) -> Result<&'a mut [u8], Rejected> {
        let (index, counter) = self.mask_in.header(datagram).ok_or(Rejected::Short)?;
        if index != self.local {
            return Err(Rejected::Index);
        }
        if counter < self.floor.load(Ordering::Relaxed) {
            return Err(Rejected::Replayed);
        }
        let sealed = datagram.get_mut(HEADER..).ok_or(Rejected::Short)?;
        let frame = (self.receive.open_in_place(nonce(counter), Aad::empty(), sealed))
            .map_err(|_| Rejected::Forged)?;
        if !self.admit(counter) {
            return Err(Rejected::Replayed);
        }
        Ok(frame)
    }

    /// Admits the counter of an authentic packet, once.
    fn admit(&self, counter: u64) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = window.admit(counter);
        self.floor.store(window.floor(), Ordering::Relaxed);
        self.sealed.store(window.reached(), Ordering::Relaxed);
        drop(window);
        self.opened.fetch_add(u64::from(admitted), Ordering::Relaxed);
        if admitted && !self.heard() {
            self.heard.store(true, Ordering::Relaxed);
        }
        admitted
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session {{ {:08x} from {:08x} }}", self.local, self.remote)
    }
}

fn aead(aes: bool, key: &[u8; 32]) -> LessSafeKey {
    let algorithm = if aes { &AES_256_GCM } else { &CHACHA20_POLY1305 };
    #[expect(clippy::expect_used, reason = "any 32 octets are a key of either cipher")]
    LessSafeKey::new(UnboundKey::new(algorithm, key).expect("32 octets"))
}

fn block_cipher(key: &[u8; 32]) -> EncryptingKey {
    let key = UnboundCipherKey::new(&AES_256, key).and_then(EncryptingKey::ecb);
    #[expect(clippy::expect_used, reason = "any 32 octets are a key of AES-256")]
    key.expect("32 octets")
}

/// Returns the nonce of one packet: 4 zeros, then the counter.
fn nonce(counter: u64) -> Nonce {
    let [c0, c1, c2, c3, c4, c5, c6, c7] = counter.to_be_bytes();
    Nonce::assume_unique_for_key([0, 0, 0, 0, c0, c1, c2, c3, c4, c5, c6, c7])
}

#[cfg(test)]
mod tests;
