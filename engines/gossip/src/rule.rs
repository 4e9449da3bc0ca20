//! What a document changes: parameters, and who is of the network.

use alloc::vec::Vec;

use words::{Deadline, LinkId, Time};

use crate::spread::Peer;
use crate::{Authority, Document, Event, Gossip, Output, Refused, SignedDocument, Why};

impl<A: Authority> Gossip<A> {
    /// Takes in a document from disk or registry.
    pub(crate) fn offered(&mut self, octets: &[u8], now: Time) {
        match self.read(octets) {
            Ok(document) => self.adopt(document, octets, now),
            // The same one again is what the registry says most of the time.
            Err(Refused::Rollback { ours, theirs }) if ours == theirs => {}
            Err(why) => {
                self.counters.refuse(&why);
                self.say(Output::Event(Event::DocumentRefused { from: None, why }));
            }
        }
    }

    /// Reads a signed document that is newer than ours.
    ///
    /// # Errors
    ///
    /// The reason to refuse it: malformed, not signed by the authority, of another
    /// network, not newer, of an epoch that does not follow the one in force, or of none.
    pub(crate) fn read(&self, octets: &[u8]) -> Result<Document, Refused> {
        let signed = SignedDocument::decode(octets)?;
        let message = Document::signed(&signed.bytes);
        if !self.authority.document(&message, &signed.signature) {
            return Err(Refused::Signature);
        }
        let document = self.authority.read(&signed.bytes)?;
        if document.network != self.network {
            return Err(Refused::OtherNetwork { network: document.network });
        }
        let (ours, theirs) = (self.version(), document.version);
        if theirs <= ours {
            return Err(Refused::Rollback { ours, theirs });
        }
        let in_force = self.document().and_then(|it| it.meshes.as_ref());
        match (in_force, &document.meshes) {
            (Some(ours), Some(theirs)) => theirs.epoch.follows(&ours.epoch)?,
            // Where meshes merge until one is left, that is a map of one mesh.
            (Some(ours), None) => return Err(Refused::Undivided { epoch: ours.epoch.number }),
            (None, _) => {}
        }
        Ok(document)
    }

    /// Puts a newer document in force, and tells everybody.
    pub(crate) fn adopt(&mut self, document: Document, signed: &[u8], now: Time) {
        let signed = self.authority.keep(signed);
        let version = document.version;
        self.counters.documents += 1;
        self.say(Output::SaveDocument(signed.clone()));
        self.say(Output::Event(Event::Document { version }));
        let (parameters, clamped) = document.parameters.clone().clamped();
        for parameter in clamped {
            self.say(Output::Event(Event::Clamped { version, parameter }));
        }
        self.say(Output::Parameters(parameters));
        let ours = self.document().and_then(|it| it.meshes.as_ref());
        let was_divided = ours.is_some();
        if let (Some(ours), Some(theirs)) = (ours, &document.meshes)
            && !theirs.epoch.joins(&ours.epoch)
        {
            self.say(Output::Event(Event::AnotherChain { epoch: theirs.epoch.number }));
        }
        if document.meshes.as_ref() != self.document().and_then(|it| it.meshes.as_ref()) {
            self.say(Output::Meshes(document.meshes.clone()));
        }
        self.revoked = document.revoked.iter().copied().collect();
        self.document = Some((document, signed));

        let revoked = &self.revoked;
        if self.contacts.retain(|known| !revoked.contains(&known.serial)) {
            self.want_saving(now);
        }
        self.lament();
        self.banish(now);
        self.stop_fetching();
        self.tell_all(now);
        if !was_divided {
            self.tell_all_the_date(now);
            self.agree(now);
        }
    }

    /// Tells whether the document in force revokes this certificate.
    pub fn is_revoked(&self, serial: u64) -> bool {
        self.revoked.contains(&serial)
    }

    /// Says that our own certificate is revoked, if it is and was not said.
    pub(crate) fn lament(&mut self) {
        let Some(serial) = self.serial.filter(|serial| self.is_revoked(*serial)) else { return };
        if self.lamented != Some(serial) {
            self.lamented = Some(serial);
            self.say(Output::Event(Event::WeAreRevoked { serial }));
        }
    }

    /// Closes the links whose peers are revoked, or whose certificates are over.
    pub(crate) fn banish(&mut self, now: Time) {
        let links: Vec<LinkId> = self.neighbours.keys().copied().collect();
        for link in links {
            if let Some(why) = self.offence(link, now) {
                self.close(link, why);
            }
        }
    }

    /// Returns why a link must be closed, if it must.
    fn offence(&mut self, link: LinkId, now: Time) -> Option<Refused> {
        let (wall, doubted) = (self.wall(now), self.calendar.doubted());
        let neighbour = self.neighbours.get_mut(&link).filter(|n| !n.banished)?;
        let peer = neighbour.peer?;
        if self.revoked.contains(&peer.serial) {
            return Some(Refused::Revoked { serial: peer.serial });
        }
        if wall <= peer.expires || now < doubted {
            return None;
        }
        // It may have renewed its certificate while the link was up.
        let known = self.contacts.get(neighbour.node).filter(|known| wall <= known.expires);
        neighbour.peer = known.map(|known| Peer { serial: known.serial, expires: known.expires });
        if neighbour.peer.is_some() { None } else { Some(Refused::Expired { since: peer.expires }) }
    }

    fn close(&mut self, link: LinkId, why: Refused) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        neighbour.banished = true;
        let node = neighbour.node;
        self.counters.refuse(&why);
        self.say(Output::Banish(link));
        self.say(Output::Event(Event::Banished { link, node, why }));
    }

    /// Returns when the next neighbour's certificate is over.
    pub(crate) fn expiry_deadline(&self) -> Option<Deadline<Why>> {
        let open = self.neighbours.iter().filter(|(_, neighbour)| !neighbour.banished);
        let ends = open.filter_map(|(link, neighbour)| Some((neighbour.peer?.expires, *link)));
        let (expires, link) = ends.min()?;
        let at = self.calendar.end_of(expires).max(self.calendar.doubted());
        Some(Deadline { at, why: Why::Expiry(link) })
    }
}
