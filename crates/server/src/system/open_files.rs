//! The limit of open files, and so of connections.

/// Files that are open besides connections: store and readers, log, sockets to brokers.
#[cfg(unix)]
pub(crate) const BESIDE_CONNECTIONS: u64 = 256;

/// Raises the limit to the highest allowed value, and warns if the configured connections do not fit.
#[cfg(unix)]
pub(crate) fn raise_limit(connections_max: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` means unlimited.
    let mut limit = current;
    if current.is_some() && current != maximum {
        match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
            Ok(()) => limit = maximum,
            Err(error) => tracing::warn!("The limit of open files could not be raised from {current:?}: {error}"),
        }
    }
    let needed = connections_max as u64 + BESIDE_CONNECTIONS;
    if let Some(limit) = limit.filter(|limit| *limit < needed) {
        tracing::warn!(
            "server.connections_max = {connections_max} needs {needed} open files, and the system allows {limit}: raise its hard \
             limit (ulimit -Hn, LimitNOFILE=), or set server.connections_max to {} at most.",
            limit.saturating_sub(BESIDE_CONNECTIONS)
        );
    }
}

#[cfg(not(unix))]
pub(crate) fn raise_limit(_connections_max: usize) {}
