//! The links, and when time alone changes each.
//!
//! To ask all links for their deadlines after each word would cost more than all the rest: so
//! they are noted, and worked out anew for those links only that may have changed.

use alloc::collections::{BTreeMap, btree_map};
use alloc::vec::Vec;

use words::{Deadline, LinkId, Time};

use crate::life::Link;
use crate::{Settings, Why};

/// All links, with their deadlines.
#[derive(Debug, Default)]
pub(crate) struct Links {
    all: BTreeMap<LinkId, Link>,
    /// What is noted of each link, in the order of the links.
    notes: Vec<Note>,
    /// Links that may be otherwise than noted.
    touched: Vec<LinkId>,
}

/// What is noted of one link.
#[derive(Clone, Copy, Debug)]
struct Note {
    link: LinkId,
    due: Option<Deadline<Why>>,
    draining: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "names are passed as to any other map")]
impl Links {
    pub(crate) fn get(&self, id: &LinkId) -> Option<&Link> {
        self.all.get(id)
    }

    pub(crate) fn contains_key(&self, id: &LinkId) -> bool {
        self.all.contains_key(id)
    }

    pub(crate) fn iter(&self) -> btree_map::Iter<'_, LinkId, Link> {
        self.all.iter()
    }

    pub(crate) fn values(&self) -> btree_map::Values<'_, LinkId, Link> {
        self.all.values()
    }

    /// Returns a link, to change it.
    pub(crate) fn get_mut(&mut self, id: &LinkId) -> Option<&mut Link> {
        let link = self.all.get_mut(id)?;
        if self.touched.last() != Some(id) {
            self.touched.push(*id);
        }
        Some(link)
    }

    #[expect(clippy::large_types_passed_by_value, reason = "it moves into the map")]
    pub(crate) fn insert(&mut self, id: LinkId, link: Link) {
        self.all.insert(id, link);
        self.touched.push(id);
    }

    pub(crate) fn remove(&mut self, id: &LinkId) -> Option<Link> {
        self.touched.push(*id);
        self.all.remove(id)
    }

    /// Returns all links, to change them.
    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Link> {
        self.touch_all();
        self.all.values_mut()
    }

    /// Has all deadlines worked out anew: what they depend on has changed.
    pub(crate) fn touch_all(&mut self) {
        self.touched.clear();
        self.touched.extend(self.all.keys());
    }

    /// Notes how the touched links are now.
    pub(crate) fn note(&mut self, settings: &Settings, now: Time) {
        while let Some(id) = self.touched.pop() {
            let note = self.all.get(&id).map(|link| {
                // One that is past waits for the other end, not for time.
                let quiet = link.quiet(id, settings).filter(|quiet| quiet.at > now);
                let due = Deadline::earlier(link.deadline(id, settings), quiet);
                Note { link: id, due, draining: link.is_draining() }
            });
            match (self.notes.binary_search_by_key(&id, |it| it.link), note) {
                (Ok(at), Some(note)) => {
                    if let Some(place) = self.notes.get_mut(at) {
                        *place = note;
                    }
                }
                (Ok(at), None) => {
                    self.notes.remove(at);
                }
                (Err(at), Some(note)) => self.notes.insert(at, note),
                (Err(_), None) => {}
            }
        }
    }

    /// Returns the first deadline of a link, as noted.
    pub(crate) fn deadline(&self) -> Option<Deadline<Why>> {
        self.notes.iter().filter_map(|it| it.due).min_by_key(|due| due.at)
    }

    /// Returns the links that drain, as noted, or may have begun to since.
    pub(crate) fn draining(&self) -> Vec<LinkId> {
        let drains = |id: &LinkId| self.all.get(id).is_some_and(Link::is_draining);
        let noted = self.notes.iter().filter(|it| it.draining).map(|it| it.link);
        let mut draining: Vec<LinkId> =
            noted.chain(self.touched.iter().copied()).filter(drains).collect();
        draining.sort_unstable();
        draining.dedup();
        draining
    }
}
