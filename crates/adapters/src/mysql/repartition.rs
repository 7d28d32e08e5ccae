//! Halts the relays and records over how many partitions keys are spread.

use std::time::Duration;

use app::events::topic::Spread;
use app::log::repartition::{RepartitionStore, STANDSTILL};
use app::ports::{BoxFuture, StoreError};
use app::state::settings::Carrier;
use mysql_async::Value;

use super::cells::MysqlCells;
use super::failure::{Failure, Result};
use super::opening::{OpenError, check_shop, parse};
use super::relay_rows::{NOW, pin_partition_count};
use super::session::{self, Session};
use super::sql::{Insert, Script, statement};
use super::store::stored_carrier;
use crate::records::Cells as _;

/// Works beside the processes that serve the database, without being one of their engines.
pub struct MysqlRepartitionStore {
    session: Session,
    /// Distinguishes this repartition from every other one.
    holder: i64,
}

impl MysqlRepartitionStore {
    pub async fn open(url: &str) -> std::result::Result<MysqlRepartitionStore, OpenError> {
        let mut session = Session::new(&parse(url)?);
        check_shop(&mut session).await?;
        let mut holder = [0; 8];
        getrandom::fill(&mut holder).map_err(OpenError::Random)?;
        Ok(MysqlRepartitionStore { session, holder: i64::from_be_bytes(holder) & i64::MAX })
    }

    /// Returns how events reached their groups when the shop was served last.
    pub async fn last_carrier(&mut self) -> std::result::Result<Option<Carrier>, StoreError> {
        Ok(stored_carrier(&mut self.session, "").await?)
    }

    /// Moves the end of the halt, and returns whether this repartition holds it.
    async fn move_halt(&mut self, condition: &str) -> Result<bool> {
        let mut script = Script::default();
        script.add("START TRANSACTION");
        let set = format!("UPDATE relay_halt SET holder = ?, halted_until = {NOW} + ? WHERE id = 1 AND ({condition})");
        script.add(statement(&set, &[&self.holder, &micros(STANDSTILL), &self.holder]));
        let ours = script.add(self.ours(""));
        script.add("COMMIT");
        let answers = self.session.run(&script).await?;
        Ok(!answers[ours].is_empty())
    }

    /// Selects the row of the halt, if this repartition holds it and it has not expired.
    fn ours(&self, lock: &str) -> String {
        let select = format!("SELECT id FROM relay_halt WHERE id = 1 AND holder = ? AND halted_until >= {NOW}{lock}");
        statement(&select, &[&self.holder])
    }

    /// Begins a transaction in which the halt cannot expire. Returns `false`, without a transaction, if it has expired.
    async fn begin(&mut self) -> Result<bool> {
        let mut script = Script::default();
        session::begin(&mut script);
        let ours = script.add(self.ours(" FOR UPDATE"));
        let is_held = !self.session.run(&script).await?[ours].is_empty();
        if !is_held {
            let mut script = Script::default();
            session::roll_back(&mut script);
            self.session.run(&script).await?;
        }
        Ok(is_held)
    }

    async fn fence_off(&mut self, in_flight: Duration) -> Result<Option<Vec<usize>>> {
        if !self.begin().await? {
            return Ok(None);
        }
        let held = format!("SELECT shard FROM relay_shard WHERE leased_until > {NOW} - ? ORDER BY shard FOR UPDATE");
        let held = self.session.ask(&statement(&held, &[&micros(in_flight)])).await?;
        let held = held.into_iter().map(shard).collect::<Result<Vec<_>>>()?;
        let mut script = Script::default();
        if held.is_empty() {
            // A shard that no relay of this shop ever held belongs to another publisher.
            script.add("UPDATE relay_shard SET epoch = epoch + 1, leased_until = 0 WHERE epoch > 0");
        }
        session::commit(&mut script);
        self.session.run(&script).await?;
        Ok(Some(held))
    }

    async fn write(&mut self, spread: &Spread) -> Result<bool> {
        if !self.begin().await? {
            return Ok(false);
        }
        let mut script = Script::default();
        let mut rows = Insert::new(
            &mut script,
            "INSERT INTO topic_spread (topic, partitions) VALUES ",
            " ON DUPLICATE KEY UPDATE partitions = VALUES(partitions)",
        );
        spread.iter().for_each(|(topic, partitions)| rows.row(&[&topic.name(), partitions]));
        drop(rows);
        script.add("UPDATE relay_halt SET halted_until = 0 WHERE id = 1");
        session::commit(&mut script);
        self.session.run(&script).await?;
        Ok(true)
    }

    fn stored<T>(&mut self, answer: Result<T>) -> std::result::Result<T, StoreError> {
        if answer.is_err() {
            // The server rolls back what is open when the connection ends.
            self.session.give_up();
        }
        answer.map_err(|failure: Failure| failure.into())
    }
}

fn shard(row: Vec<Value>) -> Result<usize> {
    let mut cells = MysqlCells::of(row);
    let shard: i64 = cells.take()?;
    usize::try_from(shard).map_err(|_| cells.broken("the shard does not exist"))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

type Stored<'a, T> = BoxFuture<'a, std::result::Result<T, StoreError>>;

impl RepartitionStore for MysqlRepartitionStore {
    fn pin_partition_count<'a>(&'a mut self, found: &'a Spread) -> Stored<'a, Spread> {
        Box::pin(async move {
            let pinned = pin_partition_count(&mut self.session, found).await;
            self.stored(pinned)
        })
    }

    fn halt(&mut self) -> Stored<'_, bool> {
        Box::pin(async move {
            let is_held = self.move_halt(&format!("halted_until < {NOW} OR holder = ?")).await;
            self.stored(is_held)
        })
    }

    fn prolong(&mut self) -> Stored<'_, bool> {
        Box::pin(async move {
            let is_held = self.move_halt(&format!("halted_until >= {NOW} AND holder = ?")).await;
            self.stored(is_held)
        })
    }

    fn fence(&mut self, in_flight: Duration) -> Stored<'_, Option<Vec<usize>>> {
        Box::pin(async move {
            let held = self.fence_off(in_flight).await;
            self.stored(held)
        })
    }

    fn finish<'a>(&'a mut self, spread: &'a Spread) -> Stored<'a, bool> {
        Box::pin(async move {
            let written = self.write(spread).await;
            self.stored(written)
        })
    }

    fn release(&mut self) -> Stored<'_, ()> {
        Box::pin(async move {
            let end = statement("UPDATE relay_halt SET halted_until = 0 WHERE id = 1 AND holder = ?", &[&self.holder]);
            let ended = self.session.ask_alone(&end).await.map(|_| ());
            self.stored(ended)
        })
    }
}
