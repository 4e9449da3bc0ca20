//! What happened, counted by cause.

use std::collections::BTreeMap;
use std::time::Duration;

use arrows::Event;
use serde::Serialize;

/// Births and deaths of arrows since the node started.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tally {
    /// Arrows that were drawn.
    pub drawn: u64,
    /// Arrows that came to life: the carrier made the link.
    pub born: u64,
    /// Arrows that had come to life and died.
    pub died: u64,
    /// The greatest age at death, in seconds.
    #[serde(skip)]
    pub oldest: Duration,
    /// Births by what the draw was owed to, as `born:chance`, and deaths by what the
    /// arrow died of, as `died:drained`; sentences by what they are owed to, as
    /// `condemned:chance`, and the carriers which an exception drew, as `carrier:small-mesh`.
    pub by_cause: BTreeMap<String, u64>,
    /// What others did that was refused, ignored or ended by force, by what it was about and
    /// why: dials as `dial:full`, words on links as `word:misplaced`, and links that were
    /// still there at the limit of their drain as `drain:never-left`.
    #[serde(skip)]
    pub refused: BTreeMap<String, u64>,
    /// Everything else that was worth telling, by its name.
    pub events: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts something that happened to an arrow.
    pub(crate) fn count(&mut self, event: &Event) {
        match event {
            Event::Born { of, .. } => {
                self.drawn += 1;
                self.cause(format!("drawn:{}", of.name()));
            }
            Event::Opened { of, by, .. } => {
                self.born += 1;
                self.cause(format!("born:{}", of.name()));
                if *by != arrows::Cause::Chance {
                    self.cause(format!("carrier:{}", by.name()));
                }
            }
            Event::Died { of, age, .. } => {
                if of.was_alive() {
                    self.died += 1;
                    self.oldest = self.oldest.max(*age);
                }
                self.cause(format!("died:{}", of.name()));
            }
            Event::Draining { of, .. } => {
                self.note("draining");
                self.cause(format!("condemned:{}", of.name()));
            }
            Event::Accepted { .. } => self.note("accepted"),
            Event::TurnedAway { of, .. } => self.refuse(format!("dial:{}", of.name())),
            Event::Overstayed { by, .. } => self.refuse(format!("drain:{}", by.name())),
            Event::Parted { of, .. } => self.note(&format!("parted:{}", of.name())),
            Event::Suspected { .. } => self.note("suspected"),
            Event::Trusted { .. } => self.note("trusted-again"),
            Event::Garbled { of, .. } => self.refuse(format!("word:{}", of.name())),
        }
    }

    /// Counts an event that has only a name.
    pub(crate) fn note(&mut self, name: &str) {
        *self.events.entry(name.to_owned()).or_default() += 1;
    }

    /// Counts something that was refused.
    pub(crate) fn refuse(&mut self, what: String) {
        *self.refused.entry(what).or_default() += 1;
    }

    fn cause(&mut self, cause: String) {
        *self.by_cause.entry(cause).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use arrows::{Event, Holdout, Malformed, Refusal};
    use words::{LinkId, NodeId, Prefix};

    use super::*;

    #[test]
    fn what_is_refused_is_counted_by_what_it_was_about_and_why() {
        let (link, node) = (LinkId::theirs(1), NodeId(Prefix::new(1 << 64, 64)));
        let mut tally = Tally::default();
        for event in [
            Event::TurnedAway { link, from: node, of: Refusal::Often },
            Event::TurnedAway { link, from: node, of: Refusal::Often },
            Event::Garbled { link, of: Malformed::Misplaced(3) },
            Event::Overstayed { link, node, by: Holdout::KeptSending },
        ] {
            tally.count(&event);
        }
        let counted: Vec<_> = tally.refused.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(counted, [("dial:often", 2), ("drain:kept-sending", 1), ("word:misplaced", 1)]);
    }
}
