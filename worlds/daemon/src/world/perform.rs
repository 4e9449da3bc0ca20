//! What the engines want, done.

use node::{Event, Input, Output};
use words::Engine;

use super::World;

impl World {
    /// Does all that the engines want, until they want nothing more.
    pub(super) fn perform_all(&mut self) {
        loop {
            if let Some(said) = self.noise.poll() {
                self.perform_noise(said);
            } else if let Some(said) = self.node.poll() {
                self.recorder.said(&said);
                self.perform(said);
            } else {
                return;
            }
        }
    }

    fn perform(&mut self, said: Output) {
        let now = self.clock.now();
        match said {
            Output::Open { link, key: peer, endpoints, introduction, .. } => {
                let (endpoints, introduction) = (&endpoints, &introduction);
                let open = noise::Input::Open { link, peer, endpoints, introduction };
                self.noise.handle(open, now);
            }
            Output::Redial { link, endpoints } => {
                let endpoints = &endpoints;
                self.noise.handle(noise::Input::Endpoints { link, endpoints }, now);
            }
            Output::Nearer { link, at } => {
                self.noise.handle(noise::Input::Nearer { link, at }, now);
            }
            Output::Beckon { key, token, endpoints } => {
                let beckon = noise::Input::Beckon { peer: key, token, endpoints: &endpoints };
                self.noise.handle(beckon, now);
            }
            Output::Seen(at) => self.seen(at, now),
            Output::Accept(link) => self.noise.handle(noise::Input::Accept(link), now),
            Output::Refuse(link, why) => self.noise.handle(noise::Input::Refuse(link, why), now),
            Output::Close(link) => {
                self.times.watched.remove(&link);
                self.plane.drop_link(link);
                self.noise.handle(noise::Input::Close(link), now);
            }
            Output::Send(link, frame) => self.plane.send(link, &frame),
            Output::Overlay(to, words) => {
                // The way there may have been found in this very turn.
                self.plane.commit_ranges();
                self.overlay.send(to, &words);
                self.send_around(to, &words);
            }
            Output::Route(range, link) => {
                self.plane.set_route(range, link);
                self.note_way_out(range, link);
            }
            Output::Closed(ranges) => self.plane.close_ranges(ranges),
            Output::Ipv4(ours) => self.set_ipv4(ours),
            Output::Watch(link) => {
                let packets = self.plane.payload_packets(link).unwrap_or(0);
                self.times.watched.insert(link, packets);
            }
            Output::SaveDocument(octets) => {
                self.registrar.has_document(self.node.gossip().version());
                self.keeper.keep(self.state.document(), octets.to_vec());
            }
            Output::SaveContacts(contacts) => {
                let octets = crate::contacts::encode(&contacts);
                self.keeper.keep(self.state.contacts(), octets);
            }
            Output::Escape(escaped) => self.escape(escaped),
            Output::AskRegistry => self.registrar.ask_for_introductions(),
            Output::Attested { epoch, seen } => {
                self.tally.note("attested");
                self.registrar.attest(epoch, seen);
            }
            Output::Event(event) => self.note(&event),
        }
    }

    fn perform_noise(&mut self, said: noise::Output) {
        match said {
            noise::Output::Transmit { to, bytes } => self.plane.transmit(to, &bytes),
            noise::Output::Request { link, key, introduction, .. } => {
                self.tell(&Input::Request { link, key, introduction: &introduction });
            }
            noise::Output::Install { link, keys, to } => self.plane.install(link, &keys, to),
            noise::Output::Up { link, .. } => {
                self.tell(&Input::Up(link));
                if link.is_ours() {
                    // The other end may send once it has heard us under the new keys.
                    self.plane.send(link, &[]);
                }
            }
            noise::Output::Observed { link, at } => self.tell(&Input::Observed(link, at)),
            noise::Output::Unanswered { link, token } => {
                self.tell(&Input::Unanswered(link, token));
            }
            noise::Output::Down(link, why) => {
                tracing::debug!(%link, ?why, "a link is down");
                self.plane.drop_link(link);
                self.tell(&Input::Down(link));
            }
            noise::Output::Refused(link, why) => self.tell(&Input::Refused(link, why)),
            noise::Output::Redirect { link, to } => self.plane.redirect(link, to),
            noise::Output::Retire { receiver } => self.plane.retire(receiver),
            noise::Output::Event(event) => self.tally.note(event.name()),
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Arrows(event) => {
                tracing::debug!(?event, "arrows");
                self.tally.count(event);
            }
            Event::Gossip(event) => {
                self.tell_operator(event);
                self.tally.note(event.name());
                if let gossip::Event::Document { .. } = event {
                    self.review_exit();
                    self.share();
                }
            }
            Event::NoIpv4 { index, room } => {
                tracing::warn!(
                    index,
                    room,
                    "the network's IPv4 range has no part for this node; the registry can give a \
                     larger one: re6st registry parameters --ipv4"
                );
                self.tally.note("no-ipv4");
            }
            Event::Entered { .. }
            | Event::Left { .. }
            | Event::NotAdmitted { .. }
            | Event::Waits { .. }
            | Event::Escaped(_)
            | Event::SeeksRefuge { .. }
            | Event::Refugee { .. }
            | Event::Expelled { .. } => self.note_of_meshes(event),
            Event::UnknownFrame(link) => {
                tracing::debug!(%link, "a frame of an unknown kind");
                self.tally.note("unknown-frame");
            }
        }
    }

    /// Notes what is about the meshes of the network.
    fn note_of_meshes(&mut self, event: &Event) {
        match event {
            Event::Entered { mesh } => {
                tracing::info!(%mesh, "this node serves as border node");
                self.tally.note("entered");
            }
            Event::Left { mesh } => {
                tracing::info!(%mesh, "this node serves as border node no longer");
                self.tally.note("left");
            }
            Event::NotAdmitted { link, node, why } => {
                let why = why.name();
                tracing::info!(%link, %node, why, "a node asks for a link of a mesh, and both are no members of it");
                self.tally.refuse(format!("dial:{why}"));
            }
            Event::Waits { link, node } => {
                tracing::info!(%link, %node, "a node goes by another network document: the newer one travels");
                self.tally.note("link-waits");
            }
            Event::Escaped(true) => {
                tracing::warn!(
                    "this node does not reach most of its mesh: it is told of by its own prefix in all \
                     meshes; is a network between here and there filtered?"
                );
                self.tally.note("escaped");
            }
            Event::Escaped(false) => {
                tracing::info!("this node reaches most of its mesh again");
                self.tally.note("came-back");
            }
            Event::SeeksRefuge { tries } => {
                tracing::warn!(
                    tries,
                    "this node finds too few links in its mesh, and tries nodes of the whole network"
                );
                self.tally.note("seeks-refuge");
            }
            Event::Refugee { link, node } => {
                tracing::info!(%link, %node, "a node that finds too few links in its mesh has one with us");
                self.tally.note("refugee");
            }
            Event::Expelled { link } => {
                tracing::info!(%link, "the link of a node that is elected no longer is closed");
                self.tally.refuse("border:overstayed".to_owned());
            }
            Event::Arrows(_) | Event::Gossip(_) | Event::NoIpv4 { .. } | Event::UnknownFrame(_) => {
            }
        }
    }

    /// Says what an operator may have to act on, with the remedy.
    fn tell_operator(&self, event: &gossip::Event) {
        if let gossip::Event::Clamped { version, parameter } = event {
            let document = self.node.gossip().document();
            let bounds = document.and_then(|it| it.parameters.objection(parameter));
            return tracing::warn!(
                version,
                bounds = bounds.as_deref().unwrap_or(parameter),
                "a parameter of the network document is out of its bounds, and held at them"
            );
        }
        tell_operator(event);
    }
}

/// Says what an operator may have to act on, with the remedy.
fn tell_operator(event: &gossip::Event) {
    match event {
        gossip::Event::WeAreRevoked { serial } => tracing::error!(
            serial,
            "this node is put out of the network; only a new invitation lets it in again"
        ),
        gossip::Event::MyselfRefused { why } => tracing::error!(
            %why,
            "what this node shows of itself would be refused by others; is the clock right?"
        ),
        gossip::Event::AnotherChain { epoch } => tracing::warn!(
            epoch,
            "the registry began another chain of numbers by which border nodes are elected; that is \
             so once in 100 000 epochs, and after it lost its database"
        ),
        // Named with its bounds, by the world.
        gossip::Event::Clamped { .. } => {}
        gossip::Event::CalendarJumped { from, to } => tracing::warn!(
            %from,
            %to,
            "the calendar was set; if it is right now, nothing need be done; if it stays wrong, \
             this node refuses others, and others refuse it"
        ),
        gossip::Event::DateOverruled { calendar, date } => tracing::warn!(
            %calendar,
            %date,
            "this computer's calendar is not that of most neighbours; elections go by theirs; set it"
        ),
        gossip::Event::DocumentRefused { from, why } => {
            tracing::warn!(?from, %why, "a network document is refused");
        }
        gossip::Event::Banished { link, node, why } => {
            tracing::info!(%link, %node, %why, "a link is closed");
        }
        gossip::Event::Document { version } => {
            tracing::info!(version, "a new network document is in force");
        }
    }
}
