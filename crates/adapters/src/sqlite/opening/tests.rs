//! Stores of older and newer programs.

use app::conformance::ready;
use app::events::event::{Event, PriceChanged};
use app::events::outbox;
use app::events::trace::TraceParent;
use app::ports::{Commit, CommitId, Store as _};
use app::state::rows::{AccountKey, EventId, HoldingKey, NewEvent, Rows};
use app::state::settings::Carrier;
use domain::ids::{CampaignId, ProductId, UserId};
use domain::money::Money;
use domain::time::Timestamp;
use refinery::Target;

use super::*;
use crate::sqlite::snapshot::SqliteSnapshot;

const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

/// Rows of three customers in a shop of schema version 7: points, and coupons of two campaigns.
const SHOP_BEFORE: &str = "
    INSERT INTO customer (user_id, notices, created_at, last_coupon_id) VALUES (1, 0, 0, 30), (2, 0, 0, 20), (3, 0, 0, NULL);
    INSERT INTO points_account VALUES (1, 500), (2, 0);
    INSERT INTO coupon VALUES (10, 'UC-1', 7, 1, 1, 1, NULL, 0, NULL), (20, 'UC-2', 7, 2, 1, 2, 5, 0, NULL),
                              (30, 'UC-3', 7, 1, 2, 3, NULL, 0, 10), (25, 'UC-4', 8, 1, 1, 1, NULL, 0, 10);";

#[test]
fn customers_rows_survive_a_newer_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    schema::migrations::runner().set_target(Target::Version(7)).run(&mut before).unwrap();
    before.execute_batch(SHOP_BEFORE).unwrap();
    drop(before);
    let mut store = open(folder.path(), Options::default()).unwrap().store;
    let mut rows = Rows::default();
    let holding = |campaign, user| HoldingKey { campaign: CampaignId(campaign), user: UserId(user) };
    let held = [(7, 1), (7, 2), (8, 1), (8, 2), (7, 3)].map(|(campaign, user)| holding(campaign, user));
    let keys = [1, 2, 3].map(|user| AccountKey(UserId(user)));
    let all: Vec<_> = keys.map(Into::into).into_iter().chain(held.map(Into::into)).collect();
    ready(store.load(&all, &mut rows)).unwrap();
    let points = keys.map(|key| rows.accounts.get(key).unwrap().map(|account| account.balance));
    assert_eq!(points, [Some(Money::won(500)), Some(Money::ZERO), None]);
    let coupons = held.map(|key| -> Vec<i64> {
        let holding = rows.holdings.get(key).unwrap();
        holding.into_iter().flat_map(|holding| &holding.coupons).map(|coupon| coupon.id.0).collect()
    });
    assert_eq!(coupons, [vec![10, 30], vec![20], vec![25], vec![], vec![]]);
}

/// Two events in a shop of schema version 8, served with the log executor.
const EVENTS_BEFORE: &str = "
    INSERT INTO event VALUES
        (1, '01a2052a-e84c-7000-8000-000040095e52', 'order', 'ORD-1', 'OrderCreated', '{}', 'order-events', '7', 3, 1, 5, 1, 'PlaceOrder', 9),
        (4, '01a2052a-e84c-7000-8000-000040095e53', 'product', '1', 'PriceChanged', '{ }', 'product-events', '1', 3, 2, NULL, NULL, 'ChangeProduct', 10);
    CREATE UNIQUE INDEX event_of_shard ON event (shard, seq);
    INSERT INTO meta (name, value) VALUES ('executor', 'log');";

#[test]
fn events_survive_a_newer_program_word_for_word() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let events = |connection: &Connection| -> Vec<Vec<rusqlite::types::Value>> {
        let mut statement = connection.prepare("SELECT * FROM event ORDER BY position").unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
        rows.map(Result::unwrap).collect()
    };
    schema::migrations::runner().set_target(Target::Version(8)).run(&mut before).unwrap();
    before.execute_batch(EVENTS_BEFORE).unwrap();
    let mut written = events(&before);
    // They have no trace.
    written.iter_mut().for_each(|row| row.push(rusqlite::types::Value::Null));
    drop(before);
    let unread = SqliteSnapshot::open(folder.path());
    assert!(matches!(unread, Err(OpenError::SchemaTooOld { .. })), "an audit does not migrate");
    let mut store = open(folder.path(), Options::default()).unwrap().store;
    store.run_with(Carrier::OwnLog).unwrap();
    let now = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    assert_eq!((events(&now), written.len()), (written, 2));
    let index = "SELECT count(*) FROM sqlite_schema WHERE name = 'event_of_shard' AND tbl_name = 'event_row'";
    assert_eq!(now.query_row(index, [], |row| row.get(0)), Ok(1));
}

/// Two events of one shard, chained as by earlier programs.
#[test]
fn a_chain_from_before_stays_valid_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    schema::migrations::runner().set_target(Target::Version(9)).run(&mut before).unwrap();
    let shard = outbox::shard_of("7");
    before
        .execute_batch(
            "INSERT INTO event_kind VALUES (1, 'product', 'ProductRegistered', 'product-events', 'RegisterProduct')",
        )
        .unwrap();
    let mut hash = [0; 32];
    for seq in 1..=2_i64 {
        let id = 0x01a2_052a_e84c_7000_8000_0000_4009_5e52 + seq as u128;
        hash = outbox::legacy_chain(&hash, &outbox::uuid(id), "ProductRegistered", "{}");
        let insert = "INSERT INTO event_row (kind, id, aggregateid, payload, event_key, shard, seq, occurred_at)
             VALUES (1, ?1, '7', '{}', '7', ?2, ?3, 5)";
        before.execute(insert, (id.to_be_bytes(), shard as i64, seq)).unwrap();
    }
    before.execute("INSERT INTO outbox_shard VALUES (?1, 2, ?2)", (shard as i64, hash)).unwrap();
    drop(before);
    let mut store = open(folder.path(), Options::default()).unwrap().store;
    let mut rows = Rows::default();
    ready(store.load(&[], &mut rows)).unwrap();
    let event = Event::PriceChanged(PriceChanged { product_id: ProductId(7), price: Money::won(1) });
    rows.events.push(NewEvent {
        id: EventId(9),
        event,
        order: None,
        version: None,
        cause: "ChangeProduct",
        trace: TraceParent::parse(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        at: NOON,
    });
    let id = CommitId { engine: 1, number: 1 };
    ready(store.commit(Commit { id, rows: &rows, offsets: &[], now: NOON })).unwrap();
    drop(store);
    let database = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let log_is_broken = || {
        let audit = app::audit::audit(&mut SqliteSnapshot::open(folder.path()).unwrap(), NOON).unwrap();
        audit.laws.iter().any(|law| law.law == 20 && law.violations > 0)
    };
    assert!(!log_is_broken());
    for (change, undo) in [
        ("payload = '{ }' WHERE seq = 1", "payload = '{}' WHERE seq = 1"),
        ("traceparent = '' WHERE seq = 1", "traceparent = NULL WHERE seq = 1"),
        ("traceparent = traceparent || '0' WHERE seq = 3", "traceparent = rtrim(traceparent, '0') WHERE seq = 3"),
        ("occurred_at = occurred_at - 1 WHERE seq = 3", "occurred_at = occurred_at + 1 WHERE seq = 3"),
    ] {
        database.execute(&format!("UPDATE event_row SET {change}"), []).unwrap();
        assert!(log_is_broken(), "{change}");
        database.execute(&format!("UPDATE event_row SET {undo}"), []).unwrap();
        assert!(!log_is_broken());
    }
}
