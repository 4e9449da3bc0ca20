//! The routes that neighbours told us (RFC 8966 §3.5.3), in the two forms that serve.
//!
//! A daemon keeps all of them, in [`Columns`]: one dense column per neighbour, so that a route
//! is found by its number, without a search and without memory of its own. A simulator of very
//! many nodes may keep the few best of each range, in [`TopK`]. (Ours run what the daemon runs:
//! with eight kept of each range, 300 nodes took 15 % less memory and 10 % less time.)

use alloc::vec::Vec;
use core::fmt::Debug;
use core::time::Duration;

use crate::Seqno;
use crate::feasibility::Distance;
use crate::intern::Router;
use crate::metric::Metric;
use crate::rows::RowId;

/// A neighbour, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(pub(crate) u16);

/// One neighbour's route to one range, in ten octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The neighbour's own metric; infinite if it was retracted or is too old.
    pub(crate) refmetric: Metric,
    pub(crate) seqno: Seqno,
    /// When it was last told, see [`Stamp`].
    pub(crate) stamp: Stamp,
    /// The router's number, in 24 bits, then in seven how long it is believed ([`Hold`]), then
    /// in one, that the neighbour was asked to repeat it. In halves, for the sake of alignment.
    rest: [u16; 2],
}

/// How long a route is believed, in steps of a ninth: one second to eighteen hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hold(u8);

impl Hold {
    /// Eighteen hours.
    pub(crate) const LONGEST: Self = Self(127);

    /// Returns the shortest hold that is not shorter than so many seconds.
    pub(crate) fn of(seconds: u16) -> Self {
        let octaves = u16::BITS - 1 - seconds.max(1).leading_zeros();
        let whole = (0..128u8).skip(octaves as usize * 8);
        Self(whole.take(9).find(|step| Self(*step).seconds() >= seconds).unwrap_or(127))
    }

    /// Returns how many seconds that is.
    #[inline]
    pub(crate) const fn seconds(self) -> u16 {
        let base = 1u32 << (self.0 / 8);
        let seconds = base + (base * (self.0 % 8) as u32).div_ceil(8);
        if seconds > 0xffff { 0xffff } else { (seconds & 0xffff) as u16 }
    }
}

/// A moment in whole seconds since the speaker began, modulo 2^16: eighteen hours, while no
/// route lives longer than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(pub(crate) u16);

impl Stamp {
    /// Returns the moment so long after the speaker began.
    #[expect(clippy::cast_possible_truncation, reason = "stamps wrap")]
    pub(crate) const fn of(since: Duration) -> Self {
        Self(since.as_secs() as u16)
    }

    /// Returns how many seconds have passed since, until `now`.
    #[inline]
    pub(crate) const fn age(self, now: Self) -> u16 {
        now.0.wrapping_sub(self.0)
    }
}

impl Candidate {
    const NONE: Self =
        Self { refmetric: Metric::INFINITE, seqno: Seqno(0), stamp: Stamp(0), rest: [0; 2] };
    const NUDGED: u16 = 0x80;

    /// Returns a route just told.
    pub(crate) const fn new(router: Router, distance: Distance, hold: Hold, now: Stamp) -> Self {
        let Distance { seqno, metric } = distance;
        let [_, r2, r1, r0] = router.0.to_be_bytes();
        let rest = [u16::from_be_bytes([r2, r1]), u16::from_be_bytes([r0, hold.0])];
        Self { refmetric: metric, seqno, stamp: now, rest }
    }

    /// Returns its source.
    #[inline]
    pub(crate) const fn router(&self) -> Router {
        let [high, low] = self.rest;
        let ([r2, r1], [r0, _]) = (high.to_be_bytes(), low.to_be_bytes());
        Router(u32::from_be_bytes([0, r2, r1, r0]))
    }

    /// Gives its source another number.
    pub(crate) const fn renumber(&mut self, router: Router) {
        let (nudged, fresh) =
            (self.is_nudged(), Self::new(router, self.distance(), self.hold(), self.stamp));
        *self = fresh;
        if nudged {
            self.nudge();
        }
    }

    /// Notes that it was told again.
    #[inline]
    pub(crate) const fn refresh(&mut self, hold: Hold, now: Stamp) {
        *self = Self::new(self.router(), self.distance(), hold, now);
    }

    /// Returns what feasibility is judged by.
    #[inline]
    pub(crate) const fn distance(&self) -> Distance {
        Distance { seqno: self.seqno, metric: self.refmetric }
    }

    /// Returns how long it is believed.
    #[inline]
    pub(crate) const fn hold(&self) -> Hold {
        let [_, low] = self.rest;
        Hold((low & 0x7f) as u8)
    }

    /// Tells whether the neighbour was asked to repeat it.
    #[inline]
    pub(crate) const fn is_nudged(&self) -> bool {
        let [_, low] = self.rest;
        low & Self::NUDGED != 0
    }

    /// Notes that the neighbour is asked to repeat it.
    pub(crate) const fn nudge(&mut self) {
        let [_, low] = &mut self.rest;
        *low |= Self::NUDGED;
    }

    #[inline]
    const fn is_there(&self) -> bool {
        self.router().0 != 0
    }
}

/// How much a route is wanted: the lower the better. Sees its neighbour and itself.
pub(crate) type Weigh<'a> = &'a dyn Fn(Slot, &Candidate) -> u32;

/// All that neighbours told, by range and neighbour.
pub trait Candidates: Default + Clone + Debug {
    /// Returns the neighbour's route.
    fn get(&self, row: RowId, from: Slot) -> Option<&Candidate>;

    /// Returns the neighbour's route, to change it.
    fn get_mut(&mut self, row: RowId, from: Slot) -> Option<&mut Candidate>;

    /// Adds or replaces the neighbour's route. Where there is no room for all, the one with
    /// the most weight goes; it may be this one. Returns whose that was.
    fn put(
        &mut self,
        row: RowId,
        from: Slot,
        candidate: Candidate,
        weigh: Weigh<'_>,
    ) -> Option<Slot>;

    /// Removes the neighbour's route.
    fn remove(&mut self, row: RowId, from: Slot);

    /// Calls `see` with each route to the range, neighbours in order.
    fn each(&self, row: RowId, see: impl FnMut(Slot, &Candidate));

    /// Calls `see` with each route there is.
    fn all(&mut self, see: impl FnMut(&mut Candidate));

    /// Returns how many routes the neighbour told.
    fn told_by(&self, from: Slot) -> usize;

    /// Removes all that the neighbour told.
    fn clear(&mut self, from: Slot);

    /// Tells, once, whether routes to the range had to go for want of room.
    fn has_forgotten(&mut self, row: RowId) -> bool;
}

/// Makes room for the place `at`, and a little more: a sixty-fourth, not twice as much.
pub(crate) fn grow<T: Clone>(all: &mut Vec<T>, at: usize, filler: T) {
    if all.len() <= at {
        if all.capacity() <= at {
            all.reserve_exact(at + 1 - all.len() + at / 64);
        }
        all.resize(at + 1, filler);
    }
}

/// Every route of every neighbour.
#[derive(Clone, Debug, Default)]
pub struct Columns(Vec<Column>);

#[derive(Clone, Debug, Default)]
struct Column {
    routes: Vec<Candidate>,
    count: usize,
}

impl Candidates for Columns {
    #[inline]
    fn get(&self, row: RowId, from: Slot) -> Option<&Candidate> {
        let column = self.0.get(usize::from(from.0))?;
        column.routes.get(row.0 as usize).filter(|it| it.is_there())
    }

    #[inline]
    fn get_mut(&mut self, row: RowId, from: Slot) -> Option<&mut Candidate> {
        let column = self.0.get_mut(usize::from(from.0))?;
        column.routes.get_mut(row.0 as usize).filter(|it| it.is_there())
    }

    fn put(&mut self, row: RowId, from: Slot, candidate: Candidate, _: Weigh<'_>) -> Option<Slot> {
        let (row, from) = (row.0 as usize, usize::from(from.0));
        if self.0.len() <= from {
            self.0.resize_with(from + 1, Column::default);
        }
        let column = self.0.get_mut(from)?;
        grow(&mut column.routes, row, Candidate::NONE);
        if let Some(place) = column.routes.get_mut(row) {
            column.count += usize::from(!place.is_there());
            *place = candidate;
        }
        None
    }

    fn remove(&mut self, row: RowId, from: Slot) {
        if let Some(place) = self.get_mut(row, from) {
            *place = Candidate::NONE;
            if let Some(column) = self.0.get_mut(usize::from(from.0)) {
                column.count -= 1;
            }
        }
    }

    fn each(&self, row: RowId, mut see: impl FnMut(Slot, &Candidate)) {
        for (slot, column) in (0..).map(Slot).zip(&self.0) {
            if let Some(candidate) = column.routes.get(row.0 as usize).filter(|it| it.is_there()) {
                see(slot, candidate);
            }
        }
    }

    fn all(&mut self, see: impl FnMut(&mut Candidate)) {
        let all = self.0.iter_mut().flat_map(|column| &mut column.routes);
        all.filter(|it| it.is_there()).for_each(see);
    }

    #[inline]
    fn told_by(&self, from: Slot) -> usize {
        self.0.get(usize::from(from.0)).map_or(0, |column| column.count)
    }

    fn clear(&mut self, from: Slot) {
        if let Some(column) = self.0.get_mut(usize::from(from.0)) {
            *column = Column::default();
        }
    }

    fn has_forgotten(&mut self, _: RowId) -> bool {
        false
    }
}

/// The best `K` routes of each range; which neighbour had others is not known.
#[derive(Clone, Debug)]
pub struct TopK<const K: usize> {
    rows: Vec<Best<K>>,
    counts: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Best<const K: usize> {
    routes: [(Slot, Candidate); K],
    forgot: bool,
}

impl<const K: usize> Best<K> {
    const NONE: Self = Self { routes: [(Slot(0), Candidate::NONE); K], forgot: false };
}

impl<const K: usize> Default for TopK<K> {
    fn default() -> Self {
        Self { rows: Vec::new(), counts: Vec::new() }
    }
}

impl<const K: usize> TopK<K> {
    fn count(&mut self, from: Slot, more: bool) {
        let from = usize::from(from.0);
        if self.counts.len() <= from {
            self.counts.resize(from + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(from) {
            *count = if more { *count + 1 } else { count.saturating_sub(1) };
        }
    }
}

impl<const K: usize> Candidates for TopK<K> {
    fn get(&self, row: RowId, from: Slot) -> Option<&Candidate> {
        let best = self.rows.get(row.0 as usize)?;
        let mut there = best.routes.iter().filter(|(_, it)| it.is_there());
        there.find(|(slot, _)| *slot == from).map(|(_, it)| it)
    }

    fn get_mut(&mut self, row: RowId, from: Slot) -> Option<&mut Candidate> {
        let best = self.rows.get_mut(row.0 as usize)?;
        let mut there = best.routes.iter_mut().filter(|(_, it)| it.is_there());
        there.find(|(slot, _)| *slot == from).map(|(_, it)| it)
    }

    fn put(
        &mut self,
        row: RowId,
        from: Slot,
        candidate: Candidate,
        weigh: Weigh<'_>,
    ) -> Option<Slot> {
        if let Some(known) = self.get_mut(row, from) {
            *known = candidate;
            return None;
        }
        let number = row.0 as usize;
        if self.rows.len() <= number {
            self.rows.resize(number + 1, Best::NONE);
        }
        let best = self.rows.get_mut(number)?;
        let weight = |place: &(Slot, Candidate)| {
            if place.1.is_there() { weigh(place.0, &place.1) } else { u32::MAX }
        };
        let worst = best.routes.iter_mut().max_by_key(|place| weight(place))?;
        let there = worst.1.is_there();
        if there && weight(worst) <= weigh(from, &candidate) {
            best.forgot = true;
            return Some(from);
        }
        let gone = there.then_some(worst.0);
        best.forgot |= there;
        if let Some(place) = best.routes.iter_mut().max_by_key(|place| weight(place)) {
            *place = (from, candidate);
        }
        best.routes.sort_unstable_by_key(|(slot, it)| (!it.is_there(), *slot));
        if let Some(gone) = gone {
            self.count(gone, false);
        }
        self.count(from, true);
        gone
    }

    fn remove(&mut self, row: RowId, from: Slot) {
        if let Some(place) = self.get_mut(row, from) {
            *place = Candidate::NONE;
            self.count(from, false);
        }
    }

    fn each(&self, row: RowId, mut see: impl FnMut(Slot, &Candidate)) {
        let there = self.rows.get(row.0 as usize).into_iter().flat_map(|best| &best.routes);
        there.filter(|(_, it)| it.is_there()).for_each(|(slot, it)| see(*slot, it));
    }

    fn all(&mut self, mut see: impl FnMut(&mut Candidate)) {
        let all = self.rows.iter_mut().flat_map(|best| &mut best.routes);
        all.filter(|(_, it)| it.is_there()).for_each(|(_, it)| see(it));
    }

    fn told_by(&self, from: Slot) -> usize {
        self.counts.get(usize::from(from.0)).copied().unwrap_or(0)
    }

    fn clear(&mut self, from: Slot) {
        for best in &mut self.rows {
            for place in best.routes.iter_mut().filter(|(slot, _)| *slot == from) {
                place.1 = Candidate::NONE;
            }
        }
        if let Some(count) = self.counts.get_mut(usize::from(from.0)) {
            *count = 0;
        }
    }

    fn has_forgotten(&mut self, row: RowId) -> bool {
        let best = self.rows.get_mut(row.0 as usize);
        best.is_some_and(|best| core::mem::take(&mut best.forgot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_has_ten_octets() {
        assert_eq!(size_of::<Candidate>(), 10);
    }

    #[test]
    fn whose_route_goes_for_want_of_room_is_told() {
        let (row, by_slot) = (RowId(3), |slot: Slot, _: &Candidate| u32::from(slot.0));
        let route = |seqno| {
            let distance = Distance { seqno: Seqno(seqno), metric: Metric(9) };
            Candidate::new(Router(7), distance, Hold::of(9), Stamp(0))
        };
        let mut best = TopK::<2>::default();
        let mut put = |slot, seqno| best.put(row, Slot(slot), route(seqno), &by_slot);
        assert_eq!((put(5, 1), put(3, 1)), (None, None));
        assert_eq!(put(4, 1), Some(Slot(5)), "the one with the most weight");
        assert_eq!(put(6, 1), Some(Slot(6)), "or the new one");
        assert_eq!(put(4, 2), None, "it has its place");
        let mut all = Columns::default();
        assert!((0..9).all(|slot| all.put(row, Slot(slot), route(1), &by_slot).is_none()));
    }

    #[test]
    fn a_hold_is_never_shorter_and_little_longer() {
        for seconds in 1..60_000 {
            let hold = Hold::of(seconds).seconds();
            assert!(
                hold >= seconds && u32::from(hold) <= u32::from(seconds) * 9 / 8 + 1,
                "{seconds}"
            );
        }
    }

    #[test]
    fn what_is_put_into_a_candidate_comes_out() {
        let distance = Distance { seqno: Seqno(7), metric: Metric(900) };
        let mut it = Candidate::new(Router(0x00ab_cdef), distance, Hold::of(56), Stamp(3));
        it.nudge();
        it.renumber(Router(77));
        assert_eq!((it.router(), it.distance(), it.hold()), (Router(77), distance, Hold::of(56)));
        assert!(it.is_nudged());
        it.refresh(Hold::of(4), Stamp(9));
        assert_eq!((it.router(), it.stamp, it.is_nudged()), (Router(77), Stamp(9), false));
    }
}
