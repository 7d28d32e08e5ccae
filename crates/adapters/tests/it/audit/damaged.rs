//! Damage that the laws' own sums do not show: rows that cannot be read, in any table, and numbers that are too large to be
//! computed with. Both are violations that name the row, and neither ends the audit.

use std::collections::BTreeSet;
use std::path::Path;

use adapters::sqlite::SqliteSnapshot;
use adapters::{embedded_tables, shared_tables};
use app::audit::{self, Audit};
use app::commands::Command;
use app::state::settings::Executor;
use domain::money::Money;

use super::shop::{Home, NOON, Shop, assert_clean};
use super::{broken, copy_of, database};
use crate::database::Database;
use crate::fixture::Embedded;

/// A shop in the middle of everything, on a store of each kind; without a server, of one kind.
fn shops(test: &str) -> Vec<Home> {
    let homes = [Some(Home::Embedded(Embedded::new())), Database::new(test).map(Home::Shared)];
    let opened = homes.into_iter().flatten().map(|home| {
        let mut shop = Shop::reopen(home, Executor::Inline);
        shop.sell_everything();
        shop.ask(Command::RegisterProduct { name: "unsold".into(), price: Money::won(1), stock: 1, details: None });
        shop.close()
    });
    opened.collect()
}

/// Executes SQL of both stores, with the constraints off.
fn execute(home: &Home, sql: &str) -> u64 {
    match home {
        Home::Embedded(_) => damaged(home.folder(), sql) as u64,
        Home::Shared(database) => database.execute(&format!("SET STATEMENT check_constraint_checks = 0 FOR {sql}")),
    }
}

/// Damages one thing at a time, and looks for the text in what the laws say.
#[track_caller]
fn assert_named(home: &Home, damage: &str, take_back: &str, text: &str) {
    assert!(execute(home, damage) > 0, "nothing to damage: {damage}");
    let audit = home.audit();
    assert!(says(&audit, text), "{damage}: no law says {text:?}: {audit:#?}");
    execute(home, take_back);
}

fn says(audit: &Audit, text: &str) -> bool {
    audit.laws.iter().flat_map(|law| &law.examples).any(|example| example.contains(text))
}

#[test]
fn no_table_is_left_out_of_the_audit() {
    for home in shops("no_table_is_left_out_of_the_audit") {
        let (audited, tables): (BTreeSet<String>, BTreeSet<String>) = match &home {
            Home::Embedded(_) => {
                let store = database(home.folder());
                let select = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
                let mut select = store.prepare(select).unwrap();
                let tables = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap);
                (embedded_tables().map(str::to_owned).collect(), tables.collect())
            }
            Home::Shared(database) => {
                let tables = database.texts(
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()
                     AND table_type = 'BASE TABLE'",
                );
                (shared_tables().map(str::to_owned).collect(), tables.into_iter().collect())
            }
        };
        let kept_by_the_migrations = BTreeSet::from(["refinery_schema_history".to_owned()]);
        assert_eq!(&tables - &audited, kept_by_the_migrations, "tables whose rows nobody reads");
        assert_eq!(&audited - &tables, BTreeSet::new(), "tables that do not exist");
    }
}

const HASH: &str = "X'0000000000000000000000000000000000000000000000000000000000000000'";
const HALF: &str = "X'00000000000000000000000000000000'";

/// A table, the columns and values of a row that this program does not understand, and the condition that finds it.
const UNREADABLE: &[(&str, &str, &str, &str)] = &[
    (
        "alert",
        "alert_id, alert_key, code, scope, subject, severity, value, threshold, since",
        "77, HALF, 'BOGUS', '', '', 'warning', 1, 1, 1",
        "alert_id = 77",
    ),
    ("api_key", "key_id, hash, name, scopes, created_by, created_at", "77, HASH, 'x', '{', 1, 1", "key_id = 77"),
    ("archive", "archive_id, events, before_at, archived", "1, 0, 0, '{'", "archive_id = 1"),
    (
        "dead_letter",
        "letter_id, consumer_group, topic, `partition`, log_offset, event_id, event_key, type, payload, occurred_at, status, \
         attempts, error, first_failed_at, last_failed_at, resends, due_at, acts",
        "77, 'bogus-group', 'order-events', 0, 1, 'none', '1', 'OrderCreated', '{}', 1, 'SCHEDULED', 1, 'no', 1, 1, 0, 1, '[]'",
        "letter_id = 77",
    ),
    (
        "login",
        "user_id, email_key, email, name, password_hash, role",
        "77, HASH, 'x', 'x', 'x', 'emperor'",
        "user_id = 77",
    ),
    ("maintenance", "maintenance_id, kind, law, what, happened_at", "77, 'BOGUS', 1, 'x', 1", "maintenance_id = 77"),
    ("meta", "name, value", "'executor', 'bogus'", "name = 'executor'"),
    (
        "mode_change",
        "version, choice, percent, choice_before, percent_before, reason, changed_at",
        "77, 'bogus', 0, 'parallel', 0, 'x', 1",
        "version = 77",
    ),
    (
        "notification",
        "event_id, channel, user_id, shard, seq, state, tries, attempts, created_at",
        "'019a0000-0000-7000-8000-000000000000', 'pigeon', 1, 0, 1, 'PENDING', 0, 0, 1",
        "channel = 'pigeon'",
    ),
    ("notification_settings", "user_id, language, is_notified, updated_at", "77, 'xx', 0, 1", "user_id = 77"),
    (
        "parked_event",
        "consumer_group, topic, key_hash, number, `partition`, log_offset, event_id, event_key, type, payload, occurred_at",
        "'bogus-group', 'order-events', HALF, 1, 0, 1, 'none', '1', 'OrderCreated', '{}', 1",
        "number = 1",
    ),
    (
        "parked_key",
        "consumer_group, topic, key_hash, event_key, due_at, first_number, next_number, run, attempts",
        "'bogus-group', 'order-events', HALF, '1', 1, 1, 2, 1, 0",
        "run = 1",
    ),
    ("product_details", "product_id, attributes", "77, '{'", "product_id = 77"),
    (
        "trail",
        "trail_id, user_id, role, action, subject, happened_at",
        "77, 1, 'emperor', 'x', 'x', 1",
        "trail_id = 77",
    ),
];

#[test]
fn a_row_that_cannot_be_read_is_named_by_its_table() {
    for home in shops("a_row_that_cannot_be_read_is_named_by_its_table") {
        for (table, columns, values, condition) in UNREADABLE {
            let values = values.replace("HASH", HASH).replace("HALF", HALF);
            let damage = format!("INSERT INTO {table} ({columns}) VALUES ({values})");
            assert_named(&home, &damage, &format!("DELETE FROM {table} WHERE {condition}"), table);
        }
        let (broken_data, sound_data) =
            ("UPDATE notice SET data = REPLACE(data, '{', '<')", "UPDATE notice SET data = REPLACE(data, '<', '{')");
        assert_named(&home, broken_data, sound_data, "notice 1, data");
        assert_clean(&home.audit());
    }
}

#[test]
fn no_number_of_a_folder_ends_the_audit() {
    let home = shops("no_number_of_a_folder_ends_the_audit").remove(0);
    for (table, column) in columns(home.folder(), "INTEGER") {
        let copy = copy_of(home.folder());
        for (place, number) in [("min", i64::MIN), ("max", i64::MAX)] {
            let row = format!("{column} = (SELECT {place}({column}) FROM {table})");
            damaged(copy.path(), &format!("UPDATE OR IGNORE {table} SET {column} = {number} WHERE {row}"));
        }
        let audit = audited(copy.path());
        assert!(audit.is_ok(), "{table}.{column}: {audit:?}");
    }
}

/// A change, how it is taken back, and what a law says of it.
type TooLarge = (&'static str, &'static str, &'static str);

const RELAYED: &str = "UPDATE relay_shard SET position = 9223372036854775807, epoch = 1";
const RECEIVED: &str = "INSERT INTO stock_receipt (receipt_id, product_id, delta, reason, created_at)
    VALUES (77, 1, 9223372036854775807, 'x', 1), (78, 1, 9223372036854775807, 'x', 1), (79, 1, -9223372036854775808, 'x', 1)";
const COUNTED: &str = "INSERT INTO statistic (counted, resolution, subject, began_at, figure, amount)
    VALUES ('orders', 'day', 0, 1, 'bogus', 9223372036854775807), ('orders', 'day', 0, 2, 'bogus', 9223372036854775807)";

const TOO_LARGE: &[TooLarge] = &[
    (RELAYED, "UPDATE relay_shard SET position = 0, epoch = 0", ": 9223372036854775807 events are published"),
    (
        RECEIVED,
        "DELETE FROM stock_receipt WHERE receipt_id >= 77",
        "stock_receipt of product 1: its units are too many to be added up",
    ),
    (
        COUNTED,
        "DELETE FROM statistic WHERE figure = 'bogus'",
        "statistic, orders by day: the amounts of bogus of 0 are too large to be added up",
    ),
    (
        "UPDATE points_entry SET amount = amount + 9000000000000000000 WHERE entry_id = 1",
        "UPDATE points_entry SET amount = amount - 9000000000000000000 WHERE entry_id = 1",
        "points_entry of user 1, amount: the amount 9000000000000005000 is larger than any that a shop can have",
    ),
    (
        "UPDATE order_line SET quantity = quantity + 9000000000000000000 WHERE order_id = 1 AND line_no = 1",
        "UPDATE order_line SET quantity = quantity - 9000000000000000000 WHERE order_id = 1 AND line_no = 1",
        "order_line of order 1, returned: the price of its units is larger than any that an order can have",
    ),
    (
        "UPDATE product SET sold = sold + 9000000000000000000 WHERE product_id = 1",
        "UPDATE product SET sold = sold - 9000000000000000000 WHERE product_id = 1",
        "product 1: sold is 90000000000000000",
    ),
    (
        "UPDATE customer SET notices = notices - 9223372036854775000 WHERE user_id = 1",
        "UPDATE customer SET notices = notices + 9223372036854775000 WHERE user_id = 1",
        "user 1: the numbers of the -92233720368547",
    ),
    (
        "UPDATE consumer_offset SET position = 9223372036854775807 WHERE consumer_group = 'notice-group'",
        "DELETE FROM consumer_offset WHERE position = 9223372036854775807",
        "notice-group: its offset is 9223372036854775807",
    ),
];

#[test]
fn a_number_that_is_too_large_is_named() {
    for home in shops("a_number_that_is_too_large_is_named") {
        let more = if matches!(home, Home::Shared(_)) { ", leased_until" } else { "" };
        let values = if more.is_empty() { "0, 0, 0" } else { "0, 0, 0, 0" };
        // A shard that has events; which ones have is left to chance.
        execute(
            &home,
            &format!(
                "INSERT INTO relay_shard (shard, position, epoch, holder{more}) SELECT MIN(shard), {values} FROM outbox_shard"
            ),
        );
        execute(&home, "INSERT INTO meta (name, value) VALUES ('executor', 'inline-relayed')");
        execute(
            &home,
            "INSERT INTO consumer_offset (consumer_group, topic, `partition`, position) VALUES ('notice-group', '', 0, 0)",
        );
        assert_clean(&home.audit());
        for (damage, take_back, text) in TOO_LARGE {
            assert_named(&home, damage, take_back, text);
        }
    }
}

/// A run of an order's events whose end is the largest number.
#[test]
fn a_run_that_never_ends_is_named() {
    let home = shops("a_run_that_never_ends_is_named").remove(0);
    let damage = "UPDATE order_event_run SET last_position = 9223372036854775807 WHERE order_id = 1";
    assert!(damaged(home.folder(), damage) > 0);
    let audit = home.audit();
    assert!(says(&audit, "order_event_run of order 1: it goes from event "), "{audit:#?}");
}

#[test]
fn the_drop_of_a_product_must_exist() {
    for home in shops("the_drop_of_a_product_must_exist") {
        let (damage, take_back) = (
            "UPDATE product SET drop_id = 99 WHERE product_id = 3",
            "UPDATE product SET drop_id = NULL WHERE product_id = 3",
        );
        assert_named(&home, damage, take_back, "product 3: its drop 99 does not exist");
        execute(&home, damage);
        assert_eq!(broken(&home.audit()), [23]);
    }
}

#[test]
fn a_constraint_that_is_broken_or_gone_is_named() {
    for home in shops("a_constraint_that_is_broken_or_gone_is_named") {
        assert_clean(&home.audit());
        let (damage, take_back) = (
            "UPDATE coupon_request SET issue_number = 7 WHERE result_code = 'OUT_OF_STOCK'",
            "UPDATE coupon_request SET issue_number = NULL WHERE result_code = 'OUT_OF_STOCK'",
        );
        assert_named(&home, damage, take_back, "breaks the constraint (coupon_id IS NULL) = (issue_number IS NULL)");
        assert_clean(&home.audit());
        let Home::Shared(database) = &home else { continue };
        database.execute("ALTER TABLE points_account MODIFY balance BIGINT NOT NULL");
        let gone = "points_account: the database does not enforce 1 of its 1 constraints: balance >= 0";
        assert!(says(&home.audit(), gone));
    }
}

/// Executes SQL on a folder, with the constraints off; returns the number of changed rows.
fn damaged(folder: &Path, sql: &str) -> usize {
    let store = database(folder);
    store.pragma_update(None, "ignore_check_constraints", true).unwrap();
    store.execute(sql, []).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn audited(folder: &Path) -> Result<Audit, String> {
    let mut snapshot = SqliteSnapshot::open(folder).map_err(|error| error.to_string())?;
    audit::audit(&mut snapshot, NOON).map_err(|error| error.to_string())
}

/// The tables of a folder, with their columns of a type.
fn columns(folder: &Path, of_type: &str) -> Vec<(String, String)> {
    let store = database(folder);
    let select = "SELECT list.name, info.name FROM pragma_table_list AS list, pragma_table_info(list.name) AS info
                  WHERE list.type = 'table' AND list.schema = 'main' AND list.strict AND info.type = ?1";
    let mut select = store.prepare(select).unwrap();
    let found = select.query_map([of_type], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap);
    found.collect()
}
