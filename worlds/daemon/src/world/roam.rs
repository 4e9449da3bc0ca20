//! When this machine is suddenly elsewhere: its links go on.
//!
//! ```text
//!   0      an empty frame on every link: who may hear us sends there from now on
//!          new keys are asked on our own links: the answers say where we are seen
//!   0.5 s  others are told where we are reached
//!   0.7 s  who was not heard since is behind NAT, which does not know us yet: we knock, by
//!          way of those who were; routing still believes in the silent link
//! ```

use std::collections::BTreeSet;
use std::net::Ipv6Addr;
use std::time::Duration;

use node::Input;
use words::{Engine, LinkId, Time};

use super::World;
use crate::overlay;

/// When links that were not heard since are reminded, after we roamed. Where the second
/// number is set, their nodes are asked over the mesh to beckon.
const REMINDERS: [(Duration, bool); 6] = [
    (Duration::from_millis(300), false),
    (Duration::from_millis(700), true),
    (Duration::from_millis(1_200), true),
    (Duration::from_millis(1_600), false),
    (Duration::from_secs(2), false),
    (Duration::from_millis(2_400), true),
];

/// How long others may take to say where they see us before we tell where we are.
const SEEN: Duration = Duration::from_millis(500);

/// By way of how many neighbours a word goes besides.
const AROUND: usize = 3;

/// That we roamed.
#[derive(Clone, Copy, Debug)]
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

    /// Sends a word to another node by way of neighbours that were heard since we roamed, if
    /// we did lately: the usual way may lead through a link that waits for this very word.
    pub(super) fn send_around(&self, to: Ipv6Addr, words: &[u8]) {
        let Some(roamed) = &self.times.roamed else { return };
        let packet = overlay::packet(self.node.me().address(), to, words);
        let heard = self.plane.link_counters().filter(|(_, traffic)| traffic.heard > roamed.at);
        for (link, _) in heard.take(AROUND) {
            self.plane.send(link, &packet);
        }
    }

    /// Reminds those who were not heard since we roamed, if it is time.
    pub(super) fn remind_if_roamed(&mut self, now: Time) {
        let Some(roamed) = self.times.roamed.filter(|roamed| roamed.next <= now) else { return };
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
        let times = roamed.times + 1;
        let next = REMINDERS.get(times).filter(|_| !silent.is_empty());
        let next = next.map(|(after, _)| Roamed { next: roamed.at + *after, times, ..roamed });
        // What the node says to this is still sent around.
        self.perform_all();
        self.times.roamed = next;
    }
}
