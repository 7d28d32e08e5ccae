//! Law 18: the stored answer of each idempotency key is true, and no two keys created the same thing.

use domain::ids::{CampaignId, Code, OrderId, RequestId};
use rustc_hash::FxHashMap;

use crate::audit::dossier::Dossier;
use crate::audit::report::{Findings, Law, Verdict, ensure};
use crate::audit::snapshot::CouponFacts;
use crate::commands::answer::Answer;
use crate::state::rows::{AnswerKey, StoredAnswer};

/// The things that answers claim to exist, until they are found.
#[derive(Debug, Default)]
pub(in crate::audit) struct Promises {
    orders: FxHashMap<OrderId, Found<Option<Code>>>,
    coupons: FxHashMap<Code, Found<(CampaignId, i64)>>,
    requests: FxHashMap<RequestId, Found<()>>,
}

#[derive(Debug)]
struct Found<T> {
    promised: T,
    is_found: bool,
}

impl<T> Found<T> {
    const fn promised(promised: T) -> Found<T> {
        Found { promised, is_found: false }
    }
}

impl Promises {
    /// Records an answer. An order, a coupon or a request may have been created by one answer only.
    pub(in crate::audit) fn take(&mut self, key: AnswerKey, stored: StoredAnswer) -> Verdict {
        let made = match stored.answer {
            Answer::OrderPlaced { order, number } => {
                // An order that was only changed was placed under another key, or without one.
                self.orders.insert(order, Found::promised(Some(number))).map(|before| before.promised.is_some())
            }
            Answer::OrderChanged { order }
            | Answer::PaymentChanged { order }
            | Answer::PaymentStarted { order, .. } => {
                self.orders.entry(order).or_insert(Found::promised(None));
                None
            }
            Answer::CouponIssued { campaign, coupon, issue_number, .. } => {
                self.coupons.insert(coupon, Found::promised((campaign, issue_number))).map(|_| true)
            }
            Answer::CouponRequested { request, .. } => self.requests.insert(request, Found::promised(())).map(|_| true),
            Answer::UserRegistered { .. }
            | Answer::Changed { .. }
            | Answer::ProductRegistered { .. }
            | Answer::ProductChanged { .. }
            | Answer::QueueJoined { .. }
            | Answer::CampaignCreated { .. }
            | Answer::CampaignChanged { .. }
            | Answer::PointsCharged { .. }
            | Answer::WebhookTested { .. }
            | Answer::WebhooksScheduled { .. }
            | Answer::WebhooksTaken { .. }
            | Answer::NotificationsTaken { .. }
            | Answer::GroupMoved { .. }
            | Answer::Done => None,
        };
        ensure(made != Some(true), || format!("key {}: another key has the same answer", hex(key)))
    }

    pub(in crate::audit) fn coupon_exists(&mut self, facts: &CouponFacts) {
        let Some(found) = self.coupons.get_mut(&facts.coupon.code) else { return };
        found.is_found = found.promised == (facts.campaign, facts.coupon.issue_number);
    }

    pub(in crate::audit) fn request_exists(&mut self, id: RequestId) {
        if let Some(found) = self.requests.get_mut(&id) {
            found.is_found = true;
        }
    }

    pub(in crate::audit) fn order_exists(&mut self, dossier: &Dossier) {
        let (Some(order), Some(found)) = (dossier.order(), self.orders.get_mut(&dossier.facts.id)) else { return };
        found.is_found = found.promised.as_ref().is_none_or(|number| *number == order.created.number);
    }

    pub(in crate::audit) fn judge(&self, to: &mut Findings) {
        for (id, found) in &self.orders {
            to.note(Law::Idempotency, ensure(found.is_found, || missing("order", id)));
        }
        for (code, found) in &self.coupons {
            to.note(Law::Idempotency, ensure(found.is_found, || missing("coupon", code)));
        }
        for (id, found) in &self.requests {
            to.note(Law::Idempotency, ensure(found.is_found, || missing("request", id)));
        }
    }
}

fn missing(kind: &str, id: &dyn std::fmt::Display) -> String {
    format!("{kind} {id}: an answer names it, but it does not exist as the answer says")
}

fn hex(key: AnswerKey) -> String {
    key.0[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
