//! What goes in and out.

use alloc::vec::Vec;
use core::time::Duration;

use principles::{Cause, Drawn, Traits};
use words::{Carrier, Carriers, LinkId, NodeId, Traffic};

use crate::{Malformed, Settings};

/// What can happen to our arrows, and to the links that others opened to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// Routing has a route to that node, which is not ourselves.
    Reachable(NodeId),
    /// Routing has no route to that node any more.
    Unreachable(NodeId),
    /// The nodes that serve in this mesh and are at home in others: candidates like those that routing
    /// reaches, which tells nothing of them here.
    ///
    /// All of them: it replaces what was told before.
    Guests(&'a [NodeId]),
    /// What exceptions may know of a node, whether or not it is reachable.
    Described(NodeId, Traits),
    /// The round trip to a node was measured; for the `neighbourhood` exception only.
    Delay(NodeId, Duration),
    /// The nodes which the configuration or the registry names to begin with.
    ///
    /// All of them: it replaces what was told before.
    Bootstrap(&'a [NodeId]),
    /// The random peer which the registry named: one more candidate.
    Introduced(NodeId),
    /// The node was heard on the LAN, just now.
    ///
    /// Told again while it is heard, until [`OffLan`](Self::OffLan).
    OnLan(NodeId),
    /// The node is on the LAN no longer.
    OffLan(NodeId),
    /// The node that was sought can be reached by these carriers.
    Found(LinkId, Carriers),
    /// Nobody could say how to reach the node that was sought.
    NotFound(LinkId),
    /// A node, already known to be what it says, asks to open this link to us.
    Request(LinkId, NodeId),
    /// The carrier made the link, to this node.
    Up(LinkId, NodeId),
    /// The carrier lost the link, or never made it.
    Down(LinkId),
    /// The other end refused the link.
    Refused(LinkId, Refusal),
    /// Routing sends to this many destinations through the link.
    Usage(LinkId, u32),
    /// Payload crossed a watched link just now, either way.
    ///
    /// Told again at most every 200 ms while it goes on.
    Carried(LinkId),
    /// What crossed links since this was last said of them.
    ///
    /// Told whenever it is worth a look, and before the world wakes the engine by its
    /// deadline, so that nobody is called silent whose packets were heard elsewhere.
    Traffic(&'a [Traffic]),
    /// What we carry for others makes each link of ours look so much longer, in both directions,
    /// 400 ms at most; replaces what was said before. Source: `order::Load`.
    Load(Duration),
    /// A word of the other end, after the octet that marks it as ours.
    Frame(LinkId, &'a [u8]),
    /// The parameters changed.
    Settings(&'a Settings),
    /// The node at the other end was revoked: close at once.
    Banish(LinkId),
    /// The node is in another mesh by now: it is no candidate any more, whoever reaches or named it.
    Elsewhere(NodeId),
    /// The node is drawn by other arrows of ours from now on: it is no candidate here any more, and
    /// the arrow to it drains, so that the other end lets theirs in.
    Yield(NodeId),
    /// Open an arrow to this node, which was drawn among all of the network, unless there is a link
    /// with it.
    Try(Drawn<NodeId>),
    /// Draw nobody until told otherwise: these arrows are about to go. Others may still call us.
    Hold(bool),
    /// The link, which a node opened to us, is one of other arrows of ours: forget it, and say nothing to its
    /// other end.
    HandOver(LinkId),
    /// This link, which a node opened to us, was one of other arrows of ours: it is one of these from now on,
    /// or is closed, as if the node asked for it now.
    TakeOver(LinkId, NodeId),
    /// The link is of no mesh any more, and routing has left it: close it with a word.
    Dismiss(LinkId),
    /// We are about to stop: no more draws, rounds or new links; routes are made to leave
    /// every link, and 1.2 s later, or if told again, all are closed with a word.
    Leave,
    /// Nothing but time passed.
    Wake,
}

/// What we want done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Find out how to reach this node, to which the link will be opened.
    Seek(LinkId, NodeId),
    /// Open a link to this node by this carrier.
    Open(LinkId, NodeId, Carrier),
    /// Let the link that was asked for come up.
    Accept(LinkId),
    /// Refuse the link that was asked for.
    Refuse(LinkId, Refusal),
    /// Close the link, or give up opening it, and forget it everywhere.
    ///
    /// What was to be sent through it before goes first.
    Close(LinkId),
    /// Make the link look very bad to routing, for ever.
    Shun(LinkId),
    /// Let routing treat the link as if a round trip over it took so much longer; replaces
    /// what was said before, and never takes back a [`Shun`](Self::Shun).
    Charge(LinkId, Duration),
    /// Tell from now on when payload crosses the link.
    Watch(LinkId),
    /// Let routing forget the link now; the carrier stays up for the goodbye.
    ///
    /// Both ends have left it, or we are about to stop. Without this, a route could come back
    /// between our goodbye and the other end's answer, and die with the link.
    Leave(LinkId),
    /// Send this word to the other end, to be marked as ours.
    Send(LinkId, Vec<u8>),
    /// Something worth a log line, a counter or an assertion.
    Event(Event),
}

/// Why a link was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// As many links as we accept are open already.
    Full,
    /// There is a link between the two nodes already.
    Linked,
    /// Both dialled each other at once, and the smaller [`NodeId`]'s dial wins.
    Crossed,
    /// The node is not what it says: said by others than this engine.
    Identity,
    /// The node is about to stop.
    Leaving,
    /// The node that asks did so too often of late.
    Often,
    /// The node that asks is no member of the mesh that the link would belong to: said by others than
    /// this engine.
    OtherMesh,
    /// The node that is asked is no member of the mesh that the link would belong to: said by others
    /// than this engine.
    Elsewhere,
    /// The two nodes go by different network documents, and cannot agree on a mesh before the newer
    /// one has come to both; for that, too many wait already. Said by others than this engine.
    Outdated,
    /// A reason of a later version, by its number.
    Other(u8),
}

impl Refusal {
    /// Returns its name, as in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Linked => "linked",
            Self::Crossed => "crossed",
            Self::Identity => "identity",
            Self::Leaving => "leaving",
            Self::Often => "often",
            Self::OtherMesh => "other-mesh",
            Self::Elsewhere => "elsewhere",
            Self::Outdated => "outdated",
            Self::Other(_) => "other",
        }
    }
}

impl From<Refusal> for u8 {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full => 1,
            Refusal::Linked => 2,
            Refusal::Crossed => 3,
            Refusal::Identity => 4,
            Refusal::Leaving => 5,
            Refusal::Often => 6,
            Refusal::OtherMesh => 7,
            Refusal::Elsewhere => 8,
            Refusal::Outdated => 9,
            Refusal::Other(number) => number,
        }
    }
}

impl From<u8> for Refusal {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::Full,
            2 => Self::Linked,
            3 => Self::Crossed,
            4 => Self::Identity,
            5 => Self::Leaving,
            6 => Self::Often,
            7 => Self::OtherMesh,
            8 => Self::Elsewhere,
            9 => Self::Outdated,
            other => Self::Other(other),
        }
    }
}

/// What is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An arrow was drawn.
    Born {
        /// The arrow.
        link: LinkId,
        /// Where it points.
        to: NodeId,
        /// What the choice is owed to.
        of: Cause,
    },
    /// An arrow came to life: the carrier made the link.
    Opened {
        /// The arrow.
        link: LinkId,
        /// Where it points.
        to: NodeId,
        /// What the choice was owed to.
        of: Cause,
        /// The tunnel technology.
        carrier: Carrier,
        /// What the draw of the carrier was owed to.
        by: Cause,
        /// The time since it was drawn.
        took: Duration,
    },
    /// An arrow was condemned: routing is leaving it, and its successor is being drawn.
    Draining {
        /// The arrow.
        link: LinkId,
        /// Where it points.
        to: NodeId,
        /// What its sentence is owed to.
        of: Cause,
        /// How old it is.
        age: Duration,
    },
    /// An arrow died.
    Died {
        /// The arrow.
        link: LinkId,
        /// Where it pointed.
        to: NodeId,
        /// What of.
        of: Death,
        /// How old it was, since it was drawn.
        age: Duration,
        /// What its choice was owed to.
        cause: Cause,
        /// What its sentence was owed to, if it was condemned.
        sentence: Option<Cause>,
    },
    /// A link that somebody else owns came up.
    Accepted {
        /// The link.
        link: LinkId,
        /// Its owner.
        from: NodeId,
    },
    /// We refused a link.
    TurnedAway {
        /// The link.
        link: LinkId,
        /// Who asked.
        from: NodeId,
        /// Why.
        of: Refusal,
    },
    /// A link that somebody else owned is closed.
    Parted {
        /// The link.
        link: LinkId,
        /// Who owned it.
        from: NodeId,
        /// What of.
        of: Death,
        /// How old it was, since it was accepted.
        age: Duration,
    },
    /// A link is silent though its other end should have answered: routing avoids it.
    Suspected {
        /// The link.
        link: LinkId,
        /// Who is at the other end.
        node: NodeId,
    },
    /// A suspect was heard again, and did not fall silent since.
    Trusted {
        /// The link.
        link: LinkId,
        /// Who is at the other end.
        node: NodeId,
    },
    /// A draining link was still there at its limit, and is closed by force.
    ///
    /// Held against nobody: whom we draw next is chance's business. Said, so that it shows.
    Overstayed {
        /// The link.
        link: LinkId,
        /// Who is at the other end.
        node: NodeId,
        /// Why it was still there.
        by: Holdout,
    },
    /// The other end said something that cannot be understood, is not its to say, or is
    /// said too often.
    Garbled {
        /// The link.
        link: LinkId,
        /// What was wrong.
        of: Malformed,
    },
}

/// Why a draining link was still there at its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holdout {
    /// We ourselves still had routes or payload over it: routing found no other way.
    Ourselves,
    /// The other end never said that it knows of the drain.
    Unaware,
    /// The other end agreed to the drain, and never said that it has left.
    NeverLeft,
    /// The other end said that it has left, and payload went on crossing.
    KeptSending,
    /// Both ends had left, and the other ceased to say so, or never answered our goodbye.
    NoAnswer,
    /// The other end condemned its arrow, and never closed it.
    NeverClosed,
}

impl Holdout {
    /// Returns its name, as in counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ourselves => "ourselves",
            Self::Unaware => "unaware",
            Self::NeverLeft => "never-left",
            Self::KeptSending => "kept-sending",
            Self::NoAnswer => "no-answer",
            Self::NeverClosed => "never-closed",
        }
    }
}

/// What an arrow, or a link that somebody else owns, can die of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Death {
    /// Chance condemned it while it was unused.
    Condemned,
    /// Condemned while in use, and closed once both ends had left it.
    Drained,
    /// Condemned, and still there at the limit.
    Overdue,
    /// The other end fell silent, or the carrier went away.
    Lost,
    /// The node at the other end was revoked.
    Banished,
    /// One of the two nodes was told to stop, or dismissed the link, and said farewell.
    Left,
    /// The two nodes are in different meshes by now.
    Moved,
    /// Nobody could say how to reach the node.
    NotFound,
    /// The two nodes have no carrier in common.
    Incompatible,
    /// The other end refused.
    Refused,
    /// The other end dialled us at the same time, and its dial won.
    Crossed,
    /// The carrier never came.
    Unborn,
    /// A change of parameters, or that we stop, took its seat before it opened.
    Surplus,
}

impl Death {
    /// Returns its name, as in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Condemned => "condemned",
            Self::Drained => "drained",
            Self::Overdue => "overdue",
            Self::Lost => "lost",
            Self::Banished => "banished",
            Self::Left => "left",
            Self::Moved => "moved",
            Self::NotFound => "not-found",
            Self::Incompatible => "incompatible",
            Self::Refused => "refused",
            Self::Crossed => "crossed",
            Self::Unborn => "unborn",
            Self::Surplus => "surplus",
        }
    }

    /// Tells whether the link had come up: the others died before they lived.
    pub const fn was_alive(self) -> bool {
        match self {
            Self::Condemned
            | Self::Drained
            | Self::Overdue
            | Self::Lost
            | Self::Banished
            | Self::Left
            | Self::Moved => true,
            Self::NotFound
            | Self::Incompatible
            | Self::Refused
            | Self::Crossed
            | Self::Unborn
            | Self::Surplus => false,
        }
    }

    /// Tells whether the dial failed, so that the seat rests before the next draw.
    pub(crate) const fn was_a_failed_dial(self) -> bool {
        match self {
            Self::NotFound | Self::Incompatible | Self::Refused | Self::Unborn => true,
            Self::Condemned
            | Self::Drained
            | Self::Overdue
            | Self::Lost
            | Self::Banished
            | Self::Left
            | Self::Moved
            | Self::Crossed
            | Self::Surplus => false,
        }
    }
}

/// Why we want to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A renewal round.
    Round,
    /// Free seats are to be drawn.
    Draw,
    /// A seat whose dial failed has rested.
    Retry,
    /// The other ends are to be probed, and reminded of what they did not answer.
    Probe,
    /// The end of our patience with a carrier.
    Patience(LinkId),
    /// A link is silent, and probed out of turn.
    Nudge(LinkId),
    /// A link has been silent for so long that it is suspect, or calm for so long that it
    /// is not any more.
    Suspicion(LinkId),
    /// A link has been silent for too long.
    Silence(LinkId),
    /// Nothing has crossed a draining link for long enough.
    Quiet(LinkId),
    /// The limit of a draining arrow.
    DrainLimit(LinkId),
    /// We stop, and routes had their time to leave.
    Farewell,
}
