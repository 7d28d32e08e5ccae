//! Webhook endpoints, their deliveries, and the events behind them.

use app::events::event::EventKind;
use app::events::outbox::uuid;
use app::ports::views::{PastEvent, Reading, WantedDeliveries, WantedPast, WebhookViews};
use app::state::rows::EventId;
use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::{Delivery, DeliveryKey, Endpoint, Slot, State};

use super::{MysqlViews, by_id, each, first, sql_limit};
use crate::mysql::sql::{is_in, statement};
use crate::selects::{select_delivery, select_webhook};

/// An event with the cells of [`PastEvent`].
const SELECT_PAST: &str =
    "SELECT position, shard, seq, id, type, payload, event_key, occurred_at, traceparent FROM event";

impl WebhookViews for MysqlViews {
    fn webhook(&self, id: WebhookId) -> Reading<'_, Option<Endpoint>> {
        self.read(by_id(select_webhook!(""), "webhook_id", id.0), first)
    }

    fn webhooks(&self, after: Option<WebhookId>, limit: usize) -> Reading<'_, Vec<Endpoint>> {
        let rest = "WHERE webhook_id > ? AND status <> 'REMOVED' ORDER BY webhook_id";
        let rest = statement(rest, &[&after.map_or(0, |after| after.0)]);
        self.list(limit, move |limit| format!("{}{rest} LIMIT {limit}", select_webhook!("")))
    }

    fn webhook_ids(&self, after: Option<WebhookId>, limit: usize) -> Reading<'_, Vec<WebhookId>> {
        let rest = statement("WHERE webhook_id > ? ORDER BY webhook_id", &[&after.map_or(0, |after| after.0)]);
        let select = format!("SELECT webhook_id FROM webhook {rest} LIMIT {}", sql_limit(limit));
        self.read([select], |rows| Ok(each(rows)?.into_iter().map(WebhookId).collect()))
    }

    fn webhook_queues(&self) -> Reading<'_, Vec<(Endpoint, Timestamp)>> {
        let select = select_webhook!(
            ", (SELECT due_at FROM webhook_delivery FORCE INDEX (webhook_delivery_due)
                    WHERE webhook_delivery.webhook_id = webhook.webhook_id AND due_at IS NOT NULL
                    ORDER BY due_at LIMIT 1) AS first_due_at",
            "WHERE status = 'ENABLED' HAVING first_due_at IS NOT NULL ORDER BY webhook_id"
        );
        self.list(usize::MAX, |_| select.to_owned())
    }

    fn due_deliveries(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Reading<'_, Vec<Delivery>> {
        let rest = "FORCE INDEX (webhook_delivery_due) WHERE webhook_id = ? AND due_at <= ?
                AND (order_key IS NULL OR NOT EXISTS (
                    SELECT 1 FROM webhook_delivery AS earlier FORCE INDEX (webhook_delivery_order)
                    WHERE earlier.webhook_id = webhook_delivery.webhook_id
                        AND earlier.order_key = webhook_delivery.order_key AND earlier.due_at IS NOT NULL
                        AND earlier.number < webhook_delivery.number))
            ORDER BY due_at, number";
        let rest = statement(rest, &[&webhook.0, &now]);
        self.list(limit, move |limit| format!("{}{rest} LIMIT {limit}", select_delivery!("")))
    }

    fn delivery(&self, key: DeliveryKey) -> Reading<'_, Option<Delivery>> {
        let rest = statement("WHERE webhook_id = ? AND number = ?", &[&key.webhook.0, &key.number]);
        self.read([select_delivery!("").to_owned() + &rest], first)
    }

    fn deliveries(&self, wanted: WantedDeliveries, before: Option<i64>, limit: usize) -> Reading<'_, Vec<Delivery>> {
        let WantedDeliveries { webhook, state, event_type, from, to } = wanted;
        let mut rest = statement("WHERE webhook_id = ? AND number < ?", &[&webhook.0, &before.unwrap_or(i64::MAX)]);
        if let Some(state) = state {
            rest += &statement(" AND state = ?", &[&State::name(state)]);
        }
        if let Some(event_type) = event_type {
            rest += &statement(" AND event_type = ?", &[&event_type]);
        }
        if let Some(from) = from {
            rest += &statement(" AND created_at >= ?", &[&from]);
        }
        if let Some(to) = to {
            rest += &statement(" AND created_at < ?", &[&to]);
        }
        rest += " ORDER BY number DESC";
        self.list(limit, move |limit| format!("{}{rest} LIMIT {limit}", select_delivery!("")))
    }

    fn delivered(&self, webhook: WebhookId, events: Vec<EventId>) -> Reading<'_, Vec<(EventId, i64)>> {
        if events.is_empty() {
            return Box::pin(std::future::ready(Ok(vec![])));
        }
        let select = "SELECT event_id, number FROM webhook_delivery FORCE INDEX (webhook_delivery_event)
            WHERE webhook_id = ? AND ";
        let ids = is_in("event_id", events.iter().map(|event| uuid(event.0)));
        self.read([statement(select, &[&webhook.0]) + &ids], each)
    }

    fn deliveries_of(&self, events: Vec<EventId>) -> Reading<'_, Vec<Delivery>> {
        if events.is_empty() {
            return Box::pin(std::future::ready(Ok(vec![])));
        }
        let select = select_delivery!("FORCE INDEX (webhook_delivery_by_event) WHERE ");
        let ids = is_in("event_id", events.iter().map(|event| uuid(event.0)));
        self.list(usize::MAX, move |_| format!("{select}{ids} ORDER BY webhook_id"))
    }

    fn event_at(&self, slot: Slot) -> Reading<'_, Option<PastEvent>> {
        let rest = statement(" FORCE INDEX (event_place) WHERE shard = ? AND seq = ?", &[&slot.shard, &slot.seq]);
        self.read([SELECT_PAST.to_owned() + &rest], first)
    }

    fn past_events(&self, wanted: WantedPast) -> Reading<'_, Vec<PastEvent>> {
        let rest = " FORCE INDEX (PRIMARY) WHERE position > ? AND occurred_at >= ? AND ";
        let rest = statement(rest, &[&wanted.after.unwrap_or(0), &wanted.since]);
        let kinds = is_in("type", wanted.kinds.iter().copied().map(EventKind::name));
        let select = format!("{SELECT_PAST}{rest}{kinds} ORDER BY position LIMIT {}", sql_limit(wanted.limit));
        self.read([select], each)
    }
}
