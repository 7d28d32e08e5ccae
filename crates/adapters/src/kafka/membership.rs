//! This process as a member of one consumer group.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::events::cloud_event::{self, Read, SOURCE_ATTRIBUTE};
use app::events::event::EventKind;
use app::events::topic::Topic;
use app::log::reactions::Group;
use app::log::versions::{Arrival, Versions};
use app::ports::{Delivery, EventLog, Fetched, Poison, StoreError};
use app::state::rows::{EventId, OffsetKey, Partition};
use domain::time::Timestamp;
use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use super::client::Cluster;

/// How often Kafka is told where the group stands.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// Brokers that are away are complained of so often.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);
/// Records taken from the client at once.
const POLLED_MAX: usize = 2_000;

/// Called with the group and the source of a record of another shop.
pub(super) type OnForeign = Arc<dyn Fn(Group, &str) + Send + Sync>;

/// Who is told what a reader cannot know by asking.
#[derive(Clone)]
pub struct Listener {
    /// There may be something to read. Called from any thread.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// The brokers are in trouble, which the client tries to get over by itself.
    pub complain: Arc<dyn Fn(String) + Send + Sync>,
    /// A record is another shop's, and was passed over.
    pub foreign: OnForeign,
}

pub(super) struct Membership {
    consumer: BaseConsumer<Changes>,
    cluster: Cluster,
    group: Group,
    listener: Listener,
    readings: BTreeMap<Partition, Reading>,
    told: Instant,
    complained: Option<Instant>,
}

/// Where this process is in a partition that it was given.
#[derive(Default)]
struct Reading {
    waiting: VecDeque<Delivery>,
    versions: Versions,
    /// The offset after the last record that came from the client.
    received: i64,
    /// Where whoever reads will go on.
    next: i64,
    /// Everything before it was handed out and decided.
    done: i64,
    told: i64,
}

/// What the group's coordinator said and was not acted upon yet, in order.
struct Changes {
    cluster: Cluster,
    said: Mutex<VecDeque<Change>>,
}

enum Change {
    Given(Vec<Partition>),
    TakenAway,
}

impl ClientContext for Changes {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _line: &str) {}

    fn error(&self, _error: KafkaError, _reason: &str) {}
}

impl ConsumerContext for Changes {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, change: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        if change == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            // Taken over only when the store has said where to begin.
            let given = partitions.elements();
            let known = given.iter().filter_map(|given| {
                self.cluster
                    .topic(given.topic())
                    .map(|topic| Partition { topic: Some(topic), number: given.partition() })
            });
            self.said.lock().push_back(Change::Given(known.collect()));
        } else {
            // An error means that they are gone already.
            let _ = consumer.unassign();
            self.said.lock().push_back(Change::TakenAway);
        }
    }
}

impl Membership {
    pub(super) fn join(cluster: &Cluster, group: Group, listener: Listener) -> Result<Membership, KafkaError> {
        let config = cluster.consumer(group);
        let mut consumer: BaseConsumer<Changes> =
            config.create_with_context(Changes { cluster: cluster.clone(), said: Mutex::default() })?;
        let wake = Arc::clone(&listener.wake);
        consumer.set_nonempty_callback(move || wake());
        let topics: Vec<String> = group.topics().into_iter().map(|topic| cluster.prefixed(topic.name())).collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics)?;
        let readings = BTreeMap::new();
        let cluster = cluster.clone();
        Ok(Membership { consumer, cluster, group, listener, readings, told: Instant::now(), complained: None })
    }

    /// Takes what has come, and says which partitions are this process's. `places` is the store, which knows where the
    /// group stands.
    pub(super) async fn partitions(&mut self, places: &mut dyn EventLog) -> Result<Vec<Partition>, StoreError> {
        self.poll();
        self.change(places).await?;
        self.tell();
        Ok(self.readings.keys().copied().collect())
    }

    fn poll(&mut self) {
        for _record in 0..POLLED_MAX {
            match self.consumer.poll(Duration::ZERO) {
                None => return,
                Some(Ok(message)) => file((&self.cluster, self.group, &self.listener), &mut self.readings, &message),
                Some(Err(error)) => return self.complain(&error),
            }
        }
        // Whoever is woken only when the first record comes would not hear of those that are left.
        (self.listener.wake)();
    }

    fn complain(&mut self, error: &KafkaError) {
        if self.complained.is_none_or(|complained| complained.elapsed() >= COMPLAIN_EVERY) {
            self.complained = Some(Instant::now());
            (self.listener.complain)(format!("{} cannot read: {error}", self.group.name()));
        }
    }

    /// Acts upon one thing that the coordinator said: who lost partitions must be seen without them once.
    async fn change(&mut self, places: &mut dyn EventLog) -> Result<(), StoreError> {
        let next = self.consumer.context().said.lock().pop_front();
        match next {
            None => Ok(()),
            Some(Change::TakenAway) => {
                self.readings.clear();
                (self.listener.wake)();
                Ok(())
            }
            Some(Change::Given(given)) => {
                let begun = self.begin(&given, places).await;
                if begun.is_err() {
                    self.consumer.context().said.lock().push_front(Change::Given(given));
                }
                begun
            }
        }
    }

    /// Begins to read where the store says that the group stands.
    async fn begin(&mut self, given: &[Partition], places: &mut dyn EventLog) -> Result<(), StoreError> {
        let mut list = TopicPartitionList::with_capacity(given.len());
        let mut readings = BTreeMap::new();
        for partition in given {
            let from = places.position(OffsetKey { group: self.group, partition: *partition }).await?;
            let topic = name(&self.cluster, *partition);
            list.add_partition_offset(&topic, partition.number, Offset::Offset(from)).map_err(told)?;
            let reading = Reading { received: from, next: from, done: from, told: from, ..Reading::default() };
            readings.insert(*partition, reading);
        }
        self.consumer.assign(&list).map_err(told)?;
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
            // Right after the partition was given it may be too early; whoever reads comes again.
            if self.consumer.seek(&topic, partition.number, Offset::Offset(from), Duration::ZERO).is_err() {
                return fetched;
            }
            *reading = Reading { received: from, next: from, done: from, told: reading.told, ..Reading::default() };
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

    /// Tells Kafka, so that its tools show how far the group is. Nobody begins there.
    fn tell(&mut self) {
        if self.told.elapsed() < TELL_EVERY {
            return;
        }
        self.told = Instant::now();
        let mut list = TopicPartitionList::new();
        for (partition, reading) in self.readings.iter_mut().filter(|(_, reading)| reading.done != reading.told) {
            let topic = name(&self.cluster, *partition);
            if list.add_partition_offset(&topic, partition.number, Offset::Offset(reading.done)).is_ok() {
                reading.told = reading.done;
            }
        }
        if list.count() > 0 {
            // What is not heard now is said again when the group has gone on.
            let _ = self.consumer.commit(&list, CommitMode::Async);
        }
    }
}

fn name(cluster: &Cluster, partition: Partition) -> String {
    cluster.prefixed(partition.topic.map_or("", Topic::name))
}

/// Puts a record where it is fetched from, unless nobody of the group asks for it.
fn file(
    (cluster, group, listener): (&Cluster, Group, &Listener),
    readings: &mut BTreeMap<Partition, Reading>,
    message: &BorrowedMessage<'_>,
) {
    let Some(topic) = cluster.topic(message.topic()) else { return };
    let partition = Partition { topic: Some(topic), number: message.partition() };
    let Some(reading) = readings.get_mut(&partition) else { return };
    let offset = message.offset();
    reading.received = offset + 1;
    let attribute = |name: &str| attribute(message, name);
    if let Some(source) = cloud_event::foreign(attribute(SOURCE_ATTRIBUTE), &cluster.source) {
        return (listener.foreign)(group, &source);
    }
    let trace = cloud_event::trace(attribute);
    match cloud_event::read(attribute, message.payload()) {
        // A copy for readers outside: the group reads the event where it is at home.
        Ok(Read::Event { event, .. }) if event.kind().topic() != topic => {}
        Ok(Read::Event { id, event, at, version }) => {
            let gap = match reading.versions.judge(topic, &event, version) {
                Arrival::Late => return,
                Arrival::InTurn => None,
                Arrival::Behind(gap) => Some(gap),
            };
            // What the group does not ask for may still show that something is missing.
            if gap.is_some() || group.subscribes_to(event.kind()) {
                reading.waiting.push_back(Delivery { partition, offset, id, event: Ok(*event), trace, at, gap });
            }
        }
        Ok(Read::Unknown) => {}
        Err(error) => {
            let text = |bytes: Option<&[u8]>| bytes.map(text_of).unwrap_or_default();
            let (key, kind, payload) = (text(message.key()), text(attribute("ce_type")), text(message.payload()));
            let kind = EventKind::from_type(&kind).map_or(kind, |kind| kind.name().to_owned());
            let event = Err(Poison { topic, key, kind, payload, error });
            // What names no event has no identity, and its moment is when the broker took it.
            let at = Timestamp::from_micros(message.timestamp().to_millis().unwrap_or_default() * 1_000);
            reading.waiting.push_back(Delivery { partition, offset, id: EventId(0), event, trace, at, gap: None });
        }
    }
}

/// What a record says about itself beside its value.
pub(super) fn attribute<'m>(message: &'m BorrowedMessage<'_>, name: &str) -> Option<&'m [u8]> {
    let headers = message.headers()?;
    headers.iter().find(|header| header.key == name).and_then(|header| header.value)
}

/// Bytes that are no text in a form that can be read.
fn text_of(bytes: &[u8]) -> String {
    let hexadecimal = || bytes.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}"));
    std::str::from_utf8(bytes).map_or_else(|_| hexadecimal(), str::to_owned)
}

fn told(error: KafkaError) -> StoreError {
    StoreError(error.to_string())
}
