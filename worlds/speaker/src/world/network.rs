//! Interfaces, addresses and routes of this machine, in and out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::Arc;

use babel::mac::Guard;
use babel::{Family, Input, Interface, Key, Way};
use linux::{Change, KernelRoute, Notice, Via, readable};

use super::{CHANGES, MANY, TICK, World};
use crate::admission::GROUP;
use crate::config::Face;
use crate::faces::{Faces, Standing};
use crate::installer::{Failures, Progress};
use crate::kernel::BABEL;

impl World {
    /// Lists interfaces, addresses and routes anew; `newborn` if nothing was said yet.
    ///
    /// # Errors
    ///
    /// If the kernel does not answer.
    pub(super) fn relist(&mut self, newborn: bool) -> Result<(), linux::Error> {
        self.faces = Faces::list(linux::links()?, &linux::addresses()?);
        let routes = self.tables.dump(None)?;
        self.kernel.found_all(&routes, newborn);
        self.offers.forget();
        for route in &routes {
            self.offers.route(route, device_of(route, &self.faces), false);
        }
        for (index, address) in self.faces.addresses() {
            let name = self.faces.name(index).unwrap_or_default();
            self.offers.address((index, name), address, false);
        }
        self.look_at_ports();
        Ok(())
    }

    /// Takes in what the kernel tells.
    pub(super) fn read_notices(&mut self) {
        match self.watch.read() {
            Ok(notices) => notices.into_iter().for_each(|notice| self.notice(notice)),
            Err(error) => {
                tracing::warn!(%error, "the kernel's notices cannot be read; listing everything");
                self.times.relist = true;
            }
        }
        self.look_at_ports();
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Link(link) => {
                // IPv4 routes that go with an interface go silently.
                self.times.relist |= self.faces.is_up(link.index) != Some(link.up);
                self.faces.link(link);
            }
            Notice::LinkGone(index) => {
                self.faces.gone(index);
                self.times.relist = true;
            }
            Notice::Address(index, address, _, gone) => {
                self.faces.address(index, address, gone);
                let name = self.faces.name(index).unwrap_or_default();
                self.offers.address((index, name), address, gone);
            }
            Notice::Route(route, gone) => {
                if gone {
                    self.kernel.lost(&route);
                } else {
                    self.kernel.found(&route);
                }
                self.offers.route(&route, device_of(&route, &self.faces), gone);
            }
            Notice::Overrun => self.times.relist = true,
        }
    }

    /// Speaks where that has become possible, and no longer where it has not.
    pub(super) fn look_at_ports(&mut self) {
        for n in 0..self.ports.len() {
            self.look_at_port(n);
        }
    }

    fn look_at_port(&mut self, n: usize) {
        let Some(port) = self.ports.get_mut(n) else { return };
        let before = port.standing;
        let address = match before {
            Standing::Ready(_, face) => Some(face.address),
            Standing::Missing | Standing::Down | Standing::Mute => None,
        };
        let standing = self.faces.standing(&port.name, address);
        let obstacle = standing.obstacle();
        if port.told != obstacle || (obstacle.is_none() && before.obstacle().is_some()) {
            port.told = obstacle;
            if let Some(why) = obstacle {
                tracing::warn!(interface = port.name, "not spoken on: {why}");
            } else {
                tracing::info!(interface = port.name, "spoken on");
            }
        }
        if standing == before {
            return;
        }
        port.standing = standing;
        if !matches!(standing, Standing::Ready(_, face) if Some(face.address) == address) {
            // A guard signs with its address.
            port.guard = None;
        }
        let interface = Interface(u32::try_from(n).unwrap_or(u32::MAX));
        if let Standing::Ready(old, _) = before
            && !matches!(standing, Standing::Ready(new, _) if new == old)
        {
            self.silence(interface, old);
        }
        if let Standing::Ready(index, face) = standing {
            self.speak_on(interface, n, (index, face));
        }
    }

    fn silence(&mut self, interface: Interface, index: u32) {
        if let Err(error) = self.group.leave(index, GROUP) {
            tracing::debug!(%error, "a group was not left");
        }
        self.tell(Input::Down(interface));
        self.perform();
    }

    fn speak_on(&mut self, interface: Interface, n: usize, (index, face): (u32, Face)) {
        let now = self.clock.now();
        let joined = self.group.join(index, GROUP);
        let Some(port) = self.ports.get_mut(n) else { return };
        let name = &port.name;
        // Without a seed there is no guard, and without its guard it must not be spoken on.
        let seed = match joined.and_then(|()| linux::seed()) {
            Ok(seed) => seed,
            Err(error) => {
                tracing::warn!(interface = name, %error, "not spoken on; trying again");
                port.standing = Standing::Mute;
                return;
            }
        };
        if port.guard.is_none() {
            let settings = port.guarded.clone();
            port.guard = settings.map(|keys| Guard::new(keys, face.address, seed, now));
        }
        let room = port.guard.as_ref().map_or(0, |guard| guard.room(linux::Clock::wall()));
        let profile = port.speak.profile(face, room);
        self.tell(Input::Up(interface, profile));
        self.perform();
    }

    /// Returns the route that the kernel shall have to a range; `None` if none.
    pub(super) fn kernel_route(&self, key: Key, way: Way) -> Option<KernelRoute> {
        let (via, interface) = match way {
            Way::Gone => return None,
            Way::Unreachable => (Via::Unreachable, None),
            Way::Through(hop) => {
                let Standing::Ready(device, _) = self.port(hop.interface)?.standing else {
                    return None;
                };
                // IPv4 neighbours need not be of one subnet.
                let onlink = hop.address.is_ipv4();
                let via = Via::Hop { device, address: hop.address, onlink };
                (via, Some(hop.interface))
            }
        };
        let metric = self.filters.installed(interface, key, self.config.metric())?;
        let of_family = |own: &&IpAddr| own.is_ipv4() == (key.family() == Family::V4);
        Some(KernelRoute {
            to: key.prefix,
            from: key.source,
            via,
            table: self.config.table(),
            metric,
            protocol: BABEL,
            preferred_source: self.config.preferred_source.iter().find(of_family).copied(),
        })
    }

    /// Makes the kernel's table a little more like what it should be.
    pub(super) fn change_routes(&mut self) {
        let changes = Arc::new(self.kernel.batch(CHANGES));
        if changes.is_empty() {
            return;
        }
        let failures = if changes.len() < MANY { None } else { self.apply_aside(&changes) };
        let failures = failures.unwrap_or_else(|| self.tables.apply(&changes));
        self.note(&changes, failures);
    }

    /// Lets changes be made aside, and listens meanwhile to neighbours, and to nobody else:
    /// what the kernel tells of routes is understood when it is known what we have made of them.
    ///
    /// `None` if nobody makes them.
    fn apply_aside(&mut self, changes: &Arc<Vec<Change>>) -> Option<Failures> {
        self.installer.begin(changes);
        loop {
            match self.installer.progress() {
                Progress::Made(failures) => return Some(failures),
                Progress::Nobody => return None,
                Progress::UnderWay => {}
            }
            let waiting = readable([self.group.as_fd(), self.installer.as_fd()], Some(TICK));
            if waiting.is_ok_and(|[packets, _]| packets) {
                self.read_packets();
                self.perform();
            }
        }
    }

    fn note(&mut self, changes: &[Change], failures: Failures) {
        for (_, error) in failures.iter().take(1) {
            tracing::debug!(%error, failures = failures.len(), "the kernel refused routes");
        }
        let refused: BTreeMap<usize, String> =
            failures.into_iter().map(|(n, error)| (n, error.to_string())).collect();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.tally.refused += count(refused.len());
        self.tally.changes += count(changes.len() - refused.len());
        self.kernel.done(changes, &refused);
        self.monitors.due = true;
    }
}

/// Returns the name of the interface of a route.
fn device_of<'a>(route: &KernelRoute, faces: &'a Faces) -> Option<&'a str> {
    match route.via {
        Via::Hop { device, .. } => faces.name(device),
        Via::Unreachable | Via::Other => None,
    }
}
