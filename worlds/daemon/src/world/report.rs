//! What a running node says of itself.

use std::collections::BTreeMap;

use arrows::State;
use serde::Serialize;
use serde_json::{Value, json};
use words::{Ipv4Plan, LinkId, NodeId, Prefix};

use super::World;
use crate::config::to_text;
use crate::control::{Pending, Question};
use crate::lan::Lan;

/// How a node is.
#[derive(Debug, Serialize)]
struct Status {
    address: String,
    prefix: String,
    network: String,
    /// Our own IPv4 range and address, and the network's; null without.
    ipv4: Option<Ipv4>,
    version: &'static str,
    uptime_s: f64,
    document: u64,
    arrows: Arrows,
    links: usize,
    routes: usize,
    contacts: usize,
    /// Where we say that we are reached.
    endpoints: Vec<String>,
    /// By which protocol the router forwards our port; none if it does not.
    port_mapping: Option<&'static str>,
    /// What we say that we can carry, in Mbit/s; null if we say nothing.
    capacity: Option<u32>,
    /// Octets that we carried for others since we started, and what each of our links is charged
    /// for it, in the unit of Babel.
    load: Value,
    /// `member`, `revoked` or `expired`.
    standing: &'static str,
    serial: u64,
    expires: u64,
    /// The ways out that this node offers, and by which families it leaves through exits.
    exit: Value,
    /// Where this node announces itself on LANs, and whom it hears there; null if it does neither.
    lan: Value,
    /// How the network is divided, and our part between its meshes; null while it is one.
    mesh: Value,
    lost_packets: Value,
    /// What others did that was refused, ignored or ended by force, by subject and reason.
    refused: BTreeMap<String, u64>,
    events: Value,
    told: Value,
    /// Datagrams of control that were sent, and their octets.
    control_sent: Value,
}

/// The IPv4 addresses of a node.
#[derive(Debug, Serialize)]
struct Ipv4 {
    address: String,
    range: String,
    network: String,
}

/// The arrows in numbers.
#[derive(Debug, Serialize)]
struct Arrows {
    wanted: usize,
    opening: usize,
    live: usize,
    draining: usize,
    drawn: u64,
    born: u64,
    died: u64,
    /// The greatest age any arrow reached, alive or at its death.
    oldest_s: f64,
    by_cause: Value,
}

impl World {
    /// Answers what somebody asks on the control socket.
    pub(super) fn answer(&mut self, pending: &Pending) {
        let answer = match pending.question {
            Question::Status => json!(self.status()),
            Question::Arrows => Value::Array(self.arrow_rows()),
            Question::Routes => Value::Array(self.route_rows()),
            Question::Nodes => Value::Array(self.node_rows()),
            Question::Why => self.why(pending.about.as_deref().unwrap_or_default()),
            Question::Introduction => json!({"introduction": to_text(&self.shown)}),
        };
        // Who asked may have gone.
        let _ = pending.answer.try_send(answer.to_string());
    }

    fn status(&self) -> Status {
        let now = self.clock.now();
        let count = |state| {
            let ours = self.node.links().filter(|arrow| arrow.ours);
            ours.filter(|arrow| arrow.state == state).count()
        };
        let ages = (self.node.links())
            .filter(|arrow| arrow.ours && matches!(arrow.state, State::Live | State::Draining))
            .map(|arrow| now.since(arrow.since));
        let oldest = ages.fold(self.tally.oldest, Ord::max);
        Status {
            address: self.node.me().address().to_string(),
            prefix: self.node.me().to_string(),
            network: self.identity.network().to_string(),
            ipv4: self.ipv4.and_then(ipv4),
            version: env!("CARGO_PKG_VERSION"),
            uptime_s: now.since(self.times.started).as_secs_f64(),
            document: self.node.gossip().version(),
            arrows: Arrows {
                wanted: self.node.seats(),
                opening: count(State::Seeking) + count(State::Opening),
                live: count(State::Live),
                draining: count(State::Draining),
                drawn: self.tally.drawn,
                born: self.tally.born,
                died: self.tally.died,
                oldest_s: oldest.as_secs_f64(),
                by_cause: json!(self.tally.by_cause),
            },
            links: self.live_links(),
            routes: self.node.routing().routes().count(),
            contacts: self.node.gossip().contacts().count(),
            endpoints: self.places.told().iter().map(ToString::to_string).collect(),
            port_mapping: self.mapped_by,
            capacity: self.identity.capacity,
            load: json!({"carried_octets": self.plane.relayed(), "charge": self.node.load()}),
            standing: self.standing(),
            serial: self.identity.certificate.serial,
            expires: self.identity.certificate.until.0,
            exit: json!({
                "offers": self.exit.open().map(ToString::to_string).collect::<Vec<_>>(),
                "uses": self.way_out.families().collect::<Vec<_>>(),
                "prefers": self.way_out.named().map(|node| node.to_string()),
                "guests": self.node.guests().map(|node| node.to_string()).collect::<Vec<_>>(),
            }),
            lan: self.on_lan(),
            mesh: self.meshes(),
            lost_packets: json!(self.lost()),
            refused: self.refused(),
            events: json!(self.tally.events),
            told: self.told(),
            control_sent: self.control_sent(),
        }
    }

    fn control_sent(&self) -> Value {
        let (packets, octets) = self.plane.control_sent();
        json!({"packets": packets, "octets": octets})
    }

    /// What was dropped on its way in or out, by reason.
    fn lost(&self) -> BTreeMap<&'static str, u64> {
        let mut lost = self.plane.counters();
        lost.insert("overlay-crowded", self.overlay.dropped());
        lost
    }

    /// What others did that was refused, by subject and reason; what never was is left out.
    fn refused(&self) -> BTreeMap<String, u64> {
        let handshakes = self.noise.counters().iter().filter(|(_, count)| *count > 0);
        let handshakes = handshakes.map(|(why, n)| (format!("handshake:{}", why.name()), n));
        let gossip = &self.node.gossip().counters().refused;
        let gossip = gossip.iter().map(|(why, n)| (format!("gossip:{why}"), *n));
        let unknown = self.tally.events.get("unknown-frame");
        let unknown = unknown.map(|n| ("word:of-nobody".to_owned(), *n));
        let babel = &self.node.routing().counters().passed_over;
        let untold = babel.get(babel::Ignored::Policy.reason());
        let untold = untold.map(|n| ("announcement:not-admitted".to_owned(), *n));
        let ours = self.tally.refused.clone();
        let lan = self.lan.iter().flat_map(Lan::refused).filter(|(_, count)| *count > 0);
        let lan = lan.map(|(why, n)| (why.to_owned(), n));
        ours.into_iter()
            .chain(lan)
            .chain(handshakes)
            .chain(gossip)
            .chain(unknown)
            .chain(untold)
            .collect()
    }

    /// Who is on our LANs, and where.
    fn on_lan(&self) -> Value {
        let Some(lan) = &self.lan else { return Value::Null };
        let node = |(node, at): (NodeId, std::net::SocketAddr)| json!({"node": node.to_string(), "at": at.to_string()});
        json!({
            "interfaces": lan.faces(),
            "has_key": lan.has_key(),
            "nodes": self.node.gossip().on_lan().map(node).collect::<Vec<_>>(),
        })
    }

    /// What engines took in and passed over, by reason.
    fn told(&self) -> Value {
        json!({
            "babel": babel_counters(self.node.routing().counters()),
            "noise": noise_counters(self.noise.counters()),
            "gossip": gossip_counters(self.node.gossip().counters()),
        })
    }

    /// Whether others still believe our certificate.
    fn standing(&self) -> &'static str {
        let certificate = &self.identity.certificate;
        let document = self.node.gossip().document();
        if document.is_some_and(|document| document.revoked.contains(&certificate.serial)) {
            "revoked"
        } else if linux::Clock::wall() > certificate.until {
            "expired"
        } else {
            "member"
        }
    }

    pub(super) fn live_links(&self) -> usize {
        let up = |state| matches!(state, State::Live | State::Draining);
        self.node.links().filter(|arrow| up(arrow.state)).count()
    }

    fn arrow_rows(&self) -> Vec<Value> {
        let now = self.clock.now();
        let places: BTreeMap<_, _> =
            self.noise.links().map(|view| (view.link, view.to.to_string())).collect();
        let divided = self.node.meshes().is_some();
        let row = |arrow: arrows::View| {
            json!({
                "link": arrow.link.to_string(),
                "node": arrow.node.to_string(),
                "mesh": divided.then(|| self.node.mesh_of(arrow.link).to_string()),
                "ours": arrow.ours,
                "state": arrow.state.name(),
                "carrier": arrow.carrier.map(words::Carrier::name),
                "endpoint": places.get(&arrow.link),
                "age_s": now.since(arrow.since).as_secs(),
                "rtt_ms": arrow.round_trip.map(milliseconds),
                "suspect": arrow.suspect,
                "loss_percent": f64::from(arrow.lost_ppm) / 10_000.0,
                "charge_ms": milliseconds(arrow.charge),
                "routes": arrow.used_by,
                "cause": arrow.cause.map(principles::Cause::name),
            })
        };
        self.node.links().map(row).collect()
    }

    fn route_rows(&self) -> Vec<Value> {
        let row = |route: babel::LinkRoute| {
            let alternates: Vec<_> = route
                .alternates
                .iter()
                .map(|(link, metric)| format!("{link}:{}", metric.0))
                .collect();
            json!({
                "prefix": route.range.to.to_string(),
                "from": (route.range.from != Prefix::ALL).then(|| route.range.from.to_string()),
                "link": route.link.to_string(),
                "node": self.peer(route.link),
                "metric": route.metric.0,
                "seqno": route.seqno.0,
                "alternates": alternates,
            })
        };
        self.node.routing().routes().map(row).collect()
    }

    fn node_rows(&self) -> Vec<Value> {
        let mut rows = BTreeMap::<Prefix, Value>::new();
        for contact in self.node.gossip().contacts() {
            let country = contact.country.map(|code| String::from_utf8_lossy(&code).into_owned());
            let endpoints: Vec<_> = contact
                .endpoints
                .iter()
                .map(|at| format!("{}:{}", at.carrier, at.address))
                .collect();
            rows.insert(contact.node.0, json!({"country": country, "endpoints": endpoints}));
        }
        let mut routes = BTreeMap::<Prefix, u16>::new();
        let mut ipv4 = BTreeMap::<[u8; 8], Prefix>::new();
        for babel::LinkRoute { range, metric, router_id, .. } in self.node.routing().routes() {
            if range.from != Prefix::ALL {
                continue;
            }
            if range.to.as_ipv4().is_some() {
                ipv4.insert(router_id.0, range.to);
            } else {
                routes.insert(range.to, metric.0);
            }
        }
        for prefix in routes.keys() {
            rows.entry(*prefix).or_insert_with(|| json!({}));
        }
        let finish = |(prefix, mut row): (Prefix, Value)| {
            if let Some(fields) = row.as_object_mut() {
                let metric = routes.get(&prefix);
                fields.insert("node".to_owned(), json!(prefix.to_string()));
                fields.insert("address".to_owned(), json!(NodeId(prefix).address().to_string()));
                let part = ipv4.get(&NodeId(prefix).routing_name());
                fields.insert("ipv4".to_owned(), json!(part.map(Prefix::to_string)));
                fields.insert("reachable".to_owned(), json!(metric.is_some()));
                fields.insert("metric".to_owned(), json!(metric));
            }
            row
        };
        rows.into_iter().map(finish).collect()
    }

    fn peer(&self, link: LinkId) -> Option<String> {
        self.node.peer(link).map(|node| node.to_string())
    }
}

fn ipv4(ours: node::Ipv4) -> Option<Ipv4> {
    Some(Ipv4 {
        address: Ipv4Plan::address(ours.own)?.to_string(),
        range: ours.own.to_string(),
        network: ours.network.to_string(),
    })
}

fn babel_counters(counters: &babel::Counters) -> Value {
    json!({
        "packets_in": counters.packets_in,
        "packets_out": counters.packets_out,
        "octets_out": counters.octets_out,
        "updates_in": counters.updates_in,
        "updates_out": counters.updates_out,
        "requests_out": counters.requests_out,
        "requests_forwarded": counters.requests_forwarded,
        "resent": counters.resent,
        "route_changes": counters.route_changes,
        "passed_over": counters.passed_over,
    })
}

/// Reasons that were never met are left out.
fn noise_counters(counters: &noise::Counters) -> Value {
    let met = counters.iter().filter(|(_, count)| *count > 0);
    met.map(|(reason, count)| (reason.name().to_owned(), Value::from(count))).collect()
}

fn gossip_counters(counters: &gossip::Counters) -> Value {
    json!({
        "refused": counters.refused,
        "documents": counters.documents,
        "contacts": counters.contacts,
        "asked": counters.asked,
        "answered": counters.answered,
        "knocked": counters.knocked,
        "beckoned": counters.beckoned,
    })
}

pub(super) fn milliseconds(span: std::time::Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}
