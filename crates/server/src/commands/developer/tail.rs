//! The newest events of a running shop, as webhooks: read again and again from its event log (`docs/decisions/0129`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use app::events::event::{Event, EventKind};
use app::events::wire_time;
use app::webhooks::catalogue::EventType;
use app::webhooks::message;
use domain::time::Timestamp;
use serde_json::Value;

use crate::cli::ShopArgs;
use crate::commands::Error;
use crate::commands::admin::client::AdminClient;

const EVENTS: &str = "/api/admin/events?limit=100";
/// On a shared store, an event may be seen after one that is this much younger.
const SLACK_MICROS: i64 = 5_000_000;
/// A token is renewed long before its end.
const CLIENT_TTL: Duration = Duration::from_secs(120);

/// A webhook of a past event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hook {
    pub(super) id: String,
    pub(super) event_type: EventType,
    pub(super) at: String,
    pub(super) body: String,
}

/// A page of the event log.
struct Page {
    /// The events that were not seen before.
    news: Vec<Value>,
    /// The query parameter of the next page.
    next: Option<String>,
}

pub(super) struct Tail<'a> {
    shop: &'a ShopArgs,
    client: AdminClient,
    opened: Instant,
    /// The moment of the newest event; `None` in a shop without any.
    newest: Option<Timestamp>,
    /// The events that were seen, as far back as they can come again.
    seen: BTreeMap<String, Timestamp>,
}

impl<'a> Tail<'a> {
    /// Begins after the events that have happened.
    pub(super) fn open(shop: &'a ShopArgs) -> Result<Tail<'a>, Error> {
        let client = AdminClient::of_running(shop)?;
        let mut tail = Tail { shop, client, opened: Instant::now(), newest: None, seen: BTreeMap::new() };
        tail.page("", "")?;
        // All that the next read looks at again.
        let (since, mut cursor) = (tail.since(), String::new());
        loop {
            let page = tail.page(&since, &cursor)?;
            match page.next {
                Some(next) => cursor = next,
                None => return Ok(tail),
            }
        }
    }

    /// Returns the events since the last call, oldest first.
    pub(super) fn next(&mut self) -> Result<Vec<Hook>, Error> {
        if self.opened.elapsed() > CLIENT_TTL {
            self.reopen()?;
        }
        let since = self.since();
        let (mut found, mut cursor) = (vec![], String::new());
        loop {
            let page = self.page(&since, &cursor)?;
            found.extend(page.news.iter().filter_map(hook));
            match page.next.filter(|_| !page.news.is_empty()) {
                Some(next) => cursor = next,
                None => break,
            }
        }
        if let Some(newest) = self.newest {
            self.seen.retain(|_, at| at.micros() + 2 * SLACK_MICROS > newest.micros());
        }
        found.reverse();
        Ok(found)
    }

    /// Connects again, to a server that may have been restarted.
    pub(super) fn reopen(&mut self) -> Result<(), Error> {
        self.client = AdminClient::of_running(self.shop)?;
        self.opened = Instant::now();
        Ok(())
    }

    fn since(&self) -> String {
        self.newest.map_or_else(String::new, |newest| {
            format!("&from={}", wire_time::format(Timestamp::from_micros(newest.micros() - SLACK_MICROS)))
        })
    }

    /// Reads a page of the event log, newest first, and marks its events as seen.
    fn page(&mut self, since: &str, cursor: &str) -> Result<Page, Error> {
        let page = self.client.answer("GET", &format!("{EVENTS}{since}{cursor}"), None)?;
        let next = page["nextCursor"].as_str().map(|next| format!("&cursor={next}"));
        let rows = page["data"].as_array().map_or(&[][..], Vec::as_slice);
        let news = rows.iter().filter(|row| self.is_new(row)).cloned().collect();
        Ok(Page { news, next })
    }

    fn is_new(&mut self, row: &Value) -> bool {
        let (Some(id), Some(Ok(at))) = (row["eventId"].as_str(), row["at"].as_str().map(wire_time::parse)) else {
            return false;
        };
        self.newest = self.newest.max(Some(at));
        self.seen.insert(id.to_owned(), at).is_none()
    }
}

/// Returns the webhook of an event; `None` if there is none for its type.
fn hook(row: &Value) -> Option<Hook> {
    let kind = EventKind::from_type(row["type"].as_str()?)?;
    let event = Event::parse(kind, &row["payload"].to_string()).ok()?;
    let event_type = EventType::of(&event)?;
    let at = row["at"].as_str()?;
    let body = message::of_event(event_type, &event, wire_time::parse(at).ok()?);
    Some(Hook { id: row["eventId"].as_str()?.to_owned(), event_type, at: at.to_owned(), body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_of_the_log_is_a_webhook() {
        let row = json!({
            "eventId": "019aa5d4-1c00-7000-8000-000040000001", "type": "PriceChanged", "at": "2026-11-21T12:00:00Z",
            "payload": {"productId": 3, "price": 1_000},
        });
        let hook = hook(&row).unwrap();
        assert_eq!(hook.event_type, EventType::ProductPriceChanged);
        let body: Value = serde_json::from_str(&hook.body).unwrap();
        assert_eq!((&body["type"], &body["data"]["price"]), (&json!("product.price_changed"), &json!(1_000)));
        assert_eq!(super::hook(&json!({"type": "StockMoved", "payload": {}})), None);
    }
}
