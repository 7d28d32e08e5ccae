//! The access of `doorbuster replay`: the store, read-only, and the brokers.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use adapters::kafka::{KafkaInspector, KafkaPublisher};
use app::events::topic::{Spread, Topic};
use app::log::relay::{Publisher as _, Record};
use app::log::replay::{self, Selected, Selection};
use app::ports::StoreError;
use app::ports::views::Views;
use app::state::rows::EventId;
use app::state::settings::Carrier;
use domain::ids::Codec;
use domain::time::Timestamp;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};

use super::error::Error;
use super::{broker, stores};
use crate::config::Config;

/// A store, which other processes may be serving, and its brokers.
pub struct Replaying {
    runtime: Runtime,
    views: Arc<dyn Views>,
    codec: Codec,
    book: KafkaInspector,
    publisher: Mutex<KafkaPublisher>,
    /// The partition counts of the relay.
    spread: Spread,
}

/// Returns `None` if no broker is configured.
pub fn replaying(config: &Config) -> Result<Option<Replaying>, Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let Some(cluster) = broker::cluster(config) else {
        let (_, last) = runtime.block_on(stores::repartition_store(config))?;
        return if last.is_some_and(Carrier::has_relay) { Err(Error::NoBrokers) } else { Ok(None) };
    };
    let stores::Read { views, codec, .. } = stores::read(config, &runtime)?;
    let found = broker::topics(config)?.sizes().map_err(Error::Broker)?;
    let spread = runtime.block_on(async {
        stores::repartition_store(config).await?.0.pin_partition_count(&found).await.map_err(Error::from)
    })?;
    let cluster = adapters::kafka::Cluster { source: broker::source(config, codec), ..cluster };
    let publisher = Mutex::new(KafkaPublisher::new(cluster.clone(), None));
    Ok(Some(Replaying { runtime, views, codec, book: KafkaInspector::new(cluster), publisher, spread }))
}

impl Replaying {
    pub const fn codec(&self) -> &Codec {
        &self.codec
    }

    pub fn select(&self, selection: Selection) -> Result<Selected, StoreError> {
        self.runtime.block_on(replay::select(selection, self.views.as_ref()))
    }

    /// Returns the events that are on each topic, from a time on.
    pub fn present(&self, topics: BTreeMap<Topic, Timestamp>) -> Result<BTreeMap<Topic, HashSet<EventId>>, StoreError> {
        self.runtime.block_on(async {
            let mut present = BTreeMap::new();
            for (topic, since) in topics {
                present.insert(topic, self.book.present(topic, since).await?);
            }
            Ok(present)
        })
    }

    pub fn publish(&self, records: &[Record]) -> Result<(), Error> {
        let published = self.runtime.block_on(self.publisher.lock().publish(records, &self.spread));
        published.map_err(|error| Error::Broker(error.to_string().into()))
    }
}
