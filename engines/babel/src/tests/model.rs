//! Random meshes under random trouble: never a loop, and all is reached once it is quiet.

use super::*;

/// Runs a mesh through trouble, then through quiet; returns all that was said.
fn ordeal(seed: u8) -> String {
    let mut dice = Dice::of([seed; 32], "ordeal");
    let count = 3 + dice.below(6);
    let mut world = World::new(count, seed);
    let mut links = Vec::new();
    for n in 1..count {
        let to = dice.below(n);
        links.push(join(&mut world, &mut dice, n, to));
    }
    for _ in 0..60 {
        world.run(Duration::from_millis(dice.below(6_000) as u64));
        trouble(&mut world, &mut dice, &mut links);
    }
    for (n, link) in world.halves() {
        world.end(n, link);
    }
    for end in world.ends.values_mut() {
        end.loss = 0;
    }
    for n in 0..count {
        world.tell(n, Input::Announce(prefix(n)));
    }
    world.run(Duration::from_mins(3));
    assert!(world.all_reached(), "seed {seed}");
    world.journal
}

type Link = (usize, LinkId, usize, LinkId);

fn join(world: &mut World, dice: &mut Dice, a: usize, b: usize) -> Link {
    let delay = ms(dice.below(120) as u64);
    let jitter = ms(dice.below(60) as u64);
    let loss = dice.below(30);
    let (at_a, at_b) = world.join_badly(a, b, (delay, jitter, loss));
    (a, at_a, b, at_b)
}

fn trouble(world: &mut World, dice: &mut Dice, links: &mut Vec<Link>) {
    let count = world.nodes.len();
    match dice.below(13) {
        0..4 => {
            let (a, b) = (dice.below(count), dice.below(count));
            if a != b {
                let link = join(world, dice, a, b);
                links.push(link);
            }
        }
        4..6 if !links.is_empty() => {
            let (a, link, ..) = links.swap_remove(dice.below(links.len()));
            world.cut(a, link);
        }
        6..8 if !links.is_empty() => {
            let (a, at_a, b, at_b) = links[dice.below(links.len())];
            let (node, link) = if dice.below(2) == 0 { (a, at_a) } else { (b, at_b) };
            world.tell(node, Input::Shun(link));
        }
        8 if !links.is_empty() => {
            // The link becomes another one: slower, or much worse.
            let (a, at_a, b, at_b) = links[dice.below(links.len())];
            let (delay, loss) = (ms(dice.below(300) as u64), dice.below(101));
            for end in [(a, at_a), (b, at_b)] {
                let end = world.ends.get_mut(&end).unwrap();
                (end.delay, end.loss) = (delay, loss);
            }
        }
        9 if !links.is_empty() => {
            // One end goes away; the other notices by itself, or is told at last.
            let (a, at_a, ..) = links.swap_remove(dice.below(links.len()));
            world.end(a, at_a);
        }
        10 => {
            let n = dice.below(count);
            world.tell(n, Input::Withdraw(prefix(n)));
        }
        11 => {
            let n = dice.below(count);
            world.tell(n, Input::Announce(prefix(n)));
        }
        _ => {
            let n = dice.below(count);
            for (at, link) in world.halves() {
                world.end(at, link);
            }
            links.retain(|(a, at_a, b, _)| {
                let involved = *a == n || *b == n;
                if involved {
                    world.cut(*a, *at_a);
                }
                !involved
            });
            world.restart(n);
        }
    }
}

#[test]
fn trouble_makes_no_loop_and_quiet_brings_everybody_together() {
    for seed in 0..40 {
        ordeal(seed);
    }
}

#[test]
fn the_same_seed_says_the_same_words() {
    assert_eq!(ordeal(77), ordeal(77));
}
