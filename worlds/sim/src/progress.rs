//! How far it is, on a terminal.

use std::io::Write;
use std::time::{Duration, Instant};

/// A line on standard error that shows how far a run is.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: bool,
    began: Instant,
    last: Option<Instant>,
}

/// The bar has so many places.
const PLACES: usize = 40;
/// It moves at most so often.
const OFTEN: Duration = Duration::from_millis(200);
/// A run that is over by then needs no bar.
const SHORT: Duration = Duration::from_secs(1);

impl Progress {
    /// Returns a bar, or none unless `shown`.
    pub(crate) fn new(shown: bool) -> Self {
        Self { shown, began: Instant::now(), last: None }
    }

    /// Shows that so much of `whole` is done, if it is time.
    pub(crate) fn tell(&mut self, done: Duration, whole: Duration) {
        let now = Instant::now();
        let soon = self.last.is_some_and(|last| now.duration_since(last) < OFTEN);
        if !self.shown || soon || now.duration_since(self.began) < SHORT {
            return;
        }
        self.last = Some(now);
        let line = line(done, whole, now.duration_since(self.began));
        // If nobody sees it, that is no reason to stop.
        let _ = write!(std::io::stderr(), "\r{line}\x1b[K");
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if self.last.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn line(done: Duration, whole: Duration, passed: Duration) -> String {
    let part = (done.as_secs_f64() / whole.as_secs_f64().max(1e-9)).clamp(0.0, 1.0);
    let steps = 0..PLACES;
    let bar: String = steps.map(|step| if is_done(step, part) { '█' } else { '░' }).collect();
    let left = passed.as_secs_f64() * (1.0 - part) / part.max(1e-9);
    format!("{bar} {:3.0} %  {left:.0} s left", part * 100.0)
}

fn is_done(step: usize, part: f64) -> bool {
    crate::number::share(step + 1, PLACES) <= part + 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_long_as_what_is_done() {
        let hour = Duration::from_hours(1);
        let quarter = line(hour / 4, hour, Duration::from_secs(10));
        assert_eq!(quarter.matches('█').count(), PLACES / 4);
        assert!(quarter.ends_with(" 25 %  30 s left"), "{quarter}");
        assert!(line(hour, hour, hour).starts_with(&"█".repeat(PLACES)));
    }
}
