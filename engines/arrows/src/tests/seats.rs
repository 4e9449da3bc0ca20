//! Stories of seats: who is drawn, and when.

use super::*;

#[test]
fn who_holds_draws_nobody_until_it_goes_on() {
    let mut arrows = newcomer(seats(3));
    arrows.handle(Input::Hold(true), Time::ZERO);
    for n in 1..=9 {
        arrows.handle(Input::Reachable(node(n)), Time::ZERO);
    }
    for second in 0..20 {
        arrows.handle(Input::Wake, at(second));
    }
    let sought = |it: &Output| matches!(it, Output::Seek(..));
    assert!(!said(&mut arrows).iter().any(sought));
    assert!(arrows.deadline().is_none_or(|due| due.at > at(20)), "nobody is woken for it");
    arrows.handle(Input::Hold(false), at(20));
    arrows.handle(Input::Wake, at(22));
    assert_eq!(said(&mut arrows).into_iter().filter(sought).count(), 3);
}

#[test]
fn an_arrow_is_sought_then_opened_by_a_carrier_both_have() {
    let carriers = Carriers::of([Carrier::Udp, Carrier::Tls]);
    let mut arrows = newcomer(Settings { carriers, ..seats(1) });
    arrows.handle(Input::Reachable(node(7)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    let link = LinkId(0);
    let born = Event::Born { link, to: node(7), of: Cause::Chance };
    assert_eq!(said(&mut arrows), vec![Output::Event(born), Output::Seek(link, node(7))]);

    arrows.handle(Input::Found(link, Carriers::of([Carrier::Tls, Carrier::Gre])), at(2));
    assert_eq!(said(&mut arrows), vec![Output::Open(link, node(7), Carrier::Tls)]);

    arrows.handle(Input::Up(link, node(7)), at(3));
    let (of, carrier, took) = (Cause::Chance, Carrier::Tls, 2 * SECOND);
    let opened = Event::Opened { link, to: node(7), of, carrier, by: Cause::Chance, took };
    assert_eq!(said(&mut arrows), vec![Output::Event(opened)]);
}

#[test]
fn news_are_gathered_before_seats_are_drawn() {
    let first = |seed| {
        let mut arrows = Arrows::new(seats(1), node(50), [seed; 32], Time::ZERO);
        for n in 1..=10 {
            arrows.handle(Input::Reachable(node(n)), Time::ZERO);
        }
        assert!(said(&mut arrows).is_empty());
        arrows.handle(Input::Wake, at(1));
        sought(&said(&mut arrows))[0].1
    };
    let drawn: std::collections::BTreeSet<_> = (0..20).map(first).collect();
    assert!(drawn.len() > 4, "not always the first we heard of: {drawn:?}");
}

#[test]
fn nodes_at_the_other_end_of_a_link_are_not_drawn() {
    let mut arrows = newcomer(seats(5));
    arrows.handle(Input::Request(LinkId::theirs(0), node(1)), Time::ZERO);
    arrows.handle(Input::Up(LinkId::theirs(0), node(1)), Time::ZERO);
    for n in [1, 2, 50] {
        arrows.handle(Input::Reachable(node(n)), Time::ZERO);
    }
    arrows.handle(Input::Introduced(node(1)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    let to: Vec<_> = sought(&said(&mut arrows)).into_iter().map(|(_, to)| to).collect();
    assert_eq!(to, vec![node(2)], "neither a neighbour nor ourselves");
}

#[test]
fn who_serves_in_the_mesh_is_drawn_like_those_who_are_at_home_in_it() {
    let mut drawn = vec![0_i32; 12];
    for seed in 0..250 {
        for more in 0..8 {
            let mut arrows = Arrows::new(seats(1), node(50), [seed; 32], at(more));
            (0..8).for_each(|n| arrows.handle(Input::Reachable(node(n)), at(more)));
            // One of them is reached as well, and one is ourselves.
            let guests = [7, 8, 9, 10, 11, 50].map(node);
            arrows.handle(Input::Guests(&guests), at(more));
            // Each has luck of its own.
            (0..more).for_each(|_| _ = arrows.dice.bits());
            arrows.handle(Input::Wake, at(more + 1));
            let to = sought(&said(&mut arrows))[0].1;
            drawn[(0..12).find(|n| node(*n) == to).unwrap() as usize] += 1;
        }
    }
    // 2000 draws among twelve: 166.7 each, by 12.4.
    assert!(drawn.iter().all(|count| (count - 167).abs() < 50), "{drawn:?}");
}

#[test]
fn who_serves_no_longer_is_drawn_no_longer_and_nobody_but_named_ones_while_none_is_reached() {
    let mut arrows = newcomer(seats(3));
    arrows.handle(Input::Guests(&[node(1), node(2)]), Time::ZERO);
    arrows.handle(Input::Bootstrap(&[node(5)]), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    assert_eq!(sought(&said(&mut arrows)), [(LinkId(0), node(5))]);
    arrows.handle(Input::Guests(&[node(2)]), at(2));
    arrows.handle(Input::Reachable(node(9)), at(2));
    arrows.handle(Input::Wake, at(3));
    let to: Vec<_> = sought(&said(&mut arrows)).into_iter().map(|(_, to)| to).collect();
    assert_eq!((to.len(), to.contains(&node(1))), (2, false));
    assert_eq!(arrows.reach(), 1, "routing reaches one of them");
}

#[test]
fn a_node_that_knows_nobody_calls_those_it_was_told_of() {
    let mut arrows = newcomer(seats(3));
    arrows.handle(Input::Bootstrap(&[node(1), node(2)]), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    let outputs = said(&mut arrows);
    assert_eq!(sought(&outputs).len(), 2);
    for event in events(&outputs) {
        assert!(matches!(event, Event::Born { of, .. } if of.name() == "bootstrap"));
    }
}

#[test]
fn once_somebody_is_known_the_specified_nodes_are_not_called() {
    let mut arrows = newcomer(seats(3));
    arrows.handle(Input::Bootstrap(&[node(1), node(2)]), Time::ZERO);
    arrows.handle(Input::Reachable(node(9)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    assert_eq!(sought(&said(&mut arrows)), vec![(LinkId(0), node(9))]);
}

#[test]
fn the_registrys_random_peer_is_a_candidate_always() {
    let mut arrows = newcomer(seats(3));
    arrows.handle(Input::Reachable(node(9)), Time::ZERO);
    arrows.handle(Input::Introduced(node(4)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    let mut to: Vec<_> = sought(&said(&mut arrows)).into_iter().map(|(_, to)| to).collect();
    to.sort_unstable();
    assert_eq!(to, vec![node(4), node(9)]);
}

#[test]
fn a_failed_dial_is_forgotten_after_a_growing_rest() {
    let mut arrows = newcomer(seats(1));
    arrows.handle(Input::Reachable(node(7)), Time::ZERO);
    let mut rests = Vec::new();
    let mut failed = Time::ZERO;
    while rests.len() < 7 {
        let clock = arrows.deadline().unwrap().at;
        arrows.handle(Input::Wake, clock);
        for (link, _) in sought(&said(&mut arrows)) {
            rests.push(clock.since(failed));
            failed = clock;
            arrows.handle(Input::NotFound(link), clock);
            assert_eq!(deaths(&said(&mut arrows)), vec![Death::NotFound]);
        }
    }
    for (rest, least) in rests[1..].iter().zip([1, 2, 4, 8, 15, 15]) {
        let least = least * SECOND;
        assert!((least..=least + least / 4 + SECOND / 4).contains(rest), "{rests:?}");
    }
}

#[test]
fn a_failing_seat_does_not_hold_up_the_others() {
    let mut arrows = newcomer(seats(2));
    arrows.handle(Input::Reachable(node(7)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    arrows.handle(Input::NotFound(LinkId(0)), at(1));
    said(&mut arrows);
    arrows.handle(Input::Reachable(node(8)), at(1));
    arrows.handle(Input::Wake, at(1) + SECOND / 2);
    assert_eq!(sought(&said(&mut arrows)).len(), 1);
}

#[test]
fn a_node_without_a_common_carrier_is_given_up() {
    let mut arrows = newcomer(seats(1));
    arrows.handle(Input::Reachable(node(7)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    arrows.handle(Input::Found(LinkId(0), Carriers::of([Carrier::Gre])), at(1));
    assert_eq!(deaths(&said(&mut arrows)), vec![Death::Incompatible]);
}

#[test]
fn a_carrier_that_never_comes_is_given_up_and_counted() {
    let mut arrows = newcomer(seats(1));
    arrows.handle(Input::Reachable(node(7)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    arrows.handle(Input::Found(LinkId(0), Carriers::of(UDP)), at(1));
    arrows.handle(Input::Wake, at(16));
    assert!(said(&mut arrows).contains(&Output::Close(LinkId(0))));
    assert_eq!(arrows.failing.failures(Carrier::Udp), 1);

    // One that refuses was reached: its carrier works.
    arrows.handle(Input::Wake, at(18));
    arrows.handle(Input::Found(LinkId(1), Carriers::of(UDP)), at(18));
    arrows.handle(Input::Refused(LinkId(1), Refusal::Full), at(18));
    assert_eq!(deaths(&said(&mut arrows)), vec![Death::Refused]);
    assert_eq!(arrows.failing.failures(Carrier::Udp), 0);
}

#[test]
fn a_lost_arrow_is_replaced_at_once() {
    let mut arrows = settled(3, seats(1));
    let [view] = arrows.arrows().collect::<Vec<_>>()[..] else { panic!("one arrow") };
    arrows.handle(Input::Down(view.link), at(2));
    let outputs = said(&mut arrows);
    assert_eq!(deaths(&outputs), vec![Death::Lost]);
    assert!(!outputs.contains(&Output::Close(view.link)), "it is gone already");
    assert_eq!(sought(&outputs).len(), 1);
}

#[test]
fn a_banished_peer_is_cut_off_at_once() {
    let mut arrows = settled(3, seats(1));
    let link = arrows.arrows().next().unwrap().link;
    arrows.handle(Input::Banish(link), at(2));
    let outputs = said(&mut arrows);
    assert_eq!(outputs[0], Output::Close(link));
    assert_eq!(deaths(&outputs), vec![Death::Banished]);
}

#[test]
fn a_round_condemns_a_share_and_successors_are_drawn_at_once() {
    let mut arrows = settled(40, seats(10));
    let round = arrows.next_round();
    live_until(&mut arrows, round + SECOND / 10);
    assert_eq!(count(&arrows, State::Draining), 3);
    assert_eq!(count(&arrows, State::Live), 10, "each successor came before the end");
}

#[test]
fn where_nobody_else_is_known_the_node_of_a_draining_arrow_is_drawn_again() {
    let mut arrows = settled(1, seats(2));
    arrows.handle(Input::Usage(LinkId(0), 1), at(1));
    let round = arrows.next_round();
    live_until(&mut arrows, round + SECOND / 10);
    assert_eq!((count(&arrows, State::Draining), count(&arrows, State::Live)), (1, 1));
    assert!(arrows.arrows().all(|view| view.node == node(1)), "but no third link to it");

    let mut arrows = settled(2, seats(1));
    arrows.handle(Input::Usage(LinkId(0), 1), at(1));
    let round = arrows.next_round();
    live_until(&mut arrows, round + SECOND / 10);
    let mut nodes: Vec<_> = arrows.arrows().map(|view| view.node).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, [node(1), node(2)], "others come first");
}

#[test]
fn a_sentence_says_what_it_is_owed_to_and_so_does_the_death() {
    let mut arrows = settled(40, seats(10));
    let most_used = [LinkId(0), LinkId(1)];
    for link in most_used {
        arrows.handle(Input::Usage(link, 5), at(1));
    }
    // Each round spares the same two, as long as they live.
    let all = live_until(&mut arrows, at(36_000));
    let (mut sentences, mut owed) = (Vec::new(), Vec::new());
    for event in events(&all) {
        if let Event::Draining { link, of, .. } = event {
            sentences.push((link, of));
        }
        if let Event::Died { link, sentence: Some(of), .. } = event {
            owed.push((link, of));
        }
    }
    let names: Vec<_> = sentences.iter().map(|(_, of)| of.name()).collect();
    assert!(names.contains(&"chance") && names.contains(&"most-used"), "{names:?}");
    assert!(owed.len() > 100 && owed.iter().all(|death| sentences.contains(death)));
}

#[test]
fn a_carrier_drawn_because_another_fails_says_so() {
    let carriers = Carriers::of([Carrier::Udp, Carrier::Tls]);
    let mut arrows = newcomer(Settings { carriers, ..seats(200) });
    (0..9).for_each(|_| arrows.failing.failed(Carrier::Tls));
    for n in 1..=20 {
        arrows.handle(Input::Reachable(node(n)), Time::ZERO);
    }
    arrows.handle(Input::Wake, at(1));
    let sought = sought(&said(&mut arrows));
    for (link, _) in &sought {
        arrows.handle(Input::Found(*link, carriers), at(1));
    }
    for (link, to) in sought {
        arrows.handle(Input::Up(link, to), at(1));
    }
    let bent = events(&said(&mut arrows)).into_iter().filter_map(|event| {
        let Event::Opened { carrier, by, .. } = event else { return None };
        (by.name() == "failing-carrier").then_some(carrier)
    });
    let bent: Vec<_> = bent.collect();
    assert!(bent.len() > 10 && bent.iter().all(|carrier| *carrier == Carrier::Udp), "{bent:?}");
}

#[test]
fn fewer_seats_are_given_up_by_drawing_and_the_rest_is_left_alone() {
    let mut arrows = settled(40, seats(10));
    arrows.handle(Input::Settings(&seats(6)), at(2));
    assert_eq!((count(&arrows, State::Live), count(&arrows, State::Draining)), (6, 4));
    assert!(sought(&said(&mut arrows)).is_empty());

    arrows.handle(Input::Settings(&seats(8)), at(2));
    arrows.handle(Input::Wake, at(2) + SECOND / 2);
    assert_eq!(sought(&said(&mut arrows)).len(), 2, "more seats are drawn");
}

#[test]
fn arrows_not_yet_open_are_the_first_to_lose_their_seat() {
    let mut arrows = settled(1, seats(2));
    arrows.handle(Input::Reachable(node(30)), at(2));
    arrows.handle(Input::Wake, at(3));
    said(&mut arrows);
    arrows.handle(Input::Settings(&seats(1)), at(3));
    assert_eq!(deaths(&said(&mut arrows)), vec![Death::Surplus]);
    assert_eq!(count(&arrows, State::Live), 1);
}

#[test]
fn a_shorter_period_brings_the_round_forward() {
    let mut arrows = settled(3, seats(2));
    arrows.handle(Input::Settings(&Settings { period: 10 * SECOND, ..seats(2) }), at(2));
    assert!(arrows.next_round() <= at(12));
    assert_eq!(count(&arrows, State::Live), 2, "nothing else changed");
}
