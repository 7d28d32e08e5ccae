//! Views of webhook endpoints, their deliveries, and the events that they deliver.

use std::sync::Arc;

use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::{Delivery, DeliveryKey, Endpoint, Slot, State as DeliveryState};

use crate::events::event::{Event, EventKind};
use crate::events::trace::TraceParent;
use crate::ports::future::Reading;
use crate::state::rows::EventId;

/// Reads webhook endpoints and their deliveries.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait WebhookViews: Send + Sync {
    /// Returns an endpoint, also a removed one.
    fn webhook(&self, id: WebhookId) -> Reading<'_, Option<Endpoint>>;

    /// Returns the endpoints that are not removed, by number, from after the given one on.
    fn webhooks(&self, after: Option<WebhookId>, limit: usize) -> Reading<'_, Vec<Endpoint>>;

    /// Returns the numbers of all endpoints, also of removed ones, from after the given one on.
    fn webhook_ids(&self, after: Option<WebhookId>, limit: usize) -> Reading<'_, Vec<WebhookId>>;

    /// Returns every enabled endpoint with an open delivery, and when its first one is due.
    fn webhook_queues(&self) -> Reading<'_, Vec<(Endpoint, Timestamp)>>;

    /// Returns an endpoint's due deliveries, the longest waiting first. Of an ordered endpoint, only the first open one
    /// of each key.
    fn due_deliveries(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Reading<'_, Vec<Delivery>>;

    fn delivery(&self, key: DeliveryKey) -> Reading<'_, Option<Delivery>>;

    /// Returns an endpoint's deliveries that fit, newest first, from before the given number on.
    fn deliveries(&self, wanted: WantedDeliveries, before: Option<i64>, limit: usize) -> Reading<'_, Vec<Delivery>>;

    /// Returns the numbers of the deliveries of these events, by event.
    fn delivered(&self, webhook: WebhookId, events: Vec<EventId>) -> Reading<'_, Vec<(EventId, i64)>>;

    /// Returns the deliveries of these events to all endpoints, by endpoint.
    fn deliveries_of(&self, events: Vec<EventId>) -> Reading<'_, Vec<Delivery>>;

    /// Returns the event of a delivery.
    fn event_at(&self, slot: Slot) -> Reading<'_, Option<PastEvent>>;

    /// Returns the events that fit, in the order of commits.
    fn past_events(&self, wanted: WantedPast) -> Reading<'_, Vec<PastEvent>>;
}

/// An event of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct PastEvent {
    /// Its place in the order of commits.
    pub position: i64,
    /// The place by which [`WebhookViews::event_at`] finds it, as the store's trailing groups see it.
    pub slot: Slot,
    pub id: EventId,
    pub event: Event,
    pub key: Arc<str>,
    pub at: Timestamp,
    pub trace: Option<TraceParent>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedPast {
    /// Of this moment or later.
    pub since: Timestamp,
    pub kinds: Vec<EventKind>,
    /// After the event with this position.
    pub after: Option<i64>,
    pub limit: usize,
}

/// A filter of an endpoint's deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedDeliveries {
    pub webhook: WebhookId,
    pub state: Option<DeliveryState>,
    pub event_type: Option<String>,
    /// Created at this moment or later.
    pub from: Option<Timestamp>,
    /// Created before this moment.
    pub to: Option<Timestamp>,
}
