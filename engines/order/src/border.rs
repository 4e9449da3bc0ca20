//! What may be announced on a link: as it is, as its range, or not at all.
//!
//! Each link belongs to one mesh, of which both its ends are members. The rule, in one line: a
//! prefix passes on links of the meshes that are *inside its parent and outside of itself*. So the
//! nodes of a mesh are announced on its own links only, a mesh in the other meshes of its group, a
//! group in the other groups around it, and so on upward: the same rule at each level.
//!
//! Why no packet circles: members of a mesh never use its range, or that of a group around it, to
//! reach one of its nodes. They refuse it ([`admit`]), and where they know no exact prefix the
//! packet ends there ([`unreachable()`]). So with each hop the match that sends a packet on is as
//! long as before, or longer.
//!
//! Source: seed, "2-order mesh" and "3-order mesh".

use alloc::vec::Vec;

use words::Prefix;

use crate::{Memberships, MeshMap, Refused};

/// What may be announced of a prefix on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// The prefix itself.
    AsItIs,
    /// This range around it, and not the prefix; if the range may be originated ([`originate`]).
    AsRange(Prefix),
    /// Nothing.
    Not,
}

/// Returns what a node with the memberships `ours` may announce of `prefix` on links of the mesh
/// `link`.
///
/// Total: any prefix has its answer, and it depends on nothing but the arguments. What is outside
/// of the network (a way out of it) is no business of meshes and passes; what a node owns there,
/// such as its IPv4 range, passes where the node's own prefix passes as it is: ask about that.
/// The network itself is announced by nobody. The prefix of a node that *escapes*
/// ([`Escape`](crate::Escape)) passes everywhere: `escaped`.
///
/// A range that is in the map no more, because its mesh was split, passes like one: packets
/// follow it until the new ones are known.
pub fn passage(
    map: &MeshMap,
    ours: &Memberships,
    (prefix, escaped): (Prefix, bool),
    link: Prefix,
) -> Passage {
    match scope(map, prefix, link) {
        Scope::Inside => Passage::AsItIs,
        Scope::Outside(_) if escaped => Passage::AsItIs,
        Scope::Outside(parent) if ours.is_inside(parent) => {
            told_as(map, parent, link).map_or(Passage::Not, Passage::AsRange)
        }
        Scope::Outside(_) | Scope::Around | Scope::Nowhere => Passage::Not,
    }
}

/// Checks what a neighbour announces on a link of the mesh `link`: it obeys the rule as well, and
/// tells us no range that we are inside of.
///
/// # Errors
///
/// [`Refused::Unknown`] if the link's mesh is none, [`Refused::OwnRange`] for a range around one of
/// our meshes, [`Refused::Trespass`] for what the rule does not let pass.
pub fn admit(
    map: &MeshMap,
    ours: &Memberships,
    (prefix, escaped): (Prefix, bool),
    link: Prefix,
) -> Result<(), Refused> {
    let inside = map.network().covers(prefix);
    if inside && ours.meshes().any(|mesh| prefix.covers(mesh)) {
        return Err(Refused::OwnRange { range: prefix });
    }
    match scope(map, prefix, link) {
        Scope::Inside => Ok(()),
        Scope::Outside(_) if escaped => Ok(()),
        Scope::Outside(_) | Scope::Around => Err(Refused::Trespass { prefix, link }),
        Scope::Nowhere => Err(Refused::Unknown { range: link }),
    }
}

/// Returns the ranges that a node with the memberships `ours` originates on links of the mesh
/// `link`, in the order of addresses: for each other mesh it is a member of, the widest range
/// around that mesh which the link is outside of.
///
/// `holds` tells whether we reach most of a range ([`Quorum`](crate::Quorum)); it is asked about
/// the mesh and each range up to the one that is told. A plain node originates no range.
pub fn originate(
    map: &MeshMap,
    ours: &Memberships,
    link: Prefix,
    holds: impl Fn(Prefix) -> bool,
) -> Vec<Prefix> {
    let mut ranges: Vec<_> = (ours.meshes())
        .filter_map(|mesh| {
            let told = told_as(map, mesh, link)?;
            let mut up = map.chain(mesh).take_while(|range| told.covers(*range));
            up.all(&holds).then_some(told)
        })
        .collect();
    ranges.sort_unstable();
    ranges.dedup();
    ranges
}

/// Returns the ranges that must lead nowhere at a node with the memberships `ours`, in the order
/// of addresses: each of its meshes and the groups around them. A packet to a node there that
/// routing does not know gets an error instead of a detour.
pub fn unreachable(map: &MeshMap, ours: &Memberships) -> Vec<Prefix> {
    let mut ranges: Vec<_> = ours.meshes().flat_map(|mesh| map.chain(mesh)).collect();
    ranges.sort_unstable();
    ranges.dedup();
    ranges
}

/// Tells whether a range that we are inside of passes on links of the mesh `link` all the same, told
/// and heard: because we do not reach most of it, so that its nodes are farther than its range.
///
/// Only a range of the map does, and only where [`admit`] and [`passage`] would have it, or on links
/// inside of it, to others who were cut off with us. No packet circles: whoever originates a range
/// reaches most of it, refuses it, and has no use for who does not.
///
/// `holds` tells whether we reach most of a range ([`Quorum`](crate::Quorum)).
pub fn rescue(
    map: &MeshMap,
    ours: &Memberships,
    range: Prefix,
    link: Prefix,
    holds: impl Fn(Prefix) -> bool,
) -> bool {
    let parent = map.parent(range).filter(|_| map.is_range(range) && map.is_mesh(link));
    let there = parent.is_some_and(|parent| parent.covers(link));
    there && ours.is_inside(range) && !holds(range)
}

/// Returns as which range members of `mesh`, a mesh or a group, tell of it on links of `link`:
/// the widest around it that the link is outside of. `None` where the link is inside.
fn told_as(map: &MeshMap, mesh: Prefix, link: Prefix) -> Option<Prefix> {
    map.chain(mesh).take_while(|range| !range.covers(link)).last()
}

/// Where a link is, as a prefix sees it.
enum Scope {
    /// Inside its parent and outside of itself: the prefix passes.
    Inside,
    /// Inside the prefix.
    Around,
    /// Outside of this, its parent.
    Outside(Prefix),
    /// In no mesh.
    Nowhere,
}

fn scope(map: &MeshMap, prefix: Prefix, link: Prefix) -> Scope {
    if !map.is_mesh(link) {
        return Scope::Nowhere;
    }
    if prefix == map.network() {
        return Scope::Around;
    }
    match map.parent(prefix) {
        None => Scope::Inside,
        Some(_) if prefix.covers(link) => Scope::Around,
        Some(parent) if parent.covers(link) => Scope::Inside,
        Some(parent) => Scope::Outside(parent),
    }
}
