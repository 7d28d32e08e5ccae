//! Old events go to an archive while the relay to the brokers is behind: what is not published stays, and is published.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use adapters::clock::SystemClock;
use adapters::sqlite::SqliteSnapshot;
use app::audit::{self, EventFacts, Snapshot, archive};
use app::commands::Command;
use app::events::topic::Topic;
use app::log::relay::{Outbox, Relay};
use app::ports::Clock;
use app::state::rows::Removal;
use domain::time::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{Brokers, KafkaPublisher, TIMEOUT};
use crate::database::Database;
use crate::fixture::Embedded;
use crate::shop::{ANN, Shop, order};

const NOON: i64 = 1_795_262_400_000_000;
const DAY: Duration = Duration::from_secs(86_400);
const ORDERS: i64 = 6;

struct Days(AtomicI64);

impl Days {
    fn pass(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Days {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// A store as the archiver sees it.
struct Store<'s>(&'s dyn Fn() -> Box<dyn Snapshot>);

impl Store<'_> {
    fn events(&self) -> Vec<EventFacts> {
        let mut events = vec![];
        (self.0)().events(&mut |event| events.push(event)).unwrap();
        events
    }

    /// Returns the moment before which nothing is needed, and the reason.
    fn line(&self) -> (Timestamp, String) {
        let first = (self.0)().needed().unwrap().into_iter().min_by_key(|needed| needed.since).unwrap();
        (first.since, first.by)
    }

    /// Returns the numbers of the laws that are violated.
    fn broken(&self, days: &Days) -> Vec<u8> {
        let audit = audit::audit(&mut *(self.0)(), days.now()).unwrap();
        audit.laws.iter().filter(|law| law.violations > 0).map(|law| law.law).collect()
    }

    /// Archives what may be archived; returns how many events that were.
    fn archive(&self, shop: &mut Shop) -> usize {
        let (line, _) = self.line();
        let mut archived = (self.0)().archived().unwrap().unwrap_or_default();
        let old: Vec<EventFacts> = self.events().into_iter().take_while(|event| event.at < line).collect();
        let Some(last) = old.last() else { return 0 };
        old.iter().for_each(|event| archive(event, &mut archived));
        let removal = Removal {
            through: last.position,
            events: archived.events(),
            before: archived.before(),
            archived: Arc::from(serde_json::to_string(&archived).unwrap()),
        };
        assert!(shop.run(Command::Remove(removal)).result.is_ok());
        old.len()
    }
}

/// Returns the ids of all events on the topics.
fn published(brokers: &Brokers) -> BTreeSet<String> {
    let client: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &brokers.cluster.brokers)
        .set("group.id", "none")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let mut places = TopicPartitionList::new();
    let mut left = 0;
    for topic in Topic::ALL.iter().map(|topic| brokers.topic(*topic)) {
        let known = client.fetch_metadata(Some(&topic), TIMEOUT).unwrap();
        for partition in known.topics()[0].partitions() {
            let (begin, end) = client.fetch_watermarks(&topic, partition.id(), TIMEOUT).unwrap();
            left += end - begin;
            places.add_partition_offset(&topic, partition.id(), Offset::Beginning).unwrap();
        }
    }
    client.assign(&places).unwrap();
    let mut ids = BTreeSet::new();
    while left > 0 {
        let record = client.poll(TIMEOUT).expect("a record").unwrap();
        let headers = record.headers().unwrap();
        let id = headers.iter().find(|header| header.key == "ce_id").and_then(|header| header.value).unwrap();
        ids.insert(String::from_utf8(id.to_vec()).unwrap());
        left -= 1;
    }
    ids
}

fn check(brokers: &Brokers, parts: (Shop, Box<dyn Outbox>), days: &Days, store: &Store<'_>) {
    let (mut shop, outbox) = parts;
    let product = shop.register_product(100);
    for _ in 0..ORDERS {
        days.pass(Duration::from_secs(1));
        shop.place_order(order(ANN, product, 2));
    }
    days.pass(30 * DAY);
    shop.register_product(1);
    let all = store.events();
    let sold: BTreeSet<String> =
        all.iter().filter(|event| event.kind == "OrderCompleted").map(|event| event.id.clone()).collect();
    assert_eq!(sold.len(), usize::try_from(ORDERS).unwrap());

    // No relay has run yet, so every event is still to be published.
    let (line, by) = store.line();
    assert_eq!((line, by.contains("relay")), (all[0].at, true), "{by}");
    assert_eq!(store.archive(&mut shop), 0);

    // The relay comes on by a few events, and the archive follows it, but for seven days.
    let mut relay = Relay::new(outbox, Box::new(KafkaPublisher::new(brokers.cluster.clone(), None)));
    let (mut relayed, mut archived, mut steps) = (0, 0, 0);
    loop {
        let now = shop.wait(relay.relay_once(1, &SystemClock)).unwrap();
        relayed += now;
        let gone = store.archive(&mut shop);
        (archived, steps) = (archived + gone, steps + usize::from(gone > 0));
        assert!(archived <= relayed, "{archived} are archived, {relayed} published");
        // Law 15 says that the relay is late, and nothing else is wrong.
        assert!(store.broken(days).iter().all(|law| *law == 15), "{:?}", store.broken(days));
        if now == 0 {
            break;
        }
    }
    assert_eq!(store.broken(days), Vec::<u8>::new());
    assert_eq!(relayed, all.len(), "each event was there when its turn came");
    assert_eq!(store.archive(&mut shop) + archived, all.len() - 1, "the fresh one stays");
    assert!(steps > 2, "the archive followed the relay in {steps} steps");
    let published = published(brokers);
    assert!(sold.is_subset(&published), "{} of {}", sold.intersection(&published).count(), sold.len());
    assert!(store.line().1.contains("seven days"));
}

#[test]
fn a_database_keeps_what_the_relay_has_not_published() {
    let Some(database) = Database::new("a_database_keeps_what_the_relay_has_not_published") else { return };
    let Some(brokers) = Brokers::new("a_database_keeps_what_the_relay_has_not_published") else { return };
    let days = Arc::new(Days(AtomicI64::new(NOON)));
    let parts = Shop::relayed_on(&database, days.clone());
    check(&brokers, parts, &days, &Store(&|| Box::new(database.snapshot())));
}

#[test]
fn a_folder_keeps_what_the_relay_has_not_published() {
    let Some(brokers) = Brokers::new("a_folder_keeps_what_the_relay_has_not_published") else { return };
    let days = Arc::new(Days(AtomicI64::new(NOON)));
    let embedded = Embedded::new();
    let parts = Shop::relayed(embedded.open(), days.clone());
    check(&brokers, parts, &days, &Store(&|| Box::new(SqliteSnapshot::open(embedded.folder.path()).unwrap())));
}
