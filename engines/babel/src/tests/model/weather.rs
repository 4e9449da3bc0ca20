//! What befalls packets on their way.

use core::time::Duration;

use words::Dice;

/// How a segment carries packets.
#[derive(Clone, Copy, Default)]
pub(in crate::tests) struct Weather {
    pub(in crate::tests) delay: Duration,
    /// At most this is added: packets overtake each other.
    pub(in crate::tests) jitter: Duration,
    /// Packets lost, in hundredths.
    pub(in crate::tests) loss: usize,
    /// Packets that arrive twice, in hundredths.
    pub(in crate::tests) twice: usize,
    /// A node whose packets do not arrive at all.
    pub(in crate::tests) mute: Option<usize>,
}

impl Weather {
    /// Every packet arrives, after `delay`.
    pub(in crate::tests) fn fair(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }

    /// Returns how often one packet arrives.
    pub(super) fn copies(&self, dice: &mut Dice) -> usize {
        if dice.below(100) < self.loss {
            return 0;
        }
        1 + usize::from(dice.below(100) < self.twice)
    }
}
