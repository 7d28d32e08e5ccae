//! Events in their places, and the groups that read them in place.

use std::ops::Range;

use app::events::event::EventKind;
use app::log::groups::{COUNTED_MAX, Extent, LogInspector, Passage, SHOWN_MAX};
use app::log::reactions::Group;
use app::log::relay::Outgoing;
use app::ports::views::{OutboxViews, Reading, ShardPlace};
use app::state::rows::{OffsetKey, OffsetMove, Partition};
use domain::ids::OrderId;
use domain::time::Timestamp;

use super::{MysqlViews, each, first, sql_limit};
use crate::mysql::failure::Result;
use crate::mysql::log::select_events_of;
use crate::mysql::session::Answers;
use crate::mysql::sql::{is_in, statement};
use crate::mysql::store::{SELECT_HEADS, heads};
use crate::selects::{SELECT_POSITIONS, select_outgoing, select_relayed};

impl OutboxViews for MysqlViews {
    fn positions(&self) -> Reading<'_, Vec<(OffsetKey, i64)>> {
        self.read([SELECT_POSITIONS.to_owned()], |answers| {
            let known = each::<Option<(OffsetKey, i64)>>(answers)?;
            Ok(known.into_iter().flatten().collect())
        })
    }

    fn shards(&self) -> Reading<'_, Vec<ShardPlace>> {
        let select = select_relayed!("WHERE outbox_shard.seq > 0 ORDER BY outbox_shard.shard");
        self.read([select.to_owned()], each)
    }

    fn outgoing(&self, shard: usize, after: i64, limit: usize) -> Reading<'_, Vec<Outgoing>> {
        let select =
            select_outgoing!("event FORCE INDEX (event_place) WHERE shard = ? AND seq > ? ORDER BY seq LIMIT ?");
        let select = statement(select, &[&(shard as i64), &after, &sql_limit(limit)]);
        self.read([select], each)
    }

    fn outgoing_of(&self, order: OrderId) -> Reading<'_, Vec<Outgoing>> {
        self.read([select_events_of(order)], each)
    }

    fn last_before(&self, shard: usize, moment: Timestamp) -> Reading<'_, i64> {
        let select = first_since(shard as i64, moment);
        self.read(select, |answers| Ok(first_number(answers)? - 1))
    }
}

/// The number of a shard's first event that is not older, or the number of its next event.
fn first_since(shard: i64, moment: Timestamp) -> [String; 1] {
    let select = "SELECT COALESCE(
             (SELECT seq FROM event FORCE INDEX (event_place) WHERE shard = ? AND occurred_at >= ? ORDER BY seq LIMIT 1),
             (SELECT seq + 1 FROM outbox_shard WHERE shard = ?), 1)";
    [statement(select, &[&shard, &moment, &shard])]
}

fn first_number(answers: Answers) -> Result<i64> {
    Ok(first(answers)?.unwrap_or(1))
}

/// The log is the outbox itself, a partition for each shard.
impl LogInspector for MysqlViews {
    fn extents(&self, _group: Group) -> Reading<'_, Vec<Extent>> {
        self.read([SELECT_HEADS.to_owned()], |answers| {
            let extent = |(number, head): (i32, &app::events::outbox::ShardHead)| {
                let partition = Partition { topic: None, number };
                Extent { partition, begin: 1, end: head.seq + 1, committed: None }
            };
            Ok((0..).zip(&heads(answers.into_iter().flatten().collect())?).map(extent).collect())
        })
    }

    fn offset_at(&self, partition: Partition, moment: Timestamp) -> Reading<'_, i64> {
        self.read(first_since(i64::from(partition.number), moment), first_number)
    }

    fn between(&self, key: OffsetKey, offsets: Range<i64>) -> Reading<'_, Passage> {
        let wanted = is_in("type", key.group.kinds().map(EventKind::name));
        let condition = "WHERE shard = ? AND seq >= ? AND seq < ? AND ";
        // Events beyond this range are not counted.
        let end = offsets.end.min(offsets.start.saturating_add(sql_limit(COUNTED_MAX)));
        let condition = statement(condition, &[&key.partition.number, &offsets.start, &end]) + &wanted;
        let select = format!(
            "SELECT seq, id, type, event_key, aggregatetype, aggregateid, occurred_at FROM event
             FORCE INDEX (event_place) {condition} ORDER BY seq LIMIT {SHOWN_MAX}"
        );
        let count = format!("SELECT COUNT(*) FROM event FORCE INDEX (event_place) {condition}");
        self.read([select, count], move |answers| {
            let mut answers = super::answers_of(answers);
            let shown = each(vec![answers.next().unwrap_or_default()])?;
            let count: i64 = first(vec![answers.next().unwrap_or_default()])?.unwrap_or_default();
            Ok(Passage { events: usize::try_from(count).unwrap_or_default(), is_whole: end == offsets.end, shown })
        })
    }

    fn publish_offsets(&self, _moves: Vec<OffsetMove>) -> Reading<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}
