//! The failures of an order's steps.

use app::log::reactions::Group;
use app::resilience::services::Service;
use app::state::settings::Executor;
use domain::order::Choice;
use domain::payment::Operation;
use domain::reason::Reason;

use super::Life;
use crate::provider::Whim;

/// A step of the saga, for an order that has all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    FirstStock,
    LastStock,
    Coupon,
    Point,
}

impl Part {
    pub const ALL: [Part; 4] = [Part::FirstStock, Part::LastStock, Part::Coupon, Part::Point];

    const fn name(self) -> &'static str {
        match self {
            Part::FirstStock => "the first product's stock",
            Part::LastStock => "the last product's stock",
            Part::Coupon => "the coupon",
            Part::Point => "the points",
        }
    }

    /// The reason of an order that is cancelled because this step failed.
    pub(super) const fn reason(self) -> Reason {
        match self {
            Part::FirstStock | Part::LastStock => Reason::StockExhausted,
            Part::Coupon => Reason::CouponNotUsable,
            Part::Point => Reason::PointsInsufficient,
        }
    }
}

/// A row that a step writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    Claim(Part),
    Payment,
    Shipment,
    Storage,
}

/// The duration of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Once or twice.
    Brief,
    /// Five times.
    Repeated,
    /// Past every deadline.
    Lasting,
}

impl Span {
    const ALL: [Span; 3] = [Span::Brief, Span::Repeated, Span::Lasting];

    const fn name(self) -> &'static str {
        match self {
            Span::Brief => "briefly",
            Span::Repeated => "five times",
            Span::Lasting => "past every deadline",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    None,
    /// The participant refuses: there is not enough stock, or no coupon or points.
    Refused(Part),
    /// The participant is unavailable.
    Out(Service, Span),
    /// The row cannot be written.
    Erring(Row, Span),
    /// The consumer group reads nothing.
    Silent(Group),
    /// The payment provider misbehaves.
    Provider(Operation, Whim, Span),
}

/// The groups that consume an order's events.
const GROUPS: [Group; 9] = [
    Group::Stock,
    Group::Coupon,
    Group::Point,
    Group::Completion,
    Group::Notices,
    Group::Ranking,
    Group::OrderProcessing,
    Group::OrderRetry,
    Group::Payment,
];

impl Failure {
    pub fn all() -> Vec<Failure> {
        let mut all = vec![Failure::None];
        all.extend(Part::ALL.map(Failure::Refused));
        all.extend(GROUPS.map(Failure::Silent));
        let rows = Part::ALL.map(Row::Claim).into_iter().chain([Row::Payment, Row::Shipment, Row::Storage]);
        let rows: Vec<Row> = rows.collect();
        for span in Span::ALL {
            if span != Span::Repeated {
                all.extend(Service::ALL.map(|service| Failure::Out(service, span)));
                all.extend(rows.iter().map(|row| Failure::Erring(*row, span)));
            }
            for operation in Operation::ALL {
                let whims = Whim::ALL.into_iter().filter(|whim| is_possible_whim(operation, *whim, span));
                all.extend(whims.map(|whim| Failure::Provider(operation, whim, span)));
            }
        }
        all
    }

    /// The lives in which the failure can occur.
    pub const fn lives(self) -> &'static [Life] {
        match self {
            Failure::None => &Life::ALL,
            Failure::Refused(_) | Failure::Out(..) | Failure::Erring(Row::Claim(_) | Row::Shipment, _) => &[Life::Sent],
            Failure::Silent(_) => &[Life::Sent],
            Failure::Erring(Row::Payment, _) => &[Life::Sent, Life::Paid],
            Failure::Erring(Row::Storage, _) => &[Life::Stored],
            Failure::Provider(Operation::Authorize | Operation::Capture, ..) => &[Life::Sent, Life::Paid],
            Failure::Provider(Operation::Void, ..) => &[Life::Withdrawn],
            Failure::Provider(Operation::Refund, ..) => &[Life::TakenBack, Life::Refunded],
        }
    }

    /// Returns whether the failure is possible: the inline executor has no consumer groups, and an order that claims everything at
    /// once sends no requests to participants.
    pub(super) fn is_possible(self, executor: Executor, choice: Choice) -> bool {
        let Failure::Silent(group) = self else { return true };
        let asks = !matches!(choice, Choice::Atomic | Choice::Sync);
        let is_asked = !matches!(group, Group::Stock | Group::Coupon | Group::Point | Group::Completion);
        executor == Executor::Log && (asks || is_asked)
    }

    /// Returns whether the failure lasts past deadlines.
    pub(super) const fn is_lasting(self) -> bool {
        match self {
            Failure::None | Failure::Refused(_) => false,
            Failure::Silent(_) => true,
            Failure::Out(_, span) | Failure::Erring(_, span) | Failure::Provider(_, _, span) => {
                matches!(span, Span::Lasting)
            }
        }
    }

    pub(super) fn name(self) -> String {
        match self {
            Failure::None => "nothing fails".to_owned(),
            Failure::Refused(part) => format!("{} is refused", part.name()),
            Failure::Out(service, span) => format!("{} is unavailable {}", service.name(), span.name()),
            Failure::Erring(Row::Claim(part), span) => format!("the claim of {} fails {}", part.name(), span.name()),
            Failure::Erring(row, span) => format!("{row:?} cannot be written {}", span.name()),
            Failure::Silent(group) => format!("{} is silent", group.name()),
            Failure::Provider(operation, whim, span) => {
                format!("{}: {} {}", operation.name(), whim.name(), span.name())
            }
        }
    }
}

/// Excludes impossible and redundant combinations: authorized money can be captured, so no capture is declined; a declined
/// authorization is not retried; repeated callbacks need no longer span.
const fn is_possible_whim(operation: Operation, whim: Whim, span: Span) -> bool {
    match (whim, span) {
        (Whim::Decline, Span::Brief) => !matches!(operation, Operation::Capture),
        (Whim::Decline | Whim::FailedAfterPending, _) => matches!(operation, Operation::Refund | Operation::Void),
        (Whim::FailedAfterDone, _) => matches!(operation, Operation::Refund),
        (Whim::ActedApproved | Whim::ActedDeclined | Whim::ActionAbandoned | Whim::ActedLate, span) => {
            matches!((operation, span), (Operation::Authorize, Span::Brief))
        }
        (_, Span::Repeated) => false,
        (Whim::Away | Whim::LostBefore | Whim::LostAfter | Whim::WrongAmount | Whim::Slow, _) => true,
        (Whim::ToldTwice | Whim::ToldFirst | Whim::TimedOut, Span::Brief) => true,
        (Whim::ToldTwice | Whim::ToldFirst | Whim::TimedOut, Span::Lasting) => false,
    }
}
