//! Nodes that follow a rule which the product refuses: negative controls.
//!
//! They know everything that a node of the product has to find out: who there is, and how far.
//! They open, accept and close links as it does, over the same routing, so that whatever
//! comes out worse is the rule's own doing.

mod pick;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use arrows::{Death, Event};
use node::{Input, Output};
use principles::Cause;
use words::frame::Kind;
use words::routing::{self, Routing};
use words::{Carrier, Deadline, Dice, Engine, LinkId, Time};

use crate::oracle::name;
use crate::places::Places;
use crate::rule::Rule;
use crate::setting::who;

/// What such a node is set to.
#[derive(Clone, Debug)]
pub(crate) struct Habits {
    pub(crate) rule: Rule,
    pub(crate) seats: usize,
    pub(crate) period: Duration,
    pub(crate) places: Rc<Places>,
}

/// A node that follows a rule of its own.
#[derive(Debug)]
pub(crate) struct Control<R> {
    me: usize,
    habits: Habits,
    routing: R,
    links: BTreeMap<LinkId, Link>,
    /// Who did not answer or refused since the last round.
    failed: BTreeSet<usize>,
    next_link: u32,
    next_round: Time,
    /// When free seats are filled next.
    next_fill: Time,
    dice: Dice,
    said: VecDeque<Output>,
}

/// A link.
#[derive(Clone, Copy, Debug)]
struct Link {
    peer: usize,
    ours: bool,
    born: Time,
    life: Life,
    uses: u32,
}

/// Where a link is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Opening { give_up: Time },
    Live,
    Draining { until: Time },
}

/// How long a dial may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a drain may take.
const LIMIT: Duration = Duration::from_hours(1);
/// Time between two tries to fill free seats.
const AGAIN: Duration = Duration::from_secs(2);

impl<R: Routing> Control<R> {
    /// Returns the node of that number, which starts now.
    pub(crate) fn new(me: usize, habits: Habits, routing: R, seed: [u8; 32], now: Time) -> Self {
        let mut dice = Dice::of(seed, "control");
        let next_round = now + habits.period / 2 + dice.within(habits.period / 2);
        let mut control = Self {
            me,
            habits,
            routing,
            links: BTreeMap::new(),
            failed: BTreeSet::new(),
            next_link: 0,
            next_round,
            next_fill: now,
            dice,
            said: VecDeque::new(),
        };
        control.routing.handle(routing::Input::Announce(name(me).0.into()), now);
        control.hear_routing();
        control
    }

    fn inform(&mut self, input: &Input<'_>, now: Time) {
        match *input {
            Input::Request { link, introduction, .. } => self.requested(link, introduction, now),
            Input::Up(link) => self.up(link, now),
            Input::Down(link) => self.bury(link, Death::Lost, now),
            Input::Refused(link, _) => self.bury(link, Death::Refused, now),
            Input::Frame(link, frame) => {
                if let Some((Kind::Routing, words)) = Kind::of(frame) {
                    self.routing.handle(routing::Input::Frame(link, words), now);
                }
            }
            Input::Wake => self.routing.handle(routing::Input::Wake, now),
            // It needs no gossip, has no range but its own, trusts its world to tell it of
            // silence, and does not leave.
            Input::Unanswered(..)
            | Input::Observed(..)
            | Input::Roamed
            | Input::OnLan { .. }
            | Input::Index(_)
            | Input::Announce(_)
            | Input::Withdraw(_)
            | Input::Traffic(_)
            | Input::Relayed { .. }
            | Input::Calendar(_)
            | Input::Read(_)
            | Input::Overlay(..)
            | Input::Carried(_)
            | Input::Document(_)
            | Input::Contacts(_)
            | Input::Bootstrap(_)
            | Input::Myself(_)
            | Input::Leave => {}
        }
    }

    fn hear_routing(&mut self) {
        while let Some(said) = self.routing.poll() {
            match said {
                routing::Output::Send(link, words) => {
                    let frame = Kind::Routing.octet().into_iter().chain(words).collect();
                    self.said.push_back(Output::Send(link, frame));
                }
                routing::Output::Route(to, link) => self.said.push_back(Output::Route(to, link)),
                routing::Output::Usage(link, uses) => {
                    if let Some(link) = self.links.get_mut(&link) {
                        link.uses = uses;
                    }
                }
            }
        }
    }

    fn requested(&mut self, id: LinkId, introduction: &[u8], now: Time) {
        let Some(peer) = who(introduction).filter(|peer| *peer != self.me) else { return };
        let linked = self.links.iter().find(|(_, link)| link.peer == peer && link.is_seated());
        let crossed = match linked {
            Some((id, Link { life: Life::Opening { .. }, ours: true, .. })) if peer < self.me => {
                Some(*id)
            }
            Some(_) => return self.said.push_back(Output::Refuse(id, LINKED)),
            None => None,
        };
        if self.links.values().filter(|link| !link.ours && link.is_seated()).count() >= self.room()
        {
            return self.said.push_back(Output::Refuse(id, FULL));
        }
        if let Some(crossed) = crossed {
            self.close(crossed, Death::Crossed, now);
        }
        let life = Life::Opening { give_up: now + PATIENCE };
        self.links.insert(id, Link { peer, ours: false, born: now, life, uses: 0 });
        self.said.push_back(Output::Accept(id));
    }

    fn up(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get_mut(&id) else {
            return self.said.push_back(Output::Close(id));
        };
        link.life = Life::Live;
        if link.ours {
            let (to, took) = (name(link.peer), now.since(link.born));
            let (of, by) = (Cause::Chance, Cause::Chance);
            self.tell(Event::Opened { link: id, to, of, carrier: Carrier::Udp, by, took });
        }
        self.routing.handle(routing::Input::Up(id, routing::Scope::EVERYWHERE), now);
    }

    fn close(&mut self, id: LinkId, of: Death, now: Time) {
        self.said.push_back(Output::Close(id));
        self.bury(id, of, now);
    }

    fn bury(&mut self, id: LinkId, of: Death, now: Time) {
        self.routing.handle(routing::Input::Down(id), now);
        let Some(link) = self.links.remove(&id) else { return };
        if !link.is_up() {
            self.failed.insert(link.peer);
        }
        if link.ours {
            let (to, age, cause) = (name(link.peer), now.since(link.born), Cause::Chance);
            self.tell(Event::Died { link: id, to, of, age, cause, sentence: None });
        }
        self.next_fill = self.next_fill.min(now + AGAIN);
    }

    fn expire(&mut self, now: Time) {
        let due = |link: &Link| match link.life {
            Life::Opening { give_up } if give_up <= now => Some(Death::Unborn),
            Life::Draining { until } if until <= now => Some(Death::Overdue),
            Life::Draining { .. } if link.uses == 0 => Some(Death::Drained),
            Life::Opening { .. } | Life::Draining { .. } | Life::Live => None,
        };
        let due: Vec<_> =
            self.links.iter().filter_map(|(id, link)| due(link).map(|of| (*id, of))).collect();
        for (id, of) in due {
            self.close(id, of, now);
        }
    }

    fn renew(&mut self, now: Time) {
        if now < self.next_round {
            return;
        }
        self.next_round = now + self.habits.period;
        self.failed.clear();
        for id in self.unwanted() {
            self.drain(id, now);
        }
        self.next_fill = now;
    }

    fn drain(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.life = Life::Draining { until: now + LIMIT };
        let (to, of, age) = (name(link.peer), Cause::Chance, now.since(link.born));
        self.tell(Event::Draining { link: id, to, of, age });
        self.routing.handle(routing::Input::Shun(id), now);
    }

    fn fill(&mut self, now: Time) {
        if now < self.next_fill {
            return;
        }
        self.next_fill = now + self.habits.period;
        for peer in self.wanted() {
            let id = LinkId::ours(self.next_link);
            self.next_link += 1;
            let life = Life::Opening { give_up: now + PATIENCE };
            self.links.insert(id, Link { peer, ours: true, born: now, life, uses: 0 });
            let to = name(peer);
            self.tell(Event::Born { link: id, to, of: Cause::Chance });
            let (carrier, key, endpoints) = (Carrier::Udp, [0; 32], Vec::new());
            let introduction = Vec::new();
            self.said.push_back(Output::Open {
                link: id,
                to,
                carrier,
                key,
                endpoints,
                introduction,
            });
        }
    }

    fn tell(&mut self, event: Event) {
        self.said.push_back(Output::Event(node::Event::Arrows(event)));
    }
}

/// Reasons to refuse, as on the wire.
const FULL: u8 = 1;
const LINKED: u8 = 2;

impl Link {
    const fn is_up(&self) -> bool {
        match self.life {
            Life::Live | Life::Draining { .. } => true,
            Life::Opening { .. } => false,
        }
    }

    const fn is_seated(&self) -> bool {
        match self.life {
            Life::Live | Life::Opening { .. } => true,
            Life::Draining { .. } => false,
        }
    }
}

impl<R: Routing> Engine for Control<R> {
    type Input<'a> = Input<'a>;
    type Output = Output;
    type Why = ();

    fn handle(&mut self, input: Input<'_>, now: Time) {
        self.inform(&input, now);
        self.hear_routing();
        self.expire(now);
        self.renew(now);
        self.fill(now);
        self.hear_routing();
    }

    fn poll(&mut self) -> Option<Output> {
        self.said.pop_front()
    }

    fn deadline(&self) -> Option<Deadline<()>> {
        let ends = self.links.values().filter_map(|link| match link.life {
            Life::Opening { give_up: at } | Life::Draining { until: at } => Some(at),
            Life::Live => None,
        });
        let routing = self.routing.deadline().map(|due| due.at);
        let all = ends.chain(routing).chain([self.next_round, self.next_fill]);
        all.min().map(|at| Deadline { at, why: () })
    }
}
