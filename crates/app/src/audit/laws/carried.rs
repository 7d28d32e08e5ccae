//! Laws 15 and 16: the relay's offsets, the groups' offsets and their inboxes agree with the log.

use std::time::Duration;

use domain::time::Timestamp;

use crate::audit::report::{Findings, Law, ensure};
use crate::audit::snapshot::LogFacts;
use crate::events::outbox::SHARDS;
use crate::log::group::Group;
use crate::ports::views::ShardPlace;
use crate::state::rows::OffsetKey;
use crate::state::settings::Carrier;

/// The longest time that an event may wait for the relay, by the log's own clock: in a shop without traffic, no event
/// is late.
const RELAYED_WITHIN: Duration = Duration::from_secs(300);

pub(in crate::audit) fn judge(facts: &LogFacts, latest: Timestamp, to: &mut Findings) {
    for id in &facts.repeated {
        to.note(Law::Outbox, Err(format!("event {id}: it is in the outbox more than once")));
    }
    for shard in 0..SHARDS {
        let end = facts.shards.iter().find(|of| of.shard == shard).map_or(0, |of| of.head.seq);
        let has_relay = facts.carrier.is_some_and(Carrier::has_relay);
        let relayed = facts.relayed.iter().find(|of| of.shard == shard && has_relay);
        to.note(Law::Outbox, relayed.map_or(Ok(()), |place| is_brought_out(place, end, latest)));
        let follows_all = |group: Group| facts.trail_end.is_some() && group.is_trailing();
        let of_shard = |key: &OffsetKey| {
            key.partition.topic.is_none() && key.partition.number == shard as i32 && !follows_all(key.group)
        };
        let beyond = facts.positions.iter().find(|(key, position)| of_shard(key) && *position > end.saturating_add(1));
        let beyond = beyond.map(|(key, position)| {
            format!("{}: its offset is {position} in shard {shard}, whose last event is {end}", key.group.name())
        });
        to.note(Law::Inbox, beyond.map_or(Ok(()), Err));
    }
    if let Some(end) = facts.trail_end {
        let ahead = |(key, position): &&(OffsetKey, i64)| key.group.is_trailing() && *position > end.saturating_add(1);
        for (key, position) in facts.positions.iter().filter(ahead) {
            let name = key.group.name();
            to.note(Law::Inbox, Err(format!("{name}: its offset is {position}, but the last event is {end}")));
        }
    }
    for (group, event) in &facts.strangers {
        to.note(Law::Inbox, Err(format!("{group}: its inbox has {event}, which is no event")));
    }
    for (group, event) in &facts.passed_over {
        to.note(Law::Inbox, Err(format!("{group}: its offset is past event {event}, which it has not handled")));
    }
}

fn is_brought_out(place: &ShardPlace, end: i64, latest: Timestamp) -> Result<(), String> {
    let ShardPlace { shard, relayed, waiting_since, .. } = *place;
    ensure(relayed <= end, || format!("shard {shard}: {relayed} events are published, but it has {end}"))?;
    let is_late = |since: Timestamp| since + RELAYED_WITHIN < latest;
    ensure(!waiting_since.is_some_and(is_late), || {
        format!(
            "shard {shard}: event {} has waited for the relay for more than five minutes",
            relayed.saturating_add(1)
        )
    })
}
