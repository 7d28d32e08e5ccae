//! The state of an order.

use std::sync::Arc;

use super::after_sales::{AfterSales, Goods, RefundAsked, Return};
use super::basket::merge_lines;
use super::outcome::Outcome;
use super::saga::Saga;
use super::status::Status;
use super::terms::{Created, Payment};
use crate::ids::{OrderId, ProductId, UserId};
use crate::money::Money;
use crate::reason::Reason;
use crate::refund::{self, Worth};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub created: Arc<Created>,
    pub saga: Saga,
    pub outcome: Outcome,
    pub status: Status,
    pub reason: Option<Reason>,
    pub pay_before: Option<Timestamp>,
    /// Payment and dispatch in one step are under way.
    pub is_processing: bool,
    /// Returned units of each line; empty while nothing was returned.
    pub returned: Vec<i64>,
    /// Cancellation and refund details; most orders have none.
    pub after_sales: Option<Arc<AfterSales>>,
    /// `None` also for orders completed before this field existed.
    pub completed_at: Option<Timestamp>,
    /// Number of the order's own events, from 1 without gap.
    pub version: i64,
    pub updated_at: Timestamp,
}

impl Order {
    pub(super) fn placed(created: &Arc<Created>) -> Order {
        Order {
            saga: Saga::new(created.steps(), created.mode.pace(), created.at),
            outcome: Outcome::Pending,
            status: Status::Created,
            reason: None,
            pay_before: None,
            is_processing: false,
            returned: vec![],
            after_sales: None,
            completed_at: None,
            version: 1,
            updated_at: created.at,
            created: Arc::clone(created),
        }
    }

    pub fn id(&self) -> OrderId {
        self.created.id
    }

    pub fn user(&self) -> UserId {
        self.created.user
    }

    /// Returns whether the whole order can be cancelled. The outcome of a completed order stays; its status shows the
    /// cancellation.
    pub fn is_cancellable(&self) -> bool {
        match self.outcome {
            Outcome::Pending | Outcome::AwaitingPayment => true,
            Outcome::Completed => self.status.is_cancellable(),
            Outcome::Compensating | Outcome::Cancelled | Outcome::CompensationStuck => false,
        }
    }

    /// Number of kinds of steps (stock, coupon, points): 1 to 3 (O-04).
    pub fn total_steps(&self) -> usize {
        1 + usize::from(self.created.coupon.is_some()) + usize::from(!self.created.points.is_zero())
    }

    /// Returns whether the customer pays before the goods are shipped. An order with no amount due is never paid.
    pub fn is_prepaid(&self) -> bool {
        self.created.payment == Payment::Prepaid && !self.created.due.is_zero()
    }

    /// Returns the part of the amount due on delivery that is no longer due, because its units were returned; zero for a
    /// prepaid order, whose money is refunded.
    pub fn no_longer_due(&self) -> Money {
        if self.is_prepaid() { Money::ZERO } else { self.worth_returned().money }
    }

    /// Returns whether the destination of the goods is known.
    pub fn has_destination(&self) -> bool {
        self.created.warehouse_storage || self.created.receiver.is_some()
    }

    /// Returned units of the line at this index.
    pub fn returned(&self, place: usize) -> i64 {
        self.returned.get(place).copied().unwrap_or(0)
    }

    /// Returns whether every unit was returned.
    pub fn is_all_returned(&self) -> bool {
        !self.returned.is_empty() && self.units_left().is_empty()
    }

    /// The units of each product that were not returned.
    pub(super) fn units_left(&self) -> Vec<(ProductId, i64)> {
        let lines = self.created.lines.iter().enumerate();
        let left = lines.map(|(place, line)| (line.product, line.quantity - self.returned(place)));
        left.filter(|(_, units)| *units > 0).collect()
    }

    /// The worth of all units returned so far.
    pub fn worth_returned(&self) -> Worth {
        let created = &self.created;
        if self.returned.is_empty() {
            return Worth::default();
        }
        let shares = refund::shares(&created.lines, created.discount, created.points);
        let mut sum = Worth::default();
        for (place, (line, share)) in created.lines.iter().zip(shares).enumerate() {
            let worth = refund::worth(share, line.quantity, self.returned(place));
            sum.money += worth.money;
            sum.points += worth.points;
        }
        sum
    }

    /// The worth of these units of products, which are the last that were returned.
    pub fn worth_of_last(&self, units: &[(ProductId, i64)]) -> Vec<Worth> {
        let created = &self.created;
        let shares = refund::shares(&created.lines, created.discount, created.points);
        let of_product = |(product, units): &(ProductId, i64)| {
            let place = created.lines.iter().position(|line| line.product == *product)?;
            let (share, quantity) = (*shares.get(place)?, created.lines.get(place)?.quantity);
            let returned = self.returned(place);
            let (before, after) =
                (refund::worth(share, quantity, returned - units), refund::worth(share, quantity, returned));
            Some(Worth { money: after.money - before.money, points: after.points - before.points })
        };
        units.iter().map(|one| of_product(one).unwrap_or_default()).collect()
    }

    /// The canceller's own words, if there are any.
    pub fn cancel_reason(&self) -> Option<&Arc<str>> {
        self.after_sales.as_ref()?.cancel_reason.as_ref()
    }

    pub fn refund_reason(&self) -> Option<&Arc<str>> {
        self.after_sales.as_ref()?.refund_reason.as_ref()
    }

    pub fn reject_reason(&self) -> Option<&Arc<str>> {
        self.after_sales.as_ref()?.reject_reason.as_ref()
    }

    /// The refund request that waits for the shop's decision.
    pub fn refund_asked(&self) -> Option<&RefundAsked> {
        self.after_sales.as_ref()?.asked.as_ref()
    }

    /// Returns the refunded units of a product that have not arrived yet.
    pub fn awaited(&self, product: ProductId) -> i64 {
        self.after_sales.as_ref().map_or(0, |after| after.awaited(product))
    }

    pub(super) fn count_returned(&mut self, lines: &[(ProductId, i64)]) {
        self.returned.resize(self.created.lines.len(), 0);
        for (line, returned) in self.created.lines.iter().zip(&mut self.returned) {
            let units = lines.iter().filter(|(product, _)| *product == line.product).map(|(_, units)| units);
            *returned += units.sum::<i64>();
        }
    }

    pub(super) fn become_completed(&mut self, at: Timestamp) {
        self.outcome = Outcome::Completed;
        self.completed_at = Some(at);
        self.pay_before = None;
        self.is_processing = false;
        let is_paid = self.created.due.is_zero() || self.created.payment == Payment::Prepaid;
        self.become_status(if is_paid { Status::PaymentCompleted } else { Status::Preparing });
    }

    pub(super) fn become_status(&mut self, next: Status) {
        assert!(self.status.can_become(next), "{:?} never becomes {next:?}", self.status);
        self.status = next;
    }

    pub(super) fn fold_cancel_note(&mut self, note: Option<&Arc<str>>) {
        if let Some(note) = note {
            self.note(|after| after.cancel_reason = Some(Arc::clone(note)));
        }
    }

    pub(super) fn fold_asked(&mut self, lines: &[(ProductId, i64)], note: Option<&Arc<str>>) {
        let before = self.status;
        self.note(|after| {
            after.asked = Some(RefundAsked { lines: lines.to_vec(), before });
            after.reject_reason = None;
            if let Some(note) = note {
                after.refund_reason = Some(Arc::clone(note));
            }
        });
    }

    pub(super) fn fold_rejected(&mut self, note: &Arc<str>) {
        self.note(|after| {
            after.asked = None;
            after.reject_reason = Some(Arc::clone(note));
        });
    }

    pub(super) fn fold_returned(&mut self, back: &Return) {
        self.count_returned(&back.lines);
        if self.after_sales.is_none() && back.note.is_none() && back.goods != Goods::Awaited {
            return;
        }
        self.note(|after| {
            after.asked = None;
            if let Some(note) = &back.note {
                after.refund_reason = Some(Arc::clone(note));
            }
            if back.goods == Goods::Awaited {
                let all = after.awaited.iter().chain(&back.lines).copied();
                after.awaited = merge_lines(all);
            }
        });
    }

    pub(super) fn fold_arrived(&mut self, lines: &[(ProductId, i64)]) {
        self.note(|after| {
            for (product, units) in &mut after.awaited {
                *units -= lines.iter().filter(|(of, _)| of == product).map(|(_, arrived)| arrived).sum::<i64>();
            }
            after.awaited.retain(|(_, units)| *units > 0);
        });
    }

    /// Changes the details; drops them if none are left.
    fn note(&mut self, change: impl FnOnce(&mut AfterSales)) {
        let mut after = self.after_sales.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        change(&mut after);
        self.after_sales = (after != AfterSales::default()).then(|| Arc::new(after));
    }
}
