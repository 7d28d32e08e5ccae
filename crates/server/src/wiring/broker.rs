//! Kafka, if the settings name brokers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters::kafka::{
    Cluster, GroupShape, KafkaInspector, KafkaLog, KafkaPublisher, Listener, Overrides, Topics, Tuning,
};
use app::events::cloud_event;
use app::events::topic::{DeadLetterNames, Profile, Wanted};
use app::log::groups::{BesideBroker, LogInspector};
use app::log::reactions::Group;
use app::log::relay::{Outbox, Publisher, Relay};
use app::ports::views::Views;
use app::ports::{Clock, EventLog};
use domain::ids::Codec;
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use super::error::Error;
use super::redis_services;
use crate::config::{self, Compression, Config, RelayBy, TopicProfile};
use crate::metrics::{Metrics, Published};
use crate::runtime::health::Health;
use crate::runtime::relay_loop::RelayThread;
use crate::system::spans;
use crate::system::spans::publishing::Traced;

/// Minimum time between two log lines about events of other shops.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Returns the `ce_source` of this shop's events.
pub(super) fn source(config: &Config, codec: Codec) -> Arc<str> {
    let own = redis_services::name(codec);
    let own = own.trim_start_matches("ORD-");
    cloud_event::source(if config.kafka.shop.is_empty() { own } else { &config.kafka.shop })
}

/// Returns the cluster with this shop's event source.
pub(super) fn cluster_of(config: &Config, codec: Codec) -> Option<Cluster> {
    cluster(config).map(|cluster| Cluster { source: source(config, codec), ..cluster })
}

/// Returns the cluster with the default event source, for tasks that publish no events.
pub(super) fn cluster(config: &Config) -> Option<Cluster> {
    let tuning = match config.kafka.tuning {
        config::Tuning::Prompt => Tuning::Prompt,
        config::Tuning::Throughput => Tuning::Throughput,
        config::Tuning::Compact => Tuning::Compact,
    };
    let brokers = config.kafka.brokers()?.to_owned();
    let prefix = config.kafka.prefix.clone();
    let (overrides, groups) = (overrides(&config.kafka), groups(&config.kafka));
    Some(Cluster {
        brokers,
        tuning,
        prefix,
        dead_letters: dead_letters(config),
        overrides,
        groups,
        properties: config.kafka.properties.all().clone(),
        source: cloud_event::SOURCE.into(),
    })
}

const fn dead_letters(config: &Config) -> DeadLetterNames {
    match config.kafka.dead_letters {
        config::DeadLetters::Dot => DeadLetterNames::Dot,
        config::DeadLetters::Hyphen => DeadLetterNames::Hyphen,
        config::DeadLetters::Dlt => DeadLetterNames::Dlt,
    }
}

/// Returns the settings that differ from the tuning profile.
fn overrides(kafka: &config::Kafka) -> Overrides {
    let given = |figure: u64| Some(figure).filter(|figure| *figure > 0);
    Overrides {
        compression: match kafka.producer.compression {
            Compression::Tuning => None,
            Compression::None => Some("none"),
            Compression::Lz4 => Some("lz4"),
            Compression::Snappy => Some("snappy"),
        },
        linger_ms: given(kafka.producer.linger_ms),
        batch_bytes: given(kafka.producer.batch_bytes),
        buffer_kb: given(kafka.producer.buffer_kb),
        fetch_min_bytes: given(kafka.consumer.fetch_min_bytes),
        fetch_wait_ms: given(kafka.consumer.fetch_wait_ms),
        poll_max: Some(kafka.consumer.poll_max).filter(|records| *records > 0),
    }
}

fn groups(kafka: &config::Kafka) -> BTreeMap<Group, GroupShape> {
    let shape = |group: &Group| {
        let name = kafka.consumer.name(*group).map(str::to_owned);
        (*group, GroupShape { name, members: kafka.consumer.members(*group) })
    };
    Group::CARRIED.iter().map(shape).collect()
}

/// Returns the topics as configured.
pub fn wanted_topics(config: &Config) -> Vec<Wanted> {
    let profile = match config.kafka.topics {
        TopicProfile::Local => Profile::Local,
        TopicProfile::Production => Profile::Production,
    };
    let sized = |wanted: Wanted| match config.kafka.partitions.of(wanted.topic) {
        Some(partitions) if !wanted.is_of_dead_letters() => Wanted { partitions, ..wanted },
        _ => wanted,
    };
    profile.wanted(dead_letters(config)).into_iter().map(sized).collect()
}

pub(super) fn topics(config: &Config) -> Result<Topics, Error> {
    let cluster = cluster(config).ok_or(Error::NoBrokers)?;
    Topics::connect(&cluster).map_err(Error::Broker)
}

/// Creates missing topics; returns how many.
fn make_topics(config: &Config) -> Result<usize, Error> {
    let topics = topics(config)?;
    let make = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(topics.complete(&wanted_topics(config))).map_err(Error::Broker)
    };
    // On another thread, because the caller may be inside a runtime.
    std::thread::scope(|scope| scope.spawn(make).join())
        .map_err(|_panic| Error::Broker("the thread panicked".to_owned().into()))?
}

/// Deletes all topics under the configured prefix, with their records.
pub(super) fn forget_topics(config: &Config) -> Result<(), Error> {
    if config.kafka.brokers().is_none() {
        return Ok(());
    }
    let topics = topics(config)?;
    let delete = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(topics.delete_all()).map_err(Error::Broker)
    };
    std::thread::scope(|scope| scope.spawn(delete).join())
        .map_err(|_panic| Error::Broker("it panicked".to_owned().into()))?
}

/// Refuses to start a shop that has neither published nor handled an event on topics with another shop's events, unless
/// kafka.accept_foreign is set.
pub(super) fn check_topics(
    config: &Config,
    codec: Codec,
    runtime: &Runtime,
    views: &Arc<dyn Views>,
) -> Result<(), Error> {
    let Some(cluster) = cluster_of(config, codec) else { return Ok(()) };
    cluster.check().map_err(Error::KafkaProperty)?;
    if config.kafka.accept_foreign {
        return Ok(());
    }
    let check = || {
        runtime.block_on(async {
            let is_new = views.positions().await?.is_empty() && views.shards().await?.iter().all(|it| it.relayed == 0);
            if is_new { KafkaInspector::new(cluster).stranger().await } else { Ok(None) }
        })
    };
    // On another thread, because the caller may be inside a runtime.
    let found = std::thread::scope(|scope| scope.spawn(check).join());
    match found.map_err(|_panic| Error::Broker("it panicked".to_owned().into()))? {
        Ok(None) => Ok(()),
        Ok(Some((topic, source))) => Err(Error::ForeignTopics { topic: topic.name(), source_of: source }),
        Err(error) => {
            // Not fatal: orders are accepted, and events of other shops are skipped in any case.
            tracing::warn!("The topics could not be checked for events of other shops: {}", error.text());
            Ok(())
        }
    }
}

/// Counts records of other shops, and logs them from time to time.
#[expect(clippy::type_complexity, reason = "it is called in one place, and named there")]
pub(super) fn skipping_foreign(metrics: &Metrics) -> Arc<dyn Fn(Group, &str) + Send + Sync> {
    let counter = Counter::<u64>::default();
    let help = "Records of other shops that consumer groups skipped";
    metrics.register(|registry| registry.register("foreign_events", help, counter.clone()));
    let logged: Mutex<Option<Instant>> = Mutex::default();
    Arc::new(move |group, source| {
        counter.inc();
        let mut logged = logged.lock();
        if logged.is_none_or(|logged| logged.elapsed() >= LOG_EVERY) {
            *logged = Some(Instant::now());
            let group = group.name();
            tracing::warn!(
                group,
                source,
                "{group} skips events of another shop: {source:?}. Give each shop its own kafka.prefix."
            );
        }
    })
}

/// Returns the log that this process's groups read: the brokers' if there are any, else the store's own.
pub(super) fn log(
    config: &Config,
    codec: Codec,
    own: Box<dyn EventLog + Send>,
    arrived: &Arc<Notify>,
    metrics: &Metrics,
) -> Result<Box<dyn EventLog + Send>, Error> {
    let Some(cluster) = cluster_of(config, codec) else { return Ok(own) };
    if config.kafka.create_topics
        && let Err(error) = make_topics(config)
    {
        // Not fatal: orders are accepted, and the relay tries again.
        tracing::warn!("Missing topics could not be created: {error}");
    }
    let arrived = Arc::clone(arrived);
    let listener = Listener {
        wake: Arc::new(move || arrived.notify_one()),
        complain: Arc::new(|what| tracing::warn!("Kafka: {what}")),
        foreign: skipping_foreign(metrics),
    };
    Ok(Box::new(KafkaLog::join(&cluster, own, &listener)?))
}

/// Returns the log as operators inspect it: the brokers' if there are any, else the store's own.
pub(super) fn inspector(config: &Config, codec: Codec, own: Arc<dyn LogInspector>) -> Arc<dyn LogInspector> {
    match cluster_of(config, codec) {
        Some(cluster) => Arc::new(BesideBroker { broker: Arc::new(KafkaInspector::new(cluster)), own }),
        None => own,
    }
}

/// Starts the relay, if this process has the role.
#[expect(clippy::too_many_arguments, reason = "called once, by the wiring")]
pub(super) fn relay(
    config: &Config,
    codec: Codec,
    outbox: Option<Box<dyn Outbox + Send>>,
    clock: &Arc<dyn Clock>,
    committed: &Arc<Notify>,
    published: Published,
    health: &Arc<Health>,
) -> Result<Option<RelayThread>, Error> {
    let (Some(cluster), Some(outbox)) = (cluster_of(config, codec), outbox) else { return Ok(None) };
    if !config.server.roles.relay || config.kafka.relay != RelayBy::Builtin {
        return Ok(None);
    }
    let topics = config.kafka.create_topics.then(|| wanted_topics(config));
    let make = move || {
        let publisher: Box<dyn Publisher> = Box::new(KafkaPublisher::new(cluster, topics));
        let publisher = if spans::tracer().is_some() { Box::new(Traced(publisher)) } else { publisher };
        let publisher = published.counting(publisher);
        Relay::new(outbox, Box::new(publisher))
    };
    Ok(Some(RelayThread::start(make, Arc::clone(clock), Arc::clone(committed), health)?))
}
