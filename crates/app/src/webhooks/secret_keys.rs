//! The port to the keys that encrypt the secrets of endpoints at rest. Commands, rows, answers and snapshots carry a
//! secret as it is stored; only the edge and the sender open it.

use std::sync::Arc;

/// Why a stored secret cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the endpoint's secret is encrypted with the key {key}, which this process does not have")]
    UnknownKey { key: Arc<str> },
    #[error("the endpoint's secret is damaged: the key {key} does not decrypt it; rotate it")]
    Damaged { key: Arc<str> },
    #[error("the endpoint's secret is in no known form; rotate it")]
    UnknownForm,
}

pub trait SecretKeys: Send + Sync {
    /// Returns true if there is a key that encrypts.
    fn encrypts(&self) -> bool;

    /// Returns the secret behind its stored form.
    ///
    /// # Errors
    ///
    /// The reason, with the id of the key.
    fn open(&self, stored: &str) -> Result<Arc<str>, Unreadable>;

    /// Returns the stored form of the same secret under the newest key. `None` if it has that form already, if there is no
    /// key, or if it cannot be read.
    ///
    /// # Errors
    ///
    /// If there are no random bytes.
    fn renewed(&self, stored: &str) -> Result<Option<Arc<str>>, String>;
}
