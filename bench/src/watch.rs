//! The routes of a kernel, as it tells of every change.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums are the kernel's, which grow; what we do not know, we did not ask for"
)]

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use linux::{Clock, Namespace, Waker, readable};
use netlink_packet_core::{NLM_F_REPLACE, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteType};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};
use words::Time;

use crate::told::Told;

/// `RTNLGRP_IPV6_ROUTE`. Source: linux/rtnetlink.h.
const IPV6_ROUTES: u32 = 11;
/// What the kernel may keep for us: many changes come at once.
const ROOM: usize = 512 << 20;
/// How long changes gather before they are looked at; they are seen so much later at most. Who
/// makes them would else pay for waking us at each one, the more the slower it is.
const PAUSE: Duration = Duration::from_millis(2);

/// Looks at the routes of a namespace, as long as this lives.
#[derive(Debug)]
pub(crate) struct Watch {
    seen: Arc<Mutex<Seen>>,
    waker: Arc<Waker>,
    thread: Option<JoinHandle<()>>,
}

/// The routes now, and how they changed.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The devices of each range's routes; 0 for one that refuses packets.
    routes: HashMap<u128, Vec<u32>>,
    /// Every change of a range since the last [`Watch::forget`], in order.
    changes: Vec<Change>,
    /// Changes that the kernel could not tell.
    lost: bool,
}

/// A change of the routes to one range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    /// When we were told.
    pub(crate) at: Time,
    /// The device of the route that went; 0 of one that refused packets.
    pub(crate) left: Option<u32>,
    /// The range has no other route that leads anywhere.
    pub(crate) dark: bool,
}

impl Watch {
    /// Begins to look; `clock` tells when changes happen.
    ///
    /// # Errors
    ///
    /// Netlink is forbidden, or rights are missing.
    pub(crate) fn start(namespace: &Namespace, clock: Clock) -> Result<Self> {
        let open = || -> io::Result<Socket> {
            let mut socket = Socket::new(NETLINK_ROUTE)?;
            socket.bind(&SocketAddr::new(0, 0))?;
            setsockopt(&socket, sockopt::RcvBufForce, &ROOM)?;
            socket.add_membership(IPV6_ROUTES)?;
            socket.set_non_blocking(true)?;
            Ok(socket)
        };
        let socket = namespace.run(open)?.context("watch routes by netlink")?;
        let (seen, waker) = (Arc::new(Mutex::new(Seen::default())), Arc::new(Waker::new()?));
        let (seen2, waker2) = (Arc::clone(&seen), Arc::clone(&waker));
        let thread = thread::Builder::new().name("routes".into());
        let look = move || look(&socket, &waker2, &seen2, clock);
        let thread = thread.spawn(look).context("start a thread")?;
        Ok(Self { seen, waker, thread: Some(thread) })
    }

    /// Returns how many ranges have a route that leads somewhere, but not by one of `devices`.
    pub(crate) fn outside(&self, devices: &BTreeSet<u32>) -> usize {
        let elsewhere = |device: &u32| *device != 0 && !devices.contains(device);
        self.with(|seen| seen.routes.values().filter(|by| by.iter().any(elsewhere)).count())
    }

    /// Returns how many ranges have a route by one of `devices`.
    pub(crate) fn through(&self, devices: &BTreeSet<u32>) -> usize {
        let through = |device: &u32| devices.contains(device);
        self.with(|seen| seen.routes.values().filter(|by| by.iter().any(through)).count())
    }

    /// Forgets the changes so far.
    pub(crate) fn forget(&self) {
        self.with(|seen| seen.changes.clear());
    }

    /// Returns the changes since they were last forgotten.
    pub(crate) fn changes(&self) -> Vec<Change> {
        self.with(|seen| seen.changes.clone())
    }

    /// Tells whether some changes went by unseen.
    pub(crate) fn has_lost(&self) -> bool {
        self.with(|seen| seen.lost)
    }

    fn with<T>(&self, what: impl FnOnce(&mut Seen) -> T) -> T {
        what(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.waker.wake();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn look(socket: &Socket, waker: &Waker, seen: &Mutex<Seen>, clock: Clock) {
    loop {
        let patience = Some(Duration::from_secs(1));
        let Ok([told, end]) = readable([socket.as_fd(), waker.as_fd()], patience) else { return };
        if end {
            return;
        }
        if told {
            thread::sleep(PAUSE);
        }
        if told && !drain(socket, &mut seen.lock().unwrap_or_else(PoisonError::into_inner), clock) {
            return;
        }
    }
}

/// Takes in what waits; false if nothing will come any more.
fn drain(socket: &Socket, seen: &mut Seen, clock: Clock) -> bool {
    loop {
        match socket.recv_from_full() {
            Ok((datagram, _)) => seen.take(&datagram, clock.now()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
            Err(_) => {
                seen.lost = true;
                return false;
            }
        }
    }
}

impl Seen {
    fn take(&mut self, datagram: &[u8], at: Time) {
        let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(datagram) else {
            return;
        };
        let replaces = message.header.flags & NLM_F_REPLACE != 0;
        let NetlinkPayload::InnerMessage(message) = message.payload else { return };
        let (route, gone) = match &message {
            RouteNetlinkMessage::NewRoute(route) => (route, false),
            RouteNetlinkMessage::DelRoute(route) => (route, true),
            _ => return,
        };
        let Some((range, device)) = listed(route) else { return };
        let by = self.routes.entry(range).or_default();
        let mut left = gone.then_some(device);
        if replaces {
            left = by.first().copied();
            by.clear();
        }
        if !gone {
            by.push(device);
        } else if let Some(place) = by.iter().position(|one| *one == device) {
            by.swap_remove(place);
        }
        let dark = by.iter().all(|device| *device == 0);
        if by.is_empty() {
            self.routes.remove(&range);
        }
        self.changes.push(Change { at, left, dark });
    }
}

/// Returns the range of a route that neighbours told, and its device.
fn listed(route: &RouteMessage) -> Option<(u128, u32)> {
    let (mut range, mut device) = (None, 0);
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Destination(RouteAddress::Inet6(first)) => range = Some(*first),
            RouteAttribute::Oif(by) => device = *by,
            _ => {}
        }
    }
    if route.header.kind != RouteType::Unicast {
        device = 0;
    }
    let range = range?.to_bits();
    Told::has(range, route.header.destination_prefix_length).then_some((range, device))
}
