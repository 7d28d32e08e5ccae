//! An order in its tables: one row, a row for each line, and each step of the saga beside its object.

use std::sync::Arc;
use std::time::Duration;

use app::state::rows::OrderRow;
use domain::ids::{CampaignId, Code, CouponId, DropId, OrderId, ProductId, UserId};
use domain::limits::NUMBER_MAX;
use domain::money::Money;
use domain::order::saga::{Direction, Saga, Step, StepRecord, StepState};
use domain::order::{AfterSales, CouponWanted, Created, Mode, Order, Outcome, Payment, Rule, Status};
use domain::reason::Reason;
use domain::time::Timestamp;

use super::{Cells, FromCells};

/// An order without its lines, which are read separately.
pub(crate) struct StoredOrder {
    created: Created,
    outcome: Outcome,
    status: Status,
    reason: Option<Reason>,
    direction: Direction,
    pay_before: Option<Timestamp>,
    coupon: Option<(StepState, Timestamp)>,
    point: Option<(StepState, Timestamp)>,
    is_processing: bool,
    after_sales: Option<Arc<AfterSales>>,
    completed_at: Option<Timestamp>,
    version: i64,
    updated_at: Timestamp,
    previous: Option<OrderId>,
}

/// A line and the state of its claim on stock.
pub(crate) struct Line {
    line: domain::order::Line,
    state: StepState,
    at: Timestamp,
    /// Returned units.
    returned: i64,
}

impl FromCells for StoredOrder {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<StoredOrder, C::Error> {
        let (id, number, user) = (OrderId(cells.take()?), Code(cells.text()?), UserId(cells.take()?));
        let outcome = cells.word(&Outcome::ALL, Outcome::name)?;
        let status = cells.word(&Status::ALL, Status::name)?;
        let reason = cells.optional_word(&Reason::ALL, Reason::code)?;
        let direction = match (cells.take::<bool>()?, reason) {
            (false, _) => Direction::Claiming,
            (true, Some(reason)) => Direction::Restoring(reason),
            (true, None) => return Err(cells.broken("an order is restoring without a reason")),
        };
        let mode = cells.word(&Mode::ALL, Mode::name)?;
        let chosen_by = cells.optional_word(&Rule::ALL, Rule::name)?;
        let payment = cells.word(&Payment::ALL, Payment::name)?;
        let pay_within = Duration::from_micros(cells.take::<i64>()?.unsigned_abs());
        let pay_before = cells.optional_at()?;
        let (total, discount, points, due) = (cells.money()?, cells.money()?, cells.money()?, cells.money()?);
        let coupon_wanted = coupon_wanted(cells)?;
        let (coupon, point) = (step(cells)?, step(cells)?);
        let receiver = cells.optional_json()?;
        let warehouse_storage = cells.take()?;
        let is_processing = cells.take()?;
        let version = cells.take()?;
        let (at, updated_at) = (cells.at()?, cells.at()?);
        let previous = cells.take::<Option<i64>>()?.map(OrderId);
        let after_sales = cells.optional_json()?;
        let completed_at = cells.optional_at()?;
        let created = Created {
            id,
            number,
            user,
            mode,
            chosen_by,
            payment,
            pay_within,
            lines: vec![],
            coupon: coupon_wanted,
            total,
            discount,
            points,
            due,
            receiver,
            warehouse_storage,
            at,
        };
        Ok(StoredOrder {
            created,
            outcome,
            status,
            reason,
            direction,
            pay_before,
            coupon,
            point,
            is_processing,
            after_sales,
            completed_at,
            version,
            updated_at,
            previous,
        })
    }
}

fn coupon_wanted<C: Cells>(cells: &mut C) -> Result<Option<CouponWanted>, C::Error> {
    let campaign: Option<i64> = cells.take()?;
    let coupon = cells.take::<Option<i64>>()?.map(CouponId);
    Ok(campaign.map(|campaign| CouponWanted { campaign: CampaignId(campaign), coupon }))
}

impl FromCells for Line {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Line, C::Error> {
        let mut line = domain::order::Line {
            product: ProductId(cells.take()?),
            name: cells.text()?,
            quantity: cells.take()?,
            unit_price: cells.money()?,
            drop: None,
        };
        let Some((state, at)) = step(cells)? else { return Err(cells.broken("a line lacks the state of its stock")) };
        let returned = cells.take()?;
        if [line.quantity, returned].into_iter().any(|units| !has_price(&line, units)) {
            return Err(cells.broken("the price of its units is larger than any that an order can have"));
        }
        line.drop = cells.take::<Option<i64>>()?.map(DropId);
        Ok(Line { line, state, at, returned })
    }
}

/// Returns true if the price of so many units can be computed.
fn has_price(line: &domain::order::Line, units: i64) -> bool {
    let price = units.checked_mul(line.unit_price.amount());
    (-NUMBER_MAX..=NUMBER_MAX).contains(&units) && price.is_some_and(|price| Money::try_from(price).is_ok())
}

/// The three cells of a step: its state, the reason of its refusal, the time.
fn step<C: Cells>(cells: &mut C) -> Result<Option<(StepState, Timestamp)>, C::Error> {
    // The reason of a failed step is in the next cell.
    const STATES: [StepState; 5] = [
        StepState::Waiting,
        StepState::Requested,
        StepState::Completed,
        StepState::Failed(Reason::StepTimedOut),
        StepState::Restored,
    ];
    let state = cells.optional_word(&STATES, StepState::name)?;
    let reason = cells.optional_word(&Reason::ALL, Reason::code)?;
    let at: Option<i64> = cells.take()?;
    let Some(state) = state else { return Ok(None) };
    let state = match (state, reason) {
        (StepState::Failed(_), Some(reason)) => StepState::Failed(reason),
        (StepState::Waiting | StepState::Requested | StepState::Completed | StepState::Restored, None) => state,
        (StepState::Failed(_), None) => return Err(cells.broken("a failed step has no reason")),
        _ => return Err(cells.broken("a step that did not fail has a reason")),
    };
    let at = at.ok_or_else(|| cells.broken("a step's state lacks its time"))?;
    Ok(Some((state, Timestamp::from_micros(at))))
}

impl StoredOrder {
    pub(crate) fn id(&self) -> OrderId {
        self.created.id
    }

    /// Builds the order from its lines and the states of its steps.
    pub(crate) fn with(self, lines: Vec<Line>) -> OrderRow {
        let StoredOrder { mut created, coupon, point, previous, .. } = self;
        let mut steps: Vec<StepRecord> = Vec::with_capacity(lines.len() + 2);
        let record = |step, (state, at)| StepRecord { step, state, at };
        let mut returned = vec![];
        if lines.iter().any(|line| line.returned > 0) {
            returned.extend(lines.iter().map(|line| line.returned));
        }
        for Line { line, state, at, .. } in lines {
            steps.push(record(Step::Stock(line.product), (state, at)));
            created.lines.push(line);
        }
        steps.extend(coupon.map(|known| record(Step::Coupon, known)));
        steps.extend(point.map(|known| record(Step::Point, known)));
        let order = Order {
            created: Arc::new(created),
            saga: Saga { direction: self.direction, steps },
            outcome: self.outcome,
            status: self.status,
            reason: self.reason,
            pay_before: self.pay_before,
            is_processing: self.is_processing,
            returned,
            after_sales: self.after_sales,
            completed_at: self.completed_at,
            version: self.version,
            updated_at: self.updated_at,
        };
        OrderRow { order, previous }
    }
}
