//! Where others reach this node: what the configuration names, or what this machine has.

use std::net::SocketAddr;
use std::time::Duration;

use words::{Prefix, Time};

use crate::interface;

/// How long what was told is left alone if nothing changed.
const AGAIN: Duration = Duration::from_hours(24);

/// The endpoints of this node, and when they were told last.
#[derive(Debug)]
pub(crate) struct Places {
    /// What the configuration names; none: the addresses of this machine.
    named: Vec<SocketAddr>,
    network: Prefix,
    port: u16,
    told: Vec<SocketAddr>,
    at: Time,
}

impl Places {
    /// Returns the places of a node of `network` that is reached at the endpoints `named`,
    /// or without any at UDP `port` of this machine.
    pub(crate) const fn new(named: Vec<SocketAddr>, network: Prefix, port: u16) -> Self {
        Self { named, network, port, told: Vec::new(), at: Time::ZERO }
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

    fn found(&self) -> Vec<SocketAddr> {
        if self.named.is_empty() {
            interface::endpoints(self.network, self.port)
        } else {
            self.named.clone()
        }
    }
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
    fn without_names_it_is_this_machine_and_the_port_in_use() {
        let mut places = places(Vec::new());
        assert!(places.look(Time::ZERO).iter().all(|at| at.port() == 7000));
    }
}
