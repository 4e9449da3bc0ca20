//! What is told over bad links: it arrives, however much is lost and however rare full updates are.

use super::*;

/// Returns a chain of three speakers that tell everything again once in ten minutes only,
/// and the first link's two names.
fn chain(seed: u8) -> (World, (LinkId, LinkId)) {
    let mut world = World::new(3, seed);
    for n in 0..3 {
        let update = Duration::from_mins(10);
        let link = Profile { update, ..Profile::TUNNEL };
        let settings = MeshSettings { link, ..settings(n) };
        world.nodes[n].babel = Babel::new(settings, [seed; 32], world.now);
        world.tell(n, Input::Announce(prefix(n).into()));
    }
    let first = world.join(0, 1, ms(10));
    world.join(1, 2, ms(10));
    world.run(ms(30_000));
    assert!(world.all_reached());
    (world, first)
}

fn lose(world: &mut World, percent: usize) {
    world.ends.values_mut().for_each(|end| end.loss = percent);
}

/// The packets that a speaker has said so far.
fn packets(world: &World, n: usize) -> u64 {
    world.nodes[n].babel.counters().packets_out
}

#[test]
fn a_retraction_always_arrives() {
    for seed in 0..60 {
        let (mut world, _) = chain(seed);
        lose(&mut world, 40);
        world.tell(0, Input::Withdraw(prefix(0).into()));
        world.run(ms(60_000));
        assert_eq!((world.route(1, 0), world.route(2, 0)), (None, None), "seed {seed}");
    }
}

#[test]
fn a_change_of_metric_always_arrives() {
    for seed in 0..60 {
        let (mut world, (ab, _)) = chain(seed);
        let metric = |world: &World| {
            let mut routes = world.nodes[2].babel.routes();
            routes.find(|view| view.range.to == prefix(0)).map(|view| view.metric)
        };
        let before = metric(&world).unwrap();
        lose(&mut world, 40);
        world.tell(0, Input::Shun(ab));
        world.run(ms(60_000));
        lose(&mut world, 0);
        world.run(ms(10_000));
        let after = metric(&world).unwrap();
        assert!(before.is_news_after(after), "seed {seed}: {before:?}, {after:?}");
    }
}

#[test]
fn a_retraction_outlives_a_link_that_carries_nothing_for_a_while() {
    for seconds in [1, 5, 11, 13, 17, 30, 60] {
        let (mut world, (ab, ba)) = chain(9);
        // Only what 0 says is lost: 1 is heard, and hears nothing.
        world.ends.get_mut(&(0, ab)).unwrap().loss = 100;
        world.tell(0, Input::Withdraw(prefix(0).into()));
        world.run(Duration::from_secs(seconds));
        world.ends.get_mut(&(0, ab)).unwrap().loss = 0;
        world.run(ms(6_000));
        assert_eq!(world.route(1, 0), None, "{seconds} s");
        // The other way round: 0 hears nothing, not even acknowledgments.
        world.tell(0, Input::Announce(prefix(0).into()));
        world.run(ms(6_000));
        assert!(world.route(1, 0).is_some(), "{seconds} s");
        world.ends.get_mut(&(1, ba)).unwrap().loss = 100;
        world.run(Duration::from_secs(seconds));
        world.tell(0, Input::Withdraw(prefix(0).into()));
        world.run(ms(500));
        world.ends.get_mut(&(1, ba)).unwrap().loss = 0;
        world.run(ms(6_000));
        assert_eq!(world.route(1, 0), None, "{seconds} s");
    }
}

#[test]
fn telling_in_vain_is_bounded_however_often_a_route_changes() {
    let (mut world, (ab, _)) = chain(3);
    world.ends.get_mut(&(0, ab)).unwrap().loss = 100;
    let before = packets(&world, 0);
    for _ in 0..200 {
        world.tell(0, Input::Withdraw(prefix(0).into()));
        world.run(ms(25));
        world.tell(0, Input::Announce(prefix(0).into()));
        world.run(ms(25));
    }
    let told = packets(&world, 0) - before;
    assert!(told < 400, "{told} packets in 10 s");
    world.tell(0, Input::Withdraw(prefix(0).into()));
    world.run(ms(2_000));
    let before = packets(&world, 0);
    world.run(ms(20_000));
    let told = packets(&world, 0) - before;
    assert!(told < 60, "{told} packets in 20 s");
}

#[test]
fn who_never_acknowledges_is_told_of_the_end_with_the_next_full_update() {
    let (mut world, (ab, _)) = chain(4);
    for (_, neighbour) in world.nodes[0].babel.speaker.neighbours.iter_mut() {
        neighbour.acknowledges = false;
    }
    world.ends.get_mut(&(0, ab)).unwrap().loss = 100;
    world.tell(0, Input::Withdraw(prefix(0).into()));
    world.run(ms(5_000));
    assert!(world.route(1, 0).is_some());
    world.ends.get_mut(&(0, ab)).unwrap().loss = 0;
    world.run(Duration::from_mins(11));
    assert_eq!(world.route(1, 0), None);
}
