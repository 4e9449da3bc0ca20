//! Routes for some senders (rules D), and IPv4 with IPv6 next hops (rules V).

use super::*;

const FROM: &str = "2001:db8:1::/64 from 2001:db8:aaa::/48";
const V4: &str = "10.9.0.0/16";

/// The octets of an IPv4 update, of encoding 1 or 4, after a router-id and an IPv4 next hop.
fn ipv4(encoding: u8, metric: u16) -> Vec<u8> {
    let [m0, m1] = metric.to_be_bytes();
    let update = [8, 12, encoding, 0, 16, 0, 0x10, 0, 0, 1, m0, m1, 10, 9];
    let (router, hop) = ([6, 10, 0, 0], [7, 6, 1, 0, 10, 0, 0, 9]);
    [&router[..], &FAR.0, &hop, &update].concat()
}

fn dual() -> Profile {
    Profile { address4: Some([10, 0, 0, 13].into()), ..profile() }
}

#[test]
fn d1_a_range_for_some_senders_is_another_route() {
    let mut bench = Bench::lan(3);
    bench.say(A, &[offer(P1, 5, 100), offer(FROM, 7, 300)]);
    bench.pass(ms(10_000));
    assert_eq!((bench.selected(P1), bench.selected(FROM)), (Some((A, 196)), Some((A, 396))));
    // Each has a distance of its own.
    bench.say(B, &[offer(P1, 6, 9_000), offer(FROM, 6, 9_000)]);
    let feasible = |text| bench.route(B, key(text)).unwrap().feasible;
    assert_eq!((feasible(P1), feasible(FROM)), (true, false));
    bench.clear();
    bench.say(C, &[seqno_request(FROM, FAR, 8, 9), seqno_request(P1, FAR, 8, 9)]);
    let asked: Vec<_> = bench.asked(A).iter().map(|(_, ask)| ask.key).collect();
    assert_eq!(asked, [key(P1), key(FROM)]);
    bench.clear();
    bench.say(A, &[offer(FROM, 8, 300)]);
    assert_eq!(bench.metrics(C, FROM), [396]);
    assert_eq!(bench.metrics(C, P1), []);
    bench.say(A, &[retraction(FROM)]);
    assert_eq!((bench.selected(P1), bench.selected(FROM)), (Some((A, 196)), None));
    assert_eq!((bench.told(P1), bench.told(FROM)), (Vec::new(), [Way::Unreachable].into()));
}

#[test]
fn d1_a_source_of_everybody_is_refused() {
    let mut bench = Bench::lan(1);
    let router = [&[6, 10, 0, 0][..], &FAR.0].concat();
    let update = [8, 21, 2, 0, 64, 0, 0x10, 0, 0, 1, 0, 100];
    let range = [0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0];
    bench.octets(A, &[&router[..], &update, &range, &[128, 1, 0]].concat());
    assert_eq!((bench.counted("source-prefix-length"), bench.speaker.routes().count()), (1, 0));
}

#[test]
fn d4_a_wildcard_covers_both_kinds() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 5, 100), offer(FROM, 7, 300)]);
    bench.pass(ms(10_000));
    bench.clear();
    bench.say(B, &[request_all()]);
    assert_eq!((bench.metrics(B, P1), bench.metrics(B, FROM)), ([196].into(), [396].into()));
    let all = Update { key: None, router: None, metric: Metric::INFINITE, ..route(P1, 0, 0) };
    bench.say(A, &[Tlv::Update(all)]);
    assert_eq!((bench.selected(P1), bench.selected(FROM)), (None, None));
}

#[test]
fn d5_our_own_range_for_some_senders_is_told_and_withdrawn_as_such() {
    let mut bench = Bench::lan(1);
    bench.probes[A].acks = true;
    bench.tell(Input::Announce(key(FROM), Metric(0)));
    bench.pass(ms(200));
    assert_eq!((bench.metrics(A, FROM), bench.metrics(A, P1)), ([0].into(), Vec::new()));
    bench.tell(Input::Withdraw(key(FROM)));
    bench.pass(ms(200));
    assert_eq!((bench.metrics(A, FROM), bench.metrics(A, P1)), ([0, 0xffff].into(), Vec::new()));
}

#[test]
fn v1_next_hop_and_ihu_have_no_encoding_4() {
    let mut bench = Bench::with(dual(), settings(), &[(WIRE, 0x50)]);
    let router = [&[6, 10, 0, 0][..], &FAR.0].concat();
    let hop = [7, 6, 4, 0, 10, 0, 0, 9];
    let ihu = [5, 10, 4, 0, 0, 96, 0, 100, 10, 0, 0, 13];
    let update = [8, 12, 4, 0, 16, 0, 0x10, 0, 0, 1, 0, 100, 10, 9];
    bench.octets(A, &[&router[..], &hop, &ihu, &update].concat());
    assert_eq!(bench.counted("address-encoding"), 2);
    assert_eq!(bench.route(A, key(V4)).unwrap().hop.address, IpAddr::V6(link_local(0x50)));
}

#[test]
fn v4_either_encoding_retracts_the_same_route() {
    for (first, second) in [(4, 1), (1, 4), (4, 4), (1, 1)] {
        let mut bench = Bench::with(dual(), settings(), &[(WIRE, 0x50), (WIRE, 0x51)]);
        bench.octets(A, &ipv4(first, 100));
        assert_eq!(bench.selected(V4), Some((A, 196)), "{first}");
        bench.pass(ms(10_000));
        for encoding in [1, 4] {
            bench.clear();
            bench.octets(B, &[9, 4, encoding, 16, 10, 9]);
            assert_eq!(bench.metrics(B, V4), [196]);
        }
        bench.octets(A, &ipv4(second, 0xffff));
        assert_eq!(bench.selected(V4), None, "{first} {second}");
    }
}

#[test]
fn v4_each_encoding_has_its_own_next_hop() {
    let mut bench = Bench::with(dual(), settings(), &[(WIRE, 0x50)]);
    for (encoding, address) in [(1, IpAddr::from([10, 0, 0, 9])), (4, IpAddr::V6(link_local(0x50)))]
    {
        bench.octets(A, &ipv4(encoding, 100));
        let hop = crate::Hop { interface: WIRE, address };
        assert_eq!(bench.told(V4).last(), Some(&Way::Through(hop)));
    }
}

/// Returns the bodies of the updates that A hears of our own IPv4 range: their encodings.
fn said_of_ipv4(profile: Profile) -> Vec<Option<IpAddr>> {
    let mut bench = Bench::with(profile, settings(), &[(WIRE, 0x50)]);
    bench.probes[A].acks = true;
    bench.tell(Input::Announce(key(V4), Metric(0)));
    bench.pass(ms(200));
    bench.updates(A, key(V4)).iter().map(|(_, update)| update.hop).collect()
}

#[test]
fn v5_ipv4_over_ipv6_is_said_and_believed_only_where_allowed() {
    let without = Profile { v4_via_v6: false, ..profile() };
    let mut bench = Bench::with(without, settings(), &[(WIRE, 0x50)]);
    for encoding in [1, 4] {
        bench.octets(A, &ipv4(encoding, 100));
    }
    assert_eq!((bench.counted("next-hop"), bench.speaker.routes().count()), (2, 0));
    assert_eq!(said_of_ipv4(without), []);
    assert_eq!(said_of_ipv4(profile()), [None]);
    assert_eq!(said_of_ipv4(dual()), [Some(IpAddr::from([10, 0, 0, 13]))]);
    let old = Profile { v4_via_v6: false, ..dual() };
    let mut bench = Bench::with(old, settings(), &[(WIRE, 0x50)]);
    bench.octets(A, &ipv4(4, 100));
    assert_eq!(bench.counted("next-hop"), 1);
    bench.octets(A, &ipv4(1, 100));
    assert_eq!(bench.selected(V4), Some((A, 196)));
}
