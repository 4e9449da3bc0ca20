//! The date that a node goes by: what its own calendar says, unless most of its neighbours say otherwise.
//!
//! ```text
//!  calendar, each minute ─┬─► wall    what it says: for certificates and signed statements
//!                         └─► ours    the same, but a jump is believed after a quarter of an hour only
//!  neighbours ──────────────► theirs  what their calendars say, as they tell on each link
//!                 median of ours and theirs ─► date: it runs on by itself, and is set if it is off
//! ```
//!
//! Epochs that follow in the registry's silence begin by the date, alike everywhere: one node whose
//! calendar is wrong would go by elections that nobody else holds. What neighbours tell is what their own
//! calendars say, and never what they go by, so that no error is passed on, and each has one voice. Whoever
//! wants to set our date must be most of those whom chance gave us as neighbours.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use words::{LinkId, NodeId, Time, Wall};

use crate::frame::Word;
use crate::{Authority, Event, Gossip, Output};

/// How far a calendar may be off before it has jumped: it is told each minute, and slews.
const JUMP: Duration = Duration::from_mins(5);
/// How long a calendar that jumped ends no link, and sets no date by itself.
const DOUBT: Duration = Duration::from_mins(15);
/// How far the date may be off what most say before it is set. Who serves between meshes goes on for as
/// long after an election, so that nothing is lost by less.
const OFF: Duration = Duration::from_secs(10);
/// How far our calendar must be off what we told neighbours before they are told again.
const NEWS: Duration = Duration::from_secs(5);

/// What a calendar says, and which date is gone by.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    /// What it said, and when; nothing yet if that is 0.
    told: (Wall, Time),
    /// The date, as it was set last, and when.
    by: Option<(Wall, Time)>,
    /// Until when a jump is doubted.
    doubted: Time,
}

/// A calendar that jumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// What it should have said.
    pub from: Wall,
    /// What it said.
    pub to: Wall,
}

impl Calendar {
    /// Returns a calendar that said nothing yet.
    pub const fn new(now: Time) -> Self {
        Self { told: (Wall(0), now), by: None, doubted: now }
    }

    /// Takes in what the calendar says; returns the jump, if it was set by more than five minutes
    /// since it was last told.
    pub fn tell(&mut self, wall: Wall, now: Time) -> Option<Jump> {
        let is_first = self.told.0 == Wall(0);
        let jump = Jump { from: self.wall(now), to: wall };
        let jump = Some(jump).filter(|jump| !is_first && off(jump.from, jump.to) > JUMP);
        if jump.is_some() {
            self.doubted = now + DOUBT;
        }
        self.told = (wall, now);
        jump
    }

    /// Sets the date to the median of our own calendar and those of others, if it is off by more than ten
    /// seconds, or was never set; returns what it was before, if it is another now. Of an even number, the
    /// earlier one in the middle counts: an election that comes late does less harm.
    pub fn agree(&mut self, others: impl IntoIterator<Item = Wall>, now: Time) -> Option<Wall> {
        let before = self.date(now);
        let is_doubted = self.by.is_some() && now < self.doubted;
        let ours = if is_doubted { before } else { self.wall(now) };
        let mut all: Vec<Wall> = others.into_iter().chain([ours]).collect();
        all.sort_unstable();
        let median = all.get((all.len() - 1) / 2).copied().unwrap_or(ours);
        if self.by.is_some() && off(before, median) <= OFF {
            return None;
        }
        self.by = Some((median, now));
        (median != before).then_some(before)
    }

    /// Returns what the calendar must say at `now`.
    pub fn wall(&self, now: Time) -> Wall {
        let (wall, at) = self.told;
        wall.plus(now.since(at))
    }

    /// Returns the date at `now`: what the calendar says, until it was set.
    pub fn date(&self, now: Time) -> Wall {
        let (date, at) = self.by.unwrap_or(self.told);
        date.plus(now.since(at))
    }

    /// Returns until when a jump is doubted; in the past, if none is.
    pub const fn doubted(&self) -> Time {
        self.doubted
    }

    /// Returns when a date is over by what the calendar says.
    pub(crate) fn end_of(&self, last: Wall) -> Time {
        let (wall, at) = self.told;
        at + last.since(wall) + Duration::from_secs(1)
    }
}

/// Returns how far two dates are apart.
fn off(one: Wall, other: Wall) -> Duration {
    one.since(other).max(other.since(one))
}

impl<A: Authority> Gossip<A> {
    /// Takes in what the calendar says; what we show may only now be valid.
    ///
    /// One that jumps ahead while we run may come back: links that it would end are given
    /// time. Whoever wants a new link is judged by what it says now.
    pub(crate) fn calendar_said(&mut self, wall: Wall, now: Time) {
        let is_news = off(self.wall(now), wall) > NEWS;
        if let Some(Jump { from, to }) = self.calendar.tell(wall, now) {
            self.say(Output::Event(Event::CalendarJumped { from, to }));
        }
        if is_news {
            self.tell_all_the_date(now);
        }
        self.agree(now);
        if self.serial.is_none()
            && let Some(myself) = self.myself.take()
        {
            self.introduce(myself, now);
        }
    }

    /// Returns what the calendar must say at `now`.
    pub(crate) fn wall(&self, now: Time) -> Wall {
        self.calendar.wall(now)
    }

    /// Returns the date that we go by.
    pub fn date(&self, now: Time) -> Wall {
        self.calendar.date(now)
    }

    /// Tells the other end of a link what our calendar says, where the network is divided in meshes: in one
    /// mesh, nothing is done by the date.
    pub(crate) fn tell_date(&mut self, link: LinkId, now: Time) {
        let wall = self.wall(now);
        let divided = self.document().is_some_and(|document| document.meshes.is_some());
        if divided && wall != Wall(0) {
            self.say(Output::Send(link, Word::Date(wall).encode()));
        }
    }

    /// Tells all neighbours what our calendar says.
    pub(crate) fn tell_all_the_date(&mut self, now: Time) {
        let links: Vec<LinkId> = self.neighbours.keys().copied().collect();
        for link in links {
            self.tell_date(link, now);
        }
    }

    /// Takes in what the calendar of the other end of a link says.
    pub(crate) fn heard_date(&mut self, link: LinkId, wall: Wall, now: Time) {
        if let Some(neighbour) = self.neighbours.get_mut(&link) {
            neighbour.date = Some((wall, now));
            self.agree(now);
        }
    }

    /// Sets the date, if most of us and our neighbours say another one.
    fn agree(&mut self, now: Time) {
        let told = |neighbour: &crate::spread::Neighbour| {
            let (wall, at) = neighbour.date?;
            Some((neighbour.node, wall.plus(now.since(at))))
        };
        // One voice each, however many links it has with us.
        let others: BTreeMap<NodeId, Wall> = self.neighbours.values().filter_map(told).collect();
        if self.calendar.told.0 == Wall(0) {
            return;
        }
        let Some(from) = self.calendar.agree(others.into_values(), now) else { return };
        let (calendar, to) = (self.wall(now), self.date(now));
        if off(calendar, to) > OFF {
            self.say(Output::Event(Event::DateOverruled { calendar, date: to }));
        }
        if off(from, to) > OFF {
            self.say(Output::Dated);
        }
    }
}
