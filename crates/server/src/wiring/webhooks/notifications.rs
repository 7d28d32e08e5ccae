//! The channels to users, and the loop that sends the due notifications.

use std::sync::Arc;

use adapters::notification::{ByChannel, Gateway, MailServer, Printed};
use app::notifications::channels::Channels;
use app::notifications::runner::NotificationRunner;
use app::resilience::breaker::{Limits, SharedBreaker};
use domain::notification::Channel;
use tokio::sync::Notify;

use crate::api::texts::notices::NotificationTexts;
use crate::config::{Config, MailWay, Notifications, Way};
use crate::metrics::{Metrics, NotificationMetrics, OutwardBreakers};
use crate::runtime::outward::notification_loop::{NotificationThread, Parts};
use crate::runtime::outward::webhook_loop::WebhookThread;
use crate::runtime::submitter::Submitter;
use crate::wiring::error::Error;

/// The notification loop if this process has the role.
pub(in crate::wiring) struct OpenNotifications {
    /// Wakes the loop.
    pub(in crate::wiring) due: Arc<Notify>,
    pub(in crate::wiring) thread: Option<NotificationThread>,
    /// Of each channel; empty without the role.
    pub(in crate::wiring) breakers: OutwardBreakers,
}

/// The threads that send what leaves the shop.
pub(in crate::wiring) struct Senders {
    pub(in crate::wiring) webhooks: Option<WebhookThread>,
    pub(in crate::wiring) notifications: Option<NotificationThread>,
}

impl Senders {
    pub(in crate::wiring) fn stop(self) {
        if let Some(webhooks) = self.webhooks {
            webhooks.stop();
        }
        if let Some(notifications) = self.notifications {
            notifications.stop();
        }
    }
}

pub(in crate::wiring) fn open(
    config: &Config,
    submitter: &Submitter,
    metrics: &Metrics,
) -> Result<OpenNotifications, Error> {
    let settings = &config.notifications;
    let due = Arc::new(Notify::new());
    // Also without the role, so that a wrong setting is found at once.
    let channels = Arc::new(channels(settings).map_err(Error::Notifications)?);
    let (mut thread, mut breakers) = (None, vec![]);
    if config.server.roles.webhook {
        let of_channels = Channel::ALL.map(|_| SharedBreaker::new(Limits::OUTWARD));
        breakers = Channel::ALL.iter().map(|channel| channel.name()).zip(of_channels.clone()).collect();
        let parts = Parts {
            submitter: submitter.clone(),
            metrics: NotificationMetrics::register(metrics),
            concurrency: settings.concurrency,
            timeout: settings.timeout(),
            breakers: of_channels,
            due: Arc::clone(&due),
        };
        let runner = NotificationRunner {
            channels,
            texts: Arc::new(NotificationTexts),
            views: Arc::clone(&submitter.views),
            clock: Arc::clone(&submitter.clock),
        };
        thread = Some(NotificationThread::start(runner, parts)?);
    }
    Ok(OpenNotifications { due, thread, breakers })
}

/// Checks the addresses of the channels. Nothing is sent.
pub(in crate::wiring) fn check(settings: &Notifications) -> Result<(), String> {
    channels(settings).map(|_| ())
}

fn channels(settings: &Notifications) -> Result<ByChannel, String> {
    let way = |way: Way| match way {
        Way::Log => Ok(Arc::new(Printed) as Arc<dyn Channels>),
        Way::Http => gateway(settings),
    };
    Ok(ByChannel { email: email(settings)?, push: way(settings.push)?, sms: way(settings.sms)? })
}

/// Returns the transport of e-mails.
pub(in crate::wiring) fn email(settings: &Notifications) -> Result<Arc<dyn Channels>, String> {
    match settings.email {
        MailWay::Log => Ok(Arc::new(Printed)),
        MailWay::Http => gateway(settings),
        MailWay::Smtp => {
            let url = settings.smtp_url().unwrap_or_default();
            Ok(Arc::new(MailServer::new(url, &settings.email_from, settings.timeout())?))
        }
    }
}

fn gateway(settings: &Notifications) -> Result<Arc<dyn Channels>, String> {
    let token = settings.gateway_token().map(str::to_owned);
    Ok(Arc::new(Gateway::new(&settings.gateway_url, token, settings.timeout())?))
}
