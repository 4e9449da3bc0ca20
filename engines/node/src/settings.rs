//! What the parts of a node are set to: the network's parameters, and what is said here.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use gossip::{Contact, Parameters};
use principles::exceptions::{InUse, MostUsed, Neighbourhood, Rule, SameLan, SmallMesh, WellKnown};
use principles::{Traits, destruction, selection};
use words::{Carriers, NodeId, Prefix, Share};

use crate::admissions;

/// Among how many random candidates the neighbourhood exception looks for the nearest.
const NEIGHBOURS: usize = 8;
/// How many balls the arrows that are not sheltered get on top of their own.
const SHELTER: u32 = 3;

/// What is this node's own, and not the network's.
#[derive(Clone, Debug)]
pub struct Local {
    /// Who we are.
    pub me: NodeId,
    /// The carriers that this machine can use.
    pub carriers: Carriers,
    /// The rules of the small-mesh exception.
    pub ensure: Vec<Rule>,
    /// The exit by which we would leave the network, rather than by the nearest.
    pub host: Option<NodeId>,
    /// Arrows to nodes on the same LAN, besides the others.
    pub same_lan: SameLan,
    /// What is set here instead of what the network says.
    pub instead: Override,
}

/// Parameters that the configuration of one node may set; `None` is the network's value.
///
/// Whatever is set, exceptions keep their bounds: their constructors clamp it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// How many arrows we keep; seed: 10.
    pub arrows: Option<u16>,
    /// Time between two rounds; seed: 5 minutes.
    pub period: Option<Duration>,
    /// Share condemned at each round; seed: 30 %.
    pub share: Option<Share>,
    /// How long an arrow in use may drain; seed: 60 minutes.
    pub limit: Option<Duration>,
    /// Share of the most used arrows; seed: 20 %.
    pub most_used: Option<Share>,
    /// Share of the well-known nodes; seed: 30 %.
    pub well_known_share: Option<Share>,
    /// Share of the seats for the neighbourhood; default: none.
    pub neighbourhood: Option<Share>,
    /// How many links of others we accept for each of our arrows, 1 to 10; design: 2.
    pub acceptance: Option<u16>,
}

impl Local {
    /// Returns what a node `me` has that only knows its `carriers`.
    pub fn new(me: NodeId, carriers: Carriers) -> Self {
        Self {
            me,
            carriers,
            ensure: Vec::new(),
            host: None,
            same_lan: SameLan::default(),
            instead: Override::default(),
        }
    }

    /// Returns the settings of the arrows under these `parameters` of the network.
    pub fn arrows_settings(&self, parameters: &Parameters) -> arrows::Settings {
        let Override { arrows, period, share, limit, .. } = self.instead;
        let Override { most_used, well_known_share, neighbourhood, acceptance, .. } = self.instead;
        let (least, most) = Parameters::ACCEPTANCE;
        let acceptance = acceptance.unwrap_or(parameters.acceptance).clamp(least, most);
        let seats = usize::from(arrows.unwrap_or(parameters.arrows));
        let near = neighbourhood.unwrap_or(parameters.neighbourhood);
        arrows::Settings {
            seats,
            period: period.unwrap_or(parameters.period),
            share: share.unwrap_or(parameters.share),
            patience: parameters.patience,
            carriers: self.carriers,
            acceptance: seats * usize::from(acceptance),
            quiet: parameters.quiet,
            probe: parameters.probe,
            silence: parameters.silence,
            selection: selection::Bends {
                well_known: WellKnown::new(well_known_share.unwrap_or(parameters.well_known_share)),
                small_mesh: SmallMesh::new(self.ensure.iter().copied()),
                neighbourhood: Neighbourhood::new(near, NEIGHBOURS),
                same_lan: self.same_lan,
            },
            destruction: destruction::Bends {
                in_use: InUse::new(limit.unwrap_or(parameters.limit)),
                most_used: MostUsed::new(most_used.unwrap_or(parameters.most_used), SHELTER),
            },
            ..arrows::Settings::default()
        }
    }

    /// Returns what exceptions may see of the node that this `contact` describes.
    pub(crate) fn traits(node: NodeId, contact: &Contact, parameters: &Parameters) -> Traits {
        Traits {
            country: contact.country,
            carriers: contact.carriers,
            well_known: parameters.well_known.contains(&node),
        }
    }
}

/// Returns the settings of Babel for a node of `network` with this router-id.
///
/// Only prefixes of its nodes, all of this `length`, are believed until it is told more
/// ([`admissions`]). And the delay metric has the 500 ms ramp.
/// Changes are told at once and acknowledged, and dead links are found by probes, so that
/// everything need be told again seldom.
pub fn babel_settings(network: Prefix, length: u8, router_id: [u8; 8]) -> babel::MeshSettings {
    let known = admissions(network, length, &Parameters::default());
    let speaker = babel::Settings {
        router_id: babel::RouterId(router_id),
        policy: Arc::new(babel::Admissions::new(&known)),
        max_routes_per_neighbour: 20_000,
        ..babel::Settings::default()
    };
    let link = babel::Profile { update: Duration::from_mins(1), ..babel::Profile::TUNNEL };
    babel::MeshSettings { speaker, link }
}

#[cfg(test)]
mod tests {
    use super::*;
    use words::Carrier;

    #[test]
    fn a_node_may_accept_more_than_the_network_says_within_the_same_bounds() {
        let mut local = Local::new(NodeId(Prefix::new(1 << 64, 64)), Carriers::of([Carrier::Udp]));
        let mut accepted = |instead: Override| {
            local.instead = instead;
            local.arrows_settings(&Parameters::default()).acceptance
        };
        assert_eq!(accepted(Override::default()), 20);
        for (asked, links) in [(1, 10), (10, 100), (0, 10), (u16::MAX, 100)] {
            let acceptance = Some(asked);
            assert_eq!(accepted(Override { acceptance, ..Override::default() }), links);
        }
    }
}
