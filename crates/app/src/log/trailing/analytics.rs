//! The group of the analytics: it forwards what happens to orders and coupons to sinks outside the shop.

use std::collections::BTreeMap;

use super::{Effect, Follower, NotFollowed};
use crate::events::event::{Event, EventKind};
use crate::events::outbox::uuid;
use crate::events::wire_time;
use crate::log::group::Group;
use crate::ports::{BoxFuture, Delivery};
use crate::state::rows::Partition;

/// Sales, behaviour and preferences: what customers order, pay, cancel, return, and which coupons they take.
const KINDS: &[EventKind] = &[
    EventKind::OrderCreated,
    EventKind::OrderAwaitingPayment,
    EventKind::OrderCompleted,
    EventKind::OrderCancelled,
    EventKind::OrderReturned,
    EventKind::OrderStatusChanged,
    EventKind::PaymentFailed,
    EventKind::CouponIssued,
    EventKind::CouponUsed,
];

/// A place outside the shop that takes events at least once. The same event has the same `eventId` every time.
pub trait Sink: Send {
    fn name(&self) -> &'static str;

    /// Takes lines, each a JSON object, and returns when they are safe.
    ///
    /// # Errors
    ///
    /// A sentence when some may not be safe; then all of them come again.
    fn take<'a>(&'a mut self, lines: &'a Lines) -> BoxFuture<'a, Result<(), String>>;
}

/// Lines of events, at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Newline-delimited JSON, with a newline at the end.
    pub text: String,
    pub count: usize,
    /// The UTC day of all of them: `2026-11-21`.
    pub day: String,
    /// The ids of the first and the last event: equal batches have equal names.
    pub name: String,
}

/// A sink, and how far it has come: it gets no event twice because another sink failed.
struct Reached {
    sink: Box<dyn Sink>,
    next: BTreeMap<Partition, i64>,
}

pub struct OrderAnalytics {
    sinks: Vec<Reached>,
}

impl OrderAnalytics {
    pub fn new(sinks: Vec<Box<dyn Sink>>) -> OrderAnalytics {
        let reached = |sink| Reached { sink, next: BTreeMap::new() };
        OrderAnalytics { sinks: sinks.into_iter().map(reached).collect() }
    }
}

impl Reached {
    async fn take(&mut self, slice: &[Delivery]) -> Result<(), NotFollowed> {
        let is_new =
            |delivery: &&Delivery| self.next.get(&delivery.partition).is_none_or(|next| delivery.offset >= *next);
        let fresh: Vec<&Delivery> = slice.iter().filter(is_new).collect();
        for of_day in fresh.chunk_by(|one, next| one.at.day() == next.at.day()) {
            if let Some(lines) = lines(of_day) {
                let taken = self.sink.take(&lines).await;
                taken.map_err(|error| NotFollowed::Outside(format!("the sink {:?}: {error}", self.sink.name())))?;
            }
            for delivery in of_day {
                self.next.insert(delivery.partition, delivery.offset + 1);
            }
        }
        Ok(())
    }
}

fn lines(fresh: &[&Delivery]) -> Option<Lines> {
    let readable: Vec<(&Delivery, &Event)> =
        fresh.iter().filter_map(|delivery| Some((*delivery, delivery.event.as_ref().ok()?))).collect();
    let ((first, _), (last, _)) = (readable.first()?, readable.last()?);
    let mut lines = Lines {
        count: readable.len(),
        day: wire_time::format(last.at).chars().take("2026-11-21".len()).collect(),
        name: format!("{}.{}.{}", uuid(first.id.0), uuid(last.id.0), readable.len()),
        text: String::with_capacity(readable.len() * 512),
    };
    for (delivery, event) in readable {
        lines.text.push_str(&line(delivery, event));
        lines.text.push('\n');
    }
    Some(lines)
}

/// Returns the event's fields behind its id, type and time: flat, so that each is a column.
fn line(delivery: &Delivery, event: &Event) -> String {
    let (id, kind, at) = (uuid(delivery.id.0), event.kind().name(), wire_time::format(delivery.at));
    let payload = event.payload();
    let fields = payload.strip_prefix('{').unwrap_or("}");
    let comma = if fields.starts_with('}') { "" } else { "," };
    format!(r#"{{"eventId":"{id}","type":"{kind}","occurredAt":"{at}"{comma}{fields}"#)
}

impl Follower for OrderAnalytics {
    fn group(&self) -> Group {
        Group::OrderAnalytics
    }

    fn kinds(&self) -> &[EventKind] {
        KINDS
    }

    fn leaves_the_process(&self) -> bool {
        true
    }

    fn digest<'a>(&'a mut self, slice: &'a [Delivery]) -> BoxFuture<'a, Result<Option<Effect>, NotFollowed>> {
        Box::pin(async move {
            for reached in &mut self.sinks {
                reached.take(slice).await?;
            }
            Ok(None)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use domain::ids::ProductId;
    use domain::money::Money;
    use domain::time::Timestamp;

    use super::*;
    use crate::events::event::PriceChanged;
    use crate::ports::Origin;
    use crate::state::rows::EventId;

    /// Day and number of lines of each batch. The second batch is refused.
    #[derive(Default)]
    struct Taken {
        batches: Vec<(String, usize)>,
        asked: usize,
    }

    struct Flaky(Arc<Mutex<Taken>>);

    impl Sink for Flaky {
        fn name(&self) -> &'static str {
            "flaky"
        }

        fn take<'a>(&'a mut self, lines: &'a Lines) -> BoxFuture<'a, Result<(), String>> {
            let mut taken = self.0.lock().unwrap();
            taken.asked += 1;
            let answer = if taken.asked == 2 { Err("not now".to_owned()) } else { Ok(()) };
            if answer.is_ok() {
                taken.batches.push((lines.day.clone(), lines.count));
                assert_eq!(lines.text.lines().count(), lines.count);
            }
            Box::pin(std::future::ready(answer))
        }
    }

    fn delivery(number: i32, offset: i64, at: Timestamp) -> Delivery {
        let changed = PriceChanged { product_id: ProductId(3), price: Money::won(1_000) };
        Delivery {
            partition: Partition { topic: None, number },
            offset,
            id: EventId(offset as u128),
            event: Ok(Event::PriceChanged(changed)),
            trace: None,
            at,
            gap: None,
            origin: Origin::Store,
        }
    }

    fn digest(group: &mut OrderAnalytics, slice: &[Delivery]) -> bool {
        match std::pin::pin!(group.digest(slice)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(digested) => digested.is_ok(),
            Poll::Pending => panic!("the sink answers at once"),
        }
    }

    #[test]
    fn a_batch_is_of_one_day_and_none_is_taken_twice() {
        let taken = Arc::new(Mutex::new(Taken::default()));
        let mut group = OrderAnalytics::new(vec![Box::new(Flaky(Arc::clone(&taken)))]);
        // 2026-11-22T00:00:00Z
        let midnight = Timestamp::from_micros(1_795_305_600_000_000);
        let before = |offset| delivery(0, offset, midnight - Duration::from_micros(10 - offset as u64));
        let slice =
            [before(1), before(9), delivery(0, 10, midnight), delivery(0, 11, midnight), delivery(1, 1, midnight)];
        assert!(!digest(&mut group, &slice));
        assert_eq!(taken.lock().unwrap().batches, [("2026-11-21".to_owned(), 2)]);
        assert!(digest(&mut group, &slice));
        assert_eq!(taken.lock().unwrap().batches[1..], [("2026-11-22".to_owned(), 3)]);
        // Another partition may be a day behind.
        let slice =
            [delivery(0, 12, midnight), delivery(1, 2, midnight - Duration::from_secs(1)), delivery(1, 3, midnight)];
        assert!(digest(&mut group, &slice));
        let days = ["2026-11-22", "2026-11-21", "2026-11-22"].map(|day| (day.to_owned(), 1));
        assert_eq!(taken.lock().unwrap().batches[2..], days);
    }
}
