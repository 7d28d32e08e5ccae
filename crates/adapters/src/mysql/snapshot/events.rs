//! The outbox in commit order, with the hashes that prove it.

use std::collections::BTreeMap;

use app::audit::{EventFacts, LogFacts, ShardFacts};
use app::outbox::ShardHead;
use app::settings::Carrier;
use mysql_async::Value;

use super::Reader;
use crate::mysql::failure::Result;
use crate::mysql::log::{SELECT_POSITIONS, position};
use crate::mysql::outbox::shard_place;
use crate::mysql::records::{Cells, select_relayed};
use crate::passed_over;

/// Hashes that were kept, by shard and number.
type Roots = BTreeMap<(usize, i64), Vec<[u8; 32]>>;

pub(super) fn read(reader: &mut Reader, each: &mut dyn FnMut(EventFacts)) -> Result<LogFacts> {
    let roots = roots(reader)?;
    let select = "SELECT id, shard, seq, event_key, type, payload, occurred_at FROM event ORDER BY position";
    reader.each(select, |row| {
        each(event(row, &roots)?);
        Ok(())
    })?;
    let shards = shards(reader, &roots)?;
    let mut facts = LogFacts { shards, ..LogFacts::default() };
    reader.each("SELECT value FROM meta WHERE name = 'executor'", |row| {
        let word: String = Cells::of(row).take()?;
        facts.carrier = Some(Carrier::from_name(&word).unwrap_or(Carrier::Inline));
        Ok(())
    })?;
    // Shards that no relay of ours ever held are brought out by somebody else, or by nobody.
    reader.each(select_relayed!("WHERE epoch > 0 ORDER BY relay_shard.shard"), |row| {
        facts.relayed.push(shard_place(&mut Cells::of(row))?);
        Ok(())
    })?;
    reader.each(SELECT_POSITIONS, |row| {
        facts.positions.extend(position(row)?);
        Ok(())
    })?;
    reader.each(&format!("SELECT id FROM event GROUP BY id HAVING COUNT(*) > 1 LIMIT {NAMED_MAX}"), |row| {
        facts.repeated.push(Cells::of(row).take()?);
        Ok(())
    })?;
    let strangers = "SELECT consumer_group, event_id FROM inbox WHERE event_id NOT IN (SELECT id FROM event)";
    reader.each(&format!("{strangers} LIMIT {NAMED_MAX}"), |row| {
        let mut cells = Cells::of(row);
        facts.strangers.push((cells.take()?, cells.take()?));
        Ok(())
    })?;
    for select in passed_over::selects(facts.carrier, NAMED_MAX) {
        reader.each(&select, |row| {
            let mut cells = Cells::of(row);
            facts.passed_over.push((cells.take()?, cells.take()?));
            Ok(())
        })?;
    }
    Ok(facts)
}

/// Identities that several events have, and marks of what is no event: so many are named.
const NAMED_MAX: usize = 10;

fn shard(cells: &mut Cells) -> Result<usize> {
    Ok(usize::try_from(cells.take::<i64>()?).unwrap_or(usize::MAX))
}

fn event(row: Vec<Value>, roots: &Roots) -> Result<EventFacts> {
    let mut cells = Cells::of(row);
    let id = cells.take()?;
    let (shard, seq) = (shard(&mut cells)?, cells.take()?);
    Ok(EventFacts {
        id,
        shard,
        seq,
        key: cells.take()?,
        kind: cells.take()?,
        payload: cells.take()?,
        at: cells.at()?,
        root: roots.get(&(shard, seq)).and_then(|kept| kept.first().copied()),
    })
}

fn roots(reader: &mut Reader) -> Result<Roots> {
    let mut roots = Roots::new();
    reader.each("SELECT shard, seq, hash FROM daily_root", |row| {
        let mut cells = Cells::of(row);
        let place = (shard(&mut cells)?, cells.take()?);
        roots.entry(place).or_default().push(cells.hash()?);
        Ok(())
    })?;
    Ok(roots)
}

fn shards(reader: &mut Reader, roots: &Roots) -> Result<Vec<ShardFacts>> {
    let mut shards = vec![];
    // Every shard has a row from the first day; one that took no event has nothing to prove.
    reader.each("SELECT shard, seq, hash FROM outbox_shard WHERE seq > 0 ORDER BY shard", |row| {
        let mut cells = Cells::of(row);
        let shard = shard(&mut cells)?;
        let kept = roots.iter().filter(|((of, _), _)| *of == shard).map(|(_, kept)| kept.len()).sum();
        shards.push(ShardFacts { shard, head: ShardHead { seq: cells.take()?, hash: cells.hash()? }, roots: kept });
        Ok(())
    })?;
    Ok(shards)
}
