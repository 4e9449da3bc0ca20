//! The book of pings: what was sent, lost and how long it took, pair by pair.
//!
//! A ping counts once it is answered, or lost for want of an answer within 3 s. Nothing
//! counts before the first success of its pair, nor after one of the two is gone.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use words::Time;

use crate::internet::HostId;

/// How long an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// Times of answers kept for the median of a pair: the latest ones.
const SAMPLES: usize = 1024;

/// All pairs.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pairs: BTreeMap<(HostId, HostId), Pair>,
    /// Pairs that have had no success yet.
    waiting: usize,
    full: Option<Time>,
    /// The first pings that were lost: from, to, and when they were sent.
    first_lost: Vec<(HostId, HostId, Time)>,
    /// All times that a pair was without an answer, if pings were lost in them.
    gaps: Vec<Gap>,
    /// When the last great fault came, and since when all pairs have been answered after it.
    again: Option<(Time, Option<Time>)>,
}

/// A time without an answer of one pair, in which pings were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// When the last ping before it that was answered had been sent.
    pub(crate) from: Time,
    /// When the first one after it that was answered had been sent.
    pub(crate) to: Time,
}

/// How many lost pings are remembered.
pub(super) const FIRST: usize = 20;

/// What is known of one pair, in one direction.
#[derive(Debug, Default)]
pub(crate) struct Pair {
    next: u32,
    pending: VecDeque<(u32, Time)>,
    /// When the latest ping that was answered had been sent.
    answered: Option<Time>,
    got: u64,
    lost: u64,
    /// Of those, how many were sent before all pairs had had a success.
    lost_at_first: u64,
    longest_gap: Duration,
    times: Vec<Duration>,
    /// Times without an answer of which the pings are not given up yet.
    perhaps: VecDeque<Gap>,
    /// A ping was lost, and none sent after it has been answered.
    loses: bool,
}

/// Sums over all pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Pairs whose both ends are there.
    pub(crate) pairs: usize,
    /// Pings answered or lost.
    pub(crate) sent: u64,
    /// Pings lost.
    pub(crate) lost: u64,
    /// Of those, how many were sent before all pairs had had a success.
    pub(crate) lost_at_first: u64,
    /// Longest time of a pair without an answered ping, from its first success on.
    pub(crate) longest_gap: Duration,
}

impl Book {
    /// Opens a book for these ordered pairs.
    pub(crate) fn of(pairs: &[(HostId, HostId)]) -> Self {
        let pairs: BTreeMap<_, _> = pairs.iter().map(|ends| (*ends, Pair::default())).collect();
        Self {
            waiting: pairs.len(),
            pairs,
            full: None,
            first_lost: Vec::new(),
            gaps: Vec::new(),
            again: None,
        }
    }

    /// Opens pairs of a node that is there again: nothing counts before their first success.
    pub(crate) fn open(&mut self, pairs: impl IntoIterator<Item = (HostId, HostId)>) {
        let before = self.pairs.len();
        for ends in pairs {
            self.pairs.entry(ends).or_default();
        }
        self.waiting += self.pairs.len().saturating_sub(before);
    }

    /// Notes a great fault: from now on it is awaited that all pairs are answered again.
    pub(crate) fn broken(&mut self, now: Time) {
        self.again = Some((now, None));
    }

    /// Returns how long it took after the last great fault until every pair had been answered
    /// again, if they have.
    pub(crate) fn full_again(&self) -> Option<Duration> {
        let (broken, full) = self.again?;
        Some(full?.since(broken))
    }

    /// Returns all gaps, in the order in which they were known.
    pub(crate) fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Notes that a ping is sent now, and returns its number; `None` if the pair is gone.
    pub(crate) fn send(&mut self, from: HostId, to: HostId, now: Time) -> Option<u32> {
        let pair = self.pairs.get_mut(&(from, to))?;
        let number = pair.next;
        pair.next = number.wrapping_add(1);
        pair.pending.push_back((number, now));
        Some(number)
    }

    /// Notes the answer to a ping. A second answer, or one too late, is nothing.
    pub(crate) fn answer(&mut self, from: HostId, to: HostId, number: u32, now: Time) {
        let Some(pair) = self.pairs.get_mut(&(from, to)) else { return };
        let Some(at) = pair.pending.iter().position(|(sent, _)| *sent == number) else { return };
        let Some((_, sent)) = pair.pending.remove(at) else { return };
        if pair.answered.is_none() {
            // Those before the first success never count.
            pair.pending.drain(..at);
            self.waiting = self.waiting.saturating_sub(1);
        }
        self.gaps.extend(pair.success(sent, now));
        self.note_full(now);
        self.note_again(now);
    }

    /// Gives up the pings that have waited too long.
    pub(crate) fn expire(&mut self, now: Time) {
        let full = self.full;
        for (ends, pair) in &mut self.pairs {
            while let Some((_, sent)) = pair.pending.front().copied() {
                if now.since(sent) < PATIENCE {
                    break;
                }
                pair.pending.pop_front();
                if let Some(answered) = pair.answered {
                    pair.lost += 1;
                    pair.lost_at_first += u64::from(full.is_none_or(|full| sent < full));
                    if self.first_lost.len() < FIRST {
                        self.first_lost.push((ends.0, ends.1, sent));
                    }
                    pair.longest_gap = pair.longest_gap.max(sent.since(answered));
                    self.gaps.extend(pair.gives_up(sent));
                }
            }
        }
    }

    /// Closes every pair of `node`: it is gone. What they counted so far still counts.
    pub(crate) fn close(&mut self, node: HostId, gone: &mut Sum, now: Time) {
        let is_its = |(from, to): &(HostId, HostId)| *from == node || *to == node;
        for (_, pair) in self.pairs.iter().filter(|(ends, _)| is_its(ends)) {
            gone.add(pair);
            self.waiting -= usize::from(pair.answered.is_none()).min(self.waiting);
        }
        self.pairs.retain(|ends, _| !is_its(ends));
        self.note_full(now);
    }

    /// Returns the first pings that were lost: from, to, and when they were sent.
    pub(crate) fn first_lost(&self) -> &[(HostId, HostId, Time)] {
        &self.first_lost
    }

    /// Returns when all pairs had had a success, if they have.
    pub(crate) const fn full(&self) -> Option<Time> {
        self.full
    }

    /// Tells whether nothing is being waited for.
    pub(crate) fn settled(&self) -> bool {
        self.pairs.values().all(|pair| pair.pending.is_empty())
    }

    /// Returns the pairs that answered a ping sent at `since` or later.
    pub(crate) fn reachable(&self, since: Time) -> impl Iterator<Item = (HostId, HostId)> {
        let lately = move |pair: &Pair| pair.answered.is_some_and(|sent| sent >= since);
        self.pairs.iter().filter(move |(_, pair)| lately(pair)).map(|(ends, _)| *ends)
    }

    /// Returns the sums over all pairs that are there.
    pub(crate) fn sum(&self) -> Sum {
        let mut sum = Sum::default();
        for pair in self.pairs.values() {
            sum.add(pair);
            sum.pairs += 1;
        }
        sum
    }

    /// Returns the median round trip of each pair that had a success.
    pub(crate) fn medians(&self) -> impl Iterator<Item = ((HostId, HostId), Duration)> {
        self.pairs.iter().filter_map(|(ends, pair)| Some((*ends, pair.median()?)))
    }

    /// Returns the longest gap of the pairs of `node`.
    pub(crate) fn longest_gap(&self, node: HostId) -> Duration {
        let its = self.pairs.iter().filter(|((from, to), _)| *from == node || *to == node);
        its.map(|(_, pair)| pair.longest_gap).max().unwrap_or_default()
    }

    /// Returns the longest gap of the pairs of two of `nodes`.
    pub(crate) fn longest_gap_among(&self, nodes: &[HostId]) -> Duration {
        let inside = |(from, to): &(HostId, HostId)| nodes.contains(from) && nodes.contains(to);
        let inside = self.pairs.iter().filter(|(ends, _)| inside(ends));
        inside.map(|(_, pair)| pair.longest_gap).max().unwrap_or_default()
    }

    /// Returns the pairs that are there.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (HostId, HostId)> {
        self.pairs.keys().copied()
    }

    /// Notes whether all pairs have been answered since the last great fault.
    fn note_again(&mut self, now: Time) {
        let Some((broken, None)) = self.again else { return };
        if self.pairs.values().all(|pair| pair.answered.is_some_and(|sent| sent >= broken)) {
            self.again = Some((broken, Some(now)));
        }
    }

    fn note_full(&mut self, now: Time) {
        if self.waiting == 0 && self.full.is_none() && !self.pairs.is_empty() {
            self.full = Some(now);
        }
    }
}

impl Pair {
    /// Notes an answer; returns the gap that it ends, if it is known already that pings were
    /// lost in it.
    fn success(&mut self, sent: Time, now: Time) -> Option<Gap> {
        let mut ended = None;
        if let Some(before) = self.answered {
            self.longest_gap = self.longest_gap.max(sent.since(before));
            ended = self.may_end(before, sent);
        }
        self.answered = self.answered.max(Some(sent));
        let at = usize::try_from(self.got).unwrap_or(0) % SAMPLES;
        self.got += 1;
        match self.times.get_mut(at) {
            Some(oldest) => *oldest = now.since(sent),
            None => self.times.push(now.since(sent)),
        }
        ended
    }

    /// Notes that the ping sent at `to` was answered, and before it the one sent at `from`.
    fn may_end(&mut self, from: Time, to: Time) -> Option<Gap> {
        if to <= from {
            // It comes late: what looked like one gap is two.
            let inside = |gap: &&mut Gap| gap.from < to && to < gap.to;
            let split = self.perhaps.iter_mut().find(inside)?;
            let rest = Gap { from: to, to: split.to };
            split.to = to;
            self.perhaps.push_back(rest);
            return None;
        }
        let gap = Gap { from, to };
        if std::mem::take(&mut self.loses) {
            return Some(gap);
        }
        if self.pending.iter().any(|(_, sent)| from < *sent && *sent < to) {
            self.perhaps.push_back(gap);
        }
        None
    }

    /// Gives up a ping; returns the gap that it lies in, unless that is known.
    fn gives_up(&mut self, sent: Time) -> Option<Gap> {
        self.loses |= self.answered.is_some_and(|answered| answered < sent);
        let at = self.perhaps.iter().position(|gap| gap.from < sent && sent < gap.to);
        let found = at.and_then(|at| self.perhaps.remove(at));
        self.perhaps.retain(|gap| gap.to > sent);
        found
    }

    fn median(&self) -> Option<Duration> {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }
}

impl Sum {
    fn add(&mut self, pair: &Pair) {
        self.sent += pair.got + pair.lost;
        self.lost += pair.lost;
        self.lost_at_first += pair.lost_at_first;
        self.longest_gap = self.longest_gap.max(pair.longest_gap);
    }

    /// Returns both together; the pairs are those of `self`.
    #[must_use]
    pub(crate) fn and(self, gone: Self) -> Self {
        Self {
            pairs: self.pairs,
            sent: self.sent + gone.sent,
            lost: self.lost + gone.lost,
            lost_at_first: self.lost_at_first + gone.lost_at_first,
            longest_gap: self.longest_gap.max(gone.longest_gap),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: HostId = HostId(1);
    const B: HostId = HostId(2);
    const C: HostId = HostId(3);

    fn ms(ms: u64) -> Time {
        Time::from_micros(ms * 1000)
    }

    fn both() -> [(HostId, HostId); 2] {
        [(A, B), (B, A)]
    }

    fn all() -> [(HostId, HostId); 6] {
        [(A, B), (B, A), (A, C), (C, A), (B, C), (C, B)]
    }

    /// Pings A→B at `sent`, answered 20 ms later.
    fn success(book: &mut Book, sent: u64) {
        let number = book.send(A, B, ms(sent)).unwrap();
        book.answer(A, B, number, ms(sent + 20));
    }

    #[test]
    fn nothing_counts_before_the_first_success() {
        let mut book = Book::of(&both());
        book.send(A, B, ms(0));
        book.send(A, B, ms(100));
        book.expire(ms(3_050));
        success(&mut book, 3_050);
        book.expire(ms(10_000));
        assert_eq!(book.sum(), Sum { pairs: 2, sent: 1, ..Sum::default() });
    }

    #[test]
    fn an_answer_that_does_not_come_in_three_seconds_is_lost() {
        let mut book = Book::of(&both());
        success(&mut book, 0);
        let late = book.send(A, B, ms(100)).unwrap();
        success(&mut book, 200);
        book.expire(ms(3_099));
        assert_eq!((book.sum().sent, book.sum().lost), (2, 0), "not yet");
        book.expire(ms(3_100));
        assert_eq!((book.sum().sent, book.sum().lost, book.sum().lost_at_first), (3, 1, 1));
        book.answer(A, B, late, ms(3_101));
        assert_eq!((book.sum().sent, book.sum().lost), (3, 1), "too late");
    }

    #[test]
    fn a_gap_runs_from_one_answered_ping_to_the_next() {
        let mut book = Book::of(&both());
        success(&mut book, 0);
        success(&mut book, 100);
        assert_eq!(book.sum().longest_gap, Duration::from_millis(100));
        book.send(A, B, ms(200));
        book.send(A, B, ms(300));
        success(&mut book, 400);
        assert_eq!(book.sum().longest_gap, Duration::from_millis(300));
    }

    #[test]
    fn a_gap_that_never_ends_shows_as_well() {
        let mut book = Book::of(&both());
        success(&mut book, 0);
        for n in 1..=50 {
            book.send(A, B, ms(n * 100));
        }
        book.expire(ms(9_000));
        assert_eq!(book.sum().longest_gap, Duration::from_secs(5));
        assert_eq!(book.longest_gap(B), Duration::from_secs(5));
    }

    #[test]
    fn what_was_under_way_to_a_killed_node_never_counts() {
        let mut book = Book::of(&all());
        success(&mut book, 0);
        book.send(A, B, ms(100));
        let mut gone = Sum::default();
        book.close(B, &mut gone, ms(150));
        assert_eq!(book.send(A, B, ms(200)), None);
        book.expire(ms(9_000));
        assert_eq!((gone.sent, gone.lost), (1, 0));
        assert_eq!(book.sum().and(gone), Sum { pairs: 2, sent: 1, ..Sum::default() });
    }

    #[test]
    fn the_mesh_is_full_when_the_last_pair_has_answered_or_is_gone() {
        let mut book = Book::of(&all());
        let pairs = [(A, B), (B, A), (A, C), (C, A), (B, C)];
        for (from, to) in pairs {
            let number = book.send(from, to, ms(0)).unwrap();
            book.answer(from, to, number, ms(30));
        }
        assert_eq!(book.full(), None);
        let mut other = Sum::default();
        book.close(C, &mut other, ms(40));
        assert_eq!(book.full(), Some(ms(40)));
        assert_eq!(book.reachable(ms(0)).collect::<Vec<_>>(), [(A, B), (B, A)]);
        assert_eq!(book.reachable(ms(1)).count(), 0, "not lately");
    }

    #[test]
    fn a_gap_counts_once_if_pings_were_lost_in_it_and_not_if_they_were_late() {
        let mut book = Book::of(&[(A, B), (B, A)]);
        success(&mut book, 0);
        book.send(A, B, ms(100));
        book.send(A, B, ms(200));
        success(&mut book, 300);
        let late = book.send(A, B, ms(400)).unwrap();
        success(&mut book, 500);
        book.answer(A, B, late, ms(900));
        assert_eq!(book.gaps(), []);
        book.expire(ms(3_500));
        assert_eq!(book.gaps(), [Gap { from: ms(0), to: ms(300) }]);
    }

    #[test]
    fn a_gap_longer_than_the_patience_counts_as_well() {
        let mut book = Book::of(&[(A, B), (B, A)]);
        success(&mut book, 0);
        for n in 1..=40 {
            book.send(A, B, ms(n * 100));
            book.expire(ms(n * 100));
        }
        success(&mut book, 4_100);
        book.expire(ms(9_000));
        assert_eq!(book.gaps(), [Gap { from: ms(0), to: ms(4_100) }]);
    }

    #[test]
    fn all_pairs_are_there_again_when_each_was_answered_after_the_fault() {
        let mut book = Book::of(&[(A, B), (B, A)]);
        let answered = |book: &mut Book, from, to, sent| {
            let number = book.send(from, to, ms(sent)).unwrap();
            book.answer(from, to, number, ms(sent + 20));
        };
        answered(&mut book, A, B, 0);
        answered(&mut book, B, A, 0);
        book.close(B, &mut Sum::default(), ms(50));
        book.broken(ms(50));
        book.open([(A, B), (B, A)]);
        answered(&mut book, A, B, 100);
        assert_eq!(book.full_again(), None);
        answered(&mut book, B, A, 200);
        assert_eq!(book.full_again(), Some(Duration::from_millis(170)));
    }

    #[test]
    fn the_mesh_is_not_full_before_pairs_opened_again_have_answered() {
        let mut book = Book::of(&both());
        success(&mut book, 0);
        book.close(B, &mut Sum::default(), ms(50));
        book.open(both());
        success(&mut book, 100);
        assert_eq!(book.full(), None, "one of the two never answered");
        let number = book.send(B, A, ms(200)).unwrap();
        book.answer(B, A, number, ms(220));
        assert_eq!(book.full(), Some(ms(220)));
    }

    #[test]
    fn the_median_is_of_the_latest_answers() {
        let mut book = Book::of(&both());
        for (n, took) in (0..).zip([50, 10, 20, 90, 30]) {
            let number = book.send(A, B, ms(n * 100)).unwrap();
            book.answer(A, B, number, ms(n * 100 + took));
        }
        let only = |(_, time): ((HostId, HostId), Duration)| time;
        assert_eq!(book.medians().map(only).next(), Some(Duration::from_millis(30)));
        assert!(book.settled());
    }
}
