//! A customer's row: the heads of the customer's lists, the points, and the coupons. These are a text:
//! ` 12.1=345` is coupon 345, the customer's first one of campaign 12. It grows with the coupons and is written whole with
//! every change of the row, so beyond some of them they move to a table of their own.

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
use crate::sqlite::cells::{Run as _, find, find_all};

/// The longest text, some 70 coupons: about half a page.
const COUPONS_BYTES_MAX: usize = 1_024;

/// A customer's row.
#[derive(Debug)]
pub(super) struct CustomerRow {
    pub(super) customer: Customer,
    points: Option<Money>,
    coupons: Arc<str>,
    /// The number of earlier coupons, which the table `customer_coupon` has.
    moved: i64,
}

impl FromCells for CustomerRow {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<CustomerRow, C::Error> {
        let customer = Customer::from_cells(cells)?;
        let points = cells.take::<Option<i64>>()?.map(Money::won);
        Ok(CustomerRow { customer, points, coupons: cells.text()?, moved: cells.take()? })
    }
}

impl CustomerRow {
    pub(super) fn find(connection: &Connection, user: UserId) -> Result<Option<CustomerRow>> {
        find(connection, select_customer!(", points, coupons, coupons_moved", "WHERE user_id = ?1"), [user.0])
    }

    /// `None` until the first charge.
    pub(super) fn account(&self) -> Option<Account> {
        self.points.map(|balance| Account { user: self.customer.user, balance })
    }

    /// Returns the customer's coupons of a campaign, the first one first.
    pub(super) fn coupons(&self, connection: &Connection, campaign: CampaignId) -> Result<Vec<CouponId>> {
        let mut found = vec![];
        if self.moved > 0 {
            let sql = "SELECT coupon_id FROM customer_coupon WHERE user_id = ?1 AND campaign_id = ?2 ORDER BY nth";
            let moved: Vec<i64> = find_all(connection, sql, (self.customer.user.0, campaign.0))?;
            found.extend(moved.into_iter().map(CouponId));
        }
        let given = self.given()?.into_iter().filter(|given| given.campaign == campaign);
        found.extend(given.map(|given| given.coupon));
        Ok(found)
    }

    /// Returns the coupons that stand in the row.
    fn given(&self) -> Result<Vec<Given>> {
        read_coupons(&self.coupons).ok_or_else(|| {
            let why = format!("the coupons of customer {} are unreadable: {}", self.customer.user.0, self.coupons);
            Error::FromSqlConversionFailure(0, Type::Text, why.into())
        })
    }

    /// Moves the row's coupons to their own table, if they are many.
    pub(super) fn move_coupons(&self, connection: &Connection) -> Result<()> {
        if self.coupons.len() <= COUPONS_BYTES_MAX {
            return Ok(());
        }
        let (user, given) = (self.customer.user.0, self.given()?);
        let mut insert = connection.prepare_cached("INSERT INTO customer_coupon VALUES (?1, ?2, ?3, ?4)")?;
        for Given { campaign, nth, coupon } in &given {
            insert.run((user, campaign.0, nth, coupon.0))?;
        }
        let sql = "UPDATE customer SET coupons = '', coupons_moved = coupons_moved + ?2 WHERE user_id = ?1";
        let moved = i64::try_from(given.len()).unwrap_or(i64::MAX);
        connection.prepare_cached(sql)?.run((user, moved)).map(|_| ())
    }
}

fn read_coupons(text: &str) -> Option<Vec<Given>> {
    let read = |held: &str| {
        let (of, coupon) = held.split_once('=')?;
        let (campaign, nth) = of.split_once('.')?;
        let (campaign, coupon) = (CampaignId(campaign.parse().ok()?), CouponId(coupon.parse().ok()?));
        Some(Given { campaign, nth: nth.parse().ok()?, coupon })
    };
    text.split_ascii_whitespace().map(read).collect()
}

/// A customer's `nth` coupon of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
                 WHERE user_id = ?1 AND (?8 = '' OR instr(coupons, ?8) = 0 AND (coupons_moved = 0 OR NOT EXISTS
                     (SELECT 1 FROM customer_coupon WHERE user_id = ?1 AND campaign_id = ?10 AND nth = ?11)))",
            )?,
            put_points: connection.prepare_cached(
                "INSERT INTO customer (user_id, notices, created_at, points) VALUES (?1, 0, ?2, ?3)
                 ON CONFLICT DO UPDATE SET points = excluded.points",
            )?,
            put_coupon: connection.prepare_cached(
                "INSERT INTO customer (user_id, notices, created_at, coupons) VALUES (?1, 0, ?2, ?3 || ?4)
                 ON CONFLICT DO UPDATE SET coupons = coupons || ?3 || ?4
                 WHERE instr(coupons, ?3) = 0 AND (coupons_moved = 0 OR NOT EXISTS
                     (SELECT 1 FROM customer_coupon WHERE user_id = ?1 AND campaign_id = ?5 AND nth = ?6))",
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
            let cells = (user.0, now.micros(), given.prefix(), given.coupon.0, given.campaign.0, given.nth);
            if self.put_coupon.run(cells)? == 0 {
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
            let (campaign, nth) = given.map(|given| (given.campaign.0, given.nth)).unzip();
            let cells = (user, order, coupon, entry, notice, notices, points, prefix, given_id, campaign, nth);
            self.update.run(cells)?
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
    fn a_row_names_its_coupons() {
        let given = |campaign, nth, coupon| Given { campaign: CampaignId(campaign), nth, coupon: CouponId(coupon) };
        assert_eq!(read_coupons(" 1.1=7 12.1=8 1.2=9"), Some(vec![given(1, 1, 7), given(12, 1, 8), given(1, 2, 9)]));
        assert_eq!(read_coupons(""), Some(vec![]));
        assert_eq!(read_coupons(" 1.1"), None);
        assert_eq!(read_coupons(" 1.1=x"), None);
    }
}
