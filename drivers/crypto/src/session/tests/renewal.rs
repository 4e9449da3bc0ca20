//! Two carriers and two planes with true keys, through changes of keys.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use noise::{Input, Noise, Output, Settings};
use words::{Dice, Engine, LinkId, Time, Wall};

use super::*;

const OURS: LinkId = LinkId::ours(0);
const THEIRS: LinkId = LinkId::theirs(0);
const TICK: Duration = Duration::from_millis(10);

fn address(n: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, u8::try_from(n).unwrap()], 6326))
}

/// A carrier with the plane that a world would give it.
struct End {
    noise: Noise,
    mask: Mask,
    /// Sessions in the order of their installation.
    sessions: Vec<(LinkId, Session)>,
    got: Vec<u32>,
    rejected: usize,
}

impl End {
    fn new(n: usize) -> Self {
        let private = [u8::try_from(n).unwrap() + 1; 32];
        let settings = Settings { aes: has_aes(), ..Settings::default() };
        let noise = Noise::new(private, private, settings, Wall(1_700_000_000), Time::ZERO);
        let mask = Mask::new(&noise::mask_key(&noise.public()));
        Self { noise, mask, sessions: Vec::new(), got: Vec::new(), rejected: 0 }
    }

    /// Takes in one datagram, as a plane does.
    fn receive(&mut self, from: SocketAddr, bytes: &mut [u8], now: Time) {
        let index = self.mask.index(bytes);
        let found = self.sessions.iter().find(|(_, session)| Some(session.local()) == index);
        let Some((link, session)) = found else {
            if bytes.len() < 64 {
                self.rejected += 1;
            }
            return self.noise.handle(Input::Datagram { from, bytes }, now);
        };
        let first = !session.heard();
        match session.open(bytes) {
            Ok(frame) => self.got.extend(frame.first_chunk().map(|n| u32::from_be_bytes(*n))),
            Err(_) => self.rejected += 1,
        }
        if first {
            let heard = Input::Heard { link: *link, receiver: session.local() };
            self.noise.handle(heard, now);
        }
    }

    /// Returns the packet of `frame`, if some session may send it.
    fn seal(&self, link: LinkId, frame: &[u8]) -> Option<Vec<u8>> {
        let mut of_link = self.sessions.iter().rev().filter(|(of, _)| *of == link);
        let (_, session) = of_link.find(|(_, session)| session.may_send())?;
        Some(sealed(session, frame))
    }
}

/// Two ends and a network that delays each datagram by up to 150 ms, in any order.
struct Stage {
    now: Time,
    ends: [End; 2],
    wire: BTreeMap<(Time, usize), (usize, Vec<u8>)>,
    sent: usize,
    dice: Dice,
    installed: usize,
}

impl Stage {
    fn send(&mut self, from: usize, bytes: Vec<u8>) {
        self.sent += 1;
        let at = self.now + self.dice.within(Duration::from_millis(150));
        self.wire.insert((at, self.sent), (1 - from, bytes));
    }

    fn step(&mut self) {
        self.now = self.now + TICK;
        while let Some(due) = self.wire.first_entry().filter(|due| due.key().0 <= self.now) {
            let (to, mut bytes) = due.remove();
            self.ends[to].receive(address(1 - to), &mut bytes, self.now);
            self.listen(to);
        }
        for end in 0..2 {
            self.ends[end].noise.handle(Input::Wake, self.now);
            self.listen(end);
        }
    }

    fn listen(&mut self, end: usize) {
        while let Some(said) = self.ends[end].noise.poll() {
            match said {
                Output::Transmit { bytes, .. } => self.send(end, bytes),
                Output::Request { link, .. } => {
                    self.ends[end].noise.handle(Input::Accept(link), self.now);
                }
                Output::Install { link, keys, .. } => {
                    assert_eq!(keys.aes, has_aes());
                    self.installed += 1;
                    self.ends[end].sessions.push((link, Session::new(&keys)));
                }
                Output::Up { link, .. } if link.is_ours() => {
                    let packet = self.ends[end].seal(link, &[]).unwrap();
                    self.send(end, packet);
                }
                Output::Retire { receiver } => {
                    self.ends[end].sessions.retain(|(_, session)| session.local() != receiver);
                }
                Output::Up { .. } | Output::Event(_) | Output::Observed { .. } => {}
                Output::Down(..)
                | Output::Refused(..)
                | Output::Redirect { .. }
                | Output::Unanswered { .. } => {
                    panic!("{said:?}");
                }
            }
        }
    }
}

#[test]
fn keys_change_and_every_packet_arrives_once() {
    let mut stage = Stage {
        now: Time::ZERO,
        ends: [End::new(0), End::new(1)],
        wire: BTreeMap::new(),
        sent: 0,
        dice: Dice::of([8; 32], "network"),
        installed: 0,
    };
    let peer = stage.ends[1].noise.public();
    let open = Input::Open { link: OURS, peer, endpoints: &[address(1)], introduction: &[] };
    stage.ends[0].noise.handle(open, Time::ZERO);
    stage.listen(0);
    for _ in 0..100 {
        stage.step();
    }
    // Ten minutes of a packet every 10 ms, each way.
    let count = 60_000_u32;
    for n in 0..count {
        for (end, link) in [(0, OURS), (1, THEIRS)] {
            let packet = stage.ends[end].seal(link, &n.to_be_bytes()).expect("a session");
            stage.send(end, packet);
        }
        stage.step();
    }
    for _ in 0..100 {
        stage.step();
    }
    assert_eq!(stage.installed, 10, "four changes of keys");
    for end in &mut stage.ends {
        assert_eq!(end.rejected, 0);
        end.got.sort_unstable();
        assert!(end.got.iter().copied().eq(0..count), "{} of {count} came", end.got.len());
        assert!(end.sessions.len() <= 2);
    }
}
