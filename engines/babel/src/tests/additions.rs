//! What is added to the RFCs: what changed often is said once, what was acknowledged seldom, what
//! is of no use never; and what comes of that when packets are lost or somebody begins again.

use alloc::sync::Arc;

use super::floods::stand::{LAN, Probe, Stand, key, probe, profile, reception, route};
use super::model::net::{Net, interface};
use super::model::weather::Weather;
use super::model::{keys, settings_of};
use super::*;
use crate::candidates::Columns;
use crate::wire::{Ack, Builder, RouteRequest, Tlv, Update};
use crate::{Cost, Input, Key, Metric, Place, Policy, Settings, Way};

const P: &str = "2001:db8:1::/64";
const OWN: &str = "2001:db8:d::1/128";

fn plain() -> Probe {
    Probe { acks: false, ..probe() }
}

fn frugal() -> Probe {
    Probe { frugal: true, ..probe() }
}

fn metrics(updates: &[Update]) -> Vec<u16> {
    updates.iter().map(|update| update.metric.0).collect()
}

#[test]
fn x1_five_changes_are_said_once() {
    let mut stand = Stand::among(&[probe(), probe()]);
    stand.say(0, &[route(P, 5, 100)]);
    stand.pass(ms(3_000));
    stand.forget();
    for step in 1..=5 {
        stand.say(0, &[route(P, 5 + step, 100 + 200 * step)]);
    }
    stand.pass(ms(300));
    assert_eq!(metrics(&stand.updates(1, P)), [1_196]);
}

#[test]
fn x2_what_is_lost_is_said_again_as_it_is_now() {
    let mut stand = Stand::among(&[probe(), probe()]);
    stand.say(0, &[route(P, 5, 100)]);
    stand.pass(ms(5_000));
    stand.probes[1].acks = false;
    stand.forget();
    stand.say(0, &[route(P, 6, 500)]);
    stand.pass(ms(200));
    assert_eq!(metrics(&stand.updates(1, P)), [596]);
    // So little is no news; what is said again says it all the same.
    stand.say(0, &[route(P, 6, 540)]);
    stand.pass(ms(3_000));
    assert_eq!(metrics(&stand.updates(1, P))[..2], [596, 636]);
}

#[test]
fn x2_who_ceases_to_acknowledge_is_told_often_and_not_for_ever() {
    let mut stand = Stand::among(&[probe(), probe()]);
    stand.say(0, &[route(P, 5, 100)]);
    stand.pass(ms(5_000));
    let acknowledges = |stand: &Stand| stand.speaker.neighbours().nth(1).unwrap().acknowledges;
    assert!(acknowledges(&stand));
    stand.probes[1].acks = false;
    stand.say(0, &[route(P, 6, 500)]);
    stand.pass(ms(40_000));
    assert!(!acknowledges(&stand));
    stand.forget();
    stand.pass(ms(40_000));
    let told = stand.updates(1, P);
    assert!((10..=16).contains(&told.len()), "{}", told.len());
    assert!(told.iter().all(|update| update.next == ms(4_000)));
    stand.probes[1].acks = true;
    stand.say(0, &[route(P, 7, 900)]);
    stand.pass(ms(1_000));
    assert!(acknowledges(&stand));
}

/// Checks that what was promised came in time; returns how often it came.
fn promises(stand: &Stand, probe: u32, of: &str) -> usize {
    let all = stand.heard(probe).into_iter().filter_map(|(at, tlv)| {
        let Tlv::Update(update) = tlv else { return None };
        (update.key == Some(key(of))).then_some((at, update.next))
    });
    let all: Vec<(Time, Duration)> = all.collect();
    for pair in all.windows(2) {
        let (gap, promised) = (pair[1].0.since(pair[0].0), pair[0].1);
        assert!(gap <= promised, "{gap:?} after a promise of {promised:?}");
    }
    let quiet = all.last().map(|(at, next)| (stand.now.since(*at), *next));
    assert!(quiet.is_some_and(|(gap, promised)| gap <= promised), "{quiet:?}");
    all.len()
}

#[test]
fn x3_who_acknowledges_is_told_every_ten_minutes_and_others_every_four_seconds() {
    let mut stand = Stand::among(&[probe(), probe(), plain()]);
    stand.say(0, &[route(P, 5, 100)]);
    stand.pass(ms(1_000));
    stand.forget();
    for _ in 0..9 {
        stand.pass(Duration::from_mins(5));
        stand.say(0, &[route(P, 5, 100)]);
    }
    stand.said.insert(0, (stand.said[0].0, None, Tlv::Ack(Ack { opaque: 1 })));
    let (seldom, often) = (promises(&stand, 1, P), promises(&stand, 2, P));
    assert!((4..=7).contains(&seldom), "{seldom}");
    assert!((675..=910).contains(&often), "{often}");
    promises(&stand, 0, OWN);
}

#[test]
fn x4_nobody_of_our_kind_hears_what_it_cannot_use() {
    let mut stand = Stand::among(&[probe(), frugal(), probe()]);
    stand.say(1, &[route(P, 5, 150)]);
    stand.say(2, &[route(P, 5, 150)]);
    stand.pass(ms(5_000));
    stand.say(0, &[route(P, 5, 10)]);
    stand.pass(ms(500));
    // (5 106) is of use to both.
    assert_eq!(metrics(&stand.updates(1, P)), [106]);
    stand.forget();
    // With (6 200) at its own, (6 210) is of no use to one of our kind; the other hears it.
    for n in [1, 2] {
        stand.say(n, &[route(P, 6, 200)]);
    }
    stand.say(0, &[route(P, 6, 114)]);
    stand.pass(ms(500));
    stand.forget();
    stand.pass(Duration::from_mins(11));
    stand.say(0, &[route(P, 6, 114)]);
    assert_eq!(metrics(&stand.updates(1, P)).iter().filter(|it| **it < 0xffff).count(), 0);
    assert!(!stand.updates(2, P).is_empty());
}

#[test]
fn x4_who_loses_or_worsens_its_own_route_is_told_ours_at_once() {
    for its in [0xffff, 3_000] {
        let mut stand = Stand::among(&[probe(), frugal()]);
        stand.say(1, &[route(P, 5, 190)]);
        stand.say(0, &[route(P, 5, 100)]);
        stand.pass(ms(20_000));
        assert_eq!(stand.selected(P).unwrap().metric, Metric(196));
        assert_eq!(stand.updates(1, P), []);
        stand.forget();
        stand.pass(ms(20_000));
        assert_eq!(stand.updates(1, P), []);
        stand.say(1, &[route(P, 5, its)]);
        stand.pass(ms(200));
        assert_eq!(metrics(&stand.updates(1, P)), [196], "{its}");
    }
}

#[test]
fn x4_who_may_have_taken_our_route_is_told_how_it_is_and_not_that_it_ends() {
    let mut stand = Stand::among(&[probe(), Probe { rxcost: 3_000, ..frugal() }]);
    stand.say(0, &[route(P, 5, 100)]);
    stand.pass(ms(1_000));
    assert_eq!(metrics(&stand.updates(1, P)), [196]);
    stand.forget();
    // It said so before it heard ours, and took that; meanwhile ours becomes long.
    stand.say(1, &[route(P, 5, 190)]);
    stand.probes[0].rxcost = 1_500;
    stand.say(0, &[reception(1_500)]);
    stand.pass(ms(100));
    stand.say(1, &[route(P, 5, 0xffff)]);
    stand.pass(Duration::from_mins(1));
    let told = metrics(&stand.updates(1, P));
    assert!(!told.is_empty() && told.iter().all(|it| *it == 1_600), "{told:?}");
}

#[test]
fn x4_what_is_of_no_use_rests_until_it_is() {
    let mut stand = Stand::among(&[probe(), frugal(), probe()]);
    let hear = |stand: &mut Stand, n, metric| {
        stand.forget();
        stand.say(n, &[route(P, 5, metric)]);
        stand.pass(ms(20_000));
        [1, 2].map(|n| metrics(&stand.updates(n, P)))
    };
    assert_eq!(hear(&mut stand, 0, 50), [[146], [146]]);
    // Its own is as good from now on. What changes it need not hear, nor in ten minutes.
    assert_eq!(hear(&mut stand, 1, 140), [[], []] as [[u16; 0]; 2]);
    stand.forget();
    stand.probes[0].rxcost = 165;
    let repeat = |stand: &mut Stand| {
        for _ in 0..4 {
            stand.say(0, &[reception(165), route(P, 5, 50)]);
            stand.say(1, &[route(P, 5, 140)]);
            stand.pass(Duration::from_mins(3));
        }
    };
    repeat(&mut stand);
    assert_eq!(metrics(&stand.updates(1, P)), [] as [u16; 0]);
    assert!(metrics(&stand.updates(2, P)).contains(&215));
    // Once its own is worse, it is told how ours is.
    let mut worse = stand.clone();
    assert_eq!(hear(&mut worse, 1, 500)[0], [215]);
    // The second full telling comes before it would forget ours, and leaves nothing out.
    repeat(&mut stand);
    assert_eq!(metrics(&stand.updates(1, P)), [215]);
}

#[test]
fn x4_what_rests_is_told_that_it_ended_or_is_much_worse() {
    for (worse, told) in [(0xffff, 0xffff), (1_000, 1_096)] {
        let mut stand = Stand::among(&[probe(), Probe { rxcost: 3_000, ..frugal() }]);
        stand.say(0, &[route(P, 5, 100)]);
        stand.pass(ms(1_000));
        stand.say(1, &[route(P, 5, 190)]);
        stand.pass(ms(20_000));
        stand.forget();
        stand.say(0, &[route(P, 6, worse)]);
        stand.pass(ms(500));
        assert_eq!(metrics(&stand.updates(1, P)), [told]);
    }
}

#[test]
fn k1_a_tunnel_is_not_used_before_its_delay_is_known() {
    for seed in 0..20 {
        let mut net = Net::<Columns>::new(seed);
        for n in 0..2 {
            net.add(settings_of(n, true));
        }
        net.join(&[0, 1], Profile::TUNNEL, Weather::fair(ms(80)));
        let views = |net: &Net<Columns>| -> Vec<_> {
            net.nodes.iter().filter_map(|node| node.speaker.neighbours().next()).collect()
        };
        for _ in 0..100 {
            net.run(ms(10));
            for view in views(&net).iter().filter(|view| view.cost.is_finite()) {
                assert!(view.cost > Cost(1_000), "seed {seed}: {view:?}");
            }
        }
        assert!(views(&net).iter().all(|view| view.cost.is_finite()), "seed {seed}");
    }
}

/// Two speakers at the ends of a tunnel of 40 ms, of which one has announced a range for a while; and
/// that range.
pub(super) fn two(metric: Metric) -> (Net<Columns>, Key) {
    let mut net = Net::new(1);
    for n in 0..2 {
        net.add(settings_of(n, true));
    }
    net.join(&[0, 1], Profile::TUNNEL, Weather::fair(ms(40)));
    let its = keys(0)[0];
    net.announce(0, its, metric);
    net.run(ms(20_000));
    (net, its)
}

/// The metric that the one told the other.
pub(super) fn heard_by_the_other(net: &Net<Columns>, its: Key) -> Metric {
    net.nodes[1].speaker.routes().find(|view| view.key == its).unwrap().refmetric
}

#[test]
fn x16_what_does_not_press_goes_with_greetings_and_is_acknowledged_by_them() {
    let (mut net, its) = two(Metric(1_000));
    let heard = |net: &Net<Columns>| heard_by_the_other(net, its);
    let packets = |net: &Net<Columns>| -> u64 {
        net.nodes.iter().map(|node| node.speaker.counters().packets_out).sum()
    };
    assert_eq!(heard(&net), Metric(1_000));
    // Much worse: at once.
    net.announce(0, its, Metric(3_000));
    net.run(ms(200));
    assert_eq!(heard(&net), Metric(3_000));
    // Better: with the next greeting, once, however often it changed.
    let before = packets(&net);
    for step in 0..60 {
        let metric = if step % 2 == 0 { Metric(2_000) } else { Metric(2_500) };
        net.announce(0, its, metric);
        net.run(ms(1_000));
    }
    net.run(ms(5_000));
    assert_eq!(heard(&net), Metric(2_500));
    // Greetings alone are 37; told at once and acknowledged at once, it were 120 more.
    assert!(packets(&net) - before < 65, "{}", packets(&net) - before);
}

#[test]
fn x5_a_hold_ends_when_the_last_has_acknowledged_or_is_gone() {
    let mut stand = Stand::among(&[probe(), probe(), plain()]);
    stand.say(0, &[route(P, 5, 100)]);
    stand.pass(ms(5_000));
    stand.forget();
    stand.say(0, &[route(P, 5, 0xffff)]);
    stand.pass(ms(1_000));
    assert_eq!(stand.ways, [(key(P), Way::Unreachable)]);
    // The one that never acknowledges falls silent: nobody is left who might send packets here.
    stand.probes[2].greets = false;
    stand.pass(ms(3_000));
    assert_eq!(stand.ways.last(), Some(&(key(P), Way::Gone)));
}

#[test]
fn x6_drift_is_measured_from_what_was_last_said() {
    let mut stand = Stand::among(&[probe(), probe()]);
    stand.say(0, &[route(P, 5, 1_000)]);
    stand.pass(ms(3_000));
    stand.forget();
    // 1096 was said; an eighth of that is 137.
    for (step, metric) in [(1, 1_050), (2, 1_100), (3, 1_150)] {
        stand.say(0, &[route(P, 5 + step, metric)]);
        stand.pass(ms(300));
        let told = metrics(&stand.updates(1, P));
        assert_eq!(told, if step < 3 { [].to_vec() } else { [1_246].to_vec() });
    }
    // What is no news waits for its turn, and comes.
    stand.forget();
    stand.say(0, &[route(P, 9, 1_200)]);
    stand.pass(ms(2_000));
    assert_eq!(stand.updates(1, P), []);
    stand.pass(ms(10_000));
    assert_eq!(metrics(&stand.updates(1, P)), [1_296]);
}

#[test]
fn x7_a_worn_distance_is_renewed_before_it_is_needed_and_seldom() {
    let mut stand = Stand::among(&[probe(), probe()]);
    stand.say(0, &[route(P, 5, 100)]);
    stand.pass(ms(2_000));
    // What is left is a little better and unfeasible: 100 + 250 against 246 + 96.
    stand.probes[0].rxcost = 250;
    stand.say(0, &[reception(250)]);
    stand.say(1, &[route(P, 5, 210)]);
    stand.forget();
    stand.pass(Duration::from_mins(5));
    assert_eq!(stand.selected(P).unwrap().metric, Metric(350));
    let asked = |stand: &Stand| {
        let all = stand.heard(1).into_iter();
        all.filter(|(_, tlv)| matches!(tlv, Tlv::SeqnoRequest(_))).count()
    };
    assert!((1..=20).contains(&asked(&stand)), "{} requests", asked(&stand));
    stand.say(1, &[route(P, 6, 210)]);
    stand.pass(ms(15_000));
    assert_eq!(stand.selected(P).unwrap().metric, Metric(306));
}

#[test]
fn x9_who_begins_says_that_nothing_is_left_and_asks_for_everything() {
    let stand = Stand::alone(profile(), Settings::default());
    let said: Vec<&Tlv> = stand.said.iter().map(|(_, _, tlv)| tlv).collect();
    assert!(matches!(said[0], Tlv::Hello(_)));
    assert!(matches!(said[1], Tlv::Update(Update { key: None, metric: Metric::INFINITE, .. })));
    assert_eq!(said[2], &Tlv::RouteRequest(RouteRequest { key: None }));
}

#[test]
fn x9_a_restart_shorter_than_a_timeout_is_noticed() {
    for seed in 0..8 {
        let mut net = Net::<Columns>::new(seed);
        for n in 0..3 {
            net.add(settings_of(n, true));
            net.announce(n, keys(n)[0], Metric::ZERO);
        }
        net.join(&[0, 1, 2], Profile { hello: ms(2_000), ..Profile::LAN }, Weather::fair(ms(2)));
        net.run(ms(20_000));
        net.crash(1);
        net.withdraw(1, keys(1)[0]);
        net.announce(1, keys(1)[1], Metric::ZERO);
        net.run(ms(100));
        net.revive(1, seed.is_multiple_of(2));
        net.run(ms(2_500));
        for key in [keys(0)[0], keys(1)[0], keys(1)[1], keys(2)[0]] {
            assert_eq!(net.unsettled(key, true), None, "seed {seed}");
        }
    }
}

/// Lets nothing in but what is marked, and lengthens that by 1000.
#[derive(Debug)]
struct Marked;

impl Policy for Marked {
    fn import(&self, _: Place, key: Key, _: RouterId) -> Option<Metric> {
        (key.prefix.length() < 100).then_some(Metric(1_000))
    }

    fn export(&self, _: Place, key: Key, _: RouterId) -> Option<Metric> {
        (!key.is_source_specific()).then_some(Metric(7))
    }

    fn admits(&self, _: Place, _: Key, _: RouterId, octets: &[u8]) -> bool {
        octets == [112, 2, 0xca, 0xfe]
    }
}

#[test]
fn x11_policy_lengthens_and_refuses_in_and_out() {
    let mut stand = Stand::among(&[probe(), probe()]);
    stand.speaker.settings.policy = Arc::new(Marked);
    let (long, specific) = ("2001:db8:1::1/128", "2001:db8:3::/64 from 2001:db8::/32");
    stand.say(0, &[route(P, 5, 100), route(long, 5, 100), route(specific, 5, 100)]);
    stand.pass(ms(500));
    assert_eq!(stand.selected(P).unwrap().metric, Metric(1_196));
    assert_eq!((stand.selected(long), stand.passed_over("policy")), (None, 1));
    assert_eq!(metrics(&stand.updates(1, P)), [1_203]);
    assert!(stand.selected(specific).is_some());
    assert_eq!(stand.updates(1, specific), []);
}

#[test]
fn x11_unknown_optional_sub_tlvs_reach_the_policy() {
    let mut stand = Stand::among(&[probe(), probe()]);
    stand.speaker.settings.policy = Arc::new(Marked);
    for (extra, taken) in [([112, 2, 0xca, 0xfe], true), ([112, 2, 0, 0], false)] {
        let mut builder = Builder::new(1_200);
        assert!(builder.push(&route(P, 5, 100), 0));
        let mut octets = builder.finish();
        // The update is the last TLV: router-id 12 octets, then type and length.
        let (at, more) = (4 + 12 + 1, u8::try_from(extra.len()).unwrap());
        octets[at] += more;
        octets[3] += more;
        octets.extend(extra);
        stand.octets(0, &octets);
        assert_eq!(stand.selected(P).is_some(), taken);
    }
    assert_eq!(stand.passed_over("policy"), 1);
}

#[test]
fn x12_a_charge_counts_for_both_ends_once_and_the_only_way_is_used() {
    let mut net = Net::<Columns>::new(3);
    for n in 0..2 {
        net.add(settings_of(n, true));
        net.announce(n, keys(n)[0], Metric::ZERO);
    }
    let link = net.join(&[0, 1], Profile { delay: None, ..Profile::TUNNEL }, Weather::fair(ms(2)));
    net.run(ms(5_000));
    for charged in 0..2 {
        net.tell(charged, Input::Charge(interface(link), Cost::SHUNNED));
        net.run(ms(1_000));
        for n in 0..2 {
            let speaker = &net.nodes[n].speaker;
            assert_eq!(speaker.neighbours().next().unwrap().cost, Cost(20_096));
            assert_eq!(speaker.selected().next().unwrap().metric, Metric(20_096));
        }
    }
}

#[test]
fn x13_alternates_are_best_first_and_usage_is_the_number_of_routes() {
    let mut stand = Stand::among(&[probe(), probe(), probe(), probe()]);
    let mut dice = Dice::of([8; 32], "routes");
    for _ in 0..1_000 {
        let of = alloc::format!("2001:db8:{}::/64", dice.below(9));
        let metric = [0xffff, u16::try_from(dice.below(900)).unwrap()][dice.below(4).min(1)];
        let seqno = u16::try_from(dice.below(4)).unwrap();
        let probe = u32::try_from(dice.below(4)).unwrap();
        stand.say(probe, &[route(&of, seqno, metric)]);
        stand.pass(ms(dice.below(300) as u64));
        let views: Vec<_> = stand.speaker.selected().collect();
        for view in &views {
            assert!(view.alternates.is_sorted_by_key(|(_, metric)| *metric));
            assert!(view.alternates.iter().all(|(hop, it)| *hop != view.hop && it.is_finite()));
        }
        assert_eq!(stand.speaker.usage(LAN) as usize, views.len());
    }
}
