//! The timeline of an order: its events, what became of each, and the pauses between them.

mod facts;

use std::collections::BTreeMap;
use std::iter;

use app::events::event::EventKind;
use app::events::notices::content;
use app::log::fate::{GroupDelivery, Status};
use app::log::reactions::Group;
use domain::order::saga::{Step, StepState};
use domain::order::{Order, Outcome};
use domain::time::Timestamp;
use domain::webhook::{Delivery, State as DeliveryState};
use maud::{Markup, html};
use serde_json::Value;

use crate::api::messaging::events::{EventsOfOrder, FollowedEvent};
use crate::api::texts::{Text, dashboard, notices, order_page, pages};
use crate::web::admin::frame::Operator;
use crate::web::admin::messages::pretty;
use crate::web::admin::systems::events::status;
use crate::web::format::{count, duration, moment, time};

/// A pause between two events that is worth a remark.
const PAUSE_US: i64 = 1_000_000;

/// Shows the timeline; `archived_before` is the end of the archive if that has events of the order.
pub(super) fn timeline(
    operator: &Operator,
    order: &Order,
    found: &EventsOfOrder,
    archived_before: Option<Timestamp>,
) -> Markup {
    let events = &found.events;
    let before = iter::once(None).chain(events.iter().map(|followed| Some(followed.event.at)));
    html! {
        (steps(operator, order))
        @if let Some(before) = archived_before { p.soft { (order_page::IN_ARCHIVE.with(moment(before)).of(operator.0.language)) } }
        @if found.has_earlier {
            p { a href=(format!("/admin/events?orderId={}", order.created.number)) { (operator.say(order_page::EARLIER)) } }
        }
        ol.timeline {
            @for ((followed, before), attempt) in events.iter().zip(before).zip(attempts(events)) {
                @if let Some(pause) = pause(before, followed.event.at) {
                    li.pause { (dashboard::AFTER_PAUSE.with(duration(pause, operator.0.language)).of(operator.0.language)) }
                }
                (entry(operator, order, followed, attempt))
            }
            @if let Some(last) = events.last() { (silence(operator, order, last.event.at)) }
        }
    }
}

fn pause(before: Option<Timestamp>, at: Timestamp) -> Option<i64> {
    before.map(|before| at.micros() - before.micros()).filter(|pause| *pause >= PAUSE_US)
}

/// The pause since the last event of an order without an outcome. Only one that waits for its customer may be silent.
fn silence(operator: &Operator, order: &Order, last: Timestamp) -> Markup {
    let pause = pause(Some(last), operator.0.now).filter(|_| !order.outcome.is_final());
    let tone = (order.outcome != Outcome::AwaitingPayment).then_some("bad");
    html! {
        @if let Some(pause) = pause {
            li.pause data-tone=[tone] { (order_page::SILENT_FOR.with(duration(pause, operator.0.language)).of(operator.0.language)) }
        }
    }
}

/// The claims of the order as they are now.
fn steps(operator: &Operator, order: &Order) -> Markup {
    let name = |step: Step| match step {
        Step::Stock(product) => format!("{} {product}", operator.say(dashboard::STOCK)),
        Step::Coupon => operator.say(pages::WHICH_COUPON).to_owned(),
        Step::Point => operator.say(pages::MY_POINTS).to_owned(),
    };
    let class = |state: StepState| match state {
        StepState::Waiting | StepState::Requested => "chip",
        StepState::Completed => "chip good",
        StepState::Failed(_) => "chip bad",
        StepState::Restored => "chip warn",
    };
    html! {
        div.row.claims { @for record in &order.saga.steps {
            span class=(class(record.state)) { (name(record.step)) " " (record.state.name()) }
        } }
    }
}

/// Numbers the requests to each participant: a later one of a kind repeats the step.
fn attempts(events: &[FollowedEvent]) -> Vec<Option<usize>> {
    let mut made = BTreeMap::<(EventKind, Option<i64>), usize>::new();
    let attempt = |followed: &FollowedEvent| {
        let kind = EventKind::from_name(&followed.event.kind)?;
        if !kind.is_request() && kind != EventKind::DelayedProcessing {
            return None;
        }
        let payload: Value = serde_json::from_str(&followed.event.payload).unwrap_or_default();
        let attempt = made.entry((kind, payload["productId"].as_i64())).or_default();
        *attempt += 1;
        Some(*attempt).filter(|attempt| *attempt > 1)
    };
    events.iter().map(attempt).collect()
}

fn entry(operator: &Operator, order: &Order, followed: &FollowedEvent, attempt: Option<usize>) -> Markup {
    let (event, language) = (&followed.event, operator.0.language);
    let since = event.at.micros() - order.created.at.micros();
    html! {
        li data-tone=(tone(&event.kind)) {
            details {
                summary {
                    span { span.part { (operator.say(part(&event.kind))) } " " strong { (event.kind) } " "
                        @if followed.fate.status != Status::Completed { (status(followed.fate.status.name())) " " }
                        (facts::facts(operator, &event.payload))
                        @if let Some(attempt) = attempt { " " span.soft { (operator.say(order_page::ATTEMPT)) " " (attempt) } }
                    }
                    span.faint.num { @if let Some(version) = event.version { "v" (version) " · " } "+" (duration(since, language)) " · " (time(event.at)) }
                }
                p.faint { (dashboard::CAUSED_BY.with(&event.cause).of(language)) }
                pre.code { (pretty(&event.payload)) }
            }
            (effects(operator, followed))
        }
    }
}

/// The tone of an event by its name: trouble, a step back, or progress.
fn tone(kind: &str) -> &'static str {
    let ends = |ends: &[&str]| ends.iter().any(|end| kind.ends_with(end));
    let has = |parts: &[&str]| parts.iter().any(|part| kind.contains(part));
    if ends(&["Failed", "Stuck", "Cancelled", "Rejected", "Declined"]) {
        "bad"
    } else if has(&["Restor", "Compensation", "Delayed", "Retried", "Void"]) {
        "warn"
    } else {
        "good"
    }
}

/// The part of the order's life that an event belongs to.
fn part(kind: &str) -> Text {
    let begins = |begins: &[&str]| begins.iter().any(|begin| kind.starts_with(begin));
    if kind.contains("Restor") || begins(&["Compensation"]) {
        order_page::PART_COMPENSATION
    } else if begins(&["StockDeduction", "CouponUsage", "PointDeduction", "DelayedProcessing"]) {
        order_page::PART_STEP
    } else if begins(&["Payment"]) {
        order_page::PART_MONEY
    } else if begins(&["Shipment"]) {
        order_page::PART_SHIPMENT
    } else if begins(&["Storage"]) {
        order_page::STORAGE
    } else {
        order_page::PART_ORDER
    }
}

/// The notice and the webhooks that an event leads to, and the groups that have not handled it.
fn effects(operator: &Operator, followed: &FollowedEvent) -> Markup {
    let notice = followed.event.event().and_then(|event| content::of_event(&event));
    let notice = notice.map(|content| notices::of_content(&content));
    let is_open = |delivery: &GroupDelivery| delivery.status != Status::Completed || delivery.attempts > 0;
    html! {
        @for delivery in &followed.fate.deliveries {
            @if let Some((title, message)) = notice.as_ref().filter(|_| delivery.group == Group::Notices) {
                p.effect { span.part { (operator.say(order_page::NOTICE)) } " " (operator.say(*title)) " — " (message.of(operator.0.language)) " " (status(delivery.status.name())) (trouble(operator, delivery)) }
            } @else if is_open(delivery) {
                p.effect { span.code { (delivery.group.name()) } " " (status(delivery.status.name())) (trouble(operator, delivery)) }
            }
        }
        @for delivery in &followed.webhooks { (webhook(operator, delivery)) }
    }
}

/// The failed attempts of a group, the last error, the next attempt, and the dead letter.
fn trouble(operator: &Operator, delivery: &GroupDelivery) -> Markup {
    html! {
        @if delivery.attempts > 0 { " " (operator.say(dashboard::ATTEMPTS)) " " (count(delivery.attempts)) }
        @if let Some(error) = &delivery.error { " " span.bad { (error) } }
        @if let Some(next) = delivery.next_attempt { " " (operator.say(dashboard::NEXT_ATTEMPT)) " " (time(next)) }
        @if let Some(letter) = delivery.letter {
            " " a href=(format!("/admin/messages/{}", letter.0)) { (order_page::LETTER.with(letter.0).of(operator.0.language)) }
        }
    }
}

fn webhook(operator: &Operator, delivery: &Delivery) -> Markup {
    let (webhook, number) = (delivery.key.webhook.0, delivery.key.number);
    let last = delivery.log.last();
    html! {
        p.effect {
            a href=(format!("/admin/webhooks/{webhook}/deliveries/{webhook}-{number}")) { (order_page::WEBHOOK.with(webhook).of(operator.0.language)) }
            " " span.code { (delivery.event_type) } " " (status(delivery.state.name()))
            " " (operator.say(dashboard::ATTEMPTS)) " " (count(delivery.attempts))
            @if let Some(answer) = delivery.last_status { " · " (operator.say(dashboard::ANSWER)) " " (answer) }
            @if let Some(last) = last { " · " (time(last.at)) }
            @if let Some(error) = last.and_then(|last| last.error.as_ref()) { " " span.bad { (error) } }
            @if let Some(due) = delivery.due.filter(|_| delivery.state == DeliveryState::Failed) { " " (operator.say(dashboard::NEXT_ATTEMPT)) " " (time(due)) }
        }
    }
}
