//! The runner: sends one delivery outside of every transaction, and returns the result for the engine.
//!
//! It keeps no state. Deliveries and their times are rows; a delivery whose process dies is due again when its lease
//! ends.

use std::sync::Arc;
use std::time::Duration;

use domain::limits::WEBHOOK_RESPONSE_BYTES;
use domain::time::Timestamp;
use domain::webhook::{Attempt, Delivery, Endpoint, Next, Schedule, Taken};

use super::secret_keys::{SecretKeys, Unreadable};
use super::sender::{Response, Sender, WebhookRequest};
use crate::commands::DeliveryAnswered;
use crate::events::outbox::uuid;
use crate::events::trace::TraceParent;
use crate::ports::Clock;

/// The longest pause that a receiver may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3_600);

/// The result of an attempt, for the engine and for metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub answered: DeliveryAnswered,
    /// The receiver asks for a pause before anything else is sent to it.
    pub hold: Option<Timestamp>,
}

/// A delivery that was taken for an attempt.
pub struct Outgoing<'a> {
    pub endpoint: &'a Endpoint,
    pub delivery: &'a Delivery,
    pub taken: Taken,
    pub body: &'a Arc<str>,
    pub trace: Option<TraceParent>,
    /// A random number for the pause after a failure.
    pub dice: u64,
}

/// What decides over the time of the next attempt.
struct Moment {
    tries: i64,
    /// The pause that the receiver asks for.
    wanted: Option<Duration>,
    now: Timestamp,
    dice: u64,
}

/// When attempts are repeated, and when an endpoint is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub schedule: Schedule,
    pub disable_after: Duration,
}

pub struct WebhookRunner {
    pub sender: Arc<dyn Sender>,
    pub keys: Arc<dyn SecretKeys>,
    pub clock: Arc<dyn Clock>,
    pub policy: Policy,
}

impl WebhookRunner {
    /// Sends a delivery that was taken.
    pub async fn send_once(&self, outgoing: Outgoing<'_>) -> Sent {
        let Outgoing { endpoint, delivery, taken, body, trace, dice } = outgoing;
        let at = self.clock.now();
        let answer = match self.secrets(endpoint, at) {
            Err(unreadable) => Err(unreadable.to_string()),
            Ok(secrets) => {
                let (url, body) = (Arc::clone(&endpoint.url), Arc::clone(body));
                self.sender.send(&WebhookRequest { url, id: uuid(delivery.event), at, secrets, body, trace }).await
            }
        };
        let now = self.clock.now();
        let duration_ms = i64::try_from((now - at).as_millis()).unwrap_or(i64::MAX);
        let wanted = answer.as_ref().ok().and_then(pause_wanted);
        let next = self.next(&answer, Moment { tries: taken.tries, wanted, now, dice });
        let attempt = match answer {
            Ok(response) => Attempt {
                at,
                response_status: Some(i64::from(response.status)),
                response_body: Some(first_bytes(&response.body).into()),
                error: None,
                duration_ms,
            },
            Err(error) => {
                Attempt { at, response_status: None, response_body: None, error: Some(error.into()), duration_ms }
            }
        };
        let disable_after = self.policy.disable_after;
        let answered = DeliveryAnswered { key: delivery.key, number: taken.attempt, attempt, next, disable_after };
        Sent { answered, hold: wanted.map(|pause| now + pause) }
    }

    /// Returns the secrets that sign at this moment. A replaced one that cannot be read does not sign: the receiver may know
    /// the newest one already.
    ///
    /// # Errors
    ///
    /// If the newest secret cannot be read.
    pub fn secrets(&self, endpoint: &Endpoint, at: Timestamp) -> Result<Vec<Arc<str>>, Unreadable> {
        let stored = endpoint.secrets(at);
        let mut opened = stored.iter().map(|stored| self.keys.open(stored));
        let newest = opened.next().unwrap_or(Err(Unreadable::UnknownForm))?;
        Ok(std::iter::once(newest).chain(opened.filter_map(Result::ok)).collect())
    }

    fn next(&self, answer: &Result<Response, String>, moment: Moment) -> Next {
        let Moment { tries, wanted, now, dice } = moment;
        match answer {
            Ok(response) if response.is_success() => return Next::Done,
            Ok(response) if response.status == 410 => return Next::Gone,
            Ok(_) | Err(_) => {}
        }
        match self.policy.schedule.pause(tries, dice) {
            Some(pause) => Next::Again { at: now + pause.max(wanted.unwrap_or_default()) },
            None => Next::Dead,
        }
    }
}

/// Returns the pause that an overloaded receiver asks for.
fn pause_wanted(response: &Response) -> Option<Duration> {
    let is_overloaded = matches!(response.status, 429 | 503);
    response.retry_after.filter(|_| is_overloaded).map(|pause| pause.min(RETRY_AFTER_MAX))
}

fn first_bytes(text: &str) -> &str {
    &text[..text.floor_char_boundary(WEBHOOK_RESPONSE_BYTES)]
}

#[cfg(test)]
mod tests;
