//! The executor that carries the store's events to their groups, so that a switch neither repeats nor loses a reaction.

use app::log::reactions::Group;
use app::ports::StoreError;
use app::state::settings::Carrier;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::{SqliteStore, offsets};
use crate::sqlite::cells::store_error;

impl SqliteStore {
    /// Returns the executor of the last start; `None` for a store that was never served.
    pub fn last_carrier(&self) -> Result<Option<Carrier>, StoreError> {
        carrier(&self.connection).map_err(store_error)
    }

    /// Switches to an executor. Inline reactions are part of their commit and move no offset, so a log that takes over
    /// starts behind them. A log that is left must have been read to its end. Only a log and a relay read by shard, so only
    /// they have an index for that; the first start over a large store takes the time to build it.
    pub fn run_with(&mut self, carrier: Carrier) -> Result<(), StoreError> {
        let last = self.last_carrier()?;
        let index = match carrier {
            Carrier::Inline => "DROP INDEX IF EXISTS event_of_shard",
            Carrier::InlineRelayed | Carrier::OwnLog | Carrier::Broker => {
                "CREATE UNIQUE INDEX IF NOT EXISTS event_of_shard ON event_row (shard, seq)"
            }
        };
        let transaction = self.connection.transaction().map_err(store_error)?;
        transaction.execute(index, []).map_err(store_error)?;
        if last == Some(carrier) {
            return transaction.commit().map_err(store_error);
        }
        if carrier.begins_at_the_end_after(last) {
            move_groups_to_the_end(&transaction).map_err(store_error)?;
        }
        if carrier.relays_from_the_end_after(last) {
            move_relay_to_the_end(&transaction).map_err(store_error)?;
        }
        let remember = "INSERT INTO meta (name, value) VALUES ('executor', ?1)
             ON CONFLICT DO UPDATE SET value = excluded.value";
        transaction.execute(remember, [carrier.name()]).map_err(store_error)?;
        transaction.commit().map_err(store_error)
    }
}

impl SqliteStore {
    /// Records the mark of the secret that the store is served with from here on; returns the mark before.
    pub fn keep_secret_mark(&mut self, mark: &str) -> Result<Option<String>, StoreError> {
        let stored = "SELECT value FROM meta WHERE name = 'secret_mark'";
        let last: Option<String> =
            self.connection.query_row(stored, [], |row| row.get(0)).optional().map_err(store_error)?;
        if last.as_deref() != Some(mark) {
            let keep = "INSERT INTO meta (name, value) VALUES ('secret_mark', ?1)
                 ON CONFLICT DO UPDATE SET value = excluded.value";
            self.connection.execute(keep, [mark]).map_err(store_error)?;
        }
        Ok(last)
    }

    /// Records the shop's currency. If it has amounts in another one, returns that one and records nothing.
    pub fn keep_currency(&mut self, mine: &str) -> Result<Option<String>, StoreError> {
        let other = "SELECT value FROM meta WHERE name = 'currency' AND value <> ?1 AND EXISTS (SELECT 1 FROM product)";
        let other: Option<String> =
            self.connection.query_row(other, [mine], |row| row.get(0)).optional().map_err(store_error)?;
        if other.is_none() {
            let keep = "INSERT INTO meta (name, value) VALUES ('currency', ?1)
                 ON CONFLICT DO UPDATE SET value = excluded.value WHERE value <> excluded.value";
            self.connection.execute(keep, [mine]).map_err(store_error)?;
        }
        Ok(other)
    }
}

/// Returns the executor of the last start.
pub(in crate::sqlite) fn carrier(connection: &Connection) -> rusqlite::Result<Option<Carrier>> {
    let stored = "SELECT value FROM meta WHERE name = 'executor'";
    let word: Option<String> = connection.query_row(stored, [], |row| row.get(0)).optional()?;
    Ok(word.map(|word| Carrier::from_name(&word).unwrap_or(Carrier::Inline)))
}

/// Returns the currency of a shop that has amounts.
pub(in crate::sqlite) fn currency(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let stored = "SELECT value FROM meta WHERE name = 'currency' AND EXISTS (SELECT 1 FROM product)";
    connection.query_row(stored, [], |row| row.get(0)).optional()
}

/// Moves every group that reads the store's own log behind the last committed event.
fn move_groups_to_the_end(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let move_group = "INSERT INTO consumer_offset (consumer_group, topic, partition, position)
         VALUES (?1, '', ?2, ?3) ON CONFLICT DO UPDATE SET position = excluded.position";
    // Inline reactions wrote no inbox rows.
    let skip = "INSERT INTO offset_skip (consumer_group, topic, partition, from_position, to_position, skipped_at)
         SELECT ?1, '', ?2, coalesce(max(position), 0), ?3, CAST(unixepoch('subsec') * 1000000 AS INTEGER)
         FROM consumer_offset WHERE consumer_group = ?1 AND topic = '' AND partition = ?2";
    let heads = offsets::heads(transaction)?;
    for (shard, head) in (0_i64..).zip(&heads).filter(|(_, head)| head.seq > 0) {
        for group in Group::carried() {
            transaction.execute(skip, (group.name(), shard, head.seq + 1))?;
            transaction.execute(move_group, (group.name(), shard, head.seq + 1))?;
        }
    }
    Ok(())
}

/// Moves the relay behind the last committed event.
fn move_relay_to_the_end(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let move_relay = "INSERT INTO relay_shard (shard, position, epoch, holder) VALUES (?1, ?2, 0, 0)
         ON CONFLICT DO UPDATE SET position = excluded.position";
    let heads = offsets::heads(transaction)?;
    for (shard, head) in (0_i64..).zip(&heads).filter(|(_, head)| head.seq > 0) {
        transaction.execute(move_relay, (shard, head.seq))?;
    }
    Ok(())
}
