//! Packets in and out.

use std::net::{Ipv6Addr, SocketAddrV6};

use babel::mac::Datagram;
use babel::{Input, Interface};
use linux::Received;

use super::{Port, World};
use crate::admission::{Envelope, GROUP, Refusal, admit};
use crate::faces::Standing;

/// How many packets are taken in before their consequences are drawn.
const AT_ONCE: usize = 64;
/// The longest datagram.
const LONGEST: usize = 65_536;

impl World {
    /// Takes in the packets that wait.
    pub(super) fn read_packets(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(LONGEST, 0);
        self.times.packets.1 = self.clock.now();
        for _ in 0..AT_ONCE {
            let Some(received) = self.group.receive(&mut buffer) else { break };
            self.times.packets.0 += 1;
            let octets = buffer.get(..received.length).unwrap_or_default();
            if let Err(refusal) = self.take_in(received, octets) {
                *self.tally.ignored.entry(refusal.reason()).or_default() += 1;
            }
        }
        self.buffer = buffer;
    }

    fn take_in(&mut self, received: Received, octets: &[u8]) -> Result<(), Refusal> {
        let Received { interface: index, from, to, hop_limit: hops, .. } = received;
        let (number, own) = self.speaking_on(index).ok_or(Refusal::Interface)?;
        let envelope = Envelope { from: *from.ip(), port: from.port(), to, hops };
        let from = admit(envelope, self.config.port(), own)?;
        let interface = Interface(number);
        let (now, wall) = (self.clock.now(), linux::Clock::wall());
        let guard =
            usize::try_from(number).ok().and_then(|n| self.ports.get_mut(n)?.guard.as_mut());
        let mut replies = Vec::new();
        let mut believed = true;
        if let Some(guard) = guard {
            // What it refuses, it counts.
            believed = guard.open(Datagram { from, to, octets }, now, wall).is_ok();
            replies.extend(std::iter::from_fn(|| guard.poll(wall)));
        }
        for (to, sealed) in replies {
            self.transmit(interface, to, &sealed);
        }
        if believed {
            self.tell(Input::Packet { interface, from, octets });
        }
        Ok(())
    }

    /// Returns the engine's number of the interface that the kernel numbers `index`, and our
    /// address there.
    fn speaking_on(&self, index: u32) -> Option<(u32, Ipv6Addr)> {
        let on = |port: &Port| match port.standing {
            Standing::Ready(device, face) if device == index => Some(face.address),
            Standing::Ready(..) | Standing::Missing | Standing::Down | Standing::Mute => None,
        };
        (0..).zip(&self.ports).find_map(|(number, port)| Some((number, on(port)?)))
    }

    /// Sends a packet of the engine, sealed if the interface has keys.
    pub(super) fn send(&mut self, interface: Interface, to: Option<Ipv6Addr>, octets: Vec<u8>) {
        let to = to.unwrap_or(GROUP);
        let Interface(number) = interface;
        let port = usize::try_from(number).ok().and_then(|n| self.ports.get_mut(n));
        let octets = match port.and_then(|port| port.guard.as_mut()) {
            Some(guard) => guard.seal(to, octets, linux::Clock::wall()),
            None => octets,
        };
        self.transmit(interface, to, &octets);
    }

    fn transmit(&mut self, interface: Interface, to: Ipv6Addr, octets: &[u8]) {
        let Some(Standing::Ready(index, face)) = self.port(interface).map(|port| port.standing)
        else {
            return;
        };
        let to = SocketAddrV6::new(to, self.config.port(), 0, index);
        if let Err(error) = self.group.send(index, Some(face.address), to, octets) {
            // As if the link had lost it: the protocol says everything again.
            self.tally.unsent += 1;
            tracing::debug!(%error, "a packet was not sent");
        }
    }
}
