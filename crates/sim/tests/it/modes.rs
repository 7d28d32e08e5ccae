//! The processing modes: their requests, restorations and the rules that choose them (O-17…O-21, O-47, W-04).

use std::time::Duration;

use app::commands::{ChangeModes, Command, PlaceOrder};
use app::events::event::Event;
use app::ports::CommitError;
use app::resilience::breaker;
use app::resilience::services::Service;
use app::state::settings::Executor;
use domain::ids::{OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::saga::{Step, StepState};
use domain::order::{Canceller, Choice, Mode, Order, Outcome, Payment, Rule};
use domain::reason::Reason;
use sim::planned_fault::CommitFault;
use sim::ready::ready;

use crate::post::{is_about, is_claim, is_report, is_restoration};
use crate::shop::{ANN, BOB, EXECUTORS, ORDER_DEADLINE, STEP_DEADLINE, Shop, campaign_of, order_of};

/// A shop with three lamps, and an order for one with a coupon and 300 points; the customer has `points` points.
fn stage(executor: Executor, (has_coupon, points): (bool, i64)) -> (Shop, PlaceOrder) {
    let mut shop = Shop::open(executor);
    let lamp = shop.product(1_000, 3);
    let campaign = shop.campaign(campaign_of(5));
    if has_coupon {
        shop.issue(campaign, ANN).unwrap();
    }
    shop.charge(ANN, points);
    let order = PlaceOrder {
        coupon: Some((campaign, None)),
        points: Money::won(300),
        mode: Some(Choice::Sequential),
        ..order_of(ANN, lamp)
    };
    (shop, order)
}

fn states(order: &Order) -> Vec<&'static str> {
    order.saga.steps.iter().map(|record| record.state.name()).collect()
}

/// Delivers all events of one kind about a step.
fn deliver_step(shop: &mut Shop, order: OrderId, step: Step, wanted: fn(&Event) -> bool) {
    let events = shop.events();
    let event = events.iter().find(|event| wanted(event) && is_about(event, order, step));
    shop.deliver(event.unwrap_or_else(|| panic!("no event about {step:?}")));
}

/// O-17: one step after the other, and the current one can be read at any time.
#[test]
fn a_sequential_order_shows_its_current_step() {
    let (mut shop, order) = stage(Executor::Log, (true, 300));
    let id = shop.place_only(order);
    let steps: Vec<Step> = shop.order(id).created.steps().collect();
    let expected = [
        vec!["REQUESTED", "WAITING", "WAITING"],
        vec!["COMPLETED", "REQUESTED", "WAITING"],
        vec!["COMPLETED", "COMPLETED", "REQUESTED"],
    ];
    for (step, expected) in steps.into_iter().zip(expected) {
        assert_eq!(states(&shop.order(id)), expected);
        let asked = shop.events().iter().filter(|event| is_claim(event)).count();
        assert_eq!(asked, expected.iter().filter(|state| **state != "WAITING").count());
        deliver_step(&mut shop, id, step, is_claim);
        deliver_step(&mut shop, id, step, is_report);
    }
    shop.quiet();
    assert_eq!(shop.order(id).outcome, Outcome::Completed);
}

#[track_caller]
fn check_refused(executor: Executor, (shop, order): (Shop, PlaceOrder), (reason, states_after): (Reason, [&str; 3])) {
    let mut shop = shop;
    let before = shop.state();
    let order = shop.place(order);
    assert_eq!((order.outcome, order.reason), (Outcome::Cancelled, Some(reason)), "{executor:?}");
    assert_eq!(states(&order), states_after, "{executor:?}");
    let after = shop.state();
    assert_eq!((after.accounts, after.holdings), (before.accounts, before.holdings));
    let reserved = |products: &std::collections::BTreeMap<_, domain::stock::Product>| {
        products.values().map(|product| product.reserved).collect::<Vec<_>>()
    };
    assert_eq!(reserved(&after.products), reserved(&before.products));
}

/// O-18, O-19, O-47: after a refusal no step is requested, and held steps are restored.
#[test]
fn a_refused_sequential_order_never_requests_later_steps() {
    for executor in EXECUTORS {
        let (shop, order) = stage(executor, (true, 300));
        let items = order.items.iter().map(|(product, _)| (*product, 4)).collect();
        let too_many = PlaceOrder { items, ..order };
        check_refused(executor, (shop, too_many), (Reason::StockExhausted, ["FAILED", "WAITING", "WAITING"]));
        let without_coupon = stage(executor, (false, 300));
        check_refused(executor, without_coupon, (Reason::CouponNotUsable, ["RESTORED", "FAILED", "WAITING"]));
        let without_points = stage(executor, (true, 299));
        check_refused(executor, without_points, (Reason::PointsInsufficient, ["RESTORED", "RESTORED", "FAILED"]));
    }
}

/// O-47.
#[test]
fn a_sequential_order_skips_steps_that_it_does_not_have() {
    for executor in EXECUTORS {
        let (mut shop, order) = stage(executor, (true, 300));
        let order = shop.place(PlaceOrder { coupon: None, ..order });
        assert_eq!((order.outcome, states(&order)), (Outcome::Completed, vec!["COMPLETED", "COMPLETED"]));
    }
}

/// A crash between any two events of a sequential order.
#[test]
fn a_sequential_order_survives_a_crash_at_every_boundary() {
    for points in [300, 299] {
        for crash_at in 0..14 {
            let (mut shop, order) = stage(Executor::Log, (true, points));
            let id = shop.place_only(order);
            for boundary in 0.. {
                if boundary == crash_at {
                    shop = shop.crash();
                }
                let jobs: Vec<_> = shop.next_events().into_iter().take(1).collect();
                if jobs.is_empty() {
                    break;
                }
                shop.batch(jobs);
                // All other fetched events are fetched again.
                shop.forget_offsets();
            }
            shop.quiet();
            let expected = if points == 300 { Outcome::Completed } else { Outcome::Cancelled };
            assert_eq!(shop.order(id).outcome, expected, "{points} points, crash at {crash_at}");
        }
    }
}

#[test]
fn a_cancelled_sequential_order_restores_what_it_holds_and_requests_nothing_more() {
    let (mut shop, order) = stage(Executor::Log, (true, 300));
    let id = shop.place_only(order);
    let stock = shop.order(id).created.steps().next().unwrap();
    deliver_step(&mut shop, id, stock, is_claim);
    shop.submit(Command::CancelOrder { order: id, by: Canceller::Customer, note: None });
    shop.quiet();
    assert_eq!(states(&shop.order(id)), ["RESTORED", "WAITING", "WAITING"]);
    assert_eq!(shop.events().iter().filter(|event| is_restoration(event)).count(), 1);
}

/// T2: silence ends the order too. Each step has its own deadline, within the order's.
#[test]
fn a_silent_step_ends_a_sequential_order_and_the_order_has_a_deadline_of_its_own() {
    let (mut shop, order) = stage(Executor::Log, (true, 300));
    let id = shop.place_only(order);
    let stock = shop.order(id).created.steps().next().unwrap();
    shop.clock.advance(STEP_DEADLINE - Duration::from_secs(1));
    deliver_step(&mut shop, id, stock, is_claim);
    deliver_step(&mut shop, id, stock, is_report);
    let order = shop.order(id);
    assert_eq!(shop.state().timers[&id].due, shop.now() + STEP_DEADLINE, "the coupon has its own time");
    shop.clock.advance(STEP_DEADLINE);
    shop.fire_timers();
    shop.quiet();
    assert_eq!(shop.order(id).reason, Some(Reason::StepTimedOut));
    assert!(order.saga.steps.iter().all(|record| record.state != StepState::Restored));
}

/// O-20: the boundary lies between three and four items, and the rule is recorded.
#[test]
fn adaptive_depends_on_the_order() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let products: Vec<_> = (0..4).map(|_| shop.product(10, 9)).collect();
        for (items, mode) in [(3, Mode::Parallel), (4, Mode::Sequential)] {
            let items = products[..items].iter().map(|product| (*product, 1)).collect();
            let wanted = PlaceOrder { items, mode: Some(Choice::Adaptive), ..order_of(ANN, products[0]) };
            let order = shop.place(wanted);
            assert_eq!((order.created.mode, order.created.chosen_by), (mode, Some(Rule::Adaptive)));
            assert_eq!(order.outcome, Outcome::Completed);
        }
    }
}

fn change(choice: Choice, percent: Option<u8>) -> Command {
    Command::ChangeModes(Box::new(ChangeModes { choice, percent, by: Some(UserId(900)), reason: "a try".into() }))
}

/// A change of the setting applies to the next order, also in the same batch, and survives a restart.
#[test]
fn the_setting_changes_while_the_shop_runs_and_is_still_there_after_a_crash() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let lamp = shop.product(10, 9);
        let order = crate::shop::place(order_of(ANN, lamp));
        let reply = shop.decide([order.clone(), change(Choice::Sequential, None), order.clone()]);
        let mode = |shop: &Shop, reply: &app::commands::answer::Reply| {
            shop.order(crate::shop::placed(&reply.result)).created.mode
        };
        assert_eq!([mode(&shop, &reply[0]), mode(&shop, &reply[2])], [Mode::Parallel, Mode::Sequential]);

        shop.run(change(Choice::Gradual, Some(100))).unwrap();
        shop = shop.crash();
        ready(shop.engine.learn_modes()).unwrap();
        let reply = shop.decide([order]).remove(0);
        let created = shop.order(crate::shop::placed(&reply.result)).created;
        assert_eq!((created.mode, created.chosen_by), (Mode::Parallel, Some(Rule::Gradual)));

        let changes = shop.state().modes;
        assert_eq!(changes.iter().map(|change| change.version).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((changes[1].before.choice, changes[1].modes.choice), (Choice::Sequential, Choice::Gradual));
        assert_eq!((changes[1].by, &*changes[1].reason), (Some(UserId(900)), "a try"));
        let told = shop.events().into_iter().filter(|event| matches!(event, Event::ModeChanged(_))).count();
        assert_eq!(told, 2);
    }
}

#[test]
fn a_change_that_names_no_percentage_keeps_it() {
    let mut shop = Shop::open(Executor::Inline);
    shop.run(change(Choice::Gradual, Some(40))).unwrap();
    shop.run(change(Choice::Parallel, None)).unwrap();
    assert_eq!(shop.state().modes[1].modes.percent, 40);
}

/// The shop restores the outstanding steps itself, once, and the order shows who requested it.
#[test]
fn a_stuck_order_is_resolved_with_everything_restored() {
    for mode in [Choice::Parallel, Choice::Sequential] {
        let (mut shop, order) = stage(Executor::Log, (true, 300));
        let before = shop.state();
        let id = shop.place_only(PlaceOrder { mode: Some(mode), ..order });
        for step in shop.order(id).created.steps().collect::<Vec<_>>() {
            deliver_step(&mut shop, id, step, is_claim);
            deliver_step(&mut shop, id, step, is_report);
            if mode == Choice::Parallel {
                break;
            }
        }
        let refused = shop.run_only(resolve(id));
        assert_eq!(refused, Err(app::commands::answer::Refusal::OrderNotStuck));
        if mode == Choice::Parallel {
            shop.submit(Command::CancelOrder { order: id, by: Canceller::Customer, note: None });
            while shop.order(id).outcome == Outcome::Compensating {
                shop.wait_for_timer();
            }
            assert_eq!(shop.order(id).outcome, Outcome::CompensationStuck);
            shop.run_only(resolve(id)).unwrap();
            let after = shop.state();
            assert_eq!((after.accounts, after.holdings), (before.accounts, before.holdings));
            let reserved = |product: &domain::stock::Product| product.reserved;
            assert_eq!(after.products.values().map(reserved).sum::<i64>(), 0);
            assert!(after.claims.is_empty() && after.timers.is_empty());
        }
        let resolved = shop.order(id);
        shop.quiet();
        assert_eq!(shop.order(id), resolved, "what was on its way changes nothing any more");
    }
}

fn resolve(order: OrderId) -> Command {
    Command::ResolveOrder { order, by: BOB, reason: "counted by hand".into() }
}

/// T11, R-03: an order whose participant is disabled waits, ends once when it is enabled again, and never oversells.
#[test]
fn an_order_waits_for_a_disabled_participant_and_ends_once() {
    for executor in EXECUTORS {
        for choice in [Choice::Parallel, Choice::Sequential, Choice::Atomic, Choice::Sync] {
            let (mut shop, order) = stage(executor, (true, 300));
            shop.services().take_out(Service::Stock, true);
            let others = PlaceOrder { coupon: None, points: Money::ZERO, mode: Some(choice), ..order.clone() };
            let ids: Vec<OrderId> = (0..6).map(|_| shop.place(others.clone()).id()).collect();
            assert_eq!(shop.services().state(Service::Stock, shop.now()), breaker::State::Open, "five were enough");
            for id in &ids {
                let order = shop.order(*id);
                assert_eq!((order.outcome, states(&order)), (Outcome::Pending, vec!["REQUESTED"]), "{choice:?}");
            }
            shop.services().take_out(Service::Stock, false);
            while ids.iter().any(|id| !shop.order(*id).outcome.is_final()) {
                shop.wait_for_timer();
                shop.quiet();
            }
            let outcomes: Vec<Outcome> = ids.iter().map(|id| shop.order(*id).outcome).collect();
            let completed = outcomes.iter().filter(|outcome| **outcome == Outcome::Completed).count();
            assert_eq!((completed, outcomes.len()), (3, 6), "{executor:?} {choice:?}: there are three lamps");
        }
    }
}

/// The order's own deadline bounds the waiting, and late requests claim nothing.
#[test]
fn an_order_does_not_wait_longer_than_its_deadline() {
    for executor in EXECUTORS {
        let (mut shop, order) = stage(executor, (true, 300));
        shop.services().take_out(Service::Coupon, true);
        let placed = shop.now();
        let id = shop.place(order).id();
        while shop.order(id).outcome == Outcome::Pending {
            shop.wait_for_timer();
            shop.quiet();
        }
        assert_eq!(shop.now(), placed + ORDER_DEADLINE);
        shop.services().take_out(Service::Coupon, false);
        while !shop.order(id).outcome.is_final() {
            shop.wait_for_timer();
            shop.quiet();
        }
        assert_eq!(shop.order(id).reason, Some(Reason::StepTimedOut));
        assert!(shop.state().products.values().all(|product| product.reserved == 0 && product.sold == 0));
        assert!(shop.state().claims.is_empty() && shop.state().timers.is_empty());
    }
}

/// A participant that stays disabled during compensation makes the order stuck under both executors.
#[test]
fn a_compensation_of_a_disabled_participant_is_retried_with_longer_pauses_and_then_stuck() {
    for executor in EXECUTORS {
        let (mut shop, order) = stage(executor, (true, 300));
        let id = shop.place(PlaceOrder { payment: Payment::Prepaid, ..order }).id();
        assert_eq!(shop.order(id).outcome, Outcome::AwaitingPayment);
        shop.services().take_out(Service::Stock, true);
        shop.run(Command::CancelOrder { order: id, by: Canceller::Customer, note: None }).unwrap();
        let mut pauses = vec![];
        while shop.order(id).outcome == Outcome::Compensating {
            let before = shop.now();
            shop.wait_for_timer();
            shop.quiet();
            pauses.push((shop.now() - before).as_secs());
        }
        assert_eq!(shop.order(id).outcome, Outcome::CompensationStuck, "{executor:?}");
        let last = shop.state().notices.last_key_value().unwrap().1.data.clone();
        assert!(last.contains(r#""outcome":"COMPENSATION_STUCK","status":"PENDING_PAYMENT""#), "{executor:?}: {last}");
        assert_eq!(pauses, [30, 60, 120]);
        shop.run_only(resolve(id)).unwrap();
        assert_eq!(shop.order(id).outcome, Outcome::Cancelled);
        shop.quiet();
    }
}

/// O-26, T25: no state waits in memory to be written. A process that dies right after a reply has lost nothing of it.
#[test]
fn a_state_is_durable_with_its_commit() {
    for choice in Choice::ALL {
        let (mut shop, order) = stage(Executor::Log, (true, 300));
        let id = shop.place_only(PlaceOrder { mode: Some(choice), ..order });
        for _event in 0..20 {
            let answered = shop.order(id);
            shop = shop.crash();
            assert_eq!(shop.order(id), answered, "{choice:?}");
            let job: Vec<_> = shop.next_events().into_iter().take(1).collect();
            shop.batch(job);
        }
        shop.quiet();
        assert_eq!(shop.order(id).outcome, Outcome::Completed, "{choice:?}");
    }
}

/// O-27: the events of one poll are a batch; an order that cannot be handled fails alone.
#[test]
fn an_order_that_fails_in_a_batch_fails_alone() {
    for choice in [Choice::Parallel, Choice::Sequential] {
        let mut shop = Shop::open(Executor::Log);
        let products: Vec<_> = (0..3).map(|_| shop.product(10, 5)).collect();
        let place = |product: &ProductId| PlaceOrder { mode: Some(choice), ..order_of(ANN, *product) };
        let ids: Vec<OrderId> = products.iter().map(|product| shop.place_only(place(product))).collect();
        // Refuses the whole batch, then its first half, then the single event.
        for _refusal in 0..3 {
            let refused = CommitError::Constraint("as planned".into());
            shop.faults.plan_commit(CommitFault::Refused(refused));
        }
        let jobs = shop.next_events();
        assert!(jobs.len() >= 3, "one poll brings all three");
        let report = shop.batch(jobs);
        assert_eq!(report.errors.len(), 1, "{:?}", report.errors);
        let asked = |shop: &Shop, id: &OrderId| shop.state().claims.keys().any(|key| key.order == *id);
        assert_eq!(ids.iter().filter(|id| asked(&shop, id)).count(), 2, "two of three went through in the same poll");
        shop.pass(Duration::from_secs(1));
        assert!(
            ids.iter().all(|id| shop.order(*id).outcome == Outcome::Completed),
            "and the third when it is tried again"
        );
    }
}
