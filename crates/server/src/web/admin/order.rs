//! One order as an operator sees it: its timeline with gaps, and every action that is open.

use app::ports::views::HistoryEvent;
use app::state::rows::Fulfilment;
use axum::extract::State;
use axum::response::Response;
use domain::order::{Order, Outcome};
use domain::payment;
use domain::shipment;
use domain::time::Timestamp;
use maud::{Markup, html};

use super::forms::{Act, Field, Kind, act};
use super::frame::Operator;
use super::orders::outcome;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{self, dashboard, pages};
use crate::http::Problem;
use crate::http::path::{self, Name};
use crate::web::format::{count, time, won};

/// A pause between two events that is worth a remark.
const PAUSE_US: i64 = 1_000_000;

/// `GET /admin/orders/{orderNumber}`.
pub(crate) async fn page(
    State(shop): State<Shop>,
    operator: Operator,
    Name(number, _): Name<path::Order>,
) -> Result<Response, Problem> {
    let views = &shop.submitter.views;
    let Some(id) = shop.submitter.codec.order_id(&number) else { return Ok(operator.nothing()) };
    let Some(order) = views.order(id).await.map_err(unavailable)? else { return Ok(operator.nothing()) };
    let history = views.history(id).await.map_err(unavailable)?;
    let fulfilment = views.fulfilments(vec![id]).await.map_err(unavailable)?.into_iter().next().unwrap_or_default();
    let number = order.created.number.to_string();
    let payment = fulfilment.payment.as_ref().map(|payment| shop.submitter.codec.payment(payment.order).to_string());
    let content = html! {
        div.live data-live="2000" #order {
            p.label { (operator.say(dashboard::PLACED)) " " (time(order.created.at)) }
            div.spread { h1.code { (number) } div.row { (outcome(order.outcome)) span.chip { (order.status.name()) } } }
            p.soft { (texts::orders::of_order(&order, fulfilment.payment.as_ref()).of(operator.0.language))
                @if let Some(reason) = order.reason { " " (texts::orders::of_reason(reason).of(operator.0.language)) }
            }
            (facts(&operator, &order, &fulfilment))
            section.card { h2 { (operator.say(dashboard::TIMELINE)) } (timeline(&operator, &history)) }
        }
        section.card { h2 { (operator.say(dashboard::ACTIONS)) } (actions(&operator, &order, &fulfilment, payment.as_deref())) }
    };
    Ok(operator.page(&number, content))
}

fn facts(operator: &Operator, order: &Order, fulfilment: &Fulfilment) -> Markup {
    let language = operator.0.language;
    let created = &order.created;
    let captured = fulfilment
        .payment
        .as_ref()
        .map(|payment| (payment.state.name(), payment.captured, payment.refunded + payment.resolved));
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
                @if let Some((state, captured, refunded)) = captured {
                    tr { td { (operator.say(pages::STEP_PAYMENT)) } td.end { span.code { (state) } " " (won(captured, language)) } }
                    @if !refunded.is_zero() { tr { td { (operator.say(pages::REFUNDED)) } td.num.end { (won(refunded, language)) } } }
                }
                @if let Some(shipment) = &fulfilment.shipment {
                    tr { td { (operator.say(pages::STEP_SHIPMENT)) } td.end { span.code { (shipment.state.name()) } @if let Some(number) = &shipment.tracking { " " (number) } } }
                }
                @if let Some(receiver) = &created.receiver {
                    tr { td { (operator.say(pages::RECEIVER)) } td.end { (receiver.name) ", " (receiver.address) } }
                }
            } } }
        }
    }
}

fn timeline(operator: &Operator, history: &[HistoryEvent]) -> Markup {
    let before = [None].into_iter().chain(history.iter().map(|event| Some(event.at)));
    html! {
        ol.timeline {
            @for (event, before) in history.iter().zip(before) {
                (entry(operator, event, before))
            }
        }
    }
}

fn entry(operator: &Operator, event: &HistoryEvent, before: Option<Timestamp>) -> Markup {
    let kind = event.event.kind().name();
    let pause = before.map(|before| event.at.micros() - before.micros()).filter(|pause| *pause >= PAUSE_US);
    let class = if kind.ends_with("Failed")
        || kind.ends_with("Stuck")
        || kind.ends_with("Cancelled")
        || kind.ends_with("Rejected")
    {
        "bad"
    } else if kind.ends_with("Restored") || kind.contains("Restoration") || kind.contains("Compensation") {
        "warn"
    } else {
        "good"
    };
    html! {
        @if let Some(pause) = pause {
            li.pause { (dashboard::AFTER_PAUSE.with(format!("{:.1}", pause as f64 / 1e6)).of(operator.0.language)) }
        }
        li data-tone=(class) {
            details {
                summary {
                    span { strong { (kind) } " " span.faint { (dashboard::CAUSED_BY.with(&event.cause).of(operator.0.language)) } }
                    span.faint.num { @if let Some(version) = event.version { "v" (version) " · " } (time(event.at)) }
                }
                pre.code { (event.event.payload()) }
            }
        }
    }
}

/// Every action that the order's state allows.
fn actions(operator: &Operator, order: &Order, fulfilment: &Fulfilment, payment: Option<&str>) -> Markup {
    let base = format!("/api/admin/orders/{}", order.created.number);
    let [cancel, extend, refund, approve, reject, resume, resolve] =
        ["cancel", "extend", "refund", "refund/approve", "refund/reject", "resume", "resolve"]
            .map(|verb| format!("{base}/{verb}"));
    let ship = format!("/api/admin/shipments/{}", order.created.number);
    let pay = |verb: &str| format!("/api/admin/payments/{}/{verb}", payment.unwrap_or_default());
    let (retry, resolve_payment) = (pay("retry"), pay("resolve"));
    let post = |label, says, path, fields, is_grave| Act { label, says, method: "POST", path, fields, is_grave };
    let mut acts = vec![];
    if order.is_cancellable() {
        acts.push(post(dashboard::CANCEL_ORDER, dashboard::CANCEL_SAYS, &cancel, vec![Field::reason()], true));
    }
    if order.outcome == Outcome::AwaitingPayment {
        let seconds = Field::new("seconds", dashboard::SECONDS, Kind::Number(Some(600)));
        acts.push(post(dashboard::EXTEND_HOLD, dashboard::EXTEND_SAYS, &extend, vec![seconds], false));
    }
    if order.status.is_refundable() {
        acts.push(post(dashboard::REFUND_ORDER, dashboard::REFUND_SAYS, &refund, vec![Field::reason()], true));
    }
    if order.refund_asked().is_some() {
        acts.push(post(dashboard::APPROVE_REFUND, dashboard::APPROVE_SAYS, &approve, vec![], false));
        acts.push(post(dashboard::REJECT_REFUND, dashboard::REJECT_SAYS, &reject, vec![Field::reason()], true));
    }
    if order.outcome == Outcome::CompensationStuck {
        acts.push(post(dashboard::RESUME_ORDER, dashboard::RESUME_SAYS, &resume, vec![Field::reason()], false));
        acts.push(post(dashboard::RESOLVE_ORDER, dashboard::RESOLVE_SAYS, &resolve, vec![Field::reason()], true));
    }
    if fulfilment.payment.as_ref().is_some_and(|payment| payment.state == payment::State::Stuck) {
        let reference = Field::new("reference", dashboard::REFERENCE, Kind::Text);
        acts.push(post(dashboard::RETRY_PAYMENT, dashboard::RETRY_PAYMENT_SAYS, &retry, vec![], false));
        let fields = vec![Field::reason(), reference];
        acts.push(post(dashboard::RESOLVE_PAYMENT, dashboard::RESOLVE_PAYMENT_SAYS, &resolve_payment, fields, true));
    }
    if let Some(now) = fulfilment.shipment.as_ref().map(|shipment| shipment.state) {
        let next: Vec<_> = shipment::State::ALL
            .into_iter()
            .filter(|next| now.can_become(*next))
            .map(|next| (next.name(), next.name()))
            .collect();
        if !next.is_empty() {
            let tracking = Field::new("trackingNumber", dashboard::TRACKING_NUMBER, Kind::Text).optional();
            let fields = vec![Field::new("status", dashboard::NEXT_STATUS, Kind::Choice(next)), tracking];
            acts.push(Act {
                label: dashboard::SHIP,
                says: dashboard::SHIP_SAYS,
                method: "PATCH",
                path: &ship,
                fields,
                is_grave: false,
            });
        }
    }
    html! {
        @if acts.is_empty() { p.soft { (operator.say(dashboard::NO_ACTIONS)) } }
        @for one in &acts { (act(operator, one)) }
    }
}
