//! The state of the open transaction, and its failures.

use app::state::rows::{HoldingKey, OffsetKey};
use domain::coupon::Coupon;
use domain::ids::OrderId;
use domain::order::saga::StepRecord;
use rustc_hash::FxHashMap;

use crate::mysql::failure::Failure;

/// Values that the open transaction has read, so that only changes are written.
#[derive(Debug, Default)]
pub(super) struct Before {
    pub(super) holdings: FxHashMap<HoldingKey, Vec<Coupon>>,
    pub(super) steps: FxHashMap<OrderId, Vec<StepRecord>>,
}

/// Why a commit failed.
pub(super) enum Halt {
    Moved(OffsetKey),
    /// Nothing was written.
    Failed(Failure),
    /// The connection was lost after COMMIT was sent.
    InDoubt(String),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Halt {
        Halt::Failed(failure)
    }
}
