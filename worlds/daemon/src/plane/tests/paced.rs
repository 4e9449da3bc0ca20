//! A plane that knows what its line sends, and what goes past its pace.

use words::frame::Kind;

use super::*;
use crate::overlay::PORT;

/// What a node says in bulk at once.
const BULK: usize = 1_000;

/// Two nodes whose lines send a megabit a second, and a link between them.
fn narrow() -> Option<(Site, Site)> {
    let [mut a, mut b, _] = sites_with(Some(1))?;
    join(&mut a, &mut b, 1);
    Some((a, b))
}

/// Has gossip say so many words in bulk.
fn say(site: &Site, words: usize) {
    let mut frame = [0x5a; BULK];
    frame[0] = Kind::Gossip.octet().unwrap();
    for _ in 0..words {
        site.plane.send(LinkId::ours(1), &frame);
    }
}

fn over_uplink(site: &Site) -> u64 {
    site.plane.counters()["over-uplink"]
}

/// A socket of a program of this machine, at this port of its address in the overlay.
fn program(site: &Site, port: u16) -> UdpSocket {
    let at = SocketAddr::new(site.address().ip(), port);
    site.namespace.run(|| UdpSocket::bind(at)).unwrap().unwrap()
}

#[test]
fn only_words_of_the_node_itself_go_past_the_pace_and_no_flood_to_their_port() {
    let Some((a, b)) = narrow() else { return };
    let to = SocketAddr::new(b.address().ip(), PORT);
    let (theirs, node) = (program(&b, PORT), program(&a, PORT));
    theirs.set_read_timeout(Some(PATIENCE)).unwrap();
    // More than a line of a megabit takes in the time.
    let flood = program(&a, PORT + 1);
    until(|| {
        for _ in 0..50 {
            flood.send_to(&[0; 1_000], to).unwrap();
        }
        over_uplink(&a) > 0
    });
    let word = |word: u8| {
        node.send_to(&[word; 1_000], to).unwrap();
        let mut octets = [0; 2048];
        // What went of the flood came to the same port.
        until(|| theirs.recv_from(&mut octets).unwrap().1.port() == PORT);
        assert_eq!(octets[0], word);
        over_uplink(&a)
    };
    // Once it has come, all of the flood before it was judged.
    let lost = word(0);
    assert_eq!((1..10).map(word).max(), Some(lost));
}

#[test]
fn payload_makes_room_for_what_was_said_in_bulk() {
    let Some((a, b)) = narrow() else { return };
    until(|| {
        say(&a, 100);
        a.socket.send_to(&[7; 1_000], b.address()).unwrap();
        over_uplink(&a) > 0
    });
}

#[test]
fn what_was_said_in_bulk_is_paid_off_by_time_without_payload() {
    let Some((a, b)) = narrow() else { return };
    // Half of what the line sends in a second; then a hello, which is a turn.
    say(&a, 50);
    b.plane.send(LinkId::theirs(1), &[Kind::Routing.octet().unwrap()]);
    assert!(matches!(told(&a), FromPlane::Control { .. }));
    std::thread::sleep(Duration::from_secs(1));
    for packet in 0..4 {
        a.socket.send_to(&[packet; 1_000], b.address()).unwrap();
        assert_eq!(heard(&b.socket).0, [packet; 1_000]);
    }
    assert_eq!(over_uplink(&a), 0);
}
