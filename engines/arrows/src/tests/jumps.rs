//! Stories of a clock that jumps ahead: the machine slept, or was starved.

use super::*;

const HOUR: Duration = Duration::from_hours(1);

fn lost(said: &[Output]) -> usize {
    deaths(said).into_iter().filter(|of| *of == Death::Lost).count()
}

fn condemned(said: &[Output]) -> usize {
    events(said).into_iter().filter(|event| matches!(event, Event::Draining { .. })).count()
}

#[test]
fn rounds_that_were_slept_through_are_not_made_up_for() {
    for asleep in [6 * MINUTE, HOUR, 100 * HOUR] {
        let mut arrows = settled(40, seats(10));
        let woken = at(1) + asleep;
        arrows.handle(Input::Wake, woken);
        let outputs = said(&mut arrows);
        assert_eq!(condemned(&outputs), 3, "after {asleep:?}");
        assert!(arrows.next_round() > woken);
        assert_eq!(arrows.next_round().since(woken), 5 * MINUTE);
    }
}

#[test]
fn who_slept_listens_before_it_judges() {
    for asleep in [10 * SECOND, HOUR, 100 * HOUR] {
        let mut arrows = settled(40, seats(10));
        let woken = at(1) + asleep;
        arrows.handle(Input::Wake, woken);
        let outputs = said(&mut arrows);
        assert_eq!(lost(&outputs), 0, "after {asleep:?}");
        // What the others say now counts: nobody is dead who answers.
        for output in &outputs {
            answer(&mut arrows, output);
        }
        let all = live_until(&mut arrows, woken + 20 * SECOND);
        assert_eq!(lost(&all), 0, "after {asleep:?}");
        assert_eq!(count(&arrows, State::Live), 10);
    }
}

/// The others have long given it up: it finds out soon, and each seat is drawn once.
#[test]
fn who_slept_while_the_others_gave_it_up_draws_each_seat_once() {
    let mut arrows = settled(40, seats(10));
    let woken = at(1) + HOUR;
    arrows.handle(Input::Wake, woken);
    let mut all = said(&mut arrows);
    while let Some(next) = arrows.deadline().filter(|next| next.at < woken + 10 * SECOND) {
        arrows.handle(Input::Wake, next.at);
        all.extend(said(&mut arrows));
    }
    assert_eq!(count(&arrows, State::Live), 0);
    assert!(all.len() < 1_000, "{} words and orders in ten seconds", all.len());
    // Ten seats, and three successors of those that the round condemned.
    assert!((10..=13).contains(&sought(&all).len()), "{}", sought(&all).len());
}

#[test]
fn seats_that_failed_together_do_not_dial_together_again() {
    let mut arrows = newcomer(seats(10));
    for n in 1..=40 {
        arrows.handle(Input::Reachable(node(n)), Time::ZERO);
    }
    arrows.handle(Input::Wake, at(1));
    let (mut failed, mut moments) = (0, std::collections::BTreeSet::new());
    while failed < 60 {
        let clock = arrows.deadline().unwrap().at;
        arrows.handle(Input::Wake, clock);
        for (link, _) in sought(&said(&mut arrows)) {
            arrows.handle(Input::NotFound(link), clock);
            failed += 1;
            moments.insert(clock);
        }
        said(&mut arrows);
    }
    assert!(moments.len() > 25, "{} moments for {failed} dials", moments.len());
}

#[test]
fn the_same_parameters_told_again_change_nothing() {
    let mut arrows = settled(40, seats(10));
    let (before, round): (Vec<_>, _) = (arrows.arrows().collect(), arrows.next_round());
    arrows.handle(Input::Settings(&seats(10)), at(1));
    assert!(said(&mut arrows).is_empty());
    assert_eq!((arrows.arrows().collect::<Vec<_>>(), arrows.next_round()), (before, round));
}

#[test]
fn other_parameters_change_what_is_to_come_and_no_arrow_that_is() {
    let (longer, fewer) = (Duration::from_mins(20), 3);
    let settings = || Settings { period: longer, acceptance: fewer, ..seats(10) };
    let mut arrows = settled(40, seats(10));
    for n in 0..8 {
        let (link, from) = (LinkId::theirs(n), node(100 + u128::from(n)));
        arrows.handle(Input::Request(link, from), at(1));
        arrows.handle(Input::Up(link, from), at(1));
    }
    said(&mut arrows);
    let (before, round): (Vec<_>, _) = (arrows.arrows().collect(), arrows.next_round());
    let mut changed = settings();
    changed.destruction.in_use = InUse::new(MINUTE);
    changed.share = Share::percent(100);
    arrows.handle(Input::Settings(&changed), at(1));
    assert!(said(&mut arrows).is_empty(), "links beyond a lower limit stay");
    assert_eq!((arrows.arrows().collect::<Vec<_>>(), arrows.next_round()), (before, round));
    arrows.handle(Input::Request(LinkId::theirs(9), node(99)), at(1));
    let refused = Output::Refuse(LinkId::theirs(9), Refusal::Full);
    assert!(said(&mut arrows).contains(&refused), "but no further one is let in");
}

#[test]
fn a_period_out_of_bounds_is_held_at_them() {
    for (asked, least, most) in [(Duration::ZERO, 0, 1), (Duration::MAX, 1_800, 3_600)] {
        let arrows = newcomer(Settings { period: asked, ..seats(1) });
        let round = arrows.next_round();
        assert!(at(least) <= round && round <= at(most), "{round:?}");
    }
    let mut hasty = seats(1);
    hasty.brief = Duration::MAX;
    let mut arrows = settled(1, hasty);
    arrows.handle(Input::Settings(&Settings { brief: Duration::MAX, ..seats(0) }), at(2));
    let until = arrows.arrows().next().unwrap().until;
    assert_eq!(until, Some(at(2) + InUse::LONGEST), "an unused arrow ends as well");
}
