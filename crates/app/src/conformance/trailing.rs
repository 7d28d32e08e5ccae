//! Trailing groups read every event of the store once, in the order of its key, and move only by comparing their offsets.

use std::collections::BTreeMap;

use domain::ids::UserId;
use domain::money::Money;

use super::log::write_cancellations;
use super::session::Session;
use super::{Fixture, samples};
use crate::events::event::{Event, EventKind, PointsCharged};
use crate::log::group::Group;
use crate::ports::{CommitError, Delivery, Slice, WantedSlice};
use crate::state::rows::{OffsetKey, OffsetMove};

const GROUP: Group = Group::OrderStatistics;
const KINDS: &[EventKind] = &[EventKind::OrderCancelled];

async fn slice(session: &mut Session<'_>, from: &[(OffsetKey, i64)], limit: usize) -> Slice {
    let wanted = WantedSlice { from, kinds: KINDS, limit };
    session.trail().slice(wanted).await.expect("the store can be read")
}

async fn offsets(session: &mut Session<'_>) -> Vec<(OffsetKey, i64)> {
    session.trail().offsets(GROUP).await.expect("the store can be read")
}

/// Reads to the end from the group's offsets on. Returns the events, and the offsets at the end.
async fn read_all(session: &mut Session<'_>, limit: usize) -> (Vec<Delivery>, BTreeMap<OffsetKey, i64>) {
    let mut at: BTreeMap<OffsetKey, i64> = offsets(session).await.into_iter().collect();
    let mut found = vec![];
    loop {
        let from: Vec<(OffsetKey, i64)> = at.iter().map(|(key, offset)| (*key, *offset)).collect();
        let read = slice(session, &from, limit).await;
        for (key, _) in &from {
            let of_partition = read.deliveries.iter().filter(|delivery| delivery.partition == key.partition);
            let events: Vec<i64> = of_partition.map(|delivery| delivery.offset).collect();
            assert!(events.len() <= limit, "{} are more than {limit}", events.len());
            assert!(events.is_sorted(), "{events:?} are not in order");
            let next = read.next.iter().find(|(moved, _)| moved == key).map_or(at[key], |(_, next)| *next);
            assert!(events.iter().all(|offset| (at[key]..next).contains(offset)), "{events:?} before {next}");
        }
        let is_stuck = read.next.is_empty();
        at.extend(read.next);
        found.extend(read.deliveries);
        if read.is_end {
            return (found, at);
        }
        assert!(!is_stuck, "a slice that is not the last one moves on");
    }
}

async fn write_points(session: &mut Session<'_>, numbers: std::ops::Range<u32>) {
    let mut rows = session.load(&[]).await;
    for number in numbers {
        let (user_id, amount) = (UserId(i64::from(number)), Money::won(1_000));
        let event = Event::PointsCharged(PointsCharged { user_id, amount, balance: amount });
        rows.events.push(samples::new_event(number, event));
    }
    session.commit(&rows).await;
}

pub(super) async fn a_trail_has_every_event_once_and_in_order(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    assert!(read_all(&mut session, 10).await.0.is_empty());
    let written = write_cancellations(&mut session, 300).await;
    write_points(&mut session, 1_000..1_050).await;
    session.reopen().await;
    let (all, end) = read_all(&mut session, 1_000).await;
    assert_eq!(all.len(), written.len());
    let mut last_of_key = BTreeMap::new();
    for delivery in &all {
        let event = delivery.event.as_ref().expect("the test wrote an event");
        let last = last_of_key.insert(event.key(), delivery.id);
        assert!(last < Some(delivery.id), "commits came in the order of the ids: {last:?}, {:?}", delivery.id);
    }
    for limit in [1, 7] {
        let (some, ended) = read_all(&mut session, limit).await;
        let ids = |all: &[Delivery]| {
            let mut ids: Vec<u128> = all.iter().map(|delivery| delivery.id.0).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!((ids(&some), ended), (ids(&all), end.clone()), "{limit} at once");
    }
    let from: Vec<(OffsetKey, i64)> = end.into_iter().collect();
    let rest = slice(&mut session, &from, 10).await;
    assert_eq!(rest, Slice { is_end: true, ..Slice::default() }, "events of other kinds are passed");
    session.trail().await_durable().await.expect("the store takes commits");
}

pub(super) async fn a_trail_continues_where_the_last_slice_was_committed(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    let written = write_cancellations(&mut session, 120).await;
    let mut found = 0;
    loop {
        let from = offsets(&mut session).await;
        let read = slice(&mut session, &from, 9).await;
        found += read.deliveries.len();
        let moves: Vec<OffsetMove> = read.next.iter().map(|(key, to)| moved(&from, *key, *to)).collect();
        let rows = session.load(&[]).await;
        session.try_commit(&rows, &moves).await.expect("the group has these offsets");
        session.reopen().await;
        if read.is_end {
            break;
        }
    }
    assert_eq!(found, written.len());
    assert!(read_all(&mut session, 100).await.0.is_empty());
}

pub(super) async fn a_slice_is_committed_once(fixture: &mut dyn Fixture) {
    let mut session = Session::start(fixture).await;
    write_cancellations(&mut session, 30).await;
    let from = offsets(&mut session).await;
    let read = slice(&mut session, &from, 5).await;
    let moves: Vec<OffsetMove> = read.next.iter().map(|(key, to)| moved(&from, *key, *to)).collect();
    let rows = session.load(&[]).await;
    session.try_commit(&rows, &moves).await.expect("the group has these offsets");
    let rows = session.load(&[]).await;
    let again = session.try_commit(&rows, &moves).await;
    assert!(matches!(again, Err(CommitError::Moved(key)) if key.group == GROUP), "{again:?}");
}

fn moved(from: &[(OffsetKey, i64)], key: OffsetKey, to: i64) -> OffsetMove {
    let known = from.iter().find(|(known, _)| *known == key).expect("a slice moves partitions that were read");
    OffsetMove { key, from: known.1, to }
}
