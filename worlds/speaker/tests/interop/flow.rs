//! Packets that show whether the way is whole: numbered datagrams between two machines.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::island::Island;

/// The port they go to.
const PORT: u16 = 9;

/// How long the last datagrams may be on their way.
const LINGER: Duration = Duration::from_millis(300);

/// Datagrams from one machine's own address to another's, at a steady pace.
pub(crate) struct Flow {
    over: Arc<AtomicBool>,
    sender: JoinHandle<u64>,
    receiver: JoinHandle<(u64, Duration)>,
}

/// What became of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) sent: u64,
    pub(crate) lost: u64,
    /// The longest time in which none arrived.
    pub(crate) gap: Duration,
}

impl Flow {
    /// Begins to send, one datagram each `pace`.
    pub(crate) fn begin(from: &Island, to: &Island, pace: Duration) -> Self {
        let bind = |island: &Island, port| {
            let address = island.node.own6();
            let bound = island.namespace.run(|| UdpSocket::bind((address.as_str(), port)));
            bound.expect("we may enter").expect("its own address")
        };
        let (out, into) = (bind(from, 0), bind(to, PORT));
        into.set_read_timeout(Some(Duration::from_millis(20))).expect("a time above zero");
        let over = Arc::new(AtomicBool::new(false));
        let (target, ending) = ((to.node.own6(), PORT), Arc::clone(&over));
        let sender = thread::spawn(move || {
            let mut sent = 0_u64;
            let began = Instant::now();
            while !ending.load(Relaxed) {
                // Without a route it is refused here, which is a loss like any other.
                out.send_to(&sent.to_be_bytes(), (target.0.as_str(), target.1)).ok();
                sent += 1;
                let next = pace * u32::try_from(sent).unwrap_or(u32::MAX);
                thread::sleep(next.saturating_sub(began.elapsed()));
            }
            sent
        });
        let ending = Arc::clone(&over);
        let receiver = thread::spawn(move || receive(&into, &ending));
        Self { over, sender, receiver }
    }

    /// Ends it, and tells what became of the datagrams.
    pub(crate) fn end(self) -> Told {
        self.over.store(true, Relaxed);
        let sent = self.sender.join().expect("it only sends");
        let (received, gap) = self.receiver.join().expect("it only receives");
        Told { sent, lost: sent.saturating_sub(received), gap }
    }
}

/// Counts until it is over and nothing more comes.
fn receive(from: &UdpSocket, over: &AtomicBool) -> (u64, Duration) {
    let (mut received, mut gap) = (std::collections::BTreeSet::new(), Duration::ZERO);
    let mut last = Instant::now();
    let mut ended: Option<Instant> = None;
    let mut datagram = [0; 64];
    loop {
        if from.recv(&mut datagram).is_ok() {
            received.insert(datagram[..8].to_vec());
            gap = gap.max(last.elapsed());
            last = Instant::now();
        }
        if over.load(Relaxed) && ended.is_none() {
            gap = gap.max(last.elapsed());
            ended = Some(Instant::now());
        }
        if ended.is_some_and(|ended| ended.elapsed() > LINGER) {
            return (u64::try_from(received.len()).expect("a count"), gap);
        }
    }
}
