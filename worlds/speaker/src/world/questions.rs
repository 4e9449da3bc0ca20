//! What is asked, and who is told.

use std::time::Duration;

use crate::control::QUESTION;
use crate::doors::Door;
use crate::faces::Standing;
use crate::text::{Snapshot, Wish, greeting, host, wish};

use super::World;

/// The shortest time between two looks at what changed.
const GLANCE: Duration = Duration::from_millis(100);
/// A look takes at most this share of the time.
const SHARE: u32 = 10;

impl World {
    /// Lets clients in, or hears the client `key`.
    pub(super) fn converse(&mut self, key: u64) {
        let now = self.clock.now();
        for came in self.doors.admit(&self.epoll, now) {
            let greeting = greeting(&host(), self.speaker.router_id());
            self.doors.say(came, &greeting, now);
        }
        for (door, line) in self.doors.read(key) {
            match door {
                Door::Control => self.answer(key, &line),
                Door::Text => self.grant(key, &wish(&line)),
            }
        }
        if !self.doors.holds(key) {
            self.monitors.clients.remove(&key);
        }
    }

    fn answer(&mut self, key: u64, line: &str) {
        let asked = serde_json::from_str::<serde_json::Value>(line).ok();
        let is_status = asked.is_some_and(|asked| asked.get("ask") == Some(&"status".into()));
        let answer = if is_status {
            self.status()
        } else {
            serde_json::json!({
                "error": "this is not understood",
                "remedy": format!("send the line {QUESTION}"),
            })
        };
        let now = self.clock.now();
        self.doors.say(key, &format!("{answer}\n"), now);
        self.doors.dismiss(key, now);
    }

    fn grant(&mut self, key: u64, wish: &Wish) {
        let now = self.clock.now();
        let said = match wish {
            Wish::Dump(kinds) => format!("{}ok\n", self.snapshot().dump(kinds)),
            Wish::Monitor(kinds) => {
                // Others are told first, so that all have heard of the same.
                self.monitors.due = true;
                self.monitors.next = now;
                self.inform_monitors();
                if self.monitors.clients.is_empty() {
                    self.monitors.last = self.snapshot();
                }
                self.monitors.clients.entry(key).or_default().extend(kinds);
                format!("{}ok\n", self.monitors.last.dump(kinds))
            }
            Wish::Unmonitor(kinds) => {
                let mut left = self.monitors.clients.remove(&key).unwrap_or_default();
                left.retain(|kind| !kinds.contains(kind));
                if !left.is_empty() {
                    self.monitors.clients.insert(key, left);
                }
                "ok\n".to_owned()
            }
            Wish::Quit => return self.doors.dismiss(key, now),
            Wish::Nothing => "ok\n".to_owned(),
            Wish::Configure => {
                "no the configuration is a file here; restart to change\n".to_owned()
            }
            Wish::Unknown => "bad\n".to_owned(),
        };
        self.doors.say(key, &said, now);
    }

    /// Tells who wants to hear it what changed since the last time.
    pub(super) fn inform_monitors(&mut self) {
        let now = self.clock.now();
        let doors = &self.doors;
        self.monitors.clients.retain(|key, _| doors.holds(*key));
        if self.monitors.clients.is_empty() {
            self.monitors.last = Snapshot::default();
            return;
        }
        if !self.monitors.due || now < self.monitors.next {
            return;
        }
        let snapshot = self.snapshot();
        let before = std::mem::replace(&mut self.monitors.last, snapshot);
        for (key, kinds) in &self.monitors.clients {
            let changes = before.changes(&self.monitors.last, kinds);
            if !changes.is_empty() {
                self.doors.say(*key, &changes, now);
            }
        }
        let cost = self.clock.now().since(now);
        self.monitors.due = false;
        self.monitors.next = now + GLANCE.max(SHARE * cost);
    }

    /// Returns everything as the text protocol tells it.
    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for port in &self.ports {
            let up = match port.standing {
                Standing::Ready(_, face) => Some((face.address, face.address4)),
                Standing::Missing | Standing::Down | Standing::Mute => None,
            };
            snapshot.interface(&port.name, up);
        }
        for view in self.speaker.neighbours() {
            snapshot.neighbour(self.name(view.interface), &view);
        }
        for (key, metric) in self.speaker.announced() {
            snapshot.xroute(key, metric);
        }
        for view in self.speaker.routes() {
            let installed = view.selected && self.kernel.holds(view.key);
            snapshot.route(self.name(view.hop.interface), &view, installed);
        }
        snapshot
    }
}
