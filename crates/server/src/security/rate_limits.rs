//! Rate limits of writes, for each user and each address. Off by default.

use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Instant;

use app::resilience::rates::{Rate, SharedRates, Taken};
use domain::ids::UserId;

use crate::config;
use crate::security::bucket_map::BucketMap;

/// A network that is limited as one: an IPv4 address, or the /64 network of an IPv6 address, which one customer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    pub fn of(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V6(v6) => Network(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64))),
            v4 @ IpAddr::V4(_) => Network(v4),
        }
    }

    /// Returns the wider network that a hoster or an office has: /24 of IPv4, /48 of IPv6.
    pub fn wide(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V6(v6) => Network(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80))),
            IpAddr::V4(v4) => Network(IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() >> 8 << 8))),
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
    joins: Option<Buckets<Network>>,
    shared: Option<Arc<dyn SharedRates>>,
    started: Instant,
}

/// The result of a write against the limit that leaves the fewest further writes.
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
            joins: config.network_joins().map(Buckets::new),
            shared,
            started: Instant::now(),
        }
    }

    /// True if there is any limit.
    pub fn are_set(&self) -> bool {
        self.users.is_some() || self.networks.is_some()
    }

    /// True if joins of waiting rooms are limited.
    pub const fn have_joins(&self) -> bool {
        self.joins.is_some()
    }

    /// Takes one join of a waiting room from the limit of the address's wider network.
    pub async fn take_join(&self, address: Option<IpAddr>) -> Option<Verdict> {
        let (buckets, network) = (self.joins.as_ref()?, Network::wide(address?));
        let now = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        let taken = self.take_one(format!("joins:{network}"), buckets, network, now).await;
        Some(Verdict { name: "joins", rate: buckets.rate, taken })
    }

    /// Takes one write from the limits of a user and an address. If the user's limit refuses, the address's is not charged.
    pub async fn take(&self, user: Option<UserId>, address: Option<IpAddr>) -> Option<Verdict> {
        let now = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        let mut verdict: Option<Verdict> = None;
        if let (Some(buckets), Some(user)) = (&self.users, user) {
            let taken = self.take_one(format!("user:{}", user.0), buckets, user, now).await;
            verdict = Some(Verdict { name: "user", rate: buckets.rate, taken });
        }
        if verdict.is_some_and(|verdict| !verdict.taken.is_granted) {
            return verdict;
        }
        if let (Some(buckets), Some(network)) = (&self.networks, address.map(Network::of)) {
            let taken = self.take_one(format!("address:{}", network.0), buckets, network, now).await;
            if !taken.is_granted || verdict.is_none_or(|verdict| taken.left < verdict.taken.left) {
                verdict = Some(Verdict { name: "address", rate: buckets.rate, taken });
            }
        }
        verdict
    }

    async fn take_one<K: Copy + Eq + Hash>(&self, name: String, buckets: &Buckets<K>, key: K, now: i64) -> Taken {
        let shared = match &self.shared {
            Some(shared) => shared.take(name, buckets.rate).await,
            None => None,
        };
        shared.unwrap_or_else(|| buckets.take(key, now))
    }
}

struct Buckets<K> {
    rate: Rate,
    buckets: BucketMap<K>,
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    fn new(rate: Rate) -> Buckets<K> {
        Buckets { rate, buckets: BucketMap::default() }
    }

    fn take(&self, key: K, now: i64) -> Taken {
        self.buckets.update(key, now, |full_at| {
            let (then, taken) = self.rate.take(*full_at, now);
            *full_at = then;
            taken
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::bucket_map::BUCKETS_MAX;

    const RATE: Rate = Rate { per_s: 1, burst: 2 };

    #[test]
    fn every_key_has_its_own_bucket() {
        let buckets = Buckets::new(RATE);
        let granted = |key: i64| buckets.take(key, 1).is_granted;
        assert_eq!([granted(1), granted(1), granted(1), granted(2)], [true, true, false, true]);
    }

    #[test]
    fn invented_keys_take_bounded_memory_and_share_a_bucket() {
        let buckets = Buckets::new(RATE);
        let granted = (0..300_000_i64).filter(|key| buckets.take(*key, 1).is_granted).count();
        assert_eq!(granted, BUCKETS_MAX + 2);
        // Later the buckets are full again and are removed.
        assert!(buckets.take(-1, 10_000_000).is_granted);
    }

    #[test]
    fn an_ipv6_network_of_64_bits_counts_as_one() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn a_wider_network_counts_as_one() {
        let network = |text: &str| Network::wide(text.parse().unwrap());
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.200"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
        assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:ffff::1"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:1:1::1"));
    }
}
