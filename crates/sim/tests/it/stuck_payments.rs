//! Declined and reversed refunds: retried, stuck, retried by an operator, resolved. Every test is audited.

use std::time::Duration;

use app::commands::answer::Refusal;
use app::commands::{Command, PaymentAnswered};
use app::payments::provider::Found;
use app::state::rows::CallbackRow;
use domain::ids::{OrderId, UserId};
use domain::money::Money;
use domain::order::{Canceller, Status};
use domain::payment::{GIVE_BACK_TRIES_MAX, State};

use crate::fulfilment::{
    DUE, agree, approved, awaiting, count, everywhere, notices, pay, payment, refund, refused, say,
};
use crate::shop::Shop;

const ADMIN: UserId = UserId(99);

fn resolve(order: OrderId) -> Command {
    let (reason, reference) = ("paid by transfer".into(), "TR-2026-17".into());
    Command::ResolveStuckPayment { order, by: ADMIN, reason, reference }
}

/// The provider declines until no operation is pending.
#[track_caller]
fn refuse(shop: &mut Shop, order: OrderId) {
    while payment(shop, order).asked().is_some() {
        say(shop, order, refused());
    }
    assert_eq!(payment(shop, order).state, State::Stuck);
}

/// A refund that is declined once succeeds at the next try, without a notice.
#[test]
fn a_refund_that_is_declined_once_succeeds_at_the_next_try() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        pay(shop, order.id()).unwrap();
        agree(shop, order.id());
        shop.run(refund(order.id(), vec![])).unwrap();
        say(shop, order.id(), refused());
        assert_eq!(shop.order(order.id()).status, Status::RefundRequested);
        agree(shop, order.id());
        assert_eq!(shop.order(order.id()).status, Status::Refunded);
        assert_eq!((count(shop, "PaymentRefundFailed"), notices(shop, "refund.delayed")), (1, 0));
    });
}

/// A refund that is always declined gets stuck; an operator retries it, and then resolves it.
#[test]
fn a_refund_that_is_always_declined_waits_for_an_operator_who_resolves_it() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        assert_eq!(shop.run(resolve(order.id())), Err(Refusal::PaymentNotStuck));
        pay(shop, order.id()).unwrap();
        agree(shop, order.id());
        shop.run(refund(order.id(), vec![])).unwrap();
        assert_eq!(shop.run(resolve(order.id())), Err(Refusal::PaymentNotStuck));
        refuse(shop, order.id());
        let retry = Command::RetryStuckPayment { order: order.id(), by: ADMIN };
        shop.run(retry).unwrap();
        refuse(shop, order.id());
        assert_eq!((count(shop, "PaymentStuck"), notices(shop, "refund.delayed")), (2, 1), "there is one notice");
        shop.pass(Duration::from_secs(200_000));
        assert_eq!(shop.order(order.id()).status, Status::RefundRequested);
        shop.run(resolve(order.id())).unwrap();
        assert_eq!(shop.order(order.id()).status, Status::Refunded);
        let payment = payment(shop, order.id());
        assert_eq!((payment.refunded, payment.resolved), (Money::ZERO, DUE));
        assert_eq!(payment.resolution.unwrap().by, ADMIN);
        assert_eq!((count(shop, "PaymentRetried"), count(shop, "PaymentResolved")), (1, 1));
    });
}

/// The same for a cancelled paid order, for a void, and for partial refunds.
#[test]
fn a_refund_of_a_cancelled_order_is_stuck_and_resolved_as_well() {
    everywhere(|shop| {
        let (product, order) = awaiting(shop);
        pay(shop, order.id()).unwrap();
        agree(shop, order.id());
        let part = refund(order.id(), vec![(product, 1)]);
        shop.run(part).unwrap();
        refuse(shop, order.id());
        shop.run(Command::CancelOrder { order: order.id(), by: Canceller::Customer, note: None }).unwrap();
        let stuck = payment(shop, order.id());
        assert_eq!((stuck.state, stuck.refunding, stuck.owed), (State::Stuck, Money::won(1_000), Money::won(2_000)));
        shop.run(resolve(order.id())).unwrap();
        agree(shop, order.id());
        let done = payment(shop, order.id());
        assert_eq!((done.state, done.refunded, done.resolved), (State::Refunded, Money::won(2_000), Money::won(1_000)));

        let (_, unpaid) = awaiting(shop);
        pay(shop, unpaid.id()).unwrap();
        say(shop, unpaid.id(), approved(DUE));
        shop.run(Command::CancelOrder { order: unpaid.id(), by: Canceller::Customer, note: None }).unwrap();
        say(shop, unpaid.id(), Ok(Found::NotFound));
        assert_eq!(payment(shop, unpaid.id()).state, State::Voiding);
        refuse(shop, unpaid.id());
        assert_eq!(notices(shop, "refund.delayed"), 2);
        shop.run(Command::RetryStuckPayment { order: unpaid.id(), by: ADMIN }).unwrap();
        agree(shop, unpaid.id());
        assert_eq!(payment(shop, unpaid.id()).state, State::Voided);
    });
}

/// The provider reverses a refund.
#[test]
fn a_reversed_refund_is_made_again() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        pay(shop, order.id()).unwrap();
        agree(shop, order.id());
        shop.run(refund(order.id(), vec![])).unwrap();
        let asked = payment(shop, order.id()).asked().unwrap();
        agree(shop, order.id());
        let callback = CallbackRow::new("model", "evt_9".into(), shop.order(order.id()).updated_at);
        let (order_id, callback) = (order.id(), Some(callback));
        let failed = PaymentAnswered { order: order_id, asked, answer: refused(), called_at: None, callback };
        shop.run(Command::PaymentAnswered(Box::new(failed.clone()))).unwrap();
        shop.run(Command::PaymentAnswered(Box::new(failed))).unwrap();
        assert_eq!((payment(shop, order.id()).state, payment(shop, order.id()).refunding), (State::Refunding, DUE));
        agree(shop, order.id());
        assert_eq!(payment(shop, order.id()).held(), Money::ZERO);
        assert_eq!(count(shop, "PaymentRefundFailed"), 1);
    });
}

/// The provider reverses every refund; after the same number of tries as for declines, an operator resolves it.
#[test]
fn a_refund_that_is_reversed_each_time_waits_for_an_operator() {
    everywhere(|shop| {
        let (_, order) = awaiting(shop);
        pay(shop, order.id()).unwrap();
        agree(shop, order.id());
        shop.run(refund(order.id(), vec![])).unwrap();
        take_back(shop, order.id());
        shop.run(Command::RetryStuckPayment { order: order.id(), by: ADMIN }).unwrap();
        take_back(shop, order.id());
        assert_eq!(count(shop, "PaymentRefundFailed"), usize::try_from(GIVE_BACK_TRIES_MAX).unwrap() + 1);
        assert_eq!((count(shop, "PaymentStuck"), notices(shop, "refund.delayed")), (2, 1), "there is one notice");
        shop.pass(Duration::from_secs(200_000));
        shop.run(resolve(order.id())).unwrap();
        assert_eq!(shop.order(order.id()).status, Status::Refunded);
        let payment = payment(shop, order.id());
        assert_eq!((payment.refunded, payment.resolved, payment.owes()), (Money::ZERO, DUE, Money::ZERO));
    });
}

/// The provider makes and reverses each refund, until no operation is pending.
#[track_caller]
fn take_back(shop: &mut Shop, order: OrderId) {
    while let Some(asked) = payment(shop, order).asked() {
        agree(shop, order);
        let callback =
            CallbackRow::new("model", asked.key(&"ORD-1".into()).as_str().into(), shop.order(order).updated_at);
        let callback = Some(callback);
        let failed = PaymentAnswered { order, asked, answer: refused(), called_at: None, callback };
        shop.run(Command::PaymentAnswered(Box::new(failed))).unwrap();
    }
    assert_eq!(payment(shop, order).state, State::Stuck);
}
