//! The runner: sends one notification outside of every transaction, and returns the result for the engine.
//!
//! It keeps no state. Notifications and their times are rows; one whose process dies is due again when its lease ends.

use std::sync::Arc;

use domain::notification::{Channel, Next, Notification, Taken};

use super::channels::{Channels, Letter, Texts, Words};
use super::follower;
use crate::commands::{NotSent, NotificationCommand};
use crate::events::notices::content::{self, Content};
use crate::events::outbox::uuid;
use crate::log::group::Group;
use crate::ports::views::{PastEvent, Views};
use crate::ports::{Clock, StoreError};
use crate::state::rows::Message;

/// The result of an attempt, for the engine and for metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempted {
    pub command: NotificationCommand,
    pub result: AttemptResult,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    Sent,
    /// The user does not want it any more, or cannot be reached on this channel.
    Unwanted,
    Failed,
    Dead,
}

pub struct NotificationRunner {
    pub channels: Arc<dyn Channels>,
    pub texts: Arc<dyn Texts>,
    pub views: Arc<dyn Views>,
    pub clock: Arc<dyn Clock>,
}

impl NotificationRunner {
    /// Sends a notification that was taken.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when its event or its user cannot be read. It is due again when its lease ends.
    pub async fn send_once(&self, notification: &Notification, taken: Taken) -> Result<Attempted, StoreError> {
        let key = notification.key;
        let sent = |result| Attempted { command: NotificationCommand::Sent { key }, result };
        let past = self.views.event_at(notification.slot).await?.filter(|past| past.id.0 == key.event);
        let content = past.as_ref().and_then(|past| content::of_event(&past.event));
        let (Some(past), Some(content)) = (past, content) else { return Ok(sent(AttemptResult::Unwanted)) };
        let Some(letter) = self.letter(notification, &past, content).await? else {
            return Ok(sent(AttemptResult::Unwanted));
        };
        Ok(match self.channels.send(&letter).await {
            Ok(()) => sent(AttemptResult::Sent),
            // Also after a refusal: the user may change the address before a later attempt.
            Err(error) => self.failed(taken, past, error.to_string()),
        })
    }

    /// Returns what is sent; `None` if the user has changed the choice since.
    async fn letter(
        &self,
        notification: &Notification,
        past: &PastEvent,
        content: Content,
    ) -> Result<Option<Letter>, StoreError> {
        let settings = self.views.notification_settings(notification.user).await?;
        let Some(settings) = settings.filter(|settings| settings.since(notification.key.channel).is_some()) else {
            return Ok(None);
        };
        let to = match notification.key.channel {
            Channel::Sms => settings.phone,
            Channel::Push => settings.push_token,
            Channel::Email => self.views.login_of(notification.user).await?.map(|login| login.email),
        };
        let Some(to) = to else { return Ok(None) };
        let Words { title, text } = self.texts.words(content.kind, &content.data, settings.language);
        let channel = notification.key.channel;
        Ok(Some(Letter {
            idempotency_key: format!("{}-{}", uuid(past.id.0), channel.name()),
            channel,
            to,
            template: content.kind.name(),
            language: settings.language,
            title,
            text,
            data: content.data,
            at: past.at,
        }))
    }

    fn failed(&self, taken: Taken, past: PastEvent, error: String) -> Attempted {
        let group = follower::group_of(past.event.kind());
        let pause = group.pause_after(taken.tries);
        let next = pause.map_or(Next::Dead, |pause| Next::Again { at: self.clock.now() + pause });
        let result = if next == Next::Dead { AttemptResult::Dead } else { AttemptResult::Failed };
        let failed = not_sent(taken, group, past, error, next);
        Attempted { command: NotificationCommand::NotSent(Box::new(failed)), result }
    }
}

fn not_sent(taken: Taken, group: Group, past: PastEvent, error: String, next: Next) -> NotSent {
    let kind = past.event.kind();
    let message = Message {
        topic: kind.topic(),
        partition: i32::try_from(past.slot.shard).unwrap_or_default(),
        offset: past.slot.seq,
        id: past.id,
        key: past.key,
        kind: kind.name().into(),
        payload: past.event.payload().into(),
        trace: None,
        at: past.at,
    };
    NotSent { key: taken.key, attempt: taken.attempt, group, message, error: error.into(), next }
}
