//! The access of `doorbuster topics`: the brokers' topics, and the partition counts in the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters::kafka::{KafkaInspector, Plan, Topics};
use adapters::{mysql, sqlite};
use app::events::topic::{Spread, Topic, Wanted};
use app::log::groups::Standing;
use app::log::repartition::{self, Progress, Repartition, RepartitionStore};
use app::ports::StoreError;
use app::ports::views::Views;
use app::state::settings::Executor;
use tokio::runtime::{Builder, Runtime};

use super::error::Error;
use super::{broker, stores};
use crate::config::{Config, RelayBy};

/// Time between two steps of a repartition.
const STEP_EVERY: Duration = Duration::from_millis(200);
/// Consecutive failures of the store or a broker after which a repartition is aborted.
const FAILURES_MAX: u32 = 50;

/// Manages the brokers' topics, beside a shop that may be running.
pub struct TopicAdmin {
    runtime: Runtime,
    topics: Topics,
    wanted: Vec<Wanted>,
    book: KafkaInspector,
    in_flight: Duration,
    /// `None` before the shop was served for the first time.
    store: Option<Store>,
}

struct Store {
    board: Box<dyn RepartitionStore>,
    views: Arc<dyn Views>,
    /// False if reactions run inline, so that no group reads the topics.
    are_topics_read: bool,
}

pub fn topic_admin(config: &Config) -> Result<TopicAdmin, Error> {
    let topics = broker::topics(config)?;
    let cluster = broker::cluster(config).ok_or(Error::NoBrokers)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let store = match runtime.block_on(stores::repartition_store(config)) {
        Ok((board, carrier)) => {
            let are_topics_read = carrier.is_none_or(|carrier| carrier.executor() == Executor::Log);
            Some(Store { board, views: stores::read(config, &runtime)?.views, are_topics_read })
        }
        Err(Error::Embedded(sqlite::OpenError::NoShop(_)) | Error::Mysql(mysql::OpenError::NoShop)) => None,
        Err(error) => return Err(error),
    };
    let (wanted, in_flight) = (broker::wanted_topics(config), cluster.tuning.in_flight_max());
    Ok(TopicAdmin { runtime, topics, wanted, book: KafkaInspector::new(cluster), in_flight, store })
}

/// Returns true if this shop's relays pause for a repartition. Debezium does not.
pub fn relays_can_be_halted(config: &Config) -> bool {
    config.kafka.relay != RelayBy::Debezium
}

impl TopicAdmin {
    fn spread(&mut self) -> Result<Spread, StoreError> {
        match &mut self.store {
            Some(store) => self.runtime.block_on(store.board.spread()),
            None => Ok(Spread::new()),
        }
    }

    pub fn plan(&mut self) -> Result<Plan, Error> {
        let spread = self.spread()?;
        self.topics.plan(&self.wanted, &spread).map_err(Error::Broker)
    }

    /// Returns the groups that have unhandled records in these topics, which must be handled before a repartition.
    pub fn backlog(&self, topics: &[Topic]) -> Result<Vec<Standing>, Error> {
        let Some(store) = self.store.as_ref().filter(|store| store.are_topics_read) else { return Ok(vec![]) };
        Ok(self.runtime.block_on(repartition::backlog(topics, store.views.as_ref(), &self.book))?)
    }

    /// Creates missing topics and partitions; changes nothing that is in use.
    pub fn complete(&mut self) -> Result<usize, Error> {
        let Plan { missing, short, .. } = self.plan()?;
        let sizes: Vec<(&str, i32)> = short.iter().map(|short| (short.wanted.name, short.spread)).collect();
        let done = self.runtime.block_on(async {
            self.topics.complete(&missing).await?;
            self.topics.grow(&sizes).await
        });
        done.map_err(Error::Broker)?;
        Ok(missing.len() + short.len())
    }

    /// Adds partitions up to the configured count. The relay does not use them yet, because its counts are in the
    /// store.
    pub fn grow(&mut self) -> Result<(), Error> {
        if let Some(store) = &mut self.store {
            let found = self.topics.sizes().map_err(Error::Broker)?;
            self.runtime.block_on(store.board.pin_partition_count(&found))?;
        }
        let sizes: Vec<(&str, i32)> = self.wanted.iter().map(|wanted| (wanted.name, wanted.partitions)).collect();
        self.runtime.block_on(self.topics.grow(&sizes)).map_err(Error::Broker)
    }

    /// Repartitions topics, unless the relays would pause for longer than `within`. Calls `report` after every step.
    pub fn switch(
        &mut self,
        to: Spread,
        within: Duration,
        mut report: impl FnMut(Result<&Progress, &StoreError>),
    ) -> Result<(), Error> {
        let Some(Store { board, views, are_topics_read }) = &mut self.store else { return Ok(()) };
        self.runtime.block_on(async {
            let mut switch = Repartition::new(board.as_mut(), views.as_ref(), &self.book, to, self.in_flight);
            if !*are_topics_read {
                switch = switch.without_groups();
            }
            let (mut failures, started) = (0, Instant::now());
            loop {
                let progress = switch.step_once().await;
                report(progress.as_ref());
                match progress {
                    Ok(Progress::Done) => return Ok(()),
                    Ok(Progress::Busy) => return Err(Error::Switching),
                    Ok(_) => failures = 0,
                    Err(error) if failures == FAILURES_MAX => return Err(error.into()),
                    Err(_) => failures += 1,
                }
                if started.elapsed() >= within {
                    return Err(Error::Overdue(within.as_secs()));
                }
                tokio::time::sleep(STEP_EVERY).await;
            }
        })
    }

    /// Lets the relays continue at once, also after a failed repartition.
    pub fn release(&mut self) -> Result<(), StoreError> {
        match &mut self.store {
            Some(store) => self.runtime.block_on(store.board.release()),
            None => Ok(()),
        }
    }
}
