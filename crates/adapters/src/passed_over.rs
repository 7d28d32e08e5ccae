//! Law 16, checked in both stores: events that a group must have passed without taking them in.
//!
//! Only groups that keep an inbox can be checked; the laws about orders, claims and requests cover the others.

use app::events::event::EventKind;
use app::log::reactions::Group;
use app::state::settings::Carrier;

/// Statements that return groups and ids of events, each at most `limit` rows.
pub(crate) fn selects(carrier: Option<Carrier>, limit: usize) -> Vec<String> {
    let on_broker = Group::with_inbox().filter(|_| carrier == Some(Carrier::Broker)).map(behind_the_key);
    Group::with_inbox()
        .map(behind_the_offset)
        .chain(on_broker)
        .map(|select| format!("{select} LIMIT {limit}"))
        .collect()
}

/// In the store's own log a group has passed everything before its offset.
fn behind_the_offset(group: Group) -> String {
    let (name, is_open) = (group.name(), is_open(group));
    format!(
        "SELECT '{name}', e.id FROM consumer_offset AS o JOIN event AS e ON e.shard = o.`partition` AND e.seq < o.position
         WHERE o.consumer_group = '{name}' AND o.topic = '' AND NOT EXISTS (SELECT 1 FROM offset_skip AS s
             WHERE s.consumer_group = '{name}' AND s.topic = '' AND s.`partition` = e.shard
             AND s.from_position <= e.seq AND e.seq < s.to_position) AND {is_open}"
    )
}

/// Where a broker assigns the offsets, a group that took in an event of a key has passed the key's earlier events on
/// the same topic. The broker carries the events behind the group's offset in the store's own log.
fn behind_the_key(group: Group) -> String {
    let (name, kinds, is_open) = (group.name(), kinds(group), is_open(group));
    format!(
        "SELECT '{name}', e.id FROM event AS e JOIN (SELECT l.shard, l.topic, l.event_key, MAX(l.seq) AS seq FROM event AS l
             WHERE l.type IN ({kinds})
             AND EXISTS (SELECT 1 FROM inbox AS i WHERE i.consumer_group = '{name}' AND i.event_id = l.id)
             GROUP BY l.shard, l.topic, l.event_key) AS latest
         ON latest.shard = e.shard AND latest.topic = e.topic AND latest.event_key = e.event_key AND e.seq < latest.seq
         WHERE e.seq >= COALESCE((SELECT o.position FROM consumer_offset AS o
             WHERE o.consumer_group = '{name}' AND o.topic = '' AND o.`partition` = e.shard), 0)
         AND NOT EXISTS (SELECT 1 FROM offset_skip AS s
             WHERE s.consumer_group = '{name}' AND s.topic = e.topic AND e.occurred_at <= s.skipped_at) AND {is_open}"
    )
}

/// An event that the group subscribes to, and neither took in, nor parked, nor dead-lettered.
fn is_open(group: Group) -> String {
    let (name, kinds) = (group.name(), kinds(group));
    let is_not_in = |table: &str| {
        format!(
            "NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.consumer_group = '{name}' AND {table}.event_id = e.id)"
        )
    };
    let tables = ["inbox", "parked_event", "dead_letter"].map(is_not_in).join(" AND ");
    // A row of the inbox is no older than its event, so rows of later events are all kept.
    let is_kept = "e.occurred_at >= COALESCE((SELECT p.before_at FROM pruned AS p WHERE p.kind = 'inbox'), 0)";
    format!("e.type IN ({kinds}) AND {is_kept} AND {tables}")
}

fn kinds(group: Group) -> String {
    group.kinds().map(|kind: EventKind| format!("'{}'", kind.name())).collect::<Vec<_>>().join(", ")
}
