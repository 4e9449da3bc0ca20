//! The parameters of the arrows.

use core::time::Duration;

use principles::{destruction, selection};
use words::{Carrier, Carriers, Share};

/// How many arrows, how often renewed, and how patient we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many arrows we keep; seed: 10.
    pub seats: usize,
    /// How many links of others we accept; design: twice the seats.
    ///
    /// Draining ones do not count, but there are never more than twice as many with them.
    pub acceptance: usize,
    /// Time between two renewal rounds; seed: 5 minutes.
    ///
    /// At least 1 s and at most [`destruction::LONGEST_PERIOD`], whatever stands here.
    pub period: Duration,
    /// Share of the arrows condemned at each round; seed: 30 %.
    pub share: Share,
    /// How long it may take to find a node, and then how long to open a link to it.
    pub patience: Duration,
    /// The tunnel technologies we have.
    pub carriers: Carriers,
    /// The exceptions to random selection.
    pub selection: selection::Bends,
    /// The exceptions to random destruction.
    pub destruction: destruction::Bends,
    /// How long news of nodes are gathered before free seats are drawn, so that the
    /// first node we hear of is not always drawn first.
    pub gather: Duration,
    /// How long a draining link must have carried no payload to be left.
    pub quiet: Duration,
    /// How long the two ends of an unused arrow may take to agree that it closes.
    ///
    /// If it turns out to be in use at either end, the limit of `in-use` holds instead.
    pub brief: Duration,
    /// Time between two probes of a live link.
    pub probe: Duration,
    /// How long the other end may be silent; then the link is dead.
    pub silence: Duration,
    /// How long a seat rests after a failed dial, doubled at each further failure; up to a
    /// quarter is added by chance.
    pub rest: Duration,
    /// The longest rest of a seat.
    pub longest_rest: Duration,
}

impl Settings {
    /// Returns the period, within its bounds.
    pub(crate) fn round(&self) -> Duration {
        self.period.clamp(Duration::from_secs(1), destruction::LONGEST_PERIOD)
    }

    /// Returns the rest of a seat whose dials failed `tries` times in a row before.
    pub(crate) fn rest_after(&self, tries: u8) -> Duration {
        let doubled = self.rest.saturating_mul(1 << tries.min(16));
        doubled.min(self.longest_rest)
    }

    /// Returns for how long what the other end said of its routes is believed.
    pub(crate) fn freshness(&self) -> Duration {
        self.probe.saturating_mul(5) / 2
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seats: 10,
            acceptance: 20,
            period: Duration::from_mins(5),
            share: Share::percent(30),
            patience: Duration::from_secs(15),
            carriers: Carriers::of([Carrier::Udp]),
            selection: selection::Bends::default(),
            destruction: destruction::Bends::default(),
            gather: Duration::from_millis(250),
            quiet: Duration::from_secs(1),
            brief: Duration::from_secs(5),
            probe: Duration::from_secs(1),
            silence: Duration::from_millis(3_500),
            rest: Duration::from_secs(1),
            longest_rest: Duration::from_secs(15),
        }
    }
}
