//! The trailing group of webhooks: schedules deliveries of events to the endpoints that were subscribed to them.

use std::sync::Arc;

use domain::ids::WebhookId;
use domain::webhook::{Endpoint, Slot};

use super::catalogue::EventType;
use super::fan_out::{FanOut, Outbound};
use crate::events::event::EventKind;
use crate::log::group::Group;
use crate::log::trailing::{Effect, Follower, NotFollowed};
use crate::ports::views::Views;
use crate::ports::{BoxFuture, Delivery, StoreError};
use crate::state::rows::EventId;

/// Endpoints read at once.
const PAGE: usize = 1_000;
/// Deliveries that one slice of events of a partition schedules at most. Orders wait for its commit.
const SCHEDULED_MAX: usize = 2_000;

pub struct WebhookFollower {
    views: Arc<dyn Views>,
    endpoints: Vec<Endpoint>,
    /// The kinds of event that any endpoint subscribes to. Without endpoints none is read.
    kinds: Vec<EventKind>,
    /// The first event of the last slice. If it comes again, its effect was refused.
    last: Option<EventId>,
}

/// Reads all endpoints.
///
/// # Errors
///
/// The store cannot be read.
pub async fn all_endpoints(views: &dyn Views) -> Result<Vec<Endpoint>, StoreError> {
    let mut endpoints: Vec<Endpoint> = vec![];
    loop {
        let page = views.webhooks(endpoints.last().map(|endpoint| endpoint.id), PAGE).await?;
        let is_last = page.len() < PAGE;
        endpoints.extend(page);
        if is_last {
            return Ok(endpoints);
        }
    }
}

impl WebhookFollower {
    pub fn new(views: Arc<dyn Views>) -> WebhookFollower {
        WebhookFollower { views, endpoints: vec![], kinds: vec![], last: None }
    }

    async fn read_endpoints(&mut self) -> Result<bool, StoreError> {
        let endpoints = all_endpoints(&*self.views).await?;
        let is_wanted = |kind: &EventKind| {
            let event_type = EventType::of_kind(*kind);
            event_type.is_some_and(|known| endpoints.iter().any(|endpoint| ever_wants(endpoint, known.name())))
        };
        let kinds: Vec<EventKind> = EventKind::ALL.iter().copied().filter(is_wanted).collect();
        let is_changed = kinds != self.kinds;
        (self.endpoints, self.kinds) = (endpoints, kinds);
        Ok(is_changed)
    }

    async fn schedule(&mut self, slice: &[Delivery]) -> Result<Option<Effect>, StoreError> {
        let mut events: Vec<Outbound> = slice.iter().filter_map(outbound).collect();
        let first = slice.first().map(|delivery| delivery.id);
        let is_again = first.is_some() && self.last == first;
        self.last = first;
        let is_wanted =
            |event: &Outbound| self.endpoints.iter().any(|endpoint| endpoint.wants(event.event_type, event.at));
        events.retain(is_wanted);
        if events.is_empty() {
            return Ok(None);
        }
        let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
        let mut known = vec![];
        let mut wanted: Vec<WebhookId> = vec![];
        for endpoint in &self.endpoints {
            if !events.iter().any(|event| endpoint.wants(event.event_type, event.at)) {
                continue;
            }
            wanted.push(endpoint.id);
            // A replay may have scheduled some of them before.
            if is_again {
                let delivered = self.views.delivered(endpoint.id, ids.clone()).await?;
                known.extend(delivered.into_iter().map(|(event, _)| (endpoint.id, event)));
            }
        }
        Ok(Some(Effect::Webhooks(FanOut { endpoints: wanted, events, known })))
    }
}

impl Follower for WebhookFollower {
    fn group(&self) -> Group {
        Group::Webhooks
    }

    fn kinds(&self) -> &[EventKind] {
        &self.kinds
    }

    fn can_wait(&self) -> bool {
        true
    }

    fn slice_max(&self) -> usize {
        (SCHEDULED_MAX / self.endpoints.len().max(1)).max(1)
    }

    fn refresh(&mut self) -> BoxFuture<'_, Result<bool, NotFollowed>> {
        Box::pin(async move { Ok(self.read_endpoints().await?) })
    }

    fn digest<'a>(&'a mut self, slice: &'a [Delivery]) -> BoxFuture<'a, Result<Option<Effect>, NotFollowed>> {
        Box::pin(async move { Ok(self.schedule(slice).await?) })
    }
}

/// Returns true if any term of the endpoint subscribes to this type: events of earlier terms may still be on their way.
fn ever_wants(endpoint: &Endpoint, event_type: &str) -> bool {
    let types = endpoint.terms.iter().filter_map(|term| term.event_types.as_ref());
    types.into_iter().any(|types| types.is_empty() || types.iter().any(|known| &**known == event_type))
}

fn outbound(delivery: &Delivery) -> Option<Outbound> {
    let event = delivery.event.as_ref().ok()?;
    let event_type = EventType::of(event)?;
    let slot = Slot { shard: i64::from(delivery.partition.number), seq: delivery.offset };
    Some(Outbound { id: delivery.id, event_type: event_type.name(), key: event.key().into(), slot, at: delivery.at })
}
