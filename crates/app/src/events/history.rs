//! Rebuilds an order from its events on the wire.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{OrderId, ProductId};
use domain::order::fulfilment::Return;
use domain::order::{self, CouponWanted, Created, Order, Outcome, Status};
use domain::time::Timestamp;

use crate::events::event::{Event, OrderCreated, Sold};
use crate::log::reactions;
use crate::ports::views::HistoryEvent;

/// Why events do not form an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("its events do not begin with its creation")]
    NotCreated,
    #[error("{event} cannot follow {}", .after.name())]
    Illegal { event: &'static str, after: Outcome },
}

/// An order that is being rebuilt, event by event.
#[derive(Clone, Debug)]
pub struct Replay {
    id: OrderId,
    order: Option<Order>,
}

impl Replay {
    pub const fn new(id: OrderId) -> Replay {
        Replay { id, order: None }
    }

    /// Returns the order after the events so far.
    pub const fn order(&self) -> Option<&Order> {
        self.order.as_ref()
    }

    /// Folds one more event. Events without effect on the order's own state are ignored.
    pub fn take(&mut self, event: &Event, at: Timestamp) -> Result<(), Broken> {
        let Some(folded) = order_event(self.id, event, at) else { return Ok(()) };
        match &self.order {
            None if !matches!(folded, order::Event::Created(_)) => return Err(Broken::NotCreated),
            Some(order) if !may_follow(order, &folded) => {
                return Err(Broken::Illegal { event: event.kind().name(), after: order.outcome });
            }
            _ => {}
        }
        order::evolve(&mut self.order, &folded, at);
        Ok(())
    }
}

/// Returns the order after each event of its history.
pub fn replay(id: OrderId, history: &[HistoryEvent]) -> Result<Vec<Order>, Broken> {
    let mut replay = Replay::new(id);
    let mut states = Vec::with_capacity(history.len());
    for entry in history {
        replay.take(&entry.event, entry.at)?;
        states.push(replay.order().cloned().ok_or(Broken::NotCreated)?);
    }
    Ok(states)
}

/// Returns the order's own event in a wire event. The receiver is not in events, and a coupon's own number is only
/// shown as its code, so neither is rebuilt.
pub fn order_event(id: OrderId, event: &Event, at: Timestamp) -> Option<order::Event> {
    if let Some((reported, report)) = reactions::step_report(event) {
        return Some(order::Event::Reported { step: reported.step, report, at });
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other events are not an order's own")]
    Some(match event {
        Event::OrderCreated(created) => order::Event::Created(Arc::new(created_again(id, created))),
        Event::OrderAwaitingPayment(awaiting) => order::Event::AwaitingPayment { pay_before: awaiting.pay_before },
        Event::OrderCompleted(_) => order::Event::Completed,
        Event::OrderCancelled(cancelled) => {
            order::Event::Cancelled { reason: cancelled.reason, note: cancelled.cancel_reason.clone() }
        }
        Event::CompensationRequired(required) => {
            let (steps, note) = (required.steps.clone(), required.cancel_reason.clone());
            order::Event::CompensationRequired { reason: required.reason, steps, note }
        }
        Event::CompensationStuck(_) => order::Event::CompensationStuck,
        Event::CompensationResolved(resolved) => order::Event::CompensationResolved {
            by: resolved.resolved_by,
            reason: Arc::clone(&resolved.reason),
            steps: resolved.steps.clone(),
        },
        Event::CompensationResumed(resumed) => order::Event::CompensationResumed { steps: resumed.steps.clone() },
        Event::OrderStatusChanged(changed) => {
            let (status, reason, note) = (changed.status, changed.reason, changed.cancel_reason.clone());
            order::Event::StatusChanged { status, reason, note }
        }
        Event::OrderReturned(returned) => order::Event::Returned(Return {
            lines: lines(&returned.products),
            money: returned.refund_amount,
            no_longer_due: returned.no_longer_due,
            points: returned.points_restored,
            is_last: returned.is_last,
            note: returned.refund_reason.clone(),
            goods: returned.goods,
        }),
        Event::OrderRefundAsked(asked) => {
            order::Event::RefundAsked { lines: lines(&asked.products), note: asked.refund_reason.clone() }
        }
        Event::OrderRefundRejected(rejected) => {
            order::Event::RefundRejected { note: Arc::clone(&rejected.reject_reason) }
        }
        Event::OrderGoodsArrived(arrived) => {
            order::Event::GoodsArrived { lines: lines(&arrived.products), is_written_off: arrived.written_off }
        }
        Event::OrderHoldExtended(extended) => {
            order::Event::HoldExtended { by: extended.extended_by, pay_before: extended.pay_before }
        }
        Event::OrderProcessingRequested(asked) => order::Event::ProcessingRequested {
            method: asked.method,
            receiver: None,
            warehouse_storage: asked.warehouse_storage,
        },
        Event::OrderProcessingFailed(failed) => order::Event::ProcessingFailed { code: Arc::clone(&failed.code) },
        _ => return None,
    })
}

fn lines(products: &[Sold]) -> Vec<(ProductId, i64)> {
    products.iter().map(|sold| (sold.id, sold.qty)).collect()
}

fn created_again(id: OrderId, created: &OrderCreated) -> Created {
    Created {
        id,
        number: created.order_id.clone(),
        user: created.user_id,
        mode: created.mode,
        chosen_by: created.chosen_by,
        payment: created.payment,
        pay_within: Duration::from_secs(created.pay_within_seconds),
        lines: created.items.clone(),
        coupon: created.coupon_id.map(|campaign| CouponWanted { campaign, coupon: None }),
        total: created.total_price,
        discount: created.discount_price,
        points: created.points_used,
        due: created.amount_due,
        receiver: None,
        warehouse_storage: created.warehouse_storage,
        at: created.created_at,
    }
}

/// Returns true if the event is a legal transition between outcomes, or in the life cycle once the order is completed.
/// Only a late report may follow a cancellation.
fn may_follow(order: &Order, event: &order::Event) -> bool {
    let outcome = order.outcome;
    match event {
        order::Event::Created(_) => false,
        order::Event::Reported { .. } | order::Event::Asked { .. } | order::Event::AskedBack { .. } => true,
        order::Event::AwaitingPayment { .. } => matches!(outcome, Outcome::Pending),
        order::Event::Completed => matches!(outcome, Outcome::Pending | Outcome::AwaitingPayment),
        order::Event::StatusChanged { status, .. } => outcome == Outcome::Completed && order.status.can_become(*status),
        order::Event::Returned(_) => outcome == Outcome::Completed && order.status != Status::Cancelled,
        order::Event::RefundAsked { .. } => outcome == Outcome::Completed && order.refund_asked().is_none(),
        order::Event::RefundRejected { .. } => order.refund_asked().is_some(),
        order::Event::GoodsArrived { .. } => outcome == Outcome::Completed,
        order::Event::ProcessingRequested { .. } => matches!(outcome, Outcome::AwaitingPayment | Outcome::Completed),
        order::Event::ProcessingFailed { .. } | order::Event::HoldExtended { .. } => {
            outcome == Outcome::AwaitingPayment
        }
        order::Event::CompensationRequired { .. } => matches!(outcome, Outcome::Pending | Outcome::AwaitingPayment),
        order::Event::CompensationStuck => matches!(outcome, Outcome::Compensating),
        order::Event::CompensationResumed { .. } | order::Event::CompensationResolved { .. } => {
            matches!(outcome, Outcome::CompensationStuck)
        }
        order::Event::Cancelled { .. } => {
            matches!(outcome, Outcome::Pending | Outcome::Compensating | Outcome::CompensationStuck)
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{Code, UserId};
    use domain::money::Money;
    use domain::order::saga::{Report, Step};
    use domain::order::{Line, Mode, Payment};
    use domain::reason::Reason;

    use crate::events::event::OrderCancelled;

    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);
    const NUMBER: &str = "ORD-1";

    fn lamp() -> Line {
        Line { product: ProductId(7), name: Arc::from("lamp"), quantity: 1, unit_price: Money::won(9), drop: None }
    }

    fn created() -> Event {
        Event::OrderCreated(OrderCreated {
            order_id: Code::from(NUMBER),
            user_id: UserId(1),
            mode: Mode::Parallel,
            chosen_by: None,
            payment: Payment::OnDelivery,
            pay_within_seconds: 600,
            items: vec![lamp()],
            coupon_id: None,
            user_coupon_id: None,
            total_price: Money::won(9),
            discount_price: Money::ZERO,
            points_used: Money::ZERO,
            amount_due: Money::won(9),
            warehouse_storage: false,
            total_steps: 1,
            created_at: NOON,
        })
    }

    fn refused() -> Event {
        let report = Report::Failed(Reason::StockExhausted);
        reactions::report_event(Step::Stock(ProductId(7)), report, reactions::Moved::Nothing, Code::from(NUMBER))
    }

    fn cancelled() -> Event {
        let reason = Reason::StockExhausted;
        Event::OrderCancelled(OrderCancelled {
            order_id: Code::from(NUMBER),
            user_id: UserId(1),
            reason,
            cancel_reason: None,
        })
    }

    fn check(events: impl IntoIterator<Item = Event>, expected: Result<&[Outcome], Broken>) {
        let entry = |event| HistoryEvent { event, version: None, cause: String::new(), at: NOON };
        let history: Vec<HistoryEvent> = events.into_iter().map(entry).collect();
        let states = replay(OrderId(1), &history);
        let outcomes = states.map(|states| states.iter().map(|order| order.outcome).collect());
        assert_eq!(outcomes, expected.map(<[Outcome]>::to_vec));
    }

    #[test]
    fn the_order_is_shown_as_it_was_after_each_event() {
        let outcomes = [Outcome::Pending, Outcome::Pending, Outcome::Cancelled];
        check([created(), refused(), cancelled()], Ok(&outcomes));
    }

    #[test]
    fn nothing_happens_to_a_final_order_but_a_late_report() {
        let outcomes = [Outcome::Pending, Outcome::Cancelled, Outcome::Cancelled];
        check([created(), cancelled(), refused()], Ok(&outcomes));
        let after = Outcome::Cancelled;
        check([created(), cancelled(), cancelled()], Err(Broken::Illegal { event: "OrderCancelled", after }));
    }

    #[test]
    fn a_history_starts_with_the_creation() {
        check([cancelled()], Err(Broken::NotCreated));
    }
}
