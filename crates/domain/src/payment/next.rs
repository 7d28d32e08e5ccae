//! The next call to the provider, and the pauses between calls.

use std::time::Duration;

use crate::time::Timestamp;
use crate::word::words;

/// The pause after the first try; each further one is twice as long, up to [`PAUSE_MAX`].
pub const PAUSE_MIN: Duration = Duration::from_secs(1);
pub const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The next call to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    pub way: NextCall,
    /// `None` until the request has reached the consumer group that calls the provider.
    pub due: Option<Timestamp>,
    /// Calls of this operation that had no final result.
    pub tries: i64,
}

/// Returns the pause after a number of tries: it doubles from [`PAUSE_MIN`] to [`PAUSE_MAX`].
pub fn pause(tries: i64) -> Duration {
    let doublings = u32::try_from(tries).unwrap_or(u32::MAX).min(16);
    PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX)
}

/// The first call of an operation.
pub(super) const fn first(at: Timestamp) -> Option<Next> {
    Some(Next { way: NextCall::Execute, due: Some(at), tries: 0 })
}

words! {
    /// The kind of the next call to the provider.
    pub enum NextCall {
        /// Executes the operation, under its idempotency key.
        Execute = "DO",
        /// Queries the operation's result.
        Query = "LOOK_UP",
    }
}
