//! Serving in foreign meshes: begun before the predecessor ends, ended after the successor began.
//!
//! ```text
//!           elected                quorum there                  not elected any more
//! (nothing) ───────► Joining ─────────────────────► Serving ──────────────────────────► Staying
//!                       │                              ▲                                   │
//!                       │ not elected any more         │ elected                two updates │
//!                       ▼                              │                                   ▼
//!                   (nothing) ◄──────two updates── Draining ◄──────────────────────────────┘
//! ```
//!
//! Who is elected opens its full number of arrows in the foreign mesh and hears its table first;
//! only then it tells others. Who is elected no more goes on for two update intervals, in which the
//! successor begins, then makes its arrows there look bad, so that routing leaves them, and closes
//! them two update intervals later. So no packet is lost.

use alloc::collections::BTreeMap;
use core::time::Duration;

use words::{Prefix, Time};

/// How far the service in one foreign mesh has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Opens arrows and listens; tells nothing of either mesh to the other yet.
    Joining,
    /// Member of both; tells each the range of the other.
    Serving,
    /// The same, though no longer elected.
    Staying,
    /// Its arrows there look bad to routing, still forward, and close afterwards. No new ones.
    Draining,
}

impl Stage {
    /// Tells whether the ranges of both sides are told.
    pub const fn tells(self) -> bool {
        !matches!(self, Self::Joining)
    }

    /// Returns how much is lost if it ends at once: of two meshes that become one, a node goes on in the
    /// one where this is more.
    pub const fn weight(self) -> u8 {
        match self {
            Self::Joining => 0,
            Self::Draining => 1,
            Self::Staying => 2,
            Self::Serving => 3,
        }
    }

    /// Tells whether arrows are opened in the mesh.
    pub const fn opens(self) -> bool {
        !matches!(self, Self::Draining)
    }
}

/// The foreign meshes that a node serves in, and how far it has come in each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    update: Duration,
    /// Each with the moment at which the stage ends by itself.
    meshes: BTreeMap<Prefix, (Stage, Option<Time>)>,
}

impl Service {
    /// Returns the service of a node that serves nowhere; routing refreshes each `update`.
    pub const fn new(update: Duration) -> Self {
        Self { update, meshes: BTreeMap::new() }
    }

    /// Takes in where we are elected to serve, and in which of them we reach most members.
    /// Returns whether any stage changed.
    pub fn look(&mut self, elected: &[Prefix], holds: impl Fn(Prefix) -> bool, now: Time) -> bool {
        let before = self.meshes.clone();
        for mesh in elected {
            self.meshes.entry(*mesh).or_insert((Stage::Joining, None));
        }
        let two = 2 * self.update;
        self.meshes.retain(|mesh, (stage, until)| {
            let (elected, over) = (elected.contains(mesh), until.is_some_and(|at| at <= now));
            let next = match *stage {
                Stage::Joining if !elected => return false,
                Stage::Joining if holds(*mesh) => (Stage::Serving, None),
                Stage::Joining => (Stage::Joining, None),
                Stage::Serving | Stage::Staying | Stage::Draining if elected => {
                    (Stage::Serving, None)
                }
                Stage::Serving => (Stage::Staying, Some(now + two)),
                Stage::Staying if over => (Stage::Draining, Some(now + two)),
                Stage::Draining if over => return false,
                Stage::Staying | Stage::Draining => (*stage, *until),
            };
            (*stage, *until) = next;
            true
        });
        self.meshes != before
    }

    /// Goes on in the `whole` of a mesh that was merged, at the stage of its `half`.
    pub fn rename(&mut self, half: Prefix, whole: Prefix) {
        if let Some(stage) = self.meshes.remove(&half) {
            self.meshes.insert(whole, stage);
        }
    }

    /// Forgets a mesh that became one with another of ours.
    pub fn forget(&mut self, mesh: Prefix) {
        self.meshes.remove(&mesh);
    }

    /// Returns the foreign meshes, in the order of addresses, and the stage in each.
    pub fn meshes(&self) -> impl Iterator<Item = (Prefix, Stage)> + '_ {
        self.meshes.iter().map(|(mesh, (stage, _))| (*mesh, *stage))
    }

    /// Returns the stage in a mesh, if we serve there.
    pub fn stage(&self, mesh: Prefix) -> Option<Stage> {
        self.meshes.get(&mesh).map(|(stage, _)| *stage)
    }

    /// Returns when to look again, if time alone changes anything.
    pub fn deadline(&self) -> Option<Time> {
        self.meshes.values().filter_map(|(_, until)| *until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    fn mesh(n: u128) -> Prefix {
        Prefix::new(n << 120, 16)
    }

    #[test]
    fn a_change_is_made_before_it_is_broken() {
        let mut old = Service::new(Duration::from_mins(1));
        let mut new = old.clone();
        assert!(old.look(&[mesh(1)], |_| true, at(0)));
        assert_eq!(old.stage(mesh(1)), Some(Stage::Serving));
        // The epoch changes: the successor listens first, the predecessor stays meanwhile.
        assert!(old.look(&[], |_| true, at(100)) && new.look(&[mesh(1)], |_| false, at(100)));
        assert_eq!(
            (old.stage(mesh(1)), new.stage(mesh(1))),
            (Some(Stage::Staying), Some(Stage::Joining))
        );
        assert!(new.look(&[mesh(1)], |_| true, at(115)) && !old.look(&[], |_| true, at(219)));
        assert_eq!(
            (old.stage(mesh(1)), new.stage(mesh(1))),
            (Some(Stage::Staying), Some(Stage::Serving))
        );
        assert_eq!((old.deadline(), new.deadline()), (Some(at(220)), None));
        assert!(old.look(&[], |_| true, at(220)));
        let draining = old.stage(mesh(1)).unwrap();
        assert!(draining.tells() && !draining.opens());
        assert!(!old.look(&[], |_| true, at(339)) && old.look(&[], |_| true, at(340)));
        assert_eq!(old.meshes().count(), 0);
    }

    #[test]
    fn who_is_elected_again_in_time_goes_on() {
        let mut service = Service::new(Duration::from_mins(1));
        service.look(&[mesh(1), mesh(2)], |_| true, at(0));
        service.look(&[mesh(2)], |_| true, at(10));
        service.look(&[mesh(2)], |_| true, at(130));
        assert_eq!(service.stage(mesh(1)), Some(Stage::Draining));
        service.look(&[mesh(1)], |_| false, at(140));
        let stages: Vec<_> = service.meshes().collect();
        assert_eq!(stages, [(mesh(1), Stage::Serving), (mesh(2), Stage::Staying)]);
    }

    #[test]
    fn who_never_came_to_serve_just_goes() {
        let mut service = Service::new(Duration::from_mins(1));
        service.look(&[mesh(1)], |_| false, at(0));
        assert!(service.look(&[], |_| false, at(1)));
        assert_eq!((service.stage(mesh(1)), service.deadline()), (None, None));
        assert_eq!(service.meshes().count(), 0);
    }
}
