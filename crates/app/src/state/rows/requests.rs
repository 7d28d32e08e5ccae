//! Requests for coupons, and their results.

use domain::ids::{CampaignId, Code, CouponId, RequestId, UserId};
use domain::time::Timestamp;

use crate::events::event::ResultCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStatus {
    Pending,
    Completed,
    Failed,
    Notified,
}

impl RequestStatus {
    pub const ALL: [RequestStatus; 4] =
        [RequestStatus::Pending, RequestStatus::Completed, RequestStatus::Failed, RequestStatus::Notified];

    pub const fn name(self) -> &'static str {
        match self {
            RequestStatus::Pending => "PENDING",
            RequestStatus::Completed => "COMPLETED",
            RequestStatus::Failed => "FAILED",
            RequestStatus::Notified => "NOTIFIED",
        }
    }
}

/// A request for a coupon that is decided later: the EventLog entry of source 002 (C-12, C-15…C-17, C-33).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub id: RequestId,
    pub user: UserId,
    pub campaign: CampaignId,
    pub status: RequestStatus,
    pub decision: Option<Decision>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub code: ResultCode,
    pub granted: Option<Granted>,
    /// The campaign's quantity at the decision; the audit's first-come law needs it.
    pub quantity: i64,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    pub coupon: CouponId,
    pub code: Code,
    pub issue_number: i64,
}
