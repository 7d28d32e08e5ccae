//! The sender of webhooks, and the loop that sends the due ones.

pub(super) mod challenge;
pub(super) mod notifications;
pub(super) mod traces;

use std::sync::Arc;
use std::time::Duration;

use adapters::webhook::{HttpSender, Limits};
use app::webhooks::runner::WebhookRunner;
use app::webhooks::sender::Sender;
use tokio::sync::Notify;

use super::error::Error;
use crate::config::Config;
use crate::metrics::{Metrics, WebhookMetrics};
use crate::runtime::outward::webhook_loop::{Parts, WebhookThread};
use crate::runtime::submitter::Submitter;

/// The sender for the endpoints, and the webhook loop if this process has the role.
pub(super) struct OpenWebhooks {
    pub(super) sender: Arc<dyn Sender>,
    /// Wakes the webhook loop.
    pub(super) due: Arc<Notify>,
    pub(super) thread: Option<WebhookThread>,
}

/// Returns a sender to receivers on the developer's own machine.
pub fn local_sender(timeout: Duration) -> Result<Arc<dyn Sender>, Error> {
    let limits = Limits { timeout, allow_private: true };
    Ok(Arc::new(HttpSender::new(limits).map_err(Error::Webhooks)?))
}

pub(super) fn open(config: &Config, submitter: &Submitter, metrics: &Metrics) -> Result<OpenWebhooks, Error> {
    let settings = &config.webhooks;
    let limits = Limits { timeout: settings.timeout(), allow_private: settings.allow_private };
    let sender: Arc<dyn Sender> = Arc::new(HttpSender::new(limits).map_err(Error::Webhooks)?);
    let due = Arc::new(Notify::new());
    let mut thread = None;
    if config.server.roles.webhook {
        let parts = Parts {
            submitter: submitter.clone(),
            metrics: WebhookMetrics::register(metrics),
            concurrency: settings.concurrency,
            endpoint_concurrency: settings.endpoint_concurrency,
            deference: settings.deference(),
            timeout: settings.timeout(),
            due: Arc::clone(&due),
        };
        let (sender, clock) = (Arc::clone(&sender), Arc::clone(&submitter.clock));
        let (keys, policy) = (Arc::new(settings.keys()), settings.policy());
        thread = Some(WebhookThread::start(move || WebhookRunner { sender, keys, clock, policy }, parts)?);
    }
    Ok(OpenWebhooks { sender, due, thread })
}
