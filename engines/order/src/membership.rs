//! The meshes that a node is a member of.

use alloc::vec::Vec;

use words::{NodeId, Prefix};

use crate::{MeshMap, Refused};

/// The meshes that one node is a member of at present.
///
/// Its home is where its prefix is; its addresses never change. A *border node* serves in foreign
/// meshes as well: it keeps arrows in each, knows the nodes of each, and tells each the range of
/// the others. With one foreign mesh its table is half as large again as a plain node's at order
/// 2, with two twice as large (seed: three and four times the size of a single mesh).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memberships {
    node: NodeId,
    home: Prefix,
    /// In the order of addresses, each once, home left out.
    foreign: Vec<Prefix>,
}

impl Memberships {
    /// Returns the memberships of a plain node: its home.
    ///
    /// # Errors
    ///
    /// [`Refused::Outside`] for a node outside of the network.
    pub fn plain(map: &MeshMap, node: NodeId) -> Result<Self, Refused> {
        Self::border(map, node, [])
    }

    /// Returns the memberships of a node that serves in the `foreign` meshes as well. Home, or a
    /// mesh named twice, does not count.
    ///
    /// # Errors
    ///
    /// [`Refused::Outside`] for a node outside of the network, [`Refused::Unknown`] for what is
    /// no mesh.
    pub fn border(
        map: &MeshMap,
        node: NodeId,
        foreign: impl IntoIterator<Item = Prefix>,
    ) -> Result<Self, Refused> {
        let home = map.home(node).ok_or(Refused::Outside { node })?;
        let mut foreign: Vec<_> = foreign.into_iter().filter(|mesh| *mesh != home).collect();
        foreign.sort_unstable();
        foreign.dedup();
        match foreign.iter().find(|mesh| !map.is_mesh(**mesh)) {
            Some(range) => Err(Refused::Unknown { range: *range }),
            None => Ok(Self { node, home, foreign }),
        }
    }

    /// Returns the node.
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// Returns its home.
    pub const fn home(&self) -> Prefix {
        self.home
    }

    /// Returns the meshes where it serves as border node, in the order of addresses.
    pub fn foreign(&self) -> &[Prefix] {
        &self.foreign
    }

    /// Returns all meshes it is a member of, home first.
    pub fn meshes(&self) -> impl Iterator<Item = Prefix> + Clone {
        core::iter::once(self.home).chain(self.foreign.iter().copied())
    }

    /// Tells whether it is a member of `mesh`.
    pub fn is_member(&self, mesh: Prefix) -> bool {
        self.home == mesh || self.foreign.binary_search(&mesh).is_ok()
    }

    /// Tells whether it is a member of a mesh inside `range`: of the range itself, or of a mesh of
    /// that group.
    pub fn is_inside(&self, range: Prefix) -> bool {
        self.meshes().any(|mesh| range.covers(mesh))
    }

    /// Tells whether it serves anywhere but at home.
    pub fn is_border(&self) -> bool {
        !self.foreign.is_empty()
    }
}
