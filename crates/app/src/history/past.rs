//! The state of a thing at a moment: finds its events, and folds them.

use domain::coupon::Campaign;
use domain::ids::{OrderId, UserId};
use domain::stock::Product;
use domain::time::Timestamp;

use super::Fold;
use super::campaign::CampaignPast;
use super::customer::CustomerPast;
use super::order::OrderPast;
use super::places;
use super::product::ProductPast;
use super::walk::{Ranges, Walk, positions};
use crate::events::event::EventKind;
use crate::ports::StoreError;
use crate::ports::events::{Direction, EventFilter, Subject};
use crate::ports::views::Views;
use crate::state::rows::Details;

/// Returns the filter for events up to a moment, inclusive.
pub fn until(moment: Timestamp, filter: EventFilter) -> EventFilter {
    EventFilter { to: Some(Timestamp::from_micros(moment.micros().saturating_add(1))), ..filter }
}

/// Returns a campaign as it was; `None` before it was created. Terms change only up to the row's last change, and of all
/// issues the last one is enough.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub async fn campaign(views: &dyn Views, now: &Campaign, at: Timestamp) -> Result<Option<Campaign>, StoreError> {
    let mut past = CampaignPast::new(now.id);
    let about = Subject::Campaign(now.id);
    let changed = Some(at.min(now.updated_at));
    let terms = until(at, EventFilter::of(&CampaignPast::TERMS, about.clone()));
    let ranges = Ranges::one(positions(views, Some(now.created_at), changed).await?);
    fold(views, &mut past, &terms, &ranges).await?;
    let Some(issue_ends_at) = past.state().map(|campaign| campaign.issue_ends_at) else { return Ok(None) };
    // Before it was shortened, a window may have been longer.
    let last_issue = at.min(issue_ends_at.max(now.updated_at));
    let issues = until(at, EventFilter::of(&[EventKind::CouponIssued], about));
    let ranges = Ranges::one(positions(views, Some(now.created_at), Some(last_issue)).await?);
    let walk = Walk { views, wanted: &issues, ranges: &ranges, direction: Direction::NewestFirst };
    walk.each(|written| {
        if let Some(event) = written.event() {
            past.take(&event, written.at);
        }
        false
    })
    .await?;
    Ok(past.state().cloned())
}

/// Returns a product as it was; `None` before it was registered.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub async fn product(
    views: &dyn Views,
    now: &Product,
    at: Timestamp,
) -> Result<Option<(Product, Details)>, StoreError> {
    let mut past = ProductPast::new(now.id);
    let wanted = until(at, EventFilter::of(&ProductPast::KINDS, Subject::Product(now.id)));
    let ranges = Ranges::one(positions(views, Some(now.created_at), Some(at.min(now.updated_at))).await?);
    fold(views, &mut past, &wanted, &ranges).await?;
    Ok(past.state().map(|product| (product.clone(), past.details().clone())))
}

/// Returns an order as it was.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub async fn order(views: &dyn Views, id: OrderId, at: Timestamp) -> Result<OrderPast, StoreError> {
    let mut past = OrderPast::new(id);
    for recorded in views.history(id).await?.iter().filter(|recorded| recorded.at <= at) {
        past.take(&recorded.event, recorded.at);
    }
    Ok(past)
}

/// Returns a customer's points and coupons as they were.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub async fn customer(views: &dyn Views, user: UserId, at: Timestamp) -> Result<CustomerPast, StoreError> {
    let mut past = CustomerPast::new(user);
    let wanted = until(at, EventFilter::of(&CustomerPast::KINDS, Subject::User(user)));
    let ranges = places::of_customer(views, user, at).await?;
    fold(views, &mut past, &wanted, &ranges).await?;
    Ok(past)
}

async fn fold(
    views: &dyn Views,
    past: &mut (dyn Fold + Send),
    wanted: &EventFilter,
    ranges: &Ranges,
) -> Result<(), StoreError> {
    let walk = Walk { views, wanted, ranges, direction: Direction::OldestFirst };
    walk.each(|written| {
        if let Some(event) = written.event() {
            past.take(&event, written.at);
        }
        true
    })
    .await
}
