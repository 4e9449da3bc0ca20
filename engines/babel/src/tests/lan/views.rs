//! What the probes heard, and what can be seen from outside.

use super::*;

impl Bench {
    /// Returns what a probe could hear since the last `clear`.
    pub(super) fn heard(&self, probe: usize) -> Vec<Word> {
        let Probe { interface, address, .. } = self.probes[probe];
        let to =
            |word: &&Word| word.interface == interface && word.to.is_none_or(|to| to == address);
        self.said.iter().filter(to).copied().collect()
    }

    /// Returns the updates about a range that a probe heard, and when.
    pub(super) fn updates(&self, probe: usize, key: Key) -> Vec<(Time, Update)> {
        let about = |word: Word| {
            if let Tlv::Update(update) = word.tlv
                && update.key == Some(key)
            {
                Some((word.at, update))
            } else {
                None
            }
        };
        self.heard(probe).into_iter().filter_map(about).collect()
    }

    /// Returns the metrics of those updates.
    pub(super) fn metrics(&self, probe: usize, text: &str) -> Vec<u16> {
        self.updates(probe, key(text)).iter().map(|(_, update)| update.metric.0).collect()
    }

    /// Returns the seqno requests that a probe heard, and when.
    pub(super) fn asked(&self, probe: usize) -> Vec<(Time, SeqnoRequest)> {
        let about = |word: Word| {
            if let Tlv::SeqnoRequest(ask) = word.tlv { Some((word.at, ask)) } else { None }
        };
        self.heard(probe).into_iter().filter_map(about).collect()
    }

    /// Returns the requests for routes that a probe heard, and when.
    pub(super) fn wanted(&self, probe: usize) -> Vec<(Time, Option<Key>)> {
        let about = |word: Word| {
            if let Tlv::RouteRequest(ask) = word.tlv { Some((word.at, ask.key)) } else { None }
        };
        self.heard(probe).into_iter().filter_map(about).collect()
    }

    /// Returns the route that a probe told.
    pub(super) fn route(&self, probe: usize, key: Key) -> Option<RouteView> {
        let Probe { interface, address, .. } = self.probes[probe];
        let its = |view: &RouteView| {
            view.key == key && view.neighbour == address && view.hop.interface == interface
        };
        self.speaker.routes().find(its)
    }

    /// Returns the selected route to a range: the probe that told it, and its metric.
    pub(super) fn selected(&self, text: &str) -> Option<(usize, u16)> {
        let view = self.speaker.selected().find(|view| view.key == key(text))?;
        let its = |probe: &Probe| {
            probe.address == view.neighbour && probe.interface == view.hop.interface
        };
        Some((self.probes.iter().position(its)?, view.metric.0))
    }

    /// Returns how a probe is seen, if it is known.
    pub(super) fn neighbour(&self, probe: usize) -> Option<NeighbourView> {
        let Probe { interface, address, .. } = self.probes[probe];
        self.speaker.neighbours().find(|it| (it.interface, it.address) == (interface, address))
    }

    pub(super) fn cost(&self, probe: usize) -> Cost {
        self.neighbour(probe).map_or(Cost::INFINITE, |it| it.cost)
    }

    /// Returns how often something was passed over for this reason.
    pub(super) fn counted(&self, reason: &str) -> u64 {
        self.speaker.counters().passed_over.get(reason).copied().unwrap_or(0)
    }

    /// Returns the ways that the world was told of a range.
    pub(super) fn told(&self, text: &str) -> Vec<Way> {
        let about = |(_, it, _): &&(Time, Key, Way)| *it == key(text);
        self.ways.iter().filter(about).map(|(_, _, way)| *way).collect()
    }

    /// Returns the way through a probe.
    pub(super) fn through(&self, probe: usize) -> Way {
        let Probe { interface, address, .. } = self.probes[probe];
        Way::Through(crate::Hop { interface, address: IpAddr::V6(address) })
    }

    /// Returns how long ago that was.
    pub(super) fn ago(&self, at: Time) -> Duration {
        self.now.since(at)
    }
}
