//! The session that a valid token begins.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use app::commands::Command;
use domain::time::Timestamp;

use super::principal::Principal;

/// A token's principal and expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub principal: Principal,
    pub(super) expires_s: u64,
    /// Identifies the token.
    pub(super) mark: u64,
}

impl Session {
    /// Returns how long the token is still valid.
    pub fn left(&self) -> Duration {
        Duration::from_secs(self.expires_s).saturating_sub(since_epoch())
    }

    /// Returns the command that ends the token.
    pub fn ending(&self) -> Command {
        let expires_us = i64::try_from(self.expires_s).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
        let expires = Timestamp::from_micros(expires_us.unwrap_or(i64::MAX));
        Command::EndToken { mark: self.mark.cast_signed(), expires }
    }
}

pub(super) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
