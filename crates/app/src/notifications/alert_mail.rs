//! `alerts.email`: one e-mail to each address for each raised and cleared alert.

use std::sync::Arc;

use domain::notification::{Channel, Language};

use super::channels::{Channels, Letter, Unsent};
use crate::events::event::{AlertCleared, AlertRaised, Event};
use crate::events::outbox::uuid;
use crate::log::group::Group;
use crate::log::trailing::alerts::{AlertChannel, AlertNews, NotTold};
use crate::ports::BoxFuture;

/// Sends every alert by e-mail; its `Message-ID` is made of the event's id and the number of the address.
pub struct AlertMail {
    pub channels: Arc<dyn Channels>,
    pub to: Vec<Arc<str>>,
}

impl AlertChannel for AlertMail {
    fn group(&self) -> Group {
        Group::AlertMails
    }

    fn receivers(&self) -> usize {
        self.to.len()
    }

    fn name(&self, receiver: usize) -> String {
        self.to.get(receiver).map_or_else(String::new, |to| to.to_string())
    }

    fn send<'a>(&'a self, alert: AlertNews<'a>, receiver: usize) -> BoxFuture<'a, Result<(), NotTold>> {
        Box::pin(async move {
            let (Some(words), Some(to)) = (words(alert.event), self.to.get(receiver)) else { return Ok(()) };
            let letter = Letter {
                idempotency_key: format!("{}-{receiver}", uuid(alert.id.0)),
                channel: Channel::Email,
                to: Arc::clone(to),
                template: words.template,
                language: Language::English,
                title: words.title,
                text: words.text,
                data: words.data,
                at: alert.at,
            };
            self.channels.send(&letter).await.map_err(|error| match error {
                Unsent::Refused(reason) => NotTold::Refused(reason),
                Unsent::Failed(reason) => NotTold::Failed(reason),
            })
        })
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
    let (template, state, sentence, figures) = match event {
        Event::AlertRaised(AlertRaised { code, severity, subject, value, threshold, .. }) => {
            let figures = (code, severity, subject, value, threshold);
            ("alert.raised", "raised", "경보가 발생했습니다. / An alert was raised.", figures)
        }
        Event::AlertCleared(AlertCleared { code, severity, subject, value, threshold, .. }) => {
            let figures = (code, severity, subject, value, threshold);
            ("alert.cleared", "cleared", "경보가 해제되었습니다. / An alert was cleared.", figures)
        }
        _ => return None,
    };
    let (code, severity, subject, value, threshold) = figures;
    let name = code.name();
    let about = subject.as_deref().map_or_else(String::new, |subject| format!(" {subject}"));
    Some(Words {
        template,
        title: format!("[Doorbuster] {name}{about} {state} ({})", severity.name()),
        text: format!(
            "{sentence}\n\n{name}{about}\nvalue: {}\nthreshold: {}\nrunbook: docs/monitoring.md#{}\n",
            value.number(),
            threshold.number(),
            name.to_lowercase()
        ),
        data: event.payload(),
    })
}
