//! The port to the store's own events, for trailing groups.

use crate::events::event::EventKind;
use crate::log::group::Group;
use crate::ports::error::StoreError;
use crate::ports::future::BoxFuture;
use crate::ports::log::Delivery;
use crate::state::rows::OffsetKey;

/// The number of events that one slice reads past at most, so that no read takes long.
pub const SCANNED_MAX: i64 = 8_192;

/// The store's own events, in the order of commits of each partition, whichever executor carries them to the other
/// groups. Offsets begin at 1; an offset is that of the first event that the group has not digested.
///
/// # Errors
///
/// [`StoreError`] when the store cannot be read.
pub trait Trail {
    /// Returns a group's offset in every partition; 0 where it never committed.
    fn offsets(&mut self, group: Group) -> BoxFuture<'_, Result<Vec<(OffsetKey, i64)>, StoreError>>;

    /// Reads on from offsets: at most `limit` events of the wanted kinds in each partition, and past at most
    /// [`SCANNED_MAX`] events of it.
    fn slice<'a>(&'a mut self, wanted: WantedSlice<'a>) -> BoxFuture<'a, Result<Slice, StoreError>>;

    /// Waits until everything that was read is durable. Nothing that was read leaves the process before.
    fn await_durable(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;
}

#[derive(Clone, Copy, Debug)]
pub struct WantedSlice<'a> {
    pub from: &'a [(OffsetKey, i64)],
    pub kinds: &'a [EventKind],
    pub limit: usize,
}

/// Consecutive events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice {
    pub deliveries: Vec<Delivery>,
    /// The offset of the next read of every partition that has moved; events of other kinds are passed.
    pub next: Vec<(OffsetKey, i64)>,
    /// True if there are no more events in any partition.
    pub is_end: bool,
}
