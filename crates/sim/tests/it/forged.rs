//! Forged events, which the shop never wrote: each becomes a permanent dead letter without any effect, and the other events of
//! its batch are handled.

use std::time::Duration;

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, PlaceOrder, Source};
use app::engine::Job;
use app::events::event::{
    CouponRequest, CouponRequested, Event, EventKind, OrderCompleted, PointRequest, PointRestoration, RestorationType,
    Sold, StockRequest, StockRestoration,
};
use app::log::reactions::{self, Group, Moved, report_event};
use app::ports::{Delivery, Origin, OutboxSlot};
use app::resilience::services::Service;
use app::state::rows::{DeadLetterStatus, EventId, OffsetKey, Partition};
use app::state::settings::Executor;
use domain::coupon::QueueKey;
use domain::ids::{CampaignId, OrderId, ProductId, RequestId};
use domain::money::Money;
use domain::order::saga::{Report, Step};
use domain::order::{Canceller, Outcome};
use domain::reason::Reason;

use crate::post::{essence, is_report};
use crate::shop::{ANN, BOB, CODEC, NOON, ORDER_DEADLINE, Shop, job, order_of};

/// A forged record as its group receives it; the first one has number 0.
fn record(event: &Event, group: Group, number: u8) -> Job {
    let offset = OffsetKey { group, partition: Partition { topic: None, number: 77 } };
    let id = EventId(7_000 + u128::from(number));
    let delivery = Delivery {
        partition: offset.partition,
        offset: i64::from(number),
        id,
        event: Ok(event.clone()),
        trace: None,
        at: NOON,
        gap: None,
        origin: Origin::Record(OutboxSlot::NOWHERE),
    };
    let reaction = reactions::command(group, event, NOON, &CODEC).expect("its codes are of this shop");
    let source = Source { offset, from: i64::from(number), next: i64::from(number) + 1, event: id };
    Job::new(Command::React(reaction), Box::new(|_| ())).from_log(source).carrying(delivery)
}

/// Order 2 of a product whose order 1 was completed. The stock service is disabled, so nothing is claimed for order 2.
fn unclaimed() -> (Shop, ProductId, [OrderId; 2]) {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 5);
    let first = shop.place(order_of(ANN, product));
    assert_eq!(first.outcome, Outcome::Completed);
    shop.services().take_out(Service::Stock, true);
    let second = shop.place_only(order_of(BOB, product));
    shop.quiet();
    assert_eq!(shop.order(second).outcome, Outcome::Pending);
    // The offsets and events belong to no log.
    shop.is_audited = false;
    (shop, product, [first.id(), second])
}

/// A report of another order, under this one's number. It once stopped the engine, again after every restart.
#[test]
fn a_report_about_an_absent_claim_is_dead_lettered_and_its_batch_continues() {
    let (mut shop, product, [_, second]) = unclaimed();
    let report = shop.events().into_iter().find(is_report).unwrap();
    let Event::StockDeductionCompleted(mut completed) = report else { panic!("{report:?}") };
    completed.order_id = CODEC.order(second);
    let forged = record(&Event::StockDeductionCompleted(completed), Group::Completion, 0);
    let (beside, answer) = job(Command::ChargePoints { user: ANN, amount: Money::won(5) });
    let done = shop.batch(vec![forged, beside]);
    assert_eq!(answer.answer().result, Ok(Answer::PointsCharged { balance: Money::won(5) }));
    assert_eq!((done.dead_lettered.len(), done.permanent.len(), done.errors.len()), (1, 1, 0));
    let state = shop.state();
    let letter = state.letters.values().next().unwrap();
    assert_eq!((letter.group, letter.status, letter.due), (Group::Completion, DeadLetterStatus::Permanent, None));
    assert!(letter.trouble.error.contains("the report differs from the claim"), "{}", letter.trouble.error);
    let stored = &state.products[&product];
    assert_eq!((stored.reserved, stored.sold), (0, 1));
    assert_eq!(shop.order(second).outcome, Outcome::Pending);
    // The order ends as without the forgery.
    shop.services().take_out(Service::Stock, false);
    shop.pass(Duration::from_secs(60));
    assert_eq!(shop.order(second).outcome, Outcome::Completed);
}

fn restoration(order: OrderId, product: ProductId) -> Event {
    Event::StockRestorationRequired(StockRestoration {
        order_id: CODEC.order(order),
        product_id: product,
        quantity: 1,
        event_type: RestorationType::StockRestorationRequired,
        timestamp: NOON,
    })
}

fn stock_request(order: OrderId, product_id: ProductId, quantity: i64) -> Event {
    Event::StockDeductionRequested(StockRequest { order_id: CODEC.order(order), product_id, quantity })
}

fn forgeries(product: ProductId, [first, second]: [OrderId; 2]) -> Vec<(Event, Group)> {
    let nowhere = OrderId(999);
    let (stock, code) = (Step::Stock(product), |order| CODEC.order(order));
    let points = |order| {
        Event::PointDeductionRequested(PointRequest { order_id: code(order), user_id: ANN, points: Money::won(1) })
    };
    let coupon = CouponRequest { order_id: code(second), user_id: BOB, coupon_id: CampaignId(1), user_coupon_id: None };
    let points_back = PointRestoration {
        order_id: code(second),
        user_id: BOB,
        points: Money::won(1_000_000),
        event_type: RestorationType::PointRestorationRequired,
        timestamp: NOON,
    };
    let asked = CouponRequested {
        request_id: CODEC.request(RequestId(999)),
        user_id: BOB,
        coupon_id: CampaignId(1),
        queue_key: QueueKey::Campaign,
        requested_at: NOON,
    };
    let bought = |order, user_id, qty| {
        Event::OrderCompleted(OrderCompleted {
            order_id: code(order),
            order_number: code(order),
            user_id,
            products: vec![Sold { id: product, qty }],
            total_amount: Money::won(10),
            status: None,
            discount_amount: Money::ZERO,
            points_used: Money::ZERO,
            paid_amount: Money::ZERO,
            amount_due: Money::won(10),
            order_created_at: NOON,
            completed_at: NOON,
        })
    };
    vec![
        (stock_request(second, product, 100_000), Group::Stock),
        (stock_request(second, product, -3), Group::Stock),
        (stock_request(second, ProductId(99), 1), Group::Stock),
        (stock_request(nowhere, product, 1), Group::Stock),
        (restoration(second, product), Group::Stock),
        (restoration(nowhere, product), Group::Stock),
        (points(second), Group::Point),
        (points(nowhere), Group::Point),
        (Event::PointRestorationRequired(points_back), Group::Point),
        (Event::CouponUsageRequested(coupon), Group::Coupon),
        (report_event(stock, Report::Completed, Moved::Nothing, code(second)), Group::Completion),
        (report_event(stock, Report::Failed(Reason::StockExhausted), Moved::Nothing, code(second)), Group::Completion),
        (report_event(Step::Coupon, Report::Completed, Moved::Nothing, code(second)), Group::Completion),
        (report_event(stock, Report::Completed, Moved::Nothing, code(nowhere)), Group::Completion),
        (Event::CouponRequested(asked), Group::CouponRequest),
        (bought(second, BOB, 1), Group::Ranking),
        (bought(first, ANN, 1_000), Group::Ranking),
        (bought(first, ANN, i64::MAX), Group::Ranking),
        (bought(nowhere, ANN, 1), Group::Ranking),
        (bought(first, BOB, 1), Group::Notices),
    ]
}

#[test]
fn no_forged_record_changes_anything() {
    let (mut shop, product, orders) = unclaimed();
    let before = essence(shop.state());
    let events = shop.events().len();
    for (event, group) in forgeries(product, orders) {
        let letters = shop.state().letters.len();
        let from = shop.disk.read(|state| {
            let key = OffsetKey { group, partition: Partition { topic: None, number: 77 } };
            state.offsets.get(&key).copied().unwrap_or(0)
        });
        let report = shop.batch(vec![record(&event, group, from.try_into().unwrap())]);
        shop.finish_deferred();
        let state = shop.state();
        assert_eq!(state.letters.len(), letters + 1, "{group:?} believes {event:?}: {report:?}");
        assert!(state.letters.values().all(|letter| letter.status == DeadLetterStatus::Permanent));
    }
    let mut after = essence(shop.state());
    after.letters.clear();
    assert_eq!(after, before);
    let published =
        shop.events().into_iter().skip(events).filter(|event| event.kind() != EventKind::DeadLettered).count();
    assert_eq!(published, 0, "nothing but dead letters is published");
}

/// With a deliberately corrupted figure, only the request that needs it fails; the others succeed.
#[test]
fn a_request_that_would_break_an_invariant_is_refused() {
    let mut shop = Shop::open(Executor::Inline);
    let product = shop.product(10, 5);
    let order = shop.place(order_of(ANN, product)).id();
    shop.disk.tamper(|state| state.products.get_mut(&product).unwrap().sold = 0);
    (shop.is_audited, shop.may_break) = (false, true);
    let before = shop.state().orders;
    let (cancel, refused) = job(Command::CancelOrder { order, by: Canceller::Customer, note: None });
    let (beside, answer) = job(Command::ChargePoints { user: ANN, amount: Money::won(5) });
    let report = shop.batch(vec![cancel, beside]);
    assert_eq!(refused.answer().result, Err(Refusal::Broken));
    assert!(answer.answer().result.is_ok());
    assert_eq!(report.broken.len(), 1);
    assert!(report.broken[0].contains("only sold units are returned"), "{:?}", report.broken);
    assert_eq!(shop.state().orders, before);
}

#[test]
fn an_event_that_would_break_an_invariant_becomes_a_permanent_letter() {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 5);
    let order = shop.place_only(order_of(ANN, product));
    let requests = shop.next_events();
    shop.batch(requests);
    shop.disk.tamper(|state| state.products.get_mut(&product).unwrap().reserved = 0);
    (shop.is_audited, shop.may_break) = (false, true);
    let reports = shop.next_events();
    let report = shop.batch(reports);
    assert_eq!((report.broken.len(), report.permanent.len()), (1, 1), "{report:?}");
    assert_eq!(shop.order(order).outcome, Outcome::Pending);
    assert!(shop.state().letters.values().all(|letter| letter.status == DeadLetterStatus::Permanent));
    assert!(shop.next_events().is_empty(), "the group has gone past it");
}

/// Otherwise the timer would fire again at once, without end.
#[test]
fn a_timer_that_would_break_an_invariant_is_postponed() {
    let mut shop = Shop::open(Executor::Inline);
    let product = shop.product(10, 5);
    let order = PlaceOrder { payment: domain::order::Payment::Prepaid, ..order_of(ANN, product) };
    let order = shop.place(order).id();
    shop.disk.tamper(|state| state.products.get_mut(&product).unwrap().reserved = 0);
    (shop.is_audited, shop.may_break) = (false, true);
    shop.clock.advance(ORDER_DEADLINE);
    let due = sim::ready::ready(shop.engine.due_timers(9)).unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(shop.batch(due).broken.len(), 1);
    shop.finish_deferred();
    assert_eq!(shop.order(order).outcome, Outcome::AwaitingPayment);
    assert_eq!(shop.state().timers[&order].due, shop.now() + ORDER_DEADLINE);
    assert!(sim::ready::ready(shop.engine.due_timers(9)).unwrap().is_empty());
}
