//! The event log on the real Kafka, over the store of one process.

mod archived;
mod forged;
mod outbox;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use adapters::clock::SystemClock;
use adapters::kafka::{Cluster, KafkaInspector, KafkaLog, KafkaPublisher, Listener, Topics};
use adapters::sqlite;
use app::conformance::{CASES, Fixture, Opened};
use app::events::cloud_event::SOURCE;
use app::events::event::{CouponIssued, Event};
use app::events::outbox::uuid;
use app::events::topic::{DeadLetterNames, Profile, Spread, Topic};
use app::log::reactions::Group;
use app::log::relay::{Outgoing, Publisher as _, Record, Relay};
use app::ports::{BoxFuture, EventLog, Fetched, OutboxSlot, Poison, StoreError, StoredEvent};
use app::state::rows::{OffsetKey, Partition};
use domain::ids::{CampaignId, Code, OrderId, UserId};
use domain::time::Timestamp;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use xtask::addresses::{Service, address};

use crate::database::runtime;
use crate::fixture::Embedded;

/// Longer than any group takes to form on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Topics and groups of the test's own on the real broker, deleted with the test.
pub(crate) struct Brokers {
    cluster: Cluster,
}

impl Brokers {
    /// Returns `None` where there is no broker, which is reported as a skip.
    pub(crate) fn new(test: &str) -> Option<Brokers> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let brokers = address(Service::Kafka, test)?;
        let prefix = format!("t{}-{}.", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let brokers =
            Brokers { cluster: Cluster { brokers, prefix, source: "/doorbuster/A".into(), ..Cluster::default() } };
        runtime().block_on(brokers.topics().complete(&Profile::Local.wanted(DeadLetterNames::Dot))).unwrap();
        Some(brokers)
    }

    fn topics(&self) -> Topics {
        Topics::connect(&self.cluster).unwrap()
    }

    fn join(&self, places: Box<dyn EventLog + Send>) -> KafkaLog {
        let complain = Arc::new(|what| eprintln!("{what}"));
        KafkaLog::join(
            &self.cluster,
            places,
            &Listener { wake: Arc::new(|| ()), complain, foreign: Arc::new(|_, _| ()) },
        )
        .unwrap()
    }

    fn topic(&self, topic: Topic) -> String {
        format!("{}{}", self.cluster.prefix, topic.name())
    }

    fn client(&self) -> BaseConsumer {
        ClientConfig::new().set("bootstrap.servers", &self.cluster.brokers).create().unwrap()
    }

    /// The offset after the last record.
    fn end(&self, client: &BaseConsumer, partition: Partition) -> i64 {
        let topic = self.topic(partition.topic.unwrap());
        let started = Instant::now();
        loop {
            // A new topic may have no leader yet.
            match client.fetch_watermarks(&topic, partition.number, TIMEOUT) {
                Ok((_, end)) => return end,
                Err(error) => assert!(started.elapsed() < TIMEOUT, "{error}"),
            }
        }
    }
}

impl Drop for Brokers {
    fn drop(&mut self) {
        let topics = self.topics();
        // On another thread, because a test may drop it within a runtime.
        let deleted = std::thread::scope(|scope| scope.spawn(|| runtime().block_on(topics.delete_all())).join());
        if !std::thread::panicking() {
            deleted.unwrap().unwrap();
        }
    }
}

/// Repeats a check until it succeeds.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < TIMEOUT, "the condition was not met in time");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn partitions_of(group: Group) -> usize {
    3 * group.topics().len()
}

/// A log whose answers wait until they are complete: for the relay, for the group, for the last record.
struct WaitingLog {
    log: KafkaLog,
    relay: Relay,
    client: BaseConsumer,
    brokers: Arc<Brokers>,
}

impl WaitingLog {
    async fn relay_all(&mut self) {
        while self.relay.relay_once(1_000, &SystemClock).await.unwrap() > 0 {}
    }
}

impl EventLog for WaitingLog {
    fn partitions(&mut self, group: Group) -> BoxFuture<'_, Result<Vec<Partition>, StoreError>> {
        Box::pin(async move {
            let log = &mut self.log;
            until(async || log.partitions(group).await.unwrap().len() == partitions_of(group)).await;
            log.partitions(group).await
        })
    }

    fn position(&mut self, key: OffsetKey) -> BoxFuture<'_, Result<i64, StoreError>> {
        self.log.position(key)
    }

    fn events_of(&mut self, order: OrderId) -> BoxFuture<'_, Result<Vec<Outgoing>, StoreError>> {
        self.log.events_of(order)
    }

    fn written<'a>(&'a mut self, slots: &'a [OutboxSlot]) -> BoxFuture<'a, Result<Vec<StoredEvent>, StoreError>> {
        self.log.written(slots)
    }

    fn positions(&mut self) -> BoxFuture<'_, Result<Vec<(OffsetKey, i64)>, StoreError>> {
        self.log.positions()
    }

    fn fetch(&mut self, key: OffsetKey, from: i64, limit: usize) -> BoxFuture<'_, Result<Fetched, StoreError>> {
        Box::pin(async move {
            self.relay_all().await;
            let end = self.brokers.end(&self.client, key.partition);
            let (log, mut looked, mut found) = (&mut self.log, from, None);
            until(async || {
                log.partitions(key.group).await.unwrap();
                let fetched = log.fetch(key, looked, limit).await.unwrap();
                looked = fetched.next;
                let is_there = !fetched.deliveries.is_empty() || looked >= end;
                found = Some(fetched);
                is_there
            })
            .await;
            Ok(found.unwrap())
        })
    }
}

struct OnKafka {
    store: Embedded,
    brokers: Arc<Brokers>,
}

impl Fixture for OnKafka {
    fn open(&mut self) -> BoxFuture<'_, Opened> {
        let sqlite::Opened { store, log, trail, engine, .. } = self.store.open();
        let publisher = KafkaPublisher::new(self.brokers.cluster.clone(), None);
        let relay = Relay::new(Box::new(store.outbox(engine).unwrap()), Box::new(publisher));
        let (client, brokers) = (self.brokers.client(), Arc::clone(&self.brokers));
        let log = WaitingLog { log: self.brokers.join(Box::new(log)), relay, client, brokers };
        Box::pin(std::future::ready(Opened { store: Box::new(store), log: Box::new(log), trail: Box::new(trail) }))
    }
}

#[test]
fn the_log_on_kafka_keeps_its_promises() {
    const OF_LOGS: [&str; 7] = [
        "events_come_in_commit_order_without_a_gap",
        "every_event_survives_the_log",
        "a_group_receives_only_its_kinds",
        "a_log_is_read_in_pages",
        "a_group_continues_at_its_committed_offset",
        "events_of_a_failed_commit_are_never_seen",
        "events_are_found_in_their_slots",
    ];
    let mut count = 0;
    for (name, case) in CASES.iter().filter(|(name, _)| OF_LOGS.contains(name)) {
        // Visible only when the next case fails.
        eprintln!("{name}");
        let Some(brokers) = Brokers::new("the_log_on_kafka_keeps_its_promises") else { return };
        let mut fixture = OnKafka { store: Embedded::new(), brokers: Arc::new(brokers) };
        runtime().block_on(case(&mut fixture));
        count += 1;
    }
    assert_eq!(count, OF_LOGS.len());
}

fn record(key: &str) -> Record {
    let (key, value) = (key.to_owned(), "{}".to_owned());
    Record { topic: Topic::OrderEvents, is_dead_letter: false, key, value, attributes: vec![] }
}

#[test]
fn a_key_has_the_partition_that_the_java_client_gives_it() {
    let Some(brokers) = Brokers::new("a_key_has_the_partition_that_the_java_client_gives_it") else { return };
    // `app::events::partitioner` tests the hash against the Java client's own vectors.
    let partition = |key: &str| (app::events::partitioner::murmur2(key.as_bytes()) & 0x7fff_ffff) % 3;
    // The topic may have more partitions than its keys are spread over: they are unused.
    runtime().block_on(brokers.topics().grow(&[("order-events", 5)])).unwrap();
    let keys = ["21", "foobar", "abc", "42", "user:7", "ORD-4F7K2M9Q", "a-little-bit-longer-string", "1", "2", "3"];
    let mut expected = [0_i64; 5];
    keys.iter().for_each(|key| expected[partition(key) as usize] += 1);
    let records: Vec<Record> = keys.iter().map(|key| record(key)).collect();
    let mut publisher = KafkaPublisher::new(brokers.cluster.clone(), None);
    let found = runtime().block_on(publisher.sizes()).unwrap();
    assert_eq!((found[&Topic::OrderEvents], found[&Topic::StockEvents]), (5, 3));
    let spread = Spread::from([(Topic::OrderEvents, 3)]);
    runtime().block_on(publisher.publish(&records, &spread)).unwrap();
    let client = brokers.client();
    let found: Vec<i64> =
        (0..5).map(|number| brokers.end(&client, Partition { topic: Some(Topic::OrderEvents), number })).collect();
    assert_eq!(found, expected);
}

#[test]
fn poison_is_delivered_as_text_and_blocks_no_other_event() {
    let Some(brokers) = Brokers::new("poison_is_delivered_as_text_and_blocks_no_other_event") else { return };
    let producer: ThreadedProducer<_> =
        ClientConfig::new().set("bootstrap.servers", &brokers.cluster.brokers).create().unwrap();
    let topic = brokers.topic(Topic::ProductEvents);
    let topic_read = brokers.topic(Topic::CouponIssued);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let header = |key, value| Header { key, value: Some(value) };
    let headers = || OwnedHeaders::new().insert(header("ce_id", "no uuid")).insert(header("ce_traceparent", trace));
    for topic in [&topic, &topic_read] {
        let bytes: &[u8] = b"\xff\x00{";
        producer.send(BaseRecord::to(topic).partition(1).key("k").payload(bytes).headers(headers())).unwrap();
        producer.send(BaseRecord::<str, str>::to(topic).partition(1)).unwrap();
    }
    producer.flush(TIMEOUT).unwrap();
    let store = Embedded::new();
    let mut log = brokers.join(Box::new(store.open().log));
    let partition = Partition { topic: Some(Topic::CouponIssued), number: 1 };
    let key = OffsetKey { group: Group::Notices, partition };
    let mut found = vec![];
    runtime().block_on(async {
        let mut from = 0;
        until(async || {
            log.partitions(Group::Notices).await.unwrap();
            let fetched = log.fetch(key, from, 10).await.unwrap();
            from = fetched.next;
            found.extend(fetched.deliveries);
            from == 2
        })
        .await;
    });
    assert_eq!(found.iter().map(|delivery| delivery.offset).collect::<Vec<_>>(), [0, 1]);
    let poison: Vec<&Poison> = found.iter().map(|delivery| delivery.event.as_ref().unwrap_err()).collect();
    assert_eq!((poison[0].topic, &*poison[0].key, &*poison[0].payload), (Topic::CouponIssued, "k", "0xff007b"));
    assert!(poison[0].error.contains("no uuid"), "{}", poison[0].error);
    let traces: Vec<Option<String>> =
        found.iter().map(|delivery| delivery.trace.map(|trace| trace.to_string())).collect();
    assert_eq!(traces, [Some(trace.to_owned()), None]);
    assert_eq!((&*poison[1].key, &*poison[1].payload), ("", ""));
    assert!(poison[1].error.contains("ce_id"), "{}", poison[1].error);
}

fn issued(number: i64) -> Outgoing {
    let event = Event::CouponIssued(CouponIssued {
        user_coupon_id: Code::from("UC-1"),
        user_id: UserId(1),
        coupon_id: CampaignId(1),
        coupon_name: "Drop".into(),
        issue_number: number,
        request_id: None,
        issued_at: Timestamp::default(),
    });
    Outgoing {
        shard: 0,
        seq: number,
        id: uuid(number as u128),
        event,
        version: None,
        trace: None,
        at: Timestamp::default(),
    }
}

/// Two shops on the same topics: each skips the other's events, and its groups move past them.
#[test]
fn events_of_another_shop_are_skipped() {
    let Some(brokers) = Brokers::new("events_of_another_shop_are_skipped") else { return };
    let of = |source: &str| Cluster { source: source.into(), ..brokers.cluster.clone() };
    let (own, other) = (of("/doorbuster/A"), of("/doorbuster/B"));
    let spread = Spread::from([(Topic::CouponIssued, 3)]);
    let publish = |cluster: &Cluster, number| {
        let records: Vec<Record> = app::log::replay::records(&[issued(number)], Some(Topic::CouponIssued))
            .into_iter()
            .map(|(_, it)| it)
            .collect();
        runtime().block_on(KafkaPublisher::new(cluster.clone(), None).publish(&records, &spread)).unwrap();
    };
    publish(&other, 1);
    let found = |cluster: &Cluster| {
        let book = KafkaInspector::new(cluster.clone());
        let mut found = None;
        // A new topic may have no leader yet.
        runtime().block_on(until(async || {
            found = book.stranger().await.ok();
            found.is_some()
        }));
        found.unwrap()
    };
    assert_eq!(found(&own), Some((Topic::CouponIssued, "/doorbuster/B".to_owned())));
    assert_eq!(found(&other), None);
    publish(&own, 2);
    // A record from before shops had names is checked against the store, like any other.
    publish(&of(SOURCE), 3);
    publish(&other, 4);

    let foreign = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&foreign);
    let listener = Listener {
        wake: Arc::new(|| ()),
        complain: Arc::new(|what| eprintln!("{what}")),
        foreign: Arc::new(move |_, source| {
            assert_eq!(source, "/doorbuster/B");
            counted.fetch_add(1, Ordering::Relaxed);
        }),
    };
    let store = Embedded::new();
    let mut log = KafkaLog::join(&own, Box::new(store.open().log), &listener).unwrap();
    let number = app::events::partitioner::partition_of("1", 3);
    let partition = Partition { topic: Some(Topic::CouponIssued), number };
    let (mut found, mut from) = (vec![], 0);
    runtime().block_on(until(async || {
        log.partitions(Group::Notices).await.unwrap();
        let fetched = log.fetch(OffsetKey { group: Group::Notices, partition }, from, 10).await.unwrap();
        from = fetched.next;
        found.extend(fetched.deliveries.iter().map(|delivery| delivery.offset));
        from == 4
    }));
    assert_eq!((found, foreign.load(Ordering::Relaxed)), (vec![1, 2], 2));
}

#[test]
fn topics_are_planned_and_created() {
    let Some(brokers) = Brokers::new("topics_are_planned_and_created") else { return };
    let topics = brokers.topics();
    let plan = topics.plan(&Profile::Local.wanted(DeadLetterNames::Dot), &Spread::new()).unwrap();
    assert_eq!((plan.missing.len(), plan.short.len(), plan.different.len()), (0, 0, 0));
    let plan = topics.plan(&Profile::Production.wanted(DeadLetterNames::Dot), &Spread::new()).unwrap();
    assert_eq!(plan.missing, []);
    let different = plan.different.iter().find(|different| different.wanted.name == "order-events").unwrap();
    assert_eq!((different.spread, different.found, different.wanted.partitions), (3, 3, 16));
    assert_eq!(
        runtime().block_on(topics.complete(&Profile::Production.wanted(DeadLetterNames::Dot))),
        Ok(0),
        "existing topics are left alone"
    );
}

#[test]
fn a_topic_may_grow_before_and_after_its_keys_are_repartitioned() {
    let Some(brokers) = Brokers::new("a_topic_may_grow_before_and_after_its_keys_are_repartitioned") else { return };
    let topics = brokers.topics();
    let wanted = Profile::Local.wanted(DeadLetterNames::Dot);
    let spread = Spread::from([(Topic::OrderEvents, 6), (Topic::StockEvents, 2)]);
    let plan = topics.plan(&wanted, &spread).unwrap();
    let short: Vec<(&str, i32, i32)> =
        plan.short.iter().map(|short| (short.wanted.name, short.found, short.spread)).collect();
    assert_eq!(short, [("order-events", 3, 6)], "it has fewer partitions than are used");
    let different: Vec<&str> = plan.different.iter().map(|different| different.wanted.name).collect();
    assert_eq!(different, ["order-events", "stock-events"]);
    let grow = |count| runtime().block_on(topics.grow(&[("order-events", count), ("stock-events", 2)]));
    for (count, found) in [(6, 6), (6, 6), (2, 6)] {
        assert_eq!(grow(count), Ok(()));
        let sizes = topics.sizes().unwrap();
        assert_eq!((sizes[&Topic::OrderEvents], sizes[&Topic::StockEvents]), (found, 3));
    }
    assert_eq!(topics.plan(&wanted, &spread).unwrap().short, []);
}
