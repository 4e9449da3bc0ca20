//! Our own end: no more arrows, routes are made to leave, and every link is closed with a word.
//!
//! ```text
//! Leave ──1.2 s──► a farewell on each link, routing forgets it ──0.2 s──► closed
//! ```

use alloc::vec::Vec;
use core::time::Duration;

use words::{LinkId, Time};

use crate::life::{Life, Link};
use crate::wire::Frame;
use crate::{Arrows, Death, Output};

/// How long routes have to leave us once we are told to stop.
///
/// Routes move within a second; the world waits a little longer before it ends.
const FAREWELL: Duration = Duration::from_millis(1_200);

/// How long a link carries after our farewell what the other end sent before it heard that.
const LINGER: Duration = Duration::from_millis(200);

impl Arrows {
    /// We are about to stop. Told a second time, we close at once.
    pub(crate) fn leave(&mut self, now: Time) {
        if self.leaving.is_some() {
            self.say_farewell();
            (self.leaving, self.closing) = (Some(now), Some(now));
            return;
        }
        self.leaving = Some(now + FAREWELL);
        for id in self.links_that(|link| matches!(link.life, Life::Seeking { .. })) {
            self.close(id, Death::Surplus, now);
        }
        for id in self.links_that(|link| matches!(link.life, Life::Live)) {
            self.say(Output::Shun(id));
        }
    }

    /// Closes one link that routing has left, with a word.
    pub(crate) fn dismiss(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get(&id) else { return };
        let is_up = link.is_up();
        if is_up {
            self.tell(id, Frame::Farewell);
        }
        self.close(id, if is_up { Death::Moved } else { Death::Surplus }, now);
    }

    /// Says farewell on every link once routes had their time to leave, ours and theirs alike, and
    /// closes it a moment later.
    ///
    /// The other end hears it, so that it need not find out by our silence.
    pub(crate) fn part(&mut self, now: Time) {
        if self.leaving.is_none_or(|at| now < at) {
            return;
        }
        if self.closing.is_none() {
            self.say_farewell();
            self.closing = Some(now + LINGER);
        }
        for id in self.links_that(|link| !link.is_up()) {
            self.close(id, Death::Surplus, now);
        }
        if self.closing.is_some_and(|at| at <= now) {
            for id in self.links_that(|_| true) {
                self.close(id, Death::Left, now);
            }
        }
    }

    /// Says the last word on every link, unless it is said. Nothing is sent there any more; what
    /// the other end sent before it heard that is still carried.
    fn say_farewell(&mut self) {
        if self.closing.is_some() {
            return;
        }
        for id in self.links_that(Link::is_up) {
            self.say(Output::Leave(id));
            self.tell(id, Frame::Farewell);
        }
    }

    fn links_that(&self, fits: fn(&Link) -> bool) -> Vec<LinkId> {
        self.links.iter().filter(|(_, link)| fits(link)).map(|(id, _)| *id).collect()
    }
}
