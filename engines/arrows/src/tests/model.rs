//! A model of the two ends of one arrow, over a channel that loses, repeats and reorders.
//!
//! Two whole engines; a reference world keeps what is true of the routes at each end. It
//! checks that both ends always end closed, and that neither ever closes, before the limit,
//! while the other still has routes over the link.

use alloc::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// The limit of `in-use` here, short so that many cases reach it.
const LIMIT: Duration = Duration::from_secs(40);
/// When the owner is told that its one seat is taken away.
const CONDEMNED: Duration = Duration::from_secs(10);
/// The two ends.
const OWNER: usize = 0;
const ACCEPTOR: usize = 1;

/// One case: what the channel and routing do.
#[derive(Clone, Debug)]
struct Case {
    seed: u8,
    /// Of a thousand frames, how many are lost, and how many come twice.
    lost: usize,
    repeated: usize,
    /// The longest time a frame takes.
    slow: Duration,
    /// The routes of each end before the arrow is condemned.
    routes: [u32; 2],
    /// How long routes stay at most after the end shuns; `None`: for ever.
    stay: [Option<Duration>; 2],
    /// Of a thousand checks, how often a route comes back to a shunned link.
    comes_back: usize,
    /// When an end crashes, if one does.
    crash: Option<(usize, Duration)>,
}

fn cases() -> impl Strategy<Value = Case> {
    let stay = prop_oneof![
        4 => (0_u64..20_000).prop_map(|ms| Some(Duration::from_millis(ms))),
        1 => Just(None),
    ];
    let crash = prop::option::weighted(0.3, (0_usize..2, 9_000_u64..60_000));
    let channel = (any::<u8>(), 0_usize..300, 0_usize..300, 1_u64..900);
    let routes = ([0_u32..3, 0_u32..3], [stay.clone(), stay], 0_usize..30);
    (channel, routes, crash).prop_map(|(channel, (routes, stay, comes_back), crash)| Case {
        seed: channel.0,
        lost: channel.1,
        repeated: channel.2,
        slow: Duration::from_millis(channel.3),
        routes,
        stay,
        comes_back,
        crash: crash.map(|(end, ms)| (end, Duration::from_millis(ms))),
    })
}

/// One end: its engine, and what is true of it.
struct End {
    engine: Arrows,
    link: LinkId,
    routes: u32,
    shunned: Option<Time>,
    /// Routing has forgotten the link.
    left: bool,
    /// When and of what it closed.
    closed: Option<(Time, Death)>,
    crashed: bool,
    /// When a frame reached it last.
    reached: Time,
}

struct World {
    case: Case,
    dice: Dice,
    ends: [End; 2],
    /// Frames on their way: when, a number to tell them apart, to whom, what.
    channel: BTreeMap<(Time, u64), (usize, Vec<u8>)>,
    sent: u64,
    now: Time,
}

fn brisk(seats: usize) -> Settings {
    let mut settings = Settings { seats, ..Settings::default() };
    settings.destruction.in_use = InUse::new(LIMIT);
    settings
}

fn end(seed: u8, me: u128, link: LinkId) -> End {
    End {
        engine: Arrows::new(brisk(1), node(me), [seed; 32], Time::ZERO),
        link,
        routes: 0,
        shunned: None,
        left: false,
        closed: None,
        crashed: false,
        reached: Time::ZERO + SECOND,
    }
}

impl World {
    /// The link is up at both ends.
    fn new(case: Case) -> Self {
        let mut owner = end(case.seed, 1, LinkId::ours(0));
        let mut acceptor = end(case.seed, 2, LinkId::theirs(0));
        let (up, udp) = (Time::ZERO + SECOND, Carriers::of([Carrier::Udp]));
        owner.engine.handle(Input::Bootstrap(&[node(2)]), Time::ZERO);
        owner.engine.handle(Input::Wake, up);
        owner.engine.handle(Input::Found(owner.link, udp), up);
        owner.engine.handle(Input::Up(owner.link, node(2)), up);
        acceptor.engine.handle(Input::Request(acceptor.link, node(1)), up);
        acceptor.engine.handle(Input::Up(acceptor.link, node(1)), up);
        let dice = Dice::of([case.seed; 32], "channel");
        let ends = [owner, acceptor];
        let mut world = Self { case, dice, ends, channel: BTreeMap::new(), sent: 0, now: up };
        for (who, routes) in world.case.routes.into_iter().enumerate() {
            world.set_routes(who, routes);
        }
        world
    }

    /// Lives until `end`, in steps of 50 ms.
    fn run(&mut self, end: Time) {
        let mut condemned = false;
        while self.now < end {
            self.now = self.now + Duration::from_millis(50);
            if !condemned && self.now >= Time::ZERO + CONDEMNED {
                condemned = true;
                self.ends[OWNER].engine.handle(Input::Settings(&brisk(0)), self.now);
                self.perform(OWNER);
            }
            self.crash();
            self.deliver();
            for who in [OWNER, ACCEPTOR] {
                self.route(who);
                self.wake(who);
                self.perform(who);
            }
        }
    }

    fn crash(&mut self) {
        if let Some((who, at)) = self.case.crash
            && self.now >= Time::ZERO + at
        {
            self.ends[who].crashed = true;
        }
    }

    fn deliver(&mut self) {
        while let Some(next) = self.channel.first_entry() {
            if next.key().0 > self.now {
                return;
            }
            let (to, frame) = next.remove();
            let end = &mut self.ends[to];
            if !end.crashed && end.closed.is_none() {
                end.reached = self.now;
                end.engine.handle(Input::Frame(end.link, &frame), self.now);
                self.perform(to);
            }
        }
    }

    /// Routing: routes leave a shunned link in their time, and now and then come back.
    fn route(&mut self, who: usize) {
        let end = &self.ends[who];
        let Some(shunned) = end.shunned.filter(|_| !end.left && end.closed.is_none()) else {
            return;
        };
        let Some(stay) = self.case.stay[who] else { return };
        let routes = end.routes;
        if self.dice.below(1_000) < self.case.comes_back {
            self.set_routes(who, 1);
        } else if routes > 0 && self.now >= shunned + stay && self.dice.below(4) == 0 {
            self.set_routes(who, 0);
        }
    }

    fn set_routes(&mut self, who: usize, routes: u32) {
        let (now, end) = (self.now, &mut self.ends[who]);
        if end.crashed {
            return;
        }
        end.routes = routes;
        end.engine.handle(Input::Usage(end.link, routes), now);
        self.perform(who);
    }

    fn wake(&mut self, who: usize) {
        let (now, end) = (self.now, &mut self.ends[who]);
        let due = end.engine.deadline().is_some_and(|deadline| deadline.at <= now);
        if due && !end.crashed {
            end.engine.handle(Input::Wake, now);
            let later = end.engine.deadline().is_none_or(|deadline| deadline.at > now);
            assert!(later, "woken for nothing: {:?}", end.engine.deadline());
        }
    }

    fn perform(&mut self, who: usize) {
        while let Some(output) = self.ends[who].engine.poll() {
            match output {
                Output::Send(_, frame) => self.send(1 - who, &frame),
                Output::Shun(_) => self.ends[who].shunned = Some(self.now),
                Output::Leave(_) => {
                    assert_eq!(self.ends[who].routes, 0, "left while routes use it");
                    self.ends[who].left = true;
                }
                Output::Event(Event::Died { of, .. } | Event::Parted { of, .. }) => {
                    self.closed(who, of);
                }
                Output::Seek(..)
                | Output::Open(..)
                | Output::Accept(_)
                | Output::Refuse(..)
                | Output::Close(_)
                | Output::Watch(_)
                | Output::Charge(..)
                | Output::Event(_) => {}
            }
        }
    }

    fn send(&mut self, to: usize, frame: &[u8]) {
        if self.ends[1 - to].crashed || self.dice.below(1_000) < self.case.lost {
            return;
        }
        let copies = if self.dice.below(1_000) < self.case.repeated { 2 } else { 1 };
        for _ in 0..copies {
            self.sent += 1;
            let at = self.now + self.dice.within(self.case.slow);
            self.channel.insert((at, self.sent), (to, frame.to_vec()));
        }
    }

    /// An end closes: may it?
    fn closed(&mut self, who: usize, of: Death) {
        let (now, silence) = (self.now, Settings::default().silence);
        let (end, other) = (&self.ends[who], &self.ends[1 - who]);
        let unheard = now.since(end.reached) >= silence;
        let limit = Time::ZERO + CONDEMNED + LIMIT;
        let brief = Time::ZERO + CONDEMNED + Settings::default().brief;
        let forced =
            (of == Death::Overdue && now >= limit) || (of == Death::Condemned && now >= brief);
        let safe = other.closed.is_some() || (end.routes == 0 && other.routes == 0);
        assert!(
            safe || forced || unheard || other.crashed,
            "{of:?} at {now:?}: routes {} and {}",
            end.routes,
            other.routes,
        );
        self.ends[who].closed = Some((now, of));
        self.ends[who].routes = 0;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_ends_close_and_neither_cuts_the_other_off(case in cases()) {
        let mut world = World::new(case);
        // The limit, the silence after it, and the second until a probe tells.
        let end = Time::ZERO + CONDEMNED + LIMIT + 10 * SECOND;
        world.run(end);
        for end in &world.ends {
            prop_assert!(end.crashed || end.closed.is_some(), "an end is still open");
        }
    }

    /// Where frames arrive and routes leave, the agreement itself closes the link.
    #[test]
    fn on_a_good_channel_the_two_ends_agree(
        seed in any::<u8>(),
        routes in [0_u32..3, 0_u32..3],
        leave in 0_u64..10_000,
    ) {
        let stay = [Some(Duration::from_millis(leave)); 2];
        let slow = Duration::from_millis(200);
        let case = Case {
            seed, lost: 0, repeated: 0, slow, routes, stay, comes_back: 0, crash: None,
        };
        let mut world = World::new(case);
        world.run(Time::ZERO + CONDEMNED + Duration::from_millis(leave) + 5 * SECOND);
        let expected = if routes[OWNER] == 0 { Death::Condemned } else { Death::Drained };
        let (_, owner) = world.ends[OWNER].closed.expect("the owner closed");
        let (_, acceptor) = world.ends[ACCEPTOR].closed.expect("the acceptor closed");
        let in_use_there = owner == Death::Drained && routes[ACCEPTOR] > 0;
        prop_assert!(owner == expected || in_use_there, "{:?}", owner);
        // The last word of an unused arrow may come while the goodbye is on its way.
        let hurried = owner == Death::Condemned && acceptor == Death::Overdue;
        prop_assert!(acceptor == Death::Drained || hurried, "{:?}", acceptor);
    }

    /// Without a sentence a link lives, however bad the channel, unless it is cut.
    #[test]
    fn a_link_in_peace_stays_up(seed in any::<u8>(), lost in 0_usize..100) {
        let case = Case {
            seed,
            lost,
            repeated: 100,
            slow: Duration::from_millis(300),
            routes: [1, 1],
            stay: [None, None],
            comes_back: 0,
            crash: None,
        };
        let mut world = World::new(case);
        world.run(Time::ZERO + 9 * SECOND);
        for end in &world.ends {
            prop_assert_eq!(end.engine.arrows().map(|a| a.state).next(), Some(State::Live));
        }
    }
}
