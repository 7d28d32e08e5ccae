//! The scripted provider's ledger in a file of its own, beside the store of a shop that is one process.

use std::future::ready;
use std::path::Path;

use app::payments::provider::{Ask, Call, Operation, ProviderError, ScriptSetting};
use domain::money::Money;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::ledger::{Entry, Ledger, Page, Play, Played, Sums};

/// The schema, also of a ledger that is moved.
pub(crate) const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS deed (
        key        TEXT PRIMARY KEY,
        deed       TEXT NOT NULL,
        reference  TEXT NOT NULL,
        amount     INTEGER NOT NULL,
        declined   TEXT,
        looks_left INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS deed_of_payment ON deed (reference);
";

pub(super) struct FileLedger {
    file: Mutex<Connection>,
    setting: Mutex<Option<ScriptSetting>>,
}

/// Inserts a moved operation.
pub(crate) const INSERT: &str =
    "INSERT INTO deed (key, deed, reference, amount, declined, looks_left) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

impl FileLedger {
    pub(super) fn open(path: &Path) -> Result<FileLedger> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(FileLedger { file: Mutex::new(connection), setting: Mutex::new(None) })
    }

    fn turn_once(&self, ask: &Ask, play: Play) -> std::result::Result<Played, ProviderError> {
        let (file, mut setting) = (self.file.lock(), self.setting.lock());
        let mut page = read(&file, ask).map_err(unwritten)?;
        page.setting = *setting;
        let turn = play(ask, &page);
        if let Some(entry) = &turn.entry {
            write(&file, entry).map_err(unwritten)?;
        }
        *setting = turn.setting;
        turn.answer
    }
}

impl Ledger for FileLedger {
    fn turn<'a>(&'a self, ask: &'a Ask, play: Play) -> Call<'a, Played> {
        Box::pin(ready(self.turn_once(ask, play)))
    }

    fn set(&self, setting: Option<ScriptSetting>) -> Call<'_, ()> {
        *self.setting.lock() = setting;
        Box::pin(ready(Ok(())))
    }

    fn setting(&self) -> Call<'_, Option<ScriptSetting>> {
        Box::pin(ready(Ok(*self.setting.lock())))
    }
}

fn read(file: &Connection, ask: &Ask) -> Result<Page> {
    let sql = "SELECT key, deed, reference, amount, declined, looks_left FROM deed WHERE key = ?1";
    let entry = file.prepare_cached(sql)?.query_row([&*ask.key], entry).optional()?;
    let mut sums = Sums::default();
    let sql = "SELECT deed, sum(amount) FROM deed WHERE reference = ?1 AND declined IS NULL GROUP BY deed";
    let mut statement = file.prepare_cached(sql)?;
    let mut rows = statement.query([ask.reference.as_deref().unwrap_or_default()])?;
    while let Some(row) = rows.next()? {
        sums.add(operation(row, 0)?, row.get(1)?);
    }
    Ok(Page { entry, sums, setting: None })
}

fn operation(row: &Row<'_>, column: usize) -> Result<Operation> {
    let name: String = row.get(column)?;
    Operation::from_name(&name).ok_or(rusqlite::Error::InvalidQuery)
}

fn entry(row: &Row<'_>) -> Result<Entry> {
    Ok(Entry {
        key: row.get::<_, String>(0)?.into(),
        operation: operation(row, 1)?,
        reference: row.get::<_, String>(2)?.into(),
        amount: Money::won(row.get(3)?),
        declined: row.get::<_, Option<String>>(4)?.map(Into::into),
        looks_left: row.get(5)?,
    })
}

/// Inserts an operation; later writes change its number of pending queries and the decision of its customer.
fn write(file: &Connection, entry: &Entry) -> Result<()> {
    let sql = "INSERT INTO deed (key, deed, reference, amount, declined, looks_left) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (key) DO UPDATE SET declined = excluded.declined, looks_left = excluded.looks_left";
    let (operation, declined) = (entry.operation.name(), entry.declined.as_deref());
    let cells = params![&*entry.key, operation, &*entry.reference, entry.amount.amount(), declined, entry.looks_left];
    file.prepare_cached(sql)?.execute(cells).map(drop)
}

/// An operation that is not in the ledger was not executed.
fn unwritten(error: rusqlite::Error) -> ProviderError {
    ProviderError::NotExecuted(format!("the provider's ledger failed: {error}"))
}
