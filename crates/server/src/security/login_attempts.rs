//! How often a wrong password may be tried, for one account and from one address.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use app::state::rows::EmailKey;
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::config;
use crate::metrics::Metrics;
use crate::security::rate_limits::Network;
use crate::system::logging::Thinned;

const MINUTE_US: i64 = 60_000_000;
/// Accounts, and addresses, that are remembered at once; those who find no room share one place.
const KEPT_MAX: usize = 100_000;
/// Those that may try freely again are forgotten so often at most.
const SWEEP_EVERY_US: i64 = 1_000_000;
/// Lines of the log in a second.
const TOLD_PER_S: u32 = 20;

/// Counts wrong passwords. A try is counted before it is checked, and given back when it was right: of a hundred at the same
/// time, no more are checked than of a hundred one after the other.
pub struct Guesses {
    accounts: Option<Counted<EmailKey>>,
    networks: Option<Counted<Network>>,
    started: Instant,
    refused: Family<Reason, Counter>,
    told: Thinned,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// A try under way, given back unless it was wrong.
pub struct Guess<'a> {
    guesses: &'a Guesses,
    account: EmailKey,
    network: Option<Network>,
    was_wrong: bool,
}

impl Guesses {
    pub fn new(limits: &config::Limits, metrics: &Metrics) -> Guesses {
        let refused = Family::default();
        let help = "Logins that were refused: the password was wrong, or too many were";
        metrics.register(|registry| registry.register("logins_refused", help, Family::clone(&refused)));
        Guesses {
            accounts: Counted::new(limits.wrong_passwords_per_account),
            networks: Counted::new(limits.wrong_passwords_per_address),
            started: Instant::now(),
            refused,
            told: Thinned::new(TOLD_PER_S),
        }
    }

    /// Begins a try, or says how long none may be made.
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

    /// Whether a refusal is to be written into the log, and how many were not before it.
    pub fn tells(&self) -> Option<u64> {
        self.told.admits()
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

struct Counted<K> {
    interval_us: i64,
    kept: Mutex<Kept<K>>,
}

struct Kept<K> {
    /// When each may try as often as anybody again.
    free_at: HashMap<K, i64>,
    /// The same of those who found no room.
    rest_free_at: i64,
    swept: i64,
}

impl<K: Copy + Eq + Hash> Counted<K> {
    fn new(per_minute: u32) -> Option<Counted<K>> {
        let interval_us = MINUTE_US.checked_div(per_minute.into())?;
        let kept = Kept { free_at: HashMap::new(), rest_free_at: 0, swept: 0 };
        Some(Counted { interval_us: interval_us.max(1), kept: Mutex::new(kept) })
    }

    fn take(&self, key: K, now: i64) -> Result<(), Duration> {
        let mut kept = self.kept.lock();
        if kept.free_at.len() >= KEPT_MAX && now - kept.swept >= SWEEP_EVERY_US {
            kept.free_at.retain(|_, free_at| *free_at > now);
            kept.swept = now;
        }
        let has_room = kept.free_at.len() < KEPT_MAX || kept.free_at.contains_key(&key);
        let kept = &mut *kept;
        let free_at = if has_room { kept.free_at.entry(key).or_default() } else { &mut kept.rest_free_at };
        let then = (*free_at).max(now) + self.interval_us;
        let wait = then - now - MINUTE_US;
        if wait > 0 {
            return Err(Duration::from_micros(wait.unsigned_abs()));
        }
        *free_at = then;
        Ok(())
    }

    fn give_back(&self, key: K) {
        let mut kept = self.kept.lock();
        match kept.free_at.get_mut(&key) {
            Some(free_at) => *free_at -= self.interval_us,
            None => kept.rest_free_at -= self.interval_us,
        }
    }
}

/// Never before it is true.
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

    fn counted(per_minute: u32) -> Counted<i64> {
        Counted::new(per_minute).unwrap()
    }

    #[test]
    fn so_many_are_let_through_at_once_and_one_more_now_and_then() {
        let counted = counted(10);
        assert_eq!((0..20).filter(|_| counted.take(1, 5).is_ok()).count(), 10);
        assert_eq!(counted.take(1, 5), Err(Duration::from_secs(6)));
        assert!(counted.take(2, 5).is_ok(), "others are not concerned");
        assert!(counted.take(1, 6_000_005).is_ok());
        assert!(counted.take(1, 6_000_005).is_err());
        assert!(Counted::<i64>::new(0).is_none(), "0 is no limit");
    }

    #[test]
    fn what_is_given_back_was_never_taken() {
        let counted = counted(2);
        for _ in 0..100 {
            counted.take(1, 5).unwrap();
            counted.give_back(1);
        }
        assert!(counted.take(1, 5).is_ok());
    }

    #[test]
    fn inventions_take_bounded_room() {
        let counted = counted(1);
        let granted = (0..300_000).filter(|key| counted.take(*key, 5).is_ok()).count();
        assert_eq!((granted, counted.kept.lock().free_at.len()), (KEPT_MAX + 1, KEPT_MAX));
        assert!(counted.take(-1, 2 * MINUTE_US).is_ok());
        assert_eq!(counted.kept.lock().free_at.len(), 1);
    }
}
