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
        if self.address().is_some_and(names_many) {
            return Err(Error::RedisOfMany);
        }
        let is_known = |address: &str| ["redis://", "rediss://"].iter().any(|scheme| address.starts_with(scheme));
        if self.address().is_some_and(|address| !is_known(address) || address.contains('#')) {
            return Err(Error::Redis);
        }
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

/// Returns true for the ways in which other programs write the addresses of a cluster or of sentinels.
fn names_many(address: &str) -> bool {
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    // A password may contain a comma.
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    scheme.contains("cluster") || scheme.contains("sentinel") || hosts.contains(',')
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

#[cfg(test)]
mod tests {
    use super::names_many;

    #[test]
    fn addresses_of_several_servers_are_known() {
        for address in [
            "redis://a:6379,b:6379/0",
            "rediss://user:pass@a:6379,b:6379",
            "redis-sentinel://a:26379/primary",
            "rediss+cluster://a:6379",
        ] {
            assert!(names_many(address), "{address}");
        }
        for address in ["redis://user:a,b@host:6379/0", "rediss://host", "redis://[::1]:6379/", "host:6379"] {
            assert!(!names_many(address), "{address}");
        }
    }
}
