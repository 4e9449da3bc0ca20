//! Babel as it is on the wire, read by nobody's parser but the tests' own.

/// Babel's port.
pub(crate) const PORT: u16 = 6696;

/// Headers of IPv6 and UDP, octets.
pub(crate) const HEADERS: usize = 48;

/// An item that tells of a route.
pub(crate) const UPDATE: u8 = 8;

/// An item that asks for a number.
pub(crate) const REQUEST: u8 = 10;

/// Tells whether a packet is IPv6 and UDP to Babel's port, or a part of something longer.
pub(crate) fn is_babel(packet: &[u8]) -> bool {
    const UDP: u8 = 17;
    const FRAGMENT: u8 = 44;
    packet[0] >> 4 == 6
        && packet.len() > HEADERS
        && (packet[6] == FRAGMENT || packet[6] == UDP && packet[42..44] == PORT.to_be_bytes())
}

/// Returns the items of a whole packet: those of its body, and those of its trailer.
pub(crate) fn items_of(packet: &[u8]) -> [Vec<(u8, &[u8])>; 2] {
    let body = &packet[HEADERS..];
    let length = 4 + usize::from(u16::from_be_bytes([body[2], body[3]]));
    [items(&body[4..length]), items(&body[length..])]
}

/// Divides octets into items.
fn items(mut octets: &[u8]) -> Vec<(u8, &[u8])> {
    let mut all = Vec::new();
    while let [kind, rest @ ..] = octets {
        if *kind == 0 {
            octets = rest;
            continue;
        }
        let length = usize::from(rest[0]);
        all.push((*kind, &rest[1..=length]));
        octets = &rest[1 + length..];
    }
    all
}
