//! The forced end: a draining link that is still there at its limit is closed, used or not.
//!
//! No end can hold a link by promises: neither one that agrees to a drain and never leaves,
//! nor one that says it left and goes on sending, nor an owner that condemns and never closes.

use words::{LinkId, Time};

use crate::agreement::agreed_death;
use crate::life::{Drain, Other, Said};
use crate::wire::Frame;
use crate::{Arrows, Death, Event, Holdout, Output};

impl Arrows {
    /// The limit of a draining link is reached.
    ///
    /// An arrow that was unused when it was condemned, and is in use now at either end,
    /// gets what `in-use` grants from the beginning; any other link is closed, used or not.
    pub(crate) fn limit_reached(&mut self, id: LinkId, now: Time) {
        let (limit, quiet) = (self.settings.destruction.in_use.limit(), self.settings.quiet);
        let Some(link) = self.links.get_mut(&id) else { return };
        let (node, used_by) = (link.peer, link.used_by);
        let Some(drain) = link.drain() else { return };
        let in_use = used_by > 0 || matches!(drain.other, Other::Using(1..));
        if drain.unused
            && in_use
            && drain.since + limit > now
            && let Some(verdict) = &mut drain.verdict
        {
            drain.unused = false;
            verdict.until = drain.since + limit;
            return;
        }
        let of = forced_death(drain);
        let by = holdout(drain, used_by, now < drain.crossed + quiet);
        self.tell(id, Frame::Farewell);
        if of != Death::Condemned {
            self.say(Output::Event(Event::Overstayed { link: id, node, by }));
        }
        self.close(id, of, now);
    }
}

/// Returns what a link dies of that is closed at its limit.
const fn forced_death(drain: &Drain) -> Death {
    match drain {
        Drain { verdict: None, .. } => Death::Overdue,
        Drain { unused: true, .. } => Death::Condemned,
        Drain { said: Said::Goodbye, .. } => agreed_death(drain),
        Drain { said: Said::Draining | Said::Left, .. } => Death::Overdue,
    }
}

/// Returns why a link is still there at its limit, over which payload is `crossing` or not.
const fn holdout(drain: &Drain, used_by: u32, crossing: bool) -> Holdout {
    match (drain.verdict, drain.other) {
        (None, _) => Holdout::NeverClosed,
        (Some(_), _) if matches!(drain.said, Said::Goodbye) => Holdout::NoAnswer,
        (Some(_), Other::Unaware) => Holdout::Unaware,
        (Some(_), Other::Using(_)) => Holdout::NeverLeft,
        (Some(_), Other::Left(_)) if used_by > 0 => Holdout::Ourselves,
        (Some(_), Other::Left(_)) if crossing => Holdout::KeptSending,
        (Some(_), Other::Left(_)) => Holdout::NoAnswer,
    }
}
