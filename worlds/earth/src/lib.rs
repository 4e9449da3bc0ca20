//! The planet that the laboratory and the simulator share: its cities, and what light takes
//! between them.
//!
//! A packet takes what light takes in fibre along the great circle, times a detour. The detour
//! is drawn for each pair, with a mean of 1.6, so that a way through a third place is often
//! shorter than the direct one, as on the real Internet (where 72 % of the pairs have such a
//! way).

mod cities;

use std::time::Duration;

use words::Dice;

pub use cities::{CITIES, City};

/// What light does in fibre, in kilometres per second.
const LIGHT: f64 = 200_000.0;
/// A detour is at least so much …
const LEAST_DETOUR: f64 = 1.2;
/// … and this more on average …
const MEAN_DETOUR: f64 = 0.4;
/// … but never more than so much.
const MOST_DETOUR: f64 = 5.0;
/// What two places of one city are apart, in kilometres.
const ACROSS_TOWN: f64 = 10.0;

/// Draws what a packet takes from `here` to `there`, one way, access lines left out.
pub fn fibre(here: &City, there: &City, dice: &mut Dice) -> Duration {
    let detour = (LEAST_DETOUR + exponential(MEAN_DETOUR, dice)).min(MOST_DETOUR);
    Duration::from_secs_f64(here.distance(there).max(ACROSS_TOWN) * detour / LIGHT)
}

/// Draws from the exponential distribution of that `mean`.
pub fn exponential(mean: f64, dice: &mut Dice) -> f64 {
    let drawn = u32::try_from(dice.bits() >> 32).unwrap_or(0);
    let unit = (f64::from(drawn) + 1.0) / (f64::from(u32::MAX) + 1.0);
    -mean * unit.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detours_are_one_point_six_on_average() {
        let mut dice = Dice::of([2; 32], "test");
        let sum: f64 = (0..20_000).map(|_| exponential(MEAN_DETOUR, &mut dice)).sum();
        let mean = LEAST_DETOUR + sum / 20_000.0;
        assert!((1.58..1.62).contains(&mean), "{mean}");
    }

    #[test]
    fn across_an_ocean_takes_what_it_takes() {
        let named = |name| CITIES.iter().find(|city| city.name == name).unwrap();
        let mut dice = Dice::of([3; 32], "test");
        let times: Vec<_> =
            (0..1000).map(|_| fibre(named("Paris"), named("New York"), &mut dice)).collect();
        // 5 837 km: 35 ms on the straightest line there is.
        assert!(times.iter().all(|time| time.as_millis() >= 35 && time.as_millis() <= 146));
        assert!(fibre(named("Lyon"), named("Lyon"), &mut dice).as_micros() >= 60);
    }
}
