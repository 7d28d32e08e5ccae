//! Customers with their accounts and chains.

use app::audit::{CustomerFacts, Link, NoticeLink};
use app::state::rows::{Customer, Entry};
use domain::ids::UserId;
use domain::points::Account;

use super::{Source, Stream, least};
use crate::selects::{select_account, select_customer, select_entry};

pub(crate) const CUSTOMERS: Source =
    Source { select: select_customer!("ORDER BY user_id"), table: "customer", key_column: 0 };
pub(crate) const ACCOUNTS: Source =
    Source { select: select_account!("ORDER BY user_id"), table: "points_account", key_column: 0 };
pub(crate) const ENTRIES: Source =
    Source { select: select_entry!("ORDER BY user_id, entry_id"), table: "points_entry of user", key_column: 1 };
pub(crate) const ORDERS: Source = Source {
    select: "SELECT user_id, order_id, previous_order_id FROM orders ORDER BY user_id, order_id",
    table: "orders of user",
    key_column: 0,
};
pub(crate) const COUPONS: Source = Source {
    select: "SELECT user_id, coupon_id, previous_coupon_id FROM coupon ORDER BY user_id, coupon_id",
    table: "coupon of user",
    key_column: 0,
};
pub(crate) const NOTICES: Source = Source {
    select: "SELECT user_id, notice_id, previous_notice_id, number FROM notice ORDER BY user_id, number",
    table: "notice of user",
    key_column: 0,
};

pub(crate) struct Customers<'s, E> {
    pub(crate) customers: Stream<'s, Customer, E>,
    pub(crate) accounts: Stream<'s, Account, E>,
    pub(crate) entries: Stream<'s, Entry, E>,
    pub(crate) orders: Stream<'s, Link, E>,
    pub(crate) coupons: Stream<'s, Link, E>,
    pub(crate) notices: Stream<'s, NoticeLink, E>,
}

impl<E> Customers<'_, E> {
    pub(crate) fn report(mut self, each: &mut dyn FnMut(CustomerFacts)) -> Result<(), E> {
        while let Some(id) = self.next_user() {
            each(CustomerFacts {
                user: UserId(id),
                customer: self.customers.one(id)?,
                account: self.accounts.one(id)?,
                entries: self.entries.all(id)?,
                orders: self.orders.all(id)?,
                coupons: self.coupons.all(id)?,
                notices: self.notices.all(id)?,
            });
        }
        Ok(())
    }

    fn next_user(&self) -> Option<i64> {
        least([
            self.customers.key(),
            self.accounts.key(),
            self.entries.key(),
            self.orders.key(),
            self.coupons.key(),
            self.notices.key(),
        ])
    }
}
