//! The store at one moment, as the audit reads it: one read transaction, beside the writer or without one.
//!
//! The connection cannot write, and closing it copies nothing from the log into the file, so an audit leaves a store
//! that was killed exactly as it found it.

mod campaigns;
mod customers;
mod events;
mod orders;
mod stream;

use std::cell::RefCell;
use std::path::Path;

use app::audit::{CampaignFact, CustomerFacts, EventFacts, LogFacts, OrderFacts, ProductFacts, Snapshot};
use app::ports::StoreError;
use app::rows::{AnswerKey, StoredAnswer};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Result, Row};

use super::opening::{BUSY_TIMEOUT, DATABASE_FILE, OpenError, check_schema, check_sqlite};
use super::records::{self, Cells, select_product};

use stream::Unreadable;

/// Memory for pages. What must be sorted beyond it goes to temporary files.
const CACHE_KIB: i64 = 65_536;

pub struct SqliteSnapshot {
    connection: Connection,
    unreadable: Unreadable,
}

impl SqliteSnapshot {
    /// Fixes the moment: whatever is committed later is not seen.
    pub fn open(folder: &Path) -> std::result::Result<SqliteSnapshot, OpenError> {
        check_sqlite()?;
        if !folder.join(DATABASE_FILE).exists() {
            return Err(OpenError::NoShop(folder.to_owned()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(folder.join(DATABASE_FILE), flags)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.execute_batch("BEGIN")?;
        if check_schema(&connection, folder)? == 0 {
            return Err(OpenError::NoShop(folder.to_owned()));
        }
        Ok(SqliteSnapshot { connection, unreadable: RefCell::new(vec![]) })
    }

    fn read(&self, read: impl FnOnce(&Connection, &Unreadable) -> Result<()>) -> std::result::Result<(), StoreError> {
        read(&self.connection, &self.unreadable).map_err(store_error)
    }
}

fn store_error(error: rusqlite::Error) -> StoreError {
    StoreError(error.to_string())
}

impl Snapshot for SqliteSnapshot {
    fn products(&mut self, each: &mut dyn FnMut(ProductFacts)) -> std::result::Result<(), StoreError> {
        self.read(|connection, unreadable| products(connection, unreadable, each))
    }

    fn campaigns(&mut self, each: &mut dyn FnMut(CampaignFact)) -> std::result::Result<(), StoreError> {
        self.read(|connection, unreadable| campaigns::read(connection, unreadable, each))
    }

    fn orders(&mut self, each: &mut dyn FnMut(OrderFacts)) -> std::result::Result<(), StoreError> {
        self.read(|connection, unreadable| orders::read(connection, unreadable, each))
    }

    fn customers(&mut self, each: &mut dyn FnMut(CustomerFacts)) -> std::result::Result<(), StoreError> {
        self.read(|connection, unreadable| customers::read(connection, unreadable, each))
    }

    fn answers(&mut self, each: &mut dyn FnMut(AnswerKey, StoredAnswer)) -> std::result::Result<(), StoreError> {
        self.read(|connection, unreadable| {
            let sql = "SELECT fingerprint, answer, answered_at, key, idempotency_id FROM idempotency";
            let mut statement = connection.prepare(sql)?;
            let mut answers = stream::Stream::new(&mut statement, ("idempotency", 4), answer, unreadable)?;
            while let Some((key, stored)) = answers.any()? {
                each(key, stored);
            }
            Ok(())
        })
    }

    fn events(&mut self, each: &mut dyn FnMut(EventFacts)) -> std::result::Result<LogFacts, StoreError> {
        events::read(&self.connection, each).map_err(store_error)
    }

    fn integrity(&mut self) -> std::result::Result<Vec<String>, StoreError> {
        let mut problems = self.unreadable.take();
        let found = self.connection.prepare("PRAGMA integrity_check").and_then(|mut check| {
            let lines: Result<Vec<String>> = check.query_map([], |row| row.get(0))?.collect();
            lines
        });
        problems.extend(found.map_err(store_error)?.into_iter().filter(|line| line != "ok"));
        problems.extend(events::out_of_reach(&self.connection).map_err(store_error)?);
        Ok(problems)
    }
}

fn answer(row: &Row<'_>) -> Result<(AnswerKey, StoredAnswer)> {
    Ok((AnswerKey(row.get(3)?), records::answer(row)?))
}

fn products(connection: &Connection, unreadable: &Unreadable, each: &mut dyn FnMut(ProductFacts)) -> Result<()> {
    let mut products = connection.prepare(select_product!("ORDER BY product_id"))?;
    let mut products = stream::Stream::new(&mut products, ("product", 0), records::product, unreadable)?;
    let mut sums = connection.prepare(
        "SELECT product_id, sum(max(delta, 0)), sum(max(-delta, 0)) FROM stock_receipt
         GROUP BY product_id ORDER BY product_id",
    )?;
    let mut sums = stream::Stream::new(&mut sums, ("stock_receipt", 0), receipts, unreadable)?;
    while let Some(id) = stream::least([products.key(), sums.key()]) {
        let (received, written_off) = sums.one(id)?.unwrap_or((0, 0));
        match products.one(id)? {
            Some(product) => each(ProductFacts { product, received, written_off }),
            None => unreadable.borrow_mut().push(format!("stock_receipt: product {id} does not exist")),
        }
    }
    Ok(())
}

fn receipts(row: &Row<'_>) -> Result<(i64, i64)> {
    let mut cells = Cells::of(row);
    cells.take::<i64>()?;
    Ok((cells.take()?, cells.take()?))
}
