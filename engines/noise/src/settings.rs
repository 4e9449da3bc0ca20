//! How patient, how often, how many.

use core::time::Duration;

use words::Prefix;

/// The numbers of the carrier.
///
/// Both ends should have the same `rekey`, `expire` and `fade`; a difference
/// costs links, never secrecy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether AES is fast here: AES-256-GCM is used if it is at both ends.
    pub aes: bool,
    /// Time between two sendings of an initiation.
    pub retry: Duration,
    /// Up to how much is added to `retry` by chance.
    pub retry_jitter: Duration,
    /// How long one handshake is tried.
    pub patience: Duration,
    /// How long the node may consider a request.
    pub consider: Duration,
    /// How long the initiator may take to be heard after our answer.
    pub confirm: Duration,
    /// Age at which the owner of a link asks for new keys.
    pub rekey: Duration,
    /// Up to how much is added to `rekey` by chance.
    pub rekey_jitter: Duration,
    /// Age at which keys that were not replaced end the link.
    pub expire: Duration,
    /// How long replaced keys still open packets.
    pub fade: Duration,
    /// How long the keys of a closed link still open packets.
    pub linger: Duration,
    /// How many strangers may call in a second without a cookie.
    pub calm: u32,
    /// How many requests and answers are kept at a time.
    pub pending: usize,
    /// Of how many callers the newest stamp is kept.
    pub callers: usize,
    /// The addresses that our own links carry: no link runs inside another.
    pub network: Option<Prefix>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            aes: true,
            retry: Duration::from_secs(1),
            retry_jitter: Duration::from_millis(300),
            patience: Duration::from_secs(10),
            consider: Duration::from_secs(5),
            confirm: Duration::from_secs(10),
            rekey: Duration::from_mins(2),
            rekey_jitter: Duration::from_secs(10),
            expire: Duration::from_mins(3),
            fade: Duration::from_mins(1),
            linger: Duration::from_secs(5),
            calm: 50,
            pending: 256,
            callers: 4096,
            network: None,
        }
    }
}

impl Settings {
    /// How long an answer is kept, to be sent again to who asks again.
    pub(crate) fn remember(&self) -> Duration {
        self.patience + self.consider
    }
}
