//! Nodes by their names in routing.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::NodeId;

/// A set of nodes by their [names in routing](NodeId::routing_name). Copies share one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Arc<[[u8; 8]]>);

impl Names {
    /// Returns the names of these nodes.
    pub fn of(nodes: impl IntoIterator<Item = NodeId>) -> Self {
        nodes.into_iter().map(NodeId::routing_name).collect()
    }

    /// Tells whether a node of this name is among them.
    pub fn contains(&self, name: [u8; 8]) -> bool {
        self.0.binary_search(&name).is_ok()
    }

    /// Returns the names, in order.
    pub fn iter(&self) -> impl Iterator<Item = [u8; 8]> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<[u8; 8]> for Names {
    fn from_iter<I: IntoIterator<Item = [u8; 8]>>(names: I) -> Self {
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        Self(names.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_each_name_once_and_finds_it() {
        let node = |n: u8| NodeId(crate::Prefix::new(u128::from(n) << 64, 64));
        let names = Names::of([node(9), node(2), node(9)]);
        assert_eq!(names.iter().count(), 2);
        assert!(names.contains(node(2).routing_name()) && !names.contains(node(3).routing_name()));
        assert!(!Names::default().contains([0; 8]));
    }
}
