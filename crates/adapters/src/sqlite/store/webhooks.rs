//! Webhook endpoints and their deliveries.

use app::events::outbox::uuid;
use app::state::rows::Rows;
use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::{Delivery, DeliveryKey, Endpoint};
use rusqlite::{Connection, Result, params};

use super::put_all::put_all;
use crate::records::json_cell;
use crate::selects::{select_delivery, select_webhook};
use crate::sqlite::cells::{Run as _, find};

pub(in crate::sqlite) fn endpoint(connection: &Connection, id: WebhookId) -> Result<Option<Endpoint>> {
    find(connection, select_webhook!("WHERE webhook_id = ?1"), [id.0])
}

pub(in crate::sqlite) fn delivery(connection: &Connection, key: DeliveryKey) -> Result<Option<Delivery>> {
    find(connection, select_delivery!("WHERE webhook_id = ?1 AND number = ?2"), (key.webhook.0, key.number))
}

pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    endpoints(connection, rows)?;
    deliveries(connection, rows)
}

fn endpoints(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO webhook (webhook_id, url, description, event_types, secret, old_secret, old_secret_until,
                   ordered, rate_per_second, status, disabled_reason, terms, deliveries, failing_since, created_at,
                   updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
               ON CONFLICT DO UPDATE SET url = excluded.url, description = excluded.description,
                   event_types = excluded.event_types, secret = excluded.secret, old_secret = excluded.old_secret,
                   old_secret_until = excluded.old_secret_until, rate_per_second = excluded.rate_per_second,
                   status = excluded.status, disabled_reason = excluded.disabled_reason, terms = excluded.terms,
                   deliveries = excluded.deliveries, failing_since = excluded.failing_since,
                   updated_at = excluded.updated_at";
    put_all(connection, &rows.webhooks, sql, |put, id, endpoint| {
        let old = endpoint.old_secret.as_ref();
        put.run(params![
            id.0,
            endpoint.url,
            endpoint.description,
            json_cell(&endpoint.event_types),
            endpoint.secret,
            old.map(|old| &old.secret),
            old.map(|old| old.until.micros()),
            endpoint.ordered,
            endpoint.rate_per_second,
            endpoint.status.name(),
            endpoint.disabled_reason.map(|reason| reason.name()),
            json_cell(&endpoint.terms),
            endpoint.deliveries,
            endpoint.failing_since.map(Timestamp::micros),
            endpoint.created_at.micros(),
            endpoint.updated_at.micros(),
        ])
    })
}

fn deliveries(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO webhook_delivery (webhook_id, number, event_id, event_type, order_key, shard, seq, payload,
                   state, tries, attempts, due_at, last_status, created_at, attempt_log)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
               ON CONFLICT (webhook_id, number) DO UPDATE SET state = excluded.state, tries = excluded.tries,
                   attempts = excluded.attempts, due_at = excluded.due_at, last_status = excluded.last_status,
                   attempt_log = excluded.attempt_log";
    put_all(connection, &rows.deliveries, sql, |put, key, delivery| {
        put.run(params![
            key.webhook.0,
            key.number,
            uuid(delivery.event),
            delivery.event_type,
            delivery.order_key,
            delivery.slot.map(|slot| slot.shard),
            delivery.slot.map(|slot| slot.seq),
            delivery.payload,
            delivery.state.name(),
            delivery.tries,
            delivery.attempts,
            delivery.due.map(Timestamp::micros),
            delivery.last_status,
            delivery.created_at.micros(),
            json_cell(&delivery.log),
        ])
    })
}
