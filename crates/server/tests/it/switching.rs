//! Topics are repartitioned while orders flow (T7).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use app::events::partitioner::partition_of;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::json;
use xtask::process;

use crate::brokers::{outcome, over_kafka, start};
use crate::buyers::{Buyers, until, without_deadline};
use crate::shared::Database;
use crate::shop::{ANN, TestShop};

const BROKER: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);
/// The topics on which orders are claimed and completed.
const SWITCHED: [&str; 4] = ["order-events", "stock-events", "point-events", "order-processing-results"];

/// Longer than the default, for busy machines.
const SWITCH: [&str; 4] = ["apply", "--switch", "--within", "200"];

type Settings = Vec<(String, String)>;

fn with_partitions(settings: &Settings, partitions: i32) -> Settings {
    let sizes: Vec<String> = SWITCHED.iter().map(|topic| format!("{topic}={partitions}")).collect();
    let mut settings = settings.clone();
    settings.push(("DOORBUSTER__KAFKA__PARTITIONS".to_owned(), sizes.join(",")));
    settings
}

fn topics(shop: &TestShop, settings: &Settings, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.arg("topics").args(args).arg("--data-dir").arg(shop.folder());
    command.envs(settings.iter().map(|(key, value)| (key, value)));
    command
}

#[track_caller]
fn switch(shop: &TestShop, settings: &Settings) {
    let output = topics(shop, settings, &SWITCH).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
    assert!(said.contains("relays resume"), "{said}");
}

/// A running repartition.
struct Running {
    child: Child,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Running {
    fn start(shop: &TestShop, settings: &Settings) -> Running {
        let mut command = topics(shop, settings, &SWITCH);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        Running { child, lines: Box::new(lines) }
    }

    #[track_caller]
    fn await_line(&mut self, words: &str) {
        let mut said = vec![];
        let found = self.lines.by_ref().inspect(|line| said.push(line.clone())).any(|line| line.contains(words));
        assert!(found, "it never said {words:?}: {said:?}");
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    #[track_caller]
    fn finish(mut self) {
        self.await_line("relays resume");
        assert!(self.child.wait().unwrap().success());
    }
}

/// Returns keys and ids of a topic's records, by partition.
fn records(settings: &Settings, topic: &str) -> Vec<Vec<(String, String)>> {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", &settings[0].1).set("group.id", "looks on").create().unwrap();
    let topic = format!("{}{topic}", settings[1].1);
    let metadata = consumer.fetch_metadata(Some(&topic), BROKER).unwrap();
    let count = metadata.topics()[0].partitions().len();
    let read = |number: usize| {
        let number = i32::try_from(number).unwrap();
        let (begin, end) = consumer.fetch_watermarks(&topic, number, BROKER).unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&topic, number, Offset::Offset(begin)).unwrap();
        consumer.assign(&list).unwrap();
        let (mut found, started) = (vec![], Instant::now());
        while i64::try_from(found.len()).unwrap() < end - begin {
            let Some(message) = consumer.poll(LOOK) else {
                assert!(started.elapsed() < BROKER, "there are more");
                continue;
            };
            let message = message.unwrap();
            let headers = message.headers().unwrap();
            let id = headers.iter().find(|header| header.key == "ce_id").and_then(|header| header.value).unwrap();
            let text = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().to_owned();
            found.push((text(message.key().unwrap()), text(id)));
        }
        found
    };
    (0..count).map(read).collect()
}

/// A topic's events in the store, in the order of each key.
type Outbox = Vec<(String, String, String)>;

const OUTBOX: &str = "SELECT topic, event_key, id FROM event ORDER BY shard, seq";

/// Asserts that every event was published and that a key's events are in order: first in its old partition, then in its
/// new one. Returns how many keys have events in both.
#[track_caller]
fn assert_in_order(settings: &Settings, outbox: &Outbox, (before, after): (i32, i32)) -> usize {
    let mut moved = 0;
    for topic in SWITCHED {
        let mut found: BTreeMap<(&str, i32), Vec<&str>> = BTreeMap::new();
        let partitions = records(settings, topic);
        for (number, records) in (0..).zip(&partitions) {
            for (key, id) in records {
                assert!(
                    [before, after].map(|count| partition_of(key, count)).contains(&number),
                    "{topic} {number}: {key}"
                );
                found.entry((key, number)).or_default().push(id);
            }
        }
        let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (_, key, id) in outbox.iter().filter(|(of, _, _)| of == topic) {
            wanted.entry(key).or_default().push(id);
        }
        for (key, wanted) in wanted {
            let [old, new] = [before, after].map(|count| partition_of(key, count));
            let of = |number| found.get(&(key, number)).map(Vec::as_slice).unwrap_or_default();
            let later = if new == old { &[][..] } else { of(new) };
            // Repeated records are dropped; records that the relay derives from an event are not in the outbox.
            let mut seen = BTreeSet::new();
            let told = of(old).iter().chain(later).copied();
            let all: Vec<&str> = told.filter(|id| wanted.contains(id) && seen.insert(*id)).collect();
            assert_eq!(all, wanted, "{topic}: the events of {key}");
            moved += usize::from(!of(old).is_empty() && !later.is_empty());
        }
    }
    moved
}

fn partitions_used(settings: &Settings) -> usize {
    let used = |topic: &&str| records(settings, topic).iter().filter(|records| !records.is_empty()).count();
    SWITCHED.iter().map(used).max().unwrap()
}

#[test]
fn topics_are_repartitioned_while_orders_flow() {
    let test = "topics_are_repartitioned_while_orders_flow";
    let Some(database) = Database::new(test) else { return };
    let Some(mut settings) = over_kafka(test) else { return };
    settings.extend([("DATABASE_URL".to_owned(), database.url()), without_deadline()]);
    let submitter = start(&settings, &["--roles", "api,relay"]);
    let _relay = start(&settings, &["--roles", "relay"]);
    let mut workers: Vec<TestShop> = (0..2).map(|_| start(&settings, &["--roles", "worker"])).collect();
    let wider = with_partitions(&settings, 6);
    let buyers = Buyers::prepare(&submitter, Duration::from_millis(100));
    buyers.buy_at(&[&submitter], || {
        buyers.await_completed(&submitter);
        let plan = topics(&submitter, &wider, &["plan"]).output().unwrap();
        let said = String::from_utf8(plan.stdout).unwrap();
        assert_eq!(plan.status.code(), Some(1), "{said}");
        assert!(said.contains("SWITCH  order-events: repartition from 3 to 6 partitions"), "{said}");
        let refused = topics(&submitter, &wider, &["apply"]).status().unwrap();
        assert_eq!(refused.code(), Some(1), "not without being asked");

        // No worker runs, so the command reaches its time limit, and the next one is killed while waiting. The topics
        // have grown by then; nothing else has changed.
        // Killed, not stalled: a worker that stalls in a transaction would keep its row locks.
        workers.iter_mut().for_each(TestShop::kill);
        buyers.await_accepted(20);
        let overdue = topics(&submitter, &wider, &["apply", "--switch", "--within", "2"]).output().unwrap();
        let said = String::from_utf8(overdue.stderr).unwrap();
        assert!(!overdue.status.success() && said.contains("nothing was repartitioned"), "{said}");
        let mut first = Running::start(&submitter, &wider);
        first.await_line("groups handle what was published");
        buyers.await_accepted(20);
        let mut second = Running::start(&submitter, &wider);
        second.await_line("another repartition is running");
        assert!(!second.child.wait().unwrap().success());
        first.kill();
        workers.iter_mut().for_each(TestShop::open);
        buyers.await_completed(&submitter);
        assert_eq!(partitions_used(&settings), 3, "keys are where they were");

        // The command waits for a relay that has not finished its round, and is killed while waiting.
        assert!(process::signal(submitter.pid(), "-STOP"));
        let mut third = Running::start(&submitter, &wider);
        third.await_line("Relays finish");
        third.kill();
        assert!(process::signal(submitter.pid(), "-CONT"));
        // An order may still be completed before the relay notices that it must pause.
        until("the standstill of the dead has ended", || {
            let stands = "SELECT COUNT(*), 0 FROM relay_halt WHERE halted_until >= UNIX_TIMESTAMP(NOW(6)) * 1000000";
            database.ask::<(i64, i64)>(stands) == [(0, 0)]
        });
        buyers.await_completed(&submitter);

        switch(&submitter, &wider);
        buyers.await_completed(&submitter);
        buyers.await_accepted(50);
        assert!(topics(&submitter, &wider, &["plan"]).status().unwrap().success(), "all is as it should be");
        buyers.await_completed(&submitter);
    });
    buyers.assert_served();
    buyers.reconcile(&submitter, &database);
    until("the spread is used", || partitions_used(&settings) > 3);
    until("everything is published", || {
        let behind = "SELECT COUNT(*), 0 FROM outbox_shard JOIN relay_shard USING (shard) WHERE seq > position";
        database.ask::<(i64, i64)>(behind) == [(0, 0)]
    });
    let moved = assert_in_order(&settings, &database.ask(OUTBOX), (3, 6));
    assert!(moved > 0, "some key has moved with its order");
}

#[test]
fn a_relay_that_stalls_during_a_repartition_breaks_nothing() {
    let test = "a_relay_that_stalls_during_a_repartition_breaks_nothing";
    let Some(database) = Database::new(test) else { return };
    let Some(mut settings) = over_kafka(test) else { return };
    settings.extend([("DATABASE_URL".to_owned(), database.url()), without_deadline()]);
    let sleeper = start(&settings, &["--roles", "relay"]);
    let held = || database.ask::<(i64, i64)>("SELECT COUNT(*), 0 FROM relay_shard WHERE leased_until > 0") == [(16, 0)];
    until("the sleeper holds all shards", held);
    let submitter = start(&settings, &["--roles", "api,relay,worker"]);
    let buyers = Buyers::prepare(&submitter, Duration::from_millis(250));
    buyers.buy_at(&[&submitter], || {
        buyers.await_completed(&submitter);
        assert!(process::signal(sleeper.pid(), "-STOP"));
        let mut running = Running::start(&submitter, &with_partitions(&settings, 6));
        running.await_line("Relays finish");
        running.finish();
        buyers.await_completed(&submitter);
        assert!(process::signal(sleeper.pid(), "-CONT"));
        buyers.await_accepted(20);
        buyers.await_completed(&submitter);
    });
    buyers.reconcile(&submitter, &database);
    until("everything is published", || {
        let behind = "SELECT COUNT(*), 0 FROM outbox_shard JOIN relay_shard USING (shard) WHERE seq > position";
        database.ask::<(i64, i64)>(behind) == [(0, 0)]
    });
    assert!(assert_in_order(&settings, &database.ask(OUTBOX), (3, 6)) > 0, "some key has moved with its order");
}

#[test]
fn topics_of_an_embedded_store_are_repartitioned_to_fewer() {
    let Some(settings) = over_kafka("topics_of_an_embedded_store_are_repartitioned_to_fewer") else { return };
    let mut shop = start(&settings, &[]);
    let product = shop.product(0, 1_000);
    let placed = Mutex::new(vec![]);
    let buy = |shop: &TestShop, user: i64| {
        let wanted = json!({"items": [{"productId": product, "quantity": 1}]});
        let order = shop.post(user, "/api/orders", &wanted).expect(202);
        placed.lock().unwrap().push((user, order["orderNumber"].as_str().unwrap().to_owned()));
    };
    let fewer = with_partitions(&settings, 2);
    std::thread::scope(|scope| {
        let switching = scope.spawn(|| switch(&shop, &fewer));
        for user in (ANN..ANN + 20).cycle().take(200) {
            buy(&shop, user);
            if switching.is_finished() && user == ANN {
                break;
            }
        }
        switching.join().unwrap();
    });
    // The next process uses the same partition counts.
    shop.kill();
    shop.open();
    (ANN..ANN + 20).for_each(|user| buy(&shop, user));
    let placed = placed.into_inner().unwrap();
    until("all are completed", || placed.iter().all(|(user, number)| outcome(&shop, *user, number) == "COMPLETED"));
    shop.stop();
    let store = rusqlite::Connection::open(shop.folder().join("shop.db")).unwrap();
    let mut rows = store.prepare(OUTBOX).unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let outbox: Outbox = rows.collect::<Result<_, _>>().unwrap();
    assert_in_order(&settings, &outbox, (3, 2));
    let before: i64 = store.query_row("SELECT min(partitions) FROM topic_spread", [], |row| row.get(0)).unwrap();
    assert_eq!(before, 2);
}

#[test]
fn topics_of_a_connector_are_not_repartitioned() {
    let Some(mut settings) = over_kafka("topics_of_a_connector_are_not_repartitioned") else { return };
    let shop = start(&settings, &[]);
    settings.push(("DOORBUSTER__KAFKA__RELAY".to_owned(), "debezium".to_owned()));
    let output = topics(&shop, &settings, &["apply", "--switch"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("docs/debezium.md"), "{said}");
}
