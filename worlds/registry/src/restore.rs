//! The remedy for a restored backup: what the network went through since, from a document that a
//! node has kept.
//!
//! Of a divided network, a higher version is not enough: nodes believe no epoch whose beacons are not
//! those that they had, and a registry that forgot an epoch goes on with others.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use crypto::{Issuer, NetworkAuthority};
use gossip::{Authority, Document, SignedDocument};
use linux::Clock;
use store::{Draft, Forgotten, Restored, Signing};
use words::{Ipv4Plan, NodeId, Wall};

use crate::directory::{Directory, Registry, wait_for};
use crate::error::Error;
use crate::govern::{bounds, seal};

/// Longest life of a certificate, as `certificate_days` permits. One that was issued since the backup
/// has ended by then.
const LONGEST: Duration = Duration::from_hours(24 * 3650);

/// What became of a restored registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// What its rows have now.
    pub restored: Restored,
    /// Whether the network has an IPv4 range: then two nodes must not have one small index.
    pub ipv4: bool,
}

/// Takes in the network document in `file`, as a node keeps it, which these rows do not know, as after
/// a restored backup; signs the next one, which nodes that have that one accept.
///
/// Adopted are version, parameters, meshes and revocations. What the rows revoke stays revoked.
/// Newcomers are given nothing that is, as may be, of somebody who joined since the backup.
///
/// With `keep_back` that is done also where the document tells nothing new: no document need have been
/// signed for who joined.
///
/// # Errors
///
/// [`Error::NoDocument`] for a file that holds none, [`Error::Foreign`] for one of another authority,
/// [`Error::Known`] if there is nothing to adopt, and nothing to be kept back: nothing is then changed;
/// otherwise as the registry's files say.
pub fn restore(directory: &Path, file: &Path, keep_back: bool) -> Result<Adopted, Error> {
    let octets = read(file)?;
    wait_for(async {
        let Registry { issuer, store, .. } = Directory::at(directory).open().await?;
        let adopted = verify(&issuer, &octets, file)?;
        let now = Clock::wall();
        let listed = adopted.meshes.iter().flat_map(|meshes| meshes.roster.members());
        let members: Vec<NodeId> = listed.map(|member| member.node).collect();
        let forgotten = Forgotten {
            version: adopted.version,
            revoked: &adopted.revoked,
            members: &members,
            room: adopted.parameters.ipv4.map_or(u32::MAX, Ipv4Plan::room),
            until: adopted.issued.plus(LONGEST),
        };
        let sign = |draft: &Draft| next(&issuer, draft, (&adopted, keep_back), now);
        let restored = store.restore(&forgotten, now, sign).await;
        store.close().await;
        let ipv4 = adopted.parameters.ipv4.is_some();
        Ok(Adopted { restored: restored.map_err(bounds)?, ipv4 })
    })
}

/// Reads a file that is not longer than a document.
fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |why| Error::Unreadable { file: file.to_owned(), why };
    let mut octets = Vec::new();
    let most = SignedDocument::LIMIT as u64 + 1;
    File::open(file).and_then(|it| it.take(most).read_to_end(&mut octets)).map_err(unreadable)?;
    Ok(octets)
}

/// Reads a document that our own authority signed.
fn verify(issuer: &Issuer, octets: &[u8], file: &Path) -> Result<Document, Error> {
    let malformed = |why| Error::NoDocument { file: file.to_owned(), why };
    let signed = SignedDocument::decode(octets).map_err(malformed)?;
    let authority = NetworkAuthority::new(issuer.certificate().clone());
    let network = authority.network();
    let foreign = || Error::Foreign { file: file.to_owned(), network };
    if !authority.document(&Document::signed(&signed.bytes), &signed.signature) {
        return Err(foreign());
    }
    let document = Document::decode(&signed.bytes).map_err(malformed)?;
    if document.network == network { Ok(document) } else { Err(foreign()) }
}

/// Signs the next document after an adopted one.
///
/// Of the roster nothing is made anew: the epoch is the same, and so are its elections.
fn next(
    issuer: &Issuer,
    draft: &Draft,
    (adopted, keep_back): (&Document, bool),
    now: Wall,
) -> Result<Vec<u8>, Signing> {
    let present = Document::decode(&SignedDocument::decode(&draft.present)?.bytes)?;
    let is_in_vain = is_refused(&present, adopted);
    if !is_in_vain && !keep_back && !lacks_revocations(&present, draft, adopted) {
        let (theirs, ours) = (adopted.version, present.version);
        return Err(Box::new(Error::Known { theirs, ours }));
    }
    // Of an older one that is followed, only the revocations were lost.
    let Document { network, parameters, meshes, .. } =
        if is_in_vain { adopted.clone() } else { present };
    let (version, revoked) = (draft.version, draft.revoked.clone());
    seal(issuer, Document { network, version, issued: now, parameters, revoked, meshes })
}

/// Tells whether a node that has the one document refuses the `present` one.
///
/// A version may have been raised by hand, or by itself, above one whose epoch is not followed.
fn is_refused(present: &Document, theirs: &Document) -> bool {
    let follows = match (&present.meshes, &theirs.meshes) {
        (Some(ours), Some(theirs)) => ours.epoch.follows(&theirs.epoch).is_ok(),
        // Divided anew, it would begin with a first epoch, which nobody of before follows.
        (None, Some(_)) => false,
        (_, None) => true,
    };
    present != theirs && (present.version <= theirs.version || !follows)
}

/// Tells whether a revocation that is still in force is in the adopted document and not in ours.
fn lacks_revocations(present: &Document, draft: &Draft, adopted: &Document) -> bool {
    let is_lost = |serial: &u64| {
        draft.revoked.binary_search(serial).is_ok() && !present.revoked.contains(serial)
    };
    adopted.revoked.iter().any(is_lost)
}

#[cfg(test)]
mod tests;
