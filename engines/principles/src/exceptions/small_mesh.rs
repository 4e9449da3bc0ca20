//! Exception: the user's `ensure` rules, for meshes where chance finds too little.

use alloc::vec::Vec;

use words::{Carrier, Carriers, Dice, NodeId, Share};

use super::{Exception, Principle};
use crate::Urn;
use crate::selection::{Held, Prospects, Traits};

/// See [`super::ALL`].
pub(super) static SMALL_MESH: Exception = Exception {
    name: "small-mesh",
    bends: Principle::Selection,
    because: "in a small mesh behind a filter, random selection needs about an hour \
              to find the one arrow that performs",
    does: "adds balls for what the user's rules ask (an arrow to this country, \
           an arrow by this carrier), while a rule is not met",
    never: "adds a ball once the rules are met, nor closes an arrow for their sake",
    bound: "half of the balls for all rules together, and what other exceptions leave; \
            8 rules, 3 arrows each",
    test: "helps_until_the_rule_is_met",
};

/// All rules together hold at most this share of the urn.
const SHARE: Share = Share::percent(50);

/// What a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensure {
    /// Arrows to nodes in this country, two capital ASCII letters (ISO 3166).
    Country([u8; 2]),
    /// Arrows by this carrier.
    Carrier(Carrier),
}

/// At least so many arrows of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How many arrows, 1 to 3.
    pub at_least: u8,
    /// Of what kind.
    pub ensure: Ensure,
}

/// The rules which the user set; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmallMesh {
    rules: Vec<Rule>,
}

impl SmallMesh {
    /// Returns the exception with these `rules`.
    ///
    /// Clamped to the first 8 rules, and 3 arrows each.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let clamped = |rule: Rule| Rule { at_least: rule.at_least.min(3), ..rule };
        Self { rules: rules.into_iter().take(8).map(clamped).collect() }
    }

    /// Returns the rules in force.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(crate) fn bend(&self, urn: &mut Urn<NodeId>, prospects: &Prospects<'_>, dice: &mut Dice) {
        let unmet: Vec<_> =
            self.rules.iter().filter(|rule| !rule.is_met(prospects.held, likely)).collect();
        let wanted: Vec<_> = (prospects.candidates.iter())
            .filter(|candidate| unmet.iter().any(|rule| rule.fits(candidate.traits)))
            .map(|candidate| candidate.node)
            .collect();
        urn.favour(&wanted, SHARE, &SMALL_MESH, dice);
    }

    pub(crate) fn bend_carrier(
        &self,
        urn: &mut Urn<Carrier>,
        common: Carriers,
        held: &[Held],
        dice: &mut Dice,
    ) {
        let unmet = self.rules.iter().filter(|rule| !rule.is_met(held, surely));
        let asked: Vec<_> = unmet.filter_map(|rule| rule.carrier()).collect();
        let wanted: Vec<_> = common.iter().filter(|carrier| asked.contains(carrier)).collect();
        urn.favour(&wanted, SHARE, &SMALL_MESH, dice);
    }
}

impl Rule {
    /// Tells whether enough of the `held` arrows are of its kind, `by` this judgement.
    fn is_met(self, held: &[Held], by: fn(&Held, Carrier) -> bool) -> bool {
        let fits = |arrow: &&Held| match self.ensure {
            Ensure::Country(country) => arrow.traits.country == Some(country),
            Ensure::Carrier(carrier) => by(arrow, carrier),
        };
        held.iter().filter(fits).count() >= usize::from(self.at_least)
    }

    fn fits(self, traits: Traits) -> bool {
        match self.ensure {
            Ensure::Country(country) => traits.country == Some(country),
            Ensure::Carrier(carrier) => traits.carriers.has(carrier),
        }
    }

    const fn carrier(self) -> Option<Carrier> {
        match self.ensure {
            Ensure::Country(_) => None,
            Ensure::Carrier(carrier) => Some(carrier),
        }
    }
}

/// The arrow has the carrier.
fn surely(arrow: &Held, carrier: Carrier) -> bool {
    arrow.carrier == Some(carrier)
}

/// The arrow has the carrier, or can still get it.
fn likely(arrow: &Held, carrier: Carrier) -> bool {
    arrow.carrier.map_or(arrow.traits.carriers.has(carrier), |has| has == carrier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cause;
    use crate::selection::Candidate;
    use words::Prefix;

    const CHINA: Rule = Rule { at_least: 1, ensure: Ensure::Country(*b"CN") };
    const BY_TLS: Rule = Rule { at_least: 1, ensure: Ensure::Carrier(Carrier::Tls) };

    fn traits(country: [u8; 2], carriers: impl IntoIterator<Item = Carrier>) -> Traits {
        let carriers = Carriers::of(carriers);
        Traits { country: Some(country), carriers, well_known: false }
    }

    /// How many balls there are with 100 candidates, of which 4 are in China.
    fn total(bend: &SmallMesh, held: &[Held]) -> usize {
        let candidate = |n: u128| Candidate {
            node: NodeId(Prefix::new(n << 64, 64)),
            traits: traits(if n < 4 { *b"CN" } else { *b"FR" }, [Carrier::Udp]),
            delay: None,
        };
        let candidates: Vec<_> = (0..100).map(candidate).collect();
        let (named, introduced) = (&[][..], None);
        let prospects =
            Prospects { candidates: &candidates, alone: false, named, introduced, held, seats: 10 };
        let mut urn = Urn::of(candidates.iter().map(|c| c.node));
        bend.bend(&mut urn, &prospects, &mut Dice::of([4; 32], "small"));
        urn.total()
    }

    #[test]
    fn helps_until_the_rule_is_met() {
        let rules = SmallMesh::new([CHINA]);
        let arrow = |country| Held {
            traits: traits(country, []),
            carrier: Some(Carrier::Udp),
            cause: Cause::Chance,
        };
        assert_eq!(
            total(&rules, &[arrow(*b"FR")]),
            175,
            "96 others; half would be 92 more, three for four are 75"
        );
        assert_eq!(total(&rules, &[arrow(*b"CN")]), 100, "none any more");
        assert_eq!(total(&SmallMesh::default(), &[]), 100);
    }

    #[test]
    fn rules_nobody_can_meet_change_nothing() {
        assert_eq!(total(&SmallMesh::new([BY_TLS]), &[]), 100);
    }

    #[test]
    fn a_carrier_that_is_asked_for_is_drawn_more() {
        let rules = SmallMesh::new([BY_TLS]);
        let common = Carriers::of([Carrier::Udp, Carrier::Tls, Carrier::Gre]);
        let total = |held: &[Held]| {
            let mut urn = Urn::of(common.iter());
            rules.bend_carrier(&mut urn, common, held, &mut Dice::of([4; 32], "small"));
            urn.total()
        };
        let seeking =
            Held { traits: traits(*b"CN", [Carrier::Tls]), carrier: None, cause: Cause::Chance };
        assert_eq!(total(&[seeking]), 4, "tls holds two of the four");
        assert_eq!(total(&[Held { carrier: Some(Carrier::Tls), ..seeking }]), 3);
    }

    #[test]
    fn rules_are_clamped() {
        let many = SmallMesh::new([Rule { at_least: 200, ..CHINA }; 30]);
        assert_eq!((many.rules().len(), many.rules()[0].at_least), (8, 3));
    }
}
