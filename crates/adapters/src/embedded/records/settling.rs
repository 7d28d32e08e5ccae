//! Payments, shipments and what is kept in the warehouse.

use std::sync::Arc;

use app::rows::{Telling, TellingKey};
use domain::ids::OrderId;
use domain::order::Receiver;
use domain::payment::{Method, Next, Payment, State, Way};
use domain::shipment::{Shipment, State as ShipmentState};
use domain::time::Timestamp;
use domain::warehouse::{State as StorageState, Storage};
use rusqlite::{Result, Row};

use super::Cells;

pub(in crate::embedded) fn payment(row: &Row<'_>) -> Result<Payment> {
    let mut cells = Cells::of(row);
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
        reference: cells.take::<Option<Arc<str>>>()?,
        refusal: cells.take::<Option<Arc<str>>>()?,
        next: next(&mut cells)?,
        created_at: cells.at()?,
        updated_at: cells.at()?,
    })
}

/// What is asked next: how, when, and how often it was asked in vain.
fn next(cells: &mut Cells<'_>) -> Result<Option<Next>> {
    let way = cells.optional_word(&Way::ALL, Way::name)?;
    let (due, tries) = (cells.take::<Option<i64>>()?, cells.take::<Option<i64>>()?);
    let Some(way) = way else { return Ok(None) };
    let due = due.ok_or_else(|| cells.broken("something is asked at no moment"))?;
    Ok(Some(Next { way, due: Timestamp::from_micros(due), tries: tries.unwrap_or(0) }))
}

pub(in crate::embedded) fn shipment(row: &Row<'_>) -> Result<Shipment> {
    let mut cells = Cells::of(row);
    Ok(Shipment {
        order: OrderId(cells.take()?),
        state: cells.word(&ShipmentState::ALL, ShipmentState::name)?,
        receiver: receiver(&mut cells)?,
        tracking: cells.take::<Option<Arc<str>>>()?,
        created_at: cells.at()?,
        updated_at: cells.at()?,
    })
}

fn receiver(cells: &mut Cells<'_>) -> Result<Receiver> {
    let json: String = cells.take()?;
    serde_json::from_str(&json).map_err(|error| cells.broken(error.to_string()))
}

pub(in crate::embedded) fn storage(row: &Row<'_>) -> Result<Storage> {
    let mut cells = Cells::of(row);
    Ok(Storage {
        order: OrderId(cells.take()?),
        state: cells.word(&StorageState::ALL, StorageState::name)?,
        created_at: cells.at()?,
        updated_at: cells.at()?,
    })
}

pub(in crate::embedded) fn telling(row: &Row<'_>) -> Result<Telling> {
    let mut cells = Cells::of(row);
    Ok(Telling { key: TellingKey(cells.take()?), provider: cells.take()?, event: cells.take()?, at: cells.at()? })
}
