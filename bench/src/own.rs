//! A neighbour of our own kind, with a played neighbour behind it that it learns its routes from.

use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::time::Duration;

use babel::{Input, Interface, Output, Profile, RouterId, Settings, Speaker};
use words::{Engine, Time};

use crate::played::{Played, Said};
use crate::told::Told;
use crate::wires;

/// The interface that is a wire to the daemon.
const WIRE: Interface = Interface(0);
/// The interface behind which the played neighbour is; it exists only here.
const BEHIND: Interface = Interface(1);
/// The addresses on it.
const HERE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const THERE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);

/// A speaker between the daemon and a played neighbour.
#[derive(Debug)]
pub(crate) struct Own {
    speaker: Speaker,
    behind: Played,
    said: VecDeque<Said>,
}

impl Own {
    /// Returns neighbour `number`.
    pub(crate) fn new(number: u32, told: Told, now: Time) -> Self {
        let seed = [number.to_le_bytes()[0]; 32];
        let router_id = RouterId([0xee, 0, 0, 0, 0, 0, 0, number.to_le_bytes()[0]]);
        let settings = Settings { router_id, ..Settings::default() };
        let mut speaker = Speaker::new(settings, seed, now);
        let profile = Profile { hello: told.hello, update: told.update, ..Profile::LAN };
        let address = wires::address(false, number);
        speaker.handle(Input::Up(WIRE, Profile { address, ..profile }), now);
        // What is behind tells its routes once: nobody measures that.
        let quiet = Told { update: Duration::from_mins(10), ..told };
        speaker.handle(Input::Up(BEHIND, Profile { address: HERE, ..profile }), now);
        let mut own =
            Self { speaker, behind: Played::new(number, quiet, now), said: VecDeque::new() };
        own.settle(now);
        own
    }

    /// Takes in a packet of the daemon's.
    pub(crate) fn hear(&mut self, from: Ipv6Addr, octets: &[u8], now: Time) {
        self.speaker.handle(Input::Packet { interface: WIRE, from, octets }, now);
        self.settle(now);
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self, now: Time) {
        self.behind.wake(now, || true);
        if self.speaker.deadline().is_some_and(|deadline| deadline.at <= now) {
            self.speaker.handle(Input::Wake, now);
        }
        self.settle(now);
    }

    /// Returns the next packet for the daemon.
    pub(crate) fn poll(&mut self) -> Option<Said> {
        self.said.pop_front()
    }

    /// Returns when to be woken.
    pub(crate) fn deadline(&self) -> Time {
        let behind = self.behind.deadline();
        self.speaker.deadline().map_or(behind, |deadline| deadline.at.or_earlier(behind))
    }

    /// Passes packets between the speaker and what is behind it until both have said all.
    fn settle(&mut self, now: Time) {
        loop {
            while let Some(output) = self.speaker.poll() {
                match output {
                    Output::Packet { interface: WIRE, to, octets } => {
                        self.said.push_back((to, octets));
                    }
                    Output::Packet { octets, .. } => self.behind.hear(HERE, &octets, now),
                    Output::Route(..) | Output::Usage(..) => {}
                }
            }
            let Some((_, octets)) = self.behind.poll() else { return };
            let (interface, from) = (BEHIND, THERE);
            self.speaker.handle(Input::Packet { interface, from, octets: &octets }, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_its_routes_from_what_is_behind_it_and_tells_them() {
        let (hello, update) = (Duration::from_secs(4), Duration::from_secs(16));
        let told = Told { neighbours: 2, routes: 300, apart: false, hello, update };
        let mut now = Time::from_micros(1);
        let mut own = Own::new(1, told, now);
        let mut octets = 0;
        while now < Time::ZERO + Duration::from_mins(1) {
            now = now.max(own.deadline()) + Duration::from_millis(1);
            own.wake(now);
            octets += std::iter::from_fn(|| own.poll()).map(|said| said.1.len()).sum::<usize>();
        }
        assert_eq!(own.speaker.selected().count(), 300);
        assert!(octets > 0);
    }
}
