//! Halts the folder's relay and records over how many partitions keys are spread.
//!
//! Works beside the process that serves the folder: it writes only rows that no engine writes.

use std::future::ready;
use std::path::Path;
use std::time::Duration;

use app::events::topic::Spread;
use app::log::repartition::{RepartitionStore, STANDSTILL};
use app::ports::{BoxFuture, StoreError};
use app::state::settings::Carrier;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Result, Transaction, TransactionBehavior};

use super::connection::{BUSY_TIMEOUT, DATABASE_FILE};
use super::opening::{OpenError, check_shop, check_sqlite};
use super::relay_rows::{NOW, pin_partition_count};
use super::store::carrier;

pub struct SqliteRepartitionStore {
    connection: Connection,
    /// Distinguishes this repartition from every other one.
    holder: i64,
}

impl SqliteRepartitionStore {
    pub fn open(folder: &Path) -> std::result::Result<SqliteRepartitionStore, OpenError> {
        check_sqlite()?;
        if !folder.join(DATABASE_FILE).is_file() {
            return Err(OpenError::NoShop(folder.to_owned()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(folder.join(DATABASE_FILE), flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // A new count must not be visible before everything before it is durable.
        connection.pragma_update(None, "synchronous", "full")?;
        // The writer copies the log.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        check_shop(&connection, folder)?;
        let mut holder = [0; 8];
        getrandom::fill(&mut holder).map_err(OpenError::Random)?;
        Ok(SqliteRepartitionStore { connection, holder: i64::from_be_bytes(holder) & i64::MAX })
    }

    /// Returns how events reached their groups when the shop was served last.
    pub fn last_carrier(&self) -> std::result::Result<Option<Carrier>, StoreError> {
        carrier(&self.connection).map_err(|error| StoreError::Failed(error.to_string()))
    }

    /// Moves the end of the halt, if the condition allows it, and returns whether it moved.
    fn move_halt(&self, condition: &str) -> Result<bool> {
        let set = format!(
            "UPDATE relay_halt SET holder = ?1, halted_until = {NOW} + ?2 WHERE id = 1 AND (halted_until {condition})"
        );
        Ok(self.connection.execute(&set, (self.holder, STANDSTILL.as_micros() as i64))? > 0)
    }

    fn is_held(&self) -> Result<bool> {
        let ours = format!("SELECT count(*) FROM relay_halt WHERE holder = ?1 AND halted_until >= {NOW}");
        self.connection.query_row(&ours, [self.holder], |row| row.get::<_, i64>(0)).map(|count| count > 0)
    }

    /// Runs an action, unless the halt has expired; it cannot expire meanwhile.
    fn within<T>(&self, act: impl FnOnce(&Connection) -> Result<T>) -> Result<Option<T>> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        if !self.is_held()? {
            return Ok(None);
        }
        let done = act(&transaction)?;
        transaction.commit()?;
        Ok(Some(done))
    }
}

/// Returns the shards that the relay holds. The process that serves the folder releases what it or an earlier one held,
/// and no other process can have anything in flight.
fn held(connection: &Connection) -> Result<Vec<usize>> {
    let mut held =
        connection.prepare("SELECT shard FROM relay_shard WHERE holder <> 0 AND epoch > 0 ORDER BY shard")?;
    let held: Result<Vec<i64>> = held.query_map([], |row| row.get(0))?.collect();
    Ok(held?.into_iter().filter_map(|shard| usize::try_from(shard).ok()).collect())
}

fn write(connection: &Connection, spread: &Spread) -> Result<()> {
    for (topic, partitions) in spread {
        let statement = "INSERT INTO topic_spread (topic, partitions) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET partitions = excluded.partitions";
        connection.execute(statement, (topic.name(), partitions))?;
    }
    connection.execute("UPDATE relay_halt SET halted_until = 0", []).map(|_| ())
}

type Stored<'a, T> = BoxFuture<'a, std::result::Result<T, StoreError>>;

fn stored<'a, T: 'a>(answer: Result<T>) -> Stored<'a, T> {
    Box::pin(ready(answer.map_err(|error| StoreError::Failed(error.to_string()))))
}

impl RepartitionStore for SqliteRepartitionStore {
    fn pin_partition_count<'a>(&'a mut self, found: &'a Spread) -> Stored<'a, Spread> {
        stored(pin_partition_count(&self.connection, found))
    }

    fn halt(&mut self) -> Stored<'_, bool> {
        stored(self.move_halt(&format!("< {NOW} OR holder = ?1")))
    }

    fn prolong(&mut self) -> Stored<'_, bool> {
        stored(self.move_halt(&format!(">= {NOW} AND holder = ?1")))
    }

    fn fence(&mut self, _in_flight: Duration) -> Stored<'_, Option<Vec<usize>>> {
        stored(self.within(held))
    }

    fn finish<'a>(&'a mut self, spread: &'a Spread) -> Stored<'a, bool> {
        stored(self.within(|connection| write(connection, spread)).map(|done| done.is_some()))
    }

    fn release(&mut self) -> Stored<'_, ()> {
        let end = "UPDATE relay_halt SET halted_until = 0 WHERE holder = ?1";
        stored(self.connection.execute(end, [self.holder]).map(|_| ()))
    }
}
