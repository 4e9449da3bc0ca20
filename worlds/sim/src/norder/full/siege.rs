//! A country that is filtered around a whole network that was well: who is cut off, and how nodes help
//! themselves.
//!
//! Nothing is told to anybody: links across fall silent, nodes lose their quorum and escape, find too few
//! links at home and seek refuge. The negative controls keep nodes from being heard that escape, or that
//! seek refuge.

use words::{Dice, Time};

use super::report::Besieged;
use super::{LOOK, Run, STAYS};
use crate::norder::wall::Wall;
use crate::norder::ways::some;
use crate::number::{rounded, share, small};
use crate::progress::Progress;

/// Destinations on each side of the border, and sources on the other side for each.
const WALKS: (usize, usize) = (20, 30);

impl Run<'_> {
    /// Filters a country, and waits until all walks across its border arrive for good.
    pub(super) fn besiege(
        &mut self,
        country: Option<&str>,
        parts: u32,
    ) -> anyhow::Result<Besieged> {
        let nodes = self.world.web.nodes();
        let wall = Wall::new((self.land, nodes), country, parts, self.seed)?;
        let mut report = Besieged {
            country: wall.country.clone(),
            inside: wall.count(),
            blocked_share: wall.share(),
            open_pairs: wall.open_pairs(),
            escape: !self.options.no_quorum,
            refuge: !self.options.no_refuge,
            ..Besieged::default()
        };
        let before = self.world.counts;
        self.world.wall = Some(wall);
        report.lost_share = self.lost_across();
        report.whole_s = self.relieve()?;
        report.lost_in_the_end = self.lost_across();
        report.escaped = self.world.counts.escaped - before.escaped;
        report.sought_refuge = self.world.counts.sought - before.sought;
        Ok(report)
    }

    /// Returns after how many seconds all walks across arrived for good.
    fn relieve(&mut self) -> anyhow::Result<Option<f64>> {
        let began = self.world.now;
        let end = began + self.whole.within;
        let mut progress = Progress::new(self.whole.progress);
        let mut whole: Option<Time> = None;
        while self.world.now < end {
            let next = (self.world.now + LOOK).or_earlier(end);
            self.pass(next)?;
            progress.tell(next.since(began), self.whole.within);
            whole = (self.lost_across() <= 0.0).then(|| whole.unwrap_or(next));
            if whole.is_some_and(|since| next >= since + STAYS) {
                break;
            }
        }
        progress.end();
        Ok(whole.map(|at| rounded(at.since(began).as_secs_f64())))
    }

    /// Walks across the border in both directions; returns the share that did not arrive.
    fn lost_across(&self) -> f64 {
        let Some(wall) = &self.world.wall else { return 0.0 };
        let mut dice = Dice::of(self.seed, "border");
        let (inside, outside) = (wall.side(true), wall.side(false));
        let (mut lost, mut looked) = (0_usize, 0_usize);
        for (to, from) in [(&inside, &outside), (&outside, &inside)] {
            let drawn = some(WALKS.0.min(to.len()), to.len(), &mut dice);
            for to in drawn.iter().filter_map(|at| to.get(*at)) {
                let sources = some(WALKS.1.min(from.len()), from.len(), &mut dice);
                for from in sources.iter().filter_map(|at| from.get(*at)) {
                    looked += 1;
                    lost += usize::from(self.world.walk(small(*from), small(*to)).is_none());
                }
            }
        }
        rounded(share(lost, looked))
    }
}
