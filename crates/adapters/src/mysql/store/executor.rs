//! Which executor the store's events were made under, so that a switch neither repeats nor loses a reaction.

use app::ports::StoreError;
use app::reactions::Group;
use app::settings::Executor;

use super::{MysqlStore, places};
use crate::mysql::failure::Result;
use crate::mysql::records::Cells;
use crate::mysql::sql::{Insert, Script, statement};

const INLINE: &str = "inline";
const LOG: &str = "log";

impl MysqlStore {
    /// The executor that ran last; `None` for a store that none has run on.
    pub async fn last_executor(&mut self) -> std::result::Result<Option<Executor>, StoreError> {
        Ok(self.stored_executor("").await?)
    }

    async fn stored_executor(&mut self, lock: &str) -> Result<Option<Executor>> {
        let rows = self.session.ask(&format!("SELECT value FROM meta WHERE name = 'executor'{lock}")).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let word: String = Cells::of(row).take()?;
        Ok(Some(if word == LOG { Executor::Log } else { Executor::Inline }))
    }

    /// Says which executor runs from here on. Inline reactions are part of their commit and move no group, so a log
    /// that takes over begins behind them. One that is left must have been read to its end.
    pub async fn run_with(&mut self, executor: Executor) -> std::result::Result<(), StoreError> {
        let switched = self.switch(executor).await;
        if switched.is_err() {
            // Whatever is left open ends with the connection.
            self.session.give_up();
        }
        Ok(switched?)
    }

    async fn switch(&mut self, executor: Executor) -> Result<()> {
        self.session.ask("START TRANSACTION").await?;
        let last = self.stored_executor(" FOR UPDATE").await?;
        let mut script = Script::default();
        if last != Some(executor) {
            if executor == Executor::Log {
                let heads = self.session.ask(&format!("{} ORDER BY shard FOR UPDATE", places::SELECT_HEADS)).await?;
                let heads = places::heads(heads)?;
                let mut moves = Insert::new(
                    &mut script,
                    "INSERT INTO consumer_offset (consumer_group, topic, `partition`, position) VALUES ",
                    " ON DUPLICATE KEY UPDATE position = VALUES(position)",
                );
                for group in Group::ALL {
                    for (shard, head) in (0_i64..).zip(&heads).filter(|(_, head)| head.seq > 0) {
                        moves.row(&[&group.name(), &"", &shard, &(head.seq + 1)]);
                    }
                }
            }
            let word = match executor {
                Executor::Inline => INLINE,
                Executor::Log => LOG,
            };
            script.add(statement("REPLACE INTO meta (name, value) VALUES ('executor', ?)", &[&word]));
        }
        script.add("COMMIT");
        self.session.run(&script).await.map(|_| ())
    }
}
