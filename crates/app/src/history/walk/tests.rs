use std::cmp::Reverse;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::ids::OrderId;

use super::*;
use crate::events::event::EventKind;
use crate::ports::OutboxSlot;
use crate::ports::events::EventFailure;
use crate::ports::future::Reading;
use crate::state::rows::EventId;

/// Events at every second position, a second apart; each hundredth is a change of price. Counts what is looked at.
struct Events {
    count: i64,
    looked_at: AtomicI64,
}

impl Events {
    fn of(count: i64) -> Events {
        Events { count, looked_at: AtomicI64::new(0) }
    }

    fn moment(position: i64) -> Timestamp {
        Timestamp::from_micros(position * 500_000)
    }

    fn event(position: i64) -> WrittenEvent {
        let kind = if position % 200 == 0 { EventKind::PriceChanged } else { EventKind::OrderCreated };
        WrittenEvent {
            position,
            slot: OutboxSlot::NOWHERE,
            id: EventId(1),
            kind: kind.name().to_owned(),
            topic: String::new(),
            key: String::new(),
            order: None,
            version: None,
            cause: String::new(),
            trace: None,
            at: Events::moment(position),
            payload: String::new(),
        }
    }
}

impl EventViews for Events {
    fn events_end(&self) -> Reading<'_, i64> {
        Box::pin(async { Ok(2 * self.count + 1) })
    }

    fn event_from(&self, position: i64) -> Reading<'_, Option<(i64, Timestamp)>> {
        self.looked_at.fetch_add(1, Ordering::Relaxed);
        let found = position + position % 2;
        Box::pin(async move { Ok((found <= 2 * self.count).then(|| (found, Events::moment(found)))) })
    }

    fn time_slack(&self) -> Duration {
        Duration::ZERO
    }

    fn order_runs(&self, _order: OrderId) -> Reading<'_, Vec<Range<i64>>> {
        Box::pin(async { Ok(vec![]) })
    }

    fn events_in(&self, wanted: &EventFilter, window: EventWindow) -> Reading<'_, Vec<WrittenEvent>> {
        self.looked_at.fetch_add(window.positions.end - window.positions.start, Ordering::Relaxed);
        let mut found: Vec<WrittenEvent> =
            window.positions.filter(|position| position % 2 == 0 && *position > 0).map(Events::event).collect();
        found.retain(|event| wanted.is_met_by(event));
        if window.direction == Direction::NewestFirst {
            found.sort_by_key(|event| Reverse(event.position));
        }
        found.truncate(window.limit);
        Box::pin(async { Ok(found) })
    }

    fn failures_of(&self, _events: Vec<EventId>) -> Reading<'_, Vec<EventFailure>> {
        Box::pin(async { Ok(vec![]) })
    }
}

fn ready<T>(future: impl Future<Output = Result<T, StoreError>>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(found) => found.unwrap(),
        std::task::Poll::Pending => panic!("the events are there at once"),
    }
}

/// Reads page by page to the end; returns the positions and the number of pages.
fn all(events: &Events, wanted: &EventFilter, direction: Direction, limit: usize) -> (Vec<i64>, usize) {
    let (mut found, mut pages, mut whole) = (vec![], 0, 1..2 * events.count + 1);
    loop {
        let ranges = Ranges::one(whole.clone());
        let page = ready(Walk { views: events, wanted, ranges: &ranges, direction }.page(limit));
        assert!(page.events.len() <= limit);
        found.extend(page.events.iter().map(|event| event.position));
        pages += 1;
        whole = match (page.next, direction) {
            (None, _) => return (found, pages),
            (Some(next), Direction::OldestFirst) => next..whole.end,
            (Some(next), Direction::NewestFirst) => whole.start..next,
        };
    }
}

#[test]
fn pages_hold_every_event_once_in_both_directions() {
    let events = Events::of(250);
    let everything = EventFilter::default();
    let expected: Vec<i64> = (1..=250).map(|number| 2 * number).collect();
    for limit in [1, 7, 100, 250, 1_000] {
        assert_eq!(all(&events, &everything, Direction::OldestFirst, limit).0, expected, "{limit}");
        let backwards: Vec<i64> = expected.iter().rev().copied().collect();
        assert_eq!(all(&events, &everything, Direction::NewestFirst, limit).0, backwards, "{limit}");
    }
}

#[test]
fn one_page_looks_at_a_bounded_number_of_positions() {
    let events = Events::of(50_000);
    let prices = EventFilter::default().and_kinds(|kind| kind == EventKind::PriceChanged);
    let nothing = EventFilter::default().and_kinds(|kind| kind == EventKind::ModeChanged);
    let ranges = Ranges::one(1..100_001);
    for (wanted, found) in [(&prices, 50), (&nothing, 0)] {
        events.looked_at.store(0, Ordering::Relaxed);
        let walk = Walk { views: &events, wanted, ranges: &ranges, direction: Direction::NewestFirst };
        let page = ready(walk.page(100));
        assert_eq!((page.events.len(), page.next), (found, Some(100_001 - LOOKED_AT_MAX)));
        assert_eq!(events.looked_at.load(Ordering::Relaxed), LOOKED_AT_MAX);
    }
    let (found, pages) = all(&events, &prices, Direction::NewestFirst, 100);
    assert_eq!((found.len(), pages), (500, 10), "an empty or short page is not the last one");
}

#[test]
fn a_page_without_a_filter_looks_at_little_more_than_it_returns() {
    let events = Events::of(50_000);
    let ranges = Ranges::one(1..100_001);
    let everything = EventFilter::default();
    ready(Walk { views: &events, wanted: &everything, ranges: &ranges, direction: Direction::NewestFirst }.page(100));
    assert!(events.looked_at.load(Ordering::Relaxed) <= WINDOW);
}

#[test]
fn a_moment_is_found_by_halving() {
    let events = Events::of(50_000);
    for position in [2, 4, 31_416, 99_998, 100_000] {
        events.looked_at.store(0, Ordering::Relaxed);
        let moment = Events::moment(position);
        assert_eq!(ready(first_since(&events, moment)), position - 1, "the gap before it belongs to it");
        assert!(events.looked_at.load(Ordering::Relaxed) <= 17);
        let same = ready(positions(&events, Some(moment), Some(moment)));
        assert!(same.contains(&position) && !same.contains(&(position - 2)) && !same.contains(&(position + 2)));
    }
    assert_eq!(ready(first_since(&events, Timestamp::from_micros(0))), 1);
    assert_eq!(ready(first_since(&events, Timestamp::from_micros(i64::MAX))), 100_001);
}

#[test]
fn ranges_are_merged_and_cut() {
    let ranges = Ranges::union(vec![9..12, 1..4, 3..5, 7..7, 5..6]);
    assert_eq!(ranges, Ranges(vec![1..6, 9..12]));
    assert_eq!(ranges.within(&(2..10)), Ranges(vec![2..6, 9..10]));
}
