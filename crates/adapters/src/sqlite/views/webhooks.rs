//! Webhook endpoints, their deliveries, and the events behind them.

use app::events::event::EventKind;
use app::events::outbox::uuid;
use app::ports::views::{PastEvent, Reading, WantedDeliveries, WantedPast, WebhookViews};
use app::state::rows::EventId;
use domain::ids::WebhookId;
use domain::time::Timestamp;
use domain::webhook::{Delivery, DeliveryKey, Endpoint, Slot, State};

use super::{SqliteViews, sql_limit};
use crate::left_out::Found;
use crate::selects::{select_delivery, select_webhook};
use crate::sqlite::cells::{find, find_all, find_readable};
use crate::sqlite::store::{webhook, webhook_delivery};

/// An event with the cells of [`PastEvent`]: its position is its place.
macro_rules! select_past {
    ($rest:literal) => {
        concat!(
            "SELECT position, 0, position, id, type, payload, event_key, occurred_at, traceparent FROM event ",
            $rest
        )
    };
}

impl WebhookViews for SqliteViews {
    fn webhook(&self, id: WebhookId) -> Reading<'_, Option<Endpoint>> {
        self.read(move |connection| webhook(connection, id))
    }

    fn webhooks(&self, after: Option<WebhookId>, limit: usize) -> Reading<'_, Vec<Endpoint>> {
        self.list(limit, move |connection, limit| {
            let sql = select_webhook!("WHERE webhook_id > ?1 AND status <> 'REMOVED' ORDER BY webhook_id LIMIT ?2");
            find_readable(connection, sql, (after.map_or(0, |after| after.0), limit))
        })
    }

    fn webhook_ids(&self, after: Option<WebhookId>, limit: usize) -> Reading<'_, Vec<WebhookId>> {
        self.read(move |connection| {
            let sql = "SELECT webhook_id FROM webhook WHERE webhook_id > ?1 ORDER BY webhook_id LIMIT ?2";
            let ids: Vec<i64> = find_all(connection, sql, (after.map_or(0, |after| after.0), sql_limit(limit)))?;
            Ok(ids.into_iter().map(WebhookId).collect())
        })
    }

    fn webhook_queues(&self) -> Reading<'_, Vec<(Endpoint, Timestamp)>> {
        self.list(usize::MAX, |connection, _| {
            let sql = select_webhook!(
                ", (SELECT due_at FROM webhook_delivery WHERE webhook_delivery.webhook_id = webhook.webhook_id
                        AND due_at IS NOT NULL ORDER BY due_at LIMIT 1) AS first_due_at",
                "WHERE status = 'ENABLED' AND first_due_at IS NOT NULL ORDER BY webhook_id"
            );
            find_readable(connection, sql, [])
        })
    }

    fn due_deliveries(&self, webhook: WebhookId, now: Timestamp, limit: usize) -> Reading<'_, Vec<Delivery>> {
        self.list(limit, move |connection, limit| {
            let sql = select_delivery!(
                "WHERE webhook_id = ?1 AND due_at <= ?2 AND (order_key IS NULL OR NOT EXISTS (
                     SELECT 1 FROM webhook_delivery AS earlier WHERE earlier.webhook_id = webhook_delivery.webhook_id
                         AND earlier.order_key = webhook_delivery.order_key AND earlier.due_at IS NOT NULL
                         AND earlier.number < webhook_delivery.number))
                 ORDER BY due_at, number LIMIT ?3"
            );
            find_readable(connection, sql, (webhook.0, now.micros(), limit))
        })
    }

    fn delivery(&self, key: DeliveryKey) -> Reading<'_, Option<Delivery>> {
        self.read(move |connection| webhook_delivery(connection, key))
    }

    fn deliveries(&self, wanted: WantedDeliveries, before: Option<i64>, limit: usize) -> Reading<'_, Vec<Delivery>> {
        self.list(limit, move |connection, limit| {
            let sql = select_delivery!(
                "WHERE webhook_id = ?1 AND number < ?2 AND (?3 IS NULL OR state = ?3)
                     AND (?4 IS NULL OR event_type = ?4) AND created_at >= ?5 AND created_at < ?6
                 ORDER BY number DESC LIMIT ?7"
            );
            let WantedDeliveries { webhook, state, event_type, from, to } = &wanted;
            let (from, to) = (from.map_or(i64::MIN, Timestamp::micros), to.map_or(i64::MAX, Timestamp::micros));
            let (before, state) = (before.unwrap_or(i64::MAX), state.map(State::name));
            find_readable(connection, sql, (webhook.0, before, state, event_type, from, to, limit))
        })
    }

    fn delivered(&self, webhook: WebhookId, events: Vec<EventId>) -> Reading<'_, Vec<(EventId, i64)>> {
        self.read(move |connection| {
            let sql = "SELECT event_id, number FROM webhook_delivery WHERE webhook_id = ?1 AND event_id = ?2";
            let found = events.iter().map(|event| find(connection, sql, (webhook.0, uuid(event.0))));
            found.filter_map(Result::transpose).collect()
        })
    }

    fn deliveries_of(&self, events: Vec<EventId>) -> Reading<'_, Vec<Delivery>> {
        self.read(move |connection| {
            let sql = select_delivery!("INDEXED BY webhook_delivery_by_event WHERE event_id = ?1 ORDER BY webhook_id");
            let mut found = vec![];
            for event in events {
                let Found { rows, unreadable } = find_readable::<Delivery>(connection, sql, [uuid(event.0)])?;
                self.left_out.note(unreadable);
                found.extend(rows);
            }
            Ok(found)
        })
    }

    fn event_at(&self, slot: Slot) -> Reading<'_, Option<PastEvent>> {
        self.read(move |connection| find(connection, select_past!("WHERE position = ?1"), [slot.seq]))
    }

    fn past_events(&self, wanted: WantedPast) -> Reading<'_, Vec<PastEvent>> {
        self.read(move |connection| {
            let kinds: Vec<&str> = wanted.kinds.iter().copied().map(EventKind::name).collect();
            let kinds = crate::records::json_cell(&kinds);
            let sql = select_past!(
                "WHERE position > ?1 AND occurred_at >= ?2 AND type IN (SELECT value FROM json_each(?3))
                 ORDER BY position LIMIT ?4"
            );
            let (after, since) = (wanted.after.unwrap_or(0), wanted.since.micros());
            find_all(connection, sql, (after, since, kinds, sql_limit(wanted.limit)))
        })
    }
}
