//! Where others reach this node: what the configuration names; or where others see us, and
//! what this machine has.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use words::{Prefix, Time};

use crate::interface;

/// How long what was told is left alone if nothing changed.
const AGAIN: Duration = Duration::from_hours(24);

/// Least time between two tellings.
const PAUSE: Duration = Duration::from_secs(1);

/// The endpoints of this node, and when they were told last.
#[derive(Debug)]
pub(crate) struct Places {
    /// What the configuration names; none: the addresses of this machine.
    named: Vec<SocketAddr>,
    network: Prefix,
    port: u16,
    /// Where others see us: behind NAT, outside of it.
    seen: Vec<SocketAddr>,
    /// Where a router forwards to us from.
    mapped: Option<SocketAddr>,
    /// Where this machine is: its addresses, and those it leaves by.
    here: Here,
    told: Vec<SocketAddr>,
    at: Time,
}

/// Where this machine is.
type Here = (Vec<SocketAddr>, [Option<IpAddr>; 2]);

impl Places {
    /// Returns the places of a node of `network` that is reached at the endpoints `named`,
    /// or without any at UDP `port` of this machine.
    pub(crate) fn new(named: Vec<SocketAddr>, network: Prefix, port: u16) -> Self {
        let here = here(network, port);
        let (seen, told) = (Vec::new(), Vec::new());
        Self { named, network, port, seen, mapped: None, here, told, at: Time::ZERO }
    }

    /// Tells whether this machine is elsewhere than when this was last asked.
    pub(crate) fn has_roamed(&mut self) -> bool {
        let here = here(self.network, self.port);
        let roamed = here != self.here;
        self.here = here;
        roamed
    }

    /// Returns where we are reached, to be told `now`.
    pub(crate) fn look(&mut self, now: Time) -> &[SocketAddr] {
        self.told = self.found();
        self.at = now;
        &self.told
    }

    /// Tells whether others should hear of it again: it changed, or was told a day ago.
    pub(crate) fn is_news(&self, now: Time) -> bool {
        now.since(self.at) >= AGAIN || self.found() != self.told
    }

    /// Returns where we said last that we are reached.
    pub(crate) fn told(&self) -> &[SocketAddr] {
        &self.told
    }

    /// Takes in where others see us.
    pub(crate) fn seen(&mut self, at: Vec<SocketAddr>) {
        self.seen = at;
    }

    /// Takes in where a router forwards to us from, if it does; tells whether that is news.
    pub(crate) fn mapped(&mut self, outside: Option<SocketAddr>) -> bool {
        std::mem::replace(&mut self.mapped, outside) != outside
    }

    /// Returns the first moment from `now` on at which what changed may be told.
    pub(crate) fn next(&self, now: Time) -> Time {
        now.max(self.at + PAUSE)
    }

    fn found(&self) -> Vec<SocketAddr> {
        if !self.named.is_empty() {
            return self.named.clone();
        }
        let mut found: Vec<_> = self.mapped.into_iter().collect();
        found.extend(self.seen.iter().filter(|seen| Some(**seen) != self.mapped));
        found.retain(|at| interface::is_reachable(at.ip(), self.network));
        for own in interface::endpoints(self.network, self.port) {
            if !found.contains(&own) {
                found.push(own);
            }
        }
        found.truncate(gossip::Contact::ENDPOINTS);
        found
    }
}

/// Returns where this machine is now; the order of its addresses does not matter.
fn here(network: Prefix, port: u16) -> Here {
    let mut own = interface::endpoints(network, port);
    own.sort_unstable();
    (own, interface::sources())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(named: Vec<SocketAddr>) -> Places {
        Places::new(named, "fd00:42::/48".parse().unwrap(), 7000)
    }

    #[test]
    fn what_changed_is_news_and_what_was_told_a_day_ago() {
        let (first, later) = (Time::ZERO, Time::ZERO + AGAIN);
        let named: SocketAddr = "203.0.113.9:6326".parse().unwrap();
        let mut places = places(vec![named]);
        assert!(places.is_news(first));
        assert_eq!(places.look(first), [named]);
        assert!(!places.is_news(first) && places.is_news(later));
        places.look(later);
        assert!(!places.is_news(later));
        places.told.clear();
        assert!(places.is_news(later));
    }

    #[test]
    fn where_others_see_us_comes_first_and_once_unless_places_are_named() {
        let outside: SocketAddr = "203.0.113.5:4711".parse().unwrap();
        let inside_the_mesh: SocketAddr = "[fd00:42::1]:1".parse().unwrap();
        let mut unnamed = places(Vec::new());
        unnamed.look(Time::ZERO);
        let own = unnamed.told.clone();
        unnamed.seen([outside, inside_the_mesh].into_iter().chain(own.first().copied()).collect());
        assert!(unnamed.is_news(Time::ZERO));
        let told = unnamed.look(Time::ZERO);
        assert_eq!(told.first(), Some(&outside));
        let most = gossip::Contact::ENDPOINTS;
        assert_eq!(told.len(), (own.len() + 1).min(most), "each once, none inside the mesh");

        let named: SocketAddr = "203.0.113.9:6326".parse().unwrap();
        let mut places = places(vec![named]);
        places.seen(vec![outside]);
        assert_eq!(places.look(Time::ZERO), [named]);
    }

    #[test]
    fn who_stays_has_not_roamed() {
        let mut places = places(Vec::new());
        assert!(!places.has_roamed());
        places.here.1 = [None, Some([203, 0, 113, 77].into())];
        assert!(places.has_roamed() && !places.has_roamed());
    }

    #[test]
    fn a_port_that_a_router_forwards_comes_before_all_others() {
        let (outside, seen) = ("203.0.113.5:6326", "203.0.113.5:4711");
        let [outside, seen]: [SocketAddr; 2] = [outside, seen].map(|text| text.parse().unwrap());
        let mut places = places(Vec::new());
        places.seen(vec![seen, outside]);
        assert!(places.mapped(Some(outside)) && !places.mapped(Some(outside)));
        let told = places.look(Time::ZERO);
        assert_eq!(told[..2], [outside, seen]);
        assert!(!told[2..].contains(&outside));
    }

    #[test]
    fn what_changes_often_is_told_seldom() {
        let mut places = places(Vec::new());
        let now = Time::ZERO + AGAIN;
        places.look(now);
        assert_eq!(places.next(now), now + PAUSE);
        assert_eq!(places.next(now + 2 * PAUSE), now + 2 * PAUSE);
    }

    #[test]
    fn without_names_it_is_this_machine_and_the_port_in_use() {
        let mut places = places(Vec::new());
        assert!(places.look(Time::ZERO).iter().all(|at| at.port() == 7000));
    }
}
