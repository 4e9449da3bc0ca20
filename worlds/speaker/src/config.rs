//! The configuration: one small TOML file, and what is typed besides.
//!
//! Everything has a default; whatever is misspelt or out of bounds is refused, with the line,
//! the name and the remedy.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

mod interface;
mod key;
mod quantity;
mod rule;

pub(crate) use interface::Face;
pub use interface::{Kind, Ramp, Speak};
pub use key::{Algorithm, Secret};
pub use quantity::{Moment, Name, Socket, Span};
pub use rule::{Filter, Protocol, Redistribute, Way};

/// The port of Babel (RFC 8966 §4).
pub const PORT: u16 = 6696;
/// The kernel's main table.
pub const MAIN: u32 = 254;
/// The kernel's metric of our routes: above what people and DHCP choose, so that a route of
/// theirs goes before one of ours and is never replaced by it.
pub const METRIC: u32 = 4242;

/// The configuration of a speaker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// Our name; none: that of the state file, else drawn.
    pub router_id: Option<Name>,
    /// The UDP port; none: [`PORT`].
    pub port: Option<u16>,
    /// Where questions are answered; none: [`Config::CONTROL`].
    pub control: Option<PathBuf>,
    /// Where babeld's text protocol is spoken; none: nowhere.
    pub babeld_socket: Option<Socket>,
    /// What a restart must know; none: [`Config::STATE`].
    pub state: Option<PathBuf>,
    /// The kernel's table for our routes; none: [`MAIN`].
    pub table: Option<u32>,
    /// The kernel's metric of our routes, at least 1; none: [`METRIC`].
    pub metric: Option<u32>,
    /// Source addresses of packets that begin on this machine, one a family.
    pub preferred_source: Vec<std::net::IpAddr>,
    /// Routes believed of one neighbour, at least 1; none: 200 000.
    pub max_routes: Option<usize>,
    /// Ranges remembered of all neighbours together, at least 1; none: 1 000 000.
    pub max_ranges: Option<usize>,
    /// Routes stay in the kernel when we end, for whoever starts next.
    pub keep_routes: bool,
    /// What holds on all interfaces.
    pub default: Speak,
    /// The interfaces, by name.
    #[serde(rename = "interface")]
    pub interfaces: std::collections::BTreeMap<String, Speak>,
    /// The keys of authentication.
    #[serde(rename = "key")]
    pub keys: Vec<key::Key>,
    /// What of this machine is announced.
    pub redistribute: Vec<Redistribute>,
    /// What is let in, out and into the kernel.
    #[serde(rename = "filter")]
    pub filters: Vec<Filter>,
}

/// What is typed; it goes before what is written in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// The file.
    pub config: Option<PathBuf>,
    /// Interfaces besides those of the file.
    pub interfaces: Vec<String>,
    /// See [`Config::router_id`].
    pub router_id: Option<Name>,
    /// See [`Config::port`].
    pub port: Option<u16>,
    /// See [`Config::control`].
    pub control: Option<PathBuf>,
    /// See [`Config::babeld_socket`].
    pub babeld_socket: Option<Socket>,
    /// See [`Config::state`].
    pub state: Option<PathBuf>,
    /// See [`Config::table`].
    pub table: Option<u32>,
    /// See [`Config::metric`].
    pub metric: Option<u32>,
    /// Rules that go before those of the file.
    pub redistribute: Vec<Redistribute>,
    /// See [`Config::keep_routes`].
    pub keep_routes: bool,
}

/// A configuration that cannot be used.
#[derive(Debug)]
pub struct Invalid {
    file: Option<PathBuf>,
    what: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}: {}", file.display(), self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for Invalid {}

impl Config {
    /// Where questions are answered if nothing else is said.
    pub const CONTROL: &str = "/run/re6st-babel.sock";
    /// What a restart must know, if nothing else is said.
    pub const STATE: &str = "/var/lib/re6st-babel.state";

    /// Reads the file that was typed, if any, and puts what was typed before it.
    ///
    /// # Errors
    ///
    /// [`Invalid`], which names the file, the place in it, and the remedy.
    pub fn read(typed: &Typed) -> Result<Self, Invalid> {
        let invalid = |what: String| Invalid { file: typed.config.clone(), what };
        let text = match &typed.config {
            Some(file) => std::fs::read_to_string(file).map_err(|error| {
                invalid(format!("cannot be read ({error}); name a text file that you may read"))
            })?,
            None => String::new(),
        };
        let config = Self::from_toml(&text).map_err(invalid)?.under(typed);
        config.check().map_err(invalid)?;
        Ok(config)
    }

    /// Reads the configuration `text`.
    ///
    /// # Errors
    ///
    /// A sentence that names the place and the remedy.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config = Self::from_toml(text)?;
        config.check()?;
        Ok(config)
    }

    /// Checks the files that hold the secrets of keys, which a start reads.
    ///
    /// # Errors
    ///
    /// A sentence that names the file and the remedy.
    pub fn check_secrets(&self) -> Result<(), String> {
        self.keys.iter().try_for_each(|key| key.read().map(drop))
    }

    fn from_toml(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// Returns the same with what was typed before it.
    fn under(mut self, typed: &Typed) -> Self {
        let typed = typed.clone();
        for name in typed.interfaces {
            self.interfaces.entry(name).or_default();
        }
        self.router_id = typed.router_id.or(self.router_id);
        self.port = typed.port.or(self.port);
        self.control = typed.control.or(self.control);
        self.babeld_socket = typed.babeld_socket.or(self.babeld_socket);
        self.state = typed.state.or(self.state);
        self.table = typed.table.or(self.table);
        self.metric = typed.metric.or(self.metric);
        self.keep_routes |= typed.keep_routes;
        self.redistribute.splice(0..0, typed.redistribute);
        self
    }

    /// Returns the UDP port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(PORT)
    }

    /// Returns the kernel's table for our routes.
    pub fn table(&self) -> u32 {
        self.table.unwrap_or(MAIN)
    }

    /// Returns the kernel's metric of our routes.
    pub fn metric(&self) -> u32 {
        self.metric.unwrap_or(METRIC)
    }

    /// Returns where questions are answered.
    pub fn control(&self) -> &Path {
        self.control.as_deref().unwrap_or(Path::new(Self::CONTROL))
    }

    /// Returns the state file.
    pub fn state(&self) -> &Path {
        self.state.as_deref().unwrap_or(Path::new(Self::STATE))
    }

    /// Returns how Babel is spoken on the interface `name`.
    pub fn speak(&self, name: &str) -> Speak {
        let own = self.interfaces.get(name).cloned().unwrap_or_default();
        own.or(&self.default)
    }

    /// Checks what values alone cannot: what they are together.
    fn check(&self) -> Result<(), String> {
        if self.interfaces.is_empty() {
            return Err("no interface is named; name one with -i, or as [interface.eth0]".into());
        }
        if self.max_routes == Some(0) || self.max_ranges == Some(0) {
            return Err(
                "max-routes, max-ranges: with 0 nothing would be believed; use 1 or more".into()
            );
        }
        if self.port == Some(0) {
            return Err("port: 0 is no port; leave it out for 6696".into());
        }
        if self.table == Some(0) || self.table == Some(LOCAL) {
            return Err(
                "table: the kernel keeps 0 and 255 for itself; use 254, or one of your own".into(),
            );
        }
        if self.metric == Some(0) {
            return Err("metric: 0 is where routes of others are; use 1 or more".into());
        }
        let four = self.preferred_source.iter().filter(|source| source.is_ipv4()).count();
        if four > 1 || self.preferred_source.len() - four > 1 {
            return Err("preferred-source: one IPv4 and one IPv6 address at most".into());
        }
        for name in self.interfaces.keys() {
            if name.is_empty() || name.len() > 15 || name.contains(['/', ' ']) {
                return Err(format!(
                    "interface: `{name}` is no interface name; use one that `ip link` lists"
                ));
            }
            self.check_keys(name)?;
            self.speak(name).check().map_err(|what| format!("interface.{name}.{what}"))?;
        }
        key::check(&self.keys)
    }

    fn check_keys(&self, name: &str) -> Result<(), String> {
        for id in self.speak(name).keys.iter().flatten() {
            if !self.keys.iter().any(|key| key.id == *id) {
                return Err(format!(
                    "interface.{name}.keys: there is no key `{id}`; add [[key]] with id = \"{id}\""
                ));
            }
        }
        Ok(())
    }
}

/// The kernel's table of its own addresses.
const LOCAL: u32 = 255;

#[cfg(test)]
mod tests;
