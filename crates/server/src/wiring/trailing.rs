//! The trailing groups of this process.

use std::sync::Arc;

use app::log::reactions::Group;
use app::log::trailing::Follower;
use app::ports::Trail;
use tokio::sync::Notify;

use super::error::Error;
use crate::config::Config;
use crate::runtime::submitter::Submitter;
use crate::runtime::trailing_loop::TrailingThread;

/// Returns the groups that follow the events in this shop, whichever process runs them.
pub(super) fn groups(_config: &Config) -> Arc<[Group]> {
    Arc::from([])
}

fn followers(_config: &Config) -> Vec<Box<dyn Follower>> {
    vec![]
}

/// Starts the trailing groups, if this process has the role of a worker and any of them is on.
pub(super) fn start(
    config: &Config,
    trail: Box<dyn Trail + Send>,
    submitter: &Submitter,
    committed: Arc<Notify>,
) -> Result<Option<TrailingThread>, Error> {
    let followers = followers(config);
    if !config.server.roles.worker || followers.is_empty() {
        return Ok(None);
    }
    Ok(Some(TrailingThread::start(move || trail, followers, submitter.clone(), committed)?))
}
