//! The trailing group of `alerts.email`: one e-mail to each address for each raised and cleared alert.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::notification::{Channel, Language};

use super::channels::{Channels, Letter};
use crate::events::event::{AlertCleared, AlertRaised, Event, EventKind};
use crate::events::outbox::uuid;
use crate::log::group::Group;
use crate::log::trailing::{Effect, Follower, NotFollowed};
use crate::ports::{BoxFuture, Clock, Delivery};
use crate::state::rows::EventId;

const KINDS: &[EventKind] = &[EventKind::AlertRaised, EventKind::AlertCleared];
/// Older alerts are not sent: they were raised before an address was set, or while the mail server was away for long.
const NEWS_FOR: Duration = Duration::from_secs(24 * 3_600);

/// Sends every alert by e-mail. An alert may be sent twice; its `Message-ID` is the same.
pub struct AlertMail {
    channels: Arc<dyn Channels>,
    to: Vec<Arc<str>>,
    clock: Arc<dyn Clock>,
    /// Sent mails of a slice that did not end well: their events come again with it.
    sent: BTreeSet<(EventId, Arc<str>)>,
}

impl AlertMail {
    pub fn new(channels: Arc<dyn Channels>, to: Vec<Arc<str>>, clock: Arc<dyn Clock>) -> AlertMail {
        AlertMail { channels, to, clock, sent: BTreeSet::new() }
    }

    async fn send(&mut self, delivery: &Delivery) -> Result<(), NotFollowed> {
        let Ok(event) = &delivery.event else { return Ok(()) };
        let Some(words) = words(event) else { return Ok(()) };
        if self.clock.now() - delivery.at > NEWS_FOR {
            return Ok(());
        }
        for (number, to) in self.to.iter().enumerate() {
            let key = (delivery.id, Arc::clone(to));
            if self.sent.contains(&key) {
                continue;
            }
            let letter = Letter {
                idempotency_key: format!("{}-{number}", uuid(delivery.id.0)),
                channel: Channel::Email,
                to: Arc::clone(to),
                template: words.template,
                language: Language::English,
                title: words.title.clone(),
                text: words.text.clone(),
                data: words.data.clone(),
                at: delivery.at,
            };
            let sent = self.channels.send(&letter).await;
            sent.map_err(|error| NotFollowed::Outside(format!("alerts.email: {error}")))?;
            self.sent.insert(key);
        }
        Ok(())
    }
}

struct Words {
    template: &'static str,
    title: String,
    text: String,
    data: String,
}

/// Codes are the same in every language; the sentence is in both.
fn words(event: &Event) -> Option<Words> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the group has no other events")]
    let (template, sentence, figures, data) = match event {
        Event::AlertRaised(event) => {
            let AlertRaised { code, severity, subject, value, threshold, .. } = event;
            let figures = (code, severity, subject, value, threshold);
            ("alert.raised", "경보가 발생했습니다. / An alert was raised.", figures, serde_json::to_string(event))
        }
        Event::AlertCleared(event) => {
            let AlertCleared { code, severity, subject, value, threshold, .. } = event;
            let figures = (code, severity, subject, value, threshold);
            ("alert.cleared", "경보가 해제되었습니다. / An alert was cleared.", figures, serde_json::to_string(event))
        }
        _ => return None,
    };
    let (code, severity, subject, value, threshold) = figures;
    let name = code.name();
    let about = subject.as_deref().map_or_else(String::new, |subject| format!(" {subject}"));
    let state = if template == "alert.raised" { "raised" } else { "cleared" };
    Some(Words {
        template,
        title: format!("[Doorbuster] {name}{about} {state} ({})", severity.name()),
        text: format!(
            "{sentence}\n\n{name}{about}\nvalue: {}\nthreshold: {}\nrunbook: docs/monitoring.md#{}\n",
            value.number(),
            threshold.number(),
            name.to_lowercase()
        ),
        data: data.unwrap_or_default(),
    })
}

impl Follower for AlertMail {
    fn group(&self) -> Group {
        Group::AlertMails
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
                self.send(delivery).await?;
            }
            self.sent.clear();
            Ok(None)
        })
    }
}
