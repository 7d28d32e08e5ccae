//! Facts that the audit compares.

use app::audit::{CouponFacts, EventFacts, Link, NoticeLink, OrderEventFacts};
use app::events::notices::NoticeKind;
use app::state::settings::Carrier;
use domain::coupon::Coupon;
use domain::ids::{CampaignId, OrderId, UserId};

use super::{Cells, FromCells};
use crate::snapshot::known_shard;

/// A coupon, then its campaign and its owner.
impl FromCells for CouponFacts {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<CouponFacts, C::Error> {
        let coupon = Coupon::from_cells(cells)?;
        Ok(CouponFacts { campaign: CampaignId(cells.take()?), user: UserId(cells.take()?), coupon })
    }
}

/// After the user: a row's id, and that of the row before it.
impl FromCells for Link {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Link, C::Error> {
        let _user: i64 = cells.take()?;
        Ok(Link { id: cells.take()?, previous: cells.take()? })
    }
}

impl FromCells for NoticeLink {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<NoticeLink, C::Error> {
        let link = Link::from_cells(cells)?;
        Ok(NoticeLink { number: cells.take()?, link })
    }
}

impl FromCells for OrderEventFacts {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<OrderEventFacts, C::Error> {
        Ok(OrderEventFacts { kind: cells.take()?, payload: cells.take()?, version: cells.take()?, at: cells.at()? })
    }
}

/// The stored hash, and how much the chain covers, are in other tables.
impl FromCells for EventFacts {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<EventFacts, C::Error> {
        Ok(EventFacts {
            id: cells.take()?,
            shard: known_shard(cells.take()?),
            seq: cells.take()?,
            key: cells.take()?,
            kind: cells.take()?,
            payload: cells.take()?,
            at: cells.at()?,
            aggregatetype: cells.take()?,
            aggregateid: cells.take()?,
            topic: cells.take()?,
            order: cells.take::<Option<i64>>()?.map(OrderId),
            version: cells.take()?,
            cause: cells.take()?,
            trace: cells.take()?,
            is_covered_whole: true,
            root: None,
            position: cells.take()?,
        })
    }
}

/// The setting that says how events reach their groups.
pub(crate) struct Executor;

impl FromCells for Executor {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Executor, C::Error> {
        let _name: String = cells.take()?;
        cells.word(&Carrier::ALL, Carrier::name).map(|_| Executor)
    }
}

/// A row of what was done to the store by hand.
pub(crate) struct Maintenance;

impl FromCells for Maintenance {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Maintenance, C::Error> {
        const KINDS: [&str; 4] = ["REPAIRED", "LOSS_ACCEPTED", "DAMAGE_FOUND", "DAMAGE_ACCEPTED"];
        let _id: i64 = cells.take()?;
        cells.word(&KINDS, |kind| kind)?;
        let (_law, _what, _at) = (cells.take::<i64>()?, cells.text()?, cells.at()?);
        Ok(Maintenance)
    }
}

/// The content of a notice: a kind, and the JSON from which its text is made.
pub(crate) struct NoticeText;

impl FromCells for NoticeText {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<NoticeText, C::Error> {
        let _id: i64 = cells.take()?;
        cells.word(NoticeKind::ALL, NoticeKind::name)?;
        let _data: serde_json::Map<String, serde_json::Value> = cells.json()?;
        cells.at()?;
        Ok(NoticeText)
    }
}
