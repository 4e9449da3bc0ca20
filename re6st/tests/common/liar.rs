//! A member that lies, made of our own carrier: it says what no honest end says.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use babel::wire::{Builder, Hello, Ihu, Tlv, Update};
use babel::{Cost, Key, Metric, RouterId, Seqno};
use crypto::session::{Mask, Session};
use crypto::{Grant, Issuer, SigningKey};
use gossip::{Contact, Endpoint, Introduction};
use linux::Clock;
use noise::{Input, Noise, Output, Settings};
use words::frame::Kind;
use words::{Carrier, Carriers, Engine, LinkId, Prefix};

use super::home::{grant, years};

/// The words of arrows. Source: docs/wire.md.
const PROBE: u8 = 1;
const ECHO: u8 = 2;
const DRAIN: u8 = 3;
const DRAINING: u8 = 4;
const LEFT: u8 = 5;
const GOODBYE: u8 = 6;
const GOODBYE_YES: u8 = 7;
const USES: u8 = 9;

/// How many words it says at once, on each link, and how many links it asks for each time.
const WORDS: u64 = 3_000;
const DIALS: u32 = 20;

/// How long what it says of routes is good for.
const LONG: Duration = Duration::from_mins(5);

/// How a member lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// It agrees to drains and never leaves, and that is all.
    Stays,
    /// It says what is not its to say, far too much, and dials without end, too.
    Babbles,
}

/// A member that lies.
pub(crate) struct Liar {
    habit: Habit,
    prefix: Prefix,
    socket: UdpSocket,
    clock: Clock,
    noise: Noise,
    mask: Mask,
    /// By our index of the session.
    inlets: BTreeMap<u32, (LinkId, Arc<Session>, SocketAddr)>,
    /// The session that may be sent through.
    outlets: BTreeMap<LinkId, (Arc<Session>, SocketAddr)>,
    /// Links on which it has said all that it says unasked.
    spoke: BTreeSet<LinkId>,
    dialled: u32,
    /// An arrow to it was condemned: from then on it dials.
    condemned: bool,
}

impl Liar {
    /// A member of `ca`'s network that listens at `at`; returns what it shows of itself, too.
    pub(crate) fn of(ca: &Issuer, at: SocketAddr, habit: Habit) -> (Self, Introduction) {
        let socket = UdpSocket::bind(at).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let (key, clock) = (SigningKey::generate().unwrap(), Clock::start());
        let grant = Grant { index: 2, serial: 2, ..grant("fd00:42:0:8::/64", years(1)) };
        let certificate = ca.issue(&key.public(), &grant).unwrap();
        let mut noise =
            Noise::new([8; 32], [9; 32], Settings::default(), Clock::wall(), clock.now());
        let contact = Contact {
            node: grant.node,
            issued: Clock::wall(),
            key: noise.public(),
            endpoints: vec![Endpoint { carrier: Carrier::Udp, address: at }],
            carriers: Carriers::of([Carrier::Udp]),
            country: None,
            capacity: None,
            escaped: false,
            merges: false,
        };
        let shows = crypto::introduce(&certificate, &contact, &key).unwrap();
        noise.handle(Input::Introduction(shows.encode().unwrap()), clock.now());
        let mask = Mask::new(&noise::mask_key(&noise.public()));
        let (inlets, outlets, spoke) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        (
            Self {
                habit,
                prefix: grant.node.0,
                socket,
                clock,
                noise,
                mask,
                inlets,
                outlets,
                spoke,
                dialled: 0,
                condemned: false,
            },
            shows,
        )
    }

    /// Lies until it is over; dials the node `key` at `to` again and again, once an arrow of that
    /// node to it was condemned: before, its link would be taken instead of an arrow.
    pub(crate) fn lie(mut self, key: [u8; 32], to: SocketAddr, over: &AtomicBool) {
        let mut buffer = [0; 2_048];
        let mut next = self.clock.now();
        while !over.load(Ordering::Relaxed) {
            if let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
                self.hear(from, &mut buffer[..length]);
            }
            let now = self.clock.now();
            if self.condemned && now >= next {
                next = now + Duration::from_millis(200);
                for _ in 0..DIALS {
                    let link = LinkId::ours(self.dialled);
                    self.dialled += 1;
                    self.noise.handle(
                        Input::Open { link, peer: key, endpoints: &[to], introduction: &[] },
                        now,
                    );
                }
            }
            self.noise.handle(Input::Wake, now);
            self.perform();
        }
    }

    fn hear(&mut self, from: SocketAddr, datagram: &mut [u8]) {
        let now = self.clock.now();
        let inlet = self.mask.index(datagram).and_then(|index| self.inlets.get(&index).cloned());
        let Some((link, session, to)) = inlet else {
            return self.noise.handle(Input::Datagram { from, bytes: datagram }, now);
        };
        let Ok(frame) = session.open(datagram) else { return };
        let frame = frame.to_vec();
        self.noise.handle(Input::Heard { link, receiver: session.local() }, now);
        self.outlets.insert(link, (session, to));
        if let Some((Kind::Arrows, word)) = Kind::of(&frame) {
            self.answer(link, word);
        }
    }

    /// Agrees to everything, and never leaves.
    fn answer(&mut self, link: LinkId, word: &[u8]) {
        match word {
            [PROBE, token @ ..] => {
                self.say(link, &[&[ECHO], token].concat());
                self.say(link, &[USES, 0, 0, 0, 5]);
                self.babble(link);
            }
            [DRAIN, ..] => {
                self.condemned = self.habit == Habit::Babbles;
                self.say(link, &[DRAINING, 0, 0, 0, 5]);
            }
            _ => {}
        }
    }

    /// Says what is not its to say, what answers nothing, and far too much, once on each link but the
    /// first: who says too much is not heard when it agrees to a drain.
    fn babble(&mut self, link: LinkId) {
        let quiet = self.habit == Habit::Stays;
        if quiet || !self.spoke.insert(link) || self.spoke.len() == 1 {
            return;
        }
        for word in [DRAIN, GOODBYE, LEFT, GOODBYE_YES, 99] {
            self.say(link, &[word]);
        }
        for n in 0..WORDS {
            self.say(link, &[&[PROBE], &n.to_be_bytes()[..]].concat());
            if n % 50 == 0 {
                // Else most are lost on the way in, where each link has room for 64.
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn say(&self, link: LinkId, word: &[u8]) {
        let frame = [&[Kind::Arrows.octet().unwrap()], word].concat();
        self.send(link, &frame);
    }

    /// Returns the frame that says where it is: who is not there is not used, whatever it says.
    fn route(&self) -> Vec<u8> {
        let mut packet = Builder::new(1_000);
        let (seqno, next) = (Seqno(1), Some(LONG));
        let hello = Hello { seqno, next, unicast: false, sent: None, frugal: true };
        let ihu = Ihu { to: None, rxcost: Cost(96), next: LONG, echo: None };
        let (key, router) = (Some(Key::to(self.prefix)), Some(RouterId([8; 8])));
        let metric = Metric::ZERO;
        let update = Update { key, router, seqno, metric, next: LONG, hop: None };
        for tlv in [Tlv::Hello(hello), Tlv::Ihu(ihu), Tlv::Update(update)] {
            assert!(packet.push(&tlv, 0));
        }
        [&[Kind::Routing.octet().unwrap()], &packet.finish()[..]].concat()
    }

    fn send(&self, link: LinkId, frame: &[u8]) {
        let Some((session, to)) = self.outlets.get(&link) else { return };
        let mut datagram = Vec::new();
        if session.seal(frame, &mut datagram).is_ok() {
            self.socket.send_to(&datagram, to).unwrap();
        }
    }

    fn perform(&mut self) {
        while let Some(output) = self.noise.poll() {
            match output {
                Output::Transmit { to, bytes } => drop(self.socket.send_to(&bytes, to)),
                Output::Request { link, .. } => {
                    self.noise.handle(Input::Accept(link), self.clock.now());
                }
                Output::Install { link, keys, to } => {
                    let session = Arc::new(Session::new(&keys));
                    self.inlets.insert(keys.local, (link, Arc::clone(&session), to));
                    if keys.initiator {
                        self.outlets.insert(link, (session, to));
                    }
                }
                Output::Up { link, .. } => {
                    self.send(link, &[]);
                    self.send(link, &self.route());
                }
                Output::Observed { .. }
                | Output::Unanswered { .. }
                | Output::Down(..)
                | Output::Refused(..)
                | Output::Redirect { .. }
                | Output::Retire { .. }
                | Output::Event(_) => {}
            }
        }
    }
}
