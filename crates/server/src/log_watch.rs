//! Looks now and then how far the log has come: what waits for the relay, and for each consumer group.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use app::groups;
use app::ports::{Clock, StoreError};
use app::reactions::Group;
use app::settings::Carrier;
use app::topic::Topic;
use app::views::Views;

use crate::api::Log;
use crate::health::{AtWork, Health};
use crate::metrics::{LogCondition, LogMetrics};
use crate::shutdown::Stop;

/// As often as the sources have it.
const LOOK_EVERY: Duration = Duration::from_secs(30);

pub struct LogWatch {
    pub views: Arc<dyn Views>,
    pub log: Log,
    pub clock: Arc<dyn Clock>,
    pub metrics: LogMetrics,
    pub health: Arc<Health>,
}

impl LogWatch {
    /// Begins, on a thread of its own; where reactions run inline there is nothing to look at.
    pub fn start(self, mut stop: Stop) -> io::Result<Option<JoinHandle<()>>> {
        if self.log.carrier == Carrier::Inline {
            return Ok(None);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let at_work = AtWork::new(&self.health, "The thread that watches the log has panicked.");
        let run = async move {
            while !stop.is_requested() {
                match self.look().await {
                    Ok(condition) => self.metrics.tell(condition),
                    // What was found before would be believed to be so still.
                    Err(error) => {
                        self.metrics.tell(LogCondition::default());
                        tracing::warn!("How far the log has come could not be read: {error}");
                    }
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = stop.requested() => {}
                }
            }
        };
        let spawn = std::thread::Builder::new().name("log-watch".to_owned());
        let work = move || {
            let _at_work = at_work;
            runtime.block_on(run);
        };
        spawn.spawn(work).map(Some)
    }

    async fn look(&self) -> Result<LogCondition, StoreError> {
        let mut lags = vec![];
        for group in Group::ALL {
            let mut by_topic: BTreeMap<&str, i64> = BTreeMap::new();
            for standing in groups::standings(*group, self.views.as_ref(), self.log.book.as_ref()).await? {
                *by_topic.entry(standing.key.partition.topic.map_or("", Topic::name)).or_default() += standing.lag();
            }
            lags.extend(by_topic.into_iter().map(|(topic, lag)| (group.name(), topic, lag)));
        }
        let backlog = if self.log.carrier == Carrier::Broker { Some(self.backlog().await?) } else { None };
        Ok(LogCondition { lags, backlog })
    }

    /// Events that wait for the relay, and the age of the oldest in seconds.
    async fn backlog(&self) -> Result<(i64, f64), StoreError> {
        let shards = self.views.shards().await?;
        let events = shards.iter().map(|place| (place.end - place.relayed).max(0)).sum();
        let oldest = shards.iter().filter_map(|place| place.waiting_since).min();
        let age = oldest.map_or(0, |oldest| (self.clock.now().micros() - oldest.micros()).max(0));
        Ok((events, Duration::from_micros(age.unsigned_abs()).as_secs_f64()))
    }
}
