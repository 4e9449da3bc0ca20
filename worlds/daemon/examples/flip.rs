//! How long it takes to leave a link: from the word that it is suspect, or gone, until the
//! forwarding table that avoids it is made.
//!
//! ```text
//! cargo run --release -p daemon --example flip
//! ```
//!
//! Two neighbours tell a thousand ranges each, the same ones; the link that is used is charged and
//! healed, and then the one that is used instead is taken away. Nothing is judged here.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::{Duration, Instant};

use babel::Babel;
use forward::{Own, Table, Target};
use node::babel_settings;
use words::routing::{Input, Output, Range, Scope};
use words::{Engine, LinkId, Prefix, Time};

const ROUTES: u128 = 1_000;
const ROUNDS: u32 = 20;
const LINKS: [LinkId; 2] = [LinkId(1), LinkId(2)];

fn main() {
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let mut scene = Scene::told();
        let first = scene.used();
        let [suspect, healed, gone] = &mut times;
        suspect.push(scene.flip(Input::Charge(first, Duration::from_millis(1_200))));
        healed.push(scene.flip(Input::Charge(first, Duration::ZERO)));
        let second = scene.used();
        gone.push(scene.flip(Input::Down(second)));
    }
    let names = ["its link is suspect", "it is trusted again", "it is gone"];
    println!(
        "{ROUTES} routes through one neighbour, as many alternates; median of {ROUNDS} rounds"
    );
    for (name, mut times) in names.into_iter().zip(times) {
        times.sort_unstable();
        let (flipped, took) = times.swap_remove(times.len() / 2);
        println!("{name:<22}{flipped:>6} routes flip in {took:?}, with the new forwarding table");
    }
}

/// Ourselves between two neighbours.
struct Scene {
    us: Babel,
    neighbours: [Babel; 2],
    now: Time,
    ranges: BTreeMap<Range, Target>,
}

impl Scene {
    /// Returns a scene in which both neighbours have told all.
    fn told() -> Self {
        let network = Prefix::new(0xfd << 120, 32);
        let made = |n: u8| {
            let settings = babel_settings(network, 64, [n; 8]);
            Babel::new(settings, [n; 32], Time::ZERO)
        };
        let (us, neighbours) = (made(1), [made(2), made(3)]);
        let mut scene = Self { us, neighbours, now: Time::ZERO, ranges: BTreeMap::new() };
        for (neighbour, link) in scene.neighbours.iter_mut().zip(LINKS) {
            for n in 0..ROUTES {
                let range = Prefix::new((0xfd << 120) | (n << 64), 64);
                neighbour.handle(Input::Announce(range.into()), Time::ZERO);
            }
            neighbour.handle(Input::Up(link, Scope::EVERYWHERE), Time::ZERO);
            scene.us.handle(Input::Up(link, Scope::EVERYWHERE), Time::ZERO);
        }
        for _ in 0..3_000 {
            scene.now = scene.now + Duration::from_millis(10);
            scene.pass();
        }
        scene
    }

    /// Lets ten milliseconds pass, in which all that is said arrives.
    fn pass(&mut self) {
        self.us.handle(Input::Wake, self.now);
        self.perform();
        for (neighbour, link) in self.neighbours.iter_mut().zip(LINKS) {
            neighbour.handle(Input::Wake, self.now);
            while let Some(said) = neighbour.poll() {
                if let Output::Send(_, octets) = said {
                    self.us.handle(Input::Frame(link, &octets), self.now);
                }
            }
        }
    }

    /// Does what we want.
    fn perform(&mut self) {
        while let Some(said) = self.us.poll() {
            self.route(&said);
            self.send(&said);
        }
    }

    /// Notes a route; tells whether it is one.
    fn route(&mut self, said: &Output) -> bool {
        match *said {
            Output::Route(range, Some(link)) => {
                self.ranges.insert(range, Target::Link(link));
                true
            }
            Output::Route(range, None) => self.ranges.remove(&range).is_some(),
            Output::Send(..) | Output::Usage(..) => false,
        }
    }

    fn send(&mut self, said: &Output) {
        let Output::Send(link, octets) = said else { return };
        for (neighbour, it) in self.neighbours.iter_mut().zip(LINKS) {
            if it == *link {
                neighbour.handle(Input::Frame(it, octets), self.now);
            }
        }
    }

    /// Returns the link that routes lead through.
    fn used(&self) -> LinkId {
        self.us.neighbours().max_by_key(|it| it.selected).map_or(LINKS[0], |it| it.link)
    }

    /// Tells routing one thing, and makes the table that follows from it.
    fn flip(&mut self, input: Input<'_>) -> (usize, Duration) {
        self.now = self.now + Duration::from_secs(1);
        self.us.handle(Input::Wake, self.now);
        self.perform();
        let begun = Instant::now();
        self.us.handle(input, self.now);
        let said: Vec<Output> = std::iter::from_fn(|| self.us.poll()).collect();
        let mut changed = 0;
        for said in &said {
            changed += usize::from(self.route(said));
        }
        let own = Own { ipv6: Ipv6Addr::LOCALHOST, ipv4: None, mtu: 1_420 };
        let table = Table::new(own, self.ranges.iter().map(|(range, to)| (*range, *to)));
        let took = begun.elapsed();
        std::hint::black_box(table);
        for said in &said {
            self.send(said);
        }
        (changed, took)
    }
}
