//! The kernel's table is played by a list.

use linux::Via;

use super::*;

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

fn route(to: &str, device: u32) -> KernelRoute {
    let Key { prefix, source } = key(to);
    let via = Via::Hop { device, address: "fe80::2".parse().unwrap(), onlink: false };
    KernelRoute {
        to: prefix,
        from: source,
        via,
        table: 254,
        metric: 4242,
        protocol: BABEL,
        preferred_source: None,
    }
}

/// Makes all changes succeed, and returns them.
fn played(kernel: &mut Kernel) -> Vec<Change> {
    let changes = kernel.batch(100);
    kernel.done(&changes, &BTreeMap::new());
    changes
}

const RANGE: &str = "2001:db8::/32";

#[test]
fn a_route_is_put_replaced_and_removed_once() {
    let mut kernel = Kernel::of(254);
    kernel.want(key(RANGE), Some(&route(RANGE, 1)));
    kernel.want(key(RANGE), Some(&route(RANGE, 2)));
    assert_eq!(played(&mut kernel), [Change::Put(route(RANGE, 2))]);
    assert!(kernel.holds(key(RANGE)));
    let unreachable = KernelRoute { via: Via::Unreachable, ..route(RANGE, 0) };
    kernel.want(key(RANGE), Some(&unreachable));
    assert_eq!(played(&mut kernel), [Change::Put(unreachable.clone())]);
    kernel.want(key(RANGE), None);
    assert_eq!(played(&mut kernel), [Change::Remove(unreachable)]);
    kernel.want(key(RANGE), None);
    assert_eq!(played(&mut kernel), []);
}

#[test]
fn another_metric_is_put_before_the_old_one_goes() {
    let mut kernel = Kernel::of(254);
    kernel.want(key(RANGE), Some(&route(RANGE, 1)));
    played(&mut kernel);
    let other = KernelRoute { metric: 9, ..route(RANGE, 1) };
    kernel.want(key(RANGE), Some(&other));
    let changes = [Change::Put(other), Change::Remove(route(RANGE, 1))];
    assert_eq!(played(&mut kernel), changes);
}

#[test]
fn what_a_former_life_left_stays_until_the_mesh_has_settled() {
    let mut kernel = Kernel::of(254);
    let (spoken, silent) = ("2001:db8:1::/48", "2001:db8:2::/48");
    kernel.found_all(&[route(spoken, 1), route(silent, 1)], true);
    assert_eq!(played(&mut kernel), []);
    assert_eq!(kernel.former(), 2);
    kernel.want(key(spoken), Some(&route(spoken, 1)));
    assert_eq!(played(&mut kernel), [], "it is there as it is wanted");
    kernel.settle();
    assert_eq!(played(&mut kernel), [Change::Remove(route(silent, 1))]);
    assert!(kernel.holds(key(spoken)));
}

#[test]
fn what_the_speaker_has_lost_goes_at_once_whoever_put_it() {
    let mut kernel = Kernel::of(254);
    kernel.found_all(&[route(RANGE, 1)], true);
    kernel.want(key(RANGE), None);
    assert_eq!(played(&mut kernel), [Change::Remove(route(RANGE, 1))]);
}

#[test]
fn routes_of_others_are_never_touched() {
    let mut kernel = Kernel::of(254);
    let theirs = KernelRoute { protocol: 4, ..route(RANGE, 1) };
    let elsewhere = KernelRoute { table: 7, ..route(RANGE, 1) };
    kernel.found_all(&[theirs.clone(), elsewhere], true);
    kernel.want(key(RANGE), Some(&route(RANGE, 2)));
    assert_eq!(played(&mut kernel), []);
    assert!(kernel.failed().any(|(_, why)| why.contains("`metric`")));
    kernel.lost(&theirs);
    assert_eq!(played(&mut kernel), [Change::Put(route(RANGE, 2))]);
    kernel.clear();
    assert_eq!(played(&mut kernel), [Change::Remove(route(RANGE, 2))]);
}

#[test]
fn what_others_removed_is_put_again() {
    let mut kernel = Kernel::of(254);
    kernel.want(key(RANGE), Some(&route(RANGE, 1)));
    played(&mut kernel);
    kernel.lost(&route(RANGE, 1));
    assert_eq!(played(&mut kernel), [Change::Put(route(RANGE, 1))]);
    kernel.found_all(&[], false);
    assert_eq!(played(&mut kernel), [Change::Put(route(RANGE, 1))]);
}

#[test]
fn what_failed_is_told_and_tried_again() {
    let mut kernel = Kernel::of(254);
    kernel.want(key(RANGE), Some(&route(RANGE, 1)));
    let changes = kernel.batch(100);
    kernel.done(&changes, &BTreeMap::from([(0, "no such device".to_owned())]));
    assert_eq!(kernel.failed().collect::<Vec<_>>(), [(key(RANGE), "no such device")]);
    assert_eq!(kernel.batch(100), []);
    kernel.retry();
    assert_eq!(played(&mut kernel), [Change::Put(route(RANGE, 1))]);
    assert_eq!(kernel.failed().count(), 0);
}

#[test]
fn a_batch_has_its_size() {
    let mut kernel = Kernel::of(254);
    for n in 0..10 {
        let range = format!("2001:db8:{n}::/48");
        kernel.want(key(&range), Some(&route(&range, 1)));
    }
    assert_eq!(kernel.batch(4).len(), 4);
    assert_eq!(kernel.queue(), 6);
}

#[test]
fn what_is_wanted_while_a_batch_is_made_comes_after_it() {
    let mut kernel = Kernel::of(254);
    let (lost, moved) = ("2001:db8:1::/48", "2001:db8:2::/48");
    for range in [lost, moved] {
        kernel.want(key(range), Some(&route(range, 1)));
    }
    let changes = kernel.batch(100);
    kernel.want(key(lost), None);
    kernel.want(key(moved), Some(&route(moved, 2)));
    kernel.want(key(RANGE), Some(&route(RANGE, 3)));
    kernel.done(&changes, &BTreeMap::new());
    assert_eq!(
        played(&mut kernel),
        [
            Change::Remove(route(lost, 1)),
            Change::Put(route(moved, 2)),
            Change::Put(route(RANGE, 3))
        ]
    );
    assert_eq!((kernel.installed(), kernel.queue()), (2, 0));
}
