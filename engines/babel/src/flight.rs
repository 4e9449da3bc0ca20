//! What a neighbour was told, or asked, and may not know yet.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use words::Time;

use crate::few::Few;
use crate::outbox::Asked;
use crate::rare::{Rare, Void};
use crate::rows::RowId;
use crate::several::Several;

/// What a packet that is to be acknowledged told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) row: RowId,
    pub(crate) tries: u8,
    /// An older packet about the same range may still be on its way.
    pub(crate) overtakes: bool,
}

/// The packets that a neighbour has not acknowledged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flight {
    /// What they tell, eight octets for each range: in the order in which they left, so that those
    /// of a packet lie together, and are found by its name. There is no packet without any.
    told: VecDeque<Aloft>,
    /// How many packets that are.
    packets: u32,
    besides: Rare<Besides>,
}

/// What there is besides, seldom.
#[derive(Clone, Debug, Default)]
struct Besides {
    /// The newest packet that tells each range, while so many are told that to look them through
    /// would take long.
    newest: Option<BTreeMap<RowId, u16>>,
    /// The requests for routes, by the packet that made them.
    asks: Few<u16, Asked>,
    /// Ranges to be told once more when nothing older can arrive any more, and when that is.
    again: Several<RowId, Time>,
}

impl Void for Besides {
    const VOID: &'static Self = &Self { newest: None, asks: Few::new(), again: Several::new() };

    fn is_void(&self) -> bool {
        self.newest.is_none() && self.asks.is_empty() && self.again.is_empty()
    }
}

/// What a packet tells of one range.
#[derive(Clone, Copy, Debug)]
struct Aloft {
    /// [`NOTHING`] if a newer packet tells of the range.
    row: RowId,
    /// The packet's name.
    opaque: u16,
    tries: u8,
    overtakes: bool,
}

/// What a packet told that is no longer on its way.
#[derive(Debug)]
pub(crate) struct Landed {
    /// What it told, but for what a newer one tells.
    pub(crate) told: Vec<Carried>,
    /// What it asked for, if anything.
    pub(crate) asked: Option<Asked>,
}

impl Void for Flight {
    const VOID: &'static Self = &Self { told: VecDeque::new(), packets: 0, besides: Rare::new() };

    fn is_void(&self) -> bool {
        self.told.is_empty() && self.besides.is_void()
    }
}

impl Flight {
    /// Returns how many packets are on their way.
    pub(crate) const fn packets(&self) -> usize {
        self.packets as usize
    }

    /// Returns the names of the packets, in the order in which they left.
    pub(crate) fn names(&self) -> Vec<u16> {
        let mut names = Vec::with_capacity(self.packets());
        names.extend(self.told.iter().map(|it| it.opaque));
        names.dedup();
        names
    }

    /// Returns how many ranges the packets tell of.
    #[cfg(test)]
    pub(crate) fn told(&self) -> usize {
        self.told.len()
    }

    /// Returns what the packets ask for.
    pub(crate) fn asks(&self) -> impl Iterator<Item = &Asked> {
        self.besides.asks.values()
    }

    /// Tells whether a packet tells of a range.
    pub(crate) fn tells(&self, row: RowId) -> bool {
        self.place(row).is_some()
    }

    /// Notes that a packet of this name leaves, the next one after the last: what it tells, and what
    /// it asks for.
    pub(crate) fn launch(&mut self, opaque: u16, carried: &[Carried], asked: Asked) {
        // Names come round. Nobody waits for the packet any more that had this one before.
        while self.told.front().is_some_and(|first| first.opaque == opaque) {
            self.land(opaque);
        }
        let room = carried.len().max(1);
        if self.told.capacity() - self.told.len() < room {
            self.told.reserve_exact(room.max(self.told.len() / 8));
        }
        self.packets += 1;
        if !asked.routes.is_empty() {
            self.besides.asks.insert(opaque, asked);
        }
        if carried.is_empty() {
            self.told.push_back(Aloft { row: NOTHING, opaque, tries: 0, overtakes: false });
        }
        for it in carried {
            let (before, mut overtakes) = (self.place(it.row), it.overtakes);
            let mut row = it.row;
            if let Some(before) = before.and_then(|at| self.told.get_mut(at)) {
                if before.opaque == opaque {
                    row = NOTHING;
                } else {
                    before.row = NOTHING;
                    overtakes = true;
                }
            }
            self.told.push_back(Aloft { row, opaque, tries: it.tries, overtakes });
            if let Some(newest) = self.newest() {
                newest.insert(it.row, opaque);
            }
        }
        if self.besides.newest.is_none() && self.told.len() > MANY {
            let there = self.told.iter().filter(|it| it.row != NOTHING);
            self.besides.newest = Some(there.map(|it| (it.row, it.opaque)).collect());
        }
    }

    /// Notes that a packet arrived, or that it is taken to be lost; returns what was in it, if it
    /// was on its way.
    pub(crate) fn land(&mut self, opaque: u16) -> Option<Landed> {
        let (start, end) = self.span(opaque)?;
        let there = self.told.drain(start..end).filter(|it| it.row != NOTHING);
        let carried = |it: Aloft| Carried { row: it.row, tries: it.tries, overtakes: it.overtakes };
        let told: Vec<Carried> = there.map(carried).collect();
        self.packets -= 1;
        if self.told.len() <= self.told.capacity() / 2 {
            self.told.shrink_to_fit();
        }
        let are_few = self.told.len() < FEW;
        let mut asked = None;
        if let Some(besides) = self.besides.there() {
            asked = besides.asks.remove(&opaque);
            besides.newest.take_if(|_| are_few);
            if let Some(newest) = &mut besides.newest {
                for it in &told {
                    newest.remove(&it.row);
                }
            }
            self.besides.tidy();
        }
        Some(Landed { told, asked })
    }

    /// Forgets a range: its number is free for another one.
    pub(crate) fn forget(&mut self, row: RowId) {
        if let Some(it) = self.place(row).and_then(|at| self.told.get_mut(at)) {
            it.row = NOTHING;
        }
        if let Some(besides) = self.besides.there() {
            besides.again.remove(&row);
            if let Some(newest) = &mut besides.newest {
                newest.remove(&row);
            }
            self.besides.tidy();
        }
    }

    /// Notes that a range is to be told once more at a moment.
    pub(crate) fn repeat(&mut self, row: RowId, at: Time) {
        self.besides.again.insert(row, at);
    }

    /// Takes out the ranges that are to be told once more by now.
    pub(crate) fn repeated(&mut self, now: Time) -> Vec<RowId> {
        let due = self.besides.again.iter().filter(|(_, at)| **at <= now);
        let due: Vec<RowId> = due.map(|(row, _)| *row).collect();
        if let Some(besides) = self.besides.there() {
            for row in &due {
                besides.again.remove(row);
            }
            self.besides.tidy();
        }
        due
    }

    /// Returns when the next range is to be told once more.
    pub(crate) fn repeats_at(&self) -> Option<Time> {
        self.besides.again.iter().map(|(_, at)| *at).min()
    }

    fn newest(&mut self) -> Option<&mut BTreeMap<RowId, u16>> {
        self.besides.there()?.newest.as_mut()
    }

    /// Returns where it is told of a range.
    fn place(&self, row: RowId) -> Option<usize> {
        let (start, end) = match &self.besides.newest {
            Some(newest) => self.span(*newest.get(&row)?)?,
            None => (0, self.told.len()),
        };
        self.told.range(start..end).position(|it| it.row == row).map(|at| start + at)
    }

    /// Returns where it is noted what a packet tells.
    fn span(&self, opaque: u16) -> Option<(usize, usize)> {
        let first = self.told.front()?.opaque;
        let after = |it: &Aloft| it.opaque.wrapping_sub(first);
        let nth = opaque.wrapping_sub(first);
        let start = self.told.partition_point(|it| after(it) < nth);
        let its = self.told.range(start..).take_while(|it| it.opaque == opaque).count();
        (its > 0).then_some((start, start + its))
    }
}

/// The number of no range.
const NOTHING: RowId = RowId(u32::MAX);
/// From so many on, the newest packets are noted by ranges …
const MANY: usize = 256;
/// … until there are fewer than this.
const FEW: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const fn told(row: u32, tries: u8) -> Carried {
        Carried { row: RowId(row), tries, overtakes: false }
    }

    fn launched(packets: &[(u16, &[Carried])]) -> Flight {
        let mut flight = Flight::default();
        for (opaque, carried) in packets {
            flight.launch(*opaque, carried, Asked::default());
        }
        flight
    }

    #[test]
    fn what_is_told_of_a_range_takes_eight_octets() {
        assert_eq!(size_of::<Aloft>(), 8);
    }

    #[test]
    fn the_newest_packet_that_tells_of_a_range_stands_for_it() {
        let mut flight = launched(&[(7, &[told(1, 0), told(2, 0)]), (8, &[told(2, 3)])]);
        assert_eq!((flight.packets(), flight.names()), (2, [7, 8].into()));
        let newer = Carried { overtakes: true, ..told(2, 3) };
        assert_eq!(flight.land(8).map(|it| it.told), Some([newer].into()));
        assert!(!flight.tells(RowId(2)) && flight.tells(RowId(1)));
        assert_eq!(flight.land(7).map(|it| it.told), Some([told(1, 0)].into()));
        assert!(flight.land(7).is_none() && flight.is_void());
    }

    #[test]
    fn a_packet_that_tells_nothing_new_is_waited_for_all_the_same() {
        let mut flight = launched(&[(7, &[told(1, 0)]), (8, &[told(1, 0)]), (9, &[])]);
        flight.forget(RowId(1));
        for opaque in [7, 9, 8] {
            assert_eq!(flight.land(opaque).map(|it| it.told), Some(Vec::new()), "{opaque}");
        }
        assert!(flight.is_void());
    }

    #[test]
    fn what_a_packet_tells_twice_is_told_as_it_was_first() {
        let mut flight = launched(&[(7, &[told(1, 2), told(1, 0)])]);
        assert_eq!(flight.land(7).map(|it| it.told), Some([told(1, 2)].into()));
    }

    #[test]
    fn names_that_come_round_are_those_of_the_newer_packets() {
        let mut flight = Flight::default();
        for n in 0..70_000_u32 {
            let opaque = u16::try_from(n % 65_535 + 1).unwrap();
            flight.launch(opaque, &[told(n, 0)], Asked::default());
        }
        assert_eq!(flight.packets(), 65_535);
        assert_eq!(flight.land(5).map(|it| it.told), Some([told(65_539, 0)].into()));
        assert!(!flight.tells(RowId(4)) && flight.tells(RowId(65_540)));
    }

    #[test]
    fn many_are_found_as_few_are() {
        let (mut flight, mut packets) = (Flight::default(), Vec::<(u16, Vec<u32>)>::new());
        let mut newest = BTreeMap::new();
        let mut dice = words::Dice::of([7; 32], "flight");
        let mut below = |most: u64| u32::try_from(dice.bits() % most).unwrap();
        for n in 0..8_000_u32 {
            let opaque = u16::try_from((n + 60_000) % 65_535 + 1).unwrap();
            let mut rows: Vec<u32> = (0..below(9)).map(|_| below(999)).collect();
            rows.sort_unstable();
            rows.dedup();
            let carried: Vec<Carried> = rows.iter().map(|row| told(*row, 0)).collect();
            flight.launch(opaque, &carried, Asked::default());
            newest.extend(rows.iter().map(|row| (*row, opaque)));
            packets.push((opaque, rows));
            let most = if n / 2_000 % 2 == 0 { 300 } else { 3 };
            while packets.len() > most {
                let at = usize::try_from(below(4)).unwrap().min(packets.len() - 1);
                let (opaque, mut rows) = packets.remove(at);
                rows.retain(|row| newest.get(row) == Some(&opaque));
                for row in &rows {
                    newest.remove(row);
                }
                let landed = flight.land(opaque).map(|it| it.told).unwrap();
                assert!(landed.iter().map(|it| it.row.0).eq(rows));
            }
            assert_eq!(flight.packets(), packets.len());
            assert!((0..999).all(|row| flight.tells(RowId(row)) == newest.contains_key(&row)));
        }
        assert!(flight.besides.newest.is_none());
    }
}
