//! The configuration of a node: a small TOML file, all of it optional.
//!
//! Whatever is left out has the network's value, and a network that says nothing has
//! the seed's: 10 arrows, 5 minutes, 30 %, 60 minutes, 20 % most used, 30 % well known.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use principles::destruction;
use principles::exceptions::InUse;
use serde::Deserialize;
use words::{Carrier, Prefix};

mod introduction;
mod lan;
mod quantity;

pub use introduction::to_text;
pub use lan::Lan;
pub use quantity::{Percent, Span};

/// The UDP port on which carriers listen when the configuration names none.
pub const DEFAULT_PORT: u16 = 6326;

/// The carriers that this program has.
pub const CARRIERS: [Carrier; 1] = [Carrier::Udp];

/// The most rules of the small-mesh exception, and arrows of each; engines follow no more.
const RULES: usize = 8;
const ENSURED: (i64, i64) = (1, 3);
/// What a node can say that it carries, or that its line sends, in Mbit/s.
const CAPACITY: (i64, i64) = (1, 100_000);
/// How many arrows can be asked for.
const ARROWS: (i64, i64) = (1, 100);
/// How many links of others can be accepted for each arrow.
const ACCEPT: (i64, i64) = (1, 10);

/// The most addresses by which an exit is probed.
const PROBES: usize = 8;

/// What an operator can say of a node.
///
/// Unknown keys are refused, so that a misspelt one is not silently without effect. Numbers of
/// arrows that are out of their bounds are held at them, and [`Config::objections`] names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Name of the TUN interface, 1 to 15 octets; default `re6st0`.
    pub interface: Option<String>,
    /// UDP port on which the `udp` carrier listens; default 6326, 0 lets the kernel choose.
    #[serde(deserialize_with = "quantity::port")]
    pub port: Option<u16>,
    /// Where others reach us, at most 8; default: the addresses of this machine's interfaces.
    #[serde(deserialize_with = "quantity::places")]
    pub endpoints: Vec<SocketAddr>,
    /// Whether the router is asked to forward the port (PCP, NAT-PMP, `UPnP`); default yes.
    pub port_mapping: Option<bool>,
    /// Two-letter country of this node (ISO 3166), told to others.
    pub country: Option<String>,
    /// What this node can carry for others, in Mbit/s, 1 to 100 000, told to others: it counts in the
    /// election of border nodes. Default: not told.
    #[serde(deserialize_with = "quantity::some_whole")]
    pub capacity: Option<i64>,
    /// What this machine's line sends, in Mbit/s, 1 to 100 000: payload keeps to nine tenths of it.
    /// Default: not known, and payload is sent as it comes.
    #[serde(deserialize_with = "quantity::some_whole")]
    pub uplink: Option<i64>,
    /// Nodes to begin with, at most 16: the octets of their introductions.
    #[serde(deserialize_with = "introduction::list")]
    pub bootstrap: Vec<Vec<u8>>,
    /// How arrows are drawn and renewed, where it should differ from the network's way.
    pub arrows: Arrows,
    /// The small-mesh exception: what must be among our arrows, at most 8 rules.
    pub ensure: Vec<Ensure>,
    /// What has no other way leaves this machine through the nearest exit of the network.
    pub use_exits: bool,
    /// By this exit rather than by the nearest, while it is one: the range of its node.
    #[serde(deserialize_with = "quantity::node")]
    pub prefer_exit: Option<Prefix>,
    /// How others on the same LAN are found.
    pub lan: Lan,
    /// This node is an exit: it lets others out to the Internet. The network must name it.
    pub exit: Option<Exit>,
    #[serde(skip)]
    objections: Vec<String>,
}

/// What an exit lets out, and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "keys of a file, each by itself")]
pub struct Exit {
    /// By IPv4; default: no.
    pub ipv4: bool,
    /// By IPv6; default: no.
    pub ipv6: bool,
    /// Out by this interface only; default: wherever the kernel has a default route to.
    pub interface: Option<String>,
    /// From these ranges of the network only, one for each family; default: all of it.
    #[serde(deserialize_with = "quantity::ranges")]
    pub from: Vec<Prefix>,
    /// Under this machine's own addresses; default: yes. If not, the way back is the
    /// operator's matter.
    pub masquerade: bool,
    /// Also to private addresses, which this machine may reach; default: no.
    pub private: bool,
    /// Addresses on the Internet, at most 8, of which one must take a TCP connection, or the
    /// way is called bad; default: none, and a default route is enough.
    #[serde(deserialize_with = "quantity::places")]
    pub probe: Vec<SocketAddr>,
}

impl Default for Exit {
    fn default() -> Self {
        Self {
            ipv4: false,
            ipv6: false,
            interface: None,
            from: Vec::new(),
            masquerade: true,
            private: false,
            probe: Vec::new(),
        }
    }
}

/// How arrows are drawn and renewed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Arrows {
    /// How many arrows we keep, 1 to 100; seed: 10.
    #[serde(deserialize_with = "quantity::some_whole")]
    pub count: Option<i64>,
    /// Time between two rounds, 1 s to 1 h; seed: 5 minutes.
    pub round: Option<Span>,
    /// Share condemned at each round, 1 % to 100 %; seed: 30 %.
    pub share: Option<Percent>,
    /// How long an arrow in use may drain, 1 s to 1 h; seed: 60 minutes.
    pub limit: Option<Span>,
    /// Share of the arrows sheltered as the most used, 0 % to 20 %; seed: 20 %.
    pub most_used: Option<Percent>,
    /// Share of the urn held by well-known nodes, 0 % to 30 %; seed: 30 %.
    pub well_known: Option<Percent>,
    /// Share of the seats for the neighbourhood exception, 0 % to 20 %; default 0 %.
    pub neighbourhood: Option<Percent>,
    /// How many links of others we accept for each of our arrows, 1 to 10; default: 2.
    #[serde(deserialize_with = "quantity::some_whole")]
    pub accept: Option<i64>,
}

/// A rule of the small-mesh exception.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ensure {
    /// How many arrows at least, 1 to 3.
    #[serde(deserialize_with = "quantity::whole")]
    pub at_least: i64,
    /// To nodes of this country (ISO 3166).
    pub country: Option<String>,
    /// By this carrier, one of [`CARRIERS`].
    pub carrier: Option<String>,
}

/// A configuration that cannot be used.
#[derive(Debug)]
pub struct Invalid {
    file: PathBuf,
    what: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.what)
    }
}

impl std::error::Error for Invalid {}

impl Config {
    /// Reads the configuration in `file`.
    ///
    /// # Errors
    ///
    /// [`Invalid`], which names the file, the place in it, and the remedy.
    pub fn read(file: &Path) -> Result<Self, Invalid> {
        let invalid = |what: String| Invalid { file: file.to_owned(), what };
        let text = std::fs::read_to_string(file).map_err(|error| {
            invalid(format!("cannot be read ({error}); name a text file that you may read"))
        })?;
        Self::parse(&text).map_err(invalid)
    }

    /// Reads the configuration `text`.
    ///
    /// # Errors
    ///
    /// A sentence that names the place and the remedy.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut config: Self =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        config.check()?;
        config.hold();
        Ok(config)
    }

    /// Returns a sentence for each number that was out of its bounds, and is held at them:
    /// which, what was asked for, the bounds, and what holds instead.
    pub fn objections(&self) -> &[String] {
        &self.objections
    }

    /// Brings the numbers of arrows inside their bounds: beyond them a law would break.
    fn hold(&mut self) {
        let mut held = Vec::new();
        self.arrows.hold(&mut held);
        self.lan.hold(&mut held);
        if let Some(capacity) = &mut self.capacity {
            hold("capacity", capacity, CAPACITY, &mut held);
        }
        if let Some(uplink) = &mut self.uplink {
            hold("uplink", uplink, CAPACITY, &mut held);
        }
        let rules = self.ensure.len();
        if rules > RULES {
            held.push(format!(
                "ensure: {rules} rules are out of bounds; 0 to {RULES}, so the first {RULES} hold"
            ));
            self.ensure.truncate(RULES);
        }
        for ensure in &mut self.ensure {
            hold("ensure.at_least", &mut ensure.at_least, ENSURED, &mut held);
        }
        self.objections = held;
    }

    /// Returns the name of the TUN interface.
    pub fn interface(&self) -> &str {
        self.interface.as_deref().unwrap_or("re6st0")
    }

    /// Returns the UDP port on which the `udp` carrier listens.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(DEFAULT_PORT)
    }

    /// Tells whether the router is asked to forward the port: not if endpoints are named.
    pub fn maps_ports(&self) -> bool {
        self.port_mapping.unwrap_or(true) && self.endpoints.is_empty()
    }

    /// Checks what types alone cannot: names and bounds.
    fn check(&self) -> Result<(), String> {
        let name = self.interface();
        if name.is_empty() || name.len() > 15 || name.contains(['/', ' ']) {
            return Err(format!("interface: `{name}` is no interface name; use 1 to 15 letters"));
        }
        if let Some(country) = &self.country {
            country_code(country).map_err(|what| format!("country: {what}"))?;
        }
        let (named, most) = (self.endpoints.len(), gossip::Contact::ENDPOINTS);
        if named > most {
            return Err(format!("endpoints: {named} are too many; name the best {most}"));
        }
        let (named, most) = (self.bootstrap.len(), introduction::MOST);
        if named > most {
            return Err(format!("bootstrap: {named} are too many; name the best {most}"));
        }
        self.ensure.iter().try_for_each(Ensure::check)?;
        self.lan.check()?;
        if self.prefer_exit.is_some() && !self.use_exits {
            return Err("prefer_exit: nothing leaves by exits; say use_exits = true too".to_owned());
        }
        match &self.exit {
            Some(_) if self.use_exits => Err("use_exits: an exit goes out by itself; leave out \
                                             one of use_exits and [exit]"
                .to_owned()),
            exit => exit.as_ref().map_or(Ok(()), Exit::check),
        }
    }
}

impl Exit {
    fn check(&self) -> Result<(), String> {
        if !self.ipv4 && !self.ipv6 {
            return Err(
                "exit: it lets nobody out; say ipv4 = true, ipv6 = true, or both".to_owned()
            );
        }
        let four = self.from.iter().filter(|range| range.as_ipv4().is_some()).count();
        if four > 1 || self.from.len() - four > 1 {
            return Err("exit.from: name one range of each family at most".to_owned());
        }
        if self.probe.len() > PROBES {
            return Err(format!("exit.probe: name {PROBES} addresses at most"));
        }
        Ok(())
    }
}

impl Arrows {
    fn hold(&mut self, held: &mut Vec<String>) {
        let percent = |low, high| (Percent(low), Percent(high));
        let second = Span(Duration::from_secs(1));
        let mut some = |name, value: &mut Option<Percent>, bounds| {
            if let Some(value) = value {
                hold(name, value, bounds, held);
            }
        };
        some("arrows.share", &mut self.share, percent(1, 100));
        some("arrows.most_used", &mut self.most_used, percent(0, 20));
        some("arrows.well_known", &mut self.well_known, percent(0, 30));
        some("arrows.neighbourhood", &mut self.neighbourhood, percent(0, 20));
        if let Some(count) = &mut self.count {
            hold("arrows.count", count, ARROWS, held);
        }
        if let Some(accept) = &mut self.accept {
            hold("arrows.accept", accept, ACCEPT, held);
        }
        if let Some(round) = &mut self.round {
            hold("arrows.round", round, (second, Span(destruction::LONGEST_PERIOD)), held);
        }
        if let Some(limit) = &mut self.limit {
            hold("arrows.limit", limit, (second, Span(InUse::LONGEST)), held);
        }
    }
}

/// Brings `value` inside its bounds, both allowed, and notes if it was not.
fn hold<T: Copy + Ord + fmt::Display>(
    name: &str,
    value: &mut T,
    (low, high): (T, T),
    held: &mut Vec<String>,
) {
    let given = *value;
    *value = given.clamp(low, high);
    if *value != given {
        held.push(format!("{name}: {given} is out of bounds; {low} to {high}, so {value} holds"));
    }
}

impl Ensure {
    fn check(&self) -> Result<(), String> {
        match (&self.country, &self.carrier) {
            (Some(country), None) => {
                country_code(country).map_err(|what| format!("ensure.country: {what}"))?;
            }
            (None, Some(carrier)) => {
                let known = Carrier::from_name(carrier);
                if !known.is_some_and(|known| CARRIERS.contains(&known)) {
                    let names = CARRIERS.map(Carrier::name).join(", ");
                    return Err(format!(
                        "ensure.carrier: `{carrier}` is no carrier of this program; use {names}"
                    ));
                }
            }
            (None, None) | (Some(_), Some(_)) => {
                return Err("ensure: name either a country or a carrier".to_owned());
            }
        }
        Ok(())
    }
}

/// Reads a country code, such as `FR`.
///
/// # Errors
///
/// A sentence for anything but two capital letters.
pub fn country_code(text: &str) -> Result<[u8; 2], String> {
    match text.as_bytes() {
        [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Ok([*a, *b]),
        _ => Err(format!("`{text}` is no country; use two capital letters, as FR")),
    }
}

#[cfg(test)]
mod tests;
