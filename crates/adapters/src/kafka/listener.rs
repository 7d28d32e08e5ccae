//! Callbacks of a reader of the brokers.

use std::sync::Arc;

use app::log::reactions::Group;

/// Called with the group and the source of a record of another shop.
pub(super) type OnForeign = Arc<dyn Fn(Group, &str) + Send + Sync>;

/// Callbacks for what a reader cannot find out by polling.
#[derive(Clone)]
pub struct Listener {
    /// There may be something to read. Called from any thread.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// The brokers are failing; the client retries by itself.
    pub complain: Arc<dyn Fn(String) + Send + Sync>,
    /// A record belongs to another shop and was skipped.
    pub foreign: OnForeign,
}
