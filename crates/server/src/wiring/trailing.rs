//! The trailing groups of this process.

use std::sync::Arc;

use adapters::analytics::{FileSink, HttpSink};
use adapters::webhook::{HttpSender, Limits};
use app::events::outbox::uuid;
use app::log::reactions::Group;
use app::log::trailing::Follower;
use app::log::trailing::alerts::{AlertFollower, GivenUp};
use app::log::trailing::analytics::{OrderAnalytics, Sink};
use app::log::trailing::statistics::{CouponStatistics, OrderStatistics};
use app::notifications::alert_mail::AlertMail;
use app::notifications::follower::NotificationFollower;
use app::ports::Trail;
use app::state::settings::Settings;
use app::webhooks::alert_post::AlertPost;
use app::webhooks::follower::WebhookFollower;
use tokio::sync::Notify;

use super::error::Error;
use super::webhooks::notifications;
use crate::config::{Analytics, Config};
use crate::metrics::EventLatency;
use crate::runtime::submitter::Submitter;
use crate::runtime::trailing_loop::{Digestion, TrailingThread};

/// Returns the groups that follow the events in this shop, whichever process runs them.
pub(super) fn groups(config: &Config) -> Arc<[Group]> {
    let analytics = config.analytics.is_on().then_some(Group::OrderAnalytics);
    let alerts = config.alerts.url().map(|_| Group::Alerts);
    let always = [
        Group::CouponStatistics,
        Group::OrderStatistics,
        Group::Webhooks,
        Group::CouponNotifications,
        Group::OrderNotifications,
    ];
    let mails = config.alerts.emails().next().map(|_| Group::AlertMails);
    always.into_iter().chain(analytics).chain(alerts).chain(mails).collect()
}

fn followers(config: &Config, submitter: &Submitter, settings: &Settings) -> Result<Vec<Box<dyn Follower>>, Error> {
    let views = Arc::clone(&submitter.views);
    let find = move |id| {
        let views = Arc::clone(&views);
        Box::pin(async move { views.order(id).await }) as _
    };
    let calendar = || Arc::clone(&settings.calendar);
    let mut followers: Vec<Box<dyn Follower>> = vec![
        Box::new(CouponStatistics::new(calendar())),
        Box::new(OrderStatistics::new(calendar(), Arc::new(find), settings.codec)),
        Box::new(WebhookFollower::new(Arc::clone(&submitter.views))),
        Box::new(NotificationFollower::of_coupons(Arc::clone(&submitter.views))),
        Box::new(NotificationFollower::of_orders(Arc::clone(&submitter.views))),
    ];
    let sinks = sinks(&config.analytics)?;
    if !sinks.is_empty() {
        followers.push(Box::new(OrderAnalytics::new(sinks)));
    }
    let clock = || Arc::clone(&submitter.clock);
    if let Some(url) = config.alerts.url() {
        let limits = Limits { timeout: config.alerts.timeout(), allow_private: config.webhooks.allow_private };
        let sender = Arc::new(HttpSender::new(limits).map_err(Error::Webhooks)?);
        followers.push(Box::new(AlertFollower::new(
            AlertPost { sender, url: url.into() },
            clock(),
            Box::new(given_up),
        )));
    }
    let to: Vec<Arc<str>> = config.alerts.emails().map(Arc::from).collect();
    if !to.is_empty() {
        let channels = notifications::email(&config.notifications).map_err(Error::Notifications)?;
        followers.push(Box::new(AlertFollower::new(AlertMail { channels, to }, clock(), Box::new(given_up))));
    }
    Ok(followers)
}

/// Logs an alert that a receiver does not get. The receiver is an operator, whom the settings name.
fn given_up(GivenUp { group, alert, receiver, reason }: GivenUp) {
    let (group, alert) = (group.name(), uuid(alert.0));
    tracing::error!(group, alert, "{group} does not send the alert {alert} to {receiver} any more: {reason}");
}

pub(super) fn sinks(analytics: &Analytics) -> Result<Vec<Box<dyn Sink>>, Error> {
    let mut sinks: Vec<Box<dyn Sink>> = vec![];
    if let Some(folder) = analytics.folder() {
        sinks.push(Box::new(FileSink::new(folder, analytics.file_bytes_max())));
    }
    if let Some(url) = analytics.url() {
        sinks.push(Box::new(HttpSink::new(url, analytics.timeout()).map_err(Error::Analytics)?));
    }
    Ok(sinks)
}

/// Starts the thread of the trailing groups. Processes without the role of a worker run none; they only add the
/// coupons that they refuse to the statistics.
#[expect(clippy::too_many_arguments, reason = "called once, by the wiring")]
pub(super) fn start(
    config: &Config,
    trail: Box<dyn Trail + Send>,
    submitter: &Submitter,
    settings: &Settings,
    latency: EventLatency,
    committed: Arc<Notify>,
) -> Result<TrailingThread, Error> {
    let followers = if config.server.roles.worker { followers(config, submitter, settings)? } else { vec![] };
    let calendar = Arc::clone(&settings.calendar);
    let deference = config.webhooks.deference();
    let digestion = Digestion { followers, submitter: submitter.clone(), calendar, latency, deference };
    Ok(TrailingThread::start(move || trail, digestion, committed)?)
}
