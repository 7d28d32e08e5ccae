//! `doorbuster move`: a shop goes to a database and back, also over `kill -9`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::shared::Database;
use crate::shop::{ADMIN, ANN, BOB, SECRET, TestShop};

/// Receivers on this machine.
const SETTINGS: [(&str, &str); 1] = [("DOORBUSTER__WEBHOOKS__ALLOW_PRIVATE", "true")];
/// Tables of a folder that hold what a database has in others, or that a step of its own translates.
const TRANSLATED: [&str; 6] =
    ["event_row", "event_kind", "order_event_run", "customer_coupon", "consumer_offset", "meta"];

fn doorbuster(args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(args).arg("--data-dir").arg(folder).env("DOORBUSTER_AUTH_SECRET", SECRET);
    command
}

#[track_caller]
fn moved(args: &[&str], folder: &Path) -> Value {
    let output = doorbuster(args, folder).arg("--json").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn tables(store: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'refinery_schema_history'";
    let mut tables = store.prepare(sql).unwrap();
    tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// A customer's row without the coupons.
const CUSTOMERS: &str =
    "user_id, last_order_id, last_coupon_id, last_entry_id, last_notice_id, notices, created_at, points";

/// Everything in a folder's store, table by table. Kinds of event may have other numbers, an order's
/// events fewer runs, and a customer's coupons may be in the row or in a table of their own: the audit compares these.
fn contents(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let store = Connection::open_with_flags(folder.join("shop.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let names = tables(&store)
        .into_iter()
        .filter(|name| !["event_row", "event_kind", "customer_coupon", "order_event_run"].contains(&name.as_str()));
    let read = |name: String| {
        let columns = if name == "customer" { CUSTOMERS } else { "*" };
        let mut rows = store.prepare(&format!("SELECT {columns} FROM \"{name}\"")).unwrap();
        let columns = rows.column_count();
        let rows = rows.query_map([], |row| {
            let cells: Vec<Cell> = (0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?;
            Ok(format!("{cells:?}"))
        });
        let mut rows: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
        rows.sort();
        (name, rows)
    };
    names.chain(["event".to_owned()]).map(read).collect()
}

fn order(shop: &TestShop, user: i64, product: i64) -> String {
    let wanted = json!({"items": [{"productId": product, "quantity": 1}]});
    shop.order(user, &wanted).expect(200)["orderNumber"].as_str().unwrap().to_owned()
}

/// A shop with something in most tables; returns a product and a paid order.
fn fill(shop: &TestShop, orders: usize) -> (i64, String) {
    let endpoint = json!({"url": "http://127.0.0.1:9/", "eventTypes": ["coupon.issued"]});
    shop.post(ADMIN, "/api/admin/webhooks", &endpoint).expect(201);
    let (product, dear) = (shop.product(0, 100_000), shop.product(8_000, 1_000));
    let campaigns = [1, 2].map(|_| shop.campaign(1_000, &json!({"maxIssuePerUser": 100})));
    // More than fit into a customer's row.
    for number in 0..180 {
        shop.post(ANN, &format!("/api/coupons/{}/issue", campaigns[number % 2]), &Value::Null).expect(201);
    }
    let campaign = campaigns[0];
    shop.post(BOB, &format!("/api/coupons/{campaign}/issue"), &Value::Null).expect(201);
    shop.charge(BOB, 50_000);
    for number in 0..orders {
        order(shop, if number % 3 == 0 { ANN } else { BOB }, product);
    }
    let paid = order(shop, ANN, dear);
    assert_eq!(shop.pay(ANN, &paid, 10).expect(200)["status"], "COMPLETED");
    order(shop, BOB, dear);
    placed_until(shop, orders as i64 + 2);
    (product, paid)
}

fn placed(shop: &TestShop) -> i64 {
    shop.get(ADMIN, "/api/admin/statistics/orders").expect(200)["totals"]["placed"].as_i64().unwrap()
}

#[track_caller]
fn placed_until(shop: &TestShop, wanted: i64) {
    for _attempt in 0..1_200 {
        if placed(shop) == wanted {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    assert_eq!(placed(shop), wanted);
}

#[test]
fn a_moved_shop_comes_back_as_it_was() {
    let Some(database) = Database::new("a_moved_shop_comes_back_as_it_was") else { return };
    let mut shop = TestShop::start_with(&SETTINGS);
    let (product, paid) = fill(&shop, 200);
    let busy = doorbuster(&["move", "--to", &database.url(), "--json"], shop.folder()).output().unwrap();
    assert!(message(&busy).contains("folder.served"), "{busy:?}");
    shop.stop();
    let before = contents(shop.folder());
    for table in ["coupon", "webhook_delivery", "statistic", "payment"] {
        assert!(!before[table].is_empty(), "{table}");
    }
    let report = moved(&["move", "--to", &database.url()], shop.folder());
    assert_eq!((&report["resumed"], &report["audit"]["violations"]), (&json!(false), &json!(0)), "{report}");
    let copied = report["tables"].as_object().unwrap();
    for table in before.keys().filter(|table| !TRANSLATED.contains(&table.as_str())) {
        assert_eq!(copied[table], before[table].len(), "{table}");
    }
    assert_eq!(contents(shop.folder()), before, "the source is as it was");
    let again = doorbuster(&["move", "--to", &database.url(), "--json"], shop.folder()).output().unwrap();
    assert!(message(&again).contains("is not empty"), "{again:?}");
    let back = std::env::temp_dir().join(format!("doorbuster-moved-back-{}", std::process::id()));
    moved(&["move", "--from", &database.url()], &back);
    let after = contents(&back);
    for (table, rows) in &before {
        assert_eq!(&after[table], rows, "{table}");
    }
    fs::remove_dir_all(back).unwrap();
    // The database is served, and its provider knows the payment.
    let old = shop.folder().with_extension("old");
    fs::rename(shop.folder(), &old).unwrap();
    shop.set("DATABASE_URL", &database.url());
    shop.open();
    placed_until(&shop, 202);
    shop.post(ANN, &format!("/api/orders/{paid}/refund"), &json!({}));
    let refunded = order(&shop, BOB, product);
    placed_until(&shop, 203);
    shop.stop();
    fs::remove_dir_all(shop.folder()).unwrap();
    moved(&["move", "--from", &database.url()], shop.folder());
    shop.set("DATABASE_URL", "");
    shop.open();
    assert_eq!(shop.get(BOB, &format!("/api/orders/{refunded}")).expect(200)["outcome"], "COMPLETED");
    shop.payment_until("REFUNDED");
    order(&shop, ANN, product);
    placed_until(&shop, 204);
    fs::remove_dir_all(old).unwrap();
    // Dropping the shop audits it.
}

/// Few of its shards have events, and the database was never served.
#[test]
fn a_young_shop_moves_there_and_back_without_being_served() {
    let Some(database) = Database::new("a_young_shop_moves_there_and_back_without_being_served") else { return };
    let mut shop = TestShop::start_with(&SETTINGS);
    let product = shop.product(1_000, 5);
    order(&shop, ANN, product);
    placed_until(&shop, 1);
    shop.stop();
    moved(&["move", "--to", &database.url()], shop.folder());
    let back = std::env::temp_dir().join(format!("doorbuster-young-back-{}", std::process::id()));
    moved(&["move", "--from", &database.url()], &back);
    assert_eq!(contents(&back)["event"], contents(shop.folder())["event"]);
    for entry in fs::read_dir(&back).unwrap() {
        let entry = entry.unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "{entry:?}");
    }
    fs::remove_dir_all(back).unwrap();
}

/// Returns whether the command ended by itself.
fn ends_within(mut command: Command, pause: Duration) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // How far the command comes is what differs between the rounds.
    std::thread::sleep(pause);
    let has_ended = child.try_wait().unwrap().is_some();
    let _ = child.kill();
    let ended = child.wait_with_output().unwrap();
    assert!(!has_ended || ended.status.success(), "{ended:?}");
    has_ended
}

#[test]
fn a_killed_move_goes_on_where_it_was_in_either_direction() {
    let Some(database) = Database::new("a_killed_move_goes_on_where_it_was_in_either_direction") else { return };
    let mut shop = TestShop::start_with(&SETTINGS);
    fill(&shop, 400);
    shop.stop();
    let before = contents(shop.folder());
    let url = database.url();
    let mut pause = Duration::from_millis(200);
    let mut is_refused = false;
    while !ends_within(doorbuster(&["move", "--to", &url], shop.folder()), pause) {
        assert_eq!(contents(shop.folder()), before, "the source is as it was after {pause:?}");
        let audit = doorbuster(&["audit", "--json"], shop.folder()).env("DATABASE_URL", &url).output().unwrap();
        is_refused |= message(&audit).contains("was interrupted");
        if audit.status.success() {
            // It was killed when everything was there.
            break;
        }
        pause = pause * 3 / 2;
    }
    assert!(is_refused, "half of a shop is not read");
    let back = std::env::temp_dir().join(format!("doorbuster-killed-back-{}", std::process::id()));
    (pause, is_refused) = (Duration::from_millis(100), false);
    while !ends_within(doorbuster(&["move", "--from", &url], &back), pause) {
        if back.join("shop.db").exists() {
            let audit = doorbuster(&["audit", "--json"], &back).output().unwrap();
            is_refused |= message(&audit).contains("was interrupted");
            if audit.status.success() {
                break;
            }
        }
        pause += Duration::from_millis(4);
    }
    assert!(is_refused, "half of a shop is not read");
    let after = contents(&back);
    for (table, rows) in &before {
        assert_eq!(&after[table], rows, "{table}");
    }
    fs::remove_dir_all(back).unwrap();
}

#[test]
fn a_database_in_use_or_with_tables_is_refused() {
    let Some(database) = Database::new("a_database_in_use_or_with_tables_is_refused") else { return };
    let mut shop = TestShop::start();
    order(&shop, ANN, shop.product(0, 10));
    shop.stop();
    let _made: Vec<i64> = database.ask("CREATE TABLE mine (id BIGINT)");
    let refused = doorbuster(&["move", "--to", &database.url()], shop.folder()).output().unwrap();
    assert!(message(&refused).contains("is not empty"), "{refused:?}");
    let _gone: Vec<i64> = database.ask("DROP TABLE mine");
    let served = database.shop();
    order(&served, ANN, served.product(0, 10));
    let target = std::env::temp_dir().join(format!("doorbuster-in-use-{}", std::process::id()));
    let refused = doorbuster(&["move", "--from", &database.url()], &target).output().unwrap();
    assert!(message(&refused).contains("other connections use the database"), "{refused:?}");
    let both = doorbuster(&["move", "--from", "mysql://x/y", "--to", "mysql://x/y"], &target).output().unwrap();
    assert_eq!(both.status.code(), Some(2));
    let neither = doorbuster(&["move", "--json"], &target).output().unwrap();
    assert_eq!(neither.status.code(), Some(2));
    let _ = fs::remove_dir_all(target);
}
