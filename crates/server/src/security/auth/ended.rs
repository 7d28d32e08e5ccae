//! The tokens that their users ended by logging out, until they expire by themselves.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use sha2::{Digest as _, Sha256};

/// Fewer tokens than this are not worth a search for those that have expired.
const SWEPT_MIN: usize = 1_024;

/// Tokens by their marks, with the seconds of their expiry.
#[derive(Default)]
pub(super) struct Ended {
    /// False while no token has ended; then no lock is taken.
    has_any: AtomicBool,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    expiries: HashMap<u64, u64>,
    /// The number of tokens from which on the expired ones are searched: so each is looked at a few times only.
    sweep_at: usize,
}

impl Ended {
    pub(super) fn has(&self, mark: u64) -> bool {
        self.has_any() && self.known.read().expiries.contains_key(&mark)
    }

    pub(super) fn has_any(&self) -> bool {
        self.has_any.load(Ordering::Acquire)
    }

    /// Records that a token ended; returns true if that is news.
    pub(super) fn end(&self, mark: u64, expires_s: u64, now_s: u64) -> bool {
        let mut known = self.known.write();
        if known.expiries.len() >= known.sweep_at.max(SWEPT_MIN) {
            known.expiries.retain(|_, expires| now_s < *expires);
            known.sweep_at = 2 * known.expiries.len();
        }
        let is_news = known.expiries.insert(mark, expires_s).is_none();
        self.has_any.store(true, Ordering::Release);
        is_news
    }
}

/// Returns the first 64 bits of the SHA-256 of the part of a token that its issuer signed. The signature is left out, because
/// for some algorithms anybody can make a second valid one from the first.
pub(super) fn mark_of(token: &str) -> u64 {
    let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
    let digest = Sha256::digest(signed);
    u64::from_be_bytes(std::array::from_fn(|at| digest[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_that_of_the_signed_part() {
        assert_eq!(mark_of("header.claims.signature"), mark_of("header.claims.another"));
        assert_ne!(mark_of("header.claims.signature"), mark_of("header.others.signature"));
    }

    #[test]
    fn expired_tokens_are_forgotten_when_there_are_many() {
        let ended = Ended::default();
        assert!(!ended.has_any() && !ended.has(1));
        for mark in 0..100_000 {
            assert!(ended.end(mark, mark + 10, mark));
            assert!(ended.has(mark) && ended.has(mark.saturating_sub(5)), "what is valid is not forgotten");
        }
        assert!(!ended.end(99_999, 100_009, 99_999), "known already");
        assert!(ended.known.read().expiries.len() <= SWEPT_MIN);
    }
}
