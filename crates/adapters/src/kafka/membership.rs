//! This process as a member of one consumer group.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::events::topic::Topic;
use app::log::reactions::Group;
use app::log::received::{Raw, Received, receive};
use app::log::versions::{Arrival, Versions};
use app::ports::{Delivery, EventLog, Fetched, StoreError};
use app::state::rows::{OffsetKey, Partition};
use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use super::cluster::Cluster;
use super::listener::Listener;

/// How often offsets are committed to Kafka.
const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// How often a failure of the brokers is reported.
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// The most records taken from the client at once.
const POLLED_MAX: usize = 2_000;

pub(super) struct Membership {
    consumer: BaseConsumer<Rebalances>,
    cluster: Cluster,
    group: Group,
    listener: Listener,
    readings: BTreeMap<Partition, Reading>,
    committed_at: Instant,
    reported_at: Option<Instant>,
}

/// This process's state in an assigned partition.
#[derive(Default)]
struct Reading {
    waiting: VecDeque<Delivery>,
    versions: Versions,
    /// The offset after the last record that the client returned.
    received: i64,
    /// The offset that the reader fetches next.
    next: i64,
    /// Everything before this offset was handed out and decided.
    done: i64,
    committed: i64,
}

/// The coordinator's rebalances that were not applied yet, in order.
struct Rebalances {
    cluster: Cluster,
    rebalances: Mutex<VecDeque<Rebalance>>,
}

enum Rebalance {
    Assigned(Vec<Partition>),
    Revoked,
}

impl ClientContext for Rebalances {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _line: &str) {}

    fn error(&self, _error: KafkaError, _reason: &str) {}
}

impl ConsumerContext for Rebalances {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, change: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        if change == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            // Assigned only after the store has returned the offsets.
            let assigned = partitions.elements();
            let known = assigned.iter().filter_map(|assigned| {
                self.cluster
                    .topic(assigned.topic())
                    .map(|topic| Partition { topic: Some(topic), number: assigned.partition() })
            });
            self.rebalances.lock().push_back(Rebalance::Assigned(known.collect()));
        } else {
            // An error means that they are revoked already.
            let _ = consumer.unassign();
            self.rebalances.lock().push_back(Rebalance::Revoked);
        }
    }
}

impl Membership {
    pub(super) fn join(cluster: &Cluster, group: Group, listener: Listener) -> Result<Membership, KafkaError> {
        let config = cluster.consumer(group);
        let mut consumer: BaseConsumer<Rebalances> =
            config.create_with_context(Rebalances { cluster: cluster.clone(), rebalances: Mutex::default() })?;
        let wake = Arc::clone(&listener.wake);
        consumer.set_nonempty_callback(move || wake());
        let topics: Vec<String> = group.topics().into_iter().map(|topic| cluster.prefixed(topic.name())).collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics)?;
        let readings = BTreeMap::new();
        let cluster = cluster.clone();
        Ok(Membership { consumer, cluster, group, listener, readings, committed_at: Instant::now(), reported_at: None })
    }

    /// Takes in new records and returns the partitions of this process. `offsets` is the store, which knows the group's
    /// offsets.
    pub(super) async fn partitions(&mut self, offsets: &mut dyn EventLog) -> Result<Vec<Partition>, StoreError> {
        self.poll();
        self.apply_rebalance(offsets).await?;
        self.commit_offsets();
        Ok(self.readings.keys().copied().collect())
    }

    fn poll(&mut self) {
        for _record in 0..POLLED_MAX {
            match self.consumer.poll(Duration::ZERO) {
                None => return,
                Some(Ok(message)) => enqueue(&self.cluster, self.group, &self.listener, &mut self.readings, &message),
                Some(Err(error)) => return self.complain(&error),
            }
        }
        // The client wakes only at the first record; without this call the remaining ones would wait.
        (self.listener.wake)();
    }

    fn complain(&mut self, error: &KafkaError) {
        if self.reported_at.is_none_or(|reported_at| reported_at.elapsed() >= REPORT_EVERY) {
            self.reported_at = Some(Instant::now());
            (self.listener.complain)(format!("{} cannot read: {error}", self.group.name()));
        }
    }

    /// Applies one rebalance: a reader must see once that partitions were revoked.
    async fn apply_rebalance(&mut self, offsets: &mut dyn EventLog) -> Result<(), StoreError> {
        let next = self.consumer.context().rebalances.lock().pop_front();
        match next {
            None => Ok(()),
            Some(Rebalance::Revoked) => {
                self.readings.clear();
                (self.listener.wake)();
                Ok(())
            }
            Some(Rebalance::Assigned(assigned)) => {
                let begun = self.begin(&assigned, offsets).await;
                if begun.is_err() {
                    self.consumer.context().rebalances.lock().push_front(Rebalance::Assigned(assigned));
                }
                begun
            }
        }
    }

    /// Starts to read at the offsets that the store has for the group.
    async fn begin(&mut self, assigned: &[Partition], offsets: &mut dyn EventLog) -> Result<(), StoreError> {
        let mut list = TopicPartitionList::with_capacity(assigned.len());
        let mut readings = BTreeMap::new();
        for partition in assigned {
            let from = offsets.position(OffsetKey { group: self.group, partition: *partition }).await?;
            let topic = name(&self.cluster, *partition);
            list.add_partition_offset(&topic, partition.number, Offset::Offset(from)).map_err(store_error)?;
            let reading = Reading { received: from, next: from, done: from, committed: from, ..Reading::default() };
            readings.insert(*partition, reading);
        }
        self.consumer.assign(&list).map_err(store_error)?;
        self.readings = readings;
        Ok(())
    }

    pub(super) fn has(&self, partition: Partition) -> bool {
        self.readings.contains_key(&partition)
    }

    pub(super) fn fetch(&mut self, partition: Partition, from: i64, limit: usize) -> Fetched {
        let mut fetched = Fetched { next: from, ..Fetched::default() };
        let Some(reading) = self.readings.get_mut(&partition) else { return fetched };
        if from != reading.next {
            let topic = name(&self.cluster, partition);
            // Right after the assignment a seek may be too early; the reader fetches again.
            if self.consumer.seek(&topic, partition.number, Offset::Offset(from), Duration::ZERO).is_err() {
                return fetched;
            }
            *reading =
                Reading { received: from, next: from, done: from, committed: reading.committed, ..Reading::default() };
        }
        reading.done = from;
        while fetched.deliveries.len() < limit.max(1)
            && let Some(delivery) = reading.waiting.pop_front()
        {
            fetched.next = delivery.offset + 1;
            fetched.deliveries.push(delivery);
        }
        if reading.waiting.is_empty() {
            fetched.next = fetched.next.max(reading.received);
        }
        reading.next = fetched.next;
        fetched
    }

    /// Commits the offsets to Kafka, so that its tools show the group's lag. Readers never start from them.
    fn commit_offsets(&mut self) {
        if self.committed_at.elapsed() < COMMIT_EVERY {
            return;
        }
        self.committed_at = Instant::now();
        let mut list = TopicPartitionList::new();
        for (partition, reading) in self.readings.iter_mut().filter(|(_, reading)| reading.done != reading.committed) {
            let topic = name(&self.cluster, *partition);
            if list.add_partition_offset(&topic, partition.number, Offset::Offset(reading.done)).is_ok() {
                reading.committed = reading.done;
            }
        }
        if list.count() > 0 {
            // A lost commit is repeated when the group has moved.
            let _ = self.consumer.commit(&list, CommitMode::Async);
        }
    }
}

fn name(cluster: &Cluster, partition: Partition) -> String {
    cluster.prefixed(partition.topic.map_or("", Topic::name))
}

/// Queues a record for `fetch`, unless the group does not subscribe to it.
fn enqueue(
    cluster: &Cluster,
    group: Group,
    listener: &Listener,
    readings: &mut BTreeMap<Partition, Reading>,
    message: &BorrowedMessage<'_>,
) {
    let Some(topic) = cluster.topic(message.topic()) else { return };
    let partition = Partition { topic: Some(topic), number: message.partition() };
    let Some(reading) = readings.get_mut(&partition) else { return };
    let offset = message.offset();
    reading.received = offset + 1;
    let raw = Raw {
        topic,
        number: partition.number,
        offset,
        key: message.key(),
        value: message.payload(),
        millis: message.timestamp().to_millis().unwrap_or_default(),
    };
    let (mut delivery, version) = match receive(raw, |name| attribute(message, name), &cluster.source) {
        Received::Foreign(source) => return (listener.foreign)(group, &source),
        Received::Nothing => return,
        Received::Delivery { delivery, version } => (*delivery, version),
    };
    if let Ok(event) = &delivery.event {
        // A late event stays: if it is true, its group knows it; the one that made it late may have been forged.
        if let Arrival::Behind(gap) = reading.versions.judge(topic, event, version) {
            delivery.gap = Some(gap);
        }
        // An event that the group does not subscribe to may still show that another one is missing.
        if delivery.gap.is_none() && !group.subscribes_to(event.kind()) {
            return;
        }
    }
    reading.waiting.push_back(delivery);
}

/// Returns a header of a record.
pub(super) fn attribute<'m>(message: &'m BorrowedMessage<'_>, name: &str) -> Option<&'m [u8]> {
    let headers = message.headers()?;
    headers.iter().find(|header| header.key == name).and_then(|header| header.value)
}

fn store_error(error: KafkaError) -> StoreError {
    StoreError::Failed(error.to_string())
}
