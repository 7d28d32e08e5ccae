//! The trail of the shop's administration. For admins only.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use super::filters::{Filters, found};
use crate::api::Shop;
use crate::api::texts::dashboard;
use crate::api::users::trail;
use crate::http::Problem;
use crate::http::query::Query;
use crate::web::admin::frame::Operator;
use crate::web::format::written;

const PATH: &str = "/admin/trail";

/// `GET /admin/trail`.
pub(crate) async fn list(State(shop): State<Shop>, operator: Operator, filters: Filters) -> Result<Response, Problem> {
    if !operator.is_admin() {
        return Ok(operator.nothing());
    }
    let found = match filters.read().zip(filters.read()) {
        Some((wanted, page)) => found(trail::list(State(shop), Query(wanted), Query(page)).await)?,
        None => None,
    };
    let content = html! {
        h1 { (operator.say(dashboard::TRAIL)) }
        (form(&operator, &filters))
        @match &found {
            None => p.say.bad { (operator.say(dashboard::FILTER_UNKNOWN)) },
            Some(page) => {
                @let lines = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
                @if lines.is_empty() { p.soft { (operator.say(dashboard::NO_TRAIL)) } } @else { div.card.scroll { (table(&operator, lines)) } }
                @if let Some(cursor) = page["nextCursor"].as_str() {
                    p { a.button.quiet href=(filters.with(PATH, "cursor", Some(cursor))) { (operator.say(dashboard::OLDER)) } }
                }
            }
        }
    };
    Ok(operator.page(operator.say(dashboard::TRAIL), content))
}

fn form(operator: &Operator, filters: &Filters) -> Markup {
    html! {
        form.card.search method="get" action=(PATH) {
            (filters.field("userId", operator.say(dashboard::ACTED_HINT), "number"))
            (filters.field("action", operator.say(dashboard::ACTION), "text"))
            (filters.field("subject", operator.say(dashboard::SUBJECT_HINT), "text"))
            (filters.field("from", operator.say(dashboard::FROM), "datetime-local"))
            (filters.field("to", operator.say(dashboard::TO), "datetime-local"))
            div.row { button.small { (operator.say(dashboard::FIND)) } a.button.small.quiet href=(PATH) { (operator.say(dashboard::EVERYTHING)) } }
        }
    }
}

fn table(operator: &Operator, lines: &[Value]) -> Markup {
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    html! { table {
        thead { tr {
            th { (operator.say(dashboard::AT)) } th { (operator.say(dashboard::ACTED)) } th { (operator.say(dashboard::ACTION)) }
            th { (operator.say(dashboard::SUBJECT)) } th { (operator.say(dashboard::REASON)) }
        } }
        tbody { @for line in lines { tr {
            td.soft.when { (written(&text(line, "at"))) }
            td { span.num { (line["userId"]) } " " span.chip { (text(line, "role")) }
                @if line["keyId"].is_number() { br; span.faint { (dashboard::BY_KEY.with(line["keyId"].to_string()).of(operator.0.language)) } } }
            td { strong { (text(line, "action")) } }
            td.code { (text(line, "subject")) }
            td { (text(line, "reason"))
                @if line["change"].is_object() { details { summary.faint { (operator.say(dashboard::CHANGE)) }
                    pre.code { (serde_json::to_string_pretty(&line["change"]).unwrap_or_default()) } } } }
        } } }
    } }
}
