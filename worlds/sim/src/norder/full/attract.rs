//! What liars can still do: say that all they know is next to them.
//!
//! A node cannot tell how far away something is from somebody else, and origins do not sign what they
//! announce. So this is believed, in the mesh of the liar, and what is sent goes to the liar first.

use std::time::Duration;

use babel::Metric;
use words::{Dice, Time};

use super::forge::{self, Plea, Tale};
use super::report::Attracted;
use super::world::Outlet;
use super::{LOOK, Run, STAYS};
use crate::norder::ways::some;
use crate::number::{rounded, share, small};

/// How long liars draw ways to themselves.
const DRAW: Duration = Duration::from_mins(1);
/// For how many links each liar asks as refugee.
const PLEAS: usize = 20;
/// Destinations that are walked to, and sources for each.
const WALKS: (usize, usize) = (60, 300);

/// What became of walks.
#[derive(Clone, Copy, Debug, Default)]
struct Fates {
    walks: usize,
    lost: usize,
    /// Those that came to a liar, lost or not.
    drawn: usize,
}

impl Run<'_> {
    /// Lets liars draw ways to themselves: by the links of their engines, or by others, on which they were
    /// let in as refugees. Returns once all is well again, or time is over.
    pub(super) fn attract(&mut self, besides: bool, dice: &mut Dice) -> anyhow::Result<Attracted> {
        let before = self.fates();
        if besides {
            for liar in self.world.lies.liars().clone() {
                for _ in 0..PLEAS {
                    self.plead(Plea::Refugee, liar, dice)?;
                }
            }
        }
        let end = self.world.now + DRAW.min(self.whole.within);
        let mut report = Attracted {
            refugees: besides,
            before_share: rounded(share(before.drawn, before.walks)),
            ..Attracted::default()
        };
        let mut turn = 0;
        while self.world.now < end {
            self.pass((self.world.now + LOOK).or_earlier(end))?;
            turn += 1;
            report.links = self.draw(besides, turn);
            let fates = self.fates();
            report.drawn_share = rounded(share(fates.drawn, fates.walks));
            report.lost_share = rounded(share(fates.lost, fates.walks));
            report.most_lost_share = report.most_lost_share.max(report.lost_share);
        }
        report.wrong_tables = self.wrong();
        report.whole_s = self.recover()?;
        Ok(report)
    }

    /// All liars say that what they know is next to them; returns on how many links.
    fn draw(&mut self, besides: bool, turn: u16) -> usize {
        let liars = self.world.lies.liars().clone();
        let outlets = liars.into_iter().flat_map(|liar| self.world.outlets(liar));
        let outlets: Vec<Outlet> = outlets.filter(|outlet| outlet.besides == besides).collect();
        for outlet in &outlets {
            for frame in forge::routes(&self.near(*outlet), besides.then_some(turn)) {
                self.world.lie(*outlet, frame);
            }
        }
        outlets.len()
    }

    /// Returns all that a liar knows, or hears on a link without engines, in the names of those whose it is.
    fn near(&self, outlet: Outlet) -> Vec<Tale> {
        let knows = if outlet.besides { outlet.peer } else { outlet.liar };
        let Some(citizen) = self.world.citizen(knows as usize) else { return Vec::new() };
        let theirs = self.world.web.name(outlet.peer as usize).0;
        let routes = citizen.routing().routes().filter(|route| route.range.to != theirs);
        let tale = |route: babel::LinkRoute| Tale {
            range: route.range.to,
            by: route.router_id,
            seqno: route.seqno,
            metric: Metric::ZERO,
        };
        routes.map(tale).collect()
    }

    /// Walks between those who do not lie.
    fn fates(&self) -> Fates {
        let honest: Vec<usize> = self.honest().collect();
        let mut dice = Dice::of(self.seed, "drawn walks");
        let mut fates = Fates::default();
        let lies = |node: &u32| self.world.lies.lies(*node);
        for to in some(WALKS.0.min(honest.len()), honest.len(), &mut dice) {
            let from = some(WALKS.1.min(honest.len()), honest.len(), &mut dice);
            for from in from.into_iter().filter(|from| *from != to) {
                let ends = (honest.get(from), honest.get(to));
                let (Some(from), Some(to)) = ends else { continue };
                let (way, arrives) = self.world.way(small(*from), small(*to));
                fates.walks += 1;
                fates.lost += usize::from(!arrives);
                fates.drawn += usize::from(way.iter().any(lies));
            }
        }
        fates
    }

    /// Returns after how many seconds all was well for good.
    fn recover(&mut self) -> anyhow::Result<Option<f64>> {
        let began = self.world.now;
        let end = began + self.whole.within;
        let mut whole: Option<Time> = None;
        while self.world.now < end {
            let next = (self.world.now + LOOK).or_earlier(end);
            self.pass(next)?;
            let is_well = self.wrong() == 0 && self.fates().lost == 0;
            whole = is_well.then(|| whole.unwrap_or(next));
            if whole.is_some_and(|since| next >= since + STAYS) {
                break;
            }
        }
        Ok(whole.map(|at| rounded(at.since(began).as_secs_f64())))
    }
}
