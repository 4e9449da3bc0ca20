//! What must hold for any engine, whatever it is told.

use words::{Engine, Time};

/// Most that an engine may say to one word.
const MUCH: usize = 100_000;

/// Most times that an engine may want to be woken at one moment.
const OFTEN: usize = 100;

/// Tells an engine something, and returns all it says.
///
/// # Panics
///
/// If it does not stop talking.
pub(crate) fn told<E: Engine>(engine: &mut E, input: E::Input<'_>, now: Time) -> Vec<E::Output> {
    engine.handle(input, now);
    let mut said = Vec::new();
    while let Some(output) = engine.poll() {
        said.push(output);
        assert!(said.len() < MUCH, "it talks for ever");
    }
    said
}

/// Wakes an engine as often as it wants to be woken by `now`, and returns all it says.
///
/// # Panics
///
/// If it wants to be woken for ever.
pub(crate) fn rested<E: Engine>(
    engine: &mut E,
    wake: impl Fn() -> E::Input<'static>,
    now: Time,
) -> Vec<E::Output> {
    let mut said = Vec::new();
    let mut woken = 0;
    while engine.deadline().is_some_and(|deadline| deadline.at <= now) {
        said.extend(told(engine, wake(), now));
        woken += 1;
        assert!(woken < OFTEN, "it wants to be woken for ever");
    }
    said
}
