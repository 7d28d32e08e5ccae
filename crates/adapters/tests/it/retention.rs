//! Rows that are kept for a time only, over a simulated year.

use adapters::sqlite::{DATABASE_FILE, SqliteSnapshot, Synchronous};
use app::audit::{Snapshot, audit};
use app::commands::Command;
use app::log::reactions::Group;
use app::state::rows::{EndedToken, Prunable, Prune};
use app::state::settings::Executor;
use domain::ids::WebhookId;
use domain::time::Timestamp;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use rusqlite::Connection;

use crate::database::{Database, runtime};
use crate::shop::{ANN, Shop, order};

const DAY_US: i64 = 24 * 3_600 * 1_000_000;
/// The first day of the year that is simulated.
const BEGIN_US: i64 = 1_700_000_000_000_000;
const KEPT_DAYS: i64 = 30;
const PER_DAY: i64 = 200;
/// More than a day's rows.
const LIMIT: i64 = 500;

const WEBHOOK: &str = "INSERT INTO webhook (webhook_id, url, description, event_types, secret, ordered, status, terms, deliveries, \
                       created_at, updated_at) VALUES (1, 'https://x.example/', '', '[]', 'whsec_', 0, 'ENABLED', '[]', 0, 0, 0)";

/// Statements that add what a day adds.
fn day(day: i64) -> [String; 3] {
    let at = BEGIN_US + day * DAY_US;
    let numbers = || day * PER_DAY + 1..=(day + 1) * PER_DAY;
    let values = |row: &dyn Fn(i64) -> String| numbers().map(row).collect::<Vec<_>>().join(", ");
    let previous = |number: i64| if number == 1 { "NULL".to_owned() } else { (number - 1).to_string() };
    let notice = |number: i64| {
        format!("({number}, 1, {number}, 'order.completed', '{{}}', {}, {})", previous(number), at + number)
    };
    let delivery = |number: i64| {
        // Some stay open for ever, as those of a disabled endpoint.
        let (state, due) = if number % 1_000 == 7 { ("PENDING", "1") } else { ("COMPLETED", "NULL") };
        format!(
            "(1, {number}, '00000000-0000-7000-8000-{number:012x}', 'x', '{state}', 0, 1, {due}, {}, '[]')",
            at + number
        )
    };
    let taken = |number: i64| format!("('notice-group', '00000000-0000-7000-8000-{number:012x}', {})", at + number);
    [
        format!("INSERT INTO inbox (consumer_group, event_id, taken_at) VALUES {}", values(&taken)),
        format!(
            "INSERT INTO notice (notice_id, user_id, number, kind, data, previous_notice_id, created_at) VALUES {}",
            values(&notice)
        ),
        format!(
            "INSERT INTO webhook_delivery (webhook_id, number, event_id, event_type, state, tries, attempts, due_at, created_at, \
             attempt_log) VALUES {}",
            values(&delivery)
        ),
    ]
}

fn prunes(today: i64) -> Command {
    let before = Timestamp::from_micros(BEGIN_US + (today - KEPT_DAYS) * DAY_US);
    let prune = |what| Prune { what, before, limit: LIMIT };
    Command::Prune(
        [Prunable::Notices, Prunable::Inbox(Group::Notices), Prunable::Deliveries(WebhookId(1))].map(prune).to_vec(),
    )
}

/// The rows of the notices and deliveries that a store may have at any moment.
const ROWS_MAX: i64 = (KEPT_DAYS + 2) * PER_DAY;
/// Deliveries that stay open.
const OPEN: i64 = 365 * PER_DAY / 1_000 + 1;

#[test]
fn a_folder_keeps_to_its_days_for_a_year() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(folder.path(), Executor::Inline, Synchronous::Off);
    shop.run(Command::ChargePoints { user: ANN, amount: domain::money::Money::won(1) });
    let store = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    store.execute(WEBHOOK, []).unwrap();
    let count = |table: &str| -> i64 {
        store.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    let mut pages = 0;
    for today in 0..365 {
        for insert in day(today) {
            store.execute(&insert, []).unwrap();
        }
        shop.run(prunes(today));
        assert!(count("notice") <= ROWS_MAX && count("webhook_delivery") <= ROWS_MAX + OPEN, "day {today}");
        assert!(count("inbox") <= ROWS_MAX, "day {today}");
        if today == 100 {
            pages = store.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0)).unwrap();
        }
    }
    let now = store.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0)).unwrap();
    assert!(now <= pages + pages / 20 + 20, "the file has stopped to grow: {pages} pages, then {now}");
    assert!(count("notice") > KEPT_DAYS * PER_DAY / 2, "what is not old is kept");
    assert!(count("inbox") > KEPT_DAYS * PER_DAY / 2, "what is not old is kept");
    // Nothing waits for a removed endpoint.
    assert_eq!(count("webhook_delivery WHERE state = 'PENDING'"), OPEN - 1);
    store.execute("UPDATE webhook SET status = 'REMOVED'", []).unwrap();
    shop.run(prunes(365));
    assert_eq!(count("webhook_delivery WHERE state = 'PENDING'"), 6);
    store.execute("DELETE FROM inbox", []).unwrap();
    let all = 365 * PER_DAY;
    store.execute("UPDATE webhook SET deliveries = ?1", [all]).unwrap();
    store.execute("UPDATE customer SET notices = ?1, last_notice_id = ?1 WHERE user_id = 1", [all]).unwrap();
    let audited =
        audit(&mut SqliteSnapshot::open(folder.path()).unwrap(), Timestamp::from_micros(i64::MAX / 2)).unwrap();
    let broken: Vec<_> = audited.laws.iter().filter(|law| law.violations > 0).collect();
    assert!(broken.is_empty(), "{broken:?}");
    // A chain that ends too early, or a number too many, is still found.
    store.execute("UPDATE webhook SET deliveries = 3", []).unwrap();
    store.execute("DELETE FROM notice WHERE number = ?1", [all - 5]).unwrap();
    let audited =
        audit(&mut SqliteSnapshot::open(folder.path()).unwrap(), Timestamp::from_micros(i64::MAX / 2)).unwrap();
    let broken: Vec<u8> = audited.laws.iter().filter(|law| law.violations > 0).map(|law| law.law).collect();
    assert_eq!(broken, [17, 19]);
}

#[test]
fn a_database_deletes_the_same_rows() {
    let Some(database) = Database::new("a_database_deletes_the_same_rows") else { return };
    let mut shop = Shop::on(&database, Executor::Inline);
    database.execute(WEBHOOK);
    for today in 0..40 {
        for insert in day(today) {
            database.execute(&insert);
        }
        shop.run(prunes(today));
    }
    let count = |table: &str| -> i64 {
        runtime().block_on(async {
            let mut connection = Conn::from_url(database.url()).await.unwrap();
            let found = connection.query_first(format!("SELECT COUNT(*) FROM {table}")).await.unwrap();
            connection.disconnect().await.unwrap();
            found.unwrap()
        })
    };
    assert!((KEPT_DAYS * PER_DAY..=ROWS_MAX).contains(&count("notice")));
    assert!((KEPT_DAYS * PER_DAY..=ROWS_MAX + OPEN).contains(&count("webhook_delivery")));
    assert_eq!(count("webhook_delivery WHERE state = 'PENDING'"), 8);
    // Nothing waits for a removed endpoint.
    database.execute("UPDATE webhook SET status = 'REMOVED'");
    shop.run(prunes(40));
    assert_eq!(count("webhook_delivery WHERE state = 'PENDING'"), 6);
    assert!((KEPT_DAYS * PER_DAY..=ROWS_MAX).contains(&count("inbox")));
    assert_eq!(count("pruned"), 3);
}

/// Ends tokens, of which some expire before others, and forgets those that have expired.
fn end_and_forget_tokens(shop: &mut Shop) {
    let ended = |shop: &Shop, after: Timestamp| {
        let mut tokens = shop.wait(shop.views.ended_tokens(after)).unwrap();
        tokens.sort_by_key(|token| token.expires);
        tokens
    };
    let at = Timestamp::from_micros;
    let marks = [7, -3, i64::MIN, i64::MAX];
    for (mark, expires) in marks.into_iter().zip(1..) {
        shop.run(Command::EndToken { mark, expires: at(expires) });
    }
    // Again, with another expiry, which a valid token does not have: the first row stays.
    shop.run(Command::EndToken { mark: 7, expires: at(9) });
    let all = ended(shop, at(0));
    assert_eq!(
        all.iter().map(|token| (token.mark, token.expires)).collect::<Vec<_>>(),
        marks.into_iter().zip((1..).map(at)).collect::<Vec<_>>()
    );
    let last = all.iter().map(|token| token.ended).max().unwrap();
    assert_eq!(ended(shop, last), [] as [EndedToken; 0]);
    let prune = |limit| Command::Prune(vec![Prune { what: Prunable::EndedTokens, before: at(4), limit }]);
    shop.run(prune(2));
    assert_eq!(ended(shop, at(0)), all[2..], "no more than the limit, the oldest first");
    shop.run(prune(9));
    assert_eq!(ended(shop, at(0)), all[3..]);
}

#[test]
fn ended_tokens_are_kept_until_they_expire() {
    let folder = tempfile::tempdir().unwrap();
    end_and_forget_tokens(&mut Shop::open(folder.path(), Executor::Inline, Synchronous::Off));
    let Some(database) = Database::new("ended_tokens_are_kept_until_they_expire") else { return };
    end_and_forget_tokens(&mut Shop::on(&database, Executor::Inline));
}

fn broken(snapshot: &mut dyn Snapshot) -> Vec<u8> {
    let audited = audit(snapshot, Timestamp::from_micros(i64::MAX / 2)).unwrap();
    audited.laws.iter().filter(|law| law.violations > 0).map(|law| law.law).collect()
}

/// Sells something over the log, and forgets which events the groups have handled.
fn sell_and_forget(shop: &mut Shop) {
    let product = shop.register_product(5);
    shop.place_order(order(ANN, product, 1));
    let before = Timestamp::from_micros(i64::MAX / 2);
    shop.run(Command::Prune(
        Group::with_inbox().map(|group| Prune { what: Prunable::Inbox(group), before, limit: LIMIT }).collect(),
    ));
}

#[test]
fn events_that_a_group_has_forgotten_are_not_missed_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(folder.path(), Executor::Log, Synchronous::Off);
    sell_and_forget(&mut shop);
    let store = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    assert_eq!(store.query_row("SELECT count(*) FROM inbox", [], |row| row.get::<_, i64>(0)), Ok(0));
    assert_eq!(broken(&mut SqliteSnapshot::open(folder.path()).unwrap()), [0; 0]);
    store.execute("DELETE FROM pruned", []).unwrap();
    assert_eq!(broken(&mut SqliteSnapshot::open(folder.path()).unwrap()), [16]);
}

#[test]
fn events_that_a_group_has_forgotten_are_not_missed_in_a_database() {
    let Some(database) = Database::new("events_that_a_group_has_forgotten_are_not_missed_in_a_database") else {
        return;
    };
    let mut shop = Shop::on(&database, Executor::Log);
    sell_and_forget(&mut shop);
    assert_eq!(broken(&mut database.snapshot()), [0; 0]);
    database.execute("DELETE FROM pruned");
    assert_eq!(broken(&mut database.snapshot()), [16]);
}
