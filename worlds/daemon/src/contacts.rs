//! The file of contacts: introductions, each after its length in two octets.
//!
//! It only saves time at the next start: what is damaged in it is nobody's introduction.

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

/// Reads the file's octets; never fails. What is left after the first damage is the last
/// of them, which nobody believes: so it is counted.
pub fn decode(mut file: &[u8]) -> Vec<Vec<u8>> {
    let mut introductions = Vec::new();
    while let Some((introduction, rest)) = split_first(file) {
        introductions.push(introduction.to_vec());
        file = rest;
    }
    if !file.is_empty() {
        introductions.push(file.to_vec());
    }
    introductions
}

fn split_first(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = file.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
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
        fn what_is_cut_short_is_the_last(all in proptest::collection::vec(any::<Vec<u8>>(), 0..9)) {
            let mut file = encode(&all);
            file.extend([0, 9, 1]);
            let mut read = decode(&file);
            prop_assert_eq!(read.pop(), Some(vec![0, 9, 1]));
            prop_assert_eq!(read, all);
        }

        #[test]
        fn any_octets_are_read(octets: Vec<u8>) {
            decode(&octets);
        }
    }
}
