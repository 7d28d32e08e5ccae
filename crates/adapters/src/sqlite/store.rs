//! The store in one SQLite file, written by one connection: a transaction per batch, synced once, beside the next
//! batch.

mod alerts;
mod api_keys;
mod commit;
mod customer_row;
mod details;
mod drops;
mod executor;
mod failed_delivery;
mod fulfilment;
mod load;
mod log_copy;
mod log_sync;
mod notifications;
mod offsets;
mod put_all;
mod transaction;
mod webhooks;

use std::future::ready;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) use executor::{carrier, currency};
pub(super) use log_copy::{LogCopy, copy_at_start};
pub(super) use log_sync::LogSync;
pub(super) use offsets::heads;

pub(super) use drops::{buyer_row, drop_row};
pub(super) use load::{order, timer};
pub(super) use notifications::settings as notification_settings;
pub(super) use webhooks::{delivery as webhook_delivery, endpoint as webhook};

use app::events::outbox::{SHARDS, ShardHead};
use app::ports::{BoxFuture, Commit, CommitError, CommitId, DueTimer, Durability, LoadError, Store, StoreError};
use app::state::ids::Sequence;
use app::state::rows::{Key, Rows, Sales};
use app::state::table::Change;
use domain::ids::{CampaignId, OrderId, UserId};
use domain::time::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};

use super::ballast::Ballast;
use super::best_sellers::{BestSellers, Moved};
use super::cells::{Run as _, find, find_all, store_error, take_statements};
use super::commits_seen::CommitsSeen;
use super::outbox::SqliteOutbox;
use crate::file_lock::FileLock;
use crate::left_out::LeftOut;
use offsets::Kinds;
use transaction::{Before, Failure};

/// The log's size in bytes before it is copied into the file. The longer it is, the more often a page was rewritten
/// before it is copied, and the longer a copy takes. It keeps its size, because a growing log syncs half as fast.
const LOG_BYTES: i32 = 64 * 1024 * 1024;
/// The least number of pages before a copy, after the disk was full.
const LOG_PAGES_MIN: i32 = 256;
const CHECK_FOR_ROOM_EVERY: Duration = Duration::from_secs(60);

pub struct SqliteStore {
    connection: Connection,
    /// The ends of the shards as committed; `None` when a commit failed and they must be read again.
    heads: Option<[ShardHead; SHARDS]>,
    kinds: Kinds,
    before: Before,
    seen: Seen,
    /// Pages that the log may hold before they are copied.
    log_pages: i32,
    /// The same on a disk that was never full.
    log_pages_max: i32,
    /// `None` only while the store is closed.
    copy: Option<LogCopy>,
    ballast: Ballast,
    /// When the disk was last full, or checked after that.
    short_of_room: Option<Instant>,
    /// `None` where commits need not be durable.
    sync: Option<Arc<LogSync>>,
    /// Why this process must not write any more.
    broken: Option<String>,
    /// Held for as long as the store is open.
    _lock: FileLock,
}

/// The readers of this process that each commit notifies.
pub(super) struct Seen {
    pub(super) commits: Arc<CommitsSeen>,
    pub(super) best_sellers: Arc<BestSellers>,
    pub(super) left_out: Arc<LeftOut>,
}

/// The files of the data folder beside the writer's connection.
pub(super) struct Files {
    pub(super) lock: FileLock,
    /// `None` where commits need not be durable.
    pub(super) sync: Option<Arc<LogSync>>,
    pub(super) copy: LogCopy,
    pub(super) ballast: Ballast,
}

impl SqliteStore {
    pub(super) fn new(
        connection: Connection,
        Files { lock, sync, copy, ballast }: Files,
        seen: Seen,
    ) -> Result<SqliteStore, rusqlite::Error> {
        let heads = offsets::heads(&connection)?;
        seen.commits.observe(&heads);
        let page_bytes: i32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        Ok(SqliteStore {
            connection,
            heads: Some(heads),
            kinds: Kinds::default(),
            before: Before::default(),
            seen,
            log_pages: LOG_BYTES / page_bytes,
            log_pages_max: LOG_BYTES / page_bytes,
            copy: Some(copy),
            ballast,
            short_of_room: None,
            sync,
            broken: None,
            _lock: lock,
        })
    }

    /// Returns the outbox for the relay of this process.
    pub fn outbox(&self, holder: u32) -> Result<SqliteOutbox, StoreError> {
        let opened = SqliteOutbox::open(self.connection.path().unwrap_or_default(), holder, self.sync.clone());
        opened.map_err(|error| StoreError::Failed(error.to_string()))
    }

    /// Begins a transaction, unless one is open. Maintenance runs before it, when every request of the last commit has
    /// been answered.
    fn begin(&mut self) -> Result<(), rusqlite::Error> {
        if self.connection.is_autocommit() {
            self.check_for_room();
            let copied = self.copy.as_ref().map_or(Ok(()), |copy| copy.tend(&self.connection, self.log_pages));
            // Pages that cannot be copied stay in the log, where there may be room for more.
            copied.or_else(|error| if is_full(&error) { Ok(()) } else { Err(error) })?;
            self.run("BEGIN IMMEDIATE")?;
        }
        Ok(())
    }

    fn run(&self, statement: &str) -> Result<(), rusqlite::Error> {
        self.connection.prepare_cached(statement)?.run([]).map(|_| ())
    }

    fn write(&mut self, commit: &Commit<'_>) -> Result<[ShardHead; SHARDS], Failure> {
        self.begin()?;
        commit::move_offsets(&self.connection, commit.offsets)?;
        commit::compare_held(&self.connection, &commit.rows.held)?;
        commit::write_rows(&self.connection, commit, &self.before)?;
        let mut heads = match self.heads {
            Some(heads) => heads,
            None => offsets::heads(&self.connection)?,
        };
        offsets::write_events(&self.connection, commit, &mut heads, &mut self.kinds)?;
        commit::record_commit(&self.connection, commit)?;
        self.run("COMMIT")?;
        Ok(heads)
    }

    /// Returns how a commit changed the sales of days.
    fn moved(&self, rows: &Rows) -> Vec<Moved> {
        let moved = |(key, change): (_, Change<'_, Sales>)| {
            let (sales, _) = change.kept();
            let before = self.before.sales.get(&key).copied().unwrap_or_default();
            Moved { key, units: sales.sold - sales.returned - (before.sold - before.returned) }
        };
        rows.sales.changes().into_iter().map(moved).collect()
    }

    /// Rolls back a failed transaction and classifies its failure.
    fn fail(&mut self, failure: Failure) -> CommitError {
        self.heads = None;
        self.seen.best_sellers.forget();
        self.kinds.forget();
        let ended = self.end();
        let error = match failure {
            Failure::Moved(key) => return CommitError::Moved(key),
            Failure::Changed(id) => {
                return CommitError::Contended(format!("campaign {id} was changed by another process"));
            }
            Failure::Sqlite(error) => error,
        };
        self.watch(&error);
        if let Err(error) = &ended {
            self.watch(error);
        }
        if is_full(&error) {
            self.make_room();
        }
        if let Some(broken) = self.broken() {
            return CommitError::Broken(broken.clone());
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => CommitError::Constraint(error.to_string()),
            _ => CommitError::Unknown(error.to_string()),
        }
    }

    /// On a full disk: releases the ballast, and copies the log into the file, so that the log starts over in its
    /// space. From then on it is copied sooner.
    fn make_room(&mut self) {
        if !self.connection.is_autocommit() || self.broken().is_some() {
            return;
        }
        let had_ballast = self.ballast.release();
        let made = log_copy::make_room(&self.connection);
        if self.short_of_room.is_none() || had_ballast {
            tracing::warn!(had_ballast, "The disk is full: the log is copied into the file and starts over.");
        }
        self.short_of_room = Some(Instant::now());
        if let Ok(pages) = made {
            self.log_pages = self.log_pages.min(pages / 4).max(LOG_PAGES_MIN);
        }
    }

    /// Reserves the ballast again when there is room for it, and lets the log grow again.
    fn check_for_room(&mut self) {
        if self.short_of_room.is_some_and(|checked_at| checked_at.elapsed() >= CHECK_FOR_ROOM_EVERY) {
            self.short_of_room = Some(Instant::now());
            if self.ballast.keep() {
                self.short_of_room = None;
                self.log_pages = self.log_pages_max;
            }
        }
    }

    /// Rolls back the open transaction, if the failure did not do so already.
    fn end(&mut self) -> Result<(), rusqlite::Error> {
        self.before = Before::default();
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.run("ROLLBACK")
    }

    /// After a failed write or sync the content of the disk is unknown, and a repeated sync may succeed wrongly. So
    /// this process writes no more; the next one reads the log from its start and finds out.
    fn watch(&mut self, error: &rusqlite::Error) {
        let is_fatal = !is_full(error)
            && matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            );
        if is_fatal && self.broken.is_none() {
            self.broken = Some(error.to_string());
        }
    }

    /// Returns why this process must not write any more.
    fn broken(&self) -> Option<&String> {
        self.broken.as_ref().or_else(|| self.sync.as_ref()?.failed())
    }

    /// Runs a read, or a write that commits by itself.
    fn ask<T>(&mut self, ask: impl FnOnce(&mut Self) -> Result<T, rusqlite::Error>) -> Result<T, StoreError> {
        if let Some(broken) = self.broken() {
            return Err(StoreError::Failed(broken.clone()));
        }
        ask(self).map_err(|error| {
            self.watch(&error);
            store_error(error)
        })
    }
}

/// Returns whether the disk is full. It has not failed: the system refused before anything was written. The log's index
/// grows with the log, and SQLite has an error code of its own for it.
fn is_full(error: &rusqlite::Error) -> bool {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    error.sqlite_error_code() == Some(ErrorCode::DiskFull) || extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

/// A store that is closed cleanly is one file with all data, even while other connections read.
impl Drop for SqliteStore {
    fn drop(&mut self) {
        drop(self.copy.take());
        if self.broken().is_some() {
            // Closing must not sync either. If the setting is refused, closing will most likely fail by itself.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        } else if self.end().is_ok() {
            // The next process finds in the log what could not be copied.
            let _ = self.connection.wal_checkpoint_v2(Some("main"), CheckpointMode::TRUNCATE);
            if let Some(sync) = &self.sync {
                sync.keep_mark();
            }
        }
    }
}

impl Store for SqliteStore {
    fn load<'a>(&'a mut self, keys: &'a [Key], rows: &'a mut Rows) -> BoxFuture<'a, Result<(), LoadError>> {
        let loaded = self.ask(|store| {
            store.begin()?;
            load::load(&store.connection, keys, rows, &mut store.before)
        });
        Box::pin(ready(loaded.map_err(LoadError::from)))
    }

    fn commit<'a>(&'a mut self, commit: Commit<'a>) -> BoxFuture<'a, Result<Durability, CommitError>> {
        if let Some(broken) = self.broken() {
            return Box::pin(ready(Err(CommitError::Broken(broken.clone()))));
        }
        let committed = match self.write(&commit) {
            Ok(heads) => {
                let number = commit.id.number;
                self.seen.best_sellers.apply(number, self.moved(commit.rows));
                self.before = Before::default();
                self.seen.commits.observe(&heads);
                self.heads = Some(heads);
                Ok(self.sync.as_ref().map_or(Durability::Reached, |sync| sync.wrote_commit(number)))
            }
            Err(failure) => Err(self.fail(failure)),
        };
        Box::pin(ready(committed))
    }

    fn rollback(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(ready(self.ask(SqliteStore::end)))
    }

    fn committed(&mut self, id: CommitId) -> BoxFuture<'_, Result<bool, StoreError>> {
        let found = self.ask(|store| {
            let statement = "SELECT count(*) FROM engine_commit WHERE engine = ?1 AND number >= ?2";
            store.connection.prepare_cached(statement)?.query_row((id.engine, id.number), |row| row.get(0))
        });
        let on_disk = |sync: &Arc<LogSync>| sync.wrote().reach().map_err(StoreError::Failed);
        let found = match (found, &self.sync) {
            (Ok(true), Some(sync)) => on_disk(sync).map(|_| true),
            (found, _) => found,
        };
        Box::pin(ready(found))
    }

    fn lease(&mut self, sequence: Sequence, count: i64) -> BoxFuture<'_, Result<Range<i64>, StoreError>> {
        let take = |store: &Self| {
            let statement = "INSERT INTO sequence (name, next_number) VALUES (?1, ?2 + ?3)
                 ON CONFLICT DO UPDATE SET next_number = next_number + ?3 RETURNING next_number";
            let end = find::<i64>(&store.connection, statement, (sequence.name(), sequence.first(), count))?;
            let end = end.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            Ok(end - count..end)
        };
        let leased = self.ask(|store| match take(store) {
            Err(error) if is_full(&error) => {
                store.make_room();
                take(store)
            }
            taken => taken,
        });
        Box::pin(ready(leased))
    }

    fn due_timers(&mut self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<DueTimer>, StoreError>> {
        let due = self.ask(|store| {
            let statement = "SELECT order_id, due_at FROM timer WHERE due_at <= ?1 ORDER BY due_at, order_id LIMIT ?2";
            let sql_limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let timers: Vec<(i64, i64)> = find_all(&store.connection, statement, (now.micros(), sql_limit))?;
            let due_at = |(order, due)| DueTimer::Order { order: OrderId(order), due: Timestamp::from_micros(due) };
            let mut due: Vec<DueTimer> = timers.into_iter().map(due_at).collect();
            due.extend(drops::due(&store.connection, now, sql_limit)?);
            let left_out = &store.seen.left_out;
            due.extend(failed_delivery::due_keys(&store.connection, now, limit, left_out)?);
            due.extend(failed_delivery::due_letters(&store.connection, now, limit, left_out)?);
            due.extend(left_out.take_news().into_iter().map(DueTimer::Unreadable));
            Ok(due)
        });
        Box::pin(ready(due))
    }

    fn holders(&mut self, campaign: CampaignId) -> BoxFuture<'_, Result<Vec<(UserId, i64)>, StoreError>> {
        let holders = self.ask(|store| {
            let statement = "SELECT user_id, count(*) FROM coupon WHERE campaign_id = ?1 GROUP BY user_id";
            let holders: Vec<(i64, i64)> = find_all(&store.connection, statement, [campaign.0])?;
            Ok(holders.into_iter().map(|(user, count)| (UserId(user), count)).collect())
        });
        Box::pin(ready(holders))
    }

    fn take_statements(&mut self) -> u64 {
        take_statements()
    }
}

#[cfg(test)]
mod tests;
