//! What a neighbour need not hear, because it could do nothing with it.
//!
//! In a mesh of twenty links a node, nineteen in twenty routes that a node is told are not those
//! that it uses. Towards those who prove to be of our kind, nothing is said of routes that they
//! cannot use, and little of those that would not be theirs anyway: such a route *rests*. Nobody
//! comes to harm by what it believes of one. Loops are kept away by what was said, which is never
//! better than what may be believed (RFC 8966 §2.4); and who follows a resting route says so by its
//! next word, as it then has none of its own for us, and is told at once how the route is now. Every
//! second full telling tells what rests too, before it would be forgotten there.

use alloc::boxed::Box;

use crate::announce::Offer;
use crate::candidates::{Candidates, Slot};
use crate::learn::JUMP;
use crate::rows::RowId;
use crate::{Metric, Speaker};

impl<C: Candidates> Speaker<C> {
    /// Tells whether the neighbour could do nothing with a route, and knows that we know: it told
    /// us as good a one to the same source, so that ours is not feasible for it.
    pub(crate) fn is_useless(&self, row: RowId, slot: Slot, offer: Offer) -> bool {
        let Some(neighbour) = self.neighbours.get(slot) else { return true };
        if !self.settings.frugal || !neighbour.frugal {
            return false;
        }
        // One with an older number than its own is not feasible for it. Of a newer one it may have
        // need soon.
        self.candidates.get(row, slot).is_some_and(|its| {
            its.router() == offer.router
                && !offer.seqno.newer_than(its.seqno)
                && its.refmetric <= offer.metric
        })
    }

    /// Tells whether the neighbour need not hear how a route is now that it was told before.
    ///
    /// So if its own was as good as what it was told, is as good as what is true now, and that is
    /// not much worse, on which it might count one day. So too if it would rather go its own way
    /// than ours before and now, if ours is an alternate for it before and now, and not much has
    /// changed; but `all` routes of this second kind are told again from time to time.
    ///
    /// A newer number alone does not make a route of use: who loses its own is told ours at once.
    /// An older one, or one far ahead, is that of a source which began anew: what was told before
    /// must not be taken for newer than what is true.
    pub(crate) fn rests(&self, row: RowId, slot: Slot, offer: Offer, all: bool) -> bool {
        let Some(neighbour) = self.neighbours.get(slot) else { return true };
        let said = neighbour.said(row);
        let its = self.candidates.get(row, slot).filter(|its| its.refmetric.is_finite());
        let Some(its) = its.filter(|its| said.is_route() && its.router() == offer.router) else {
            return false;
        };
        let grew = said.number_since(offer.seqno);
        if !self.settings.frugal || !neighbour.frugal || !(0..=JUMP).contains(&grew) {
            return false;
        }
        if its.refmetric <= offer.metric {
            return its.refmetric <= said.metric && !offer.metric.is_much_worse_than(said.metric);
        }
        let is_alternate = |metric: Metric| {
            metric < its.refmetric && its.refmetric <= metric.through(neighbour.cost)
        };
        let little = said.metric.0.abs_diff(offer.metric.0) <= said.metric.0 / 4;
        !all && little && is_alternate(said.metric) && is_alternate(offer.metric)
    }

    /// Passes over what the neighbour need not hear; it is told that once its own word makes it of
    /// use.
    pub(crate) fn rest(&mut self, row: RowId, slot: Slot) {
        if let Some(neighbour) = self.neighbours.get_mut(slot) {
            neighbour.resting.set(row, true);
        }
    }

    /// Tells whether the neighbour was told a route that is another one now, and needs to hear
    /// that.
    pub(crate) fn is_roused(&self, row: RowId, slot: Slot, offer: Offer) -> bool {
        let rested = self.neighbours.get(slot).is_some_and(|it| it.resting.has(row));
        rested && !self.rests(row, slot, offer, false)
    }
}

/// Ranges of which a neighbour may know less than is true now, a bit each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resting(Box<[u64]>);

impl Resting {
    pub(crate) fn has(&self, row: RowId) -> bool {
        let (word, bit) = place(row);
        self.0.get(word).is_some_and(|it| it & bit != 0)
    }

    pub(crate) fn set(&mut self, row: RowId, rests: bool) {
        let (word, bit) = place(row);
        if rests && word >= self.0.len() {
            let mut words = core::mem::take(&mut self.0).into_vec();
            words.reserve_exact(word + 1 - words.len());
            words.resize(word + 1, 0);
            self.0 = words.into_boxed_slice();
        }
        if let Some(it) = self.0.get_mut(word) {
            if rests { *it |= bit } else { *it &= !bit }
        }
    }
}

const fn place(RowId(row): RowId) -> (usize, u64) {
    ((row / 64) as usize, 1 << (row % 64))
}
