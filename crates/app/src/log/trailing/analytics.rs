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
    /// The UTC day of the last event: `2026-11-21`.
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
        if let Some(lines) = lines(&fresh) {
            let taken = self.sink.take(&lines).await;
            taken.map_err(|error| NotFollowed::Outside(format!("the sink {:?}: {error}", self.sink.name())))?;
        }
        for delivery in fresh {
            self.next.insert(delivery.partition, delivery.offset + 1);
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
