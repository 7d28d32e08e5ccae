//! The three laws of every saga, for every step of an order: a step may run twice, a failure at any step leaves nothing
//! behind, and undoing may be repeated.

use app::commands::{Command, PlaceOrder};
use app::state::settings::Executor;
use domain::ids::OrderId;
use domain::money::Money;
use domain::order::saga::Step;
use domain::order::{Canceller, Mode, Outcome};
use sim::disk::State;

use crate::post::{essence, is_about, is_claim, is_report, is_restoration};
use crate::shop::{ANN, EXECUTORS, STEP_DEADLINE, Shop, campaign_of, order_of};

/// An order with every kind of step: two products, a coupon, points.
fn stage(executor: Executor, mode: Mode) -> (Shop, PlaceOrder) {
    let mut shop = Shop::open(executor);
    let (lamp, desk) = (shop.product(1_000, 5), shop.product(500, 5));
    let campaign = shop.campaign(campaign_of(5));
    shop.issue(campaign, ANN).unwrap();
    shop.charge(ANN, 300);
    let order = PlaceOrder {
        items: vec![(lamp, 1), (desk, 2)],
        coupon: Some((campaign, None)),
        points: Money::won(300),
        mode: Some(mode.into()),
        ..order_of(ANN, lamp)
    };
    (shop, order)
}

fn placed() -> (Shop, OrderId, Vec<Step>) {
    let (mut shop, order) = stage(Executor::Log, Mode::Parallel);
    let order = shop.place_only(order);
    let steps = shop.order(order).created.steps().collect();
    (shop, order, steps)
}

/// The state that orders claim and restore.
fn belongings(state: &State) -> impl PartialEq + std::fmt::Debug + use<> {
    let stock: Vec<_> = state.products.values().map(|product| (product.on_hand, product.reserved)).collect();
    (stock, state.holdings.clone(), state.accounts.clone())
}

fn ask(shop: &mut Shop, order: OrderId, step: Step) {
    let events = shop.events();
    let request = events.iter().find(|event| is_claim(event) && is_about(event, order, step)).unwrap();
    shop.deliver(request);
}

/// Restores the steps up to `step`, in the order points, coupon, stock.
fn ask_back(shop: &mut Shop, order: OrderId, step: Step) {
    loop {
        let events = shop.events();
        if let Some(request) = events.iter().find(|event| is_restoration(event) && is_about(event, order, step)) {
            return shop.deliver(request);
        }
        let others = events.iter().filter(|event| is_restoration(event) || is_report(event));
        others.for_each(|event| shop.deliver(event));
    }
}

#[test]
fn the_first_law_every_step_may_run_twice() {
    let (.., steps) = placed();
    for step in steps {
        let (mut shop, order, _) = placed();
        ask(&mut shop, order, step);
        let once = essence(shop.state());
        ask(&mut shop, order, step);
        assert_eq!(essence(shop.state()), once, "{step:?}");
        shop.quiet();
        assert_eq!(shop.order(order).outcome, Outcome::Completed);
    }
}

/// Removes what one step would claim.
fn deny(shop: &mut Shop, step: Step) {
    let command = match step {
        Step::Stock(product) => {
            let available = shop.state().products[&product].available();
            Command::AdjustStock { product, delta: -available, reason: "broken".into() }
        }
        Step::Coupon => {
            shop.clock.advance(48 * crate::shop::HOUR);
            return;
        }
        Step::Point => {
            let product = *shop.state().products.keys().next().unwrap();
            let order = PlaceOrder { points: Money::won(1), ..order_of(ANN, product) };
            crate::shop::place(order)
        }
    };
    shop.run(command).unwrap();
}

#[test]
fn the_second_law_a_failure_at_any_step_leaves_nothing_behind() {
    let (.., steps) = placed();
    for executor in EXECUTORS {
        for mode in Mode::ALL {
            for step in &steps {
                let (mut shop, order) = stage(executor, mode);
                deny(&mut shop, *step);
                let before = belongings(&shop.state());
                let order = shop.place(order);
                assert_eq!(order.outcome, Outcome::Cancelled, "{executor:?} {mode:?} {step:?}");
                assert_eq!(belongings(&shop.state()), before, "{executor:?} {mode:?} {step:?}");
            }
        }
    }
}

/// The same for a step that never reports.
#[test]
fn silence_at_any_step_leaves_nothing_behind() {
    let (.., steps) = placed();
    for silent in steps {
        let (mut shop, order, steps) = placed();
        let before = belongings(&shop.state());
        for step in steps.into_iter().filter(|step| *step != silent) {
            ask(&mut shop, order, step);
        }
        for report in shop.events().iter().filter(|event| is_report(event)) {
            shop.deliver(report);
        }
        shop.clock.advance(STEP_DEADLINE);
        shop.fire_timers();
        shop.quiet();
        assert_eq!(shop.order(order).outcome, Outcome::Cancelled);
        assert_eq!(belongings(&shop.state()), before, "{silent:?}");
    }
}

#[test]
fn the_third_law_undoing_may_be_repeated() {
    let (.., steps) = placed();
    for step in steps {
        let (mut shop, order, steps) = placed();
        let before = belongings(&shop.state());
        steps.iter().for_each(|step| ask(&mut shop, order, *step));
        shop.submit(Command::CancelOrder { order, by: Canceller::Customer, note: None });
        ask_back(&mut shop, order, step);
        let once = essence(shop.state());
        ask_back(&mut shop, order, step);
        assert_eq!(essence(shop.state()), once, "{step:?}");
        shop.quiet();
        ask_back(&mut shop, order, step);
        assert_eq!(belongings(&shop.state()), before, "{step:?}");
        assert_eq!(shop.order(order).outcome, Outcome::Cancelled);
        assert!(shop.state().claims.is_empty());
    }
}

/// Undoing before doing: the step never takes place.
#[test]
fn a_step_that_is_undone_before_it_is_done_is_never_done() {
    let (.., steps) = placed();
    for step in steps {
        let (mut shop, order, _) = placed();
        let before = belongings(&shop.state());
        shop.submit(Command::CancelOrder { order, by: Canceller::Customer, note: None });
        ask_back(&mut shop, order, step);
        ask(&mut shop, order, step);
        assert_eq!(belongings(&shop.state()), before, "{step:?}");
        shop.quiet();
        assert_eq!(belongings(&shop.state()), before, "{step:?}");
    }
}
