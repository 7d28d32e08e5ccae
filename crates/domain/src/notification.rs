//! Notifications: how a user wants to be told outside of the shop, and one event on its way over one channel.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::UserId;
use crate::time::Timestamp;
use crate::webhook::Slot;
use crate::word::words;

words! {
    /// A way to a user outside of the shop.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Channel {
        Email = "email",
        Push = "push",
        Sms = "sms",
    }
}

words! {
    pub enum Language {
        English = "en",
        Korean = "ko",
    }
}

words! {
    pub enum State {
        Pending = "PENDING",
        /// A process is sending it.
        InProgress = "IN_PROGRESS",
        /// The last attempt failed; the next one is scheduled.
        Failed = "FAILED",
        DeadLetter = "DEAD_LETTER",
    }
}

/// A user's settings of notifications. No channel is chosen at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub user: UserId,
    /// In E.164.
    pub phone: Option<Arc<str>>,
    pub push_token: Option<Arc<str>>,
    pub language: Language,
    /// The moment from which the user wants to be told over each channel; `None`: not at all.
    pub email_since: Option<Timestamp>,
    pub push_since: Option<Timestamp>,
    pub sms_since: Option<Timestamp>,
    pub updated_at: Timestamp,
}

/// The user's choice, without its moments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    pub phone: Option<Arc<str>>,
    pub push_token: Option<Arc<str>>,
    pub language: Language,
    pub channels: Vec<Channel>,
}

impl Settings {
    /// Returns the settings of a user who chose nothing.
    pub const fn none(user: UserId, language: Language) -> Settings {
        Settings {
            user,
            phone: None,
            push_token: None,
            language,
            email_since: None,
            push_since: None,
            sms_since: None,
            updated_at: Timestamp::from_micros(0),
        }
    }

    /// Changes all of it. A channel that stays chosen keeps its moment.
    pub fn choose(&mut self, choice: &Choice, now: Timestamp) {
        let since = |channel, before: Option<Timestamp>| {
            let is_chosen = choice.channels.contains(&channel);
            is_chosen.then(|| before.unwrap_or(now))
        };
        self.email_since = since(Channel::Email, self.email_since);
        self.push_since = since(Channel::Push, self.push_since);
        self.sms_since = since(Channel::Sms, self.sms_since);
        self.phone.clone_from(&choice.phone);
        self.push_token.clone_from(&choice.push_token);
        self.language = choice.language;
        self.updated_at = now;
    }

    pub const fn since(&self, channel: Channel) -> Option<Timestamp> {
        match channel {
            Channel::Email => self.email_since,
            Channel::Push => self.push_since,
            Channel::Sms => self.sms_since,
        }
    }

    /// Returns true if the user wants to be told of what happened at this moment.
    pub fn wants(&self, channel: Channel, at: Timestamp) -> bool {
        self.since(channel).is_some_and(|since| since <= at)
    }

    pub fn wants_any(&self) -> bool {
        Channel::ALL.into_iter().any(|channel| self.since(channel).is_some())
    }
}

/// An event and a channel. The event names its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotificationKey {
    pub event: u128,
    pub channel: Channel,
}

/// An event on its way. Its row is deleted when it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub key: NotificationKey,
    pub user: UserId,
    /// The event's place, from which it is read for each attempt.
    pub slot: Slot,
    pub state: State,
    /// Attempts since it was scheduled for the last time.
    pub tries: i64,
    /// All attempts.
    pub attempts: i64,
    /// The next attempt; while one is under way, when it counts as lost.
    pub due: Option<Timestamp>,
    pub error: Option<Arc<str>>,
    pub created_at: Timestamp,
}

/// A notification that was taken for an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub key: NotificationKey,
    /// The attempt's number among all of them.
    pub attempt: i64,
    /// Its number since the notification was scheduled.
    pub tries: i64,
}

/// The step after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Again { at: Timestamp },
    Dead,
}

impl Notification {
    pub const fn new(key: NotificationKey, user: UserId, slot: Slot, at: Timestamp) -> Notification {
        Notification {
            key,
            user,
            slot,
            state: State::Pending,
            tries: 0,
            attempts: 0,
            due: Some(at),
            error: None,
            created_at: at,
        }
    }

    /// Takes it for an attempt, unless it is not due or another process has taken it. If no result is recorded until
    /// `until`, it is due again.
    pub fn take(&mut self, now: Timestamp, until: Timestamp) -> Option<Taken> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        self.state = State::InProgress;
        self.tries += 1;
        self.attempts += 1;
        self.due = Some(until);
        Some(Taken { key: self.key, attempt: self.attempts, tries: self.tries })
    }

    /// Records that an attempt failed. Returns false if it is not the latest one: a process that was thought lost must
    /// not disturb the attempt of another.
    pub fn fail(&mut self, attempt: i64, error: Arc<str>, next: Next) -> bool {
        if self.attempts != attempt || self.state != State::InProgress {
            return false;
        }
        self.error = Some(error);
        (self.state, self.due) = match next {
            Next::Again { at } => (State::Failed, Some(at)),
            Next::Dead => (State::DeadLetter, None),
        };
        true
    }

    /// Schedules one that was given up. Returns false if it is still on its way.
    pub fn schedule(&mut self, now: Timestamp) -> bool {
        if self.state != State::DeadLetter {
            return false;
        }
        self.state = State::Pending;
        self.tries = 0;
        self.due = Some(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: fn(i64) -> Timestamp = Timestamp::from_micros;

    fn notification() -> Notification {
        let key = NotificationKey { event: 7, channel: Channel::Sms };
        Notification::new(key, UserId(1), Slot { shard: 0, seq: 1 }, T(0))
    }

    fn choice(channels: &[Channel]) -> Choice {
        Choice { phone: None, push_token: None, language: Language::Korean, channels: channels.to_vec() }
    }

    #[test]
    fn only_what_happens_after_the_choice_is_told() {
        let mut settings = Settings::none(UserId(1), Language::English);
        assert!(!settings.wants_any());
        settings.choose(&choice(&[Channel::Sms]), T(10));
        assert!(!settings.wants(Channel::Sms, T(9)) && settings.wants(Channel::Sms, T(10)));
        assert!(!settings.wants(Channel::Email, T(20)));
        settings.choose(&choice(&[Channel::Sms, Channel::Email]), T(30));
        assert!(settings.wants(Channel::Sms, T(10)), "a channel that stays chosen keeps its moment");
        assert!(!settings.wants(Channel::Email, T(29)) && settings.wants(Channel::Email, T(30)));
        settings.choose(&choice(&[]), T(40));
        assert!(!settings.wants_any());
    }

    #[test]
    fn only_one_process_takes_a_notification_and_a_late_failure_does_not_count() {
        let mut sent = notification();
        assert!(sent.take(T(1), T(20)).is_some());
        assert_eq!(sent.take(T(2), T(30)), None);
        assert_eq!(sent.take(T(20), T(40)).map(|taken| taken.attempt), Some(2));
        assert!(!sent.fail(1, "late".into(), Next::Dead));
        assert!(sent.fail(2, "no".into(), Next::Again { at: T(50) }));
        assert_eq!((sent.state, sent.due), (State::Failed, Some(T(50))));
    }

    #[test]
    fn one_that_was_given_up_begins_again() {
        let mut dead = notification();
        dead.take(T(1), T(20));
        assert!(!dead.schedule(T(2)), "it is under way");
        dead.fail(1, "no".into(), Next::Dead);
        assert_eq!(dead.take(T(9), T(20)), None);
        assert!(dead.schedule(T(5)));
        assert_eq!((dead.state, dead.tries, dead.attempts, dead.due), (State::Pending, 0, 1, Some(T(5))));
    }
}
