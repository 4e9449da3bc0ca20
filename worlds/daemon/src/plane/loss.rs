//! What is not delivered is counted, by its cause.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use forward::Why;

/// Why something was lost in the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// The forwarder's verdict on a packet.
    Forward(Why),
    /// A datagram for one of our sessions was forged, damaged or a replay.
    Rejected,
    /// The link a packet of payload was to be sent by was gone, or could send no more.
    NoLink,
    /// A control frame came by a link that was closed, or was to go by one. One or two at
    /// each close are usual: the two ends do not close in the same moment.
    LateControl,
    /// The control thread was too far behind to be told of a frame or a handshake, or of
    /// so many frames of one link.
    NoRoom,
    /// The kernel did not take a datagram: no way to the other end, or no room.
    Unsent,
    /// The kernel did not take a packet for itself.
    Undelivered,
    /// Payload beyond what the line of this machine carries, as the configuration has it.
    OverUplink,
    /// An ICMP message was not sent, because so many had been.
    Unanswered,
}

/// Losses of this module's own, which follow those of the forwarder.
const OURS: [Loss; 8] = [
    Loss::Rejected,
    Loss::NoLink,
    Loss::LateControl,
    Loss::NoRoom,
    Loss::Unsent,
    Loss::Undelivered,
    Loss::OverUplink,
    Loss::Unanswered,
];

impl Loss {
    /// Returns its name, for status and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forward(why) => why.name(),
            Self::Rejected => "rejected",
            Self::NoLink => "no-link",
            Self::LateControl => "late-control",
            Self::NoRoom => "no-room",
            Self::Unsent => "unsent",
            Self::Undelivered => "undelivered",
            Self::OverUplink => "over-uplink",
            Self::Unanswered => "unanswered",
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        Why::ALL.into_iter().map(Self::Forward).chain(OURS)
    }
}

/// One counter for each loss.
#[derive(Debug)]
pub(super) struct Losses(BTreeMap<Loss, AtomicU64>);

impl Losses {
    pub(super) fn new() -> Self {
        Self(Loss::all().map(|loss| (loss, AtomicU64::new(0))).collect())
    }

    pub(super) fn add(&self, loss: Loss, many: u64) {
        if let Some(counter) = self.0.get(&loss) {
            counter.fetch_add(many, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> BTreeMap<&'static str, u64> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.0.iter().map(|(loss, counter)| (loss.name(), read(counter))).collect()
    }
}
