//! The store at one moment, as the audit reads it: one read-only transaction that waits for nobody and is waited for by
//! nobody.

mod campaigns;
mod customers;
mod events;
mod orders;
mod stream;

use std::cell::RefCell;
use std::sync::mpsc::{SyncSender, sync_channel};

use app::audit::{CampaignFact, CustomerFacts, EventFacts, LogFacts, OrderFacts, ProductFacts, Snapshot};
use app::ports::StoreError;
use app::rows::{AnswerKey, StoredAnswer};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Value};

use super::background::Background;
use super::failure::{Failure, Result};
use super::opening::{OpenError, check_schema, parse};
use super::records::{self, Cells, select_product};
use super::session::{Session, options};

use stream::{Stream, Unreadable, least};

/// Each of the tables that the audit reads.
const TABLES: &str = "product, stock_receipt, campaign, coupon, customer, points_account, points_entry, orders, \
                      order_line, claim, timer, coupon_request, idempotency, event, outbox_shard, daily_root, notice";

pub struct MysqlSnapshot {
    reader: Reader,
    unreadable: Unreadable,
}

/// The connection, which sends its rows from the background.
struct Reader {
    background: Background,
    /// Away while a statement is read.
    connection: Option<Conn>,
}

/// What comes from the background.
enum Told {
    Row(Vec<Value>),
    End(Conn, Result<()>),
}

/// Rows that may be under way.
const ROWS_AHEAD: usize = 1_024;

impl Reader {
    /// Every row of a statement, as it comes.
    fn each(&mut self, select: &str, mut each: impl FnMut(Vec<Value>) -> Result<()>) -> Result<()> {
        let gone = || Failure::Lost("the connection was given up".to_owned());
        let connection = self.connection.take().ok_or_else(gone)?;
        let (tell, told) = sync_channel(ROWS_AHEAD);
        self.background.handle().spawn(send_rows(connection, select.to_owned(), tell));
        let mut read = Ok(());
        loop {
            match told.recv().map_err(|_| gone())? {
                Told::Row(row) if read.is_ok() => read = each(row),
                Told::Row(_) => {}
                Told::End(connection, done) => {
                    self.connection = Some(connection);
                    return done.and(read);
                }
            }
        }
    }

    fn all(&mut self, select: &str) -> Result<Vec<Vec<Value>>> {
        let mut rows = vec![];
        self.each(select, |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }
}

/// The one task of its runtime, so it may wait for its reader without yielding.
async fn send_rows(mut connection: Conn, select: String, tell: SyncSender<Told>) {
    let done = async {
        let mut result = connection.query_iter(select).await?;
        // A reader who is gone needs no rows.
        result.for_each(|row| drop(tell.send(Told::Row(row.unwrap())))).await?;
        Ok(())
    };
    let done = done.await;
    let _ = tell.send(Told::End(connection, done));
}

impl MysqlSnapshot {
    /// Fixes the moment: whatever is committed later is not seen.
    pub fn open(url: &str) -> std::result::Result<MysqlSnapshot, OpenError> {
        let opts = parse(url)?;
        let background = Background::start("audit")?;
        let opened = background.wait_for(async move {
            if check_schema(&mut Session::new(&opts)).await? == 0 {
                return Err(OpenError::NoShop);
            }
            let mut connection = Conn::new(options(&opts)).await?;
            connection.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
            connection.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await?;
            Ok(connection)
        });
        let connection = Some(opened??);
        Ok(MysqlSnapshot { reader: Reader { background, connection }, unreadable: RefCell::new(vec![]) })
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
        self.read(|reader, unreadable| campaigns::read(reader, unreadable, each))
    }

    fn orders(&mut self, each: &mut dyn FnMut(OrderFacts)) -> std::result::Result<(), StoreError> {
        self.read(|reader, unreadable| orders::read(reader, unreadable, each))
    }

    fn customers(&mut self, each: &mut dyn FnMut(CustomerFacts)) -> std::result::Result<(), StoreError> {
        self.read(|reader, unreadable| customers::read(reader, unreadable, each))
    }

    fn answers(&mut self, each: &mut dyn FnMut(AnswerKey, StoredAnswer)) -> std::result::Result<(), StoreError> {
        self.read(|reader, unreadable| {
            let select = "SELECT fingerprint, answer, answered_at, `key`, idempotency_id FROM idempotency";
            let mut answers = Stream::new(reader, select, ("idempotency", 4), answer, unreadable)?;
            while let Some((key, stored)) = answers.any()? {
                each(key, stored);
            }
            Ok(())
        })
    }

    fn events(&mut self, each: &mut dyn FnMut(EventFacts)) -> std::result::Result<LogFacts, StoreError> {
        Ok(events::read(&mut self.reader, each)?)
    }

    fn integrity(&mut self) -> std::result::Result<Vec<String>, StoreError> {
        let mut problems = self.unreadable.take();
        self.reader.all("COMMIT")?;
        for row in self.reader.all(&format!("CHECK TABLE {TABLES} QUICK"))? {
            let mut cells = Cells::of(row);
            let (table, _): (String, String) = (cells.take()?, cells.take()?);
            let (kind, text): (String, String) = (cells.take()?, cells.take()?);
            if kind != "status" || text != "OK" {
                problems.push(format!("{table}: {kind} {text}"));
            }
        }
        Ok(problems)
    }
}

fn answer(cells: &mut Cells) -> Result<(AnswerKey, StoredAnswer)> {
    let stored = records::answer(cells)?;
    Ok((AnswerKey(cells.hash()?), stored))
}

fn products(reader: &mut Reader, unreadable: &Unreadable, each: &mut dyn FnMut(ProductFacts)) -> Result<()> {
    let select = select_product!("ORDER BY product_id");
    let mut products = Stream::new(reader, select, ("product", 0), records::product, unreadable)?;
    // A sum is a decimal, which must not come as one.
    let select = "SELECT product_id, CAST(SUM(GREATEST(delta, 0)) AS SIGNED), CAST(SUM(GREATEST(-delta, 0)) AS SIGNED)
         FROM stock_receipt GROUP BY product_id ORDER BY product_id";
    let mut sums = Stream::new(reader, select, ("stock_receipt", 0), receipts, unreadable)?;
    while let Some(id) = least([products.key(), sums.key()]) {
        let (received, written_off) = sums.one(id)?.unwrap_or((0, 0));
        match products.one(id)? {
            Some(product) => each(ProductFacts { product, received, written_off }),
            None => unreadable.borrow_mut().push(format!("stock_receipt: product {id} does not exist")),
        }
    }
    Ok(())
}

fn receipts(cells: &mut Cells) -> Result<(i64, i64)> {
    cells.take::<i64>()?;
    Ok((cells.take()?, cells.take()?))
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Refused(format!("a temporary file: {error}"))
    }
}
