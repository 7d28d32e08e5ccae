//! Writes the changes of a batch: for each table, one statement for the new rows and one for the changed ones.

mod modes;
mod orders;
mod people;
mod removal;
mod retention;
mod statistics;

use app::events::outbox::uuid;
use app::ports::Commit;
use app::state::rows::{AnswerKey, ClaimKey, OffsetMove, Rows, SalesKey, TimerKey, TimerKind};
use app::state::table::Change;
use domain::claim::Claim;
use domain::coupon::Campaign;
use domain::ids::OrderId;
use mysql_async::Value;
use rustc_hash::FxHashMap;

use super::load::claim_condition;
use super::transaction::{Before, Halt};
use super::upsert::{Index, Upsert, delete, put_all};
use super::{alerts, api_keys, details, drops, failed_delivery, fulfilment, notifications, webhooks};
use crate::mysql::cells::MysqlCells;
use crate::mysql::failure::Failure;
use crate::mysql::sql::{Insert, KEYS_MAX, Script, is_in, statement};
use crate::records::Cells as _;
use crate::words::{claim_state, discount_cells, step_cells, timer_kind, topic_cell};

/// Locks the groups' offsets, in order.
pub(super) fn select_offsets(moves: &[OffsetMove]) -> String {
    let conditions = moves.iter().map(|moved| {
        let (group, number) = (moved.key.group.name(), moved.key.partition.number);
        statement(
            "(consumer_group = ? AND topic = ? AND `partition` = ?)",
            &[&group, &topic_cell(moved.key.partition), &number],
        )
    });
    let conditions: Vec<String> = conditions.collect();
    format!(
        "SELECT consumer_group, topic, `partition`, position FROM consumer_offset FORCE INDEX (PRIMARY) WHERE {} \
         ORDER BY consumer_group, topic, `partition` FOR UPDATE",
        conditions.join(" OR ")
    )
}

/// Moves the groups' offsets; fails if one of them has moved since the batch read it.
pub(super) fn write_offsets(script: &mut Script, found: Vec<Vec<Value>>, moves: &[OffsetMove]) -> Result<(), Halt> {
    let mut places: FxHashMap<(String, String, i32), i64> = FxHashMap::default();
    for row in found {
        let mut cells = MysqlCells::of(row);
        places.insert((cells.take()?, cells.take()?, cells.take()?), cells.take()?);
    }
    const HEAD: &str = "INSERT INTO consumer_offset (consumer_group, topic, `partition`, position) VALUES ";
    // A missing offset is inserted as new: if another process inserts it first, this commit fails.
    for (is_new, tail) in [(true, ""), (false, " ON DUPLICATE KEY UPDATE position = VALUES(position)")] {
        let mut insert = Insert::new(script, HEAD, tail);
        for moved in moves {
            let (group, number) = (moved.key.group.name(), moved.key.partition.number);
            let stored = places.get(&(group.to_owned(), topic_cell(moved.key.partition).to_owned(), number));
            if stored.copied().unwrap_or(0) != moved.from {
                return Err(Halt::Moved(moved.key));
            }
            if stored.is_none() == is_new {
                insert.row(&[&group, &topic_cell(moved.key.partition), &number, &moved.to]);
            }
        }
    }
    Ok(())
}

/// Locks the campaigns that are as the engine held them, in order.
pub(super) fn select_held(held: &[Campaign]) -> String {
    let conditions = held.iter().map(|campaign| {
        let Campaign { id, issued, quantity, paused, issue_ends_at, updated_at, .. } = campaign;
        statement(
            "(campaign_id = ? AND issued = ? AND quantity = ? AND paused = ? AND issue_ends_at = ? AND updated_at = ?)",
            &[&id.0, issued, quantity, paused, issue_ends_at, updated_at],
        )
    });
    let conditions: Vec<String> = conditions.collect();
    format!(
        "SELECT campaign_id FROM campaign FORCE INDEX (PRIMARY) WHERE {} ORDER BY campaign_id FOR UPDATE",
        conditions.join(" OR ")
    )
}

/// Fails if one of the campaigns differs from the one that the engine held.
pub(super) fn compare_held(found: usize, held: &[Campaign]) -> Result<(), Halt> {
    if found == held.len() {
        return Ok(());
    }
    Err(Failure::Contended("another process has changed a held campaign".to_owned()).into())
}

/// Records the commit, so that the engine can find out whether it happened; rows of earlier commits are no longer
/// needed.
pub(super) fn record_commit(script: &mut Script, commit: &Commit<'_>) {
    let (engine, number) = (commit.id.engine, commit.id.number);
    let note = "INSERT INTO engine_commit (engine, number, committed_at) VALUES (?, ?, ?)";
    script.add(statement(note, &[&engine, &number, &commit.now]));
    let forget = "DELETE noted FROM engine_commit AS noted FORCE INDEX (PRIMARY) WHERE engine = ? AND number < ?";
    script.add(statement(forget, &[&engine, &number]));
}

pub(super) fn write_rows(script: &mut Script, commit: &Commit<'_>, before: &Before) {
    let rows = commit.rows;
    inbox(script, commit);
    skips(script, commit);
    maintenance(script, commit.rows);
    people::trail(script, rows);
    people::ended_tokens(script, rows);
    statistics::write(script, rows);
    retention::write(script, rows);
    removal::write(script, rows);
    failed_delivery::write(script, rows);
    answers(script, rows);
    people::logins(script, rows);
    api_keys::write(script, rows);
    modes::changes(script, rows);
    details::write(script, rows);
    webhooks::write(script, rows);
    alerts::write(script, rows);
    notifications::write(script, rows);
    orders::orders(script, rows, before);
    fulfilment::write(script, rows);
    timers(script, rows);
    claims(script, rows);
    people::requests(script, rows);
    people::customers(script, rows);
    people::accounts(script, rows);
    people::holdings(script, rows, before);
    people::entries(script, rows);
    people::notices(script, rows);
    campaigns(script, rows);
    drops::write(script, rows);
    products(script, rows);
    receipts(script, rows);
    sales(script, rows);
}

fn inbox(script: &mut Script, commit: &Commit<'_>) {
    let written = Upsert {
        head: "INSERT INTO inbox (consumer_group, event_id, taken_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE taken_at = VALUES(taken_at)",
    };
    put_all(script, &commit.rows.inbox, written, |insert, key, ()| {
        insert.row(&[&key.group.name(), &uuid(key.event.0), &commit.now]);
    });
}

fn skips(script: &mut Script, commit: &Commit<'_>) {
    const HEAD: &str =
        "INSERT INTO offset_skip (consumer_group, topic, `partition`, from_position, to_position, skipped_at) VALUES ";
    let mut insert = Insert::new(script, HEAD, "");
    for moved in &commit.rows.skips {
        let (group, number) = (moved.key.group.name(), moved.key.partition.number);
        insert.row(&[&group, &topic_cell(moved.key.partition), &number, &moved.from, &moved.to, &commit.now]);
    }
}

fn maintenance(script: &mut Script, rows: &Rows) {
    let mut insert = Insert::new(script, "INSERT INTO maintenance (kind, law, what, happened_at) VALUES ", "");
    for done in &rows.maintenance {
        insert.row(&[&"REPAIRED", &i64::from(done.law), &done.what.as_str(), &done.at]);
    }
}

fn answers(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO idempotency (`key`, fingerprint, answer, answered_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE fingerprint = VALUES(fingerprint), answer = VALUES(answer), \
                 answered_at = VALUES(answered_at)",
    };
    let gone = put_all(script, &rows.answers, written, |insert, AnswerKey(key), stored| {
        let answer = serde_json::to_string(&stored.answer).expect("an answer has a JSON form");
        insert.row(&[&key, &stored.fingerprint, &answer, &stored.at]);
    });
    for keys in gone.chunks(KEYS_MAX) {
        delete(
            script,
            Index { table: "idempotency", name: "idempotency_key" },
            &is_in("`key`", keys.iter().map(|key| key.0)),
        );
    }
}

fn timers(script: &mut Script, rows: &Rows) {
    const HEAD: &str = "INSERT INTO timer (order_id, due_at, kind, asked) VALUES ";
    const PUT: &str = " ON DUPLICATE KEY UPDATE due_at = VALUES(due_at), kind = VALUES(kind), asked = VALUES(asked)";
    let mut gone: Vec<OrderId> = vec![];
    let changes = rows.timers.changes();
    let mut insert = Insert::new(script, HEAD, PUT);
    for (TimerKey(order), change) in changes {
        match change {
            Change::Insert(timer) | Change::Update(timer) => {
                let asked = match timer.kind {
                    TimerKind::Claims | TimerKind::Delayed | TimerKind::Payment => 0,
                    TimerKind::Restorations { asked } => asked,
                };
                insert.row(&[&order.0, &timer.due, &timer_kind(timer.kind), &asked]);
            }
            Change::Delete => gone.push(order),
        }
    }
    drop(insert);
    for orders in gone.chunks(KEYS_MAX) {
        delete(
            script,
            Index { table: "timer", name: "PRIMARY" },
            &is_in("order_id", orders.iter().map(|order| order.0)),
        );
    }
}

fn claims(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO claim (order_id, step, product_id, state, reason) VALUES ",
        update: " ON DUPLICATE KEY UPDATE state = VALUES(state), reason = VALUES(reason)",
    };
    let gone = put_all(script, &rows.claims, written, |insert, ClaimKey { order, step }, claim| {
        let (step, product) = step_cells(step);
        let reason = match claim {
            Claim::Refused(reason) => Some(reason.code()),
            Claim::Held | Claim::Released => None,
        };
        insert.row(&[&order.0, &step, &product, &claim_state(*claim), &reason]);
    });
    for keys in gone.chunks(KEYS_MAX) {
        delete(script, Index { table: "claim", name: "PRIMARY" }, &claim_condition(keys));
    }
}

fn campaigns(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO campaign (campaign_id, name, discount_type, discount_value, discount_max_amount, quantity, \
               issued, issue_per_user_max, issue_starts_at, issue_ends_at, valid_until, issue_mode, queue_key, paused, \
               created_at, updated_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE quantity = VALUES(quantity), issued = VALUES(issued), \
                 issue_ends_at = VALUES(issue_ends_at), paused = VALUES(paused), updated_at = VALUES(updated_at)",
    };
    put_all(script, &rows.campaigns, written, |insert, id, campaign| {
        let (discount_type, value, max_amount) = discount_cells(&campaign.discount);
        insert.row(&[
            &id.0,
            &campaign.name,
            &discount_type,
            &value,
            &max_amount,
            &campaign.quantity,
            &campaign.issued,
            &campaign.issue_per_user_max,
            &campaign.issue_starts_at,
            &campaign.issue_ends_at,
            &campaign.valid_until,
            &campaign.issue_mode.name(),
            &campaign.queue_key.name(),
            &campaign.paused,
            &campaign.created_at,
            &campaign.updated_at,
        ]);
    });
}

fn products(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO product (product_id, name, price, status, on_hand, reserved, received, sold, written_off, \
               drop_id, created_at, updated_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE price = VALUES(price), status = VALUES(status), on_hand = VALUES(on_hand), \
                 reserved = VALUES(reserved), received = VALUES(received), sold = VALUES(sold), \
                 written_off = VALUES(written_off), drop_id = VALUES(drop_id), updated_at = VALUES(updated_at)",
    };
    put_all(script, &rows.products, written, |insert, id, product| {
        insert.row(&[
            &id.0,
            &product.name,
            &product.price,
            &product.status.name(),
            &product.on_hand,
            &product.reserved,
            &product.received,
            &product.sold,
            &product.written_off,
            &product.drop.map(|drop| drop.0),
            &product.created_at,
            &product.updated_at,
        ]);
    });
}

fn receipts(script: &mut Script, rows: &Rows) {
    let head = "INSERT INTO stock_receipt (receipt_id, product_id, delta, reason, created_at) VALUES ";
    let mut insert = Insert::new(script, head, "");
    for receipt in &rows.receipts {
        insert.row(&[&receipt.id.0, &receipt.product.0, &receipt.delta, &receipt.reason, &receipt.at]);
    }
}

fn sales(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO product_sales (day, product_id, sold, returned) VALUES ",
        update: " ON DUPLICATE KEY UPDATE sold = VALUES(sold), returned = VALUES(returned)",
    };
    put_all(script, &rows.sales, written, |insert, SalesKey { day, product }, sales| {
        insert.row(&[&day, &product.0, &sales.sold, &sales.returned]);
    });
}
