//! The outbox as the relay of the same process reads it, on a connection of its own beside the writer's.
//!
//! The folder's lock is the lease: the latest relay to open the folder is the only one.

use std::future::ready;
use std::sync::Arc;

use app::events::outbox::SHARDS;
use app::events::topic::Spread;
use app::log::relay::{Lease, Outbox, Outgoing};
use app::ports::{BoxFuture, StoreError};
use rusqlite::{Connection, OpenFlags, Result, Row, TransactionBehavior};

use super::cells::find_all;
use super::connection::BUSY_TIMEOUT;
use super::relay_rows::{is_halted, pin_partition_count};
use super::store::{LogSync, heads};
use crate::selects::select_outgoing;

pub struct SqliteOutbox {
    connection: Connection,
    holder: u32,
    has_taken: bool,
    /// `None` where commits need not be durable.
    sync: Option<Arc<LogSync>>,
}

impl SqliteOutbox {
    pub(super) fn open(path: &str, holder: u32, sync: Option<Arc<LogSync>>) -> Result<SqliteOutbox> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // A cursor that a power cut loses only makes the relay repeat.
        connection.pragma_update(None, "synchronous", "off")?;
        // The writer copies the log.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(SqliteOutbox { connection, holder, has_taken: false, sync })
    }

    fn take_all(&mut self) -> Result<Vec<Lease>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if is_halted(&transaction)? {
            // The earlier holder is gone: the folder has one process.
            transaction.execute("UPDATE relay_shard SET holder = 0", [])?;
            transaction.commit()?;
            return Ok(vec![]);
        }
        let mut taken = vec![];
        for shard in 0..SHARDS {
            let statement = "INSERT INTO relay_shard (shard, position, epoch, holder) VALUES (?1, 0, 1, ?2)
                 ON CONFLICT DO UPDATE SET epoch = epoch + 1, holder = excluded.holder RETURNING epoch, position";
            let lease = |row: &Row<'_>| Ok(Lease { shard, epoch: row.get(0)?, cursor: row.get(1)? });
            taken.push(transaction.query_row(statement, (shard as i64, self.holder), lease)?);
        }
        transaction.commit()?;
        self.has_taken = true;
        Ok(taken)
    }

    fn pages(&self, leases: &[Lease], limit: usize) -> Result<Vec<Outgoing>> {
        let heads = heads(&self.connection)?;
        let sql = select_outgoing!("event WHERE shard = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut events = vec![];
        for Lease { shard, cursor, .. } in leases.iter().filter(|lease| heads[lease.shard].seq > lease.cursor) {
            events.extend(find_all::<Outgoing>(&self.connection, sql, (*shard as i64, *cursor, limit))?);
        }
        Ok(events)
    }

    fn save(&mut self, leases: &[Lease]) -> Result<Vec<usize>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut held = vec![];
        for lease in leases {
            let statement = "UPDATE relay_shard SET position = max(position, ?3) WHERE shard = ?1 AND epoch = ?2";
            let moved =
                transaction.prepare_cached(statement)?.execute((lease.shard as i64, lease.epoch, lease.cursor))?;
            if moved > 0 {
                held.push(lease.shard);
            }
        }
        if !held.is_empty() && is_halted(&transaction)? {
            transaction.execute("UPDATE relay_shard SET holder = 0 WHERE holder = ?1", [self.holder])?;
            held.clear();
            self.has_taken = false;
        }
        transaction.commit()?;
        Ok(held)
    }
}

fn stored<T>(answer: Result<T>) -> std::result::Result<T, StoreError> {
    answer.map_err(|error| StoreError::Failed(error.to_string()))
}

impl Outbox for SqliteOutbox {
    fn take_free(&mut self) -> BoxFuture<'_, std::result::Result<Vec<Lease>, StoreError>> {
        let taken = if self.has_taken { Ok(vec![]) } else { self.take_all() };
        Box::pin(ready(stored(taken)))
    }

    fn read<'a>(
        &'a mut self,
        leases: &'a [Lease],
        limit: usize,
    ) -> BoxFuture<'a, std::result::Result<Vec<Outgoing>, StoreError>> {
        Box::pin(ready(stored(self.pages(leases, limit))))
    }

    fn pin_partition_count<'a>(
        &'a mut self,
        found: &'a Spread,
    ) -> BoxFuture<'a, std::result::Result<Spread, StoreError>> {
        Box::pin(ready(stored(pin_partition_count(&self.connection, found))))
    }

    /// Other readers see commits that are not durable yet; none leaves the process before it is.
    fn keep<'a>(&'a mut self, leases: &'a [Lease]) -> BoxFuture<'a, std::result::Result<Vec<usize>, StoreError>> {
        let held = stored(self.save(leases)).and_then(|held| match &self.sync {
            Some(sync) => sync.wrote().reach().map(|_| held).map_err(StoreError::Failed),
            None => Ok(held),
        });
        Box::pin(ready(held))
    }
}
