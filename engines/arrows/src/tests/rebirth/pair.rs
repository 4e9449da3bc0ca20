//! Two ends, the wires between them, and what goes wrong at which step.

use alloc::collections::BTreeMap;

use super::*;

pub(super) const LIMIT: Duration = Duration::from_secs(20);
/// When routes have left a link since the end shuns it.
pub(super) const ROUTES_STAY: Duration = Duration::from_millis(1_200);
/// One way of a word, and of a dial.
pub(super) const DELAY: Duration = Duration::from_millis(40);
/// How long an end may go on sending after the other has closed: 3.5 s after the last word,
/// which may be 3 s late, and until a probe stays unanswered.
pub(super) const BLIND: Duration = Duration::from_secs(9);
/// The first condemns; the second is its neighbour.
pub(super) const OWNER: usize = 0;
pub(super) const ACCEPTOR: usize = 1;

/// What goes wrong, and at which step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// This end crashes, and lives again after a while, if it does.
    Crash(usize, Option<Duration>),
    /// The word of the step is lost.
    Lost,
    /// It comes twice.
    Twice,
    /// It comes three seconds late.
    Late,
}

/// What is to happen.
#[derive(Clone, Debug)]
pub(super) enum Due {
    Frame(usize, usize, Vec<u8>),
    Request(usize),
    Up(usize, usize),
    Refused(usize, Refusal),
    Wake(usize),
    RoutesLeave(usize, usize),
    Rebirth(usize),
}

/// One link between the two, from its dial on.
#[derive(Debug)]
pub(super) struct Wire {
    /// Who dialled it, in which of its lives, and the life of the other that took it.
    pub(super) dialler: usize,
    pub(super) lives: [u32; 2],
    pub(super) names: [LinkId; 2],
    pub(super) up: [bool; 2],
    pub(super) routes: [u32; 2],
    pub(super) drains: [Option<Time>; 2],
    pub(super) closed: [Option<Time>; 2],
    pub(super) said_goodbye: bool,
    pub(super) left: bool,
}

pub(super) struct Pair {
    pub(super) now: Time,
    pub(super) engines: [Option<Arrows>; 2],
    pub(super) lives: [u32; 2],
    pub(super) crashed: [Option<Time>; 2],
    pub(super) wires: Vec<Wire>,
    pub(super) agenda: BTreeMap<(Time, u64), Due>,
    pub(super) entries: u64,
    /// Words delivered since the condemnation, and what goes wrong at which of them.
    pub(super) step: usize,
    pub(super) counting: bool,
    pub(super) faults: Vec<(usize, Fault)>,
    pub(super) settings: [Settings; 2],
    pub(super) deaths: Vec<Death>,
}

pub(super) fn settings(seats: usize) -> Settings {
    let mut settings = Settings { seats, ..Settings::default() };
    settings.destruction.in_use = InUse::new(LIMIT);
    settings
}

pub(super) fn name(who: usize) -> NodeId {
    node(1 + who as u128)
}

impl Pair {
    /// Two nodes, of which the owner has `seats` for the acceptor.
    pub(super) fn new(faults: Vec<(usize, Fault)>, period: Duration) -> Self {
        let mut pair = Self {
            now: Time::ZERO,
            engines: [None, None],
            lives: [0, 0],
            crashed: [None, None],
            wires: Vec::new(),
            agenda: BTreeMap::new(),
            entries: 0,
            step: 0,
            counting: false,
            faults,
            settings: [Settings { period, ..settings(1) }, Settings { period, ..settings(0) }],
            deaths: Vec::new(),
        };
        pair.birth(OWNER);
        pair.birth(ACCEPTOR);
        pair
    }

    pub(super) fn birth(&mut self, who: usize) {
        self.lives[who] += 1;
        self.crashed[who] = None;
        let seed = [u8::try_from(10 * who).unwrap() + u8::try_from(self.lives[who]).unwrap(); 32];
        let engine = Arrows::new(self.settings[who].clone(), name(who), seed, self.now);
        self.engines[who] = Some(engine);
        // It remembers the other, and routing finds it as soon as a link is up.
        self.tell(who, Input::Bootstrap(&[name(1 - who)]));
    }

    pub(super) fn plan(&mut self, at: Time, due: Due) {
        self.entries += 1;
        self.agenda.insert((at, self.entries), due);
    }

    pub(super) fn run(&mut self, end: Time) {
        while let Some(((at, _), due)) = self.agenda.pop_first() {
            if at > end {
                self.plan(at, due);
                break;
            }
            self.now = at;
            self.happen(due);
        }
        self.now = end;
    }

    pub(super) fn happen(&mut self, due: Due) {
        match due {
            Due::Wake(who) => {
                let due = self.engines[who].as_ref().and_then(Engine::deadline);
                if due.is_some_and(|due| due.at <= self.now) {
                    self.tell(who, Input::Wake);
                }
            }
            Due::Frame(wire, to, frame) => self.deliver(wire, to, &frame),
            Due::Request(wire) => {
                let to = 1 - self.wires[wire].dialler;
                let link = LinkId::theirs(u32::try_from(wire).unwrap());
                self.wires[wire].lives[to] = self.lives[to];
                self.wires[wire].names[to] = link;
                self.tell(to, Input::Request(link, name(1 - to)));
            }
            Due::Up(wire, who) => self.come_up(wire, who),
            Due::Refused(wire, of) => {
                let to = self.wires[wire].dialler;
                if self.is_there(wire, to) {
                    self.tell(to, Input::Refused(self.wires[wire].names[to], of));
                }
            }
            Due::RoutesLeave(wire, who) => {
                if self.is_there(wire, who) {
                    self.wires[wire].routes[who] = 0;
                    self.tell(who, Input::Usage(self.wires[wire].names[who], 0));
                }
            }
            Due::Rebirth(who) => self.birth(who),
        }
    }

    /// Tells whether an end still lives the life in which it had the link, and has not closed it.
    pub(super) fn is_there(&self, wire: usize, who: usize) -> bool {
        let one = &self.wires[wire];
        let same = one.lives[who] == self.lives[who] && self.engines[who].is_some();
        same && one.closed[who].is_none()
    }

    pub(super) fn come_up(&mut self, wire: usize, who: usize) {
        if !self.is_there(wire, who) {
            return;
        }
        if who == self.wires[wire].dialler {
            // The other end is up once it hears the dialler.
            self.plan(self.now + DELAY, Due::Up(wire, 1 - who));
        }
        self.wires[wire].up[who] = true;
        self.wires[wire].routes[who] = 2;
        let link = self.wires[wire].names[who];
        self.tell(who, Input::Up(link, name(1 - who)));
        self.tell(who, Input::Reachable(name(1 - who)));
        self.tell(who, Input::Usage(link, 2));
    }

    /// A word arrives: this is a step.
    pub(super) fn deliver(&mut self, wire: usize, to: usize, frame: &[u8]) {
        // What measures and shows life is no part of the agreement.
        let word = Frame::decode(frame).unwrap();
        if self.counting && !matches!(word, Frame::Probe(_) | Frame::Echo(_) | Frame::Uses(_)) {
            self.step += 1;
            let step = self.step;
            let now: Vec<_> = self.faults.extract_if(.., |(at, _)| *at == step).collect();
            for (_, fault) in now {
                match fault {
                    Fault::Crash(who, reborn) => self.crash(who, reborn),
                    Fault::Lost => return,
                    Fault::Twice => self.hear(wire, to, frame),
                    Fault::Late => {
                        let late = self.now + 3 * SECOND;
                        return self.plan(late, Due::Frame(wire, to, frame.to_vec()));
                    }
                }
            }
        }
        self.hear(wire, to, frame);
    }

    pub(super) fn hear(&mut self, wire: usize, to: usize, frame: &[u8]) {
        if self.is_there(wire, to) && self.wires[wire].up[to] {
            self.tell(to, Input::Frame(self.wires[wire].names[to], frame));
        }
    }

    pub(super) fn crash(&mut self, who: usize, reborn: Option<Duration>) {
        if self.engines[who].take().is_none() {
            return;
        }
        self.crashed[who] = Some(self.now);
        for wire in &mut self.wires {
            if wire.lives[who] == self.lives[who] && wire.closed[who].is_none() {
                (wire.closed[who], wire.routes[who]) = (Some(self.now), 0);
            }
        }
        if let Some(after) = reborn {
            self.plan(self.now + after, Due::Rebirth(who));
        }
    }

    pub(super) fn tell(&mut self, who: usize, input: Input<'_>) {
        let now = self.now;
        let Some(engine) = &mut self.engines[who] else { return };
        engine.handle(input, now);
        let outputs = said(engine);
        if let Some(due) = engine.deadline() {
            self.plan(due.at.max(now + Duration::from_micros(1)), Due::Wake(who));
        }
        for output in outputs {
            self.perform(who, output);
        }
        self.observe(who);
    }

    pub(super) fn perform(&mut self, who: usize, output: Output) {
        if let Output::Seek(link, _) = output {
            self.tell(who, Input::Found(link, Carriers::of(UDP)));
        } else if let Output::Open(link, ..) = output {
            self.dial(who, link);
        } else if let Output::Accept(link) = output {
            let wire = self.wire(who, link);
            self.plan(self.now + DELAY, Due::Up(wire, 1 - who));
        } else if let Output::Refuse(link, of) = output {
            let wire = self.wire(who, link);
            self.wires[wire].closed[who] = Some(self.now);
            self.plan(self.now + DELAY, Due::Refused(wire, of));
        } else if let Output::Send(link, frame) = output {
            self.send(who, link, frame);
        } else if let Output::Shun(link) = output {
            let wire = self.wire(who, link);
            self.plan(self.now + ROUTES_STAY, Due::RoutesLeave(wire, who));
        } else if let Output::Leave(link) = output {
            let wire = self.wire(who, link);
            assert_eq!(self.wires[wire].routes[who], 0, "routing still used it");
            self.wires[wire].left = true;
        } else if let Output::Event(Event::Died { link, of, .. } | Event::Parted { link, of, .. }) =
            output
        {
            self.closed(who, link, of);
        }
    }

    pub(super) fn dial(&mut self, who: usize, link: LinkId) {
        let mut names = [link; 2];
        names[1 - who] = LinkId::theirs(u32::MAX >> 1);
        let lives = self.lives;
        self.wires.push(Wire {
            dialler: who,
            lives,
            names,
            up: [false; 2],
            routes: [0; 2],
            drains: [None; 2],
            closed: [None; 2],
            said_goodbye: false,
            left: false,
        });
        self.plan(self.now + DELAY, Due::Request(self.wires.len() - 1));
    }

    /// Finds the link that an end, in its present life, calls so.
    pub(super) fn find(&self, who: usize, link: LinkId) -> Option<usize> {
        let named = |wire: &Wire| wire.names[who] == link && wire.lives[who] == self.lives[who];
        self.wires.iter().position(named)
    }

    pub(super) fn wire(&self, who: usize, link: LinkId) -> usize {
        self.find(who, link).expect("a link that was dialled")
    }

    /// Words go in their order: the owner says goodbye after it drains and left, and the last
    /// word of each end is its last.
    pub(super) fn send(&mut self, who: usize, link: LinkId, frame: Vec<u8>) {
        let index = self.wire(who, link);
        let wire = &mut self.wires[index];
        assert!(wire.closed[who].is_none(), "a word after the end");
        match Frame::decode(&frame).unwrap() {
            Frame::Goodbye => {
                assert!(who == wire.dialler && wire.drains[who].is_some() && wire.left);
                wire.said_goodbye = true;
            }
            Frame::Drain => assert!(who == wire.dialler && !wire.said_goodbye),
            Frame::Draining(_) | Frame::Left | Frame::Uses(_) => assert_ne!(who, wire.dialler),
            Frame::GoodbyeAck => assert!(who != wire.dialler && wire.said_goodbye),
            Frame::Probe(_) | Frame::Echo(_) | Frame::Farewell => {}
        }
        self.plan(self.now + DELAY, Due::Frame(index, 1 - who, frame));
    }

    /// An end closes: may it?
    pub(super) fn closed(&mut self, who: usize, link: LinkId, of: Death) {
        self.deaths.push(of);
        let (now, other_crashed) = (self.now, self.crashed[1 - who].is_some());
        let Some(index) = self.find(who, link) else { return };
        let wire = &mut self.wires[index];
        assert!(wire.closed[who].is_none(), "nobody dies twice");
        let other = 1 - who;
        let same_life = wire.lives[other] == self.lives[other];
        let other_is_there = wire.closed[other].is_none() && same_life && !other_crashed;
        let used = wire.routes[who] + wire.routes[other] > 0;
        let limit = wire.drains[wire.dialler].is_some_and(|since| now.since(since) >= LIMIT);
        let may = !wire.up[other] || !other_is_there || !used || limit;
        assert!(may, "{of:?} while routes use it: {wire:?}");
        (wire.closed[who], wire.routes[who]) = (Some(now), 0);
        if let Some(since) = wire.closed[other].filter(|_| wire.up[who]) {
            assert!(now.since(since) <= BLIND, "blind for {:?}: {wire:?}", now.since(since));
        }
    }

    /// No state leads back to life, and nothing lasts beyond its limit.
    pub(super) fn observe(&mut self, who: usize) {
        let Some(engine) = &self.engines[who] else { return };
        let views: Vec<_> = engine.arrows().collect();
        for view in views {
            let Some(index) = self.find(who, view.link) else { continue };
            let wire = &mut self.wires[index];
            assert!(wire.closed[who].is_none(), "a dead link lives");
            match (view.state, wire.drains[who]) {
                (State::Draining, None) => wire.drains[who] = Some(self.now),
                (State::Draining, Some(since)) => {
                    let lasted = self.now.since(since);
                    assert!(lasted <= LIMIT + BLIND, "drains for {lasted:?}");
                }
                (State::Live | State::Opening | State::Seeking, None) => {}
                (state, Some(_)) => panic!("from draining to {state:?}"),
            }
        }
    }

    /// Whoever closed a link, the other end closed it soon as well.
    pub(super) fn nothing_is_stuck(&self) {
        for wire in &self.wires {
            for who in [OWNER, ACCEPTOR] {
                let Some(since) = wire.closed[1 - who] else { continue };
                let alive = wire.lives[who] == self.lives[who] && self.engines[who].is_some();
                let open = alive && wire.up[who] && wire.closed[who].is_none();
                assert!(!open || self.now.since(since) <= BLIND, "stuck: {wire:?}");
            }
        }
    }

    pub(super) fn live(&self) -> usize {
        let both = |wire: &&Wire| {
            wire.up == [true; 2] && wire.closed == [None; 2] && wire.drains == [None; 2]
        };
        self.wires.iter().filter(both).count()
    }
}
