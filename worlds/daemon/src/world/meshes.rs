//! What a node says of the meshes of its network, and of its part between them.

use std::collections::BTreeSet;

use arrows::State;
use order::{MeshMap, Roster};
use serde_json::{Value, json};
use words::{NodeId, Prefix};

use super::World;

impl World {
    /// Tells how the network is divided, where this node is a member, and what its tables hold;
    /// null while the network is one mesh.
    pub(super) fn meshes(&self) -> Value {
        let (Some(meshes), Some(map)) = (self.node.meshes(), self.node.map()) else {
            return Value::Null;
        };
        let (nodes, ranges) = self.tables();
        let (home, members) = (self.node.home(), |mesh| meshes.roster.inside(mesh).len());
        let services: Vec<Value> = self
            .node
            .services()
            .map(|service| {
                let live = service.arrows.arrows().filter(|it| it.ours && it.state == State::Live);
                json!({
                    "mesh": service.mesh.to_string(),
                    "phase": service.phase,
                    "quorum": service.quorum,
                    "reached": service.reached,
                    "members": members(service.mesh),
                    "arrows": live.count(),
                })
            })
            .collect();
        let groups = self.node.groups().map(|group| {
            let range = group.range.to_string();
            json!({
                "range": range,
                "quorum": group.quorum,
                "reached": group.reached,
                "listed": group.listed,
            })
        });
        let told = self.node.ranges();
        let (expected_nodes, expected_ranges) = self.expected(&meshes.roster, map);
        json!({
            "order": map.order(),
            "meshes": map.meshes().len(),
            "home": home.to_string(),
            "role": if services.len() > 1 { "border" } else { "plain" },
            "epoch": self.node.epoch().map(|epoch| epoch.number),
            "document_epoch": meshes.epoch.number,
            "epoch_s": meshes.epoch.length.as_secs(),
            "beacon_shared_by": meshes.epoch.reveals.len(),
            "capacity": meshes.roster.get(self.node.me()).map(|member| {
                json!({"declared": member.declared, "believed": member.able()})
            }),
            "services": services,
            "groups": groups.collect::<Vec<_>>(),
            "escaped": self.node.has_escaped(),
            "escapes": self.node.escaped().count(),
            "refuge": self.node.refuge().count(),
            "announced": told.map(|(range, far)| {
                json!({"range": range.to_string(), "far": far})
            }).collect::<Vec<_>>(),
            "known": ranges.iter().map(Prefix::to_string).collect::<Vec<_>>(),
            "tables": {
                "nodes": nodes,
                "ranges": ranges.len(),
                "expected_nodes": expected_nodes,
                "expected_ranges": expected_ranges,
            },
        })
    }

    /// Returns how many nodes and ranges routing should know: all other nodes of our meshes, and of
    /// each mesh what its nodes know of others, but for the ranges that are our own; and who escaped.
    ///
    /// Source: MESH.md §4.2.
    fn expected(&self, roster: &Roster, map: &MeshMap) -> (usize, usize) {
        let ours: BTreeSet<Prefix> = self.node.services().map(|it| it.mesh).collect();
        let nodes = ours.iter().map(|mesh| roster.count(*mesh)).sum::<usize>();
        let own: BTreeSet<Prefix> = self.node.ranges().map(|(range, _)| range).collect();
        let abroad = ours.iter().flat_map(|mesh| map.abroad(*mesh));
        let ranges = abroad.filter(|range| !own.contains(range)).collect::<BTreeSet<_>>();
        let is_foreign =
            |node: &NodeId| *node != self.node.me() && !ours.iter().any(|it| it.covers(node.0));
        let escaped =
            self.node.escaped().filter(is_foreign).filter(|node| roster.get(*node).is_some());
        (nodes.saturating_sub(1) + escaped.count(), ranges.len())
    }

    /// Returns how many nodes routing knows by their prefixes, and the ranges that it knows.
    fn tables(&self) -> (usize, Vec<Prefix>) {
        let network = self.identity.network();
        let length = self.node.me().0.length();
        let inside = self.node.routing().routes().map(|route| route.range);
        let inside = inside.filter(|it| it.from == Prefix::ALL && network.covers(it.to));
        let (nodes, ranges): (Vec<_>, Vec<_>) =
            inside.map(|it| it.to).partition(|to| to.length() == length);
        (nodes.len(), ranges)
    }

    /// Tells which meshes a packet to `to` passes that follows the range `by`, which `entry` tells.
    pub(super) fn across(&self, to: NodeId, by: Prefix, entry: Option<NodeId>) -> Value {
        let Some(map) = self.node.map() else { return Value::Null };
        let home = |node: NodeId| map.home(node).map(|mesh| mesh.to_string());
        json!({
            "home": self.node.home().to_string(),
            "mesh": home(to),
            "by_range": by.to_string(),
            "entered_by": entry.map(|node| node.to_string()),
            "entry_home": entry.and_then(home),
        })
    }
}
