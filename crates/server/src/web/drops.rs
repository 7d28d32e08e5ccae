//! Drops: when they begin and end, the customer's place in the waiting room, and the proof.

use std::time::Duration;

use app::events::wire_time;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::Response;
use domain::drops::{Drop, Offer, Status};
use domain::ids::{DropId, UserId};
use domain::stock::{self, Product};
use maud::{Markup, html};

use super::art::poster;
use super::format::{count, moment, won};
use super::layout::{POLICY, nothing_here, page};
use super::reader::Reader;
use crate::api::Shop;
use crate::api::products::waiting::{TicketBody, ticket_of};
use crate::api::response::refusals::unavailable;
use crate::api::texts::{Text, pages};
use crate::http::Problem;
use crate::http::path::{self, Id};
use crate::security::join_guard::Widget;

const SHOWN: usize = 100;
/// A moment that is further away is a date and no countdown.
const COUNTED: Duration = Duration::from_secs(86_400);

/// `GET /drops`.
pub(crate) async fn list(State(shop): State<Shop>, reader: Reader) -> Result<Response, Problem> {
    let mut drops = shop.submitter.views.drops(None, SHOWN).await.map_err(unavailable)?;
    drops.reverse();
    let content = html! {
        section.section.stack {
            h1 { (pages::DROPS.of(reader.language)) }
            @if drops.is_empty() { div.empty { p { (pages::NO_DROPS.of(reader.language)) } } }
            ul.goods { @for drop in &drops {
                li.good-card { div {
                    div.spread { h3 { a href=(format!("/drops/{}", drop.id.0)) { (drop.name) } } (chip(drop, &reader)) }
                    p.faint { (clock(drop, &reader)) }
                } }
            } }
        }
    };
    Ok(page(&reader, pages::DROPS.of(reader.language), content))
}

/// `GET /drops/{id}`.
pub(crate) async fn one(State(shop): State<Shop>, reader: Reader, id: Id<path::Drop>) -> Result<Response, Problem> {
    let views = &shop.submitter.views;
    let Some(drop) = views.drop_by_id(DropId(id.0)).await.map_err(unavailable)? else {
        return Ok(nothing_here(&reader));
    };
    let named = drop.products.iter().map(|offer| offer.product).collect();
    let products = views.offered(named).await.map_err(unavailable)?;
    let place = match reader.user_id().filter(|_| drop.queue.is_some()) {
        Some(user) => ticket_of(&shop, &drop, user).await?,
        None => None,
    };
    let sells = drop.check_open(reader.now).is_ok();
    let may_buy = sells && (drop.queue.is_none() || place.as_ref().is_some_and(|place| place.status == "ADMITTED"));
    let widget = shop.joins.widget.as_ref();
    let content = html! {
        section.section.stack data-drop=(drop.id.0) data-ticket=[place.as_ref().map(|place| place.status)] {
            div.row { (chip(&drop, &reader)) span.soft { (clock(&drop, &reader)) } }
            h1 { (drop.name) }
            (limits(&drop, &reader))
            @if drop.queue.is_some() { (room(&drop, place.as_ref(), &Door { reader: &reader, widget })) }
            ul.goods { @for product in &products {
                @let offer = drop.products.iter().find(|offer| offer.product == product.id);
                (card(product, offer, may_buy, &reader))
            } }
            section.card.stack {
                h2 { (pages::PROOF.of(reader.language)) }
                p.soft { (pages::PROOF_SAYS.of(reader.language)) }
                div.row { (verify(drop.id, None, &reader)) a href=(format!("/api/drops/{}/proof", drop.id.0)) { "NDJSON" } }
                p.say role="status" {}
            }
        }
    };
    let mut response = page(&reader, &drop.name, content);
    if let Some(policy) = widget.and_then(policy_with) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// The limits over all products. Those of one product are on its card.
fn limits(drop: &Drop, reader: &Reader) -> Markup {
    html! {
        @if let Some(limit) = drop.per_customer { p.soft { (pages::LIMIT_ALL.with(count(limit)).of(reader.language)) } }
        @if let Some(limit) = drop.per_payment_method { p.soft { (pages::LIMIT_CARD.with(count(limit)).of(reader.language)) } }
    }
}

/// A customer's place before the waiting room in which a product is sold.
pub(crate) struct Place {
    pub(crate) drop: DropId,
    /// Shown with an order.
    pub(crate) ticket: Option<String>,
    pub(crate) is_admitted: bool,
    /// The reason why an order is refused, now or after the customer's time.
    pub(crate) waits: Text,
}

/// Returns the customer's place before the waiting room of the product's drop, while it has one.
pub(crate) async fn place_for(shop: &Shop, product: &Product, user: UserId) -> Result<Option<Place>, Problem> {
    let Some(id) = product.drop else { return Ok(None) };
    let found = shop.submitter.views.drop_by_id(id).await.map_err(unavailable)?;
    let is_over = |drop: &Drop| drop.status(shop.submitter.clock.now()) == Status::Closed;
    let Some(drop) = found.filter(|drop| drop.queue.is_some() && !is_over(drop)) else { return Ok(None) };
    let standing = ticket_of(shop, &drop, user).await?;
    let status = standing.as_ref().map(|standing| standing.status);
    let waits = match status {
        None => pages::JOIN_FIRST,
        Some("WAITING") => pages::NOT_YET,
        Some("SOLD_OUT") => pages::QUEUE_SOLD_OUT,
        Some(_) => pages::TURN_OVER,
    };
    let ticket = standing.map(|standing| standing.ticket);
    Ok(Some(Place { drop: id, ticket, is_admitted: status == Some("ADMITTED"), waits }))
}

/// A button that checks the drop's proof in the browser, and with it the receipt of an order.
pub(crate) fn verify(drop: DropId, order: Option<&str>, reader: &Reader) -> Markup {
    let say = |text: Text| text.of(reader.language);
    html! {
        button.quiet.small type="button" data-verify=(drop.0) data-receipt=[order] data-good=(say(pages::VERIFIED)) data-bad=(say(pages::NOT_VERIFIED)) {
            (say(pages::VERIFY))
        }
    }
}

pub(crate) fn chip(drop: &Drop, reader: &Reader) -> Markup {
    let (class, text) = match (drop.status(reader.now), drop.paused) {
        (Status::Closed, _) => ("chip", pages::ENDED),
        (_, true) => ("chip warn", pages::PAUSED),
        (Status::Scheduled, false) => ("chip", pages::STARTS_SOON),
        (Status::Open, false) => ("chip good", pages::NOW_ON),
        (Status::SoldOut, false) => ("chip bad", pages::SOLD_OUT),
    };
    html! { span class=(class) { (text.of(reader.language)) } }
}

/// The countdown to its beginning or its end.
fn clock(drop: &Drop, reader: &Reader) -> Markup {
    let (counted, dated, until) = match drop.status(reader.now) {
        Status::Scheduled => (pages::STARTS_IN, pages::STARTS_ON, drop.starts_at),
        Status::Open | Status::SoldOut => (pages::ENDS_IN, pages::ENDS_ON, drop.ends_at),
        Status::Closed => {
            return html! { (pages::ENDS_ON.of(reader.language)) " " time.num datetime=(wire_time::format(drop.ends_at)) data-time="at" { (moment(drop.ends_at)) } };
        }
    };
    let (text, kind) = if until - reader.now < COUNTED { (counted, "until") } else { (dated, "at") };
    html! { (text.of(reader.language)) " " time.num datetime=(wire_time::format(until)) data-time=(kind) { (moment(until)) } }
}

/// Returns the policy of a page with the widget, which loads its own files and frames.
fn policy_with(widget: &Widget) -> Option<HeaderValue> {
    let own = ["script-src", "style-src", "connect-src", "frame-src"]
        .map(|part| format!("; {part} 'self' {}", widget.origins));
    HeaderValue::try_from(format!("{POLICY}{}", own.concat())).ok()
}

/// The door of a waiting room, and who stands before it.
struct Door<'a> {
    reader: &'a Reader,
    widget: Option<&'a Widget>,
}

/// The waiting room as the customer meets it.
fn room(drop: &Drop, place: Option<&TicketBody>, door: &Door<'_>) -> Markup {
    let reader = door.reader;
    let say = |text: Text| text.of(reader.language);
    let is_over = drop.status(reader.now) == Status::Closed;
    html! {
        section.card.stack {
            h2 { (say(pages::WAITING_ROOM)) }
            @match (reader.user, place) {
                (None, _) => p { a.button.quiet href=(format!("/login?next=/drops/{}", drop.id.0)) { (say(pages::LOG_IN)) } },
                (Some(_), None) => { p.soft { (say(pages::QUEUE_SAYS)) } (join(is_over, door)) }
                (Some(_), Some(place)) => (standing(place, is_over, door)),
            }
            p.say role="status" {}
        }
    }
}

fn join(is_over: bool, door: &Door<'_>) -> Markup {
    html! {
        @if !is_over {
            @if let Some(Widget { script, site_key, .. }) = door.widget {
                // Each service fills the element of its own class.
                div.cf-turnstile.h-captcha.g-recaptcha data-sitekey=(site_key) {}
                script src=(script) async {}
            }
            div.row { button type="button" data-join="" { (pages::JOIN_QUEUE.of(door.reader.language)) } }
        }
    }
}

fn standing(place: &TicketBody, is_over: bool, door: &Door<'_>) -> Markup {
    let reader = door.reader;
    let say = |text: Text| text.of(reader.language);
    html! {
        @match (place.status, place.ahead) {
            ("WAITING", ahead) => {
                p.big { span data-ahead="" aria-live="polite" { (ahead.map_or_else(|| "–".to_owned(), count)) } small { (say(pages::AHEAD)) } }
                @if ahead.is_none() { p.soft data-undrawn="" { (say(pages::DRAWN_LATER)) } }
                p.soft data-wait=(pages::ABOUT_SECONDS.with("{0}").of(reader.language)) data-stopped=(say(pages::NO_ADMISSION)) {
                    @match (place.estimated_wait_seconds, ahead) {
                        (Some(seconds), _) => (pages::ABOUT_SECONDS.with(count(seconds)).of(reader.language)),
                        (None, Some(_)) => (say(pages::NO_ADMISSION)),
                        (None, None) => {}
                    }
                }
                div.row { button.quiet.small type="button" data-leave="" { (say(pages::LEAVE_QUEUE)) } }
            }
            ("ADMITTED", _) => p {
                @match &place.admitted_until {
                    Some(until) => { strong { (say(pages::YOUR_TURN)) } " " time.num datetime=(until) data-time="until" data-admitted="" { (until) } }
                    None => strong { (say(pages::HOLD_STOPPED)) }
                }
            },
            ("SOLD_OUT", _) => p { strong { (say(pages::QUEUE_SOLD_OUT)) } },
            _ => { p { strong { (say(pages::TURN_OVER)) } } (join(is_over, door)) }
        }
    }
}

fn card(product: &Product, offer: Option<&Offer>, may_buy: bool, reader: &Reader) -> Markup {
    let limit = offer.and_then(|offer| offer.per_customer);
    let (is_left, is_on_sale) = (product.available() > 0, product.status == stock::Status::OnSale);
    html! {
        li.good-card {
            span.art { (poster(product.id)) }
            div {
                div.spread { h3 { a href=(format!("/products/{}", product.id.0)) { (product.name) } } span.price { (won(product.price, reader.language)) } }
                p.faint.num {
                    @if !is_on_sale { (pages::OFF_SALE.of(reader.language)) } @else if is_left { (pages::LEFT.with(count(product.available())).of(reader.language)) } @else { (pages::SOLD_OUT.of(reader.language)) }
                    @if let Some(limit) = limit { " · " (pages::LIMIT_EACH.with(count(limit)).of(reader.language)) }
                }
                @if may_buy && is_left && is_on_sale { a.button.small href=(format!("/checkout?product={}&quantity=1", product.id.0)) { (pages::BUY.of(reader.language)) } }
            }
        }
    }
}
