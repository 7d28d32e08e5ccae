//! The order that a seed draws: a permutation that is computed for one number at a time.
//!
//! Four rounds of a Feistel network over SHA-256 permute the numbers below a power of four; a result outside of the range
//! is permuted again. So anyone who knows the seed and the count can compute every place.

use sha2::{Digest as _, Sha256};

const ROUNDS: u8 = 4;

/// Returns the place, from 1, of the ticket with this number among `count` tickets.
pub(super) fn place(seed: &[u8; 32], number: i64, count: i64) -> i64 {
    let (mut value, count) = ((number - 1).unsigned_abs(), count.unsigned_abs());
    let half_bits = half_bits(count);
    // The walk ends: the permutation's cycle comes back to the range.
    loop {
        value = permute(seed, value, half_bits);
        if value < count {
            return i64::try_from(value).unwrap_or(i64::MAX - 1) + 1;
        }
    }
}

/// Returns half of the bits of the smallest power of four that is not below `count`.
const fn half_bits(count: u64) -> u32 {
    let bits = u64::BITS - count.saturating_sub(1).leading_zeros();
    let half = bits.div_ceil(2);
    if half == 0 { 1 } else { half }
}

fn permute(seed: &[u8; 32], value: u64, half_bits: u32) -> u64 {
    let mask = (1_u64 << half_bits) - 1;
    let (mut left, mut right) = (value >> half_bits, value & mask);
    for round in 0..ROUNDS {
        let digest =
            Sha256::new().chain_update(seed).chain_update([round]).chain_update(right.to_be_bytes()).finalize();
        let mut mixed = [0; 8];
        mixed.copy_from_slice(&digest[..8]);
        (left, right) = (right, (left ^ u64::from_be_bytes(mixed)) & mask);
    }
    (left << half_bits) | right
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_place_is_given_once() {
        for count in [1, 2, 3, 4, 5, 16, 17, 1_000] {
            let places: BTreeSet<i64> = (1..=count).map(|number| place(&[7; 32], number, count)).collect();
            assert!(places.iter().copied().eq(1..=count), "{count}");
        }
    }

    #[test]
    fn another_seed_draws_another_order() {
        let order = |seed| (1..=100).map(|number| place(&[seed; 32], number, 100)).collect::<Vec<_>>();
        assert_ne!(order(1), order(2));
        assert_ne!(order(1), (1..=100).collect::<Vec<_>>());
    }
}
