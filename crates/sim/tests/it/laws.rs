//! Invariants of every shop: the audit at any moment, and further checks at rest. Every test runs them.

use std::collections::BTreeMap;

use app::state::rows::ClaimKey;
use domain::claim::Claim;
use domain::ids::{OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::saga::Step;
use domain::order::{Order, Outcome};
use domain::payment::Payment;
use domain::points::Ledger;
use domain::time::Timestamp;
use sim::disk::{Disk, State};
use sim::model_snapshot::ModelSnapshot;

/// Panics if the audit finds a violation.
#[track_caller]
pub(crate) fn audit(disk: &Disk, now: Timestamp) {
    let audit = app::audit::audit(&mut ModelSnapshot::of(disk), now).unwrap();
    let broken: Vec<_> = audit.laws.iter().filter(|law| law.violations > 0).collect();
    assert!(audit.is_clean(), "{broken:#?}");
}

/// Panics if a shop at rest violates an invariant.
#[track_caller]
pub(crate) fn check(state: &State) {
    stock_adds_up(state);
    coupons_add_up(state);
    points_add_up(state);
    sagas_leave_nothing_behind(state);
    versions_and_notices_have_no_gap(state);
}

fn orders(state: &State) -> impl Iterator<Item = &Order> {
    state.orders.values().map(|row| &row.order)
}

fn is_held(state: &State, order: OrderId, step: Step) -> bool {
    state.claims.get(&ClaimKey { order, step }) == Some(&Claim::Held)
}

/// Laws 1 to 3.
#[track_caller]
fn stock_adds_up(state: &State) {
    let mut reserved: BTreeMap<ProductId, i64> = BTreeMap::new();
    let mut sold: BTreeMap<ProductId, i64> = BTreeMap::new();
    let mut awaited: BTreeMap<ProductId, i64> = BTreeMap::new();
    for order in orders(state) {
        for (place, line) in order.created.lines.iter().enumerate() {
            if order.outcome == Outcome::Completed {
                let back = order.awaited(line.product);
                *sold.entry(line.product).or_default() += line.quantity - order.returned(place) + back;
                *awaited.entry(line.product).or_default() += back;
            }
            if is_held(state, order.id(), Step::Stock(line.product)) {
                *reserved.entry(line.product).or_default() += line.quantity;
            }
        }
    }
    for (id, product) in &state.products {
        let receipts = state.receipts.values().filter(|receipt| receipt.product == *id);
        assert_eq!(product.on_hand + product.sold, receipts.map(|receipt| receipt.delta).sum::<i64>(), "{product:?}");
        assert_eq!(product.reserved, reserved.get(id).copied().unwrap_or(0), "{product:?}");
        assert_eq!(product.sold, sold.get(id).copied().unwrap_or(0), "{product:?}");
        let sales = state.sales.iter().filter(|(key, _)| key.product == *id);
        let ranked: i64 = sales.map(|(_, sales)| sales.sold - sales.returned).sum();
        assert_eq!(product.sold - awaited.get(id).copied().unwrap_or(0), ranked, "the ranking of {product:?}");
    }
}

/// Laws 4, 5, 6 and 8.
#[track_caller]
fn coupons_add_up(state: &State) {
    for (id, campaign) in &state.campaigns {
        let holdings = state.holdings.values().filter(|holding| holding.campaign == *id);
        let coupons: Vec<_> = holdings.flat_map(|holding| &holding.coupons).collect();
        let mut numbers: Vec<i64> = coupons.iter().map(|coupon| coupon.issue_number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=campaign.issued).collect::<Vec<_>>(), "{campaign:?}");
        assert!(campaign.issued <= campaign.quantity, "{campaign:?}");
        for used in coupons.iter().filter_map(|coupon| coupon.used_order) {
            let order = &state.orders[&used].order;
            let is_complete = order.outcome == Outcome::Completed && !order.is_all_returned();
            assert!(is_complete || is_held(state, used, Step::Coupon), "{order:?}");
        }
    }
    for order in orders(state).filter(|order| order.created.coupon.is_some()) {
        let is_kept = order.outcome == Outcome::Completed && !order.is_all_returned();
        let is_used = is_kept || is_held(state, order.id(), Step::Coupon);
        let coupons = state.holdings.values().flat_map(|holding| &holding.coupons);
        let used = coupons.filter(|coupon| coupon.used_order == Some(order.id())).count();
        assert_eq!(used, usize::from(is_used), "{order:?}");
    }
}

/// Law 9.
#[track_caller]
fn points_add_up(state: &State) {
    let mut balances: BTreeMap<i64, Money> = BTreeMap::new();
    for entry in state.entries.values() {
        *balances.entry(entry.from_account).or_default() -= entry.amount;
        *balances.entry(entry.to_account).or_default() += entry.amount;
    }
    for (user, account) in &state.accounts {
        assert!(account.balance >= Money::ZERO);
        assert_eq!(account.balance, balances.get(&user.0).copied().unwrap_or_default(), "{user}");
    }
    let held_or_spent = |order: &&Order| order.outcome == Outcome::Completed || is_held(state, order.id(), Step::Point);
    let spent = orders(state).filter(held_or_spent).map(|order| order.created.points - order.worth_returned().points);
    let spent: Money = spent.sum();
    assert_eq!(balances.get(&Ledger::Spent.number()).copied().unwrap_or_default(), spent);
}

/// Laws 12 and 13: claims and timers belong to live orders, and a final order holds no more than it should.
#[track_caller]
fn sagas_leave_nothing_behind(state: &State) {
    for key in state.claims.keys() {
        assert!(!state.orders[&key.order].order.outcome.is_final(), "{key:?} is left behind");
    }
    for order in orders(state) {
        let is_being_paid = state.payments.get(&order.id()).is_some_and(Payment::is_under_way);
        let waits = order.outcome == Outcome::AwaitingPayment && !is_being_paid;
        let wants_timer = waits || matches!(order.outcome, Outcome::Pending | Outcome::Compensating);
        assert_eq!(state.timers.contains_key(&order.id()), wants_timer, "{order:?}");
        if order.outcome == Outcome::Cancelled {
            assert!(order.reason.is_some(), "{order:?}");
        }
    }
}

/// Laws 11, 15 and 19.
#[track_caller]
fn versions_and_notices_have_no_gap(state: &State) {
    for order in orders(state) {
        let of_order = state.outbox.iter().filter(|row| row.order == Some(order.id()));
        let versions: Vec<i64> = of_order.filter_map(|row| row.version).collect();
        assert_eq!(versions, (1..=order.version).collect::<Vec<_>>(), "{order:?}");
    }
    let mut notices: BTreeMap<UserId, Vec<i64>> = BTreeMap::new();
    for notice in state.notices.values() {
        notices.entry(notice.user).or_default().push(notice.number);
    }
    for (user, customer) in &state.customers {
        let numbers = notices.remove(user).unwrap_or_default();
        assert_eq!(numbers, (1..=customer.notices).collect::<Vec<_>>(), "the notices of {user}");
    }
    assert!(notices.is_empty(), "notices without events: {notices:?}");
}
