//! Settings of Redis, which is used if the environment names one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Error;

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
    ca_file: PathBuf,
    cert_file: PathBuf,
    key_file: PathBuf,
    /// Only from the environment, because it contains a password.
    #[serde(skip)]
    address: Option<String>,
}

impl Redis {
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Returns the file of the authorities that are trusted instead of the machine's.
    pub fn ca_file(&self) -> Option<&Path> {
        Some(self.ca_file.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    /// Returns the files of this program's own certificate and of its key.
    pub fn identity(&self) -> Option<[&Path; 2]> {
        let is_given = !self.cert_file.as_os_str().is_empty();
        is_given.then_some([self.cert_file.as_path(), self.key_file.as_path()])
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let [has_cert, has_key] = [&self.cert_file, &self.key_file].map(|path| !path.as_os_str().is_empty());
        if has_cert == has_key { Ok(()) } else { Err(Error::RedisIdentity) }
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
