//! What is told again costs no memory, not even for a moment.

use std::alloc::System;
use std::net::Ipv6Addr;
use std::time::Duration;

use babel::wire::{Builder, Hello, Ihu, Tlv, Update};
use babel::{
    Columns, Cost, Input, Interface, Key, Metric, Profile, RouterId, Seqno, Settings, Speaker,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use words::{Engine, Prefix, Time};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const LAN: Interface = Interface(1);
const FROM: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);

/// Tells the speaker a packet, and passes over what it says.
fn tell(speaker: &mut Speaker<Columns>, octets: &[u8], now: Time) {
    speaker.handle(Input::Packet { interface: LAN, from: FROM, octets }, now);
    while speaker.poll().is_some() {}
}

fn packet(tlvs: &[Tlv]) -> Vec<u8> {
    let mut builder = Builder::new(60_000);
    assert!(tlvs.iter().all(|tlv| builder.push(tlv, 0)));
    builder.finish()
}

#[test]
fn x10_a_repeated_update_allocates_nothing() {
    let mut speaker = Speaker::<Columns>::new(Settings::default(), [7; 32], Time::ZERO);
    speaker.handle(Input::Up(LAN, Profile::LAN), Time::ZERO);
    let next = Duration::from_secs(16);
    for seqno in 0..3 {
        let (seqno, next) = (Seqno(seqno), Some(next));
        let hello = Hello { seqno, next, unicast: false, sent: None, frugal: false };
        let ihu = Ihu { to: None, rxcost: Cost(96), next: Duration::from_mins(1), echo: None };
        tell(&mut speaker, &packet(&[Tlv::Hello(hello), Tlv::Ihu(ihu)]), Time::ZERO);
    }
    let route = |n: u128| {
        let key = Some(Key::to(Prefix::new(0x2001_0db8 << 96 | n << 64, 64)));
        let (router, seqno, metric) = (Some(RouterId([5; 8])), Seqno(1), Metric(100));
        Tlv::Update(Update { key, router, seqno, metric, next, hop: None })
    };
    let routes: Vec<Tlv> = (0..2_000).map(route).collect();
    let octets = packet(&routes);
    // Twice: the second time it learns which route follows which.
    let mut now = Time::ZERO + Duration::from_millis(10);
    for _ in 0..2 {
        tell(&mut speaker, &octets, now);
        now = now + Duration::from_millis(1);
    }
    assert_eq!(speaker.selected().count(), 2_000);
    let region = Region::new(ALLOCATOR);
    for _ in 0..3 {
        tell(&mut speaker, &octets, now);
    }
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0));
    assert_eq!(speaker.counters().updates_in, 10_000);
}
