//! Events for external consumers only: every movement of stock and points, derived from the event that it happened
//! with, every dead letter, every webhook endpoint that was disabled, and alerts.

use std::sync::Arc;

use domain::alert::{Code as AlertCode, Measure, Severity};
use domain::ids::{AlertId, Code, ProductId, UserId, WebhookId};
use domain::money::Money;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::events::wire_time;

payload! {
    /// Units of a product moved. A product's counters are the sums of the three changes, in any order.
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
    /// An entry of the ledger. A balance is the sum of its account's changes, in any order.
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
    /// A group gave an event up. The relay publishes the original record on the dead-letter topic of its topic.
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
        /// The record's value; in hexadecimal if it is not text.
        payload: Arc<str>,
        attempts: i64,
        error: Arc<str>,
        #[serde(with = "wire_time")]
        first_failed_at: Timestamp,
        #[serde(with = "wire_time")]
        occurred_at: Timestamp,
    }
    /// The shop stopped sending to an endpoint.
    WebhookDisabled {
        webhook_id: WebhookId,
        url: Arc<str>,
        /// `ADMIN`, `GONE` or `FAILING`.
        reason: Arc<str>,
        #[serde(default, with = "wire_time::optional", skip_serializing_if = "Option::is_none")]
        failing_since: Option<Timestamp>,
        #[serde(with = "wire_time")]
        disabled_at: Timestamp,
    }
    /// A threshold was crossed.
    AlertRaised {
        alert_id: AlertId,
        code: AlertCode,
        severity: Severity,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<Arc<str>>,
        value: Measure,
        threshold: Measure,
        #[serde(with = "wire_time")]
        since: Timestamp,
    }
    /// The cause of an alert is gone.
    AlertCleared {
        alert_id: AlertId,
        code: AlertCode,
        severity: Severity,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<Arc<str>>,
        value: Measure,
        threshold: Measure,
        #[serde(with = "wire_time")]
        since: Timestamp,
        #[serde(with = "wire_time")]
        cleared_at: Timestamp,
    }
}

/// Why units move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StockMovement {
    /// They arrived in the warehouse.
    Received,
    /// They are gone without a sale.
    WrittenOff,
    /// An order reserved them.
    Held,
    /// An order released its reservation.
    Released,
    /// An order that had reserved them completed.
    Sold,
    /// They were sold and came back.
    Returned,
    /// They were sold and refunded, and will not come back.
    Lost,
}
