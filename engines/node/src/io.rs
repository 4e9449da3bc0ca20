//! What goes in and out.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{Ipv6Addr, SocketAddr};

use arrows::Refusal;
use words::routing::Range;
use words::{Carrier, LinkId, NodeId, Prefix, Time, Traffic, Wall};

use crate::Ipv4;

/// What can happen to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The calendar says this; told at start, and again at least once an hour.
    Calendar(Wall),
    /// Somebody who holds this X25519 `key` asks to open `link`, and shows an introduction.
    Request {
        /// The link as it would be named.
        link: LinkId,
        /// The static key that the handshake proved.
        key: [u8; 32],
        /// Certificate, contact and signature, not yet judged, and what it says of the link.
        introduction: &'a [u8],
    },
    /// The carrier made the link.
    Up(LinkId),
    /// The carrier lost the link, or never made it.
    Down(LinkId),
    /// The other end refused the link, for the reason of this number.
    Refused(LinkId, u8),
    /// Our dial of the link has no answer, and has this token: its node is to beckon.
    Unanswered(LinkId, u32),
    /// The other end of the link sees us here, it says.
    Observed(LinkId, SocketAddr),
    /// This machine has other addresses than before.
    Roamed,
    /// A member announced itself on the LAN: sealed with the network's key, from where it says.
    OnLan {
        /// Where it is reached.
        at: SocketAddr,
        /// Its introduction, not yet judged.
        introduction: &'a [u8],
    },
    /// The frame or datagram that is told next was read at this time, and waited since; not told: it
    /// is read when it is told. Only gossip asks for it.
    Read(Time),
    /// A control frame came in through the link, with its first octet.
    Frame(LinkId, &'a [u8]),
    /// A datagram came to our overlay address from this one.
    Overlay(Ipv6Addr, &'a [u8]),
    /// Payload crossed a watched link since this was last said.
    Carried(LinkId),
    /// What crossed links since this was last said of them. To be told before [`Wake`](Self::Wake),
    /// when anything has, and when payload crosses a link that carried none for a while.
    Traffic(&'a [Traffic]),
    /// We carried so much for others in the minute that is over, and so much would be usual for who
    /// can carry what we can, in the same unit. Told once a minute, by who knows the latter.
    Relayed {
        /// What we carried.
        carried: u64,
        /// What would be usual, not 0.
        usual: u64,
    },
    /// A network document, from the registry or from disk.
    Document(&'a [u8]),
    /// Introductions we had on disk.
    Contacts(&'a [Vec<u8>]),
    /// Introductions that the registry or the configuration names to begin with.
    Bootstrap(&'a [Vec<u8>]),
    /// What we show of ourselves: told at start, and when it changes.
    Myself(&'a [u8]),
    /// The small index of our certificate, which our IPv4 addresses follow from: told at start,
    /// and when it changes.
    Index(u32),
    /// Announce this range besides our own: we are a way out of the network.
    Announce(Range),
    /// Announce it no longer.
    Withdraw(Range),
    /// We are about to stop: let routes leave us, so that nobody's packets are lost, and then
    /// close every link with a word, 1.2 s later or when told again.
    Leave,
    /// Nothing but time passed.
    Wake,
}

/// What a node wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a link to this node.
    Open {
        /// The link.
        link: LinkId,
        /// The node at the other end.
        to: NodeId,
        /// The tunnel technology.
        carrier: Carrier,
        /// The node's static X25519 key.
        key: [u8; 32],
        /// Where it says it listens, in the order of its preference.
        endpoints: Vec<SocketAddr>,
        /// What is shown there of ourselves, and said of the link; empty: what
        /// [`Myself`](Input::Myself) said.
        introduction: Vec<u8>,
    },
    /// The node of a link that is being opened is elsewhere: dial it there.
    Redial {
        /// The link.
        link: LinkId,
        /// Where it now says it listens.
        endpoints: Vec<SocketAddr>,
    },
    /// The other end of this link of ours is on the same LAN, reached there at `at`: go there, if
    /// it answers.
    Nearer {
        /// The link.
        link: LinkId,
        /// Where its other end is said to be.
        at: SocketAddr,
    },
    /// A node dials us in vain: beckon to it.
    Beckon {
        /// Its static X25519 key.
        key: [u8; 32],
        /// The token of its dial.
        token: u32,
        /// Where it says it listens.
        endpoints: Vec<SocketAddr>,
    },
    /// Others see us here, beyond what one liar could say; our contact may name it.
    Seen(Vec<SocketAddr>),
    /// Let the link that was asked for come up.
    Accept(LinkId),
    /// Refuse the link that was asked for, for the reason of this number.
    Refuse(LinkId, u8),
    /// Close the link.
    Close(LinkId),
    /// Send this whole frame through the link, before any payload.
    Send(LinkId, Vec<u8>),
    /// Send this datagram to a node's overlay address, as payload.
    Overlay(Ipv6Addr, Vec<u8>),
    /// Forward packets for this range through this link, or nowhere.
    Route(Range, Option<LinkId>),
    /// Packets for these ranges lead nowhere, unless a longer range is routed; replaces what was
    /// said before.
    Closed(Vec<Prefix>),
    /// These IPv4 addresses are ours from now on; `None`: none are.
    Ipv4(Option<Ipv4>),
    /// From now on, tell when payload crosses this link.
    Watch(LinkId),
    /// Keep this document on disk.
    SaveDocument(Arc<[u8]>),
    /// Keep these introductions on disk, instead of those kept before.
    SaveContacts(Vec<Vec<u8>>),
    /// Sign anew what we show of ourselves, dated now, and say in it whether we escaped: tell it as
    /// [`Myself`](Input::Myself).
    Escape(bool),
    /// Ask the registry for introductions to begin with.
    AskRegistry,
    /// Tell the registry what we saw these members of our mesh carry in this epoch, in Mbit/s: we
    /// were drawn to.
    Attested {
        /// Number of the epoch.
        epoch: u64,
        /// The members, and what was seen of them.
        seen: Vec<(NodeId, u32)>,
    },
    /// Something worth telling.
    Event(Event),
}

/// What is worth telling, by the part that tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// About arrows.
    Arrows(arrows::Event),
    /// About contacts and documents.
    Gossip(gossip::Event),
    /// The network has an IPv4 range, but too few parts of it for our index.
    NoIpv4 {
        /// Our index.
        index: u32,
        /// How many parts there are.
        room: u32,
    },
    /// We begin to serve as border node in this mesh.
    Entered {
        /// The mesh.
        mesh: Prefix,
    },
    /// We serve in it no longer, and have no link there any more.
    Left {
        /// The mesh.
        mesh: Prefix,
    },
    /// A node asked for a link, and the two of us are not both members of the mesh that it would
    /// belong to.
    NotAdmitted {
        /// The link.
        link: LinkId,
        /// The node.
        node: NodeId,
        /// Why.
        why: Refusal,
    },
    /// A node that goes by another network document than we has a link, by which nothing but the
    /// newer one of the two travels until both know which mesh it belongs to.
    Waits {
        /// The link.
        link: LinkId,
        /// The node.
        node: NodeId,
    },
    /// We do not reach most of our mesh, so that our own prefix passes between meshes; or we do again.
    Escaped(bool),
    /// We had too few links at home for a whole period, and try nodes of the whole network.
    SeeksRefuge {
        /// How many.
        tries: usize,
    },
    /// A node that has too few links at home has one with us.
    Refugee {
        /// The link.
        link: LinkId,
        /// The node.
        node: NodeId,
    },
    /// The link of a node that is no longer elected to serve in our mesh is closed.
    Expelled {
        /// The link.
        link: LinkId,
    },
    /// A control frame that no part understands came through this link.
    UnknownFrame(LinkId),
}

/// Why a node wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why<R> {
    /// For its arrows.
    Arrows(arrows::Why),
    /// For its routing protocol.
    Routing(R),
    /// For its gossip.
    Gossip(gossip::Why),
    /// For its part between meshes.
    Meshes,
}
