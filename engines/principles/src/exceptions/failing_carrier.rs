//! Exception: a carrier that keeps failing is drawn less.

use words::{Carrier, Carriers};

use super::{Exception, Principle};
use crate::Urn;

/// See [`super::ALL`].
pub(super) static FAILING_CARRIER: Exception = Exception {
    name: "failing-carrier",
    bends: Principle::Selection,
    because: "a filter that blocks one tunnel technology would waste most of our dials",
    does: "adds balls for the carriers that failed less often in a row",
    never: "takes a carrier's own ball: filters change, so every carrier is tried some day",
    bound: "at most 9 more balls for a carrier; one success forgives all",
    test: "a_blocked_carrier_is_drawn_less_and_never_never",
};

const MOST: u8 = 9;

/// How often each carrier failed since it last worked. Of carriers, never of nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailingCarrier {
    failures: [u8; Carrier::ALL.len()],
}

impl FailingCarrier {
    /// Notes that a link by this carrier could not be opened.
    pub fn failed(&mut self, carrier: Carrier) {
        if let Some(failures) = self.failures.get_mut(carrier as usize) {
            *failures = failures.saturating_add(1).min(MOST);
        }
    }

    /// Notes that a link by this carrier reached the other end.
    pub fn worked(&mut self, carrier: Carrier) {
        if let Some(failures) = self.failures.get_mut(carrier as usize) {
            *failures = 0;
        }
    }

    /// Returns how often `carrier` failed since it last worked, 0 to 9.
    pub fn failures(&self, carrier: Carrier) -> u8 {
        self.failures.get(carrier as usize).copied().unwrap_or(0)
    }

    pub(crate) fn bend(&self, urn: &mut Urn<Carrier>, common: Carriers) {
        let worst = common.iter().map(|carrier| self.failures(carrier)).max().unwrap_or(0);
        for carrier in common.iter() {
            urn.outweigh(carrier, worst - self.failures(carrier), &FAILING_CARRIER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use words::Dice;

    #[test]
    fn a_blocked_carrier_is_drawn_less_and_never_never() {
        let common = Carriers::of([Carrier::Udp, Carrier::Tls]);
        let mut failing = FailingCarrier::default();
        for _ in 0..1_000 {
            failing.failed(Carrier::Udp);
        }
        let mut dice = Dice::of([8; 32], "carrier");
        let mut urn = Urn::of(common.iter());
        failing.bend(&mut urn, common);
        let blocked = (0..11_000)
            .filter(|_| urn.draw_one(&mut dice).is_some_and(|d| d.item == Carrier::Udp))
            .count();
        // One ball of eleven.
        assert!((900..1_100).contains(&blocked), "{blocked}");

        failing.worked(Carrier::Udp);
        assert_eq!(failing, FailingCarrier::default());
    }
}
