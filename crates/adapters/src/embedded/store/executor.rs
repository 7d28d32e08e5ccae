//! Which executor the store's events were made under, so that a switch neither repeats nor loses a reaction.

use app::ports::StoreError;
use app::reactions::Group;
use app::settings::Executor;
use rusqlite::OptionalExtension as _;

use super::{SqliteStore, places};

const INLINE: &str = "inline";
const LOG: &str = "log";

impl SqliteStore {
    /// The executor that ran last; `None` for a store that none has run on.
    pub fn last_executor(&self) -> Result<Option<Executor>, StoreError> {
        let stored = "SELECT value FROM meta WHERE name = 'executor'";
        let word: Option<String> = self.connection.query_row(stored, [], |row| row.get(0)).optional().map_err(told)?;
        Ok(word.map(|word| if word == LOG { Executor::Log } else { Executor::Inline }))
    }

    /// Says which executor runs from here on. Inline reactions are part of their commit and move no group, so a log
    /// that takes over begins behind them. One that is left must have been read to its end. Only a log is read by shard,
    /// so only it has an index for that; the first start over a large store takes the time to build it.
    pub fn run_with(&mut self, executor: Executor) -> Result<(), StoreError> {
        if self.last_executor()? == Some(executor) {
            return Ok(());
        }
        let transaction = self.connection.transaction().map_err(told)?;
        if executor == Executor::Log {
            let heads = places::heads(&transaction).map_err(told)?;
            for group in Group::ALL {
                for (shard, head) in heads.iter().enumerate().filter(|(_, head)| head.seq > 0) {
                    let move_group = "INSERT INTO consumer_offset (consumer_group, topic, partition, position)
                         VALUES (?1, '', ?2, ?3) ON CONFLICT DO UPDATE SET position = excluded.position";
                    let place = (group.name(), shard as i64, head.seq + 1);
                    transaction.execute(move_group, place).map_err(told)?;
                }
            }
        }
        let word = match executor {
            Executor::Inline => INLINE,
            Executor::Log => LOG,
        };
        let index = match executor {
            Executor::Inline => "DROP INDEX IF EXISTS event_of_shard",
            Executor::Log => "CREATE UNIQUE INDEX IF NOT EXISTS event_of_shard ON event (shard, seq)",
        };
        transaction.execute(index, []).map_err(told)?;
        let remember = "INSERT INTO meta (name, value) VALUES ('executor', ?1)
             ON CONFLICT DO UPDATE SET value = excluded.value";
        transaction.execute(remember, [word]).map_err(told)?;
        transaction.commit().map_err(told)
    }
}

fn told(error: rusqlite::Error) -> StoreError {
    StoreError(error.to_string())
}
