//! What is set of Redis, which the environment names or nobody has.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How the gate keeps who has what.
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
    /// From the environment alone, for it names a password.
    #[serde(skip)]
    address: Option<String>,
}

impl Redis {
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// How long a call may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(super) fn timeout_ms(&self) -> u64 {
        self.timeout_ms
    }

    pub(super) fn set_address(&mut self, address: Option<String>) {
        self.address = address;
    }

    /// There is none, whatever the environment says.
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
