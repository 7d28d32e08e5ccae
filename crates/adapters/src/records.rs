//! Reads rows of the tables into the types of the engine and the views, cell by cell in the order of the column lists.
//! The same for every store, whatever its client makes of a row.

mod alerts;
mod api_keys;
mod audit;
mod claims;
mod details;
mod drops;
mod failed_delivery;
mod fulfilment;
mod log;
mod modes;
mod notifications;
mod orders;
mod statistics;
mod trail;
mod views;
mod webhooks;

use std::fmt::Display;
use std::sync::Arc;

use app::events::event::{Event, EventKind, ResultCode};
use app::events::trace::TraceParent;
use app::state::rows::{
    AnswerKey, Customer, Decision, EmailKey, EndedToken, Entry, Granted, Login, Request, RequestStatus, Role,
    StoredAnswer,
};
use domain::coupon::{Campaign, Coupon, IssueMode, QueueKey};
use domain::ids::{CampaignId, Code, CouponId, DropId, EntryId, NoticeId, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::points::Account;
use domain::pricing::Discount;
use domain::stock::{Product, Status};
use domain::time::Timestamp;
use mysql_async::prelude::FromValue;
use rusqlite::types::FromSql;
use serde::de::DeserializeOwned;

use crate::words::ENTRY_KINDS;

pub(crate) use audit::{Executor, Maintenance, NoticeText};
pub(crate) use details::{attributes_cell, like_pattern};
pub(crate) use fulfilment::{action_cell, given_back_cell, means_cell};
pub(crate) use log::delivery;
pub(crate) use orders::{Line, StoredOrder};
pub(crate) use webhooks::json_cell;

/// A type that every client can read from a cell.
pub(crate) trait Cell: FromSql + FromValue {}

impl<T: FromSql + FromValue> Cell for T {}

/// A row's cells, taken from left to right.
pub(crate) trait Cells {
    type Error;

    fn take<T: Cell>(&mut self) -> Result<T, Self::Error>;

    fn text(&mut self) -> Result<Arc<str>, Self::Error>;

    fn optional_text(&mut self) -> Result<Option<Arc<str>>, Self::Error>;

    fn hash<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], Self::Error>;

    /// One of the words of a state or kind.
    fn word<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, Self::Error>;

    /// The same for a nullable cell.
    fn optional_word<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str)
    -> Result<Option<T>, Self::Error>;

    /// The error of a cell that was taken and has an impossible value.
    fn broken(&self, why: impl Display) -> Self::Error;

    fn at(&mut self) -> Result<Timestamp, Self::Error> {
        self.take().map(Timestamp::from_micros)
    }

    fn optional_at(&mut self) -> Result<Option<Timestamp>, Self::Error> {
        Ok(self.take::<Option<i64>>()?.map(Timestamp::from_micros))
    }

    /// A value that is stored as JSON.
    fn json<T: DeserializeOwned>(&mut self) -> Result<T, Self::Error> {
        let text: String = self.take()?;
        serde_json::from_str(&text).map_err(|error| self.broken(error))
    }

    /// The same for a nullable cell.
    fn optional_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Self::Error> {
        let text: Option<String> = self.take()?;
        text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| self.broken(error))
    }

    /// An amount that a shop can have, so that sums of amounts do not overflow.
    fn money(&mut self) -> Result<Money, Self::Error> {
        let amount: i64 = self.take()?;
        Money::try_from(amount).map_err(|error| self.broken(error))
    }

    /// An invalid trace is ignored: the event is valid without it.
    fn trace(&mut self) -> Result<Option<TraceParent>, Self::Error> {
        let text: Option<String> = self.take()?;
        Ok(text.and_then(|text| TraceParent::parse(text.as_bytes())))
    }

    /// An event: its type, then its JSON.
    fn event(&mut self) -> Result<Event, Self::Error> {
        let kind = self.word(EventKind::ALL, EventKind::name)?;
        let payload: String = self.take()?;
        Event::parse(kind, &payload).map_err(|error| self.broken(error))
    }
}

/// Reads one row of the type's column list.
pub(crate) trait FromCells: Sized {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Self, C::Error>;
}

impl FromCells for i64 {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<i64, C::Error> {
        cells.take()
    }
}

impl FromCells for Option<i64> {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Option<i64>, C::Error> {
        cells.take()
    }
}

impl FromCells for String {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<String, C::Error> {
        cells.take()
    }
}

impl FromCells for Option<String> {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Option<String>, C::Error> {
        cells.take()
    }
}

impl<A: FromCells, B: FromCells> FromCells for (A, B) {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<(A, B), C::Error> {
        Ok((A::from_cells(cells)?, B::from_cells(cells)?))
    }
}

impl<A: FromCells, B: FromCells, D: FromCells> FromCells for (A, B, D) {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<(A, B, D), C::Error> {
        Ok((A::from_cells(cells)?, B::from_cells(cells)?, D::from_cells(cells)?))
    }
}

impl<A: FromCells, B: FromCells, D: FromCells, E: FromCells> FromCells for (A, B, D, E) {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<(A, B, D, E), C::Error> {
        Ok((A::from_cells(cells)?, B::from_cells(cells)?, D::from_cells(cells)?, E::from_cells(cells)?))
    }
}

impl FromCells for Product {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Product, C::Error> {
        Ok(Product {
            id: ProductId(cells.take()?),
            name: cells.text()?,
            price: cells.money()?,
            status: cells.word(&Status::ALL, Status::name)?,
            on_hand: cells.take()?,
            reserved: cells.take()?,
            received: cells.take()?,
            sold: cells.take()?,
            written_off: cells.take()?,
            drop: cells.take::<Option<i64>>()?.map(DropId),
            created_at: cells.at()?,
            updated_at: cells.at()?,
        })
    }
}

impl FromCells for Campaign {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Campaign, C::Error> {
        Ok(Campaign {
            id: CampaignId(cells.take()?),
            name: cells.text()?,
            discount: discount(cells)?,
            quantity: cells.take()?,
            issued: cells.take()?,
            issue_per_user_max: cells.take()?,
            issue_starts_at: cells.at()?,
            issue_ends_at: cells.at()?,
            valid_until: cells.at()?,
            issue_mode: cells.word(&IssueMode::ALL, IssueMode::name)?,
            queue_key: cells.word(&QueueKey::ALL, QueueKey::name)?,
            paused: cells.take()?,
            created_at: cells.at()?,
            updated_at: cells.at()?,
        })
    }
}

fn discount<C: Cells>(cells: &mut C) -> Result<Discount, C::Error> {
    let is_fixed = cells.word(&[true, false], |is_fixed| if is_fixed { "FIXED" } else { "PERCENT" })?;
    let value = cells.take()?;
    if is_fixed {
        let value = Money::try_from(value).map_err(|error| cells.broken(error))?;
        let _no_limit: Option<i64> = cells.take()?;
        return Ok(Discount::Fixed { value });
    }
    if !(0..=100).contains(&value) {
        return Err(cells.broken(format!("{value} is no percentage")));
    }
    let max_amount: Option<i64> = cells.take()?;
    let max_amount = max_amount.map(Money::try_from).transpose().map_err(|error| cells.broken(error))?;
    Ok(Discount::Percent { value, max_amount })
}

impl FromCells for Coupon {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Coupon, C::Error> {
        Ok(Coupon {
            id: CouponId(cells.take()?),
            code: Code(cells.text()?),
            issue_number: cells.take()?,
            used_order: cells.take::<Option<i64>>()?.map(OrderId),
            issued_at: cells.at()?,
        })
    }
}

impl FromCells for Request {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Request, C::Error> {
        Ok(Request {
            id: RequestId(cells.take()?),
            user: UserId(cells.take()?),
            campaign: CampaignId(cells.take()?),
            status: cells.word(&RequestStatus::ALL, RequestStatus::name)?,
            decision: decision(cells)?,
            created_at: cells.at()?,
            updated_at: cells.at()?,
        })
    }
}

fn decision<C: Cells>(cells: &mut C) -> Result<Option<Decision>, C::Error> {
    let code = cells.optional_word(&ResultCode::ALL, ResultCode::name)?;
    let coupon: Option<i64> = cells.take()?;
    let coupon_code = cells.optional_text()?;
    let issue_number: Option<i64> = cells.take()?;
    let quantity: Option<i64> = cells.take()?;
    let at: Option<i64> = cells.take()?;
    let Some(code) = code else { return Ok(None) };
    let granted = match (coupon, coupon_code, issue_number) {
        (Some(coupon), Some(code), Some(issue_number)) => {
            Some(Granted { coupon: CouponId(coupon), code: Code(code), issue_number })
        }
        _ => None,
    };
    let (Some(quantity), Some(at)) = (quantity, at) else {
        return Err(cells.broken("a decided request lacks its time or quantity"));
    };
    Ok(Some(Decision { code, granted, quantity, at: Timestamp::from_micros(at) }))
}

impl FromCells for Account {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Account, C::Error> {
        Ok(Account { user: UserId(cells.take()?), balance: cells.money()? })
    }
}

impl FromCells for Customer {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Customer, C::Error> {
        Ok(Customer {
            user: UserId(cells.take()?),
            last_order: cells.take::<Option<i64>>()?.map(OrderId),
            last_coupon: cells.take::<Option<i64>>()?.map(CouponId),
            last_entry: cells.take::<Option<i64>>()?.map(EntryId),
            last_notice: cells.take::<Option<i64>>()?.map(NoticeId),
            notices: cells.take()?,
            created_at: cells.at()?,
        })
    }
}

impl FromCells for Entry {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Entry, C::Error> {
        Ok(Entry {
            id: EntryId(cells.take()?),
            user: UserId(cells.take()?),
            from_account: cells.take()?,
            to_account: cells.take()?,
            amount: cells.money()?,
            kind: cells.word(&ENTRY_KINDS, |kind| kind)?,
            order: cells.take::<Option<i64>>()?.map(OrderId),
            balance: cells.money()?,
            previous: cells.take::<Option<i64>>()?.map(EntryId),
            at: cells.at()?,
        })
    }
}

impl FromCells for Login {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Login, C::Error> {
        Ok(Login {
            user: UserId(cells.take()?),
            email: cells.text()?,
            name: cells.text()?,
            password_hash: cells.text()?,
            role: cells.word(&Role::ALL, Role::name)?,
            tokens_since: cells.optional_at()?,
        })
    }
}

impl FromCells for EndedToken {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<EndedToken, C::Error> {
        Ok(EndedToken { mark: cells.take()?, ended: cells.at()?, expires: cells.at()? })
    }
}

impl FromCells for EmailKey {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<EmailKey, C::Error> {
        cells.hash().map(EmailKey)
    }
}

impl FromCells for AnswerKey {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<AnswerKey, C::Error> {
        cells.hash().map(AnswerKey)
    }
}

impl FromCells for StoredAnswer {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<StoredAnswer, C::Error> {
        Ok(StoredAnswer { fingerprint: cells.hash()?, answer: cells.json()?, at: cells.at()? })
    }
}
