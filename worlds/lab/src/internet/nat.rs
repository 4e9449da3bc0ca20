//! The router of a home: address translation as most of them do it.
//!
//! The mapping is endpoint-independent: one inside port has one outside port, whoever it
//! talks to; a symmetric one has another for each far end. The filter depends on address and
//! port: only who was sent something may answer. The outside port is drawn, so that nobody can
//! presume it.
//!
//! Source: RFC 4787 §4, §5 (UDP), RFC 5382 (TCP), RFC 5508 (ICMP); times as Linux has them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use words::{Dice, Time};

use super::Dropped;
use super::packet::{Content, End, Protocol, Reading, Side};

/// A router with one host behind it.
#[derive(Debug)]
pub(crate) struct Nat {
    inside: Ipv4Addr,
    outside: Ipv4Addr,
    /// Each far end has an outside port of its own.
    symmetric: bool,
    /// From the inside port, and if it matters the far end.
    mappings: BTreeMap<(Protocol, u16, Option<End>), Mapping>,
    /// From the outside port to the inside port.
    back: BTreeMap<(Protocol, u16), u16>,
    /// Whom each outside port has sent to.
    flows: BTreeMap<(Protocol, u16, End), Flow>,
    sweep: Time,
    dice: Dice,
}

#[derive(Clone, Copy, Debug)]
struct Mapping {
    outside: u16,
    until: Time,
}

#[derive(Clone, Copy, Debug)]
struct Flow {
    until: Time,
    answered: bool,
    over: bool,
}

/// Most flows of one home.
const MOST_FLOWS: usize = 4096;
/// How often what is over is forgotten.
const SWEEP: Duration = Duration::from_secs(10);

impl Nat {
    /// Returns a router at `outside` in front of the host `inside`, whose mapping may be
    /// `symmetric`.
    pub(crate) const fn new(
        inside: Ipv4Addr,
        outside: Ipv4Addr,
        symmetric: bool,
        dice: Dice,
    ) -> Self {
        Self {
            inside,
            outside,
            symmetric,
            mappings: BTreeMap::new(),
            back: BTreeMap::new(),
            flows: BTreeMap::new(),
            sweep: Time::ZERO,
            dice,
        }
    }

    /// Translates a packet that leaves the home.
    pub(crate) fn leave(&mut self, packet: &mut [u8], now: Time) -> Result<(), Dropped> {
        self.forget(now);
        let reading = Reading::of(packet).ok_or(Dropped::Malformed)?;
        match reading.content {
            Content::Flow { protocol, from, to, last } => {
                let far = (reading.destination, to);
                let port = self.map(protocol, from, far)?;
                self.let_answer((protocol, port, far), last, now)?;
                self.prolong(from, (protocol, port, far));
                reading.rewrite(packet, Side::Source, (self.outside, port));
                Ok(())
            }
            Content::Error(about) => {
                self.complain(packet, about)?;
                reading.rewrite(packet, Side::Source, (self.outside, 0));
                reading.reseal(packet);
                Ok(())
            }
            Content::Other => Err(Dropped::Untranslatable),
        }
    }

    /// Translates a packet that arrives for the home.
    pub(crate) fn enter(&mut self, packet: &mut [u8], now: Time) -> Result<(), Dropped> {
        let reading = Reading::of(packet).ok_or(Dropped::Malformed)?;
        match reading.content {
            Content::Flow { protocol, from, to, last } => {
                let far = (protocol, to, (reading.source, from));
                let flow = self.flows.get_mut(&far).filter(|flow| now < flow.until);
                let flow = flow.ok_or(Dropped::Filtered)?;
                flow.answered = true;
                flow.over |= last;
                flow.until = now + patience(protocol, *flow);
                let inside = *self.back.get(&(protocol, to)).ok_or(Dropped::Filtered)?;
                self.prolong(inside, far);
                reading.rewrite(packet, Side::Destination, (self.inside, inside));
                Ok(())
            }
            Content::Error(about) => {
                self.hear_complaint(packet, about)?;
                reading.rewrite(packet, Side::Destination, (self.inside, 0));
                reading.reseal(packet);
                Ok(())
            }
            Content::Other => Err(Dropped::Untranslatable),
        }
    }

    /// Returns the outside port of the inside port `from` towards `far`, drawn at its first use.
    fn map(&mut self, protocol: Protocol, from: u16, far: End) -> Result<u16, Dropped> {
        let key = (protocol, from, self.symmetric.then_some(far));
        if let Some(mapping) = self.mappings.get(&key) {
            return Ok(mapping.outside);
        }
        if self.flows.len() >= MOST_FLOWS {
            return Err(Dropped::Full);
        }
        let outside = loop {
            let drawn = u16::try_from(1024 + self.dice.below(0x1_0000 - 1024)).unwrap_or(u16::MAX);
            if !self.back.contains_key(&(protocol, drawn)) {
                break drawn;
            }
        };
        self.mappings.insert(key, Mapping { outside, until: Time::ZERO });
        self.back.insert((protocol, outside), from);
        Ok(outside)
    }

    /// Lets the far end of a flow answer from now on.
    fn let_answer(
        &mut self,
        flow: (Protocol, u16, End),
        last: bool,
        now: Time,
    ) -> Result<(), Dropped> {
        let room = self.flows.len() < MOST_FLOWS;
        if !room && !self.flows.contains_key(&flow) {
            return Err(Dropped::Full);
        }
        let new = Flow { until: now, answered: false, over: false };
        let known = self.flows.entry(flow).or_insert(new);
        known.over |= last;
        known.until = now + patience(flow.0, *known);
        Ok(())
    }

    /// A mapping lasts as long as the longest of its flows.
    fn prolong(&mut self, inside: u16, flow: (Protocol, u16, End)) {
        let (protocol, _, far) = flow;
        let mapping = (protocol, inside, self.symmetric.then_some(far));
        let until = self.flows.get(&flow).map_or(Time::ZERO, |flow| flow.until);
        if let Some(mapping) = self.mappings.get_mut(&mapping) {
            mapping.until = mapping.until.max(until);
        }
    }

    /// Translates what an ICMP error that leaves us is about: a packet that we got.
    fn complain(&self, packet: &mut [u8], about: usize) -> Result<(), Dropped> {
        let quoted = packet.get_mut(about..).ok_or(Dropped::Untranslatable)?;
        let reading = Reading::of(quoted).ok_or(Dropped::Untranslatable)?;
        let Content::Flow { protocol, from, to, .. } = reading.content else {
            return Err(Dropped::Untranslatable);
        };
        let far = self.symmetric.then_some((reading.source, from));
        let mapping = self.mappings.get(&(protocol, to, far)).ok_or(Dropped::Untranslatable)?;
        reading.rewrite(quoted, Side::Destination, (self.outside, mapping.outside));
        Ok(())
    }

    /// Translates what an ICMP error that arrives is about: a packet that we sent.
    fn hear_complaint(&self, packet: &mut [u8], about: usize) -> Result<(), Dropped> {
        let quoted = packet.get_mut(about..).ok_or(Dropped::Untranslatable)?;
        let reading = Reading::of(quoted).ok_or(Dropped::Untranslatable)?;
        let Content::Flow { protocol, from, to, .. } = reading.content else {
            return Err(Dropped::Untranslatable);
        };
        let far = (protocol, from, (reading.destination, to));
        if reading.source != self.outside || !self.flows.contains_key(&far) {
            return Err(Dropped::Filtered);
        }
        let inside = *self.back.get(&(protocol, from)).ok_or(Dropped::Filtered)?;
        reading.rewrite(quoted, Side::Source, (self.inside, inside));
        Ok(())
    }

    /// Forgets, now and then, what is over.
    fn forget(&mut self, now: Time) {
        if now < self.sweep {
            return;
        }
        self.sweep = now + SWEEP;
        self.flows.retain(|_, flow| now < flow.until);
        self.mappings.retain(|_, mapping| now < mapping.until);
        let used: BTreeSet<_> = (self.mappings.iter())
            .map(|((protocol, ..), mapping)| (*protocol, mapping.outside))
            .collect();
        self.back.retain(|outside, _| used.contains(outside));
    }
}

/// How long a flow that is silent is remembered.
const fn patience(protocol: Protocol, flow: Flow) -> Duration {
    match (protocol, flow.over, flow.answered) {
        (Protocol::Tcp, false, true) => Duration::from_mins(124),
        (Protocol::Tcp, true, _) | (Protocol::Tcp, false, false) => Duration::from_mins(4),
        (Protocol::Udp, _, true) => Duration::from_mins(2),
        (Protocol::Udp, _, false) => Duration::from_secs(30),
        (Protocol::Echo, _, _) => Duration::from_mins(1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::samples::{icmp, sound, tcp, udp};
    use super::*;

    const INSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 2);
    const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);
    const FAR: End = (Ipv4Addr::new(203, 0, 113, 9), 6326);
    const OTHER: End = (Ipv4Addr::new(203, 0, 113, 10), 6326);

    fn nat() -> Nat {
        Nat::new(INSIDE, OUTSIDE, false, Dice::of([1; 32], "nat"))
    }

    fn at(seconds: u64) -> Time {
        Time::ZERO + Duration::from_secs(seconds)
    }

    /// Sends from inside port 5000 to `to`; returns the outside port seen there.
    fn send(nat: &mut Nat, to: End, now: Time) -> u16 {
        let mut packet = udp((INSIDE, 5000), to, b"hello");
        nat.leave(&mut packet, now).unwrap();
        assert!(sound(&packet));
        let reading = Reading::of(&packet).unwrap();
        assert_eq!(reading.source, OUTSIDE);
        let Content::Flow { from, .. } = reading.content else { panic!() };
        from
    }

    #[test]
    fn the_mapping_is_the_same_for_every_far_end() {
        let mut nat = nat();
        let port = send(&mut nat, FAR, at(0));
        assert_eq!(send(&mut nat, OTHER, at(1)), port);
        assert_ne!(port, 5000);
    }

    #[test]
    fn a_symmetric_mapping_is_another_for_each_far_end() {
        let mut nat = Nat::new(INSIDE, OUTSIDE, true, Dice::of([1; 32], "nat"));
        let port = send(&mut nat, FAR, at(0));
        let other = send(&mut nat, OTHER, at(1));
        assert_ne!(other, port);
        assert_eq!(send(&mut nat, FAR, at(2)), port);
        assert_eq!(nat.enter(&mut udp(OTHER, (OUTSIDE, other), b"yes"), at(3)), Ok(()));
        assert_eq!(
            nat.enter(&mut udp(FAR, (OUTSIDE, other), b"me"), at(3)),
            Err(Dropped::Filtered)
        );
    }

    #[test]
    fn only_who_was_sent_something_may_answer() {
        let mut nat = nat();
        let port = send(&mut nat, FAR, at(0));
        let mut answer = udp(FAR, (OUTSIDE, port), b"yes");
        nat.enter(&mut answer, at(1)).unwrap();
        assert!(sound(&answer));
        assert_eq!(Reading::of(&answer).unwrap().destination, INSIDE);

        for stranger in [OTHER, (FAR.0, 6327)] {
            let mut packet = udp(stranger, (OUTSIDE, port), b"me too");
            assert_eq!(nat.enter(&mut packet, at(1)), Err(Dropped::Filtered));
        }
    }

    #[test]
    fn silence_closes_the_way_back() {
        let mut nat = nat();
        let port = send(&mut nat, FAR, at(0));
        let answer = |nat: &mut Nat, now| nat.enter(&mut udp(FAR, (OUTSIDE, port), b"."), now);
        assert_eq!(answer(&mut nat, at(29)), Ok(()));
        assert_eq!(answer(&mut nat, at(148)), Ok(()));
        assert_eq!(answer(&mut nat, at(269)), Err(Dropped::Filtered));
        assert_ne!(send(&mut nat, FAR, at(300)), port, "a new mapping");
    }

    #[test]
    fn a_connection_lasts_longer_than_a_datagram() {
        let mut nat = nat();
        let mut packet = tcp((INSIDE, 5000), FAR, 2);
        nat.leave(&mut packet, at(0)).unwrap();
        let Content::Flow { from, .. } = Reading::of(&packet).unwrap().content else { panic!() };
        let answer = |nat: &mut Nat, flags, now| {
            let mut packet = tcp(FAR, (OUTSIDE, from), flags);
            nat.enter(&mut packet, now).map(|()| assert!(sound(&packet)))
        };
        assert_eq!(answer(&mut nat, 0x12, at(1)), Ok(()));
        assert_eq!(answer(&mut nat, 0x11, at(7_000)), Ok(()), "the last one, with FIN");
        assert_eq!(answer(&mut nat, 0x10, at(7_300)), Err(Dropped::Filtered));
    }

    #[test]
    fn an_echo_comes_back_and_none_comes_first() {
        let mut nat = nat();
        let mut asked = icmp(INSIDE, FAR.0, 8, &[0x12, 0x34, 0, 1]);
        nat.leave(&mut asked, at(0)).unwrap();
        assert!(sound(&asked));
        let mut answer = icmp(FAR.0, OUTSIDE, 0, &asked[24..]);
        nat.enter(&mut answer, at(1)).unwrap();
        assert!(sound(&answer));
        assert_eq!(&answer[24..26], &[0x12, 0x34]);

        let mut first = icmp(FAR.0, OUTSIDE, 8, &[0x12, 0x34, 0, 1]);
        assert_eq!(nat.enter(&mut first, at(1)), Err(Dropped::Filtered));
    }

    #[test]
    fn errors_are_translated_with_what_they_are_about() {
        let mut nat = nat();
        let mut sent = udp((INSIDE, 5000), FAR, b"hello");
        let before = sent.clone();
        nat.leave(&mut sent, at(0)).unwrap();

        let rest: Vec<u8> = [0; 4].into_iter().chain(sent.iter().copied()).collect();
        let mut error = icmp(FAR.0, OUTSIDE, 3, &rest);
        nat.enter(&mut error, at(1)).unwrap();
        assert!(sound(&error));
        assert_eq!(&error[28..], &before[..], "the quoted packet is as we sent it");

        let mut got = udp(FAR, (OUTSIDE, Reading::of(&sent).map_or(0, outside_port)), b"yes");
        let foreign = got.clone();
        nat.enter(&mut got, at(1)).unwrap();
        let rest: Vec<u8> = [0; 4].into_iter().chain(got).collect();
        let mut error = icmp(INSIDE, FAR.0, 3, &rest);
        nat.leave(&mut error, at(2)).unwrap();
        assert!(sound(&error));
        assert_eq!(&error[28..], &foreign[..], "the quoted packet is as they sent it");
    }

    fn outside_port(reading: Reading) -> u16 {
        let Content::Flow { from, .. } = reading.content else { panic!() };
        from
    }

    #[test]
    fn a_home_has_a_limit() {
        let mut nat = nat();
        let mut last = Ok(());
        for port in 1..=u16::try_from(MOST_FLOWS).unwrap() + 1 {
            last = nat.leave(&mut udp((INSIDE, port), FAR, b"."), at(0));
        }
        assert_eq!(last, Err(Dropped::Full));
    }
}
