//! The exceptions: one file each, all listed here.

use core::fmt;

mod bootstrap;
mod capacity;
mod failing_carrier;
mod in_use;
mod most_used;
mod neighbourhood;
mod refuge;
mod same_lan;
mod small_mesh;
mod well_known;

pub use bootstrap::Bootstrap;
pub use capacity::Capacity;
pub use failing_carrier::FailingCarrier;
pub use in_use::InUse;
pub use most_used::MostUsed;
pub use neighbourhood::Neighbourhood;
pub use refuge::Refuge;
pub use same_lan::SameLan;
pub use small_mesh::{Ensure, Rule, SmallMesh};
pub use well_known::WellKnown;

/// What an exception owes its reader.
#[derive(Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its name, as in metrics and logs.
    pub name: &'static str,
    /// The principle it bends.
    pub bends: Principle,
    /// Why practice needs it.
    pub because: &'static str,
    /// What it does.
    pub does: &'static str,
    /// What it never does.
    pub never: &'static str,
    /// The bound that its constructor holds it to, whatever the configuration says.
    pub bound: &'static str,
    /// The test, in its own file, that shows the bound.
    pub test: &'static str,
}

/// What an exception can bend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principle {
    /// P1: arrows are chosen at random.
    Selection,
    /// P2: arrows are destroyed at random.
    Destruction,
    /// P3: nothing is grouped, and border nodes are elected at random.
    Election,
}

impl fmt::Display for Principle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Selection => "P1 selection",
            Self::Destruction => "P2 destruction",
            Self::Election => "P3 election",
        })
    }
}

/// Every exception there is.
pub const ALL: [&Exception; 10] = [
    &in_use::IN_USE,
    &most_used::MOST_USED,
    &bootstrap::BOOTSTRAP,
    &well_known::WELL_KNOWN,
    &small_mesh::SMALL_MESH,
    &neighbourhood::NEIGHBOURHOOD,
    &same_lan::SAME_LAN,
    &refuge::REFUGE,
    &failing_carrier::FAILING_CARRIER,
    &capacity::CAPACITY,
];
