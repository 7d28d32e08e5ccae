//! One order as an operator sees it: its timeline with gaps, and every action that is open.

mod actions;
mod timeline;

use app::state::rows::Fulfilment;
use axum::extract::State;
use axum::response::Response;
use domain::order::Order;
use domain::payment::Payment;
use maud::{Markup, html};

use self::actions::{Situation, actions};
use self::timeline::timeline;
use super::frame::Operator;
use super::orders::outcome;
use crate::api::Shop;
use crate::api::messaging::events;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{self, dashboard, order_page, pages};
use crate::http::Problem;
use crate::http::path::{self, Name};
use crate::web::format::{count, time, won};

/// The newest events of the order that the page shows.
const EVENTS_SHOWN: usize = 200;

/// `GET /admin/orders/{orderNumber}`.
pub(crate) async fn page(
    State(shop): State<Shop>,
    operator: Operator,
    Name(number, _): Name<path::Order>,
) -> Result<Response, Problem> {
    let views = &shop.submitter.views;
    let Some(id) = shop.submitter.codec.order_id(&number) else { return Ok(operator.nothing()) };
    let Some(order) = views.order(id).await.map_err(unavailable)? else { return Ok(operator.nothing()) };
    let found = events::of_order(&shop, &order, EVENTS_SHOWN).await.map_err(unavailable)?;
    let archived_before = views.archived_before().await.map_err(unavailable)?;
    let archived_before = archived_before.filter(|before| order.created.at < *before);
    let fulfilment = views.fulfilments(vec![id]).await.map_err(unavailable)?.into_iter().next().unwrap_or_default();
    let number = order.created.number.to_string();
    let payment = fulfilment.payment.as_ref().map(|payment| shop.submitter.codec.payment(payment.order).to_string());
    let situation =
        Situation { operator: &operator, order: &order, fulfilment: &fulfilment, payment: payment.as_deref() };
    let content = html! {
        div.live data-live="2000" #order {
            p.label { (operator.say(dashboard::PLACED)) " " (time(order.created.at)) }
            div.spread { h1.code { (number) } div.row { (outcome(order.outcome)) span.chip { (order.status.name()) } } }
            p.soft { (texts::orders::of_order(&order, fulfilment.payment.as_ref()).of(operator.0.language))
                @if let Some(reason) = order.reason { " " (texts::orders::of_reason(reason).of(operator.0.language)) }
            }
            (facts(&operator, &order, &fulfilment))
            section.card { h2 { (operator.say(dashboard::TIMELINE)) } (timeline(&operator, &order, &found, archived_before)) }
        }
        section.card { h2 { (operator.say(dashboard::ACTIONS)) } (actions(&situation)) }
    };
    Ok(operator.page(&number, content))
}

fn facts(operator: &Operator, order: &Order, fulfilment: &Fulfilment) -> Markup {
    let language = operator.0.language;
    let created = &order.created;
    html! {
        div.halves {
            div.card.scroll { table { tbody {
                @for line in &created.lines {
                    tr {
                        td { a href=(format!("/admin/products/{}", line.product.0)) { (line.name) } }
                        td.num.end { (count(line.quantity)) " × " (won(line.unit_price, language)) }
                    }
                }
                tr { td { (operator.say(pages::ITEMS_TOTAL)) } td.num.end { (won(created.total, language)) } }
                @if !created.discount.is_zero() { tr { td { (operator.say(pages::COUPON_DISCOUNT)) } td.num.end { "−" (won(created.discount, language)) } } }
                @if !created.points.is_zero() { tr { td { (operator.say(pages::POINTS_DISCOUNT)) } td.num.end { "−" (won(created.points, language)) } } }
                tr { td { strong { (operator.say(pages::TO_PAY)) } } td.num.end { strong { (won(created.due - order.no_longer_due(), language)) } } }
            } } }
            div.card.scroll { table { tbody {
                tr { td { (operator.say(dashboard::CUSTOMER)) } td.num.end { (order.user().0) } }
                tr { td { (operator.say(dashboard::MODE)) } td.end { (created.mode.name()) } }
                @if let Some(before) = order.pay_before { tr { td { (operator.say(order_page::PAY_BEFORE)) } td.end { (time(before)) } } }
                @if let Some(payment) = &fulfilment.payment { (money(operator, payment)) }
                @if let Some(shipment) = &fulfilment.shipment {
                    tr { td { (operator.say(pages::STEP_SHIPMENT)) } td.end { span.code { (shipment.state.name()) } @if let Some(number) = &shipment.tracking { " " (number) } } }
                }
                @if let Some(storage) = fulfilment.storage {
                    tr { td { (operator.say(order_page::STORAGE)) } td.end { span.code { (storage.state.name()) } } }
                }
                @if let Some(receiver) = &created.receiver {
                    tr { td { (operator.say(pages::RECEIVER)) } td.end { (receiver.name) ", " (receiver.address) } }
                }
            } } }
        }
    }
}

/// The rows of the payment: its state, what moved, and what went wrong last.
fn money(operator: &Operator, payment: &Payment) -> Markup {
    let language = operator.0.language;
    let refunded = payment.refunded + payment.resolved;
    let error = payment.last_error.as_ref().or(payment.refusal.as_ref());
    html! {
        tr { td { (operator.say(pages::STEP_PAYMENT)) } td.end { span.code { (payment.state.name()) } " " (won(payment.captured, language)) } }
        @if !refunded.is_zero() { tr { td { (operator.say(pages::REFUNDED)) } td.num.end { (won(refunded, language)) } } }
        tr { td { (operator.say(dashboard::ATTEMPTS)) } td.num.end { (count(payment.attempt)) } }
        @if let Some(error) = error { tr { td { (operator.say(dashboard::ERROR)) } td.end { span.bad { (error) } } } }
        @if let Some(due) = payment.next.and_then(|next| next.due) { tr { td { (operator.say(dashboard::NEXT_ATTEMPT)) } td.end { (time(due)) } } }
    }
}
