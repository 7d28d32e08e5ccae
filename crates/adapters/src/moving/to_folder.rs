//! From a database to an empty data folder.

mod copies;
mod folder;

use std::path::Path;
use std::time::{Duration, Instant};

use app::events::outbox::SHARDS;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Value as Shared};
use rusqlite::types::Value;

use super::offsets::{self, Levels, Offset};
use super::relations::relations;
use super::rows::{fingerprint, for_folder};
use super::{MoveError, Moved, ROWS_AT_ONCE, Report, Row};
use crate::mysql::{check_for_move, options_for_move};
use copies::{COMMITS, Copy, HEADS};
use folder::Folder;

const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);
const SELECT_BOOK: &str =
    "SELECT deed_key, deed, reference, amount, declined, looks_left FROM scripted_deed ORDER BY deed_key";
const BOOK_TYPES: [&str; 6] = ["TEXT", "TEXT", "TEXT", "INTEGER", "TEXT", "INTEGER"];

/// Copies a database that no process serves into an empty folder that the caller has locked, or goes on with that, and
/// compares the result. `allowed` names the files that the folder may have.
pub async fn to_folder(
    url: &str,
    folder: &Path,
    book: &Path,
    allowed: &[&str],
    report: Report<'_>,
) -> Result<Moved, MoveError> {
    let mut source = Source::open(url).await?;
    let (mut target, resumed) = Folder::begin(folder, allowed)?;
    target.remember(&fingerprint(&source.state().await?))?;
    let (heads, offsets) = (source.heads().await?, source.offsets().await?);
    let levels = Levels::of(&offsets, &heads)?;
    let behind = levels.behind(&heads);
    let relations = relations(&mut source.connection).await?;
    let mut copies = vec![];
    for relation in relations {
        let shared = relation.in_folder(target.connection())?;
        let rows = source.count(&relation.name).await?;
        copies.push(Copy { relation, shared, rows, behind: behind.clone() });
    }
    let total = copies.iter().map(|copy| copy.rows).sum();
    let mut before = 0;
    for copy in &copies {
        source.copy(copy, &mut target, &mut |done| report(before + done, total)).await?;
        before += copy.rows;
    }
    target.put_offsets(offsets::by_position(offsets, &levels))?;
    target.put_meta(source.meta().await?)?;
    target.link()?;
    folder::write_book(book, &source.read(SELECT_BOOK, &BOOK_TYPES).await?)?;
    let moved = target.compare(&copies, &source.read(HEADS, &["INTEGER", "INTEGER", "BLOB"]).await?, resumed)?;
    target.complete()?;
    let _ = source.connection.disconnect().await;
    Ok(moved)
}

/// Declares a folder complete, after the caller has audited it.
pub fn finish_folder(folder: &Path) -> Result<(), MoveError> {
    folder::finish(folder)
}

/// Waits until this is the database's only connection. The server forgets those of a killed process a moment later.
async fn await_solitude(connection: &mut Conn) -> Result<(), MoveError> {
    let others = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()";
    let deadline = Instant::now() + PATIENCE;
    loop {
        let others: Option<i64> = connection.query_first(others).await?;
        match others.unwrap_or_default() {
            0 => return Ok(()),
            others if Instant::now() > deadline => return Err(MoveError::InUse(others)),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

struct Source {
    connection: Conn,
}

impl Source {
    async fn open(url: &str) -> Result<Source, MoveError> {
        check_for_move(url).await?;
        let mut connection = Conn::new(options_for_move(url)?).await?;
        await_solitude(&mut connection).await?;
        connection.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
        connection.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await?;
        let archived: Option<i64> = connection.query_first("SELECT COUNT(*) FROM archive").await?;
        if archived.is_some_and(|archived| archived > 0) {
            return Err(MoveError::Archived);
        }
        Ok(Source { connection })
    }

    async fn read(&mut self, select: &str, types: &[&str]) -> Result<Vec<Row>, MoveError> {
        let rows: Vec<mysql_async::Row> = self.connection.query(select).await?;
        rows.into_iter().map(|row| cells(row, types, select)).collect()
    }

    /// Returns what changes with every commit of the source.
    async fn state(&mut self) -> Result<Vec<Row>, MoveError> {
        let mut state = self.read(HEADS, &["INTEGER", "INTEGER", "BLOB"]).await?;
        state.extend(self.read(COMMITS, &["INTEGER", "INTEGER", "INTEGER"]).await?);
        Ok(state)
    }

    async fn count(&mut self, relation: &str) -> Result<u64, MoveError> {
        let select = match relation {
            "engine_commit" => "SELECT COUNT(DISTINCT engine) FROM engine_commit".to_owned(),
            relation => format!("SELECT COUNT(*) FROM `{relation}`"),
        };
        Ok(self.connection.query_first(select).await?.unwrap_or_default())
    }

    /// Returns the last event of each shard. A shard without events may have no row.
    async fn heads(&mut self) -> Result<Vec<i64>, MoveError> {
        let mut heads = vec![0; SHARDS];
        for (shard, seq) in self.connection.query::<(usize, i64), _>("SELECT shard, seq FROM outbox_shard").await? {
            if let Some(head) = heads.get_mut(shard) {
                *head = seq;
            }
        }
        Ok(heads)
    }

    async fn offsets(&mut self) -> Result<Vec<Offset>, MoveError> {
        Ok(self.connection.query("SELECT consumer_group, topic, `partition`, position FROM consumer_offset").await?)
    }

    async fn meta(&mut self) -> Result<Vec<(String, String)>, MoveError> {
        Ok(self.connection.query("SELECT name, CAST(value AS CHAR) FROM meta").await?)
    }

    async fn copy(
        &mut self,
        copy: &Copy,
        target: &mut Folder,
        report: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), MoveError> {
        let mut done = target.done(&copy.relation.name)?;
        if done == copy.rows {
            return target.prepare_for(copy, done);
        }
        target.prepare_for(copy, done)?;
        let types: Vec<&str> = copy.shared.iter().map(|(_, declared)| declared.as_str()).collect();
        let mut to_skip = done;
        for select in copy.selects() {
            let mut rows = self.connection.query_iter(select).await?;
            loop {
                let mut batch: Vec<Row> = vec![];
                while batch.len() < ROWS_AT_ONCE
                    && let Some(row) = rows.next().await?
                {
                    if to_skip > 0 {
                        to_skip -= 1;
                    } else {
                        batch.push(cells(row, &types, &copy.relation.name)?);
                    }
                }
                if batch.is_empty() {
                    break;
                }
                let first = done;
                done += batch.len() as u64;
                target.insert(copy, batch, first)?;
                report(done);
            }
        }
        Ok(())
    }
}

fn cells(row: mysql_async::Row, types: &[&str], what: &str) -> Result<Row, MoveError> {
    let cells = row.unwrap().into_iter().zip(types);
    let taken = cells.map(|(cell, declared): (Shared, &&str)| for_folder(cell, declared));
    taken.collect::<Option<Vec<Value>>>().ok_or_else(|| MoveError::Unlike(what.to_owned()))
}
