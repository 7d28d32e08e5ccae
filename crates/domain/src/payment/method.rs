//! Payment methods.

use serde::{Deserialize, Serialize};

/// A payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    Card,
    Account,
    General,
}

impl Method {
    pub const ALL: [Method; 3] = [Method::Card, Method::Account, Method::General];

    pub const fn name(self) -> &'static str {
        match self {
            Method::Card => "CARD",
            Method::Account => "ACCOUNT",
            Method::General => "GENERAL",
        }
    }
}
