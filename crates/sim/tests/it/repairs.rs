//! Repairs: the engine corrects what the audit finds, and nothing else changes.

use app::audit::inspect;
use app::commands::PlaceOrder;
use app::ports::Clock as _;
use app::state::settings::Executor;
use domain::ids::{CampaignId, ProductId};
use domain::money::Money;
use domain::order::{Outcome, Payment};
use sim::disk::State;
use sim::model_snapshot::ModelSnapshot;

use crate::post::essence;
use crate::shop::{ANN, EXECUTORS, STEP_DEADLINE, Shop, campaign_of, order_of};

const LAMP: ProductId = ProductId(1);
const DROP: CampaignId = CampaignId(1);

/// A shop with rows of every kind, including an order that awaits payment and one that awaits its claims.
fn stage(executor: Executor) -> Shop {
    let mut shop = Shop::open(executor);
    let product = shop.product(1_000, 9);
    let campaign = shop.campaign(campaign_of(5));
    shop.issue(campaign, ANN).unwrap();
    shop.charge(ANN, 300);
    shop.place(order_of(ANN, product));
    shop.place(PlaceOrder {
        coupon: Some((campaign, None)),
        points: Money::won(200),
        payment: Payment::Prepaid,
        ..order_of(ANN, product)
    });
    shop.place_only(order_of(ANN, product));
    shop
}

fn violations(shop: &Shop) -> u64 {
    let audit = app::audit::audit(&mut ModelSnapshot::of(&shop.disk), shop.clock.now()).unwrap();
    audit.violations
}

#[track_caller]
fn check(falsify: fn(&mut State)) {
    for executor in EXECUTORS {
        let mut shop = stage(executor);
        let honest = shop.state();
        shop.is_audited = false;
        shop.disk.tamper(falsify);
        assert!(violations(&shop) > 0, "the audit sees it");
        let found = inspect(&mut ModelSnapshot::of(&shop.disk), shop.clock.now()).unwrap();
        for answer in shop.decide(found.repairs) {
            assert!(answer.result.is_ok());
        }
        assert_eq!(violations(&shop), 0);
        let mut repaired = essence(shop.state());
        // A repaired timer is due at once.
        repaired.timers.clone_from(&honest.timers);
        assert_eq!(repaired, essence(honest));
    }
}

#[test]
fn a_count_of_reserved_units_is_recomputed_from_the_claims() {
    check(|state| state.products.get_mut(&LAMP).unwrap().reserved += 1);
}

#[test]
fn a_count_of_sold_units_is_recomputed_from_the_orders() {
    check(|state| {
        let product = state.products.get_mut(&LAMP).unwrap();
        product.sold += 1;
        product.on_hand -= 1;
    });
}

#[test]
fn a_count_of_issued_coupons_is_recomputed_from_the_coupons() {
    check(|state| state.campaigns.get_mut(&DROP).unwrap().issued += 1);
}

#[test]
fn a_balance_is_recomputed_from_the_ledger() {
    check(|state| state.accounts.get_mut(&ANN).unwrap().balance += Money::won(1));
}

/// T2: an order without its timer would never end.
#[test]
fn a_lost_timer_is_recreated_and_fires() {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(1_000, 9);
    let order = shop.place_only(order_of(ANN, product));
    shop.is_audited = false;
    shop.disk.tamper(|state| state.timers.clear());
    let found = inspect(&mut ModelSnapshot::of(&shop.disk), shop.clock.now()).unwrap();
    shop.decide(found.repairs);
    shop.is_audited = true;
    shop.fire_timers();
    assert_eq!(shop.order(order).outcome, Outcome::Compensating);
    shop.quiet();
    shop.pass(STEP_DEADLINE);
    assert_eq!(shop.order(order).outcome, Outcome::Cancelled);
}
