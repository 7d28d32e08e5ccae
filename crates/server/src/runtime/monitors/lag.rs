//! Measures consumer lag, the relay's backlog and what waits for operators, at intervals.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use app::events::topic::Topic;
use app::log::groups;
use app::log::reactions::Group;
use app::ports::views::Views;
use app::ports::{Clock, StoreError};

use crate::api::Log;
use crate::metrics::{LogCondition, LogMetrics, Waiting};
use crate::runtime::health::{AtWork, Health};
use crate::runtime::shutdown::Stop;

/// Interval of the lag measurement, as required.
const MEASURE_EVERY: Duration = Duration::from_secs(30);
/// Interval for counts whose alarms fire at any value above 0.
const COUNT_EVERY: Duration = Duration::from_secs(2);

pub struct LagMonitor {
    pub views: Arc<dyn Views>,
    pub log: Log,
    pub clock: Arc<dyn Clock>,
    pub metrics: LogMetrics,
    pub health: Arc<Health>,
    /// True if the members of the groups are to be counted on the brokers.
    pub counts_members: bool,
}

impl LagMonitor {
    /// Starts the monitor on its own thread.
    pub fn start(self, stop: Stop) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let at_work = AtWork::new(&self.health, "The thread that watches the log has panicked.");
        let work = move || {
            let _at_work = at_work;
            runtime.block_on(self.run(stop));
        };
        std::thread::Builder::new().name("log-watch".to_owned()).spawn(work)
    }

    async fn run(self, mut stop: Stop) {
        let mut measured: Option<Instant> = None;
        while !stop.is_requested() {
            if measured.is_none_or(|measured| measured.elapsed() >= MEASURE_EVERY) {
                measured = Some(Instant::now());
                self.metrics.set(self.measure().await);
            }
            self.metrics.set_waiting(or_nothing(self.count().await));
            tokio::select! {
                () = tokio::time::sleep(COUNT_EVERY) => {}
                () = stop.requested() => {}
            }
        }
    }

    /// Counts what waits for operators. The store holds it for all processes, also for those that have ended.
    async fn count(&self) -> Result<Waiting, StoreError> {
        let open = self.views.open_letters().await?;
        let of = |group: Group| {
            let letters = open.iter().find(|(name, _)| name == group.name());
            (group.name(), letters.map_or(0, |(_, letters)| *letters))
        };
        let letters = Group::with_letters().map(of).collect();
        let stuck_orders = Some(self.views.stuck_orders().await?);
        Ok(Waiting { letters, stuck_orders, open_orders: Some(self.views.open_orders().await?) })
    }

    /// Measures backlog and lag. The backlog is the store's own: it is known, and matters most, while no broker answers.
    async fn measure(&self) -> LogCondition {
        let backlog = if self.log.carrier.has_relay() { or_nothing(self.backlog().await.map(Some)) } else { None };
        let members = if self.counts_members { or_nothing(self.members().await) } else { vec![] };
        LogCondition { lags: or_nothing(self.lags().await), backlog, members }
    }

    async fn members(&self) -> Result<Vec<(&'static str, i64)>, StoreError> {
        let mut found = vec![];
        for group in Group::carried() {
            let members = self.log.book.members(group).await?;
            found.extend(members.map(|members| (group.name(), members)));
        }
        Ok(found)
    }

    async fn lags(&self) -> Result<Vec<(&'static str, &'static str, i64)>, StoreError> {
        let mut lags = vec![];
        for group in self.log.groups() {
            let mut by_topic: BTreeMap<&str, i64> = BTreeMap::new();
            for standing in groups::standings(group, self.views.as_ref(), self.log.book.as_ref()).await? {
                *by_topic.entry(standing.key.partition.topic.map_or("", Topic::name)).or_default() += standing.lag();
            }
            lags.extend(by_topic.into_iter().map(|(topic, lag)| (group.name(), topic, lag)));
        }
        Ok(lags)
    }

    /// Returns the number of events that wait for the relay, and the age of the oldest in seconds.
    async fn backlog(&self) -> Result<(i64, f64), StoreError> {
        let shards = self.views.shards().await?;
        let events = shards.iter().map(|place| place.end.saturating_sub(place.relayed).max(0)).sum();
        let oldest = shards.iter().filter_map(|place| place.waiting_since).min();
        let age = oldest.map_or(0, |oldest| (self.clock.now().micros() - oldest.micros()).max(0));
        Ok((events, Duration::from_micros(age.unsigned_abs()).as_secs_f64()))
    }
}

/// Replaces a failed measurement by zero: keeping the old figure would present it as current.
fn or_nothing<T: Default>(found: Result<T, StoreError>) -> T {
    found.unwrap_or_else(|error| {
        tracing::warn!("The consumer lag could not be measured: {error}");
        T::default()
    })
}
