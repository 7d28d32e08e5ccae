//! Restricts an audit to what changed since a proof.
//!
//! Temporary views of the audit's own connection hide the tables of the same names, so every statement of the audit reads
//! only the rows that it needs, by their keys. Ids are given in the order of commits by the one engine of the store, so
//! what is new has a higher number; what changed besides is named by an event, or is not final.

use std::collections::BTreeMap;

use app::audit::{Ends, Proof};
use app::state::settings::Carrier;
use domain::ids::OrderId;
use rusqlite::{Connection, Result};

use crate::sqlite::cells::from_row;
use crate::sqlite::store::carrier;

/// A part of the audit, which needs its own rows of some tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Events,
    Answers,
    Campaigns,
    Orders,
    Customers,
}

pub(super) fn ends(connection: &Connection) -> Result<Option<Ends>> {
    if !is_read_by_ids(connection)? {
        return Ok(None);
    }
    let last = |table: &str, column: &str| -> Result<i64> {
        connection.query_row(&format!("SELECT coalesce(max({column}), 0) FROM main.{table}"), [], |row| row.get(0))
    };
    Ok(Some(Ends {
        event: last("event_row", "position")?,
        order: last("orders", "order_id")?,
        coupon: last("coupon", "coupon_id")?,
        entry: last("points_entry", "entry_id")?,
        notice: last("notice", "notice_id")?,
        request: last("coupon_request", "request_id")?,
        answer: last("idempotency", "idempotency_id")?,
    }))
}

/// Returns of each order that is examined how many of its events the proof covers; `None` where the proof does not fit
/// this store, or another carrier's groups must be compared with the whole log.
pub(super) fn begin(connection: &Connection, proof: &Proof) -> Result<Option<BTreeMap<OrderId, usize>>> {
    let covers_less = |ends: Ends| {
        let Ends { event, order, coupon, entry, notice, request, answer: _ } = proof.ends;
        event <= ends.event
            && (order <= ends.order && coupon <= ends.coupon && entry <= ends.entry)
            && (notice <= ends.notice && request <= ends.request)
    };
    if !ends(connection)?.is_some_and(covers_less) {
        return Ok(None);
    }
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.execute_batch(SETS)?;
    let Ends { event, order, coupon, entry, notice, request, answer } = proof.ends;
    let mut keep = connection.prepare("INSERT INTO temp.proof_end VALUES (?1, ?2)")?;
    for (name, end) in [
        ("event", event),
        ("order", order),
        ("coupon", coupon),
        ("entry", entry),
        ("notice", notice),
        ("request", request),
        ("answer", answer),
    ] {
        keep.execute((name, end))?;
    }
    let mut keep = connection.prepare("INSERT INTO temp.proven_head VALUES (?1, ?2)")?;
    for (shard, (seq, _hash)) in (0_i64..).zip(&proof.heads) {
        keep.execute((shard, seq))?;
    }
    let mut keep = connection.prepare("INSERT OR IGNORE INTO temp.changed_order VALUES (?1)")?;
    proof.live().try_for_each(|id| keep.execute([id.0]).map(drop))?;
    let mut keep = connection.prepare("INSERT OR IGNORE INTO temp.open_request VALUES (?1)")?;
    proof.pending().try_for_each(|id| keep.execute([id.0]).map(drop))?;
    connection.execute_batch(CHANGED)?;
    proven_events(connection, event).map(Some)
}

/// Groups that read a log are compared with every event of it.
fn is_read_by_ids(connection: &Connection) -> Result<bool> {
    Ok(carrier(connection)?.is_none_or(|carrier| carrier == Carrier::Inline))
}

fn proven_events(connection: &Connection, end: i64) -> Result<BTreeMap<OrderId, usize>> {
    // A sum of whole numbers would fail for positions that no event has; the audit of the whole store tells of them.
    let sql =
        "SELECT order_id, CAST(total(min(last_position, ?1) - first_position + 1) AS INTEGER) FROM main.order_event_run
               WHERE order_id IN (SELECT id FROM temp.changed_order) AND first_position <= ?1 GROUP BY order_id";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([end], from_row)?;
    rows.map(|row| row.map(|(id, events): (i64, i64)| (OrderId(id), usize::try_from(events).unwrap_or(0)))).collect()
}

/// Shows a part of the audit its rows.
pub(super) fn show(connection: &Connection, part: Part) -> Result<()> {
    connection.execute_batch(match part {
        Part::Events => EVENTS,
        Part::Answers => ANSWERS,
        Part::Campaigns => CAMPAIGNS,
        Part::Orders => ORDERS,
        Part::Customers => CUSTOMERS,
    })
}

const SETS: &str = "
    CREATE TEMP TABLE proof_end (name TEXT PRIMARY KEY, id INTEGER NOT NULL);
    CREATE TEMP TABLE proven_head (shard INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
    CREATE TEMP TABLE changed_order (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE open_request (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE changed_user (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE users_order (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE users_coupon (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE users_entry (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE users_notice (id INTEGER PRIMARY KEY);";

/// Orders that an event names or that are not final; users with a new row; and all that leads back from these users, which
/// an index by user would give, or a chain.
const CHANGED: &str = "
    INSERT OR IGNORE INTO changed_order SELECT order_id FROM main.event_row
        WHERE position > (SELECT id FROM proof_end WHERE name = 'event') AND order_id IS NOT NULL;
    INSERT OR IGNORE INTO changed_order SELECT order_id FROM main.orders
        WHERE order_id > (SELECT id FROM proof_end WHERE name = 'order');
    INSERT OR IGNORE INTO changed_order SELECT order_id FROM main.claim;
    INSERT OR IGNORE INTO changed_order SELECT order_id FROM main.timer;
    INSERT OR IGNORE INTO changed_order SELECT order_id FROM main.orders WHERE outcome = 'PENDING' AND outcome <> 'COMPLETED';
    INSERT OR IGNORE INTO changed_order SELECT order_id FROM main.orders
        WHERE outcome = 'AWAITING_PAYMENT' AND outcome <> 'COMPLETED';
    INSERT OR IGNORE INTO changed_order SELECT order_id FROM main.orders WHERE outcome = 'COMPENSATING' AND outcome <> 'COMPLETED';
    INSERT OR IGNORE INTO changed_order SELECT order_id FROM main.orders
        WHERE outcome = 'COMPENSATION_STUCK' AND outcome <> 'COMPLETED';
    INSERT OR IGNORE INTO changed_order SELECT order_id FROM main.payment WHERE due_at IS NOT NULL;
    INSERT OR IGNORE INTO changed_user SELECT user_id FROM main.orders WHERE order_id IN (SELECT id FROM changed_order);
    INSERT OR IGNORE INTO changed_user SELECT user_id FROM main.coupon
        WHERE coupon_id > (SELECT id FROM proof_end WHERE name = 'coupon');
    INSERT OR IGNORE INTO changed_user SELECT user_id FROM main.points_entry
        WHERE entry_id > (SELECT id FROM proof_end WHERE name = 'entry');
    INSERT OR IGNORE INTO changed_user SELECT user_id FROM main.notice
        WHERE notice_id > (SELECT id FROM proof_end WHERE name = 'notice');
    INSERT OR IGNORE INTO changed_user SELECT user_id FROM main.coupon_request
        WHERE request_id > (SELECT id FROM proof_end WHERE name = 'request');
    INSERT INTO users_order
        WITH RECURSIVE chain (id) AS (
            SELECT last_order_id FROM main.customer WHERE user_id IN (SELECT id FROM changed_user) AND last_order_id IS NOT NULL
            UNION SELECT previous_order_id FROM chain JOIN main.orders ON order_id = id WHERE previous_order_id IS NOT NULL)
        SELECT id FROM chain;
    INSERT INTO users_coupon
        WITH RECURSIVE chain (id) AS (
            SELECT last_coupon_id FROM main.customer WHERE user_id IN (SELECT id FROM changed_user) AND last_coupon_id IS NOT NULL
            UNION SELECT previous_coupon_id FROM chain JOIN main.coupon ON coupon_id = id WHERE previous_coupon_id IS NOT NULL)
        SELECT id FROM chain;
    INSERT INTO users_entry
        WITH RECURSIVE chain (id) AS (
            SELECT last_entry_id FROM main.customer WHERE user_id IN (SELECT id FROM changed_user) AND last_entry_id IS NOT NULL
            UNION SELECT previous_entry_id FROM chain JOIN main.points_entry ON entry_id = id WHERE previous_entry_id IS NOT NULL)
        SELECT id FROM chain;
    INSERT INTO users_notice
        WITH RECURSIVE chain (id) AS (
            SELECT last_notice_id FROM main.customer WHERE user_id IN (SELECT id FROM changed_user) AND last_notice_id IS NOT NULL
            UNION SELECT previous_notice_id FROM chain JOIN main.notice ON notice_id = id WHERE previous_notice_id IS NOT NULL)
        SELECT id FROM chain;
    INSERT OR IGNORE INTO users_order SELECT order_id FROM main.orders
        WHERE order_id > (SELECT id FROM proof_end WHERE name = 'order');
    INSERT OR IGNORE INTO users_coupon SELECT coupon_id FROM main.coupon
        WHERE coupon_id > (SELECT id FROM proof_end WHERE name = 'coupon');
    INSERT OR IGNORE INTO users_entry SELECT entry_id FROM main.points_entry
        WHERE entry_id > (SELECT id FROM proof_end WHERE name = 'entry');
    INSERT OR IGNORE INTO users_notice SELECT notice_id FROM main.notice
        WHERE notice_id > (SELECT id FROM proof_end WHERE name = 'notice');";

const EVENTS: &str = "
    CREATE TEMP VIEW event AS SELECT * FROM main.event WHERE position > (SELECT id FROM temp.proof_end WHERE name = 'event');
    CREATE TEMP VIEW event_row AS SELECT * FROM main.event_row
        WHERE position > (SELECT id FROM temp.proof_end WHERE name = 'event');
    CREATE TEMP VIEW daily_root AS SELECT * FROM main.daily_root
        WHERE seq > coalesce((SELECT seq FROM temp.proven_head WHERE proven_head.shard = main.daily_root.shard), 0);
    CREATE TEMP VIEW inbox AS SELECT * FROM main.inbox WHERE 0;";

const ANSWERS: &str = "
    DROP VIEW temp.event;
    DROP VIEW temp.event_row;
    DROP VIEW temp.daily_root;
    DROP VIEW temp.inbox;
    CREATE TEMP VIEW idempotency AS SELECT * FROM main.idempotency
        WHERE idempotency_id > (SELECT id FROM temp.proof_end WHERE name = 'answer');";

const CAMPAIGNS: &str = "
    CREATE TEMP VIEW coupon AS SELECT * FROM main.coupon
        WHERE coupon_id > (SELECT id FROM temp.proof_end WHERE name = 'coupon');
    CREATE TEMP VIEW coupon_request AS SELECT * FROM main.coupon_request
        WHERE request_id > (SELECT id FROM temp.proof_end WHERE name = 'request')
            OR request_id IN (SELECT id FROM temp.open_request);";

const ORDERS: &str = "
    DROP VIEW temp.coupon;
    CREATE TEMP VIEW orders AS SELECT * FROM main.orders WHERE order_id IN (SELECT id FROM temp.changed_order);
    CREATE TEMP VIEW order_line AS SELECT * FROM main.order_line WHERE order_id IN (SELECT id FROM temp.changed_order);
    CREATE TEMP VIEW payment AS SELECT * FROM main.payment WHERE order_id IN (SELECT id FROM temp.changed_order);
    CREATE TEMP VIEW shipment AS SELECT * FROM main.shipment WHERE order_id IN (SELECT id FROM temp.changed_order);
    CREATE TEMP VIEW warehouse_storage AS SELECT * FROM main.warehouse_storage
        WHERE order_id IN (SELECT id FROM temp.changed_order);
    CREATE TEMP VIEW order_event_run AS SELECT * FROM main.order_event_run
        WHERE order_id IN (SELECT id FROM temp.changed_order);
    CREATE TEMP VIEW coupon AS SELECT * FROM main.coupon
        WHERE coupon_id IN (SELECT id FROM temp.users_coupon) AND used_order_id IN (SELECT id FROM temp.changed_order);
    CREATE TEMP VIEW points_entry AS SELECT * FROM main.points_entry
        WHERE entry_id IN (SELECT id FROM temp.users_entry) AND order_id IN (SELECT id FROM temp.changed_order);";

const CUSTOMERS: &str = "
    DROP VIEW temp.orders;
    DROP VIEW temp.coupon;
    DROP VIEW temp.points_entry;
    CREATE TEMP VIEW customer AS SELECT * FROM main.customer WHERE user_id IN (SELECT id FROM temp.changed_user);
    CREATE TEMP VIEW points_account AS SELECT user_id, points AS balance FROM main.customer
        WHERE points IS NOT NULL AND user_id IN (SELECT id FROM temp.changed_user);
    CREATE TEMP VIEW orders AS SELECT * FROM main.orders WHERE order_id IN (SELECT id FROM temp.users_order);
    CREATE TEMP VIEW coupon AS SELECT * FROM main.coupon WHERE coupon_id IN (SELECT id FROM temp.users_coupon);
    CREATE TEMP VIEW points_entry AS SELECT * FROM main.points_entry WHERE entry_id IN (SELECT id FROM temp.users_entry);
    CREATE TEMP VIEW notice AS SELECT * FROM main.notice WHERE notice_id IN (SELECT id FROM temp.users_notice);";
