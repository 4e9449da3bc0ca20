//! Packets: what a link carries, what is forwarded, what the laboratory's Internet takes.

use std::time::Duration;

use crypto::session::Session;
use forward::{Own, Table, Target, Verdict, Where, judge};
use lab::internet::{HostId, Input, Internet, Model, Output};
use noise::Keys;
use words::frame::Kind;
use words::{Engine, LinkId, Prefix, Time};

use crate::Script;
use crate::script::put;

/// Our own range, one behind a link, one that is nowhere: `fd12::/64`, `fd13::/16`, `fd14::/16`.
const OWN: Prefix = Prefix::new(0xfd12 << 112, 64);
const THERE: Prefix = Prefix::new(0xfd13 << 112, 16);
const NOWHERE: Prefix = Prefix::new(0xfd14 << 112, 16);

/// The longest packet of the links of the table.
const MTU: u16 = 1420;

/// A packet to be forwarded; its first octet says where it comes from.
pub(super) fn forward(octets: &[u8]) {
    let mut script = Script::new(octets);
    let from = match script.octet() % 3 {
        0 => Where::Kernel,
        1 => Where::Link(LinkId::ours(1)),
        _ => Where::Here,
    };
    let own = Own { ipv6: OWN.first(), ipv4: None, mtu: MTU };
    let targets = [
        (OWN, Target::Local),
        (THERE, Target::Link(LinkId::ours(2))),
        (NOWHERE, Target::Unreachable),
    ];
    let table = Table::new(own, targets);
    let before = script.rest();
    let mut packet = before.to_vec();
    match judge(&mut packet, &table, from) {
        Verdict::Send(_) | Verdict::LetIn(_) => {
            assert!(packet.len() <= usize::from(MTU), "too long to send");
        }
        Verdict::Deliver | Verdict::LetOut | Verdict::Drop(_) => {
            assert_eq!(packet, before, "changed for nothing");
        }
        Verdict::Answer(_, mut answer) => {
            assert!(answer.len() <= 1280, "an answer of {} octets", answer.len());
            let next = judge(&mut answer, &table, Where::Here);
            assert!(!matches!(next, Verdict::Answer(..)), "an answer is answered");
        }
    }
}

/// A datagram for a session; its first octet spoils one that the session would open.
pub(super) fn transport(octets: &[u8]) {
    let [ours, theirs] = keys();
    let (receiver, sender) = (Session::new(&ours), Session::new(&theirs));
    let mut script = Script::new(octets);
    let place = usize::from(script.octet());
    let frame = script.rest();
    let mut invented = frame.to_vec();
    assert!(receiver.open(&mut invented).is_err(), "opened what nobody sealed");
    let mut sealed = Vec::new();
    assert!(sender.seal(frame, &mut sealed).is_ok(), "the first packet cannot be sealed");
    let mut spoilt = sealed.clone();
    if let Some(octet) = spoilt.get_mut(place) {
        *octet ^= 1;
        assert!(receiver.open(&mut spoilt).is_err(), "opened a spoilt packet");
    }
    let mut again = sealed.clone();
    assert_eq!(receiver.open(&mut sealed).as_deref(), Ok(frame), "what was sealed does not open");
    assert!(receiver.open(&mut again).is_err(), "opened a packet twice");
}

/// Returns the keys of both ends of a session.
fn keys() -> [Keys; 2] {
    let (ours, theirs) = (noise::mask_key(&[1; 32]), noise::mask_key(&[2; 32]));
    let receiver = Keys {
        local: 7,
        remote: 8,
        send: [3; 32],
        receive: [4; 32],
        aes: false,
        initiator: true,
        mask_out: theirs,
        mask_in: ours,
    };
    let sender = Keys {
        local: 8,
        remote: 7,
        send: [4; 32],
        receive: [3; 32],
        aes: false,
        initiator: false,
        mask_out: ours,
        mask_in: theirs,
    };
    [receiver, sender]
}

/// Packets into the emulated Internet, from hosts before and behind NAT.
pub(super) fn internet(octets: &[u8]) {
    let mut internet = Internet::new(Model::draw(6, [1; 32]), [1; 32]);
    let mut script = Script::new(octets);
    let mut now = Time::ZERO;
    while !script.is_over() {
        let host = HostId(u16::from(script.octet() % 8));
        let other = HostId(u16::from(script.octet() % 8));
        match script.octet() % 16 {
            0 => internet.handle(Input::Cut(host, other), now),
            1 => internet.handle(Input::BlockUdp(host), now),
            2 => internet.handle(Input::Silence(host), now),
            _ => internet.handle(Input::Sent(host, script.octets()), now),
        }
        now = now + Duration::from_millis(20);
        internet.handle(Input::Wake, now);
        while let Some(Output::Deliver(to, packet)) = internet.poll() {
            assert!(to.index() <= 6 && packet.len() >= 20, "delivered what is no packet");
        }
    }
}

/// What a link carries.
pub(super) fn frame(octets: &[u8]) {
    if let Some((kind, rest)) = Kind::of(octets) {
        let head = usize::from(kind.octet().is_some());
        assert_eq!(rest.len() + head, octets.len(), "octets are lost");
    }
}

/// IPv6 and IPv4 packets from everywhere to everywhere.
pub(super) fn payload() -> Vec<Vec<u8>> {
    let echo = ipv6(58, [0x13, 0x14], &[128, 0, 0, 0, 0, 1, 0, 1]);
    let syn = ipv6(
        6,
        [0x12, 0x13],
        &[0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, 2, 1, 0, 0, 0, 0, 0, 2, 4, 0x05, 0xb4],
    );
    let mut expired = echo.clone();
    expired.splice(7..8, [1]);
    let long = ipv6(17, [0x13, 0x13], &[0; 1500]);
    let ipv4 = ipv4(17, [10, 0, 0, 1], &[0, 9, 0, 9, 0, 8, 0, 0]);
    let all = [echo, syn, expired, long, ipv4];
    all.iter().flat_map(|packet| (0..3).map(|from| [&[from], packet.as_slice()].concat())).collect()
}

/// Frames of any length, spoilt in the header, in the body, and not at all.
pub(super) fn sealed() -> Vec<Vec<u8>> {
    vec![vec![0], vec![3, 0x60, 1, 2, 3], vec![20, 1, 42, 2, 0, 0], vec![255; 60]]
}

/// A few exchanges on the emulated Internet.
pub(super) fn on_the_internet() -> Vec<Vec<u8>> {
    let model = Model::draw(6, [1; 32]);
    let mut stories = Vec::new();
    for protocol in [1, 6, 17] {
        let mut story = Vec::new();
        for (number, place) in (0..7_u8).zip(model.places()) {
            let to = model
                .at(HostId(u16::from((number + 1) % 7)))
                .map_or([0; 4], |to| to.public.octets());
            let mut packet = ipv4(protocol, to, &[4, 0, 5, 0, 0, 12, 0, 0, 1, 2, 3, 4]);
            packet.splice(12..16, place.own().octets());
            story.extend([number, 0, 15]);
            put(&mut story, &packet);
        }
        stories.push(story);
    }
    stories
}

/// One frame of each kind.
pub(super) fn frames() -> Vec<Vec<u8>> {
    vec![vec![], vec![0x60, 0], vec![0x45, 0], vec![1, 42], vec![2, 0], vec![3, 0], vec![9]]
}

/// An IPv6 packet between `fdXX::1` and `fdYY::1`, where XX and YY are `nets`.
fn ipv6(protocol: u8, nets: [u8; 2], body: &[u8]) -> Vec<u8> {
    let [from, to] = nets.map(|net| {
        let mut address = [0; 16];
        (address[0], address[1], address[15]) = (0xfd, net, 1);
        address
    });
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[0x60, 0, 0, 0], &length[..], &[protocol, 64], &from, &to, body].concat()
}

/// An IPv4 packet from 10.9.9.9, with a header checksum that is right.
fn ipv4(protocol: u8, to: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + body.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut packet =
        [&[0x45, 0], &length[..], &[0, 0, 0, 0, 64, protocol, 0, 0, 10, 9, 9, 9], &to].concat();
    let words =
        packet.chunks(2).map(|word| word.iter().fold(0, |sum, o| (sum << 8) | u32::from(*o)));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !u16::try_from(folded & 0xffff).unwrap_or_default();
    packet.splice(10..12, checksum.to_be_bytes());
    packet.extend(body);
    packet
}
