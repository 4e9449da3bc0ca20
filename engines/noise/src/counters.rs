//! What was done with datagrams that made no session.

use alloc::collections::BTreeMap;

/// Why a handshake datagram was not followed, or not as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Too short for a handshake.
    Short,
    /// Longer than any handshake.
    Oversize,
    /// It opens with no key of ours: noise, or a packet of a session long gone.
    Strange,
    /// It opens, and what is inside makes no sense.
    Malformed,
    /// The Noise message does not authenticate.
    Forged,
    /// An initiation as old as one that came before.
    Replayed,
    /// An initiation from more than a day ahead: one of the two clocks is wrong.
    Ahead,
    /// The same initiation again: our answer, if given, was sent again.
    Repeated,
    /// A response or a cookie that nothing waits for.
    Unexpected,
    /// An initiation by our own key.
    Ourselves,
    /// No room for another request.
    Crowded,
    /// Too many strangers: a cookie was sent instead.
    CookieAsked,
    /// Too many strangers, and this source had its share.
    Throttled,
    /// The node did not answer the request in time.
    Unanswered,
}

impl Reason {
    /// Every reason, in their order.
    pub const ALL: [Self; 14] = [
        Self::Short,
        Self::Oversize,
        Self::Strange,
        Self::Malformed,
        Self::Forged,
        Self::Replayed,
        Self::Ahead,
        Self::Repeated,
        Self::Unexpected,
        Self::Ourselves,
        Self::Crowded,
        Self::CookieAsked,
        Self::Throttled,
        Self::Unanswered,
    ];

    /// Returns its name, as in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Oversize => "oversize",
            Self::Strange => "strange",
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::Replayed => "replayed",
            Self::Ahead => "ahead",
            Self::Repeated => "repeated",
            Self::Unexpected => "unexpected",
            Self::Ourselves => "ourselves",
            Self::Crowded => "crowded",
            Self::CookieAsked => "cookie-asked",
            Self::Throttled => "throttled",
            Self::Unanswered => "unanswered",
        }
    }
}

/// How often each [`Reason`] was met since the engine began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<Reason, u64>);

impl Counters {
    /// Returns how often `reason` was met.
    pub fn of(&self, reason: Reason) -> u64 {
        self.0.get(&reason).copied().unwrap_or(0)
    }

    /// Returns every reason and how often it was met.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().map(|reason| (reason, self.of(reason)))
    }

    pub(crate) fn count(&mut self, reason: Reason) {
        let count = self.0.entry(reason).or_default();
        *count = count.saturating_add(1);
    }
}
