//! What members say of elections: what they saw others carry, and their share in beacons.

use order::{Member, Reveal};
use words::NodeId;

use crate::meshes::of;
use crate::protocol::{self, Attestations, Seen, to_octets};

/// Returns what a member saw others carry, if it was drawn to see them in the present epoch.
///
/// # Errors
///
/// What is wrong with it, a semicolon, and the remedy.
pub(crate) fn attested(
    document: &[u8],
    attester: NodeId,
    said: &Attestations,
) -> Result<Vec<(NodeId, u32)>, String> {
    let (meshes, _) = of(document).ok_or("the network is one mesh; nothing is attested in it")?;
    let now = meshes.epoch.number;
    if said.epoch != now {
        return Err(format!(
            "epoch {} is not the present one, {now}; wait for the next",
            said.epoch
        ));
    }
    let home = meshes.map.home(attester);
    let drawn = home.map(|home| meshes.roster.attested_by(home, attester, &meshes.epoch.beacon()));
    let drawn = drawn.and_then(Result::ok).unwrap_or_default();
    let node = |seen: &Seen| -> Result<(NodeId, u32), String> {
        let node = seen.prefix.parse().map(NodeId).ok().filter(|node| drawn.contains(node));
        let prefix = &seen.prefix;
        let refused =
            || format!("the node was not drawn to attest {prefix}; see the epoch's beacon");
        Ok((node.ok_or_else(refused)?, Member::rounded(seen.mbits)))
    };
    said.seen.iter().map(node).collect()
}

/// Returns a member's share in the beacons to come, if it says it of the present epoch, and the beacon
/// drew it or it keeps an earlier promise.
///
/// # Errors
///
/// What is wrong with it, a semicolon, and the remedy.
pub(crate) fn share(
    document: &[u8],
    node: NodeId,
    said: &protocol::Share,
) -> Result<store::Share, String> {
    let (meshes, _) = of(document).ok_or("the network is one mesh; it needs no beacon")?;
    let epoch = meshes.epoch;
    if said.epoch != epoch.number {
        let (said, now) = (said.epoch, epoch.number);
        return Err(format!("epoch {said} is not the present one, {now}; wait for the next"));
    }
    let whole = |text: &String| to_octets(text)?.try_into().ok();
    let short = "a share is not 32 octets in base64url; see /v1/openapi.json";
    let commitment = whole(&said.commitment).ok_or(short)?;
    let secret = said.secret.as_ref().map(|text| whole(text).ok_or(short)).transpose()?;
    if let Some(secret) = secret {
        let unpromised = |_| "the document has no promise of that secret; promise one first";
        epoch.promised(&Reveal { node, secret }).map_err(unpromised)?;
    } else if !meshes.roster.may_share(node, &epoch.beacon()) {
        return Err("the beacon did not draw this node to share; wait for the next".into());
    }
    Ok(store::Share { node, commitment, secret })
}
