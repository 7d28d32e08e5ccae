//! Kafka's own tools read our topics and groups.

use serde_json::{Value, json};
use xtask::brokers;
use xtask::kafka_node::Jars;

use crate::brokers::{over_kafka, start};
use crate::buyers::until;
use crate::shared::Database;
use crate::shop::{ANN, TestShop};

/// Runs a tool and returns its output.
fn run(jars: &Jars, class: &str, arguments: &[&str]) -> String {
    let output = jars.tool(class).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Offset, end and lag of each partition of a group, as the tool shows them.
fn described(jars: &Jars, brokers: &str, group: &str) -> Vec<[i64; 3]> {
    let class = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    let shown = run(jars, class, &["--bootstrap-server", brokers, "--describe", "--group", group]);
    let rows = shown.lines().filter(|line| line.starts_with(group));
    let numbers = rows.filter_map(|row| {
        let cells: Vec<&str> = row.split_whitespace().collect();
        // After group, topic and partition.
        let numbers: Result<Vec<i64>, _> = cells[3..6].iter().map(|cell| cell.parse()).collect();
        <[i64; 3]>::try_from(numbers.ok()?).ok()
    });
    numbers.collect()
}

fn order(submitter: &TestShop, product: i64) -> String {
    let wanted = json!({"items": [{"productId": product, "quantity": 1}]});
    let order = submitter.post(ANN, "/api/orders", &wanted).expect(202);
    order["orderNumber"].as_str().unwrap().to_owned()
}

#[test]
fn kafkas_own_tools_read_our_topics_and_show_our_lag() {
    let test = "kafkas_own_tools_read_our_topics_and_show_our_lag";
    let (Some(jars), Some(database)) = (brokers::jars(test), Database::new(test)) else { return };
    let Some(mut settings) = over_kafka(test) else { return };
    let [brokers, prefix] = [0, 1].map(|number: usize| settings[number].1.clone());
    settings.push(("DATABASE_URL".to_owned(), database.url()));
    let submitter = start(&settings, &["--roles", "api,relay"]);
    let worker = start(&settings, &["--roles", "worker"]);
    let product = submitter.product(0, 100);
    let number = order(&submitter, product);
    until("completed", || submitter.get(ANN, &format!("/api/orders/{number}")).json()["outcome"] == "COMPLETED");

    let topic = format!("{prefix}order-events");
    let shown = run(
        &jars,
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        &[
            "--bootstrap-server",
            &brokers,
            "--topic",
            &topic,
            "--from-beginning",
            "--max-messages",
            "2",
            "--property",
            "print.headers=true",
            "--property",
            "print.key=true",
            "--timeout-ms",
            "60000",
        ],
    );
    let records: Vec<Vec<&str>> = shown.lines().map(|line| line.split('\t').collect()).collect();
    let kinds: Vec<&str> = records.iter().filter_map(|record| attribute(record[0], "ce_type")).collect();
    assert_eq!(kinds, ["dev.doorbuster.OrderCreated.v1", "dev.doorbuster.OrderCompleted.v1"], "{shown}");
    for record in &records {
        assert_eq!(record[1], "1", "the key is the customer: {shown}");
        let value: Value = serde_json::from_str(record[2]).unwrap();
        assert_eq!(value["orderId"], number.as_str());
        assert_eq!(attribute(record[0], "ce_specversion"), Some("1.0"));
        assert_eq!(attribute(record[0], "content-type"), Some("application/json"));
    }

    let group = format!("{prefix}notice-group");
    let lag = || described(&jars, &brokers, &group).iter().map(|[_, _, lag]| lag).sum::<i64>();
    until("the group has read everything", || {
        let shown = described(&jars, &brokers, &group);
        shown.iter().any(|[offset, _, _]| *offset > 0) && shown.iter().all(|[offset, end, _]| offset == end)
    });
    drop(worker);
    let waiting: Vec<String> = (0..3).map(|_| order(&submitter, product)).collect();
    until("what nobody reads is shown as lag", || lag() > 0);
    let worker = start(&settings, &["--roles", "worker"]);
    until("and gone when somebody reads", || lag() == 0);
    for number in waiting {
        until("completed", || submitter.get(ANN, &format!("/api/orders/{number}")).json()["outcome"] == "COMPLETED");
    }
    drop(worker);
}

/// Returns one header of a record, as the console consumer prints it.
fn attribute<'a>(headers: &'a str, name: &str) -> Option<&'a str> {
    headers.split(',').find_map(|header| header.strip_prefix(name)?.strip_prefix(':'))
}
