//! The states of a neighbour.

use core::fmt::Write;

use super::*;
use crate::tests::floods::stand::{LAN, Probe, greeting, probe, profile, reception, route};
use crate::wire::{Ack, Hello, Ihu};
use crate::{Cost, Input, NeighbourView, Profile, Seqno};

/// The number of the next greeting of A, in all states.
const NEXT: u16 = 1_010;

fn hello(seqno: u16, next: Option<u64>, unicast: bool) -> Tlv {
    let seqno = Seqno(seqno);
    Tlv::Hello(Hello { seqno, next: next.map(ms), unicast, sent: None, frugal: false })
}

/// Lets A greet so many times, once a second, the last with the number before [`NEXT`].
fn greeted(times: u16, unicast: bool, hears: bool) -> Stand {
    let silent = Probe { greets: false, ..probe() };
    let mut stand = Stand::among(&[silent, probe()]);
    for n in (1..=times).rev() {
        stand.say(0, &[hello(NEXT - n, Some(1_000), unicast)]);
        if hears {
            stand.say(0, &[reception(96)]);
        }
        if n > 1 {
            stand.pass(ms(1_000));
        }
    }
    if hears {
        stand.say(0, &[route(P, 5, 100)]);
    }
    // What A is owed because of that is behind us.
    stand.pass(ms(200));
    stand
}

fn states() -> [(&'static str, Stand); 8] {
    let mut deaf = greeted(4, false, true);
    deaf.say(0, &[reception(0xffff)]);
    let mut fading = greeted(4, false, true);
    fading.pass(ms(2_500));
    let mut lost = greeted(4, false, true);
    lost.pass(ms(8_000));
    [
        ("unknown", greeted(0, false, false)),
        ("heard once", greeted(1, false, false)),
        ("heard", greeted(4, false, false)),
        ("usable", greeted(4, false, true)),
        ("usable by unicast", greeted(4, true, true)),
        ("deaf", deaf),
        ("fading", fading),
        // Absent: what it was told is still known.
        ("lost", lost),
    ]
}

type Event = (&'static str, fn(&mut Stand));

fn other_address(stand: &mut Stand) {
    let to = Some(core::net::IpAddr::V6(at(7)));
    stand.say(0, &[Tlv::Ihu(Ihu { to, rxcost: Cost(96), next: ms(3_000), echo: None })]);
}

fn up_again(stand: &mut Stand) {
    let profile = Profile { hello: ms(4_000), ..profile() };
    stand.tell(Input::Up(LAN, profile));
}

const EVENTS: [Event; 21] = [
    ("Hello, next", |it| it.say(0, &[hello(NEXT, Some(1_000), false)])),
    ("Hello, next, interval 0", |it| it.say(0, &[hello(NEXT, None, false)])),
    ("Hello, unicast", |it| it.say(0, &[hello(NEXT, Some(1_000), true)])),
    ("Hello, 3 behind", |it| it.say(0, &[hello(NEXT - 3, Some(1_000), false)])),
    ("Hello, 3 ahead", |it| it.say(0, &[hello(NEXT + 3, Some(1_000), false)])),
    ("Hello, 16 ahead", |it| it.say(0, &[hello(NEXT + 16, Some(1_000), false)])),
    ("Hello, 17 ahead", |it| it.say(0, &[hello(NEXT + 17, Some(1_000), false)])),
    ("Hello, 17 behind", |it| it.say(0, &[hello(NEXT - 17, Some(1_000), false)])),
    ("a Hello is missed", |it| it.pass(ms(1_400))),
    ("two are missed", |it| it.pass(ms(2_400))),
    ("IHU", |it| it.say(0, &[reception(96)])),
    ("IHU, infinite", |it| it.say(0, &[reception(0xffff)])),
    ("IHU, of another", other_address),
    ("IHU expires", |it| {
        for n in 0..11 {
            it.say(0, &[hello(NEXT + n, Some(1_000), false)]);
            it.pass(ms(1_000));
        }
    }),
    ("Update", |it| it.say(0, &[route(P, 5, 90)])),
    ("Ack", |it| it.say(0, &[Tlv::Ack(Ack { opaque: 1 })])),
    ("Hello and IHU", |it| it.say(0, &[greeting(NEXT, false), reception(96)])),
    ("Up again, slower", up_again),
    ("Down", |it| it.tell(Input::Down(LAN))),
    ("Charge 20000", |it| it.tell(Input::Charge(LAN, Cost::SHUNNED))),
    ("silence of 8 s", |it| it.pass(ms(8_000))),
];

fn state(stand: &Stand) -> String {
    let a = stand.speaker.neighbours().find(|view| view.address == at(0));
    let Some(NeighbourView { reach, unicast_reach, rxcost, txcost, cost, .. }) = a else {
        return "unknown".into();
    };
    let bits = |it: u16| alloc::format!("{:04b}", it & 15);
    let reach = (bits(reach), bits(unicast_reach));
    alloc::format!("{} {} rx {rxcost} tx {txcost} cost {cost}", reach.0, reach.1)
}

/// Only what concerns A: B is there so that the network is not empty.
fn about_a(stand: &mut Stand) -> String {
    stand.said.retain(|(_, to, tlv)| {
        let greets = matches!(tlv, Tlv::Hello(_));
        *to == Some(at(0)) || (to.is_none() && !greets && is_to_a(tlv))
    });
    words(stand)
}

fn is_to_a(tlv: &Tlv) -> bool {
    if let Tlv::Ihu(ihu) = tlv { ihu.to == Some(core::net::IpAddr::V6(at(0))) } else { true }
}

#[test]
fn l3_the_table_of_neighbour_states_is_as_blessed() {
    let mut text = String::from(
        "What a neighbour A is, and what is said to it, after each event in each state.\n\
         Bits are the last four greetings, by multicast and by unicast, the latest last.\n",
    );
    for (name, start) in states() {
        writeln!(text, "\n{name}: {}", state(&start)).unwrap();
        for (event, happens) in EVENTS {
            let mut stand = start.clone();
            stand.forget();
            happens(&mut stand);
            let said = about_a(&mut stand);
            let line = alloc::format!("  {event:24} {:48} {said}", state(&stand));
            writeln!(text, "{}", line.trim_end()).unwrap();
        }
    }
    compare("neighbour-states.txt", &text);
}
