//! A delivery: one event for one endpoint, with its schedule and the log of its attempts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::WebhookId;
use crate::limits::WEBHOOK_ATTEMPTS_KEPT;
use crate::time::Timestamp;
use crate::word::words;

words! {
    pub enum State {
        Pending = "PENDING",
        /// A process is sending it.
        InProgress = "IN_PROGRESS",
        Completed = "COMPLETED",
        /// The last attempt failed; the next one is scheduled.
        Failed = "FAILED",
        DeadLetter = "DEAD_LETTER",
    }
}

impl State {
    /// Returns true if the delivery still has an attempt before it.
    pub const fn is_open(self) -> bool {
        matches!(self, State::Pending | State::InProgress | State::Failed)
    }
}

/// A delivery's endpoint, and its number among the endpoint's deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey {
    pub webhook: WebhookId,
    pub number: i64,
}

/// The place of an event in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub shard: i64,
    pub seq: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub key: DeliveryKey,
    /// The event's id, which is the webhook's id.
    pub event: u128,
    pub event_type: Arc<str>,
    /// The event's key, for an endpoint whose deliveries are ordered.
    pub order_key: Option<Arc<str>>,
    /// The event's place; `None` for an event that exists for this delivery only.
    pub slot: Option<Slot>,
    /// The body of such an event.
    pub payload: Option<Arc<str>>,
    pub state: State,
    /// Attempts since the delivery was scheduled for the last time.
    pub tries: i64,
    /// All attempts.
    pub attempts: i64,
    /// The next attempt; while one is under way, when it counts as lost.
    pub due: Option<Timestamp>,
    pub last_status: Option<i64>,
    pub created_at: Timestamp,
    pub log: Vec<Attempt>,
}

/// An attempt that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_status: Option<i64>,
    /// Its first bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<str>>,
    pub duration_ms: i64,
}

/// The error of an attempt for which there was nothing to send.
const WITHOUT_EVENT: &str = "the event is no longer in the store";

impl Attempt {
    /// Returns an attempt that sent nothing, because its event is gone: archived, or lost.
    pub fn without_event(at: Timestamp) -> Attempt {
        Attempt { at, response_status: None, response_body: None, error: Some(WITHOUT_EVENT.into()), duration_ms: 0 }
    }

    pub fn is_without_event(&self) -> bool {
        self.error.as_deref() == Some(WITHOUT_EVENT)
    }
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Done,
    Again {
        at: Timestamp,
    },
    /// The schedule is at its end.
    Dead,
    /// The receiver wants no more.
    Gone,
}

/// A delivery that was taken for an attempt, and the attempt's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub webhook: WebhookId,
    pub number: i64,
    pub attempt: i64,
    pub tries: i64,
}

impl Delivery {
    /// Takes the delivery for an attempt, unless it is not due or another process has taken it. If no result is
    /// recorded until `until`, it is due again.
    pub fn take(&mut self, now: Timestamp, until: Timestamp) -> Option<Taken> {
        if !self.state.is_open() || self.due.is_none_or(|due| due > now) {
            return None;
        }
        self.state = State::InProgress;
        self.tries += 1;
        self.attempts += 1;
        self.due = Some(until);
        let DeliveryKey { webhook, number } = self.key;
        Some(Taken { webhook, number, attempt: self.attempts, tries: self.tries })
    }

    /// Records the result of an attempt. A failure counts only while its attempt is the latest: a process that was
    /// thought lost must not disturb the attempt of another. Returns false if it does not count.
    pub fn conclude(&mut self, number: i64, attempt: Attempt, next: Next) -> bool {
        let is_latest = self.attempts == number && self.state == State::InProgress;
        if !is_latest && (next != Next::Done || !self.state.is_open()) {
            return false;
        }
        self.last_status = attempt.response_status;
        self.log.push(attempt);
        if self.log.len() > WEBHOOK_ATTEMPTS_KEPT {
            self.log.remove(0);
        }
        (self.state, self.due) = match next {
            Next::Done => (State::Completed, None),
            Next::Again { at } => (State::Failed, Some(at)),
            Next::Dead | Next::Gone => (State::DeadLetter, None),
        };
        true
    }

    /// Returns the delivery as it is once its endpoint is removed: nothing is sent any more, also where the row still has a
    /// next attempt.
    #[must_use]
    pub fn to_a_removed_endpoint(mut self) -> Delivery {
        if self.state.is_open() {
            (self.state, self.due) = (State::DeadLetter, None);
        }
        self
    }

    /// Schedules the delivery again, whatever became of it. Returns false if it is waiting or under way already.
    pub fn schedule(&mut self, now: Timestamp) -> bool {
        if self.state.is_open() && self.state != State::Failed {
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

    fn delivery() -> Delivery {
        Delivery {
            key: DeliveryKey { webhook: WebhookId(1), number: 1 },
            event: 7,
            event_type: "order.completed".into(),
            order_key: None,
            slot: Some(Slot { shard: 0, seq: 1 }),
            payload: None,
            state: State::Pending,
            tries: 0,
            attempts: 0,
            due: Some(T(0)),
            last_status: None,
            created_at: T(0),
            log: vec![],
        }
    }

    fn attempt(status: i64) -> Attempt {
        Attempt { at: T(1), response_status: Some(status), response_body: None, error: None, duration_ms: 3 }
    }

    #[test]
    fn only_one_process_takes_a_delivery() {
        let mut delivery = delivery();
        assert!(delivery.take(T(1), T(20)).is_some());
        assert_eq!(delivery.take(T(2), T(30)), None);
        // The first one was lost.
        assert_eq!(delivery.take(T(20), T(40)).map(|taken| taken.attempt), Some(2));
    }

    #[test]
    fn a_late_failure_does_not_count_and_a_late_success_does() {
        let mut delivery = delivery();
        delivery.take(T(1), T(20));
        delivery.take(T(20), T(40));
        assert!(!delivery.conclude(1, attempt(500), Next::Again { at: T(99) }));
        assert_eq!(delivery.state, State::InProgress);
        assert!(delivery.conclude(1, attempt(200), Next::Done));
        assert!(!delivery.conclude(2, attempt(500), Next::Dead));
        assert_eq!((delivery.state, delivery.due, delivery.log.len()), (State::Completed, None, 1));
    }

    #[test]
    fn a_dead_delivery_is_scheduled_again_from_the_start() {
        let mut delivery = delivery();
        delivery.take(T(1), T(20));
        assert!(!delivery.schedule(T(2)), "it is under way");
        delivery.conclude(1, attempt(500), Next::Dead);
        assert!(delivery.schedule(T(5)));
        assert_eq!((delivery.state, delivery.tries, delivery.attempts), (State::Pending, 0, 1));
    }

    #[test]
    fn the_log_keeps_the_latest_attempts() {
        let mut delivery = delivery();
        for number in 1..=60 {
            delivery.take(T(number), T(number));
            delivery.conclude(number, attempt(number), Next::Again { at: T(number) });
        }
        assert_eq!(delivery.log.len(), WEBHOOK_ATTEMPTS_KEPT);
        assert_eq!(delivery.last_status, Some(60));
    }
}
