//! Whether the coupons that a customer's row names are those that he was given.

use rusqlite::{Connection, Result};

use crate::sqlite::cells::from_row;

/// So many are named.
const NAMED_MAX: usize = 20;

/// Customers whose row names other coupons than `coupon` has of theirs: fewer, or more.
pub(super) fn untrue(connection: &Connection) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT user_id FROM coupon LEFT JOIN customer USING (user_id)
         WHERE instr(coalesce(coupons, '') || ' ', ' ' || campaign_id || '.' || nth || '=' || coupon_id || ' ') = 0
         UNION
         SELECT user_id FROM customer LEFT JOIN
             (SELECT user_id, sum(length(campaign_id || nth || coupon_id) + 3) AS needed FROM coupon GROUP BY user_id)
             USING (user_id)
         WHERE length(coupons) <> coalesce(needed, 0)
         LIMIT {NAMED_MAX}"
    );
    let mut statement = connection.prepare(&sql)?;
    let customers = statement.query_map([], from_row::<i64>)?;
    let say = |user| format!("customer {user}: his row names other coupons than he was given");
    customers.map(|user| user.map(say)).collect()
}
