//! Remembers verified tokens, because a client sends the same one with every request.
//!
//! A token is kept as its mark, two hashes under random keys that never leave the process: a token with the mark of
//! another one cannot be found without them, and is guessed with a chance of 2⁻¹²⁸. So an entry takes 48 bytes instead
//! of some 300, and there is room for the tokens of a crowd.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use parking_lot::Mutex;

use super::session::Session;

const SHARDS: usize = 16;
/// The most tokens of a table of 32,768 places. All shards together have 458,752 tokens in 25 MiB.
const TOKENS_PER_SHARD_MAX: usize = 28_672;

type Shard = Mutex<HashMap<u128, Session, BuildHasherDefault<Marked>>>;

pub(super) struct Verified {
    shards: [Shard; SHARDS],
    hashers: [RandomState; 2],
}

impl Default for Verified {
    fn default() -> Verified {
        Verified {
            shards: std::array::from_fn(|_| Shard::default()),
            hashers: std::array::from_fn(|_| RandomState::new()),
        }
    }
}

impl Verified {
    /// Returns a token's session. The caller must compare the expiry with the clock.
    pub(super) fn get(&self, token: &str) -> Option<Session> {
        let mark = self.mark(token);
        self.shard(mark).lock().get(&mark).copied()
    }

    pub(super) fn keep(&self, token: &str, session: Session) {
        let mark = self.mark(token);
        let mut tokens = self.shard(mark).lock();
        // Clearing is cheaper than finding the oldest token, and tokens in use return at once.
        if tokens.len() >= TOKENS_PER_SHARD_MAX {
            tokens.clear();
        }
        tokens.insert(mark, session);
    }

    pub(super) fn forget(&self, token: &str) {
        let mark = self.mark(token);
        self.shard(mark).lock().remove(&mark);
    }

    /// Forgets the tokens whose sessions have one of these marks.
    pub(super) fn forget_marked(&self, marks: &HashSet<u64>) {
        self.shards.iter().for_each(|shard| shard.lock().retain(|_, session| !marks.contains(&session.mark)));
    }

    /// Forgets every token, so that each is verified again.
    pub(super) fn forget_all(&self) {
        self.shards.iter().for_each(|shard| shard.lock().clear());
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    fn mark(&self, token: &str) -> u128 {
        let [first, second] = &self.hashers;
        u128::from(first.hash_one(token)) << 64 | u128::from(second.hash_one(token))
    }

    fn shard(&self, mark: u128) -> &Shard {
        &self.shards[(mark >> 64) as usize % SHARDS]
    }
}

/// A mark is distributed evenly already.
#[derive(Default)]
struct Marked(u64);

impl Hasher for Marked {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u128(&mut self, mark: u128) {
        self.0 = mark as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
