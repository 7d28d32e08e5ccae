//! The limits of connections.

use std::time::Duration;

use crate::config;

/// The largest head of a request, in bytes; a larger one is answered with 431.
pub(super) const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The limits of connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    pub threads: usize,
    pub connections_max: usize,
    /// Connections of one IPv4 address, or of one IPv6 network of 64 bits.
    pub connections_per_address_max: usize,
    /// The time from the first byte of a request's head to its last.
    pub header_timeout: Duration,
    /// The time to drain the rest of an unread body.
    pub body_timeout: Duration,
    pub idle_timeout: Duration,
    /// The time in which the client must read something of an answer.
    pub write_timeout: Duration,
    pub shutdown_grace: Duration,
}

impl From<&config::Server> for ConnectionLimits {
    fn from(server: &config::Server) -> ConnectionLimits {
        ConnectionLimits {
            threads: server.http_threads,
            connections_max: server.connections_max,
            connections_per_address_max: server.connections_per_address_max(),
            header_timeout: server.header_timeout(),
            body_timeout: server.body_timeout(),
            idle_timeout: server.idle_timeout(),
            write_timeout: server.write_timeout(),
            shutdown_grace: server.shutdown_grace(),
        }
    }
}
