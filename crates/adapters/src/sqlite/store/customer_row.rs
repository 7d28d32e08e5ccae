//! A customer's row: the heads of the customer's lists, the points, and the coupons. These are a text that only grows:
//! ` 12.1=345` is coupon 345, the customer's first one of campaign 12.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::state::rows::Customer;
use app::state::table::Change;
use domain::ids::{CampaignId, CouponId, UserId};
use domain::money::Money;
use domain::points::Account;
use domain::time::Timestamp;
use rusqlite::ffi::{self, SQLITE_CONSTRAINT};
use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, Error, Result};

use crate::records::{Cells, FromCells};
use crate::selects::select_customer;
use crate::sqlite::cells::{Run as _, find};

/// A customer's row.
#[derive(Debug)]
pub(super) struct CustomerRow {
    pub(super) customer: Customer,
    points: Option<Money>,
    coupons: Arc<str>,
}

impl FromCells for CustomerRow {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<CustomerRow, C::Error> {
        let customer = Customer::from_cells(cells)?;
        Ok(CustomerRow { customer, points: cells.take::<Option<i64>>()?.map(Money::won), coupons: cells.text()? })
    }
}

impl CustomerRow {
    pub(super) fn find(connection: &Connection, user: UserId) -> Result<Option<CustomerRow>> {
        find(connection, select_customer!(", points, coupons", "WHERE user_id = ?1"), [user.0])
    }

    /// `None` until the first charge.
    pub(super) fn account(&self) -> Option<Account> {
        self.points.map(|balance| Account { user: self.customer.user, balance })
    }

    /// Returns the customer's coupons of a campaign, the first one first.
    pub(super) fn coupons(&self, campaign: CampaignId) -> Result<Vec<CouponId>> {
        coupons_of(campaign, &self.coupons).ok_or_else(|| {
            let why = format!("the coupons of customer {} are unreadable: {}", self.customer.user.0, self.coupons);
            Error::FromSqlConversionFailure(0, Type::Text, why.into())
        })
    }
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

/// A customer's `nth` coupon of a campaign.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    pub(super) campaign: CampaignId,
    pub(super) nth: i64,
    pub(super) coupon: CouponId,
}

impl Given {
    /// The beginning of the coupon's text, which no other coupon has.
    fn prefix(self) -> String {
        format!(" {}.{}=", self.campaign.0, self.nth)
    }
}

/// The changes of a commit in one row.
#[derive(Debug, Default)]
pub(super) struct Changes<'c> {
    pub(super) customer: Option<Change<'c, Customer>>,
    pub(super) points: Option<Money>,
    pub(super) coupons: Vec<Given>,
}

/// Writes each row once, except for a customer who gets several coupons.
pub(super) fn write(connection: &Connection, now: Timestamp, changes: &BTreeMap<UserId, Changes<'_>>) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut statements = Statements::of(connection)?;
    changes.iter().try_for_each(|(user, changes)| statements.write(*user, now, changes))
}

struct Statements<'c> {
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
    put_points: CachedStatement<'c>,
    put_coupon: CachedStatement<'c>,
}

impl Statements<'_> {
    fn of(connection: &Connection) -> Result<Statements<'_>> {
        Ok(Statements {
            insert: connection.prepare_cached(
                "INSERT INTO customer (user_id, last_order_id, last_coupon_id, last_entry_id, last_notice_id, notices, points,
                     coupons, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 || ?9, ?10)",
            )?,
            update: connection.prepare_cached(
                "UPDATE customer SET last_order_id = ?2, last_coupon_id = ?3, last_entry_id = ?4, last_notice_id = ?5, notices = ?6,
                     points = coalesce(?7, points), coupons = coupons || ?8 || ?9
                 WHERE user_id = ?1 AND (?8 = '' OR instr(coupons, ?8) = 0)",
            )?,
            put_points: connection.prepare_cached(
                "INSERT INTO customer (user_id, notices, created_at, points) VALUES (?1, 0, ?2, ?3)
                 ON CONFLICT DO UPDATE SET points = excluded.points",
            )?,
            put_coupon: connection.prepare_cached(
                "INSERT INTO customer (user_id, notices, created_at, coupons) VALUES (?1, 0, ?2, ?3 || ?4)
                 ON CONFLICT DO UPDATE SET coupons = coupons || ?3 || ?4 WHERE instr(coupons, ?3) = 0",
            )?,
        })
    }

    fn write(&mut self, user: UserId, now: Timestamp, changes: &Changes<'_>) -> Result<()> {
        let points = changes.points.map(Money::amount);
        let mut coupons = changes.coupons.iter().copied();
        if let Some(change) = changes.customer {
            self.write_customer(change, points, coupons.next())?;
        } else if let Some(points) = points {
            self.put_points.run((user.0, now.micros(), points))?;
        }
        for given in coupons {
            if self.put_coupon.run((user.0, now.micros(), given.prefix(), given.coupon.0))? == 0 {
                return Err(refused(user, Some(given)));
            }
        }
        Ok(())
    }

    fn write_customer(
        &mut self,
        change: Change<'_, Customer>,
        points: Option<i64>,
        given: Option<Given>,
    ) -> Result<()> {
        let (customer, is_new) = change.kept();
        let user = customer.user.0;
        let order = customer.last_order.map(|last| last.0);
        let coupon = customer.last_coupon.map(|last| last.0);
        let entry = customer.last_entry.map(|last| last.0);
        let notice = customer.last_notice.map(|last| last.0);
        let notices = customer.notices;
        let (prefix, given_id) = given.map(|given| (given.prefix(), given.coupon.0.to_string())).unwrap_or_default();
        let written = if is_new {
            let created_at = customer.created_at.micros();
            self.insert.run((user, order, coupon, entry, notice, notices, points, prefix, given_id, created_at))?
        } else {
            self.update.run((user, order, coupon, entry, notice, notices, points, prefix, given_id))?
        };
        if written == 0 { Err(refused(customer.user, given)) } else { Ok(()) }
    }
}

/// The row differs from the one that the commit was decided for, which breaks a constraint.
fn refused(user: UserId, given: Option<Given>) -> Error {
    let why = match given {
        Some(Given { campaign, nth, .. }) => {
            format!("customer {} already has coupon {nth} of campaign {}", user.0, campaign.0)
        }
        None => format!("customer {} does not exist", user.0),
    };
    Error::SqliteFailure(ffi::Error::new(SQLITE_CONSTRAINT), Some(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coupons_of_other_campaigns_are_skipped() {
        let text = " 1.1=7 12.1=8 1.2=9";
        assert_eq!(coupons_of(CampaignId(1), text), Some(vec![CouponId(7), CouponId(9)]));
        assert_eq!(coupons_of(CampaignId(2), text), Some(vec![]));
        assert_eq!(coupons_of(CampaignId(1), ""), Some(vec![]));
        assert_eq!(coupons_of(CampaignId(1), " 1.1"), None);
        assert_eq!(coupons_of(CampaignId(1), " 1.1=x"), None);
    }
}
