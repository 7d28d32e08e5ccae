//! Events on their way to the endpoints that want them.

use std::sync::Arc;

use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::Slot;

use crate::state::rows::EventId;

/// Deliveries of events to the endpoints that were subscribed to them when they happened.
#[derive(Clone, Debug, PartialEq)]
pub struct FanOut {
    /// The endpoints that may want them, as read after the events.
    pub endpoints: Vec<WebhookId>,
    pub events: Vec<Outbound>,
    /// Deliveries that exist already.
    pub known: Vec<(WebhookId, EventId)>,
}

/// An event that endpoints may want.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbound {
    pub id: EventId,
    pub event_type: &'static str,
    pub key: Arc<str>,
    pub slot: Slot,
    pub at: Timestamp,
}
