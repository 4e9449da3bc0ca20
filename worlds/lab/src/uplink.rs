//! What the lines of nodes carry, and what the nodes say of them.

use std::str::FromStr;

use crate::internet::{HostId, Model};

/// What a node sends at most, and what it says that it can, in Mbit/s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// What its line sends, 1 to 10 000.
    pub sends: u32,
    /// What its configuration says, 1 to 100 000; a liar says another number.
    pub says: u32,
}

/// Text that is no uplink.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not understood; write Mbit/s, 1 to 10000, and :N if it says another number, as \
     20:100000"
)]
pub struct NoUplink(String);

impl FromStr for Uplink {
    type Err = NoUplink;

    /// Reads `80`, or `20:100000` for a node that says what is not so.
    ///
    /// # Errors
    ///
    /// [`NoUplink`], with the form, for other text.
    fn from_str(text: &str) -> Result<Self, NoUplink> {
        let (sends, says) = text.split_once(':').unwrap_or((text, text));
        let number = |text: &str, most: u32| {
            let number = text.trim().parse::<u32>().ok();
            number.filter(|number| (1..=most).contains(number))
        };
        let both = number(sends, 10_000).zip(number(says, 100_000));
        both.map(|(sends, says)| Self { sends, says }).ok_or_else(|| NoUplink(text.to_owned()))
    }
}

impl Uplink {
    /// Returns the uplink of a node: the nodes take them in turn. `None` without any, and of the
    /// registry.
    pub(crate) fn of(all: &[Self], node: HostId) -> Option<Self> {
        let turn = node.index().checked_sub(1)?.checked_rem(all.len())?;
        all.get(turn).copied()
    }
}

/// Gives the nodes of a model these uplinks, in turn.
pub(crate) fn lay(model: &mut Model, all: &[Uplink]) {
    for node in model.nodes() {
        if let Some(uplink) = Uplink::of(all, node) {
            model.set_uplink(node, u64::from(uplink.sends) * 1_000_000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uplink_is_a_number_or_two_and_is_taken_in_turn() {
        let all: Vec<Uplink> = ["80", "20:100000"].map(|text| text.parse().unwrap()).into();
        assert_eq!(all, [Uplink { sends: 80, says: 80 }, Uplink { sends: 20, says: 100_000 }]);
        for text in ["", "0", "20:", "20:0", "10001", "20:100001", "-1", "x"] {
            assert!(text.parse::<Uplink>().is_err(), "{text}");
        }
        let of = |node| Uplink::of(&all, HostId(node)).map(|uplink| uplink.sends);
        assert_eq!([0, 1, 2, 3].map(of), [None, Some(80), Some(20), Some(80)]);
        let mut model = Model::draw(3, [1; 32]);
        lay(&mut model, &all);
        let laid = model.places().iter().skip(1).map(|place| place.uplink / 1_000_000);
        assert_eq!(laid.collect::<Vec<_>>(), [80, 20, 80]);
    }
}
