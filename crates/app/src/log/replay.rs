//! Publishes stored events again: for a broker that lost some, and for new consumers (M-23, X-04).
//!
//! It is as safe as a relay that restarts: consumers detect events that they have handled.

use std::collections::{BTreeMap, HashSet};

use domain::ids::OrderId;
use domain::time::Timestamp;

use crate::events::outbox::parse_uuid;
use crate::events::outgoing::Outgoing;
use crate::events::topic::Topic;
use crate::log::relay::{self, Record};
use crate::ports::StoreError;
use crate::ports::views::Views;
use crate::state::rows::EventId;

/// The number of events that one replay reads.
pub const EVENTS_MAX: usize = 100_000;
const PAGE: usize = 1_000;

/// The events to replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Events from a moment on.
    Since(Timestamp),
    /// Events with this number or a later one, in every shard or in one.
    From {
        seq: i64,
        shard: Option<usize>,
    },
    Order(OrderId),
}

/// The selected events, in the order of each shard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selected {
    pub events: Vec<Outgoing>,
    /// True if there are no more of them.
    pub is_whole: bool,
}

/// Reads the selected events that the relay has published; it will publish the rest.
pub async fn select(selection: Selection, views: &dyn Views) -> Result<Selected, StoreError> {
    let relayed: BTreeMap<usize, i64> =
        views.shards().await?.into_iter().map(|place| (place.shard, place.relayed)).collect();
    let is_published = |event: &Outgoing| relayed.get(&event.shard).is_some_and(|relayed| event.seq <= *relayed);
    if let Selection::Order(order) = selection {
        let events = views.outgoing_of(order).await?.into_iter().filter(is_published).collect();
        return Ok(Selected { events, is_whole: true });
    }
    let mut selected = Selected { is_whole: true, ..Selected::default() };
    for (shard, relayed) in &relayed {
        let mut after = match selection {
            Selection::Since(moment) => views.last_before(*shard, moment).await?,
            Selection::From { shard: Some(only), .. } if only != *shard => continue,
            Selection::From { seq, .. } => seq - 1,
            Selection::Order(_) => unreachable!("an order's events are read by the order"),
        };
        while after < *relayed {
            let room = EVENTS_MAX - selected.events.len();
            if room == 0 {
                return Ok(Selected { is_whole: false, ..selected });
            }
            let page = views.outgoing(*shard, after, PAGE.min(room)).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            selected.events.extend(page.into_iter().filter(is_published));
        }
    }
    Ok(selected)
}

/// Returns the records of events, on one topic or on all.
pub fn records(events: &[Outgoing], topic: Option<Topic>) -> Vec<(EventId, Record)> {
    let identified = |record: Record| {
        let id = record.attributes.iter().find(|(name, _)| *name == "ce_id").and_then(|(_, id)| parse_uuid(id));
        (EventId(id.unwrap_or_default()), record)
    };
    // Operators handle dead letters in the store; a second record would be about the same event.
    let all = events.iter().flat_map(relay::records).filter(|record| !record.is_dead_letter).map(identified);
    all.filter(|(_, record)| topic.is_none_or(|topic| record.topic == topic)).collect()
}

/// Returns the topics of records, each with the moment from which it must be read to find them.
pub fn topics(events: &[Outgoing], records: &[(EventId, Record)]) -> BTreeMap<Topic, Timestamp> {
    let oldest = events.iter().map(|event| event.at).min().unwrap_or_default();
    records.iter().map(|(_, record)| (record.topic, oldest)).collect()
}

/// Returns the records that are not on their topics.
pub fn missing<'r>(
    records: &'r [(EventId, Record)],
    present: &BTreeMap<Topic, HashSet<EventId>>,
) -> Vec<&'r (EventId, Record)> {
    let is_there =
        |(id, record): &&(EventId, Record)| present.get(&record.topic).is_some_and(|present| present.contains(id));
    records.iter().filter(|record| !is_there(record)).collect()
}
