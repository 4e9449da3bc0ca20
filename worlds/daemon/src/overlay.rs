//! The node's own socket on the overlay: nodes ask each other here how to be reached.
//!
//! A plain UDP socket on our overlay address, so that what nodes ask takes the same
//! ways through the mesh as any payload.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// The UDP port on overlay addresses where nodes ask each other.
pub(crate) const PORT: u16 = 6327;

/// The longest word of gossip between nodes, in octets; it fits any link.
const LONGEST: usize = 1280;

/// How long to wait after an error, so that an interface that went away costs nothing.
const PAUSE: Duration = Duration::from_secs(1);

/// The socket, to send; what comes in goes to the control thread by itself.
#[derive(Debug)]
pub(crate) struct Overlay(UdpSocket);

impl Overlay {
    /// Opens the socket on `address`, which the TUN interface must already have.
    ///
    /// # Errors
    ///
    /// The system's, if the address is not there or the port is taken.
    pub(crate) fn open<M: Send + 'static>(
        address: Ipv6Addr,
        node: Sender<M>,
        wrap: fn(Ipv6Addr, Vec<u8>) -> M,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind(SocketAddrV6::new(address, PORT, 0, 0))?;
        let incoming = socket.try_clone()?;
        let receive = move || {
            let mut words = [0; LONGEST];
            loop {
                let Ok((length, from)) = incoming.recv_from(&mut words) else {
                    std::thread::sleep(PAUSE);
                    continue;
                };
                let (SocketAddr::V6(from), Some(words)) = (from, words.get(..length)) else {
                    continue;
                };
                if from.port() == PORT && node.send(wrap(*from.ip(), words.to_vec())).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("overlay".to_owned());
        thread.stack_size(256 * 1024).spawn(receive)?;
        Ok(Self(socket))
    }

    /// Sends `words` to the node at `to`; what cannot be sent is lost, as on any network.
    pub(crate) fn send(&self, to: Ipv6Addr, words: &[u8]) {
        if let Err(error) = self.0.send_to(words, SocketAddrV6::new(to, PORT, 0, 0)) {
            tracing::debug!(%to, %error, "a word to another node could not be sent");
        }
    }
}
