//! An endpoint: its address, its secrets, and the event types that it subscribes to.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::WebhookId;
use crate::limits::WEBHOOK_TERMS_MAX;
use crate::time::Timestamp;
use crate::word::words;

/// The time during which the previous secret signs as well.
const SECRETS_OVERLAP: Duration = Duration::from_secs(24 * 3_600);

words! {
    pub enum Status {
        Enabled = "ENABLED",
        Disabled = "DISABLED",
        /// Deleted by an admin; the row explains old deliveries.
        Removed = "REMOVED",
    }
}

words! {
    pub enum DisabledReason {
        Admin = "ADMIN",
        /// The receiver answered 410.
        Gone = "GONE",
        /// Every delivery failed for days.
        Failing = "FAILING",
    }
}

/// The events that the endpoint receives from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Term {
    /// Events after this moment are delivered, up to the next term.
    pub from: Timestamp,
    /// The event types; an empty list means all of them, `None` means nothing.
    pub event_types: Option<Vec<Arc<str>>>,
}

/// A secret that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldSecret {
    pub secret: Arc<str>,
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    pub id: WebhookId,
    pub url: Arc<str>,
    pub description: Arc<str>,
    /// An empty list means all event types.
    pub event_types: Vec<Arc<str>>,
    /// As it is stored: `whsec_` and the base 64 of the key, or that encrypted. Empty once the endpoint is removed.
    pub secret: Arc<str>,
    pub old_secret: Option<OldSecret>,
    /// Deliveries of one key are sent in order, one after the other.
    pub ordered: bool,
    pub rate_per_second: Option<i64>,
    pub status: Status,
    pub disabled_reason: Option<DisabledReason>,
    /// The subscription over time, oldest first.
    pub terms: Vec<Term>,
    /// The number of deliveries so far; the next one has the number after it.
    pub deliveries: i64,
    /// The first failure since the last success.
    pub failing_since: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A change by an admin; `None` keeps a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub url: Option<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub event_types: Option<Vec<Arc<str>>>,
    pub is_enabled: Option<bool>,
    /// `Some(None)` removes the limit.
    pub rate_per_second: Option<Option<i64>>,
}

/// The consequence of a failed attempt for the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// It was noted before.
    Known,
    Noted,
    Disabled(DisabledReason),
}

impl Endpoint {
    /// Returns a new endpoint, which receives everything, in any order, as fast as it comes.
    pub fn new(id: WebhookId, url: Arc<str>, secret: Arc<str>, at: Timestamp) -> Endpoint {
        Endpoint {
            id,
            url,
            description: "".into(),
            event_types: vec![],
            secret,
            old_secret: None,
            ordered: false,
            rate_per_second: None,
            status: Status::Enabled,
            disabled_reason: None,
            terms: vec![Term { from: at, event_types: Some(vec![]) }],
            deliveries: 0,
            failing_since: None,
            created_at: at,
            updated_at: at,
        }
    }

    pub const fn is_enabled(&self) -> bool {
        matches!(self.status, Status::Enabled)
    }

    /// Returns true if the endpoint was subscribed to this type when the event happened.
    pub fn wants(&self, event_type: &str, at: Timestamp) -> bool {
        let term = self.terms.iter().rev().find(|term| term.from < at);
        term.and_then(|term| term.event_types.as_ref()).is_some_and(|types| is_among(types, event_type))
    }

    /// Returns true if the endpoint subscribes to this type now.
    pub fn selects(&self, event_type: &str) -> bool {
        is_among(&self.event_types, event_type)
    }

    /// Returns the secrets that sign at this moment as they are stored, the newest first.
    pub fn secrets(&self, now: Timestamp) -> Vec<Arc<str>> {
        let old = self.old_secret.iter().filter(|old| now < old.until).map(|old| Arc::clone(&old.secret));
        std::iter::once(Arc::clone(&self.secret)).chain(old).collect()
    }

    pub fn change(&mut self, change: &Change, now: Timestamp) {
        if let Some(url) = &change.url {
            self.url = Arc::clone(url);
        }
        if let Some(description) = &change.description {
            self.description = Arc::clone(description);
        }
        if let Some(rate) = change.rate_per_second {
            self.rate_per_second = rate;
        }
        if let Some(types) = &change.event_types {
            self.event_types.clone_from(types);
        }
        match change.is_enabled {
            Some(true) => {
                self.status = Status::Enabled;
                self.disabled_reason = None;
                self.failing_since = None;
            }
            Some(false) if self.is_enabled() => self.disable(DisabledReason::Admin, now),
            Some(false) | None => {}
        }
        self.open_term(now);
        self.updated_at = now;
    }

    /// Replaces the secret. The old one signs as well for a day.
    pub fn rotate(&mut self, secret: Arc<str>, now: Timestamp) {
        let old = std::mem::replace(&mut self.secret, secret);
        self.old_secret = Some(OldSecret { secret: old, until: now + SECRETS_OVERLAP });
        self.updated_at = now;
    }

    /// Stores a secret in another form. Nothing happens if it was replaced meanwhile.
    pub fn renew_secret(&mut self, stored: &str, by: &Arc<str>) {
        let old = self.old_secret.as_mut().map(|old| &mut old.secret);
        std::iter::once(&mut self.secret).chain(old).filter(|secret| &***secret == stored).for_each(|secret| {
            *secret = Arc::clone(by);
        });
    }

    /// Removes the endpoint. Its secrets sign nothing any more, so they are not kept.
    pub fn remove(&mut self, now: Timestamp) {
        self.status = Status::Removed;
        self.secret = "".into();
        self.old_secret = None;
        self.open_term(now);
        self.updated_at = now;
    }

    pub fn disable(&mut self, reason: DisabledReason, now: Timestamp) {
        self.status = Status::Disabled;
        self.disabled_reason = Some(reason);
        self.open_term(now);
        self.updated_at = now;
    }

    /// Records a failed attempt, and disables an endpoint that has failed for too long or is gone.
    pub fn note_failure(&mut self, is_gone: bool, disable_after: Duration, now: Timestamp) -> Failing {
        if !self.is_enabled() {
            return Failing::Known;
        }
        let since = *self.failing_since.get_or_insert(now);
        let reason = if is_gone {
            DisabledReason::Gone
        } else if now - since >= disable_after {
            DisabledReason::Failing
        } else {
            return if since == now { Failing::Noted } else { Failing::Known };
        };
        self.disable(reason, now);
        Failing::Disabled(reason)
    }

    /// Begins a term, if the subscription differs from the last one.
    fn open_term(&mut self, now: Timestamp) {
        let event_types = self.is_enabled().then(|| self.event_types.clone());
        match self.terms.last_mut() {
            Some(last) if last.event_types == event_types => return,
            // Two changes at one moment: only the last one counts.
            Some(last) if last.from == now => last.event_types = event_types,
            Some(_) | None => self.terms.push(Term { from: now, event_types }),
        }
        if self.terms.len() > WEBHOOK_TERMS_MAX {
            self.terms.remove(0);
        }
    }
}

fn is_among(types: &[Arc<str>], event_type: &str) -> bool {
    types.is_empty() || types.iter().any(|wanted| &**wanted == event_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: fn(i64) -> Timestamp = Timestamp::from_micros;
    const FIVE_DAYS: Duration = Duration::from_secs(5 * 86_400);

    fn endpoint() -> Endpoint {
        Endpoint::new(WebhookId(1), "https://example.com/hook".into(), "whsec_a".into(), T(10))
    }

    #[test]
    fn an_event_counts_by_the_subscription_at_its_moment() {
        let mut endpoint = endpoint();
        let narrowed = Change { event_types: Some(vec!["order.completed".into()]), ..Change::default() };
        endpoint.change(&narrowed, T(20));
        endpoint.change(&Change { is_enabled: Some(false), ..Change::default() }, T(30));
        for (at, event_type, wanted) in [
            (10, "order.placed", false),
            (11, "order.placed", true),
            (20, "order.placed", true),
            (21, "order.placed", false),
            (21, "order.completed", true),
            (31, "order.completed", false),
        ] {
            assert_eq!(endpoint.wants(event_type, T(at)), wanted, "{event_type} at {at}");
        }
    }

    #[test]
    fn the_form_of_a_secret_changes_wherever_it_is() {
        let mut endpoint = endpoint();
        endpoint.rotate("whsec_b".into(), T(0));
        for (stored, by) in [("whsec_a", "sealed a"), ("whsec_b", "sealed b"), ("whsec_a", "late")] {
            endpoint.renew_secret(stored, &by.into());
        }
        assert_eq!(endpoint.secrets(T(1)), [Arc::from("sealed b"), Arc::from("sealed a")]);
        endpoint.remove(T(2));
        assert_eq!((&*endpoint.secret, endpoint.old_secret), ("", None));
    }

    #[test]
    fn both_secrets_sign_for_a_day() {
        let mut endpoint = endpoint();
        endpoint.rotate("whsec_b".into(), T(0));
        let day = 24 * 3_600 * 1_000_000;
        assert_eq!(endpoint.secrets(T(day - 1)).len(), 2);
        assert_eq!(endpoint.secrets(T(day)), vec![Arc::from("whsec_b")]);
    }

    #[test]
    fn an_endpoint_that_fails_for_days_is_disabled_and_one_success_forgives() {
        let mut endpoint = endpoint();
        assert_eq!(endpoint.note_failure(false, FIVE_DAYS, T(0)), Failing::Noted);
        assert_eq!(endpoint.note_failure(false, FIVE_DAYS, T(1)), Failing::Known);
        endpoint.failing_since = None;
        assert_eq!(endpoint.note_failure(false, FIVE_DAYS, T(2)), Failing::Noted);
        let later = T(2) + FIVE_DAYS;
        assert_eq!(endpoint.note_failure(false, FIVE_DAYS, later), Failing::Disabled(DisabledReason::Failing));
        assert!(!endpoint.wants("order.placed", T(later.micros() + 1)));
    }

    #[test]
    fn a_gone_endpoint_is_disabled_at_once() {
        let mut endpoint = endpoint();
        assert_eq!(endpoint.note_failure(true, FIVE_DAYS, T(50)), Failing::Disabled(DisabledReason::Gone));
        assert_eq!(endpoint.status, Status::Disabled);
    }
}
