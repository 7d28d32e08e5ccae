//! `doorbuster groups` and its endpoints, over the store's own log and over Kafka.

use std::process::{Command, Output};

use serde_json::{Value, json};
use server::security::auth::Role;

use crate::brokers::{outcome, over_kafka, start, until};
use crate::dashboard::visit;
use crate::shop::{ADMIN, ANN, SECRET, TestShop};

fn groups(shop: &TestShop, settings: &[(String, String)], args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_doorbuster"))
        .arg("groups")
        .args(args)
        .arg("--data-dir")
        .arg(shop.folder())
        .envs(settings.iter().map(|(key, value)| (key, value)))
        .env("DOORBUSTER_AUTH_SECRET", SECRET)
        .env("DOORBUSTER__LOG__LEVEL", "error")
        .output()
        .unwrap()
}

#[track_caller]
fn told(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn own_log() -> Vec<(String, String)> {
    vec![("DOORBUSTER__ENGINE__EXECUTOR".to_owned(), "log".to_owned())]
}

fn listed(shop: &TestShop) -> Value {
    shop.get(ADMIN, "/api/admin/groups").expect(200)
}

fn group<'a>(list: &'a Value, name: &str) -> &'a Value {
    list["data"].as_array().unwrap().iter().find(|group| group["group"] == name).unwrap()
}

fn is_at_the_end(list: &Value) -> bool {
    list["data"].as_array().unwrap().iter().all(|group| group["lag"] == 0)
}

fn buy(shop: &TestShop, product: i64) {
    let order = shop.order(ANN, &json!({"items": [{"productId": product, "quantity": 1}]})).json();
    let number = order["orderNumber"].as_str().unwrap().to_owned();
    until("completed", || outcome(shop, ANN, &number) == "COMPLETED");
}

/// Returns the partition with the highest offset of the group.
fn busiest(group: &Value) -> (Option<String>, i64, i64) {
    let partitions = group["partitions"].as_array().unwrap();
    let busiest = partitions.iter().max_by_key(|partition| partition["offset"].as_i64().unwrap()).unwrap();
    let topic = busiest["topic"].as_str().map(str::to_owned);
    (topic, busiest["partition"].as_i64().unwrap(), busiest["offset"].as_i64().unwrap())
}

fn reset_of((topic, partition): (Option<&str>, i64), to: &Value) -> Value {
    let mut body = json!({"partition": partition, "dryRun": false, "reason": "a test"});
    let fields = body.as_object_mut().unwrap();
    fields.extend(topic.map(|topic| ("topic".to_owned(), json!(topic))));
    fields.extend(to.as_object().unwrap().clone());
    body
}

/// Over either log: the group is at the end, is moved back, reads again, and repeats no effect.
fn check_rewind(shop: &TestShop, settings: &[(String, String)]) {
    let product = shop.product(0, 5);
    buy(shop, product);
    until("every group is at the end", || is_at_the_end(&listed(shop)));
    let sold = || shop.get(ANN, "/api/products/popular?window=all").json()["data"][0]["sold"].clone();
    assert_eq!(sold(), 1);
    let (topic, partition, offset) = busiest(group(&listed(shop), "ranking-group"));

    let number = partition.to_string();
    let mut args = vec!["reset", "ranking-group", "--to-time", "2020-01-01T00:00:00Z", "--partition", &number];
    let dry = groups(shop, settings, &args);
    let said = String::from_utf8(dry.stdout).unwrap();
    assert!(said.contains("repeats 1 event\n") && said.contains("OrderCompleted of ORD-"), "{said}");
    assert!(said.contains("Nothing was moved"), "{said}");
    assert_eq!(busiest(group(&listed(shop), "ranking-group")).2, offset);

    args.extend(["--yes", "--reason", "a test", "--json"]);
    let done = told(&groups(shop, settings, &args));
    assert_eq!((&done["isDone"], &done["partitions"][0]["means"]), (&json!(true), &json!("REPEATS")));
    assert_eq!(done["partitions"][0]["shown"][0]["type"], "OrderCompleted");
    until("it has read again", || busiest(group(&listed(shop), "ranking-group")).2 >= offset);
    buy(shop, product);
    until("counted once", || sold() == 2);

    // An offset that does not exist is refused by name.
    let beyond = reset_of((topic.as_deref(), partition), &json!({"toOffset": 1_000_000}));
    let answer = shop.post(ADMIN, "/api/admin/groups/ranking-group/reset", &beyond);
    assert_eq!((answer.status, answer.json()["errors"][0]["code"].as_str()), (400, Some("out_of_range")));
    let nowhere = json!({"toOffset": 1, "toTime": "2020-01-01T00:00:00Z"});
    assert_eq!(shop.post(ADMIN, "/api/admin/groups/ranking-group/reset", &nowhere).problem(400), "validation.failed");
    let unexplained = json!({"toTime": "2020-01-01T00:00:00Z", "dryRun": false});
    assert_eq!(
        shop.post(ADMIN, "/api/admin/groups/ranking-group/reset", &unexplained).problem(400),
        "validation.failed"
    );
}

#[test]
fn a_group_on_the_own_log_is_moved_back_and_repeats_no_effect() {
    let shop = TestShop::start_with_log();
    check_rewind(&shop, &own_log());
    let committed = groups(&shop, &own_log(), &["reset", "ranking-group", "--to-committed"]);
    assert!(String::from_utf8(committed.stderr).unwrap().contains("name an offset or a time"));
}

/// A repeat of a reset gets the first answer and moves nothing, wherever the group is by then.
#[test]
fn a_repeated_reset_is_answered_as_the_first_time() {
    let shop = TestShop::start_with_log();
    let product = shop.product(0, 5);
    buy(&shop, product);
    until("every group is at the end", || is_at_the_end(&listed(&shop)));
    let place = || busiest(group(&listed(&shop), "ranking-group"));
    let (topic, partition, offset) = place();
    let ask = |key: &str, to: i64| {
        let body = reset_of((topic.as_deref(), partition), &json!({"toOffset": to}));
        shop.ask(ADMIN, "POST", "/api/admin/groups/ranking-group/reset", &[("idempotency-key", key)], &body)
    };
    let again = |key: &str, to: i64| {
        let answer = ask(key, to);
        assert_eq!(answer.header("idempotency-replayed"), Some("true"), "{}", answer.text);
        answer.expect(200)
    };
    let back = ask("back", 1).expect(200);
    assert_eq!((&back["isDone"], &back["partitions"][0]["shown"][0]["type"]), (&json!(true), &json!("OrderCompleted")));
    until("it has read again", || place().2 >= offset);
    assert_eq!(again("back", 1), back);
    assert_eq!(ask("back", 2).problem(422), "idempotency.mismatch");
    // A group that is there already does not move, and a repeat does not move it either.
    until("every group is at the end", || is_at_the_end(&listed(&shop)));
    let end = place().2;
    let nothing = ask("there", end).expect(200);
    assert_eq!((&nothing["isDone"], &nothing["partitions"]), (&json!(false), &json!([])));
    buy(&shop, product);
    until("it is further on", || place().2 > end);
    assert_eq!(again("there", end), nothing);
    assert!(place().2 > end, "it was not moved");
    let moves = shop.get(ADMIN, "/api/admin/trail?action=resetGroup").expect(200);
    assert_eq!(moves["data"].as_array().unwrap().len(), 2, "repeats leave no line");

    // An older version kept only that the group was moved.
    let older = r#"UPDATE idempotency SET answer = '{"kind":"done"}' WHERE answer LIKE '%"groupMoved"%'"#;
    shop.edit().execute_batch(older).unwrap();
    assert_eq!(again("back", 1), json!({"group": "ranking-group", "isDone": true, "partitions": []}));
}

/// The shop is stopped: skipped events were never read, and the command does not read them either.
#[test]
fn skipped_events_are_shown_first_and_never_handled() {
    let mut shop = TestShop::start_with_log();
    buy(&shop, shop.product(0, 5));
    until("every group is at the end", || is_at_the_end(&listed(&shop)));
    let (_, partition, offset) = busiest(group(&listed(&shop), "notice-group"));
    shop.stop();
    let store = shop.edit();
    let told_of = |store: &rusqlite::Connection| -> i64 {
        store.query_row("SELECT count(*) FROM notice", [], |row| row.get(0)).unwrap()
    };
    let notices = told_of(&store);
    assert!(notices > 0);
    // As if the group had not handled the order.
    store.execute("DELETE FROM inbox WHERE consumer_group = 'notice-group'", []).unwrap();
    let back = "UPDATE consumer_offset SET position = 1 WHERE consumer_group = 'notice-group' AND partition = ?1";
    store.execute(back, [partition]).unwrap();
    drop(store);
    let (to, number) = (offset.to_string(), partition.to_string());
    let args = ["reset", "notice-group", "--to-offset", &to, "--partition", &number];
    let said = String::from_utf8(groups(&shop, &own_log(), &args).stdout).unwrap();
    assert!(said.contains("skips ") && said.contains("OrderCompleted of ORD-"), "{said}");
    let sure = [&args[..], &["--yes", "--reason", "it is known by other means", "--json"]].concat();
    let done = told(&groups(&shop, &own_log(), &sure));
    assert_eq!((&done["isDone"], &done["partitions"][0]["means"]), (&json!(true), &json!("SKIPS")));
    assert_eq!(told(&groups(&shop, &own_log(), &sure))["partitions"], json!([]), "it stands there already");
    shop.open();
    until("every group is at the end", || is_at_the_end(&listed(&shop)));
    let store = rusqlite::Connection::open(shop.folder().join("shop.db")).unwrap();
    assert_eq!(told_of(&store), notices);
}

/// The topics on the brokers, also one that no group reads.
fn check_topics(shop: &TestShop) {
    let list = shop.get(ADMIN, "/api/admin/topics").expect(200);
    let found = |name: &str| list["data"].as_array().unwrap().iter().find(|topic| topic["topic"] == name).unwrap();
    let (read, _, _) = busiest(group(&listed(shop), "ranking-group"));
    for (name, is_read) in [(read.unwrap().as_str(), true), ("external-events", false)] {
        let topic = found(name);
        let groups = topic["groups"].as_array().unwrap();
        assert_eq!(groups.iter().any(|group| group == "ranking-group"), is_read, "{topic}");
        let partitions = topic["partitions"].as_array().unwrap();
        let records = |one: &Value| one["end"].as_i64().unwrap() - one["begin"].as_i64().unwrap();
        assert!(partitions.len() == 3 && partitions.iter().map(records).sum::<i64>() > 0, "{topic}");
    }
    let page = visit(shop, &shop.token(ADMIN, Role::Admin), "/admin/messages/topics").text;
    assert!(page.contains("external-events") && !page.contains("There is no broker"), "{page}");
}

#[test]
fn a_group_on_kafka_is_moved_back_and_kafkas_tools_show_it() {
    let Some(settings) = over_kafka("a_group_on_kafka_is_moved_back_and_kafkas_tools_show_it") else { return };
    let mut shop = start(&settings, &[]);
    check_rewind(&shop, &settings);
    until("every group is at the end", || is_at_the_end(&listed(&shop)));
    check_topics(&shop);
    shop.stop();
    // No member is connected, so the command commits the offset to the broker.
    let (topic, partition, offset) = {
        let list = told(&groups(&shop, &settings, &["list", "--json"]));
        busiest(group(&list, "ranking-group"))
    };
    let (topic, number, to) = (topic.unwrap(), partition.to_string(), (offset - 1).to_string());
    let to_offset = ["--to-offset", &to, "--topic", &topic, "--partition", &number];
    let args = [&["reset", "ranking-group"][..], &to_offset, &["--yes", "--reason", "a test", "--json"]].concat();
    assert_eq!(told(&groups(&shop, &settings, &args))["isDone"], true);
    let list = told(&groups(&shop, &settings, &["list", "--json"]));
    let partitions = group(&list, "ranking-group")["partitions"].as_array().unwrap();
    let moved = partitions.iter().find(|of| of["topic"] == *topic && of["partition"] == partition).unwrap();
    assert_eq!(
        (&moved["offset"], &moved["committed"], &moved["lag"]),
        (&json!(offset - 1), &json!(offset - 1), &json!(1))
    );
    let table = String::from_utf8(groups(&shop, &settings, &["list", "--partitions"]).stdout).unwrap();
    assert!(table.contains(&format!("{topic}/{partition}")), "{table}");
    shop.open();
    until("every group is at the end", || is_at_the_end(&listed(&shop)));
}
