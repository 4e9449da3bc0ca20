//! Rules, as people write them: tables of the file, or one line of the command.

use std::str::FromStr;

use babel::{Family, Key, range};
use serde::Deserialize;

use crate::rule::{Rule, Verdict};

/// What of this machine is announced: one rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Redistribute {
    /// It is about addresses of this machine, not about its routes.
    pub local: bool,
    /// What it fits, and what then holds.
    pub rule: Rule,
}

/// What is let through: one rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Filter {
    /// Where it stands.
    pub way: Way,
    /// What it fits, and what then holds.
    pub rule: Rule,
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// At what neighbours tell us.
    In,
    /// At what we tell neighbours.
    Out,
    /// At what goes into the kernel's table.
    Install,
}

/// Who made a route, as the kernel numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Named")]
pub struct Protocol(pub u8);

/// A rule as it is written in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    way: Option<Way>,
    local: Option<bool>,
    prefix: Option<String>,
    source: Option<String>,
    ge: Option<u8>,
    le: Option<u8>,
    interface: Option<String>,
    protocol: Option<Protocol>,
    action: Option<Action>,
    metric: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Number(u8),
    Name(String),
}

impl TryFrom<Named> for Protocol {
    type Error = String;

    fn try_from(named: Named) -> Result<Self, String> {
        match named {
            Named::Number(number) => Ok(Self(number)),
            Named::Name(name) => name.parse(),
        }
    }
}

/// The makers of routes that have names everywhere (`/etc/iproute2/rt_protos`).
const PROTOCOLS: [(&str, u8); 12] = [
    ("redirect", 1),
    ("kernel", 2),
    ("boot", 3),
    ("static", 4),
    ("ra", 9),
    ("zebra", 11),
    ("bird", 12),
    ("dhcp", 16),
    ("keepalived", 18),
    ("bgp", 186),
    ("isis", 187),
    ("ospf", 188),
];

impl FromStr for Protocol {
    type Err = String;

    /// Reads a name or a number.
    ///
    /// # Errors
    ///
    /// A sentence that lists the names, for anything else.
    fn from_str(text: &str) -> Result<Self, String> {
        let known = PROTOCOLS.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
        known.or_else(|| text.parse().ok()).map(Self).ok_or_else(|| {
            let names = PROTOCOLS.map(|(name, _)| name).join(", ");
            format!("`{text}` is no protocol; use a number up to 255, or one of {names}")
        })
    }
}

impl TryFrom<Written> for Redistribute {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        if written.way.is_some() {
            return Err("way: it is for [[filter]] only; take it out".into());
        }
        let local = written.local.unwrap_or(false);
        if local && written.protocol.is_some() {
            return Err("protocol: addresses have none; take it out, or `local`".into());
        }
        let rule = written.rule()?;
        if let Verdict::Allow(Some(metric)) = rule.verdict
            && metric >= u32::from(u16::MAX)
        {
            return Err(format!("metric: {metric} is out of bounds; 0 to 65534"));
        }
        Ok(Self { local, rule })
    }
}

impl TryFrom<Written> for Filter {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let way = written.way.ok_or("way: missing; add way = \"in\", \"out\" or \"install\"")?;
        if written.local.is_some() || written.protocol.is_some() {
            return Err("local and protocol are for [[redistribute]] only; take them out".into());
        }
        let rule = written.rule()?;
        if way == Way::Install && rule.verdict == Verdict::Allow(Some(0)) {
            return Err("metric: 0 is where routes of others are; use 1 or more".into());
        }
        Ok(Self { way, rule })
    }
}

impl Written {
    fn rule(self) -> Result<Rule, String> {
        let read = |name: &str, text: Option<String>| {
            text.map(|text| range(&text).map_err(|error| format!("{name}: `{text}`: {error}")))
                .transpose()
        };
        let (prefix, source) = (read("prefix", self.prefix)?, read("source", self.source)?);
        let family = |prefix| Key::to(prefix).family();
        let both = prefix.zip(source);
        if both.is_some_and(|(prefix, source)| family(prefix) != family(source)) {
            return Err("source: not of the family of prefix; make both IPv4 or both IPv6".into());
        }
        let most = match prefix.or(source).map(family) {
            Some(Family::V4) => 32,
            Some(Family::V6) | None => 128,
        };
        for (name, length) in [("ge", self.ge), ("le", self.le)] {
            if let Some(length) = length.filter(|length| *length > most) {
                return Err(format!("{name}: {length} is out of bounds; 0 to {most}"));
            }
        }
        if self.ge.zip(self.le).is_some_and(|(ge, le)| ge > le) {
            return Err("ge is above le, so that nothing fits; swap them".into());
        }
        let verdict = match (self.action, self.metric) {
            (None | Some(Action::Allow), metric) => Verdict::Allow(metric),
            (Some(Action::Deny), None) => Verdict::Deny,
            (Some(Action::Deny), Some(_)) => {
                return Err("metric: what is denied has none; take it out".into());
            }
        };
        let (ge, le, interface) = (self.ge, self.le, self.interface);
        let protocol = self.protocol.map(|Protocol(number)| number);
        Ok(Rule { prefix, ge, le, interface, protocol, source, verdict })
    }
}

impl FromStr for Redistribute {
    type Err = String;

    /// Reads a rule from one line: `local`, a range, and pairs of a word and a value.
    ///
    /// # Errors
    ///
    /// A sentence that gives the form, for anything else.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = |word: &str| {
            format!(
                "`{word}` is not understood; use `[local] [RANGE] [ge N] [le N] [interface NAME] \
                 [protocol NAME] [source RANGE] [metric N] [deny]`"
            )
        };
        let mut lines = Vec::new();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let quoted = |value: &str| format!("'{}'", value.replace('\'', ""));
            let line = match word {
                "local" => "local = true".to_owned(),
                "deny" => "action = 'deny'".to_owned(),
                "allow" => "action = 'allow'".to_owned(),
                "ge" | "le" | "metric" => {
                    let value = words.next().filter(|value| value.parse::<u32>().is_ok());
                    format!("{word} = {}", value.ok_or_else(|| form(word))?)
                }
                "interface" | "protocol" | "source" => {
                    format!("{word} = {}", quoted(words.next().ok_or_else(|| form(word))?))
                }
                range if range.contains('/') => format!("prefix = {}", quoted(range)),
                other => return Err(form(other)),
            };
            lines.push(line);
        }
        if lines.is_empty() {
            return Err(form(text));
        }
        let written: Written =
            toml::from_str(&lines.join("\n")).map_err(|error| error.message().to_owned())?;
        Self::try_from(written)
    }
}
