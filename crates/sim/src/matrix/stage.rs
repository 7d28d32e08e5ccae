//! The initial state of a cell's cases.

use app::commands::{ChangeModes, Command, CreateCampaign};
use domain::coupon::{IssueMode, QueueKey};
use domain::ids::{CampaignId, ProductId};
use domain::money::Money;
use domain::pricing::Discount;
use domain::time::Timestamp;

use super::ending::Ending;
use super::life::{ANN, Goods};
use super::shop::{NOON, Shop};
use super::{Case, Failure, Part};
use crate::customers::ADMIN;
use crate::disk::State;
use crate::scenario::Breakage;

const DAY: i64 = 86_400_000_000;

/// A shop that is prepared for one order.
pub(super) struct Stage {
    state: State,
    goods: Goods,
    breakage: Option<Breakage>,
}

impl Stage {
    /// Prepares two products, a coupon, points and the mode of the cell, without what its failure takes away.
    pub(super) fn prepare(cell: Case, breakage: Option<Breakage>) -> Result<Stage, String> {
        let mut shop = Shop::open(cell.executor, breakage, State::default());
        let is_refused = |part| cell.failure == Failure::Refused(part);
        let stock = |part| if is_refused(part) { 0 } else { 5 };
        let first = product(&mut shop, 1_000, stock(Part::FirstStock))?;
        let last = product(&mut shop, 700, stock(Part::LastStock))?;
        let campaign = campaign(&mut shop)?;
        if !is_refused(Part::Coupon) {
            shop.run(Command::IssueCoupon { campaign, user: ANN })?;
        }
        let points = Money::won(if is_refused(Part::Point) { 100 } else { 300 });
        shop.run(Command::ChargePoints { user: ANN, amount: points })?;
        shop.run(Command::ChangeModes(Box::new(ChangeModes {
            choice: cell.choice,
            percent: Some(100),
            by: Some(ADMIN),
            reason: "the cell".into(),
        })))?;
        shop.come_to_rest()?;
        Ok(Stage { state: shop.around.disk.state(), goods: Goods { products: [first, last], campaign }, breakage })
    }

    /// Plays a case; returns its end and the number of commits.
    pub(super) fn play(&self, case: Case) -> Result<(Ending, u64), String> {
        let mut shop = Shop::open(case.executor, self.breakage, self.state.clone());
        shop.plan(case, self.goods);
        shop.play(case).map_err(|complaint| format!("{complaint}\n{}", shop.history()))
    }
}

fn product(shop: &mut Shop, price: i64, stock: i64) -> Result<ProductId, String> {
    let answer =
        shop.run(Command::RegisterProduct { name: "Lamp".into(), price: Money::won(price), stock, details: None })?;
    answer.product().ok_or_else(|| format!("{answer:?}"))
}

fn campaign(shop: &mut Shop) -> Result<CampaignId, String> {
    let answer = shop.run(Command::CreateCampaign(Box::new(CreateCampaign {
        name: "Drop".into(),
        discount: Discount::Fixed { value: Money::won(100) },
        quantity: 5,
        issue_per_user_max: 1,
        issue_starts_at: Timestamp::from_micros(0),
        issue_ends_at: Timestamp::from_micros(NOON.micros() + DAY),
        valid_until: Timestamp::from_micros(NOON.micros() + DAY),
        issue_mode: IssueMode::Direct,
        queue_key: QueueKey::Campaign,
    })))?;
    answer.campaign().ok_or_else(|| format!("{answer:?}"))
}
