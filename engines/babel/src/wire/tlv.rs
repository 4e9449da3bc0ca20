//! The TLVs that mean something by themselves, and their numbers (RFC 8966 §4.3).

use super::{Ack, AckRequest, Hello, Ihu, RouteRequest, SeqnoRequest, Update};

/// One thing said in a packet.
///
/// Padding is passed over; Router-Id and Next Hop are folded into the updates that they
/// concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tlv {
    /// Type 2.
    AckRequest(AckRequest),
    /// Type 3.
    Ack(Ack),
    /// Type 4.
    Hello(Hello),
    /// Type 5.
    Ihu(Ihu),
    /// Type 8.
    Update(Update),
    /// Type 9.
    RouteRequest(RouteRequest),
    /// Type 10.
    SeqnoRequest(SeqnoRequest),
}

pub(super) const PAD1: u8 = 0;
pub(super) const ACK_REQUEST: u8 = 2;
pub(super) const ACK: u8 = 3;
pub(super) const HELLO: u8 = 4;
pub(super) const IHU: u8 = 5;
pub(super) const ROUTER_ID: u8 = 6;
pub(super) const NEXT_HOP: u8 = 7;
pub(super) const UPDATE: u8 = 8;
pub(super) const ROUTE_REQUEST: u8 = 9;
pub(super) const SEQNO_REQUEST: u8 = 10;
