//! How many members the network document of a divided network has room for.
//!
//! The document names every member, and has a largest size. It must always be possible to sign the next one:
//! revocations above all. So room for as many of these as a document can name is never given to members;
//! newcomers are refused while there is none left, and who came last is not listed if there is too little
//! all the same; of those who came at once, chance decides, so that all meshes lose alike. Who is not listed is
//! a node like any other, and is only neither elected nor counted.

use gossip::{Document, Meshes};
use order::{Epoch, Member, Roster};
use words::{Dice, NodeId, Prefix};

use crate::error::Error;

/// Most octets of the number of a revoked certificate.
const REVOCATION: usize = 9;
/// Octets that the list of members has besides, and what the heads of other lists may grow by.
const HEADS: usize = 64;
/// From so many tenths of the room on, an operator is told.
const SHORT: usize = 9;

/// Returns how many octets the list of members may have in a document of at most `limit`.
fn octets(document: &Document, limit: usize) -> Result<usize, Error> {
    let mut rest = document.clone();
    rest.revoked.clear();
    let mut now = 0;
    if let Some(meshes) = &mut rest.meshes {
        meshes.roster = Roster::default();
        now = meshes.epoch.encode().len();
    }
    let most = rest.encode()?.len() + Epoch::LIMIT.saturating_sub(now);
    Ok(limit.saturating_sub(most + Document::REVOKED * REVOCATION + HEADS))
}

/// Returns for how many members there is room in a document of at most `limit` octets, if nothing is
/// attested of them; `None` where the network is one mesh, and none is listed.
fn members(document: &Document, limit: usize) -> Result<Option<usize>, Error> {
    let Some(meshes) = &document.meshes else { return Ok(None) };
    let network = meshes.map.network();
    // All nodes of a network have prefixes of one length.
    let node = meshes.roster.members().first().map(|member| member.node);
    let node = node.unwrap_or(NodeId(Prefix::new(network.bits(), 64)));
    let one = Member { node, since: u64::MAX, declared: u32::MAX, attested: Vec::new() };
    let empty = Roster::default().encode(network).len();
    let each = Roster::of([one]).encode(network).len().saturating_sub(empty).max(1);
    let room = octets(document, limit)?.saturating_sub(empty) / each;
    Ok(Some(room.min(Meshes::MEMBERS)))
}

/// Returns for how many members a document has room; `None` where the network is one mesh.
pub(crate) fn room(document: &Document) -> Result<Option<usize>, Error> {
    members(document, Document::LIMIT)
}

/// Makes a document fit: if its members take too much, nothing is attested of them any more; if they still
/// do, those that were listed last are left out, and of those listed at once whom chance chooses. Returns how many are.
pub(crate) fn fit(document: &mut Document) -> Result<usize, Error> {
    fit_in(document, Document::LIMIT)
}

fn fit_in(document: &mut Document, limit: usize) -> Result<usize, Error> {
    let (most, Some(room)) = (octets(document, limit)?, members(document, limit)?) else {
        return Ok(0);
    };
    let Some(meshes) = &mut document.meshes else { return Ok(0) };
    let network = meshes.map.network();
    let fits = |roster: &Roster| {
        roster.members().len() <= Meshes::MEMBERS && roster.encode(network).len() <= most
    };
    if fits(&meshes.roster) {
        return Ok(0);
    }
    let mut all: Vec<Member> = meshes.roster.members().to_vec();
    for member in &mut all {
        member.attested.clear();
    }
    let network = document.network;
    all.sort_by_cached_key(|member| (member.since, luck(network, member.node), member.node));
    let left = all.len().saturating_sub(room);
    all.truncate(room);
    meshes.roster = Roster::of(all);
    Ok(left)
}

/// Returns the luck of a node where not all have room, by which those listed at once come in turn. It is the
/// same in all documents, or others would be listed each time; and addresses tell nothing of it, or a whole
/// mesh would come last.
fn luck(network: Prefix, node: NodeId) -> u64 {
    let mut seed = [0; 32];
    let (first, second) = seed.split_at_mut(16);
    first.copy_from_slice(&network.bits().to_be_bytes());
    second.copy_from_slice(&node.0.bits().to_be_bytes());
    Dice::of(seed, "room for members").bits()
}

/// Tells what an operator has to know of `told` nodes that are to be listed, where there is room for so many.
///
/// # Errors
///
/// A sentence with the remedy, if there is no room for more, or soon will be none.
pub(crate) fn is_short(told: usize, room: usize) -> Result<(), String> {
    let full = told.saturating_mul(10) >= room.saturating_mul(SHORT);
    if !full {
        return Ok(());
    }
    // So that the same is not said again for each node.
    let tenths = told.saturating_mul(10).checked_div(room).unwrap_or(10).min(10);
    Err(format!(
        "{tenths} tenths of the room for members of a divided network are taken, {room} in all; \
         newcomers are refused when it is full; revoke nodes that are gone, or found another \
         network beside this one"
    ))
}

/// Checks that one more node may join, where `told` are listed.
///
/// # Errors
///
/// A sentence with the remedy, if there is no room.
pub(crate) fn has_room(told: usize, room: Option<usize>) -> Result<(), String> {
    match room {
        Some(room) if told >= room => Err(format!(
            "this network has {told} nodes, and its document has room for {room}; revoke nodes that \
             are gone, or found another network beside this one"
        )),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use words::Wall;

    use super::*;
    use crate::meshes::tests::founded_in;

    const NOW: Wall = Wall(1_800_000_000);

    /// A divided network with so many members, each listed in an epoch of its own.
    fn document(network: Prefix, count: usize, attested: &[u32]) -> Document {
        let mut meshes = founded_in(network);
        let member = |n: usize| {
            let place = (n as u128 + 1).reverse_bits() >> network.length();
            let node = NodeId(Prefix::new(network.bits() | place, 64));
            Member { node, since: n as u64, declared: 100, attested: attested.to_vec() }
        };
        meshes.roster = Roster::of((0..count).map(member));
        assert_eq!(meshes.roster.members().len(), count);
        Document {
            network,
            version: 1,
            issued: NOW,
            parameters: gossip::Parameters::default(),
            revoked: Vec::new(),
            meshes: Some(meshes),
        }
    }

    fn listed(document: &Document) -> &[Member] {
        document.meshes.as_ref().unwrap().roster.members()
    }

    #[test]
    fn a_document_of_any_number_of_members_can_be_signed_with_all_revocations() {
        for (network, least) in [("fd42::/16", 23_000), ("fd42:0:1::/48", 29_000)] {
            let mut full = document(network.parse().unwrap(), 40_000, &[48]);
            let room = room(&full).unwrap().unwrap();
            assert!((least..=Meshes::MEMBERS).contains(&room), "{network}: {room}");
            let left = fit(&mut full).unwrap();
            assert_eq!((listed(&full).len(), left), (room, 40_000 - room));
            assert!(listed(&full).iter().all(|it| it.since < room as u64), "who came first stays");
            assert_eq!(fit(&mut full).unwrap(), 0, "once is enough");
            full.revoked = (0..Document::REVOKED as u64).map(|n| u64::MAX - n).collect();
            assert!(full.encode().is_ok(), "{network}");
        }
    }

    #[test]
    fn of_those_who_came_at_once_chance_lists_as_many_of_each_mesh_and_the_same_each_time() {
        let network = "fd42:0:1::/48".parse().unwrap();
        let mut full = document(network, 40_000, &[]);
        let meshes = full.meshes.as_mut().unwrap();
        let at_once = |member: &Member| Member { since: 7, ..member.clone() };
        meshes.roster = Roster::of(meshes.roster.members().iter().map(at_once));
        let ranges = meshes.map.meshes().to_vec();
        let mut later = full.clone();
        let left = fit(&mut full).unwrap();
        assert!(left > 4000, "{left} are left out");
        let roster = &full.meshes.as_ref().unwrap().roster;
        // By chance, within 2 of 100.
        for half in ranges.into_iter().flat_map(order::halves) {
            let (count, due) = (roster.count(half), listed(&full).len() / 4);
            assert!(count.abs_diff(due) < due / 50, "{half}: {count}, not {due}");
        }
        // In a later epoch, of which nothing but the members is the same.
        let meshes = later.meshes.as_mut().unwrap();
        meshes.epoch = meshes.epoch.anchored([9; 32], &[]);
        later.version += 1;
        fit(&mut later).unwrap();
        assert_eq!(listed(&later), listed(&full));
    }

    #[test]
    fn what_is_attested_gives_way_to_members_and_nothing_does_while_there_is_room() {
        let (network, limit) = ("fd42:0:1::/48".parse().unwrap(), 60_000);
        let mut small = document(network, 100, &[48]);
        let before = small.clone();
        assert_eq!((fit_in(&mut small, limit).unwrap(), &small), (0, &before));
        let room = members(&small, limit).unwrap().unwrap();
        let mut full = document(network, room, &[48]);
        assert_eq!(fit_in(&mut full, limit).unwrap(), 0);
        assert_eq!(listed(&full).len(), room);
        assert!(listed(&full).iter().all(|member| member.attested.is_empty()));
    }

    #[test]
    fn newcomers_are_refused_when_the_room_is_taken_and_an_operator_hears_of_it_before() {
        assert!(has_room(99, Some(100)).is_ok() && has_room(1_000_000, None).is_ok());
        let refused = has_room(100, Some(100)).unwrap_err();
        assert!(refused.contains("100 nodes") && refused.contains("; revoke"), "{refused}");
        assert!(is_short(89, 100).is_ok());
        let short = is_short(90, 100).unwrap_err();
        assert!(short.contains("9 tenths") && short.contains("; revoke"), "{short}");
        assert_eq!(is_short(91, 100).unwrap_err(), short, "it is not said again for each node");
        assert!(is_short(200, 100).unwrap_err().contains("10 tenths"));
    }
}
