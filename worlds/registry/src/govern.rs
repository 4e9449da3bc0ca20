//! What the people who run a network do with its registry, while it is served or not.

use std::net::Ipv6Addr;
use std::path::Path;
use std::time::Duration;

use crypto::Issuer;
use gossip::{Document, Meshes, Parameters, SignedDocument};
use linux::Clock;
use store::{Draft, Node, Revocation, Signing, Target};
use words::{Ipv4Plan, NodeId, Prefix, Wall};

use crate::directory::{Directory, Registry, wait_for};
use crate::error::Error;
use crate::invitation::{Invitation, Token};
use crate::meshes::{Change, LISTED};

/// Longest life of an invitation.
const LIFETIME: Duration = Duration::from_hours(24 * 3650);
/// Highest version that may be leapt to: a slip of the hand must leave room above it.
const HIGHEST: u64 = 1_000_000_000;
const _: () = assert!(store::LISTED <= Document::REVOKED, "a document holds what the rows list");
/// How many nodes are read at once.
const PAGE: u32 = 1000;

/// Makes an invitation for `uses` nodes, good for `lifetime` from now.
///
/// # Errors
///
/// [`Error::Bounds`] for no use, or a life below a second or over ten years; otherwise as
/// the registry's files say.
pub fn invite(directory: &Path, lifetime: Duration, uses: u32) -> Result<Invitation, Error> {
    if uses == 0 {
        return Err(Error::Bounds(vec!["uses must be 1 or more".to_owned()]));
    }
    if lifetime < Duration::from_secs(1) || LIFETIME < lifetime {
        return Err(Error::Bounds(vec!["lifetime must be 1s to 3650d".to_owned()]));
    }
    wait_for(async {
        let Registry { settings, issuer, store } = Directory::at(directory).open().await?;
        let mut token = Token([0; 16]);
        linux::entropy::fill(&mut token.0)?;
        let now = Clock::wall();
        let expires = now.plus(lifetime);
        let kept = store::Invitation { token: token.hash(), expires, uses, note: String::new() };
        store.invite(&kept, now).await?;
        store.close().await;
        let fingerprint = issuer.certificate().fingerprint();
        Ok(Invitation { addresses: settings.public, fingerprint, token, expires })
    })
}

/// Puts a node out of the network, for ever: all of its certificates are revoked.
///
/// `who` is its prefix, its address, or the number of one of its certificates.
///
/// # Errors
///
/// [`Error::Nobody`] for other text; [`Error::Store`] if there is no such node, or it is
/// out already; otherwise as the registry's files say.
pub fn revoke(directory: &Path, who: &str) -> Result<Revocation, Error> {
    wait_for(async {
        let Registry { issuer, store, .. } = Directory::at(directory).open().await?;
        let length = store.network().await?.node_length;
        let target = target(who, length).ok_or_else(|| Error::Nobody { text: who.to_owned() })?;
        let now = Clock::wall();
        let sign = |draft: &Draft| next(&issuer, draft, now, |_| ());
        let revocation = store.revoke(target, now, sign).await?;
        store.close().await;
        Ok(revocation)
    })
}

/// Lists all nodes that ever had a certificate, in the order of their newest ones.
///
/// # Errors
///
/// As the registry's files say.
pub fn nodes(directory: &Path) -> Result<Vec<Node>, Error> {
    wait_for(async {
        let Registry { store, .. } = Directory::at(directory).open().await?;
        let mut all: Vec<Node> = Vec::new();
        loop {
            let after = all.last().map_or(0, |last| last.seat.serial);
            let mut page = store.nodes(after, PAGE).await?;
            if page.is_empty() {
                break;
            }
            all.append(&mut page);
        }
        store.close().await;
        Ok(all)
    })
}

/// Changes how the network behaves; returns the version of the document that says so.
///
/// # Errors
///
/// [`Error::Bounds`] if a parameter is out of its bounds: nothing is then changed;
/// otherwise as the registry's files say.
pub fn set_parameters(
    directory: &Path,
    change: impl FnOnce(&mut Parameters) + Send,
) -> Result<u64, Error> {
    raise_version(directory, 0, change)
}

/// Changes how the network behaves, in a document of a version `at_least` this high; returns
/// the version.
///
/// Nodes refuse a version that they had. After a backup was restored, versions must leap over
/// those that the backup does not know, or no change and no revocation is believed any more.
///
/// # Errors
///
/// [`Error::Bounds`] if a parameter is out of its bounds, or `at_least` above
/// 1 000 000 000: nothing is then changed; otherwise as the registry's files say.
pub fn raise_version(
    directory: &Path,
    at_least: u64,
    change: impl FnOnce(&mut Parameters) + Send,
) -> Result<u64, Error> {
    if at_least > HIGHEST {
        return Err(Error::Bounds(vec![format!("at-least-version must be 0 to {HIGHEST}")]));
    }
    wait_for(async {
        let Registry { issuer, store, .. } = Directory::at(directory).open().await?;
        let now = Clock::wall();
        let sign = |draft: &Draft| next(&issuer, draft, now, change);
        let replaced = store.replace_document(at_least, now, sign).await;
        store.close().await;
        replaced.map_err(bounds)
    })
}

/// Signs the next document: the present one's parameters, changed, and who is revoked.
fn next(
    issuer: &Issuer,
    draft: &Draft,
    now: Wall,
    change: impl FnOnce(&mut Parameters),
) -> Result<Vec<u8>, Signing> {
    let present = SignedDocument::decode(&draft.present)?;
    let Document { network, mut parameters, meshes, .. } = Document::decode(&present.bytes)?;
    let before = parameters.ipv4;
    change(&mut parameters);
    let mut objections = parameters.objections();
    if parameters.ipv4 != before {
        objections.extend(parameters.ipv4.and_then(|plan| too_small(plan, draft.highest)));
    }
    if !objections.is_empty() {
        return Err(Box::new(Error::Bounds(objections)));
    }
    if !draft.unlisted.is_empty() {
        tracing::warn!(
            certificates = ?draft.unlisted,
            "more certificates are revoked than a network document names: those that expire \
             soonest are left out, and nodes believe them again until they expire"
        );
    }
    let (version, revoked) = (draft.version, draft.revoked.clone());
    seal(issuer, Document { network, version, issued: now, parameters, revoked, meshes })
}

/// Signs a document; of more members than it has room for, those who came last are left out.
pub(crate) fn seal(issuer: &Issuer, mut document: Document) -> Result<Vec<u8>, Signing> {
    let left = crate::room::fit(&mut document)?;
    if left > 0 {
        tracing::warn!(
            left,
            "the network has more nodes than its document has room for: those that came last are not \
             listed, so that they are neither elected nor counted; revoke nodes that are gone"
        );
    }
    Ok(issuer.sign_document(&document)?.encode()?)
}

/// Changes how border nodes are elected; returns the version of the document that says so.
///
/// # Errors
///
/// [`Error::OneMesh`] if the network is not divided; otherwise as the registry's files say.
pub fn set_elections(directory: &Path, change: Change) -> Result<u64, Error> {
    set_meshes(directory, move |meshes| {
        change.apply(meshes, Clock::wall());
        Ok(())
    })
}

/// Announces that a mesh is split in its two halves, the largest if none is named; returns it, and
/// the version of the document that says so. With `rules`, elections change as well.
///
/// In the epoch after, nodes draw arrows inside their half only; in the one after that, the halves
/// are meshes. Nobody gets another address. A network of one mesh is divided so for the first time.
///
/// # Errors
///
/// [`Error::Bounds`] if the map is being changed already, or there is no such mesh; otherwise as
/// the registry's files say.
pub fn split_mesh(
    directory: &Path,
    mesh: Option<Prefix>,
    rules: Change,
) -> Result<(Prefix, u64), Error> {
    wait_for(async {
        let Registry { issuer, store, .. } = Directory::at(directory).open().await?;
        let now = Clock::wall();
        let seed = store.beacon_seed(linux::seed()?).await?;
        let known = introduced(&store, now).await?;
        let mut chosen = Prefix::ALL;
        let sign = |draft: &Draft| {
            next_division(&issuer, draft, now, |network, meshes| {
                let mut new = match meshes {
                    Some(mut meshes) => {
                        crate::meshes::split(&mut meshes, mesh)?;
                        meshes
                    }
                    None => crate::meshes::divide(network, (mesh, &known), (seed, now))?,
                };
                if let Some(order::Plan { change: order::Change::Split(mesh), .. }) = new.plan {
                    chosen = mesh;
                }
                rules.apply(&mut new, now);
                Ok(new)
            })
        };
        let replaced = store.replace_document(0, now, sign).await;
        store.close().await;
        Ok((chosen, replaced.map_err(bounds)?))
    })
}

/// Announces that the two halves of a range become one mesh, those with the fewest nodes if none is
/// named; returns it, and the version of the document that says so.
///
/// In the epoch after, nodes of both halves draw arrows in both; in the one after that, they are one
/// mesh. Nobody gets another address.
///
/// # Errors
///
/// [`Error::OneMesh`] if the network is not divided, [`Error::Bounds`] if the map is being changed
/// already, there are no two such meshes, or a listed node does not know how meshes merge; otherwise as the registry's files say.
pub fn merge_meshes(directory: &Path, range: Option<Prefix>) -> Result<(Prefix, u64), Error> {
    let known = wait_for(async {
        let Registry { store, .. } = Directory::at(directory).open().await?;
        let known = introduced(&store, Clock::wall()).await;
        store.close().await;
        known
    })?;
    let mut chosen = Prefix::ALL;
    let version = set_meshes(directory, |meshes| {
        let unaware = crate::meshes::unaware(&known, &meshes.roster);
        chosen = crate::meshes::merge(meshes, range, &unaware)?;
        Ok(())
    })?;
    Ok((chosen, version))
}

/// Returns the introductions of those who told lately how they are reached; of all, if nobody did:
/// then the registry was away.
async fn introduced(store: &store::Store, now: Wall) -> Result<Vec<Vec<u8>>, Error> {
    let since = Wall(now.0.saturating_sub(LISTED.as_secs()));
    let lately = store.introductions(since, now).await?;
    Ok(if lately.is_empty() { store.introductions(Wall(0), now).await? } else { lately })
}

/// Changes what the network document says of meshes; returns its version.
fn set_meshes(
    directory: &Path,
    change: impl FnOnce(&mut Meshes) -> Result<(), Error> + Send,
) -> Result<u64, Error> {
    wait_for(async {
        let Registry { issuer, store, .. } = Directory::at(directory).open().await?;
        let now = Clock::wall();
        let sign = |draft: &Draft| next_meshes(&issuer, draft, now, change);
        let replaced = store.replace_document(0, now, sign).await;
        store.close().await;
        replaced.map_err(bounds)
    })
}

/// Returns how the network is divided in meshes, and for how many members its document has room; `None`
/// while it is one.
///
/// # Errors
///
/// As the registry's files say.
pub fn show_meshes(directory: &Path) -> Result<Option<(Meshes, usize)>, Error> {
    wait_for(async {
        let Registry { store, .. } = Directory::at(directory).open().await?;
        let (_, document) = store.document().await?;
        store.close().await;
        let document = Document::decode(&SignedDocument::decode(&document)?.bytes)?;
        let room = crate::room::room(&document)?;
        Ok(document.meshes.zip(room))
    })
}

/// Signs the next document: the present one, with its meshes changed.
pub(crate) fn next_meshes(
    issuer: &Issuer,
    draft: &Draft,
    now: Wall,
    change: impl FnOnce(&mut Meshes) -> Result<(), Error>,
) -> Result<Vec<u8>, Signing> {
    next_division(issuer, draft, now, |_, meshes| {
        let mut meshes = meshes.ok_or(Error::OneMesh)?;
        change(&mut meshes)?;
        Ok(meshes)
    })
}

/// Signs the next document: the present one, divided otherwise, or for the first time.
pub(crate) fn next_division(
    issuer: &Issuer,
    draft: &Draft,
    now: Wall,
    change: impl FnOnce(Prefix, Option<Meshes>) -> Result<Meshes, Error>,
) -> Result<Vec<u8>, Signing> {
    let present = SignedDocument::decode(&draft.present)?;
    let mut document = Document::decode(&present.bytes)?;
    let meshes = document.meshes.take();
    document.meshes = Some(change(document.network, meshes)?);
    (document.version, document.issued) = (draft.version, now);
    document.revoked.clone_from(&draft.revoked);
    seal(issuer, document)
}

/// Returns what is wrong with an IPv4 range that has no part for the node of the `highest`
/// index.
fn too_small(plan: Ipv4Plan, highest: u32) -> Option<String> {
    let Ipv4Plan { network, node_length } = plan;
    (plan.check().is_ok() && plan.part(highest).is_none()).then(|| {
        format!(
            "ipv4 must have a part for each node: {network} has {} parts of /{node_length}, \
             counted from 0, and a node has the index {highest}; use a larger range, or more \
             --ipv4-length",
            plan.room()
        )
    })
}

/// Returns our own error from inside a change.
pub(crate) fn bounds(error: store::Error) -> Error {
    if let store::Error::Signing(inner) = error {
        match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => store::Error::Signing(other).into(),
        }
    } else {
        error.into()
    }
}

/// Reads the name of a node.
fn target(who: &str, length: u8) -> Option<Target> {
    let who = who.trim();
    if let Ok(prefix) = who.parse() {
        return Some(Target::Node(NodeId(prefix)));
    }
    if let Ok(address) = who.parse::<Ipv6Addr>() {
        return Some(Target::Node(NodeId(Prefix::new(address.to_bits(), length))));
    }
    who.parse().ok().map(Target::Serial)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_range_has_a_part_for_every_index() {
        let plan = Ipv4Plan { network: "10.42.0.0/22".parse().unwrap(), node_length: 24 };
        assert_eq!(too_small(plan, 3), None);
        let objection = too_small(plan, 4).unwrap();
        assert!(objection.contains("10.42.0.0/22 has 4 parts"), "{objection}");
        assert!(objection.contains("--ipv4-length"), "{objection}");
    }

    #[test]
    fn a_node_is_named_by_prefix_address_or_number() {
        let node = Target::Node(NodeId("fd00:42:0:7::/64".parse().unwrap()));
        assert_eq!(target("fd00:42:0:7::/64", 64), Some(node));
        assert_eq!(target(" fd00:42:0:7::1\n", 64), Some(node));
        assert_eq!(target("7", 64), Some(Target::Serial(7)));
        for nobody in ["", "seven", "-1", "fd00::/129", "fd00:42:0:7::1/64"] {
            assert_eq!(target(nobody, 64), None, "{nobody}");
        }
    }
}
