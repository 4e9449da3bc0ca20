//! What goes in and out.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{Ipv6Addr, SocketAddr};

use words::{LinkId, NodeId, Time, Wall};

use crate::{Claim, Contact, Meshes, Parameters, Refused};

/// What can happen to gossip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The calendar says this now; it runs on with the world's time. Until the first,
    /// no certificate is valid.
    Calendar(Wall),
    /// A link to this node came up.
    LinkUp(LinkId, NodeId),
    /// The link went away, or is no longer sought.
    LinkDown(LinkId),
    /// The word that is told next was read from its socket at this time, and waited since. Not told:
    /// it is read when it is told.
    Read(Time),
    /// A word of gossip came in through the link.
    Frame(LinkId, &'a [u8]),
    /// A word of gossip came over the overlay, from this address.
    Overlay(Ipv6Addr, &'a [u8]),
    /// How is the node reached, for this link of ours?
    Find(LinkId, NodeId),
    /// Our dial of the node, for this link of ours and with this token, has no answer: ask it
    /// to beckon, and where it is.
    Knock(LinkId, NodeId, u32),
    /// The node sees us here; it may lie.
    Observed(NodeId, SocketAddr),
    /// This machine has other addresses than before: what others saw is no longer true.
    Roamed,
    /// The exit by which we would leave the network, if any; told again when it is reached.
    Host(Option<NodeId>),
    /// A member announced itself on the LAN, from this address: sealed with the key of the
    /// network, and from where it says. Its encoded introduction is not judged.
    OnLan(SocketAddr, &'a [u8]),
    /// May whoever shows this encoded introduction, perhaps with a [`Claim`], and has shown to own
    /// this static X25519 key, have the link?
    Judge(LinkId, &'a [u8], [u8; 32]),
    /// An encoded [`SignedDocument`](crate::SignedDocument), from disk or registry.
    Document(&'a [u8]),
    /// Encoded introductions that were kept on disk.
    Contacts(&'a [Vec<u8>]),
    /// Encoded introductions from the registry, the first drawn at random.
    Bootstrap(&'a [Vec<u8>]),
    /// Our own encoded introduction; it changes with our addresses and at renewal.
    Myself(Vec<u8>),
    /// Nothing but time passed.
    Wake,
}

/// What gossip says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this word through the link.
    Send(LinkId, Vec<u8>),
    /// Send this word over the overlay, to the node's own address.
    Overlay(NodeId, Vec<u8>),
    /// The node sought for this link is reached so.
    Found(LinkId, Contact),
    /// The node of this link, which is dialled in vain, now says that it is reached so.
    Heard(LinkId, Contact),
    /// This node dials us in vain, with this token: beckon to its endpoints.
    Beckon(Contact, u32),
    /// Others see us here: all addresses of which one lone liar could not convince us. Said
    /// when it changes.
    Seen(Vec<SocketAddr>),
    /// The node was heard on the LAN just now, where it is reached at this address; said each time.
    OnLan(NodeId, SocketAddr),
    /// The node is on the LAN no longer, or we are not.
    OffLan(NodeId),
    /// This node would leave the network by us; with the index of its certificate.
    Guest(NodeId, Option<u32>),
    /// It would no longer.
    GuestLeft(NodeId),
    /// Nobody knows how to reach the node sought for this link.
    NotFound(LinkId),
    /// The node says that it is in a small part of its mesh, or that it is no longer; said when it
    /// changes, also of ourselves.
    Escaped(NodeId, bool),
    /// Who asked for the link is this node, and says this of the link; or is refused.
    Judged(LinkId, Result<(NodeId, Option<Claim>), Refused>),
    /// A node describes itself so; said again when it changes.
    Described(NodeId, Contact),
    /// These nodes can be reached without the mesh: named by the registry, or remembered.
    Bootstrap(Vec<NodeId>),
    /// The registry's random peer.
    Introduced(NodeId),
    /// The network's parameters are now these, inside their bounds.
    Parameters(Parameters),
    /// The network is divided in these meshes from now on, or is one. Said when it changes.
    Meshes(Option<Meshes>),
    /// Close the link at once: its peer is no longer of the network.
    Banish(LinkId),
    /// Keep this signed document on disk.
    SaveDocument(Arc<[u8]>),
    /// Keep these introductions on disk, instead of all before.
    SaveContacts(Vec<Vec<u8>>),
    /// The date that we go by is another now: see [`Gossip::date`](crate::Gossip::date).
    Dated,
    /// Ask the registry for introductions and the newest document.
    AskRegistry,
    /// Tell the registry what we saw these members carry in this epoch, in Mbit/s: we were drawn to.
    Attested {
        /// Number of the epoch.
        epoch: u64,
        /// The members, each once, and what was seen of them.
        seen: Vec<(NodeId, u32)>,
    },
    /// Something worth a log line, a counter or an assertion.
    Event(Event),
}

/// What is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A newer document is in force.
    Document {
        /// Its version.
        version: u64,
    },
    /// The registry began another chain of its parts of beacons: it could choose with which.
    AnotherChain {
        /// Number of the epoch.
        epoch: u64,
    },
    /// A parameter of the document was out of its bounds, and brought back.
    Clamped {
        /// Version of the document.
        version: u64,
        /// Name of the parameter.
        parameter: &'static str,
    },
    /// A document was refused.
    DocumentRefused {
        /// Which link it came through; `None` for disk and registry.
        from: Option<LinkId>,
        /// Why.
        why: Refused,
    },
    /// A link is closed because of its peer's certificate.
    Banished {
        /// The link.
        link: LinkId,
        /// The peer.
        node: NodeId,
        /// What the certificate is: revoked or expired.
        why: Refused,
    },
    /// The document revokes our own certificate: enrol again.
    WeAreRevoked {
        /// Number of our certificate.
        serial: u64,
    },
    /// The calendar was set while we run: by hand, or by a clock that was wrong or is now.
    CalendarJumped {
        /// What it should have said.
        from: Wall,
        /// What it said.
        to: Wall,
    },
    /// We go by another date than our calendar's, which most of our neighbours do not share. Said once
    /// while that is so.
    DateOverruled {
        /// What our calendar says.
        calendar: Wall,
        /// The date that we go by.
        date: Wall,
    },
    /// Others will refuse the introduction that we show.
    MyselfRefused {
        /// Why.
        why: Refused,
    },
}

impl Event {
    /// Returns its name, as in counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Document { .. } => "document",
            Self::AnotherChain { .. } => "another-chain",
            Self::Clamped { .. } => "clamped",
            Self::DocumentRefused { .. } => "document-refused",
            Self::Banished { .. } => "banished",
            Self::WeAreRevoked { .. } => "we-are-revoked",
            Self::CalendarJumped { .. } => "calendar-jumped",
            Self::DateOverruled { .. } => "date-overruled",
            Self::MyselfRefused { .. } => "myself-refused",
        }
    }
}

/// Why gossip wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// To ask the registry.
    AskRegistry,
    /// To introduce another of those whom the registry named.
    Introduce,
    /// To have the contacts kept.
    Save,
    /// To tell a neighbour our version again.
    Tell(LinkId),
    /// To ask a neighbour for the document again, or another one.
    Fetch,
    /// To ask a node again how it is reached, or to give up.
    Search(NodeId),
    /// To tell the exit that we named again, or to forget a guest.
    Guests,
    /// To show others what we carry, or to tell what we saw others carry.
    Attest,
    /// A node on the LAN was silent for too long.
    Lan,
    /// To tell neighbours who escaped, or to forget one.
    Escapes,
    /// A neighbour's certificate expires.
    Expiry(LinkId),
}

/// How often things happened, since the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Refusals, by the name of their reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Documents accepted.
    pub documents: u64,
    /// Contacts learnt, or replaced by newer ones.
    pub contacts: u64,
    /// Questions sent over the overlay.
    pub asked: u64,
    /// Questions answered over the overlay.
    pub answered: u64,
    /// Nodes asked to beckon, each time.
    pub knocked: u64,
    /// Nodes that asked us to beckon, each time that we did.
    pub beckoned: u64,
    /// Trains sent to those who attest what we carry.
    pub trains: u64,
}

impl Counters {
    pub(crate) fn refuse(&mut self, why: &Refused) {
        *self.refused.entry(why.name()).or_default() += 1;
    }
}
