//! A played neighbour: a correct speaker as far as the daemon can see, that keeps no routes.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv6Addr;
use std::time::Duration;

use babel::wire::{Ack, Builder, Hello, Ihu, Packet, Tlv};
use babel::{Cost, Key, Seqno};
use words::{Dice, Time};

use crate::told::Told;

/// Octets of a packet at most: those of Ethernet, less the headers.
const LONGEST: usize = 1400;
/// Packets of a full update that leave at once.
const BURST: usize = 2;
/// The same, as long as the daemon is to be told as fast as it can be: to ask how much waits in
/// its sockets costs as much as to send it ten packets, of a processor that it may need itself.
const HURRIED: usize = 16;
/// How soon to look again whether the daemon has room for more.
const AGAIN: Duration = Duration::from_millis(1);
/// The share of its interval that a full update may take.
const SPREAD: f64 = 0.6;

/// A packet to send, to one address or to everybody.
pub(crate) type Said = (Option<Ipv6Addr>, Vec<u8>);

/// A neighbour that tells its ranges, greets, answers, and acknowledges.
#[derive(Debug)]
pub(crate) struct Played {
    number: u32,
    told: Told,
    dice: Dice,
    /// The daemon, once it has greeted.
    other: Option<Ipv6Addr>,
    seqno: Seqno,
    greeted: Time,
    /// When it began to tell its ranges to a daemon that hears it.
    telling: Option<Time>,
    greeting: Time,
    update: Time,
    /// The next range of the full update under way, and when to go on with it.
    dump: Option<(u32, Time)>,
    /// A full update that was asked for goes as fast as the daemon takes it.
    hurry: bool,
    /// Ranges whose seqno somebody had raised.
    raised: BTreeMap<u32, Seqno>,
    said: VecDeque<Said>,
}

impl Played {
    /// Returns neighbour `number`, which begins to greet within one interval.
    pub(crate) fn new(number: u32, told: Told, now: Time) -> Self {
        let mut dice = Dice::of([number.to_le_bytes()[0]; 32], "played");
        let greeting = now + dice.within(told.hello.min(Duration::from_secs(1)));
        let update = now + told.hello + dice.within(told.update);
        Self {
            number,
            told,
            dice,
            other: None,
            seqno: Seqno(0),
            greeted: now,
            telling: None,
            greeting,
            update,
            dump: None,
            hurry: false,
            raised: BTreeMap::new(),
            said: VecDeque::new(),
        }
    }

    /// Takes in a packet.
    pub(crate) fn hear(&mut self, from: Ipv6Addr, octets: &[u8], now: Time) {
        let Ok(packet) = Packet::decode(octets) else { return };
        for tlv in packet.tlvs().flatten() {
            match tlv {
                Tlv::Hello(_) if self.other != Some(from) => {
                    self.other = Some(from);
                    self.greeting = now;
                }
                Tlv::AckRequest(ask) => {
                    self.say(Some(from), &[Tlv::Ack(Ack { opaque: ask.opaque })]);
                }
                Tlv::RouteRequest(ask) => match ask.key {
                    Some(key) => self.answer(from, key, None),
                    None => self.begin(now, true),
                },
                Tlv::SeqnoRequest(ask) => self.answer(from, ask.key, Some(ask.seqno)),
                Tlv::Ihu(ihu) if ihu.rxcost.is_finite() && self.telling.is_none() => {
                    self.telling = Some(now);
                    self.begin(now, true);
                }
                Tlv::Hello(_) | Tlv::Ihu(_) | Tlv::Update(_) | Tlv::Ack(_) => {}
            }
        }
    }

    /// Does what is due; `room` tells whether the daemon can take more updates.
    pub(crate) fn wake(&mut self, now: Time, mut room: impl FnMut() -> bool) {
        if self.greeting <= now {
            self.greet(now);
        }
        if self.update <= now {
            self.begin(now, false);
        }
        if let Some((next, at)) = self.dump.filter(|(_, at)| *at <= now) {
            let go_on = if room() { self.burst(next, at) } else { Some((next, now + AGAIN)) };
            self.dump = go_on;
        }
    }

    /// Returns the next packet to send.
    pub(crate) fn poll(&mut self) -> Option<Said> {
        self.said.pop_front()
    }

    /// Returns when to be woken.
    pub(crate) fn deadline(&self) -> Time {
        let dump = self.dump.map_or(self.update, |(_, at)| at);
        self.greeting.or_earlier(self.update).or_earlier(dump)
    }

    /// Returns when it last greeted.
    pub(crate) fn greeted(&self) -> Time {
        self.greeted
    }

    /// Returns when it began to tell its ranges to a daemon that hears it.
    pub(crate) fn telling(&self) -> Option<Time> {
        self.telling
    }

    fn greet(&mut self, now: Time) {
        let hello = self.told.hello;
        self.greeted = now;
        self.seqno = self.seqno.plus(1);
        // Up to a twentieth sooner than promised: greetings of several must not march in step.
        self.greeting = now + hello.saturating_sub(self.dice.within(hello / 20));
        let next = Some(hello);
        let greeting = Hello { seqno: self.seqno, next, unicast: false, sent: None, frugal: false };
        let mut tlvs = vec![Tlv::Hello(greeting)];
        if let Some(other) = self.other {
            let (to, rxcost) = (Some(other.into()), Cost::NOMINAL);
            tlvs.push(Tlv::Ihu(Ihu { to, rxcost, next: 3 * hello, echo: None }));
        }
        self.say(None, &tlvs);
    }

    /// Begins a full update; one that was asked for begins anew if another is under way, because
    /// who asks may have missed the first half.
    fn begin(&mut self, now: Time, hurry: bool) {
        self.update = now + self.told.update;
        if self.dump.is_none() || (hurry && !self.hurry) {
            self.dump = Some((0, now));
            self.hurry = hurry;
        }
    }

    /// Says some packets of a full update, from range `next` on; returns how to go on.
    fn burst(&mut self, mut next: u32, at: Time) -> Option<(u32, Time)> {
        let first = next;
        for _ in 0..if self.hurry { HURRIED } else { BURST } {
            let mut packet = Builder::new(LONGEST);
            while next < self.told.routes && packet.push(&self.update_of(next), 0) {
                next += 1;
            }
            if !packet.is_empty() {
                self.said.push_back((None, packet.finish()));
            }
        }
        if next >= self.told.routes {
            self.hurry = false;
            return None;
        }
        let share = f64::from(next - first) / f64::from(self.told.routes);
        let pause = if self.hurry { 0.0 } else { SPREAD * share };
        Some((next, at + self.told.update.mul_f64(pause)))
    }

    fn answer(&mut self, from: Ipv6Addr, key: Key, wanted: Option<Seqno>) {
        let Some(index) = self.told.index(self.number, key) else { return };
        if let Some(wanted) = wanted.filter(|wanted| wanted.newer_than(self.seqno_of(index))) {
            self.raised.insert(index, wanted);
        }
        self.say(Some(from), &[self.update_of(index)]);
    }

    fn update_of(&self, index: u32) -> Tlv {
        Tlv::Update(self.told.update(self.number, index, self.seqno_of(index)))
    }

    fn seqno_of(&self, index: u32) -> Seqno {
        self.raised.get(&index).copied().unwrap_or(Told::SEQNO)
    }

    fn say(&mut self, to: Option<Ipv6Addr>, tlvs: &[Tlv]) {
        let mut packet = Builder::new(LONGEST);
        for tlv in tlvs {
            let _few_small_ones_fit = packet.push(tlv, 0);
        }
        self.said.push_back((to, packet.finish()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use babel::wire::{AckRequest, RouteRequest, RouterId, SeqnoRequest};

    const DAEMON: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9);

    fn played() -> Played {
        let (hello, update) = (Duration::from_secs(4), Duration::from_secs(16));
        let told = Told { neighbours: 2, routes: 500, apart: false, hello, update };
        Played::new(1, told, Time::ZERO)
    }

    fn packet(tlv: Tlv) -> Vec<u8> {
        let mut packet = Builder::new(LONGEST);
        assert!(packet.push(&tlv, 0));
        packet.finish()
    }

    fn said(played: &mut Played) -> Vec<Tlv> {
        let packets: Vec<Said> = std::iter::from_fn(|| played.poll()).collect();
        let tlvs = packets.iter().flat_map(|(_, octets)| Packet::decode(octets).unwrap().tlvs());
        tlvs.map(Result::unwrap).collect()
    }

    #[test]
    fn it_hears_greets_and_acknowledges() {
        let mut played = played();
        let greeting =
            Hello { seqno: Seqno(1), next: None, unicast: false, sent: None, frugal: false };
        played.hear(DAEMON, &packet(Tlv::Hello(greeting)), Time::ZERO);
        let ask = AckRequest { opaque: 77, within: Duration::from_secs(1) };
        played.hear(DAEMON, &packet(Tlv::AckRequest(ask)), Time::ZERO);
        played.wake(Time::ZERO, || true);
        let said = said(&mut played);
        assert!(said.contains(&Tlv::Ack(Ack { opaque: 77 })));
        let heard = |tlv: &Tlv| matches!(tlv, Tlv::Ihu(ihu) if ihu.to == Some(DAEMON.into()));
        assert!(said.iter().any(heard), "{said:?}");
    }

    #[test]
    fn who_asks_is_told_everything_as_fast_as_there_is_room() {
        let mut played = played();
        played.hear(DAEMON, &packet(Tlv::RouteRequest(RouteRequest { key: None })), Time::ZERO);
        played.wake(Time::ZERO, || false);
        let updates =
            |said: Vec<Tlv>| said.into_iter().filter(|tlv| matches!(tlv, Tlv::Update(_))).count();
        assert_eq!(updates(said(&mut played)), 0);
        let mut told = 0;
        for ms in 1..100 {
            played.wake(Time::from_micros(ms * 1000), || true);
            told += updates(said(&mut played));
        }
        assert_eq!(told, 500);
    }

    #[test]
    fn a_newer_route_is_there_for_who_asks_for_one() {
        let mut played = played();
        let key = Key::to(played.told.range(1, 3));
        let (seqno, router) = (Seqno(9), RouterId([1; 8]));
        let ask = SeqnoRequest { key, seqno, hops: 5, router };
        played.hear(DAEMON, &packet(Tlv::SeqnoRequest(ask)), Time::ZERO);
        let [Tlv::Update(update)] = said(&mut played)[..] else { panic!("no answer") };
        assert_eq!((update.key, update.seqno), (Some(key), seqno));
    }
}
