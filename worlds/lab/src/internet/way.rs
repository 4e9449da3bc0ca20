//! The ways between the hosts: how long, how steady, how safe.

use std::str::FromStr;
use std::time::Duration;

use words::Dice;

/// The way between two hosts, the same in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// The shortest time a packet takes, one way.
    pub delay: Duration,
    /// Mean of what a packet takes longer than that, one way.
    pub jitter: Duration,
    /// How many packets in a million the way loses of itself.
    pub loss: u32,
}

/// What the emulated Internet loses: nothing, what each way has of itself, or the same
/// share on all ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// Nothing, so that whatever is lost was lost by the mesh.
    #[default]
    None,
    /// What the model drew for each pair of hosts.
    Model,
    /// So many packets in a million, on all ways.
    Everywhere(u32),
}

/// Text that is no loss.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not understood; write none, model, or a percentage from 0 to 100, as 0.5")]
pub struct NoLoss(String);

/// The whole, in millionths.
const ALL: u32 = 1_000_000;
/// What the jitter of every way has at least …
const LEAST_JITTER: Duration = Duration::from_micros(200);
/// … and this share of the delay besides, in thousandths: at least …
const JITTER_FROM: u32 = 10;
/// … and at most.
const JITTER_TO: u32 = 80;
/// One way in so many is bad.
const BAD: usize = 20;
/// What a bad way loses, in millionths: at least …
const BAD_LOSS_FROM: u32 = 5_000;
/// … and at most.
const BAD_LOSS_TO: u32 = 10_000;
/// What any other way loses at most, in millionths.
const GOOD_LOSS_TO: u32 = 200;

impl Way {
    /// Draws a way of that `delay`: 1 to 8 % of it as jitter, on top of 0.2 ms; a loss of 0
    /// to 0.02 %, or, one way in twenty, of 0.5 to 1 %.
    pub(super) fn draw(delay: Duration, dice: &mut Dice) -> Self {
        let jitter = LEAST_JITTER + delay * between(JITTER_FROM, JITTER_TO, dice) / 1_000;
        let loss = if dice.below(BAD) == 0 {
            between(BAD_LOSS_FROM, BAD_LOSS_TO, dice)
        } else {
            between(0, GOOD_LOSS_TO, dice)
        };
        Self { delay, jitter, loss }
    }
}

impl Loss {
    /// Returns how many packets in a million are lost on `way`.
    pub const fn on(self, way: Way) -> u32 {
        match self {
            Self::None => 0,
            Self::Model => way.loss,
            Self::Everywhere(share) => share,
        }
    }

    /// Draws whether a packet on `way` is lost.
    pub(super) fn strikes(self, way: Way, dice: &mut Dice) -> bool {
        let share = self.on(way);
        share > 0 && dice.below(ALL as usize) < share as usize
    }
}

impl FromStr for Loss {
    type Err = NoLoss;

    /// Reads `none`, `model`, or a percentage with or without its sign.
    ///
    /// # Errors
    ///
    /// [`NoLoss`], with the form, for other text.
    fn from_str(text: &str) -> Result<Self, NoLoss> {
        let share = || {
            let percent: f64 = text.strip_suffix('%').unwrap_or(text).trim().parse().ok()?;
            (0.0..=100.0).contains(&percent).then(|| millionths(percent))
        };
        match text {
            "none" => Ok(Self::None),
            "model" => Ok(Self::Model),
            _ => share().map(Self::Everywhere).ok_or_else(|| NoLoss(text.to_owned())),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 100 hundredths are 0 to a million"
)]
fn millionths(percent: f64) -> u32 {
    (percent * f64::from(ALL / 100)).round() as u32
}

/// Draws a number from `least` to `most`, each equally likely.
fn between(least: u32, most: u32, dice: &mut Dice) -> u32 {
    let span = most.saturating_sub(least) as usize + 1;
    least + u32::try_from(dice.below(span)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_and_loss_are_of_each_way_and_within_their_bounds() {
        let mut dice = Dice::of([1; 32], "test");
        let delay = Duration::from_millis(100);
        let ways: Vec<Way> = (0..10_000).map(|_| Way::draw(delay, &mut dice)).collect();
        let steady = Duration::from_micros(1_200);
        let shaky = Duration::from_micros(8_200);
        assert!(ways.iter().all(|way| (steady..=shaky).contains(&way.jitter)));
        assert!(ways.iter().any(|way| way.jitter < steady * 2));
        assert!(ways.iter().any(|way| way.jitter > shaky * 3 / 4));
        let (good, bad): (Vec<Way>, Vec<Way>) = ways.iter().partition(|way| way.loss <= 200);
        assert!(bad.iter().all(|way| (5_000..=10_000).contains(&way.loss)));
        assert!((400..600).contains(&bad.len()), "one in twenty: {} bad", bad.len());
        assert_eq!(good.len() + bad.len(), ways.len());
    }

    #[test]
    fn a_loss_is_none_that_of_the_way_or_everywhere_the_same() {
        let way = Way { loss: 70, ..Way::default() };
        let all = [Loss::None, Loss::Model, Loss::Everywhere(5)];
        assert_eq!(all.map(|loss| loss.on(way)), [0, 70, 5]);
        assert_eq!(Loss::default(), Loss::None);
    }

    #[test]
    fn losses_are_read_as_they_are_written() {
        assert_eq!("none".parse(), Ok(Loss::None));
        assert_eq!("model".parse(), Ok(Loss::Model));
        assert_eq!("0.5".parse(), Ok(Loss::Everywhere(5_000)));
        assert_eq!("100%".parse(), Ok(Loss::Everywhere(1_000_000)));
        for text in ["", "%", "some", "-1", "100.1", "nan", "inf"] {
            let error = text.parse::<Loss>().unwrap_err().to_string();
            assert!(error.contains("none, model"), "{text}: {error}");
        }
    }
}
