//! Orders of all customers, newest first, and the search for one.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use domain::ids::OrderId;
use domain::order::{Order, Outcome};
use maud::{Markup, html};
use schemars::JsonSchema;
use serde::Deserialize;

use super::frame::Operator;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::dashboard;
use crate::http::Problem;
use crate::http::query::Query;
use crate::web::format::{time, won};

const SHOWN: usize = 50;

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct OrdersQuery {
    number: Option<String>,
    outcome: Option<String>,
    /// The number of the last order of the page before.
    before: Option<String>,
}

/// `GET /admin/orders`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    operator: Operator,
    Query(query): Query<OrdersQuery>,
) -> Result<Response, Problem> {
    let codec = &shop.submitter.codec;
    let wanted = query.number.as_deref().map(|number| number.trim().to_uppercase()).filter(|number| !number.is_empty());
    if let Some(number) = wanted.as_ref().filter(|number| codec.order_id(number).is_some()) {
        // A number that the codec reads is letters, digits and a hyphen.
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, format!("/admin/orders/{number}"))]).into_response());
    }
    let outcome = query.outcome.as_deref().and_then(Outcome::from_name);
    let before: Option<OrderId> = query.before.as_deref().and_then(|number| codec.order_id(number));
    let mut orders = match wanted {
        // It is no order's number.
        Some(_) => vec![],
        None => shop.submitter.views.orders(outcome, before, SHOWN + 1).await.map_err(unavailable)?,
    };
    let has_more = orders.len() > SHOWN;
    orders.truncate(SHOWN);
    let content = html! {
        div.spread { h1 { (operator.say(dashboard::ORDERS)) } }
        (filters(&operator, outcome))
        @if orders.is_empty() { div.empty { p { (operator.say(dashboard::NO_SUCH_ORDERS)) } } } @else {
            div.card.scroll { table {
                thead { tr {
                    th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::PLACED)) } th { (operator.say(dashboard::CUSTOMER)) }
                    th { (operator.say(dashboard::OUTCOME)) } th { (operator.say(dashboard::STATUS)) } th { (operator.say(dashboard::MODE)) }
                    th.end { (operator.say(dashboard::AMOUNT)) }
                } }
                tbody { @for order in &orders { (row(&operator, order)) } }
            } }
            @if let Some(last) = orders.last().filter(|_| has_more) {
                p { a.button.quiet href=(older(outcome, last)) { (operator.say(dashboard::OLDER)) } }
            }
        }
    };
    Ok(operator.page(operator.say(dashboard::ORDERS), content))
}

fn older(outcome: Option<Outcome>, last: &Order) -> String {
    let outcome = outcome.map_or_else(String::new, |outcome| format!("outcome={}&", outcome.name()));
    format!("/admin/orders?{outcome}before={}", last.created.number)
}

fn filters(operator: &Operator, chosen: Option<Outcome>) -> Markup {
    html! {
        div.filters {
            nav.tabs {
                a href="/admin/orders" aria-current=[chosen.is_none().then_some("true")] { (operator.say(dashboard::EVERY_OUTCOME)) }
                @for outcome in Outcome::ALL {
                    a href=(format!("/admin/orders?outcome={}", outcome.name())) aria-current=[(chosen == Some(outcome)).then_some("true")] { (outcome.name()) }
                }
            }
            form.find method="get" action="/admin/orders" {
                input name="number" aria-label=(operator.say(dashboard::FIND_ORDER)) placeholder="ORD-…";
                button.small.quiet { (operator.say(dashboard::FIND)) }
            }
        }
    }
}

fn row(operator: &Operator, order: &Order) -> Markup {
    html! {
        tr {
            td { a.code href=(format!("/admin/orders/{}", order.created.number)) { (order.created.number) } }
            td.soft { (time(order.created.at)) }
            td.num { (order.user().0) }
            td { (outcome(order.outcome)) }
            td.code { (order.status.name()) }
            td.soft { (order.created.mode.name()) }
            td.num.end { (won(order.created.total, operator.0.language)) }
        }
    }
}

pub(crate) fn outcome(outcome: Outcome) -> Markup {
    let class = match outcome {
        Outcome::Completed => "chip good",
        Outcome::Cancelled => "chip",
        Outcome::AwaitingPayment | Outcome::Pending | Outcome::Compensating => "chip warn",
        Outcome::CompensationStuck => "chip bad",
    };
    html! { span class=(class) { (outcome.name()) } }
}
