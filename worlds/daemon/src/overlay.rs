//! The node's own socket on the overlay: nodes ask each other here how to be reached.
//!
//! A plain UDP socket on our overlay address, so that what nodes ask takes the same
//! ways through the mesh as any payload.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use linux::Clock;
use words::Time;

/// The UDP port on overlay addresses where nodes ask each other.
pub(crate) const PORT: u16 = 6327;

/// The longest word of gossip between nodes, in octets; it fits any link.
const LONGEST: usize = 1280;

/// How long to wait after an error, so that an interface that went away costs nothing.
const PAUSE: Duration = Duration::from_secs(1);

/// How many words may wait for the control thread; more are dropped.
const MOST: usize = 256;

/// The socket, to send; what comes in goes to the control thread by itself.
#[derive(Debug)]
pub(crate) struct Overlay {
    socket: UdpSocket,
    dropped: Arc<AtomicU64>,
}

/// Words on their way to the control thread; dropping them makes room for others.
#[derive(Debug)]
pub(crate) struct Heard {
    words: Vec<u8>,
    #[expect(dead_code, reason = "counting those who hold it is its use")]
    place: Arc<()>,
}

impl Deref for Heard {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.words
    }
}

/// Copies `words`, if fewer than [`MOST`] hold a `place`; one thread hands places out.
pub(crate) fn hold(place: &Arc<()>, words: &[u8]) -> Option<Heard> {
    let waiting = Arc::strong_count(place) - 1;
    (waiting < MOST).then(|| Heard { words: words.to_vec(), place: Arc::clone(place) })
}

impl Overlay {
    /// Opens the socket on `address`, which the TUN interface must already have. When words were read
    /// is told by `clock`.
    ///
    /// # Errors
    ///
    /// The system's, if the address is not there or the port is taken.
    pub(crate) fn open<M: Send + 'static>(
        address: Ipv6Addr,
        clock: Clock,
        node: Sender<M>,
        wrap: fn(Ipv6Addr, Heard, Time) -> M,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind(SocketAddrV6::new(address, PORT, 0, 0))?;
        let incoming = socket.try_clone()?;
        let dropped = Arc::new(AtomicU64::new(0));
        let (count, place) = (Arc::clone(&dropped), Arc::new(()));
        let receive = move || {
            let mut words = [0; LONGEST];
            loop {
                let Ok((length, from)) = incoming.recv_from(&mut words) else {
                    std::thread::sleep(PAUSE);
                    continue;
                };
                let read = clock.now();
                let (SocketAddr::V6(from), Some(words)) = (from, words.get(..length)) else {
                    continue;
                };
                if from.port() != PORT {
                    continue;
                }
                let Some(heard) = hold(&place, words) else {
                    count.fetch_add(1, Ordering::Relaxed);
                    continue;
                };
                if node.send(wrap(*from.ip(), heard, read)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("overlay".to_owned());
        thread.stack_size(256 * 1024).spawn(receive)?;
        Ok(Self { socket, dropped })
    }

    /// Returns how many words came in and found no room.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Sends `words` to the node at `to`; what cannot be sent is lost, as on any network.
    pub(crate) fn send(&self, to: Ipv6Addr, words: &[u8]) {
        if let Err(error) = self.socket.send_to(words, SocketAddrV6::new(to, PORT, 0, 0)) {
            tracing::debug!(%to, %error, "a word to another node could not be sent");
        }
    }
}

/// Returns the packet that [`Overlay::send`] would have the kernel make, for who wants to
/// choose its way.
///
/// Source: RFC 8200 §3, §8.1; RFC 768.
pub(crate) fn packet(from: Ipv6Addr, to: Ipv6Addr, words: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + words.len()).unwrap_or(u16::MAX);
    let udp = |checksum: u16| {
        let numbers = [PORT, PORT, length, checksum].map(u16::to_be_bytes);
        [numbers.as_flattened(), words].concat()
    };
    let pseudo = [0, length, 0, u16::from(UDP)].map(u16::to_be_bytes);
    let (from, to) = (from.octets(), to.octets());
    let summed = [&from[..], &to, pseudo.as_flattened(), &udp(0)].concat();
    let [high, low] = length.to_be_bytes();
    let header = [0x60, 0, 0, 0, high, low, UDP, HOPS];
    [&header[..], &from, &to, &udp(checksum(&summed))].concat()
}

/// Tells whether a packet is a word of the node at `from` to another node, as [`Overlay::send`] has
/// the kernel make it. Only the socket there is at this address and port: what other programs of this
/// machine send to the port is no word.
///
/// Source: RFC 8200 §3; RFC 768.
pub(crate) fn is_word(packet: &[u8], from: Ipv6Addr) -> bool {
    let Some((header, udp)) = packet.split_first_chunk::<40>() else { return false };
    let [first, _, _, _, _, _, next, _, ends @ ..] = header;
    let ports = [PORT; 2].map(u16::to_be_bytes);
    let is_ours = ends.starts_with(&from.octets()) && udp.starts_with(ports.as_flattened());
    first >> 4 == 6 && *next == UDP && is_ours
}

/// Returns the Internet checksum of UDP, in which none is written as all ones.
fn checksum(octets: &[u8]) -> u16 {
    let words = octets.chunks(2).map(|pair| match pair {
        [high, low] => u64::from(u16::from_be_bytes([*high, *low])),
        [high] => u64::from(*high) << 8,
        _ => 0,
    });
    let mut sum: u64 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let checksum = !u16::try_from(sum).unwrap_or(0);
    if checksum == 0 { u16::MAX } else { checksum }
}

/// The protocol number of UDP.
const UDP: u8 = 17;
/// How many hops a packet of ours may take.
const HOPS: u8 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_as_the_kernel_would_make_it() {
        let (from, to) = ("fd00::1".parse().unwrap(), "fd00::2".parse().unwrap());
        for words in [&b"knock"[..], b"knocks", b""] {
            let packet = packet(from, to, words);
            assert_eq!(packet.len(), 48 + words.len());
            assert!(is_word(&packet, from) && !is_word(&packet, to));
            assert!((0..44).all(|cut| !is_word(&packet[..cut], from)));
            // Version, protocol, and the address and port that it is from; the port that it is to.
            for other in [0, 6, 8, 23, 40, 41, 42, 43] {
                let mut packet = packet.clone();
                packet[other] ^= 0x21;
                assert!(!is_word(&packet, from), "{other}");
            }
            assert_eq!(&packet[48..], words);
            // What is summed with its checksum is all ones, and so none again.
            let mut summed = packet[8..].to_vec();
            summed.extend([0, 0, 0, 17]);
            summed.extend(u16::try_from(8 + words.len()).unwrap().to_be_bytes());
            if words.len() % 2 == 0 {
                assert_eq!(checksum(&summed), u16::MAX, "{words:?}");
            }
        }
    }

    #[test]
    fn so_many_wait_and_no_more() {
        let place = Arc::new(());
        let mut waiting: Vec<_> = (0..MOST).filter_map(|_| hold(&place, b"word")).collect();
        assert_eq!((waiting.len(), &waiting[0][..]), (MOST, &b"word"[..]));
        assert!(hold(&place, b"more").is_none());
        waiting.pop();
        assert!(hold(&place, b"more").is_some());
    }
}
