//! Customers with their accounts and chains.

use app::audit::{CustomerFacts, Link, NoticeLink};
use domain::ids::UserId;
use domain::money::Money;
use domain::points::Account;
use rusqlite::{Connection, Result, Row};

use super::stream::{Stream, Unreadable, least};
use crate::embedded::records::{self, Cells, select_customer, select_entry};

pub(super) fn read(
    connection: &Connection,
    unreadable: &Unreadable,
    each: &mut dyn FnMut(CustomerFacts),
) -> Result<()> {
    let mut customers = connection.prepare(select_customer!("ORDER BY user_id"))?;
    let mut customers = Stream::new(&mut customers, ("customer", 0), records::customer, unreadable)?;
    let mut accounts = connection.prepare("SELECT user_id, balance FROM points_account ORDER BY user_id")?;
    let mut accounts = Stream::new(&mut accounts, ("points_account", 0), account, unreadable)?;
    let mut entries = connection.prepare(select_entry!("ORDER BY user_id, entry_id"))?;
    let mut entries = Stream::new(&mut entries, ("points_entry of user", 1), records::entry, unreadable)?;
    let sql = "SELECT user_id, order_id, previous_order_id FROM orders ORDER BY user_id, order_id";
    let mut orders = connection.prepare(sql)?;
    let mut orders = Stream::new(&mut orders, ("orders of user", 0), link, unreadable)?;
    let sql = "SELECT user_id, coupon_id, previous_coupon_id FROM coupon ORDER BY user_id, coupon_id";
    let mut coupons = connection.prepare(sql)?;
    let mut coupons = Stream::new(&mut coupons, ("coupon of user", 0), link, unreadable)?;
    let sql = "SELECT user_id, notice_id, previous_notice_id, number FROM notice ORDER BY user_id, number";
    let mut notices = connection.prepare(sql)?;
    let mut notices = Stream::new(&mut notices, ("notice of user", 0), notice, unreadable)?;
    while let Some(id) =
        least([customers.key(), accounts.key(), entries.key(), orders.key(), coupons.key(), notices.key()])
    {
        each(CustomerFacts {
            user: UserId(id),
            customer: customers.one(id)?,
            account: accounts.one(id)?,
            entries: entries.all(id)?,
            orders: orders.all(id)?,
            coupons: coupons.all(id)?,
            notices: notices.all(id)?,
        });
    }
    Ok(())
}

fn account(row: &Row<'_>) -> Result<Account> {
    let mut cells = Cells::of(row);
    Ok(Account { user: UserId(cells.take()?), balance: Money::won(cells.take()?) })
}

/// After the user: a row's id, and that of the row before it.
fn link(row: &Row<'_>) -> Result<Link> {
    Ok(Link { id: row.get(1)?, previous: row.get(2)? })
}

fn notice(row: &Row<'_>) -> Result<NoticeLink> {
    Ok(NoticeLink { number: row.get(3)?, link: link(row)? })
}
