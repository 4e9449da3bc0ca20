//! Noise IK, by snow, with our own randomness and wiped keys.
//!
//! ```text
//!  <- s
//!  ...
//!  -> e, es, s, ss     initiation
//!  <- e, ee, se        response
//! ```
//!
//! Source: the Noise protocol framework, revision 34, §7.5.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

use curve25519_dalek::montgomery::MontgomeryPoint;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, Error, HandshakeState};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::keys::{Identity, public_key};
use crate::secrets::Secrets;

const PATTERN: &str = "Noise_IK_25519_ChaChaPoly_BLAKE2s";

/// Hashed into every handshake, so that other versions fail at once.
const PROLOGUE: &[u8] = b"re6st udp 1";

/// What Noise adds to the payload of either message, at most.
const OVERHEAD: usize = 32 + 48 + 16;

/// One end of one handshake.
pub(crate) struct Handshake(Box<HandshakeState>);

impl Handshake {
    /// Returns the end of who calls the node of key `peer`.
    pub(crate) fn initiator(
        identity: &Identity,
        peer: &[u8; 32],
        secrets: Secrets,
    ) -> Result<Self, Error> {
        let builder = builder(identity, secrets)?.remote_public_key(peer)?;
        Ok(Self(Box::new(builder.build_initiator()?)))
    }

    /// Returns the end of who is called.
    pub(crate) fn responder(identity: &Identity, secrets: Secrets) -> Result<Self, Error> {
        Ok(Self(Box::new(builder(identity, secrets)?.build_responder()?)))
    }

    /// Returns our message, which carries `payload`.
    pub(crate) fn write(&mut self, payload: &[u8]) -> Result<Vec<u8>, Error> {
        let mut message = vec![0; payload.len() + OVERHEAD];
        let length = self.0.write_message(payload, &mut message)?;
        message.truncate(length);
        Ok(message)
    }

    /// Returns the payload of their message, once it proved whose it is.
    pub(crate) fn read(&mut self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut payload = vec![0; message.len()];
        let length = self.0.read_message(message, &mut payload)?;
        payload.truncate(length);
        Ok(payload)
    }

    /// Returns the static key that the other end proved.
    pub(crate) fn peer(&self) -> Option<[u8; 32]> {
        self.0.get_remote_static()?.first_chunk().copied()
    }

    /// Returns the two keys of the session: initiator to responder, and back.
    ///
    /// Only meaningful after both messages.
    pub(crate) fn split(mut self) -> Zeroizing<([u8; 32], [u8; 32])> {
        Zeroizing::new(self.0.dangerously_get_raw_split())
    }
}

fn builder(identity: &Identity, secrets: Secrets) -> Result<Builder<'_>, Error> {
    let resolver = Resolver(Cell::new(Some(secrets)));
    Builder::with_resolver(PATTERN.parse()?, Box::new(resolver))
        .prologue(PROLOGUE)?
        .local_private_key(&identity.private)
}

/// Where snow finds its parts. It has secrets for one handshake.
struct Resolver(Cell<Option<Secrets>>);

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(self.0.take()?))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        matches!(choice, DHChoice::Curve25519).then(|| Box::<X25519>::default() as _)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        Some(Box::new(Wiped(DefaultResolver.resolve_cipher(choice)?)))
    }
}

impl Random for Secrets {
    fn try_fill_bytes(&mut self, room: &mut [u8]) -> Result<(), Error> {
        self.fill(room);
        Ok(())
    }
}

/// X25519 that wipes its private key, and refuses points that give every key away.
#[derive(Default, Zeroize, ZeroizeOnDrop)]
struct X25519 {
    private: [u8; 32],
    public: [u8; 32],
}

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, private: &[u8]) {
        self.private = private.first_chunk().copied().unwrap_or_default();
        self.public = public_key(&self.private);
    }

    fn generate(&mut self, random: &mut dyn Random) -> Result<(), Error> {
        random.try_fill_bytes(&mut self.private)?;
        self.public = public_key(&self.private);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        &self.private
    }

    /// Source: RFC 7748 §6.1 (the all-zero check).
    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let public = public.first_chunk::<32>().ok_or(Error::Dh)?;
        let out = out.first_chunk_mut::<32>().ok_or(Error::Dh)?;
        *out = MontgomeryPoint(*public).mul_clamped(self.private).to_bytes();
        let any = out.iter().fold(0, |any, octet| any | octet);
        if any == 0 { Err(Error::Dh) } else { Ok(()) }
    }
}

/// A cipher whose key is overwritten at the end.
struct Wiped(Box<dyn Cipher>);

impl Cipher for Wiped {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.0.set(key);
    }

    fn encrypt(&self, nonce: u64, bound: &[u8], plain: &[u8], out: &mut [u8]) -> usize {
        self.0.encrypt(nonce, bound, plain, out)
    }

    fn decrypt(
        &self,
        nonce: u64,
        bound: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        self.0.decrypt(nonce, bound, sealed, out)
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.set(&[0; 32]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Handshake, Handshake, Identity) {
        let (caller, node) = (Identity::new([1; 32]), Identity::new([2; 32]));
        let ours = Handshake::initiator(&caller, &node.public, Secrets::new([3; 32])).unwrap();
        let theirs = Handshake::responder(&node, Secrets::new([4; 32])).unwrap();
        (ours, theirs, caller)
    }

    #[test]
    fn both_ends_get_the_same_keys_and_know_each_other() {
        let (mut ours, mut theirs, caller) = pair();
        let initiation = ours.write(b"hello").unwrap();
        assert_eq!(theirs.read(&initiation).unwrap(), b"hello");
        assert_eq!(theirs.peer(), Some(caller.public));
        let response = theirs.write(b"welcome").unwrap();
        assert_eq!(ours.read(&response).unwrap(), b"welcome");
        assert_eq!(*ours.split(), *theirs.split());
    }

    #[test]
    fn a_forged_response_does_not_spoil_the_true_one() {
        let (mut ours, mut theirs, _) = pair();
        let initiation = ours.write(b"").unwrap();
        theirs.read(&initiation).unwrap();
        let response = theirs.write(b"").unwrap();
        for length in 0..response.len() {
            assert!(ours.read(&response[..length]).is_err());
        }
        let mut forged = response.clone();
        forged[40] ^= 1;
        assert!(ours.read(&forged).is_err());
        assert!(ours.read(&response).is_ok());
        assert_eq!(*ours.split(), *theirs.split());
    }

    #[test]
    fn a_point_of_low_order_is_refused() {
        let caller = Identity::new([1; 32]);
        let mut ours = Handshake::initiator(&caller, &[0; 32], Secrets::new([3; 32])).unwrap();
        assert!(ours.write(b"").is_err());
    }
}
