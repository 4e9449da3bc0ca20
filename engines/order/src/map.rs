//! The ranges of a network: a binary trie, cut one time less than its order.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use words::{NodeId, Prefix};

use crate::Refused;

/// Which ranges a network is divided in.
///
/// A *cut* is a list of ranges that together cover the network and do not overlap. Order 1 has
/// no cut: the network is one mesh. Each further order has one more, each inside the one above;
/// the ranges of the last are the *meshes*, those of the others are *groups* of meshes. The
/// ranges of a cut may differ in length, since a mesh is split alone, when it has grown.
///
/// Copies share the ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshMap {
    network: Prefix,
    /// The widest cut first; each in the order of addresses.
    cuts: Arc<[Vec<Prefix>]>,
}

impl MeshMap {
    /// The highest order.
    pub const ORDER: usize = 8;
    /// Most meshes: ranges of the last cut.
    pub const MESHES: usize = 32_768;
    /// Most bits that a mesh has more than its network.
    pub const BITS: u8 = 32;
    /// Longest range of a mesh, so that 256 addresses are left.
    const LONGEST: u8 = 120;

    /// Returns the map of order 1: the network is one mesh.
    pub fn whole(network: Prefix) -> Self {
        Self { network, cuts: Arc::new([]) }
    }

    /// Returns the map with these cuts, the widest first, each in any order of ranges.
    ///
    /// # Errors
    ///
    /// [`Refused`] if a cut does not cover the network exactly once, a range is not inside one of
    /// the cut above or is too small, or there are too many cuts or meshes.
    pub fn new(network: Prefix, mut cuts: Vec<Vec<Prefix>>) -> Result<Self, Refused> {
        if cuts.len() >= Self::ORDER {
            return Err(Refused::Order { order: cuts.len() + 1, most: Self::ORDER });
        }
        let mut above = vec![network];
        for cut in &mut cuts {
            cut.sort_unstable();
            Self::check(network, &above, cut)?;
            above.clone_from(cut);
        }
        Ok(Self { network, cuts: cuts.into() })
    }

    /// Returns the map whose cuts each divide every range above in 2^`bits` equal ones.
    ///
    /// # Errors
    ///
    /// [`Refused`] for too many bits or cuts.
    pub fn even(network: Prefix, bits: &[u8]) -> Result<Self, Refused> {
        let mut cuts = Vec::new();
        let mut above = vec![network];
        for bits in bits {
            for _ in 0..*bits {
                if above.len() * 2 > Self::MESHES {
                    return Err(Refused::Meshes { most: Self::MESHES });
                }
                above = above.into_iter().flat_map(halves).collect();
            }
            cuts.push(above.clone());
        }
        Self::new(network, cuts)
    }

    /// Checks one cut, sorted, against the one above.
    fn check(network: Prefix, above: &[Prefix], cut: &[Prefix]) -> Result<(), Refused> {
        if cut.len() > Self::MESHES {
            return Err(Refused::Meshes { most: Self::MESHES });
        }
        let mut wide = above.iter().copied().peekable();
        // Where the next range must begin; `None` past the last address there is.
        let mut next = Some(network.bits());
        for (index, range) in cut.iter().copied().enumerate() {
            if !Self::is_room(network, range) {
                return Err(Refused::Small { range });
            }
            while wide.peek().is_some_and(|wide| end(*wide).is_some_and(|end| end <= range.bits()))
            {
                wide.next();
            }
            if !wide.peek().is_some_and(|wide| wide.covers(range)) {
                return Err(Refused::Astray { range });
            }
            if next != Some(range.bits()) {
                let ahead = next.is_none_or(|next| next > range.bits());
                let before = index.checked_sub(1).and_then(|last| cut.get(last)).copied();
                return Err(match before.filter(|_| ahead) {
                    Some(other) => Refused::Overlap { range, other },
                    None => Refused::Gap { before: range },
                });
            }
            next = end(range);
        }
        if next == end(network) { Ok(()) } else { Err(Refused::Gap { before: network }) }
    }

    /// Tells whether `range` may be one of a cut.
    pub(crate) const fn is_room(network: Prefix, range: Prefix) -> bool {
        range.length() <= Self::LONGEST
            && range.length().saturating_sub(network.length()) <= Self::BITS
    }

    /// Returns a map of cuts that are known to be right.
    pub(crate) fn known(network: Prefix, cuts: Vec<Vec<Prefix>>) -> Self {
        Self { network, cuts: cuts.into() }
    }

    /// Returns all addresses of the network.
    pub const fn network(&self) -> Prefix {
        self.network
    }

    /// Returns the order: 1 for one mesh, 2 for a mesh of meshes.
    pub fn order(&self) -> usize {
        self.cuts.len() + 1
    }

    /// Returns the cuts, the widest first.
    pub fn cuts(&self) -> &[Vec<Prefix>] {
        &self.cuts
    }

    /// Returns the meshes, in the order of their addresses.
    pub fn meshes(&self) -> &[Prefix] {
        self.cuts.last().map_or(core::slice::from_ref(&self.network), Vec::as_slice)
    }

    /// Returns the mesh of an address; `None` outside of the network.
    pub fn mesh_of(&self, address: Ipv6Addr) -> Option<Prefix> {
        find(self.meshes(), Prefix::new(address.to_bits(), 128))
    }

    /// Returns the home of a node: the mesh that its prefix is in; `None` outside of the network.
    pub fn home(&self, node: NodeId) -> Option<Prefix> {
        find(self.meshes(), node.0)
    }

    /// Tells whether `range` is a mesh.
    pub fn is_mesh(&self, range: Prefix) -> bool {
        self.meshes().binary_search(&range).is_ok()
    }

    /// Tells whether `range` is a mesh or a group: what may be announced as a range.
    pub fn is_range(&self, range: Prefix) -> bool {
        self.cuts.iter().any(|cut| cut.binary_search(&range).is_ok())
    }

    /// Returns the ranges that `prefix` is in, itself if it is one, the narrowest first; the
    /// network is not among them. Empty outside of the network.
    pub fn chain(&self, prefix: Prefix) -> impl Iterator<Item = Prefix> {
        let ranges = self.cuts.iter().rev().filter_map(move |cut| find(cut, prefix));
        let mut last = None;
        // A group of one mesh has the same range as the mesh.
        ranges.filter(move |range| last.replace(*range) != Some(*range))
    }

    /// Returns the range around `prefix`, which it is not itself: of a node its mesh, of a mesh
    /// its group, of the widest group the network; `None` for the network and outside of it.
    pub fn parent(&self, prefix: Prefix) -> Option<Prefix> {
        let inside = self.network.covers(prefix) && prefix != self.network;
        let around = self.chain(prefix).find(|range| *range != prefix);
        inside.then(|| around.unwrap_or(self.network))
    }

    /// Returns the other ranges that have the same parent as `range`, in the order of addresses.
    ///
    /// These, and those of each group around it, are what a mesh knows of the others.
    pub fn siblings(&self, range: Prefix) -> impl Iterator<Item = Prefix> {
        let parent = self.is_range(range).then(|| self.parent(range)).flatten();
        let siblings = parent.map(|parent| self.children(parent));
        siblings.into_iter().flatten().filter(move |sibling| *sibling != range)
    }

    /// Returns the widest ranges inside `range`, itself left out: of a group its meshes or the
    /// groups in it, of the network the widest cut. A mesh has none.
    pub fn children(&self, range: Prefix) -> impl Iterator<Item = Prefix> {
        let inside = move |cut: &&Vec<Prefix>| {
            let first = cut.partition_point(|other| other.bits() < range.bits());
            cut.get(first).is_some_and(|child| range.covers(*child) && *child != range)
        };
        let cut = self.cuts.iter().find(inside).map_or(&[][..], Vec::as_slice);
        let first = cut.partition_point(|other| other.bits() < range.bits());
        let rest = cut.get(first..).unwrap_or_default();
        rest.iter().copied().take_while(move |child| range.covers(*child))
    }

    /// Returns the ranges that nodes of `mesh` know besides each other: the siblings of the mesh,
    /// and of each group around it.
    ///
    /// With n nodes, meshes and groups each: (order - 1) (n - 1) of them.
    pub fn abroad(&self, mesh: Prefix) -> impl Iterator<Item = Prefix> {
        self.chain(mesh).flat_map(|range| self.siblings(range))
    }
}

/// Returns the first range past `range`, as an address; `None` past the last one there is.
const fn end(range: Prefix) -> Option<u128> {
    match range.length() {
        0 => None,
        length => range.bits().checked_add(1 << (128 - length as u32)),
    }
}

/// Returns both halves of a range, the lower one first. A single address has none: it is returned twice.
pub const fn halves(range: Prefix) -> [Prefix; 2] {
    let length = range.length() + 1;
    let bit = 1 << (128_u32.saturating_sub(length as u32));
    [Prefix::new(range.bits(), length), Prefix::new(range.bits() | bit, length)]
}

/// Returns the range of a cut that covers `prefix`.
fn find(cut: &[Prefix], prefix: Prefix) -> Option<Prefix> {
    let after = cut.partition_point(|range| range.bits() <= prefix.bits());
    let range = *cut.get(after.checked_sub(1)?)?;
    range.covers(prefix).then_some(range)
}
