//! What every case of a cell begins with, and how each of them ends.

use app::commands::answer::Answer;
use app::commands::{ChangeModes, Command, CreateCampaign};
use domain::coupon::{IssueMode, QueueKey};
use domain::ids::{CampaignId, ProductId};
use domain::money::Money;
use domain::order::{Outcome, Status};
use domain::pricing::Discount;
use domain::reason::Reason;
use domain::time::Timestamp;

use super::life::{ANN, Goods};
use super::shop::{NOON, Shop};
use super::{Case, Failure, Part};
use crate::checker::ensure;
use crate::customers::ADMIN;
use crate::disk::State;
use crate::scenario::Breakage;
use crate::world::Verdict;

const DAY: i64 = 86_400_000_000;

/// A shop that is stocked for one order, before anything goes wrong.
pub(super) struct Stage {
    state: State,
    goods: Goods,
    breakage: Option<Breakage>,
}

/// How a case ended, as the customer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    outcome: Outcome,
    status: Status,
    reason: Option<Reason>,
    /// What was taken and not given back.
    held: Money,
}

impl Ending {
    pub(super) const fn new(outcome: Outcome, status: Status, reason: Option<Reason>, held: Money) -> Ending {
        Ending { outcome, status, reason, held }
    }

    /// Without a failure an order ends as its life says, and where a step is refused it is cancelled for that.
    pub(super) fn is_expected(self, cell: &Case) -> Verdict {
        let is_expected = match cell.failure {
            Failure::None => (self.outcome, self.status) == cell.life.end(),
            Failure::Refused(part) => self.outcome == Outcome::Cancelled && self.reason == Some(part.reason()),
            Failure::Out(..) | Failure::Erring(..) | Failure::Silent(_) | Failure::Provider(..) => true,
        };
        ensure(is_expected, || format!("it ends with {self:?}"))
    }

    /// A crash changes nothing about how an order ends. What fails past deadlines races with them: either end is right then.
    pub(super) fn is_as(self, calm: &Ending, cell: &Case) -> Verdict {
        ensure(cell.failure.is_lasting() || self == *calm, || {
            format!("it ends with {self:?}, without the crash with {calm:?}")
        })
    }
}

impl Stage {
    /// Two products, a coupon, points, and the mode of the cell; without what its failure says is not there.
    pub(super) fn prepare(cell: Case, breakage: Option<Breakage>) -> Result<Stage, String> {
        let mut shop = Shop::open(cell.executor, breakage, State::default());
        let is_refused = |part| cell.failure == Failure::Refused(part);
        let stock = |part| if is_refused(part) { 0 } else { 5 };
        let first = product(&mut shop, (1_000, stock(Part::FirstStock)))?;
        let last = product(&mut shop, (700, stock(Part::LastStock)))?;
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

    /// Plays a case to its end; how it ended, and how many commits that took.
    pub(super) fn play(&self, case: Case) -> Result<(Ending, u64), String> {
        let mut shop = Shop::open(case.executor, self.breakage, self.state.clone());
        shop.plan(case, self.goods);
        shop.play(case).map_err(|complaint| format!("{complaint}\n{}", shop.history()))
    }
}

fn product(shop: &mut Shop, (price, stock): (i64, i64)) -> Result<ProductId, String> {
    let answer = shop.run(Command::RegisterProduct { name: "Lamp".into(), price: Money::won(price), stock })?;
    let Answer::ProductRegistered { product } = answer else { return Err(format!("{answer:?}")) };
    Ok(product)
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
    let Answer::CampaignCreated { campaign } = answer else { return Err(format!("{answer:?}")) };
    Ok(campaign)
}
