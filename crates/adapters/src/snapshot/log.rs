//! The outbox in commit order, with the hashes that prove it.

use app::audit::{Archived, EventFacts, LogFacts, ShardFacts};
use app::events::outbox::ShardHead;
use app::ports::views::ShardPlace;
use app::state::rows::OffsetKey;
use app::state::settings::Carrier;

use super::{Asked, Roots, SELECT_EVENTS, SELECT_WHOLE_FROM, Unreadable};
use crate::passed_over;
use crate::selects::{SELECT_POSITIONS, select_relayed};

/// The most repeated ids, and marks without an event, that are named.
pub(crate) const NAMED_MAX: usize = 10;

/// The parts in which the stores differ.
pub(crate) struct Differences {
    /// Returns ids that several events have.
    pub(crate) repeated: String,
    /// The position of the last event, where trailing groups read all events as one partition.
    pub(crate) trail_end: Option<i64>,
}

pub(crate) fn read<A: Asked>(
    asked: &mut A,
    archived: Option<Archived>,
    differences: Differences,
    unreadable: &Unreadable,
    each: &mut dyn FnMut(EventFacts),
) -> Result<LogFacts, A::Error> {
    let told = |rows: Vec<String>| unreadable.borrow_mut().extend(rows);
    let mut roots = Roots::without(archived);
    told(asked.readable(SELECT_WHOLE_FROM, |(shard, whole_from): (i64, i64)| roots.begin(shard, whole_from))?);
    let daily = "SELECT shard, seq, hash, day FROM daily_root";
    told(asked.readable(daily, |(shard, head, _day): (i64, ShardHead, String)| roots.keep(shard, head))?);
    told(asked.readable(SELECT_EVENTS, |event| each(roots.with(event)))?);
    let mut facts = LogFacts { trail_end: differences.trail_end, ..LogFacts::default() };
    let heads = "SELECT shard, seq, hash FROM outbox_shard ORDER BY shard";
    let mut shards: Vec<ShardFacts> = vec![];
    told(asked.readable(heads, |(shard, head): (i64, ShardHead)| shards.push(roots.shard(shard, head)))?);
    facts.shards = shards;
    told(asked.readable("SELECT value FROM meta WHERE name = 'executor'", |word: String| {
        facts.carrier = Some(Carrier::from_name(&word).unwrap_or(Carrier::Inline));
    })?);
    // Shards that no relay of this shop ever held have another publisher, or none.
    let relayed = select_relayed!("WHERE epoch > 0 ORDER BY relay_shard.shard");
    told(asked.readable(relayed, |place: ShardPlace| facts.relayed.push(place))?);
    told(asked.readable(SELECT_POSITIONS, |known: Option<(OffsetKey, i64)>| facts.positions.extend(known))?);
    told(asked.readable(&differences.repeated, |id: String| facts.repeated.push(id))?);
    let strangers = "SELECT consumer_group, event_id FROM inbox WHERE event_id NOT IN (SELECT id FROM event)";
    told(asked.readable(&format!("{strangers} LIMIT {NAMED_MAX}"), |of: (String, String)| facts.strangers.push(of))?);
    for select in passed_over::selects(facts.carrier, NAMED_MAX) {
        told(asked.readable(&select, |of: (String, String)| facts.passed_over.push(of))?);
    }
    Ok(facts)
}
