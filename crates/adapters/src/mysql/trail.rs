//! The store's events for trailing groups: a partition for each shard, whose events have no gap.

use app::events::event::EventKind;
use app::events::outbox::SHARDS;
use app::log::reactions::Group;
use app::ports::trail::SCANNED_MAX;
use app::ports::{BoxFuture, Slice, StoreError, Trail, WantedSlice};
use app::state::rows::{OffsetKey, Partition};
use mysql_async::Opts;

use super::cells::{MysqlCells, from_row};
use super::failure::Result;
use super::session::Session;
use super::sql::{Script, is_in, statement};
use super::store::{SELECT_HEADS, heads};
use crate::records::{Cells as _, delivery};

pub struct MysqlTrail {
    session: Session,
}

/// A partition to read: its group, the offset, and the last event that is read.
struct Reach {
    key: OffsetKey,
    from: i64,
    until: i64,
}

impl MysqlTrail {
    pub(super) fn new(opts: &Opts) -> MysqlTrail {
        MysqlTrail { session: Session::new(opts) }
    }

    async fn stored(&mut self, group: Group) -> Result<Vec<(OffsetKey, i64)>> {
        let select = "SELECT `partition`, position FROM consumer_offset WHERE consumer_group = ? AND topic = ''";
        let rows = self.session.ask_alone(&statement(select, &[&group.name()])).await?;
        let known = rows.into_iter().map(from_row).collect::<Result<Vec<(i64, i64)>>>()?;
        let offset = |number: i32| {
            let found = known.iter().find(|(partition, _)| *partition == i64::from(number));
            let partition = Partition { topic: None, number };
            (OffsetKey { group, partition }, found.map_or(0, |(_, offset)| *offset))
        };
        Ok((0..).take(SHARDS).map(offset).collect())
    }

    async fn read(&mut self, wanted: WantedSlice<'_>) -> Result<Slice> {
        let heads = heads(self.session.ask_alone(SELECT_HEADS).await?)?;
        let mut slice = Slice { is_end: true, ..Slice::default() };
        let mut reaches = vec![];
        for (key, from) in wanted.from {
            let from = (*from).max(1);
            let last =
                usize::try_from(key.partition.number).ok().and_then(|shard| heads.get(shard)).map_or(0, |it| it.seq);
            if from <= last {
                let until = last.min(from.saturating_add(SCANNED_MAX - 1));
                slice.is_end &= until == last;
                reaches.push(Reach { key: *key, from, until });
            }
        }
        let answers = self.session.run(&script(&reaches, &wanted)).await?;
        let limit = wanted.limit.max(1);
        for (place, Reach { key, until, .. }) in reaches.into_iter().enumerate() {
            let rows = answers.get(place).cloned().unwrap_or_default();
            let is_full = rows.len() >= limit;
            for row in rows {
                let mut cells = MysqlCells::of(row);
                let (offset, kind) = (cells.take()?, cells.word(EventKind::ALL, EventKind::name)?);
                slice.deliveries.push(delivery(key.partition, offset, kind, &mut cells)?);
            }
            let newest = slice.deliveries.last().filter(|_| is_full).map_or(until, |delivery| delivery.offset);
            slice.is_end &= newest == until;
            slice.next.push((key, newest + 1));
        }
        Ok(slice)
    }
}

/// One statement for each partition.
fn script(reaches: &[Reach], wanted: &WantedSlice<'_>) -> Script {
    let mut script = Script::default();
    if wanted.kinds.is_empty() {
        return script;
    }
    let kinds = is_in("type", wanted.kinds.iter().map(|kind| kind.name()));
    let limit = wanted.limit.max(1);
    for Reach { key, from, until } in reaches {
        let select =
            "SELECT seq, type, id, payload, occurred_at, event_key, traceparent FROM event FORCE INDEX (event_place)
             WHERE shard = ? AND seq BETWEEN ? AND ? AND ";
        let select = statement(select, &[&key.partition.number, from, until]);
        script.add(format!("{select}{kinds} ORDER BY seq LIMIT {limit}"));
    }
    script
}

impl Trail for MysqlTrail {
    fn offsets(&mut self, group: Group) -> BoxFuture<'_, std::result::Result<Vec<(OffsetKey, i64)>, StoreError>> {
        Box::pin(async move { Ok(self.stored(group).await?) })
    }

    fn slice<'a>(&'a mut self, wanted: WantedSlice<'a>) -> BoxFuture<'a, std::result::Result<Slice, StoreError>> {
        Box::pin(async move { Ok(self.read(wanted).await?) })
    }

    /// The server makes a commit visible a moment before it is durable. A later commit makes everything durable that
    /// was read before it.
    fn await_durable(&mut self) -> BoxFuture<'_, std::result::Result<(), StoreError>> {
        Box::pin(async move {
            self.session.ask_alone("REPLACE INTO meta (name, value) VALUES ('trail_settled', UUID())").await?;
            Ok(())
        })
    }
}
