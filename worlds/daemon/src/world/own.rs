//! What concerns this node itself: its beginning, its certificate, its end.

use std::net::SocketAddr;
use std::time::Duration;

use crypto::NodeCertificate;
use node::Input;
use words::{Engine, Time};

use super::World;
use crate::contacts;
use crate::mapper::Found;
use crate::state::State;

/// How long before its end a certificate is renewed; shorter-lived ones, at two thirds.
const RENEW_BEFORE: Duration = Duration::from_hours(30 * 24);

/// How long after a renewal was asked for in vain it is asked for again.
const RENEW_AGAIN: Duration = Duration::from_mins(10);

/// How far the calendar may go back before what we show is dated ahead.
const SLEW: Duration = Duration::from_mins(1);

/// How long we carry on after we told neighbours to find other ways.
const FAREWELL: Duration = Duration::from_millis(1_500);

impl World {
    /// Tells the engines all that is known before the first packet.
    ///
    /// # Errors
    ///
    /// If the node cannot introduce itself, or its state cannot be read.
    pub(crate) fn begin(&mut self) -> anyhow::Result<()> {
        let wall = linux::Clock::wall();
        self.tell(&Input::Calendar(wall));
        self.noise.handle(noise::Input::Calendar(wall), self.clock.now());
        self.tell_index();
        let document = State::read_or_empty(&self.state.document())?;
        if !document.is_empty() {
            self.tell(&Input::Document(&document));
            self.registrar.has_document(self.node.gossip().version());
        }
        let mut kept = contacts::decode(&State::read_or_empty(&self.state.contacts())?);
        if !self.named.is_empty() {
            let named = self.named.clone();
            self.tell(&Input::Bootstrap(&named));
            // Whom we remember is named besides, not instead.
            kept.extend(named);
        }
        self.tell(&Input::Contacts(&kept));
        if let Some(lan) = &self.lan {
            lan.remember(&State::read_or_empty(&self.state.lan_keys())?);
        }
        self.introduce()?;
        let me = self.node.me();
        tracing::info!(address = %me.address(), arrows = self.node.seats(), "the node is up");
        Ok(())
    }

    /// Shows ourselves anew: to the engines, to the carrier, to the registry.
    fn introduce(&mut self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let endpoints = self.places.look(now);
        let introduction =
            self.identity.introduction(linux::Clock::wall(), endpoints, self.escaped)?;
        self.tell(&Input::Myself(&introduction));
        self.noise.handle(noise::Input::Introduction(introduction.clone()), now);
        self.shown.clone_from(&introduction);
        self.lan.iter().for_each(|lan| lan.introduce(introduction.clone()));
        self.times.shown = linux::Clock::wall();
        self.registrar.publish(introduction);
        Ok(())
    }

    /// Shows ourselves anew, saying whether we escaped.
    pub(super) fn escape(&mut self, escaped: bool) {
        self.escaped = escaped;
        if let Err(error) = self.introduce() {
            self.tally.note("introduction-failed");
            tracing::warn!(%error, "others do not hear that this node is cut off from its mesh");
        }
    }

    /// Takes in the key of what members announce on LANs, and keeps it for when the registry is
    /// away.
    pub(super) fn take_lan_key(&self, key: Option<[u8; 32]>) {
        if let Some(kept) = self.lan.as_ref().zip(key).and_then(|(lan, key)| lan.key(key)) {
            self.keeper.keep(self.state.lan_keys(), kept);
        }
    }

    /// Takes in where others see us; shows ourselves anew soon, if that is news.
    pub(super) fn seen(&mut self, at: Vec<SocketAddr>, now: Time) {
        tracing::info!(?at, "others see this node here");
        self.places.seen(at);
        let next = self.places.next(now);
        self.times.next_look = Some(self.times.next_look.map_or(next, |set| set.max(next)));
    }

    /// Takes in whether the router forwards our port.
    pub(super) fn mapped(&mut self, found: Found) {
        let now = self.clock.now();
        self.mapped_by = found.by;
        self.tally.note(if found.by.is_some() { "port-mapped" } else { "port-not-mapped" });
        if self.places.mapped(found.outside) {
            tracing::info!(outside = ?found.outside, by = ?found.by, "the router's port changed");
            let next = self.places.next(now);
            self.times.next_look = Some(self.times.next_look.map_or(next, |set| set.max(next)));
        }
    }

    /// Shows ourselves anew when we are reached elsewhere than was told, and once a day; and
    /// when the calendar went back: others refuse what is dated ahead.
    pub(super) fn introduce_if_due(&mut self, now: Time) {
        let ahead = linux::Clock::wall().plus(SLEW) < self.times.shown;
        if (ahead || self.places.is_news(now))
            && let Err(error) = self.introduce()
        {
            self.tally.note("introduction-failed");
            tracing::warn!(%error, "others go on with what they know of this node");
        }
    }

    /// Asks for a new certificate when the present one comes to its end.
    pub(super) fn renew_if_due(&mut self, now: Time) {
        let certificate = &self.identity.certificate;
        let life = certificate.until.since(certificate.from);
        let before = RENEW_BEFORE.min(life / 3);
        let due = linux::Clock::wall().plus(before) >= certificate.until;
        if due && now >= self.times.next_renewal {
            self.times.next_renewal = now + RENEW_AGAIN;
            tracing::info!("the certificate comes to its end: asking for a new one");
            self.registrar.renew();
        }
    }

    /// Takes a renewed certificate into use, without a restart.
    pub(super) fn adopt(&mut self, pem: &str) {
        if let Err(error) = self.try_adopt(pem) {
            self.tally.note("renewal-failed");
            tracing::warn!(%error, "the renewed certificate is not used; the old one goes on");
        }
    }

    fn try_adopt(&mut self, pem: &str) -> anyhow::Result<()> {
        let certificate = NodeCertificate::from_pem(self.identity.network(), pem)?;
        let ours = certificate.key == self.identity.key.public();
        anyhow::ensure!(ours && certificate.node == self.node.me(), "it is somebody else's");
        State::replace(&self.state.certificate(), pem.as_bytes())?;
        let renumbered = certificate.index != self.identity.certificate.index;
        self.identity.certificate = certificate;
        if renumbered {
            self.tell_index();
        }
        self.introduce()
    }

    /// Tells the node the index of its certificate, which its IPv4 addresses follow from.
    fn tell_index(&mut self) {
        if let Some(index) = self.identity.certificate.index {
            self.tell(&Input::Index(index));
        }
    }

    /// Prepares the end: neighbours find other ways while we still carry their packets.
    /// Told a second time, ends at once.
    pub(super) fn leave(&mut self) {
        let now = self.clock.now();
        if self.times.end.is_some() {
            self.times.end = Some(now);
            return self.tell(&Input::Leave);
        }
        tracing::info!("the node stops as soon as routes have left it");
        self.times.end = Some(now + FAREWELL);
        self.tell(&Input::Leave);
    }
}
