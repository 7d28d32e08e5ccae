//! Products: the list with all counters, and one product with its changes.

use axum::extract::State;
use axum::response::Response;
use domain::ids::ProductId;
use domain::stock::{Product, Status};
use maud::{Markup, html};
use schemars::JsonSchema;
use serde::Deserialize;

use super::forms::{Act, Field, Kind, act};
use super::frame::Operator;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{Text, dashboard, pages};
use crate::http::Problem;
use crate::http::path::{self, Id};
use crate::http::query::Query;
use crate::web::art::poster;
use crate::web::format::{count, won};

const SHOWN: usize = 100;

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct AfterQuery {
    after: Option<i64>,
}

/// `GET /admin/products`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    operator: Operator,
    Query(query): Query<AfterQuery>,
) -> Result<Response, Problem> {
    let after = query.after.map(ProductId);
    let mut products = shop.submitter.views.products(after, SHOWN + 1).await.map_err(unavailable)?;
    let has_more = products.len() > SHOWN;
    products.truncate(SHOWN);
    let new = Act {
        label: dashboard::NEW_PRODUCT,
        says: dashboard::NEW_PRODUCT_SAYS,
        method: "POST",
        path: "/api/admin/products",
        fields: vec![
            Field::new("name", dashboard::NAME, Kind::Text),
            Field::new("price", dashboard::PRICE, Kind::Number(None)),
            Field::new("stock", dashboard::STOCK, Kind::Number(None)),
        ],
        is_grave: false,
    };
    let column = |text: Text| html! { th.end { (operator.say(text)) } };
    let content = html! {
        h1 { (operator.say(dashboard::PRODUCTS)) }
        (act(&operator, &new))
        @if products.is_empty() { div.empty { p { (operator.say(pages::NO_PRODUCTS)) } } } @else {
            div.card.scroll.live data-live="2000" #products { table {
                thead { tr {
                    th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::NAME)) } th { (operator.say(dashboard::STATUS)) }
                    (column(dashboard::PRICE)) (column(dashboard::ON_HAND)) (column(dashboard::RESERVED)) (column(dashboard::AVAILABLE)) (column(dashboard::SOLD))
                } }
                tbody { @for product in &products { (row(&operator, product)) } }
            } }
            @if let Some(last) = products.last().filter(|_| has_more) {
                p { a.button.quiet href=(format!("/admin/products?after={}", last.id.0)) { (operator.say(pages::MORE_PRODUCTS)) } }
            }
        }
    };
    Ok(operator.page(operator.say(dashboard::PRODUCTS), content))
}

fn row(operator: &Operator, product: &Product) -> Markup {
    html! {
        tr {
            td.num.faint { (product.id.0) }
            td { a href=(format!("/admin/products/{}", product.id.0)) { (product.name) } }
            td { (status(product)) }
            td.num.end { (won(product.price, operator.0.language)) }
            @for number in [product.on_hand, product.reserved, product.available(), product.sold] { td.num.end { (count(number)) } }
        }
    }
}

fn status(product: &Product) -> Markup {
    let shown = product.status_shown();
    let class = match shown {
        "ON_SALE" => "chip good",
        "SOLD_OUT" => "chip bad",
        _ => "chip warn",
    };
    html! { span class=(class) { (shown) } }
}

/// `GET /admin/products/{id}`.
pub(crate) async fn page(
    State(shop): State<Shop>,
    operator: Operator,
    id: Id<path::Product>,
) -> Result<Response, Problem> {
    let Some(product) = shop.submitter.views.product(ProductId(id.0)).await.map_err(unavailable)? else {
        return Ok(operator.nothing());
    };
    let content = html! {
        div.live data-live="1000" #product {
            div.row.title { span.art.small { (poster(product.id)) } div { p.label { (pages::PRODUCT_NUMBER.with(product.id.0).of(operator.0.language)) } h1 { (product.name) } div.row { (status(&product)) span.price { (won(product.price, operator.0.language)) } } } }
            div.figures {
                (operator.figure(dashboard::ON_HAND, product.on_hand))
                (operator.figure(dashboard::RESERVED, product.reserved))
                (operator.figure(dashboard::AVAILABLE, product.available()))
                (operator.figure(dashboard::SOLD, product.sold))
            }
        }
        section.card { h2 { (operator.say(dashboard::ACTIONS)) } (actions(&operator, &product)) }
    };
    Ok(operator.page(&product.name, content))
}

fn actions(operator: &Operator, product: &Product) -> Markup {
    let path = format!("/api/admin/products/{}", product.id.0);
    let stock = format!("{path}/stock");
    let statuses = Status::ALL.into_iter().map(|status| (status.name(), status.name())).collect();
    let acts = [
        Act {
            label: dashboard::CHANGE_PRODUCT,
            says: dashboard::CHANGE_PRODUCT_SAYS,
            method: "PATCH",
            path: &path,
            fields: vec![
                Field::new("price", dashboard::PRICE, Kind::Number(Some(product.price.amount()))).optional(),
                Field::new("status", dashboard::STATUS, Kind::Choice(statuses)).optional(),
            ],
            is_grave: false,
        },
        Act {
            label: dashboard::ADJUST_STOCK,
            says: dashboard::ADJUST_SAYS,
            method: "POST",
            path: &stock,
            fields: vec![Field::new("delta", dashboard::UNITS, Kind::Number(None)), Field::reason()],
            is_grave: false,
        },
    ];
    html! { @for one in &acts { (act(operator, one)) } }
}
