//! The port to API keys, and to the moments from which on tokens are valid.

use domain::api_key::ApiKey;
use domain::ids::{ApiKeyId, UserId};
use domain::time::Timestamp;

use crate::ports::future::Reading;
use crate::state::rows::{EmailKey, EndedToken, Recorded, WantedDeeds};

/// Reads API keys, and from when on tokens are valid.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait PeopleViews: Send + Sync {
    /// Returns the users whose earlier tokens are worth nothing, and from which moment on: those that changed after
    /// another moment.
    fn tokens_since(&self, after: Timestamp) -> Reading<'_, Vec<(UserId, Timestamp)>>;

    /// Returns the tokens that ended by logging out after a moment.
    fn ended_tokens(&self, after: Timestamp) -> Reading<'_, Vec<EndedToken>>;

    /// Returns the key under which a user's login is stored. That of a person of another provider follows from no address.
    fn email_key(&self, user: UserId) -> Reading<'_, Option<EmailKey>>;

    /// Returns the API key with a secret of this SHA-256.
    fn api_key(&self, hash: [u8; 32]) -> Reading<'_, Option<ApiKey>>;

    /// Returns lines of the trail, newest first, from before the given one on.
    fn trail(&self, wanted: WantedDeeds, before: Option<i64>, limit: usize) -> Reading<'_, Vec<Recorded>>;

    /// Returns API keys, newest first, from before the given one on.
    fn api_keys(&self, before: Option<ApiKeyId>, limit: usize) -> Reading<'_, Vec<ApiKey>>;
}
