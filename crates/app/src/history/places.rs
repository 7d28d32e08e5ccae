//! Where the events of a thing stand. Rows only say where to look: what happened is read from the events.

use std::ops::Range;

use domain::ids::{CouponId, EntryId, OrderId, UserId};
use domain::time::Timestamp;

use super::walk::{Ranges, positions};
use crate::ports::StoreError;
use crate::ports::views::Views;

/// Events of the same command stand behind an order's own: requests to participants, the use of its coupon.
const BESIDE: i64 = 128;
/// Rows read at once.
const READ_AT_ONCE: usize = 100;
/// Rows of a customer from which on a walk through all events is cheaper.
const ROWS_MAX: usize = 5_000;

/// Returns the positions of an order's events, with those beside them.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub async fn of_order(views: &dyn Views, order: OrderId) -> Result<Ranges, StoreError> {
    Ok(Ranges::union(near(views, order).await?))
}

async fn near(views: &dyn Views, order: OrderId) -> Result<Vec<Range<i64>>, StoreError> {
    let runs = views.order_runs(order).await?;
    Ok(runs.into_iter().map(|run| run.start.saturating_sub(BESIDE).max(1)..run.end.saturating_add(BESIDE)).collect())
}

/// Returns when a customer first placed an order, got a coupon, or got or lost points; `None` where no event is archived:
/// only the history of archived events needs the time.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub async fn first_of_customer(views: &dyn Views, user: UserId) -> Result<Option<Timestamp>, StoreError> {
    if views.archived_before().await?.is_none() {
        return Ok(None);
    }
    let mut first: Option<Timestamp> = None;
    let mut earlier = |at: Timestamp| first = Some(first.map_or(at, |first| first.min(at)));
    let mut before: Option<OrderId> = None;
    loop {
        let orders = views.orders_of(user, before, READ_AT_ONCE).await?;
        orders.iter().for_each(|order| earlier(order.created.at));
        before = orders.last().map(domain::order::Order::id);
        if orders.len() < READ_AT_ONCE {
            break;
        }
    }
    let mut before: Option<CouponId> = None;
    loop {
        let coupons = views.coupons_of(user, before, READ_AT_ONCE).await?;
        coupons.iter().for_each(|held| earlier(held.coupon.issued_at));
        before = coupons.last().map(|held| held.coupon.id);
        if coupons.len() < READ_AT_ONCE {
            break;
        }
    }
    let mut before: Option<EntryId> = None;
    loop {
        let entries = views.entries_of(user, before, READ_AT_ONCE).await?;
        entries.iter().for_each(|entry| earlier(entry.at));
        before = entries.last().map(|entry| entry.id);
        if entries.len() < READ_AT_ONCE {
            break;
        }
    }
    Ok(first)
}

/// Returns the positions of the events that changed a customer's points and coupons, up to a moment.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub async fn of_customer(views: &dyn Views, user: UserId, until: Timestamp) -> Result<Ranges, StoreError> {
    let (mut ranges, mut moments, mut rows) = (vec![], vec![], 0);
    let mut before: Option<OrderId> = None;
    loop {
        let orders = views.orders_of(user, before, READ_AT_ONCE).await?;
        rows += orders.len();
        for order in orders.iter().filter(|order| order.created.at <= until) {
            ranges.extend(near(views, order.id()).await?);
        }
        before = orders.last().map(domain::order::Order::id);
        if orders.len() < READ_AT_ONCE || rows > ROWS_MAX {
            break;
        }
    }
    let mut before: Option<CouponId> = None;
    while rows <= ROWS_MAX {
        let coupons = views.coupons_of(user, before, READ_AT_ONCE).await?;
        rows += coupons.len();
        moments.extend(coupons.iter().map(|held| held.coupon.issued_at));
        before = coupons.last().map(|held| held.coupon.id);
        if coupons.len() < READ_AT_ONCE {
            break;
        }
    }
    let mut before: Option<EntryId> = None;
    while rows <= ROWS_MAX {
        let entries = views.entries_of(user, before, READ_AT_ONCE).await?;
        rows += entries.len();
        // The others are in the runs of their orders.
        moments.extend(entries.iter().filter(|entry| entry.order.is_none()).map(|entry| entry.at));
        before = entries.last().map(|entry| entry.id);
        if entries.len() < READ_AT_ONCE {
            break;
        }
    }
    if rows > ROWS_MAX {
        return Ok(Ranges::one(positions(views, None, Some(until)).await?));
    }
    moments.sort_unstable();
    moments.dedup();
    for moment in moments.into_iter().filter(|moment| *moment <= until) {
        ranges.push(positions(views, Some(moment), Some(moment)).await?);
    }
    Ok(Ranges::union(ranges))
}
