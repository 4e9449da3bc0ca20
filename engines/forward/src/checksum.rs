//! The Internet checksum.

/// Returns the ones' complement sum of `parts`, each padded to an even length.
///
/// Source: RFC 1071.
pub(crate) fn sum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u64;
    for part in parts {
        let mut words = part.chunks_exact(2);
        for word in &mut words {
            if let [high, low] = *word {
                sum += u64::from(u16::from_be_bytes([high, low]));
            }
        }
        if let [last] = *words.remainder() {
            sum += u64::from(u16::from_be_bytes([last, 0]));
        }
    }
    fold(sum)
}

/// Returns the checksum that replaces `old` where the 16 bits `was` became `is`.
///
/// Source: RFC 1624 §3, equation 3.
pub(crate) fn renewed(old: u16, was: u16, is: u16) -> u16 {
    !fold(u64::from(!old) + u64::from(!was) + u64::from(is))
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_holds() {
        // RFC 1071 §3.
        assert_eq!(sum(&[&[0x00, 0x01, 0xf2, 0x03], &[0xf4, 0xf5, 0xf6, 0xf7]]), 0xddf2);
        assert_eq!(sum(&[&[0x12]]), 0x1200);
        // RFC 1624 §4.
        assert_eq!(renewed(0xdd2f, 0x5555, 0x3285), 0x0000);
    }
}
