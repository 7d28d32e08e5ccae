//! How rows of the tables become what the engine and the views know, cell by cell in the order of the column lists.

mod claims;
mod modes;
mod orders;
mod settling;
mod undelivered;

use domain::coupon::{Campaign, Coupon, IssueMode, QueueKey};
use domain::ids::{CampaignId, Code, CouponId, EntryId, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::pricing::Discount;
use domain::stock::{Product, Status};
use domain::time::Timestamp;
use rusqlite::types::{FromSql, Type};
use rusqlite::{Result, Row};

use app::answer::Answer;
use app::event::{Event, EventKind, ResultCode};
use app::rows::{Customer, Decision, Entry, Granted, Login, Request, RequestStatus, Role, StoredAnswer};

pub(super) use crate::selects::*;
pub(super) use crate::words::*;
pub(super) use claims::{claim, timer};
pub(super) use modes::modes_change;
pub(super) use orders::{Line, line, stored_order};
pub(super) use settling::{payment, shipment, storage, telling};
pub(super) use undelivered::{letter, parked, parked_event};

/// Reads a row's cells from left to right.
pub(super) struct Cells<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> Cells<'r> {
    pub(super) const fn of(row: &'r Row<'r>) -> Cells<'r> {
        Cells { row, next: 0 }
    }

    pub(super) fn take<T: FromSql>(&mut self) -> Result<T> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    pub(super) fn at(&mut self) -> Result<Timestamp> {
        self.take().map(Timestamp::from_micros)
    }

    pub(super) fn money(&mut self) -> Result<Money> {
        self.take().map(Money::won)
    }

    /// One of the words that a state or a kind may have.
    pub(super) fn word<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T> {
        let text = self.row.get_ref(self.next)?.as_str()?;
        let found = all.iter().copied().find(|word| name(*word) == text);
        let found = found.ok_or_else(|| unreadable(self.next, format!("{text:?} is no word of this program")))?;
        self.next += 1;
        Ok(found)
    }

    /// The same for a cell that may be empty.
    pub(super) fn optional_word<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str) -> Result<Option<T>> {
        if self.row.get_ref(self.next)? == rusqlite::types::ValueRef::Null {
            self.next += 1;
            return Ok(None);
        }
        self.word(all, name).map(Some)
    }

    /// An event: its type, then its JSON.
    pub(super) fn event(&mut self) -> Result<Event> {
        let kind = self.word(EventKind::ALL, EventKind::name)?;
        let payload: String = self.take()?;
        Event::parse(kind, &payload).map_err(|error| self.broken(error.to_string()))
    }

    /// The cell was taken, and what it says cannot be.
    pub(super) fn broken(&self, why: impl Into<String>) -> rusqlite::Error {
        unreadable(self.next.saturating_sub(1), why.into())
    }
}

fn unreadable(column: usize, why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}

pub(super) fn product(row: &Row<'_>) -> Result<Product> {
    let mut cells = Cells::of(row);
    Ok(Product {
        id: ProductId(cells.take()?),
        name: cells.take()?,
        price: cells.money()?,
        status: cells.word(&Status::ALL, Status::name)?,
        on_hand: cells.take()?,
        reserved: cells.take()?,
        received: cells.take()?,
        sold: cells.take()?,
        written_off: cells.take()?,
        created_at: cells.at()?,
        updated_at: cells.at()?,
    })
}

pub(super) fn campaign(row: &Row<'_>) -> Result<Campaign> {
    let mut cells = Cells::of(row);
    Ok(Campaign {
        id: CampaignId(cells.take()?),
        name: cells.take()?,
        discount: discount(&mut cells)?,
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

fn discount(cells: &mut Cells<'_>) -> Result<Discount> {
    let is_fixed = cells.word(&[true, false], |is_fixed| if is_fixed { "FIXED" } else { "PERCENT" })?;
    let value = cells.take()?;
    let max_amount: Option<i64> = cells.take()?;
    Ok(match is_fixed {
        true => Discount::Fixed { value: Money::won(value) },
        false => Discount::Percent { value, max_amount: max_amount.map(Money::won) },
    })
}

pub(super) fn coupon(cells: &mut Cells<'_>) -> Result<Coupon> {
    Ok(Coupon {
        id: CouponId(cells.take()?),
        code: Code(cells.take()?),
        issue_number: cells.take()?,
        used_order: cells.take::<Option<i64>>()?.map(OrderId),
        issued_at: cells.at()?,
    })
}

pub(super) fn request(row: &Row<'_>) -> Result<Request> {
    let mut cells = Cells::of(row);
    Ok(Request {
        id: RequestId(cells.take()?),
        user: UserId(cells.take()?),
        campaign: CampaignId(cells.take()?),
        status: cells.word(&RequestStatus::ALL, RequestStatus::name)?,
        decision: decision(&mut cells)?,
        created_at: cells.at()?,
        updated_at: cells.at()?,
    })
}

fn decision(cells: &mut Cells<'_>) -> Result<Option<Decision>> {
    let code = cells.optional_word(&ResultCode::ALL, ResultCode::name)?;
    let coupon: Option<i64> = cells.take()?;
    let coupon_code: Option<std::sync::Arc<str>> = cells.take()?;
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
        return Err(cells.broken("a request was decided, but not when and of how many"));
    };
    Ok(Some(Decision { code, granted, quantity, at: Timestamp::from_micros(at) }))
}

pub(super) fn customer(row: &Row<'_>) -> Result<Customer> {
    let mut cells = Cells::of(row);
    Ok(Customer {
        user: UserId(cells.take()?),
        last_order: cells.take::<Option<i64>>()?.map(OrderId),
        last_coupon: cells.take::<Option<i64>>()?.map(CouponId),
        last_entry: cells.take::<Option<i64>>()?.map(EntryId),
        last_notice: cells.take::<Option<i64>>()?.map(domain::ids::NoticeId),
        notices: cells.take()?,
        created_at: cells.at()?,
    })
}

pub(super) fn entry(row: &Row<'_>) -> Result<Entry> {
    let mut cells = Cells::of(row);
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

pub(super) fn login(row: &Row<'_>) -> Result<Login> {
    let mut cells = Cells::of(row);
    Ok(Login {
        user: UserId(cells.take()?),
        email: cells.take()?,
        name: cells.take()?,
        password_hash: cells.take()?,
        role: cells.word(&[Role::Customer, Role::Admin], Role::name)?,
    })
}

pub(super) fn answer(row: &Row<'_>) -> Result<StoredAnswer> {
    let mut cells = Cells::of(row);
    let fingerprint = cells.take()?;
    let json: String = cells.take()?;
    let answer: Answer = serde_json::from_str(&json).map_err(|error| cells.broken(error.to_string()))?;
    Ok(StoredAnswer { fingerprint, answer, at: cells.at()? })
}
