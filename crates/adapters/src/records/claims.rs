//! Participants' claims of an order, and its timer.

use app::state::rows::{ClaimKey, Timer, TimerKey, TimerKind};
use domain::claim::Claim;
use domain::ids::{OrderId, ProductId};
use domain::order::saga::Step;
use domain::reason::Reason;

use crate::words::{claim_state, step_cells, timer_kind};

use super::{Cells, FromCells};

/// The two cells of a claim: its state, and the reason of its refusal.
impl FromCells for Claim {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Claim, C::Error> {
        let states = [Claim::Held, Claim::Refused(Reason::StepTimedOut), Claim::Released];
        let state = cells.word(&states, claim_state)?;
        match (state, cells.optional_word(&Reason::ALL, Reason::code)?) {
            (Claim::Refused(_), Some(reason)) => Ok(Claim::Refused(reason)),
            (Claim::Refused(_), None) => Err(cells.broken("a refused claim has no reason")),
            (Claim::Held | Claim::Released, _) => Ok(state),
        }
    }
}

/// The two cells that name a step: its kind, and its product.
impl FromCells for Step {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Step, C::Error> {
        let step = cells.word(&[Step::Stock(ProductId(0)), Step::Coupon, Step::Point], |step| step_cells(step).0)?;
        let product = ProductId(cells.take()?);
        Ok(if matches!(step, Step::Stock(_)) { Step::Stock(product) } else { step })
    }
}

impl FromCells for Timer {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Timer, C::Error> {
        let due = cells.at()?;
        let kinds = [TimerKind::Claims, TimerKind::Delayed, TimerKind::Restorations { asked: 0 }, TimerKind::Payment];
        let (kind, asked) = (cells.word(&kinds, timer_kind)?, cells.take()?);
        let kind = match kind {
            kind @ (TimerKind::Claims | TimerKind::Delayed | TimerKind::Payment) => kind,
            TimerKind::Restorations { .. } => TimerKind::Restorations { asked },
        };
        Ok(Timer { due, kind })
    }
}

impl FromCells for ClaimKey {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<ClaimKey, C::Error> {
        Ok(ClaimKey { order: OrderId(cells.take()?), step: Step::from_cells(cells)? })
    }
}

impl FromCells for TimerKey {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<TimerKey, C::Error> {
        cells.take().map(|order| TimerKey(OrderId(order)))
    }
}
