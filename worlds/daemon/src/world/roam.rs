//! When this machine is suddenly elsewhere: its links go on.
//!
//! ```text
//!   0      an empty frame on every link: who may hear us sends there from now on
//!          new keys are asked on our own links: the answers say where we are seen
//!   0.5 s  others are told where we are reached
//!   1.2 s  who was not heard since is behind NAT, which does not know us yet: we knock
//! ```

use std::collections::BTreeSet;
use std::time::Duration;

use node::Input;
use words::{Engine, LinkId, Time};

use super::World;

/// When links that were not heard since are reminded, after we roamed. Where the second
/// number is set, their nodes are asked over the mesh to beckon.
const REMINDERS: [(Duration, bool); 6] = [
    (Duration::from_millis(300), false),
    (Duration::from_millis(600), false),
    (Duration::from_millis(1_200), true),
    (Duration::from_millis(1_600), false),
    (Duration::from_secs(2), false),
    (Duration::from_millis(2_400), true),
];

/// How long others may take to say where they see us before we tell where we are.
const SEEN: Duration = Duration::from_millis(500);

/// That we roamed.
#[derive(Debug)]
pub(super) struct Roamed {
    at: Time,
    /// How many reminders went out.
    times: usize,
    /// When the next does.
    pub(super) next: Time,
}

impl World {
    /// Keeps the links if this machine is elsewhere than before.
    pub(super) fn roam_if_elsewhere(&mut self) {
        if !self.places.has_roamed() {
            return;
        }
        let now = self.clock.now();
        tracing::info!("this machine is elsewhere now: links go on from there");
        self.tally.note("roamed");
        let links: Vec<LinkId> = self.plane.link_counters().map(|(link, _)| link).collect();
        for link in links {
            self.plane.send(link, &[]);
        }
        if let Some(mapper) = &self.mapper {
            mapper.look();
        }
        self.tell(&Input::Roamed);
        self.noise.handle(noise::Input::Roamed, now);
        self.times.next_look = Some(now + SEEN);
        let [(first, _), ..] = REMINDERS;
        self.times.roamed = Some(Roamed { at: now, times: 0, next: now + first });
    }

    /// Reminds those who were not heard since we roamed, if it is time.
    pub(super) fn remind_if_roamed(&mut self, now: Time) {
        let Some(mut roamed) = self.times.roamed.take_if(|roamed| roamed.next <= now) else {
            return;
        };
        let silent: BTreeSet<LinkId> = (self.plane.link_counters())
            .filter(|(_, traffic)| traffic.heard <= roamed.at)
            .map(|(link, _)| link)
            .collect();
        let knock = REMINDERS.get(roamed.times).is_some_and(|(_, knock)| *knock);
        for link in &silent {
            self.plane.send(*link, &[]);
            if knock {
                // No dial waits for the beckon: the next frame gets in behind it.
                self.tell(&Input::Unanswered(*link, 0));
            }
        }
        roamed.times += 1;
        let next = REMINDERS.get(roamed.times).filter(|_| !silent.is_empty());
        self.times.roamed = next.map(|(after, _)| Roamed { next: roamed.at + *after, ..roamed });
    }
}
