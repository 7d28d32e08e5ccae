//! Customers with their accounts and chains.

use app::audit::{CustomerFacts, Link, NoticeLink};
use domain::ids::UserId;
use domain::money::Money;
use domain::points::Account;

use super::Reader;
use super::stream::{Stream, Unreadable, least};
use crate::mysql::failure::Result;
use crate::mysql::records::{self, Cells, select_customer, select_entry};

pub(super) fn read(reader: &mut Reader, unreadable: &Unreadable, each: &mut dyn FnMut(CustomerFacts)) -> Result<()> {
    let select = select_customer!("ORDER BY user_id");
    let mut customers = Stream::new(reader, select, ("customer", 0), records::customer, unreadable)?;
    let select = "SELECT user_id, balance FROM points_account ORDER BY user_id";
    let mut accounts = Stream::new(reader, select, ("points_account", 0), account, unreadable)?;
    let select = select_entry!("ORDER BY user_id, entry_id");
    let mut entries = Stream::new(reader, select, ("points_entry of user", 1), records::entry, unreadable)?;
    let select = "SELECT user_id, order_id, previous_order_id FROM orders ORDER BY user_id, order_id";
    let mut orders = Stream::new(reader, select, ("orders of user", 0), link, unreadable)?;
    let select = "SELECT user_id, coupon_id, previous_coupon_id FROM coupon ORDER BY user_id, coupon_id";
    let mut coupons = Stream::new(reader, select, ("coupon of user", 0), link, unreadable)?;
    let select = "SELECT user_id, notice_id, previous_notice_id, number FROM notice ORDER BY user_id, number";
    let mut notices = Stream::new(reader, select, ("notice of user", 0), notice, unreadable)?;
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

fn account(cells: &mut Cells) -> Result<Account> {
    Ok(Account { user: UserId(cells.take()?), balance: Money::won(cells.take()?) })
}

/// After the user: a row's id, and that of the row before it.
fn link(cells: &mut Cells) -> Result<Link> {
    cells.take::<i64>()?;
    Ok(Link { id: cells.take()?, previous: cells.take()? })
}

fn notice(cells: &mut Cells) -> Result<NoticeLink> {
    let link = link(cells)?;
    Ok(NoticeLink { number: cells.take()?, link })
}
