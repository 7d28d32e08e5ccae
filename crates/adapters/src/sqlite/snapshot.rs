//! The store at one moment, as the audit reads it: one read transaction, beside the writer or without one.
//!
//! The connection cannot write, and closing it copies nothing from the log into the file, so an audit leaves a store
//! that was killed exactly as it found it.

mod constraints;
mod customer_rows;
mod events;
mod since;
mod stream;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use app::audit::{
    Archived, CampaignFact, CustomerFacts, DropFact, Ends, EventFacts, LogFacts, Needed, OrderFacts, ProductFacts,
    Proof, Snapshot, StatisticsFacts, WebhookFact,
};
use app::ports::StoreError;
use app::state::rows::{AnswerKey, StoredAnswer};
use domain::ids::OrderId;
use rusqlite::{Connection, Result};

use super::cells::{each_readable, find, from_row, store_error};
use super::connection::DATABASE_FILE;
use super::loss::{self, Loss};
use super::opening::{OpenError, check_shop, check_sqlite};
use super::reading::{file_to_read, to_read};
use super::trail::last;
use super::{commit_mark, cut, page_sums};
use crate::records::FromCells;
use crate::snapshot::archive::{self, Places};
use crate::snapshot::{
    ANSWERS, Asked, Unreadable, campaigns, customers, drops, further, orders, products, statistics, webhooks,
};

use since::Part;
use stream::stream;

/// Memory for pages, in KiB. Larger sorts use temporary files.
const CACHE_KIB: i64 = 65_536;

/// A folder finds events by position.
const PLACES: Places = Places { is_whole: true, of_row: "event.position = owed.seq" };

pub struct SqliteSnapshot {
    connection: Connection,
    unreadable: Unreadable,
    /// The commits that the store has lost.
    loss: Option<Loss>,
    /// Pages of the file that were changed since it was closed.
    changed: Vec<String>,
    /// True if only what changed since a proof is read.
    is_restricted: bool,
}

impl SqliteSnapshot {
    /// Fixes the moment: later commits are not seen.
    pub fn open(folder: &Path) -> std::result::Result<SqliteSnapshot, OpenError> {
        check_sqlite()?;
        // Read first, so that the snapshot includes every marked commit.
        let mark = commit_mark::read(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
        if std::fs::metadata(folder.join(DATABASE_FILE)).map_or(0, |file| file.len()) == 0 {
            let lost = loss::of_folder(folder)?;
            return Err(lost.map_or(OpenError::NoShop(folder.to_owned()), |loss| OpenError::Lost(Box::new(loss))));
        }
        let connection = prepared(to_read(folder)?)?;
        cut::check_reader(&connection, folder)?;
        let loss = loss::of_reader(&connection, folder, mark)?;
        if let Err(error) = check_shop(&connection, folder) {
            return Err(loss.map_or(error, |loss| OpenError::Lost(Box::new(loss))));
        }
        let changed = page_sums::changed(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
        Ok(SqliteSnapshot { connection, unreadable: RefCell::new(vec![]), loss, changed, is_restricted: false })
    }

    /// Opens a backup, whose checksum the caller has compared. It has neither mark nor log.
    pub(super) fn of_backup(file: &Path) -> std::result::Result<SqliteSnapshot, OpenError> {
        check_sqlite()?;
        let connection = prepared(file_to_read(file)?)?;
        check_shop(&connection, file)?;
        Ok(SqliteSnapshot {
            connection,
            unreadable: RefCell::new(vec![]),
            loss: None,
            changed: vec![],
            is_restricted: false,
        })
    }

    /// The connection, inside its read transaction.
    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    fn read(&self, read: impl FnOnce(&Connection, &Unreadable) -> Result<()>) -> std::result::Result<(), StoreError> {
        read(&self.connection, &self.unreadable).map_err(store_error)
    }

    /// Shows a part of an incremental audit its rows.
    fn show(&self, part: Part) -> std::result::Result<(), StoreError> {
        if self.is_restricted { since::show(&self.connection, part).map_err(store_error) } else { Ok(()) }
    }
}

/// Begins the transaction of a read-only connection.
fn prepared(connection: Connection) -> Result<Connection> {
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.execute_batch("BEGIN")?;
    Ok(connection)
}

impl Snapshot for SqliteSnapshot {
    fn products(&mut self, each: &mut dyn FnMut(ProductFacts)) -> std::result::Result<(), StoreError> {
        self.read(|connection, unreadable| products(connection, unreadable, each))
    }

    fn campaigns(&mut self, each: &mut dyn FnMut(CampaignFact)) -> std::result::Result<(), StoreError> {
        self.show(Part::Campaigns)?;
        self.read(|connection, unreadable| campaigns(connection, unreadable, each))
    }

    fn orders(&mut self, each: &mut dyn FnMut(OrderFacts)) -> std::result::Result<(), StoreError> {
        self.show(Part::Orders)?;
        self.read(|connection, unreadable| orders(connection, unreadable, each))
    }

    fn customers(&mut self, each: &mut dyn FnMut(CustomerFacts)) -> std::result::Result<(), StoreError> {
        self.show(Part::Customers)?;
        self.read(|connection, unreadable| customers(connection, unreadable, each))
    }

    fn answers(&mut self, each: &mut dyn FnMut(AnswerKey, StoredAnswer)) -> std::result::Result<(), StoreError> {
        self.show(Part::Answers)?;
        self.read(|connection, unreadable| {
            let mut answers = connection.prepare(ANSWERS.select)?;
            let mut answers = stream(&mut answers, ANSWERS, unreadable)?;
            while let Some((stored, key)) = answers.any()? {
                each(key, stored);
            }
            Ok(())
        })
    }

    fn webhooks(&mut self, each: &mut dyn FnMut(WebhookFact)) -> std::result::Result<(), StoreError> {
        self.read(|connection, unreadable| {
            let mut endpoints = connection.prepare(webhooks::ENDPOINTS.select)?;
            let mut deliveries = connection.prepare(webhooks::DELIVERIES.select)?;
            webhooks::report(
                find(connection, webhooks::SELECT_PRUNED, [])?,
                stream(&mut endpoints, webhooks::ENDPOINTS, unreadable)?,
                stream(&mut deliveries, webhooks::DELIVERIES, unreadable)?,
                each,
            )
        })
    }

    fn drops(&mut self, each: &mut dyn FnMut(DropFact)) -> std::result::Result<(), StoreError> {
        self.read(|connection, unreadable| {
            let mut all = connection.prepare(drops::DROPS.select)?;
            let mut buyers = connection.prepare(drops::BUYERS.select)?;
            let mut cards = connection.prepare(drops::CARDS.select)?;
            let mut links = connection.prepare(drops::LINKS.select)?;
            drops::report(
                stream(&mut all, drops::DROPS, unreadable)?,
                stream(&mut buyers, drops::BUYERS, unreadable)?,
                stream(&mut cards, drops::CARDS, unreadable)?,
                stream(&mut links, drops::LINKS, unreadable)?,
                each,
            )
        })
    }

    fn events(&mut self, each: &mut dyn FnMut(EventFacts)) -> std::result::Result<LogFacts, StoreError> {
        self.show(Part::Events)?;
        let archived = archive::known(self.archived())?;
        let last = last(&self.connection).map_err(store_error)?;
        events::read(&mut Asking(&self.connection), last, archived, &self.unreadable, each).map_err(store_error)
    }

    fn archived(&mut self) -> std::result::Result<Option<Archived>, StoreError> {
        archive::archived(&mut Asking(&self.connection)).map_err(store_error)?.map_err(StoreError::Unreadable)
    }

    fn needed(&mut self) -> std::result::Result<Vec<Needed>, StoreError> {
        archive::needed(&mut Asking(&self.connection), PLACES).map_err(store_error)
    }

    fn ends(&mut self) -> std::result::Result<Option<Ends>, StoreError> {
        since::ends(&self.connection).map_err(store_error)
    }

    fn since(&mut self, proof: &Proof) -> std::result::Result<Option<BTreeMap<OrderId, usize>>, StoreError> {
        let begun = since::begin(&self.connection, proof).map_err(store_error)?;
        self.is_restricted = begun.is_some();
        Ok(begun)
    }

    fn statistics(&mut self) -> std::result::Result<StatisticsFacts, StoreError> {
        statistics::read(&mut Asking(&self.connection), true, &self.unreadable).map_err(store_error)
    }

    fn integrity(&mut self) -> std::result::Result<Vec<String>, StoreError> {
        let mut problems = self.unreadable.take();
        problems.append(&mut self.changed);
        let damage = loss::unaccepted_damage(&self.connection).map_err(store_error)?;
        problems.extend(damage.into_iter().map(|what| {
            format!("{what}; found when the shop was opened. Compare with a backup, then accept it with `doorbuster audit --accept-loss`")
        }));
        problems.extend(self.loss.as_ref().map(ToString::to_string));
        if self.is_restricted {
            return Ok(problems);
        }
        problems.extend(further::unreadable(&mut Asking(&self.connection)).map_err(store_error)?);
        problems.extend(further::unreadable_embedded(&mut Asking(&self.connection)).map_err(store_error)?);
        problems.extend(constraints::broken(&self.connection).map_err(store_error)?);
        let found = self.connection.prepare("PRAGMA integrity_check").and_then(|mut check| {
            let lines: Result<Vec<String>> = check.query_map([], |row| row.get(0))?.collect();
            lines
        });
        problems.extend(found.map_err(store_error)?.into_iter().filter(|line| line != "ok"));
        problems.extend(events::out_of_reach(&self.connection).map_err(store_error)?);
        problems.extend(customer_rows::mismatches(&self.connection).map_err(store_error)?);
        Ok(problems)
    }
}

/// The connection, for the reads that both stores share.
struct Asking<'c>(&'c Connection);

impl Asked for Asking<'_> {
    type Error = rusqlite::Error;

    fn rows<T: FromCells>(&mut self, select: &str) -> Result<Vec<T>> {
        self.0.prepare(select)?.query_map([], from_row)?.collect()
    }

    fn readable<T: FromCells>(&mut self, select: &str, each: impl FnMut(T)) -> Result<Vec<String>> {
        each_readable(self.0, select, each)
    }
}

fn products(connection: &Connection, unreadable: &Unreadable, each: &mut dyn FnMut(ProductFacts)) -> Result<()> {
    let mut products = connection.prepare(products::PRODUCTS.select)?;
    let mut receipts = connection.prepare(products::RECEIPTS.select)?;
    let tables = products::Products {
        products: stream(&mut products, products::PRODUCTS, unreadable)?,
        receipts: stream(&mut receipts, products::RECEIPTS, unreadable)?,
    };
    tables.report(unreadable, each)
}

fn campaigns(connection: &Connection, unreadable: &Unreadable, each: &mut dyn FnMut(CampaignFact)) -> Result<()> {
    let mut campaigns = connection.prepare(campaigns::CAMPAIGNS.select)?;
    let mut coupons = connection.prepare(campaigns::COUPONS.select)?;
    let mut requests = connection.prepare(campaigns::REQUESTS.select)?;
    let tables = campaigns::Campaigns {
        campaigns: stream(&mut campaigns, campaigns::CAMPAIGNS, unreadable)?,
        coupons: stream(&mut coupons, campaigns::COUPONS, unreadable)?,
        requests: stream(&mut requests, campaigns::REQUESTS, unreadable)?,
    };
    tables.report(each)
}

fn orders(connection: &Connection, unreadable: &Unreadable, each: &mut dyn FnMut(OrderFacts)) -> Result<()> {
    let every_event = orders::events(
        "SELECT type, payload, version, occurred_at, run.order_id
         FROM order_event_run AS run CROSS JOIN event ON position BETWEEN first_position AND last_position
         ORDER BY run.order_id, first_position, position",
    );
    let mut orders = connection.prepare(orders::ORDERS.select)?;
    let mut lines = connection.prepare(orders::LINES.select)?;
    let mut claims = connection.prepare(orders::CLAIMS.select)?;
    let mut timers = connection.prepare(orders::TIMERS.select)?;
    let mut payments = connection.prepare(orders::PAYMENTS.select)?;
    let mut shipments = connection.prepare(orders::SHIPMENTS.select)?;
    let mut storages = connection.prepare(orders::STORAGES.select)?;
    let mut events = connection.prepare(every_event.select)?;
    let mut coupons = connection.prepare(orders::COUPONS.select)?;
    let mut entries = connection.prepare(orders::ENTRIES.select)?;
    let tables = orders::Orders {
        orders: stream(&mut orders, orders::ORDERS, unreadable)?,
        lines: stream(&mut lines, orders::LINES, unreadable)?,
        claims: stream(&mut claims, orders::CLAIMS, unreadable)?,
        timers: stream(&mut timers, orders::TIMERS, unreadable)?,
        payments: stream(&mut payments, orders::PAYMENTS, unreadable)?,
        shipments: stream(&mut shipments, orders::SHIPMENTS, unreadable)?,
        storages: stream(&mut storages, orders::STORAGES, unreadable)?,
        events: stream(&mut events, every_event, unreadable)?,
        coupons: stream(&mut coupons, orders::COUPONS, unreadable)?,
        entries: stream(&mut entries, orders::ENTRIES, unreadable)?,
    };
    tables.report(each)
}

fn customers(connection: &Connection, unreadable: &Unreadable, each: &mut dyn FnMut(CustomerFacts)) -> Result<()> {
    let mut customers = connection.prepare(customers::CUSTOMERS.select)?;
    let mut accounts = connection.prepare(customers::ACCOUNTS.select)?;
    let mut entries = connection.prepare(customers::ENTRIES.select)?;
    let mut orders = connection.prepare(customers::ORDERS.select)?;
    let mut coupons = connection.prepare(customers::COUPONS.select)?;
    let mut notices = connection.prepare(customers::NOTICES.select)?;
    let tables = customers::Customers {
        customers: stream(&mut customers, customers::CUSTOMERS, unreadable)?,
        accounts: stream(&mut accounts, customers::ACCOUNTS, unreadable)?,
        entries: stream(&mut entries, customers::ENTRIES, unreadable)?,
        orders: stream(&mut orders, customers::ORDERS, unreadable)?,
        coupons: stream(&mut coupons, customers::COUPONS, unreadable)?,
        notices: stream(&mut notices, customers::NOTICES, unreadable)?,
    };
    tables.report(each)
}
