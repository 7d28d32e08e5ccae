//! Consumer groups that an operator moves, and groups that skip events of other groups.

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, PlaceOrder};
use app::events::event::EventKind;
use app::log::reactions::Group;
use app::state::rows::{OffsetKey, OffsetMove};
use app::state::settings::Executor;
use domain::ids::OrderId;
use domain::money::Money;
use domain::order::{Canceller, Outcome, Payment};
use sim::ready::ready;

use crate::post::essence;
use crate::shop::{ANN, Shop, campaign_of, job, order_of};

/// A shop with a completed order, and the offset of the notices group after its events.
fn told() -> (Shop, OrderId, OffsetKey, i64) {
    let mut shop = Shop::open(Executor::Log);
    let product = shop.product(10, 5);
    let order = shop.place_only(order_of(ANN, product));
    shop.quiet();
    assert_eq!(shop.order(order).outcome, Outcome::Completed);
    let offsets = shop.state().offsets;
    let (key, position) = offsets.into_iter().find(|(key, _)| key.group == Group::Notices).unwrap();
    (shop, order, key, position)
}

fn move_group(key: OffsetKey, from: i64, to: i64) -> Command {
    Command::MoveGroup { moves: vec![OffsetMove { key, from, to }], partitions: vec![] }
}

/// The answer to such a move, of which nothing is shown.
fn moved() -> Answer {
    Answer::GroupMoved { partitions: vec![] }
}

#[test]
fn a_group_that_is_moved_back_reads_again_and_does_nothing_twice() {
    let (mut shop, _, key, position) = told();
    let before = shop.state();
    assert_eq!(shop.decide([move_group(key, position, 1)])[0].result, Ok(moved()));
    assert_eq!(shop.state().offsets[&key], 1);
    let again = shop.next_events();
    assert!(!again.is_empty(), "the process that reads there has noticed");
    shop.batch(again);
    shop.quiet();
    assert_eq!(shop.state().offsets[&key], position);
    assert_eq!(shop.state().notices, before.notices);
}

/// O-16: for every group, with orders in every state.
#[test]
fn events_delivered_again_publish_nothing_and_change_nothing() {
    let mut shop = Shop::open(Executor::Log);
    let (product, scarce) = (shop.product(1_000, 50), shop.product(1_000, 0));
    let campaign = shop.campaign(campaign_of(5));
    shop.issue(campaign, ANN).unwrap();
    shop.charge(ANN, 500);
    let wanted = PlaceOrder { coupon: Some((campaign, None)), points: Money::won(300), ..order_of(ANN, product) };
    assert_eq!(shop.place(wanted.clone()).outcome, Outcome::Completed);
    assert_eq!(shop.place(PlaceOrder { items: vec![(scarce, 1)], ..wanted }).outcome, Outcome::Cancelled);
    let unpaid = PlaceOrder { payment: Payment::Prepaid, points: Money::won(100), ..order_of(ANN, product) };
    assert_eq!(shop.place(unpaid.clone()).outcome, Outcome::AwaitingPayment);
    let cancelled = shop.place(unpaid).id();
    shop.run(Command::CancelOrder { order: cancelled, by: Canceller::Customer, note: None }).unwrap();
    let before = shop.state();
    for (key, position) in before.offsets.clone() {
        let skipped = shop.skipped;
        assert_eq!(shop.decide([move_group(key, position, 1)])[0].result, Ok(moved()));
        shop.quiet();
        let after = shop.state();
        assert_eq!(after.outbox.len(), before.outbox.len(), "{key:?} publishes: {:?}", shop.events().last());
        assert_eq!(essence(after), essence(before.clone()), "{key:?}");
        let asks = before.outbox.iter().any(|row| {
            let kind = EventKind::from_name(row.record.kind);
            let is_there = i32::try_from(row.record.shard) == Ok(key.partition.number);
            is_there && kind.is_some_and(|kind| key.group.subscribes_to(kind))
        });
        assert_eq!(shop.skipped > skipped, asks, "{key:?}: {} skipped", shop.skipped - skipped);
    }
}

#[test]
fn a_group_is_moved_only_from_where_it_was_seen() {
    let (mut shop, _, key, position) = told();
    assert_eq!(shop.decide([move_group(key, position - 1, 1)])[0].result, Err(Refusal::GroupMoved));
    assert_eq!(shop.state().offsets[&key], position);
    // The second of two operators is refused, in one batch and in two.
    let both = shop.decide([move_group(key, position, 1), move_group(key, position, 2)]);
    assert_eq!((&both[0].result, &both[1].result), (&Ok(moved()), &Err(Refusal::GroupMoved)));
    assert_eq!(shop.state().offsets[&key], 1);
}

/// Events fetched before the group was moved are dropped, also in the same batch.
#[test]
fn events_fetched_before_a_group_was_moved_are_dropped() {
    let (mut shop, _, key, position) = told();
    shop.decide([move_group(key, position, 1)]);
    let in_hand = shop.next_events();
    assert!(!in_hand.is_empty());
    let (away, answer) = job(move_group(key, 1, position));
    let report = shop.batch(vec![away].into_iter().chain(in_hand).collect());
    assert_eq!(answer.answer().result, Ok(moved()));
    assert!(report.deferred > 0);
    shop.finish_deferred();
    assert_eq!(shop.state().offsets[&key], position, "the move stands");
    shop.quiet();
}

#[test]
fn a_move_that_comes_behind_events_of_its_batch_is_refused() {
    let (mut shop, _, key, position) = told();
    shop.decide([move_group(key, position, 1)]);
    let (away, answer) = job(move_group(key, 1, position));
    let jobs = shop.next_events().into_iter().chain([away]).collect();
    shop.batch(jobs);
    assert_eq!(answer.answer().result, Err(Refusal::GroupMoved));
    shop.quiet();
}

/// Another process moves the group; the reader notices without an event.
#[test]
fn an_idle_reader_notices_that_its_group_was_moved() {
    let (mut shop, _, key, position) = told();
    let mut other = shop.second_process();
    assert_eq!(other.decide([move_group(key, position, 1)])[0].result, Ok(moved()));
    assert!(shop.next_events().is_empty(), "it still believes to be at the end");
    ready(shop.consumer.refresh_offsets()).unwrap();
    assert!(!shop.next_events().is_empty());
}

/// A group without events has its offset at the end, so a later process does not read them again.
#[test]
fn groups_skip_events_of_other_groups() {
    let (mut shop, ..) = told();
    let passing = shop.consumer.skip_unhandled();
    assert!(!passing.is_empty());
    let report = shop.batch(passing);
    assert_eq!((report.errors.len(), report.lost.len()), (0, 0));
    assert!(shop.consumer.skip_unhandled().is_empty());
    let state = shop.state();
    for (key, position) in &state.offsets {
        let last = state.outbox.iter().filter(|row| row.record.shard as i32 == key.partition.number);
        assert_eq!(*position, last.map(|row| row.record.seq).max().unwrap() + 1, "{key:?}");
    }
    ready(shop.consumer.refresh_offsets()).unwrap();
    assert!(shop.next_events().is_empty());
    assert!(shop.crash().next_events().is_empty());
}
