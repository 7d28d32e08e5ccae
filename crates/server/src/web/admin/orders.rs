//! Orders of all customers, newest first, and the search among them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use domain::money::Money;
use domain::order::{Outcome, Status};
use maud::{Markup, html};
use serde_json::Value;

use super::frame::Operator;
use super::systems::filters::{Filters, found};
use crate::api::Shop;
use crate::api::orders::listing;
use crate::api::texts::dashboard;
use crate::http::Problem;
use crate::http::query::Query;
use crate::web::format::{won, written};

const PATH: &str = "/admin/orders";

/// `GET /admin/orders`.
pub(crate) async fn list(State(shop): State<Shop>, operator: Operator, filters: Filters) -> Result<Response, Problem> {
    let number = filters.get("number").map(str::to_uppercase);
    if let Some(number) = number.as_ref().filter(|number| shop.submitter.codec.order_id(number).is_some()) {
        // A number that the codec reads is letters, digits and a hyphen.
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, format!("{PATH}/{number}"))]).into_response());
    }
    let wanted = filters.read().zip(filters.read()).zip(filters.read());
    let found = match wanted.filter(|_| number.is_none()) {
        Some(((which, whose), page)) => {
            found(listing::list_all(State(shop), Query(which), Query(whose), Query(page)).await)?
        }
        None => None,
    };
    let orders = found.as_ref().and_then(|page| page["data"].as_array()).map(Vec::as_slice).unwrap_or_default();
    let next = found.as_ref().and_then(|page| page["nextCursor"].as_str());
    let content = html! {
        div.spread { h1 { (operator.say(dashboard::ORDERS)) } }
        (tabs(&operator, &filters))
        (form(&operator, &filters))
        @if orders.is_empty() { div.empty { p { (operator.say(dashboard::NO_SUCH_ORDERS)) } } } @else {
            div.card.scroll #orders data-live=[filters.get("cursor").is_none().then_some("5000")] { table {
                thead { tr {
                    th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::PLACED)) } th { (operator.say(dashboard::CUSTOMER)) }
                    th { (operator.say(dashboard::OUTCOME)) } th { (operator.say(dashboard::STATUS)) } th { (operator.say(dashboard::MODE)) }
                    th.end { (operator.say(dashboard::AMOUNT)) }
                } }
                tbody { @for order in orders { (row(&operator, order)) } }
            } }
        }
        @if let Some(cursor) = next {
            p { a.button.quiet href=(filters.with(PATH, "cursor", Some(cursor))) { (operator.say(dashboard::OLDER)) } }
        }
    };
    Ok(operator.page(operator.say(dashboard::ORDERS), content))
}

fn tabs(operator: &Operator, filters: &Filters) -> Markup {
    let chosen = filters.get("outcome");
    html! {
        nav.tabs {
            a href=(filters.with(PATH, "outcome", None)) aria-current=[chosen.is_none().then_some("true")] { (operator.say(dashboard::EVERY_OUTCOME)) }
            @for outcome in Outcome::ALL {
                a href=(filters.with(PATH, "outcome", Some(outcome.name()))) aria-current=[(chosen == Some(outcome.name())).then_some("true")] { (outcome.name()) }
            }
        }
    }
}

fn form(operator: &Operator, filters: &Filters) -> Markup {
    html! {
        form.card.search method="get" action=(PATH) {
            @if let Some(outcome) = filters.get("outcome") { input type="hidden" name="outcome" value=(outcome); }
            (filters.field("number", operator.say(dashboard::FIND_ORDER), "text"))
            (filters.field("userId", operator.say(dashboard::CUSTOMER), "number"))
            (filters.field("productId", operator.say(dashboard::PRODUCT), "number"))
            (filters.field("couponId", operator.say(dashboard::CAMPAIGN), "number"))
            (filters.choice("status", operator.say(dashboard::STATUS), Status::ALL.into_iter().map(Status::name)))
            (filters.field("from", operator.say(dashboard::FROM), "datetime-local"))
            (filters.field("to", operator.say(dashboard::TO), "datetime-local"))
            div.row { button.small { (operator.say(dashboard::FIND)) } a.button.small.quiet href=(PATH) { (operator.say(dashboard::EVERYTHING)) } }
        }
    }
}

fn row(operator: &Operator, order: &Value) -> Markup {
    let text = |name: &str| order[name].as_str().unwrap_or_default();
    let total = Money::won(order["totalAmount"].as_i64().unwrap_or_default());
    html! {
        tr {
            td { a.code href=(format!("{PATH}/{}", text("orderNumber"))) { (text("orderNumber")) } }
            td.soft { (written(text("createdAt"))) }
            td.num { @if let Some(user) = order["userId"].as_i64() { (user) } }
            td { @if let Some(one) = Outcome::from_name(text("outcome")) { (outcome(one)) } }
            td.code { (text("status")) }
            td.soft { (text("mode")) }
            td.num.end { (won(total, operator.0.language)) }
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
