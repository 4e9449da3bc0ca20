//! All paths between all pairs, at one moment.

use std::time::Duration;

use crate::number::{mean, percentile, real, share};
use crate::world::{Citizen, World};

/// What all paths are like at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// Ordered pairs of nodes that live.
    pub(crate) pairs: usize,
    /// Those of them that have no path.
    pub(crate) disconnected: usize,
    /// Nodes that live and reach nobody.
    pub(crate) isolated: usize,
    /// Mean round trip over the mesh, in mean direct round trips, of the pairs that have both.
    pub(crate) stretch: f64,
    /// What 95 % of the pairs do not exceed, each in its own direct round trip.
    pub(crate) stretch_p95: f64,
    /// Share of the pairs that are faster over the mesh.
    pub(crate) faster: f64,
    /// Links on a path, on average.
    pub(crate) hops: f64,
    /// Links on a path that 95 % do not exceed.
    pub(crate) hops_p95: usize,
    /// Links of the longest path.
    pub(crate) hops_max: usize,
    /// Share of the transit that the busiest 5 % of the nodes carry.
    pub(crate) busiest: f64,
    /// Transit of the busiest node, in mean transits.
    pub(crate) peak: f64,
}

/// How a node reaches the destination at hand.
#[derive(Clone, Copy, Debug)]
enum Way {
    Unknown,
    None,
    Of { delay: Duration, hops: usize, next: usize },
}

/// Sums over the pairs.
struct Sums {
    over: Duration,
    direct: Duration,
    compared: usize,
    faster: usize,
    /// Pairs by the hundredth of their stretch.
    ratios: Vec<usize>,
    /// Pairs by the links on their path.
    hops: Vec<usize>,
    transit: Vec<usize>,
    reaches: Vec<usize>,
}

/// The last of the hundredths that are told apart: a stretch of 100.
const RATIOS: usize = 10_000;
/// A path of more links is none.
const HOPS: usize = 64;

impl Survey {
    /// Looks at all paths of a world.
    pub(crate) fn of<E: Citizen>(world: &World<E>) -> Self {
        let living: Vec<usize> = world.terrain.living().collect();
        let count = world.terrain.count();
        let mut sums = Sums {
            over: Duration::ZERO,
            direct: Duration::ZERO,
            compared: 0,
            faster: 0,
            ratios: vec![0; RATIOS + 1],
            hops: vec![0; HOPS + 1],
            transit: vec![0; count],
            reaches: vec![0; count],
        };
        for to in &living {
            let ways = all_ways(world, *to, &living);
            sums.add(world, *to, &living, &ways);
        }
        sums.survey(&living)
    }
}

/// Finds the ways of all the `living` to one destination.
fn all_ways<E: Citizen>(world: &World<E>, to: usize, living: &[usize]) -> Vec<Way> {
    let mut ways = vec![Way::Unknown; world.terrain.count()];
    let mut chain = Vec::new();
    let note = |ways: &mut Vec<Way>, node: usize, way: Way| {
        if let Some(place) = ways.get_mut(node) {
            *place = way;
        }
    };
    note(&mut ways, to, Way::Of { delay: Duration::ZERO, hops: 0, next: to });
    for from in living {
        let mut at = *from;
        while matches!(ways.get(at), Some(Way::Unknown)) && chain.len() <= HOPS {
            let Some(next) = world.next(at, to) else {
                note(&mut ways, at, Way::None);
                break;
            };
            chain.push(at);
            at = next;
        }
        while let Some(node) = chain.pop() {
            let way = match ways.get(at) {
                Some(Way::Of { delay, hops, .. }) if *hops < HOPS => {
                    Way::Of { delay: *delay + world.hop(node, at), hops: hops + 1, next: at }
                }
                // No way, one that is too long, or one that goes in a circle.
                Some(Way::Of { .. } | Way::None | Way::Unknown) | None => Way::None,
            };
            note(&mut ways, node, way);
            at = node;
        }
    }
    ways
}

impl Sums {
    fn add<E: Citizen>(&mut self, world: &World<E>, to: usize, living: &[usize], ways: &[Way]) {
        for from in living.iter().filter(|from| **from != to) {
            let Some(Way::Of { delay, hops, next }) = ways.get(*from) else { continue };
            raise(&mut self.reaches, *from, 1);
            raise(&mut self.hops, *hops, 1);
            self.pass(*next, to, ways);
            let Some(direct) = world.terrain.round_trip(*from, to) else { continue };
            self.over += *delay;
            self.direct += direct;
            self.compared += 1;
            self.faster += usize::from(*delay < direct);
            let ratio = delay.as_micros() * 100 / direct.as_micros().max(1);
            raise(&mut self.ratios, usize::try_from(ratio).unwrap_or(RATIOS).min(RATIOS), 1);
        }
    }

    /// Counts the transit of the nodes from `at` to the destination.
    fn pass(&mut self, mut at: usize, to: usize, ways: &[Way]) {
        while at != to {
            raise(&mut self.transit, at, 1);
            let Some(Way::Of { next, .. }) = ways.get(at) else { return };
            at = *next;
        }
    }

    fn survey(&self, living: &[usize]) -> Survey {
        let pairs = living.len() * living.len().saturating_sub(1);
        let connected: usize = self.hops.iter().sum();
        let reaches = |node: &&usize| self.reaches.get(**node) == Some(&0);
        let links: usize = self.hops.iter().enumerate().map(|(hops, pairs)| hops * pairs).sum();
        let (busiest, peak) = self.load(living);
        let direct = self.direct.as_secs_f64();
        Survey {
            pairs,
            disconnected: pairs - connected,
            isolated: living.iter().filter(reaches).count(),
            stretch: if self.compared == 0 { 0.0 } else { self.over.as_secs_f64() / direct },
            stretch_p95: real(rank(&self.ratios, 95)) / 100.0,
            faster: share(self.faster, self.compared),
            hops: share(links, connected),
            hops_p95: rank(&self.hops, 95),
            hops_max: rank(&self.hops, 100),
            busiest,
            peak,
        }
    }

    /// Returns what share of the transit the busiest 5 % carry, and how busy the busiest is.
    fn load(&self, living: &[usize]) -> (f64, f64) {
        let mut transit: Vec<usize> =
            living.iter().filter_map(|node| self.transit.get(*node).copied()).collect();
        transit.sort_unstable_by(|a, b| b.cmp(a));
        let all: usize = transit.iter().sum();
        let few: usize = transit.iter().take(transit.len().div_ceil(20)).sum();
        let values: Vec<f64> = transit.iter().map(|transit| real(*transit)).collect();
        let peak = values.first().copied().unwrap_or(0.0) / mean(&values).max(1e-9);
        (share(few, all), if all == 0 { 0.0 } else { peak })
    }
}

fn raise(counts: &mut [usize], at: usize, by: usize) {
    if let Some(count) = counts.get_mut(at) {
        *count += by;
    }
}

/// Returns the place that so many hundredths of what is counted do not exceed.
fn rank(counts: &[usize], hundredths: usize) -> usize {
    let all: usize = counts.iter().sum();
    let wanted = (all * hundredths).div_ceil(100);
    let mut seen = 0;
    let reached = counts.iter().position(|count| {
        seen += count;
        seen >= wanted && all > 0
    });
    reached.unwrap_or(0)
}

/// The mean of several surveys, the median of whole numbers, and the worst of reach.
pub(crate) fn average(surveys: &[Survey]) -> Survey {
    let of = |figure: fn(&Survey) -> f64| mean(&surveys.iter().map(figure).collect::<Vec<_>>());
    let whole = |figure: fn(&Survey) -> usize| {
        let mut all: Vec<usize> = surveys.iter().map(figure).collect();
        all.sort_unstable();
        all
    };
    Survey {
        pairs: percentile(&whole(|it| it.pairs), 100),
        disconnected: percentile(&whole(|it| it.disconnected), 100),
        isolated: percentile(&whole(|it| it.isolated), 100),
        stretch: of(|it| it.stretch),
        stretch_p95: of(|it| it.stretch_p95),
        faster: of(|it| it.faster),
        hops: of(|it| it.hops),
        hops_p95: percentile(&whole(|it| it.hops_p95), 50),
        hops_max: percentile(&whole(|it| it.hops_max), 50),
        busiest: of(|it| it.busiest),
        peak: of(|it| it.peak),
    }
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn a_rank_is_where_so_many_are_passed() {
        assert_eq!((rank(&[0, 90, 8, 2], 95), rank(&[0, 90, 8, 2], 100)), (2, 3));
        assert_eq!((rank(&[0, 1], 50), rank(&[0, 0], 95)), (1, 0));
    }
}
