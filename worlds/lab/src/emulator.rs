//! The thread that is the Internet: packets from the hosts' interfaces into the engine,
//! and back.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::Context;
use linux::{Clock, Destination, Epoll, Namespace, Netlink, Queues, Tun, Waker};
use words::{Engine, Time};

use crate::capture::Capture;
use crate::internet::{HostId, Input, Internet, OUTSIDE, OUTSIDE_SIX, Output, Place, Underlay};

/// The interface by which a host reaches the Internet.
const INTERFACE: &str = "wan0";
/// Its longest packet.
const MTU: u16 = 1500;
/// Packets read from one host before the others have their turn.
const TURN: usize = 64;
/// The key of the waker; hosts have their numbers.
const WAKER: u64 = u64::MAX;

/// What can be ordered of the Internet while it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Cut two hosts from each other.
    Cut(HostId, HostId),
    /// Let them reach each other again.
    Heal(HostId, HostId),
    /// Let no UDP through to and from a host.
    BlockUdp(HostId),
    /// Let UDP through between the first host and the other, and between it and nobody else
    /// that was not ordered so.
    UdpOnly(HostId, HostId),
    /// Put a host behind another NAT.
    Roam(HostId),
    /// Let nothing through to and from a host.
    Silence(HostId),
    /// Let everything through again.
    Restore(HostId),
    /// End.
    Stop,
}

/// The Internet, running.
#[derive(Debug)]
pub(crate) struct Emulator {
    orders: Sender<Order>,
    waker: Arc<Waker>,
    thread: Option<JoinHandle<Internet>>,
}

/// Makes the interface of a host in its namespace, with its addresses and default routes.
///
/// Beside the registry is the server outside of the mesh: it has the addresses of both.
pub(crate) fn plug_in(
    namespace: &Namespace,
    (id, place): (HostId, &Place),
    underlay: Underlay,
) -> Result<Tun, linux::Error> {
    let own = own(place, underlay);
    namespace.run(move || {
        let tun = Tun::open(INTERFACE, Queues::One)?;
        let mut netlink = Netlink::open()?;
        let device = netlink.index(INTERFACE)?;
        netlink.set_quiet(device)?;
        netlink.set_mtu(device, MTU)?;
        if id == HostId::REGISTRY {
            netlink.add_address(device, Destination::only(OUTSIDE.into()))?;
            netlink.add_address(device, Destination::only(OUTSIDE_SIX.into()))?;
        }
        netlink.set_up(device)?;
        settle(&mut netlink, device, &own)?;
        Ok(tun)
    })?
}

/// Gives the interface of a host the addresses of the place `now` instead of those of `before`.
pub(crate) fn replug(
    namespace: &Namespace,
    before: &Place,
    now: &Place,
    underlay: Underlay,
) -> Result<(), linux::Error> {
    let (old, new) = (own(before, underlay), own(now, underlay));
    namespace.run(move || {
        let mut netlink = Netlink::open()?;
        let device = netlink.index(INTERFACE)?;
        for old in old {
            netlink.remove_address(device, old)?;
        }
        settle(&mut netlink, device, &new)
    })?
}

/// Gives an interface its addresses, and a default route for the family of each.
fn settle(netlink: &mut Netlink, device: u32, own: &[Destination]) -> Result<(), linux::Error> {
    for own in own {
        netlink.add_address(device, *own)?;
        let v4 = own.address.is_ipv4();
        let all = if v4 { Destination::ALL_IPV4 } else { Destination::ALL_IPV6 };
        netlink.set_route(all, device, Some(own.address))?;
    }
    Ok(())
}

/// Returns the addresses of a host, with the length of what is on its wire.
fn own(place: &Place, underlay: Underlay) -> Vec<Destination> {
    let four = if place.private.is_some() { 24 } else { 32 };
    let own = underlay.own(place).into_iter();
    own.map(|address| Destination { length: if address.is_ipv4() { four } else { 64 }, address })
        .collect()
}

impl Emulator {
    /// Starts the thread; `tuns` are the hosts' interfaces, host 0 first.
    pub(crate) fn start(
        internet: Internet,
        tuns: Vec<Tun>,
        clock: Clock,
        capture: Option<Capture>,
    ) -> anyhow::Result<Self> {
        let waker = Arc::new(Waker::new()?);
        let (orders, told) = channel();
        let epoll = Epoll::new()?;
        for (key, tun) in (0..).zip(&tuns) {
            epoll.add(tun, key)?;
        }
        epoll.add(&*waker, WAKER)?;
        let mut wires =
            Wires { internet, tuns, clock, capture, told, waker: Arc::clone(&waker), epoll };
        let body = move || {
            if let Err(error) = wires.run() {
                crate::say(&format!("re6st lab: the emulated Internet stopped: {error}"));
            }
            wires.internet
        };
        let builder = std::thread::Builder::new().name("internet".to_owned());
        let thread = builder.spawn(body).context("cannot start a thread")?;
        Ok(Self { orders, waker, thread: Some(thread) })
    }

    /// Passes an order on.
    pub(crate) fn order(&self, order: Order) {
        // Only fails if the thread has stopped, which it has said.
        let _ = self.orders.send(order);
        self.waker.wake();
    }

    /// Ends the thread, and returns the Internet as it was at the end, for its counts.
    pub(crate) fn stop(mut self) -> Option<Internet> {
        self.order(Order::Stop);
        self.thread.take()?.join().ok()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.order(Order::Stop);
    }
}

/// What the thread owns.
struct Wires {
    internet: Internet,
    tuns: Vec<Tun>,
    clock: Clock,
    capture: Option<Capture>,
    told: Receiver<Order>,
    waker: Arc<Waker>,
    epoll: Epoll,
}

impl Wires {
    fn run(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; usize::from(u16::MAX)];
        loop {
            let now = self.clock.now();
            let patience = self.internet.deadline().map(|deadline| deadline.at.since(now));
            let ready: Vec<u64> = self.epoll.wait(patience)?.collect();
            let now = self.clock.now();
            self.internet.handle(Input::Wake, now);
            self.deliver();
            for key in ready {
                match u16::try_from(key) {
                    Ok(host) => self.read(HostId(host), &mut buffer, now)?,
                    Err(_) if !self.obey(now) => return self.end(),
                    Err(_) => {}
                }
            }
        }
    }

    fn read(&mut self, host: HostId, buffer: &mut [u8], now: Time) -> io::Result<()> {
        let Some(tun) = self.tuns.get(host.index()) else { return Ok(()) };
        for _ in 0..TURN {
            let Some(length) = tun.read(buffer)? else { break };
            let packet = buffer.get(..length).unwrap_or_default();
            if let Some(capture) = &mut self.capture {
                capture.note(packet, now)?;
            }
            self.internet.handle(Input::Sent(host, packet), now);
        }
        Ok(())
    }

    fn deliver(&mut self) {
        while let Some(Output::Deliver(to, packet)) = self.internet.poll() {
            // A host without room loses the packet, as it would on a real line.
            let _ = self.tuns.get(to.index()).map(|tun| tun.write(&packet));
        }
    }

    /// Carries out what was ordered; tells whether to go on.
    fn obey(&mut self, now: Time) -> bool {
        self.waker.clear();
        while let Ok(order) = self.told.try_recv() {
            let input = match order {
                Order::Cut(a, b) => Input::Cut(a, b),
                Order::BlockUdp(host) => Input::BlockUdp(host),
                Order::UdpOnly(host, other) => Input::UdpOnly(host, other),
                Order::Roam(host) => Input::Roam(host),
                Order::Silence(host) => Input::Silence(host),
                Order::Heal(a, b) => Input::Heal(a, b),
                Order::Restore(host) => Input::Restore(host),
                Order::Stop => return false,
            };
            self.internet.handle(input, now);
        }
        true
    }

    fn end(&mut self) -> io::Result<()> {
        self.capture.as_mut().map_or(Ok(()), Capture::flush)
    }
}
