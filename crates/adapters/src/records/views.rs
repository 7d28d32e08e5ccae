//! Rows of sales, and rows that only views read.

use app::ports::views::{DaySales, HistoryEvent, Popular, ToldNotice, UserCoupon};
use app::state::rows::{Sales, SalesKey};
use domain::coupon::Coupon;
use domain::coupon::chain::Issue;
use domain::ids::{CampaignId, CouponId, ProductId, UserId};
use domain::time::Timestamp;

use super::{Cells, FromCells};

impl FromCells for UserCoupon {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<UserCoupon, C::Error> {
        let coupon = Coupon::from_cells(cells)?;
        let (user, campaign) = (UserId(cells.take()?), CampaignId(cells.take()?));
        Ok(UserCoupon { user, campaign, coupon, valid_until: cells.at()? })
    }
}

impl FromCells for Issue {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Issue, C::Error> {
        let (coupon, number) = (CouponId(cells.take()?), cells.take()?);
        Ok(Issue { coupon, number, user: UserId(cells.take()?), at: cells.at()? })
    }
}

impl FromCells for HistoryEvent {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<HistoryEvent, C::Error> {
        Ok(HistoryEvent { event: cells.event()?, version: cells.take()?, cause: cells.take()?, at: cells.at()? })
    }
}

impl FromCells for Popular {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Popular, C::Error> {
        Ok(Popular { product: ProductId(cells.take()?), name: cells.take()?, sold: cells.take()? })
    }
}

impl FromCells for DaySales {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<DaySales, C::Error> {
        let (product, day) = (ProductId(cells.take()?), cells.take()?);
        Ok(DaySales { product, day, sold: cells.take()?, returned: cells.take()? })
    }
}

impl FromCells for ToldNotice {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<ToldNotice, C::Error> {
        let (number, kind, data) = (cells.take()?, cells.take()?, cells.take()?);
        Ok(ToldNotice { number, kind, data, at: Timestamp::from_micros(cells.take()?) })
    }
}

impl FromCells for SalesKey {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<SalesKey, C::Error> {
        Ok(SalesKey { day: cells.take()?, product: ProductId(cells.take()?) })
    }
}

impl FromCells for Sales {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Sales, C::Error> {
        Ok(Sales { sold: cells.take()?, returned: cells.take()? })
    }
}
