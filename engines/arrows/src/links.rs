//! The links, and when time alone changes each.
//!
//! To ask all links for their deadlines after each word would cost more than all the rest: so
//! they are noted, and worked out anew for those links only that may have changed.

use alloc::boxed::Box;
use alloc::vec::Vec;

use words::{Deadline, LinkId, Time};

use crate::life::Link;
use crate::{Settings, Why};

/// All links, with their deadlines.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// In the order of their names. They are few, and all are looked at more often than one comes.
    all: Vec<Place>,
    /// Links that may be otherwise than noted.
    touched: Vec<LinkId>,
}

/// A link, and what is noted of it.
#[derive(Debug)]
struct Place {
    id: LinkId,
    due: Option<Deadline<Why>>,
    draining: bool,
    link: Box<Link>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "names are passed as to any other map")]
impl Links {
    pub(crate) fn get(&self, id: &LinkId) -> Option<&Link> {
        let at = self.find(*id).ok()?;
        self.all.get(at).map(|it| &*it.link)
    }

    pub(crate) fn contains_key(&self, id: &LinkId) -> bool {
        self.find(*id).is_ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&LinkId, &Link)> {
        self.all.iter().map(|it| (&it.id, &*it.link))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Link> {
        self.all.iter().map(|it| &*it.link)
    }

    /// Returns a link, to change it.
    pub(crate) fn get_mut(&mut self, id: &LinkId) -> Option<&mut Link> {
        let at = self.find(*id).ok()?;
        if self.touched.last() != Some(id) {
            self.touched.push(*id);
        }
        self.all.get_mut(at).map(|it| &mut *it.link)
    }

    #[expect(clippy::large_types_passed_by_value, reason = "it moves into the map")]
    pub(crate) fn insert(&mut self, id: LinkId, link: Link) {
        self.touched.push(id);
        match self.find(id) {
            Ok(at) => {
                if let Some(place) = self.all.get_mut(at) {
                    *place.link = link;
                }
            }
            Err(at) => {
                let place = Place { id, due: None, draining: false, link: Box::new(link) };
                self.all.insert(at, place);
            }
        }
    }

    pub(crate) fn remove(&mut self, id: &LinkId) -> Option<Link> {
        let at = self.find(*id).ok()?;
        self.touched.retain(|touched| touched != id);
        Some(*self.all.remove(at).link)
    }

    /// Returns all links, to change them.
    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Link> {
        self.touch_all();
        self.all.iter_mut().map(|it| &mut *it.link)
    }

    /// Has all deadlines worked out anew: what they depend on has changed.
    pub(crate) fn touch_all(&mut self) {
        self.touched.clear();
        self.touched.extend(self.all.iter().map(|it| it.id));
    }

    /// Notes how the touched links are now.
    pub(crate) fn note(&mut self, settings: &Settings, now: Time) {
        while let Some(id) = self.touched.pop() {
            let Some(place) = self.find(id).ok().and_then(|at| self.all.get_mut(at)) else {
                continue;
            };
            // One that is past waits for the other end, not for time.
            let quiet = place.link.quiet(id, settings).filter(|quiet| quiet.at > now);
            place.due = Deadline::earlier(place.link.deadline(id, settings), quiet);
            place.draining = place.link.is_draining();
        }
    }

    /// Returns the first deadline of a link, as noted.
    pub(crate) fn deadline(&self) -> Option<Deadline<Why>> {
        self.all.iter().filter_map(|it| it.due).min_by_key(|due| due.at)
    }

    /// Returns the links that drain, as noted, or may have begun to since.
    pub(crate) fn draining(&self) -> Vec<LinkId> {
        let drains = |id: &LinkId| self.get(id).is_some_and(Link::is_draining);
        let noted = self.all.iter().filter(|it| it.draining).map(|it| it.id);
        let mut draining: Vec<LinkId> =
            noted.chain(self.touched.iter().copied()).filter(drains).collect();
        draining.sort_unstable();
        draining.dedup();
        draining
    }

    /// Returns where a link is, or would be.
    fn find(&self, id: LinkId) -> Result<usize, usize> {
        self.all.binary_search_by_key(&id, |it| it.id)
    }
}
