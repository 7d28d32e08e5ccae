//! The payment provider.

use domain::currency::Currency;
use std::time::Duration;

use app::resilience::breaker::Limits;
use serde::{Deserialize, Serialize};

use super::{Error, addresses};
use crate::system::shown_url;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentBy {
    Scripted,
    Http,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    pub provider: PaymentBy,
    pub url: String,
    pub method: String,
    timeout_ms: u64,
    pub concurrency: usize,
    breaker_open_ms: u64,
    action_within_s: u64,
    /// Only from the environment, like all secrets.
    #[serde(skip)]
    key: Option<String>,
    #[serde(skip)]
    callback_secrets: Option<String>,
}

impl Payment {
    /// Returns the time-out of one call to the provider.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// Returns the time that a customer has for an action at the provider.
    pub fn action_within(&self) -> Duration {
        Duration::from_secs(self.action_within_s)
    }

    /// Returns the limits of the provider's circuit breaker.
    pub fn limits(&self) -> Limits {
        Limits { open_for: Duration::from_millis(self.breaker_open_ms), ..Limits::PAYMENT }
    }

    /// Returns the secret key of the account at the provider.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Returns the secrets that callbacks are signed with, newest first, separated by commas.
    pub fn callback_secrets(&self) -> Option<&str> {
        self.callback_secrets.as_deref()
    }

    /// Uses the provider inside the binary, whatever is configured.
    pub fn stay_inside(&mut self) {
        self.provider = PaymentBy::Scripted;
    }

    pub(super) fn set_secrets(&mut self, key: Option<String>, callback_secrets: Option<String>) {
        (self.key, self.callback_secrets) = (key, callback_secrets);
    }

    pub(super) fn at_least_one(&self) -> [(&'static str, u64); 4] {
        [
            ("payment.timeout_ms", self.timeout_ms),
            ("payment.concurrency", self.concurrency as u64),
            ("payment.breaker_open_ms", self.breaker_open_ms),
            ("payment.action_within_s", self.action_within_s),
        ]
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.provider == PaymentBy::Http && self.key.is_none() {
            return Err(Error::NoPaymentKey);
        }
        if self.provider == PaymentBy::Http {
            addresses::check_provider(&self.url)?;
        }
        Ok(())
    }

    /// Refuses currencies whose amounts the provider counts in another unit than the shop.
    pub(super) fn check_currency(&self, currency: Currency) -> Result<(), Error> {
        if self.provider == PaymentBy::Http && matches!(currency.code(), "ISK" | "UGX") {
            return Err(Error::Shop(format!(
                "shop.currency: the payment provider counts {} in hundredths, the shop in whole units; use another \
                 currency or payment.provider = \"scripted\"",
                currency.code()
            )));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Payment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payment")
            .field("provider", &self.provider)
            .field("url", &shown_url::of(&self.url))
            .finish_non_exhaustive()
    }
}
