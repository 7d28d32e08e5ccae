//! The reader's orders: the list, and one order with its progress.

use app::events::wire_time;
use app::state::rows::Fulfilment;
use axum::extract;
use axum::response::Response;
use domain::money::Money;
use domain::order::saga::{Step, StepState};
use domain::order::{Command, Order, Outcome, Status, fulfilment};
use domain::payment::{Payment, State};
use maud::{Markup, html};

use super::art::poster;
use super::drops::verify;
use super::format::{count, moment, order_link, time, won};
use super::layout::{nothing_here, page, to_login};
use super::reader::Reader;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{self, Text, pages};
use crate::http::Problem;
use crate::http::path::{self, Name};

const ORDERS_SHOWN: usize = 50;

/// `GET /orders`, newest first.
pub(crate) async fn list(extract::State(shop): extract::State<Shop>, reader: Reader) -> Result<Response, Problem> {
    let Some(user) = reader.user_id() else { return Ok(to_login("/orders")) };
    let orders = shop.submitter.views.orders_of(user, None, ORDERS_SHOWN).await.map_err(unavailable)?;
    let say = |text: Text| text.of(reader.language);
    let content = html! {
        section.section {
            div.spread { h1 { (say(pages::MY_ORDERS)) } }
            @if orders.is_empty() {
                div.empty { p { (say(pages::NO_ORDERS)) } a.button.quiet href="/" { (say(pages::BACK_TO_SHOP)) } }
            } @else {
                div.card.scroll { table {
                    thead { tr {
                        th { (say(pages::ORDER)) } th { (say(pages::WHEN)) } th { (say(pages::WHAT)) }
                        th { (say(pages::STATUS)) } th.end { (say(pages::AMOUNT)) }
                    } }
                    tbody { @for order in &orders {
                        tr {
                            td { (order_link(&order.created.number)) }
                            td.soft { (time(order.created.at)) }
                            td { (goods(order)) }
                            td { (chip(order, &reader)) }
                            td.num.end { (won(order.created.total, reader.language)) }
                        }
                    } }
                } }
            }
        }
    };
    Ok(page(&reader, say(pages::MY_ORDERS), content))
}

fn goods(order: &Order) -> Markup {
    html! {
        @for (place, line) in order.created.lines.iter().enumerate() {
            @if place > 0 { ", " }
            (line.name) @if line.quantity > 1 { " × " (line.quantity) }
        }
    }
}

fn chip(order: &Order, reader: &Reader) -> Markup {
    let class = match order.outcome {
        Outcome::Completed => "chip good",
        Outcome::Cancelled => "chip bad",
        Outcome::AwaitingPayment => "chip warn",
        Outcome::Pending | Outcome::Compensating | Outcome::CompensationStuck => "chip",
    };
    html! { span class=(class) { (texts::orders::of_order(order, None).of(reader.language)) } }
}

/// `GET /orders/{orderNumber}`.
pub(crate) async fn get(
    extract::State(shop): extract::State<Shop>,
    reader: Reader,
    Name(number, _): Name<path::Order>,
) -> Result<Response, Problem> {
    let Some(user) = reader.user_id() else { return Ok(to_login(&reader.path)) };
    let Some(id) = shop.submitter.codec.order_id(&number) else { return Ok(nothing_here(&reader)) };
    let views = &shop.submitter.views;
    let order = views.order(id).await.map_err(unavailable)?;
    let Some(order) = order.filter(|order| order.user() == user) else { return Ok(nothing_here(&reader)) };
    let fulfilment = views.fulfilments(vec![id]).await.map_err(unavailable)?.into_iter().next().unwrap_or_default();
    let title = pages::ORDER_TITLE.with(&order.created.number).of(reader.language);
    let content = html! {
        section.section data-order=(order.created.number) data-outcome=(order.outcome.name()) data-status=(order.status.name())
            data-payment=[fulfilment.payment.as_ref().map(|payment| payment.state.shown())]
            data-method=[fulfilment.payment.as_ref().map(|payment| payment.method.name())] {
            p.label { (pages::PLACED_AT.with(moment(order.created.at)).of(reader.language)) }
            h1 { (texts::orders::of_order(&order, fulfilment.payment.as_ref()).of(reader.language)) }
            @if let Some(reason) = order.reason { p.soft { (texts::orders::of_reason(reason).of(reader.language)) } }
            p.faint.code { (order.created.number) }
            div.two {
                div.stack {
                    (actions(&order, &fulfilment, &reader))
                    div.card { h2 { (pages::PROGRESS.of(reader.language)) } (progress(&order, &fulfilment, &reader)) }
                }
                (receipt(&order, &fulfilment, &reader))
            }
        }
    };
    Ok(page(&reader, &title, content))
}

/// What the customer can do about the order now.
fn actions(order: &Order, of_it: &Fulfilment, reader: &Reader) -> Markup {
    let say = |text: Text| text.of(reader.language);
    let payment = of_it.payment.as_ref();
    let goods = of_it.whereabouts();
    let refund = fulfilment::Command::Refund { lines: vec![], note: None, goods, by_shop: None };
    let is_refundable = order.allows(&Command::Fulfil(refund), reader.now);
    let is_awaited = order.outcome == Outcome::AwaitingPayment;
    let is_due = is_awaited && !payment.is_some_and(Payment::is_under_way);
    html! {
        @if let Some(payment) = payment.filter(|_| is_awaited) { (payment_now(payment, reader)) }
        @if is_due || order.is_cancellable() || is_refundable {
            div.row {
                @if is_due {
                    button type="button" data-pay=(order.created.due.amount()) { (pages::PAY.with(won(order.created.due, reader.language)).of(reader.language)) }
                }
                @if order.is_cancellable() {
                    button.quiet type="button" data-cancel=(say(pages::SURE_CANCEL)) { (say(pages::CANCEL)) }
                } @else if is_refundable {
                    button.quiet type="button" data-refund=(say(pages::SURE_REFUND)) { (say(pages::REFUND)) }
                }
                @if let Some(until) = order.pay_before.filter(|_| is_due) {
                    span.soft { (say(pages::PAY_BEFORE)) " " time.num datetime=(wire_time::format(until)) data-time="until" { (moment(until)) } }
                }
            }
        }
        p.say role="status" {}
    }
}

/// The state of the latest attempt to pay: its pending step, or the reason of its failure.
fn payment_now(payment: &Payment, reader: &Reader) -> Markup {
    let page = payment.action.as_deref().and_then(|action| action.url.as_deref());
    html! {
        @match payment.state {
            State::RequiresAction => {
                p.say.warn { (pages::ACTION_NEEDED.of(reader.language)) }
                @if let Some(page) = page { div.row { a.button href=(page) { (pages::ACTION_CONTINUE.of(reader.language)) } } }
            }
            State::Authorizing | State::Capturing => p.say.warn { (pages::PAYMENT_PENDING.of(reader.language)) },
            State::Captured | State::Refunding | State::Refunded | State::Stuck => {}
            State::Declined | State::Voiding | State::Voided => {
                @if let Some(code) = &payment.refusal { p.say.bad { (pages::PAYMENT_REFUSED.with(code).of(reader.language)) } }
            }
        }
    }
}

/// The steps of the order, as far as they concern the customer.
fn progress(order: &Order, fulfilment: &Fulfilment, reader: &Reader) -> Markup {
    let say = |text: Text| text.of(reader.language);
    let is_over = order.outcome == Outcome::Cancelled;
    let mut claims: Vec<(Text, &'static str)> = vec![];
    for record in &order.saga.steps {
        let text = match record.step {
            Step::Stock(_) => pages::STEP_STOCK,
            Step::Coupon => pages::STEP_COUPON,
            Step::Point => pages::STEP_POINTS,
        };
        let state = claim(record.state, is_over);
        match claims.last_mut() {
            Some((last, shown)) if *last == text => {
                if *shown == "done" {
                    *shown = state;
                }
            }
            _ => claims.push((text, state)),
        }
    }
    let is_paid = order.outcome == Outcome::Completed && order.is_prepaid();
    let payment = match (is_paid, order.outcome) {
        (true, _) => "done",
        (false, Outcome::AwaitingPayment) => "now",
        (false, Outcome::Cancelled) => "skipped",
        (false, _) => "waiting",
    };
    html! {
        ol.steps {
            @for (text, state) in &claims { li data-state=(state) { span { (say(*text)) } } }
            @if order.is_prepaid() { li data-state=(payment) { span { (say(pages::STEP_PAYMENT)) } } }
            @if order.has_destination() {
                li data-state=(shipping(order.status)) {
                    span { (say(pages::STEP_SHIPMENT))
                        @if let Some(number) = fulfilment.shipment.as_ref().and_then(|shipment| shipment.tracking.as_deref()) {
                            br; span.faint { (pages::TRACKING.with(number).of(reader.language)) }
                        }
                    }
                }
            }
        }
    }
}

const fn claim(state: StepState, is_over: bool) -> &'static str {
    match state {
        StepState::Completed => "done",
        StepState::Failed(_) => "failed",
        StepState::Restored => "skipped",
        StepState::Waiting | StepState::Requested if is_over => "skipped",
        StepState::Waiting => "waiting",
        StepState::Requested => "now",
    }
}

const fn shipping(status: Status) -> &'static str {
    match status {
        Status::Created | Status::PendingPayment | Status::PaymentCompleted => "waiting",
        Status::Preparing | Status::InWarehouse | Status::ShipmentStarted | Status::InTransit => "now",
        Status::Completed => "done",
        Status::RefundRequested | Status::Refunded | Status::Cancelled => "skipped",
    }
}

fn receipt(order: &Order, fulfilment: &Fulfilment, reader: &Reader) -> Markup {
    let language = reader.language;
    let say = |text: Text| text.of(language);
    let created = &order.created;
    let sum = |label: Text, amount: Money, sign: &str| {
        html! { div { dt { (say(label)) } dd { (if amount.is_zero() { "" } else { sign }) (won(amount, language)) } } }
    };
    let refunded = fulfilment.payment.as_ref().map_or(Money::ZERO, |payment| payment.refunded + payment.resolved);
    html! {
        aside.card.stack {
            ul.lines {
                @for line in &created.lines {
                    li {
                        span.art { (poster(line.product)) }
                        span { strong { (line.name) } br; span.faint.num { (count(line.quantity)) " × " (won(line.unit_price, language)) } }
                        span.price { (won(line.price(), language)) }
                    }
                }
            }
            dl.sums {
                (sum(pages::ITEMS_TOTAL, created.total, ""))
                @if !created.discount.is_zero() { (sum(pages::COUPON_DISCOUNT, created.discount, "−")) }
                @if !created.points.is_zero() { (sum(pages::POINTS_DISCOUNT, created.points, "−")) }
                div.total { dt { (say(pages::TO_PAY)) } dd { (won(created.due - order.no_longer_due(), language)) } }
                @if !refunded.is_zero() { (sum(pages::REFUNDED, refunded, "−")) }
            }
            @if let Some(drop) = created.lines.iter().find_map(|line| line.drop) {
                section { p.label { (say(pages::DROP_RECEIPT)) } (verify(drop, Some(created.number.as_str()), reader)) p.say role="status" {} }
            }
            @if let Some(receiver) = &created.receiver {
                div {
                    p.label { (say(pages::RECEIVER)) }
                    p { (receiver.name) }
                    p.soft { (receiver.address) ", " (receiver.postal_code) }
                    p.soft.num { (receiver.phone) }
                }
            }
        }
    }
}
