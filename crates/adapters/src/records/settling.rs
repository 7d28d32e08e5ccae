//! Payments, shipments and what is kept in the warehouse.

use app::rows::{Telling, TellingKey};
use domain::ids::OrderId;
use domain::order::Receiver;
use domain::payment::{Method, Next, Payment, State, Way};
use domain::shipment::{Shipment, State as ShipmentState};
use domain::time::Timestamp;
use domain::warehouse::{State as StorageState, Storage};

use super::{Cells, FromCells};

impl FromCells for Payment {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Payment, C::Error> {
        Ok(Payment {
            order: OrderId(cells.take()?),
            attempt: cells.take()?,
            method: cells.word(&Method::ALL, Method::name)?,
            amount: cells.money()?,
            state: cells.word(&State::ALL, State::name)?,
            is_wanted: cells.take()?,
            authorized: cells.money()?,
            captured: cells.money()?,
            refunded: cells.money()?,
            refunding: cells.money()?,
            refunds: cells.take()?,
            reference: cells.optional_text()?,
            refusal: cells.optional_text()?,
            next: next(cells)?,
            created_at: cells.at()?,
            updated_at: cells.at()?,
        })
    }
}

/// What is asked next: how, when, and how often it was asked in vain.
fn next<C: Cells>(cells: &mut C) -> Result<Option<Next>, C::Error> {
    let way = cells.optional_word(&Way::ALL, Way::name)?;
    let (due, tries) = (cells.take::<Option<i64>>()?, cells.take::<Option<i64>>()?);
    let Some(way) = way else { return Ok(None) };
    let due = due.ok_or_else(|| cells.broken("something is asked at no moment"))?;
    Ok(Some(Next { way, due: Timestamp::from_micros(due), tries: tries.unwrap_or(0) }))
}

impl FromCells for Shipment {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Shipment, C::Error> {
        Ok(Shipment {
            order: OrderId(cells.take()?),
            state: cells.word(&ShipmentState::ALL, ShipmentState::name)?,
            receiver: receiver(cells)?,
            tracking: cells.optional_text()?,
            created_at: cells.at()?,
            updated_at: cells.at()?,
        })
    }
}

fn receiver<C: Cells>(cells: &mut C) -> Result<Receiver, C::Error> {
    let json: String = cells.take()?;
    serde_json::from_str(&json).map_err(|error| cells.broken(error))
}

impl FromCells for Storage {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Storage, C::Error> {
        Ok(Storage {
            order: OrderId(cells.take()?),
            state: cells.word(&StorageState::ALL, StorageState::name)?,
            created_at: cells.at()?,
            updated_at: cells.at()?,
        })
    }
}

impl FromCells for Telling {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Telling, C::Error> {
        Ok(Telling { key: TellingKey(cells.hash()?), provider: cells.text()?, event: cells.text()?, at: cells.at()? })
    }
}
