//! The ends of cases.

use domain::money::Money;
use domain::order::{Outcome, Status};
use domain::reason::Reason;

use super::cases::Case;
use super::failure::Failure;
use crate::verdict::{Verdict, ensure};

/// The end of a case, as the customer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    outcome: Outcome,
    status: Status,
    reason: Option<Reason>,
    /// Money captured and not refunded.
    held: Money,
}

impl Ending {
    pub(super) const fn new(outcome: Outcome, status: Status, reason: Option<Reason>, held: Money) -> Ending {
        Ending { outcome, status, reason, held }
    }

    /// Without a failure, an order ends as its life expects; with a refused step, it is cancelled for that reason.
    pub(super) fn is_expected(self, cell: &Case) -> Verdict {
        let is_expected = match cell.failure {
            Failure::None => (self.outcome, self.status) == cell.life.end(),
            Failure::Refused(part) => self.outcome == Outcome::Cancelled && self.reason == Some(part.reason()),
            Failure::Out(..) | Failure::Erring(..) | Failure::Silent(_) | Failure::Provider(..) => true,
        };
        ensure(is_expected, || format!("it ends with {self:?}"))
    }

    /// A crash does not change the end of an order, except when the failure outlasts deadlines: then both ends are right.
    pub(super) fn is_as(self, calm: &Ending, cell: &Case) -> Verdict {
        ensure(cell.failure.is_lasting() || self == *calm, || {
            format!("it ends with {self:?}, without the crash with {calm:?}")
        })
    }
}
