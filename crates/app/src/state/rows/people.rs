//! People who log in, their roles, and the tokens that they have ended.

use std::sync::Arc;

use domain::ids::UserId;
use domain::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub user: UserId,
    pub email: Arc<str>,
    pub name: Arc<str>,
    pub password_hash: Arc<str>,
    pub role: Role,
    /// Tokens that were made before are worth nothing.
    pub tokens_since: Option<Timestamp>,
}

/// A token that its user ended by logging out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedToken {
    /// The first 64 bits of the SHA-256 of what its issuer signed.
    pub mark: i64,
    pub ended: Timestamp,
    /// The expiry of the token.
    pub expires: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Customer,
    /// May read everything on the admin paths.
    Viewer,
    /// May do the daily work, too.
    Operator,
    Admin,
    /// Had one of the roles above, and lost it.
    Former,
}

impl Role {
    pub const ALL: [Role; 5] = [Role::Customer, Role::Viewer, Role::Operator, Role::Admin, Role::Former];

    pub const fn name(self) -> &'static str {
        match self {
            Role::Customer => "customer",
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
            Role::Former => "former",
        }
    }

    /// Returns the role as people see it.
    pub const fn shown(self) -> &'static str {
        match self {
            Role::Former => Role::Customer.name(),
            Role::Customer | Role::Viewer | Role::Operator | Role::Admin => self.name(),
        }
    }
}
