//! What keeps a connection counted while it is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::slots::Slot;

/// An open connection's permit and slot. Dropping it releases both.
pub(super) struct OpenConnection {
    _permit: OwnedSemaphorePermit,
    slot: Slot,
    open: Arc<AtomicUsize>,
}

impl OpenConnection {
    /// Counts a connection in `open`, its thread's number of connections.
    pub(super) fn new(permit: OwnedSemaphorePermit, slot: Slot, open: &Arc<AtomicUsize>) -> OpenConnection {
        open.fetch_add(1, Ordering::Relaxed);
        OpenConnection { _permit: permit, slot, open: Arc::clone(open) }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Keeps a connection counted and its thread running, also after the connection was upgraded to another protocol.
#[derive(Clone)]
pub struct Held {
    until_dropped: Arc<(OpenConnection, mpsc::Sender<()>)>,
}

impl Held {
    /// `open` keeps the serving thread running until it is dropped.
    pub(super) fn new(connection: OpenConnection, open: mpsc::Sender<()>) -> Held {
        Held { until_dropped: Arc::new((connection, open)) }
    }

    pub(super) fn slot(&self) -> &Slot {
        &self.until_dropped.0.slot
    }
}
