//! Cancellation and refund details of an order. Most orders have none.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fulfilment::{Goods, Return};
use super::{Order, Status};
use crate::ids::ProductId;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AfterSales {
    /// The reason for the cancellation, in the canceller's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<Arc<str>>,
    /// The reason for the last refund request, in the requester's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_reason: Option<Arc<str>>,
    /// The shop's reason for rejecting the last refund request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<Arc<str>>,
    /// The refund request that waits for the shop's decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<RefundAsked>,
    /// Refunded units that have not arrived yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub awaited: Vec<(ProductId, i64)>,
}

/// The location of an order's goods when a refund is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// They have not left the shop.
    InHouse,
    OnTheWay,
    /// The customer has them.
    Delivered,
    /// Their parcel was returned to the shop.
    CameBack,
    /// They were sold at auction.
    SoldAtAuction,
}

/// A refund request that the shop must approve or reject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundAsked {
    pub lines: Vec<(ProductId, i64)>,
    /// The status that the order returns to if the shop rejects the request.
    pub before: Status,
}

impl AfterSales {
    /// Returns the refunded units of a product that have not arrived yet.
    pub fn awaited(&self, product: ProductId) -> i64 {
        self.awaited.iter().filter(|(of, _)| *of == product).map(|(_, units)| units).sum()
    }
}

impl Order {
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

    pub(super) fn fold_given_back(&mut self, back: &Return) {
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
                after.awaited = super::merge_lines(all);
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
    pub(super) fn note(&mut self, change: impl FnOnce(&mut AfterSales)) {
        let mut after = self.after_sales.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        change(&mut after);
        self.after_sales = (after != AfterSales::default()).then(|| Arc::new(after));
    }
}
