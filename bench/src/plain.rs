//! What the kernel alone needs for many routes: the yardstick.

use std::io;
use std::net::Ipv6Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use linux::Netlink;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use crate::told::Told;
use crate::wires::{self, Wires};

/// Octets of requests that go to the kernel at once.
const BATCH: usize = 32_768;

/// Puts as many routes as `told` has into the kernel of fresh wires, from requests prepared
/// beforehand, and returns how long the kernel took.
///
/// # Errors
///
/// Rights are missing.
pub(crate) fn insert(told: Told) -> Result<Duration> {
    let wires = Wires::make(1)?;
    wires.daemon.run(|| -> Result<Duration> {
        let device = Netlink::open()?.index("d0")?;
        let batches = batches(told, device);
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        let start = Instant::now();
        for batch in &batches {
            socket.send(batch, 0)?;
            answered(&socket).context("insert routes")?;
        }
        Ok(start.elapsed())
    })?
}

/// Waits for the answer to the last request of a batch; each fault is answered before it.
fn answered(socket: &Socket) -> io::Result<()> {
    let (datagram, _) = socket.recv_from_full()?;
    match NetlinkMessage::<RouteNetlinkMessage>::deserialize(&datagram).map(|all| all.payload) {
        Ok(NetlinkPayload::Error(answer)) if answer.code.is_none() => Ok(()),
        Ok(NetlinkPayload::Error(answer)) => Err(answer.to_io()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn batches(told: Told, device: u32) -> Vec<Vec<u8>> {
    let (mut batches, mut batch) = (Vec::new(), Vec::new());
    for index in 0..told.routes {
        let last = index + 1 == told.routes;
        let full = batch.len() + 256 > BATCH || last;
        let message = request(told.range(0, index), device, full);
        let start = batch.len();
        batch.resize(start + message.buffer_len(), 0);
        message.serialize(batch.get_mut(start..).unwrap_or_default());
        if full {
            batches.push(std::mem::take(&mut batch));
        }
    }
    batches
}

fn request(range: words::Prefix, device: u32, answer: bool) -> NetlinkMessage<RouteNetlinkMessage> {
    let mut route = RouteMessage::default();
    route.header.address_family = AddressFamily::Inet6;
    route.header.destination_prefix_length = range.length();
    route.header.table = RouteHeader::RT_TABLE_MAIN;
    route.header.protocol = RouteProtocol::Babel;
    route.header.scope = RouteScope::Universe;
    route.header.kind = RouteType::Unicast;
    let hop: Ipv6Addr = wires::address(false, 0);
    route.attributes = vec![
        RouteAttribute::Destination(RouteAddress::Inet6(range.first())),
        RouteAttribute::Oif(device),
        RouteAttribute::Gateway(RouteAddress::Inet6(hop)),
    ];
    let mut header = NetlinkHeader::default();
    let ack = if answer { NLM_F_ACK } else { 0 };
    header.flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE | ack;
    let mut message =
        NetlinkMessage::new(header, NetlinkPayload::from(RouteNetlinkMessage::NewRoute(route)));
    message.finalize();
    message
}
