//! Drops and their customers.

use app::ports::DueTimer;
use app::state::rows::{BuyerKey, CardKey, Rows};
use domain::drops::{Buyer, Card, Drop};
use domain::ids::DropId;
use domain::time::Timestamp;
use mysql_async::Value;

use super::locking_read::{index, loaded, locked, pairs};
use super::upsert::{Upsert, put_all};
use crate::mysql::cells::from_row;
use crate::mysql::failure::Result;
use crate::mysql::session::Session;
use crate::mysql::sql::{Insert, Script, is_in, statement};
use crate::records::json_cell;
use crate::selects::{select_buyer, select_card, select_drop};

pub(super) fn select(ids: &[DropId]) -> String {
    locked(select_drop!(""), "PRIMARY", &is_in("drop_id", ids.iter().map(|id| id.0)), "drop_id")
}

pub(super) fn select_buyers(keys: &[BuyerKey]) -> String {
    let condition = pairs("drop_id", "user_id", keys.iter().map(|key| (key.drop.0, key.user.0)));
    locked(select_buyer!(""), "PRIMARY", &condition, "drop_id, user_id")
}

pub(super) fn select_cards(keys: &[CardKey]) -> String {
    let condition = pairs("drop_id", "card_hash", keys.iter().map(|key| (key.drop.0, &key.hash.0[..])));
    locked(select_card!(""), "PRIMARY", &condition, "drop_id, card_hash")
}

pub(super) fn read(ids: Vec<DropId>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    loaded(&mut rows.drops, ids, index(found, |drop: Drop| (drop.id, drop))?);
    Ok(())
}

pub(super) fn read_buyers(keys: Vec<BuyerKey>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    let key = |buyer: Buyer| (BuyerKey { drop: buyer.drop, user: buyer.user }, buyer);
    loaded(&mut rows.buyers, keys, index(found, key)?);
    Ok(())
}

pub(super) fn read_cards(keys: Vec<CardKey>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    let key = |card: Card| (CardKey { drop: card.drop, hash: card.hash }, card);
    loaded(&mut rows.cards, keys, index(found, key)?);
    Ok(())
}

pub(super) async fn due(session: &mut Session, now: Timestamp, limit: i64) -> Result<Vec<DueTimer>> {
    let due = "SELECT drop_id FROM drops WHERE turns_at <= ? ORDER BY turns_at, drop_id LIMIT ?";
    let rows = session.ask_alone(&statement(due, &[&now, &limit])).await?;
    rows.into_iter().map(|row| Ok(DueTimer::Drop { drop: DropId(from_row(row)?) })).collect()
}

pub(super) fn write(script: &mut Script, rows: &Rows) {
    const LINKS: &str =
        "INSERT INTO drop_link (drop_id, number, at, customer, kind, subject, order_id, previous_hash, hash) VALUES ";
    let mut insert = Insert::new(script, LINKS, "").awaiting(rows.drop_links.len());
    for link in &rows.drop_links {
        insert.row(&[
            &link.drop.0,
            &link.number,
            &link.at,
            &link.customer,
            &link.kind.name(),
            &link.subject,
            &link.order.map(|order| order.0),
            &link.previous,
            &link.hash,
        ]);
    }
    drop(insert);
    let written = Upsert {
        head: "INSERT INTO drop_buyer (drop_id, user_id, body) VALUES ",
        update: " ON DUPLICATE KEY UPDATE body = VALUES(body)",
    };
    put_all(script, &rows.buyers, written, |insert, key, buyer| {
        insert.row(&[&key.drop.0, &key.user.0, &json_cell(buyer)]);
    });
    let written = Upsert {
        head: "INSERT INTO drop_card (drop_id, card_hash, units) VALUES ",
        update: " ON DUPLICATE KEY UPDATE units = VALUES(units)",
    };
    put_all(script, &rows.cards, written, |insert, key, card| {
        insert.row(&[&key.drop.0, &&key.hash.0[..], &card.units]);
    });
    let written = Upsert {
        head: "INSERT INTO drops (drop_id, turns_at, body) VALUES ",
        update: " ON DUPLICATE KEY UPDATE turns_at = VALUES(turns_at), body = VALUES(body)",
    };
    put_all(script, &rows.drops, written, |insert, id, drop| {
        insert.row(&[&id.0, &drop.turns_at(), &json_cell(drop)]);
    });
}
