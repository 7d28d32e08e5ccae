//! Events of campaigns.

use std::sync::Arc;

use domain::coupon::{IssueMode, QueueKey};
use domain::ids::CampaignId;
use domain::pricing::Discount;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::events::wire_time;

payload! {
    CampaignCreated {
        coupon_id: CampaignId,
        name: Arc<str>,
        discount: Discount,
        total_quantity: i64,
        max_issue_per_user: i64,
        issue_mode: IssueMode,
        /// Absent in events of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue_key: Option<QueueKey>,
        #[serde(with = "wire_time")]
        issue_starts_at: Timestamp,
        #[serde(with = "wire_time")]
        issue_ends_at: Timestamp,
        #[serde(with = "wire_time")]
        valid_until: Timestamp,
    }
    CampaignChanged {
        coupon_id: CampaignId,
        paused: bool,
        total_quantity: i64,
        #[serde(with = "wire_time")]
        issue_ends_at: Timestamp,
    }
}
