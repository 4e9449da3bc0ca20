//! Errors that other speakers make and we do not (rules B), and the boundary (rules I).

use super::*;

#[test]
fn b1_nobody_is_greeted_by_multicast_without_interval() {
    for lone in [false, true] {
        let profile = Profile { lone, ..profile() };
        let places = [(WIRE, 0x50), (OTHER, 0x51)];
        let mut bench = Bench::silent(profile, settings(), &places);
        bench.probes[A].greets = true;
        bench.pass(ms(20_000));
        bench.tell(Input::Up(WIRE, Profile { hello: ms(7_000), ..profile }));
        bench.tell(Input::Charge(WIRE, Cost::SHUNNED));
        bench.pass(ms(20_000));
        bench.tell(Input::Down(OTHER));
        bench.tell(Input::Up(OTHER, profile));
        bench.pass(ms(20_000));
        bench.tell(Input::Farewell);
        let hellos: Vec<_> = bench
            .said
            .iter()
            .filter_map(|word| if let Tlv::Hello(hello) = word.tlv { Some(hello) } else { None })
            .collect();
        assert!(hellos.len() > 50 && hellos.iter().all(|hello| hello.next.is_some()));
    }
}

#[test]
fn b2_a_withdrawal_names_its_range() {
    let mut bench = Bench::lan(1);
    bench.probes[A].acks = true;
    let ranges =
        ["::/0", "2001:db8::/32", "2001:db8::/48", "2001:db8::/64", "2001:db8::/64 from fd00::/8"];
    for range in ranges {
        bench.tell(Input::Announce(key(range), Metric(0)));
    }
    bench.pass(ms(6_000));
    for range in ranges {
        bench.clear();
        bench.tell(Input::Withdraw(key(range)));
        bench.pass(ms(6_000));
        let ended: Vec<_> = bench
            .heard(A)
            .into_iter()
            .filter_map(|word| {
                if let Tlv::Update(update) = word.tlv
                    && !update.metric.is_finite()
                {
                    update.key
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(ended, [key(range)]);
    }
}

/// The octets of an acknowledgment request.
fn ask(opaque: u16, centiseconds: u16) -> [u8; 8] {
    let ([o0, o1], [i0, i1]) = (opaque.to_be_bytes(), centiseconds.to_be_bytes());
    [2, 6, 0, 0, o0, o1, i0, i1]
}

#[test]
fn b4_an_acknowledgment_leaves_before_its_time() {
    let mut bench = Bench::lan(2);
    let acks = |bench: &Bench| -> Vec<_> {
        let said = bench.said.iter().filter(|word| matches!(word.tlv, Tlv::Ack(_)));
        said.map(|word| (word.at, word.to, word.tlv)).collect()
    };
    for interval in [50, 1] {
        bench.clear();
        bench.octets(A, &ask(0xbeef, interval));
        let to = Some(bench.probes[A].address);
        assert_eq!(acks(&bench), [(bench.now, to, Tlv::Ack(Ack { opaque: 0xbeef }))]);
    }
    bench.clear();
    bench.octets(A, &ask(7, 0));
    assert_eq!((acks(&bench), bench.counted("no-interval")), (Vec::new(), 1));
    let many: Vec<u8> = (0..1_000).flat_map(|opaque| ask(opaque, 50)).collect();
    let before = bench.packets;
    bench.octets(A, &many);
    assert!(acks(&bench).len() <= 1_000 && bench.packets - before <= 4);
}

#[test]
fn b5_the_next_hop_is_answered_too() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.pass(ms(10_000));
    assert_eq!(bench.metrics(A, P1), []);
    let start = bench.now;
    bench.say(A, &[request(P1)]);
    bench.pass(ms(200));
    let updates = bench.updates(A, key(P1));
    assert_eq!((updates.len(), updates[0].0), (1, start));
}

#[test]
fn b6_a_request_three_hundred_ahead_raises_by_one() {
    let mut bench = Bench::lan(2);
    bench.probes[A].acks = true;
    bench.pass(ms(5_000));
    for seqno in [101, 102] {
        bench.clear();
        bench.say(A, &[seqno_request(OWN, NAME, 400, 64)]);
        bench.pass(ms(200));
        let updates = bench.updates(A, key(OWN));
        let numbers: Vec<_> = updates.iter().map(|(_, it)| (it.seqno.0, it.metric.0)).collect();
        assert_eq!(numbers, [(seqno, 0)]);
        assert_eq!(bench.updates(B, key(OWN)), []);
    }
}

#[test]
fn b8_an_unfeasible_update_of_the_route_in_use_is_asked_about_at_once() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(10_000));
    bench.clear();
    bench.say(A, &[offer(P1, 5, 300)]);
    bench.pass(ms(200));
    let asked = bench.asked(A);
    assert_eq!((asked.len(), asked[0].1.seqno), (1, Seqno(6)));
    bench.say(A, &[offer(P1, 6, 300)]);
    assert_eq!(bench.selected(P1), Some((A, 396)));
}

#[test]
fn b11_a_new_neighbour_hears_everything_when_it_hears_us() {
    for greeting in [greeting, unicast_greeting] {
        let profile = Profile { update: Duration::from_mins(1), ..profile() };
        let mut bench = Bench::with(profile, settings(), &[(WIRE, 0x50)]);
        bench.say(A, &[offer(P1, 1, 100)]);
        bench.pass(ms(5_000));
        let newcomer = bench.add(WIRE, link_local(0x99));
        bench.say(newcomer, &[greeting(1, Some(ms(4_000)))]);
        bench.pass(ms(4_000));
        bench.say(newcomer, &[greeting(2, Some(ms(4_000))), hears_us(Cost(96), ms(12_000))]);
        bench.clear();
        bench.pass(ms(500));
        bench.say(newcomer, &[greeting(3, Some(ms(4_000)))]);
        bench.pass(ms(5_000));
        bench.say(newcomer, &[request_all()]);
        assert_eq!(bench.metrics(newcomer, OWN).first(), Some(&0));
        assert_eq!(bench.metrics(newcomer, P1).first(), Some(&196));
    }
}

/// Lets two of twenty neighbours fall silent that each told `count` routes; returns how many
/// updates and packets that costs.
fn loss(count: u32) -> (u64, u64) {
    let places: Vec<_> = (0..20).map(|n| (WIRE, 0x50 + n)).collect();
    let mut bench = Bench::with(profile(), settings(), &places);
    bench.probes.iter_mut().for_each(|probe| probe.acks = true);
    let ranges: Vec<_> = (0..count).map(|n| alloc::format!("2001:db8:7:{n:x}::/64")).collect();
    for probe in 0..20 {
        let metric = if probe < 2 { 100 } else { 190 };
        let all: Vec<_> = ranges.iter().map(|range| offer(range, 1, metric)).collect();
        bench.say(probe, &all);
    }
    bench.pass(ms(5_000));
    bench.clear();
    let before = bench.speaker.counters().clone();
    bench.probes[A].greets = false;
    bench.probes[B].greets = false;
    bench.pass(ms(2_600));
    let lost = [bench.probes[A].address, bench.probes[B].address];
    let selected: Vec<_> = bench.speaker.selected().collect();
    assert_eq!(selected.len(), ranges.len());
    assert!(selected.iter().all(|view| !lost.contains(&view.neighbour)));
    let after = bench.speaker.counters();
    assert_eq!(after.route_changes - before.route_changes, u64::from(count));
    (after.updates_out - before.updates_out, after.packets_out - before.packets_out)
}

#[test]
fn b12_the_loss_of_neighbours_is_linear() {
    let (few, some) = (loss(200), loss(800));
    assert!(some.0 <= few.0 * 5 && some.1 <= few.1 * 5, "{few:?} {some:?}");
}

#[test]
fn b13_a_route_of_a_second_is_gone_soon() {
    let mut bench = Bench::lan(2);
    let start = bench.now;
    bench.say(A, &[Tlv::Update(Update { next: ms(1_000), ..route(P1, 5, 100) })]);
    bench.pass(ms(3_500));
    assert_eq!(bench.selected(P1), Some((A, 196)));
    bench.pass(ms(10_000));
    let (lost, _, way) = bench.ways[1];
    assert_eq!(way, Way::Unreachable);
    assert!(lost.since(start) <= ms(5_000), "{:?}", lost.since(start));
    assert_eq!(bench.route(A, key(P1)), None);
}

/// Tells a story with chance in it; returns all that was said and told.
fn story(
    bench: &mut Bench,
    seed: u8,
    step: impl Fn(&mut Bench, Duration),
) -> alloc::string::String {
    let mut dice = words::Dice::of([seed; 32], "story");
    for _ in 0..200 {
        let probe = dice.below(3);
        let seqno = u16::try_from(dice.below(4)).unwrap();
        let metric = u16::try_from(dice.below(3_000)).unwrap();
        let text = if dice.below(2) == 0 { P1 } else { P2 };
        match dice.below(8) {
            0 => bench.say(probe, &[retraction(text)]),
            1 => bench.say(probe, &[hears_us(Cost(metric), ms(3_000))]),
            2 => bench.say(probe, &[request_all(), request(text)]),
            3 => bench.probes[probe].greets ^= true,
            4 => bench.probes[probe].acks ^= true,
            _ => bench.say(probe, &[offer(text, seqno, metric)]),
        }
        step(bench, ms(u64::try_from(dice.below(900)).unwrap()));
    }
    alloc::format!("{:?} {:?}", bench.said, bench.ways)
}

#[test]
fn i2_the_same_seed_says_the_same_words() {
    let tell = |seed| story(&mut Bench::lan(3), seed, Bench::pass);
    assert_eq!(tell(1), tell(1));
    assert_ne!(tell(1), tell(2));
}

#[test]
fn i3_nothing_is_said_before_the_deadline() {
    let often = |bench: &mut Bench, span: Duration| {
        for _ in 0..span.as_millis() {
            bench.pass(ms(1));
            let said = (bench.said.len(), bench.ways.len());
            bench.tell(Input::Wake);
            assert_eq!((bench.said.len(), bench.ways.len()), said);
        }
    };
    for seed in 0..3 {
        let seldom = story(&mut Bench::lan(3), seed, Bench::pass);
        assert!(story(&mut Bench::lan(3), seed, often) == seldom, "{seed}");
    }
}

#[test]
fn i4_each_change_is_told_once() {
    for seed in 0..10 {
        let mut bench = Bench::lan(3);
        story(&mut bench, seed, Bench::pass);
        let mut ways = alloc::collections::BTreeMap::new();
        for (_, to, way) in &bench.ways {
            assert_ne!(ways.insert(*to, *way), Some(*way), "{to}");
            assert_ne!(*to, key(OWN));
        }
        let through = ways.iter().filter_map(|(to, way)| match way {
            Way::Through(hop) => Some((*to, *hop)),
            Way::Unreachable | Way::Gone => None,
        });
        let selected = bench.speaker.selected().map(|view| (view.key, view.hop));
        assert!(through.eq(selected));
    }
}

#[test]
fn i4_the_end_is_told_everybody_and_then_nothing() {
    let mut bench = Bench::with(profile(), settings(), &[(WIRE, 0x50), (OTHER, 0x51)]);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.clear();
    bench.tell(Input::Farewell);
    let said: Vec<_> = bench.said.iter().map(|word| (word.interface, word.to)).collect();
    assert_eq!(said, [(WIRE, None), (OTHER, None)]);
    let ends =
        |tlv: &Tlv| matches!(tlv, Tlv::Update(it) if it.key.is_none() && !it.metric.is_finite());
    assert!(bench.said.iter().all(|word| ends(&word.tlv)));
    bench.clear();
    bench.pass(Duration::from_mins(10));
    assert_eq!((bench.said.len(), bench.ways.len()), (0, 0));
    assert!(bench.speaker.deadline().is_none());
}
