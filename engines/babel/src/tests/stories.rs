//! Stories of a few speakers.

use super::*;
use crate::Metric;

#[test]
fn two_speakers_exchange_routes_within_two_round_trips() {
    let mut world = World::new(2, 1);
    let (ab, ba) = world.join(0, 1, ms(50));
    world.run(ms(200));
    assert_eq!(world.route(0, 1), Some(ab));
    assert_eq!(world.route(1, 0), Some(ba));
    assert_eq!(world.nodes[0].usage[&ab], 1);
}

#[test]
fn the_delay_of_a_link_is_in_its_cost() {
    let mut world = World::new(2, 1);
    world.join(0, 1, ms(50));
    world.run(ms(60_000));
    let view = world.nodes[0].babel.neighbours().next().unwrap();
    assert_eq!(view.rtt, Some(ms(100)));
    // 96 + 5000 × (100 − 10) / 490
    assert_eq!(view.cost.0, 96 + 918);
    assert_eq!(world.nodes[0].babel.routes().next().unwrap().metric, Metric(96 + 918));
}

#[test]
fn a_triangle_survives_the_loss_of_a_side() {
    let mut world = World::new(3, 2);
    let (ab, _) = world.join(0, 1, ms(10));
    let (ac, _) = world.join(0, 2, ms(30));
    world.join(1, 2, ms(30));
    world.run(ms(30_000));
    assert_eq!(world.route(0, 1), Some(ab));
    world.cut(0, ab);
    world.run(ms(3_000));
    assert_eq!(world.route(0, 1), Some(ac));
    assert!(world.all_reached());
}

#[test]
fn a_feasible_alternate_takes_over_without_a_gap() {
    // 3 is reached from 0 through 1 or, a little farther, through 2.
    let mut world = World::new(4, 3);
    let (via_1, _) = world.join(0, 1, ms(20));
    let (via_2, _) = world.join(0, 2, ms(25));
    world.join(1, 3, ms(20));
    world.join(2, 3, ms(20));
    world.run(ms(40_000));
    assert_eq!(world.route(0, 3), Some(via_1));
    let views: Vec<_> = world.nodes[0].babel.routes().collect();
    let view = views.iter().find(|view| view.range.to == prefix(3)).unwrap();
    assert_eq!(view.alternates.first().map(|(link, _)| *link), Some(via_2));
    world.nodes[0].told.clear();
    world.cut(0, via_1);
    let told: Vec<_> = world.nodes[0].told.iter().filter(|(it, _)| *it == prefix(3)).collect();
    assert_eq!(told, [&(prefix(3), Some(via_2))]);
}

#[test]
fn starvation_ends_with_a_newer_number() {
    // 0 reaches 2 directly and cheaply; through 1 only at a metric above its own distance.
    let mut world = World::new(3, 4);
    let (direct, _) = world.join(0, 2, ms(5));
    let (around, _) = world.join(0, 1, ms(5));
    world.join(1, 2, ms(100));
    world.run(ms(40_000));
    assert_eq!(world.route(0, 2), Some(direct));
    let before = world.nodes[2].babel.seqno();
    world.cut(0, direct);
    world.run(ms(2_000));
    assert_eq!(world.route(0, 2), Some(around));
    assert_eq!(world.nodes[2].babel.seqno(), before.plus(1));
}

#[test]
fn what_is_withdrawn_is_gone_everywhere_at_once() {
    let mut world = World::new(3, 5);
    world.join(0, 1, ms(10));
    world.join(1, 2, ms(10));
    world.run(ms(10_000));
    assert!(world.all_reached());
    world.tell(0, Input::Withdraw(prefix(0).into()));
    world.run(ms(300));
    assert_eq!((world.route(1, 0), world.route(2, 0)), (None, None));
    world.tell(0, Input::Announce(prefix(0).into()));
    world.run(ms(3_000));
    assert!(world.all_reached());
}

#[test]
fn a_retraction_survives_loss() {
    let mut world = World::new(2, 6);
    let (ab, ba) = world.join(0, 1, ms(10));
    world.run(ms(60_000));
    assert!(world.route(1, 0).is_some());
    for end in [(0, ab), (1, ba)] {
        world.ends.get_mut(&end).unwrap().loss = 50;
    }
    world.tell(0, Input::Withdraw(prefix(0).into()));
    world.run(ms(6_000));
    assert_eq!(world.route(1, 0), None);
}

#[test]
fn shunning_moves_routes_without_ever_withdrawing_them() {
    let mut world = World::new(3, 7);
    let (direct, other_end) = world.join(0, 1, ms(5));
    let (around, _) = world.join(0, 2, ms(40));
    world.join(2, 1, ms(40));
    world.run(ms(30_000));
    assert_eq!(world.route(0, 1), Some(direct));
    world.nodes.iter_mut().for_each(|node| node.told.clear());
    world.tell(0, Input::Shun(direct));
    world.run(ms(3_000));
    assert_eq!(world.route(0, 1), Some(around));
    assert_eq!(world.nodes[0].usage[&direct], 0);
    // The other end leaves too, although nobody told its engine to.
    assert_eq!(world.nodes[1].usage[&other_end], 0);
    for node in &world.nodes {
        assert!(node.told.iter().all(|(_, link)| link.is_some()), "{:?}", node.told);
    }
}

#[test]
fn a_shunned_link_is_used_if_there_is_no_other() {
    let mut world = World::new(3, 8);
    let (ab, ba) = world.join(0, 1, ms(5));
    let (bc, cb) = world.join(1, 2, ms(5));
    world.run(ms(30_000));
    world.nodes.iter_mut().for_each(|node| node.told.clear());
    for (n, link) in [(0, ab), (1, ba), (1, bc), (2, cb)] {
        world.tell(n, Input::Shun(link));
    }
    world.run(ms(120_000));
    assert!(world.all_reached());
    assert!(world.nodes.iter().all(|node| node.told.is_empty()));
}

#[test]
fn shunning_twice_costs_no_more_than_once() {
    let mut world = World::new(2, 8);
    let (ab, ba) = world.join(0, 1, ms(5));
    world.run(ms(10_000));
    world.tell(0, Input::Shun(ab));
    world.run(ms(1_000));
    let once = world.nodes[0].babel.neighbours().next().unwrap().cost;
    assert_eq!(world.nodes[1].babel.neighbours().next().unwrap().cost, once);
    world.tell(1, Input::Shun(ba));
    world.run(ms(1_000));
    assert_eq!(world.nodes[0].babel.neighbours().next().unwrap().cost, once);
}

#[test]
fn a_charged_link_is_left_in_the_same_turn_and_taken_again_when_the_charge_ends() {
    let mut world = World::new(3, 7);
    // The way around is longer, and feasible: its next hop is nearer than we are.
    let (direct, other_end) = world.join(0, 1, ms(40));
    let (around, _) = world.join(0, 2, ms(100));
    world.join(2, 1, ms(5));
    world.run(ms(30_000));
    world.tell(0, Input::Charge(direct, ms(1_200)));
    assert_eq!(world.route(0, 1), Some(around), "without waiting for anybody");
    world.run(ms(1_000));
    assert_eq!(world.nodes[1].usage[&other_end], 0, "the other end leaves too");
    world.tell(0, Input::Charge(direct, Duration::ZERO));
    world.run(ms(30_000));
    assert_eq!(world.route(0, 1), Some(direct));

    world.tell(0, Input::Shun(direct));
    world.tell(0, Input::Charge(direct, Duration::ZERO));
    world.run(ms(30_000));
    assert_eq!(world.route(0, 1), Some(around), "shunned for ever");
    assert!(world.nodes[0].babel.neighbours().any(|it| it.link == direct && it.shunned));
}

#[test]
fn a_speaker_that_restarts_is_believed_again_soon() {
    for seed in 0..10 {
        let mut world = World::new(3, 20 + seed);
        let (link, _) = world.join(0, 1, ms(10));
        world.join(1, 2, ms(10));
        world.run(ms(20_000));
        world.cut(0, link);
        world.restart(0);
        world.join(0, 1, ms(10));
        world.run(ms(3_000));
        assert!(world.all_reached(), "seed {seed}");
    }
}

#[test]
fn a_silent_neighbour_is_left_by_its_missing_greetings() {
    let mut world = World::new(2, 9);
    let (ab, ba) = world.join(0, 1, ms(10));
    world.run(ms(20_000));
    // Nothing passes any more, and nobody is told.
    for end in [(0, ab), (1, ba)] {
        world.ends.get_mut(&end).unwrap().loss = 100;
    }
    world.run(ms(11_000));
    assert_eq!((world.route(0, 1), world.route(1, 0)), (None, None));
    for end in [(0, ab), (1, ba)] {
        world.ends.get_mut(&end).unwrap().loss = 0;
    }
    world.run(ms(5_000));
    assert!(world.all_reached());
}

#[test]
fn nobody_takes_our_own_range_or_a_part_of_it() {
    let mut world = World::new(2, 10);
    let part = Prefix::new(prefix(0).bits() | 0xff00, 120);
    world.tell(1, Input::Announce(prefix(0).into()));
    world.tell(1, Input::Announce(part.into()));
    world.tell(1, Input::Announce("fe80::/64".parse::<Prefix>().unwrap().into()));
    world.join(0, 1, ms(1));
    world.run(ms(30_000));
    assert_eq!(world.nodes[0].routes.keys().collect::<Vec<_>>(), [&prefix(1)]);
    let passed = &world.nodes[0].babel.counters().passed_over;
    assert!(passed["ours"] >= 2 && passed["martian"] >= 1);
}

#[test]
fn a_range_that_becomes_ours_is_routed_no_longer() {
    let mut world = World::new(2, 11);
    world.join(0, 1, ms(1));
    world.run(ms(5_000));
    assert!(world.route(0, 1).is_some());
    world.tell(0, Input::Announce(prefix(1).into()));
    assert_eq!(world.route(0, 1), None);
}

#[test]
fn routes_beyond_the_limit_are_counted() {
    let mut world = World::new(2, 12);
    world.nodes[0].babel.speaker.settings.max_routes_per_neighbour = 3;
    for n in 10..20 {
        world.tell(1, Input::Announce(prefix(n).into()));
    }
    world.join(0, 1, ms(1));
    world.run(ms(5_000));
    assert_eq!(world.nodes[0].routes.len(), 3);
    assert!(world.nodes[0].babel.counters().passed_over["full"] >= 7);
}

#[test]
fn an_idle_node_of_twenty_links_wakes_seldom() {
    let mut world = World::new(21, 13);
    for n in 1..21 {
        world.join(0, n, ms(20));
    }
    world.run(ms(30_000));
    let (mut wakes, end) = (0, world.now + ms(60_000));
    while world.now < end {
        let deadline = world.nodes[0].babel.deadline().unwrap().at;
        let before = world.now;
        world.run(deadline.since(before));
        wakes += 1;
    }
    assert!(wakes < 180, "{wakes} wake-ups in a minute");
}
