//! A speaker on links with one neighbour each, in the words that all routing protocols share
//! ([`words::routing`]).

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use words::routing::{Input, Output, Range};
use words::{Deadline, Engine, LinkId, Time};

use crate::{
    Admissions, Cost, Counters, Interface, Key, Metric, NeighbourView, Profile, Ramp, RouterId,
    Seqno, Settings, Speaker, Way, Why,
};

/// How [`Babel`] behaves.
#[derive(Clone, Debug)]
pub struct MeshSettings {
    /// As of every speaker.
    pub speaker: Settings,
    /// How it speaks on each link.
    pub link: Profile,
}

/// A Babel speaker whose interfaces are links.
#[derive(Clone, Debug)]
pub struct Babel {
    pub(crate) speaker: Speaker,
    link: Profile,
    /// Ranges whose route was lost, of which the world knows already that there is none.
    held: BTreeSet<Key>,
    /// Links that cost for ever what shunning costs, whatever else they are charged.
    shunned: BTreeSet<LinkId>,
    /// What is let in, once that was told.
    admissions: Option<Arc<Admissions>>,
}

/// A selected route, by its link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRoute {
    /// The range.
    pub range: Range,
    /// The link to its next hop.
    pub link: LinkId,
    /// Our metric: the neighbour's, and the link's cost.
    pub metric: Metric,
    /// The neighbour's metric.
    pub refmetric: Metric,
    /// The route's age, as its source counts.
    pub seqno: Seqno,
    /// Its source.
    pub router_id: RouterId,
    /// The other links that could be used at once, with their metrics, best first.
    pub alternates: Vec<(LinkId, Metric)>,
}

/// A route that the neighbour at the other end of a link told, selected or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkOffer {
    /// The link.
    pub link: LinkId,
    /// Our metric, if it were taken: the neighbour's, and the link's cost. Infinite if it cannot be.
    pub metric: Metric,
    /// The neighbour's metric.
    pub refmetric: Metric,
    /// The route's age, as its source counts.
    pub seqno: Seqno,
    /// Time since the neighbour last told it, in whole seconds.
    pub age: Duration,
    /// It may be selected without risk of a loop.
    pub feasible: bool,
    /// It is the one in use.
    pub selected: bool,
}

/// The neighbour at the other end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkNeighbour {
    /// The link.
    pub link: LinkId,
    /// What receiving costs us, as we tell the neighbour.
    pub rxcost: Cost,
    /// What receiving costs the neighbour, as it tells us.
    pub txcost: Cost,
    /// The link's cost in use; infinite if it cannot be used.
    pub cost: Cost,
    /// The smoothed round trip, if it was measured in the last three minutes.
    pub rtt: Option<Duration>,
    /// We shun it.
    pub shunned: bool,
    /// How many selected routes lead through it.
    pub selected: u32,
}

impl Babel {
    /// Returns a speaker without links or ranges.
    pub fn new(settings: MeshSettings, seed: [u8; 32], now: Time) -> Self {
        let MeshSettings { speaker, link } = settings;
        let link = Profile { lone: true, ..link };
        Self {
            speaker: Speaker::new(speaker, seed, now),
            link,
            held: BTreeSet::new(),
            shunned: BTreeSet::new(),
            admissions: None,
        }
    }

    /// Returns the selected routes, in the order of their ranges.
    pub fn routes(&self) -> impl Iterator<Item = LinkRoute> {
        self.speaker.selected().map(|view| LinkRoute {
            range: view.key.into(),
            link: link(view.hop.interface),
            metric: view.metric,
            refmetric: view.refmetric,
            seqno: view.seqno,
            router_id: view.router_id,
            alternates: view
                .alternates
                .iter()
                .map(|(hop, metric)| (link(hop.interface), *metric))
                .collect(),
        })
    }

    /// Returns what neighbours told of a range, in the order of their links' numbers.
    pub fn offers(&self, range: Range) -> impl Iterator<Item = LinkOffer> {
        self.speaker.routes_to(range.into()).map(|view| LinkOffer {
            link: link(view.hop.interface),
            metric: view.metric,
            refmetric: view.refmetric,
            seqno: view.seqno,
            age: view.age,
            feasible: view.feasible,
            selected: view.selected,
        })
    }

    /// Returns the neighbours as they were at the last input, in the order of their links.
    pub fn neighbours(&self) -> impl Iterator<Item = LinkNeighbour> {
        self.speaker.neighbours().map(|view: NeighbourView| LinkNeighbour {
            link: link(view.interface),
            rxcost: view.rxcost,
            txcost: view.txcost,
            cost: view.cost,
            rtt: view.rtt,
            shunned: view.charge >= Cost::SHUNNED,
            selected: view.selected,
        })
    }

    /// Returns the ranges announced as ours, in order.
    pub fn announced(&self) -> impl Iterator<Item = Range> {
        self.speaker.announced().map(|(key, _)| key.into())
    }

    /// Returns our name.
    pub fn router_id(&self) -> RouterId {
        self.speaker.router_id()
    }

    /// Returns our own sequence number.
    pub const fn seqno(&self) -> Seqno {
        self.speaker.seqno()
    }

    /// Returns how many sources are remembered for feasibility.
    pub fn sources(&self) -> usize {
        self.speaker.sources()
    }

    /// Returns the running totals.
    pub const fn counters(&self) -> &Counters {
        self.speaker.counters()
    }
}

impl Engine for Babel {
    type Input<'a> = Input<'a>;
    type Output = Output;
    type Why = Why;

    fn handle(&mut self, input: Input<'_>, now: Time) {
        let input = match input {
            Input::Up(link, scope) => {
                crate::Input::Up(interface(link), Profile { scope, ..self.link })
            }
            Input::Down(link) => {
                self.shunned.remove(&link);
                crate::Input::Down(interface(link))
            }
            Input::Shun(link) => {
                self.shunned.insert(link);
                crate::Input::Charge(interface(link), Cost::SHUNNED)
            }
            Input::Charge(link, _) if self.shunned.contains(&link) => crate::Input::Wake,
            Input::Charge(link, delay) => {
                let cost = self.link.delay.unwrap_or(Ramp::PLANET).charge(delay);
                crate::Input::Charge(interface(link), cost)
            }
            Input::Announce(range) => crate::Input::Announce(range.into(), Metric::ZERO),
            Input::Demote(range) => crate::Input::Announce(range.into(), Metric(Cost::SHUNNED.0)),
            Input::Withdraw(range) => crate::Input::Withdraw(range.into()),
            Input::Admit(admissions) => {
                let admissions = Arc::new(Admissions::new(admissions));
                let before = self.admissions.replace(Arc::clone(&admissions));
                let change = before.and_then(|before| admissions.change_from(&before));
                crate::Input::Policy(admissions, change)
            }
            Input::Frame(link, octets) => {
                let (interface, from) = (interface(link), Ipv6Addr::UNSPECIFIED);
                crate::Input::Packet { interface, from, octets }
            }
            Input::Wake => crate::Input::Wake,
        };
        self.speaker.handle(input, now);
    }

    fn poll(&mut self) -> Option<Output> {
        loop {
            return Some(match self.speaker.poll()? {
                crate::Output::Packet { interface, octets, .. } => {
                    Output::Send(link(interface), octets)
                }
                crate::Output::Route(key, Way::Through(hop)) => {
                    self.held.remove(&key);
                    Output::Route(key.into(), Some(link(hop.interface)))
                }
                crate::Output::Route(key, Way::Unreachable) => {
                    self.held.insert(key);
                    Output::Route(key.into(), None)
                }
                crate::Output::Route(key, Way::Gone) if self.held.remove(&key) => continue,
                crate::Output::Route(key, Way::Gone) => Output::Route(key.into(), None),
                crate::Output::Usage(interface, count) => Output::Usage(link(interface), count),
            });
        }
    }

    fn deadline(&self) -> Option<Deadline<Why>> {
        self.speaker.deadline()
    }
}

const fn interface(link: LinkId) -> Interface {
    Interface(link.0)
}

const fn link(interface: Interface) -> LinkId {
    LinkId(interface.0)
}
