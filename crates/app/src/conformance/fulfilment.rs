//! Payments, shipments and storages are read as they were written, in every state that their commands can reach.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{OrderId, UserId};
use domain::money::Money;
use domain::order::Receiver;
use domain::payment::{self, Action, Asked, Means, Method, Operation, Payment, ProviderResult};
use domain::shipment::{self, Shipment};
use domain::warehouse::{self, Storage};

use super::samples::Dice;
use super::session::{NOON, Session};
use super::{Fixture, SAMPLES};
use crate::state::rows::{CallbackKey, CallbackRow, Key, PaymentKey, ShipmentKey, StorageKey};

pub(super) async fn a_payment_survives_every_change(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for order in 1..=SAMPLES {
        let mut dice = Dice(order.unsigned_abs());
        survives!(session, payments, PaymentKey(OrderId(order)), payments(&mut dice, OrderId(order)));
    }
}

/// Returns payments after each of some commands.
fn payments(dice: &mut Dice, order: OrderId) -> Vec<Payment> {
    let amount = Money::won(1 + dice.below(9_999));
    let mut payment = None;
    let mut states = vec![];
    for _step in 0..=dice.below(8) {
        let command = match &payment {
            None => payment::Command::Start {
                order,
                placed_at: NOON,
                method: dice.pick(&Method::ALL),
                amount,
                means: means(dice),
            },
            Some(payment) => payment_command(dice, payment),
        };
        for event in payment::decide(payment.as_ref(), &command, NOON).unwrap_or_default() {
            payment::evolve(&mut payment, &event, NOON);
        }
        states.extend(payment.clone());
    }
    states
}

fn payment_command(dice: &mut Dice, payment: &Payment) -> payment::Command {
    let asked = payment.asked().unwrap_or(Asked::first(None, payment.attempt, Operation::Capture, 0));
    let said = match dice.below(8) {
        0 => ProviderResult::Declined { code: "card's \"limit\"".into() },
        1 => ProviderResult::Unknown,
        2 => ProviderResult::NotExecuted,
        3 => {
            let url = (dice.below(2) == 0).then(|| "/payments/\"page\"?reference=결제".into());
            let client_secret = (dice.below(2) == 0).then(|| "pi_3Mtw_secret'\n".into());
            ProviderResult::ActionRequired {
                reference: "pi_3Mtw".into(),
                action: Action { url, client_secret, until: NOON + Duration::from_secs(900) }.into(),
            }
        }
        _ => ProviderResult::Approved { reference: "pi_3Mtw".into(), amount: payment.amount_of(asked.operation) },
    };
    if payment.state == payment::State::Stuck && dice.below(2) == 0 {
        return stuck_command(dice);
    }
    match dice.below(8) {
        0 => payment::Command::Withdraw,
        1 => payment::Command::Start {
            order: payment.order,
            placed_at: NOON,
            method: Method::General,
            amount: payment.amount,
            means: means(dice),
        },
        2 if payment.held() > Money::ZERO => payment::Command::Refund { amount: Money::won(1) },
        _ => payment::Command::Answer { asked, said },
    }
}

fn means(dice: &mut Dice) -> Option<Arc<Means>> {
    let token = (dice.below(2) == 0).then(|| "pm_card'\"".into());
    let return_url = (dice.below(2) == 0).then(|| "https://shop.example/back?주문=1".into());
    (dice.below(3) > 0).then(|| Means { token, return_url }.into())
}

fn stuck_command(dice: &mut Dice) -> payment::Command {
    let resolve =
        payment::Command::Resolve { by: UserId(7), reason: "이체 \"paid\"".into(), reference: "TR-1'\n".into() };
    if dice.below(2) == 0 { payment::Command::Retry } else { resolve }
}

/// Returns a payment whose refund is declined for the last time while more is owed.
fn stuck_payment(order: OrderId) -> Vec<Payment> {
    let amount = Money::won(9_501);
    let mut payment = None;
    let mut states = vec![];
    let mut step = |command: &dyn Fn(&Payment) -> payment::Command| {
        let start = payment::Command::Start { order, placed_at: NOON, method: Method::Card, amount, means: None };
        let command = payment.as_ref().map_or(start, command);
        for event in payment::decide(payment.as_ref(), &command, NOON).unwrap_or_default() {
            payment::evolve(&mut payment, &event, NOON);
        }
        states.extend(payment.clone());
    };
    let answer = |payment: &Payment, said| payment::Command::Answer {
        asked: payment.asked().unwrap_or(Asked::first(None, 1, Operation::Capture, 0)),
        said,
    };
    let yes = |payment: &Payment, operation| {
        answer(payment, ProviderResult::Approved { reference: "pi_3Mtw".into(), amount: payment.amount_of(operation) })
    };
    let part = |_: &Payment| payment::Command::Refund { amount: Money::won(500) };
    step(&part);
    step(&|payment| yes(payment, Operation::Authorize));
    step(&|payment| yes(payment, Operation::Capture));
    step(&part);
    step(&|payment| yes(payment, Operation::Refund));
    step(&part);
    for _ in 0..payment::GIVE_BACK_TRIES_MAX {
        step(&|payment| answer(payment, ProviderResult::Declined { code: "no_funds".into() }));
    }
    step(&part);
    step(&|_| payment::Command::Resolve { by: UserId(7), reason: "이체".into(), reference: "TR-1".into() });
    let mut waiting = states.last().cloned();
    waiting.iter_mut().for_each(Payment::wait_to_be_called);
    states.extend(waiting);
    states
}

pub(super) async fn a_payment_that_is_stuck_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let states = stuck_payment(OrderId(1));
    assert!(states.iter().any(|payment| payment.state == payment::State::Stuck));
    survives!(session, payments, PaymentKey(OrderId(1)), states);
}

pub(super) async fn a_shipment_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let name = "O'Neill \"앤\"\n";
    let receiver = Receiver {
        name: name.to_owned(),
        phone: "010-1234-5678".to_owned(),
        postal_code: "04524".to_owned(),
        address: String::new(),
    };
    for (order, state) in (1..).zip(shipment::State::ALL) {
        let order = OrderId(order);
        let pending = Shipment {
            order,
            state: shipment::State::Pending,
            receiver: receiver.clone(),
            tracking: None,
            created_at: NOON,
            updated_at: NOON,
        };
        let moved = Shipment { state, tracking: Some("KR-4004".into()), ..pending.clone() };
        survives!(session, shipments, ShipmentKey(order), [pending, moved]);
    }
}

pub(super) async fn a_storage_survives(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    for (order, state) in (1..).zip(warehouse::State::ALL) {
        let order = OrderId(order);
        let stored = Storage { order, state: warehouse::State::InStorage, created_at: NOON, updated_at: NOON };
        survives!(session, storages, StorageKey(order), [stored, Storage { state, ..stored }]);
    }
}

/// A callback is written once.
pub(super) async fn a_callback_is_written_once(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let key = CallbackKey(Dice(1).bytes());
    let callback = CallbackRow { key, provider: "scripted".into(), event: "evt_1".into(), at: NOON };
    survives!(session, callbacks, key, [callback.clone()]);
    let other = CallbackKey(Dice(2).bytes());
    assert_eq!(session.look(&[other.into()]).await.callbacks.get(other), Ok(None));
}
