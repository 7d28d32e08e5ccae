//! The store at one moment, as the audit reads it: one read-only transaction that takes no locks and waits for none.

mod constraints;
mod events;
mod reader;
mod stream;

use std::cell::RefCell;

use app::audit::{
    Archived, CampaignFact, CustomerFacts, DropFact, EventFacts, LogFacts, Needed, OrderFacts, ProductFacts, Snapshot,
    StatisticsFacts, WebhookFact,
};
use app::ports::StoreError;
use app::state::rows::{AnswerKey, StoredAnswer};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::background::Background;
use super::cells::{MysqlCells, from_row, key_text};
use super::failure::{Failure, Result};
use super::opening::{OpenError, check_shop, parse};
use super::session::{Session, options};
use crate::records::{Cells as _, FromCells};
use crate::snapshot::archive::{self, Places};
use crate::snapshot::{
    ANSWERS, Asked, Unreadable, campaigns, customers, drops, further, orders, products, statistics, webhooks,
};

use reader::Reader;
use stream::stream;

/// A database finds events by shard and number.
const PLACES: Places = Places { is_whole: false, of_row: "event.shard = owed.shard AND event.seq = owed.seq" };

pub struct MysqlSnapshot {
    reader: Reader,
    unreadable: Unreadable,
}

impl MysqlSnapshot {
    /// Fixes the moment: later commits are not seen.
    pub fn open(url: &str) -> std::result::Result<MysqlSnapshot, OpenError> {
        let opts = parse(url)?;
        let background = Background::start("audit")?;
        let opened = background.wait_for(async move {
            check_shop(&mut Session::new(&opts)).await?;
            let mut connection = Conn::new(options(&opts)).await?;
            connection.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
            connection.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await?;
            Ok::<_, OpenError>(connection)
        });
        let connection = opened??;
        Ok(MysqlSnapshot { reader: Reader::new(background, connection), unreadable: RefCell::new(vec![]) })
    }

    fn read(
        &mut self,
        read: impl FnOnce(&mut Reader, &Unreadable) -> Result<()>,
    ) -> std::result::Result<(), StoreError> {
        Ok(read(&mut self.reader, &self.unreadable)?)
    }
}

impl Snapshot for MysqlSnapshot {
    fn products(&mut self, each: &mut dyn FnMut(ProductFacts)) -> std::result::Result<(), StoreError> {
        self.read(|reader, unreadable| products(reader, unreadable, each))
    }

    fn campaigns(&mut self, each: &mut dyn FnMut(CampaignFact)) -> std::result::Result<(), StoreError> {
        self.read(|reader, unreadable| campaigns(reader, unreadable, each))
    }

    fn orders(&mut self, each: &mut dyn FnMut(OrderFacts)) -> std::result::Result<(), StoreError> {
        self.read(|reader, unreadable| orders(reader, unreadable, each))
    }

    fn customers(&mut self, each: &mut dyn FnMut(CustomerFacts)) -> std::result::Result<(), StoreError> {
        self.read(|reader, unreadable| customers(reader, unreadable, each))
    }

    fn answers(&mut self, each: &mut dyn FnMut(AnswerKey, StoredAnswer)) -> std::result::Result<(), StoreError> {
        self.read(|reader, unreadable| {
            let mut answers = stream(reader, ANSWERS, unreadable)?;
            while let Some((stored, key)) = answers.any()? {
                each(key, stored);
            }
            Ok(())
        })
    }

    fn webhooks(&mut self, each: &mut dyn FnMut(WebhookFact)) -> std::result::Result<(), StoreError> {
        self.read(|reader, unreadable| {
            let mut pruned = None;
            reader.each(webhooks::SELECT_PRUNED, |row| {
                pruned = Some(from_row(row)?);
                Ok(())
            })?;
            webhooks::report(
                pruned,
                stream(reader, webhooks::ENDPOINTS, unreadable)?,
                stream(reader, webhooks::DELIVERIES, unreadable)?,
                each,
            )
        })
    }

    fn drops(&mut self, each: &mut dyn FnMut(DropFact)) -> std::result::Result<(), StoreError> {
        self.read(|reader, unreadable| {
            drops::report(
                stream(reader, drops::DROPS, unreadable)?,
                stream(reader, drops::BUYERS, unreadable)?,
                stream(reader, drops::CARDS, unreadable)?,
                stream(reader, drops::LINKS, unreadable)?,
                each,
            )
        })
    }

    fn events(&mut self, each: &mut dyn FnMut(EventFacts)) -> std::result::Result<LogFacts, StoreError> {
        let archived = archive::known(self.archived())?;
        Ok(events::read(&mut self.reader, archived, &self.unreadable, each)?)
    }

    fn archived(&mut self) -> std::result::Result<Option<Archived>, StoreError> {
        archive::archived(&mut self.reader)?.map_err(StoreError::Unreadable)
    }

    fn needed(&mut self) -> std::result::Result<Vec<Needed>, StoreError> {
        Ok(archive::needed(&mut self.reader, PLACES)?)
    }

    fn statistics(&mut self) -> std::result::Result<StatisticsFacts, StoreError> {
        Ok(statistics::read(&mut self.reader, false, &self.unreadable)?)
    }

    fn integrity(&mut self) -> std::result::Result<Vec<String>, StoreError> {
        let mut problems = self.unreadable.take();
        problems.extend(further::unreadable(&mut self.reader)?);
        problems.extend(further::unreadable_shared(&mut self.reader)?);
        problems.extend(constraints::problems(&mut self.reader)?);
        self.reader.all("COMMIT")?;
        let tables: Vec<&str> = further::shared_tables().collect();
        for row in self.reader.all(&format!("CHECK TABLE {} QUICK", tables.join(", ")))? {
            let mut cells = MysqlCells::of(row);
            let (table, _): (String, String) = (cells.take()?, cells.take()?);
            let (kind, text): (String, String) = (cells.take()?, cells.take()?);
            if kind != "status" || text != "OK" {
                problems.push(format!("{table}: {kind} {text}"));
            }
        }
        Ok(problems)
    }
}

impl Asked for Reader {
    type Error = Failure;

    fn rows<T: FromCells>(&mut self, select: &str) -> Result<Vec<T>> {
        self.all(select)?.into_iter().map(from_row).collect()
    }

    fn readable<T: FromCells>(&mut self, select: &str, mut each: impl FnMut(T)) -> Result<Vec<String>> {
        let mut unreadable = vec![];
        self.each(select, |row| {
            let key = key_text(row.first());
            match from_row(row) {
                Ok(row) => each(row),
                Err(failure) => unreadable.push(failure.named(select, key.as_deref()).to_string()),
            }
            Ok(())
        })?;
        Ok(unreadable)
    }
}

fn products(reader: &mut Reader, unreadable: &Unreadable, each: &mut dyn FnMut(ProductFacts)) -> Result<()> {
    let tables = products::Products {
        products: stream(reader, products::PRODUCTS, unreadable)?,
        receipts: stream(reader, products::RECEIPTS, unreadable)?,
    };
    tables.report(unreadable, each)
}

fn campaigns(reader: &mut Reader, unreadable: &Unreadable, each: &mut dyn FnMut(CampaignFact)) -> Result<()> {
    let tables = campaigns::Campaigns {
        campaigns: stream(reader, campaigns::CAMPAIGNS, unreadable)?,
        coupons: stream(reader, campaigns::COUPONS, unreadable)?,
        requests: stream(reader, campaigns::REQUESTS, unreadable)?,
    };
    tables.report(each)
}

fn orders(reader: &mut Reader, unreadable: &Unreadable, each: &mut dyn FnMut(OrderFacts)) -> Result<()> {
    let every_event = orders::events(
        "SELECT type, payload, version, occurred_at, order_id FROM event WHERE order_id IS NOT NULL
         ORDER BY order_id, position",
    );
    let tables = orders::Orders {
        orders: stream(reader, orders::ORDERS, unreadable)?,
        lines: stream(reader, orders::LINES, unreadable)?,
        claims: stream(reader, orders::CLAIMS, unreadable)?,
        timers: stream(reader, orders::TIMERS, unreadable)?,
        payments: stream(reader, orders::PAYMENTS, unreadable)?,
        shipments: stream(reader, orders::SHIPMENTS, unreadable)?,
        storages: stream(reader, orders::STORAGES, unreadable)?,
        events: stream(reader, every_event, unreadable)?,
        coupons: stream(reader, orders::COUPONS, unreadable)?,
        entries: stream(reader, orders::ENTRIES, unreadable)?,
    };
    tables.report(each)
}

fn customers(reader: &mut Reader, unreadable: &Unreadable, each: &mut dyn FnMut(CustomerFacts)) -> Result<()> {
    let tables = customers::Customers {
        customers: stream(reader, customers::CUSTOMERS, unreadable)?,
        accounts: stream(reader, customers::ACCOUNTS, unreadable)?,
        entries: stream(reader, customers::ENTRIES, unreadable)?,
        orders: stream(reader, customers::ORDERS, unreadable)?,
        coupons: stream(reader, customers::COUPONS, unreadable)?,
        notices: stream(reader, customers::NOTICES, unreadable)?,
    };
    tables.report(each)
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Refused(format!("a temporary file failed: {error}"))
    }
}
