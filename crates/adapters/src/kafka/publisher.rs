//! Publishes the relay's records and waits for their acknowledgements.

use std::sync::Arc;
use std::time::Duration;

use app::events::cloud_event::SOURCE_ATTRIBUTE;
use app::events::partitioner::partition_of;
use app::events::topic::{Spread, Wanted};
use app::log::relay::{PublishError, Publisher, Record};
use app::ports::BoxFuture;
use parking_lot::{Condvar, Mutex};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};

use super::cluster::Cluster;
use super::plan::BrokerError;
use super::topics::Topics;

/// Pause before a full queue is tried again.
const PAUSE: Duration = Duration::from_millis(20);
/// Time without an acknowledgement after which publishing fails; longer than every `message.timeout.ms`.
const PATIENCE: Duration = Duration::from_secs(150);

pub struct KafkaPublisher {
    cluster: Cluster,
    /// Settings of topics that are created before the first record, if they are missing.
    topics: Option<Vec<Wanted>>,
    /// Replaced after a failure: records that the old one still holds must not follow those published next.
    producer: Option<ThreadedProducer<Deliveries>>,
}

/// Delivery reports of the records that were sent.
#[derive(Default)]
struct Reports {
    outstanding: usize,
    failed: Option<String>,
}

#[derive(Clone, Default)]
struct Deliveries {
    shared: Arc<SharedReports>,
}

#[derive(Default)]
struct SharedReports {
    reports: Mutex<Reports>,
    changed: Condvar,
}

impl ClientContext for Deliveries {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _line: &str) {}

    fn error(&self, _error: KafkaError, _reason: &str) {}
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _opaque: Self::DeliveryOpaque) {
        let SharedReports { reports, changed } = &*self.shared;
        let mut reports = reports.lock();
        reports.outstanding = reports.outstanding.saturating_sub(1);
        if let Err((error, _)) = result {
            reports.failed.get_or_insert_with(|| error.to_string());
        }
        if reports.outstanding == 0 || reports.failed.is_some() {
            changed.notify_all();
        }
    }
}

impl KafkaPublisher {
    /// With `topics`, missing ones are created before the first record is published.
    pub const fn new(cluster: Cluster, topics: Option<Vec<Wanted>>) -> KafkaPublisher {
        KafkaPublisher { cluster, topics, producer: None }
    }

    async fn complete_topics(&mut self) -> Result<(), BrokerError> {
        if let Some(wanted) = &self.topics {
            Topics::connect(&self.cluster)?.complete(wanted).await?;
            self.topics = None;
        }
        Ok(())
    }

    /// Blocks until every record is acknowledged.
    fn publish_all(&mut self, records: &[Record], spread: &Spread) -> Result<(), String> {
        let producer = match &mut self.producer {
            Some(producer) => producer,
            none => none.insert(make(&self.cluster)?),
        };
        let published =
            send_all(&self.cluster, producer, records, spread).and_then(|()| acknowledged(&producer.context().shared));
        if published.is_err() {
            self.producer = None;
        }
        published
    }
}

fn make(cluster: &Cluster) -> Result<ThreadedProducer<Deliveries>, String> {
    cluster.producer().create_with_context(Deliveries::default()).map_err(|error: KafkaError| error.to_string())
}

fn send_all(
    cluster: &Cluster,
    producer: &ThreadedProducer<Deliveries>,
    records: &[Record],
    spread: &Spread,
) -> Result<(), String> {
    let SharedReports { reports, changed } = &*producer.context().shared;
    for record in records {
        let mut headers = OwnedHeaders::new_with_capacity(record.attributes.len());
        for (key, value) in &record.attributes {
            let value = if *key == SOURCE_ATTRIBUTE { &*cluster.source } else { value.as_str() };
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let (topic, partition) = destination(cluster, record, spread)?;
        let mut sent = BaseRecord::to(&topic).key(record.key.as_str());
        sent.partition = partition;
        let mut sent = sent.payload(record.value.as_str()).headers(headers);
        reports.lock().outstanding += 1;
        while let Err((error, unsent)) = producer.send(sent) {
            let mut reports = reports.lock();
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(error.to_string());
            }
            // The queue is full because the broker is slow: wait for space.
            changed.wait_for(&mut reports, PAUSE);
            if let Some(failed) = &reports.failed {
                return Err(failed.clone());
            }
            sent = unsent;
        }
    }
    Ok(())
}

/// Returns the topic and partition of a record. Dead letters have no order, so the library may choose.
fn destination(cluster: &Cluster, record: &Record, spread: &Spread) -> Result<(String, Option<i32>), String> {
    if record.is_dead_letter {
        return Ok((cluster.prefixed(record.topic.dead_letters(cluster.dead_letters)), None));
    }
    let topic = cluster.prefixed(record.topic.name());
    let Some(partitions) = spread.get(&record.topic) else { return Err(format!("the topic {topic} does not exist")) };
    // Never left to the library: it uses the broker's current number of partitions, which may have grown (T7).
    Ok((topic, Some(partition_of(&record.key, *partitions))))
}

fn acknowledged(SharedReports { reports, changed }: &SharedReports) -> Result<(), String> {
    let mut reports = reports.lock();
    while reports.outstanding > 0 && reports.failed.is_none() {
        if changed.wait_for(&mut reports, PATIENCE).timed_out() {
            return Err("the broker did not acknowledge the records in time".to_owned());
        }
    }
    reports.failed.clone().map_or(Ok(()), Err)
}

impl Publisher for KafkaPublisher {
    /// Drops the producer, so that the next record is published with these numbers of partitions.
    fn sizes(&mut self) -> BoxFuture<'_, Result<Spread, PublishError>> {
        Box::pin(async move {
            self.complete_topics().await.map_err(|error| PublishError(error.to_string()))?;
            self.producer = None;
            Topics::connect(&self.cluster)
                .and_then(|topics| topics.sizes())
                .map_err(|error| PublishError(error.to_string()))
        })
    }

    /// Blocks its thread, which belongs to the relay alone.
    fn publish<'a>(&'a mut self, records: &'a [Record], spread: &'a Spread) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(std::future::ready(self.publish_all(records, spread).map_err(PublishError)))
    }
}
