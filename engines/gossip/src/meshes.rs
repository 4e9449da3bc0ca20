//! How the network is divided in meshes, and by what its border nodes are elected.
//!
//! ```text
//! in the document   5: mesh map, 6: epoch, 7: roster, each the octets that `order` writes,
//!                   8: rules { 0: share, 1: least, 2: tenure, 3: seats }, 9: plan
//! ```
//!
//! Everything that an election depends on is here, so that every node computes it alike.
//!
//! Source: seed, "2-order mesh": the choice of border nodes is like the election of a coordinator,
//! and is told as revocations are.

use order::{Election, Epoch, MeshMap, Plan, Roster, Rules};
use words::{Prefix, Share, Wall};

use crate::Malformed;
use crate::codec::{Reader, Writer, within};

const WHAT: &str = "network document";

/// The meshes of a network, and what its border nodes are elected by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meshes {
    /// The ranges.
    pub map: MeshMap,
    /// The luck of elections.
    pub epoch: Epoch,
    /// Who may be elected, at most [`Meshes::MEMBERS`].
    pub roster: Roster,
    /// How many are elected, and for how long.
    pub rules: Rules,
    /// The change of the map that is under way.
    pub plan: Option<Plan>,
}

impl Meshes {
    /// Most members of a network that has several meshes.
    pub const MEMBERS: usize = 30_000;

    /// Returns a network with this map that has elected nobody yet.
    pub fn of(map: MeshMap, began: Wall, anchor: [u8; 32]) -> Self {
        let epoch = Epoch::first(began, Epoch::LENGTH, anchor);
        let (roster, rules) = (Roster::default(), Rules::default());
        Self { map, epoch, roster, rules, plan: None }
    }

    /// Returns the election that all of this decides.
    pub fn election(&self) -> Election<'_> {
        Election::new(&self.map, &self.roster, &self.epoch, self.rules)
    }

    /// Checks the lengths of what is a list.
    ///
    /// # Errors
    ///
    /// [`Malformed::Oversize`].
    pub(crate) fn sizes(&self) -> Result<(), Malformed> {
        within("list of members", self.roster.members().len(), Self::MEMBERS)
    }

    /// Returns how many keys of a document it takes.
    pub(crate) fn keys(&self) -> usize {
        4 + usize::from(self.plan.is_some())
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.key(5).bytes(&self.map.encode());
        out.key(6).bytes(&self.epoch.encode());
        out.key(7).bytes(&self.roster.encode(self.map.network()));
        out.key(8).map(4);
        out.key(0).number(self.rules.share.as_percent().into());
        out.key(1).number(self.rules.least.into());
        out.key(2).number(self.rules.tenure.into());
        out.key(3).number(self.rules.seats.into());
        if let Some(plan) = self.plan {
            out.key(9).bytes(&plan.encode());
        }
    }
}

/// What was read of it so far.
#[derive(Debug, Default)]
pub(crate) struct Fields<'b> {
    map: Option<&'b [u8]>,
    epoch: Option<&'b [u8]>,
    roster: Option<&'b [u8]>,
    rules: Rules,
    plan: Option<&'b [u8]>,
}

impl<'b> Fields<'b> {
    /// Reads one field of a document; returns whether the key was known.
    pub(crate) fn read(&mut self, key: u64, value: &mut Reader<'b>) -> Result<bool, Malformed> {
        match key {
            5 => self.map = Some(value.bytes()?),
            6 => self.epoch = Some(value.bytes()?),
            7 => self.roster = Some(value.bytes()?),
            8 => self.rules = rules(value)?,
            9 => self.plan = Some(value.bytes()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Returns what the fields say; `None` without a map.
    pub(crate) fn finish(self, network: Prefix) -> Result<Option<Meshes>, Malformed> {
        let impossible = |field| move |_| Malformed::Value { what: WHAT, field };
        let missing = |field| Malformed::Missing { what: WHAT, field };
        let Some(map) = self.map else { return Ok(None) };
        let map = MeshMap::decode(network, map).map_err(impossible("mesh map"))?;
        let epoch = self.epoch.ok_or(missing("epoch"))?;
        let epoch = Epoch::decode(epoch).map_err(impossible("epoch"))?;
        let roster = self.roster.ok_or(missing("roster"))?;
        let roster = Roster::decode(network, roster).map_err(impossible("roster"))?;
        let plan = self.plan.map(Plan::decode).transpose().map_err(impossible("plan"))?;
        Ok(Some(Meshes { map, epoch, roster, rules: self.rules, plan }))
    }
}

/// Reads rules; they are held inside their bounds where they are used.
fn rules(reader: &mut Reader<'_>) -> Result<Rules, Malformed> {
    let mut read = Rules::default();
    reader.map(|key, value| {
        match key {
            0 => read.share = Share::percent(value.small()?),
            1 => read.least = value.small()?,
            2 => read.tenure = value.small()?,
            3 => read.seats = value.small()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(read)
}
