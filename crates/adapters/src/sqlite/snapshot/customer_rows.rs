//! Checks that the coupons in a customer's row are those that the customer was issued.

use rusqlite::{Connection, Result};

use crate::sqlite::cells::from_row;

/// The most customers that are named.
const NAMED_MAX: usize = 20;

/// Returns the customers whose row names fewer or more coupons than the table `coupon` has of them.
pub(super) fn mismatches(connection: &Connection) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT user_id FROM coupon LEFT JOIN customer USING (user_id)
         WHERE instr(coalesce(coupons, '') || ' ', ' ' || campaign_id || '.' || nth || '=' || coupon_id || ' ') = 0
             AND (campaign_id, nth, coupon_id) NOT IN (SELECT campaign_id, nth, coupon_id FROM customer_coupon AS moved
                                                       WHERE moved.user_id = coupon.user_id AND moved.campaign_id = coupon.campaign_id)
         UNION
         SELECT user_id FROM customer
             LEFT JOIN (SELECT user_id, sum(length(campaign_id || nth || coupon_id) + 3) AS needed FROM coupon GROUP BY user_id)
                 USING (user_id)
             LEFT JOIN (SELECT user_id, sum(length(campaign_id || nth || coupon_id) + 3) AS moved, count(*) AS count
                        FROM customer_coupon GROUP BY user_id) USING (user_id)
         WHERE length(coupons) + coalesce(moved, 0) <> coalesce(needed, 0) OR coupons_moved <> coalesce(count, 0)
         UNION
         SELECT user_id FROM customer_coupon WHERE user_id NOT IN (SELECT user_id FROM customer)
         LIMIT {NAMED_MAX}"
    );
    let mut statement = connection.prepare(&sql)?;
    let customers = statement.query_map([], from_row::<i64>)?;
    let say = |user| format!("customer {user}: the row names other coupons than were issued");
    customers.map(|user| user.map(say)).collect()
}
