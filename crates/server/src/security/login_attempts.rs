//! Limits wrong passwords, for each account and from each address.

use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use app::state::rows::EmailKey;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::config;
use crate::metrics::Metrics;
use crate::security::bucket_map::BucketMap;
use crate::security::rate_limits::Network;
use crate::system::logging::Thinned;

const MINUTE_US: i64 = 60_000_000;
/// Logged refusals per second.
const LOGGED_PER_S: u32 = 20;

/// Counts wrong passwords. An attempt is counted before its check and returned if the password was right, so that of a hundred
/// concurrent attempts no more are checked than of a hundred successive ones.
pub struct Guesses {
    accounts: Option<Attempts<EmailKey>>,
    networks: Option<Attempts<Network>>,
    started: Instant,
    refused: Family<Reason, Counter>,
    logged: Thinned,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// An attempt in progress; dropping it returns it to its limits unless the password was wrong.
pub struct Guess<'a> {
    guesses: &'a Guesses,
    account: EmailKey,
    network: Option<Network>,
    was_wrong: bool,
}

impl Guesses {
    pub fn new(limits: &config::Limits, metrics: &Metrics) -> Guesses {
        let refused = Family::default();
        let help = "Refused logins: a wrong password, or too many wrong passwords before";
        metrics.register(|registry| registry.register("logins_refused", help, Family::clone(&refused)));
        Guesses {
            accounts: Attempts::new(limits.wrong_passwords_per_account),
            networks: Attempts::new(limits.wrong_passwords_per_address),
            started: Instant::now(),
            refused,
            logged: Thinned::new(LOGGED_PER_S),
        }
    }

    /// Begins an attempt; `Err` is the time until the next attempt is allowed.
    pub fn begin(&self, account: EmailKey, address: Option<IpAddr>) -> Result<Guess<'_>, Duration> {
        let network = address.map(Network::of);
        let now = self.now();
        let of_account = self.accounts.as_ref().map_or(Ok(()), |accounts| accounts.take(account, now));
        of_account.inspect_err(|_| self.count("account"))?;
        if let (Some(networks), Some(network)) = (&self.networks, network)
            && let Err(wait) = networks.take(network, now)
        {
            self.accounts.iter().for_each(|accounts| accounts.give_back(account));
            self.count("address");
            return Err(wait);
        }
        Ok(Guess { guesses: self, account, network, was_wrong: false })
    }

    /// Returns how many refusals were not logged before this one; `None` if this one should not be logged either.
    pub fn tells(&self) -> Option<u64> {
        self.logged.admits()
    }

    fn count(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    fn now(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

impl Guess<'_> {
    pub fn was_wrong(mut self) {
        self.was_wrong = true;
        self.guesses.count("password");
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        if self.was_wrong {
            return;
        }
        self.guesses.accounts.iter().for_each(|accounts| accounts.give_back(self.account));
        if let (Some(networks), Some(network)) = (&self.guesses.networks, self.network) {
            networks.give_back(network);
        }
    }
}

/// Wrong passwords of each key in a minute.
struct Attempts<K> {
    interval_us: i64,
    buckets: BucketMap<K>,
}

impl<K: Copy + Eq + Hash> Attempts<K> {
    fn new(per_minute: u32) -> Option<Attempts<K>> {
        let interval_us = MINUTE_US.checked_div(per_minute.into())?;
        Some(Attempts { interval_us: interval_us.max(1), buckets: BucketMap::default() })
    }

    fn take(&self, key: K, now: i64) -> Result<(), Duration> {
        self.buckets.update(key, now, |full_at| {
            let then = (*full_at).max(now) + self.interval_us;
            let wait = then - now - MINUTE_US;
            if wait > 0 {
                return Err(Duration::from_micros(wait.unsigned_abs()));
            }
            *full_at = then;
            Ok(())
        })
    }

    fn give_back(&self, key: K) {
        self.buckets.give_back(key, self.interval_us);
    }
}

/// Rounds a wait up to whole seconds, at least 1.
pub fn seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros().div_ceil(1_000_000)).unwrap_or(u64::MAX).max(1)
}

impl std::fmt::Debug for Guesses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guesses").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::bucket_map::BUCKETS_MAX;

    fn limited(per_minute: u32) -> Attempts<i64> {
        Attempts::new(per_minute).unwrap()
    }

    #[test]
    fn a_minutes_attempts_are_allowed_at_once_and_then_one_per_interval() {
        let attempts = limited(10);
        assert_eq!((0..20).filter(|_| attempts.take(1, 5).is_ok()).count(), 10);
        assert_eq!(attempts.take(1, 5), Err(Duration::from_secs(6)));
        assert!(attempts.take(2, 5).is_ok(), "other keys are not affected");
        assert!(attempts.take(1, 6_000_005).is_ok());
        assert!(attempts.take(1, 6_000_005).is_err());
        assert!(Attempts::<i64>::new(0).is_none(), "0 is no limit");
    }

    #[test]
    fn a_returned_attempt_does_not_count() {
        let attempts = limited(2);
        for _ in 0..100 {
            attempts.take(1, 5).unwrap();
            attempts.give_back(1);
        }
        assert!(attempts.take(1, 5).is_ok());
    }

    #[test]
    fn invented_keys_take_bounded_memory() {
        let attempts = limited(1);
        let granted = (0..300_000).filter(|key| attempts.take(*key, 5).is_ok()).count();
        assert_eq!(granted, BUCKETS_MAX + 1);
        assert!(attempts.take(-1, 2 * MINUTE_US).is_ok());
    }
}
