//! The file of contacts: introductions, each after its length in two octets.
//!
//! It only saves time at the next start: what is damaged in it is left out.

/// Returns the file's octets; an introduction over 65 535 octets is left out.
pub(crate) fn encode(introductions: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for introduction in introductions {
        if let Ok(length) = u16::try_from(introduction.len()) {
            file.extend(length.to_be_bytes());
            file.extend(introduction);
        }
    }
    file
}

/// Reads the file's octets, up to the first damage; never fails.
pub fn decode(mut file: &[u8]) -> Vec<Vec<u8>> {
    let mut introductions = Vec::new();
    while let Some((length, rest)) = file.split_first_chunk::<2>() {
        let Some((introduction, rest)) = rest.split_at_checked(u16::from_be_bytes(*length).into())
        else {
            break;
        };
        introductions.push(introduction.to_vec());
        file = rest;
    }
    introductions
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn goes_both_ways(all in proptest::collection::vec(any::<Vec<u8>>(), 0..20)) {
            prop_assert_eq!(decode(&encode(&all)), all);
        }

        #[test]
        fn any_octets_are_read(octets: Vec<u8>) {
            decode(&octets);
        }
    }
}
