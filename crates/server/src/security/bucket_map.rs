//! Token buckets by key, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;

use parking_lot::Mutex;

/// Buckets kept at once, about 40 bytes each. Keys beyond them share one bucket.
pub(super) const BUCKETS_MAX: usize = 100_000;
/// Minimum time between two removals of full buckets.
const SWEEP_EVERY_US: i64 = 1_000_000;

/// A bucket for each key, stored as the time in microseconds when it is full again.
pub(super) struct BucketMap<K>(Mutex<Kept<K>>);

struct Kept<K> {
    full_at: HashMap<K, i64>,
    /// The bucket of all keys that found no room.
    shared_full_at: i64,
    swept: i64,
}

impl<K> Default for BucketMap<K> {
    fn default() -> BucketMap<K> {
        BucketMap(Mutex::new(Kept { full_at: HashMap::new(), shared_full_at: 0, swept: 0 }))
    }
}

impl<K: Copy + Eq + Hash> BucketMap<K> {
    /// Changes the bucket of a key. A new bucket is full.
    pub(super) fn update<T>(&self, key: K, now: i64, change: impl FnOnce(&mut i64) -> T) -> T {
        let mut kept = self.0.lock();
        let kept = &mut *kept;
        if kept.full_at.len() >= BUCKETS_MAX && now - kept.swept >= SWEEP_EVERY_US {
            kept.full_at.retain(|_, full_at| *full_at > now);
            kept.swept = now;
        }
        if kept.full_at.len() < BUCKETS_MAX {
            return change(kept.full_at.entry(key).or_default());
        }
        change(kept.full_at.get_mut(&key).unwrap_or(&mut kept.shared_full_at))
    }

    /// Returns what was taken from a bucket; `by_us` is its worth in microseconds.
    pub(super) fn give_back(&self, key: K, by_us: i64) {
        let mut kept = self.0.lock();
        let kept = &mut *kept;
        *kept.full_at.get_mut(&key).unwrap_or(&mut kept.shared_full_at) -= by_us;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_beyond_the_bound_share_a_bucket_until_full_buckets_are_removed() {
        let buckets = BucketMap::default();
        for key in 0..3 * BUCKETS_MAX {
            buckets.update(key, 5, |full_at| *full_at = 10);
        }
        assert_eq!(buckets.0.lock().full_at.len(), BUCKETS_MAX);
        let read = |key, now| buckets.update(key, now, |full_at| *full_at);
        assert_eq!((read(0, 5), read(2 * BUCKETS_MAX, 5)), (10, 10));
        buckets.give_back(2 * BUCKETS_MAX, 1);
        assert_eq!((read(0, 5), read(2 * BUCKETS_MAX, 5)), (10, 9));
        assert_eq!(read(usize::MAX, SWEEP_EVERY_US), 0);
        assert_eq!(buckets.0.lock().full_at.len(), 1);
    }
}
