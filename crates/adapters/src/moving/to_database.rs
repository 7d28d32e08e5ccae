//! From a data folder to an empty database.

use std::path::Path;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder, Params, TxOpts, Value as Shared};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

use super::offsets::{self, Offset};
use super::relations::{OF_DATABASE_ALONE, Relation, quoted, relations};
use super::rows::{fingerprint, for_database};
use super::{MoveError, Moved, ROWS_AT_ONCE, Report, Row};
use crate::half_moved::{COPIED, MOVING};
use crate::mysql::{migrate_for_move, options_for_move};
use crate::sqlite::SqliteSnapshot;

/// A mark of this name says that the database has its whole schema.
const SCHEMA: &str = "schema";
/// Rows of one statement; the smaller sizes are for the rest.
const SIZES: [usize; 3] = [200, 20, 1];
/// The provider's book, under the names of the database.
const BOOK: &str = "SELECT key, deed, reference, amount, declined, looks_left FROM deed ORDER BY key";
const BOOK_COLUMNS: [&str; 6] = ["deed_key", "deed", "reference", "amount", "declined", "looks_left"];

/// Copies a folder that the caller has locked into an empty database, or goes on with that, and compares the result.
pub async fn to_database(folder: &Path, book: &Path, url: &str, report: Report<'_>) -> Result<Moved, MoveError> {
    let source = SqliteSnapshot::open(folder)?;
    let source = source.connection();
    if count(source, "archive")? > 0 {
        return Err(MoveError::Archived);
    }
    let opts = options_for_move(url)?;
    let mut database = Database::connect(&opts).await?;
    let resumed = database.begin().await?;
    migrate_for_move(&opts).await?;
    database.mark(SCHEMA, 1).await?;
    database.remember(&fingerprint(&source_state(source)?)).await?;
    let relations = relations(&mut database.connection).await?;
    let book = open_book(book)?;
    let mut copies = vec![];
    for relation in relations {
        copies.push(Copy::of(relation, source)?);
    }
    if let Some(book) = &book {
        let columns = BOOK_COLUMNS.map(str::to_owned).to_vec();
        copies.push(Copy {
            name: "scripted_deed".to_owned(),
            columns,
            select: BOOK.to_owned(),
            rows: count(book, "deed")?,
        });
    }
    let mut progress = Progress { done: 0, total: copies.iter().map(|copy| copy.rows).sum(), report };
    for copy in &copies {
        let from = if copy.name == "scripted_deed" { book.as_ref().unwrap_or(source) } else { source };
        database.copy(from, copy, &mut progress).await?;
    }
    database.put_offsets(source).await?;
    database.put_meta(source).await?;
    let moved = database.compare(source, &copies, resumed).await?;
    database.mark(COPIED, 1).await?;
    let _ = database.connection.disconnect().await;
    Ok(moved)
}

/// Declares a database complete, after the caller has audited it.
pub async fn finish_database(url: &str) -> Result<(), MoveError> {
    let mut connection = Conn::new(options_for_move(url)?).await?;
    connection.query_drop(format!("DROP TABLE {MOVING}")).await?;
    let _ = connection.disconnect().await;
    Ok(())
}

struct Progress<'a> {
    done: u64,
    total: u64,
    report: Report<'a>,
}

/// The rows of one relation.
struct Copy {
    name: String,
    /// In the database.
    columns: Vec<String>,
    select: String,
    rows: u64,
}

impl Copy {
    fn of(relation: Relation, source: &Connection) -> Result<Copy, MoveError> {
        let shared = relation.in_folder(source)?;
        let columns: Vec<String> = shared.into_iter().map(|(column, _)| column).collect();
        let mut selected: Vec<String> = columns.iter().map(|column| select(&relation.name, column)).collect();
        let mut columns = columns;
        for (_, column, value) in OF_DATABASE_ALONE.iter().filter(|(table, ..)| *table == relation.name) {
            columns.push((*column).to_owned());
            selected.push(value.to_string());
        }
        let name = relation.name;
        let select = format!("SELECT {} FROM \"{name}\" ORDER BY {}", selected.join(", "), quoted(&relation.key, '"'));
        Ok(Copy { rows: count(source, &name)?, name, columns, select })
    }
}

/// Returns what a column is in the database. A delivery or notification finds its event by position in a folder, by shard in a database.
fn select(table: &str, column: &str) -> String {
    match (table, column) {
        ("webhook_delivery" | "notification", "shard" | "seq") => {
            format!("(SELECT {column} FROM event_row WHERE position = {table}.seq)")
        }
        _ => format!("\"{column}\""),
    }
}

fn count(connection: &Connection, relation: &str) -> rusqlite::Result<u64> {
    connection
        .query_row(&format!("SELECT count(*) FROM \"{relation}\""), [], |row| row.get::<_, i64>(0))
        .map(|rows| u64::try_from(rows).unwrap_or_default())
}

fn open_book(book: &Path) -> Result<Option<Connection>, MoveError> {
    if std::fs::metadata(book).map_or(0, |file| file.len()) == 0 {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Some(Connection::open_with_flags(book, flags)?))
}

fn read(connection: &Connection, select: &str) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare(select)?;
    let columns = statement.column_count();
    statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?.collect()
}

/// Returns what changes with every commit of the source.
fn source_state(source: &Connection) -> rusqlite::Result<Vec<Row>> {
    let mut state = read(source, "SELECT shard, seq, hash FROM outbox_shard ORDER BY shard")?;
    state.extend(read(source, "SELECT engine, number FROM engine_commit ORDER BY engine")?);
    Ok(state)
}

struct Database {
    connection: Conn,
}

impl Database {
    async fn connect(opts: &Opts) -> Result<Database, MoveError> {
        let opts = OptsBuilder::from_opts(opts.clone()).stmt_cache_size(32);
        let mut connection = Conn::new(opts).await?;
        // The rows were unique before; the counts are compared afterwards.
        connection.query_drop("SET SESSION unique_checks = 0, foreign_key_checks = 0").await?;
        Ok(Database { connection })
    }

    /// Begins a move in an empty database; returns true if one was begun before.
    async fn begin(&mut self) -> Result<bool, MoveError> {
        let tables = "SELECT COUNT(*), COALESCE(SUM(table_name = 'moving'), 0) FROM information_schema.tables
                      WHERE table_schema = DATABASE()";
        let found: Option<(i64, i64)> = self.connection.query_first(tables).await?;
        match found.unwrap_or_default() {
            (0, _) => {}
            (_, 1) => return self.begin_again().await.map(|()| true),
            (tables, _) => return Err(MoveError::DatabaseNotEmpty(tables)),
        }
        let create =
            format!("CREATE TABLE {MOVING} (name VARCHAR(96) PRIMARY KEY, done BIGINT NOT NULL) ENGINE = InnoDB");
        self.connection.query_drop(create).await?;
        Ok(false)
    }

    /// A migration and its record are two commits, so a schema that is not complete is made again. The database was empty
    /// when the move began.
    async fn begin_again(&mut self) -> Result<(), MoveError> {
        if self.done(SCHEMA).await? > 0 {
            return Ok(());
        }
        let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> 'moving'";
        let tables: Vec<String> = self.connection.query(tables).await?;
        for table in tables {
            self.connection.query_drop(format!("DROP TABLE `{table}`")).await?;
        }
        Ok(())
    }

    /// Remembers what the move began from, or compares it with what an earlier one remembered.
    async fn remember(&mut self, state: &str) -> Result<(), MoveError> {
        let known: Vec<String> =
            self.connection.query(format!("SELECT name FROM {MOVING} WHERE name LIKE 'source %'")).await?;
        let mine = format!("source {state}");
        match known.first() {
            None => self.mark(&mine, 1).await,
            Some(known) if *known == mine => Ok(()),
            Some(_) => Err(MoveError::SourceChanged),
        }
    }

    async fn mark(&mut self, name: &str, done: u64) -> Result<(), MoveError> {
        Ok(self.connection.exec_drop(format!("REPLACE INTO {MOVING} VALUES (?, ?)"), (name, done)).await?)
    }

    async fn done(&mut self, name: &str) -> Result<u64, MoveError> {
        let select = format!("SELECT done FROM {MOVING} WHERE name = ?");
        Ok(self.connection.exec_first(select, (name,)).await?.unwrap_or_default())
    }

    async fn copy(&mut self, source: &Connection, copy: &Copy, progress: &mut Progress<'_>) -> Result<(), MoveError> {
        let mut done = self.done(&copy.name).await?;
        if done == 0 {
            // The schema's own first rows.
            self.connection.query_drop(format!("DELETE FROM `{}`", copy.name)).await?;
        }
        progress.done += done;
        if done == copy.rows {
            return Ok(());
        }
        let mut statement = source.prepare(&copy.select)?;
        let columns = copy.columns.len();
        let mut rows = statement.query([])?;
        for _ in 0..done {
            rows.next()?;
        }
        loop {
            let mut batch: Vec<Vec<Shared>> = vec![];
            while batch.len() < ROWS_AT_ONCE
                && let Some(row) = rows.next()?
            {
                let cells = (0..columns).map(|column| row.get::<_, Value>(column).map(for_database));
                batch.push(cells.collect::<Result<_, _>>()?);
            }
            if batch.is_empty() {
                return Ok(());
            }
            done += batch.len() as u64;
            progress.done += batch.len() as u64;
            self.insert(copy, batch, done).await?;
            (progress.report)(progress.done, progress.total);
        }
    }

    async fn insert(&mut self, copy: &Copy, batch: Vec<Vec<Shared>>, done: u64) -> Result<(), MoveError> {
        let head = format!("INSERT INTO `{}` ({}) VALUES ", copy.name, quoted(&copy.columns, '`'));
        let row = format!("({})", vec!["?"; copy.columns.len()].join(", "));
        let mut transaction = self.connection.start_transaction(TxOpts::default()).await?;
        let mut rest = batch.as_slice();
        for size in SIZES {
            let statement = format!("{head}{}", vec![row.as_str(); size].join(", "));
            while rest.len() >= size {
                let (now, later) = rest.split_at(size);
                let cells: Vec<Shared> = now.iter().flatten().cloned().collect();
                transaction.exec_drop(&statement, Params::Positional(cells)).await?;
                rest = later;
            }
        }
        let mark = format!("REPLACE INTO {MOVING} VALUES (?, ?)");
        transaction.exec_drop(mark, (copy.name.as_str(), done)).await?;
        Ok(transaction.commit().await?)
    }

    async fn put_offsets(&mut self, source: &Connection) -> Result<(), MoveError> {
        let mut statement = source.prepare("SELECT consumer_group, topic, partition, position FROM consumer_offset")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let offsets: Vec<Offset> = rows.collect::<Result<_, _>>()?;
        let mut before = source
            .prepare("SELECT shard, max(seq) + 1 FROM event_row WHERE position < ?1 GROUP BY shard ORDER BY shard")?;
        let translated = offsets::by_shard(offsets, |position| {
            before.query_map([position], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let mut transaction = self.connection.start_transaction(TxOpts::default()).await?;
        transaction.query_drop("DELETE FROM consumer_offset").await?;
        let insert = "INSERT INTO consumer_offset (consumer_group, topic, `partition`, position) VALUES (?, ?, ?, ?)";
        transaction.exec_batch(insert, translated).await?;
        Ok(transaction.commit().await?)
    }

    /// A database has the key as hexadecimal digits, and numbers as text.
    async fn put_meta(&mut self, source: &Connection) -> Result<(), MoveError> {
        let mut values: Vec<(String, String)> = vec![];
        for mut row in read(source, "SELECT name, value FROM meta ORDER BY name")? {
            let (Some(value), Some(Value::Text(name))) = (row.pop(), row.pop()) else {
                return Err(MoveError::Unlike("meta".to_owned()));
            };
            let value = match value {
                Value::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
                Value::Integer(number) => number.to_string(),
                Value::Text(text) => text,
                Value::Null | Value::Real(_) => return Err(MoveError::Unlike(format!("meta.{name}"))),
            };
            values.push((name, value));
        }
        Ok(self.connection.exec_batch("REPLACE INTO meta (name, value) VALUES (?, ?)", values).await?)
    }

    async fn compare(&mut self, source: &Connection, copies: &[Copy], resumed: bool) -> Result<Moved, MoveError> {
        let mut moved = Moved { resumed, ..Moved::default() };
        for Copy { name, rows, .. } in copies {
            let found: Option<u64> = self.connection.query_first(format!("SELECT COUNT(*) FROM `{name}`")).await?;
            let found = found.unwrap_or_default();
            if found != *rows {
                return Err(MoveError::Count { relation: name.clone(), expected: *rows, found });
            }
            moved.relations.push((name.clone(), found));
        }
        let heads: Vec<(i64, i64, Vec<u8>)> =
            self.connection.query("SELECT shard, seq, hash FROM outbox_shard ORDER BY shard").await?;
        let cells = |(shard, seq, hash): &(i64, i64, Vec<u8>)| {
            vec![Value::Integer(*shard), Value::Integer(*seq), Value::Blob(hash.clone())]
        };
        let found: Vec<Row> = heads.iter().map(cells).collect();
        if found != read(source, "SELECT shard, seq, hash FROM outbox_shard ORDER BY shard")? {
            return Err(MoveError::Heads);
        }
        moved.heads = heads.into_iter().map(|(_, seq, _)| seq).collect();
        Ok(moved)
    }
}
