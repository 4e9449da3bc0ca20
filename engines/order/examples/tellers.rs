//! What it costs a node to know who may tell of ranges, in all meshes of a network.
//!
//! `cargo run --release -p order --example tellers [NODES MESHES]`, 10 000 and 100 by default: prints
//! the milliseconds of an election as a whole, of one that follows from the one before by an epoch,
//! and of one after which a member of each mesh carries more.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::time::Instant;

use order::{Election, Epoch, Member, MeshMap, Outcome, Roster, Rules};
use words::{NodeId, Prefix, Wall};

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u32>().unwrap());
    let (nodes, meshes) = (numbers.next().unwrap_or(10_000), numbers.next().unwrap_or(100));
    let network = Prefix::new(0xfd42 << 112, 16);
    let map = MeshMap::new(network, vec![parts(network, meshes)]).unwrap();
    let each = nodes / meshes;
    let roster = |more: u32| {
        let member = |mesh: &Prefix, n: u32| {
            let node = NodeId(Prefix::new(mesh.bits() | u128::from(n) << 64, 64));
            let able = 50 + n % 100 + if n == 0 { more } else { 0 };
            Member { node, since: 0, declared: able, attested: vec![able; 7] }
        };
        Roster::of(map.meshes().iter().flat_map(|mesh| (0..each).map(move |n| member(mesh, n))))
    };
    let (before, after) = (roster(0), roster(1));
    let epoch = Epoch::first(Wall(0), Epoch::LENGTH, [7; 32]).at(Wall(3600 * 40));
    let next = epoch.at(epoch.began.plus(epoch.length));
    let election = |roster, epoch| Election::new(&map, roster, epoch, Rules::default());

    let whole = timed("whole", || Outcome::of(election(&before, &epoch), None));
    let following = timed("next epoch", || Outcome::of(election(&before, &next), Some(&whole)));
    timed("a member of each mesh changes", || {
        Outcome::of(election(&after, &next), Some(&following))
    });
    timed("who may tell of which range", || following.tellers());
    let home = *map.meshes().first().unwrap();
    timed("one mesh alone", || election(&before, &next).slots(home));
}

fn timed<T>(what: &str, work: impl Fn() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    println!("{what}: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    done
}

/// Returns `count` parts of a range.
fn parts(range: Prefix, count: u32) -> Vec<Prefix> {
    if count < 2 {
        return vec![range];
    }
    let length = range.length() + 1;
    let bit = 1_u128 << (128 - u32::from(length));
    let mut all = parts(Prefix::new(range.bits(), length), count.div_ceil(2));
    all.extend(parts(Prefix::new(range.bits() | bit, length), count / 2));
    all
}
