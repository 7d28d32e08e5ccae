//! The trace of a request is on all events that the request causes, and on no others.

use std::collections::BTreeSet;
use std::time::Duration;

use app::commands::FailedDelivery;
use app::events::trace::TraceParent;
use app::log::reactions::Group;
use app::state::settings::Executor;
use domain::ids::OrderId;
use domain::order::Outcome;
use domain::order::saga::Step;
use sim::ready::ready;

use crate::shop::{ANN, BOB, CODEC, EXECUTORS, Shop, job, order_of, place, placed};

fn trace(number: u32) -> TraceParent {
    TraceParent::parse(format!("00-{number:032x}-00f067aa0ba902b7-01").as_bytes()).unwrap()
}

/// The traces of the events that name an order, and the number of these events.
fn traces_of(shop: &Shop, order: OrderId) -> (BTreeSet<Option<String>>, usize) {
    let (state, number) = (shop.state(), CODEC.order(order));
    let rows: Vec<_> = state.outbox.iter().filter(|row| row.record.payload.contains(number.as_str())).collect();
    (rows.iter().map(|row| row.record.trace.clone()).collect(), rows.len())
}

fn only(trace: Option<TraceParent>) -> BTreeSet<Option<String>> {
    BTreeSet::from([trace.map(|trace| trace.to_string())])
}

#[test]
fn what_a_request_causes_belongs_to_its_trace() {
    for (executor, events) in EXECUTORS.into_iter().zip([3, 4]) {
        let mut shop = Shop::open(executor);
        let product = shop.product(10, 5);
        let wanted = [(ANN, Some(trace(1))), (BOB, None), (BOB, Some(trace(2)))];
        let jobs = wanted.map(|(user, trace)| {
            let (job, answer) = job(place(order_of(user, product)));
            (job.traced(trace), answer)
        });
        let (jobs, answers): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        shop.batch(jobs);
        shop.quiet();
        for ((_, trace), answer) in wanted.iter().zip(answers) {
            let order = placed(&answer.answer().result);
            assert_eq!(shop.order(order).outcome, Outcome::Completed);
            assert_eq!(traces_of(&shop, order), (only(*trace), events), "{executor:?}");
        }
    }
}

/// An order of Ann's under the first trace, whose stock claim fails `times` times.
fn failing(times: u64) -> (Shop, OrderId) {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 5);
    let (placing, answer) = job(place(order_of(ANN, product)));
    shop.batch(vec![placing.traced(Some(trace(1)))]);
    let order = placed(&answer.answer().result);
    let claim = app::state::rows::ClaimKey { order, step: Step::Stock(product) };
    shop.disk.tamper(|state| state.refused_claims.insert(claim, times));
    (shop, order)
}

/// Delivers the log and runs due timers, until nothing changes at this moment.
fn work(shop: &mut Shop) {
    loop {
        let mut jobs = ready(shop.engine.due_timers(100)).unwrap();
        jobs.extend(shop.next_events());
        if jobs.is_empty() && !shop.engine.has_deferred() {
            return;
        }
        shop.batch(jobs);
    }
}

#[test]
fn an_event_that_waits_keeps_its_trace() {
    // Every attempt commits twice.
    let (mut shop, order) = failing(2);
    work(&mut shop);
    let waiting = shop.state().parked_events.into_values().next().unwrap();
    assert_eq!(waiting.trace, Some(trace(1)));
    shop.clock.advance(Duration::from_secs(1));
    work(&mut shop);
    assert_eq!(shop.order(order).outcome, Outcome::Completed);
    assert_eq!(traces_of(&shop, order), (only(Some(trace(1))), 4));
}

#[test]
fn a_resent_dead_letter_keeps_its_trace() {
    let (mut shop, order) = failing(u64::MAX);
    work(&mut shop);
    for _attempt in Group::Stock.pauses() {
        shop.clock.advance(Duration::from_millis(500));
        work(&mut shop);
    }
    let state = shop.state();
    let letter = state.letters.values().next().unwrap();
    assert_eq!(letter.message.trace, Some(trace(1)));
    let told = state.outbox.iter().find(|row| row.record.kind == "DeadLettered").unwrap();
    assert_eq!(told.trace(), Some(trace(1)));
    shop.disk.tamper(|state| state.refused_claims.clear());
    let (resend, answer) = job(FailedDelivery::resend(letter, "the participant is back", &CODEC));
    shop.batch(vec![resend.traced(Some(trace(2)))]);
    shop.finish_deferred();
    assert!(answer.answer().result.is_ok());
    work(&mut shop);
    assert_eq!(shop.order(order).outcome, Outcome::Completed);
    assert_eq!(traces_of(&shop, order), (only(Some(trace(1))), 5));
}
