//! What is to happen, in order.

use std::collections::BTreeMap;

use words::Time;

/// Entries in the order of their times, and of their writing where times are equal.
///
/// They wait in pages, one for each [`PAGE`], and are put in order when their page is opened: of a great
/// many entries, a heap would touch dozens all over the memory for each that is taken.
#[derive(Debug)]
pub(crate) struct Agenda<E> {
    /// What waits, by the number of the page, in the order of writing.
    pages: BTreeMap<u64, Vec<Entry<E>>>,
    /// The open page, and all that was written for earlier ones since: in order, the last first; of
    /// entries of the same time, the last written first.
    open: Vec<Entry<E>>,
    /// The number of the open page.
    page: u64,
    /// An empty page, for the next that is begun.
    spare: Vec<Entry<E>>,
}

#[derive(Debug)]
struct Entry<E> {
    at: Time,
    what: E,
}

/// How long one page lasts, in microseconds.
const PAGE: u64 = 1_000;

impl<E> Agenda<E> {
    /// Returns an agenda on which nothing stands.
    pub(crate) const fn new() -> Self {
        Self { pages: BTreeMap::new(), open: Vec::new(), page: 0, spare: Vec::new() }
    }

    /// Writes down what is to happen at `at`.
    pub(crate) fn plan(&mut self, at: Time, what: E) {
        let entry = Entry { at, what };
        let page = at.as_micros() / PAGE;
        if page > self.page {
            let spare = &mut self.spare;
            self.pages.entry(page).or_insert_with(|| std::mem::take(spare)).push(entry);
        } else {
            let place = self.open.partition_point(|it| it.at > entry.at);
            self.open.insert(place, entry);
        }
    }

    /// Returns what happens next, if that is not after `end`.
    pub(crate) fn next(&mut self, end: Time) -> Option<(Time, E)> {
        if self.open.is_empty() {
            self.turn(end);
        }
        let next = self.open.pop_if(|it| it.at <= end)?;
        Some((next.at, next.what))
    }

    /// Opens the next page, if it begins by `end`.
    fn turn(&mut self, end: Time) {
        let first = self.pages.first_entry();
        let Some(first) = first.filter(|first| *first.key() <= end.as_micros() / PAGE) else {
            return;
        };
        self.page = *first.key();
        self.spare = std::mem::replace(&mut self.open, first.remove());
        self.open.sort_by_key(|it| it.at);
        self.open.reverse();
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

    #[test]
    fn what_is_written_for_an_open_page_or_an_earlier_one_is_not_late() {
        let at = Time::from_micros;
        let mut agenda = Agenda::new();
        agenda.plan(at(7 * PAGE + 5), 2);
        agenda.plan(at(7 * PAGE + 9), 4);
        assert_eq!(agenda.next(at(7 * PAGE)), None, "the page is open, its entry not due");
        agenda.plan(at(3), 1);
        agenda.plan(at(7 * PAGE + 5), 3);
        agenda.plan(at(90 * PAGE), 6);
        agenda.plan(at(8 * PAGE), 5);
        let all = std::iter::from_fn(|| agenda.next(at(u64::MAX))).map(|(_, what)| what);
        assert_eq!(all.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    }
}
