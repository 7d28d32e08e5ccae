//! Events that a group cannot handle: retried, parked with their key, dead-lettered, resent.

use std::time::Duration;

use app::commands::{Command, FailedDelivery};
use app::engine::Report;
use app::log::reactions::Group;
use app::log::retry_policy::{RESEND_EVERY, RESENDS_MAX};
use app::state::rows::{ClaimKey, DeadLetter, DeadLetterStatus};
use app::state::settings::Executor;
use domain::ids::{OrderId, ProductId};
use domain::order::Outcome;
use domain::order::saga::Step;
use sim::ready::ready;

use crate::shop::{ANN, BOB, CODEC, Shop, job, order_of};

const ALWAYS: u64 = u64::MAX;

/// A shop in which an order's stock claim fails `times` times.
fn disabled(times: u64) -> (Shop, ProductId, OrderId) {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 5);
    let order = shop.place_only(order_of(ANN, product));
    let claim = ClaimKey { order, step: Step::Stock(product) };
    shop.disk.tamper(|state| state.refused_claims.insert(claim, times));
    (shop, product, order)
}

/// Delivers the log and runs due timers, until nothing changes at this moment.
fn work(shop: &mut Shop) -> Report {
    let mut all = Report::default();
    for _round in 0..100 {
        let mut jobs = ready(shop.engine.due_timers(100)).unwrap();
        jobs.extend(shop.next_events());
        if jobs.is_empty() && !shop.engine.has_deferred() {
            return all;
        }
        let report = shop.batch(jobs);
        all.dead_lettered.extend(report.dead_lettered.iter().cloned());
        all.permanent.extend(report.permanent.iter().copied());
        assert!(report.lost.is_empty(), "{report:?}");
    }
    panic!("the same is brought again and again");
}

fn pass(shop: &mut Shop, span: Duration) -> Report {
    shop.clock.advance(span);
    work(shop)
}

fn letter(shop: &Shop) -> DeadLetter {
    shop.disk.read(|state| state.letters.values().next().unwrap().clone())
}

#[test]
fn a_failed_event_is_retried_after_its_groups_pauses() {
    // Every attempt commits twice, because another process could have caused the conflict.
    let (mut shop, _, order) = disabled(2 + 2);
    work(&mut shop);
    assert_eq!(shop.order(order).outcome, Outcome::Pending);
    assert_eq!(shop.state().parked.len(), 1);
    pass(&mut shop, Duration::from_millis(99));
    assert_eq!(shop.state().refused_claims.values().sum::<u64>(), 2, "it was tried before its time");
    pass(&mut shop, Duration::from_millis(1));
    assert_eq!(shop.state().refused_claims.values().sum::<u64>(), 0);
    let parked = shop.state().parked.into_values().next().unwrap();
    assert_eq!(parked.trouble.unwrap().attempts, 2);
    pass(&mut shop, Duration::from_millis(150));
    assert_eq!(shop.order(order).outcome, Outcome::Completed);
    assert!(shop.state().parked.is_empty() && shop.state().parked_events.is_empty() && shop.state().letters.is_empty());
}

#[test]
fn later_events_of_the_key_wait_in_order_and_other_keys_continue() {
    let (mut shop, product, failing) = disabled(ALWAYS);
    let other_product = shop.disk.read(|state| state.products.len());
    assert_eq!(other_product, 1);
    work(&mut shop);
    let other = shop.decide([Command::RegisterProduct {
        name: "Mug".into(),
        price: domain::money::Money::won(5),
        stock: 9,
        details: None,
    }]);
    let mug = other[0].result.as_ref().unwrap().product().unwrap();
    let behind: Vec<OrderId> = (0..4).map(|_| shop.place_only(order_of(BOB, product))).collect();
    let aside = shop.place_only(order_of(BOB, mug));
    work(&mut shop);
    assert_eq!(shop.order(aside).outcome, Outcome::Completed, "another key flows");
    assert!(behind.iter().all(|order| shop.order(*order).outcome == Outcome::Pending));
    assert_eq!(shop.state().parked_events.len(), 5);
    for _attempt in Group::Stock.pauses() {
        pass(&mut shop, Duration::from_millis(500));
    }
    assert!(shop.state().parked.is_empty(), "{:?}", shop.state().parked);
    assert!(behind.iter().all(|order| shop.order(*order).outcome == Outcome::Completed));
    assert_eq!(shop.order(failing).outcome, Outcome::Pending);
    let completed = shop
        .state()
        .outbox
        .iter()
        .filter(|row| row.record.kind == "StockDeductionCompleted")
        .map(|row| row.order.unwrap())
        .collect::<Vec<_>>();
    assert_eq!(completed[1..], behind, "they waited in their order");
}

#[test]
fn an_event_that_always_fails_is_dead_lettered_in_its_group_alone() {
    let (mut shop, product, order) = disabled(ALWAYS);
    work(&mut shop);
    let mut buried = 0;
    for pause in Group::Stock.pauses() {
        assert_eq!(buried, 0);
        buried += pass(&mut shop, *pause).dead_lettered.len();
    }
    assert_eq!(buried, 1);
    let letter = letter(&shop);
    assert_eq!((letter.group, letter.status, letter.resends), (Group::Stock, DeadLetterStatus::Scheduled, 0));
    assert_eq!(letter.trouble.attempts, 6);
    assert!(letter.trouble.error.contains("as planned"), "{}", letter.trouble.error);
    assert_eq!((&*letter.message.kind, &*letter.message.key), ("StockDeductionRequested", &*product.to_string()));
    // The participant is silent, so the order times out; and its release fails as well.
    pass(&mut shop, Duration::from_secs(31));
    assert_eq!(shop.order(order).outcome, Outcome::Compensating);
    shop.disk.tamper(|state| state.refused_claims.clear());
    pass(&mut shop, RESEND_EVERY + RESEND_EVERY);
    shop.quiet();
    assert_eq!(shop.order(order).outcome, Outcome::Cancelled);
    assert!(shop.state().letters.values().all(|letter| letter.status == DeadLetterStatus::Handled));
}

#[test]
fn a_letter_that_keeps_failing_becomes_permanent_and_is_published_once() {
    let (mut shop, _, _) = disabled(ALWAYS);
    work(&mut shop);
    let mut permanent = vec![];
    for _attempt in Group::Stock.pauses() {
        pass(&mut shop, Duration::from_millis(500));
    }
    let first = letter(&shop);
    for resend in 1..=RESENDS_MAX + 3 {
        permanent.extend(pass(&mut shop, RESEND_EVERY).permanent.into_iter().filter(|(id, _)| *id == first.id));
        let letter = shop.disk.read(|state| state.letters[&first.id].clone());
        let expected = if resend > RESENDS_MAX { DeadLetterStatus::Permanent } else { DeadLetterStatus::Scheduled };
        assert_eq!((letter.status, letter.resends), (expected, resend.min(RESENDS_MAX + 1)));
    }
    assert_eq!(permanent, [(first.id, Group::Stock)]);
    shop.disk.tamper(|state| state.refused_claims.clear());
    let now = shop.disk.read(|state| state.letters[&first.id].clone());
    let (resend, answer) = job(FailedDelivery::resend(&now, "the participant is back", &CODEC));
    shop.batch(vec![resend]);
    shop.finish_deferred();
    assert!(answer.answer().result.is_ok());
    let handled = shop.disk.read(|state| state.letters[&first.id].clone());
    assert_eq!((handled.status, handled.acts.len()), (DeadLetterStatus::Handled, 1));
}

/// T15: after an operator's edit, the letter's becoming permanent is published again, because the operator expects a retry.
#[test]
fn an_edited_letter_is_published_again_when_it_becomes_permanent() {
    let (mut shop, _, _) = disabled(ALWAYS);
    work(&mut shop);
    let mut buried = vec![];
    for _attempt in Group::Stock.pauses() {
        buried.extend(pass(&mut shop, Duration::from_millis(500)).dead_lettered);
    }
    let first = letter(&shop);
    assert_eq!(buried.iter().map(|new| (new.letter, new.group)).collect::<Vec<_>>(), [(first.id, Group::Stock)]);
    assert_eq!((&*buried[0].kind, buried[0].error.contains("as planned")), ("StockDeductionRequested", true));
    let payload = first.message.payload.clone();
    let edit = FailedDelivery::Edit { letter: first.id, payload, reason: "looked at it".into() };
    assert!(shop.decide([Command::FailedDelivery(edit)])[0].result.is_ok());
    let mut permanent = vec![];
    for _resend in 0..=RESENDS_MAX + 2 {
        permanent.extend(pass(&mut shop, RESEND_EVERY).permanent.into_iter().filter(|(id, _)| *id == first.id));
    }
    assert_eq!(permanent, [(first.id, Group::Stock)]);
}

#[test]
fn a_poison_event_is_dead_lettered_at_once_and_later_ones_continue() {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 5);
    let order = shop.place_only(order_of(ANN, product));
    shop.disk.tamper(|state| {
        let request = state.outbox.iter_mut().find(|row| row.record.kind == "StockDeductionRequested").unwrap();
        request.record.payload = "{\"orderId\":".into();
    });
    shop.is_audited = false;
    let report = work(&mut shop);
    assert_eq!((report.dead_lettered.len(), report.permanent.len()), (1, 1));
    let poison = letter(&shop);
    assert_eq!(
        (poison.status, poison.due, &*poison.message.payload),
        (DeadLetterStatus::Permanent, None, "{\"orderId\":")
    );
    let next = shop.place_only(order_of(BOB, product));
    work(&mut shop);
    assert_eq!(shop.order(next).outcome, Outcome::Completed);
    // An operator edits it.
    let number = CODEC.order(order);
    let payload = format!("{{\"orderId\":\"{}\",\"productId\":{product},\"quantity\":1}}", number.as_str());
    let edit =
        |payload: &str| FailedDelivery::Edit { letter: poison.id, payload: payload.into(), reason: "a typo".into() };
    let answers = shop.decide([Command::FailedDelivery(edit("{")), Command::FailedDelivery(edit(&payload))]);
    assert!(matches!(answers[0].result, Err(app::commands::answer::Refusal::DeadLetterUnreadable { .. })));
    assert!(answers[1].result.is_ok());
    let mended = letter(&shop);
    assert_eq!(mended.acts[0].payload_before.as_deref(), Some("{\"orderId\":"));
    assert!(shop.decide([FailedDelivery::resend(&mended, "mended", &CODEC)])[0].result.is_ok());
    work(&mut shop);
    assert_eq!(shop.order(order).outcome, Outcome::Completed);
}

#[test]
fn codes_of_another_shop_are_dead_lettered_at_once_and_can_be_dropped_with_a_reason() {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 5);
    shop.place_only(order_of(ANN, product));
    shop.disk.tamper(|state| {
        let request = state.outbox.iter_mut().find(|row| row.record.kind == "StockDeductionRequested").unwrap();
        request.record.payload = format!("{{\"orderId\":\"ORD-ELSEWHERE\",\"productId\":{product},\"quantity\":1}}");
    });
    shop.is_audited = false;
    assert_eq!(work(&mut shop).dead_lettered.len(), 1);
    let unreadable = Box::new(letter(&shop));
    let drop =
        || Command::FailedDelivery(FailedDelivery::Drop { letter: unreadable.clone(), reason: "not ours".into() });
    let answers = shop.decide([drop(), drop()]);
    assert!(answers[0].result.is_ok());
    assert_eq!(answers[1].result, Err(app::commands::answer::Refusal::DeadLetterClosed));
    let dropped = letter(&shop);
    assert_eq!((dropped.status, &*dropped.acts[0].reason), (DeadLetterStatus::Dropped, "not ours"));
    assert!(shop.decide([FailedDelivery::resend(&dropped, "again", &CODEC)])[0].result.is_err());
}
