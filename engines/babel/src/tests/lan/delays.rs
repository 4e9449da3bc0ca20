//! Round trips, and what they cost (rules K).

use super::*;
use crate::Ramp;
use crate::wire::Echo;

/// Returns a speaker that measures delays, with probes that have greeted once.
fn measuring(count: u16) -> Bench {
    let profile = Profile { delay: Some(Ramp::PLANET), ..profile() };
    let places: Vec<_> = (0..count).map(|n| (WIRE, 0x50 + n)).collect();
    let mut bench = Bench::silent(profile, settings(), &places);
    for probe in 0..bench.probes.len() {
        bench.say(probe, &[greeting(0xffef, Some(ms(600_000)))]);
    }
    bench
}

#[expect(clippy::cast_possible_truncation, reason = "the wire's clock wraps")]
fn clock(time: Time) -> u32 {
    time.as_micros() as u32
}

fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap()
}

/// Lets a probe greet: it had a greeting of ours `rtt` and `pause` ago, and waited for `pause`;
/// its clock is `theirs`.
fn echoes(bench: &mut Bench, probe: usize, rtt: Duration, (pause, theirs): (Duration, u32)) {
    let origin = clock(bench.now).wrapping_sub(micros(rtt + pause));
    let echo = Echo { origin, received: theirs.wrapping_sub(micros(pause)) };
    tell(bench, probe, Some(theirs), Some(echo));
}

fn tell(bench: &mut Bench, probe: usize, sent: Option<u32>, echo: Option<Echo>) {
    let seqno = bench.probes[probe].hello;
    bench.probes[probe].hello = seqno.plus(1);
    let next = Some(ms(600_000));
    let hello = Hello { seqno, next, unicast: false, sent, frugal: false };
    let ihu = Ihu { to: None, rxcost: Cost(96), next: ms(600_000), echo };
    bench.say(probe, &[Tlv::Hello(hello), Tlv::Ihu(ihu)]);
}

fn rtt(bench: &Bench) -> Option<Duration> {
    bench.neighbour(A).unwrap().rtt
}

#[test]
fn k1_times_travel_with_a_greeting() {
    let mut bench = measuring(2);
    bench.pass(ms(3_000));
    bench.clear();
    let heard = bench.now;
    echoes(&mut bench, A, ms(40), (ms(0), 777));
    tell(&mut bench, B, None, None);
    bench.pass(Duration::from_secs(700));
    let mut echoed = 0;
    for word in &bench.said {
        let same = |it: &&Word| it.packet == word.packet;
        if let Tlv::Hello(hello) = word.tlv {
            // One greeting in eight says what we are, and not what time it is.
            let clock = (!hello.seqno.0.is_multiple_of(8)).then(|| clock(word.at));
            assert_eq!((hello.sent, hello.frugal), (clock, clock.is_none()));
        }
        if let Tlv::Ihu(Ihu { to, echo: Some(echo), .. }) = word.tlv {
            assert_eq!(to, Some(IpAddr::V6(bench.probes[A].address)));
            assert_eq!(echo, Echo { origin: 777, received: clock(heard) });
            assert!(word.at.since(heard) < Duration::from_mins(10));
            let mut packet = bench.said.iter().filter(same);
            assert!(packet.any(|it| matches!(it.tlv, Tlv::Hello(_))));
            echoed += 1;
        }
    }
    assert!(echoed > 500, "{echoed}");
}

#[test]
fn k2_a_pause_of_the_neighbour_is_left_out_and_clocks_wrap() {
    for pause in [0, 500, 3_000] {
        for theirs in [5_000_000, 10_000, 0] {
            let mut bench = measuring(1);
            bench.pass(ms(5_000));
            echoes(&mut bench, A, ms(40), (ms(pause), theirs));
            assert_eq!(rtt(&bench), Some(ms(40)), "{pause} {theirs}");
        }
    }
    let mut bench = measuring(1);
    let wrapped = Time::from_micros((1 << 32) + 10_000);
    bench.pass(wrapped.since(bench.now));
    echoes(&mut bench, A, ms(40), (ms(500), 1));
    assert_eq!(rtt(&bench), Some(ms(40)));
}

#[test]
fn k2_nonsense_is_passed_over() {
    let mut bench = measuring(1);
    bench.pass(ms(5_000));
    let echo = |origin, received| Some(Echo { origin, received });
    let now = clock(bench.now);
    // It waited for longer than all of it took; it answers what is to come, or long past.
    tell(&mut bench, A, Some(90_000), echo(now - 40_000, 10_000));
    tell(&mut bench, A, Some(90_000), echo(now + 1, 90_000));
    tell(&mut bench, A, Some(90_000), echo(now.wrapping_sub(600_000_001), 90_000));
    tell(&mut bench, A, None, echo(now - 40_000, 90_000));
    let ihu = Ihu { to: None, rxcost: Cost(96), next: ms(3_000), echo: echo(now - 40_000, 1) };
    bench.say(A, &[Tlv::Ihu(ihu)]);
    assert_eq!((rtt(&bench), bench.cost(A)), (None, Cost(96)));
}

#[test]
fn k2_a_round_trip_is_forgotten_after_three_minutes() {
    let mut bench = measuring(1);
    echoes(&mut bench, A, ms(40), (ms(0), 7));
    for (minutes, known) in [(0, true), (2, true), (3, false)] {
        bench.pass(Duration::from_mins(minutes));
        assert_eq!(rtt(&bench).is_some(), known);
        tell(&mut bench, A, None, None);
    }
}

#[test]
fn k3_the_first_round_trip_is_taken_as_it_is() {
    let mut bench = measuring(1);
    echoes(&mut bench, A, ms(40), (ms(0), 7));
    assert_eq!(rtt(&bench), Some(ms(40)));
    echoes(&mut bench, A, ms(80), (ms(0), 7));
    let smoothed = rtt(&bench).unwrap().as_micros();
    assert!((46_553..=46_573).contains(&smoothed), "{smoothed}");
}

#[test]
fn k6_twenty_milliseconds_cost_what_others_charge() {
    for (us, cost) in [(43_900, 441), (41_600, 418)] {
        let mut bench = measuring(1);
        echoes(&mut bench, A, Duration::from_micros(us), (ms(0), 7));
        assert!(bench.cost(A).0.abs_diff(cost) <= 1, "{:?}", bench.cost(A));
    }
}

#[test]
fn k5_a_wandering_delay_moves_no_route() {
    let mut bench = measuring(3);
    let mut dice = words::Dice::of([9; 32], "delays");
    bench.probes[C].acks = true;
    echoes(&mut bench, C, ms(100), (ms(0), 7));
    for round in 0..900 {
        for probe in [A, B] {
            let noise = dice.within(ms(10));
            echoes(&mut bench, probe, ms(95) + noise, (ms(0), 7));
        }
        if round == 0 {
            bench.say(A, &[offer(P1, 1, 100)]);
            bench.say(B, &[offer(P1, 1, 100)]);
        }
        if round == 10 {
            bench.clear();
        }
        bench.pass(ms(4_000));
        if round % 100 == 0 {
            let again = [offer(P1, 1, 100)];
            bench.say(A, &again);
            bench.say(B, &again);
        }
    }
    assert_eq!(bench.told(P1), []);
    // Six of them are full tellings, each ten minutes.
    assert!(bench.metrics(C, P1).len() <= 8, "{:?}", bench.metrics(C, P1));
}

#[test]
fn k5_day_and_night_leave_no_route_twenty_per_cent_worse_for_a_minute() {
    let mut bench = measuring(2);
    let mut dice = words::Dice::of([10; 32], "delays");
    let mut worse = ms(0);
    for round in 0..7_200_u32 {
        let phase = f64::from(round) / 7_200.0 * core::f64::consts::TAU;
        // Between 50 and 150 ms, a whole turn in eight hours.
        let delays = [0.0, core::f64::consts::PI].map(|shift| sine(phase + shift) * 0.05 + 0.1);
        for (probe, delay) in delays.into_iter().enumerate() {
            let noise = f64::from(u32::try_from(dice.below(1_000)).unwrap()) / 10_000.0 + 0.95;
            let rtt = Duration::from_secs_f64(delay * noise);
            echoes(&mut bench, probe, rtt, (ms(0), 7));
            if round % 100 == 0 {
                bench.say(probe, &[offer(P1, 1, 100)]);
            }
        }
        bench.pass(ms(4_000));
        let true_cost = |delay| 196 + Ramp::PLANET.cost(Duration::from_secs_f64(delay)).0;
        let costs = delays.map(true_cost);
        let (used, _) = bench.selected(P1).unwrap();
        let stretched = u32::from(costs[used]) * 10 > u32::from(costs[0].min(costs[1])) * 12;
        worse = if stretched { worse + ms(4_000) } else { ms(0) };
        assert!(worse <= ms(60_000), "{round}: {costs:?}, {used} in use");
    }
}

/// The sine, as far as a test needs it: by halving the angle twelve times.
fn sine(angle: f64) -> f64 {
    let (mut sin, mut cos) = (angle / 4_096.0, 1.0);
    cos -= sin * sin / 2.0;
    for _ in 0..12 {
        (sin, cos) = (2.0 * sin * cos, cos * cos - sin * sin);
    }
    sin
}
