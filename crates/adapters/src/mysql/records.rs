//! How rows of the tables become what the engine and the views know, cell by cell in the order of the column lists.

mod claims;
mod modes;
mod orders;
mod settling;
mod undelivered;

use std::sync::Arc;

use app::answer::Answer;
use app::event::{Event, EventKind, ResultCode};
use app::rows::{Customer, Decision, Entry, Granted, Login, Request, RequestStatus, Role, StoredAnswer};
use domain::coupon::{Campaign, Coupon, IssueMode, QueueKey};
use domain::ids::{CampaignId, Code, CouponId, EntryId, NoticeId, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::pricing::Discount;
use domain::stock::{Product, Status};
use domain::time::Timestamp;
use mysql_async::Value;
use mysql_async::prelude::FromValue;

use super::failure::{Failure, Result};
use crate::words::ENTRY_KINDS;

pub(super) use crate::selects::*;
pub(super) use claims::{claim, timer};
pub(super) use modes::modes_change;
pub(super) use orders::{Line, line, stored_order};
pub(super) use settling::{payment, shipment, storage, telling};
pub(super) use undelivered::{letter, parked, parked_event};

/// A row's cells, taken from left to right.
pub(super) struct Cells {
    cells: std::vec::IntoIter<Value>,
    taken: usize,
}

impl Cells {
    pub(super) fn of(row: Vec<Value>) -> Cells {
        Cells { cells: row.into_iter(), taken: 0 }
    }

    pub(super) fn take<T: FromValue>(&mut self) -> Result<T> {
        self.taken += 1;
        let cell = self.cells.next().ok_or_else(|| self.broken("the row ends before it"))?;
        T::from_value_opt(cell).map_err(|error| self.broken(error.to_string()))
    }

    pub(super) fn text(&mut self) -> Result<Arc<str>> {
        self.take::<String>().map(Arc::from)
    }

    pub(super) fn hash(&mut self) -> Result<[u8; 32]> {
        let bytes: Vec<u8> = self.take()?;
        bytes.try_into().map_err(|_| self.broken("it is no hash"))
    }

    pub(super) fn half_hash(&mut self) -> Result<[u8; 16]> {
        let bytes: Vec<u8> = self.take()?;
        bytes.try_into().map_err(|_| self.broken("it is no half of a hash"))
    }

    pub(super) fn at(&mut self) -> Result<Timestamp> {
        self.take().map(Timestamp::from_micros)
    }

    pub(super) fn money(&mut self) -> Result<Money> {
        self.take().map(Money::won)
    }

    /// One of the words that a state or a kind may have.
    pub(super) fn word<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T> {
        let text: String = self.take()?;
        self.find(&text, all, name)
    }

    /// The same for a cell that may be empty.
    pub(super) fn optional_word<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str) -> Result<Option<T>> {
        let Some(text) = self.take::<Option<String>>()? else { return Ok(None) };
        self.find(&text, all, name).map(Some)
    }

    fn find<T: Copy>(&self, text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T> {
        let found = all.iter().copied().find(|word| name(*word) == text);
        found.ok_or_else(|| self.broken(format!("{text:?} is no word of this program")))
    }

    /// An event: its type, then its JSON.
    pub(super) fn event(&mut self) -> Result<Event> {
        let kind = self.word(EventKind::ALL, EventKind::name)?;
        let payload: String = self.take()?;
        Event::parse(kind, &payload).map_err(|error| self.broken(error))
    }

    /// The cell was taken, and what it says cannot be.
    pub(super) fn broken(&self, why: impl std::fmt::Display) -> Failure {
        Failure::Unreadable(format!("column {}: {why}", self.taken))
    }
}

pub(super) fn product(cells: &mut Cells) -> Result<Product> {
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
        created_at: cells.at()?,
        updated_at: cells.at()?,
    })
}

pub(super) fn campaign(cells: &mut Cells) -> Result<Campaign> {
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

fn discount(cells: &mut Cells) -> Result<Discount> {
    let is_fixed = cells.word(&[true, false], |is_fixed| if is_fixed { "FIXED" } else { "PERCENT" })?;
    let value = cells.take()?;
    let max_amount: Option<i64> = cells.take()?;
    Ok(match is_fixed {
        true => Discount::Fixed { value: Money::won(value) },
        false => Discount::Percent { value, max_amount: max_amount.map(Money::won) },
    })
}

pub(super) fn coupon(cells: &mut Cells) -> Result<Coupon> {
    Ok(Coupon {
        id: CouponId(cells.take()?),
        code: Code(cells.text()?),
        issue_number: cells.take()?,
        used_order: cells.take::<Option<i64>>()?.map(OrderId),
        issued_at: cells.at()?,
    })
}

pub(super) fn request(cells: &mut Cells) -> Result<Request> {
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

fn decision(cells: &mut Cells) -> Result<Option<Decision>> {
    let code = cells.optional_word(&ResultCode::ALL, ResultCode::name)?;
    let coupon: Option<i64> = cells.take()?;
    let coupon_code: Option<String> = cells.take()?;
    let issue_number: Option<i64> = cells.take()?;
    let quantity: Option<i64> = cells.take()?;
    let at: Option<i64> = cells.take()?;
    let Some(code) = code else { return Ok(None) };
    let granted = match (coupon, coupon_code, issue_number) {
        (Some(coupon), Some(code), Some(issue_number)) => {
            Some(Granted { coupon: CouponId(coupon), code: Code(code.into()), issue_number })
        }
        _ => None,
    };
    let (Some(quantity), Some(at)) = (quantity, at) else {
        return Err(cells.broken("a request was decided, but not when and of how many"));
    };
    Ok(Some(Decision { code, granted, quantity, at: Timestamp::from_micros(at) }))
}

pub(super) fn customer(cells: &mut Cells) -> Result<Customer> {
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

pub(super) fn entry(cells: &mut Cells) -> Result<Entry> {
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

pub(super) fn login(cells: &mut Cells) -> Result<Login> {
    Ok(Login {
        user: UserId(cells.take()?),
        email: cells.text()?,
        name: cells.text()?,
        password_hash: cells.text()?,
        role: cells.word(&[Role::Customer, Role::Admin], Role::name)?,
    })
}

pub(super) fn answer(cells: &mut Cells) -> Result<StoredAnswer> {
    let fingerprint = cells.hash()?;
    let json: String = cells.take()?;
    let answer: Answer = serde_json::from_str(&json).map_err(|error| cells.broken(error))?;
    Ok(StoredAnswer { fingerprint, answer, at: cells.at()? })
}
