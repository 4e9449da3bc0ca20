//! How long it takes to seal and to open a packet: `cargo run --release -p crypto --example session`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that goes wrong should stop"
)]

use std::hint::black_box;
use std::time::Instant;

use crypto::session::{HEADER, Mask, OVERHEAD, Session, has_aes};
use noise::Keys;

/// Octets of one packet on the wire, headers of UDP and IP aside.
const PACKET: usize = 1420;

/// Packets per measurement.
const COUNT: u32 = 8_000;

/// Measurements, of which the best counts.
const ROUNDS: u32 = 40;

fn main() {
    println!("AES is {} here", if has_aes() { "fast" } else { "slow" });
    println!(
        "{:<20} {:>9} {:>9} {:>9} {:>9}",
        "ns per packet", "seal", "in place", "open", "index"
    );
    for (name, aes) in [("AES-256-GCM", true), ("ChaCha20-Poly1305", false)] {
        let [seal, in_place, open, index] = (0..ROUNDS)
            .map(|_| round(aes))
            .fold([f64::MAX; 4], |best, round| std::array::from_fn(|i| best[i].min(round[i])));
        println!("{name:<20} {seal:>9.0} {in_place:>9.0} {open:>9.0} {index:>9.1}");
    }
}

/// Measures once: seal, seal in place, open, index.
fn round(aes: bool) -> [f64; 4] {
    let (ours, theirs) = pair(aes);
    let frame = vec![0x60; PACKET - OVERHEAD];
    let mut batch = Vec::with_capacity(COUNT as usize * PACKET);
    let seal = per_packet(|| {
        for _ in 0..COUNT {
            ours.seal(black_box(&frame), &mut batch).expect("far from exhausted");
        }
    });
    let mask = Mask::new(&[3; 32]);
    let index = per_packet(|| {
        for packet in batch.chunks(PACKET) {
            black_box(mask.index(black_box(packet)));
        }
    });
    let open = per_packet(|| {
        for packet in batch.chunks_mut(PACKET) {
            black_box(theirs.open(packet)).expect("a true packet");
        }
    });
    let in_place = per_packet(|| {
        for packet in batch.chunks_mut(PACKET) {
            let end = packet.len() - (OVERHEAD - HEADER);
            black_box(ours.seal_in_place(&mut packet[HEADER..end])).expect("far from exhausted");
        }
    });
    [seal, in_place, open, index]
}

fn per_packet(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e9 / f64::from(COUNT)
}

/// The two ends of one session.
fn pair(aes: bool) -> (Session, Session) {
    let ends = |local, remote, send, receive, initiator| Keys {
        local,
        remote,
        send: [send; 32],
        receive: [receive; 32],
        aes,
        mask_out: [3; 32],
        mask_in: [3; 32],
        initiator,
    };
    (Session::new(&ends(1, 2, 5, 6, true)), Session::new(&ends(2, 1, 6, 5, false)))
}
