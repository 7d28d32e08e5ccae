//! First-come coupons: a campaign issues a limited quantity, with a limit per user, and each coupon pays for one order
//! (C-05…C-07, C-15, C-16, C-20, C-21, C-32).
//!
//! Only [`decide`] issues coupons. Issue numbers run from 1 in decision order, without gap or repeat, because the
//! number is the count itself.

pub mod chain;

use std::sync::Arc;

use crate::ids::{CampaignId, Code, CouponId, OrderId, UserId};
use crate::pricing::Discount;
use crate::time::Timestamp;
use crate::word::words;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Issue {
        id: CouponId,
        code: Code,
    },
    /// Uses one coupon for an order; `None` uses the oldest active one.
    Use {
        coupon: Option<CouponId>,
        order: OrderId,
    },
    /// Makes the coupon of an order usable again. Rejected if the order used none.
    Restore {
        order: OrderId,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Issued { id: CouponId, code: Code, issue_number: i64, at: Timestamp },
    Used { id: CouponId, order: OrderId },
    Restored { id: CouponId },
}

/// The reasons to refuse, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    Paused,
    NotStarted,
    Expired,
    AlreadyIssued,
    SoldOut,
    NotUsable,
}

words! {
    /// Where and when a request for a coupon is decided.
    pub enum IssueMode {
        /// In the request itself, whose response has the result.
        Direct = "direct",
        /// By a consumer that reads the campaign with each batch.
        Queued = "queued",
        /// By a consumer that keeps the campaign's counts in memory.
        Stream = "stream",
    }
}

impl IssueMode {
    /// Returns whether a request is recorded first and decided later.
    pub const fn takes_requests(self) -> bool {
        matches!(self, IssueMode::Queued | IssueMode::Stream)
    }
}

words! {
    /// The key that orders queued requests: all of a campaign's requests, or only those of each user.
    pub enum QueueKey {
        Campaign = "campaign",
        User = "user",
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    pub id: CampaignId,
    pub name: Arc<str>,
    pub discount: Discount,
    pub quantity: i64,
    pub issued: i64,
    pub issue_per_user_max: i64,
    pub issue_starts_at: Timestamp,
    pub issue_ends_at: Timestamp,
    pub valid_until: Timestamp,
    pub issue_mode: IssueMode,
    pub queue_key: QueueKey,
    pub paused: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Campaign {
    pub const fn remaining(&self) -> i64 {
        self.quantity - self.issued
    }
}

/// An admin's change to a campaign; `None` keeps the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub paused: Option<bool>,
    pub issue_ends_at: Option<Timestamp>,
    pub quantity: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeRejection {
    /// A quantity is only ever raised, because it was promised to customers.
    QuantityLowered { quantity: i64 },
    /// Issuing would end before it starts or after the coupons expire.
    WindowOutOfOrder,
}

/// Changes a campaign, all or nothing.
///
/// # Errors
///
/// A lower quantity, or an end of issuing outside the campaign's window.
pub fn change(campaign: &Campaign, change: &Change, at: Timestamp) -> Result<Campaign, ChangeRejection> {
    let mut changed = campaign.clone();
    changed.paused = change.paused.unwrap_or(campaign.paused);
    changed.quantity = change.quantity.unwrap_or(campaign.quantity);
    changed.issue_ends_at = change.issue_ends_at.unwrap_or(campaign.issue_ends_at);
    if changed.quantity < campaign.quantity {
        return Err(ChangeRejection::QuantityLowered { quantity: campaign.quantity });
    }
    if changed.issue_ends_at <= campaign.issue_starts_at || changed.issue_ends_at > campaign.valid_until {
        return Err(ChangeRejection::WindowOutOfOrder);
    }
    if changed != *campaign {
        changed.updated_at = at;
    }
    Ok(changed)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupon {
    pub id: CouponId,
    pub code: Code,
    pub issue_number: i64,
    pub used_order: Option<OrderId>,
    pub issued_at: Timestamp,
}

/// All coupons of one campaign that one user holds, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub campaign: CampaignId,
    pub user: UserId,
    pub coupons: Vec<Coupon>,
}

impl Holding {
    pub const fn empty(campaign: CampaignId, user: UserId) -> Holding {
        Holding { campaign, user, coupons: vec![] }
    }

    pub fn count(&self) -> i64 {
        i64::try_from(self.coupons.len()).expect("a holding is bounded by the campaign's limit per user")
    }

    fn active(&self, wanted: Option<CouponId>) -> Option<&Coupon> {
        self.coupons
            .iter()
            .filter(|coupon| coupon.used_order.is_none())
            .find(|coupon| wanted.is_none_or(|wanted| coupon.id == wanted))
    }

    fn used_on(&self, order: OrderId) -> Option<&Coupon> {
        self.coupons.iter().find(|coupon| coupon.used_order == Some(order))
    }
}

/// Decides a command about a campaign and one user's coupons of it.
///
/// # Errors
///
/// The first [`Rejection`] whose guard fails.
pub fn decide(campaign: &Campaign, holding: &Holding, command: &Command, at: Timestamp) -> Result<Event, Rejection> {
    match command {
        Command::Issue { id, code } => {
            check_open(campaign, at)?;
            if holding.count() >= campaign.issue_per_user_max {
                return Err(Rejection::AlreadyIssued);
            }
            if campaign.remaining() <= 0 {
                return Err(Rejection::SoldOut);
            }
            Ok(Event::Issued { id: *id, code: code.clone(), issue_number: campaign.issued + 1, at })
        }
        Command::Use { coupon, order } => {
            if campaign.valid_until <= at {
                return Err(Rejection::NotUsable);
            }
            let coupon = holding.active(*coupon).ok_or(Rejection::NotUsable)?;
            Ok(Event::Used { id: coupon.id, order: *order })
        }
        Command::Restore { order } => {
            let coupon = holding.used_on(*order).ok_or(Rejection::NotUsable)?;
            Ok(Event::Restored { id: coupon.id })
        }
    }
}

/// Checks that the campaign issues coupons at this moment, to any user.
///
/// # Errors
///
/// [`Rejection::Paused`], [`Rejection::NotStarted`] or [`Rejection::Expired`].
pub fn check_open(campaign: &Campaign, at: Timestamp) -> Result<(), Rejection> {
    if campaign.paused {
        return Err(Rejection::Paused);
    }
    if at < campaign.issue_starts_at {
        return Err(Rejection::NotStarted);
    }
    if campaign.issue_ends_at <= at || campaign.valid_until <= at {
        return Err(Rejection::Expired);
    }
    Ok(())
}

/// Folds an event into the campaign and the holding.
pub fn evolve(campaign: &mut Campaign, holding: &mut Holding, event: &Event) {
    match event {
        Event::Issued { id, code, issue_number, at } => {
            campaign.issued = *issue_number;
            holding.coupons.push(Coupon {
                id: *id,
                code: code.clone(),
                issue_number: *issue_number,
                used_order: None,
                issued_at: *at,
            });
        }
        Event::Used { id, order } => coupon_of(holding, *id).used_order = Some(*order),
        Event::Restored { id } => coupon_of(holding, *id).used_order = None,
    }
}

fn coupon_of(holding: &mut Holding, id: CouponId) -> &mut Coupon {
    holding.coupons.iter_mut().find(|coupon| coupon.id == id).expect("the event names a coupon of this holding")
}

#[cfg(test)]
mod tests;
