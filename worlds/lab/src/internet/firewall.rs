//! The IPv6 side of a home's router: no translation, and only who was sent something gets in.
//!
//! Source: RFC 6092 §3.2 (UDP), §3.3 (TCP): address and port dependent filtering.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use words::Time;

use super::Dropped;
use super::header::Header;

/// A flow, from inside: protocol number, port inside, far address and port.
type Flow = (u8, u16, IpAddr, u16);

/// Most flows of one home.
const MOST: usize = 4096;

/// How long a silent flow is remembered.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a home has sent, and to whom.
#[derive(Debug, Default)]
pub(super) struct Firewall(BTreeMap<Flow, Time>);

impl Firewall {
    /// Notes a packet that leaves the home.
    pub(super) fn leave(&mut self, header: &Header, now: Time) -> Result<(), Dropped> {
        let Some((inside, far)) = header.ports else { return Ok(()) };
        if self.0.len() >= MOST {
            self.0.retain(|_, until| now < *until);
            if self.0.len() >= MOST {
                return Err(Dropped::Full);
            }
        }
        self.0.insert((header.number, inside, header.destination, far), now + PATIENCE);
        Ok(())
    }

    /// Judges a packet that arrives for the home; what has no ports is let in.
    pub(super) fn enter(&mut self, header: &Header, now: Time) -> Result<(), Dropped> {
        let Some((far, inside)) = header.ports else { return Ok(()) };
        let flow = (header.number, inside, header.source, far);
        let until = self.0.get_mut(&flow).filter(|until| now < **until);
        let until = until.ok_or(Dropped::Filtered)?;
        *until = now + PATIENCE;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(source: &str, destination: &str, ports: (u16, u16)) -> Header {
        let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
        Header { source, destination, number: 17, ports: Some(ports) }
    }

    #[test]
    fn only_who_was_sent_something_gets_in_and_not_for_ever() {
        let mut firewall = Firewall::default();
        let (home, far) = ("2001:db8::5", "2001:db8::9");
        let now = Time::ZERO;
        let answer = packet(far, home, (9, 7));
        assert_eq!(firewall.enter(&answer, now), Err(Dropped::Filtered));
        assert_eq!(firewall.leave(&packet(home, far, (7, 9)), now), Ok(()));
        assert_eq!(firewall.enter(&answer, now), Ok(()));
        assert_eq!(firewall.enter(&packet(far, home, (8, 7)), now), Err(Dropped::Filtered));
        assert_eq!(firewall.enter(&answer, now + PATIENCE), Err(Dropped::Filtered));
    }
}
