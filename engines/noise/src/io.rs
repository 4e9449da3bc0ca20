//! What goes in and out.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use words::{LinkId, Wall};

use crate::Keys;

/// What can happen to the carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// Open a link of ours.
    Open {
        /// The link; one of ours, never used before.
        link: LinkId,
        /// The static X25519 key of the node to reach.
        peer: [u8; 32],
        /// Where it may be, tried in turn; 8 at most are, and none that is no place
        /// of another node (loopback, multicast, broadcast, unspecified, port 0, inside
        /// [`Settings::network`](crate::Settings::network)).
        endpoints: &'a [SocketAddr],
        /// What is shown of ourselves there, at most
        /// [`LONGEST_INTRODUCTION`](crate::LONGEST_INTRODUCTION) octets; if empty or longer, what
        /// [`Input::Introduction`] said.
        introduction: &'a [u8],
    },
    /// The node takes the link that [`Output::Request`] asked for.
    Accept(LinkId),
    /// The node does not take it; the number says why, in the node's words.
    Refuse(LinkId, u8),
    /// The node is done with the link. Nothing is answered but [`Output::Retire`].
    ///
    /// The plane stops sending at once and goes on receiving until then.
    Close(LinkId),
    /// A datagram that opens with no session: anything at all.
    Datagram {
        /// Where it came from.
        from: SocketAddr,
        /// Its octets.
        bytes: &'a [u8],
    },
    /// The plane opened a packet of a session.
    ///
    /// Needed once for each session that the other end asked for; harmless at any
    /// other time.
    Heard {
        /// The link.
        link: LinkId,
        /// Our index of the session, [`Keys::local`].
        receiver: u32,
    },
    /// What time it is. A calendar that went back by a day or less is not followed: what we
    /// say of the time must only rise. One that leapt by more, either way, is followed once it
    /// has stayed there for five minutes; ahead at once, while there is no link.
    Calendar(Wall),
    /// The plane opened a packet of the link, and it came from this new address. Not
    /// followed if that is no place of another node, as in [`Input::Open`].
    Moved(LinkId, SocketAddr),
    /// The node of a link that is dialled says anew where it is: it is tried there, at once,
    /// and no longer elsewhere.
    Endpoints {
        /// The link.
        link: LinkId,
        /// Where it may be, as in [`Input::Open`].
        endpoints: &'a [SocketAddr],
    },
    /// A node dials us, and hears nothing: show it where we are, so that its dial gets here.
    ///
    /// A few small datagrams go to each of the first [`BECKONED`](crate::BECKONED) endpoints
    /// that can be another node's.
    Beckon {
        /// Its static X25519 key.
        peer: [u8; 32],
        /// The number that it gave to its dial: [`Output::Unanswered`].
        token: u32,
        /// Where it may be.
        endpoints: &'a [SocketAddr],
    },
    /// This machine has other addresses than before: every link of ours asks for new keys at
    /// once, which tells the other ends where we are, and us how they see us.
    Roamed,
    /// The other end of a link of ours is said to be at this address too, and near: if it answers
    /// a handshake for new keys there, the link goes there from then on; if not, it stays where
    /// it is. Tried at most once a minute for each link.
    Nearer {
        /// The link.
        link: LinkId,
        /// Where its other end may be.
        at: SocketAddr,
    },
    /// What we show of ourselves in handshakes from now on.
    ///
    /// At most [`LONGEST_INTRODUCTION`](crate::LONGEST_INTRODUCTION) octets; a
    /// longer one is not taken, and [`Event::IntroductionTooLong`] said.
    Introduction(Vec<u8>),
    /// Nothing but time passed.
    Wake,
}

/// What the carrier wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this datagram, now and once.
    Transmit {
        /// Where to.
        to: SocketAddr,
        /// Its octets, at most [`LONGEST`](crate::LONGEST).
        bytes: Vec<u8>,
    },
    /// Somebody asks to open a link to us: answer [`Input::Accept`] or [`Input::Refuse`].
    ///
    /// After 5 s without an answer it is forgotten; an acceptance that comes later
    /// is answered with [`Output::Down`].
    Request {
        /// The link as it will be named.
        link: LinkId,
        /// Where it was asked from.
        from: SocketAddr,
        /// The static key that the handshake proved.
        key: [u8; 32],
        /// What the initiator shows of itself; nobody has checked it yet.
        introduction: Vec<u8>,
    },
    /// The link has a further session: receive with these keys from now on.
    ///
    /// Send through the *newest* session of the link that may be sent through: one
    /// with [`Keys::initiator`], or one that a packet was opened of. So nothing is
    /// lost when keys change.
    Install {
        /// The link.
        link: LinkId,
        /// What the two ends share.
        keys: Keys,
        /// Where the other end is.
        to: SocketAddr,
    },
    /// The link works. Said once for each link.
    ///
    /// If it is ours, send an empty frame through it at once: the other end may
    /// not send before it heard us. If it is theirs, it was heard.
    Up {
        /// The link.
        link: LinkId,
        /// What the responder shows of itself; empty on links of theirs, whose
        /// initiator showed itself in [`Output::Request`].
        introduction: Vec<u8>,
    },
    /// The other end sees us here: said of each answer to a dial of ours, also for new keys,
    /// before what comes of it. It may lie.
    Observed {
        /// The link that was dialled.
        link: LinkId,
        /// Where the answered initiation came from.
        at: SocketAddr,
    },
    /// A dial of ours has had no answer for a while: its node may be where nobody gets in
    /// who was not sent something first. Ask it, by another way, to [`Input::Beckon`].
    ///
    /// Said a few times for one dial at most.
    Unanswered {
        /// The link that is dialled.
        link: LinkId,
        /// What the node is to name.
        token: u32,
    },
    /// The link is gone, or never came. Its sessions were retired before.
    Down(LinkId, Why),
    /// The other end refused our link, for the reason of this number.
    Refused(LinkId, u8),
    /// The sessions of the link go to this address from now on.
    Redirect {
        /// The link.
        link: LinkId,
        /// Where the other end is now.
        to: SocketAddr,
    },
    /// This session is no longer valid: forget it and wipe its keys.
    Retire {
        /// Our index of the session, [`Keys::local`].
        receiver: u32,
    },
    /// Something worth a log line, a counter or an assertion.
    Event(Event),
}

/// Why a link is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The node to reach has no address, or an impossible key.
    Unreachable,
    /// Nobody answered our initiations.
    Silent,
    /// We answered, and the initiator was not heard.
    Unconfirmed,
    /// The node accepted after the request was forgotten.
    TooLate,
    /// No new session replaced the last one in time.
    Expired,
    /// The other end no longer knows the link.
    Forgotten,
}

impl Why {
    /// Returns its name, as in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Silent => "silent",
            Self::Unconfirmed => "unconfirmed",
            Self::TooLate => "too-late",
            Self::Expired => "expired",
            Self::Forgotten => "forgotten",
        }
    }
}

/// What is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// We call a node.
    Dialled(LinkId),
    /// The link has new keys.
    Rekeyed {
        /// The link.
        link: LinkId,
        /// How old the keys before were.
        after: Duration,
    },
    /// A node that was out of our reach beckoned.
    Beckoned(LinkId),
    /// More strangers call than are calm: cookies are asked.
    Flooded,
    /// Our own introduction does not fit a handshake; the one before stays.
    IntroductionTooLong {
        /// Its octets.
        got: usize,
    },
}

impl Event {
    /// Returns its name, as in messages and counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dialled(_) => "dialled",
            Self::Rekeyed { .. } => "rekeyed",
            Self::Beckoned(_) => "beckoned",
            Self::Flooded => "flooded",
            Self::IntroductionTooLong { .. } => "introduction-too-long",
        }
    }
}

/// Why the carrier wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// To call again, or to give up.
    Dial(LinkId),
    /// To forget a request or an answer.
    Answer,
    /// To beckon again.
    Beckon,
    /// To ask for new keys, or to give a link up.
    Link(LinkId),
    /// To retire a session.
    Retire(u32),
}
