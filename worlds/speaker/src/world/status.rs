//! How the speaker is, as one JSON object.

use babel::{Cost, Hop, Metric};
use serde_json::{Value, json};

use super::{Port, World};
use crate::config::Name;
use crate::faces::Standing;
use crate::text::host;

/// How many failures are told one by one.
const FAILURES: usize = 20;

impl World {
    /// Returns how the speaker is. Times are in milliseconds, infinite metrics are `null`.
    pub(super) fn status(&self) -> Value {
        let now = self.clock.now();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "host": host(),
            "router_id": Name(self.speaker.router_id()).to_string(),
            "seqno": self.speaker.seqno().0,
            "up_s": now.since(self.times.started).as_secs(),
            "settled": self.times.settled,
            "interfaces": (0..).zip(&self.ports).map(|(n, port)| self.interface(n, port))
                .collect::<Value>(),
            "neighbours": self.neighbours(),
            "routes": self.routes(),
            "announced": self.announced(),
            "kernel": self.kernel_status(),
            "counters": self.counters(),
        })
    }

    fn interface(&self, number: u32, port: &Port) -> Value {
        let mut told = json!({
            "name": port.name,
            "up": port.standing.obstacle().is_none(),
            "obstacle": port.standing.obstacle(),
            "routes": self.speaker.usage(babel::Interface(number)),
        });
        let Some(fields) = told.as_object_mut() else { return told };
        if let Standing::Ready(index, face) = port.standing {
            fields.insert("index".into(), index.into());
            fields.insert("ipv6".into(), face.address.to_string().into());
            fields.insert("ipv4".into(), json!(face.address4.map(|four| four.to_string())));
            fields.insert("mtu".into(), face.mtu.into());
        }
        if let Some(guard) = &port.guard {
            let counters = guard.counters();
            let keys: Value = guard.neighbours().map(|peer| {
                json!({"neighbour": peer.address.to_string(), "key": peer.key, "proven": peer.index.is_some()})
            }).collect();
            fields.insert(
                "authentication".into(),
                json!({
                    "neighbours": keys,
                    "sealed": counters.sealed,
                    "unsigned": counters.unsigned,
                    "opened": counters.opened,
                    "challenges": counters.challenges,
                    "answered": counters.answered,
                    "replies": counters.replies,
                    "refused": counters.refused,
                    "suffered": counters.suffered,
                }),
            );
        }
        told
    }

    fn neighbours(&self) -> Value {
        let told = |view: babel::NeighbourView| {
            json!({
                "interface": self.name(view.interface),
                "address": view.address.to_string(),
                "reach": format!("{:04x}", view.reach),
                "unicast_reach": format!("{:04x}", view.unicast_reach),
                "rxcost": cost(view.rxcost),
                "txcost": cost(view.txcost),
                "cost": cost(view.cost),
                "rtt_ms": view.rtt.map(|rtt| rtt.as_secs_f64() * 1000.0),
                "routes": view.routes,
                "selected": view.selected,
                "acknowledges": view.acknowledges,
            })
        };
        self.speaker.neighbours().map(told).collect()
    }

    fn routes(&self) -> Value {
        let told = |view: babel::RouteView| {
            let alternates = view.alternates.iter().map(|(hop, worse)| self.hop(hop, *worse));
            json!({
                "route": view.key.to_string(),
                "via": view.hop.address.to_string(),
                "interface": self.name(view.hop.interface),
                "neighbour": view.neighbour.to_string(),
                "metric": metric(view.metric),
                "refmetric": metric(view.refmetric),
                "router_id": Name(view.router_id).to_string(),
                "seqno": view.seqno.0,
                "age_s": view.age.as_secs(),
                "installed": self.kernel.holds(view.key),
                "alternates": alternates.collect::<Value>(),
            })
        };
        self.speaker.selected().map(told).collect()
    }

    fn hop(&self, hop: &Hop, worse: Metric) -> Value {
        let (via, interface) = (hop.address.to_string(), self.name(hop.interface));
        json!({"via": via, "interface": interface, "metric": metric(worse)})
    }

    fn announced(&self) -> Value {
        let told = |(key, own): (babel::Key, Metric)| json!({"route": key.to_string(), "metric": metric(own)});
        self.speaker.announced().map(told).collect()
    }

    fn kernel_status(&self) -> Value {
        let failed = self.kernel.failed();
        let failures =
            failed.take(FAILURES).map(|(key, why)| json!({"route": key.to_string(), "error": why}));
        json!({
            "table": self.config.table(),
            "metric": self.config.metric(),
            "installed": self.kernel.installed(),
            "former": self.kernel.former(),
            "queue": self.kernel.queue(),
            "failed": self.kernel.failed().count(),
            "failures": failures.collect::<Value>(),
            "changes": self.tally.changes,
            "refused": self.tally.refused,
        })
    }

    fn counters(&self) -> Value {
        let engine = self.speaker.counters();
        json!({
            "packets_in": engine.packets_in,
            "packets_out": engine.packets_out,
            "octets_out": engine.octets_out,
            "updates_in": engine.updates_in,
            "updates_out": engine.updates_out,
            "requests_out": engine.requests_out,
            "requests_forwarded": engine.requests_forwarded,
            "resent": engine.resent,
            "route_changes": engine.route_changes,
            "passed_over": engine.passed_over,
            "ignored": self.tally.ignored,
            "unsent": self.tally.unsent,
            "sources": self.speaker.sources(),
        })
    }
}

fn cost(cost: Cost) -> Value {
    if cost.is_finite() { cost.0.into() } else { Value::Null }
}

fn metric(metric: Metric) -> Value {
    if metric.is_finite() { metric.0.into() } else { Value::Null }
}
