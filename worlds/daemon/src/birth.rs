//! How a node's engines are made: the same way for the daemon and for a replay.

use std::path::Path;

use babel::Babel;
use crypto::{AuthorityCertificate, NetworkAuthority};
use gossip::Gossip;
use node::{Local, Node, Override, babel_settings};
use principles::exceptions::{Ensure as Kind, Rule};
use words::{Carrier, Carriers, NodeId, Share, Time};

use crate::config::{CARRIERS, Config, Ensure, Percent, Span, country_code};
use crate::record::Birth;
use crate::record::replay::{Failed, Replayed};

/// A node of this world: routing is Babel, and the CA is believed.
pub(crate) type RealNode = Node<Babel, NetworkAuthority>;

/// Makes the node that `birth` describes, at the beginning of its time.
///
/// # Errors
///
/// A sentence, if the CA certificate or the configuration in it cannot be used.
pub(crate) fn conceive(birth: &Birth) -> Result<RealNode, String> {
    let ca = AuthorityCertificate::from_der(&birth.ca).map_err(|error| error.to_string())?;
    let config = Config::parse(&birth.config)?;
    let network = ca.network();
    let babel = babel_settings(network, birth.me.0.length(), birth.router_id);
    let babel = Babel::new(babel, birth.seed, Time::ZERO);
    let authority = NetworkAuthority::new(ca);
    let gossip = Gossip::new(network, birth.me, authority, birth.seed, Time::ZERO);
    let mut local = Local::new(birth.me, Carriers::of(CARRIERS));
    local.ensure = config.ensure.iter().filter_map(rule).collect();
    local.host = config.prefer_exit.map(NodeId);
    local.same_lan = config.lan.exception();
    local.instead = instead(&config);
    Ok(Node::new(local, babel, gossip, birth.seed, Time::ZERO))
}

/// Runs the recording in `file` again, and compares every word.
///
/// # Errors
///
/// [`Failed`], at the first line that cannot be read or differs.
pub fn replay(file: &Path) -> Result<Replayed, Failed> {
    crate::record::replay::replay(file, conceive)
}

/// What the configuration says differently from the network.
fn instead(config: &Config) -> Override {
    let arrows = &config.arrows;
    let span = |value: Option<Span>| value.map(|Span(span)| span);
    let share = |value: Option<Percent>| value.map(|Percent(it)| Share::percent(it.into()));
    Override {
        arrows: arrows.count.and_then(|count| u16::try_from(count).ok()),
        period: span(arrows.round),
        share: share(arrows.share),
        limit: span(arrows.limit),
        most_used: share(arrows.most_used),
        well_known_share: share(arrows.well_known),
        neighbourhood: share(arrows.neighbourhood),
        acceptance: arrows.accept.and_then(|accept| u16::try_from(accept).ok()),
    }
}

/// A rule that was checked when the configuration was read, in the engines' words.
fn rule(ensure: &Ensure) -> Option<Rule> {
    let kind = match (&ensure.country, &ensure.carrier) {
        (Some(country), _) => Kind::Country(country_code(country).ok()?),
        (None, Some(carrier)) => Kind::Carrier(Carrier::from_name(carrier)?),
        (None, None) => return None,
    };
    Some(Rule { at_least: u8::try_from(ensure.at_least).ok()?, ensure: kind })
}
