//! The TLVs that mean something by themselves, and their numbers (RFC 8966 §4.3).

use super::{Ack, AckRequest, Hello, Ihu, RouteRequest, RouterId, SeqnoRequest, Update};
use crate::{Family, Key};

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

impl Tlv {
    /// Tells whether there are words for it on the wire; see [`Builder::push`].
    ///
    /// [`Builder::push`]: super::Builder::push
    pub(super) fn can_be_said(&self) -> bool {
        match self {
            Self::AckRequest(_) | Self::Ack(_) | Self::Hello(_) | Self::Ihu(_) => true,
            Self::Update(update) if update.metric.is_finite() => {
                let through = update.hop.is_some_and(|hop| hop.is_ipv4());
                let whose = update.router.is_some_and(RouterId::is_legal);
                update.key.is_some_and(|key| {
                    is_of_one_family(key) && (key.family() == Family::V4 || !through)
                }) && whose
            }
            Self::Update(update) => update.key.is_none_or(is_of_one_family),
            Self::RouteRequest(ask) => ask.key.is_none_or(is_of_one_family),
            Self::SeqnoRequest(ask) => {
                is_of_one_family(ask.key) && ask.hops > 0 && ask.router.is_legal()
            }
        }
    }
}

fn is_of_one_family(key: Key) -> bool {
    !key.is_source_specific() || Key::to(key.source).family() == key.family()
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
