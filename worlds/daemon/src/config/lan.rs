//! How a node finds others on its LANs.

use principles::exceptions::SameLan;
use serde::Deserialize;

use super::{hold, quantity};

/// The most interfaces that are named.
const INTERFACES: usize = 16;

/// How a node finds others on its LANs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lan {
    /// Whether this node announces itself, to members only; default yes.
    pub announce: bool,
    /// Arrows to nodes on the same LAN, besides the others, 0 to 8; 0: none are sought.
    #[serde(deserialize_with = "quantity::whole")]
    pub arrows: i64,
    /// On these interfaces only, at most 16; default: all that have a link-local address and
    /// more than one other end.
    pub interfaces: Vec<String>,
}

impl Default for Lan {
    fn default() -> Self {
        Self { announce: true, arrows: 4, interfaces: Vec::new() }
    }
}

impl Lan {
    /// Tells whether LANs concern this node at all.
    pub fn is_on(&self) -> bool {
        self.announce || self.arrows > 0
    }

    /// Returns the exception that it sets.
    pub fn exception(&self) -> SameLan {
        SameLan::new(usize::try_from(self.arrows).unwrap_or(0))
    }

    pub(super) fn hold(&mut self, held: &mut Vec<String>) {
        let most = i64::try_from(SameLan::MOST).unwrap_or(i64::MAX);
        hold("lan.arrows", &mut self.arrows, (0, most), held);
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.interfaces.len() > INTERFACES {
            return Err(format!("lan.interfaces: name {INTERFACES} at most"));
        }
        let wrong = |name: &&String| name.is_empty() || name.len() > 15;
        match self.interfaces.iter().find(wrong) {
            Some(name) => Err(format!(
                "lan.interfaces: `{name}` is no interface name; `ip -br link` lists those there are"
            )),
            None => Ok(()),
        }
    }
}
