//! What participants hold for an order, and when it is looked at again.

use app::rows::{Timer, TimerKind};
use domain::claim::Claim;
use domain::reason::Reason;
use rusqlite::{Result, Row};

use super::{Cells, claim_state, timer_kind};

/// The two cells of a claim: its state, the reason of its refusal.
pub(in crate::embedded) fn claim(cells: &mut Cells<'_>) -> Result<Claim> {
    let states = [Claim::Held, Claim::Refused(Reason::StepTimedOut), Claim::Released];
    let state = cells.word(&states, claim_state)?;
    match (state, cells.optional_word(&Reason::ALL, Reason::code)?) {
        (Claim::Refused(_), Some(reason)) => Ok(Claim::Refused(reason)),
        (Claim::Refused(_), None) => Err(cells.broken("a claim was refused for no reason")),
        (Claim::Held | Claim::Released, _) => Ok(state),
    }
}

pub(in crate::embedded) fn timer(row: &Row<'_>) -> Result<Timer> {
    let mut cells = Cells::of(row);
    let due = cells.at()?;
    let kinds = [TimerKind::Claims, TimerKind::Delayed, TimerKind::Restorations { asked: 0 }, TimerKind::Payment];
    let kind = match cells.word(&kinds, timer_kind)? {
        kind @ (TimerKind::Claims | TimerKind::Delayed | TimerKind::Payment) => kind,
        TimerKind::Restorations { .. } => TimerKind::Restorations { asked: cells.take()? },
    };
    Ok(Timer { due, kind })
}
