//! Notifications to users: the transport of each channel, with its address.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Error;

/// The transport of SMS or push messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Writes to the log and sends nothing.
    Log,
    Http,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailWay {
    Log,
    Http,
    Smtp,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    pub sms: Way,
    pub push: Way,
    pub email: MailWay,
    pub gateway_url: String,
    pub email_from: String,
    timeout_s: u64,
    pub concurrency: usize,
    #[serde(skip)]
    secrets: Secrets,
}

/// Addresses and tokens from the environment.
#[derive(Clone, Default)]
struct Secrets {
    smtp_url: Option<String>,
    gateway_token: Option<String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Notifications {
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    pub fn smtp_url(&self) -> Option<&str> {
        self.secrets.smtp_url.as_deref()
    }

    pub fn gateway_token(&self) -> Option<&str> {
        self.secrets.gateway_token.as_deref()
    }

    pub(in crate::config) fn set_secrets(&mut self, smtp_url: Option<String>, gateway_token: Option<String>) {
        self.secrets = Secrets { smtp_url, gateway_token };
    }

    pub(in crate::config) fn at_least_one(&self) -> [(&'static str, u64); 2] {
        [("notifications.timeout_s", self.timeout_s), ("notifications.concurrency", self.concurrency as u64)]
    }

    pub(in crate::config) fn check(&self) -> Result<(), Error> {
        if self.timeout_s > 60 {
            let (key, given) = ("notifications.timeout_s", self.timeout_s);
            return Err(Error::OutOfRange { key, given, expected: "at most 60" });
        }
        let by_gateway = self.sms == Way::Http || self.push == Way::Http || self.email == MailWay::Http;
        if by_gateway && self.gateway_url.is_empty() {
            return Err(Error::Notifications("a channel is \"http\": set notifications.gateway_url"));
        }
        if self.email == MailWay::Smtp && (self.smtp_url().is_none() || self.email_from.is_empty()) {
            let wanted = "notifications.email is \"smtp\": set notifications.email_from, and DOORBUSTER_SMTP_URL in the environment";
            return Err(Error::Notifications(wanted));
        }
        Ok(())
    }
}
