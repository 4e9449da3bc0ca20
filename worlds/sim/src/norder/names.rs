//! The names of all nodes: which of them are in which mesh as the network begins, and where in it.

use order::MeshMap;
use words::{NodeId, Prefix};

use super::web::NETWORK;
use crate::number::small;

/// Names by numbers, and numbers by names: mesh number j has the nodes from j × each on.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// The map by which they were given.
    map: MeshMap,
    each: usize,
    /// Whether they are spread over all of a mesh, so that its halves have as many each. Else they are
    /// in a row.
    are_spread: bool,
}

impl Names {
    /// Returns the names of so many nodes in each mesh of this map.
    pub(super) const fn new(map: MeshMap, each: usize, are_spread: bool) -> Self {
        Self { map, each, are_spread }
    }

    /// Returns how many nodes there are.
    pub(super) fn nodes(&self) -> usize {
        self.map.meshes().len() * self.each
    }

    /// Returns how many nodes each mesh has as the network begins.
    pub(super) const fn each(&self) -> usize {
        self.each
    }

    /// Returns the number of the mesh in which a node was at home then.
    pub(super) const fn home(&self, node: usize) -> usize {
        node / self.each
    }

    /// Returns that mesh.
    pub(super) fn first_home(&self, node: usize) -> Prefix {
        self.map.meshes().get(self.home(node)).copied().unwrap_or(NETWORK)
    }

    /// Returns the name of a node.
    pub(super) fn name(&self, node: usize) -> NodeId {
        let mesh = self.first_home(node);
        let place = self.turned((node % self.each) as u64 + 1, mesh);
        NodeId(Prefix::new(mesh.bits() | u128::from(place) << 64, 64))
    }

    /// Returns the number of a node by its name.
    pub(super) fn number_of(&self, node: NodeId) -> u32 {
        let home = self.map.home(node).unwrap_or(NETWORK);
        let place = u64::try_from((node.0.bits() ^ home.bits()) >> 64).unwrap_or(1);
        let place = usize::try_from(self.turned(place, home)).unwrap_or(1);
        let number = self.map.meshes().binary_search(&home).unwrap_or(0);
        small(number) * small(self.each) + small(place.saturating_sub(1))
    }

    /// Returns the number of the node of this name; `None` if there is none.
    pub(super) fn find(&self, node: NodeId) -> Option<usize> {
        let number = self.number_of(node) as usize;
        (number < self.nodes() && self.name(number) == node).then_some(number)
    }

    /// Returns the nodes inside a range, in the order of their numbers.
    pub(super) fn inside(&self, range: Prefix) -> impl Iterator<Item = u32> {
        let meshes = self.map.meshes().iter().enumerate();
        let near = meshes.filter(move |(_, mesh)| mesh.covers(range) || range.covers(**mesh));
        let nodes = near.flat_map(|(number, _)| number * self.each..(number + 1) * self.each);
        nodes.filter(move |node| range.covers(self.name(*node).0)).map(small)
    }

    /// Returns a place in a mesh with its bits in the other order, if names are spread; told twice, it is
    /// the place again.
    const fn turned(&self, place: u64, mesh: Prefix) -> u64 {
        if self.are_spread { place.reverse_bits() >> mesh.length() } else { place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(are_spread: bool) -> Names {
        Names::new(MeshMap::even(NETWORK, &[2]).unwrap(), 9, are_spread)
    }

    #[test]
    fn each_name_is_of_one_node_and_of_its_mesh() {
        for names in [names(false), names(true)] {
            for node in 0..names.nodes() {
                let name = names.name(node);
                assert_eq!(names.find(name), Some(node));
                assert_eq!(names.map.home(name), names.map.meshes().get(node / 9).copied());
            }
            assert_eq!(names.find(NodeId(NETWORK)), None);
        }
    }

    #[test]
    fn halves_of_a_mesh_have_as_many_nodes_where_names_are_spread() {
        let mesh = names(true).map.meshes()[1];
        let half = Prefix::new(mesh.bits(), mesh.length() + 1);
        let sizes = |names: Names| [half, mesh].map(|range| names.inside(range).count());
        assert_eq!((sizes(names(true)), sizes(names(false))), ([4, 9], [9, 9]));
        let first: Vec<u32> = names(true).inside(mesh).collect();
        assert_eq!(first, (9..18).collect::<Vec<_>>());
    }
}
