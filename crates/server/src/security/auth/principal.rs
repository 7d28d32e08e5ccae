//! The user that a valid token speaks for.

use domain::limits::NUMBER_MAX;
use serde::{Deserialize, Serialize};

/// Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Customer,
    Viewer,
    Operator,
    Admin,
}

/// The user and role of a valid token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    pub user_id: i64,
    pub role: Role,
}

impl Principal {
    /// Returns true if the user may see the admin paths.
    pub fn is_staff(&self) -> bool {
        self.role >= Role::Viewer
    }
}

/// A token was refused. The client gets no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// Returns the number of a user in a token, if it is written as the shop writes it.
pub(super) fn user_id_of(sub: &str) -> Option<i64> {
    let canonical = sub.bytes().all(|b| b.is_ascii_digit()) && !sub.starts_with('0');
    // Some JSON readers round larger numbers, and would take them for another user.
    sub.parse().ok().filter(|id| canonical && *id <= NUMBER_MAX)
}
