//! The states of a route.

use core::fmt::Write;

use super::*;
use crate::feasibility::Distance;
use crate::rows::RowId;
use crate::tests::floods::stand::{FAR, LAN, Probe, key, probe, profile, reception, route, update};
use crate::wire::Update;
use crate::{Input, Metric, Profile, RouterId, Seqno};

const OTHER: RouterId = RouterId([6; 8]);

/// What B says of the range before anything happens: where else it leads.
const ALTERNATES: [(&str, Option<u16>); 3] = [
    ("no alternate", None),
    ("a feasible alternate (5 150) at B", Some(150)),
    ("an unfeasible alternate (5 900) at B", Some(900)),
];

/// A, B and C are there; C hears what we announce.
fn start(alternate: Option<u16>) -> Stand {
    let probes = [probe(), probe(), Probe { acks: false, ..probe() }];
    // Seldom: what is told again anyway would only blur the table.
    let update = Duration::from_mins(10);
    let mut stand = Stand::with(Profile { update, ..profile() }, &probes);
    if let Some(metric) = alternate {
        stand.say(1, &[route(P, 5, metric)]);
        if metric > 196 {
            stand.say(1, &[route(P, 5, 0xffff)]);
        }
        stand.pass(ms(16_000));
    }
    stand
}

/// Each state of the route of A, if B has none, a feasible or an unfeasible one.
fn states(alternate: Option<u16>) -> Vec<(&'static str, Stand)> {
    let none = start(alternate);
    let told = |metric| {
        let mut stand = none.clone();
        stand.say(0, &[route(P, 5, metric)]);
        stand.pass(ms(16_000));
        if let Some(worse @ 197..) = alternate {
            stand.say(1, &[route(P, 5, worse)]);
            stand.pass(ms(16_000));
        }
        stand
    };
    let selected = told(100);
    let mut asked = selected.clone();
    asked.say(0, &[route(P, 5, 4_000)]);
    asked.pass(ms(500));
    let mut held = selected.clone();
    held.say(0, &[route(P, 5, 0xffff)]);
    held.pass(ms(500));
    let mut unfeasible = held.clone();
    unfeasible.say(0, &[route(P, 5, 4_000)]);
    unfeasible.pass(ms(500));
    let mut ours = selected.clone();
    ours.tell(Input::Announce(key(P), Metric(0)));
    ours.pass(ms(500));
    let mut states: Vec<(&'static str, Stand)> = [
        ("none", none.clone()),
        ("selected (5 100)", selected.clone()),
        ("selected, worse told and asked about", asked),
        ("retracted", held),
        ("unfeasible (5 4000)", unfeasible),
        ("ours", ours),
    ]
    .into();
    if alternate == Some(150) {
        states.insert(1, ("feasible, not selected (5 190)", told(190)));
    }
    states
}

type Event = (&'static str, fn(&mut Stand));

fn say(stand: &mut Stand, seqno: u16, metric: u16) {
    stand.say(0, &[route(P, seqno, metric)]);
}

fn other_router(stand: &mut Stand, metric: u16) {
    let update = Update { router: Some(OTHER), ..update(P, 5, metric) };
    stand.say(0, &[Tlv::Update(update)]);
}

const EVENTS: [Event; 18] = [
    ("the same (5 100)", |it| say(it, 5, 100)),
    ("better (5 20)", |it| say(it, 5, 20)),
    ("a little worse (5 120)", |it| say(it, 5, 120)),
    ("worse, unfeasible (5 3000)", |it| say(it, 5, 3_000)),
    ("newer (6 100)", |it| say(it, 6, 100)),
    ("newer, worse (6 3000)", |it| say(it, 6, 3_000)),
    ("older (4 10)", |it| say(it, 4, 10)),
    ("of another router (5 100)", |it| other_router(it, 100)),
    ("of another router (5 3000)", |it| other_router(it, 3_000)),
    ("retraction", |it| say(it, 5, 0xffff)),
    ("wildcard retraction", |it| {
        let (key, router, metric) = (None, None, Metric::INFINITE);
        it.say(0, &[Tlv::Update(Update { key, router, metric, ..update(P, 0, 0) })]);
    }),
    ("40 minutes pass", |it| it.pass(Duration::from_mins(40))),
    ("the link costs 3000 more", |it| it.say(0, &[reception(3_096)])),
    ("A does not hear us", |it| it.say(0, &[reception(0xffff)])),
    ("A is silent", |it| {
        it.probes[0].greets = false;
        it.pass(ms(6_000));
    }),
    ("we announce it", |it| it.tell(Input::Announce(key(P), Metric(0)))),
    ("we withdraw it", |it| it.tell(Input::Withdraw(key(P)))),
    ("the interface is down", |it| it.tell(Input::Down(LAN))),
];

fn state(stand: &Stand) -> String {
    let of = |probe| {
        let Some(view) = stand.route(probe, P) else { return String::from("none") };
        let mark = if view.selected { "!" } else { "" };
        let kind = if view.feasible { "" } else { " unfeasible" };
        alloc::format!("({} {}){kind}{mark}", view.seqno.0, view.refmetric)
    };
    let speaker = &stand.speaker;
    let row = speaker.rows.find(key(P), RowId(0));
    let router = |name| speaker.routers.find(name);
    let distance = |name| speaker.distance(row?, router(name)?);
    let fd = distance(FAR).map_or_else(
        || String::from("none"),
        |Distance { seqno: Seqno(seqno), metric }| alloc::format!("({seqno} {metric})"),
    );
    alloc::format!("A {} B {} FD {fd}", of(0), of(1))
}

#[test]
fn l4_the_table_of_route_states_is_as_blessed() {
    let mut text = String::from(
        "What becomes of the route of a neighbour A after each event in each state, and what is\n\
         said within the next 300 ms. ! is the one in use. A and B acknowledge, C does not.\n",
    );
    for (other, alternate) in ALTERNATES {
        for (name, start) in states(alternate) {
            writeln!(text, "\n{name}, with {other}: {}", state(&start)).unwrap();
            for (event, happens) in EVENTS {
                let mut stand = start.clone();
                stand.forget();
                happens(&mut stand);
                stand.pass(ms(300));
                stand.said.retain(|(_, to, tlv)| {
                    to.is_some() && !matches!(tlv, Tlv::Ihu(_) | Tlv::Hello(_))
                });
                stand.ways.retain(|(of, _)| *of == key(P));
                let line = alloc::format!("  {event:28} {:56} {}", state(&stand), words(&stand));
                writeln!(text, "{}", line.trim_end()).unwrap();
            }
        }
    }
    compare("route-states.txt", &text);
}
