//! Payments, shipments and warehouse storages.

use std::sync::Arc;

use app::state::rows::{CallbackKey, CallbackRow};
use domain::ids::{OrderId, UserId};
use domain::payment::{Action, Means, Method, Next, NextCall, Payment, Resolution, State};
use domain::shipment::{Shipment, State as ShipmentState};
use domain::time::Timestamp;
use domain::warehouse::{State as StorageState, Storage};
use serde::{Deserialize, Serialize};

use super::{Cells, FromCells};

impl FromCells for Payment {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Payment, C::Error> {
        Ok(Payment {
            order: OrderId(cells.take()?),
            order_ms: cells.take()?,
            attempt: cells.take()?,
            method: cells.word(&Method::ALL, Method::name)?,
            means: means(cells)?,
            amount: cells.money()?,
            state: cells.word(&State::ALL, State::name)?,
            action: action(cells)?,
            is_wanted: cells.take()?,
            authorized: cells.money()?,
            captured: cells.money()?,
            refunded: cells.money()?,
            refunding: cells.money()?,
            owed: cells.money()?,
            resolved: cells.money()?,
            refunds: cells.take()?,
            given_back: cells.optional_json()?.unwrap_or_default(),
            declines: cells.take()?,
            owed_since: cells.optional_at()?,
            reference: cells.optional_text()?,
            refusal: cells.optional_text()?,
            last_error: cells.optional_text()?,
            resolution: resolution(cells)?,
            next: next(cells)?,
            created_at: cells.at()?,
            updated_at: cells.at()?,
        })
    }
}

/// [`Means`] in a cell.
#[derive(Serialize, Deserialize)]
struct MeansCell {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_url: Option<Arc<str>>,
}

/// [`Action`] in a cell.
#[derive(Serialize, Deserialize)]
struct ActionCell {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<Arc<str>>,
    until: i64,
}

fn means<C: Cells>(cells: &mut C) -> Result<Option<Arc<Means>>, C::Error> {
    let found = cells.optional_json()?;
    Ok(found.map(|MeansCell { token, return_url }| Means { token, return_url }.into()))
}

/// The cell of what the customer pays with; NULL if it is nothing of theirs.
pub(crate) fn means_cell(payment: &Payment) -> Option<String> {
    let Means { token, return_url } = payment.means.as_deref()?.clone();
    serde_json::to_string(&MeansCell { token, return_url }).ok()
}

fn action<C: Cells>(cells: &mut C) -> Result<Option<Arc<Action>>, C::Error> {
    let found: Option<ActionCell> = cells.optional_json()?;
    Ok(found.map(|ActionCell { url, client_secret, until }| {
        Action { url, client_secret, until: Timestamp::from_micros(until) }.into()
    }))
}

/// The cell of the customer's action at the provider; NULL without one.
pub(crate) fn action_cell(payment: &Payment) -> Option<String> {
    let Action { url, client_secret, until } = payment.action.as_deref()?.clone();
    serde_json::to_string(&ActionCell { url, client_secret, until: until.micros() }).ok()
}

/// An operator's resolution of a stuck payment: who, when, why, and where to find it.
fn resolution<C: Cells>(cells: &mut C) -> Result<Option<Resolution>, C::Error> {
    let (by, at) = (cells.take::<Option<i64>>()?, cells.take::<Option<i64>>()?);
    let (reason, reference) = (cells.optional_text()?, cells.optional_text()?);
    let (Some(by), Some(at), Some(reason), Some(reference)) = (by, at, reason, reference) else { return Ok(None) };
    Ok(Some(Resolution { by: UserId(by), at: Timestamp::from_micros(at), reason, reference }))
}

/// The next call to the provider: which, when, and the number of failed attempts.
fn next<C: Cells>(cells: &mut C) -> Result<Option<Next>, C::Error> {
    let way = cells.optional_word(&NextCall::ALL, NextCall::name)?;
    let (due, tries) = (cells.take::<Option<i64>>()?, cells.take::<Option<i64>>()?);
    let Some(way) = way else { return Ok(None) };
    Ok(Some(Next { way, due: due.map(Timestamp::from_micros), tries: tries.unwrap_or(0) }))
}

/// The cell of the executed refunds; NULL without any.
pub(crate) fn given_back_cell(payment: &Payment) -> Option<String> {
    let given = (!payment.given_back.is_empty()).then_some(&payment.given_back)?;
    serde_json::to_string(given).ok()
}

impl FromCells for Shipment {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Shipment, C::Error> {
        Ok(Shipment {
            order: OrderId(cells.take()?),
            state: cells.word(&ShipmentState::ALL, ShipmentState::name)?,
            receiver: cells.json()?,
            tracking: cells.optional_text()?,
            created_at: cells.at()?,
            updated_at: cells.at()?,
        })
    }
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

impl FromCells for CallbackRow {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<CallbackRow, C::Error> {
        Ok(CallbackRow {
            key: CallbackKey(cells.hash()?),
            provider: cells.text()?,
            event: cells.text()?,
            at: cells.at()?,
        })
    }
}
