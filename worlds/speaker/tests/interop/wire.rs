//! A long wire: packets between two machines come late, twice, in disorder, or not at all.
//!
//! Its ends are two interfaces of the kind that gives packets to a process, so no checksum is
//! left to a network card that does not exist.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use linux::{Tun, readable};

/// How long the thread sleeps at most.
const NAP: Duration = Duration::from_millis(50);

/// What happens on the way; may be changed while packets travel.
#[derive(Debug, Default)]
struct Weather {
    /// One way, microseconds.
    delay: AtomicU64,
    /// The most that is added to it by chance, microseconds.
    jitter: AtomicU64,
    /// Packets of a thousand that are lost.
    lost: AtomicU64,
    /// Packets of a thousand that arrive twice.
    doubled: AtomicU64,
    /// The wire is gone.
    over: AtomicBool,
    /// What each end has sent, whatever became of it.
    seen: [Mutex<Vec<Vec<u8>>>; 2],
}

/// A wire; cut and taken away when dropped.
pub(crate) struct Wire {
    weather: Arc<Weather>,
    thread: Option<JoinHandle<()>>,
}

/// A packet on its way: when it arrives, a number that keeps order, to which end.
type Travelling = Reverse<(Instant, u64, usize, Vec<u8>)>;

impl Wire {
    /// Lays a wire between two ends. `seed` decides what is lost.
    pub(crate) fn lay(ends: [Tun; 2], seed: u64) -> Self {
        let weather = Arc::new(Weather::default());
        let shared = Arc::clone(&weather);
        let carrier =
            Carrier { ends, weather: shared, chance: seed | 1, waiting: BinaryHeap::new() };
        let thread = thread::spawn(move || carrier.carry());
        Self { weather, thread: Some(thread) }
    }

    /// Sets how long each packet travels, and how much may be added by chance.
    pub(crate) fn delay(&self, delay: Duration, jitter: Duration) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.weather.delay.store(micros(delay), Relaxed);
        self.weather.jitter.store(micros(jitter), Relaxed);
    }

    /// Sets how many of a thousand packets are lost: 1000 is silence.
    pub(crate) fn lose(&self, of_thousand: u64) {
        self.weather.lost.store(of_thousand, Relaxed);
    }

    /// Sets how many of a thousand packets arrive twice.
    pub(crate) fn double(&self, of_thousand: u64) {
        self.weather.doubled.store(of_thousand, Relaxed);
    }

    /// Returns the packets that an end, 0 or 1, has sent since it was asked last.
    pub(crate) fn seen(&self, end: usize) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.weather.seen[end].lock().expect("nobody panics with it"))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.weather.over.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// What the thread has.
struct Carrier {
    ends: [Tun; 2],
    weather: Arc<Weather>,
    chance: u64,
    waiting: BinaryHeap<Travelling>,
}

impl Carrier {
    fn carry(mut self) {
        let mut packet = vec![0; 65536];
        let mut count = 0;
        while !self.weather.over.load(Relaxed) {
            let next = self.waiting.peek().map(|Reverse((when, ..))| *when);
            let nap = next.map_or(NAP, |when| when.saturating_duration_since(Instant::now()));
            readable([self.ends[0].as_fd(), self.ends[1].as_fd()], Some(nap.min(NAP))).ok();
            for from in 0..2 {
                // An error is an end that is down, and that is silence too.
                while let Ok(Some(length)) = self.ends[from].read(&mut packet) {
                    count += 1;
                    self.take(1 - from, count, &packet[..length]);
                }
            }
            self.deliver();
        }
    }

    fn take(&mut self, to: usize, count: u64, packet: &[u8]) {
        self.weather.seen[1 - to].lock().expect("nobody panics with it").push(packet.to_vec());
        if self.draw(1000) < self.weather.lost.load(Relaxed) {
            return;
        }
        let copies = if self.draw(1000) < self.weather.doubled.load(Relaxed) { 2 } else { 1 };
        for _ in 0..copies {
            let jitter = self.weather.jitter.load(Relaxed);
            let micros = self.weather.delay.load(Relaxed) + self.draw(jitter + 1);
            let when = Instant::now() + Duration::from_micros(micros);
            self.waiting.push(Reverse((when, count, to, packet.to_vec())));
        }
    }

    fn deliver(&mut self) {
        while let Some(Reverse((when, ..))) = self.waiting.peek() {
            if *when > Instant::now() {
                return;
            }
            if let Some(Reverse((_, _, to, packet))) = self.waiting.pop() {
                self.ends[to].write(&packet).ok();
            }
        }
    }

    /// Draws a number below `limit` (xorshift64).
    fn draw(&mut self, limit: u64) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance >> 11) % limit.max(1)
    }
}
