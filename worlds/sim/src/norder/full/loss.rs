//! Border nodes that die at once, in a whole network that was well.
//!
//! The others find out by their probes, and take other ways. Who is next in the line for a dead
//! node's slot finds it silent for a minute, and serves in its stead.

use words::{Dice, Share, Time};

use super::report::Lost;
use super::{Formula, LOOK, Run, STAYS};
use crate::number::{rounded, share};
use crate::progress::Progress;

/// Destinations, and sources for each, that are walked between each virtual second.
const WALKS: (usize, usize) = (30, 300);

impl Run<'_> {
    /// Kills this share of the border nodes, and waits until all is well without them.
    pub(super) fn lose_border(&mut self, part: Share) -> anyhow::Result<Lost> {
        let web = self.world.web.clone();
        let serving = web.serving(|node| !self.world.lives(node))?;
        let mut urn: Vec<usize> = serving.keys().map(|node| *node as usize).collect();
        let (border_nodes, dying) = (urn.len(), part.at_least(urn.len()));
        let dead = Dice::of(self.seed, "dead border nodes").draw(&mut urn, dying);
        for node in &dead {
            self.world.kill(*node);
        }
        let serving = web.serving(|node| !self.world.lives(node))?;
        self.formula = Formula::new(&web, &serving, &self.world.tables);
        let walks = self.some_walks(WALKS);
        let lost_share = rounded(share(walks.failed, walks.walks));
        let (whole_s, exact_s) = self.heal()?;
        Ok(Lost { border_nodes, died: dead.len(), lost_share, whole_s, exact_s })
    }

    /// Returns after how many seconds all walks arrived for good, and all tables were right.
    fn heal(&mut self) -> anyhow::Result<(Option<f64>, Option<f64>)> {
        let began = self.world.now;
        let end = began + self.whole.within;
        let mut progress = Progress::new(self.whole.progress);
        let (mut whole, mut exact): (Option<Time>, Option<Time>) = (None, None);
        while self.world.now < end {
            let next = (self.world.now + LOOK).or_earlier(end);
            self.pass(next)?;
            progress.tell(next.since(began), self.whole.within);
            let arrive = self.some_walks(WALKS).failed == 0;
            whole = arrive.then(|| whole.unwrap_or(next));
            exact = (self.wrong() == 0).then(|| exact.unwrap_or(next));
            let lasts = |since: Option<Time>| since.is_some_and(|since| next >= since + STAYS);
            if lasts(whole) && lasts(exact) {
                break;
            }
        }
        progress.end();
        let after = |at: Time| rounded(at.since(began).as_secs_f64());
        Ok((whole.map(after), exact.map(after)))
    }
}
