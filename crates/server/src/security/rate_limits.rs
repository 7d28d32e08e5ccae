//! How often a user, or an address, may write. Off unless it is set.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Instant;

use app::resilience::rates::{Rate, SharedRates, Taken};
use domain::ids::UserId;
use parking_lot::Mutex;

use crate::config;

/// Buckets kept at once, some 40 bytes each. Whoever comes when all are in use shares one with the others who do.
const BUCKETS_MAX: usize = 100_000;
/// Full buckets are thrown away so often at most.
const SWEEP_EVERY_US: i64 = 1_000_000;

/// A network that counts as one: an address, or the half of an IPv6 address that one customer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    pub fn of(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V6(v6) => Network(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64))),
            v4 @ IpAddr::V4(_) => Network(v4),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub struct Limits {
    users: Option<Buckets<UserId>>,
    networks: Option<Buckets<Network>>,
    shared: Option<Arc<dyn SharedRates>>,
    started: Instant,
}

/// What came of a write: by the limit that leaves least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub name: &'static str,
    pub rate: Rate,
    pub taken: Taken,
}

impl Limits {
    pub fn new(config: &config::Limits, shared: Option<Arc<dyn SharedRates>>) -> Limits {
        Limits {
            users: config.user().map(Buckets::new),
            networks: config.address().map(Buckets::new),
            shared,
            started: Instant::now(),
        }
    }

    /// Whether anything is limited at all.
    pub fn are_set(&self) -> bool {
        self.users.is_some() || self.networks.is_some()
    }

    /// Takes one write of a user and of an address. What one of them is refused is not taken from the other.
    pub async fn take(&self, user: Option<UserId>, address: Option<IpAddr>) -> Option<Verdict> {
        let now = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        let mut verdict: Option<Verdict> = None;
        if let (Some(buckets), Some(user)) = (&self.users, user) {
            let taken = self.take_one(format!("user:{}", user.0), buckets, (user, now)).await;
            verdict = Some(Verdict { name: "user", rate: buckets.rate, taken });
        }
        if verdict.is_some_and(|verdict| !verdict.taken.is_granted) {
            return verdict;
        }
        if let (Some(buckets), Some(network)) = (&self.networks, address.map(Network::of)) {
            let taken = self.take_one(format!("address:{}", network.0), buckets, (network, now)).await;
            if !taken.is_granted || verdict.is_none_or(|verdict| taken.left < verdict.taken.left) {
                verdict = Some(Verdict { name: "address", rate: buckets.rate, taken });
            }
        }
        verdict
    }

    async fn take_one<K: Copy + Eq + Hash>(&self, name: String, buckets: &Buckets<K>, (key, now): (K, i64)) -> Taken {
        let shared = match &self.shared {
            Some(shared) => shared.take(name, buckets.rate).await,
            None => None,
        };
        shared.unwrap_or_else(|| buckets.take(key, now))
    }
}

struct Buckets<K> {
    rate: Rate,
    kept: Mutex<Kept<K>>,
}

struct Kept<K> {
    /// When each bucket is full again.
    full_at: HashMap<K, i64>,
    /// The one of those who found no room.
    of_the_rest: i64,
    swept: i64,
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    fn new(rate: Rate) -> Buckets<K> {
        Buckets { rate, kept: Mutex::new(Kept { full_at: HashMap::new(), of_the_rest: 0, swept: 0 }) }
    }

    fn take(&self, key: K, now: i64) -> Taken {
        let mut kept = self.kept.lock();
        if kept.full_at.len() >= BUCKETS_MAX && now - kept.swept >= SWEEP_EVERY_US {
            kept.full_at.retain(|_, full_at| *full_at > now);
            kept.swept = now;
        }
        let has_room = kept.full_at.len() < BUCKETS_MAX;
        let known = kept.full_at.get(&key).copied();
        let (full_at, taken) = match known {
            Some(full_at) => self.rate.take(full_at, now),
            None if has_room => self.rate.take(0, now),
            None => {
                let (full_at, taken) = self.rate.take(kept.of_the_rest, now);
                kept.of_the_rest = full_at;
                return taken;
            }
        };
        kept.full_at.insert(key, full_at);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_s: 1, burst: 2 };

    #[test]
    fn everybody_has_a_bucket_of_his_own() {
        let buckets = Buckets::new(RATE);
        let granted = |key: i64| buckets.take(key, 1).is_granted;
        assert_eq!([granted(1), granted(1), granted(1), granted(2)], [true, true, false, true]);
    }

    #[test]
    fn a_crowd_of_inventions_takes_bounded_room_and_shares_a_bucket() {
        let buckets = Buckets::new(RATE);
        let granted = (0..300_000_i64).filter(|key| buckets.take(*key, 1).is_granted).count();
        assert_eq!(granted, BUCKETS_MAX + 2);
        assert_eq!(buckets.kept.lock().full_at.len(), BUCKETS_MAX);
        // Later the buckets are full again and make room.
        assert!(buckets.take(-1, 10_000_000).is_granted);
        assert_eq!(buckets.kept.lock().full_at.len(), 1);
    }

    #[test]
    fn one_customer_has_one_half_of_an_address() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
