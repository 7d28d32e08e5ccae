//! Webhook endpoints and deliveries.

use std::sync::Arc;

use app::ports::views::PastEvent;
use app::state::rows::EventId;
use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::{Delivery, DeliveryKey, DisabledReason, Endpoint, OldSecret, Slot, State, Status};

use super::{Cells, FromCells};

impl FromCells for Endpoint {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Endpoint, C::Error> {
        Ok(Endpoint {
            id: WebhookId(cells.take()?),
            url: cells.text()?,
            description: cells.text()?,
            event_types: cells.json()?,
            secret: cells.text()?,
            old_secret: old_secret(cells)?,
            ordered: cells.take()?,
            rate_per_second: cells.take()?,
            status: cells.word(&Status::ALL, Status::name)?,
            disabled_reason: cells.optional_word(&DisabledReason::ALL, DisabledReason::name)?,
            terms: cells.json()?,
            deliveries: cells.take()?,
            failing_since: cells.optional_at()?,
            created_at: cells.at()?,
            updated_at: cells.at()?,
        })
    }
}

impl FromCells for Delivery {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Delivery, C::Error> {
        Ok(Delivery {
            key: DeliveryKey { webhook: WebhookId(cells.take()?), number: cells.take()? },
            event: EventId::from_cells(cells)?.0,
            event_type: cells.text()?,
            order_key: cells.optional_text()?,
            slot: slot(cells)?,
            payload: cells.optional_text()?,
            state: cells.word(&State::ALL, State::name)?,
            tries: cells.take()?,
            attempts: cells.take()?,
            due: cells.optional_at()?,
            last_status: cells.take()?,
            created_at: cells.at()?,
            log: cells.json()?,
        })
    }
}

/// An endpoint, and when its first delivery is due.
impl FromCells for (Endpoint, Timestamp) {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<(Endpoint, Timestamp), C::Error> {
        Ok((Endpoint::from_cells(cells)?, cells.at()?))
    }
}

impl FromCells for PastEvent {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<PastEvent, C::Error> {
        Ok(PastEvent {
            position: cells.take()?,
            slot: Slot { shard: cells.take()?, seq: cells.take()? },
            id: EventId::from_cells(cells)?,
            event: cells.event()?,
            key: cells.text()?,
            at: cells.at()?,
            trace: cells.trace()?,
        })
    }
}

fn old_secret<C: Cells>(cells: &mut C) -> Result<Option<OldSecret>, C::Error> {
    let (secret, until): (Option<Arc<str>>, _) = (cells.optional_text()?, cells.optional_at()?);
    Ok(secret.zip(until).map(|(secret, until)| OldSecret { secret, until }))
}

fn slot<C: Cells>(cells: &mut C) -> Result<Option<Slot>, C::Error> {
    let (shard, seq): (Option<i64>, Option<i64>) = (cells.take()?, cells.take()?);
    Ok(shard.zip(seq).map(|(shard, seq)| Slot { shard, seq }))
}

/// Returns a value as the JSON of its cell.
pub(crate) fn json_cell(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("lists of plain structs have a JSON form")
}
