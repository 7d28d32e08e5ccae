//! The moment from which on the tokens of a user are valid: earlier ones ended when the password was changed.

use std::collections::HashMap;

use domain::ids::UserId;
use domain::time::Timestamp;
use parking_lot::RwLock;

/// The users who changed their password lately. Only these are kept: older tokens have expired.
#[derive(Default)]
pub(super) struct ValidSince(RwLock<HashMap<i64, u64>>);

impl ValidSince {
    /// Returns the second from which on a user's tokens are valid.
    pub(super) fn of(&self, user: i64) -> u64 {
        self.0.read().get(&user).copied().unwrap_or(0)
    }

    /// Records that a user's tokens end at a moment; returns true if that is news.
    pub(super) fn end(&self, user: UserId, at: Timestamp) -> bool {
        let second = second_after(at);
        let mut users = self.0.write();
        let known = users.entry(user.0).or_default();
        let is_news = *known < second;
        *known = (*known).max(second);
        is_news
    }

    /// Forgets those whose earlier tokens have all expired.
    pub(super) fn forget_before(&self, at: Timestamp) {
        let second = second_after(at);
        self.0.write().retain(|_, since| *since >= second);
    }
}

/// Tokens have whole seconds: those made in the second of the change count as made before it.
fn second_after(at: Timestamp) -> u64 {
    u64::try_from(at.micros().div_euclid(1_000_000) + 1).unwrap_or(0)
}
