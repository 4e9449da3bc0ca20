//! What a run costs the processor.

use std::time::{Duration, Instant};

/// Counts the time that this thread was on a processor.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Duration,
    pub half: Option<Duration>,
    /// What is counted where the kernel tells nothing: real time.
    instead: Instant,
}

impl Clock {
    /// Begins to count.
    pub(crate) fn new() -> Self {
        let instead = Instant::now();
        Self { began: on_processor().unwrap_or_default(), half: None, instead }
    }

    /// Half of the virtual time is over.
    pub(crate) fn half(&mut self) {
        if self.half.is_none() {
            self.half = Some(self.spent());
        }
    }

    /// Returns the time spent so far.
    pub(crate) fn spent(&self) -> Duration {
        let spent = on_processor().map(|now| now.saturating_sub(self.began));
        spent.unwrap_or_else(|| self.instead.elapsed())
    }

    /// Returns the time spent since the virtual time was half over.
    pub(crate) fn spent_late(&self) -> Duration {
        self.spent().saturating_sub(self.half.unwrap_or_default())
    }
}

/// Returns how long this thread has been on a processor, as the kernel counts it.
fn on_processor() -> Option<Duration> {
    let counts = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    counts.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
