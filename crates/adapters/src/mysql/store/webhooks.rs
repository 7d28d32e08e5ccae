//! Webhook endpoints and their deliveries.

use app::events::outbox::uuid;
use app::state::rows::Rows;
use domain::ids::WebhookId;
use domain::webhook::{Delivery, DeliveryKey, Endpoint};
use mysql_async::Value;

use super::locking_read::{index, loaded, locked};
use super::upsert::{Upsert, put_all};
use crate::mysql::failure::Result;
use crate::mysql::sql::{Script, is_in, statement};
use crate::records::json_cell;
use crate::selects::{select_delivery, select_webhook};

pub(super) fn select_endpoints(ids: &[WebhookId]) -> String {
    locked(select_webhook!(""), "PRIMARY", &is_in("webhook_id", ids.iter().map(|id| id.0)), "webhook_id")
}

pub(super) fn select_deliveries(keys: &[DeliveryKey]) -> String {
    let condition = |key: &DeliveryKey| statement("(webhook_id = ? AND number = ?)", &[&key.webhook.0, &key.number]);
    let conditions: Vec<String> = keys.iter().map(condition).collect();
    locked(select_delivery!(""), "PRIMARY", &conditions.join(" OR "), "webhook_id, number")
}

pub(super) fn read_endpoints(ids: Vec<WebhookId>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    loaded(&mut rows.webhooks, ids, index(found, |endpoint: Endpoint| (endpoint.id, endpoint))?);
    Ok(())
}

pub(super) fn read_deliveries(keys: Vec<DeliveryKey>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    loaded(&mut rows.deliveries, keys, index(found, |delivery: Delivery| (delivery.key, delivery))?);
    Ok(())
}

pub(super) fn write(script: &mut Script, rows: &Rows) {
    endpoints(script, rows);
    deliveries(script, rows);
}

fn endpoints(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO webhook (webhook_id, url, description, event_types, secret, old_secret, old_secret_until, \
               ordered, rate_per_second, status, disabled_reason, terms, deliveries, failing_since, created_at, \
               updated_at) VALUES ",
        update: " ON DUPLICATE KEY UPDATE url = VALUES(url), description = VALUES(description), \
                 event_types = VALUES(event_types), secret = VALUES(secret), old_secret = VALUES(old_secret), \
                 old_secret_until = VALUES(old_secret_until), rate_per_second = VALUES(rate_per_second), \
                 status = VALUES(status), disabled_reason = VALUES(disabled_reason), terms = VALUES(terms), \
                 deliveries = VALUES(deliveries), failing_since = VALUES(failing_since), \
                 updated_at = VALUES(updated_at)",
    };
    put_all(script, &rows.webhooks, written, |insert, id, endpoint| {
        let old = endpoint.old_secret.as_ref();
        insert.row(&[
            &id.0,
            &endpoint.url,
            &endpoint.description,
            &json_cell(&endpoint.event_types),
            &endpoint.secret,
            &old.map(|old| old.secret.clone()),
            &old.map(|old| old.until),
            &endpoint.ordered,
            &endpoint.rate_per_second,
            &endpoint.status.name(),
            &endpoint.disabled_reason.map(|reason| reason.name()),
            &json_cell(&endpoint.terms),
            &endpoint.deliveries,
            &endpoint.failing_since,
            &endpoint.created_at,
            &endpoint.updated_at,
        ]);
    });
}

fn deliveries(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO webhook_delivery (webhook_id, number, event_id, event_type, order_key, shard, seq, payload, \
               state, tries, attempts, due_at, last_status, created_at, attempt_log) VALUES ",
        update: " ON DUPLICATE KEY UPDATE state = VALUES(state), tries = VALUES(tries), attempts = VALUES(attempts), \
                 due_at = VALUES(due_at), last_status = VALUES(last_status), attempt_log = VALUES(attempt_log)",
    };
    put_all(script, &rows.deliveries, written, |insert, key, delivery| {
        insert.row(&[
            &key.webhook.0,
            &key.number,
            &uuid(delivery.event),
            &delivery.event_type,
            &delivery.order_key,
            &delivery.slot.map(|slot| slot.shard),
            &delivery.slot.map(|slot| slot.seq),
            &delivery.payload,
            &delivery.state.name(),
            &delivery.tries,
            &delivery.attempts,
            &delivery.due,
            &delivery.last_status,
            &delivery.created_at,
            &json_cell(&delivery.log),
        ]);
    });
}
