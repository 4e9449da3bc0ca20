//! The targets, by what they read.

mod babel_captured;
mod babel_lan;
mod babel_mac;
mod babel_mac_tlv;
mod babel_seeds;
mod babel_wire;
mod documents;
mod engines;
mod meshes;
mod packets;
mod people;
mod routers;
mod stories;

use crate::Target;

/// All of them.
pub const TARGETS: &[Target] = &[
    target("certificate", documents::certificate, documents::certificates),
    target("contact", documents::contact, documents::contacts),
    target("document", documents::document, documents::all),
    target("introduction", documents::introduction, documents::introductions),
    target("announcement", documents::announcement, documents::announcements),
    target("mesh-map", meshes::map, meshes::maps),
    target("epoch", meshes::epoch, meshes::epochs),
    target("roster", meshes::roster, meshes::rosters),
    target("plan", meshes::plan, meshes::plans),
    target("forward", packets::forward, packets::payload),
    target("frame", packets::frame, packets::frames),
    target("internet", packets::internet, packets::on_the_internet),
    target("transport", packets::transport, packets::sealed),
    target("babel-packet", babel_wire::packet, babel_seeds::packets),
    target("babel-ack-request", babel_wire::ack_request, babel_seeds::ack_requests),
    target("babel-ack", babel_wire::ack, babel_seeds::acks),
    target("babel-hello", babel_wire::hello, babel_seeds::hellos),
    target("babel-ihu", babel_wire::ihu, babel_seeds::ihus),
    target("babel-router-id", babel_wire::router_id, babel_seeds::router_ids),
    target("babel-next-hop", babel_wire::next_hop, babel_seeds::next_hops),
    target("babel-update", babel_wire::update, babel_seeds::all_updates),
    target("babel-route-request", babel_wire::route_request, babel_seeds::route_requests),
    target("babel-seqno-request", babel_wire::seqno_request, babel_seeds::seqno_requests),
    target("babel-mac-tlv", babel_mac_tlv::mac, babel_mac_tlv::macs),
    target("babel-counter", babel_mac_tlv::counter, babel_mac_tlv::counters),
    target("babel-challenge", babel_mac_tlv::challenge, babel_mac_tlv::nonces),
    target("babel-reply", babel_mac_tlv::reply, babel_mac_tlv::nonces),
    target("config", people::config, people::configs),
    target("contacts-file", people::contacts_file, people::contacts_files),
    target("invitation", people::invitation, people::invitations),
    target("prefix", people::prefix, people::prefixes),
    target("round-trips", people::round_trips, people::all_round_trips),
    target("fault", people::fault, people::faults),
    target("registry-settings", people::settings, people::all_settings),
    target("router-answer", routers::answer, routers::answers),
    target("router-description", routers::description, routers::descriptions),
    target("arrows", engines::arrows, stories::arrows),
    target("babel", engines::babel, stories::babel),
    target("babel-lan", babel_lan::story, babel_lan::stories),
    target("babel-mac", babel_mac::guards, babel_mac::stories),
    target("gossip", engines::gossip, stories::gossip),
    target("noise", engines::noise, stories::noise),
    target("node", engines::node, stories::node),
];

const fn target(name: &'static str, run: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Target {
    Target { name, run, seeds }
}
