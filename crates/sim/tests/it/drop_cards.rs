//! The limit of a drop for each card: it holds over customers, processes and executors, and is given back.

use std::time::Duration;

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, DropCommand, PaymentAnswered, PlaceOrder};
use app::payments::provider::{Found, Operation, Verdict};
use app::state::rows::{CallbackKey, CallbackRow};
use domain::drops::{Offer, Secrets, Terms};
use domain::ids::{OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::{Canceller, Mode, Outcome, Payment as Paying};
use domain::payment::{NextCall, State};
use domain::reason::Reason;

use crate::fulfilment::{agree, count, pay, payment, refund, refused, say};
use crate::laws;
use crate::shop::{ANN, BOB, EXECUTORS, HOUR, NOON, Shop, order_of, place};

const PRICE: i64 = 1_000;

/// A drop of one product, of which each card pays for two units.
fn limited(shop: &mut Shop, stock: i64) -> ProductId {
    let product = shop.product(PRICE, stock);
    let terms = Terms {
        name: "Saturday".into(),
        starts_at: NOON,
        ends_at: NOON + HOUR,
        products: vec![Offer { product, per_customer: None }],
        per_customer: None,
        per_payment_method: Some(2),
        waiting_room: None,
        secrets: Secrets { seed: [1; 32], key: [2; 32] },
    };
    shop.run(Command::Drop(DropCommand::Create(Box::new(terms)))).unwrap();
    shop.pass(Duration::ZERO);
    product
}

/// An order that waits for the provider's authorization.
fn paying(shop: &mut Shop, user: UserId, units: (ProductId, i64), mode: Mode) -> OrderId {
    let (product, quantity) = units;
    let wanted = PlaceOrder {
        items: vec![(product, quantity)],
        payment: Paying::Prepaid,
        mode: Some(mode.into()),
        ..order_of(user, product)
    };
    let order = shop.place(wanted).id();
    pay(shop, order).unwrap();
    order
}

fn authorized(shop: &Shop, order: OrderId, fingerprint: Option<&str>) -> PaymentAnswered {
    let payment = payment(shop, order);
    let amount = payment.amount_of(Operation::Authorize);
    let verdict = Verdict::Approved { reference: "pi_1".into(), amount, fingerprint: fingerprint.map(Into::into) };
    let asked = payment.asked().unwrap();
    let called_at = payment.next.and_then(|next| next.due);
    PaymentAnswered { order, asked, answer: Ok(Found::Verdict(verdict)), called_at, callback: None }
}

/// The provider authorizes the payment with this card.
fn authorize(shop: &mut Shop, order: OrderId, fingerprint: &str) {
    let answered = authorized(shop, order, Some(fingerprint));
    shop.run(Command::PaymentAnswered(Box::new(answered))).unwrap();
}

/// The provider authorizes the payment with this card; the shop captures it, or releases it.
fn with_card(shop: &mut Shop, order: OrderId, fingerprint: &str) {
    authorize(shop, order, fingerprint);
    agree(shop, order);
}

/// The units that count for the cards, most first.
fn counted(shop: &Shop) -> Vec<i64> {
    let mut counted: Vec<i64> = shop.disk.read(|state| state.cards.values().map(|card| card.units).collect());
    counted.sort_unstable_by(|a, b| b.cmp(a));
    counted
}

fn ended(shop: &Shop, order: OrderId) -> (Outcome, Option<Reason>) {
    let order = shop.order(order);
    (order.outcome, order.reason)
}

const PAID: (Outcome, Option<Reason>) = (Outcome::Completed, None);
const REFUSED: (Outcome, Option<Reason>) = (Outcome::Cancelled, Some(Reason::PaymentMethodLimitExceeded));

#[test]
fn a_card_pays_for_no_more_than_its_limit_whoever_shows_it() {
    for (executor, mode) in EXECUTORS.iter().flat_map(|executor| Mode::ALL.map(|mode| (*executor, mode))) {
        let mut shop = Shop::open(executor);
        let product = limited(&mut shop, 9);
        let first = paying(&mut shop, ANN, (product, 2), mode);
        with_card(&mut shop, first, "fp_1");
        assert_eq!((ended(&shop, first), counted(&shop)), (PAID, vec![2]), "{executor:?} {mode:?}");
        let second = paying(&mut shop, BOB, (product, 1), mode);
        with_card(&mut shop, second, "fp_1");
        assert_eq!((ended(&shop, second), counted(&shop)), (REFUSED, vec![2]), "{executor:?} {mode:?}");
        let released = payment(&shop, second);
        assert_eq!((released.state, released.captured.amount()), (State::Voided, 0), "its money was never taken");
        assert_eq!(shop.state().products[&product].available(), 7, "the unit came back");
        assert_eq!((count(&shop, "PaymentCaptured"), count(&shop, "OrderCancelled")), (1, 1));
        let third = paying(&mut shop, BOB, (product, 1), mode);
        with_card(&mut shop, third, "fp_2");
        assert_eq!((ended(&shop, third), counted(&shop)), (PAID, vec![2, 1]));
        shop.run(refund(first, vec![(product, 1)])).unwrap();
        agree(&mut shop, first);
        assert_eq!(counted(&shop), [1, 1]);
        let fourth = paying(&mut shop, BOB, (product, 1), mode);
        with_card(&mut shop, fourth, "fp_1");
        assert_eq!((ended(&shop, fourth), counted(&shop)), (PAID, vec![2, 1]));
    }
}

#[test]
fn a_card_whose_money_is_not_taken_counts_nothing() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = limited(&mut shop, 9);
        let declined = paying(&mut shop, ANN, (product, 2), Mode::Parallel);
        authorize(&mut shop, declined, "fp_1");
        assert_eq!(counted(&shop), [2]);
        say(&mut shop, declined, refused());
        assert_eq!((shop.order(declined).outcome, counted(&shop)), (Outcome::AwaitingPayment, vec![0]));
        pay(&mut shop, declined).unwrap();
        with_card(&mut shop, declined, "fp_2");
        assert_eq!((ended(&shop, declined), counted(&shop)), (PAID, vec![2, 0]));
        let cancelled = paying(&mut shop, BOB, (product, 2), Mode::Parallel);
        authorize(&mut shop, cancelled, "fp_1");
        shop.run(Command::CancelOrder { order: cancelled, by: Canceller::Customer, note: None }).unwrap();
        assert_eq!(counted(&shop), [2, 0]);
        agree(&mut shop, cancelled);
        assert_eq!((payment(&shop, cancelled).state, counted(&shop)), (State::Refunded, vec![2, 0]));
        // A customer who has cancelled meanwhile never paid with the card.
        let late = paying(&mut shop, BOB, (product, 2), Mode::Parallel);
        shop.run(Command::CancelOrder { order: late, by: Canceller::Customer, note: None }).unwrap();
        with_card(&mut shop, late, "fp_1");
        assert_eq!((payment(&shop, late).state, counted(&shop)), (State::Voided, vec![2, 0]));
    }
}

/// A callback may come before the answer, and without the card: the provider is queried. Cards that it does not name at all
/// share one count.
#[test]
fn a_card_that_a_callback_leaves_out_is_queried() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = limited(&mut shop, 9);
        let order = paying(&mut shop, ANN, (product, 2), Mode::Parallel);
        call_back(&mut shop, order, 1);
        assert_eq!((payment(&shop, order).state, counted(&shop)), (State::Authorizing, vec![]));
        with_card(&mut shop, order, "fp_1");
        assert_eq!((ended(&shop, order), counted(&shop)), (PAID, vec![2]));
        let unnamed = [ANN, BOB].map(|user| paying(&mut shop, user, (product, 2), Mode::Parallel));
        unnamed.iter().for_each(|order| agree(&mut shop, *order));
        assert_eq!(unnamed.map(|order| ended(&shop, order)), [PAID, REFUSED]);
        assert_eq!(counted(&shop), [2, 2]);
    }
}

/// The provider calls back and leaves the card out.
fn call_back(shop: &mut Shop, order: OrderId, number: u8) {
    let key = CallbackKey([number; 32]);
    let callback = CallbackRow { key, provider: "model".into(), event: format!("evt_{number}").into(), at: shop.now() };
    let told = PaymentAnswered { called_at: None, callback: Some(callback), ..authorized(shop, order, None) };
    shop.run(Command::PaymentAnswered(Box::new(told))).unwrap();
}

/// The customer approves at the bank between two queries. The callback about it, and each repeat of it, makes the query due at
/// once, and the answer to an earlier query does not put it off again.
#[test]
fn callbacks_without_a_card_never_put_the_query_off() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = limited(&mut shop, 9);
        let order = paying(&mut shop, ANN, (product, 2), Mode::Parallel);
        let action =
            || Verdict::ActionRequired { reference: "pi_1".into(), url: Some("/act".into()), client_secret: None };
        let next = |shop: &Shop| payment(shop, order).next.unwrap();
        for _ in 0..5 {
            say(&mut shop, order, Ok(Found::Verdict(action())));
        }
        assert!(next(&shop).due > Some(shop.now()), "the next query is a while away");
        let (asked, called_at) = (payment(&shop, order).asked().unwrap(), Some(shop.now()));
        shop.pass(Duration::from_secs(1));
        let tries = next(&shop).tries;
        for number in 1..20 {
            call_back(&mut shop, order, number);
            let due = next(&shop).due.unwrap();
            assert!(due <= shop.now(), "{executor:?}: callback {number} postponed the query");
            assert_eq!((next(&shop).way, next(&shop).tries), (NextCall::Query, tries));
        }
        let late = PaymentAnswered { order, asked, answer: Ok(Found::Verdict(action())), called_at, callback: None };
        shop.run(Command::PaymentAnswered(Box::new(late))).unwrap();
        assert!(next(&shop).due.unwrap() <= shop.now(), "the answer is older than the callbacks");
        with_card(&mut shop, order, "fp_1");
        assert_eq!((ended(&shop, order), counted(&shop)), (PAID, vec![2]), "{executor:?}");
    }
}

/// No card could pay for such an order, so it is refused before it holds goods. Points alone need no card.
#[test]
fn an_order_that_no_card_may_pay_for_is_refused() {
    for (executor, mode) in EXECUTORS.iter().flat_map(|executor| Mode::ALL.map(|mode| (*executor, mode))) {
        let mut shop = Shop::open(executor);
        let product = limited(&mut shop, 9);
        let wanted = |points| PlaceOrder {
            items: vec![(product, 3)],
            points: Money::won(points),
            payment: Paying::Prepaid,
            mode: Some(mode.into()),
            ..order_of(ANN, product)
        };
        shop.charge(ANN, 3 * PRICE);
        let refused = Err(Refusal::CardLimitExceeded { limit: 2 });
        assert_eq!(shop.run(place(wanted(0))), refused, "{executor:?} {mode:?}");
        assert_eq!(shop.run(place(wanted(PRICE))), refused, "{executor:?} {mode:?}");
        assert_eq!(shop.state().products[&product].available(), 9);
        let paid = shop.place(wanted(3 * PRICE)).id();
        assert_eq!((ended(&shop, paid), counted(&shop)), (PAID, vec![]), "{executor:?} {mode:?}");
    }
}

#[test]
fn two_processes_share_the_limit_of_a_card() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = limited(&mut shop, 99);
        let mut second = shop.second_process();
        // Both number notices from their own blocks, which the checks of one process do not expect.
        (shop.is_audited, second.is_audited) = (false, false);
        let orders: Vec<OrderId> =
            (0..6).map(|user| paying(&mut shop, UserId(user), (product, 1), Mode::Parallel)).collect();
        for (number, order) in orders.iter().enumerate() {
            let process = if number % 2 == 0 { &mut shop } else { &mut second };
            with_card(process, *order, "fp_1");
        }
        let paid = orders.iter().filter(|order| shop.order(**order).outcome == Outcome::Completed).count();
        assert_eq!((paid, counted(&shop)), (2, vec![2]), "{executor:?}");
        laws::audit(&shop.disk, shop.now());
    }
}

/// All answers come in one batch: each is decided after the one before.
#[test]
fn many_payments_of_one_batch_share_the_limit_of_a_card() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = limited(&mut shop, 99);
        let orders: Vec<OrderId> =
            (0..6).map(|user| paying(&mut shop, UserId(user), (product, 1), Mode::Parallel)).collect();
        let answers = orders.iter().map(|order| authorized(&shop, *order, Some("fp_1")));
        let answers: Vec<Command> = answers.map(|said| Command::PaymentAnswered(Box::new(said))).collect();
        shop.decide(answers);
        shop.quiet();
        orders.iter().for_each(|order| agree(&mut shop, *order));
        let paid = orders.iter().filter(|order| ended(&shop, **order) == PAID).count();
        let lost = orders.iter().filter(|order| ended(&shop, **order) == REFUSED).count();
        assert_eq!((paid, lost, counted(&shop)), (2, 4, vec![2]), "{executor:?}");
    }
}

#[test]
fn an_order_whose_card_is_refused_gives_its_points_back() {
    for executor in EXECUTORS {
        let mut shop = Shop::open(executor);
        let product = limited(&mut shop, 9);
        let first = paying(&mut shop, ANN, (product, 2), Mode::Parallel);
        with_card(&mut shop, first, "fp_1");
        shop.charge(BOB, 300);
        let points = Money::won(300);
        let wanted = PlaceOrder { points, payment: Paying::Prepaid, ..order_of(BOB, product) };
        let order = shop.place(wanted).id();
        assert_eq!(shop.balance(BOB), 0);
        pay(&mut shop, order).unwrap();
        with_card(&mut shop, order, "fp_1");
        assert_eq!((ended(&shop, order), shop.balance(BOB)), (REFUSED, 300), "{executor:?}");
    }
}

#[test]
fn an_order_of_a_drop_that_limits_cards_is_paid_before() {
    let mut shop = Shop::open(EXECUTORS[0]);
    let product = limited(&mut shop, 9);
    let on_delivery: Result<Answer, Refusal> = shop.run(place(order_of(ANN, product)));
    assert_eq!(on_delivery, Err(Refusal::PrepaymentRequired));
}
