//! Orders after claiming, under both executors: paid, shipped, stored, cancelled, refunded. Every test is audited.

use std::time::Duration;

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, PaymentAnswered, PlaceOrder, ProcessOrder, RefundWanted};
use app::payments::provider::{Asked, Found, Operation, ProviderError, Verdict};
use app::state::rows::CallbackRow;
use domain::ids::{OrderId, ProductId};
use domain::money::Money;
use domain::order::{Canceller, Order, Outcome, Payment as Paying, Receiver, Status};
use domain::payment::{Method, Payment, State};
use domain::reason::Reason;
use domain::shipment::State as Goods;
use domain::warehouse::State as Stored;

use crate::shop::{ANN, EXECUTORS, Shop, campaign_of, order_of};

pub(crate) const DUE: Money = Money::won(3_000);

pub(crate) fn ann() -> Receiver {
    Receiver { name: "Ann".into(), phone: "010".into(), postal_code: "04524".into(), address: "Seoul".into() }
}

/// An order of three lamps of 1,000 won that awaits payment.
pub(crate) fn awaiting(shop: &mut Shop) -> (ProductId, Order) {
    let product = shop.product(1_000, 9);
    let wanted = PlaceOrder { items: vec![(product, 3)], payment: Paying::Prepaid, ..order_of(ANN, product) };
    let order = shop.place(wanted);
    assert_eq!(order.outcome, Outcome::AwaitingPayment);
    (product, order)
}

pub(crate) fn everywhere(test: impl Fn(&mut Shop)) {
    for executor in EXECUTORS {
        test(&mut Shop::open(executor));
    }
}

pub(crate) fn pay(shop: &mut Shop, order: OrderId) -> Result<Answer, Refusal> {
    shop.run(Command::Pay { order, method: Method::Card, means: None, amount_shown: None })
}

pub(crate) fn process(order: OrderId) -> Command {
    Command::ProcessOrder(Box::new(ProcessOrder {
        order,
        method: Some(Method::Card),
        receiver: Some(ann()),
        warehouse_storage: Some(false),
    }))
}

pub(crate) fn refund(order: OrderId, lines: Vec<(ProductId, i64)>) -> Command {
    Command::RefundOrder(Box::new(RefundWanted { order, lines, note: Some("it does not fit".into()), by_shop: None }))
}

pub(crate) fn payment(shop: &Shop, order: OrderId) -> Payment {
    shop.disk.read(|state| state.payments[&order].clone())
}

/// The provider's result of the pending operation.
fn answered(shop: &Shop, order: OrderId, answer: Result<Found, ProviderError>) -> PaymentAnswered {
    let payment = payment(shop, order);
    let called_at = payment.next.and_then(|next| next.due).or(Some(shop.now()));
    PaymentAnswered { order, asked: payment.asked().unwrap(), answer, called_at, callback: None }
}

pub(crate) fn approved(amount: Money) -> Result<Found, ProviderError> {
    Ok(Found::Verdict(Verdict::Approved { reference: "pi_1".into(), amount, fingerprint: None }))
}

pub(crate) fn refused() -> Result<Found, ProviderError> {
    Ok(Found::Verdict(Verdict::Declined { code: "insufficient_funds".into(), reference: None }))
}

#[track_caller]
pub(crate) fn say(shop: &mut Shop, order: OrderId, answer: Result<Found, ProviderError>) {
    let answered = answered(shop, order, answer);
    shop.run(Command::PaymentAnswered(Box::new(answered))).unwrap();
}

/// The provider approves every operation until none is pending.
#[track_caller]
pub(crate) fn agree(shop: &mut Shop, order: OrderId) {
    while let Some(asked) = payment(shop, order).asked() {
        let amount = payment(shop, order).amount_of(asked.operation);
        say(shop, order, approved(amount));
    }
}

pub(crate) fn kinds(shop: &Shop) -> Vec<&'static str> {
    shop.disk.read(|state| state.outbox.iter().map(|row| row.record.kind).collect())
}

pub(crate) fn count(shop: &Shop, kind: &str) -> usize {
    kinds(shop).into_iter().filter(|told| *told == kind).count()
}

/// Ann's notices of orders: kind, outcome, status, reason.
pub(crate) fn told(shop: &Shop) -> Vec<[String; 4]> {
    let word = |data: &serde_json::Value, name: &str| data[name].as_str().unwrap_or("-").to_owned();
    let notices = shop.state().notices;
    let told = notices.values().map(|notice| {
        let data = serde_json::from_str(&notice.data).unwrap();
        [notice.kind.to_owned(), word(&data, "outcome"), word(&data, "status"), word(&data, "reason")]
    });
    told.collect()
}

/// T1: each notice shows its own change, although the order was completed before they were written.
#[test]
fn every_notice_shows_its_own_change() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        shop.run(Command::ProcessOrder(Box::new(ProcessOrder {
            order: order.id(),
            method: Some(Method::Card),
            receiver: None,
            warehouse_storage: Some(true),
        })))
        .unwrap();
        agree(shop, order.id());
        assert_eq!(shop.order(order.id()).status, Status::Completed);
        let of = |kind: &str, outcome: &str, status: &str| [kind, outcome, status, "-"].map(str::to_owned);
        assert_eq!(
            told(shop),
            [
                of("order.status", "AWAITING_PAYMENT", "PENDING_PAYMENT"),
                of("order.completed", "COMPLETED", "PAYMENT_COMPLETED"),
                of("order.status", "COMPLETED", "IN_WAREHOUSE"),
                of("order.status", "COMPLETED", "COMPLETED"),
            ]
        );
    });
}

/// O-28, O-29, S-05: the order, its payment and the stock in one commit, with one event.
#[test]
fn the_capture_completes_the_order_and_takes_the_goods_out_of_stock() {
    everywhere(|shop| {
        let (product, order) = awaiting(shop);
        pay(shop, order.id()).unwrap();
        assert!(!shop.state().timers.contains_key(&order.id()), "an order that is being paid does not expire");
        agree(shop, order.id());
        let paid = shop.order(order.id());
        assert_eq!((paid.outcome, paid.status), (Outcome::Completed, Status::PaymentCompleted));
        let lamps = &shop.state().products[&product];
        assert_eq!((lamps.on_hand, lamps.reserved, lamps.sold), (6, 0, 3));
        for kind in ["PaymentCaptured", "PaymentCompleted", "OrderCompleted"] {
            assert_eq!(count(shop, kind), 1, "{kind}");
        }
    });
}

/// T14.
#[test]
fn an_order_is_paid_once() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        let command = Command::Pay { order: order.id(), method: Method::Card, means: None, amount_shown: None };
        let answers = shop.decide([command.clone(), command]);
        assert_eq!(answers[1].result, Err(Refusal::PaymentInProgress));
        agree(shop, order.id());
        assert_eq!(pay(shop, order.id()), Err(Refusal::PaymentAlreadyPaid));
        let shown = Some(Money::won(1));
        let (_, other) = awaiting(shop);
        let wrong = Command::Pay { order: other.id(), method: Method::Card, means: None, amount_shown: shown };
        assert_eq!(shop.run(wrong), Err(Refusal::PaymentAmountMismatch { due: DUE }));
    });
}

/// P-03: nothing remains of a declined attempt, and the next one has its own keys.
#[test]
fn a_declined_order_may_be_paid_again_until_it_expires() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        pay(shop, order.id()).unwrap();
        say(shop, order.id(), refused());
        assert_eq!(shop.order(order.id()).outcome, Outcome::AwaitingPayment);
        pay(shop, order.id()).unwrap();
        let order_ms = payment(shop, order.id()).order_ms;
        assert_eq!(payment(shop, order.id()).asked(), Some(Asked::first(order_ms, 2, Operation::Authorize, 0)));
        say(shop, order.id(), refused());
        shop.pass(Duration::from_secs(700));
        assert_eq!(shop.order(order.id()).reason, Some(Reason::PaymentExpired));
        assert_eq!(pay(shop, order.id()), Err(Refusal::OrderNotPayable));
    });
}

#[test]
fn an_unpaid_order_expires_and_one_that_is_being_paid_does_not() {
    everywhere(|shop| {
        let (product, unpaid) = awaiting(shop);
        let (_, being_paid) = awaiting(shop);
        pay(shop, being_paid.id()).unwrap();
        shop.pass(Duration::from_secs(700));
        assert_eq!(shop.order(unpaid.id()).outcome, Outcome::Cancelled);
        assert_eq!(shop.state().products[&product].reserved, 0);
        assert_eq!(shop.order(being_paid.id()).outcome, Outcome::AwaitingPayment);
        agree(shop, being_paid.id());
        assert_eq!(shop.order(being_paid.id()).outcome, Outcome::Completed);
    });
}

#[test]
fn a_late_payment_of_a_cancelled_order_is_refunded() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        pay(shop, order.id()).unwrap();
        say(shop, order.id(), approved(DUE));
        say(shop, order.id(), Err(ProviderError::Unknown("timed out".into())));
        shop.run(Command::CancelOrder { order: order.id(), by: Canceller::Customer, note: None }).unwrap();
        assert_eq!(shop.order(order.id()).outcome, Outcome::Cancelled);
        agree(shop, order.id());
        let payment = payment(shop, order.id());
        assert_eq!((payment.state, payment.captured, payment.refunded), (State::Refunded, DUE, DUE));
        assert_eq!(shop.order(order.id()).outcome, Outcome::Cancelled);
    });
}

/// The response and both callbacks are one operation; the second callback is a known repeat.
#[test]
fn a_response_and_its_callbacks_are_booked_once() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        pay(shop, order.id()).unwrap();
        say(shop, order.id(), approved(DUE));
        let answer = answered(shop, order.id(), approved(DUE));
        let callback = CallbackRow::new("model", "evt_1".into(), shop.state().orders[&order.id()].order.updated_at);
        let told = PaymentAnswered { called_at: None, callback: Some(callback), ..answer.clone() };
        let commands = [told.clone(), answer, told].map(|answered| Command::PaymentAnswered(Box::new(answered)));
        assert!(shop.decide(commands).iter().all(|answer| answer.result.is_ok()));
        shop.quiet();
        assert_eq!(payment(shop, order.id()).captured, DUE);
        assert_eq!(count(shop, "PaymentCaptured"), 1);
        assert_eq!(shop.state().callbacks.len(), 1);
    });
}

/// O-30…O-34, P-07: payment, shipment and status in the commit of the capture.
#[test]
fn payment_and_dispatch_in_one_step_are_atomic() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        shop.run(process(order.id())).unwrap();
        shop.run(process(order.id())).unwrap();
        assert!(shop.state().shipments.is_empty(), "nothing is sent before it is paid");
        agree(shop, order.id());
        let sent = shop.order(order.id());
        assert_eq!((sent.outcome, sent.status), (Outcome::Completed, Status::Preparing));
        assert_eq!(shop.state().shipments[&order.id()].state, Goods::Pending);
        shop.run(process(order.id())).unwrap();
        assert_eq!((count(shop, "OrderProcessingRequested"), count(shop, "PaymentCaptured")), (1, 1));
    });
}

#[test]
fn a_paid_order_with_a_destination_is_shipped_or_stored() {
    everywhere(|shop| {
        let product = shop.product(1_000, 9);
        let stored = PlaceOrder { warehouse_storage: true, ..order_of(ANN, product) };
        let stored = shop.place(stored);
        assert_eq!(stored.status, Status::Completed);
        assert_eq!(shop.state().storages[&stored.id()].state, Stored::InStorage);
        let sent = shop.place(PlaceOrder { receiver: Some(ann()), ..order_of(ANN, product) });
        assert_eq!(sent.status, Status::Preparing);
        assert!(shop.state().shipments.contains_key(&sent.id()));
        let waiting = shop.place(order_of(ANN, product));
        shop.run(process(waiting.id())).unwrap();
        assert!(shop.state().shipments.contains_key(&waiting.id()));
    });
}

/// five tries, then a dead letter and a notice; the order may still be paid.
#[test]
fn an_unreachable_provider_ends_the_step_and_not_the_order() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        shop.run(process(order.id())).unwrap();
        for _try in 0..5 {
            say(shop, order.id(), Err(ProviderError::NotExecuted("connection refused".into())));
        }
        let failed = shop.order(order.id());
        assert_eq!((failed.outcome, failed.is_processing), (Outcome::AwaitingPayment, false));
        assert_eq!((count(shop, "OrderProcessingRetried"), count(shop, "OrderProcessingFailed")), (4, 1));
        assert_eq!(shop.state().letters.len(), 1);
        shop.disk.read(|state| assert!(state.notices.values().any(|notice| notice.kind == "order.failed")));
        shop.run(process(order.id())).unwrap();
        agree(shop, order.id());
        assert_eq!(shop.order(order.id()).status, Status::Preparing);
    });
}

/// P-04, N-06: the order follows its shipment, with a notice for every change.
#[test]
fn delivery_completes_the_order() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        shop.run(process(order.id())).unwrap();
        agree(shop, order.id());
        let told = shop.state().notices.len();
        let step = |state| Command::AdvanceShipment { order: order.id(), state, tracking: Some("KR-1".into()) };
        assert_eq!(shop.run(step(Goods::Delivered)), Err(Refusal::NoSuchStep { from: "PENDING" }));
        for state in [Goods::Shipped, Goods::InTransit, Goods::OutForDelivery, Goods::Delivered] {
            shop.run(step(state)).unwrap();
        }
        assert_eq!(shop.order(order.id()).status, Status::Completed);
        assert_eq!(shop.state().notices.len() - told, 3, "shipment started, in transit, completed");
        let cancel = Command::CancelOrder { order: order.id(), by: Canceller::Customer, note: None };
        assert_eq!(shop.run(cancel), Err(Refusal::OrderNotCancellable));
    });
}

/// Goods, coupon, points and money are restored exactly once.
#[test]
fn a_cancelled_paid_order_leaves_nothing_behind() {
    everywhere(|shop| {
        let product = shop.product(1_000, 9);
        let campaign = shop.campaign(campaign_of(5));
        shop.issue(campaign, ANN).unwrap();
        shop.charge(ANN, 500);
        let wanted = PlaceOrder {
            items: vec![(product, 3)],
            coupon: Some((campaign, None)),
            points: Money::won(200),
            payment: Paying::Prepaid,
            receiver: Some(ann()),
            ..order_of(ANN, product)
        };
        let order = shop.place(wanted);
        pay(shop, order.id()).unwrap();
        agree(shop, order.id());
        shop.run(Command::CancelOrder { order: order.id(), by: Canceller::Customer, note: None }).unwrap();
        agree(shop, order.id());
        let back = shop.order(order.id());
        assert_eq!((back.outcome, back.status), (Outcome::Completed, Status::Cancelled));
        let state = shop.state();
        assert_eq!((state.products[&product].on_hand, shop.balance(ANN)), (9, 500));
        assert_eq!(payment(shop, order.id()).held(), Money::ZERO);
        assert_eq!(state.shipments[&order.id()].state, Goods::Canceled);
        let mut coupons = state.holdings.values().flat_map(|holding| &holding.coupons);
        assert!(coupons.all(|coupon| coupon.used_order.is_none()));
    });
}

/// P-06: partial refunds add up exactly to the whole.
#[test]
fn partial_refunds_add_up_to_the_whole() {
    everywhere(|shop| {
        let (product, order) = awaiting(shop);
        pay(shop, order.id()).unwrap();
        agree(shop, order.id());
        let part = refund(order.id(), vec![(product, 1)]);
        shop.run(part.clone()).unwrap();
        assert_eq!(shop.order(order.id()).status, Status::PaymentCompleted, "a part changes no status");
        shop.run(part).unwrap();
        let owing = payment(shop, order.id());
        assert_eq!((owing.refunding, owing.owed), (Money::won(1_000), Money::won(1_000)), "the second part is next");
        agree(shop, order.id());
        assert_eq!(payment(shop, order.id()).refunded, Money::won(2_000));
        shop.run(refund(order.id(), vec![])).unwrap();
        assert_eq!(shop.order(order.id()).status, Status::RefundRequested);
        agree(shop, order.id());
        assert_eq!(shop.order(order.id()).status, Status::Refunded);
        assert_eq!(payment(shop, order.id()).held(), Money::ZERO);
        assert_eq!(shop.state().products[&product].on_hand, 9);
        let again = refund(order.id(), vec![]);
        assert_eq!(shop.run(again), Err(Refusal::OrderNotRefundable));
    });
}

pub(crate) fn notices(shop: &Shop, kind: &str) -> usize {
    shop.disk.read(|state| state.notices.values().filter(|notice| notice.kind == kind).count())
}

/// T3: a decline has a notice when no request waits for the result.
#[test]
fn a_declined_payment_has_a_notice() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        pay(shop, order.id()).unwrap();
        say(shop, order.id(), refused());
        assert_eq!(notices(shop, "payment.failed"), 1);
        shop.run(process(order.id())).unwrap();
        say(shop, order.id(), refused());
        assert_eq!((notices(shop, "payment.failed"), notices(shop, "order.failed")), (1, 1), "one notice for each");
    });
}

/// An order without a payment writes no payment rows.
#[test]
fn an_order_that_pays_on_delivery_writes_nothing_about_payment() {
    everywhere(|shop| {
        let product = shop.product(1_000, 9);
        shop.place(order_of(ANN, product));
        let state = shop.state();
        assert!(state.payments.is_empty() && state.shipments.is_empty() && state.storages.is_empty());
        assert!(state.timers.is_empty());
    });
}
