//! Members that lie. Their engines are those of everybody; besides what these say they say what no engine
//! does, and ask for links of their own.

use std::collections::{BTreeMap, BTreeSet};

use arrows::Refusal;
use words::frame::Kind;
use words::{LinkId, Prefix};

use super::{End, Entry, World};

/// The first number of a link that a liar asks for without its engines.
const BESIDES: u32 = 2_000_000_000;
/// The words by which a link is found to be alive. Source: docs/wire.md.
const PROBE: u8 = 1;
const ECHO: u8 = 2;

/// Who lies, and what became of it.
#[derive(Debug, Default)]
pub(in crate::norder::full) struct Lies {
    liars: BTreeSet<u32>,
    /// Links that were asked for, how many were let in, and why others were not.
    pub(in crate::norder::full) asked: u32,
    /// The number of the next of them: links of liars of before may still be there.
    next: u32,
    pub(in crate::norder::full) let_in: u64,
    pub(in crate::norder::full) refused: BTreeMap<&'static str, u64>,
    /// Documents that were refused, and why.
    pub(in crate::norder::full) documents: BTreeMap<&'static str, u64>,
}

impl Lies {
    /// From now on these lie.
    pub(in crate::norder::full) fn begin(&mut self, liars: BTreeSet<u32>) {
        *self = Self { liars, next: self.next, ..Self::default() };
    }

    /// Returns who lies.
    pub(in crate::norder::full) const fn liars(&self) -> &BTreeSet<u32> {
        &self.liars
    }

    /// Tells whether a node lies.
    pub(in crate::norder::full) fn lies(&self, node: u32) -> bool {
        self.liars.contains(&node)
    }

    /// Tells whether a link is one that a liar asked for without its engines.
    pub(super) const fn is_besides(link: LinkId) -> bool {
        link.is_ours() && link.0 >= BESIDES
    }
}

/// A link of a liar with a node that does not lie.
#[derive(Clone, Copy, Debug)]
pub(in crate::norder::full) struct Outlet {
    pub(in crate::norder::full) liar: u32,
    pub(in crate::norder::full) link: LinkId,
    pub(in crate::norder::full) peer: u32,
    /// The mesh that it belongs to.
    pub(in crate::norder::full) mesh: Prefix,
    /// Its engines know nothing of it.
    pub(in crate::norder::full) besides: bool,
}

impl World<'_> {
    /// Returns the links by which a liar can lie.
    pub(in crate::norder::full) fn outlets(&self, liar: u32) -> Vec<Outlet> {
        let Some(citizen) = self.citizen(liar as usize) else { return Vec::new() };
        let ends = self.ends.get(liar as usize).into_iter().flatten();
        let outlet = |(link, end): (&LinkId, &End)| {
            let (besides, peer) = (Lies::is_besides(*link), end.peer);
            let whole = end.open && self.end(peer, end.theirs).is_some_and(|theirs| theirs.open);
            let mesh =
                if besides { self.citizen(peer as usize)?.home() } else { citizen.mesh_of(*link) };
            (whole && !self.lies.lies(peer)).then_some(Outlet {
                liar,
                link: *link,
                peer,
                mesh,
                besides,
            })
        };
        ends.filter_map(outlet).collect()
    }

    /// A liar sends a frame of its own.
    pub(in crate::norder::full) fn lie(&mut self, outlet: Outlet, frame: Vec<u8>) {
        self.send(outlet.liar, outlet.link, frame);
    }

    /// A liar asks for a link, showing this.
    pub(in crate::norder::full) fn ask(&mut self, liar: u32, to: u32, shown: Vec<u8>) {
        let link = LinkId::ours(BESIDES + self.lies.next);
        self.lies.next += 1;
        self.lies.asked += 1;
        self.put_end(liar, link, End { peer: to, theirs: LinkId::theirs(0), open: false });
        let at = self.arrival(liar, to, self.now);
        self.agenda.plan(at, Entry::Call(liar, link, to, shown.into()));
    }

    /// A liar is answered.
    pub(super) fn answered(&mut self, liar: u32, link: LinkId, why: Option<u8>) {
        if let Some(why) = why {
            self.take_end(liar, link);
            *self.lies.refused.entry(Refusal::from(why).name()).or_default() += 1;
            return;
        }
        let ends = self.ends.get_mut(liar as usize);
        if let Some(end) = ends.and_then(|ends| ends.get_mut(&link)) {
            end.open = true;
            self.lies.let_in += 1;
        }
    }

    /// A liar hears something by a link that its engines do not know: it says that it is there.
    pub(super) fn overhear(&mut self, liar: u32, link: LinkId, frame: &[u8]) {
        let (Some((Kind::Arrows, [PROBE, token @ ..])), Some(kind)) =
            (Kind::of(frame), frame.first())
        else {
            return;
        };
        let echo = [&[*kind, ECHO], token].concat();
        self.send(liar, link, echo);
    }
}
