//! What crossed links since they were last looked at.

use std::collections::BTreeMap;

use words::{LinkId, Time, Traffic};

use super::shared::Snapshot;

/// What was last told of links and sessions.
#[derive(Debug, Default)]
pub(super) struct Glances {
    links: BTreeMap<LinkId, Told>,
    /// How many packets the other end had sealed and we had counted, by our index.
    sessions: BTreeMap<u32, (u64, u64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    heard: Time,
    payload: Time,
}

impl Glances {
    /// Returns what crossed the links of `snapshot` since the last time; links that nothing
    /// crossed are left out.
    pub(super) fn look(&mut self, snapshot: &Snapshot) -> Vec<Traffic> {
        self.links.retain(|link, _| snapshot.links.contains_key(link));
        self.sessions.retain(|index, _| snapshot.inlets.contains_key(index));
        let counted = self.count(snapshot);
        let mut all = Vec::new();
        for (id, link) in &snapshot.links {
            let (heard, payload) = (link.counters.heard(), link.counters.last_payload());
            link.counters.settled();
            let told = self.links.entry(*id).or_default();
            let carried = (payload > told.payload).then_some(payload);
            if heard > told.heard || carried.is_some() {
                let (sent, came) = counted.get(id).copied().unwrap_or_default();
                all.push(Traffic { link: *id, heard, carried, sent, came });
            }
            *told = Told { heard, payload };
        }
        all
    }

    /// Returns how many packets the other ends of links sent, and how many of them came.
    fn count(&mut self, snapshot: &Snapshot) -> BTreeMap<LinkId, (u32, u32)> {
        let mut all = BTreeMap::<LinkId, (u32, u32)>::new();
        for (index, inlet) in &snapshot.inlets {
            let (sealed, opened) = inlet.session.received();
            let told = self.sessions.entry(*index).or_default();
            let sent = sealed.saturating_sub(told.0);
            // One that is late makes up, in the next count, for one that was missing in this.
            let came = opened.saturating_sub(told.1).min(sent);
            *told = (told.0 + sent, told.1 + came);
            let sum = all.entry(inlet.link.id).or_default();
            let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
            *sum = (sum.0.saturating_add(number(sent)), sum.1.saturating_add(number(came)));
        }
        all
    }
}
