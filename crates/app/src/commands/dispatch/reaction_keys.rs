//! The rows that the command of an event reads.

use domain::ids::{OrderId, UserId};
use domain::order::saga::{Direction, Report, Step};

use crate::commands::notices::notifications;
use crate::commands::order::keys::{Known, declare_by, declare_completing};
use crate::commands::{Reaction, fulfilment, points};
use crate::state::rows::{
    CampaignSnapshotKey, ClaimKey, CustomerKey, HoldingKey, Key, Keys, OrderKey, PaymentKey, PlacedKey, SalesKey,
};
use crate::state::settings::{Executor, Settings};

impl Reaction {
    pub(crate) fn declare(&self, settings: &Settings, keys: &mut Keys) {
        match self {
            Reaction::ClaimStock { order, product, .. } | Reaction::ReleaseStock { order, product, .. } => {
                claim(*order, Step::Stock(*product), keys);
                keys.insert((*product).into());
            }
            Reaction::ClaimCoupon { order, user, campaign, .. } | Reaction::ReleaseCoupon { order, user, campaign } => {
                claim(*order, Step::Coupon, keys);
                keys.insert(HoldingKey { campaign: *campaign, user: *user }.into());
                keys.insert(CampaignSnapshotKey(*campaign).into());
            }
            Reaction::ClaimPoints { order, user, .. } | Reaction::ReleasePoints { order, user, .. } => {
                claim(*order, Step::Point, keys);
                points::declare(*user, keys);
            }
            Reaction::Collect { order, step, .. } => {
                keys.insert(OrderKey(*order).into());
                keys.insert(ClaimKey { order: *order, step: *step }.into());
            }
            Reaction::Delay { order, .. } => keys.extend([Key::from(OrderKey(*order))]),
            Reaction::DecideRequest { request, user, campaign } => {
                keys.insert((*request).into());
                keys.insert(CustomerKey(*user).into());
                keys.insert(HoldingKey { campaign: *campaign, user: *user }.into());
                keys.insert((*campaign).into());
            }
            Reaction::DeliverResult { request, result } => {
                keys.insert((*request).into());
                keys.insert(CustomerKey(result.user_id).into());
            }
            Reaction::NoticeOrder { user, order, .. } => {
                keys.insert(OrderKey(*order).into());
                keys.extend(user.map(|user| Key::from(CustomerKey(user))));
            }
            Reaction::ProcessOrder { order, .. } | Reaction::RetryPayment { order, .. } => {
                fulfilment::declare(*order, keys)
            }
            Reaction::CallProvider { order, .. } => {
                keys.insert(OrderKey(*order).into());
                keys.insert(PaymentKey(*order).into());
            }
            Reaction::NotifyAgain { event } => keys.extend(notifications::of_event(*event).map(Key::from)),
            Reaction::NoticeFailed { failed } => notice_to(failed.user_id, keys),
            Reaction::NoticePaymentFailed { failed } => notice_to(failed.user_id, keys),
            Reaction::NoticeStuck { stuck } => notice_to(stuck.user_id, keys),
            Reaction::NoticeCoupon { issued } => notice_to(issued.user_id, keys),
            Reaction::NoticeReturned { order, returned } => {
                keys.insert(PlacedKey(*order).into());
                keys.insert(CustomerKey(returned.user_id).into());
            }
            Reaction::NoticeRejected { order, rejected } => {
                keys.insert(PlacedKey(*order).into());
                keys.insert(CustomerKey(rejected.user_id).into());
            }
            Reaction::CountSales { order, products, at } | Reaction::CountReturns { order, products, sold_at: at } => {
                keys.insert(PlacedKey(*order).into());
                let day = settings.calendar.day(*at);
                keys.extend(products.iter().map(|sold| Key::from(SalesKey { day, product: sold.id })));
            }
        }
    }

    pub(crate) fn declare_by_order(&self, known: Known<'_>, keys: &mut Keys) {
        // Inline, completing an order also notifies the customer and counts the sales.
        if let Reaction::Collect { order, report: Report::Completed, .. } = self
            && known.settings.executor == Executor::Log
            && let Ok(Some(row)) = known.rows.orders.get(OrderKey(*order))
            && row.order.saga.direction == Direction::Claiming
        {
            declare_completing(&row.order, keys);
        } else if let Reaction::Collect { order, .. } | Reaction::ProcessOrder { order, .. } = self {
            declare_by(*order, known, keys);
        }
    }
}

/// A notice counts in its customer's row.
fn notice_to(user: UserId, keys: &mut Keys) {
    keys.insert(CustomerKey(user).into());
}

fn claim(order: OrderId, step: Step, keys: &mut Keys) {
    keys.insert(ClaimKey { order, step }.into());
    keys.insert(PlacedKey(order).into());
}
