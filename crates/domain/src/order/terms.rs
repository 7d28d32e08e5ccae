//! Payment terms of an order.

use serde::{Deserialize, Serialize};

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
