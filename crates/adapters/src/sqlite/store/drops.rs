//! Drops and their customers.

use app::ports::DueTimer;
use app::state::rows::{BuyerKey, CardKey, Rows};
use domain::drops::{Buyer, Card, Drop};
use domain::ids::DropId;
use domain::time::Timestamp;
use rusqlite::{Connection, Result};

use super::put_all::put_all;
use crate::records::json_cell;
use crate::selects::{select_buyer, select_card, select_drop};
use crate::sqlite::cells::{Run as _, find, find_all};

pub(in crate::sqlite) fn drop_row(connection: &Connection, id: DropId) -> Result<Option<Drop>> {
    find(connection, select_drop!("WHERE drop_id = ?1"), [id.0])
}

pub(in crate::sqlite) fn buyer_row(connection: &Connection, key: BuyerKey) -> Result<Option<Buyer>> {
    find(connection, select_buyer!("WHERE drop_id = ?1 AND user_id = ?2"), (key.drop.0, key.user.0))
}

pub(super) fn card_row(connection: &Connection, key: CardKey) -> Result<Option<Card>> {
    find(connection, select_card!("WHERE drop_id = ?1 AND card_hash = ?2"), (key.drop.0, key.hash.0))
}

pub(super) fn due(connection: &Connection, now: Timestamp, limit: i64) -> Result<impl Iterator<Item = DueTimer>> {
    let sql = "SELECT drop_id FROM drops WHERE turns_at <= ?1 ORDER BY turns_at, drop_id LIMIT ?2";
    let due: Vec<i64> = find_all(connection, sql, (now.micros(), limit))?;
    Ok(due.into_iter().map(|id| DueTimer::Drop { drop: DropId(id) }))
}

pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    links(connection, rows)?;
    let sql = "INSERT INTO drop_buyer (drop_id, user_id, body) VALUES (?1, ?2, ?3)
               ON CONFLICT DO UPDATE SET body = excluded.body";
    put_all(connection, &rows.buyers, sql, |put, key, buyer| put.run((key.drop.0, key.user.0, json_cell(buyer))))?;
    let sql = "INSERT INTO drop_card (drop_id, card_hash, units) VALUES (?1, ?2, ?3)
               ON CONFLICT DO UPDATE SET units = excluded.units";
    put_all(connection, &rows.cards, sql, |put, key, card| put.run((key.drop.0, key.hash.0, card.units)))?;
    let sql = "INSERT INTO drops (drop_id, turns_at, body) VALUES (?1, ?2, ?3)
               ON CONFLICT DO UPDATE SET turns_at = excluded.turns_at, body = excluded.body";
    put_all(connection, &rows.drops, sql, |put, id, drop| {
        put.run((id.0, drop.turns_at().map(Timestamp::micros), json_cell(drop)))
    })
}

fn links(connection: &Connection, rows: &Rows) -> Result<()> {
    if rows.drop_links.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO drop_link (drop_id, number, at, customer, kind, subject, order_id, previous_hash, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for link in &rows.drop_links {
        insert.run((
            link.drop.0,
            link.number,
            link.at.micros(),
            &link.customer,
            link.kind.name(),
            link.subject,
            link.order.map(|order| order.0),
            &link.previous,
            &link.hash,
        ))?;
    }
    Ok(())
}
