//! Settings of Redis, which is used if the environment names one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The data structure in which the gate stores coupon holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateScript {
    Counter,
    SortedSet,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    timeout_ms: u64,
    pub gate: GateScript,
    /// Only from the environment, because it contains a password.
    #[serde(skip)]
    address: Option<String>,
}

impl Redis {
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Returns the time-out of a call.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(super) fn timeout_ms(&self) -> u64 {
        self.timeout_ms
    }

    pub(super) fn set_address(&mut self, address: Option<String>) {
        self.address = address;
    }

    /// Uses no Redis, even if the environment names one.
    pub fn leave_out(&mut self) {
        self.address = None;
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis")
            .field("timeout_ms", &self.timeout_ms)
            .field("gate", &self.gate)
            .field("is_set", &self.address.is_some())
            .finish()
    }
}
