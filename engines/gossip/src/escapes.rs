//! Nodes that escaped: who says so, under its certificate, and who passes it on.
//!
//! ```text
//!  Myself, escaped ─► told ─► every link ─► checked, newer? ─► Escaped ─► every other link ─► …
//!                              └ not escaped any more: the same way; silent for LIFE: forgotten
//! ```
//!
//! A node in a small part of its mesh says in its contact that it escaped. That contact, with the
//! certificate that proves it, goes from neighbour to neighbour through the whole network, as the
//! document does: once to each, and a second time for what is lost. Who believes it lets the node's own
//! prefix pass between meshes; of nobody else, so that a liar can move itself only.
//!
//! Bounds: one word for each certificate, the newest, and that no sooner than [`PAUSE`] after the one
//! before; [`MOST`] nodes at a time; [`BATCH`] words at once through a link.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use words::{Deadline, LinkId, NodeId, Time, Wall};

use crate::frame::Word;
use crate::{Authority, Contact, Gossip, Output, Refused, Why};

/// How long a node counts as escaped after it said so.
const LIFE: Duration = Duration::from_mins(30);
/// How much newer a word must be than the one before; and nearly so much later it must arrive, as who
/// says it also says when.
const PAUSE: Duration = Duration::from_secs(10);
/// Most nodes that are known as escaped, or to have come back.
const MOST: usize = 4096;
/// How many words go through a link at once, and how long after the next may.
const BATCH: (usize, Duration) = (8, Duration::from_millis(250));
/// How often each word goes through a link.
const COPIES: u8 = 2;

/// What a node said last.
#[derive(Debug)]
struct Told {
    issued: Wall,
    escaped: bool,
    serial: u64,
    introduction: Arc<[u8]>,
    /// When we took it in.
    heard: Time,
    /// When it is forgotten.
    until: Time,
}

/// What a neighbour is still to be told: of whom, and how often.
#[derive(Debug)]
struct Owed {
    words: BTreeMap<NodeId, u8>,
    next: Time,
}

/// Who escaped.
#[derive(Debug, Default)]
pub(crate) struct Escapes {
    told: BTreeMap<NodeId, Told>,
    owed: BTreeMap<LinkId, Owed>,
    /// Version of the document by which they were looked at.
    looked: u64,
}

impl Escapes {
    /// Returns when more is to be told, or somebody to be forgotten.
    pub(crate) fn deadline(&self) -> Option<Deadline<Why>> {
        let tell = self.owed.values().map(|owed| owed.next).min();
        let forget = self.told.values().map(|told| told.until).min();
        let at = tell.into_iter().chain(forget).min()?;
        Some(Deadline { at, why: Why::Escapes })
    }

    /// Owes all neighbours but one a word about a node.
    fn owe(
        &mut self,
        node: NodeId,
        but: Option<LinkId>,
        all: impl Iterator<Item = LinkId>,
        now: Time,
    ) {
        for link in all.filter(|link| Some(*link) != but) {
            let owed = self.owed.entry(link);
            let owed = owed.or_insert_with(|| Owed { words: BTreeMap::new(), next: now });
            owed.words.insert(node, COPIES);
        }
    }
}

impl<A: Authority> Gossip<A> {
    /// Tells whether a node has escaped, as far as we know.
    pub fn has_escaped(&self, node: NodeId) -> bool {
        self.escapes.told.get(&node).is_some_and(|told| told.escaped)
    }

    /// Takes in what we say of ourselves.
    pub(crate) fn escape_ourselves(&mut self, contact: &Contact, serial: u64, now: Time) {
        if contact.escaped || self.escapes.told.contains_key(&self.me) {
            let shown = self.myself.clone().unwrap_or_default();
            self.note_escape(contact, serial, (shown, None), now);
        }
    }

    /// Takes in what somebody says of itself, by way of a neighbour.
    ///
    /// # Errors
    ///
    /// Why it is not believed; or that there are too many.
    pub(crate) fn heard_escape(
        &mut self,
        link: LinkId,
        octets: &[u8],
        now: Time,
    ) -> Result<(), Refused> {
        let claimed = crate::judge::read(octets)?;
        let known = self.escapes.told.get(&claimed.node);
        let is_old = known.is_some_and(|known| {
            claimed.issued < known.issued.plus(PAUSE) || now.since(known.heard) < PAUSE / 2
        });
        let is_idle = known.is_none() && !claimed.escaped;
        if is_old || is_idle || claimed.node == self.me {
            return Ok(());
        }
        let wall = self.wall(now);
        if wall > claimed.issued.plus(LIFE) || claimed.issued > wall.plus(LIFE) {
            return Err(Refused::Stale { issued: claimed.issued });
        }
        if known.is_none() && self.escapes.told.len() >= MOST {
            return Err(Refused::Busy);
        }
        let known = self.believe_stranger(octets, |_| Ok(()), now)?;
        self.note_escape(&known.contact, known.serial, (octets.to_vec(), Some(link)), now);
        Ok(())
    }

    fn note_escape(
        &mut self,
        contact: &Contact,
        serial: u64,
        (shown, by): (Vec<u8>, Option<LinkId>),
        now: Time,
    ) {
        let (node, issued, escaped) = (contact.node, contact.issued, contact.escaped);
        let age = self.wall(now).since(issued);
        let until = now + LIFE.saturating_sub(age);
        let told = Told { issued, escaped, serial, introduction: shown.into(), heard: now, until };
        let before = self.escapes.told.insert(node, told).is_some_and(|before| before.escaped);
        let links: Vec<LinkId> = self.neighbours.keys().copied().collect();
        self.escapes.owe(node, by, links.into_iter(), now);
        if before != escaped {
            self.say(Output::Escaped(node, escaped));
        }
    }

    /// Owes a new neighbour a word about all who escaped.
    pub(crate) fn tell_escapes_to(&mut self, link: LinkId, now: Time) {
        let escaped = self.escapes.told.iter().filter(|(_, told)| told.escaped);
        let all: Vec<NodeId> = escaped.map(|(node, _)| *node).collect();
        for node in all {
            self.escapes.owe(node, None, [link].into_iter(), now);
        }
    }

    /// Owes a neighbour that is gone nothing.
    pub(crate) fn owe_no_escapes(&mut self, link: LinkId) {
        self.escapes.owed.remove(&link);
    }

    /// Tells what is due, and forgets who said nothing for long, or is of the network no longer.
    pub(crate) fn pass_escapes_on(&mut self, now: Time) {
        self.forget_escapes(now);
        let mut words = Vec::new();
        let Self { escapes, .. } = self;
        for (link, owed) in escapes.owed.iter_mut().filter(|(_, owed)| owed.next <= now) {
            owed.next = now + BATCH.1;
            let batch: Vec<NodeId> = owed.words.keys().copied().take(BATCH.0).collect();
            for node in batch {
                let Some(told) = escapes.told.get(&node) else {
                    owed.words.remove(&node);
                    continue;
                };
                words.push((*link, Word::Escape(&told.introduction).encode()));
                let copies = owed.words.entry(node).or_default();
                *copies = copies.saturating_sub(1);
                if *copies == 0 {
                    owed.words.remove(&node);
                }
            }
        }
        escapes.owed.retain(|_, owed| !owed.words.is_empty());
        for (link, word) in words {
            self.say(Output::Send(link, word));
        }
    }

    fn forget_escapes(&mut self, now: Time) {
        let version = self.version();
        let due = self.escapes.told.values().any(|told| told.until <= now);
        if self.escapes.told.is_empty() || (!due && self.escapes.looked == version) {
            return;
        }
        self.escapes.looked = version;
        let is_over = |told: &Told| told.until <= now || self.is_revoked(told.serial);
        let over = self.escapes.told.iter().filter(|(_, told)| is_over(told));
        let over: Vec<NodeId> = over.map(|(node, _)| *node).collect();
        for node in over {
            if self.escapes.told.remove(&node).is_some_and(|told| told.escaped) {
                self.say(Output::Escaped(node, false));
            }
        }
    }
}
