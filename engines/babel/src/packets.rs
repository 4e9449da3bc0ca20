//! What is owed becomes packets (RFC 8966 §3.1, §3.7.3).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use words::Time;

use crate::agenda::Timer;
use crate::announce::Offer;
use crate::candidates::{Candidates, Slot};
use crate::feasibility::Distance;
use crate::flight::Carried;
use crate::neighbour::{Neighbour, clock};
use crate::outbox::{Due, Haste, Said};
use crate::press::{Claim, Press};
use crate::profile::Profile;
use crate::rare::Void;
use crate::rows::RowId;
use crate::wire::{Ack, Hello, Ihu, RouteRequest, SeqnoRequest, Tlv, Update};
use crate::{Interface, Key, Metric, Output, Seqno, Speaker};

/// What is being written, to whom.
struct Page<'a> {
    slot: Slot,
    profile: &'a Profile,
    press: Press,
    /// The ranges that were owed: what the journal says of them is said.
    told: BTreeSet<RowId>,
    now: Time,
}

impl<C: Candidates> Speaker<C> {
    /// Says the packets that must leave now: greetings, then each neighbour's.
    pub(crate) fn write_packets(&mut self, now: Time) {
        if self.greet.is_empty() && self.ready.is_empty() {
            return;
        }
        for interface in core::mem::take(&mut self.greet) {
            self.write_greeting(interface, now);
        }
        for slot in core::mem::take(&mut self.ready) {
            let Some(neighbour) = self.neighbours.get(slot) else { continue };
            let (interface, address) = (neighbour.interface, neighbour.address);
            let Some(port) = self.interfaces.get(&interface) else { continue };
            let profile = *port.profile;
            let within = if neighbour.frugal { QUICKLY } else { SOON };
            let press = Press::new(profile.max_packet, neighbour.opaque, within);
            let told = BTreeSet::new();
            let to = (!profile.lone).then_some(address);
            self.write_page(Page { slot, profile: &profile, press, told, now }, to);
        }
        self.trim_journal();
    }

    /// Says the acknowledgments that wait, and nothing else, to those who hear nothing more now.
    pub(crate) fn acknowledge(&mut self, now: Time) {
        let waits = |slot: &Slot, it: &Neighbour| it.out.acks_soon && !self.ready.contains(slot);
        let waiting = self.neighbours.iter().filter(|(slot, it)| waits(slot, it));
        let slots: Vec<Slot> = waiting.map(|(slot, _)| slot).collect();
        for slot in slots {
            let Some(neighbour) = self.neighbours.get_mut(slot) else { continue };
            let acks = core::mem::take(&mut neighbour.out.acks);
            neighbour.out.acks_soon = false;
            neighbour.out.tidy();
            let (address, opaque) = (neighbour.address, neighbour.opaque);
            let Some(port) = self.interfaces.get(&neighbour.interface) else { continue };
            let to = (!port.profile.lone).then_some(address);
            let mut press = Press::new(port.profile.max_packet, opaque, SOON);
            for opaque in acks {
                press.put(&Tlv::Ack(Ack { opaque }));
            }
            press.turn();
            self.send(slot, to, press, now);
        }
    }

    /// Writes all that a neighbour is owed, after what is in the press already.
    fn write_page(&mut self, mut page: Page<'_>, to: Option<Ipv6Addr>) {
        let owed = self.write_words(&mut page);
        self.write_updates(&mut page, owed);
        page.press.turn();
        self.send(page.slot, to, page.press, page.now);
    }

    /// Writes a greeting to everybody, and how each is heard: both in one packet, so that a
    /// round trip can be told (rule K1).
    fn write_greeting(&mut self, interface: Interface, now: Time) {
        let Some(port) = self.interfaces.get_mut(&interface) else { return };
        let profile = *port.profile;
        let seqno = port.hello;
        port.hello = seqno.plus(1);
        let begins = core::mem::take(&mut port.begins);
        // babeld 1.12 reads no clock beside another sub-TLV: where it may listen, one greeting
        // in eight says what we are instead of what time it is.
        let together = profile.lone || profile.delay.is_none();
        let frugal = self.settings.frugal && (together || seqno.0.is_multiple_of(8));
        let sent = profile.delay.filter(|_| together || !frugal).map(|_| clock(now));
        let next = Some(profile.hello);
        let hello = Hello { seqno, next, unicast: false, sent, frugal };
        let slots: Vec<Slot> = port.neighbours.values().copied().collect();
        // In a crowd, each one's turn comes with every third greeting.
        let rare = port.is_crowded();
        let lone = slots.first().filter(|_| profile.lone).copied();
        let mut press = self.greeting_press(lone, &profile);
        press.put(&Tlv::Hello(hello));
        for slot in slots {
            if rare && slot.0 % 3 != seqno.0 % 3 {
                continue;
            }
            if let Some(ihu) = self.ihu(slot, &profile, sent.map(|_| now)) {
                press.put(&Tlv::Ihu(ihu));
            }
        }
        if begins {
            press.put(&Tlv::Update(self.end_of(None, &profile, profile.update)));
            press.put(&Tlv::RouteRequest(RouteRequest { key: None }));
        }
        if let Some(slot) = lone {
            // Whatever waited for it goes along.
            self.ready.remove(&slot);
            let told = BTreeSet::new();
            return self.write_page(Page { slot, profile: &profile, press, told, now }, None);
        }
        press.turn();
        for (octets, _) in press.done {
            self.say(interface, None, octets);
        }
    }

    /// Returns the press for a greeting, and what goes along if it is to a `lone` neighbour: that
    /// one may acknowledge it with its own next greeting, unless something presses.
    fn greeting_press(&self, lone: Option<Slot>, profile: &Profile) -> Press {
        let lone = lone.and_then(|slot| self.neighbours.get(slot));
        let within = match lone {
            Some(it) if it.is_patient() && it.haste == Haste::None => profile.hello * 5 / 4,
            Some(it) if it.frugal => QUICKLY,
            Some(_) | None => SOON,
        };
        Press::new(profile.max_packet, lone.map_or(0, |it| it.opaque), within)
    }

    /// Writes that nothing of ours is left.
    pub(crate) fn write_farewell(&mut self, interface: Interface) {
        let Some(port) = self.interfaces.get(&interface) else { return };
        let profile = *port.profile;
        let mut press = Press::new(profile.max_packet, 0, SOON);
        press.put(&Tlv::Update(self.end_of(None, &profile, profile.update)));
        press.turn();
        for (octets, _) in press.done {
            self.say(interface, None, octets);
        }
    }

    /// Returns how well a neighbour is heard, to be told; with the echo of its clock if a
    /// greeting is told `along`.
    fn ihu(&mut self, slot: Slot, profile: &Profile, along: Option<Time>) -> Option<Ihu> {
        let neighbour = self.neighbours.get_mut(slot)?;
        if !neighbour.is_known() {
            return None;
        }
        let charge = self.interfaces.get(&neighbour.interface)?.charge;
        let rxcost = neighbour.rxcost(profile, charge);
        neighbour.told_rxcost = rxcost;
        let echo = along.and_then(|now| neighbour.echo(now));
        let to = (!profile.lone).then_some(IpAddr::V6(neighbour.address));
        Some(Ihu { to, rxcost, next: profile.hello * 3, echo })
    }

    /// Writes what is not an update; returns which updates are owed.
    fn write_words(&mut self, page: &mut Page<'_>) -> BTreeMap<RowId, Due> {
        let Page { slot, profile, press, .. } = page;
        let (slot, profile) = (*slot, *profile);
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return BTreeMap::new() };
        neighbour.haste = Haste::None;
        if neighbour.out.is_void() {
            return BTreeMap::new();
        }
        let out = neighbour.out.take();
        if out.ihu
            && let Some(ihu) = self.ihu(slot, profile, None)
        {
            press.put(&Tlv::Ihu(ihu));
        }
        for opaque in &out.acks {
            press.put(&Tlv::Ack(Ack { opaque: *opaque }));
        }
        for key in &out.routes {
            press.put(&Tlv::RouteRequest(RouteRequest { key: *key }));
        }
        for key in &out.wanted.routes {
            let ask = Tlv::RouteRequest(RouteRequest { key: *key });
            press.ask_reliably(&ask, *key, out.wanted.tries);
        }
        for ((key, router), (seqno, hops)) in &out.seqnos {
            let (key, router) = (*key, *router);
            press.put(&Tlv::SeqnoRequest(SeqnoRequest { key, seqno: *seqno, hops: *hops, router }));
        }
        for key in &out.unknown {
            press.put(&Tlv::Update(self.end_of(Some(*key), profile, profile.update)));
        }
        out.owed
    }

    /// Writes routes: those owed, those that changed, and the next part of a full telling; as
    /// many as may be said in one breath.
    fn write_updates(&mut self, page: &mut Page<'_>, mut owed: BTreeMap<RowId, Due>) {
        let Some(neighbour) = self.neighbours.get(page.slot) else { return };
        if !neighbour.is_usable() {
            return self.write_answers(page, owed);
        }
        while !self.is_out_of_breath(page)
            && let Some((row, due)) = owed.pop_first()
        {
            self.tell(page, row, due);
            page.told.insert(row);
        }
        if !owed.is_empty()
            && let Some(neighbour) = self.neighbours.get_mut(page.slot)
        {
            // To telling, hardly anything is added: what is left goes back as it is.
            neighbour.out.owed.append(&mut owed);
        }
        self.write_changes(page);
        self.write_dump(page);
        if self.is_out_of_breath(page) {
            let frugal = self.neighbours.get(page.slot).is_some_and(|it| it.frugal);
            let pause = if frugal { BREATH } else { LONG_BREATH };
            self.agenda.no_later(Timer::Pace(page.slot), page.now + pause);
        }
    }

    /// Answers a neighbour that is not usable: once it is, it is told all the rest anyway, but
    /// for what is only told again, of which nobody would know by then.
    fn write_answers(&mut self, page: &mut Page<'_>, owed: BTreeMap<RowId, Due>) {
        if let Some(neighbour) = self.neighbours.get_mut(page.slot) {
            for (row, due) in owed.iter().filter(|(_, due)| due.again && !due.asked) {
                neighbour.out.owed.insert(*row, *due);
            }
        }
        for (row, _) in owed.into_iter().filter(|(_, due)| due.asked) {
            let offer = self.offer(row, page.slot, true);
            let update = self.update(page, row, offer);
            page.press.put(&Tlv::Update(update));
            if let (Some(offer), Some(neighbour)) = (offer, self.neighbours.get_mut(page.slot)) {
                neighbour.say(row, Said::route(offer.metric, offer.seqno));
            }
        }
    }

    fn write_changes(&mut self, page: &mut Page<'_>) {
        let end = self.journal.end();
        while let Some(place) = self.neighbours.get(page.slot).map(|it| it.place)
            && place != end
            && !self.is_out_of_breath(page)
        {
            let changed = self.journal.at(place, &self.rows);
            if let Some(row) = changed.filter(|row| !page.told.contains(row)) {
                self.tell_if_needed(page, row, false);
            }
            if let Some(neighbour) = self.neighbours.get_mut(page.slot) {
                neighbour.place = place.wrapping_add(1);
            }
        }
    }

    fn write_dump(&mut self, page: &mut Page<'_>) {
        let neighbour = self.neighbours.get_mut(page.slot);
        let Some(mut dump) = neighbour.and_then(|it| it.dump.take()) else { return };
        self.rows.sort();
        let mut is_done = false;
        while !is_done && !self.is_out_of_breath(page) {
            let next = self.rows.after(dump.after).iter().take(CHUNK).copied();
            let chunk: Vec<RowId> = next.collect();
            is_done = chunk.len() < CHUNK;
            for row in chunk {
                dump.after = Some(self.rows.key(row));
                if dump.reliable && dump.again {
                    self.tell_if_needed(page, row, true);
                } else if dump.reliable {
                    self.tell(page, row, Due::default());
                } else {
                    self.repeat(page, row);
                }
            }
        }
        if let Some(neighbour) = self.neighbours.get_mut(page.slot) {
            neighbour.dump = (!is_done).then_some(dump);
        }
    }

    /// Tells whether no more may be told the neighbour for a moment.
    ///
    /// Our own kind acknowledges within a moment, and at once if much arrives, so what waits for that
    /// tells how quick it is. Others do it late or never: to them there is only the pause between two
    /// breaths.
    fn is_out_of_breath(&self, page: &Page<'_>) -> bool {
        let neighbour = self.neighbours.get(page.slot).filter(|it| it.frugal);
        let waiting = neighbour.map_or(0, |it| it.flight.packets());
        let done = page.press.done.len();
        done >= PACKETS || waiting + done >= WINDOW
    }

    /// Tells the neighbour of a route unless that rests.
    fn tell_if_needed(&mut self, page: &mut Page<'_>, row: RowId, all: bool) {
        let rests = |offer: Offer| self.rests(row, page.slot, offer, all);
        if self.offer(row, page.slot, false).is_some_and(rests) {
            return self.rest(row, page.slot);
        }
        self.tell(page, row, Due::default());
    }

    /// Tells the neighbour of a route, so that it must acknowledge it; nothing if it needs to
    /// hear nothing.
    fn tell(&mut self, page: &mut Page<'_>, row: RowId, due: Due) {
        let offer = self.offer(row, page.slot, due.asked);
        if !due.asked && !due.again && offer.is_none() && !self.may_believe(page.slot, row) {
            return;
        }
        let update = self.update(page, row, offer);
        page.press.put_reliably(
            &Tlv::Update(update),
            Carried { row, tries: due.tries, overtakes: due.tries > 0 },
        );
        let end = Said::end(page.press.opaque());
        let said = offer.map_or(end, |offer| Said::route(offer.metric, offer.seqno));
        if let Some(neighbour) = self.neighbours.get_mut(page.slot) {
            neighbour.say(row, said);
        }
    }

    /// Tells the neighbour of a route again, as all are told again from time to time; once more
    /// that there is none, if it may have missed that.
    fn repeat(&mut self, page: &mut Page<'_>, row: RowId) {
        let offer = self.offer(row, page.slot, false);
        // An end that is still to be acknowledged is said again anyway, until then in doubt.
        let waits = || self.neighbours.get(page.slot).is_some_and(|it| it.flight.tells(row));
        if offer.is_none() && (waits() || !self.may_believe(page.slot, row)) {
            return;
        }
        let update = self.update(page, row, offer);
        page.press.put(&Tlv::Update(update));
        let said = offer.map_or(Said::NOTHING, |offer| Said::route(offer.metric, offer.seqno));
        if let Some(neighbour) = self.neighbours.get_mut(page.slot) {
            neighbour.say(row, said);
        }
    }

    /// Tells whether the neighbour may believe that we have a route.
    fn may_believe(&self, slot: Slot, row: RowId) -> bool {
        let said = self.neighbours.get(slot).map_or(Said::NOTHING, |it| it.said(row));
        said.is_route() || said.is_doubtful()
    }

    /// Returns the update that tells an offer, or that there is none.
    ///
    /// The source table is written first: here, and nowhere later (rule F3).
    fn update(&mut self, page: &Page<'_>, row: RowId, offer: Option<Offer>) -> Update {
        let profile = page.profile;
        let key = self.rows.key(row);
        let neighbour = self.neighbours.get(page.slot);
        self.counters.updates_out += 1;
        let next = neighbour.map_or(profile.update, |it| it.interval(profile));
        let Some(Offer { router, seqno, metric }) = offer else {
            return self.end_of(Some(key), profile, next);
        };
        self.note(row, router, Distance { seqno, metric });
        let v4 = key.prefix.as_ipv4().is_some();
        let hop = profile.address4.filter(|_| v4).map(IpAddr::V4);
        let router = Some(self.routers.name(router));
        Update { key: Some(key), router, seqno, metric, next, hop }
    }

    /// Returns the update that ends a route, or all.
    fn end_of(&self, key: Option<Key>, profile: &Profile, next: Duration) -> Update {
        let hop = match (key, profile.address4) {
            (Some(key), Some(address)) if matches!(key.family(), crate::Family::V4) => {
                Some(IpAddr::V4(address))
            }
            _ => None,
        };
        let (seqno, metric) = (Seqno(0), Metric::INFINITE);
        let router = key.map(|_| self.routers.name(self.us));
        Update { key, router, seqno, metric, next, hop }
    }

    /// Says the packets, and waits for the acknowledgments of those that ask for one.
    fn send(&mut self, slot: Slot, to: Option<Ipv6Addr>, press: Press, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        neighbour.opaque = press.opaque();
        let interface = neighbour.interface;
        let promised = press.ack_within;
        let rtt = neighbour.rtt(now).unwrap_or(UNKNOWN_RTT).min(FARTHEST);
        let once = rtt * 2 + promised + promised / 4;
        for (octets, claim) in press.done {
            if let Some(claim) = claim {
                let wait = (once * (1 << claim.tries().min(4))).min(PATIENCE.max(once));
                let Claim { opaque, carried, asked } = claim;
                if let Some(neighbour) = self.neighbours.get_mut(slot) {
                    neighbour.flight.launch(opaque, &carried, asked);
                }
                self.agenda.set(Timer::Resend(slot, opaque), now + wait);
            }
            self.say(interface, to, octets);
        }
    }

    fn say(&mut self, interface: Interface, to: Option<Ipv6Addr>, octets: Vec<u8>) {
        self.counters.packets_out += 1;
        self.counters.octets_out += octets.len() as u64;
        self.said.push_back(Output::Packet { interface, to, octets });
    }
}

/// Packets to one neighbour in one breath, and the pause after it.
const PACKETS: usize = 32;
const BREATH: Duration = Duration::from_millis(10);
/// The pause where no acknowledgments pace us: some 70 000 routes a second, which babeld and BIRD
/// can take in.
const LONG_BREATH: Duration = Duration::from_millis(25);
/// Packets to one neighbour of our kind that wait for acknowledgment at the same time.
pub(crate) const WINDOW: usize = 64;
/// Rows that a full telling looks at before it asks whether it is out of breath.
const CHUNK: usize = 32;
/// Within what time acknowledgments are asked for of our own kind.
const QUICKLY: Duration = Duration::from_millis(100);
/// The same, of others: some send them together with the next packet that is due anyway.
const SOON: Duration = Duration::from_secs(2);
const UNKNOWN_RTT: Duration = Duration::from_millis(150);
/// No round trip is taken for longer: who claims one of minutes must not have us keep for minutes all that
/// it asked for.
const FARTHEST: Duration = Duration::from_secs(10);
/// Longest wait for an acknowledgment, unless the link itself is slower.
const PATIENCE: Duration = Duration::from_secs(2);
