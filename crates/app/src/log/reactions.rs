//! The table of reactions: which event leads to which command of which consumer group.
//!
//! This is the only list. The inline executor follows it within the batch; the log executor subscribes by it.

use domain::ids::{CampaignId, Code, Codec, UserId};
use domain::money::Money;
use domain::order::saga::{Report, Step};
use domain::reason::Reason;
use domain::time::Timestamp;

use crate::commands::{Command, FailedDelivery, Reaction};
use crate::events::event::{Event, EventKind, StepReport};
use crate::events::notices::content::{self, OrderNews};
use crate::state::rows::{DeadLetter, Message};

pub use crate::log::group::Group;

impl Group {
    pub fn subscribes_to(self, kind: EventKind) -> bool {
        REACTIONS.iter().any(|(on, group)| *on == kind && *group == self)
    }
}

/// All reactions. All of them may run inline: none leaves the process.
pub const REACTIONS: &[(EventKind, Group)] = &[
    (EventKind::StockDeductionRequested, Group::Stock),
    (EventKind::StockRestorationRequired, Group::Stock),
    (EventKind::CouponUsageRequested, Group::Coupon),
    (EventKind::CouponRestorationRequired, Group::Coupon),
    (EventKind::PointDeductionRequested, Group::Point),
    (EventKind::PointRestorationRequired, Group::Point),
    (EventKind::StockDeductionCompleted, Group::Completion),
    (EventKind::StockDeductionFailed, Group::Completion),
    (EventKind::CouponUsageCompleted, Group::Completion),
    (EventKind::CouponUsageFailed, Group::Completion),
    (EventKind::PointDeductionCompleted, Group::Completion),
    (EventKind::PointDeductionFailed, Group::Completion),
    (EventKind::DelayedProcessing, Group::Completion),
    (EventKind::StockRestored, Group::Completion),
    (EventKind::CouponRestored, Group::Completion),
    (EventKind::PointsRestored, Group::Completion),
    (EventKind::CouponRequested, Group::CouponRequest),
    (EventKind::CouponResult, Group::CouponResult),
    (EventKind::CouponIssued, Group::Notices),
    (EventKind::OrderAwaitingPayment, Group::Notices),
    (EventKind::OrderCompleted, Group::Notices),
    (EventKind::OrderCancelled, Group::Notices),
    (EventKind::OrderCompleted, Group::Ranking),
    (EventKind::OrderProcessingRequested, Group::OrderProcessing),
    (EventKind::OrderProcessingRetried, Group::OrderRetry),
    (EventKind::OrderStatusChanged, Group::Notices),
    (EventKind::OrderReturned, Group::Notices),
    (EventKind::OrderRefundRejected, Group::Notices),
    (EventKind::OrderReturned, Group::Ranking),
    (EventKind::OrderProcessingFailed, Group::Notices),
    (EventKind::PaymentFailed, Group::Notices),
    (EventKind::PaymentStuck, Group::Notices),
    (EventKind::PaymentRequested, Group::Payment),
    (EventKind::PaymentRefundRequested, Group::Payment),
    (EventKind::CompensationStuck, Group::Notices),
];

/// Returns the groups that react to an event, in the order of the table.
pub fn groups_of(kind: EventKind) -> impl Iterator<Item = Group> {
    REACTIONS.iter().filter(move |(on, _)| *on == kind).map(|(_, group)| *group)
}

/// Returns a group's command for an event. `None`: the event has codes that are not this shop's.
pub fn command(group: Group, event: &Event, at: Timestamp, codec: &Codec) -> Option<Reaction> {
    match group {
        Group::Stock | Group::Coupon | Group::Point => participant(event, codec),
        Group::Completion => collect(event, at, codec),
        Group::CouponRequest | Group::CouponResult => request(event, codec),
        Group::Notices => notice(event, codec),
        Group::Ranking => ranking(event, at, codec),
        Group::OrderProcessing | Group::OrderRetry => process_order(event, codec),
        Group::Payment => call(event, codec),
        // They digest slices (`crate::log::trailing`).
        Group::CouponStatistics
        | Group::OrderStatistics
        | Group::OrderAnalytics
        | Group::Webhooks
        | Group::Alerts
        | Group::AlertMails
        | Group::CouponNotifications
        | Group::OrderNotifications => None,
    }
}

/// Returns the command that handles a message again: a letter, or an event that was parked.
pub fn again(group: Group, message: &Message, codec: &Codec) -> Option<Reaction> {
    if group.notifies() {
        return Some(Reaction::NotifyAgain { event: message.id });
    }
    command(group, &message.event().ok()?, message.at, codec)
}

fn participant(event: &Event, codec: &Codec) -> Option<Reaction> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the table above has no other events for these groups")]
    Some(match event {
        Event::StockDeductionRequested(asked) => Reaction::ClaimStock {
            order: codec.order_id(asked.order_id.as_str())?,
            product: asked.product_id,
            quantity: asked.quantity,
        },
        Event::CouponUsageRequested(asked) => Reaction::ClaimCoupon {
            order: codec.order_id(asked.order_id.as_str())?,
            user: asked.user_id,
            campaign: asked.coupon_id,
            coupon: match &asked.user_coupon_id {
                Some(code) => Some(codec.coupon_id(code.as_str())?),
                None => None,
            },
        },
        Event::PointDeductionRequested(asked) => Reaction::ClaimPoints {
            order: codec.order_id(asked.order_id.as_str())?,
            user: asked.user_id,
            amount: asked.points,
        },
        Event::StockRestorationRequired(asked) => Reaction::ReleaseStock {
            order: codec.order_id(asked.order_id.as_str())?,
            product: asked.product_id,
            quantity: asked.quantity,
        },
        Event::CouponRestorationRequired(asked) => Reaction::ReleaseCoupon {
            order: codec.order_id(asked.order_id.as_str())?,
            user: asked.user_id,
            campaign: asked.coupon_id,
        },
        Event::PointRestorationRequired(asked) => Reaction::ReleasePoints {
            order: codec.order_id(asked.order_id.as_str())?,
            user: asked.user_id,
            amount: asked.points,
        },
        _ => return None,
    })
}

fn collect(event: &Event, at: Timestamp, codec: &Codec) -> Option<Reaction> {
    if let Event::DelayedProcessing(delayed) = event {
        let order = codec.order_id(delayed.order_id.as_str())?;
        return Some(Reaction::Delay { order, step: delayed.step, until: delayed.ask_again_at });
    }
    let (asked, report) = step_report(event)?;
    let order = codec.order_id(asked.order_id.as_str())?;
    Some(Reaction::Collect { order, step: asked.step, report, at })
}

impl FailedDelivery {
    /// Returns the command that resends a letter for an operator.
    pub fn resend(letter: &DeadLetter, reason: &str, codec: &Codec) -> Command {
        let reaction = again(letter.group, &letter.message, codec);
        let (letter, reason) = (Box::new(letter.clone()), Some(reason.into()));
        Command::FailedDelivery(FailedDelivery::Resend { letter, reaction, reason })
    }
}

/// Returns the step and its report, if the event is a participant's answer.
pub fn step_report(event: &Event) -> Option<(&StepReport, Report)> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only participants' answers report a step")]
    Some(match event {
        Event::StockDeductionCompleted(asked)
        | Event::CouponUsageCompleted(asked)
        | Event::PointDeductionCompleted(asked) => (asked, Report::Completed),
        Event::StockDeductionFailed(asked) | Event::CouponUsageFailed(asked) | Event::PointDeductionFailed(asked) => {
            (asked, Report::Failed(asked.reason.unwrap_or(Reason::StepTimedOut)))
        }
        Event::StockRestored(asked) | Event::CouponRestored(asked) | Event::PointsRestored(asked) => {
            (asked, Report::Restored)
        }
        _ => return None,
    })
}

/// What a report's commit moved. A repeated report moves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Moved {
    #[default]
    Nothing,
    Units(i64),
    Points(UserId, Money),
    /// A customer's coupon, by its public number, and its campaign.
    Coupon(UserId, Code, CampaignId),
}

/// Returns the event of a participant's report.
pub fn report_event(step: Step, report: Report, moved: Moved, order: Code) -> Event {
    let ok = !matches!(report, Report::Failed(_));
    let reason = match report {
        Report::Failed(reason) => Some(reason),
        Report::Completed | Report::Restored => None,
    };
    let nothing = StepReport {
        order_id: order,
        step,
        ok,
        reason,
        quantity: None,
        user_id: None,
        user_coupon_id: None,
        points: None,
        coupon_id: None,
    };
    let payload = match moved {
        Moved::Nothing => nothing,
        Moved::Units(quantity) => StepReport { quantity: Some(quantity), ..nothing },
        Moved::Points(user, points) => StepReport { user_id: Some(user), points: Some(points), ..nothing },
        Moved::Coupon(user, coupon, campaign) => {
            let (user_id, coupon_id) = (Some(user), Some(campaign));
            StepReport { user_id, user_coupon_id: Some(coupon), coupon_id, ..nothing }
        }
    };
    match (step, report) {
        (Step::Stock(_), Report::Completed) => Event::StockDeductionCompleted(payload),
        (Step::Stock(_), Report::Failed(_)) => Event::StockDeductionFailed(payload),
        (Step::Stock(_), Report::Restored) => Event::StockRestored(payload),
        (Step::Coupon, Report::Completed) => Event::CouponUsageCompleted(payload),
        (Step::Coupon, Report::Failed(_)) => Event::CouponUsageFailed(payload),
        (Step::Coupon, Report::Restored) => Event::CouponRestored(payload),
        (Step::Point, Report::Completed) => Event::PointDeductionCompleted(payload),
        (Step::Point, Report::Failed(_)) => Event::PointDeductionFailed(payload),
        (Step::Point, Report::Restored) => Event::PointsRestored(payload),
    }
}

fn request(event: &Event, codec: &Codec) -> Option<Reaction> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the table above has no other events for these groups")]
    Some(match event {
        Event::CouponRequested(asked) => Reaction::DecideRequest {
            request: codec.request_id(asked.request_id.as_str())?,
            user: asked.user_id,
            campaign: asked.coupon_id,
        },
        Event::CouponResult(result) => Reaction::DeliverResult {
            request: codec.request_id(result.request_id.as_str())?,
            result: Box::new(result.clone()),
        },
        _ => return None,
    })
}

fn notice(event: &Event, codec: &Codec) -> Option<Reaction> {
    if let Some(OrderNews { user, order, change }) = content::order_news(event) {
        return Some(Reaction::NoticeOrder { user, order: codec.order_id(order.as_str())?, change });
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "the table above has no other events for these groups")]
    Some(match event {
        Event::CouponIssued(issued) => Reaction::NoticeCoupon { issued: Box::new(issued.clone()) },
        Event::OrderReturned(returned) => {
            let order = codec.order_id(returned.order_id.as_str())?;
            Reaction::NoticeReturned { order, returned: Box::new(returned.clone()) }
        }
        Event::OrderRefundRejected(rejected) => {
            let order = codec.order_id(rejected.order_id.as_str())?;
            Reaction::NoticeRejected { order, rejected: Box::new(rejected.clone()) }
        }
        Event::OrderProcessingFailed(failed) => Reaction::NoticeFailed { failed: Box::new(failed.clone()) },
        Event::PaymentFailed(failed) => Reaction::NoticePaymentFailed { failed: Box::new(failed.clone()) },
        Event::PaymentStuck(stuck) => Reaction::NoticeStuck { stuck: Box::new(stuck.clone()) },
        _ => return None,
    })
}

fn process_order(event: &Event, codec: &Codec) -> Option<Reaction> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the table above has no other events for these groups")]
    Some(match event {
        Event::OrderProcessingRequested(asked) => {
            Reaction::ProcessOrder { order: codec.order_id(asked.order_id.as_str())?, method: asked.method }
        }
        Event::OrderProcessingRetried(asked) => Reaction::RetryPayment {
            order: codec.order_id(asked.order_id.as_str())?,
            attempt: asked.attempt,
            retry: asked.retry_count,
        },
        _ => return None,
    })
}

/// Returns the reaction that makes the requested payment operation due.
fn call(event: &Event, codec: &Codec) -> Option<Reaction> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the table above has no other events for these groups")]
    let (order, attempt, refund) = match event {
        Event::PaymentRequested(note) => (&note.order_id, note.attempt, 0),
        Event::PaymentRefundRequested(note) => (&note.order_id, note.attempt, note.refund),
        _ => return None,
    };
    Some(Reaction::CallProvider { order: codec.order_id(order.as_str())?, attempt, refund })
}

fn ranking(event: &Event, at: Timestamp, codec: &Codec) -> Option<Reaction> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the table above has no other events for these groups")]
    Some(match event {
        Event::OrderCompleted(completed) => Reaction::CountSales {
            order: codec.order_id(completed.order_id.as_str())?,
            products: completed.products.clone(),
            at: completed.completed_at,
        },
        Event::OrderReturned(returned) => Reaction::CountReturns {
            order: codec.order_id(returned.order_id.as_str())?,
            products: returned.products.clone(),
            sold_at: returned.sold_at.unwrap_or(at),
        },
        _ => return None,
    })
}
