//! What each node has still to hear of its own paths.

use words::{LinkId, Prefix};

use super::{Chart, NONE};
use crate::number::small;

/// What a node has still to hear.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    /// Links whose uses have changed.
    links: Vec<u32>,
    /// Destinations that came into reach, or went out of it.
    flips: Vec<u32>,
    /// Whether it should hear soon.
    urgent: bool,
}

/// What a node hears of its own paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// So many paths lead through this link.
    Uses(LinkId, u32),
    /// This destination is reached through this link, or not at all.
    Way(Prefix, Option<LinkId>),
}

impl Chart {
    /// Returns the nodes that have news which cannot wait.
    pub(crate) fn urgent(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.urgent).into_iter().map(|node| node as usize).collect()
    }

    /// Returns the news of `node`, once.
    pub(crate) fn news(&mut self, node: usize) -> Vec<News> {
        let Some(desk) = self.desks.get_mut(node) else { return Vec::new() };
        let Desk { links, flips, .. } = std::mem::take(desk);
        let mut news = Vec::with_capacity(links.len() + flips.len());
        for to in flips {
            let via = self.cell(node, to as usize).via;
            let link = self.link_at(node, via);
            let name = self.names.get(to as usize);
            news.extend(name.map(|name| News::Way(*name, link)));
        }
        for number in links {
            let end = self.edges.get_mut(number as usize).and_then(|edge| edge.end_mut(node));
            // One that has another link by now has nothing to hear of this one.
            let Some(end) = end.filter(|end| end.stale && end.held) else { continue };
            end.stale = false;
            news.push(News::Uses(end.link, end.uses));
        }
        news
    }

    pub(super) fn note(&mut self, node: usize, edge: u32) {
        if let Some(desk) = self.desks.get_mut(node) {
            desk.links.push(edge);
        }
    }

    pub(super) fn flipped(&mut self, node: usize, to: usize) {
        if let Some(desk) = self.desks.get_mut(node) {
            desk.flips.push(small(to));
        }
        self.hurry(node);
    }

    pub(super) fn hurry(&mut self, node: usize) {
        let Some(desk) = self.desks.get_mut(node) else { return };
        if !std::mem::replace(&mut desk.urgent, true) {
            self.urgent.push(small(node));
        }
    }

    fn link_at(&self, node: usize, via: u32) -> Option<LinkId> {
        if via == NONE {
            return None;
        }
        let edge = self.edges.get(via as usize)?;
        edge.ends.iter().find(|end| end.node as usize == node).map(|end| end.link)
    }
}
