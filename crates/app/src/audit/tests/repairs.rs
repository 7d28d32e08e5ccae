//! Repairs bring derived figures back, and only these.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{Codec, OrderId};
use domain::money::Money;
use domain::order::{Choice, Modes};
use domain::stock::Product;
use proptest::prelude::*;

use super::fixture::{NOON, PENDING, STUCK, Shop, shop};
use super::{broken_laws, campaign};
use crate::audit::{Law, repairs};
use crate::commands::context::Context;
use crate::commands::{Command, Repair, dispatch};
use crate::state::ids::Ids;
use crate::state::rows::{AccountKey, OrderKey, PaymentKey, Rows, TimerKey};
use crate::state::settings::{Executor, Settings};

/// Applies a repair to the shop's rows, as the engine does.
fn apply(shop: &mut Shop, repair: &Repair) {
    let mut rows = Rows::default();
    for facts in &shop.products {
        rows.products.loaded(facts.product.id, Some(facts.product.clone()));
    }
    let sale = campaign(shop).clone();
    rows.campaigns.loaded(sale.id, Some(sale.clone()));
    for facts in &shop.customers {
        rows.accounts.loaded(AccountKey(facts.user), facts.account);
    }
    for facts in &shop.orders {
        rows.orders.loaded(OrderKey(facts.id), facts.row.clone());
        rows.timers.loaded(TimerKey(facts.id), facts.timer);
        rows.payments.loaded(PaymentKey(facts.id), facts.fulfilment.payment.clone());
    }
    let settings = Settings {
        executor: Executor::Inline,
        batch_max: 1,
        modes: Modes::always(Choice::Parallel),
        pay_within: Duration::from_secs(600),
        action_within: Duration::from_secs(900),
        step_deadline: Duration::from_secs(30),
        order_deadline: Duration::from_secs(600),
        services: Arc::default(),
        calendar: Arc::new(crate::ports::FixedOffset::default()),
        restorations_max: 5,
        codec: Codec::new([0; 16]),
    };
    let mut ids = Ids::new(1);
    let mut unit = Context {
        rows: &mut rows,
        ids: &mut ids,
        settings: &settings,
        now: NOON,
        cause: "Repair",
        trace: None,
        skipped: 0,
        react: crate::commands::dispatch::react,
    };
    dispatch::handle(&mut unit, &Command::Repair(repair.clone())).unwrap();
    for facts in &mut shop.products {
        facts.product = rows.products.get(facts.product.id).unwrap().unwrap().clone();
    }
    *campaign(shop) = rows.campaigns.get(sale.id).unwrap().unwrap().clone();
    for facts in &mut shop.customers {
        facts.account = rows.accounts.get(AccountKey(facts.user)).unwrap().copied();
    }
    for facts in &mut shop.orders {
        facts.timer = rows.timers.get(TimerKey(facts.id)).unwrap().copied();
    }
}

proptest! {
    #[test]
    fn repairs_bring_every_derived_figure_back(
        counters in prop::array::uniform5(-3..=3_i64),
        issued in -2..=2_i64,
        balances in prop::array::uniform2(-100..=100_i64),
        timers in prop::array::uniform6(0..=2_u8),
    ) {
        let mut shop = shop();
        let sound = shop.products[0].product.clone();
        let [on_hand, reserved, received, sold, written_off] = counters;
        shop.products[0].product = Product {
            on_hand: sound.on_hand + on_hand,
            reserved: sound.reserved + reserved,
            received: sound.received + received,
            sold: sound.sold + sold,
            written_off: sound.written_off + written_off,
            ..sound
        };
        campaign(&mut shop).issued += issued;
        for (facts, change) in shop.customers.iter_mut().zip(balances) {
            facts.account.as_mut().unwrap().balance += Money::won(change);
        }
        let any = shop.orders[PENDING].timer;
        for (facts, change) in shop.orders.iter_mut().zip(timers) {
            facts.timer = match change { 0 => facts.timer, 1 => None, _ => any };
        }
        for command in repairs(&mut shop, NOON).unwrap() {
            // A stuck order violates no law; resuming it is the engine's own work.
            if let Command::Repair(repair) = command {
                apply(&mut shop, &repair);
            }
        }
        // The timer of a stuck order is dropped when the order is resumed.
        shop.orders[STUCK].timer = None;
        prop_assert_eq!(broken_laws(&mut shop), vec![]);
    }
}

#[test]
fn a_lost_coupon_is_not_repaired_away() {
    let mut shop = shop();
    shop.campaigns.remove(1);
    assert_eq!(repairs(&mut shop, NOON).unwrap(), vec![Command::ResumeOrder { order: OrderId(6) }]);
    assert!(broken_laws(&mut shop).iter().any(|(law, _)| *law == Law::Coupons));
}
