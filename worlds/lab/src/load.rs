//! What nodes carried for others, minute by minute, and what their links were charged for it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use words::Time;

use crate::internet::HostId;
use crate::report::{mb, rounded};
use crate::watch::Seen;

/// How often it is noted.
const MINUTE: Duration = Duration::from_mins(1);

/// What the nodes that were there at the end carried for others: from link to link, and as exits.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Load {
    /// What the node carried that carried most, in Mbit/s, in each minute.
    pub busiest_mbit: Vec<f64>,
    /// The mean of all nodes, in Mbit/s, in each minute.
    pub mean_mbit: Vec<f64>,
    /// What each node carried, by its number.
    pub by_node: BTreeMap<String, Vec<Minute>>,
}

/// What a node carried for others in a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Minute {
    /// In Mbit/s.
    pub mbit: f64,
    /// What each of its links was charged for it at the end of the minute, in the unit of Babel.
    pub charge: u64,
}

/// A node's load, as noted each minute.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looks(Vec<Look>);

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Time,
    octets: u64,
    charge: u64,
}

impl Looks {
    /// Takes in how many octets a node carried since it started, and what its links are charged.
    pub(crate) fn note(&mut self, (octets, charge): (u64, u64), at: Time) {
        if self.0.last().is_none_or(|last| at.since(last.at) >= MINUTE) {
            self.0.push(Look { at, octets, charge });
        }
    }

    fn minutes(&self) -> Vec<Minute> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let minute = |(before, after): (&Look, &Look)| {
            let seconds = after.at.since(before.at).as_secs_f64();
            let mbit = mb(after.octets.saturating_sub(before.octets)) * 8.0 / seconds;
            Minute { mbit: rounded(mbit), charge: after.charge }
        };
        pairs.map(minute).collect()
    }
}

impl Load {
    /// Returns what nodes carried, as far as all that are there were seen.
    pub(crate) fn of(seen: &BTreeMap<HostId, Seen>) -> Self {
        let there = seen.iter().filter(|(_, seen)| !seen.gone);
        let by_node = there.map(|(node, seen)| (node.0.to_string(), seen.load.minutes()));
        Self::from(by_node.collect::<BTreeMap<_, _>>())
    }
}

impl From<BTreeMap<String, Vec<Minute>>> for Load {
    fn from(by_node: BTreeMap<String, Vec<Minute>>) -> Self {
        let minutes = by_node.values().map(Vec::len).min().unwrap_or(0);
        let nodes = f64::from(u32::try_from(by_node.len()).unwrap_or(u32::MAX));
        let (busiest_mbit, mean_mbit) = (0..minutes)
            .map(|minute| {
                let all = by_node.values().filter_map(|all| all.get(minute)).map(|it| it.mbit);
                let (most, sum) = all.fold((0.0, 0.0), |(most, sum), it| (it.max(most), sum + it));
                (most, rounded(sum / nodes))
            })
            .unzip();
        Self { busiest_mbit, mean_mbit, by_node }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_is_told_by_the_minute() {
        let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
        let mut looks = Looks::default();
        for (second, octets, charge) in [
            (1, 0, 0),
            (2, 5_000, 0),
            (61, 7_500_000, 0),
            (100, 9_000_000, 60),
            (121, 9_000_000, 90),
        ] {
            looks.note((octets, charge), at(second));
        }
        let minute = |mbit, charge| Minute { mbit, charge };
        assert_eq!(looks.minutes(), [minute(1.0, 0), minute(0.2, 90)]);
        let other = vec![minute(3.0, 0), minute(0.1, 0), minute(9.0, 0)];
        let all = BTreeMap::from([("1".to_owned(), looks.minutes()), ("2".to_owned(), other)]);
        let load = Load::from(all);
        assert_eq!((load.busiest_mbit, load.mean_mbit), (vec![3.0, 0.2], vec![2.0, 0.15]));
        assert_eq!(Load::from(BTreeMap::new()), Load::default());
    }
}
