//! Publishes the relay's records, and knows that they are there.

use std::sync::Arc;
use std::time::Duration;

use app::events::cloud_event::SOURCE_ATTRIBUTE;
use app::events::topic::{self, Spread, Wanted};
use app::log::relay::{PublishError, Publisher, Record};
use app::ports::BoxFuture;
use parking_lot::{Condvar, Mutex};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};

use super::client::Cluster;
use super::topics::Topics;

/// How long a full queue is waited for at once.
const PAUSE: Duration = Duration::from_millis(20);
/// A broker that says nothing of a record for so long has been silent longer than the library waits.
const PATIENCE: Duration = Duration::from_secs(150);

pub struct KafkaPublisher {
    cluster: Cluster,
    /// What topics are made of that are missing when the first record is published.
    topics: Option<Vec<Wanted>>,
    /// Made anew after a failure: what the old one still holds must not come after what is published then.
    producer: Option<ThreadedProducer<Deliveries>>,
}

/// What became of the records that were handed over.
#[derive(Default)]
struct Ledger {
    outstanding: usize,
    failed: Option<String>,
}

#[derive(Clone, Default)]
struct Deliveries {
    shared: Arc<(Mutex<Ledger>, Condvar)>,
}

impl ClientContext for Deliveries {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _line: &str) {}

    fn error(&self, _error: KafkaError, _reason: &str) {}
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _opaque: ()) {
        let (ledger, changed) = &*self.shared;
        let mut ledger = ledger.lock();
        ledger.outstanding = ledger.outstanding.saturating_sub(1);
        if let Err((error, _)) = result {
            ledger.failed.get_or_insert_with(|| error.to_string());
        }
        if ledger.outstanding == 0 || ledger.failed.is_some() {
            changed.notify_all();
        }
    }
}

impl KafkaPublisher {
    /// With `topics`, those that are missing are made before the first record is published.
    pub const fn new(cluster: Cluster, topics: Option<Vec<Wanted>>) -> KafkaPublisher {
        KafkaPublisher { cluster, topics, producer: None }
    }

    async fn complete_topics(&mut self) -> Result<(), String> {
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
        let published = hand_over(&self.cluster, producer, (records, spread))
            .and_then(|()| acknowledged(&producer.context().shared));
        if published.is_err() {
            self.producer = None;
        }
        published
    }
}

fn make(cluster: &Cluster) -> Result<ThreadedProducer<Deliveries>, String> {
    cluster.producer().create_with_context(Deliveries::default()).map_err(|error: KafkaError| error.to_string())
}

fn hand_over(
    cluster: &Cluster,
    producer: &ThreadedProducer<Deliveries>,
    (records, spread): (&[Record], &Spread),
) -> Result<(), String> {
    let (ledger, changed) = &*producer.context().shared;
    for record in records {
        let mut headers = OwnedHeaders::new_with_capacity(record.attributes.len());
        for (key, value) in &record.attributes {
            let value = if *key == SOURCE_ATTRIBUTE { &*cluster.source } else { value.as_str() };
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let (topic, partition) = place(cluster, record, spread)?;
        let mut sent = BaseRecord::to(&topic).key(record.key.as_str());
        sent.partition = partition;
        let mut sent = sent.payload(record.value.as_str()).headers(headers);
        ledger.lock().outstanding += 1;
        while let Err((error, unsent)) = producer.send(sent) {
            let mut ledger = ledger.lock();
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(error.to_string());
            }
            // The queue is as long as the broker is slow: whoever fills it waits.
            changed.wait_for(&mut ledger, PAUSE);
            if let Some(failed) = &ledger.failed {
                return Err(failed.clone());
            }
            sent = unsent;
        }
    }
    Ok(())
}

/// The topic of a record, and its partition there. Dead letters stand in no order, so the library may choose.
fn place(cluster: &Cluster, record: &Record, spread: &Spread) -> Result<(String, Option<i32>), String> {
    if record.is_dead_letter {
        return Ok((cluster.prefixed(record.topic.dead_letters(cluster.dead_letters)), None));
    }
    let topic = cluster.prefixed(record.topic.name());
    let Some(partitions) = spread.get(&record.topic) else { return Err(format!("there is no topic {topic}")) };
    // Never left to the library: it counts by what the broker has, which may have grown (T7).
    Ok((topic, Some(topic::partition_of(&record.key, *partitions))))
}

fn acknowledged((ledger, changed): &(Mutex<Ledger>, Condvar)) -> Result<(), String> {
    let mut ledger = ledger.lock();
    while ledger.outstanding > 0 && ledger.failed.is_none() {
        if changed.wait_for(&mut ledger, PATIENCE).timed_out() {
            return Err("the broker says nothing of what it was given".to_owned());
        }
    }
    ledger.failed.clone().map_or(Ok(()), Err)
}

impl Publisher for KafkaPublisher {
    /// The next record is published by a producer that knows as many partitions.
    fn sizes(&mut self) -> BoxFuture<'_, Result<Spread, PublishError>> {
        Box::pin(async move {
            self.complete_topics().await.map_err(PublishError)?;
            self.producer = None;
            Topics::connect(&self.cluster).and_then(|topics| topics.sizes()).map_err(PublishError)
        })
    }

    /// Blocks its thread, which the relay has for itself.
    fn publish<'a>(&'a mut self, records: &'a [Record], spread: &'a Spread) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(std::future::ready(self.publish_all(records, spread).map_err(PublishError)))
    }
}
