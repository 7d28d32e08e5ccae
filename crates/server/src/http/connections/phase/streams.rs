//! The requests of a connection of HTTP/2, counted.

use tokio::time::Instant;

/// The requests of a connection of HTTP/2.
#[derive(Debug, Clone, Copy)]
pub(super) struct Streams {
    pub(super) open: usize,
    /// Those of them whose client has not taken what was last sent.
    pub(super) sending: usize,
    /// When a request began or ended, or a client took something.
    pub(super) since: Instant,
    pub(super) is_new: bool,
}
