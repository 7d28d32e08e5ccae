//! The event log: newest first, filtered, and current while somebody looks.

use app::events::event::EventKind;
use app::events::topic::Topic;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use super::filters::{Filters, found};
use crate::api::Shop;
use crate::api::messaging::events;
use crate::api::texts::dashboard;
use crate::http::Problem;
use crate::http::query::Query;
use crate::web::admin::frame::Operator;
use crate::web::format::written;

const PATH: &str = "/admin/events";

/// `GET /admin/events`.
pub(crate) async fn list(State(shop): State<Shop>, operator: Operator, filters: Filters) -> Result<Response, Problem> {
    let found = match filters.read().zip(filters.read()) {
        Some((which, page)) => found(events::list(State(shop), Query(which), Query(page)).await)?,
        None => None,
    };
    let is_tail = filters.get("cursor").is_none();
    let content = html! {
        h1 { (operator.say(dashboard::EVENTS)) }
        (form(&operator, &filters))
        @match &found {
            None => p.say.bad { (operator.say(dashboard::FILTER_UNKNOWN)) },
            Some(page) => {
                @let events = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
                div.card.scroll #events data-live=[is_tail.then_some("2000")] {
                    @if events.is_empty() { p.soft { (operator.say(dashboard::NO_EVENTS)) } } @else { (table(&operator, events)) }
                }
                @if let Some(cursor) = page["nextCursor"].as_str() {
                    p { a.button.quiet href=(filters.with(PATH, "cursor", Some(cursor))) { (operator.say(dashboard::OLDER)) } }
                }
            }
        }
    };
    Ok(operator.page(operator.say(dashboard::EVENTS), content))
}

fn form(operator: &Operator, filters: &Filters) -> Markup {
    html! {
        form.card.search method="get" action=(PATH) {
            (filters.choice("type", operator.say(dashboard::TYPE), EventKind::ALL.iter().copied().map(EventKind::name)))
            (filters.choice("topic", operator.say(dashboard::TOPIC), Topic::ALL.iter().copied().map(Topic::name)))
            (filters.field("key", operator.say(dashboard::KEY), "text"))
            (filters.field("orderId", operator.say(dashboard::FIND_ORDER), "text"))
            (filters.field("userId", operator.say(dashboard::CUSTOMER), "number"))
            (filters.field("productId", operator.say(dashboard::PRODUCT), "number"))
            (filters.field("couponId", operator.say(dashboard::CAMPAIGN), "number"))
            (filters.field("from", operator.say(dashboard::FROM), "datetime-local"))
            (filters.field("to", operator.say(dashboard::TO), "datetime-local"))
            div.row { button.small { (operator.say(dashboard::FIND)) } a.button.small.quiet href=(PATH) { (operator.say(dashboard::EVERYTHING)) } }
        }
    }
}

fn table(operator: &Operator, events: &[Value]) -> Markup {
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    html! {
        table {
            thead { tr {
                th { (operator.say(dashboard::AT)) } th { (operator.say(dashboard::TYPE)) } th { (operator.say(dashboard::TOPIC)) }
                th { (operator.say(dashboard::KEY)) } th { (operator.say(dashboard::STATUS)) } th { (operator.say(dashboard::PAYLOAD)) }
            } }
            tbody { @for event in events { tr {
                td.soft { (written(&text(event, "at"))) }
                td { strong { (text(event, "type")) } br; span.faint { (text(event, "cause")) } }
                td.code { (text(event, "topic")) }
                td.code { (text(event, "key")) }
                td { (status(&text(event, "status"))) }
                td { details { summary.code { (text(event, "eventId")) }
                    pre.code { (serde_json::to_string_pretty(&event["payload"]).unwrap_or_default()) }
                    @for delivery in event["deliveries"].as_array().into_iter().flatten() {
                        p.soft { span.code { (text(delivery, "group")) } " " (status(&text(delivery, "status"))) " " (text(delivery, "error")) }
                    }
                } }
            } } }
        }
    }
}

/// A state of an event or a delivery, in the words of the event log.
pub(crate) fn status(name: &str) -> Markup {
    let class = match name {
        "COMPLETED" => "chip good",
        "PENDING" | "IN_PROGRESS" => "chip",
        "FAILED" => "chip warn",
        _ => "chip bad",
    };
    html! { span class=(class) { (name) } }
}
