//! Rate limits of writes, and the checks of joins.

use std::time::Duration;

use app::resilience::rates::Rate;
use serde::{Deserialize, Serialize};

use super::Error;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    user_per_s: u32,
    user_burst: u32,
    address_per_s: u32,
    address_burst: u32,
    network_joins_per_s: u32,
    network_joins_burst: u32,
    pub wrong_passwords_per_account: u32,
    pub wrong_passwords_per_address: u32,
}

impl Limits {
    /// Returns the limit of each user, if there is one.
    pub fn user(&self) -> Option<Rate> {
        rate(self.user_per_s, self.user_burst)
    }

    /// Returns the limit of each address, if there is one.
    pub fn address(&self) -> Option<Rate> {
        rate(self.address_per_s, self.address_burst)
    }

    /// Returns the limit of each network's joins of waiting rooms, if there is one.
    pub fn network_joins(&self) -> Option<Rate> {
        rate(self.network_joins_per_s, self.network_joins_burst)
    }
}

fn rate(per_s: u32, burst: u32) -> Option<Rate> {
    // More than one per microsecond is no limit.
    (1..=1_000_000).contains(&per_s).then_some(Rate { per_s, burst: burst.max(1) })
}

/// The service that checks clients before they join a waiting room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ChallengeBy {
    None,
    Http,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Drops {
    challenge: ChallengeBy,
    challenge_url: String,
    challenge_timeout_ms: u64,
    pub challenge_fails_open: bool,
    #[serde(skip)]
    secret: ChallengeSecret,
}

#[derive(Clone, Default)]
struct ChallengeSecret(Option<String>);

impl std::fmt::Debug for ChallengeSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Drops {
    /// Returns the address of the service, if there is one.
    pub fn challenge_url(&self) -> Option<&str> {
        (self.challenge == ChallengeBy::Http).then_some(self.challenge_url.as_str())
    }

    pub fn challenge_secret(&self) -> Option<&str> {
        self.secret.0.as_deref()
    }

    pub const fn challenge_timeout(&self) -> Duration {
        Duration::from_millis(self.challenge_timeout_ms)
    }

    pub(super) fn set_secret(&mut self, secret: Option<String>) {
        self.secret = ChallengeSecret(secret);
    }

    pub(super) const fn at_least_one(&self) -> [(&'static str, u64); 1] {
        [("drops.challenge_timeout_ms", self.challenge_timeout_ms)]
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.challenge_timeout_ms > 30_000 {
            let (key, given) = ("drops.challenge_timeout_ms", self.challenge_timeout_ms);
            return Err(Error::OutOfRange { key, given, expected: "at most 30000" });
        }
        if self.challenge_url().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            return Err(Error::Drops(
                "drops.challenge is \"http\": set drops.challenge_url to an address of http or https",
            ));
        }
        Ok(())
    }
}
