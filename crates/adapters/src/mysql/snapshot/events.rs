//! The outbox in commit order, with the hashes that prove it.

use app::audit::{Archived, EventFacts, LogFacts, ShardFacts};
use app::state::rows::OffsetKey;
use app::state::settings::Carrier;

use super::reader::Reader;
use crate::mysql::cells::from_row;
use crate::mysql::failure::Result;
use crate::passed_over;
use crate::selects::{SELECT_POSITIONS, select_relayed};
use crate::snapshot::{Roots, SELECT_EVENTS, SELECT_WHOLE_FROM};

pub(super) fn read(
    reader: &mut Reader,
    archived: Option<Archived>,
    each: &mut dyn FnMut(EventFacts),
) -> Result<LogFacts> {
    let roots = roots(reader, archived)?;
    reader.each(SELECT_EVENTS, |row| {
        each(roots.with(from_row(row)?));
        Ok(())
    })?;
    let shards = shards(reader, &roots)?;
    let mut facts = LogFacts { shards, ..LogFacts::default() };
    reader.each("SELECT value FROM meta WHERE name = 'executor'", |row| {
        let word: String = from_row(row)?;
        facts.carrier = Some(Carrier::from_name(&word).unwrap_or(Carrier::Inline));
        Ok(())
    })?;
    // Shards that no relay of this shop ever held have another publisher, or none.
    reader.each(select_relayed!("WHERE epoch > 0 ORDER BY relay_shard.shard"), |row| {
        facts.relayed.push(from_row(row)?);
        Ok(())
    })?;
    reader.each(SELECT_POSITIONS, |row| {
        let known: Option<(OffsetKey, i64)> = from_row(row)?;
        facts.positions.extend(known);
        Ok(())
    })?;
    reader.each(&format!("SELECT id FROM event GROUP BY id HAVING COUNT(*) > 1 LIMIT {NAMED_MAX}"), |row| {
        facts.repeated.push(from_row(row)?);
        Ok(())
    })?;
    let strangers = "SELECT consumer_group, event_id FROM inbox WHERE event_id NOT IN (SELECT id FROM event)";
    reader.each(&format!("{strangers} LIMIT {NAMED_MAX}"), |row| {
        facts.strangers.push(from_row(row)?);
        Ok(())
    })?;
    for select in passed_over::selects(facts.carrier, NAMED_MAX) {
        reader.each(&select, |row| {
            facts.passed_over.push(from_row(row)?);
            Ok(())
        })?;
    }
    Ok(facts)
}

/// The most repeated ids and marks without an event that are named.
const NAMED_MAX: usize = 10;

fn roots(reader: &mut Reader, archived: Option<Archived>) -> Result<Roots> {
    let mut roots = Roots::without(archived);
    reader.each(SELECT_WHOLE_FROM, |row| {
        let (shard, whole_from) = from_row(row)?;
        roots.begin(shard, whole_from);
        Ok(())
    })?;
    reader.each("SELECT shard, seq, hash FROM daily_root", |row| {
        let (shard, head) = from_row(row)?;
        roots.keep(shard, head);
        Ok(())
    })?;
    Ok(roots)
}

fn shards(reader: &mut Reader, roots: &Roots) -> Result<Vec<ShardFacts>> {
    let mut shards = vec![];
    // Every shard has a row from the first day; one without events has nothing to prove.
    reader.each("SELECT shard, seq, hash FROM outbox_shard WHERE seq > 0 ORDER BY shard", |row| {
        let (shard, head) = from_row(row)?;
        shards.push(roots.shard(shard, head));
        Ok(())
    })?;
    Ok(shards)
}
