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
//! calendars say, and never what they go by, so that no error is passed on, and each has one voice.
//!
//! Where the nodes at the ends of three of our own arrows or more told a date, these have a voice and nobody
//! else: chance gave them to us. Who dials us chose us, and has a voice while fewer of ours told. Whoever
//! wants to set our date must be most of those; where they and we are of two minds, half and half, the date
//! stays with the half that it is nearer to.
//!
//! The date is set by a word only if it was not set in the last minute, and else when our calendar is told next: who
//! tells dates without end changes it no more often. The first word on each link may set it at any time, so that who
//! starts with a wrong calendar goes by the right date within seconds. In a network of one mesh nothing is done by the
//! date, and what neighbours say of it sets none.

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
/// How far our calendar must be off what a neighbour was told before it is told again.
const NEWS: Duration = Duration::from_secs(5);
/// After how long it is told again anyway: a word may have been lost.
const AGAIN: Duration = Duration::from_mins(10);
/// How long a date that was set stays, whatever neighbours say: until our calendar is told, or so long.
const REST: Duration = Duration::from_mins(1);
/// So many of our own arrows must lead to nodes that told a date for others to have no voice.
const CHOSEN: usize = 3;

/// What the two ends of a link told each other of their calendars: each what was said last, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dates {
    heard: Option<(Wall, Time)>,
    told: Option<(Wall, Time)>,
}

impl Dates {
    /// Tells whether the other end must hear that our calendar says this.
    fn owes(&self, wall: Wall, now: Time) -> bool {
        self.told.is_none_or(|(told, at)| {
            let since = now.since(at);
            since >= AGAIN || off(told.plus(since), wall) > NEWS
        })
    }
}

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
    /// How far the date may be off what most say before it is set. Where nobody hears of an election, who
    /// won waits for as long before it tells ranges, so that nothing is lost by less.
    pub const OFF: Duration = Duration::from_secs(10);

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
    /// seconds, or was never set; returns what it was before, if it is another now. Of an even number, that
    /// one of the two in the middle counts which is nearer to the date, as it was set or else as our calendar
    /// says; of two as near, the earlier one: an election that comes late does less harm.
    pub fn agree(&mut self, others: impl IntoIterator<Item = Wall>, now: Time) -> Option<Wall> {
        let before = self.date(now);
        let is_doubted = self.by.is_some() && now < self.doubted;
        let ours = if is_doubted { before } else { self.wall(now) };
        let mut all: Vec<Wall> = others.into_iter().chain([ours]).collect();
        all.sort_unstable();
        let middle = all.get((all.len() - 1) / 2..=all.len() / 2).unwrap_or_default();
        let median = middle.iter().copied().min_by_key(|it| off(*it, before)).unwrap_or(ours);
        if self.by.is_some() && off(before, median) <= Self::OFF {
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

    /// Tells whether the date was set a moment ago.
    fn rests(&self, now: Time) -> bool {
        self.by.is_some_and(|(_, at)| now < at + REST)
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
        if let Some(Jump { from, to }) = self.calendar.tell(wall, now) {
            self.say(Output::Event(Event::CalendarJumped { from, to }));
        }
        self.tell_all_the_date(now);
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

    /// Tells whether the network is divided in meshes: in one mesh, nothing is done by the date.
    fn is_divided(&self) -> bool {
        self.document().is_some_and(|document| document.meshes.is_some())
    }

    /// Tells the other end of a link what our calendar says, where the network is divided, unless it must
    /// know: it was told less than ten minutes ago, and our calendar went on since as it should.
    pub(crate) fn tell_date(&mut self, link: LinkId, now: Time) {
        let (wall, is_divided) = (self.wall(now), self.is_divided());
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        if is_divided && wall != Wall(0) && neighbour.dates.owes(wall, now) {
            neighbour.dates.told = Some((wall, now));
            self.say(Output::Send(link, Word::Date(wall).encode()));
        }
    }

    /// Tells all neighbours what our calendar says, but those that must know.
    pub(crate) fn tell_all_the_date(&mut self, now: Time) {
        let links: Vec<LinkId> = self.neighbours.keys().copied().collect();
        for link in links {
            self.tell_date(link, now);
        }
    }

    /// Takes in what the calendar of the other end of a link says. The first time, the date may be set by it
    /// in any case; later only if it was not set in the last minute.
    pub(crate) fn heard_date(&mut self, link: LinkId, wall: Wall, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        let is_first = neighbour.dates.heard.replace((wall, now)).is_none();
        if is_first || !self.calendar.rests(now) {
            self.agree(now);
        }
    }

    /// Returns what neighbours say that has a voice, one for each node: what it said last, on whatever link.
    fn voices(&self, now: Time) -> Vec<Wall> {
        let (mut all, mut chosen) = (BTreeMap::new(), BTreeMap::new());
        for (link, neighbour) in &self.neighbours {
            let Some((wall, at)) = neighbour.dates.heard else { continue };
            let said = (at, wall.plus(now.since(at)));
            let note = |voices: &mut BTreeMap<NodeId, (Time, Wall)>| {
                let latest = voices.entry(neighbour.node).or_insert(said);
                *latest = said.max(*latest);
            };
            note(&mut all);
            if link.is_ours() {
                note(&mut chosen);
            }
        }
        let heard = if chosen.len() < CHOSEN { all } else { chosen };
        heard.into_values().map(|(_, wall)| wall).collect()
    }

    /// Sets the date, if most of us and our neighbours say another one.
    pub(crate) fn agree(&mut self, now: Time) {
        if self.calendar.told.0 == Wall(0) {
            return;
        }
        let others = if self.is_divided() { self.voices(now) } else { Vec::new() };
        let before = self.calendar.agree(others, now);
        let (calendar, date) = (self.wall(now), self.date(now));
        // While a jump of ours is doubted, it alone may be what is off.
        let is_off = off(calendar, date) > Calendar::OFF;
        let is_overruled = is_off && now >= self.calendar.doubted;
        if is_overruled && !self.overruled {
            self.say(Output::Event(Event::DateOverruled { calendar, date }));
        }
        self.overruled = is_overruled || (is_off && self.overruled);
        if before.is_some_and(|before| off(before, date) > Calendar::OFF) {
            self.say(Output::Dated);
        }
    }
}
