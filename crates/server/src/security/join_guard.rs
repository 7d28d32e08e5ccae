//! The challenge before a join of a waiting room.

use std::sync::Arc;

use app::ports::drops::Challenge;

/// The service that checks clients, if there is one.
pub struct JoinGuard {
    pub challenge: Option<Arc<dyn Challenge>>,
    /// Lets clients join while the service does not answer.
    pub fails_open: bool,
}
