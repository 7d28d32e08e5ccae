//! `alerts.url`: raised and cleared alerts are posted to one address.

use std::sync::Arc;

use super::catalogue::EventType;
use super::message;
use super::sender::{Sender, WebhookRequest};
use crate::events::outbox::uuid;
use crate::log::group::Group;
use crate::log::trailing::alerts::{AlertChannel, AlertNews, NotTold};
use crate::ports::BoxFuture;

/// Posts every alert as a webhook would, without a signature; its `webhook-id` is that of the event.
pub struct AlertPost {
    pub sender: Arc<dyn Sender>,
    pub url: Arc<str>,
}

impl AlertChannel for AlertPost {
    fn group(&self) -> Group {
        Group::Alerts
    }

    fn receivers(&self) -> usize {
        1
    }

    fn name(&self, _: usize) -> String {
        "alerts.url".to_owned()
    }

    fn send<'a>(&'a self, alert: AlertNews<'a>, _: usize) -> BoxFuture<'a, Result<(), NotTold>> {
        Box::pin(async move {
            let Some(event_type) = EventType::of(alert.event) else { return Ok(()) };
            let body = message::of_event(event_type, alert.event, alert.at).into();
            let (url, id) = (Arc::clone(&self.url), uuid(alert.id.0));
            let request = WebhookRequest { url, id, at: alert.now, secrets: vec![], body, trace: None };
            match self.sender.send(&request).await {
                Ok(response) if response.is_success() => Ok(()),
                Ok(response) => Err(NotTold::Failed(format!("it answered {}", response.status))),
                Err(error) => Err(NotTold::Failed(error)),
            }
        })
    }
}
