//! Events of drops.

use std::sync::Arc;

use domain::drops::{Offer, WaitingRoom};
use domain::ids::{DropId, ProductId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::events::wire_time;

payload! {
    ProductPutIntoDrop { product_id: ProductId, drop_id: DropId, }
    ProductTakenOutOfDrop { product_id: ProductId, drop_id: DropId, }
    DropCreated {
        drop_id: DropId,
        name: Arc<str>,
        #[serde(with = "wire_time")]
        starts_at: Timestamp,
        #[serde(with = "wire_time")]
        ends_at: Timestamp,
        products: Vec<Offer>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        per_customer: Option<i64>,
        /// Absent without a limit, and in events of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        per_payment_method: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting_room: Option<WaitingRoom>,
        /// SHA-256 of the seed that draws the order of those who come before; absent in events of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed_commitment: Option<String>,
    }
    DropChanged {
        drop_id: DropId,
        paused: bool,
        #[serde(with = "wire_time")]
        ends_at: Timestamp,
        /// Absent without a waiting room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        admit_per_second: Option<i64>,
    }
    /// A drop opened, sold its last unit, or closed.
    DropMoment {
        drop_id: DropId,
        name: Arc<str>,
        #[serde(with = "wire_time")]
        at: Timestamp,
    }
}
