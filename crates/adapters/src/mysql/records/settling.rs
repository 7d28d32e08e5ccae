//! Payments, shipments and what is kept in the warehouse.

use std::sync::Arc;

use app::rows::{Telling, TellingKey};
use domain::ids::OrderId;
use domain::order::Receiver;
use domain::payment::{Method, Next, Payment, State, Way};
use domain::shipment::{Shipment, State as ShipmentState};
use domain::time::Timestamp;
use domain::warehouse::{State as StorageState, Storage};

use super::Cells;
use crate::mysql::failure::Result;

pub(in crate::mysql) fn payment(cells: &mut Cells) -> Result<Payment> {
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
        reference: cells.take::<Option<String>>()?.map(Arc::from),
        refusal: cells.take::<Option<String>>()?.map(Arc::from),
        next: next(cells)?,
        created_at: cells.at()?,
        updated_at: cells.at()?,
    })
}

/// What is asked next: how, when, and how often it was asked in vain.
fn next(cells: &mut Cells) -> Result<Option<Next>> {
    let way = cells.optional_word(&Way::ALL, Way::name)?;
    let (due, tries) = (cells.take::<Option<i64>>()?, cells.take::<Option<i64>>()?);
    let Some(way) = way else { return Ok(None) };
    let due = due.ok_or_else(|| cells.broken("something is asked at no moment"))?;
    Ok(Some(Next { way, due: Timestamp::from_micros(due), tries: tries.unwrap_or(0) }))
}

pub(in crate::mysql) fn shipment(cells: &mut Cells) -> Result<Shipment> {
    Ok(Shipment {
        order: OrderId(cells.take()?),
        state: cells.word(&ShipmentState::ALL, ShipmentState::name)?,
        receiver: receiver(cells)?,
        tracking: cells.take::<Option<String>>()?.map(Arc::from),
        created_at: cells.at()?,
        updated_at: cells.at()?,
    })
}

fn receiver(cells: &mut Cells) -> Result<Receiver> {
    let json: String = cells.take()?;
    serde_json::from_str(&json).map_err(|error| cells.broken(error.to_string()))
}

pub(in crate::mysql) fn storage(cells: &mut Cells) -> Result<Storage> {
    Ok(Storage {
        order: OrderId(cells.take()?),
        state: cells.word(&StorageState::ALL, StorageState::name)?,
        created_at: cells.at()?,
        updated_at: cells.at()?,
    })
}

pub(in crate::mysql) fn telling(cells: &mut Cells) -> Result<Telling> {
    Ok(Telling { key: TellingKey(cells.hash()?), provider: cells.text()?, event: cells.text()?, at: cells.at()? })
}
