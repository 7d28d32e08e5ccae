//! Writes the changes of a batch. Every statement stays prepared, and is looked up once per commit.

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
use rusqlite::{Connection, Result, params};

use super::failed_delivery;
use super::put_all::put_all;
use super::transaction::{Before, Failure};
use crate::sqlite::cells::{Run as _, find};
use crate::words::{claim_state, discount_cells, step_cells, timer_kind, topic_cell};

/// Moves the groups' offsets; fails if one of them has moved since the batch read it.
pub(super) fn move_offsets(connection: &Connection, moves: &[OffsetMove]) -> Result<(), Failure> {
    if moves.is_empty() {
        return Ok(());
    }
    let stored = "SELECT position FROM consumer_offset WHERE consumer_group = ?1 AND topic = ?2 AND partition = ?3";
    let mut write = connection.prepare_cached(
        "INSERT INTO consumer_offset (consumer_group, topic, partition, position) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET position = excluded.position",
    )?;
    for OffsetMove { key, from, to } in moves {
        let topic = topic_cell(key.partition);
        let (group, number) = (key.group.name(), key.partition.number);
        let position: Option<i64> = find(connection, stored, (group, topic, number))?;
        if position.unwrap_or(0) != *from {
            return Err(Failure::Moved(*key));
        }
        write.run((group, topic, number, to))?;
    }
    Ok(())
}

/// Fails if a campaign differs from the one that the engine held.
pub(super) fn compare_held(connection: &Connection, held: &[Campaign]) -> Result<(), Failure> {
    let same = "SELECT 1 FROM campaign WHERE campaign_id = ?1 AND issued = ?2 AND quantity = ?3 AND paused = ?4
                    AND issue_ends_at = ?5 AND updated_at = ?6";
    for campaign in held {
        let Campaign { id, issued, quantity, paused, issue_ends_at, updated_at, .. } = campaign;
        let cells = (id.0, issued, quantity, paused, issue_ends_at.micros(), updated_at.micros());
        if find::<i64>(connection, same, cells)?.is_none() {
            return Err(Failure::Changed(*id));
        }
    }
    Ok(())
}

/// Records the commit, so that the engine can find out whether it happened.
pub(super) fn record_commit(connection: &Connection, commit: &Commit<'_>) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO engine_commit (engine, number, committed_at) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET number = excluded.number, committed_at = excluded.committed_at",
    )?;
    statement.run((commit.id.engine, commit.id.number, commit.now.micros())).map(|_| ())
}

pub(super) fn write_rows(connection: &Connection, commit: &Commit<'_>, before: &Before) -> Result<()> {
    let rows = commit.rows;
    inbox(connection, commit)?;
    skips(connection, commit)?;
    maintenance(connection, rows)?;
    people::trail(connection, rows)?;
    people::ended_tokens(connection, rows)?;
    statistics::write(connection, rows)?;
    retention::write(connection, rows)?;
    removal::write(connection, rows)?;
    failed_delivery::write(connection, rows)?;
    answers(connection, rows)?;
    people::logins(connection, rows)?;
    super::api_keys::write(connection, rows)?;
    modes::changes(connection, rows)?;
    super::details::write(connection, rows)?;
    super::webhooks::write(connection, rows)?;
    super::alerts::write(connection, rows)?;
    super::notifications::write(connection, rows)?;
    orders::orders(connection, rows, before)?;
    super::fulfilment::write(connection, rows)?;
    timers(connection, rows)?;
    claims(connection, rows)?;
    people::requests(connection, rows)?;
    people::customers(connection, commit, before)?;
    people::entries(connection, rows)?;
    people::notices(connection, rows)?;
    campaigns(connection, rows)?;
    super::drops::write(connection, rows)?;
    products(connection, rows)?;
    receipts(connection, rows)?;
    sales(connection, rows)
}

fn inbox(connection: &Connection, commit: &Commit<'_>) -> Result<()> {
    let sql = "INSERT INTO inbox (consumer_group, event_id, taken_at) VALUES (?1, ?2, ?3)";
    put_all(connection, &commit.rows.inbox, sql, |insert, key, ()| {
        insert.run((key.group.name(), uuid(key.event.0), commit.now.micros()))
    })
}

fn maintenance(connection: &Connection, rows: &Rows) -> Result<()> {
    for done in &rows.maintenance {
        let sql = "INSERT INTO maintenance (kind, law, what, happened_at) VALUES ('REPAIRED', ?1, ?2, ?3)";
        connection.prepare_cached(sql)?.run((done.law, &done.what, done.at.micros()))?;
    }
    Ok(())
}

fn skips(connection: &Connection, commit: &Commit<'_>) -> Result<()> {
    for OffsetMove { key, from, to } in &commit.rows.skips {
        let topic = topic_cell(key.partition);
        let statement =
            "INSERT INTO offset_skip (consumer_group, topic, partition, from_position, to_position, skipped_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let row = (key.group.name(), topic, key.partition.number, from, to, commit.now.micros());
        connection.prepare_cached(statement)?.run(row)?;
    }
    Ok(())
}

fn answers(connection: &Connection, rows: &Rows) -> Result<()> {
    let changes = rows.answers.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(
        "INSERT INTO idempotency (key, fingerprint, answer, answered_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = excluded.answer,
                                         answered_at = excluded.answered_at",
    )?;
    let mut delete = connection.prepare_cached("DELETE FROM idempotency WHERE key = ?1")?;
    for (AnswerKey(key), change) in changes {
        match change {
            Change::Insert(row) | Change::Update(row) => {
                let answer = serde_json::to_string(&row.answer)
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                put.run((key.as_slice(), row.fingerprint.as_slice(), answer, row.at.micros()))?
            }
            Change::Delete => delete.run([key.as_slice()])?,
        };
    }
    Ok(())
}

fn timers(connection: &Connection, rows: &Rows) -> Result<()> {
    let changes = rows.timers.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(
        "INSERT INTO timer (order_id, due_at, kind, asked) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET due_at = excluded.due_at, kind = excluded.kind, asked = excluded.asked",
    )?;
    let mut delete = connection.prepare_cached("DELETE FROM timer WHERE order_id = ?1")?;
    for (TimerKey(order), change) in changes {
        match change {
            Change::Insert(timer) | Change::Update(timer) => {
                let asked = match timer.kind {
                    TimerKind::Claims | TimerKind::Delayed | TimerKind::Payment => 0,
                    TimerKind::Restorations { asked } => asked,
                };
                put.run((order.0, timer.due.micros(), timer_kind(timer.kind), asked))?
            }
            Change::Delete => delete.run([order.0])?,
        };
    }
    Ok(())
}

fn claims(connection: &Connection, rows: &Rows) -> Result<()> {
    let changes = rows.claims.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(
        "INSERT INTO claim (order_id, step, product_id, state, reason) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason",
    )?;
    let mut delete =
        connection.prepare_cached("DELETE FROM claim WHERE order_id = ?1 AND step = ?2 AND product_id = ?3")?;
    for (ClaimKey { order, step }, change) in changes {
        let (step, product) = step_cells(step);
        match change {
            Change::Insert(claim) | Change::Update(claim) => {
                let reason = match claim {
                    Claim::Refused(reason) => Some(reason.code()),
                    Claim::Held | Claim::Released => None,
                };
                put.run((order.0, step, product, claim_state(*claim), reason))?
            }
            Change::Delete => delete.run((order.0, step, product))?,
        };
    }
    Ok(())
}

fn campaigns(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO campaign (campaign_id, name, discount_type, discount_value, discount_max_amount, quantity,
                   issued, issue_per_user_max, issue_starts_at, issue_ends_at, valid_until, issue_mode, queue_key,
                   paused, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
               ON CONFLICT DO UPDATE SET quantity = excluded.quantity, issued = excluded.issued,
                   issue_ends_at = excluded.issue_ends_at, paused = excluded.paused, updated_at = excluded.updated_at";
    put_all(connection, &rows.campaigns, sql, |put, id, campaign| {
        let (discount_type, value, max_amount) = discount_cells(&campaign.discount);
        put.run(params![
            id.0,
            campaign.name,
            discount_type,
            value,
            max_amount,
            campaign.quantity,
            campaign.issued,
            campaign.issue_per_user_max,
            campaign.issue_starts_at.micros(),
            campaign.issue_ends_at.micros(),
            campaign.valid_until.micros(),
            campaign.issue_mode.name(),
            campaign.queue_key.name(),
            campaign.paused,
            campaign.created_at.micros(),
            campaign.updated_at.micros(),
        ])
    })
}

fn products(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO product (product_id, name, price, status, on_hand, reserved, received, sold, written_off,
                   drop_id, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
               ON CONFLICT DO UPDATE SET price = excluded.price, status = excluded.status, on_hand = excluded.on_hand,
                   reserved = excluded.reserved, received = excluded.received, sold = excluded.sold,
                   written_off = excluded.written_off, drop_id = excluded.drop_id,
                   updated_at = excluded.updated_at";
    put_all(connection, &rows.products, sql, |put, id, product| {
        put.run(params![
            id.0,
            product.name,
            product.price.amount(),
            product.status.name(),
            product.on_hand,
            product.reserved,
            product.received,
            product.sold,
            product.written_off,
            product.drop.map(|drop| drop.0),
            product.created_at.micros(),
            product.updated_at.micros(),
        ])
    })
}

fn receipts(connection: &Connection, rows: &Rows) -> Result<()> {
    for receipt in &rows.receipts {
        let mut insert = connection.prepare_cached(
            "INSERT INTO stock_receipt (receipt_id, product_id, delta, reason, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let (id, product) = (receipt.id.0, receipt.product.0);
        insert.run((id, product, receipt.delta, &receipt.reason, receipt.at.micros()))?;
    }
    Ok(())
}

fn sales(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO product_sales (day, product_id, sold, returned) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO UPDATE SET sold = excluded.sold, returned = excluded.returned";
    put_all(connection, &rows.sales, sql, |put, SalesKey { day, product }, sales| {
        put.run((day, product.0, sales.sold, sales.returned))
    })
}
