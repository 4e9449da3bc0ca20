//! The rules U1 to U7, and IPv4.

use super::*;

/// Returns what is read of the last of these TLVs.
fn last(all: &[&[u8]]) -> Result<Update, Malformed> {
    match tlvs(all).pop() {
        Some(Ok(Tlv::Update(update))) => Ok(update),
        Some(Err(bad)) => Err(bad),
        other => panic!("not an update: {other:?}"),
    }
}

#[test]
fn u1_a_finite_update_needs_a_router_id() {
    let finite = said([2, 0, 8, 0], 96, &[0xfd]);
    assert_eq!(last(&[&finite]), Err(Malformed::NoRouterId));
    assert_eq!(last(&[ROUTER, &finite]), Ok(update("fd00::/8", 96)));
    let retraction = said([2, 0, 8, 0], 0xffff, &[0xfd]);
    assert_eq!(last(&[&retraction]), Ok(update("fd00::/8", 0xffff)));
}

#[test]
fn u1_an_illegal_router_id_is_none() {
    let zeros = [6, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let finite = said([2, 0, 8, 0], 96, &[0xfd]);
    assert_eq!(last(&[ROUTER, &zeros, &finite]), Err(Malformed::NoRouterId));
}

#[test]
fn u2_nothing_is_left_out_before_a_default() {
    let short = said([2, 0, 16, 1], 96, &[1]);
    assert_eq!(last(&[ROUTER, &short]), Err(Malformed::NoDefault));
    let default = said([2, 0x80, 8, 0], 96, &[0xfd]);
    assert_eq!(last(&[ROUTER, &default, &short]), Ok(update("fd01::/16", 96)));
}

#[test]
fn u2_no_more_is_left_out_than_there_is() {
    let default = said([2, 0x80, 32, 0], 96, &[0xfd, 1, 2, 3]);
    let refused = Err(Malformed::Length { what: "Update" });
    assert_eq!(last(&[ROUTER, &default, &said([2, 0, 8, 2], 96, &[])]), refused);
    let whole = said([2, 0, 16, 2], 96, &[]);
    assert_eq!(last(&[ROUTER, &default, &whole]), Ok(update("fd01::/16", 96)));
    // All 16 octets, the default being zeros past its own.
    let host = said([2, 0, 128, 16], 96, &[]);
    assert_eq!(last(&[ROUTER, &default, &host]), Ok(update("fd01:203::/128", 96)));
}

#[test]
fn u3_an_interval_of_zero_is_refused() {
    let mut octets = said([2, 0, 8, 0], 96, &[0xfd]);
    octets[6..8].fill(0);
    assert_eq!(last(&[ROUTER, &octets]), Err(Malformed::NoInterval { what: "Update" }));
}

#[test]
fn u4_a_wildcard_only_retracts() {
    let gone = Update { key: None, ..update("::/0", 0xffff) };
    assert_eq!(last(&[&said([0, 0, 0, 0], 0xffff, &[])]), Ok(gone));
    let finite = said([0, 0, 0, 0], 96, &[]);
    assert_eq!(last(&[ROUTER, &finite]), Err(Malformed::Wildcard { what: "Update" }));
    let refused = Err(Malformed::Length { what: "Update" });
    assert_eq!(last(&[&said([0, 0, 8, 0], 0xffff, &[1])]), refused);
    assert_eq!(last(&[&said([0, 0, 0, 1], 0xffff, &[])]), refused);
}

#[test]
fn u5_finite_ipv4_needs_an_ipv4_next_hop() {
    let finite = said([1, 0, 8, 0], 96, &[10]);
    assert_eq!(last(&[ROUTER, &finite]), Err(Malformed::NoNextHop));
    let hop = Some([192, 0, 2, 1].into());
    let read = Update { hop, ..update("10.0.0.0/8", 96) };
    assert_eq!(last(&[ROUTER, HOP4, &finite]), Ok(read));
    let retraction = said([1, 0, 8, 0], 0xffff, &[10]);
    assert_eq!(last(&[&retraction]), Ok(update("10.0.0.0/8", 0xffff)));
}

#[test]
fn u5_ipv4_over_ipv6_goes_through_the_ipv6_next_hop() {
    let finite = said([4, 0, 8, 0], 96, &[10]);
    assert_eq!(last(&[ROUTER, &finite]), Ok(update("10.0.0.0/8", 96)));
    let named = [7, 10, 3, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let hop = Some("fe80::9".parse().unwrap());
    let read = Update { hop, ..update("10.0.0.0/8", 96) };
    assert_eq!(last(&[ROUTER, &named, HOP4, &finite]), Ok(read));
    let retraction = said([4, 0, 8, 0], 0xffff, &[10]);
    assert_eq!(last(&[&named, &retraction]), Ok(update("10.0.0.0/8", 0xffff)));
}

#[test]
fn u6_an_address_can_say_the_router_id() {
    let mut address = [0; 16];
    (address[0], address[15]) = (0xfd, 9);
    let whole = said([2, 0xc0, 128, 0], 96, &address);
    let nine = Some(RouterId([0, 0, 0, 0, 0, 0, 0, 9]));
    assert_eq!(last(&[&whole]).unwrap().router, nine);
    // It is that of the updates after it, too.
    let next = said([2, 0, 8, 0], 96, &[0xfc]);
    assert_eq!(last(&[&whole, &next]).unwrap().router, nine);
    // The octets left out count.
    let compressed = said([2, 0x40, 128, 15], 96, &[8]);
    let eight = Some(RouterId([0, 0, 0, 0, 0, 0, 0, 8]));
    assert_eq!(last(&[&whole, &compressed]).unwrap().router, eight);
    // Bits past the length do not.
    let mut longer = Vec::from([0xfd; 9]);
    longer[8] = 0xff;
    let half = said([2, 0x40, 68, 0], 96, &longer);
    assert_eq!(last(&[&half]).unwrap().router, Some(RouterId([0xf0, 0, 0, 0, 0, 0, 0, 0])));
}

#[test]
fn u6_short_ranges_say_no_router_id() {
    let zeros = said([2, 0x40, 8, 0], 96, &[0xfd]);
    assert_eq!(last(&[ROUTER, &zeros]), Err(Malformed::NoRouterId));
}

#[test]
fn u6_ipv4_and_link_local_ranges_can_say_it() {
    let v4 = said([1, 0x40, 16, 0], 96, &[10, 1]);
    let four = Some(RouterId([0, 0, 0, 0, 10, 1, 0, 0]));
    assert_eq!(last(&[HOP4, &v4]).unwrap().router, four);
    let v4 = said([4, 0x40, 16, 0], 96, &[10, 1]);
    assert_eq!(last(&[&v4]).unwrap().router, four);
    let local = said([3, 0x40, 128, 0], 96, &[0, 0, 0, 0, 0, 0, 0, 9]);
    assert_eq!(last(&[&local]).unwrap().router, Some(RouterId([0, 0, 0, 0, 0, 0, 0, 9])));
}

#[test]
fn u6_a_retraction_says_it_for_those_after_it() {
    let gone = said([2, 0x40, 128, 0], 0xffff, &[0xfd; 16]);
    let next = said([2, 0, 8, 0], 96, &[0xfc]);
    assert_eq!(last(&[&gone]).unwrap().router, None);
    assert_eq!(last(&[&gone, &next]).unwrap().router, Some(RouterId([0xfd; 8])));
}

#[test]
fn u7_the_longest_interval_is_eleven_minutes() {
    let mut octets = said([2, 0, 8, 0], 96, &[0xfd]);
    octets[6..8].fill(0xff);
    assert_eq!(last(&[ROUTER, &octets]).unwrap().next, Duration::from_millis(655_350));
}

#[test]
fn no_ipv6_range_is_taken_for_ipv4() {
    let mut mapped = [0; 13];
    (mapped[10], mapped[11], mapped[12]) = (0xff, 0xff, 10);
    let octets = said([2, 0, 104, 0], 96, &mapped);
    assert_eq!(last(&[ROUTER, &octets]), Err(Malformed::Mapped { what: "Update" }));
    let shorter = said([2, 0, 95, 0], 96, &mapped[..12]);
    assert!(last(&[ROUTER, &shorter]).is_ok());
}
