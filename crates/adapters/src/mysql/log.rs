//! The event log without a broker: reads the outbox in place, with a partition for each of its shards.
//!
//! An event's offset is its number in the shard, starting at 1. Numbers are assigned under the shard's lock, so
//! everything up to the number in `outbox_shard` is committed, without a gap.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::events::event::EventKind;
use app::events::outbox::SHARDS;
use app::log::reactions::Group;
use app::log::relay::Outgoing;
use app::ports::{BoxFuture, EventLog, Fetched, OutboxSlot, StoreError, StoredEvent};
use app::state::rows::{OffsetKey, Partition};
use domain::ids::OrderId;
use mysql_async::Opts;

use super::cells::{MysqlCells, from_row};
use super::commits_seen::CommitsSeen;
use super::failure::Result;
use super::session::Session;
use super::sql::{KEYS_MAX, is_in, statement};
use super::store::{SELECT_HEADS, heads, pairs};
use crate::records::{Cells as _, delivery};
use crate::selects::{SELECT_POSITIONS, select_outgoing};
use crate::words::topic_cell;

/// How often the log queries the commits of other processes. This process reports its own.
const QUERY_EVERY: Duration = Duration::from_millis(10);

pub struct MysqlLog {
    session: Session,
    commits_seen: Arc<CommitsSeen>,
    queried: Option<Instant>,
}

impl MysqlLog {
    pub(super) fn new(opts: &Opts, commits_seen: Arc<CommitsSeen>) -> MysqlLog {
        MysqlLog { session: Session::new(opts), commits_seen, queried: None }
    }

    async fn query_commits(&mut self) -> Result<()> {
        if self.queried.is_some_and(|queried| queried.elapsed() < QUERY_EVERY) {
            return Ok(());
        }
        let heads = heads(self.session.ask_alone(SELECT_HEADS).await?)?;
        self.commits_seen.observe(heads.iter());
        self.queried = Some(Instant::now());
        Ok(())
    }

    async fn read(&mut self, key: OffsetKey, from: i64, limit: usize) -> Result<Fetched> {
        let shard = key.partition.number;
        // There is no event 0, although the offset of a group without commits is 0.
        if from.max(1) > self.commits_seen.last(shard) {
            self.query_commits().await?;
        }
        let last = self.commits_seen.last(shard);
        let mut fetched = Fetched { next: from, ..Fetched::default() };
        if from.max(1) > last {
            return Ok(fetched);
        }
        let limit = limit.max(1);
        let wanted = EventKind::ALL.iter().filter(|kind| key.group.subscribes_to(**kind)).map(|kind| kind.name());
        let select =
            "SELECT seq, type, id, payload, occurred_at, event_key, traceparent FROM event FORCE INDEX (event_place)
             WHERE shard = ? AND seq BETWEEN ? AND ? AND ";
        let select = statement(select, &[&shard, &from, &last]) + &is_in("type", wanted);
        let rows = self.session.ask_alone(&format!("{select} ORDER BY seq LIMIT {limit}")).await?;
        let is_full = rows.len() == limit;
        for row in rows {
            let mut cells = MysqlCells::of(row);
            let (offset, kind) = (cells.take()?, cells.word(EventKind::ALL, EventKind::name)?);
            fetched.deliveries.push(delivery(key.partition, offset, kind, &mut cells)?);
        }
        let newest = fetched.deliveries.last().map_or(from, |delivery| delivery.offset + 1);
        fetched.next = if is_full { newest } else { last + 1 };
        Ok(fetched)
    }
}

/// Selects all events of an order, in order.
pub(super) fn select_events_of(order: OrderId) -> String {
    statement(select_outgoing!("event WHERE order_id = ? ORDER BY position"), &[&order.0])
}

impl EventLog for MysqlLog {
    fn partitions(&mut self, _group: Group) -> BoxFuture<'_, std::result::Result<Vec<Partition>, StoreError>> {
        let numbers = (0..).take(SHARDS);
        Box::pin(std::future::ready(Ok(numbers.map(|number| Partition { topic: None, number }).collect())))
    }

    fn position(&mut self, key: OffsetKey) -> BoxFuture<'_, std::result::Result<i64, StoreError>> {
        Box::pin(async move {
            let select =
                "SELECT position FROM consumer_offset WHERE consumer_group = ? AND topic = ? AND `partition` = ?";
            let topic = topic_cell(key.partition);
            let select = statement(select, &[&key.group.name(), &topic, &key.partition.number]);
            let row = self.session.ask_alone(&select).await?.into_iter().next();
            Ok(row.map_or(Ok(0), from_row)?)
        })
    }

    fn events_of(&mut self, order: OrderId) -> BoxFuture<'_, std::result::Result<Vec<Outgoing>, StoreError>> {
        Box::pin(async move {
            let rows = self.session.ask_alone(&select_events_of(order)).await?;
            Ok(rows.into_iter().map(from_row).collect::<Result<_>>()?)
        })
    }

    fn written<'a>(
        &'a mut self,
        slots: &'a [OutboxSlot],
    ) -> BoxFuture<'a, std::result::Result<Vec<StoredEvent>, StoreError>> {
        Box::pin(async move {
            let mut found = vec![];
            for some in slots.chunks(KEYS_MAX) {
                let condition = pairs("shard", "seq", some.iter().map(|slot| (slot.shard, slot.seq)));
                let select = "SELECT shard, seq, id, type, payload FROM event FORCE INDEX (event_place) WHERE ";
                let rows = self.session.ask_alone(&format!("{select}{condition}")).await?;
                found.extend(rows.into_iter().map(from_row).collect::<Result<Vec<StoredEvent>>>()?);
            }
            Ok(found)
        })
    }

    fn positions(&mut self) -> BoxFuture<'_, std::result::Result<Vec<(OffsetKey, i64)>, StoreError>> {
        Box::pin(async move {
            let rows = self.session.ask_alone(SELECT_POSITIONS).await?;
            Ok(rows.into_iter().map(from_row).filter_map(Result::transpose).collect::<Result<_>>()?)
        })
    }

    fn fetch(
        &mut self,
        key: OffsetKey,
        from: i64,
        limit: usize,
    ) -> BoxFuture<'_, std::result::Result<Fetched, StoreError>> {
        Box::pin(async move { Ok(self.read(key, from, limit).await?) })
    }
}
