//! Alerts: situations that an operator should know of, each raised once and cleared once.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::AlertId;
use crate::time::Timestamp;
use crate::word::words;

words! {
    /// The word for a situation.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Code {
        /// The oldest committed event that is not published is too old.
        MessageLatency = "MESSAGE_LATENCY",
        ErrorRate = "ERROR_RATE",
        Backlog = "BACKLOG",
        Cpu = "CPU",
        Memory = "MEMORY",
        Disk = "DISK",
        SlaViolation = "SLA_VIOLATION",
        ConsumerDelay = "CONSUMER_DELAY",
        ConsumerLag = "CONSUMER_LAG",
        DlqEvent = "DLQ_EVENT",
        DlqOpen = "DLQ_OPEN",
        PermanentFailure = "PERMANENT_FAILURE",
        GroupMembers = "GROUP_MEMBERS",
        PaymentMismatch = "PAYMENT_MISMATCH",
        PaymentStuck = "PAYMENT_STUCK",
        CompensationStuck = "COMPENSATION_STUCK",
        AuditViolation = "AUDIT_VIOLATION",
        WebhookDead = "WEBHOOK_DEAD",
        WebhookDisabled = "WEBHOOK_DISABLED",
        BreakerOpen = "BREAKER_OPEN",
        RedisDown = "REDIS_DOWN",
        BrokerDown = "BROKER_DOWN",
    }
}

words! {
    pub enum Severity {
        Warning = "warning",
        Critical = "critical",
    }
}

impl Code {
    pub const fn severity(self) -> Severity {
        match self {
            Code::MessageLatency
            | Code::Cpu
            | Code::Memory
            | Code::SlaViolation
            | Code::ConsumerDelay
            | Code::ConsumerLag
            | Code::DlqEvent
            | Code::WebhookDead
            | Code::WebhookDisabled
            | Code::BreakerOpen
            | Code::RedisDown => Severity::Warning,
            Code::ErrorRate
            | Code::Backlog
            | Code::Disk
            | Code::DlqOpen
            | Code::PermanentFailure
            | Code::GroupMembers
            | Code::PaymentMismatch
            | Code::PaymentStuck
            | Code::CompensationStuck
            | Code::AuditViolation
            | Code::BrokerDown => Severity::Critical,
        }
    }
}

/// A measured value or a threshold, in thousandths; on the wire a plain number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measure(i64);

impl Measure {
    pub const fn whole(number: i64) -> Measure {
        Measure(number.saturating_mul(1_000))
    }

    pub const fn thousandths(thousandths: i64) -> Measure {
        Measure(thousandths)
    }

    /// Rounds to thousandths.
    pub fn of(number: f64) -> Measure {
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
        Measure((number * 1_000.0).round() as i64)
    }

    pub const fn in_thousandths(self) -> i64 {
        self.0
    }

    #[expect(clippy::cast_precision_loss, reason = "thousandths of large numbers do not matter here")]
    pub fn number(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// Returns this share of it.
    pub const fn percent(self, percent: i64) -> Measure {
        Measure(self.0.saturating_mul(percent) / 100)
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1_000 == 0 {
            serializer.serialize_i64(self.0 / 1_000)
        } else {
            serializer.serialize_f64(self.number())
        }
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Measure, D::Error> {
        f64::deserialize(deserializer).map(Measure::of)
    }
}

/// A raised alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub id: AlertId,
    pub code: Code,
    /// Tells alerts of one code apart, such as the name of a group; only one is open for each scope. Empty: there is one.
    pub scope: Arc<str>,
    /// Whom it is about; empty: the whole shop.
    pub subject: Arc<str>,
    pub severity: Severity,
    /// As measured when it was raised.
    pub value: Measure,
    pub threshold: Measure,
    pub since: Timestamp,
    pub cleared_at: Option<Timestamp>,
    /// The process that observes it and will clear it; `None` if every process can.
    pub reporter: Option<i64>,
    /// The reporter renews it before this moment, or has ended.
    pub reported_until: Option<Timestamp>,
    /// For a breaker: when it makes its next call.
    pub next_try: Option<Timestamp>,
}

impl Alert {
    pub const fn is_open(&self) -> bool {
        self.cleared_at.is_none()
    }

    /// Returns true if another process than this one observes it, and is alive.
    pub fn belongs_to_other(&self, reporter: Option<i64>, now: Timestamp) -> bool {
        self.reporter.is_some() && self.reporter != reporter && self.reported_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_a_plain_number_on_the_wire() {
        for (measure, text) in
            [(Measure::whole(10_000), "10000"), (Measure::of(5.25), "5.25"), (Measure::whole(0), "0")]
        {
            assert_eq!(serde_json::to_string(&measure).unwrap(), text);
            assert_eq!(serde_json::from_str::<Measure>(text).unwrap(), measure);
        }
        assert_eq!(Measure::whole(5_000).percent(90), Measure::whole(4_500));
        assert_eq!(Measure::of(f64::INFINITY), Measure::thousandths(i64::MAX));
    }

    #[test]
    fn an_alert_of_a_process_that_has_ended_belongs_to_nobody() {
        let at = Timestamp::from_micros;
        let alert = Alert {
            id: AlertId(1),
            code: Code::BreakerOpen,
            scope: "payment".into(),
            subject: "payment".into(),
            severity: Severity::Warning,
            value: Measure::whole(1),
            threshold: Measure::default(),
            since: at(1),
            cleared_at: None,
            reporter: Some(7),
            reported_until: Some(at(10)),
            next_try: None,
        };
        assert!(alert.belongs_to_other(Some(8), at(9)) && alert.belongs_to_other(None, at(9)));
        assert!(!alert.belongs_to_other(Some(7), at(9)) && !alert.belongs_to_other(Some(8), at(10)));
        assert!(!Alert { reporter: None, ..alert }.belongs_to_other(Some(8), at(9)));
    }
}
