//! Secrets of webhooks at rest: encrypted where a key is set, over rotations, lost keys, backups and moves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::hook_receiver::HookReceiver;
use crate::paying::read_only;
use crate::shared::Database;
use crate::shop::{ADMIN, SECRET, TestShop};
use crate::webhooks::verify;

const HOOKS: &str = "/api/admin/webhooks";
const KEYS: &str = "DOORBUSTER_WEBHOOK_SECRET_KEYS";
const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NEW: &str = "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f";
/// Known texts, so that they can be searched for.
const FIRST: &str = "whsec_firstPLANTEDsecretOfTheWebhookAAAAAAAAAA";
const SECOND: &str = "whsec_secondPLANTEDsecretOfTheWebhookAAAAAAAAA";
const LOCAL: [(&str, &str); 2] =
    [("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true"), ("DOORBUSTER__WEBHOOKS__PROFILE", "source")];

fn shop(database: Option<&Database>, keys: &str) -> TestShop {
    let url = database.map(Database::url);
    let settings = url.iter().map(|url| ("DATABASE_URL", url.as_str())).chain(LOCAL).chain([(KEYS, keys)]);
    TestShop::start_with(&settings.collect::<Vec<_>>())
}

/// Starts the process again with these keys.
fn reopen(shop: &mut TestShop, keys: &str) {
    shop.stop();
    shop.set(KEYS, keys);
    shop.open();
}

/// Creates an endpoint under an idempotency key, whose answer the store keeps.
fn create(shop: &TestShop, url: &str) -> Value {
    let body = json!({"url": url, "secret": FIRST});
    shop.ask(ADMIN, "POST", HOOKS, &[("idempotency-key", "made")], &body).expect(201)
}

fn rotate(shop: &TestShop, webhook: &Value, secret: &str) -> Value {
    shop.post(ADMIN, &format!("{HOOKS}/{webhook}/secret/rotate"), &json!({"secret": secret})).expect(200)
}

fn send_test(shop: &TestShop, webhook: &Value) {
    shop.post(ADMIN, &format!("{HOOKS}/{webhook}/test"), &json!({})).expect(202);
}

/// The secret as the store has it.
fn stored(shop: &TestShop, database: Option<&Database>) -> String {
    let sql = "SELECT secret FROM webhook";
    match database {
        Some(database) => database.ask::<String>(sql).remove(0),
        None => read_only(shop, "shop.db").query_row(sql, [], |row| row.get(0)).unwrap(),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    found.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Every file of a folder.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    files(folder).iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// Returns the names of what contains a planted secret, as text or as bytes.
fn planted_in(contents: Vec<(String, Vec<u8>)>) -> Vec<String> {
    let planted = [FIRST, SECOND].map(|secret| STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap());
    let has = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    let shows = |bytes: &[u8]| has(bytes, b"PLANTEDsecret") || planted.iter().any(|secret| has(bytes, secret));
    contents.into_iter().filter(|(_, bytes)| shows(bytes)).map(|(name, _)| name).collect()
}

/// Returns the files of the folder and the tables of the database that contain a planted secret.
fn found_in(shop: &TestShop, database: Option<&Database>) -> Vec<String> {
    let mut contents = contents(shop.folder());
    for (table, columns) in database.map(columns).unwrap_or_default() {
        let sql = format!("SELECT CONCAT_WS(' ', {columns}) FROM `{table}`");
        let rows: Vec<Option<Vec<u8>>> = database.map(|database| database.ask(&sql)).unwrap_or_default();
        contents.push((table, rows.into_iter().flatten().flatten().collect()));
    }
    planted_in(contents)
}

/// Every table of the database, with its columns.
fn columns(database: &Database) -> Vec<(String, String)> {
    let sql = "SELECT table_name, GROUP_CONCAT(CONCAT('`', column_name, '`')) FROM information_schema.columns \
               WHERE table_schema = DATABASE() GROUP BY table_name";
    database.ask(sql)
}

fn doctor(shop: &TestShop) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(["doctor", "--json", "--data-dir"]).arg(shop.folder()).envs(shop.settings());
    let output = command.output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    found["checks"].as_array().unwrap().iter().find(|check| check["check"] == "webhook secrets").unwrap().clone()
}

fn now_us() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_micros()).unwrap()
}

fn check(database: Option<&Database>) {
    let receiver = HookReceiver::start(&[204]);
    // Without a key the secret is found, so the search can find it.
    let mut shop = shop(database, "");
    let created = create(&shop, &receiver.url());
    let webhook = &created["webhookId"];
    assert_eq!((&created["secret"], stored(&shop, database).as_str()), (&json!(FIRST), FIRST));
    assert!(!found_in(&shop, database).is_empty());
    assert!(doctor(&shop)["detail"].as_str().unwrap().contains("plain text"));

    // A key encrypts what was plain.
    reopen(&mut shop, OLD);
    crate::brokers::until("the secret is encrypted", || stored(&shop, database).starts_with("sealed:"));
    let path = format!("{HOOKS}/{webhook}/secret");
    assert_eq!(shop.get(ADMIN, &path).expect(200)["secret"], FIRST);
    let again = create(&shop, &receiver.url());
    assert_eq!(again, created, "an answer from before is repeated");
    send_test(&shop, webhook);
    verify(&receiver.next(), FIRST);
    let sealed = stored(&shop, database);
    assert_eq!(rotate(&shop, webhook, SECOND)["secret"], SECOND);
    send_test(&shop, webhook);
    let delivered = receiver.next();
    [FIRST, SECOND].iter().for_each(|secret| verify(&delivered, secret));

    // Another key alone reads nothing: deliveries wait, and nothing else does.
    reopen(&mut shop, NEW);
    let id = sealed.split(':').nth(1).unwrap().to_owned();
    let refused = shop.get(ADMIN, &path);
    assert_eq!(refused.problem(503), "unavailable");
    assert!(refused.json()["detail"].as_str().unwrap().contains(&id), "{}", refused.text);
    send_test(&shop, webhook);
    shop.metrics_until("doorbuster_webhook_oldest_due_seconds 1");
    assert_eq!(receiver.drain(), 0);
    let found = doctor(&shop);
    assert_eq!(found["status"], "found");
    assert!(found["detail"].as_str().unwrap().contains(&id), "{found}");

    // With both keys, the delivery leaves, and the newest key encrypts.
    reopen(&mut shop, &format!("{NEW},{OLD}"));
    let delivered = receiver.next();
    [FIRST, SECOND].iter().for_each(|secret| verify(&delivered, secret));
    crate::brokers::until("the newest key counts", || !stored(&shop, database).contains(&id));
    assert_eq!(doctor(&shop)["status"], "ok");
    reopen(&mut shop, NEW);
    assert_eq!(shop.get(ADMIN, &path).expect(200)["secret"], SECOND);
    // Without its key, the previous secret signs nothing after a rotation; with it, it does.
    let ends_at_once = |rotated: &Value| {
        let until = app::events::wire_time::parse(rotated["previousValidUntil"].as_str().unwrap()).unwrap();
        until.micros() <= now_us() + 60_000_000
    };
    assert!(!ends_at_once(&rotate(&shop, webhook, FIRST)));
    reopen(&mut shop, OLD);
    assert!(ends_at_once(&rotate(&shop, webhook, SECOND)));
    // What is removed keeps no secret.
    assert_eq!(shop.ask(ADMIN, "DELETE", &format!("{HOOKS}/{webhook}"), &[], &Value::Null).status, 204);
    assert_eq!(stored(&shop, database), "");
}

#[test]
fn secrets_are_encrypted_by_the_newest_key_and_wait_for_a_lost_one() {
    check(None);
}

#[test]
fn secrets_of_a_shared_store_are_encrypted_by_the_newest_key() {
    let Some(database) = Database::new("secrets_of_a_shared_store_are_encrypted_by_the_newest_key") else { return };
    check(Some(&database));
}

/// Everything that a shop writes while a key is set.
fn nothing_is_written_in_plain_text(database: Option<&Database>) {
    let receiver = HookReceiver::start(&[500, 204]);
    let mut shop = shop(database, OLD);
    let created = create(&shop, &receiver.url());
    let webhook = &created["webhookId"];
    rotate(&shop, webhook, SECOND);
    let change = json!({"description": "books"});
    let path = format!("{HOOKS}/{webhook}");
    shop.ask(ADMIN, "PATCH", &path, &[("idempotency-key", "changed")], &change).expect(200);
    send_test(&shop, webhook);
    verify(&receiver.next(), SECOND);
    assert_eq!(found_in(&shop, database), Vec::<String>::new(), "while it runs");
    shop.kill();
    assert_eq!(found_in(&shop, database), Vec::<String>::new(), "after kill -9");
    shop.open();
    verify(&receiver.next(), SECOND);
    shop.stop();
    assert_eq!(found_in(&shop, database), Vec::<String>::new(), "after the end");
}

#[test]
fn no_file_of_the_store_has_a_planted_secret() {
    nothing_is_written_in_plain_text(None);
}

#[test]
fn no_table_of_a_shared_store_has_a_planted_secret() {
    let Some(database) = Database::new("no_table_of_a_shared_store_has_a_planted_secret") else { return };
    nothing_is_written_in_plain_text(Some(&database));
}

fn doorbuster(arguments: &[&str], folder: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(arguments).arg("--data-dir").arg(folder).env("DOORBUSTER_AUTH_SECRET", SECRET);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn backups_and_moves_carry_the_encrypted_form() {
    let receiver = HookReceiver::start(&[204]);
    let mut shop = shop(None, OLD);
    let webhook = create(&shop, &receiver.url())["webhookId"].clone();
    let sealed = stored(&shop, None);
    shop.stop();
    let scratch = std::env::temp_dir().join(format!("doorbuster-sealed-{}", std::process::id()));
    fs::create_dir_all(&scratch).unwrap();
    let (backup, restored) = (scratch.join("shop.backup"), scratch.join("restored"));
    doorbuster(&["backup", backup.to_str().unwrap()], shop.folder());
    doorbuster(&["restore", backup.to_str().unwrap()], &restored);
    let copy = rusqlite::Connection::open(restored.join("shop.db")).unwrap();
    assert_eq!(copy.query_row("SELECT secret FROM webhook", [], |row| row.get::<_, String>(0)).unwrap(), sealed);
    drop(copy);
    assert_eq!(planted_in(contents(&scratch)), Vec::<String>::new(), "also not in the backup");
    fs::remove_dir_all(&scratch).unwrap();

    let Some(database) = Database::new("backups_and_moves_carry_the_encrypted_form") else { return };
    doorbuster(&["move", "--to", &database.url()], shop.folder());
    fs::remove_dir_all(shop.abandon()).unwrap();
    assert_eq!(database.ask::<String>("SELECT secret FROM webhook"), [sealed]);
    let moved = self::shop(Some(&database), OLD);
    assert_eq!(moved.get(ADMIN, &format!("{HOOKS}/{webhook}/secret")).expect(200)["secret"], FIRST);
    assert_eq!(found_in(&moved, Some(&database)), Vec::<String>::new());
}

#[test]
fn keys_come_from_a_file_and_wrong_ones_stop_the_start_without_being_shown() {
    let folder = std::env::temp_dir().join(format!("doorbuster-keys-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (good, file) = (folder.join("keys"), format!("{KEYS}_FILE"));
    fs::write(&good, format!("{OLD}\n")).unwrap();
    let shop = TestShop::start_with(&[(&file, good.to_str().unwrap())]);
    create(&shop, "https://example.com/hooks");
    assert!(stored(&shop, None).starts_with("sealed:"));
    let refused = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
        command.args(["config", "--data-dir"]).arg(&folder).envs(variables.iter().copied());
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(KEYS) && !said.contains(&OLD[8..40]), "{said}");
    };
    refused(&[(KEYS, &OLD[2..])]);
    refused(&[(KEYS, &OLD.replace("1f", "xy"))]);
    refused(&[(KEYS, OLD), (&file, good.to_str().unwrap())]);
    refused(&[(&file, "/nowhere/keys")]);
    // Its audit reads the file again.
    drop(shop);
    fs::remove_dir_all(&folder).unwrap();
}
