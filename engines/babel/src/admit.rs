//! What is let in, changed while the speaker speaks.

use alloc::sync::Arc;
use alloc::vec::Vec;

use words::Time;
use words::routing::Admission;

use crate::candidates::{Candidates, Slot};
use crate::rows::RowId;
use crate::{Interface, Key, Metric, Policy, RouterId, Speaker};

/// A policy that lets in what any of some [`Admission`]s does.
#[derive(Clone, Debug)]
pub struct Admissions(Vec<Admission>);

impl Admissions {
    /// Returns the policy that lets in what any of these does.
    pub fn new(admissions: &[Admission]) -> Self {
        Self(admissions.to_vec())
    }
}

impl Policy for Admissions {
    fn import(&self, _: Interface, key: Key, router: RouterId) -> Option<Metric> {
        let lets_in = |it: &Admission| it.admits(key.into(), router.0);
        self.0.iter().any(lets_in).then_some(Metric::ZERO)
    }
}

impl<C: Candidates> Speaker<C> {
    /// Judges by another policy from now on: drops what it keeps out, and asks for all routes
    /// again, since what was kept out before was not kept.
    pub(crate) fn judge_by(&mut self, policy: Arc<dyn Policy>, now: Time) {
        self.settings.policy = policy;
        let rows: Vec<RowId> = self.rows.ids().collect();
        for row in rows {
            for slot in self.kept_out(row) {
                self.drop_route(row, slot);
                self.candidate_changed(row, slot, now);
            }
        }
        let slots: Vec<Slot> = self.neighbours.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            if let Some(neighbour) = self.neighbours.get_mut(slot) {
                neighbour.out.wanted.routes.insert(None);
            }
            self.is_ready(slot);
        }
    }

    /// Returns who told a route to the range that may not be believed.
    fn kept_out(&self, row: RowId) -> Vec<Slot> {
        let (key, mut out) = (self.rows.key(row), Vec::new());
        self.candidates.each(row, |slot, candidate| {
            let name = self.routers.name(candidate.router());
            let Some(neighbour) = self.neighbours.get(slot) else { return };
            if self.settings.policy.import(neighbour.interface, key, name).is_none() {
                out.push(slot);
            }
        });
        out
    }
}
