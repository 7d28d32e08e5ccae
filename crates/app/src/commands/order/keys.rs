//! The rows that placing, completing and restoring an order reads.

use domain::ids::OrderId;
use domain::order::saga::Step;
use domain::order::{Choice, Line, Order, Outcome};
use domain::time::Timestamp;

use crate::commands::PlaceOrder;
use crate::state::rows::{
    AccountKey, BuyerKey, CampaignSnapshotKey, ClaimKey, CustomerKey, HoldingKey, Key, Keys, OrderKey, OrderRow,
    PaymentKey, ProductSnapshotKey, Rows, SalesKey, ShipmentKey, StorageKey,
};
use crate::state::settings::{Executor, Settings};

/// The loaded rows, and by what their orders are read.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) rows: &'a Rows,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

impl PlaceOrder {
    pub(crate) fn declare(&self, settings: &Settings, now: Timestamp, keys: &mut Keys) {
        if claims_at_once(self, settings) {
            declare_claiming(self, settings.calendar.day(now), keys);
        } else {
            declare_placement(self, keys);
        }
    }
}

/// Returns true if an order claims everything in the commit that places it.
fn claims_at_once(order: &PlaceOrder, settings: &Settings) -> bool {
    let choice = order.mode.unwrap_or(settings.modes.choice);
    settings.executor == Executor::Inline || matches!(choice, Choice::Atomic | Choice::Sync)
}

/// Placing reads products only.
fn declare_placement(order: &PlaceOrder, keys: &mut Keys) {
    keys.insert(CustomerKey(order.user).into());
    keys.extend(order.items.iter().map(|(product, _)| Key::from(ProductSnapshotKey(*product))));
    keys.extend(order.coupon.map(|(campaign, _)| Key::from(CampaignSnapshotKey(campaign))));
}

fn declare_claiming(order: &PlaceOrder, day: i64, keys: &mut Keys) {
    for (product, _) in &order.items {
        keys.insert((*product).into());
        // An order that completes at once is added to its day's sales.
        keys.insert(SalesKey { day, product: *product }.into());
    }
    keys.insert(CustomerKey(order.user).into());
    if let Some((campaign, _)) = order.coupon {
        keys.insert(HoldingKey { campaign, user: order.user }.into());
        keys.insert(CampaignSnapshotKey(campaign).into());
    }
    if !order.points.is_zero() {
        keys.insert(AccountKey(order.user).into());
    }
}

/// Inline, refunded units are subtracted from the sales of their day.
pub(crate) fn declare_returns(order: OrderId, known: Known<'_>, keys: &mut Keys) {
    if let Ok(Some(OrderRow { order, .. })) = known.rows.orders.get(OrderKey(order))
        && known.settings.executor == Executor::Inline
        && order.outcome == Outcome::Completed
    {
        let day = known.settings.calendar.day(order.completed_at.unwrap_or(order.created.at));
        keys.extend(order.created.lines.iter().map(|line| Key::from(SalesKey { day, product: line.product })));
    }
}

pub(crate) fn declare_by(order: OrderId, known: Known<'_>, keys: &mut Keys) {
    if let Ok(Some(row)) = known.rows.orders.get(OrderKey(order)) {
        declare_order(&row.order, known.settings.calendar.day(known.now), keys);
    }
}

/// Declares what an order reads when its last claim is made; its claims and timer are deleted without reading.
pub(crate) fn declare_completing(order: &Order, keys: &mut Keys) {
    if order.has_destination() {
        keys.insert(ShipmentKey(order.id()).into());
        keys.insert(StorageKey(order.id()).into());
    }
    keys.extend(order.created.lines.iter().map(|line| Key::from(line.product)));
    let user = order.user();
    keys.extend(order.created.coupon.map(|wanted| Key::from(HoldingKey { campaign: wanted.campaign, user })));
}

/// Declares everything that fulfilling or restoring an order may touch.
fn declare_order(order: &Order, day: i64, keys: &mut Keys) {
    declare_completing(order, keys);
    let user = order.user();
    keys.insert(CustomerKey(user).into());
    let drops = order.created.lines.iter().filter_map(|line| line.drop);
    keys.extend(drops.map(|drop| Key::from(BuyerKey { drop, user })));
    if order.pay_before.is_some() || order.outcome == Outcome::Completed && order.is_prepaid() {
        keys.insert(PaymentKey(order.id()).into());
    }
    if order.outcome == Outcome::AwaitingPayment {
        let sales = |line: &Line| Key::from(SalesKey { day, product: line.product });
        keys.extend(order.created.lines.iter().map(sales));
    }
    for record in &order.saga.steps {
        keys.insert(ClaimKey { order: order.id(), step: record.step }.into());
        match record.step {
            Step::Stock(_) => {}
            Step::Coupon => {
                keys.extend(order.created.coupon.map(|wanted| Key::from(CampaignSnapshotKey(wanted.campaign))))
            }
            Step::Point => {
                keys.insert(AccountKey(user).into());
            }
        }
    }
}
