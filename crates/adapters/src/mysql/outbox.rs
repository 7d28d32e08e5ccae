//! The outbox as relays read it: several processes may run one, and a shard's lease says which of them relays it.

use app::events::outbox::SHARDS;
use app::events::topic::Spread;
use app::log::relay::{LEASE, Lease, Outbox, Outgoing};
use app::ports::{BoxFuture, StoreError};
use mysql_async::{Opts, Value};

use super::cells::from_row;
use super::failure::{Failure, Result};
use super::relay_rows::{NOW, pin_partition_count};
use super::session::Session;
use super::sql::{Insert, Script, statement};
use super::store::{SELECT_HEADS, heads};
use crate::selects::select_outgoing;

pub struct MysqlOutbox {
    session: Session,
    holder: i64,
}

impl MysqlOutbox {
    pub(super) fn new(opts: &Opts, holder: u32) -> MysqlOutbox {
        MysqlOutbox { session: Session::new(opts), holder: i64::from(holder) }
    }

    async fn take(&mut self) -> Result<Vec<Lease>> {
        let mut script = Script::default();
        let mut rows = Insert::new(
            &mut script,
            "INSERT IGNORE INTO relay_shard (shard, position, epoch, holder, leased_until) VALUES ",
            "",
        );
        (0_i64..).take(SHARDS).for_each(|shard| rows.row(&[&shard, &0_i64, &0_i64, &0_i64, &0_i64]));
        drop(rows);
        script.add("START TRANSACTION");
        // A repartition that halts relays waits for this lock, and this transaction for its lock.
        script.add("SELECT halted_until FROM relay_halt WHERE id = 1 LOCK IN SHARE MODE");
        script.add(format!("SET @halted = (SELECT COUNT(*) FROM relay_halt WHERE halted_until >= {NOW})"));
        let is_free = format!("leased_until < {NOW} AND @halted = 0");
        let free = script.add(format!("SELECT shard, epoch, position FROM relay_shard WHERE {is_free} FOR UPDATE"));
        let take =
            format!("UPDATE relay_shard SET epoch = epoch + 1, holder = ?, leased_until = {NOW} + ? WHERE {is_free}");
        script.add(statement(&take, &[&self.holder, &lease_micros()]));
        let held = script.add(statement("SELECT shard, epoch FROM relay_shard WHERE holder = ?", &[&self.holder]));
        script.add("COMMIT");
        let mut answers = self.run(&script).await?;
        let held =
            std::mem::take(&mut answers[held]).into_iter().map(from_row::<(i64, i64)>).collect::<Result<Vec<_>>>()?;
        let mut taken = vec![];
        for row in std::mem::take(&mut answers[free]) {
            let (shard, epoch, cursor): (i64, i64, i64) = from_row(row)?;
            if held.contains(&(shard, epoch + 1)) {
                let place = usize::try_from(shard).ok().filter(|shard| *shard < SHARDS);
                let shard = place.ok_or_else(|| Failure::unreadable(format!("the shard {shard} does not exist")))?;
                taken.push(Lease { shard, epoch: epoch + 1, cursor });
            }
        }
        Ok(taken)
    }

    async fn pages(&mut self, leases: &[Lease], limit: usize) -> Result<Vec<Outgoing>> {
        let heads = heads(self.session.ask(SELECT_HEADS).await?)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut script = Script::default();
        for Lease { shard, cursor, .. } in leases.iter().filter(|lease| heads[lease.shard].seq > lease.cursor) {
            let select =
                select_outgoing!("event FORCE INDEX (event_place) WHERE shard = ? AND seq > ? ORDER BY seq LIMIT ?");
            script.add(statement(select, &[&(*shard as i64), cursor, &limit]));
        }
        if script.is_empty() {
            return Ok(vec![]);
        }
        self.session.run(&script).await?.into_iter().flatten().map(from_row).collect()
    }

    /// The server makes a commit visible a moment before it is durable. A later commit makes everything durable that
    /// was read before it.
    async fn save(&mut self, leases: &[Lease]) -> Result<Vec<usize>> {
        let mut script = Script::default();
        script.add("START TRANSACTION");
        script.add(format!("SET @halted = (SELECT COUNT(*) FROM relay_halt WHERE halted_until >= {NOW})"));
        if !leases.is_empty() {
            script.add(renewal(leases));
        }
        let epochs = script.add("SELECT shard, epoch FROM relay_shard WHERE leased_until > 0");
        script.add("COMMIT");
        let mut answers = self.run(&script).await?;
        let epochs =
            std::mem::take(&mut answers[epochs]).into_iter().map(from_row::<(i64, i64)>).collect::<Result<Vec<_>>>()?;
        let is_held = |lease: &&Lease| epochs.contains(&(lease.shard as i64, lease.epoch));
        Ok(leases.iter().filter(is_held).map(|lease| lease.shard).collect())
    }

    async fn run(&mut self, script: &Script) -> Result<Vec<Vec<Vec<Value>>>> {
        let answers = self.session.run(script).await;
        if answers.is_err() {
            // The server rolls back what is open when the connection ends.
            self.session.give_up();
        }
        answers
    }
}

/// Moves the cursors of all leases that are still held, and renews the leases, or releases them while relays are
/// halted.
fn renewal(leases: &[Lease]) -> String {
    let place = |lease: &Lease| statement("WHEN ? THEN ?", &[&(lease.shard as i64), &lease.cursor]);
    let places: Vec<String> = leases.iter().map(place).collect();
    let held = |lease: &Lease| statement("(shard = ? AND epoch = ?)", &[&(lease.shard as i64), &lease.epoch]);
    let held: Vec<String> = leases.iter().map(held).collect();
    format!(
        "UPDATE relay_shard SET position = GREATEST(position, CASE shard {} END), leased_until = IF(@halted > 0, 0, {NOW} + {}) WHERE {}",
        places.join(" "),
        lease_micros(),
        held.join(" OR ")
    )
}

fn lease_micros() -> i64 {
    i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX)
}

fn stored<T>(answer: Result<T>) -> std::result::Result<T, StoreError> {
    answer.map_err(|failure: Failure| failure.into())
}

impl Outbox for MysqlOutbox {
    fn take_free(&mut self) -> BoxFuture<'_, std::result::Result<Vec<Lease>, StoreError>> {
        Box::pin(async move { stored(self.take().await) })
    }

    fn read<'a>(
        &'a mut self,
        leases: &'a [Lease],
        limit: usize,
    ) -> BoxFuture<'a, std::result::Result<Vec<Outgoing>, StoreError>> {
        Box::pin(async move { stored(self.pages(leases, limit).await) })
    }

    fn pin_partition_count<'a>(
        &'a mut self,
        found: &'a Spread,
    ) -> BoxFuture<'a, std::result::Result<Spread, StoreError>> {
        Box::pin(async move { stored(pin_partition_count(&mut self.session, found).await) })
    }

    fn keep<'a>(&'a mut self, leases: &'a [Lease]) -> BoxFuture<'a, std::result::Result<Vec<usize>, StoreError>> {
        Box::pin(async move { stored(self.save(leases).await) })
    }
}
