//! The scripted provider's own record of what it did, by key.

use std::path::Path;
use std::sync::Arc;

use app::payment::{Ask, Deed, ProviderError, Verdict};
use domain::money::Money;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};

const SCHEMA: &str = "
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

pub(super) struct Book(Connection);

/// One deed, as it was done or declined.
pub(super) struct Entry {
    key: Arc<str>,
    deed: Deed,
    reference: Arc<str>,
    amount: Money,
    declined: Option<Arc<str>>,
    /// It is only told after it was looked up so often.
    pub(super) looks_left: u32,
}

impl Entry {
    pub(super) fn of(ask: &Ask, declined: Option<&str>) -> Entry {
        Entry {
            key: Arc::clone(&ask.key),
            deed: ask.deed,
            reference: ask.reference.clone().unwrap_or_else(|| reference(&ask.key)),
            amount: ask.amount,
            declined: declined.map(Arc::from),
            looks_left: 0,
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
        let deed: String = row.get(1)?;
        let deed = Deed::of_name(&deed).ok_or(rusqlite::Error::InvalidQuery)?;
        Ok(Entry {
            key: row.get::<_, String>(0)?.into(),
            deed,
            reference: row.get::<_, String>(2)?.into(),
            amount: Money::won(row.get(3)?),
            declined: row.get::<_, Option<String>>(4)?.map(Arc::from),
            looks_left: row.get(5)?,
        })
    }

    pub(super) fn verdict(&self) -> Verdict {
        let reference = Arc::clone(&self.reference);
        match &self.declined {
            None => Verdict::Approved { reference, amount: self.amount },
            Some(code) => Verdict::Declined { code: Arc::clone(code), reference: Some(reference) },
        }
    }

    /// What somebody hears who asks for the same again.
    pub(super) fn answer(&self) -> Result<Verdict, ProviderError> {
        if self.looks_left > 0 {
            return Err(ProviderError::Unknown("the scripted provider is still at it".to_owned()));
        }
        Ok(self.verdict())
    }
}

/// The same for the same key, on every machine.
fn reference(key: &str) -> Arc<str> {
    let digest = Sha256::digest(key.as_bytes());
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Arc::from(format!("sp_{hex}"))
}

/// What was done with one payment.
#[derive(Default)]
struct Sums {
    authorized: i64,
    captured: i64,
    voided: i64,
    refunded: i64,
}

impl Book {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Book> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Book(connection))
    }

    pub(super) fn find(&mut self, key: &str) -> Result<Option<Entry>, ProviderError> {
        let find = || {
            let sql = "SELECT key, deed, reference, amount, declined, looks_left FROM deed WHERE key = ?1";
            self.0.prepare_cached(sql)?.query_row([key], Entry::read).optional()
        };
        find().map_err(unwritten)
    }

    /// Writes a deed down, once and for all but for how often it is to be looked up.
    pub(super) fn write(&mut self, entry: &Entry) -> Result<(), ProviderError> {
        let write = || {
            let sql = "INSERT INTO deed (key, deed, reference, amount, declined, looks_left) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (key) DO UPDATE SET looks_left = excluded.looks_left";
            self.0.prepare_cached(sql)?.execute(params![
                &*entry.key,
                entry.deed.name(),
                &*entry.reference,
                entry.amount.amount(),
                entry.declined.as_deref(),
                entry.looks_left,
            ])
        };
        write().map(drop).map_err(unwritten)
    }

    /// Why a provider in its right mind would not do it, by what it did before. A payment that is not in the book at all
    /// is believed: its lines may have been lost.
    pub(super) fn refusal(&mut self, ask: &Ask) -> Result<Option<&'static str>, ProviderError> {
        let Some(reference) = ask.reference.as_deref() else {
            return Ok((ask.deed != Deed::Authorize).then_some("resource_missing"));
        };
        let Sums { authorized, captured, voided, refunded } = self.sums(reference).map_err(unwritten)?;
        let amount = ask.amount.amount();
        Ok(match ask.deed {
            _ if authorized == 0 => None,
            Deed::Authorize => Some("already_authorized"),
            Deed::Capture if voided > 0 => Some("canceled"),
            Deed::Capture if captured + amount > authorized => Some("amount_too_large"),
            Deed::Void if captured > 0 => Some("already_captured"),
            Deed::Refund if refunded + amount > captured => Some("charge_already_refunded"),
            Deed::Capture | Deed::Void | Deed::Refund => None,
        })
    }

    fn sums(&self, reference: &str) -> rusqlite::Result<Sums> {
        let sql = "SELECT deed, sum(amount) FROM deed WHERE reference = ?1 AND declined IS NULL GROUP BY deed";
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query([reference])?;
        let mut sums = Sums::default();
        while let Some(row) = rows.next()? {
            let deed: String = row.get(0)?;
            let sum = match Deed::of_name(&deed).ok_or(rusqlite::Error::InvalidQuery)? {
                Deed::Authorize => &mut sums.authorized,
                Deed::Capture => &mut sums.captured,
                Deed::Void => &mut sums.voided,
                Deed::Refund => &mut sums.refunded,
            };
            *sum = row.get(1)?;
        }
        Ok(sums)
    }
}

/// What is not in the book did not happen.
fn unwritten(error: rusqlite::Error) -> ProviderError {
    ProviderError::NotDone(format!("its book: {error}"))
}
