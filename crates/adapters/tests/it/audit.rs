//! The audit of a real store: clean at every moment of both executors, beside its writer and after a kill; and each
//! fact that is falsified with SQL is found.

mod archive;
mod damaged;
mod shop;

use std::fs;
use std::path::Path;

use adapters::sqlite::{self, DATABASE_FILE, OpenError, SqliteSnapshot};
use app::audit::{self, Audit};
use app::commands::Command;
use app::state::settings::Executor;
use domain::ids::UserId;
use domain::money::Money;
use rusqlite::Connection;

use shop::{Home, NOON, Shop, assert_clean, audit_of};

use crate::database::Database;

/// The laws of what these shops lack: a gate beside the store (7), trailing groups, which send webhooks (17) and count (22),
/// and drops (23).
const WITHOUT_SUBJECT: [u8; 4] = [7, 17, 22, 23];

#[test]
fn the_laws_hold_after_every_commit_of_both_executors() {
    for executor in [Executor::Inline, Executor::Log] {
        let mut shop = Shop::open(executor).watched();
        shop.sell_everything();
        shop.leave_orders_waiting();
        let audit = audit_of(shop.folder());
        assert!(audit.laws.iter().all(|law| law.checked > 0 || WITHOUT_SUBJECT.contains(&law.law)), "{audit:#?}");
        shop.quiet();
    }
}

#[test]
fn the_laws_hold_on_a_shared_store_under_both_executors() {
    for executor in [Executor::Inline, Executor::Log] {
        let Some(database) = Database::new("the_laws_hold_on_a_shared_store_under_both_executors") else { return };
        let mut shop = Shop::reopen(Home::Shared(database), executor);
        shop.sell_everything();
        shop.leave_orders_waiting();
        let audit = shop.home.audit();
        assert!(audit.laws.iter().all(|law| law.checked > 0 || WITHOUT_SUBJECT.contains(&law.law)), "{audit:#?}");
        assert_clean(&audit);
        shop.quiet();
        assert_clean(&shop.home.audit());
        let Home::Shared(database) = &shop.home else { panic!("it is shared") };
        let missed = "DELETE FROM inbox WHERE event_id = (SELECT id FROM event WHERE type = 'CouponIssued' LIMIT 1)";
        assert_eq!(database.execute(missed) > 0, executor == Executor::Log, "inline reactions need no inbox");
        assert_eq!(broken(&shop.home.audit()).is_empty(), executor == Executor::Inline, "law 16 misses it");
    }
}

/// The laws that must notice, how a shared store is falsified, and how that is reverted.
const FALSIFIED_SHARED: &[(&[u8], &str, &str)] = &[
    (
        &[1],
        "UPDATE product SET sold = sold + 1, on_hand = on_hand - 1 WHERE product_id = 1",
        "UPDATE product SET sold = sold - 1, on_hand = on_hand + 1 WHERE product_id = 1",
    ),
    (
        &[4],
        "UPDATE campaign SET issued = issued - 1 WHERE campaign_id = 1",
        "UPDATE campaign SET issued = issued + 1 WHERE campaign_id = 1",
    ),
    (
        &[8],
        "UPDATE campaign SET discount_value = discount_value + 1",
        "UPDATE campaign SET discount_value = discount_value - 1",
    ),
    (
        &[9],
        "UPDATE points_account SET balance = balance + 1 WHERE user_id = 1",
        "UPDATE points_account SET balance = balance - 1 WHERE user_id = 1",
    ),
    (&[11], "UPDATE orders SET version = version + 1", "UPDATE orders SET version = version - 1"),
    (
        &[16],
        "INSERT INTO inbox (consumer_group, event_id, taken_at) VALUES ('notice-group', 'no event', 1)",
        "DELETE FROM inbox WHERE event_id = 'no event'",
    ),
    (&[19], "UPDATE notice SET number = 77 WHERE number = 2", "UPDATE notice SET number = 2 WHERE number = 77"),
    (
        &[20],
        "UPDATE product SET status = 'LOST' WHERE product_id = 3",
        "UPDATE product SET status = 'ON_SALE' WHERE product_id = 3",
    ),
    (
        &[20],
        "UPDATE event SET id = REVERSE(id) WHERE position = 5",
        "UPDATE event SET id = REVERSE(id) WHERE position = 5",
    ),
    (
        &[20],
        "UPDATE event SET cause = CONCAT(cause, '1'), topic = CONCAT(topic, '1') WHERE position = 5",
        "UPDATE event SET cause = TRIM(TRAILING '1' FROM cause), topic = TRIM(TRAILING '1' FROM topic) WHERE position = 5",
    ),
    (
        &[20],
        "UPDATE event SET aggregateid = CONCAT(aggregateid, 'x') WHERE type = 'ProductRegistered'",
        "UPDATE event SET aggregateid = TRIM(TRAILING 'x' FROM aggregateid) WHERE type = 'ProductRegistered'",
    ),
    (
        &[20],
        "UPDATE event SET occurred_at = occurred_at - 86400000000 WHERE type = 'ProductRegistered'",
        "UPDATE event SET occurred_at = occurred_at + 86400000000 WHERE type = 'ProductRegistered'",
    ),
];

#[test]
fn facts_that_are_falsified_in_a_shared_store_are_found() {
    let Some(database) = Database::new("facts_that_are_falsified_in_a_shared_store_are_found") else { return };
    let mut shop = Shop::reopen(Home::Shared(database), Executor::Inline);
    shop.sell_everything();
    shop.ask(Command::RegisterProduct { name: "unsold".into(), price: Money::won(1), stock: 0, details: None });
    let home = shop.close();
    let Home::Shared(database) = &home else { panic!("it is shared") };
    for (laws, falsify, take_back) in FALSIFIED_SHARED {
        assert!(database.execute(falsify) > 0, "nothing to falsify: {falsify}");
        assert_eq!(broken(&home.audit()), *laws, "{falsify}");
        database.execute(take_back);
    }
    assert_clean(&home.audit());
}

/// With a broker, the store does not know the events' offsets. A later event of a key that a group took in shows what
/// it missed.
#[test]
fn an_event_that_a_group_missed_is_found_under_every_carrier() {
    let missed =
        "DELETE FROM inbox WHERE consumer_group = 'notice-group' AND event_id = (SELECT id FROM event AS missed
         WHERE type = 'OrderCompleted' AND EXISTS (SELECT 1 FROM event AS later WHERE later.type = 'OrderCompleted'
             AND later.event_key = missed.event_key AND later.seq > missed.seq) LIMIT 1)";
    let carried = "DELETE FROM consumer_offset; DELETE FROM offset_skip; INSERT INTO meta (name, value) VALUES ('executor', 'broker')
         ON CONFLICT DO UPDATE SET value = excluded.value";
    let mut shop = Shop::open(Executor::Log);
    shop.sell_everything();
    for _again in 0..2 {
        shop.order(shop::order(UserId(5), &[(1, 1)]));
    }
    shop.quiet();
    for before in ["UPDATE meta SET value = value", carried] {
        let copy = copy_of(shop.folder());
        let database = database(copy.path());
        database.execute_batch(before).unwrap();
        assert_clean(&audit_of(copy.path()));
        assert_eq!(database.execute(missed, []), Ok(1));
        assert_eq!(broken(&audit_of(copy.path())), [16], "{before}");
        // An offset may be moved by hand, if the skip is recorded.
        database
            .execute_batch(
                "INSERT INTO offset_skip SELECT NULL, 'notice-group', '', shard, 0, seq + 1, 0 FROM outbox_shard;
                 INSERT INTO offset_skip VALUES (NULL, 'notice-group', 'order-events', 0, 0, 1, 9000000000000000)",
            )
            .unwrap();
        assert_clean(&audit_of(copy.path()));
    }
}

#[test]
fn a_killed_store_is_audited_as_it_was_left() {
    let mut shop = Shop::open(Executor::Log);
    shop.sell_everything();
    shop.leave_orders_waiting();
    let killed = copy_of(shop.folder());
    let before = files(killed.path());
    assert_clean(&audit_of(killed.path()));
    for (name, content) in before {
        if !name.ends_with("-shm") {
            assert_eq!(fs::read(killed.path().join(&name)).unwrap(), content, "{name} was changed");
        }
    }
}

#[test]
fn a_stopped_store_is_audited_and_opens_again() {
    let mut shop = Shop::open(Executor::Inline);
    shop.sell_everything();
    let stopped = shop.close();
    let before = fs::read(stopped.folder().join(DATABASE_FILE)).unwrap();
    assert_clean(&audit_of(stopped.folder()));
    assert_eq!(fs::read(stopped.folder().join(DATABASE_FILE)).unwrap(), before);
    let mut shop = Shop::reopen(stopped, Executor::Inline);
    shop.order(shop::order(UserId(5), &[(1, 1)]));
    assert_clean(&audit_of(shop.folder()));
}

#[test]
fn an_audit_sees_one_moment_while_the_shop_runs() {
    let mut shop = Shop::open(Executor::Inline);
    shop.sell_everything();
    let mut snapshot = SqliteSnapshot::open(shop.folder()).unwrap();
    let before = audit::audit(&mut snapshot, NOON).unwrap();
    shop.order(shop::order(UserId(5), &[(1, 1)]));
    assert_eq!(audit::audit(&mut snapshot, NOON).unwrap(), before);
    assert_ne!(audit_of(shop.folder()), before);
}

#[test]
fn a_folder_without_a_shop_is_not_audited() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(SqliteSnapshot::open(empty.path()), Err(OpenError::NoShop(_))));
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

/// The laws that must notice, and how the store is falsified. A falsified event also breaks the chain.
const FALSIFIED: &[(&[u8], &str)] = &[
    (&[1], "UPDATE product SET sold = sold + 1, on_hand = on_hand - 1 WHERE product_id = 1"),
    (&[1], "UPDATE product SET reserved = reserved + 1 WHERE product_id = 1"),
    (&[1], "DELETE FROM stock_receipt WHERE receipt_id = 1"),
    (&[2], "DELETE FROM timer WHERE kind = 'CLAIMS'"),
    (&[2], "DELETE FROM timer WHERE kind = 'RESTORATIONS'"),
    (&[2], "DELETE FROM claim WHERE order_id = (SELECT order_id FROM orders WHERE outcome = 'AWAITING_PAYMENT')"),
    (
        &[2],
        "INSERT INTO claim SELECT order_id, 'STOCK', 1, 'RELEASED', NULL FROM orders
            WHERE outcome = 'CANCELLED' LIMIT 1",
    ),
    (&[3, 20], r#"UPDATE event_row SET payload = replace(payload, '"qty":', '"qty":1') WHERE position IN (SELECT position FROM event WHERE type = 'OrderCompleted')"#),
    (&[16], "INSERT INTO inbox VALUES ('notice-group', 'no event', 1)"),
    (&[16], "DELETE FROM inbox WHERE event_id = (SELECT id FROM event WHERE type = 'CouponIssued' LIMIT 1)"),
    (
        &[16],
        "DELETE FROM inbox WHERE consumer_group = 'ranking-group' AND event_id = (SELECT id FROM event WHERE type = 'OrderCompleted' LIMIT 1)",
    ),
    (&[4], "UPDATE campaign SET issued = issued - 1 WHERE campaign_id = 1"),
    (&[4], "UPDATE campaign SET issue_per_user_max = 0 WHERE campaign_id = 1"),
    (&[5], "UPDATE coupon_request SET user_id = 77 WHERE result_code = 'SUCCESS' AND campaign_id = 2"),
    (&[5], "UPDATE coupon_request SET status = 'FAILED' WHERE request_id = 1"),
    (
        &[5],
        "UPDATE coupon_request SET result_code = 'EXPIRED'
            WHERE result_code = 'ALREADY_ISSUED' AND campaign_id = 1",
    ),
    (&[5], "UPDATE coupon_request SET created_at = 0 WHERE status = 'PENDING'"),
    (&[6], "UPDATE coupon_request SET quantity = 9 WHERE result_code = 'OUT_OF_STOCK' AND campaign_id = 2"),
    (&[6], "UPDATE coupon_request SET quantity = 3 WHERE result_code = 'OUT_OF_STOCK' AND campaign_id = 2"),
    (&[8], "UPDATE coupon SET used_order_id = NULL"),
    (
        &[8],
        "UPDATE coupon SET used_order_id = (SELECT order_id FROM orders WHERE outcome = 'CANCELLED' LIMIT 1)
         WHERE used_order_id IS NULL",
    ),
    (&[8], "UPDATE campaign SET discount_value = discount_value + 1"),
    (&[9], "UPDATE customer SET points = points + 1 WHERE user_id = 1"),
    (&[9], "UPDATE customer SET points = NULL WHERE user_id = 2"),
    (&[9], "UPDATE points_entry SET amount = amount + 1 WHERE entry_id = 1"),
    (&[9], "UPDATE points_entry SET order_id = NULL WHERE kind = 'RESTORED'"),
    (&[10], "UPDATE payment SET captured = captured - 1 WHERE state = 'CAPTURED'"),
    (&[10], "UPDATE payment SET refunded = 0 WHERE state = 'REFUNDED'"),
    (&[10], "DELETE FROM payment WHERE state = 'CAPTURED'"),
    (&[14], "DELETE FROM shipment"),
    (&[14], "UPDATE shipment SET state = 'DELIVERED'"),
    (&[11], "UPDATE orders SET updated_at = updated_at + 1 WHERE outcome = 'COMPLETED'"),
    (&[11], "UPDATE orders SET version = version + 1"),
    (&[11], "UPDATE order_line SET name = 'table' WHERE order_id = 1"),
    (&[9, 11, 18, 19], "DELETE FROM orders WHERE outcome = 'CANCELLED'"),
    (
        &[11, 12, 15, 20],
        "INSERT INTO event_row
            SELECT NULL, kind, id, aggregateid, payload, event_key, shard, seq + 1000, order_id, version + 1, occurred_at, traceparent
            FROM event_row WHERE position IN (SELECT position FROM event WHERE type = 'OrderCancelled');
         INSERT INTO order_event_run
            SELECT order_id, max(position), max(position) FROM event WHERE type = 'OrderCancelled' GROUP BY order_id",
    ),
    (&[20], "UPDATE event_row SET order_id = order_id + 1 WHERE position IN (SELECT position FROM event WHERE type = 'StockDeductionCompleted')"),
    (&[20], "UPDATE customer SET coupons = '' WHERE coupons <> ''"),
    (&[20], "UPDATE customer SET coupons = coupons || ' 1.2=9' WHERE coupons <> ''"),
    (
        &[13, 20],
        r#"UPDATE event_row SET payload = replace(payload, '{"step":"POINT"},{"step":"COUPON"}',
            '{"step":"COUPON"},{"step":"POINT"}') WHERE position IN (SELECT position FROM event WHERE type = 'CompensationRequired')"#,
    ),
    (
        &[18],
        "INSERT INTO idempotency (key, fingerprint, answer, answered_at)
          SELECT zeroblob(32), fingerprint, answer, answered_at FROM idempotency
            WHERE answer LIKE '%orderPlaced%' LIMIT 1",
    ),
    (&[18], "UPDATE idempotency SET answer = replace(answer, 'UC-', 'UC-X') WHERE answer LIKE '%couponIssued%'"),
    (&[18], "UPDATE idempotency SET answer = replace(answer, 'ORD-', 'ORD-X') WHERE answer LIKE '%orderPlaced%'"),
    (&[19], "DELETE FROM notice WHERE number = 2"),
    (&[19], "UPDATE orders SET previous_order_id = NULL"),
    (&[19], "UPDATE coupon SET previous_coupon_id = 999"),
    (&[20], "UPDATE event_row SET payload = payload || ' ' WHERE position IN (SELECT position FROM event WHERE type = 'ProductRegistered')"),
    (&[20], "UPDATE event_row SET id = randomblob(16) WHERE position = 5"),
    (&[20], "UPDATE event_row SET occurred_at = occurred_at - 86400000000 WHERE position IN (SELECT position FROM event WHERE type = 'ProductRegistered')"),
    (&[20], "UPDATE event_row SET aggregateid = aggregateid || '0' WHERE position IN (SELECT position FROM event WHERE type = 'StockAdjusted')"),
    (&[20], "UPDATE event_row SET version = 1 WHERE position IN (SELECT position FROM event WHERE type = 'StockAdjusted')"),
    (&[20], "UPDATE event_kind SET cause = 'Nobody' WHERE type = 'StockAdjusted'"),
    (&[20], "UPDATE event_kind SET topic = 'point-events' WHERE type = 'StockAdjusted'"),
    (&[20], "UPDATE event_kind SET aggregatetype = 'order' WHERE type = 'StockAdjusted'"),
    (&[20], "UPDATE event_row SET traceparent = 'none' WHERE position IN (SELECT position FROM event WHERE type = 'StockAdjusted')"),
    (&[20], "UPDATE outbox_shard SET whole_from = whole_from + 1 WHERE seq > 0"),
    (&[20], "DELETE FROM event_row WHERE position IN (SELECT position FROM event WHERE type = 'StockAdjusted')"),
    (&[20], "UPDATE outbox_shard SET hash = zeroblob(32)"),
    (&[20], "UPDATE daily_root SET hash = zeroblob(32)"),
    (&[20], "UPDATE product SET status = 'LOST' WHERE product_id = 3"),
];

#[test]
fn every_falsified_fact_is_found_by_its_law() {
    let mut shop = Shop::open(Executor::Log);
    shop.sell_everything();
    shop.ask(Command::RegisterProduct { name: "unsold".into(), price: Money::won(1), stock: 0, details: None });
    shop.leave_orders_waiting();
    let mut mistaken = vec![];
    for (laws, falsify) in FALSIFIED {
        let copy = copy_of(shop.folder());
        let database = database(copy.path());
        database.execute_batch(falsify).unwrap();
        assert!(database.changes() > 0, "nothing to falsify: {falsify}");
        let found = broken(&audit_of(copy.path()));
        if found != *laws {
            mistaken.push((falsify, found));
        }
    }
    assert!(mistaken.is_empty(), "{mistaken:#?}");
}

/// Of 160 bits flipped in a file, 43 changed a value unnoticed.
#[test]
fn no_flipped_bit_of_a_closed_store_goes_unnoticed() {
    let mut shop = Shop::open(Executor::Inline);
    shop.sell_everything();
    let folder = shop.close();
    let folder = folder.folder();
    sqlite::sum_up_closed(folder).unwrap();
    assert_clean(&audit_of(folder));
    let whole = fs::read(folder.join(DATABASE_FILE)).unwrap();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..160 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (place, bit) = (usize::try_from(seed >> 16).unwrap() % whole.len(), seed >> 61);
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << bit;
        fs::write(folder.join(DATABASE_FILE), damaged).unwrap();
        let found = SqliteSnapshot::open(folder).map(|mut snapshot| audit::audit(&mut snapshot, NOON));
        let is_noticed = !matches!(found, Ok(Ok(audit)) if audit.is_clean());
        assert!(is_noticed, "bit {bit} of byte {place}");
    }
}

#[test]
fn repairs_put_derived_figures_right_and_nothing_else() {
    let mut shop = Shop::open(Executor::Inline);
    shop.sell_everything();
    let folder = shop.close();
    database(folder.folder())
        .execute_batch(
            "UPDATE product SET sold = sold + 1, on_hand = on_hand - 1, reserved = reserved + 1;
             UPDATE campaign SET issued = issued - 1;
             UPDATE customer SET points = points + 5;
             INSERT INTO timer SELECT order_id, 0, 'CLAIMS', 0 FROM orders WHERE outcome = 'COMPLETED'",
        )
        .unwrap();
    let mut shop = Shop::reopen(folder, Executor::Inline);
    assert_eq!(broken(&audit_of(shop.folder())), vec![1, 2, 4, 9]);
    repair(&mut shop);
    assert_clean(&audit_of(shop.folder()));
}

#[test]
fn an_order_that_lost_its_timer_or_got_stuck_is_finished() {
    let mut shop = Shop::open(Executor::Log);
    shop.sell_everything();
    shop.leave_orders_waiting();
    let folder = shop.close();
    database(folder.folder()).execute("DELETE FROM timer", []).unwrap();
    let mut shop = Shop::reopen(folder, Executor::Log);
    assert_eq!(broken(&audit_of(shop.folder())), vec![2]);
    repair(&mut shop);
    assert_clean(&audit_of(shop.folder()));
    shop.fire_timers();
    shop.quiet();
    assert_clean(&audit_of(shop.folder()));
    assert_eq!(audit::repairs(&mut SqliteSnapshot::open(shop.folder()).unwrap(), NOON).unwrap(), vec![]);
    let live = "SELECT count(*) FROM orders WHERE outcome IN ('PENDING', 'COMPENSATING', 'COMPENSATION_STUCK')";
    let live: Result<i64, _> = database(shop.folder()).query_row(live, [], |row| row.get(0));
    assert_eq!(live, Ok(0));
}

/// The database, as opened in a `sqlite3` shell.
fn database(folder: &Path) -> Connection {
    Connection::open(folder.join(DATABASE_FILE)).unwrap()
}

fn repair(shop: &mut Shop) {
    for command in audit::repairs(&mut SqliteSnapshot::open(shop.folder()).unwrap(), NOON).unwrap() {
        assert!(shop.ask(command.clone()).result.is_ok(), "{command:?}");
    }
}

fn broken(audit: &Audit) -> Vec<u8> {
    audit.laws.iter().filter(|law| law.violations > 0).map(|law| law.law).collect()
}

/// The files that a kill at this moment would leave.
fn copy_of(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for (name, content) in files(folder) {
        if !name.ends_with("-shm") {
            fs::write(copy.path().join(name), content).unwrap();
        }
    }
    copy
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}
