//! The port to alerts.

use domain::alert::Alert;
use domain::ids::AlertId;

use crate::ports::future::Reading;

/// Reads alerts, and what only alerts count.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait AlertViews: Send + Sync {
    /// Returns alerts, newest first, from before the given one on; only open ones, or all.
    fn alerts(&self, is_open: bool, before: Option<AlertId>, limit: usize) -> Reading<'_, Vec<Alert>>;

    /// Returns the number of dead deliveries of every endpoint that has any.
    fn dead_deliveries(&self) -> Reading<'_, Vec<(i64, i64)>>;

    /// Returns the number of dead letters that only an operator can resolve.
    fn permanent_letters(&self) -> Reading<'_, i64>;
}
