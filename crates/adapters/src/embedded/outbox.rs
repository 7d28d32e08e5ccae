//! The outbox as the relay of the same process reads it, on a connection of its own beside the writer's.
//!
//! The folder's lock is the lease: whoever opened it last is the only one.

use std::future::ready;
use std::sync::Arc;

use app::outbox::SHARDS;
use app::ports::{Pending, StoreError};
use app::relay::{Lease, Outbox, Outgoing};
use app::topic::Spread;
use app::views::ShardPlace;
use domain::time::Timestamp;
use rusqlite::{Connection, OpenFlags, Result, Row, TransactionBehavior};

use super::opening::BUSY_TIMEOUT;
use super::records::{Cells, select_outgoing};
use super::store::{LogSync, heads};
use super::switchboard::{is_halted, settle};

pub struct SqliteOutbox {
    connection: Connection,
    holder: u32,
    has_taken: bool,
    /// `None` where a commit need not be on the disk.
    sync: Option<Arc<LogSync>>,
}

impl SqliteOutbox {
    pub(super) fn open(path: &str, holder: u32, sync: Option<Arc<LogSync>>) -> Result<SqliteOutbox> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // A cursor that a power cut takes back only makes the relay repeat.
        connection.pragma_update(None, "synchronous", "off")?;
        // The writer's part.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(SqliteOutbox { connection, holder, has_taken: false, sync })
    }

    fn take_all(&mut self) -> Result<Vec<Lease>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if is_halted(&transaction)? {
            // Whoever held them is gone: the folder has one process.
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

    fn all_ends(&self) -> Result<[i64; SHARDS]> {
        Ok(heads(&self.connection)?.map(|head| head.seq))
    }

    fn page(&self, shard: usize, after: i64, limit: usize) -> Result<Vec<Outgoing>> {
        let mut statement = self
            .connection
            .prepare_cached(select_outgoing!("event WHERE shard = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let page = statement.query_map((shard as i64, after, limit), outgoing)?;
        page.collect()
    }

    fn write_down(&mut self, leases: &[Lease]) -> Result<Vec<usize>> {
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

pub(super) fn outgoing(row: &Row<'_>) -> Result<Outgoing> {
    let mut cells = Cells::of(row);
    let (shard, seq, id): (i64, _, _) = (cells.take()?, cells.take()?, cells.take()?);
    let shard = usize::try_from(shard).map_err(|_| cells.broken("there is no such shard"))?;
    Ok(Outgoing { shard, seq, id, event: cells.event()?, version: cells.take()?, at: cells.at()? })
}

pub(super) fn shard_place(row: &Row<'_>) -> Result<ShardPlace> {
    let shard: i64 = row.get(0)?;
    let shard = usize::try_from(shard).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, shard))?;
    let waiting_since: Option<i64> = row.get(3)?;
    let waiting_since = waiting_since.map(Timestamp::from_micros);
    Ok(ShardPlace { shard, end: row.get(1)?, relayed: row.get(2)?, waiting_since })
}

fn told<T>(answer: Result<T>) -> std::result::Result<T, StoreError> {
    answer.map_err(|error| StoreError(error.to_string()))
}

impl Outbox for SqliteOutbox {
    fn take_free(&mut self) -> Pending<'_, std::result::Result<Vec<Lease>, StoreError>> {
        let taken = if self.has_taken { Ok(vec![]) } else { self.take_all() };
        Box::pin(ready(told(taken)))
    }

    fn ends(&mut self) -> Pending<'_, std::result::Result<[i64; SHARDS], StoreError>> {
        Box::pin(ready(told(self.all_ends())))
    }

    fn read(
        &mut self,
        shard: usize,
        after: i64,
        limit: usize,
    ) -> Pending<'_, std::result::Result<Vec<Outgoing>, StoreError>> {
        Box::pin(ready(told(self.page(shard, after, limit))))
    }

    fn settle<'a>(&'a mut self, found: &'a Spread) -> Pending<'a, std::result::Result<Spread, StoreError>> {
        Box::pin(ready(told(settle(&self.connection, found))))
    }

    /// What other readers see is not on the disk yet; nothing leaves the process before it is.
    fn keep<'a>(&'a mut self, leases: &'a [Lease]) -> Pending<'a, std::result::Result<Vec<usize>, StoreError>> {
        let held = told(self.write_down(leases)).and_then(|held| match &self.sync {
            Some(sync) => sync.wrote().reach().map(|()| held).map_err(StoreError),
            None => Ok(held),
        });
        Box::pin(ready(held))
    }
}
