//! Notifications outside of the shop: what users chose, and the results of attempts to reach them.

use std::sync::Arc;

use domain::ids::UserId;
use domain::notification::{Channel, Choice, Next, NotificationKey, Settings, Taken};
use domain::time::Timestamp;

use crate::commands::answer::Answer;
use crate::commands::answer::changed::Changed;
use crate::commands::context::{Answered, Context, Handled};
use crate::commands::failed_delivery;
use crate::log::group::Group;
use crate::log::retry_policy::RESENDS_MAX;
use crate::state::rows::{EventId, Key, Keys, Message, NotificationSettingsKey, Trouble};

#[derive(Clone, Debug, PartialEq)]
pub enum NotificationCommand {
    /// Replaces what a user chose.
    Choose {
        user: UserId,
        choice: Box<Choice>,
    },
    /// Takes due notifications for an attempt; they count as lost after `until`.
    Take {
        keys: Vec<NotificationKey>,
        until: Timestamp,
    },
    /// It was sent, or the user does not want it any more.
    Sent {
        key: NotificationKey,
    },
    NotSent(Box<NotSent>),
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct NotSent {
    pub key: NotificationKey,
    pub attempt: i64,
    pub group: Group,
    /// The event, for a dead letter.
    pub message: Message,
    pub error: Arc<str>,
    pub next: Next,
}

impl NotificationCommand {
    /// Declares the rows that the command reads.
    pub(crate) fn declare(&self, keys: &mut Keys) {
        match self {
            NotificationCommand::Choose { user, .. } => {
                keys.insert(NotificationSettingsKey(*user).into());
            }
            NotificationCommand::Take { keys: due, .. } => keys.extend(due.iter().map(|key| Key::from(*key))),
            NotificationCommand::Sent { key } => {
                keys.insert((*key).into());
            }
            NotificationCommand::NotSent(failed) => {
                keys.insert(failed.key.into());
            }
        }
    }
}

/// Returns the keys of all notifications that an event may have.
pub(crate) fn of_event(event: EventId) -> impl Iterator<Item = NotificationKey> {
    Channel::ALL.into_iter().map(move |channel| NotificationKey { event: event.0, channel })
}

pub(crate) fn handle(context: &mut Context<'_>, command: &NotificationCommand) -> Answered {
    match command {
        NotificationCommand::Choose { user, choice } => choose(context, *user, choice),
        NotificationCommand::Take { keys, until } => take(context, keys, *until),
        NotificationCommand::Sent { key } => {
            // Also after the lease has ended: a second attempt may still be prevented.
            context.rows.notifications.remove(*key);
            Ok(Answer::Done)
        }
        NotificationCommand::NotSent(failed) => fail(context, failed).map(|()| Answer::Done),
    }
}

fn choose(context: &mut Context<'_>, user: UserId, choice: &Choice) -> Answered {
    let key = NotificationSettingsKey(user);
    let known = context.rows.notification_settings.get(key)?.cloned();
    let mut settings = known.unwrap_or_else(|| Settings::none(user, choice.language));
    settings.choose(choice, context.now);
    context.rows.notification_settings.put(key, settings);
    Ok(Answer::changed(Changed::NotificationSettings(choice.clone())))
}

fn take(context: &mut Context<'_>, keys: &[NotificationKey], until: Timestamp) -> Answered {
    let mut taken: Vec<Taken> = vec![];
    for key in keys {
        let Some(mut notification) = context.rows.notifications.get(*key)?.cloned() else { continue };
        if let Some(attempt) = notification.take(context.now, until) {
            taken.push(attempt);
            context.rows.notifications.put(*key, notification);
        }
    }
    Ok(Answer::NotificationsTaken { taken })
}

fn fail(context: &mut Context<'_>, failed: &NotSent) -> Handled {
    let Some(mut notification) = context.rows.notifications.get(failed.key)?.cloned() else { return Ok(()) };
    if !notification.fail(failed.attempt, Arc::clone(&failed.error), failed.next) {
        return Ok(());
    }
    if failed.next == Next::Dead {
        let rounds = failed.group.pauses().len() as i64 + 1;
        let is_final = notification.attempts >= rounds * (1 + RESENDS_MAX);
        let trouble = Trouble {
            attempts: notification.tries,
            error: format!("{}: {}", failed.key.channel.name(), failed.error).into(),
            first_failed: notification.created_at,
            last_failed: context.now,
        };
        failed_delivery::dead_letter(context, failed.group, failed.message.clone(), trouble, is_final);
    }
    context.rows.notifications.put(failed.key, notification);
    Ok(())
}

/// Schedules what was given up, for an operator or after the pause of a dead letter.
pub(crate) fn again(context: &mut Context<'_>, event: EventId) -> Handled {
    for key in of_event(event) {
        let Some(mut notification) = context.rows.notifications.get(key)?.cloned() else { continue };
        if notification.schedule(context.now) {
            context.rows.notifications.put(key, notification);
        }
    }
    Ok(())
}
