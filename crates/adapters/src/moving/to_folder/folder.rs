//! The folder that a database is moved into.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params_from_iter};

use super::super::offsets::Offset;
use super::super::relations::quoted;
use super::super::{MoveError, Moved, Row};
use super::copies::Copy;
use crate::half_moved::{COPIED, MOVING};
use crate::payment::{FILE_LEDGER_SCHEMA, INSERT_DEED};
use crate::sqlite::{DATABASE_FILE, open_for_move};

pub(super) struct Folder {
    connection: Connection,
    /// The numbers of the kinds of event.
    kinds: BTreeMap<[String; 4], i64>,
}

impl Folder {
    /// Begins a move into an empty folder; returns true, too, if one was begun before.
    pub(super) fn begin(folder: &Path, allowed: &[&str]) -> Result<(Folder, bool), MoveError> {
        let is_begun = folder.join(DATABASE_FILE).exists() && is_begun(folder)?;
        if !is_begun {
            let entries = std::fs::read_dir(folder).map_err(|error| MoveError::File(folder.to_owned(), error))?;
            for entry in entries {
                let entry = entry.map_err(|error| MoveError::File(folder.to_owned(), error))?;
                let found = entry.file_name().to_string_lossy().into_owned();
                if !allowed.contains(&found.as_str()) {
                    return Err(MoveError::FolderNotEmpty { folder: folder.to_owned(), found });
                }
            }
        }
        let create =
            format!("CREATE TABLE IF NOT EXISTS {MOVING} (name TEXT PRIMARY KEY, done INTEGER NOT NULL) STRICT");
        let connection = open_for_move(folder, &create)?;
        Ok((Folder { connection, kinds: BTreeMap::new() }, is_begun))
    }

    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Remembers what the move began from, or compares it with what an earlier one remembered.
    pub(super) fn remember(&self, state: &str) -> Result<(), MoveError> {
        let known = format!("SELECT name FROM {MOVING} WHERE name LIKE 'source %'");
        let known: Option<String> = self.connection.query_row(&known, [], |row| row.get(0)).optional()?;
        let mine = format!("source {state}");
        match known {
            None => Ok(mark(&self.connection, &mine, 1)?),
            Some(known) if known == mine => Ok(()),
            Some(_) => Err(MoveError::SourceChanged),
        }
    }

    pub(super) fn done(&self, name: &str) -> Result<u64, MoveError> {
        let select = format!("SELECT done FROM {MOVING} WHERE name = ?1");
        let done: Option<i64> = self.connection.query_row(&select, [name], |row| row.get(0)).optional()?;
        Ok(done.and_then(|done| u64::try_from(done).ok()).unwrap_or_default())
    }

    /// Removes the schema's own first rows, and reads what earlier rows of this relation left.
    pub(super) fn prepare_for(&mut self, copy: &Copy, done: u64) -> Result<(), MoveError> {
        match copy.relation.name.as_str() {
            "event" => {
                let mut known =
                    self.connection.prepare("SELECT type, cause, aggregatetype, topic, kind FROM event_kind")?;
                let known = known.query_map([], |row| {
                    Ok(([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?], row.get::<_, i64>(4)?))
                })?;
                self.kinds = known.collect::<Result<_, _>>()?;
            }
            "points_account" => {}
            name if done == 0 => drop(self.connection.execute(&format!("DELETE FROM \"{name}\""), [])?),
            _ => {}
        }
        Ok(())
    }

    /// Inserts rows, the first of which is number `first` of its relation.
    pub(super) fn insert(&mut self, copy: &Copy, batch: Vec<Row>, first: u64) -> Result<(), MoveError> {
        let done = first + batch.len() as u64;
        let name = copy.relation.name.as_str();
        let transaction = self.connection.transaction()?;
        match name {
            "event" => insert_events(&transaction, &mut self.kinds, copy, batch, first)?,
            "points_account" => {
                let mut update = transaction.prepare_cached("UPDATE customer SET points = ?2 WHERE user_id = ?1")?;
                for row in batch {
                    update.execute(params_from_iter(row))?;
                }
            }
            name => {
                let columns = copy.columns();
                let places = vec!["?"; columns.len()].join(", ");
                let insert = format!("INSERT INTO \"{name}\" ({}) VALUES ({places})", quoted(&columns, '"'));
                let mut insert = transaction.prepare_cached(&insert)?;
                for row in batch {
                    insert.execute(params_from_iter(row))?;
                }
            }
        }
        mark(&transaction, name, done)?;
        Ok(transaction.commit()?)
    }

    pub(super) fn put_offsets(&mut self, offsets: Vec<Offset>) -> Result<(), MoveError> {
        let transaction = self.connection.transaction()?;
        transaction.execute("DELETE FROM consumer_offset", [])?;
        for (group, topic, partition, position) in offsets {
            let insert =
                "INSERT INTO consumer_offset (consumer_group, topic, partition, position) VALUES (?1, ?2, ?3, ?4)";
            transaction.execute(insert, (group, topic, partition, position))?;
        }
        Ok(transaction.commit()?)
    }

    /// A folder has the key as bytes, and the count of openings as a number.
    pub(super) fn put_meta(&mut self, values: Vec<(String, String)>) -> Result<(), MoveError> {
        let transaction = self.connection.transaction()?;
        for (name, value) in values {
            let unlike = || MoveError::Unlike(format!("meta.{name}"));
            let value = match name.as_str() {
                "trail_settled" | "app_version" => continue,
                "codec_key" => {
                    let key = u128::from_str_radix(&value, 16).map_err(|_| unlike())?;
                    Value::Blob(key.to_be_bytes().to_vec())
                }
                "openings" => Value::Integer(value.parse().map_err(|_| unlike())?),
                _ => Value::Text(value),
            };
            let put = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
            transaction.execute(put, (&name, value))?;
        }
        Ok(transaction.commit()?)
    }

    /// Makes the lists that only a folder keeps: an order's events, a customer's coupons, a delivery's event.
    pub(super) fn link(&mut self) -> Result<(), MoveError> {
        if self.done("links")? > 0 {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        transaction.execute_batch(LINKS)?;
        mark(&transaction, "links", 1)?;
        Ok(transaction.commit()?)
    }

    pub(super) fn compare(&self, copies: &[Copy], heads: &[Row], resumed: bool) -> Result<Moved, MoveError> {
        let mut moved = Moved { resumed, ..Moved::default() };
        for Copy { relation, rows, .. } in copies {
            let select = format!("SELECT count(*) FROM \"{}\"", relation.name);
            let found = self.connection.query_row(&select, [], |row| row.get::<_, i64>(0))?;
            let found = u64::try_from(found).unwrap_or_default();
            if found != *rows {
                return Err(MoveError::Count { relation: relation.name.clone(), expected: *rows, found });
            }
            moved.relations.push((relation.name.clone(), found));
        }
        let mut kept = self.connection.prepare("SELECT shard, seq, hash FROM outbox_shard ORDER BY shard")?;
        let kept = kept.query_map([], |row| Ok(vec![row.get(0)?, row.get(1)?, row.get(2)?]))?;
        let kept: Vec<Row> = kept.collect::<Result<_, _>>()?;
        if kept != heads {
            return Err(MoveError::Heads);
        }
        let seq = |row: &Row| match row.get(1) {
            Some(Value::Integer(seq)) => *seq,
            _ => 0,
        };
        moved.heads = kept.iter().map(seq).collect();
        Ok(moved)
    }

    /// Marks everything as copied and brings the log into the file.
    pub(super) fn complete(self) -> Result<(), MoveError> {
        mark(&self.connection, COPIED, 1)?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.connection.close().map_err(|(_, error)| error.into())
    }
}

/// An order's events are runs of positions. A row holds some 70 coupons, longer lists are in their own table. A delivery
/// or notification finds its event by position. The index is for the last of these; the next opening drops it unless it is needed.
const LINKS: &str = "
    CREATE UNIQUE INDEX IF NOT EXISTS event_of_shard ON event_row (shard, seq);
    DELETE FROM order_event_run;
    INSERT INTO order_event_run (order_id, first_position, last_position)
        SELECT order_id, min(position), max(position)
        FROM (SELECT order_id, position, position - row_number() OVER (PARTITION BY order_id ORDER BY position) AS run
              FROM event_row WHERE order_id IS NOT NULL)
        GROUP BY order_id, run;
    DELETE FROM customer_coupon;
    UPDATE customer SET coupons = held.coupons
        FROM (SELECT user_id, group_concat(' ' || campaign_id || '.' || nth || '=' || coupon_id, '' ORDER BY coupon_id) AS coupons
              FROM coupon GROUP BY user_id) AS held
        WHERE held.user_id = customer.user_id;
    INSERT INTO customer_coupon (user_id, campaign_id, nth, coupon_id)
        SELECT user_id, campaign_id, nth, coupon_id FROM coupon
        WHERE user_id IN (SELECT user_id FROM customer WHERE length(coupons) > 1024);
    UPDATE customer SET coupons = '', coupons_moved = (SELECT count(*) FROM customer_coupon AS held WHERE held.user_id = customer.user_id)
        WHERE length(coupons) > 1024;
    UPDATE webhook_delivery SET shard = 0,
        seq = (SELECT position FROM event_row WHERE event_row.shard = webhook_delivery.shard AND event_row.seq = webhook_delivery.seq)
        WHERE seq IS NOT NULL;
    UPDATE notification SET shard = 0,
        seq = (SELECT position FROM event_row WHERE event_row.shard = notification.shard AND event_row.seq = notification.seq);";

fn mark(connection: &Connection, name: &str, done: u64) -> rusqlite::Result<()> {
    let put = format!("INSERT INTO {MOVING} VALUES (?1, ?2) ON CONFLICT DO UPDATE SET done = excluded.done");
    connection.execute(&put, (name, i64::try_from(done).unwrap_or(i64::MAX))).map(|_| ())
}

/// Positions have no gap in a folder, so events are numbered again in their order.
fn insert_events(
    transaction: &Transaction<'_>,
    kinds: &mut BTreeMap<[String; 4], i64>,
    copy: &Copy,
    batch: Vec<Row>,
    first: u64,
) -> Result<(), MoveError> {
    let columns = copy.columns();
    let unlike = || MoveError::Unlike("event".to_owned());
    let place = |name: &str| columns.iter().position(|column| column == name).ok_or_else(unlike);
    let kind = [place("type")?, place("cause")?, place("aggregatetype")?, place("topic")?];
    let (id, position) = (place("id")?, place("position")?);
    let kept: Vec<usize> = (0..columns.len()).filter(|column| !kind.contains(column)).collect();
    let names: Vec<String> = kept.iter().map(|column| columns[*column].clone()).collect();
    let places = vec!["?"; kept.len() + 1].join(", ");
    let insert = format!("INSERT INTO event_row ({}, kind) VALUES ({places})", quoted(&names, '"'));
    let mut insert = transaction.prepare_cached(&insert)?;
    for (number, mut row) in (first + 1..).zip(batch) {
        let word = |column: usize| match &row[column] {
            Value::Text(text) => Ok(text.clone()),
            Value::Null | Value::Integer(_) | Value::Real(_) | Value::Blob(_) => Err(unlike()),
        };
        let key = [word(kind[0])?, word(kind[1])?, word(kind[2])?, word(kind[3])?];
        let uuid = word(id)?.replace('-', "");
        let uuid = u128::from_str_radix(&uuid, 16).map_err(|_| unlike())?;
        row[id] = Value::Blob(uuid.to_be_bytes().to_vec());
        row[position] = Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        let kind = match kinds.get(&key) {
            Some(kind) => *kind,
            None => {
                let add =
                    "INSERT INTO event_kind (type, cause, aggregatetype, topic) VALUES (?1, ?2, ?3, ?4) RETURNING kind";
                let added = transaction.query_row(add, params_from_iter(&key), |row| row.get(0))?;
                kinds.insert(key, added);
                added
            }
        };
        let cells = kept.iter().map(|column| std::mem::replace(&mut row[*column], Value::Null));
        insert.execute(params_from_iter(cells.chain([Value::Integer(kind)])))?;
    }
    Ok(())
}

/// A file without any table is what a move was killed in before its first one.
fn is_begun(folder: &Path) -> rusqlite::Result<bool> {
    let connection = Connection::open(folder.join(DATABASE_FILE))?;
    let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(tables == 0 || connection.table_exists(None, MOVING)?)
}

/// Writes the provider's book again as a whole.
pub(super) fn write_book(book: &Path, deeds: &[Row]) -> Result<(), MoveError> {
    if deeds.is_empty() {
        return Ok(());
    }
    // SQLite would create a file that everybody may read.
    let created = File::options().create(true).truncate(false).write(true).mode(0o600).open(book);
    created.map_err(|error| MoveError::File(book.to_owned(), error))?;
    let mut connection = Connection::open(book)?;
    connection.execute_batch(FILE_LEDGER_SCHEMA)?;
    let transaction = connection.transaction()?;
    transaction.execute("DELETE FROM deed", [])?;
    for deed in deeds {
        transaction.execute(INSERT_DEED, params_from_iter(deed))?;
    }
    Ok(transaction.commit()?)
}

pub(super) fn finish(folder: &Path) -> Result<(), MoveError> {
    let connection = Connection::open(folder.join(DATABASE_FILE))?;
    connection.execute_batch(&format!("DROP TABLE {MOVING}"))?;
    Ok(())
}
