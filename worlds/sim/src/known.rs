//! Which nodes are well known.

use std::fmt;
use std::str::FromStr;

use words::Dice;

use crate::matrix::Matrix;

/// Which nodes are well known, if the rule has that exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Those with the shortest median round trip to all others, as in datacenters.
    ///
    /// Source: seed, "nodes in well known datacenters".
    Central,
    /// Any, at random.
    Drawn,
}

/// Text that says of nobody that he is well known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is nobody; write central or drawn")]
pub struct NoKnown(String);

impl Known {
    /// Returns `count` of the places, in order.
    pub(crate) fn among(self, matrix: &Matrix, count: usize, dice: &mut Dice) -> Vec<usize> {
        let mut all: Vec<usize> = (0..matrix.places()).collect();
        let mut known = match self {
            Self::Drawn => dice.draw(&mut all, count),
            Self::Central => {
                all.sort_by_cached_key(|place| matrix.remoteness(*place));
                all.truncate(count);
                all
            }
        };
        known.sort_unstable();
        known
    }

    /// Returns its name, as on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Central => "central",
            Self::Drawn => "drawn",
        }
    }
}

impl FromStr for Known {
    type Err = NoKnown;

    /// Reads `central` or `drawn`.
    ///
    /// # Errors
    ///
    /// [`NoKnown`] for other text.
    fn from_str(text: &str) -> Result<Self, NoKnown> {
        let known = [Self::Central, Self::Drawn].into_iter().find(|one| one.name() == text);
        known.ok_or_else(|| NoKnown(text.to_owned()))
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_central_are_near_to_all_and_the_drawn_are_anybody() {
        // The higher the nearer to all, but that nothing is known of the last one.
        let mut places = Matrix::new(6);
        for a in 0..5 {
            for b in 0..a {
                places.set(a, b, Duration::from_millis(10 - (a + b) as u64));
            }
        }
        let mut dice = Dice::of([1; 32], "known");
        assert_eq!(Known::Central.among(&places, 1, &mut dice), [4]);
        assert_eq!(Known::Central.among(&places, 2, &mut dice), [3, 4]);
        assert_eq!(Known::Central.among(&places, 5, &mut dice), [0, 1, 2, 3, 4]);
        let drawn: Vec<_> =
            (0..40).flat_map(|_| Known::Drawn.among(&places, 1, &mut dice)).collect();
        assert!((0..6).all(|place| drawn.contains(&place)), "{drawn:?}");
        assert!("near".parse::<Known>().unwrap_err().to_string().contains("central or drawn"));
        assert_eq!("drawn".parse(), Ok(Known::Drawn));
    }
}
