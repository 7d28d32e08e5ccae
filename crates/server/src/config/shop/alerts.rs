//! Settings of alerts and of the background audit.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Error;
use crate::security::email::is_email;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    url: String,
    email: String,
    timeout_ms: u64,
    pub message_latency_ms: u64,
    pub error_rate_percent: u64,
    pub backlog: u64,
    pub cpu_percent: u64,
    pub memory_percent: u64,
    pub disk_percent: u64,
    machine_for_s: u64,
    pub order_ms: u64,
    pub consumer_delay_ms: u64,
    pub consumer_lag: u64,
    consumer_lag_for_s: u64,
    dlq_open_for_s: u64,
    pub group_members: u64,
    group_members_for_s: u64,
    pub clear_percent: u32,
    clear_after_s: u64,
}

impl Alerts {
    /// Returns the address to which alerts are posted.
    pub fn url(&self) -> Option<&str> {
        Some(self.url.as_str()).filter(|url| !url.is_empty())
    }

    /// Returns the addresses to which alerts are mailed.
    pub fn emails(&self) -> impl Iterator<Item = &str> {
        self.email.split(',').map(str::trim).filter(|address| !address.is_empty())
    }

    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub const fn machine_for(&self) -> Duration {
        Duration::from_secs(self.machine_for_s)
    }

    pub const fn consumer_lag_for(&self) -> Duration {
        Duration::from_secs(self.consumer_lag_for_s)
    }

    pub const fn dlq_open_for(&self) -> Duration {
        Duration::from_secs(self.dlq_open_for_s)
    }

    pub const fn group_members_for(&self) -> Duration {
        Duration::from_secs(self.group_members_for_s)
    }

    pub const fn clear_after(&self) -> Duration {
        Duration::from_secs(self.clear_after_s)
    }

    pub(in crate::config) fn at_least_one(&self) -> [(&'static str, u64); 1] {
        [("alerts.timeout_ms", self.timeout_ms)]
    }

    /// `webhooks.allow_private` permits addresses without TLS.
    pub(in crate::config) fn check(&self, allow_private: bool) -> Result<(), Error> {
        let shares = [
            ("alerts.error_rate_percent", self.error_rate_percent),
            ("alerts.cpu_percent", self.cpu_percent),
            ("alerts.memory_percent", self.memory_percent),
            ("alerts.disk_percent", self.disk_percent),
            ("alerts.clear_percent", u64::from(self.clear_percent)),
        ];
        if let Some((key, given)) = shares.into_iter().find(|(_, given)| *given > 100) {
            return Err(Error::OutOfRange { key, given, expected: "at most 100" });
        }
        if let Some(wrong) = self.emails().find(|address| !is_email(address)) {
            return Err(Error::Shop(format!("alerts.email: {wrong:?} is not an e-mail address")));
        }
        let is_address =
            self.url.is_empty() || self.url.starts_with("https://") || allow_private && self.url.starts_with("http://");
        if is_address { Ok(()) } else { Err(Error::AlertsUrl) }
    }
}

/// The audit in the background.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    every_s: u64,
    pub cpu_percent: u32,
    pub repair: bool,
}

impl Audit {
    /// Returns the interval; `None`: the audit is off.
    pub fn every(&self) -> Option<Duration> {
        (self.every_s > 0).then(|| Duration::from_secs(self.every_s))
    }

    pub(in crate::config) fn check(&self) -> Result<(), Error> {
        if !(1..=100).contains(&self.cpu_percent) {
            let given = u64::from(self.cpu_percent);
            return Err(Error::OutOfRange { key: "audit.cpu_percent", given, expected: "1 to 100" });
        }
        Ok(())
    }
}
