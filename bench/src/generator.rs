//! All neighbours of a daemon, on one thread.

use std::fs;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use linux::{Clock, Epoll, Waker};
use words::Time;

use crate::neighbour::{Kind, Neighbour};
use crate::socket::Socket;
use crate::tally::{Crossed, Tally};
use crate::told::Told;
use crate::wires::Wires;

/// What a daemon's sockets may hold before nobody tells it any more: half of what the kernel
/// grants by default, so that nothing is lost on its side.
const QUEUE: u64 = 100_000;
/// The key of the waker; sockets have their numbers.
const WAKER: u64 = u64::MAX;

/// What the neighbours are ordered to do.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// Neither say nor hear anything.
    Silence(u32),
    /// Go on.
    Speak(u32),
    /// End.
    Stop,
}

/// The neighbours, as long as this lives.
#[derive(Debug)]
pub(crate) struct Generator {
    orders: Sender<Order>,
    waker: Arc<Waker>,
    tallies: Arc<Vec<Tally>>,
    thread: Option<JoinHandle<()>>,
}

impl Generator {
    /// Starts a neighbour of the process `daemon` on each wire.
    ///
    /// # Errors
    ///
    /// The port cannot be opened, or a thread not started.
    pub(crate) fn start(
        wires: &Wires,
        kind: Kind,
        told: Told,
        daemon: u32,
        clock: Clock,
    ) -> Result<Self> {
        let open = |number| Socket::open(&format!("n{number}"));
        let sockets = wires.neighbours.run(|| (0..wires.count).map(open).collect())?;
        let sockets: Vec<Socket> = Result::from_iter::<Vec<Result<Socket>>>(sockets)?;
        let waker = Arc::new(Waker::new()?);
        let epoll = Epoll::new()?;
        epoll.add(&*waker, WAKER)?;
        for (key, socket) in (0..).zip(&sockets) {
            epoll.add(socket.as_fd(), key)?;
        }
        let tallies: Arc<Vec<Tally>> = Arc::new(sockets.iter().map(|_| Tally::default()).collect());
        let (orders, ordered) = channel();
        let now = clock.now();
        let ends = (0..).zip(sockets).map(|(number, socket)| End {
            socket,
            neighbour: Neighbour::new(kind, number, told, now),
            silent: false,
        });
        let ends = ends.collect();
        let (waker2, tallies2) = (Arc::clone(&waker), Arc::clone(&tallies));
        let mut stage = Stage { ends, epoll, waker: waker2, tallies: tallies2, daemon, clock };
        let thread = thread::Builder::new().name("neighbours".into());
        let thread = thread.spawn(move || stage.play(&ordered)).context("start a thread")?;
        Ok(Self { orders, waker, tallies, thread: Some(thread) })
    }

    /// Lets a neighbour neither say nor hear anything from now on.
    pub(crate) fn silence(&self, number: u32) {
        self.order(Order::Silence(number));
    }

    /// Lets a neighbour go on.
    pub(crate) fn speak(&self, number: u32) {
        self.order(Order::Speak(number));
    }

    /// Returns what crossed all wires so far.
    pub(crate) fn crossed(&self) -> Crossed {
        self.tallies.iter().map(Tally::read).sum()
    }

    /// Returns when the neighbour last greeted.
    pub(crate) fn last_greeting(&self, number: u32) -> Option<Time> {
        self.tallies.get(usize::try_from(number).ok()?).map(Tally::last_greeting)
    }

    /// Returns when the first neighbour began to tell its ranges.
    pub(crate) fn begin_of_telling(&self) -> Option<Time> {
        self.tallies.iter().filter_map(Tally::begin_of_telling).min()
    }

    fn order(&self, order: Order) {
        // The one thing that can go wrong is that the thread has ended.
        let _ = self.orders.send(order);
        self.waker.wake();
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        self.order(Order::Stop);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[derive(Debug)]
struct End {
    socket: Socket,
    neighbour: Neighbour,
    silent: bool,
}

#[derive(Debug)]
struct Stage {
    ends: Vec<End>,
    epoll: Epoll,
    waker: Arc<Waker>,
    tallies: Arc<Vec<Tally>>,
    daemon: u32,
    clock: Clock,
}

impl Stage {
    fn play(&mut self, orders: &Receiver<Order>) {
        let mut room = vec![0; 65_536];
        loop {
            let speaking = self.ends.iter().filter(|end| !end.silent);
            let next = speaking.map(|end| end.neighbour.deadline()).min();
            let patience = next.map(|next| next.since(self.clock.now()));
            let patience = patience.unwrap_or(Duration::from_secs(1));
            let Ok(ready) = self.epoll.wait(Some(patience)) else { return };
            let ready: Vec<u64> = ready.collect();
            for key in ready.into_iter().filter_map(|key| usize::try_from(key).ok()) {
                self.hear(key, &mut room);
            }
            self.waker.clear();
            while let Ok(order) = orders.try_recv() {
                match order {
                    Order::Silence(number) => self.set_silent(number, true),
                    Order::Speak(number) => self.set_silent(number, false),
                    Order::Stop => return,
                }
            }
            self.speak();
        }
    }

    fn hear(&mut self, key: usize, room: &mut [u8]) {
        let (Some(end), Some(tally)) = (self.ends.get_mut(key), self.tallies.get(key)) else {
            return;
        };
        while let Some((from, octets)) = end.socket.receive(room) {
            if !end.silent {
                tally.heard(octets.len());
                end.neighbour.hear(from, octets, self.clock.now());
            }
        }
    }

    fn speak(&mut self) {
        let daemon = self.daemon;
        for (end, tally) in self.ends.iter_mut().zip(self.tallies.iter()) {
            if end.silent {
                continue;
            }
            let now = self.clock.now();
            if end.neighbour.deadline() <= now {
                end.neighbour.wake(now, || queue(daemon).is_none_or(|octets| octets < QUEUE));
            }
            while let Some((to, octets)) = end.neighbour.poll() {
                tally.sent(octets.len());
                end.socket.send(to, &octets);
            }
            end.neighbour.greeted().into_iter().for_each(|at| tally.greeted(at));
            end.neighbour.telling().into_iter().for_each(|at| tally.telling(at));
        }
    }

    fn set_silent(&mut self, number: u32, silent: bool) {
        let place = usize::try_from(number).ok();
        if let Some(end) = place.and_then(|place| self.ends.get_mut(place)) {
            end.silent = silent;
        }
    }
}

/// Returns how many octets wait in a process's sockets of Babel, as the kernel counts them.
fn queue(process: u32) -> Option<u64> {
    let sockets = fs::read_to_string(format!("/proc/{process}/net/udp6")).ok()?;
    let waiting = sockets.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let local = fields.next()?;
        let (_, waiting) = fields.nth(2)?.split_once(':')?;
        local.ends_with(":1A28").then(|| u64::from_str_radix(waiting, 16).ok())?
    });
    Some(waiting.max().unwrap_or(0))
}
