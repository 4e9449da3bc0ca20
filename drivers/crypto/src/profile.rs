//! The classic profile: how networks and nodes are written into certificates.
//!
//! - serial number of the authority = binary 1, then the bits of the network:
//!   `0x120010db80042` is `2001:db8:42::/48`;
//! - common name of a node = `<decimal prefix>/<length>`: `7/16` in that network
//!   is `2001:db8:42:7::/64`.

use words::{NodeId, Prefix};

/// Returns the serial number of the authority of `network`, big endian.
pub(crate) fn serial_of(network: Prefix) -> Vec<u8> {
    let length = u32::from(network.length());
    let bits = network.bits().checked_shr(128 - length).unwrap_or(0);
    let Some(one) = 1_u128.checked_shl(length) else {
        // 129 bits: the leading 1 is an octet of its own.
        return [&[1], bits.to_be_bytes().as_slice()].concat();
    };
    let octets = (one | bits).to_be_bytes();
    octets.into_iter().skip_while(|octet| *octet == 0).collect()
}

/// Returns the network of the authority with this serial number, big endian.
///
/// `None` for a number that no network has: 0, or more than 129 bits.
pub(crate) fn network_of(serial: &[u8]) -> Option<Prefix> {
    let start = serial.iter().position(|octet| *octet != 0)?;
    let digits = serial.get(start..)?;
    if digits.len() > 17 {
        return None;
    }
    // The leading 1 is pushed out at the top; what is left is the network.
    let mut bits = 0_u128;
    for digit in digits {
        bits = (bits << 8) | u128::from(*digit);
    }
    let lead = digits.first()?;
    let length = 7 - lead.leading_zeros() + 8 * u32::try_from(digits.len() - 1).ok()?;
    if length > 128 {
        return None;
    }
    let bits = bits.checked_shl(128 - length).unwrap_or(0);
    Some(Prefix::new(bits, u8::try_from(length).ok()?))
}

/// Returns the common name of a node; `None` if it is not inside the network.
pub(crate) fn name_of(network: Prefix, node: NodeId) -> Option<String> {
    let length = node.0.length().checked_sub(network.length())?;
    if length == 0 || !network.covers(node.0) {
        return None;
    }
    let inside = node.0.bits().checked_shl(u32::from(network.length()))?;
    let number = inside.checked_shr(128 - u32::from(length))?;
    Some(format!("{number}/{length}"))
}

/// Returns the node of this common name.
///
/// # Errors
///
/// [`Name::Form`] for other text, [`Name::Outside`] for a number that the network
/// has no room for.
pub(crate) fn node_of(network: Prefix, name: &str) -> Result<NodeId, Name> {
    let (number, length) = name.split_once('/').ok_or(Name::Form)?;
    let number = decimal(number).ok_or(Name::Form)?;
    let length = decimal(length).ok_or(Name::Form)?;
    let length = u32::try_from(length).map_err(|_| Name::Outside)?;
    let whole = u32::from(network.length()).checked_add(length).ok_or(Name::Outside)?;
    let free = 128_u32.checked_sub(whole).ok_or(Name::Outside)?;
    if length == 0 || number.checked_shr(length).unwrap_or(0) != 0 {
        return Err(Name::Outside);
    }
    let whole = u8::try_from(whole).map_err(|_| Name::Outside)?;
    let inside = number.checked_shl(free).unwrap_or(0);
    Ok(NodeId(Prefix::new(network.bits() | inside, whole)))
}

/// Why a common name names no node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// Not `<decimal prefix>/<length>`.
    Form,
    /// The prefix does not fit the network.
    Outside,
}

/// Reads a number as the profile writes it: no sign, no leading zero.
fn decimal(text: &str) -> Option<u128> {
    let plain = text.bytes().all(|digit| digit.is_ascii_digit());
    let leads = text.len() > 1 && text.starts_with('0');
    if plain && !leads { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn classic() -> Prefix {
        "2001:db8:42::/48".parse().unwrap()
    }

    #[test]
    fn the_network_is_in_the_authoritys_serial() {
        let serial = [0x01, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x42];
        assert_eq!(serial_of(classic()), serial);
        assert_eq!(network_of(&serial), Some(classic()));
        assert_eq!(network_of(&[0, 0]), None);
        assert_eq!(network_of(&[2; 17]), None);
    }

    #[test]
    fn the_prefix_is_in_the_nodes_name() {
        let node = NodeId("2001:db8:42:7::/64".parse().unwrap());
        assert_eq!(name_of(classic(), node).as_deref(), Some("7/16"));
        assert_eq!(node_of(classic(), "7/16"), Ok(node));
        assert_eq!(node_of(classic(), "65536/16"), Err(Name::Outside));
        assert_eq!(node_of(classic(), "0/81"), Err(Name::Outside));
        assert_eq!(node_of(classic(), "0/0"), Err(Name::Outside));
        for name in ["", "7", "7/", "/16", "+7/16", "07/16", "7/16/1", "re6st.example.com"] {
            assert_eq!(node_of(classic(), name), Err(Name::Form), "{name}");
        }
        let elsewhere = NodeId("2001:db8:43:7::/64".parse().unwrap());
        assert_eq!(name_of(classic(), elsewhere), None);
        assert_eq!(name_of(classic(), NodeId(classic())), None);
    }

    proptest! {
        #[test]
        fn networks_and_serials_go_both_ways(bits: u128, length in 0..=128_u8) {
            let network = Prefix::new(bits, length);
            prop_assert_eq!(network_of(&serial_of(network)), Some(network));
        }

        #[test]
        fn nodes_and_names_go_both_ways(bits: u128, network in 0..=127_u8, more in 1..=128_u8) {
            let node = NodeId(Prefix::new(bits, network.saturating_add(more).min(128)));
            let network = Prefix::new(bits, network);
            let name = name_of(network, node).unwrap();
            prop_assert_eq!(node_of(network, &name), Ok(node));
        }

        #[test]
        fn no_name_or_serial_panics(name: String, serial: Vec<u8>, bits: u128, length in 0..=128_u8) {
            let _ = network_of(&serial);
            let _ = node_of(Prefix::new(bits, length), &name);
        }
    }
}
