//! A member that lies, made of our own carrier: it says what no honest end says.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use babel::wire::{Builder, Hello, Ihu, Tlv, Update};
use babel::{Cost, Key, Metric, RouterId, Seqno};
use crypto::session::{Mask, Session};
use crypto::{Grant, Issuer, SigningKey, StaticKey};
use gossip::{Claim, Contact, Endpoint, Introduction};
use linux::{Clock, Destination, Netlink};
use noise::{Input, Noise, Output, Settings};
use serde_json::Value;
use words::frame::Kind;
use words::{Carrier, Carriers, Engine, LinkId, NodeId, Prefix};

use super::home::{Home, authority, grant, years};
use super::machine::Machine;
use super::patiently;

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

/// The words of gossip. Source: docs/wire.md.
const VERSION: u8 = 1;
const FETCH: u8 = 2;
const CHUNK: u8 = 3;
/// Octets of a chunk of a document.
const CHUNK_SIZE: usize = 1_000;

/// How long what it says of routes is good for.
const LONG: Duration = Duration::from_mins(5);

/// How a member lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// It agrees to drains and never leaves, and that is all.
    Stays,
    /// It says what is not its to say, far too much, and dials without end, too.
    Babbles,
    /// It says that it has a network document of this version, and gives these octets.
    Offers(u64, Vec<u8>),
    /// It says that this range is reached by it.
    Tells(Prefix),
    /// It asks again and again for links of this mesh.
    Claims(Claim),
}

/// A running node to which a liar lied, and the network of both.
pub(crate) struct Victim {
    /// What the node said of itself when the lie was seen, or patience ended.
    pub(crate) status: Value,
    /// What it logged until then.
    pub(crate) log: String,
    /// Whether the lie was seen in what it says of itself.
    pub(crate) seen: bool,
}

/// Lets a node, which holds the network document `document`, and a liar at home in
/// `prefix` live alone in a network of their own, until `shown` sees in the node's status what is told.
/// Nothing where the machine has no networks to give.
pub(crate) fn lied_to(
    ca: &Issuer,
    document: Option<&[u8]>,
    (prefix, habit): (&str, Habit),
    shown: impl Fn(&Home, &Value) -> bool,
) -> Option<Victim> {
    let machine = Machine::private()?;
    let to: SocketAddr = "203.0.113.5:7001".parse().unwrap();
    let its: SocketAddr = "203.0.113.6:7002".parse().unwrap();
    let home =
        Home::of(ca, |key| ca.issue(&key.public(), &grant("fd00:42:0:7::/64", years(1))).unwrap());
    let (liar, introduction) = machine.does(|| {
        let mut netlink = Netlink::open().unwrap();
        let device = netlink.index("lo").unwrap();
        netlink.set_up(device).unwrap();
        netlink.add_address(device, Destination::only(to.ip())).unwrap();
        netlink.add_address(device, Destination::only(its.ip())).unwrap();
        Liar::of(ca, prefix, its, habit)
    });
    let begins = daemon::config::to_text(&introduction.encode().unwrap());
    let arrows = "[arrows]\ncount = 1\nround = \"2s\"\nshare = \"100%\"\nlimit = \"5s\"\n";
    home.write("re6st.toml", format!("port = 7001\nbootstrap = [\"{begins}\"]\n{arrows}"));
    if let Some(document) = document {
        home.write("document.cbor", document);
    }
    let node = machine.lives(&home);
    let key = StaticKey::load(&home.file("noise.key")).unwrap().public();

    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| liar.lie(key, to, &over));
        let seen = patiently(|| shown(&home, &home.status()));
        let status = home.status();
        over.store(true, Ordering::Relaxed);
        Some(Victim { status, log: node.log(), seen })
    })
}

/// Makes the authority of a network with the key of this text.
pub(crate) fn authority_of(key: &str) -> Issuer {
    authority("fd00:42::/48", SigningKey::from_pem(key).unwrap())
}

/// A member that lies.
pub(crate) struct Liar {
    habit: Habit,
    prefix: Prefix,
    /// What it shows of itself.
    introduction: Vec<u8>,
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
    /// A member of `ca`'s network, of this prefix, that listens at `at`; returns what it shows of
    /// itself, too.
    fn of(ca: &Issuer, prefix: &str, at: SocketAddr, habit: Habit) -> (Self, Introduction) {
        let socket = UdpSocket::bind(at).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let (key, clock) = (SigningKey::generate().unwrap(), Clock::start());
        let grant = Grant { index: 2, serial: 2, ..grant(prefix, years(1)) };
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
        let octets = shows.encode().unwrap();
        noise.handle(Input::Introduction(octets.clone()), clock.now());
        let mask = Mask::new(&noise::mask_key(&noise.public()));
        let (inlets, outlets, spoke) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        (
            Self {
                habit,
                prefix: grant.node.0,
                introduction: octets,
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
            let dials = self.condemned || matches!(self.habit, Habit::Claims(_));
            if dials && now >= next {
                next = now + Duration::from_millis(200);
                self.dial(key, to);
            }
            self.noise.handle(Input::Wake, now);
            self.perform();
        }
    }

    /// Asks for links: for many, or for one of the mesh that it claims.
    fn dial(&mut self, peer: [u8; 32], to: SocketAddr) {
        let (shown, times) = match &self.habit {
            Habit::Claims(claim) => (claim.attach(&self.introduction).unwrap(), 1),
            Habit::Stays | Habit::Babbles | Habit::Offers(..) | Habit::Tells(_) => {
                (Vec::new(), DIALS)
            }
        };
        for _ in 0..times {
            let link = LinkId::ours(self.dialled);
            self.dialled += 1;
            let open = Input::Open { link, peer, endpoints: &[to], introduction: &shown };
            self.noise.handle(open, self.clock.now());
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
        match Kind::of(&frame) {
            Some((Kind::Arrows, word)) => self.answer(link, word),
            Some((Kind::Gossip, word)) => self.offer(link, word),
            _ => {}
        }
    }

    /// Says that it has a document, and gives the chunks that are asked for.
    fn offer(&self, link: LinkId, word: &[u8]) {
        let Habit::Offers(version, octets) = &self.habit else { return };
        match word {
            [VERSION, theirs @ ..] => {
                let word = [&[VERSION], &version.to_be_bytes()[..], &theirs[..8]].concat();
                self.gossip(link, &word);
            }
            [FETCH, ..] => {
                let total = u32::try_from(octets.len()).unwrap();
                for (index, chunk) in (0_u16..).zip(octets.chunks(CHUNK_SIZE)) {
                    let head = [&[CHUNK], &version.to_be_bytes()[..], &total.to_be_bytes()[..]];
                    let word = [&head.concat(), &index.to_be_bytes()[..], chunk].concat();
                    self.gossip(link, &word);
                }
            }
            _ => {}
        }
    }

    fn gossip(&self, link: LinkId, word: &[u8]) {
        let frame = [&[Kind::Gossip.octet().unwrap()], word].concat();
        self.send(link, &frame);
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
        let quiet = self.habit != Habit::Babbles;
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

    /// Returns the frame that says where it is: who is not there is not used, whatever it says; and
    /// what range it tells of.
    fn route(&self) -> Vec<u8> {
        let mut packet = Builder::new(1_000);
        let (seqno, next) = (Seqno(1), Some(LONG));
        let hello = Hello { seqno, next, unicast: false, sent: None, frugal: true };
        let ihu = Ihu { to: None, rxcost: Cost(96), next: LONG, echo: None };
        let (key, router) =
            (Some(Key::to(self.prefix)), Some(RouterId(NodeId(self.prefix).routing_name())));
        let metric = Metric::ZERO;
        let update = Update { key, router, seqno, metric, next: LONG, hop: None };
        for tlv in [Tlv::Hello(hello), Tlv::Ihu(ihu), Tlv::Update(update)] {
            assert!(packet.push(&tlv, 0));
        }
        if let Habit::Tells(range) = &self.habit {
            let lie = Update { key: Some(Key::to(*range)), ..update };
            assert!(packet.push(&Tlv::Update(lie), 0));
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
