//! How an order is to be claimed and paid.

use serde::{Deserialize, Serialize};

/// How claims are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All requests go out together; any failure restores what was or may have been claimed.
    Parallel,
    /// One decision claims everything or nothing.
    Atomic,
}

impl Mode {
    pub const ALL: [Mode; 2] = [Mode::Parallel, Mode::Atomic];

    pub const fn name(self) -> &'static str {
        match self {
            Mode::Parallel => "parallel",
            Mode::Atomic => "atomic",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Payment {
    Prepaid,
    OnDelivery,
}

impl Payment {
    pub const ALL: [Payment; 2] = [Payment::Prepaid, Payment::OnDelivery];

    pub const fn name(self) -> &'static str {
        match self {
            Payment::Prepaid => "PREPAID",
            Payment::OnDelivery => "ON_DELIVERY",
        }
    }
}
