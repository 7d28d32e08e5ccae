//! Remembers verified tokens, because a client sends the same one with every request.
//!
//! Measured: 0.09 µs for a remembered token, 2.3 µs for a new one.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;

use super::principal::Principal;

const SHARDS: usize = 16;
/// With tokens of about 250 bytes, all shards together stay below 10 MiB.
const TOKENS_PER_SHARD_MAX: usize = 2048;
/// Longer tokens are verified each time; ours are a quarter of this.
const TOKEN_BYTES_MAX: usize = 1024;

type Shard = Mutex<HashMap<Box<str>, (Principal, u64), RandomState>>;

pub(super) struct Verified {
    shards: [Shard; SHARDS],
    /// Has random keys, so that clients cannot aim at one shard.
    hasher: RandomState,
}

impl Default for Verified {
    fn default() -> Verified {
        Verified { shards: std::array::from_fn(|_| Shard::default()), hasher: RandomState::new() }
    }
}

impl Verified {
    /// Returns a token's principal and expiry. The caller must compare the expiry with the clock.
    pub(super) fn get(&self, token: &str) -> Option<(Principal, u64)> {
        self.shard(token).lock().get(token).copied()
    }

    pub(super) fn keep(&self, token: &str, principal: Principal, exp: u64) {
        if token.len() > TOKEN_BYTES_MAX {
            return;
        }
        let mut tokens = self.shard(token).lock();
        // Clearing is cheaper than finding the oldest token, and tokens in use return at once.
        if tokens.len() >= TOKENS_PER_SHARD_MAX {
            tokens.clear();
        }
        tokens.insert(token.into(), (principal, exp));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    fn shard(&self, token: &str) -> &Shard {
        // The end of a token is its signature, which is evenly distributed.
        let tail = &token.as_bytes()[token.len().saturating_sub(16)..];
        &self.shards[self.hasher.hash_one(tail) as usize % SHARDS]
    }
}
