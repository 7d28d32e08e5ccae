//! A customer's points and coupons as they were.

use std::collections::BTreeMap;

use domain::ids::{CampaignId, Code, UserId};
use domain::time::Timestamp;

use super::Fold;
use crate::events::event::{CouponIssued, Event, EventKind, StepReport};
use crate::log::relay::movements;

/// A coupon that is rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCoupon {
    pub code: Code,
    pub campaign: CampaignId,
    pub issue_number: i64,
    pub issued_at: Timestamp,
    /// The number of the order that uses it.
    pub used_order: Option<Code>,
}

/// A customer who is rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerPast {
    user: UserId,
    points: i64,
    /// By the order of issue.
    coupons: Vec<HeldCoupon>,
    places: BTreeMap<Code, usize>,
    /// The place of each order's coupon.
    used: BTreeMap<Code, usize>,
}

impl CustomerPast {
    /// The events that change a customer's points and coupons.
    pub const KINDS: [EventKind; 8] = [
        EventKind::CouponIssued,
        EventKind::CouponUsageCompleted,
        EventKind::CouponRestored,
        EventKind::CouponUsed,
        EventKind::PointsCharged,
        EventKind::PointDeductionCompleted,
        EventKind::PointsRestored,
        EventKind::OrderReturned,
    ];

    pub const fn new(user: UserId) -> CustomerPast {
        CustomerPast { user, points: 0, coupons: vec![], places: BTreeMap::new(), used: BTreeMap::new() }
    }

    pub const fn points(&self) -> i64 {
        self.points
    }

    /// Returns the coupons, in the order of issue.
    pub fn coupons(&self) -> &[HeldCoupon] {
        &self.coupons
    }

    fn add_coupon(&mut self, issued: &CouponIssued) {
        if issued.user_id != self.user || self.places.contains_key(&issued.user_coupon_id) {
            return;
        }
        self.places.insert(issued.user_coupon_id.clone(), self.coupons.len());
        self.coupons.push(HeldCoupon {
            code: issued.user_coupon_id.clone(),
            campaign: issued.coupon_id,
            issue_number: issued.issue_number,
            issued_at: issued.issued_at,
            used_order: None,
        });
    }

    /// Events of older versions show the use of a coupon only when its order is completed.
    fn use_coupon(&mut self, coupon: &Code, order: &Code) {
        let Some(place) = self.places.get(coupon).copied() else { return };
        if let Some(coupon) = self.coupons.get_mut(place) {
            coupon.used_order = Some(order.clone());
            self.used.insert(order.clone(), place);
        }
    }

    fn restore_coupon(&mut self, order: &Code) {
        let place = self.used.remove(order);
        if let Some(coupon) = place.and_then(|place| self.coupons.get_mut(place)) {
            coupon.used_order = None;
        }
    }

    fn is_coupon_of(&self, report: &StepReport) -> bool {
        report.user_id == Some(self.user)
    }
}

impl Fold for CustomerPast {
    fn take(&mut self, event: &Event, at: Timestamp) {
        for moved in movements::of(event, at) {
            if let Event::PointsMoved(moved) = &moved
                && moved.user_id == self.user
            {
                self.points = self.points.saturating_add(moved.change);
            }
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other events do not concern coupons")]
        match event {
            Event::CouponIssued(issued) => self.add_coupon(issued),
            Event::CouponUsageCompleted(report) if self.is_coupon_of(report) => {
                if let Some(coupon) = &report.user_coupon_id {
                    self.use_coupon(coupon, &report.order_id);
                }
            }
            Event::CouponUsed(used) if used.user_id == self.user => {
                self.use_coupon(&used.user_coupon_id, &used.order_id);
            }
            Event::CouponRestored(report) if self.is_coupon_of(report) => self.restore_coupon(&report.order_id),
            Event::OrderReturned(returned) if returned.is_last && returned.user_id == self.user => {
                self.restore_coupon(&returned.order_id);
            }
            _ => {}
        }
    }
}
