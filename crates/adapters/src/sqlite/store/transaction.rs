//! The state of the open transaction, and its failures.

use app::state::rows::{HoldingKey, OffsetKey, Sales, SalesKey};
use domain::coupon::Coupon;
use domain::ids::{CampaignId, OrderId, UserId};
use domain::order::saga::StepRecord;
use rustc_hash::FxHashMap;

use super::customer_row::CustomerRow;

/// Values that the open transaction has read, so that nothing is read twice and only changes are written.
#[derive(Debug, Default)]
pub(super) struct Before {
    pub(super) customers: FxHashMap<UserId, Option<CustomerRow>>,
    pub(super) holdings: FxHashMap<HoldingKey, Vec<Coupon>>,
    pub(super) steps: FxHashMap<OrderId, Vec<StepRecord>>,
    pub(super) sales: FxHashMap<SalesKey, Sales>,
}

/// Why a transaction failed.
#[derive(Debug)]
pub(super) enum Failure {
    Sqlite(rusqlite::Error),
    Moved(OffsetKey),
    /// A campaign is not as the engine held it.
    Changed(CampaignId),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Sqlite(error)
    }
}
