//! The meshes of a divided network: what nodes say of them, and what the report does.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use words::Prefix;

use crate::internet::HostId;
use crate::report::Spread;
use crate::watch::Seen;

/// A node's part in a divided network, as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The mesh that it is at home in.
    pub(crate) home: Prefix,
    /// The meshes that it serves in as border node, and told others of.
    pub(crate) serves: Vec<Prefix>,
    /// It begins to serve nowhere at present, nor ends to.
    is_steady: bool,
    /// Nodes and ranges that it knows, and that it should know by the formula.
    table: Table,
    /// It says that it does not reach most of its mesh.
    escaped: bool,
    order: u64,
    meshes: u64,
    epoch: u64,
    shared_by: u64,
    capacity: Option<Capacity>,
}

/// What a node is able to carry, in Mbit/s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Capacity {
    /// As it says.
    pub declared: u64,
    /// As it is believed by what others saw; `None` if too few saw anything.
    pub believed: Option<u64>,
}

/// What a table holds, and what it should hold by the formula.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Nodes known by their own prefixes.
    pub nodes: u64,
    /// Ranges known.
    pub ranges: u64,
    /// Nodes that should be known.
    pub expected_nodes: u64,
    /// Ranges that should be known.
    pub expected_ranges: u64,
}

impl Member {
    /// Reads what a node says; `None` where the network is one mesh.
    pub(crate) fn of(said: &Value) -> Option<Self> {
        let prefix = |value: &Value| value.as_str()?.parse().ok();
        let number = |path| said.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let services = said.get("services")?.as_array()?;
        let serves = |service: &&Value| {
            let phase = service.get("phase").and_then(Value::as_str);
            matches!(phase, Some("serving" | "staying"))
        };
        let mesh = |service: &Value| prefix(service.get("mesh")?);
        Some(Self {
            home: prefix(said.get("home")?)?,
            is_steady: services.iter().all(|service| {
                let phase = service.get("phase").and_then(Value::as_str);
                matches!(phase, Some("home" | "serving"))
            }),
            serves: services.iter().filter(serves).filter_map(mesh).collect(),
            table: Table {
                nodes: number("/tables/nodes"),
                ranges: number("/tables/ranges"),
                expected_nodes: number("/tables/expected_nodes"),
                expected_ranges: number("/tables/expected_ranges"),
            },
            escaped: said.get("escaped").and_then(Value::as_bool).unwrap_or(false),
            order: number("/order"),
            meshes: number("/meshes"),
            epoch: number("/epoch"),
            shared_by: number("/beacon_shared_by"),
            capacity: Some(Capacity {
                declared: number("/capacity/declared"),
                believed: said.pointer("/capacity/believed").and_then(Value::as_u64),
            })
            .filter(|capacity| capacity.declared > 0),
        })
    }

    fn is_exact(&self) -> bool {
        let Table { nodes, ranges, expected_nodes, expected_ranges } = self.table;
        (nodes, ranges) == (expected_nodes, expected_ranges)
    }

    /// Returns in how many foreign meshes it serves, and how many ranges of either kind it knows, if
    /// its table is what the formula says, and it is not about to come or to go: who serves in one mesh
    /// after the other is in two for a while.
    pub(crate) fn duties(&self) -> Option<(usize, u64)> {
        (self.is_exact() && self.is_steady)
            .then(|| (self.serves.len(), self.table.nodes + self.table.ranges))
    }

    /// Returns how many ranges of either kind it knows.
    fn size(&self) -> f64 {
        let size = self.table.nodes + self.table.ranges;
        f64::from(u32::try_from(size).unwrap_or(u32::MAX))
    }
}

/// A divided network, as its nodes were at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Divided {
    /// Depth of the network; 0 if it is one mesh.
    pub order: u64,
    /// How many meshes.
    pub meshes: u64,
    /// The latest election that a node knew.
    pub epoch: u64,
    /// Members whose secrets went into its beacon.
    pub beacon_shared_by: u64,
    /// Nodes at home in each mesh, those that were there at the end.
    pub homes: BTreeMap<String, usize>,
    /// Nodes that served in another mesh.
    pub border_nodes: usize,
    /// Lines in the table of a node that serves nowhere but at home.
    pub table_plain: Spread,
    /// Lines in the table of a border node.
    pub table_border: Spread,
    /// Nodes by the most foreign meshes in which they served at once, at any look, with the lines of
    /// their tables at that time.
    pub served_at_once: BTreeMap<usize, Lines>,
    /// What each node that says its capacity is believed to carry, by its number.
    pub capacities: BTreeMap<u16, Capacity>,
    /// Nodes whose tables held exactly what the formula says.
    pub exact_tables: usize,
    /// The tables that held something else, by node.
    pub other_tables: BTreeMap<u16, Table>,
    /// Nodes that did not reach most of their mesh, and were told of by their own prefixes.
    pub escaped: usize,
}

impl Divided {
    /// Sums up what nodes said.
    pub(crate) fn of(seen: &BTreeMap<HostId, Seen>) -> Self {
        let there = seen.values().filter(|seen| !seen.gone);
        let members: Vec<&Member> = there.filter_map(|it| it.status.member.as_ref()).collect();
        let mut homes = BTreeMap::new();
        for member in &members {
            *homes.entry(member.home.to_string()).or_default() += 1;
        }
        let (plain, border): (Vec<&Member>, Vec<&Member>) =
            members.iter().partition(|member| member.serves.is_empty());
        let sizes = |some: &[&Member]| some.iter().map(|it| it.size()).collect::<Vec<_>>();
        Self {
            order: members.iter().map(|it| it.order).max().unwrap_or(0),
            meshes: members.iter().map(|it| it.meshes).max().unwrap_or(0),
            epoch: members.iter().map(|it| it.epoch).max().unwrap_or(0),
            beacon_shared_by: members.iter().map(|it| it.shared_by).max().unwrap_or(0),
            homes,
            border_nodes: border.len(),
            table_plain: Spread::of(&sizes(&plain)),
            table_border: Spread::of(&sizes(&border)),
            served_at_once: Lines::of(seen),
            capacities: capacities(seen),
            exact_tables: members.iter().filter(|it| it.is_exact()).count(),
            other_tables: other_tables(seen),
            escaped: members.iter().filter(|it| it.escaped).count(),
        }
    }
}

/// Nodes that served in as many meshes at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Lines {
    /// How many.
    pub nodes: usize,
    /// The fewest lines of their tables.
    pub least: u64,
    /// The most.
    pub most: u64,
}

impl Lines {
    fn of(seen: &BTreeMap<HostId, Seen>) -> BTreeMap<usize, Self> {
        let mut all: BTreeMap<usize, Self> = BTreeMap::new();
        for (served, lines) in seen.values().filter_map(|seen| seen.duties) {
            let fresh = Self { nodes: 0, least: lines, most: lines };
            let some = all.entry(served).or_insert(fresh);
            (some.least, some.most) = (some.least.min(lines), some.most.max(lines));
            some.nodes += 1;
        }
        all
    }
}

fn other_tables(seen: &BTreeMap<HostId, Seen>) -> BTreeMap<u16, Table> {
    let there = seen.iter().filter(|(_, seen)| !seen.gone);
    let there = there.filter_map(|(node, seen)| Some((node.0, seen.status.member.as_ref()?)));
    let others = there.filter(|(_, member)| !member.is_exact());
    others.map(|(node, member)| (node, member.table)).collect()
}

fn capacities(seen: &BTreeMap<HostId, Seen>) -> BTreeMap<u16, Capacity> {
    let of =
        |(node, seen): (&HostId, &Seen)| Some((node.0, seen.status.member.as_ref()?.capacity?));
    seen.iter().filter_map(of).collect()
}

/// Returns the border nodes between one pair of meshes: of those that have any, the pair with the
/// most.
pub(crate) fn between(seen: &BTreeMap<HostId, Seen>) -> Vec<HostId> {
    let mut pairs = BTreeMap::<(Prefix, Prefix), Vec<HostId>>::new();
    for (node, seen) in seen.iter().filter(|(_, seen)| !seen.gone) {
        let Some(member) = &seen.status.member else { continue };
        for mesh in &member.serves {
            let pair = (member.home.min(*mesh), member.home.max(*mesh));
            pairs.entry(pair).or_default().push(*node);
        }
    }
    pairs.into_values().max_by_key(Vec::len).unwrap_or_default()
}

/// Returns the pairs to be cut so that `count` nodes of the mesh with the most nodes reach the others
/// of it by way of other meshes only: one of them, if any does, serves in another mesh, and none of
/// them reaches who serves in this one.
pub(crate) fn fragment(seen: &BTreeMap<HostId, Seen>, count: usize) -> Vec<(HostId, HostId)> {
    let there = seen.iter().filter(|(_, seen)| !seen.gone);
    let there = there.filter_map(|(node, seen)| Some((*node, seen.status.member.as_ref()?)));
    let members: Vec<(HostId, &Member)> = there.collect();
    let mut homes = BTreeMap::<Prefix, usize>::new();
    for (_, member) in &members {
        *homes.entry(member.home).or_default() += 1;
    }
    let Some((home, _)) = homes.into_iter().max_by_key(|(_, nodes)| *nodes) else {
        return Vec::new();
    };
    let (mut inside, outside): (Vec<_>, Vec<_>) =
        members.into_iter().partition(|(_, member)| member.home == home);
    // Who serves elsewhere first, and then those who do not.
    inside.sort_by_key(|(_, member)| member.serves.is_empty());
    let serving = inside.iter().take_while(|(_, member)| !member.serves.is_empty()).count();
    let others = inside.split_off(serving.min(1));
    let (plain, others): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|(_, member)| member.serves.is_empty());
    let (few, rest): (Vec<_>, Vec<_>) =
        inside.into_iter().chain(plain).enumerate().partition(|(at, _)| *at < count);
    let guests = outside.into_iter().filter(|(_, member)| member.serves.contains(&home));
    let rest = rest.into_iter().map(|(_, one)| one).chain(others).chain(guests);
    let rest: Vec<HostId> = rest.map(|(node, _)| node).collect();
    let few = few.iter().map(|(_, (node, _))| *node);
    few.flat_map(|node| rest.iter().map(move |other| (node, *other))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(phase: &str, ranges: u64) -> Value {
        json!({
            "order": 2, "meshes": 3, "epoch": 4, "home": "fd00::/50",
            "services": [
                {"mesh": "fd00::/50", "phase": "home"},
                {"mesh": "fd00:0:0:4000::/50", "phase": phase},
            ],
            "tables": {"nodes": 15, "ranges": ranges, "expected_nodes": 15, "expected_ranges": 1},
        })
    }

    #[test]
    fn a_border_node_is_one_that_tells_others() {
        let serving = Member::of(&said("serving", 1)).unwrap();
        assert_eq!(serving.serves, ["fd00:0:0:4000::/50".parse().unwrap()]);
        assert!(serving.is_exact() && (serving.size() - 16.0).abs() < 1e-9);
        let joining = Member::of(&said("joining", 2)).unwrap();
        assert!(joining.serves.is_empty() && !joining.is_exact());
        let duties = |phase, ranges| Member::of(&said(phase, ranges)).unwrap().duties();
        assert_eq!(duties("serving", 1), Some((1, 16)));
        assert_eq!((duties("staying", 1), duties("serving", 2)), (None, None));
        assert_eq!(Member::of(&Value::Null), None);
    }
}
