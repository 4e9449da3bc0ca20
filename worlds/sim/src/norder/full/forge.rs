//! What liars say: routes that they have no right to tell of, or that are farther than they say; documents
//! that are not in force; and what they show where they ask for links.

use std::time::Duration;

use babel::wire::{Builder, Hello, Ihu, RouterId, Tlv, Update};
use babel::{Cost, Key, Metric, Seqno};
use gossip::{Claim, Document, SignedDocument, Standing};
use order::Epoch;
use words::frame::Kind;
use words::{NodeId, Prefix};

/// The words of gossip by which a document spreads, and octets of a chunk. Source: docs/wire.md.
const VERSION: u8 = 1;
const CHUNK: u8 = 3;
const CHUNK_SIZE: usize = 1_000;
/// Most octets of a packet of routes.
const PACKET: usize = 1_200;
/// How long what a liar says of a route is good for.
const NEXT: Duration = Duration::from_secs(5);

/// A route as a liar tells it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tale {
    pub(super) range: Prefix,
    /// In whose name.
    pub(super) by: RouterId,
    pub(super) seqno: Seqno,
    pub(super) metric: Metric,
}

impl Tale {
    /// Returns a route that a node tells in its own name, so far away.
    pub(super) fn of(range: Prefix, liar: NodeId, metric: u16) -> Self {
        let (by, seqno) = (RouterId(liar.routing_name()), Seqno(1));
        Self { range, by, seqno, metric: Metric(metric) }
    }
}

/// Returns the frames that tell these routes. Who has no engines on a link greets there, with this number.
pub(super) fn routes(tales: &[Tale], greeting: Option<u16>) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    if let Some(number) = greeting {
        let (seqno, next) = (Seqno(number), Some(4 * NEXT));
        words.push(Tlv::Hello(Hello { seqno, next, unicast: false, sent: None, frugal: true }));
        words.push(Tlv::Ihu(Ihu { to: None, rxcost: Cost(96), next: 4 * NEXT, echo: None }));
    }
    words.extend(tales.iter().map(|tale| {
        let Tale { range, by, seqno, metric } = *tale;
        let (key, router) = (Some(Key::to(range)), Some(by));
        Tlv::Update(Update { key, router, seqno, metric, next: NEXT, hop: None })
    }));
    let mut frames = Vec::new();
    let mut packet = Builder::new(PACKET);
    for word in words {
        if !packet.push(&word, 0) {
            frames.extend(frame(Kind::Routing, &packet.finish()));
            packet = Builder::new(PACKET);
            let _fits = packet.push(&word, 0);
        }
    }
    frames.extend(frame(Kind::Routing, &packet.finish()));
    frames
}

/// Returns the frames that offer a document as one of this version, to who is not asked whether it wants it.
pub(super) fn document(version: u64, octets: &[u8]) -> Vec<Vec<u8>> {
    let head = [&[VERSION], &version.to_be_bytes()[..], &[0; 8]].concat();
    let total = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    let chunks = (0_u16..).zip(octets.chunks(CHUNK_SIZE)).map(|(index, chunk)| {
        let numbers = [&version.to_be_bytes()[..], &total.to_be_bytes(), &index.to_be_bytes()];
        [&[CHUNK], &numbers.concat()[..], chunk].concat()
    });
    let words = std::iter::once(head).chain(chunks);
    words.filter_map(|word| frame(Kind::Gossip, &word)).collect()
}

fn frame(kind: Kind, words: &[u8]) -> Option<Vec<u8>> {
    Some([&[kind.octet()?], words].concat())
}

/// How a document is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum False {
    /// It is of a liar: the signature is not the registry's.
    Forged,
    /// It is of the registry, and older than said.
    Old,
    /// As if the registry had signed it: it goes back to the first epoch.
    Back,
    /// As if the registry had signed it: its beacon does not follow from the one before.
    Chain,
}

impl False {
    pub(super) const ALL: [Self; 4] = [Self::Forged, Self::Old, Self::Back, Self::Chain];

    /// Returns the octets of the document that follows the one in force, false in this way; `old` is one
    /// that was in force.
    pub(super) fn document(self, in_force: &[u8], old: &[u8]) -> anyhow::Result<(u64, Vec<u8>)> {
        let mut document = Document::decode(&SignedDocument::decode(in_force)?.bytes)?;
        document.version += 1;
        let version = document.version;
        if let Some(meshes) = &mut document.meshes {
            match self {
                Self::Forged | Self::Old => {}
                Self::Back => {
                    meshes.epoch =
                        Epoch::first(meshes.epoch.began, meshes.epoch.length, meshes.epoch.part);
                }
                Self::Chain => meshes.epoch.number += 1,
            }
        }
        let signature = if self == Self::Forged { vec![1] } else { Vec::new() };
        let signed = SignedDocument { bytes: document.encode()?, signature };
        Ok((version, if self == Self::Old { old.to_vec() } else { signed.encode()? }))
    }
}

/// By what right a liar asks for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plea {
    /// It says nothing.
    Nothing,
    /// It is a member of the other's mesh.
    Member,
    /// The other is a member of its own mesh.
    Ours,
    /// It is a member, by a document that the other does not have yet.
    Later,
    /// It is a member, by a document that was in force.
    Earlier,
    /// It finds no links at home.
    Refugee,
}

impl Plea {
    pub(super) const ALL: [Self; 6] =
        [Self::Nothing, Self::Member, Self::Ours, Self::Later, Self::Earlier, Self::Refugee];

    /// Returns what a liar shows: the introduction, and what it says of the link, in the version and the epoch
    /// in force.
    pub(super) fn attach(
        self,
        introduction: &[u8],
        [ours, theirs]: [Prefix; 2],
        (version, epoch): (u64, u64),
    ) -> anyhow::Result<Vec<u8>> {
        let member = Claim { mesh: theirs, version, epoch, standing: Standing::Member };
        let claim = match self {
            Self::Nothing => return Ok(introduction.to_vec()),
            Self::Member => member,
            Self::Ours => Claim { mesh: ours, ..member },
            Self::Later => Claim { version: version + 1, ..member },
            Self::Earlier => Claim { version: version.saturating_sub(1), ..member },
            Self::Refugee => Claim { standing: Standing::Refugee, ..member },
        };
        Ok(claim.attach(introduction)?)
    }
}
