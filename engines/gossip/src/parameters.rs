//! How the network behaves: one set of numbers for all of its nodes.
//!
//! A map with the numeric keys of [`Parameters::write`]. Times are milliseconds
//! on the wire, shares are hundredths. A field that is missing has its default.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use words::{Ipv4Plan, NodeId, Prefix, Share};

use crate::Malformed;
use crate::codec::{Reader, Writer, within};

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);
const INSTANT: Duration = Duration::from_millis(100);

/// The parameters of a network.
///
/// Defaults are the seed's examples where it gives one. Bounds are those of
/// [`Parameters::clamped`]: what lies outside would break a law or the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Arrows that each node keeps: 1 to 100; seed: 10.
    pub arrows: u16,
    /// Time between two rounds of renewal: 1 s to an hour; seed: 5 minutes.
    pub period: Duration,
    /// Share of the arrows condemned in a round: 1 to 100 %; seed: 30 %.
    pub share: Share,
    /// Longest drain of an arrow in use: 1 s to 60 minutes, which is the seed's value.
    pub limit: Duration,
    /// Share of the arrows sheltered as most used: 0 to 20 %, the seed's value.
    pub most_used: Share,
    /// Share of the candidates owed to the well-known nodes: 0 to 30 %, the seed's value.
    pub well_known_share: Share,
    /// The well-known nodes, at most [`Parameters::WELL_KNOWN`]; default: none.
    pub well_known: Vec<NodeId>,
    /// Share of the arrows drawn among the nearest of some: 0 to 20 %; default: 0, off.
    pub neighbourhood: Share,
    /// Arrows that a node accepts, for each one that it keeps: 1 to 10; default: 2.
    pub acceptance: u16,
    /// How long an arrow may take to open: 1 s to a minute; default: 15 s.
    pub patience: Duration,
    /// Silence of payload before a drained arrow is closed: 100 ms to a minute; default: 1 s.
    pub quiet: Duration,
    /// Time between two probes of a link: 100 ms to a minute; default: 1 s.
    pub probe: Duration,
    /// Silence after which a link is dead: two probes to 5 minutes; default: 3.5 s.
    pub silence: Duration,
    /// Which IPv4 addresses the nodes have; default: none.
    pub ipv4: Option<Ipv4Plan>,
    /// The nodes that may be exits: which may announce a way to all addresses outside of the
    /// network. At most [`Parameters::EXITS`]; default: nobody.
    pub exits: Vec<NodeId>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            arrows: 10,
            period: 5 * MINUTE,
            share: Share::percent(30),
            limit: 60 * MINUTE,
            most_used: Share::percent(20),
            well_known_share: Share::percent(30),
            well_known: Vec::new(),
            neighbourhood: Share::percent(0),
            acceptance: 2,
            patience: 15 * SECOND,
            quiet: SECOND,
            probe: SECOND,
            silence: Duration::from_millis(3500),
            ipv4: None,
            exits: Vec::new(),
        }
    }
}

impl Parameters {
    /// Most well-known nodes.
    pub const WELL_KNOWN: usize = 256;
    /// Most nodes that may be exits.
    pub const EXITS: usize = 64;
    /// Fewest and most links that are accepted for each arrow.
    pub const ACCEPTANCE: (u16, u16) = (1, 10);

    /// Returns the parameters inside their bounds, and the names of those that were not.
    pub fn clamped(mut self) -> (Self, Vec<&'static str>) {
        let wrong = self.hold();
        (self, wrong.into_iter().map(|wrong| wrong.name).collect())
    }

    /// Returns what is wrong with each parameter that is out of its bounds, by the names that
    /// `re6st registry parameters` gives them: `round must be 1s to 1h`.
    pub fn objections(&self) -> Vec<String> {
        self.clone().hold().into_iter().map(|wrong| wrong.objection).collect()
    }

    /// Returns the same of one parameter; `None` if it is inside its bounds.
    pub fn objection(&self, parameter: &str) -> Option<String> {
        let wrong = self.clone().hold().into_iter().find(|wrong| wrong.name == parameter);
        wrong.map(|wrong| wrong.objection)
    }

    /// Brings the parameters inside their bounds.
    fn hold(&mut self) -> Vec<Wrong> {
        let mut named = Named(Vec::new());
        let percent = |least, most| (Share::percent(least), Share::percent(most));
        named.hold("arrows", &mut self.arrows, (1, 100));
        named.hold("round", &mut self.period, (SECOND, 60 * MINUTE));
        named.hold("share", &mut self.share, percent(1, 100));
        named.hold("limit", &mut self.limit, (SECOND, 60 * MINUTE));
        named.hold("most-used", &mut self.most_used, percent(0, 20));
        named.hold("well-known-share", &mut self.well_known_share, percent(0, 30));
        named.hold("neighbourhood", &mut self.neighbourhood, percent(0, 20));
        named.hold("acceptance", &mut self.acceptance, Self::ACCEPTANCE);
        named.hold("patience", &mut self.patience, (SECOND, MINUTE));
        named.hold("quiet", &mut self.quiet, (INSTANT, MINUTE));
        named.hold("probe", &mut self.probe, (INSTANT, MINUTE));
        named.hold("silence", &mut self.silence, (2 * self.probe, 5 * MINUTE));
        if let Some(Err(wrong)) = self.ipv4.map(Ipv4Plan::check) {
            self.ipv4 = None;
            named.0.push(Wrong { name: "ipv4", objection: wrong.to_string() });
        }
        named.0
    }

    /// Checks the lengths of what is a list.
    ///
    /// # Errors
    ///
    /// [`Malformed::Oversize`] for too many well-known nodes or exits.
    pub(crate) fn sizes(&self) -> Result<(), Malformed> {
        within("list of well-known nodes", self.well_known.len(), Self::WELL_KNOWN)?;
        within("list of exits", self.exits.len(), Self::EXITS)
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.map(13 + usize::from(self.ipv4.is_some()) + usize::from(!self.exits.is_empty()));
        out.key(0).number(u64::from(self.arrows));
        out.key(1).duration(self.period);
        out.key(2).number(u64::from(self.share.as_percent()));
        out.key(3).duration(self.limit);
        out.key(4).number(u64::from(self.most_used.as_percent()));
        out.key(5).number(u64::from(self.well_known_share.as_percent()));
        out.key(6).list(self.well_known.len());
        for node in &self.well_known {
            out.prefix(node.0);
        }
        out.key(7).number(u64::from(self.neighbourhood.as_percent()));
        out.key(8).number(u64::from(self.acceptance));
        out.key(9).duration(self.patience);
        out.key(10).duration(self.quiet);
        out.key(11).duration(self.probe);
        out.key(12).duration(self.silence);
        self.write_payload(out);
    }

    /// Writes what concerns payload; nothing at all where the network has none of it.
    fn write_payload(&self, out: &mut Writer) {
        if let Some(plan) = self.ipv4 {
            out.key(16).map(2);
            out.key(0).prefix(plan.network);
            out.key(1).number(plan.node_length.into());
        }
        if !self.exits.is_empty() {
            out.key(17).list(self.exits.len());
            for node in &self.exits {
                out.prefix(node.0);
            }
        }
    }

    /// Reads parameters; numbers out of their bounds are read as they are, those
    /// too large for their type as the largest.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut read = Self::default();
        reader.map(|key, value| read.field(key, value))?;
        Ok(read)
    }

    fn field(&mut self, key: u64, value: &mut Reader<'_>) -> Result<bool, Malformed> {
        match key {
            0 => self.arrows = value.small()?,
            1 => self.period = value.duration()?,
            2 => self.share = Share::percent(value.small()?),
            3 => self.limit = value.duration()?,
            4 => self.most_used = Share::percent(value.small()?),
            5 => self.well_known_share = Share::percent(value.small()?),
            6 => self.well_known = value.list(Self::WELL_KNOWN, Reader::node)?,
            7 => self.neighbourhood = Share::percent(value.small()?),
            8 => self.acceptance = value.small()?,
            9 => self.patience = value.duration()?,
            10 => self.quiet = value.duration()?,
            11 => self.probe = value.duration()?,
            12 => self.silence = value.duration()?,
            16 => self.ipv4 = Some(plan(value)?),
            17 => self.exits = value.list(Self::EXITS, Reader::node)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Reads which IPv4 addresses the nodes have; a length too large for IPv4 is read as one.
fn plan(value: &mut Reader<'_>) -> Result<Ipv4Plan, Malformed> {
    let mut plan = Ipv4Plan { network: Prefix::ALL, node_length: 0 };
    value.map(|key, value| {
        match key {
            0 => plan.network = value.prefix()?,
            1 => plan.node_length = u8::try_from(value.small()?).unwrap_or(u8::MAX),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(plan)
}

/// A parameter that had to be held, and what it must be.
struct Wrong {
    name: &'static str,
    objection: String,
}

/// A number that has bounds.
trait Bounded: Ord + Copy {
    /// Returns it as an operator writes it.
    fn text(self) -> String;
}

impl Bounded for u16 {
    fn text(self) -> String {
        self.to_string()
    }
}

impl Bounded for Share {
    fn text(self) -> String {
        format!("{}%", self.as_percent())
    }
}

impl Bounded for Duration {
    fn text(self) -> String {
        let units = [(3_600_000, "h"), (60_000, "m"), (1000, "s")];
        let whole = |(unit, _): &(u128, &str)| self.as_millis().is_multiple_of(*unit);
        let (unit, name) = units.into_iter().find(whole).unwrap_or((1, "ms"));
        format!("{}{name}", self.as_millis() / unit)
    }
}

/// The parameters that had to be held.
struct Named(Vec<Wrong>);

impl Named {
    /// Brings `value` inside its bounds, both allowed.
    fn hold<T: Bounded>(&mut self, name: &'static str, value: &mut T, bounds: (T, T)) {
        let held = (*value).max(bounds.0).min(bounds.1);
        if held != *value {
            *value = held;
            let (least, most) = (bounds.0.text(), bounds.1.text());
            self.0.push(Wrong { name, objection: format!("{name} must be {least} to {most}") });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_inside_their_bounds() {
        let (held, named) = Parameters::default().clamped();
        assert_eq!((held, named), (Parameters::default(), Vec::new()));
    }

    #[test]
    fn what_is_out_of_bounds_comes_back_and_is_named() {
        let wild = Parameters {
            arrows: 0,
            share: Share::percent(0),
            limit: Duration::from_hours(24),
            silence: INSTANT,
            ..Parameters::default()
        };
        let (held, named) = wild.clamped();
        assert_eq!(named, ["arrows", "share", "limit", "silence"]);
        assert_eq!((held.arrows, held.share, held.limit), (1, Share::percent(1), 60 * MINUTE));
        assert_eq!(held.silence, 2 * held.probe);
    }

    #[test]
    fn objections_name_the_bounds() {
        assert_eq!(Parameters::default().objections(), Vec::<String>::new());
        let wild = Parameters {
            arrows: 0,
            period: Duration::from_hours(2),
            share: Share::percent(0),
            quiet: Duration::ZERO,
            ..Parameters::default()
        };
        let texts = [
            "arrows must be 1 to 100",
            "round must be 1s to 1h",
            "share must be 1% to 100%",
            "quiet must be 100ms to 1m",
        ];
        assert_eq!(wild.objections(), texts);
    }
}
