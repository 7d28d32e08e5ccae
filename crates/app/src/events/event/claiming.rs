//! Events about claiming: the mode setting, and an operator's act on a compensation.

use std::sync::Arc;

use domain::ids::{Code, UserId};
use domain::order::Choice;
use domain::order::saga::Step;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::events::wire_time;

/// Orders that name no mode are claimed in another one from here on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModeChanged {
    pub version: i64,
    pub from: Choice,
    pub from_percent: u8,
    pub to: Choice,
    pub to_percent: u8,
    /// Absent where the canary rule made the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<UserId>,
    pub reason: Arc<str>,
    #[serde(with = "wire_time")]
    pub changed_at: Timestamp,
}

/// A participant could not be called, or could not act now: the order waits and requests again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DelayedProcessing {
    pub order_id: Code,
    #[serde(flatten)]
    pub step: Step,
    #[serde(with = "wire_time")]
    pub ask_again_at: Timestamp,
}

/// An operator restored at once what participants had not reported as restored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompensationResolved {
    pub order_id: Code,
    pub resolved_by: UserId,
    pub reason: Arc<str>,
    /// The restored steps, in this order.
    pub steps: Vec<Step>,
}

/// The claim that a restoration gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RestorationType {
    StockRestorationRequired,
    CouponRestorationRequired,
    PointRestorationRequired,
}
