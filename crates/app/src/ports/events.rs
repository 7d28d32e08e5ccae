//! The port to everything that ever happened, in the order of its positions in the store.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{CampaignId, Code, DeadLetterId, OrderId, ProductId, UserId};
use domain::time::Timestamp;
use serde_json::Value;

use crate::events::event::{Event, EventKind};
use crate::events::topic::Topic;
use crate::events::trace::TraceParent;
use crate::log::group::Group;
use crate::ports::future::Reading;
use crate::ports::log::OutboxSlot;
use crate::state::rows::{DeadLetterStatus, EventId};

/// Reads events by their positions. Positions grow with every commit; a shared store leaves gaps between them.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait EventViews: Send + Sync {
    /// Returns the position after the last event; 1 without any.
    fn events_end(&self) -> Reading<'_, i64>;

    /// Returns the position and the moment of the first event that is not before a position.
    fn event_from(&self, position: i64) -> Reading<'_, Option<(i64, Timestamp)>>;

    /// Returns how far the moments of two events may be apart that are in the opposite order of their positions.
    fn time_slack(&self) -> Duration;

    /// Returns the moment before which events are in an archive, not in the store; `None` without an archive.
    fn archived_before(&self) -> Reading<'_, Option<Timestamp>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Returns the positions of an order's own events, in runs.
    fn order_runs(&self, order: OrderId) -> Reading<'_, Vec<Range<i64>>>;

    /// Returns the events of a window that may be the wanted ones, at most `window.limit`. Only
    /// [`EventFilter::is_met_by`] is exact.
    fn events_in(&self, wanted: &EventFilter, window: EventWindow) -> Reading<'_, Vec<WrittenEvent>>;

    /// Returns what groups could not handle of these events.
    fn failures_of(&self, events: Vec<EventId>) -> Reading<'_, Vec<EventFailure>>;
}

/// The part of the store that one read looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventWindow {
    pub positions: Range<i64>,
    pub direction: Direction,
    pub limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    OldestFirst,
    NewestFirst,
}

/// An event as it was written, not parsed: also one of a later version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenEvent {
    pub position: i64,
    pub slot: OutboxSlot,
    pub id: EventId,
    /// The event's name.
    pub kind: String,
    pub topic: String,
    pub key: String,
    pub order: Option<OrderId>,
    /// The order's version, for an order's own events.
    pub version: Option<i64>,
    /// The command or event that caused it.
    pub cause: String,
    pub trace: Option<TraceParent>,
    pub at: Timestamp,
    /// JSON.
    pub payload: String,
}

impl WrittenEvent {
    /// Returns the event; `None` if this program cannot parse it.
    pub fn event(&self) -> Option<Event> {
        Event::parse(EventKind::from_name(&self.kind)?, &self.payload).ok()
    }
}

/// What an event must be to be wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// `None`: of every kind, also of one that this program does not know.
    pub kinds: Option<Vec<EventKind>>,
    /// The topic on which it is read, with its key there.
    pub topic: Option<Topic>,
    pub key: Option<Arc<str>>,
    /// All of them are named by the event.
    pub about: Vec<Subject>,
    pub from: Option<Timestamp>,
    /// The first moment that is too late.
    pub to: Option<Timestamp>,
}

impl EventFilter {
    /// Returns a filter for events of these kinds that name a subject.
    pub fn of(kinds: &[EventKind], about: Subject) -> EventFilter {
        EventFilter { kinds: Some(kinds.to_vec()), about: vec![about], ..EventFilter::default() }
    }

    /// Returns the filter that also wants the kind to be one of these.
    #[must_use]
    pub fn and_kinds(self, also: impl Fn(EventKind) -> bool) -> EventFilter {
        let kinds = self.kinds.unwrap_or_else(|| EventKind::ALL.to_vec());
        EventFilter { kinds: Some(kinds.into_iter().filter(|kind| also(*kind)).collect()), ..self }
    }

    /// Returns the filter for events on a topic.
    #[must_use]
    pub fn on(self, topic: Topic) -> EventFilter {
        let filter = self.and_kinds(|kind| kind.topic() == topic || kind.copied_to().contains(&topic));
        EventFilter { topic: Some(topic), ..filter }
    }

    pub fn is_met_by(&self, event: &WrittenEvent) -> bool {
        let is_kind = |kinds: &Vec<EventKind>| kinds.iter().any(|kind| kind.name() == event.kind);
        self.kinds.as_ref().is_none_or(is_kind)
            && self.key.as_ref().is_none_or(|key| self.has_key(event, key))
            && self.from.is_none_or(|from| from <= event.at)
            && self.to.is_none_or(|to| event.at < to)
            && (self.about.is_empty() || self.is_about(&event.payload))
    }

    /// Returns the key that events have in the store; `None` where only a copy on the topic has it.
    pub fn stored_key(&self) -> Option<&str> {
        self.key.as_deref().filter(|_| self.topic.is_none())
    }

    fn has_key(&self, event: &WrittenEvent, key: &str) -> bool {
        let copied = self.topic.and_then(|topic| Some(event.event()?.key_on(topic)));
        copied.as_ref().unwrap_or(&event.key) == key
    }

    fn is_about(&self, payload: &str) -> bool {
        let Ok(payload) = serde_json::from_str::<Value>(payload) else { return false };
        self.about.iter().all(|subject| subject.is_in(&payload))
    }
}

/// A thing that events name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    User(UserId),
    Campaign(CampaignId),
    Product(ProductId),
    /// By its public number.
    Order(Code),
}

impl Subject {
    /// Returns texts of which every payload that names the subject contains at least one.
    pub fn spellings(&self) -> Vec<String> {
        match self {
            Subject::User(user) => vec![format!("\"userId\":{user}")],
            Subject::Campaign(campaign) => vec![format!("\"couponId\":{campaign}")],
            Subject::Product(product) => vec![format!("\"productId\":{product}"), format!("\"id\":{product}")],
            Subject::Order(number) => vec![format!("\"orderId\":\"{number}\"")],
        }
    }

    fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields.iter().any(|(name, value)| self.is_field(name, value) || self.is_in(value)),
            Value::Array(values) => values.iter().any(|value| self.is_in(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }

    fn is_field(&self, name: &str, value: &Value) -> bool {
        match self {
            Subject::User(user) => name == "userId" && value.as_i64() == Some(user.0),
            Subject::Campaign(campaign) => name == "couponId" && value.as_i64() == Some(campaign.0),
            // Lists of sold products name a product by its `id`.
            Subject::Product(product) => matches!(name, "productId" | "id") && value.as_i64() == Some(product.0),
            Subject::Order(number) => name == "orderId" && value.as_str() == Some(number.as_str()),
        }
    }
}

/// An event that a group could not handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFailure {
    pub group: Group,
    pub event: EventId,
    pub stage: FailureStage,
    /// Failed attempts.
    pub attempts: i64,
    /// The error of the last one.
    pub error: Option<Arc<str>>,
    /// When it is tried again.
    pub due: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureStage {
    /// It is retried, or waits behind an earlier event of its key.
    Parked,
    DeadLetter {
        id: DeadLetterId,
        status: DeadLetterStatus,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(subject: &Subject, payload: &str, is_named: bool) {
        let filter = EventFilter { about: vec![subject.clone()], ..EventFilter::default() };
        assert_eq!(filter.is_about(payload), is_named, "{payload}");
        if is_named {
            assert!(subject.spellings().iter().any(|text| payload.contains(text.as_str())), "{payload}");
        }
    }

    #[test]
    fn a_subject_is_found_by_its_whole_number() {
        check(&Subject::User(UserId(7)), r#"{"orderId":"ORD-1","userId":7}"#, true);
        check(&Subject::User(UserId(7)), r#"{"orderId":"ORD-1","userId":70}"#, false);
        check(&Subject::Product(ProductId(3)), r#"{"items":[{"productId":3,"quantity":1}]}"#, true);
        check(&Subject::Product(ProductId(3)), r#"{"products":[{"id":30,"qty":3},{"id":3,"qty":1}]}"#, true);
        check(&Subject::Product(ProductId(3)), r#"{"couponId":3,"userId":3}"#, false);
        check(&Subject::Campaign(CampaignId(3)), r#"{"couponId":3,"userId":4}"#, true);
        check(&Subject::Order(Code::from("ORD-1")), r#"{"orderId":"ORD-1"}"#, true);
        check(&Subject::Order(Code::from("ORD-1")), r#"{"note":"\"orderId\":\"ORD-1\""}"#, false);
        check(&Subject::User(UserId(7)), "no JSON", false);
    }
}
