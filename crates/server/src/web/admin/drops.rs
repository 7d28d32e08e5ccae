//! Drops: the list, and one drop with its queue and its changes.

use axum::extract::State;
use axum::response::Response;
use domain::drops::{Drop, Queue, Status};
use domain::ids::DropId;
use domain::stock::{self, Product};
use maud::{Markup, html};

use super::forms::{Act, Field, Kind, act};
use super::frame::Operator;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{dashboard, pages};
use crate::http::Problem;
use crate::http::path::{self, Id};
use crate::web::drops::chip;
use crate::web::format::{count, time};

const SHOWN: usize = 200;

/// `GET /admin/drops`.
pub(crate) async fn list(State(shop): State<Shop>, operator: Operator) -> Result<Response, Problem> {
    let mut drops = shop.submitter.views.drops(None, SHOWN).await.map_err(unavailable)?;
    drops.reverse();
    let content = html! {
        h1 { (operator.say(pages::DROPS)) }
        (act(&operator, &new()))
        @if drops.is_empty() { div.empty { p { (operator.say(pages::NO_DROPS)) } } } @else {
            div.card.scroll.live data-live="2000" #drops { table {
                thead { tr {
                    th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::NAME)) } th { (operator.say(dashboard::STATUS)) }
                    th.end { (operator.say(dashboard::WAITING)) } th.end { (operator.say(dashboard::BEGINS)) } th.end { (operator.say(dashboard::CLOSES)) }
                } }
                tbody { @for drop in &drops { tr {
                    td.num.faint { (drop.id.0) }
                    td { a href=(format!("/admin/drops/{}", drop.id.0)) { (drop.name) } }
                    td { (chip(drop, &operator.0)) }
                    td.num.end { @if let Some(waiting) = drop.waiting(operator.0.now) { (count(waiting)) } }
                    td.soft.end { (time(drop.starts_at)) }
                    td.soft.end { (time(drop.ends_at)) }
                } } }
            } }
        }
    };
    Ok(operator.page(operator.say(pages::DROPS), content))
}

fn new() -> Act<'static> {
    Act {
        label: dashboard::NEW_DROP,
        says: dashboard::NEW_DROP_SAYS,
        method: "POST",
        path: "/api/admin/drops",
        fields: vec![
            Field::new("name", dashboard::NAME, Kind::Text),
            Field::new("startsAt", dashboard::BEGINS, Kind::Moment),
            Field::new("endsAt", dashboard::CLOSES, Kind::Moment),
            Field::new("products.0.productId", dashboard::PRODUCT, Kind::Number(None)),
            Field::new("products.0.perCustomer", dashboard::PER_CUSTOMER, Kind::Number(None)).optional(),
            Field::new("perPaymentMethod", dashboard::PER_CARD, Kind::Number(None)).optional(),
            Field::new("waitingRoom.admitPerSecond", dashboard::ADMIT_PER_SECOND, Kind::Number(None)).optional(),
        ],
        is_grave: false,
    }
}

/// `GET /admin/drops/{id}`.
pub(crate) async fn page(
    State(shop): State<Shop>,
    operator: Operator,
    id: Id<path::Drop>,
) -> Result<Response, Problem> {
    let views = &shop.submitter.views;
    let Some(drop) = views.drop_by_id(DropId(id.0)).await.map_err(unavailable)? else {
        return Ok(operator.nothing());
    };
    let named = drop.products.iter().map(|offer| offer.product).collect();
    let products = views.offered(named).await.map_err(unavailable)?;
    let content = html! {
        div.live data-live="1000" #drop {
            h1 { (drop.name) }
            div.row { (chip(&drop, &operator.0)) a href=(format!("/drops/{}", drop.id.0)) { (operator.say(dashboard::TO_SHOP)) } }
            @if let Some(queue) = &drop.queue { (figures(&operator, &drop, queue)) }
            (goods(&operator, &products))
            p.soft { (operator.say(dashboard::BEGINS)) " " (time(drop.starts_at)) " · " (operator.say(dashboard::CLOSES)) " " (time(drop.ends_at)) }
        }
        section.card { h2 { (operator.say(dashboard::ACTIONS)) } (actions(&operator, &drop)) }
    };
    Ok(operator.page(&drop.name, content))
}

/// The waiting room: who waits, who was admitted, and the share of the rate that the engine takes now.
fn figures(operator: &Operator, drop: &Drop, queue: &Queue) -> Markup {
    html! {
        div.figures {
            (operator.figure(dashboard::WAITING, drop.waiting(operator.0.now).unwrap_or(0)))
            (operator.figure(dashboard::ADMITTED, queue.admitted))
            (operator.figure(dashboard::ADMIT_PER_SECOND, queue.room.admit_per_second))
            (operator.figure(dashboard::ADMISSION_PERCENT, queue.share))
        }
    }
}

fn goods(operator: &Operator, products: &[Product]) -> Markup {
    html! {
        div.card.scroll { table {
            thead { tr { th { (operator.say(dashboard::NAME)) } th.end { (operator.say(dashboard::LEFT)) } th.end { (operator.say(dashboard::RESERVED)) } } }
            tbody { @for product in products { tr {
                td {
                    a href=(format!("/admin/products/{}", product.id.0)) { (product.name) }
                    @if product.status != stock::Status::OnSale { " " span.chip.warn { (operator.say(pages::OFF_SALE)) } }
                }
                td.num.end { (count(product.available())) }
                td.num.end { (count(product.reserved)) }
            } } }
        } }
    }
}

fn actions(operator: &Operator, drop: &Drop) -> Markup {
    let path = format!("/api/admin/drops/{}", drop.id.0);
    let patch = |label, says, fields, is_grave| Act { label, says, method: "PATCH", path: &path, fields, is_grave };
    let pause = if drop.paused {
        patch(dashboard::RESUME, dashboard::RESUME_SAYS_DROP, vec![Field::fixed("paused", "false")], false)
    } else {
        let fields = vec![Field::fixed("paused", "true"), Field::reason()];
        patch(dashboard::PAUSE, dashboard::PAUSE_SAYS_DROP, fields, true)
    };
    let end = vec![Field::new("endsAt", dashboard::CLOSES, Kind::Moment), Field::reason()];
    let end = patch(dashboard::MOVE_END, dashboard::MOVE_END_SAYS, end, true);
    html! {
        (act(operator, &pause))
        @if let Some(queue) = &drop.queue {
            @let rate = Field::new("admitPerSecond", dashboard::ADMIT_PER_SECOND, Kind::Number(Some(queue.room.admit_per_second)));
            (act(operator, &patch(dashboard::CHANGE_RATE, dashboard::CHANGE_RATE_SAYS, vec![rate], false)))
        }
        (act(operator, &end))
        @if drop.status(operator.0.now) == Status::Closed {
            @let path = format!("{path}/release");
            (act(operator, &Act { label: dashboard::RELEASE, says: dashboard::RELEASE_SAYS, method: "POST", path: &path, fields: vec![], is_grave: false }))
        }
    }
}
