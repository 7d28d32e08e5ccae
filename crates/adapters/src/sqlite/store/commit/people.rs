//! Rows of users: logins, the heads of their chains, points, coupons, requests, notices.

use std::collections::BTreeMap;

use app::ports::Commit;
use app::state::rows::{AccountKey, CouponLink, CustomerKey, Deed, EndedToken, Recorded, Rows};
use domain::coupon::Coupon;
use domain::ids::{CouponId, UserId};
use domain::time::Timestamp;
use rusqlite::{CachedStatement, Connection, Result, params};
use rustc_hash::FxHashMap;

use crate::sqlite::cells::Run as _;
use crate::sqlite::store::customer_row::{self, Given};
use crate::sqlite::store::put_all::put_all;
use crate::sqlite::store::transaction::Before;

pub(super) fn logins(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO login (user_id, email_key, email, name, password_hash, role, tokens_since)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT (email_key) DO UPDATE SET name = excluded.name, password_hash = excluded.password_hash,
                                                     role = excluded.role, tokens_since = excluded.tokens_since";
    put_all(connection, &rows.logins, sql, |put, key, login| {
        let (user, role) = (login.user.0, login.role.name());
        let since = login.tokens_since.map(Timestamp::micros);
        put.run((user, key.0.as_slice(), &login.email, &login.name, &login.password_hash, role, since))
    })
}

pub(super) fn ended_tokens(connection: &Connection, rows: &Rows) -> Result<()> {
    for EndedToken { mark, ended, expires } in &rows.ended_tokens {
        let sql = "INSERT INTO ended_token (mark, ended_at, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        connection.prepare_cached(sql)?.run((mark, ended.micros(), expires.micros()))?;
    }
    Ok(())
}

pub(super) fn trail(connection: &Connection, rows: &Rows) -> Result<()> {
    for Recorded { deed, at, .. } in &rows.trail {
        let sql = "INSERT INTO trail (user_id, role, key_id, action, subject, reason, change_json, happened_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let Deed { by, role, key, action, subject, reason, change } = deed;
        let cells = params![by.0, role.name(), key.map(|key| key.0), action, subject, reason, change, at.micros()];
        connection.prepare_cached(sql)?.run(cells)?;
    }
    Ok(())
}

pub(super) fn requests(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO coupon_request (request_id, user_id, campaign_id, status, result_code, coupon_id,
                   coupon_code, issue_number, quantity, decided_at, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
               ON CONFLICT DO UPDATE SET status = excluded.status, result_code = excluded.result_code,
                   coupon_id = excluded.coupon_id, coupon_code = excluded.coupon_code,
                   issue_number = excluded.issue_number, quantity = excluded.quantity,
                   decided_at = excluded.decided_at, updated_at = excluded.updated_at";
    put_all(connection, &rows.requests, sql, |put, id, request| {
        let decision = request.decision.as_ref();
        let granted = decision.and_then(|decision| decision.granted.as_ref());
        put.run(params![
            id.0,
            request.user.0,
            request.campaign.0,
            request.status.name(),
            decision.map(|decision| decision.code.name()),
            granted.map(|granted| granted.coupon.0),
            granted.map(|granted| granted.code.as_str()),
            granted.map(|granted| granted.issue_number),
            decision.map(|decision| decision.quantity),
            decision.map(|decision| decision.at.micros()),
            request.created_at.micros(),
            request.updated_at.micros(),
        ])
    })
}

/// Writes each customer's row once, whatever changed in it.
pub(super) fn customers(connection: &Connection, commit: &Commit<'_>, before: &Before) -> Result<()> {
    let rows = commit.rows;
    let mut changed: BTreeMap<UserId, customer_row::Changes<'_>> = BTreeMap::new();
    for (CustomerKey(user), change) in rows.customers.changes() {
        changed.entry(user).or_default().customer = Some(change);
    }
    for (AccountKey(user), change) in rows.accounts.changes() {
        changed.entry(user).or_default().points = Some(change.kept().0.balance);
    }
    for (user, given) in holdings(connection, rows, before)? {
        let coupons = &mut changed.entry(user).or_default().coupons;
        if coupons.is_empty()
            && let Some(Some(row)) = before.customers.get(&user)
        {
            row.move_coupons(connection)?;
        }
        coupons.push(given);
    }
    customer_row::write(connection, commit.now, &changed)
}

/// Writes the coupons that are new in their holding, and those that were used or became usable again. Returns the new
/// ones.
fn holdings(connection: &Connection, rows: &Rows, before: &Before) -> Result<Vec<(UserId, Given)>> {
    let changes = rows.holdings.changes();
    let mut new = vec![];
    if changes.is_empty() {
        return Ok(new);
    }
    let links: FxHashMap<CouponId, Option<CouponId>> =
        rows.coupon_links.iter().map(|CouponLink { coupon, previous }| (*coupon, *previous)).collect();
    let mut insert = connection.prepare_cached(
        "INSERT INTO coupon (coupon_id, code, campaign_id, user_id, nth, issue_number, used_order_id, issued_at,
             previous_coupon_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let mut update = connection.prepare_cached("UPDATE coupon SET used_order_id = ?2 WHERE coupon_id = ?1")?;
    for (key, change) in changes {
        let (holding, _) = change.kept();
        let known = before.holdings.get(&key).map_or(&[][..], Vec::as_slice);
        for (nth, coupon) in (1..).zip(&holding.coupons) {
            match known.iter().find(|known| known.id == coupon.id) {
                None => {
                    let given = Given { campaign: key.campaign, nth, coupon: coupon.id };
                    insert_coupon(&mut insert, key.user, given, coupon, links.get(&coupon.id).copied().flatten())?;
                    new.push((key.user, given));
                }
                Some(known) if known.used_order != coupon.used_order => {
                    update.run((coupon.id.0, coupon.used_order.map(|order| order.0)))?;
                }
                Some(_) => {}
            }
        }
    }
    Ok(new)
}

fn insert_coupon(
    insert: &mut CachedStatement<'_>,
    user: UserId,
    given: Given,
    coupon: &Coupon,
    previous: Option<CouponId>,
) -> Result<()> {
    insert.run((
        coupon.id.0,
        coupon.code.as_str(),
        given.campaign.0,
        user.0,
        given.nth,
        coupon.issue_number,
        coupon.used_order.map(|order| order.0),
        coupon.issued_at.micros(),
        previous.map(|previous| previous.0),
    ))?;
    Ok(())
}

pub(super) fn entries(connection: &Connection, rows: &Rows) -> Result<()> {
    if rows.entries.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO points_entry (entry_id, user_id, from_account, to_account, amount, kind, order_id, balance,
             previous_entry_id, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for entry in &rows.entries {
        insert.run((
            entry.id.0,
            entry.user.0,
            entry.from_account,
            entry.to_account,
            entry.amount.amount(),
            entry.kind,
            entry.order.map(|order| order.0),
            entry.balance.amount(),
            entry.previous.map(|previous| previous.0),
            entry.at.micros(),
        ))?;
    }
    Ok(())
}

pub(super) fn notices(connection: &Connection, rows: &Rows) -> Result<()> {
    if rows.notices.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO notice (notice_id, user_id, number, kind, data, previous_notice_id, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for notice in &rows.notices {
        insert.run((
            notice.id.0,
            notice.user.0,
            notice.number,
            notice.kind,
            &notice.data,
            notice.previous.map(|previous| previous.0),
            notice.at.micros(),
        ))?;
    }
    Ok(())
}
