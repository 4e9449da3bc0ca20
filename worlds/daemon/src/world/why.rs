//! Why packets to a destination go the way they go, or go nowhere.

use std::net::{IpAddr, Ipv6Addr};

use babel::{LinkNeighbour, LinkOffer, LinkRoute};
use principles::Cause;
use serde_json::{Value, json};
use words::routing::Range;
use words::{LinkId, NodeId, Prefix};

use super::World;
use super::report::milliseconds;

/// What packets to a destination meet.
enum Way {
    /// It is ours.
    Ourselves(Prefix),
    /// A route.
    Route(Box<LinkRoute>),
    /// Nothing, for this reason.
    Nowhere(String),
}

impl World {
    /// Answers why packets to `about` go the way they go: an address, or a node's range.
    pub(super) fn why(&self, about: &str) -> Value {
        let Some(to) = destination(about) else {
            return json!({
                "error": format!("`{about}` is neither an address nor the range of a node"),
                "remedy": "write one as 10.42.7.1, fd12:3456:789a:2a::1 or fd12:3456:789a:2a::/64",
            });
        };
        let (range, owner, told) = match self.way(to) {
            Way::Ourselves(range) => (Some(range.into()), Some(self.node.me()), json!({})),
            Way::Route(route) => {
                let whose = self.at_the_end(to, &route).or_else(|| self.owner(&route));
                (Some(route.range), whose, self.of_route(to, &route))
            }
            Way::Nowhere(reason) => (None, None, json!({"why_not": reason})),
        };
        let mut answer = json!({
            "destination": plain(to).to_string(),
            "reachable": range.is_some(),
            "range": range.map(|range: Range| range.to.to_string()),
            "from": range.filter(|it| it.from != Prefix::ALL).map(|it| it.from.to_string()),
            "owner": owner.map(|node| node.to_string()),
            "ours": owner == Some(self.node.me()),
            "prefers": self.preference(range, owner),
        });
        if let (Some(answer), Value::Object(told)) = (answer.as_object_mut(), told) {
            answer.extend(told);
        }
        answer
    }

    /// Tells of the exit that the configuration names, if that is where a way out should lead.
    fn preference(&self, range: Option<Range>, owner: Option<NodeId>) -> Value {
        let out = range.is_none_or(|range| range.from != Prefix::ALL);
        let Some(named) = self.way_out.named().filter(|_| out) else { return Value::Null };
        let why_not = if owner == Some(named) {
            None
        } else if !self.node.parameters().exits.contains(&named) {
            Some("the network does not name it as an exit: re6st registry parameters --exits")
        } else {
            Some(
                "it is not reached, offers no way out at present, has as many guests as it takes, \
                 or has not heard of this node yet; so the nearest exit is taken",
            )
        };
        json!({"node": named.to_string(), "taken": owner == Some(named), "why_not": why_not})
    }

    /// Finds what packets of our own to `to` meet, as the plane does.
    fn way(&self, to: Ipv6Addr) -> Way {
        let own = [Some(self.node.me().0), self.ipv4.map(|it| it.own)];
        if let Some(own) = own.into_iter().flatten().find(|own| own.contains(to)) {
            return Way::Ourselves(own);
        }
        let inside = self.networks().any(|network| network.contains(to));
        let four = to.to_ipv4_mapped().is_some();
        let own = self.own_address(four);
        let holds = |route: &LinkRoute| {
            let Range { to: range, from } = route.range;
            let family = range.as_ipv4().is_some() == four;
            // What is inside of the network is never outside.
            let out = || !inside && own.is_some_and(|own| from.contains(own));
            family && range.contains(to) && (from == Prefix::ALL || out())
        };
        let length = |route: &LinkRoute| (route.range.to.length(), route.range.from.length());
        let best = self.node.routing().routes().filter(holds).max_by_key(length);
        match best {
            Some(route) => Way::Route(Box::new(route)),
            None => Way::Nowhere(self.why_not(to, inside)),
        }
    }

    /// The ranges of the network: what is in them is not outside.
    fn networks(&self) -> impl Iterator<Item = Prefix> {
        [Some(self.identity.network()), self.ipv4.map(|it| it.network)].into_iter().flatten()
    }

    fn why_not(&self, to: Ipv6Addr, inside: bool) -> String {
        let four = to.to_ipv4_mapped().is_some();
        if !inside && self.exit.open().any(|it| it.to.as_ipv4().is_some() == four) {
            return "it is outside of the network, and this node is an exit itself: its own kernel \
                    sends it on, and not the mesh"
                .to_owned();
        }
        if four && self.node.parameters().ipv4.is_none() {
            return "the network has no IPv4: re6st registry parameters --ipv4".to_owned();
        }
        if !inside && self.node.parameters().exits.is_empty() {
            return "it is outside of the network, which names no exits: \
                    re6st registry parameters --exits"
                .to_owned();
        }
        if !inside {
            return "it is outside of the network, and no exit is reached that lets out to it"
                .to_owned();
        }
        if self.live_links() == 0 {
            return "no link is up, so nobody is reached: see re6st arrows".to_owned();
        }
        let mesh = self.node.map().and_then(|map| map.mesh_of(to));
        if let Some(mesh) = mesh.filter(|mesh| *mesh != self.node.home()) {
            return format!(
                "it is in the mesh {mesh}, and no border node of that mesh is reached, or this node \
                 serves there itself and knows no such node"
            );
        }
        let known = self.node.gossip().contacts().find(|contact| contact.node.0.contains(to));
        match known {
            Some(contact) => format!(
                "the node {} is known, and no neighbour has a route to it: it is down, or cut off",
                contact.node
            ),
            None => "no neighbour has a route to it: no node has this address, or it is down, or \
                     has not joined the mesh yet"
                .to_owned(),
        }
    }

    /// Returns the node whose announcement a route is.
    fn owner(&self, route: &LinkRoute) -> Option<NodeId> {
        let named = |node: &NodeId| node.routing_name() == route.router_id.0;
        let known = self.node.gossip().contacts().map(|contact| contact.node);
        let routed = self.node.routing().routes().map(|it| NodeId(it.range.to));
        routed.chain(known).find(named)
    }

    /// Returns the node that an address belongs to, if the route is to a range of many.
    fn at_the_end(&self, to: Ipv6Addr, route: &LinkRoute) -> Option<NodeId> {
        let (range, length) = (route.range.to, self.node.me().0.length());
        let of_many = self.identity.network().covers(range) && range.length() < length;
        of_many.then(|| NodeId(Prefix::new(to.to_bits(), length)))
    }

    fn of_route(&self, to: Ipv6Addr, route: &LinkRoute) -> Value {
        let offers: Vec<LinkOffer> = self.node.routing().offers(route.range).collect();
        let mut ready: Vec<&LinkOffer> = offers.iter().filter(|it| is_ready(it)).collect();
        ready.sort_by_key(|it| it.metric);
        let others = offers.iter().filter(|it| !it.selected && it.metric.is_finite());
        let mut others: Vec<&LinkOffer> = others.collect();
        others.sort_by_key(|it| (!it.feasible, it.metric));
        let next = self.node.peer(route.link);
        let path = offers.iter().find(|it| it.selected);
        let end = self.at_the_end(to, route);
        json!({
            "metric": route.metric.0,
            "path": path.map(|it| self.offer(it)),
            "direct": next.is_some() && next == self.owner(route) && end.is_none(),
            "across": end.map(|end| self.across(end, route.range.to, self.owner(route))),
            "link": self.link(route.link),
            "alternates": others.into_iter().map(|it| self.offer(it)).collect::<Vec<_>>(),
            "if_lost": match ready.first() {
                Some(next) => json!({
                    "then": "alternate", "link": next.link.to_string(), "metric": next.metric.0,
                }),
                None => json!({"then": "asked"}),
            },
        })
    }

    /// Tells of one way to a range, as a neighbour offers it.
    fn offer(&self, offer: &LinkOffer) -> Value {
        json!({
            "link": offer.link.to_string(),
            "node": self.node.peer(offer.link).map(|node| node.to_string()),
            "metric": offer.metric.0,
            "refmetric": offer.refmetric.0,
            "seqno": offer.seqno.0,
            "told_s": offer.age.as_secs(),
            "feasible": offer.feasible,
        })
    }

    /// Tells what a link is, and why there is one.
    fn link(&self, link: LinkId) -> Value {
        let now = self.clock.now();
        let view = self.node.links().find(|view| view.link == link);
        let mut neighbours = self.node.routing().neighbours();
        let cost: Option<LinkNeighbour> = neighbours.find(|it| it.link == link);
        json!({
            "link": link.to_string(),
            "node": self.node.peer(link).map(|node| node.to_string()),
            "ours": view.map(|view| view.ours),
            "state": view.map(|view| view.state.name()),
            "age_s": view.map(|view| now.since(view.since).as_secs()),
            "routes": view.map(|view| view.used_by),
            "carrier": view.and_then(|view| view.carrier).map(words::Carrier::name),
            "carrier_cause": view.and_then(|view| view.carrier_cause).map(cause),
            "cause": view.and_then(|view| view.cause).map(cause),
            "cost": cost.as_ref().map(|it| it.cost.0),
            "rxcost": cost.as_ref().map(|it| it.rxcost.0),
            "txcost": cost.as_ref().map(|it| it.txcost.0),
            "rtt_ms": cost.as_ref().and_then(|it| it.rtt).map(milliseconds),
            "shunned": cost.as_ref().map(|it| it.shunned),
        })
    }
}

/// Tells whether it could be taken at once, if the one in use were lost.
fn is_ready(offer: &LinkOffer) -> bool {
    offer.feasible && !offer.selected && offer.metric.is_finite()
}

/// Tells what a choice was owed to: its name, and why such a thing exists.
fn cause(cause: Cause) -> Value {
    let because = match cause {
        Cause::Chance => None,
        Cause::Exception(exception) => Some(exception.because),
    };
    json!({"name": cause.name(), "because": because})
}

/// Reads an address, or the range of a node, whose own address is then meant.
fn destination(text: &str) -> Option<Ipv6Addr> {
    let text = text.trim();
    match text.parse() {
        Ok(IpAddr::V6(six)) => return Some(six),
        Ok(IpAddr::V4(four)) => return Some(four.to_ipv6_mapped()),
        Err(_) => {}
    }
    let range: Prefix = text.parse().ok()?;
    match words::Ipv4Plan::address(range) {
        Some(four) => Some(four.to_ipv6_mapped()),
        None => Some(NodeId(range).address()),
    }
}

fn plain(address: Ipv6Addr) -> IpAddr {
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_an_address_or_a_node() {
        let read = |text: &str| destination(text).map(plain).map(|address| address.to_string());
        assert_eq!(read("fd00:0:0:7::5").as_deref(), Some("fd00:0:0:7::5"));
        assert_eq!(read("fd00:0:0:7::/64").as_deref(), Some("fd00:0:0:7::1"));
        assert_eq!(read(" 10.42.7.9\n").as_deref(), Some("10.42.7.9"));
        assert_eq!(read("10.42.7.0/24").as_deref(), Some("10.42.7.1"));
        for nothing in ["", "node7", "10.42.7.1/24", "fd00::/129"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }
}
