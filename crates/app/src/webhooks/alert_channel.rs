//! The trailing group of the alert channel: posts raised and cleared alerts to one address.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::catalogue::EventType;
use super::message;
use super::sender::{Sender, WebhookRequest};
use crate::events::event::EventKind;
use crate::events::outbox::uuid;
use crate::log::group::Group;
use crate::log::trailing::{Effect, Follower, NotFollowed};
use crate::ports::{BoxFuture, Clock, Delivery};
use crate::state::rows::EventId;

const KINDS: &[EventKind] = &[EventKind::AlertRaised, EventKind::AlertCleared];
/// Older alerts are not posted: they were raised before the address was set, or while it was away for long.
const NEWS_FOR: Duration = Duration::from_secs(24 * 3_600);

/// Posts every alert as a webhook would, without a signature. An alert may be posted twice; its `webhook-id` is the same.
pub struct AlertChannel {
    sender: Arc<dyn Sender>,
    url: Arc<str>,
    clock: Arc<dyn Clock>,
    /// Posted events of a slice that did not end well: they come again with it.
    posted: BTreeSet<EventId>,
}

impl AlertChannel {
    pub fn new(sender: Arc<dyn Sender>, url: Arc<str>, clock: Arc<dyn Clock>) -> AlertChannel {
        AlertChannel { sender, url, clock, posted: BTreeSet::new() }
    }

    async fn post(&self, delivery: &Delivery) -> Result<(), NotFollowed> {
        let Ok(event) = &delivery.event else { return Ok(()) };
        let Some(event_type) = EventType::of(event) else { return Ok(()) };
        let now = self.clock.now();
        if now - delivery.at > NEWS_FOR {
            return Ok(());
        }
        let body = message::of_event(event_type, event, delivery.at).into();
        let request =
            WebhookRequest { url: Arc::clone(&self.url), id: uuid(delivery.id.0), at: now, secrets: vec![], body };
        match self.sender.send(&request).await {
            Ok(response) if response.is_success() => Ok(()),
            Ok(response) => Err(NotFollowed::Outside(format!("alerts.url answered {}", response.status))),
            Err(error) => Err(NotFollowed::Outside(format!("alerts.url: {error}"))),
        }
    }
}

impl Follower for AlertChannel {
    fn group(&self) -> Group {
        Group::Alerts
    }

    fn kinds(&self) -> &[EventKind] {
        KINDS
    }

    fn leaves_the_process(&self) -> bool {
        true
    }

    fn digest<'a>(&'a mut self, slice: &'a [Delivery]) -> BoxFuture<'a, Result<Option<Effect>, NotFollowed>> {
        Box::pin(async move {
            for delivery in slice {
                if !self.posted.contains(&delivery.id) {
                    self.post(delivery).await?;
                    self.posted.insert(delivery.id);
                }
            }
            self.posted.clear();
            Ok(None)
        })
    }
}
