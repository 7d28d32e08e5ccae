//! A row that cannot be read: only what needs it is refused or waits, and the store does not count as failed.

use app::commands::answer::Refusal;
use app::commands::{Command, PlaceOrder};
use app::events::topic::Topic;
use app::log::group::Group;
use app::state::rows::{CampaignSnapshotKey, Key, OrderKey, ParkKey, ProductSnapshotKey};
use app::state::settings::Executor;
use domain::ids::{CampaignId, ProductId, UserId};
use domain::order::{Outcome, Payment};
use sim::ready::ready;

use crate::shop::{ANN, BOB, EXECUTORS, HOUR, Shop, campaign_of, job, order_of, place, placed};

fn damage_product(shop: &Shop, product: ProductId) {
    shop.faults.damage(product);
    shop.faults.damage(ProductSnapshotKey(product));
}

fn damage_campaign(shop: &Shop, campaign: CampaignId) {
    shop.faults.damage(campaign);
    shop.faults.damage(CampaignSnapshotKey(campaign));
}

#[test]
fn commands_that_do_not_need_the_row_succeed() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let (sound, damaged) = (shop.product(100, 100), shop.product(100, 100));
        let (open, broken) = (shop.campaign(campaign_of(50)), shop.campaign(campaign_of(50)));
        damage_product(&shop, damaged);
        damage_campaign(&shop, broken);
        let commands = (0..24).map(|place_in_batch: i64| {
            let is_damaged = place_in_batch % 7 == 3;
            let user = UserId(place_in_batch + 1);
            if place_in_batch % 2 == 0 {
                place(order_of(user, if is_damaged { damaged } else { sound }))
            } else {
                Command::IssueCoupon { campaign: if is_damaged { broken } else { open }, user }
            }
        });
        let (jobs, waiting): (Vec<_>, Vec<_>) = commands.map(job).unzip();
        let report = shop.batch(jobs);
        shop.finish_deferred();
        assert_eq!(report.commit_failures, 0, "the store works");
        assert_eq!(report.undecidable, 3, "places 3, 10 and 17");
        assert_eq!(report.unreadable.len(), 2, "each row is told once: {:?}", report.unreadable);
        for (place_in_batch, waiting) in waiting.iter().enumerate() {
            let result = waiting.answer().result;
            assert_eq!(result == Err(Refusal::Damaged), place_in_batch % 7 == 3, "{place_in_batch}: {result:?}");
            assert!(result.is_ok() || result == Err(Refusal::Damaged), "{place_in_batch}: {result:?}");
        }
        let (again, answer) = job(place(order_of(ANN, damaged)));
        let report = shop.batch(vec![again]);
        assert_eq!((answer.answer().result, report.unreadable.len()), (Err(Refusal::Damaged), 0), "it was told before");
        shop.faults.heal();
        assert!(shop.run(place(order_of(ANN, damaged))).is_ok(), "a row that was mended is read");
        shop.quiet();
    }
}

/// The setting is read again every second.
#[test]
fn a_mode_setting_that_cannot_be_read_is_told_once_and_the_known_one_stays() {
    let mut shop = Shop::open(Executor::Inline);
    let product = shop.product(100, 10);
    shop.faults.damage(Key::Modes);
    for told in [1, 0, 0] {
        ready(shop.engine.learn_modes()).unwrap();
        assert_eq!(shop.engine.has_deferred(), told > 0, "the news is told with the next batch");
        assert_eq!(shop.batch(vec![]).unreadable.len(), told);
    }
    assert!(shop.run(place(order_of(ANN, product))).is_ok(), "orders go on");
    shop.faults.heal();
    shop.quiet();
}

#[test]
fn the_timer_of_an_unreadable_order_stops_no_other() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = shop.product(100, 10);
        let unpaid = |user| place(PlaceOrder { payment: Payment::Prepaid, ..order_of(user, product) });
        let orders = [ANN, BOB].map(|user| placed(&shop.run(unpaid(user))));
        shop.quiet();
        shop.faults.damage(OrderKey(orders[0]));
        shop.clock.advance(HOUR);
        let due = sim::ready::ready(shop.engine.due_timers(1)).unwrap();
        let report = shop.batch(due);
        assert_eq!((report.undecidable, report.unreadable.len(), report.commit_failures), (1, 1, 0));
        for _tick in 0..3 {
            let due = sim::ready::ready(shop.engine.due_timers(1)).unwrap();
            let report = shop.batch(due);
            assert_eq!((report.undecidable, report.unreadable.len()), (0, 0), "it rests");
            shop.quiet();
        }
        assert_eq!(shop.order(orders[1]).outcome, Outcome::Cancelled, "{executor:?}");
        assert_eq!(shop.order(orders[0]).outcome, Outcome::AwaitingPayment);
        shop.faults.heal();
        shop.pass(HOUR);
        assert_eq!(shop.order(orders[0]).outcome, Outcome::Cancelled, "a row that was mended is read");
    }
}

/// Delivers events until none is left.
fn deliver(shop: &mut Shop) {
    loop {
        let events = shop.next_events();
        if events.is_empty() && !shop.engine.has_deferred() {
            return;
        }
        assert_eq!(shop.batch(events).commit_failures, 0, "the store works");
    }
}

#[test]
fn an_event_of_an_unreadable_row_is_parked_and_the_others_are_handled() {
    let mut shop = Shop::open(Executor::Log);
    let (sound, damaged) = (shop.product(100, 10), shop.product(100, 10));
    let orders = [sound, damaged, sound].map(|product| shop.place_only(order_of(ANN, product)));
    shop.faults.damage(damaged);
    deliver(&mut shop);
    let completed = orders.map(|order| shop.order(order).outcome == Outcome::Completed);
    assert_eq!(completed, [true, false, true]);
    assert_eq!(shop.state().parked.len(), 1, "the event waits for another attempt");
    shop.faults.heal();
    shop.pass(HOUR);
    assert!(shop.state().parked.is_empty(), "a row that was mended is read");
}

/// Where even the row of its key cannot be read, it becomes a dead letter at once, and its partition goes on.
#[test]
fn an_event_that_cannot_be_parked_becomes_a_dead_letter() {
    let mut shop = Shop::open(Executor::Log);
    let (damaged, sound) = (shop.product(100, 10), shop.product(100, 10));
    let orders = [damaged, sound].map(|product| shop.place_only(order_of(ANN, product)));
    shop.faults.damage(damaged);
    shop.faults.damage(ParkKey::new(Group::Stock, Topic::StockEvents, &damaged.0.to_string()));
    deliver(&mut shop);
    let completed = orders.map(|order| shop.order(order).outcome == Outcome::Completed);
    assert_eq!(completed, [false, true]);
    let state = shop.state();
    assert_eq!((state.parked.len(), state.letters.len()), (0, 1));
    shop.faults.heal();
}
