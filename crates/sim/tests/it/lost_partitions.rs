//! Deliveries whose partition another worker takes over, or whose rows are not there yet.

use app::commands::answer::Answer;
use app::commands::{Command, PlaceOrder, Source};
use app::engine::Job;
use app::events::event::Event;
use app::log::reactions::{self, Group};
use app::state::rows::{EventId, OffsetKey, Partition};
use app::state::settings::Executor;
use domain::ids::{OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::Outcome;
use sim::planned_fault::CommitFault;

use crate::batches::charge;
use crate::post::{essence, is_claim, is_report};
use crate::shop::{ANN, CODEC, NOON, Shop, Waiting, campaign_of, job, order_of};

/// A shop of the log executor with many orders whose events are not delivered.
fn busy() -> (Shop, Vec<OrderId>) {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 100);
    let orders = (0..12).map(|user| shop.place_only(order_of(UserId(user + 10), product))).collect();
    (shop, orders)
}

#[track_caller]
fn check_all_completed(shop: &Shop, orders: &[OrderId]) {
    for order in orders {
        assert_eq!(shop.order(*order).outcome, Outcome::Completed);
    }
}

/// Another worker took over. Only the stale deliveries are dropped.
#[test]
fn a_zombie_applies_nothing_and_its_other_work_continues() {
    let (mut zombie, orders) = busy();
    for _some in 0..2 {
        let jobs = zombie.next_events();
        zombie.batch(jobs);
    }
    let stale = zombie.next_events();
    assert!(stale.len() > 4, "the zombie holds {} deliveries", stale.len());
    let mut heir = zombie.second_process();
    heir.quiet();
    check_all_completed(&heir, &orders);
    let before = essence(heir.state());

    let (command, answer) = job(charge(ANN, 100));
    let report = zombie.batch(stale.into_iter().chain([command]).collect());
    assert_eq!(answer.answer().result, Ok(Answer::PointsCharged { balance: Money::won(100) }));
    assert!(!report.lost.is_empty());
    let mut after = essence(zombie.state());
    after.accounts.clear();
    after.entries.clear();
    after.customers.remove(&ANN);
    assert_eq!(after, before);
    zombie.quiet();
}

/// One partition is lost, another is not.
#[test]
fn only_the_deliveries_of_the_lost_partition_are_dropped() {
    let mut shop = Shop::open(Executor::Inline);
    let orders: Vec<(ProductId, OrderId)> = (0..3)
        .map(|_| {
            let product = shop.product(10, 5);
            (product, shop.place(order_of(ANN, product)).id())
        })
        .collect();
    // The offsets and events belong to no log.
    shop.is_audited = false;
    let key = |number| OffsetKey { group: Group::Ranking, partition: Partition { topic: None, number } };
    shop.disk.tamper(|state| state.offsets.insert(key(1), 5));
    let count = |number: i32| {
        let (product, order) = orders[number as usize];
        let products = vec![app::events::event::Sold { id: product, qty: 1 }];
        let reaction = app::commands::Reaction::CountSales { order, products, at: NOON };
        let source = Source { offset: key(number), from: 0, next: 1, event: EventId(number as u128) };
        job(Command::React(reaction)).0.from_log(source)
    };
    let report = shop.batch(vec![count(0), count(1), count(2)]);
    assert_eq!(report.lost, [key(1)]);
    let counted: Vec<i64> = shop.state().sales.values().map(|sales| sales.sold).collect();
    assert_eq!(counted, [2, 1, 2], "each was counted once when it was sold");
    assert_eq!(shop.state().offsets.values().copied().collect::<Vec<_>>(), [1, 5, 1]);
}

#[test]
fn deliveries_that_could_not_be_committed_are_delivered_again() {
    let faults: [fn(&Shop); 3] = [
        |shop| shop.faults.fail_loads(1),
        |shop| shop.faults.fail_leases(1),
        |shop| {
            shop.faults.plan_commit(CommitFault::LostBefore);
            shop.faults.fail_lookups(1);
        },
    ];
    for fail in faults {
        let (mut shop, orders) = busy();
        let jobs = shop.next_events();
        fail(&shop);
        let mut shop = if shop.batch(jobs).errors.is_empty() { panic!("the fault did not strike") } else { shop };
        shop.quiet();
        check_all_completed(&shop, &orders);
    }
}

/// Places an order under the log executor, makes its claims, and continues with an inline engine.
fn claimed() -> (Shop, OrderId, Vec<Event>) {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 5);
    shop.charge(ANN, 5);
    let order = shop.place_only(PlaceOrder { points: Money::won(5), ..order_of(ANN, product) });
    for event in shop.events().iter().filter(|event| is_claim(event)) {
        shop.deliver(event);
    }
    let reports = shop.events().into_iter().filter(is_report).collect();
    (Shop::on(Executor::Inline, shop.state()), order, reports)
}

fn delivered(event: &Event, offset: OffsetKey, from: i64) -> (Job, Waiting) {
    let reaction = reactions::command(offset.group, event, NOON, &CODEC).unwrap();
    let (job, answer) = job(Command::React(reaction));
    let source = Source { offset, from, next: from + 1, event: EventId(from as u128) };
    (job.from_log(source), answer)
}

/// The last report completes the order, which needs rows that the report does not name.
#[test]
fn a_job_without_its_rows_is_deferred_with_all_that_follow_in_its_partition() {
    let (mut shop, order, reports) = claimed();
    // The offsets belong to no log.
    shop.is_audited = false;
    let offset = OffsetKey { group: Group::Completion, partition: Partition { topic: None, number: 3 } };
    let (first, _first) = delivered(&reports[0], offset, 0);
    let (second, _second) = delivered(&reports[1], offset, 1);
    let (third, _third) = delivered(&reports[0], offset, 2);
    let report = shop.batch(vec![first, second, third]);
    assert_eq!((report.answered, report.deferred), (1, 2));
    assert_eq!(shop.state().offsets[&offset], 1);
    assert_eq!(shop.order(order).outcome, Outcome::Pending);
    let report = shop.batch(vec![]);
    assert_eq!((report.answered, report.deferred), (2, 0));
    assert_eq!(shop.state().offsets[&offset], 3);
    assert_eq!(shop.order(order).outcome, Outcome::Completed);
}

/// Collecting a made claim declares all rows that completing reads.
#[test]
fn an_order_whose_claims_are_made_is_never_deferred() {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(1_000, 5);
    let campaign = shop.campaign(campaign_of(1));
    shop.issue(campaign, ANN).unwrap();
    shop.charge(ANN, 5);
    shop.quiet();
    let wanted = PlaceOrder { coupon: Some((campaign, None)), points: Money::won(5), ..order_of(ANN, product) };
    let order = shop.place_only(wanted);
    while shop.order(order).outcome == Outcome::Pending {
        let events = shop.next_events();
        assert!(!events.is_empty(), "nothing more comes");
        assert_eq!(shop.batch(events).deferred, 0);
    }
    assert_eq!(shop.order(order).outcome, Outcome::Completed);
}

/// A process that loses the partition also drops its deferred jobs.
#[test]
fn deferred_jobs_are_dropped_when_their_partition_is_lost() {
    let (mut shop, order, reports) = claimed();
    // The offsets belong to no log.
    shop.is_audited = false;
    let offset = OffsetKey { group: Group::Completion, partition: Partition { topic: None, number: 3 } };
    let jobs = vec![delivered(&reports[0], offset, 0).0, delivered(&reports[1], offset, 1).0];
    assert_eq!(shop.batch(jobs).deferred, 1);
    shop.disk.tamper(|state| state.offsets.insert(offset, 7));
    let report = shop.batch(vec![]);
    assert_eq!((report.lost, report.deferred), (vec![offset], 0));
    assert_eq!(shop.order(order).outcome, Outcome::Pending);
}

#[test]
fn a_repeat_at_a_new_offset_has_one_notice_and_counts_once() {
    let (mut shop, orders) = busy();
    shop.quiet();
    let before = essence(shop.state());
    for event in shop.events() {
        for group in reactions::groups_of(event.kind()) {
            let partition = Partition { topic: Some(event.kind().topic()), number: 0 };
            let offset = OffsetKey { group, partition };
            let from = shop.disk.read(|state| state.offsets.get(&offset).copied().unwrap_or(0));
            let id = shop.disk.read(|state| {
                let same = state.outbox.iter().find(|row| row.record.payload == event.payload()).unwrap();
                app::events::outbox::parse_uuid(&same.record.id).unwrap()
            });
            let reaction = reactions::command(group, &event, NOON, &CODEC).unwrap();
            let source = Source { offset, from, next: from + 1, event: EventId(id) };
            let (job, answer) = job(Command::React(reaction));
            shop.batch(vec![job.from_log(source)]);
            shop.finish_deferred();
            assert!(answer.answer().result.is_ok());
        }
    }
    assert_eq!(essence(shop.state()), before);
    check_all_completed(&shop, &orders);
}
