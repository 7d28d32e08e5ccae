//! The challenge before a join of a waiting room.

use std::sync::Arc;

use app::ports::drops::Challenge;

/// The service that checks clients, if there is one.
pub struct JoinGuard {
    pub challenge: Option<Arc<dyn Challenge>>,
    /// Lets clients join while the service does not answer.
    pub fails_open: bool,
    /// The service's widget on the storefront's pages.
    pub widget: Option<Widget>,
}

/// The part of a page in which a customer solves the challenge.
#[derive(Clone, Debug)]
pub struct Widget {
    pub script: String,
    /// Names this site to the service.
    pub site_key: String,
    /// The origins that it loads from, separated by spaces.
    pub origins: String,
}
