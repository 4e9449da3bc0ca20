//! What is to happen, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use words::Time;

/// Entries in the order of their times, and of their writing where times are equal.
#[derive(Debug)]
pub(crate) struct Agenda<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
    count: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at: Time,
    number: u64,
    what: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl<E> Agenda<E> {
    /// Returns an agenda on which nothing stands.
    pub(crate) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), count: 0 }
    }

    /// Writes down what is to happen at `at`.
    pub(crate) fn plan(&mut self, at: Time, what: E) {
        self.count += 1;
        self.heap.push(Reverse(Entry { at, number: self.count, what }));
    }

    /// Returns what happens next, if that is not after `end`.
    pub(crate) fn next(&mut self, end: Time) -> Option<(Time, E)> {
        self.heap.peek().filter(|Reverse(first)| first.at <= end)?;
        self.heap.pop().map(|Reverse(first)| (first.at, first.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_in_the_order_of_its_time_and_then_of_its_writing() {
        let mut agenda = Agenda::new();
        for (at, what) in [(5, "d"), (1, "a"), (3, "b"), (3, "c")] {
            agenda.plan(Time::from_micros(at), what);
        }
        let until = |agenda: &mut Agenda<_>, end| {
            std::iter::from_fn(|| agenda.next(Time::from_micros(end)))
                .map(|(_, what)| what)
                .collect::<String>()
        };
        assert_eq!((until(&mut agenda, 3), until(&mut agenda, 9)), ("abc".into(), "d".into()));
    }
}
