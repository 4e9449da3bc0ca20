//! The date that elections go by.
//!
//! ```text
//!  the epoch begins in the future ─┬─ the clock was behind when we started: it is set meanwhile, and believed
//!    no election                   └─ it was ahead when the epoch was signed: it stays so for a quarter of an
//!                                     hour, and the next epoch begins now
//! ```

use std::time::Duration;

use gossip::{Calendar, Jump};
use order::Epoch;
use words::{Time, Wall};

use crate::meshes::is_ahead;

/// How long an epoch must have begun in the future until it is believed that the clock is right, and was
/// ahead before. A computer that keeps no date while it is off has it from others by then.
const DOUBT: Duration = Duration::from_mins(15);

/// The date that elections go by, and whether the epoch in force begins after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dates {
    calendar: Calendar,
    /// The number of the epoch that begins in the future, and when that was seen first.
    ahead: Option<(u64, Time)>,
}

impl Dates {
    /// Returns those of a clock that was not read yet.
    pub(super) const fn new(now: Time) -> Self {
        Self { calendar: Calendar::new(now), ahead: None }
    }

    /// Takes in what the clock says, where this epoch is in force; returns the date.
    ///
    /// A clock that is set while we run is believed after a quarter of an hour: a moment of a wrong one
    /// would leap over many epochs at once, and nobody goes back. One by which the epoch began in the
    /// future, and does no longer, is believed at once.
    pub(super) fn tell(&mut self, wall: Wall, epoch: Option<&Epoch>, now: Time) -> Wall {
        let before = self.calendar.date(now);
        if let Some(Jump { from, to }) = self.calendar.tell(wall, now) {
            let mends = |epoch: &Epoch| is_ahead(epoch, before) && !is_ahead(epoch, to);
            if epoch.is_some_and(mends) {
                self.calendar = Calendar::new(now);
                self.calendar.tell(wall, now);
                tracing::warn!(
                    %from,
                    %to,
                    "the clock was behind, and was set; elections go by it at once"
                );
            } else {
                tracing::warn!(
                    %from,
                    %to,
                    "the clock was set; elections go by it in a quarter of an hour, if it stays so"
                );
            }
        }
        self.calendar.agree([], now);
        self.calendar.date(now)
    }

    /// Tells whether no election may be held yet, because the epoch in force begins in the future, and did
    /// so for less than a quarter of an hour.
    pub(super) fn is_doubtful(&mut self, epoch: &Epoch, now: Time) -> bool {
        let date = self.calendar.date(now);
        if !is_ahead(epoch, date) {
            self.ahead = None;
            return false;
        }
        let known = self.ahead.filter(|(number, _)| *number == epoch.number);
        let (_, since) = known.unwrap_or((epoch.number, now));
        self.ahead = Some((epoch.number, since));
        if known.is_none() {
            tracing::warn!(
                epoch = epoch.number,
                began = %epoch.began,
                %date,
                "the epoch begins in the future: the clock is behind, or was ahead when it was signed; \
                 no election is held until the clock is set, or for a quarter of an hour"
            );
        }
        now.since(since) < DOUBT
    }
}
