//! Why something of the n-order mesh is not believed.

use words::{NodeId, Prefix};

/// Why a mesh map, an epoch, a claim or an announcement is refused.
///
/// Always the fault of who sent it, worth a counter by [`name`](Self::name); what was in force
/// stays in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The octets are no mesh map: they end early, or go on after the end.
    #[error("the mesh map is not of the expected form; ask another neighbour, or the registry")]
    Form,
    /// More cuts than there may be.
    #[error("the mesh map has order {order}, at most {most} is allowed")]
    Order {
        /// What it has.
        order: usize,
        /// The highest order.
        most: usize,
    },
    /// More meshes than there may be.
    #[error("the mesh map has more than {most} meshes; raise the order instead")]
    Meshes {
        /// The most meshes.
        most: usize,
    },
    /// A mesh that has room for nobody, or whose range is too deep in the trie.
    #[error("{range} is too small to be the range of a mesh")]
    Small {
        /// The range.
        range: Prefix,
    },
    /// Two ranges of one cut overlap.
    #[error("{range} overlaps {other}; each address belongs to one mesh")]
    Overlap {
        /// A range.
        range: Prefix,
        /// One that it overlaps.
        other: Prefix,
    },
    /// Addresses of the network that belong to no mesh.
    #[error("the addresses from {before} on belong to no mesh; a cut covers the whole network")]
    Gap {
        /// The range before which addresses are missing, or the network if they are at its end.
        before: Prefix,
    },
    /// A range outside of the network, or across a wider one of the cut above.
    #[error("{range} is not inside one range of the cut above it")]
    Astray {
        /// The range.
        range: Prefix,
    },
    /// No mesh of the map.
    #[error("{range} is no mesh of this network")]
    Unknown {
        /// What was named.
        range: Prefix,
    },
    /// A node that is outside of the network.
    #[error("{node} is outside of the network")]
    Outside {
        /// The node.
        node: NodeId,
    },
    /// Our own range, told from outside: whoever is inside knows better.
    #[error("{range} is our own range: a member knows exact prefixes, and refuses its range")]
    OwnRange {
        /// The range.
        range: Prefix,
    },
    /// An announcement that has no business on links of this mesh.
    #[error("{prefix} does not pass on links of the mesh {link}")]
    Trespass {
        /// What was announced.
        prefix: Prefix,
        /// The mesh of the link.
        link: Prefix,
    },
    /// An epoch earlier than the one in force.
    #[error("epoch {got} is over, {have} is in force")]
    EpochBack {
        /// What was told.
        got: u64,
        /// What is in force.
        have: u64,
    },
    /// An epoch whose beacon does not follow from what is known.
    #[error("the beacon of epoch {epoch} does not follow from the one before")]
    Beacon {
        /// The epoch.
        epoch: u64,
    },
    /// No next part of the registry's chain.
    #[error("the registry's part of the beacon is not the next of its chain")]
    Part,
    /// A secret that its member did not promise.
    #[error("{node} reveals what it did not promise in the epoch before")]
    Unpromised {
        /// The member.
        node: NodeId,
    },
    /// Enough members share in the beacon already.
    #[error("{most} members share in this beacon already; try again in the next epoch")]
    Crowded {
        /// How many may.
        most: usize,
    },
    /// A node that claims to serve in a mesh, and was not elected to.
    #[error("{node} was not elected to serve in {mesh}")]
    NotElected {
        /// The node.
        node: NodeId,
        /// The mesh it claims to serve in.
        mesh: Prefix,
    },
    /// A mesh that cannot be split, merged or cut above as asked.
    #[error("{range} cannot be changed so: {why}")]
    Change {
        /// The mesh, or the network.
        range: Prefix,
        /// Why not.
        why: &'static str,
    },
    /// Octets that are no epoch, no roster or no plan.
    #[error("the {what} is not of the expected form; ask another neighbour, or the registry")]
    Octets {
        /// What was read.
        what: &'static str,
    },
}

impl Refused {
    /// Returns the name of the reason, for counters.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Order { .. } => "order",
            Self::Meshes { .. } => "meshes",
            Self::Small { .. } => "small",
            Self::Overlap { .. } => "overlap",
            Self::Gap { .. } => "gap",
            Self::Astray { .. } => "astray",
            Self::Unknown { .. } => "unknown-mesh",
            Self::Outside { .. } => "outside",
            Self::OwnRange { .. } => "own-range",
            Self::Trespass { .. } => "trespass",
            Self::EpochBack { .. } => "epoch-back",
            Self::Beacon { .. } => "beacon",
            Self::Part => "part",
            Self::Unpromised { .. } => "unpromised",
            Self::Crowded { .. } => "crowded",
            Self::NotElected { .. } => "not-elected",
            Self::Change { .. } => "change",
            Self::Octets { .. } => "octets",
        }
    }
}
