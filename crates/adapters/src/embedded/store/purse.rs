//! Which coupons a customer has, in his own row: a text that only grows. ` 12.1=345` is coupon 345, his first one of
//! campaign 12.

use domain::ids::{CampaignId, CouponId, UserId};
use domain::time::Timestamp;
use rusqlite::ffi::{self, SQLITE_CONSTRAINT};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension as _, Result};

/// A user's coupons of a campaign, the first one first.
pub(super) fn coupons(connection: &Connection, user: UserId, campaign: CampaignId) -> Result<Vec<CouponId>> {
    let mut statement = connection.prepare_cached("SELECT coupons FROM customer WHERE user_id = ?1")?;
    let found = statement.query_row([user.0], |row| {
        let text = row.get_ref(0)?.as_str()?;
        coupons_of(campaign, text).ok_or_else(|| {
            let why = format!("the coupons of customer {} cannot be read: {text}", user.0);
            Error::FromSqlConversionFailure(0, Type::Text, why.into())
        })
    });
    Ok(found.optional()?.unwrap_or_default())
}

fn coupons_of(campaign: CampaignId, text: &str) -> Option<Vec<CouponId>> {
    let mut found = vec![];
    for held in text.split_ascii_whitespace() {
        let (of, coupon) = held.split_once('=')?;
        let (of, _nth) = of.split_once('.')?;
        if of.parse() == Ok(campaign.0) {
            found.push(CouponId(coupon.parse().ok()?));
        }
    }
    Some(found)
}

/// Gives a user his `nth` coupon of a campaign, unless he has that one: then the commit is broken.
pub(super) fn put_coupon(
    connection: &Connection,
    (user, campaign, nth): (UserId, CampaignId, i64),
    coupon: CouponId,
    now: Timestamp,
) -> Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO customer (user_id, notices, created_at, coupons) VALUES (?1, 0, ?2, ?3 || ?4)
         ON CONFLICT DO UPDATE SET coupons = coupons || ?3 || ?4 WHERE instr(coupons, ?3) = 0",
    )?;
    let place = format!(" {}.{nth}=", campaign.0);
    if put.execute((user.0, now.micros(), place, coupon.0))? == 0 {
        let why = format!("customer {} has his coupon {nth} of campaign {}", user.0, campaign.0);
        return Err(Error::SqliteFailure(ffi::Error::new(SQLITE_CONSTRAINT), Some(why)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coupons_of_other_campaigns_are_passed_over() {
        let text = " 1.1=7 12.1=8 1.2=9";
        assert_eq!(coupons_of(CampaignId(1), text), Some(vec![CouponId(7), CouponId(9)]));
        assert_eq!(coupons_of(CampaignId(2), text), Some(vec![]));
        assert_eq!(coupons_of(CampaignId(1), ""), Some(vec![]));
        assert_eq!(coupons_of(CampaignId(1), " 1.1"), None);
        assert_eq!(coupons_of(CampaignId(1), " 1.1=x"), None);
    }
}
