//! The emulated Internet: an engine that carries IPv4 and IPv6 packets between hosts.
//!
//! ```text
//! host ─► own address? ─► NAT ─► blocked? cut? lost? ─► uplink ─► way ─► NAT ─► host
//! ```
//!
//! It is not a model of routers: a packet leaves the line of its host when the line is
//! free, takes the time of its way and some jitter, and arrives. Packets between two
//! hosts stay in order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use words::{Deadline, Dice, Engine, Time};

mod firewall;
mod header;
mod model;
mod nat;
mod packet;
#[cfg(test)]
mod tests;
mod way;

pub use earth::{CITIES, City};
use firewall::Firewall;
use header::Header;
pub use model::{
    Homes, HostId, MOST_NODES, Model, NoUnderlay, OUTSIDE, OUTSIDE_SIX, Place, Underlay,
};
use nat::Nat;
pub(crate) use packet::checksum;
pub use way::{Loss, NoLoss, Way};

/// The addresses of the server outside of the mesh.
const OUTSIDES: [IpAddr; 2] = [IpAddr::V4(OUTSIDE), IpAddr::V6(OUTSIDE_SIX)];

/// What can happen to the Internet.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A host sent this packet.
    Sent(HostId, &'a [u8]),
    /// From now on nothing passes directly between the two.
    Cut(HostId, HostId),
    /// The two reach each other again.
    Heal(HostId, HostId),
    /// From now on no UDP leaves or reaches this host; TCP does.
    BlockUdp(HostId),
    /// From now on UDP passes between the first host and the other, and others ordered so;
    /// but between the first and nobody else.
    UdpOnly(HostId, HostId),
    /// From now on this host is behind another NAT, with other addresses: [`Model::roam`].
    Roam(HostId),
    /// From now on nothing leaves or reaches this host.
    Silence(HostId),
    /// What leaves and reaches this host passes again.
    Restore(HostId),
    /// Time passed.
    Wake,
}

/// What the Internet wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Give this packet to that host.
    Deliver(HostId, Vec<u8>),
}

/// Why the Internet wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A packet arrives.
    Arrival,
}

/// Why a packet went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dropped {
    /// Neither IPv4 nor IPv6, or cut short.
    Malformed,
    /// Its source is not the address of who sent it.
    Spoofed,
    /// NAT cannot translate it: a later fragment, another protocol.
    Untranslatable,
    /// NAT has no room for another flow.
    Full,
    /// Nobody behind that NAT has asked for it.
    Filtered,
    /// No host has that address.
    Nowhere,
    /// It met a fault that was ordered: a cut, a block, a silenced host.
    Fault,
    /// The way lost it.
    Lost,
    /// More was waiting on the line than the line holds.
    Congested,
}

/// What a line holds: so much time of sending, as a home router's buffer.
const BUFFER: Duration = Duration::from_millis(100);

/// The emulated Internet.
#[derive(Debug)]
pub struct Internet {
    model: Model,
    by_address: BTreeMap<IpAddr, HostId>,
    nats: BTreeMap<HostId, Nat>,
    /// Of the hosts behind NAT, the other family.
    firewalls: BTreeMap<HostId, Firewall>,
    /// When each host's line will have sent what waits.
    lines: BTreeMap<HostId, Time>,
    /// When the last packet of each way arrives.
    last: BTreeMap<(HostId, HostId), Time>,
    cuts: BTreeSet<(HostId, HostId)>,
    without_udp: BTreeSet<HostId>,
    /// Hosts whose UDP reaches some hosts only.
    udp_only: BTreeMap<HostId, BTreeSet<HostId>>,
    silent: BTreeSet<HostId>,
    travelling: BinaryHeap<Reverse<Travelling>>,
    count: u64,
    arrived: VecDeque<Output>,
    drops: BTreeMap<Dropped, u64>,
    carried: u64,
    /// How many packets reached the server outside of the mesh, by who sent them.
    outside: BTreeMap<HostId, u64>,
    dice: Dice,
}

/// A packet on its way; ordered by arrival, then by departure.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Travelling {
    at: Time,
    number: u64,
    from: HostId,
    to: HostId,
    packet: Vec<u8>,
}

impl Engine for Internet {
    type Input<'a> = Input<'a>;
    type Output = Output;
    type Why = Why;

    fn handle(&mut self, input: Input<'_>, now: Time) {
        match input {
            Input::Sent(from, packet) => {
                let sent = self.depart(from, packet, now);
                self.note(sent);
            }
            Input::Cut(a, b) => {
                self.cuts.extend([(a, b), (b, a)]);
            }
            Input::BlockUdp(host) => {
                self.without_udp.insert(host);
            }
            Input::UdpOnly(host, other) => {
                self.udp_only.entry(host).or_default().insert(other);
            }
            Input::Roam(host) => self.roam(host),
            Input::Silence(host) => {
                self.silent.insert(host);
            }
            Input::Heal(a, b) => self.cuts.retain(|cut| *cut != (a, b) && *cut != (b, a)),
            Input::Restore(host) => _ = self.silent.remove(&host),
            Input::Wake => {}
        }
        while self.travelling.peek().is_some_and(|Reverse(first)| first.at <= now) {
            let Some(Reverse(first)) = self.travelling.pop() else { break };
            let arrived = self.arrive(first);
            self.note(arrived);
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.arrived.pop_front()
    }

    fn deadline(&self) -> Option<Deadline<Why>> {
        let Reverse(first) = self.travelling.peek()?;
        Some(Deadline { at: first.at, why: Why::Arrival })
    }
}

impl Internet {
    /// Returns an Internet as `model` has it, with the luck of `seed`.
    pub fn new(model: Model, seed: [u8; 32]) -> Self {
        let mut by_address = BTreeMap::new();
        let (mut nats, mut firewalls) = (BTreeMap::new(), BTreeMap::new());
        for (host, place) in (0..).map(HostId).zip(model.places()) {
            by_address.extend([(place.public.into(), host), (place.six.into(), host)]);
            if let Some(inside) = place.private {
                let dice = Dice::of(seed, &format!("nat {}", host.0));
                nats.insert(host, Nat::new(inside, place.public, place.symmetric, dice));
                firewalls.insert(host, Firewall::default());
            }
        }
        for outside in OUTSIDES {
            by_address.insert(outside, HostId::REGISTRY);
        }
        Self {
            model,
            by_address,
            nats,
            firewalls,
            lines: BTreeMap::new(),
            last: BTreeMap::new(),
            cuts: BTreeSet::new(),
            without_udp: BTreeSet::new(),
            udp_only: BTreeMap::new(),
            silent: BTreeSet::new(),
            travelling: BinaryHeap::new(),
            count: 0,
            arrived: VecDeque::new(),
            drops: BTreeMap::new(),
            carried: 0,
            outside: BTreeMap::new(),
            dice: Dice::of(seed, "ways"),
        }
    }

    /// Returns how many packets went no further, by reason.
    pub const fn drops(&self) -> &BTreeMap<Dropped, u64> {
        &self.drops
    }

    /// Returns how many packets arrived.
    pub const fn carried(&self) -> u64 {
        self.carried
    }

    /// A host is elsewhere; what is under way to where it was is lost.
    fn roam(&mut self, host: HostId) {
        self.by_address.retain(|_, of| *of != host);
        let Some(place) = self.model.roam(host) else { return };
        self.by_address.extend([(place.public.into(), host), (place.six.into(), host)]);
        self.firewalls.insert(host, Firewall::default());
        if let Some(inside) = place.private {
            let dice = Dice::of([0; 32], &format!("nat {} {}", host.0, place.public));
            self.nats.insert(host, Nat::new(inside, place.public, place.symmetric, dice));
        }
    }

    /// Returns how many packets reached the server outside of the mesh, by who sent them.
    pub const fn outside(&self) -> &BTreeMap<HostId, u64> {
        &self.outside
    }

    /// A packet leaves its host: translation, faults, then the line and the way.
    fn depart(&mut self, from: HostId, packet: &[u8], now: Time) -> Result<(), Dropped> {
        let header = Header::of(packet).ok_or(Dropped::Malformed)?;
        let place = self.model.at(from).ok_or(Dropped::Spoofed)?;
        let beside = from == HostId::REGISTRY && OUTSIDES.contains(&header.source);
        let own = [IpAddr::from(place.own()), place.six.into()];
        if !own.contains(&header.source) && !beside {
            return Err(Dropped::Spoofed);
        }
        let uplink = place.uplink;
        let mut packet = packet.to_vec();
        if header.source.is_ipv6() {
            self.firewalls.get_mut(&from).map_or(Ok(()), |wall| wall.leave(&header, now))?;
        } else if let Some(nat) = self.nats.get_mut(&from) {
            nat.leave(&mut packet, now)?;
        }
        let to = *self.by_address.get(&header.destination).ok_or(Dropped::Nowhere)?;
        self.pass(from, to, header.number)?;
        let trip = self.model.trip(from, to, &mut self.dice).ok_or(Dropped::Lost)?;
        let left = self.queue(from, packet.len(), uplink, now)?;
        let at = self.in_order(from, to, left + trip);
        self.count += 1;
        self.travelling.push(Reverse(Travelling { at, number: self.count, from, to, packet }));
        Ok(())
    }

    /// A packet reaches its host, if nothing has come between meanwhile.
    fn arrive(&mut self, travelling: Travelling) -> Result<(), Dropped> {
        let Travelling { at, from, to, mut packet, .. } = travelling;
        let header = Header::of(&packet).ok_or(Dropped::Malformed)?;
        self.pass(from, to, header.number)?;
        if header.source.is_ipv6() {
            self.firewalls.get_mut(&to).map_or(Ok(()), |wall| wall.enter(&header, at))?;
        } else if let Some(nat) = self.nats.get_mut(&to) {
            nat.enter(&mut packet, at)?;
        }
        self.carried += 1;
        if OUTSIDES.contains(&header.destination) {
            *self.outside.entry(from).or_default() += 1;
        }
        self.arrived.push_back(Output::Deliver(to, packet));
        Ok(())
    }

    fn pass(&self, from: HostId, to: HostId, number: u8) -> Result<(), Dropped> {
        let silent = self.silent.contains(&from) || self.silent.contains(&to);
        let only = |a, b| self.udp_only.get(&a).is_some_and(|others| !others.contains(&b));
        let blocked = number == packet::UDP
            && (self.without_udp.contains(&from)
                || self.without_udp.contains(&to)
                || only(from, to)
                || only(to, from));
        if silent || blocked || self.cuts.contains(&(from, to)) {
            return Err(Dropped::Fault);
        }
        Ok(())
    }

    /// Returns when the line of `from` will have sent `octets` more.
    fn queue(
        &mut self,
        from: HostId,
        octets: usize,
        uplink: u64,
        now: Time,
    ) -> Result<Time, Dropped> {
        let free = self.lines.entry(from).or_default();
        if free.since(now) > BUFFER {
            return Err(Dropped::Congested);
        }
        let us = (octets as u64 * 8_000_000).div_ceil(uplink.max(1));
        *free = now.max(*free) + Duration::from_micros(us);
        Ok(*free)
    }

    /// Returns `at`, or when the packet before it on the same way arrives, if later.
    fn in_order(&mut self, from: HostId, to: HostId, at: Time) -> Time {
        let last = self.last.entry((from, to)).or_default();
        *last = at.max(*last);
        *last
    }

    fn note(&mut self, done: Result<(), Dropped>) {
        if let Err(why) = done {
            *self.drops.entry(why).or_default() += 1;
        }
    }
}
