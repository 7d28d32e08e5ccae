//! The log delivers each group its events, in the order of their commits, from its offset.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{CampaignId, ProductId, UserId};
use domain::money::Money;
use domain::order::saga::Step;
use domain::reason::Reason;

use super::commits::write_a_bit_of_everything;
use super::session::{NOON, Session};
use super::{Fixture, samples};
use crate::events::event::{
    CouponIssued, CouponRequest, CouponRequested, CouponResult, Event, EventKind, OrderCancelled, OrderCompleted,
    PointsCharged, ResultCode, Sold, StepReport, StockRequest,
};
use crate::events::outbox::SHARDS;
use crate::log::group::Group;
use crate::ports::{CommitError, Delivery, OutboxSlot};
use crate::state::rows::{AccountKey, OffsetKey, OffsetMove, Partition};

fn cancelled(user: i64) -> Event {
    let reason = Reason::StepTimedOut;
    Event::OrderCancelled(OrderCancelled {
        order_id: samples::code_of(user),
        user_id: UserId(user),
        reason,
        cancel_reason: None,
    })
}

/// Writes events of a hundred keys, in commits of various sizes.
pub(super) async fn write_cancellations(session: &mut Session<'_>, count: u32) -> Vec<Event> {
    let mut written = vec![];
    let mut number = 0;
    while number < count {
        let size = 1 + number % 7;
        let mut rows = session.load(&[]).await;
        for _event in 0..size {
            number += 1;
            let event = cancelled(1 + i64::from(number) * 37 % 100);
            written.push(event.clone());
            rows.events.push(samples::new_event(number, event));
        }
        session.commit(&rows).await;
    }
    written
}

/// Reads all events of a group in a partition from an offset on.
async fn read(session: &mut Session<'_>, key: OffsetKey, from: i64, page: usize) -> Vec<Delivery> {
    let (mut found, mut from) = (vec![], from);
    loop {
        let fetched = session.log().fetch(key, from, page).await.expect("the log can be read");
        assert!(fetched.deliveries.len() <= page, "{} are more than {page}", fetched.deliveries.len());
        assert!(fetched.next >= from, "offsets never decrease");
        if fetched.deliveries.is_empty() {
            return found;
        }
        assert!(fetched.deliveries.iter().all(|delivery| (from..fetched.next).contains(&delivery.offset)));
        from = fetched.next;
        found.extend(fetched.deliveries);
    }
}

async fn read_all(session: &mut Session<'_>, group: Group, page: usize) -> BTreeMap<Partition, Vec<Delivery>> {
    let partitions = session.log().partitions(group).await.expect("the log can be read");
    let mut all = BTreeMap::new();
    for partition in partitions {
        let found = read(session, OffsetKey { group, partition }, 0, page).await;
        assert!(all.insert(partition, found).is_none(), "a partition is named once");
    }
    all
}

pub(super) async fn events_come_in_commit_order_without_a_gap(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let written = write_cancellations(&mut session, 300).await;
    session.reopen().await;
    let all = read_all(&mut session, Group::Notices, 1_000).await;
    let mut partition_of_key = BTreeMap::new();
    for (partition, deliveries) in &all {
        let offsets: Vec<i64> = deliveries.iter().map(|delivery| delivery.offset).collect();
        assert!(offsets.windows(2).all(|pair| pair[1] == pair[0] + 1), "{offsets:?} has a gap");
        // A topic's partition merges several shards; the order is promised for each key alone.
        let mut last_of_key = BTreeMap::new();
        for delivery in deliveries {
            let key = delivery.event.as_ref().expect("the test wrote an event").key();
            let of = partition.topic.map(|_| key.clone());
            let last = last_of_key.insert(of, delivery.id);
            assert!(last < Some(delivery.id), "commits came in the order of the ids: {last:?}, {:?}", delivery.id);
            assert_eq!(delivery.partition, *partition);
            let first = partition_of_key.entry(key).or_insert(*partition);
            assert_eq!(first, partition, "a key has one partition");
        }
    }
    let ids: BTreeSet<u128> = all.values().flatten().map(|delivery| delivery.id.0).collect();
    assert_eq!(ids.len(), written.len());
}

pub(super) async fn every_event_survives_the_log(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut rows = session.load(&[]).await;
    for (number, event) in (1..).zip(varied_events()) {
        rows.events.push(samples::new_event(number, event));
    }
    session.commit(&rows).await;
    let mut found = BTreeMap::new();
    for group in Group::CARRIED {
        let all = read_all(&mut session, *group, 1_000).await;
        found.extend(
            all.into_values().flatten().map(|delivery| (delivery.id, (delivery.event, delivery.trace, delivery.at))),
        );
    }
    for written in &rows.events {
        assert_eq!(found.get(&written.id), Some(&(Ok(written.event.clone()), written.trace, written.at)));
    }
}

#[expect(clippy::too_many_lines, reason = "one event after another")]
fn varied_events() -> Vec<Event> {
    let order_id = samples::code_of(5);
    let user_id = UserId(5);
    let report = |step, reason: Option<Reason>| {
        let ok = reason.is_none();
        StepReport {
            order_id: order_id.clone(),
            step,
            ok,
            reason,
            quantity: None,
            user_id: None,
            user_coupon_id: None,
            points: None,
            coupon_id: None,
        }
    };
    let sold = |product, qty| Sold { id: ProductId(product), qty };
    vec![
        Event::OrderCompleted(OrderCompleted {
            order_id: order_id.clone(),
            order_number: order_id.clone(),
            user_id,
            products: vec![sold(1, 2), sold(7, 1)],
            total_amount: Money::won(39_000),
            discount_amount: Money::ZERO,
            points_used: Money::ZERO,
            paid_amount: Money::won(39_000),
            amount_due: Money::won(39_000),
            status: None,
            order_created_at: NOON,
            completed_at: NOON,
        }),
        Event::StockDeductionCompleted(report(Step::Stock(ProductId(3)), None)),
        Event::CouponUsageFailed(report(Step::Coupon, Some(Reason::CouponNotUsable))),
        Event::PointsRestored(report(Step::Point, None)),
        Event::StockDeductionRequested(StockRequest {
            order_id: order_id.clone(),
            product_id: ProductId(3),
            quantity: 2,
        }),
        Event::CouponUsageRequested(CouponRequest {
            order_id: order_id.clone(),
            user_id,
            coupon_id: CampaignId(3),
            user_coupon_id: None,
        }),
        Event::CouponIssued(CouponIssued {
            user_coupon_id: "UC-00000001".into(),
            user_id,
            coupon_id: CampaignId(3),
            coupon_name: "한정 \"쿠폰\"".into(),
            issue_number: 4,
            request_id: None,
            issued_at: NOON,
        }),
        Event::CouponRequested(CouponRequested {
            request_id: "req-00000001".into(),
            user_id,
            coupon_id: CampaignId(3),
            queue_key: domain::coupon::QueueKey::User,
            requested_at: NOON,
        }),
        Event::CouponResult(CouponResult {
            request_id: "req-00000001".into(),
            user_id,
            coupon_id: CampaignId(3),
            queue_key: domain::coupon::QueueKey::Campaign,
            success: false,
            result_code: ResultCode::OutOfStock,
            message: ResultCode::OutOfStock.message().into(),
            coupon_history_id: None,
            issue_number: None,
            processed_at: NOON,
            processing_time_ms: 3,
        }),
    ]
}

pub(super) async fn a_group_receives_only_its_kinds(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let mut rows = session.load(&[]).await;
    // One key, so one partition: events without a reader lie before, between and after.
    let charged =
        Event::PointsCharged(PointsCharged { user_id: UserId(1), amount: Money::won(1), balance: Money::won(1) });
    for number in 0..600 {
        let event = if number == 300 { cancelled(1) } else { charged.clone() };
        rows.events.push(samples::new_event(number, event));
    }
    session.commit(&rows).await;
    for group in Group::CARRIED {
        for page in [1, 10, 1_000] {
            let found: Vec<Delivery> = read_all(&mut session, *group, page).await.into_values().flatten().collect();
            let ids: Vec<u128> = found.iter().map(|delivery| delivery.id.0).collect();
            let expected = if *group == Group::Notices { vec![300] } else { vec![] };
            assert_eq!(ids, expected, "{group:?}, {page} at once");
        }
    }
}

pub(super) async fn a_log_is_read_in_pages(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    write_cancellations(&mut session, 200).await;
    let at_once = read_all(&mut session, Group::Notices, 1_000).await;
    for page in [1, 3, 50] {
        assert_eq!(read_all(&mut session, Group::Notices, page).await, at_once, "{page} at once");
    }
    for (partition, deliveries) in &at_once {
        let key = OffsetKey { group: Group::Notices, partition: *partition };
        let Some(second) = deliveries.get(1) else { continue };
        assert_eq!(read(&mut session, key, second.offset, 50).await, deliveries[1..]);
    }
}

pub(super) async fn a_group_continues_at_its_committed_offset(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    write_cancellations(&mut session, 100).await;
    let all = read_all(&mut session, Group::Notices, 1_000).await;
    let (partition, deliveries) = all.iter().max_by_key(|(_, found)| found.len()).expect("the log has partitions");
    let key = OffsetKey { group: Group::Notices, partition: *partition };
    assert_eq!(session.position(key).await, 0);
    let next = deliveries[0].offset + 1;
    let rows = session.load(&[]).await;
    session.try_commit(&rows, &[OffsetMove { key, from: 0, to: next }]).await.expect("the group has this offset");
    session.reopen().await;
    assert_eq!(session.position(key).await, next);
    assert_eq!(read(&mut session, key, next, 1_000).await, deliveries[1..]);
    let of_another_group = OffsetKey { group: Group::Ranking, ..key };
    assert_eq!(session.position(of_another_group).await, 0);
}

pub(super) async fn events_of_a_failed_commit_are_never_seen(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    write_cancellations(&mut session, 30).await;
    let mut rows = session.load(&[]).await;
    write_a_bit_of_everything(&mut rows);
    rows.accounts.put(AccountKey(UserId(9)), domain::points::Account { user: UserId(9), balance: Money::won(-1) });
    let refused = session.try_commit(&rows, &[]).await;
    assert!(matches!(refused, Err(CommitError::Constraint(_))), "{refused:?}");
    let mut rows = session.load(&[]).await;
    rows.events.push(samples::new_event(1_000, cancelled(1)));
    session.commit(&rows).await;
    let all = read_all(&mut session, Group::Notices, 1_000).await;
    for deliveries in all.values() {
        let offsets: Vec<i64> = deliveries.iter().map(|delivery| delivery.offset).collect();
        assert!(offsets.windows(2).all(|pair| pair[1] == pair[0] + 1), "{offsets:?} has a gap");
    }
    let last = all.values().flatten().rfind(|delivery| delivery.event == Ok(cancelled(1)));
    assert_eq!(last.map(|delivery| delivery.id.0), Some(1_000));
}

pub(super) async fn events_are_found_in_their_slots(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let written = write_cancellations(&mut session, 60).await;
    let shards = i64::try_from(SHARDS).expect("there are few shards");
    let slots: Vec<OutboxSlot> =
        (0..shards).flat_map(|shard| (1..=20).map(move |seq| OutboxSlot { shard, seq })).collect();
    let mut found = session.log().written(&slots).await.expect("the store can be asked");
    assert_eq!(found.iter().map(|written| written.slot).collect::<BTreeSet<_>>().len(), written.len());
    found.sort_unstable_by_key(|written| written.id.0);
    let read: Vec<Event> = found
        .iter()
        .map(|written| {
            assert_eq!(written.kind, EventKind::OrderCancelled.name());
            Event::parse(EventKind::OrderCancelled, &written.payload).expect("the payload is as it was written")
        })
        .collect();
    assert_eq!(read, written);
    let (shard, seq) = (found[0].slot.shard, found[0].slot.seq);
    let one = session.log().written(&[found[0].slot]).await.expect("the store can be asked");
    assert_eq!(one, found[..1]);
    let nowhere = [
        OutboxSlot::NOWHERE,
        OutboxSlot { shard, seq: 0 },
        OutboxSlot { shard, seq: -seq },
        OutboxSlot { shard, seq: i64::MAX },
        OutboxSlot { shard: i64::MIN, seq },
        OutboxSlot { shard: shards, seq },
    ];
    assert_eq!(session.log().written(&nowhere).await.expect("the store can be asked"), []);
    assert_eq!(session.log().written(&[]).await.expect("the store can be asked"), []);
}
