//! The mode in which orders are claimed, with a row for each change: the newest is in force, all of them are the
//! history.

use std::sync::Arc;

use domain::ids::UserId;
use domain::order::Modes;
use domain::time::Timestamp;

use super::key::Key;

/// The key of the newest change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModesKey;

impl From<ModesKey> for Key {
    fn from(ModesKey: ModesKey) -> Key {
        Key::Modes
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModesChange {
    /// Counts the changes from 1.
    pub version: i64,
    pub modes: Modes,
    pub before: Modes,
    /// The admin; `None` where the canary rule made the change.
    pub by: Option<UserId>,
    pub reason: Arc<str>,
    pub at: Timestamp,
}
