//! What only readers outside are told: every movement of stock and points, made of the event that it happened with, and every event
//! that a group gave up.

use std::sync::Arc;

use domain::ids::{Code, ProductId, UserId};
use domain::money::Money;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::events::wire_time;

payload! {
    /// Units of a product moved. A product's figures are the sums of the three changes, in whatever order they are added.
    StockMoved {
        product_id: ProductId,
        movement: StockMovement,
        quantity: i64,
        on_hand_change: i64,
        reserved_change: i64,
        sold_change: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order_id: Option<Code>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Arc<str>>,
        #[serde(with = "wire_time")]
        moved_at: Timestamp,
    }
    /// An entry of the ledger. A balance is the sum of its account's changes, in whatever order they are added.
    PointsMoved {
        user_id: UserId,
        /// `CHARGED`, `DEDUCTED` or `RESTORED`.
        entry: Arc<str>,
        amount: Money,
        change: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order_id: Option<Code>,
        #[serde(with = "wire_time")]
        moved_at: Timestamp,
    }
    /// A group gave an event up. The relay publishes the record as it was, on the dead letters of the topic that it came from.
    DeadLettered {
        letter_id: i64,
        group: Arc<str>,
        topic: Arc<str>,
        partition: i32,
        offset: i64,
        event_id: Arc<str>,
        key: Arc<str>,
        #[serde(rename = "type")]
        kind: Arc<str>,
        /// The record's value. What is no text is written in hexadecimal digits.
        payload: Arc<str>,
        attempts: i64,
        error: Arc<str>,
        #[serde(with = "wire_time")]
        first_failed_at: Timestamp,
        #[serde(with = "wire_time")]
        occurred_at: Timestamp,
    }
}

/// Why units move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StockMovement {
    /// They came into the house.
    Received,
    /// They are gone, and nobody bought them.
    WrittenOff,
    /// An order holds them.
    Held,
    /// An order held them, and holds them no more.
    Released,
    /// An order that held them completed.
    Sold,
    /// They were sold, and came back.
    Returned,
    /// They were sold, their price was given back, and they will not come back.
    Lost,
}
