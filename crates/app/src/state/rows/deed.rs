//! The trail: what people and programs did in the shop's administration.

use std::sync::Arc;

use domain::ids::{ApiKeyId, UserId};
use domain::time::Timestamp;

use crate::state::rows::Role;

/// An act on the admin paths, and who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    pub by: UserId,
    /// The role in force.
    pub role: Role,
    /// The key of the program that acted for the user.
    pub key: Option<ApiKeyId>,
    /// The name of the operation, for example `resolveOrder`.
    pub action: Arc<str>,
    /// The path below the admin paths, for example `orders/ORD-7M3K9Q2XWP4T/resolve`.
    pub subject: Arc<str>,
    pub reason: Option<Arc<str>>,
    /// The body of the request as JSON, without secrets.
    pub change: Option<Arc<str>>,
}

/// A line of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Assigned by the store, in the order of commits; 0 before.
    pub id: i64,
    pub deed: Deed,
    pub at: Timestamp,
}

/// The lines that a reader wants; `None` means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedDeeds {
    pub by: Option<UserId>,
    pub action: Option<Arc<str>>,
    /// The subject, or the beginning of its path.
    pub subject: Option<Arc<str>>,
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub to: Option<Timestamp>,
}
