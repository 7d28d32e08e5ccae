//! Outcomes of orders: every combination of granting and refusing participants, in both modes and both executors.

use app::commands::{Command, PlaceOrder};
use app::state::settings::Executor;
use domain::ids::{CampaignId, ProductId};
use domain::money::Money;
use domain::order::{Canceller, Mode, Order, Outcome, Pace, Payment};
use domain::reason::Reason;

use crate::shop::{ANN, BOB, EXECUTORS, Shop, campaign_of, order_of};

/// Each participant's report.
#[derive(Clone, Copy, Debug)]
struct Grants {
    stock: bool,
    coupon: bool,
    points: bool,
}

impl Grants {
    fn all() -> impl Iterator<Item = Grants> {
        (0..8_u8).map(|bits| Grants { stock: bits & 1 > 0, coupon: bits & 2 > 0, points: bits & 4 > 0 })
    }

    /// The reason of the first refusal in the order of claiming.
    const fn reason(self) -> Option<Reason> {
        match self {
            Grants { stock: false, .. } => Some(Reason::StockExhausted),
            Grants { coupon: false, .. } => Some(Reason::CouponNotUsable),
            Grants { points: false, .. } => Some(Reason::PointsInsufficient),
            Grants { .. } => None,
        }
    }
}

/// A shop in which Ann's order gets exactly these reports.
fn stage(executor: Executor, grants: Grants) -> (Shop, PlaceOrder) {
    let mut shop = Shop::open(executor);
    let product = shop.product(1_000, if grants.stock { 2 } else { 1 });
    let campaign = shop.campaign(campaign_of(5));
    if grants.coupon {
        shop.issue(campaign, ANN).unwrap();
    }
    shop.charge(ANN, if grants.points { 300 } else { 299 });
    let order = everything(product, campaign);
    (shop, order)
}

/// An order for two units of a product, with a coupon of 100 won and 300 points.
fn everything(product: ProductId, campaign: CampaignId) -> PlaceOrder {
    PlaceOrder {
        items: vec![(product, 2)],
        coupon: Some((campaign, None)),
        points: Money::won(300),
        ..order_of(ANN, product)
    }
}

/// The state that orders claim and restore.
fn belongings(shop: &Shop) -> impl PartialEq + std::fmt::Debug + use<> {
    let state = shop.state();
    let stock: Vec<_> = state.products.values().map(|product| (product.on_hand, product.reserved)).collect();
    let holdings = state.holdings.into_values().collect::<Vec<_>>();
    (stock, holdings, shop.balance(ANN))
}

#[track_caller]
fn check_cancelled(order: &Order, reason: Reason) {
    assert_eq!((order.outcome, order.reason), (Outcome::Cancelled, Some(reason)));
}

fn everywhere(mut check: impl FnMut(Executor, Mode, Grants)) {
    for executor in EXECUTORS {
        for mode in Mode::ALL {
            for grants in Grants::all() {
                check(executor, mode, grants);
            }
        }
    }
}

/// O-06…O-14, O-22, O-23, W-01, W-02, S-01, S-02, C-21, C-32.
#[test]
fn every_order_is_completed_or_leaves_nothing_behind() {
    everywhere(|executor, mode, grants| {
        let (mut shop, order) = stage(executor, grants);
        let before = belongings(&shop);
        let order = shop.place(PlaceOrder { mode: Some(mode.into()), ..order });
        match grants.reason() {
            None => {
                assert_eq!(order.outcome, Outcome::Completed);
                assert_eq!(shop.balance(ANN), 0);
                assert_ne!(belongings(&shop), before);
            }
            Some(reason) => {
                check_cancelled(&order, reason);
                assert_eq!(belongings(&shop), before, "{executor:?} {mode:?} {grants:?}");
            }
        }
    });
}

/// O-22, O-23: in parallel mode every step is requested, and every report is recorded.
#[test]
fn in_parallel_mode_one_refusal_does_not_stop_the_other_reports() {
    for executor in EXECUTORS {
        for grants in Grants::all() {
            let (mut shop, order) = stage(executor, grants);
            shop.place(order);
            for (name, is_granted) in
                [("StockDeduction", grants.stock), ("CouponUsage", grants.coupon), ("PointDeduction", grants.points)]
            {
                let expected = if is_granted { format!("{name}Completed") } else { format!("{name}Failed") };
                let answers = count(&shop, |kind| kind.starts_with(name) && !kind.ends_with("Requested"));
                assert_eq!(answers, 1, "{name} answers once");
                assert_eq!(count(&shop, |kind| kind == expected), 1, "{grants:?}");
            }
        }
    }
}

fn count(shop: &Shop, wanted: impl Fn(&str) -> bool) -> usize {
    shop.disk.read(|state| state.outbox.iter().filter(|row| wanted(row.record.kind)).count())
}

/// O-12, O-13: claims are restored in the order point → coupon → stock.
#[test]
fn restoration_runs_backwards() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = shop.product(1_000, 2);
        let campaign = shop.campaign(campaign_of(5));
        shop.issue(campaign, ANN).unwrap();
        shop.charge(ANN, 300);
        let order = PlaceOrder { payment: Payment::Prepaid, ..everything(product, campaign) };
        let placed = shop.place(order);
        shop.run(Command::CancelOrder { order: placed.id(), by: Canceller::Customer, note: None }).unwrap();
        let restored: Vec<&str> = shop.disk.read(|state| {
            let kinds = state.outbox.iter().map(|row| row.record.kind);
            kinds.filter(|kind| kind.ends_with("Restored")).collect()
        });
        assert_eq!(restored, ["PointsRestored", "CouponRestored", "StockRestored"], "{executor:?}");
        check_cancelled(&shop.order(placed.id()), Reason::CancelledByCustomer);
    }
}

/// O-14: the end of every compensation is published once, before the cancellation.
#[test]
fn the_end_of_a_compensation_is_published() {
    everywhere(|executor, mode, grants| {
        let (mut shop, order) = stage(executor, grants);
        shop.place(PlaceOrder { mode: Some(mode.into()), ..order });
        let required = count(&shop, |kind| kind == "CompensationRequired");
        assert_eq!(count(&shop, |kind| kind == "CompensationCompleted"), required, "{executor:?} {mode:?} {grants:?}");
        assert!(required == 0 || mode.pace() != Pace::AtOnce, "an atomic order has nothing to compensate");
    });
}

/// Two lines of one product must not be checked one by one.
#[test]
fn lines_of_one_product_are_claimed_together() {
    for executor in EXECUTORS {
        for mode in Mode::ALL {
            let mut shop = Shop::open(executor);
            let product = shop.product(10, 3);
            let twice = |quantity| PlaceOrder {
                items: vec![(product, 2), (product, quantity)],
                mode: Some(mode.into()),
                ..order_of(ANN, product)
            };
            check_cancelled(&shop.place(twice(2)), Reason::StockExhausted);
            let order = shop.place(twice(1));
            assert_eq!(order.outcome, Outcome::Completed);
            assert_eq!(order.created.lines.len(), 1);
            assert_eq!(shop.disk.read(|state| state.products[&product].sold), 3);
        }
    }
}

/// S-01: all products of an order or none.
#[test]
fn one_product_without_stock_restores_the_others() {
    for executor in EXECUTORS {
        for mode in Mode::ALL {
            let mut shop = Shop::open(executor);
            let products = [shop.product(10, 5), shop.product(10, 1), shop.product(10, 5)];
            let all = |quantity| PlaceOrder {
                items: products.iter().map(|product| (*product, quantity)).collect(),
                mode: Some(mode.into()),
                ..order_of(ANN, products[0])
            };
            check_cancelled(&shop.place(all(2)), Reason::StockExhausted);
            assert_eq!(shop.place(all(1)).outcome, Outcome::Completed);
            let left: Vec<i64> = shop.state().products.values().map(|product| product.available()).collect();
            assert_eq!(left, [4, 0, 4]);
        }
    }
}

#[test]
fn a_prepaid_order_awaits_payment_with_everything_reserved() {
    everywhere(|executor, mode, grants| {
        let (mut shop, order) = stage(executor, grants);
        let order = shop.place(PlaceOrder { mode: Some(mode.into()), payment: Payment::Prepaid, ..order });
        match grants.reason() {
            None => {
                assert_eq!(order.outcome, Outcome::AwaitingPayment);
                assert_eq!(shop.state().claims.len(), 3);
            }
            Some(reason) => check_cancelled(&order, reason),
        }
    });
}

#[test]
fn an_order_cancelled_before_payment_restores_everything() {
    for executor in EXECUTORS {
        for mode in Mode::ALL {
            let (mut shop, order) = stage(executor, Grants { stock: true, coupon: true, points: true });
            let before = belongings(&shop);
            let placed = shop.place(PlaceOrder { mode: Some(mode.into()), payment: Payment::Prepaid, ..order });
            shop.run(Command::CancelOrder { order: placed.id(), by: Canceller::Admin, note: None }).unwrap();
            check_cancelled(&shop.order(placed.id()), Reason::CancelledByAdmin);
            assert_eq!(belongings(&shop), before);
        }
    }
}

#[test]
fn a_product_that_is_not_on_sale_is_refused_with_its_own_reason() {
    for executor in EXECUTORS {
        for mode in Mode::ALL {
            let mut shop = Shop::open(executor);
            let product = shop.product(10, 5);
            let status = Some(domain::stock::Status::Paused);
            shop.run(Command::ChangeProduct { product, price: None, status, details: None }).unwrap();
            let order = shop.place(PlaceOrder { mode: Some(mode.into()), ..order_of(BOB, product) });
            check_cancelled(&order, Reason::ProductNotOnSale);
        }
    }
}
