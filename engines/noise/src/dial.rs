//! Handshakes that we begin: for a new link, or for new keys of an old one.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use words::{LinkId, Time};

use crate::handshake::Handshake;
use crate::link::{Agreed, Ends};
use crate::payload::{Initiation, LONGEST_INTRODUCTION, Response, Verdict};
use crate::place::is_place;
use crate::wire::{self, Cookie, Hello, HelloKey, Kind, Nonce};
use crate::{Event, Noise, Output, Reason, Why};

/// How many endpoints of one node are tried.
const ENDPOINTS: usize = 8;

/// Time between two endpoints of one node: the first that answers wins.
///
/// Source: RFC 8305 §5, the connection attempt delay.
const STAGGER: Duration = Duration::from_millis(250);

/// How long a dial waits for its answer before the node is asked to beckon: first, and
/// between two times.
const UNANSWERED: Duration = Duration::from_secs(1);
const UNANSWERED_AGAIN: Duration = Duration::from_secs(2);

/// How often the node of one dial is asked to beckon.
const ASKS: u8 = 3;

/// How long it is not tried again whether the other end of a link is nearer.
const NEARER_AGAIN: Duration = Duration::from_mins(1);

/// How long after that what comes from farther away does not lead the link back there.
const STEADY: Duration = Duration::from_secs(2);

/// How many beckons of one dial are followed.
const FOLLOWED: u8 = 4;

/// An initiation of ours that waits for its response.
pub(crate) struct Dial {
    pub(crate) link: LinkId,
    pub(crate) peer: [u8; 32],
    /// Where to try; at least one.
    endpoints: Vec<SocketAddr>,
    /// How many were tried.
    turn: usize,
    /// When the node is asked to beckon, and how often it was.
    ask: Time,
    asked: u8,
    /// How many beckons were followed.
    followed: u8,
    /// Whether it is for new keys of a link that is up.
    rekey: bool,
    /// Whether the link goes there from then on.
    nearer: bool,
    handshake: Handshake,
    hello: HelloKey,
    message: Vec<u8>,
    /// Of the last sending: what a cookie is bound to.
    nonce: Nonce,
    cookie: Option<(SocketAddr, Cookie)>,
    /// When it is sent again.
    pub(crate) next: Time,
    /// When it is given up.
    pub(crate) until: Time,
}

impl Dial {
    fn endpoint(&self) -> Option<SocketAddr> {
        self.endpoints.get(self.turn % self.endpoints.len().max(1)).copied()
    }

    /// Tries elsewhere from now on.
    pub(crate) fn lead(&mut self, endpoints: Vec<SocketAddr>) {
        self.endpoints = endpoints;
        self.turn = 0;
    }

    /// Tells whether all endpoints were tried equally often.
    fn is_round_over(&self) -> bool {
        self.turn.is_multiple_of(self.endpoints.len().max(1))
    }

    /// Returns the cookie to show at `to`; zeros if there is none.
    fn cookie_for(&self, to: SocketAddr) -> Cookie {
        self.cookie.filter(|(of, _)| *of == to).map(|(_, cookie)| cookie).unwrap_or_default()
    }
}

/// What a dial is for.
struct Plan {
    link: LinkId,
    peer: [u8; 32],
    endpoints: Vec<SocketAddr>,
    /// Their index of the session to be replaced; 0 if the link is new.
    previous: u32,
    /// Whether the link is to go there.
    nearer: bool,
    /// What is shown of ourselves: nothing, if the link is not new.
    shown: Vec<u8>,
}

impl Noise {
    pub(crate) fn open(
        &mut self,
        link: LinkId,
        peer: [u8; 32],
        (endpoints, introduction): (&[SocketAddr], &[u8]),
        now: Time,
    ) {
        let known = self.links.contains_key(&link) || self.is_dialled(link);
        if known || !link.is_ours() {
            return;
        }
        let endpoints = self.places(endpoints);
        self.say(Output::Event(Event::Dialled(link)));
        let fits = (1..=LONGEST_INTRODUCTION).contains(&introduction.len());
        let shown = if fits { introduction } else { &self.introduction }.to_vec();
        self.dial(Plan { link, peer, endpoints, previous: 0, nearer: false, shown }, now);
    }

    /// Returns those of `endpoints` that are tried: the two families take turns, so that one
    /// that leads nowhere holds the other up for a moment only.
    fn places(&self, endpoints: &[SocketAddr]) -> Vec<SocketAddr> {
        let network = self.settings.network;
        let good = endpoints.iter().filter(|at| is_place(**at, network)).take(ENDPOINTS).copied();
        let first = good.clone().next().is_some_and(|first| is_six(&first));
        let (one, other): (Vec<_>, Vec<_>) = good.partition(|at| is_six(at) == first);
        let longest = one.len().max(other.len());
        (0..longest).flat_map(|n| [one.get(n), other.get(n)]).flatten().copied().collect()
    }

    /// Dials elsewhere: the node said where it is, after it was asked to beckon.
    pub(crate) fn redial(&mut self, link: LinkId, endpoints: &[SocketAddr], now: Time) {
        let endpoints = self.places(endpoints);
        let dial = self.dials.iter_mut().find(|(_, dial)| dial.link == link);
        let Some((index, dial)) = dial.filter(|(_, dial)| dial.endpoints != endpoints) else {
            return;
        };
        if endpoints.is_empty() || dial.rekey {
            return;
        }
        let index = *index;
        dial.lead(endpoints);
        self.attempt(index, now);
    }

    /// Takes in a beckon: the node that we dial is where it came from.
    ///
    /// Nothing proves it yet; the handshake will.
    pub(crate) fn beckoned(
        &mut self,
        from: SocketAddr,
        hello: &Hello<'_>,
        now: Time,
    ) -> Result<(), Reason> {
        let network = self.settings.network;
        let dial = self.dials.get_mut(&hello.receiver).ok_or(Reason::Unexpected)?;
        if dial.followed >= FOLLOWED || !is_place(from, network) {
            return Err(Reason::Unexpected);
        }
        dial.followed += 1;
        let known = dial.endpoints.iter().position(|at| same_place(*at, from));
        dial.turn = known.unwrap_or(0);
        if known.is_none() {
            dial.endpoints.insert(0, from);
            dial.endpoints.truncate(ENDPOINTS);
        }
        let link = dial.link;
        self.say(Output::Event(Event::Beckoned(link)));
        self.attempt(hello.receiver, now);
        Ok(())
    }

    /// Asks for new keys of a link of ours.
    pub(crate) fn rekey(&mut self, link: LinkId, now: Time) {
        if let Some(state) = self.links.get_mut(&link) {
            state.rekeying = true;
            let (peer, endpoints) = (state.peer, [state.to].into());
            let previous = state.remote;
            self.dial(
                Plan { link, peer, endpoints, previous, nearer: false, shown: Vec::new() },
                now,
            );
        }
    }

    /// Asks for new keys of a link of ours elsewhere, where its other end is said to be near.
    ///
    /// Elsewhere may be nobody: the link goes on where it is until there was an answer.
    pub(crate) fn nearer(&mut self, link: LinkId, at: SocketAddr, now: Time) {
        let network = self.settings.network;
        let Some(state) = self.links.get_mut(&link) else { return };
        let tried = now < state.settled || state.to == at;
        if tried || !state.wants_keys() || !is_place(at, network) {
            return;
        }
        (state.rekeying, state.settled) = (true, now + NEARER_AGAIN);
        let (peer, previous) = (state.peer, state.remote);
        let (endpoints, shown) = ([at].into(), Vec::new());
        self.dial(Plan { link, peer, endpoints, previous, nearer: true, shown }, now);
    }

    /// Sends to the other end of a link where it answered, and goes on doing so while it cannot
    /// have heard of it yet.
    fn approach(&mut self, link: LinkId, at: SocketAddr, now: Time) {
        self.moved(link, at, now);
        if let Some(state) = self.links.get_mut(&link) {
            state.steady = now + STEADY;
        }
    }

    fn dial(&mut self, plan: Plan, now: Time) {
        let Some((handshake, message)) = self.first_message(&plan, now) else {
            return self.lose(plan.link, Why::Unreachable);
        };
        let Plan { link, peer, endpoints, previous, nearer, .. } = plan;
        let dial = Dial {
            link,
            peer,
            endpoints,
            turn: 0,
            ask: now + UNANSWERED,
            // The link works: nobody need beckon for its sake.
            asked: if nearer { ASKS } else { 0 },
            followed: 0,
            rekey: previous != 0,
            nearer,
            handshake,
            hello: HelloKey::of(&peer),
            message,
            nonce: Nonce::default(),
            cookie: None,
            next: now,
            until: now + self.settings.patience,
        };
        let index = self.free_index();
        self.dials.insert(index, dial);
        self.attempt(index, now);
    }

    /// Returns our end of a new handshake, and its initiation; `None` if the peer
    /// has no address or an impossible key.
    fn first_message(&mut self, plan: &Plan, now: Time) -> Option<(Handshake, Vec<u8>)> {
        plan.endpoints.first()?;
        self.stamp = self.stamp_at(now).max(self.stamp.saturating_add(1));
        let initiation = Initiation {
            stamp: self.stamp,
            aes: self.settings.aes,
            previous: plan.previous,
            introduction: &plan.shown,
        };
        let secrets = self.secrets.fork();
        let mut handshake = Handshake::initiator(&self.identity, &plan.peer, secrets).ok()?;
        let message = handshake.write(&initiation.encode()).ok()?;
        Some((handshake, message))
    }

    /// Sends an initiation to the endpoint whose turn it is.
    fn attempt(&mut self, index: u32, now: Time) {
        let retry = self.some_time(self.settings.retry, self.settings.retry_jitter, now);
        let Some(dial) = self.dials.get_mut(&index) else { return };
        let Some(to) = dial.endpoint() else { return };
        let hello = Hello {
            kind: Kind::Initiation,
            sender: index,
            receiver: 0,
            cookie: dial.cookie_for(to),
            message: &dial.message,
        };
        let bytes = dial.hello.seal(&hello, &[], &mut self.secrets).unwrap_or_default();
        dial.nonce = wire::nonce(&bytes);
        dial.turn += 1;
        dial.next = if dial.is_round_over() { retry } else { now + STAGGER };
        self.say(Output::Transmit { to, bytes });
        self.ask_to_beckon(index, now);
    }

    /// Has the node of a dial asked to beckon, if it is time.
    fn ask_to_beckon(&mut self, token: u32, now: Time) {
        let Some(dial) = self.dials.get_mut(&token) else { return };
        if dial.ask <= now && dial.asked < ASKS {
            dial.asked += 1;
            dial.ask = now + UNANSWERED_AGAIN;
            let link = dial.link;
            self.say(Output::Unanswered { link, token });
        }
    }

    /// Takes in what may be a cookie: the one thing not sealed with our own key.
    pub(crate) fn cookie(
        &mut self,
        from: SocketAddr,
        bytes: &[u8],
        now: Time,
    ) -> Result<(), Reason> {
        let asked = self.dials.iter_mut().find_map(|(index, dial)| {
            let place = dial.endpoints.iter().position(|to| same_place(*to, from))?;
            Some((*index, place, dial.hello.open(bytes, &dial.nonce)?, dial))
        });
        let (index, place, plain, dial) = asked.ok_or(Reason::Strange)?;
        let hello = Hello::decode(&plain)?;
        if hello.kind != Kind::Cookie || hello.receiver != index {
            return Err(Reason::Unexpected);
        }
        let to = *dial.endpoints.get(place).ok_or(Reason::Unexpected)?;
        let first = dial.cookie.is_none();
        dial.cookie = Some((to, hello.cookie));
        dial.turn = place;
        // Later ones wait for the next sending: two ends must not drive each other.
        if first {
            self.attempt(index, now);
        }
        Ok(())
    }

    /// Takes in the answer to an initiation of ours.
    pub(crate) fn response(
        &mut self,
        from: SocketAddr,
        hello: &Hello<'_>,
        now: Time,
    ) -> Result<(), Reason> {
        let index = hello.receiver;
        let dial = self.dials.get_mut(&index).ok_or(Reason::Unexpected)?;
        let payload = dial.handshake.read(hello.message).map_err(|_| Reason::Forged)?;
        let response = Response::decode(&payload)?;
        let Some(dial) = self.dials.remove(&index) else { return Err(Reason::Unexpected) };
        self.say(Output::Observed { link: dial.link, at: response.observed });
        match response.verdict {
            Verdict::Accepted => {
                let ends = Ends {
                    local: index,
                    remote: hello.sender,
                    peer: dial.peer,
                    aes: self.settings.aes && response.aes,
                    initiator: true,
                };
                let keys = self.keys(dial.handshake, &ends);
                let agreed = Agreed { keys, peer: dial.peer, to: from, stamp: 0 };
                self.establish(dial.link, agreed, now);
                // Who only passes handshakes on is not where the other end is.
                if dial.nearer && dial.endpoints == [from] {
                    self.approach(dial.link, from, now);
                }
                if !dial.rekey {
                    self.say(Output::Up {
                        link: dial.link,
                        introduction: response.introduction.into(),
                    });
                }
            }
            Verdict::Refused(code) if !dial.rekey => self.say(Output::Refused(dial.link, code)),
            Verdict::Refused(_) | Verdict::Forgotten => self.lose(dial.link, Why::Forgotten),
        }
        Ok(())
    }

    /// Sends again what is due, gives up what is overdue.
    pub(crate) fn expire_dials(&mut self, now: Time) {
        let due: Vec<_> = (self.dials.iter())
            .filter(|(_, dial)| dial.next.or_earlier(dial.until) <= now)
            .map(|(index, dial)| (*index, dial.until <= now))
            .collect();
        for (index, over) in due {
            if over {
                self.give_up(index);
            } else {
                self.attempt(index, now);
            }
        }
    }

    fn give_up(&mut self, index: u32) {
        let Some(dial) = self.dials.remove(&index) else { return };
        if !dial.rekey {
            self.lose(dial.link, Why::Silent);
        } else if let Some(state) = self.links.get_mut(&dial.link) {
            // The link tries anew until its keys expire.
            state.rekeying = false;
        }
    }

    fn is_dialled(&self, link: LinkId) -> bool {
        self.dials.values().any(|dial| dial.link == link)
    }

    /// Forgets the handshakes of a link, whoever began them.
    pub(crate) fn hang_up(&mut self, link: LinkId) {
        self.dials.retain(|_, dial| dial.link != link);
        self.answers.retain(|_, answer| answer.link() != Some(link));
    }
}

/// Tells whether an address is of IPv6, and no IPv4 one in its clothes.
fn is_six(at: &SocketAddr) -> bool {
    at.ip().to_canonical().is_ipv6()
}

/// Tells whether two addresses are one, however a socket writes IPv4.
fn same_place(a: SocketAddr, b: SocketAddr) -> bool {
    a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical()
}
