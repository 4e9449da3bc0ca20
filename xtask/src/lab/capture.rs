//! What tcpdump wrote: packets as they were on the emulated Internet.
//!
//! ```text
//! file   = magic 4 │ version 4 │ zone 4 │ accuracy 4 │ longest 4 │ link type 4 │ record …
//! record = seconds 4 │ fraction 4 │ octets here 4 │ octets on the wire 4 │ octets
//! ```
//!
//! Integers are in the order of the machine that wrote it, which is this one.

/// Packets over Ethernet, and packets with nothing before them.
const ETHERNET: u32 = 1;
const RAW: u32 = 101;

const UDP: u8 = 17;

/// Returns the packets of a capture, each from its IP header on.
///
/// # Errors
///
/// When the file is no capture of a kind we read.
pub(super) fn packets(file: &[u8]) -> Result<Vec<&[u8]>, String> {
    let (head, mut rest) = file.split_at_checked(24).ok_or("an empty capture")?;
    let before = match number(head, 20) {
        Some(ETHERNET) => 14,
        Some(RAW) => 0,
        Some(other) => return Err(format!("link type {other} is not understood")),
        None => return Err("an empty capture".into()),
    };
    let mut packets = Vec::new();
    while let Some((record, after)) = rest.split_at_checked(16) {
        let length = number(record, 8).and_then(|length| usize::try_from(length).ok());
        let Some((frame, next)) = length.and_then(|length| after.split_at_checked(length)) else {
            break;
        };
        packets.extend(frame.get(before..));
        rest = next;
    }
    Ok(packets)
}

/// Returns what an IP packet carries in UDP, if it does.
pub(super) fn datagram(packet: &[u8]) -> Option<&[u8]> {
    let first = *packet.first()?;
    let (protocol, header) = match first >> 4 {
        4 => (*packet.get(9)?, usize::from(first & 15) * 4),
        6 => (*packet.get(6)?, 40),
        _ => return None,
    };
    if protocol == UDP { packet.get(header + 8..) } else { None }
}

/// Finds an octet that can be foretold: one place, from the first, where one value is
/// far more frequent than chance has it.
///
/// Only the first 64 places are looked at, and only if there are 1000 datagrams.
///
/// # Errors
///
/// The place, the value and its frequency, or that there are too few datagrams.
pub(super) fn all_look_random(datagrams: &[&[u8]]) -> Result<(), String> {
    if datagrams.len() < 1000 {
        return Err(format!("only {} datagrams were captured", datagrams.len()));
    }
    for place in 0..64 {
        let mut counts = [0_usize; 256];
        let here = datagrams.iter().filter_map(|datagram| datagram.get(place));
        for octet in here {
            if let Some(count) = counts.get_mut(usize::from(*octet)) {
                *count += 1;
            }
        }
        let total: usize = counts.iter().sum();
        // The mean is total / 256; nine times as much, and 30 more, does not happen by chance.
        let limit = total * 9 / 256 + 30;
        if let Some((value, count)) = counts.iter().enumerate().find(|(_, count)| **count > limit) {
            return Err(format!("octet {place} is {value:#04x} in {count} of {total} datagrams"));
        }
    }
    Ok(())
}

fn number(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(octets.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(link_type: u32, frames: &[&[u8]]) -> Vec<u8> {
        let mut file = vec![0; 20];
        file.extend(link_type.to_ne_bytes());
        for frame in frames {
            let length = u32::try_from(frame.len()).unwrap().to_ne_bytes();
            file.extend([[0; 4], [0; 4], length, length].concat());
            file.extend(*frame);
        }
        file
    }

    #[test]
    fn datagrams_are_found_in_raw_and_ethernet_captures() {
        let mut packet = vec![0x45; 20];
        packet[9] = UDP;
        packet.extend([0, 1, 0, 2, 0, 11, 0, 0, b'a', b'b', b'c']);
        let frame = [vec![0; 14], packet.clone()].concat();
        for (link_type, frame) in [(RAW, packet), (ETHERNET, frame)] {
            let file = capture(link_type, &[&frame, &frame]);
            let packets = packets(&file).unwrap();
            assert_eq!(packets.len(), 2);
            assert_eq!(datagram(packets[1]), Some(&b"abc"[..]));
        }
    }

    #[test]
    fn half_a_record_ends_the_reading() {
        let file = capture(RAW, &[&[0x45; 40]]);
        assert_eq!(packets(&file[..file.len() - 1]).unwrap().len(), 0);
        assert!(packets(&[]).is_err());
    }

    #[test]
    fn one_octet_that_is_always_the_same_is_found() {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        let mut all: Vec<Vec<u8>> =
            (0..2000).map(|_| (0..64).map(|_| random()).collect()).collect();
        let views: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        assert_eq!(all_look_random(&views), Ok(()));
        for datagram in &mut all {
            datagram[5] = 42;
        }
        let views: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        assert!(all_look_random(&views).unwrap_err().contains("octet 5 is 0x2a"));
    }
}
