//! The executor that carries the store's events to their groups, so that a switch neither repeats nor loses a reaction.

use app::events::outbox::{SHARDS, ShardHead};
use app::log::reactions::Group;
use app::ports::StoreError;
use app::state::settings::Carrier;

use super::{MysqlStore, offsets};
use crate::mysql::cells::from_row;
use crate::mysql::failure::Result;
use crate::mysql::relay_rows::NOW;
use crate::mysql::session::{self, Session};
use crate::mysql::sql::{Insert, Script, statement};

/// The number of earlier engines whose locks are looked at. Each command that opens the shop counts as an engine.
const ENGINES_LOOKED_AT: u32 = 1_000;

/// The name of the lock that an engine's connection holds as long as it lives. Names are limited to 64 characters.
pub(in crate::mysql) fn engine_lock(engine: u32) -> String {
    format!("CONCAT('doorbuster ', LEFT(MD5(DATABASE()), 16), ' {engine}')")
}

impl MysqlStore {
    /// Returns the executor of the last start; `None` for a store that was never served.
    pub async fn last_carrier(&mut self) -> std::result::Result<Option<Carrier>, StoreError> {
        Ok(stored_carrier(&mut self.session, "").await?)
    }

    /// Switches to an executor. Inline reactions are part of their commit and move no offset, so a log that takes over
    /// starts behind them. A log that is left must have been read to its end.
    pub async fn run_with(&mut self, carrier: Carrier) -> std::result::Result<(), StoreError> {
        let switched = self.switch(carrier).await;
        if switched.is_err() {
            // The server rolls back what is open when the connection ends.
            self.session.give_up();
        }
        Ok(switched?)
    }

    /// Returns the mark of the secret that the store is served with: the first one stored, until it is changed.
    pub async fn secret_mark(&mut self, mine: &str) -> std::result::Result<String, StoreError> {
        let mut script = Script::default();
        script.add(statement("INSERT IGNORE INTO meta (name, value) VALUES ('secret_mark', ?)", &[&mine]));
        self.session.run(&script).await?;
        let rows = self.session.ask("SELECT value FROM meta WHERE name = 'secret_mark'").await?;
        match rows.into_iter().next() {
            Some(row) => Ok(from_row(row)?),
            None => Ok(mine.to_owned()),
        }
    }

    pub async fn change_secret_mark(&mut self, mine: &str) -> std::result::Result<(), StoreError> {
        let mut script = Script::default();
        script.add(statement("REPLACE INTO meta (name, value) VALUES ('secret_mark', ?)", &[&mine]));
        self.session.run(&script).await?;
        Ok(())
    }

    /// Records the shop's currency. If it has amounts in another one, returns that one and records nothing.
    pub async fn keep_currency(&mut self, mine: &str) -> std::result::Result<Option<String>, StoreError> {
        let other = "SELECT value FROM meta WHERE name = 'currency' AND value <> ? AND EXISTS (SELECT 1 FROM product)";
        let rows = self.session.ask(&statement(other, &[&mine])).await?;
        if let Some(row) = rows.into_iter().next() {
            return Ok(Some(from_row(row)?));
        }
        let keep =
            "INSERT INTO meta (name, value) VALUES ('currency', ?) ON DUPLICATE KEY UPDATE value = VALUES(value)";
        self.session.ask(&statement(keep, &[&mine])).await?;
        Ok(None)
    }

    /// Returns true if one of the engines that were opened before this one is connected.
    pub async fn is_served_by_others(&mut self, engine: u32) -> std::result::Result<bool, StoreError> {
        let first = engine.saturating_sub(ENGINES_LOOKED_AT);
        let locks: Vec<String> = (first..engine).map(|other| format!("IS_USED_LOCK({})", engine_lock(other))).collect();
        if locks.is_empty() {
            return Ok(false);
        }
        let rows = self.session.ask(&format!("SELECT COALESCE({}) IS NOT NULL", locks.join(", "))).await?;
        let found: Option<i64> = rows.into_iter().next().map(from_row).transpose()?;
        Ok(found == Some(1))
    }

    async fn switch(&mut self, carrier: Carrier) -> Result<()> {
        let mut script = Script::default();
        session::begin(&mut script);
        self.session.run(&script).await?;
        let last = stored_carrier(&mut self.session, " FOR UPDATE").await?;
        let mut script = Script::default();
        if last != Some(carrier) {
            let heads = self.session.ask(&format!("{} ORDER BY shard FOR UPDATE", offsets::SELECT_HEADS)).await?;
            let heads = offsets::heads(heads)?;
            if carrier.begins_at_the_end_after(last) {
                move_groups_to_the_end(&mut script, &heads);
            }
            if carrier.relays_from_the_end_after(last) {
                move_relay_to_the_end(&mut script, &heads);
            }
            script.add(statement("REPLACE INTO meta (name, value) VALUES ('executor', ?)", &[&carrier.name()]));
        }
        session::commit(&mut script);
        self.session.run(&script).await.map(|_| ())
    }
}

/// Returns the carrier of the last start. `lock` is the end of the SELECT.
pub(in crate::mysql) async fn stored_carrier(session: &mut Session, lock: &str) -> Result<Option<Carrier>> {
    let rows = session.ask(&format!("SELECT value FROM meta WHERE name = 'executor'{lock}")).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let word: String = from_row(row)?;
    Ok(Some(Carrier::from_name(&word).unwrap_or(Carrier::Inline)))
}

/// Returns the currency of a shop that has amounts.
pub(in crate::mysql) async fn stored_currency(session: &mut Session) -> Result<Option<String>> {
    let stored = "SELECT value FROM meta WHERE name = 'currency' AND EXISTS (SELECT 1 FROM product)";
    session.ask(stored).await?.into_iter().next().map(from_row).transpose()
}

/// Returns the shards that have events.
fn touched(heads: &[ShardHead; SHARDS]) -> impl Iterator<Item = (i64, &ShardHead)> {
    (0_i64..).zip(heads).filter(|(_, head)| head.seq > 0)
}

/// Moves every group that reads the store's own log behind the last committed event.
fn move_groups_to_the_end(script: &mut Script, heads: &[ShardHead; SHARDS]) {
    // Inline reactions wrote no inbox rows.
    let skip = format!(
        "INSERT INTO offset_skip (consumer_group, topic, `partition`, from_position, to_position, skipped_at)
         SELECT ?, '', ?, COALESCE(MAX(position), 0), ?, {NOW} FROM consumer_offset
         WHERE consumer_group = ? AND topic = '' AND `partition` = ?"
    );
    for group in Group::carried() {
        touched(heads).for_each(|(shard, head)| {
            let name = group.name();
            script.add(statement(&skip, &[&name, &shard, &(head.seq + 1), &name, &shard]));
        });
    }
    let mut moves = Insert::new(
        script,
        "INSERT INTO consumer_offset (consumer_group, topic, `partition`, position) VALUES ",
        " ON DUPLICATE KEY UPDATE position = VALUES(position)",
    );
    for group in Group::carried() {
        touched(heads).for_each(|(shard, head)| moves.row(&[&group.name(), &"", &shard, &(head.seq + 1)]));
    }
}

/// Moves the relays behind the last committed event.
fn move_relay_to_the_end(script: &mut Script, heads: &[ShardHead; SHARDS]) {
    let mut relayed = Insert::new(
        script,
        "INSERT INTO relay_shard (shard, position, epoch, holder, leased_until) VALUES ",
        " ON DUPLICATE KEY UPDATE position = VALUES(position)",
    );
    touched(heads).for_each(|(shard, head)| relayed.row(&[&shard, &head.seq, &0_i64, &0_i64, &0_i64]));
}
