//! What must hold, each by a name.

mod alone;
mod envelopes;
mod failover;
mod learning;
mod leaving;
mod long_wires;
mod manners;
mod others;
mod signing;
mod special;
mod starvation;

use std::time::Duration;

use crate::setting::Extra;
use crate::speakers::Make;
use crate::stage::Stage;

/// One thing that must hold.
pub(crate) struct Fact {
    /// What, in words joined by `_`.
    pub(crate) name: String,
    /// The daemons without which it cannot be tried.
    pub(crate) needs: Vec<Make>,
    /// A part of the protocol that not all versions of a daemon know, and must know here.
    pub(crate) knows: Option<(Make, Extra)>,
    /// Tries it, and tells what was measured; panics if it does not hold.
    pub(crate) run: Box<dyn Fn(&mut Stage) -> String + Send>,
}

impl Fact {
    fn new(
        name: impl Into<String>,
        needs: &[Make],
        run: impl Fn(&mut Stage) -> String + Send + 'static,
    ) -> Self {
        Self { name: name.into(), needs: needs.to_vec(), knows: None, run: Box::new(run) }
    }

    /// Leaves it out where this version of a daemon does not know of `extra`.
    fn if_it_knows(self, make: Make, extra: Extra) -> Self {
        Self { knows: Some((make, extra)), ..self }
    }

    /// Tells why it cannot be tried here, if so.
    pub(crate) fn obstacle(&self) -> Option<String> {
        let lacks = || self.knows.and_then(|(make, extra)| make.lacks(extra));
        self.needs.iter().find_map(|make| make.missing()).or_else(lacks)
    }

    /// One fact for each of `peers`, beside ours.
    fn each(
        name: &str,
        peers: &[Make],
        run: impl Fn(&mut Stage, Make) -> String + Clone + Send + 'static,
    ) -> impl Iterator<Item = Self> {
        peers.iter().map(move |&peer| {
            let run = run.clone();
            Self::new(format!("{name}_{peer}"), &[Make::Ours, peer], move |stage| run(stage, peer))
        })
    }
}

/// Returns all, the longest first.
pub(crate) fn all() -> Vec<Fact> {
    let all = [
        signing::facts(),
        long_wires::facts(),
        starvation::facts(),
        failover::facts(),
        leaving::facts(),
        special::facts(),
        manners::facts(),
        alone::facts(),
        envelopes::facts(),
        learning::facts(),
        others::facts(),
    ];
    all.into_iter().flatten().collect()
}

/// How long anything may take that machines without much to do take a few seconds for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes a time for people.
fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
