//! Rows of users: logins, the heads of their chains, points, coupons, requests, notices.

use app::state::rows::{CouponLink, CustomerKey, Deed, EndedToken, HoldingKey, Login, Recorded, Rows};
use domain::coupon::Coupon;
use domain::ids::CouponId;
use rustc_hash::FxHashMap;

use crate::mysql::sql::{Insert, Script};
use crate::mysql::store::transaction::Before;
use crate::mysql::store::upsert::{Upsert, put_all};

pub(super) fn logins(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO login (user_id, email_key, email, name, password_hash, role, tokens_since) VALUES ",
        update: " ON DUPLICATE KEY UPDATE name = VALUES(name), password_hash = VALUES(password_hash), \
                 role = VALUES(role), tokens_since = VALUES(tokens_since)",
    };
    put_all(script, &rows.logins, written, |insert, key, login| {
        let Login { user, email, name, password_hash, role, tokens_since } = login;
        insert.row(&[&user.0, &key.0, email, name, password_hash, &role.name(), tokens_since]);
    });
}

pub(super) fn ended_tokens(script: &mut Script, rows: &Rows) {
    let head = "INSERT INTO ended_token (mark, ended_at, expires_at) VALUES ";
    let mut insert = Insert::new(script, head, " ON DUPLICATE KEY UPDATE mark = VALUES(mark)");
    for EndedToken { mark, ended, expires } in &rows.ended_tokens {
        insert.row(&[mark, ended, expires]);
    }
}

pub(super) fn trail(script: &mut Script, rows: &Rows) {
    let mut insert = Insert::new(
        script,
        "INSERT INTO trail (user_id, role, key_id, action, subject, reason, change_json, happened_at) VALUES ",
        "",
    );
    for Recorded { deed, at, .. } in &rows.trail {
        let Deed { by, role, key, action, subject, reason, change } = deed;
        insert.row(&[&by.0, &role.name(), &key.map(|key| key.0), action, subject, reason, change, at]);
    }
}

pub(super) fn requests(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO coupon_request (request_id, user_id, campaign_id, status, result_code, coupon_id, \
               coupon_code, issue_number, quantity, decided_at, created_at, updated_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE status = VALUES(status), result_code = VALUES(result_code), \
                 coupon_id = VALUES(coupon_id), coupon_code = VALUES(coupon_code), \
                 issue_number = VALUES(issue_number), quantity = VALUES(quantity), decided_at = VALUES(decided_at), \
                 updated_at = VALUES(updated_at)",
    };
    put_all(script, &rows.requests, written, |insert, id, request| {
        let decision = request.decision.as_ref();
        let granted = decision.and_then(|decision| decision.granted.as_ref());
        insert.row(&[
            &id.0,
            &request.user.0,
            &request.campaign.0,
            &request.status.name(),
            &decision.map(|decision| decision.code.name()),
            &granted.map(|granted| granted.coupon.0),
            &granted.map(|granted| granted.code.as_str()),
            &granted.map(|granted| granted.issue_number),
            &decision.map(|decision| decision.quantity),
            &decision.map(|decision| decision.at),
            &request.created_at,
            &request.updated_at,
        ]);
    });
}

pub(super) fn customers(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO customer (user_id, last_order_id, last_coupon_id, last_entry_id, last_notice_id, notices, \
               created_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE last_order_id = VALUES(last_order_id), \
                 last_coupon_id = VALUES(last_coupon_id), last_entry_id = VALUES(last_entry_id), \
                 last_notice_id = VALUES(last_notice_id), notices = VALUES(notices)",
    };
    put_all(script, &rows.customers, written, |insert, CustomerKey(user), customer| {
        insert.row(&[
            &user.0,
            &customer.last_order.map(|last| last.0),
            &customer.last_coupon.map(|last| last.0),
            &customer.last_entry.map(|last| last.0),
            &customer.last_notice.map(|last| last.0),
            &customer.notices,
            &customer.created_at,
        ]);
    });
}

pub(super) fn accounts(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO points_account (user_id, balance) VALUES ",
        update: " ON DUPLICATE KEY UPDATE balance = VALUES(balance)",
    };
    put_all(script, &rows.accounts, written, |insert, key, account| insert.row(&[&key.0.0, &account.balance]));
}

const COUPONS: &str = "INSERT INTO coupon (coupon_id, code, campaign_id, user_id, nth, issue_number, used_order_id, \
                       issued_at, previous_coupon_id) VALUES ";

/// Writes the coupons that are new in their holding, and those that were used or became usable again.
pub(super) fn holdings(script: &mut Script, rows: &Rows, before: &Before) {
    let changes = rows.holdings.changes();
    if changes.is_empty() {
        return;
    }
    let links: FxHashMap<CouponId, Option<CouponId>> =
        rows.coupon_links.iter().map(|CouponLink { coupon, previous }| (*coupon, *previous)).collect();
    let mut written: [Vec<(HoldingKey, i64, &Coupon)>; 2] = [vec![], vec![]];
    for (key, change) in &changes {
        let (holding, _) = change.kept();
        let known = before.holdings.get(key).map_or(&[][..], Vec::as_slice);
        for (nth, coupon) in (1..).zip(&holding.coupons) {
            match known.iter().find(|known| known.id == coupon.id) {
                None => written[0].push((*key, nth, coupon)),
                Some(known) if known.used_order != coupon.used_order => written[1].push((*key, nth, coupon)),
                Some(_) => {}
            }
        }
    }
    for (coupons, tail) in written.iter().zip(["", " ON DUPLICATE KEY UPDATE used_order_id = VALUES(used_order_id)"]) {
        let mut insert = Insert::new(script, COUPONS, tail).awaiting(coupons.len());
        for (key, nth, coupon) in coupons {
            write_coupon(&mut insert, *key, *nth, coupon, links.get(&coupon.id).copied().flatten());
        }
    }
}

fn write_coupon(
    insert: &mut Insert<'_>,
    HoldingKey { campaign, user }: HoldingKey,
    nth: i64,
    coupon: &Coupon,
    previous: Option<CouponId>,
) {
    insert.row(&[
        &coupon.id.0,
        &coupon.code.as_str(),
        &campaign.0,
        &user.0,
        &nth,
        &coupon.issue_number,
        &coupon.used_order.map(|order| order.0),
        &coupon.issued_at,
        &previous.map(|previous| previous.0),
    ]);
}

pub(super) fn entries(script: &mut Script, rows: &Rows) {
    let head = "INSERT INTO points_entry (entry_id, user_id, from_account, to_account, amount, kind, order_id, \
                balance, previous_entry_id, created_at) VALUES ";
    let mut insert = Insert::new(script, head, "").awaiting(rows.entries.len());
    for entry in &rows.entries {
        insert.row(&[
            &entry.id.0,
            &entry.user.0,
            &entry.from_account,
            &entry.to_account,
            &entry.amount,
            &entry.kind,
            &entry.order.map(|order| order.0),
            &entry.balance,
            &entry.previous.map(|previous| previous.0),
            &entry.at,
        ]);
    }
}

pub(super) fn notices(script: &mut Script, rows: &Rows) {
    let head = "INSERT INTO notice (notice_id, user_id, number, kind, data, previous_notice_id, created_at) VALUES ";
    let mut insert = Insert::new(script, head, "").awaiting(rows.notices.len());
    for notice in &rows.notices {
        insert.row(&[
            &notice.id.0,
            &notice.user.0,
            &notice.number,
            &notice.kind,
            &notice.data,
            &notice.previous.map(|previous| previous.0),
            &notice.at,
        ]);
    }
}
