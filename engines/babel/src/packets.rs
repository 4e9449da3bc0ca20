//! Outboxes become packets (RFC 8966 §3.1, §3.7.3).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use words::routing::Output;
use words::{LinkId, Prefix, Time};

use crate::agenda::Timer;
use crate::outbox::{Due, Outbox, Said};
use crate::wire::{Ack, AckRequest, Builder, Range, RouteRequest, SeqnoRequest, Tlv, Update};
use crate::{Babel, Distance, Metric};

impl Babel {
    /// Says the packets of all neighbours that are owed something now.
    pub(crate) fn write_packets(&mut self, now: Time) {
        for link in core::mem::take(&mut self.ready) {
            let Some(neighbour) = self.neighbours.get_mut(&link) else { continue };
            let out = neighbour.out.take(neighbour.cost.is_finite());
            let mut press = Press::new(self.settings.max_packet, neighbour.opaque);
            self.write_words(link, &out, &mut press, now);
            self.write_updates(link, &out, &mut press, now);
            press.turn();
            self.send(link, press, now);
        }
    }

    /// Writes what is not an update: the greeting first, both halves in one packet, so that
    /// the neighbour can tell a round trip.
    fn write_words(&mut self, link: LinkId, out: &Outbox, press: &mut Press, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        if out.hello {
            let (hello, ihu) = neighbour.greet(self.settings.hello, now);
            press.put(&Tlv::Hello(hello));
            if let Some(ihu) = ihu {
                press.put(&Tlv::Ihu(ihu));
            }
        }
        for opaque in &out.acks {
            press.put(&Tlv::Ack(Ack { opaque: *opaque }));
        }
        for prefix in &out.routes {
            let range = prefix.map_or(Range::All, Range::V6);
            press.put(&Tlv::RouteRequest(RouteRequest { range }));
        }
        for ((prefix, router), (seqno, hops)) in &out.seqnos {
            let (range, router) = (Range::V6(*prefix), *router);
            let ask = SeqnoRequest { range, seqno: *seqno, hops: *hops, router };
            press.put(&Tlv::SeqnoRequest(ask));
        }
    }

    fn write_updates(&mut self, link: LinkId, out: &Outbox, press: &mut Press, now: Time) {
        for (prefix, due) in &out.updates {
            let route = self.route_for(*prefix, link, due.asked);
            let believed =
                self.neighbours.get(&link).is_some_and(|it| it.sent.contains_key(prefix));
            let owed = due.asked || due.tries > 0 || believed || route.is_some();
            if owed {
                let update = self.commit(*prefix, link, route, now);
                press.put_reliably(&Tlv::Update(update), *prefix, *due);
            }
        }
        if !out.refresh {
            return;
        }
        let selected = self.table.entries().filter(|(_, entry)| entry.selected.is_some());
        let all: BTreeSet<Prefix> =
            self.own.iter().copied().chain(selected.map(|(prefix, _)| prefix)).collect();
        let lost = self.still_lost(link, now);
        for prefix in all.union(&lost).copied() {
            let route = self.route_for(prefix, link, false);
            let owed = route.is_some() || lost.contains(&prefix);
            if owed && !out.updates.contains_key(&prefix) {
                let update = self.commit(prefix, link, route, now);
                press.put(&Tlv::Update(update));
            }
        }
    }

    /// Returns the ranges whose ends were told in vain, and may still be believed.
    fn still_lost(&mut self, link: LinkId, now: Time) -> BTreeSet<Prefix> {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return BTreeSet::new() };
        neighbour.lost.retain(|_, until| now < *until);
        neighbour.lost.keys().copied().collect()
    }

    /// Returns the update that tells `route`, having noted that it is told.
    ///
    /// The source table is written first: here, and nowhere later (rule F3).
    fn commit(&mut self, prefix: Prefix, link: LinkId, route: Option<Said>, now: Time) -> Update {
        self.counters.updates_out += 1;
        let (range, next, hop) = (Range::V6(prefix), self.settings.update, None);
        let neighbour = self.neighbours.get_mut(&link);
        let Some(said) = route else {
            neighbour.and_then(|neighbour| neighbour.sent.remove(&prefix));
            let metric = Metric::INFINITE;
            return Update { range, router: None, seqno: self.seqno, metric, next, hop };
        };
        let distance = Distance { seqno: said.seqno, metric: said.metric };
        self.sources.announce(prefix, said.router, distance, now);
        if let Some(neighbour) = neighbour {
            neighbour.lost.remove(&prefix);
            neighbour.sent.insert(prefix, said);
        }
        let Said { router, seqno, metric } = said;
        Update { range, router: Some(router), seqno, metric, next, hop }
    }

    /// Says the packets, and waits for the acknowledgments of those that ask for one.
    fn send(&mut self, link: LinkId, press: Press, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        neighbour.opaque = press.opaque;
        let once = neighbour.rtt(now).unwrap_or(UNKNOWN_RTT) * 2 + ACK_WITHIN * 2;
        for (octets, asked) in press.done {
            if let Some((opaque, carried)) = asked {
                let tries = carried.values().map(|due| due.tries).min().unwrap_or(0);
                let wait = (once * (1 << tries.min(4))).min(PATIENCE.max(once));
                neighbour.newest.extend(carried.keys().map(|prefix| (*prefix, opaque)));
                neighbour.window.insert(opaque, carried);
                self.agenda.set(Timer::Resend(link, opaque), now + wait);
            }
            self.counters.packets_out += 1;
            self.counters.octets_out += octets.len() as u64;
            self.said.push_back(Output::Send(link, octets));
        }
    }
}

/// Fills packets, one after the other.
#[derive(Debug)]
struct Press {
    most: usize,
    builder: Builder,
    /// What the present packet must be acknowledged for.
    carried: BTreeMap<Prefix, Due>,
    opaque: u16,
    done: Vec<Printed>,
}

/// A packet, and if it asks to be acknowledged: its name, and what it tells.
type Printed = (Vec<u8>, Option<(u16, BTreeMap<Prefix, Due>)>);

impl Press {
    fn new(most: usize, opaque: u16) -> Self {
        let (carried, done) = (BTreeMap::new(), Vec::new());
        Self { most, builder: Builder::new(most), carried, opaque, done }
    }

    fn put(&mut self, tlv: &Tlv) {
        if !self.builder.push(tlv, ACK_ROOM) {
            self.turn();
            // An empty packet has room for any one TLV: 512 octets at least.
            let _ = self.builder.push(tlv, ACK_ROOM);
        }
    }

    fn put_reliably(&mut self, tlv: &Tlv, prefix: Prefix, due: Due) {
        self.put(tlv);
        self.carried.insert(prefix, due);
    }

    /// Ends the present packet, if anything is in it.
    fn turn(&mut self) {
        let mut builder = core::mem::replace(&mut self.builder, Builder::new(self.most));
        if builder.is_empty() {
            return;
        }
        let carried = core::mem::take(&mut self.carried);
        let mut asked = None;
        if !carried.is_empty() {
            self.opaque = self.opaque.wrapping_add(1);
            let ask = AckRequest { opaque: self.opaque, within: ACK_WITHIN };
            let _ = builder.push(&Tlv::AckRequest(ask), 0);
            asked = Some((self.opaque, carried));
        }
        self.done.push((builder.finish(), asked));
    }
}

/// Octets of an acknowledgment request, kept free in every packet.
const ACK_ROOM: usize = 8;
const ACK_WITHIN: Duration = Duration::from_millis(100);
const UNKNOWN_RTT: Duration = Duration::from_millis(150);
/// Longest wait for an acknowledgment, unless the link itself is slower.
const PATIENCE: Duration = Duration::from_secs(2);
