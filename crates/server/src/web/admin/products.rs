//! Products: the list with all counters, and one product with its changes.

use app::ports::views::WantedProducts;
use app::state::rows::Details;
use axum::extract::State;
use axum::response::Response;
use domain::ids::ProductId;
use domain::stock::{Product, Status};
use maud::{Markup, html};

use super::forms::{Act, Field, Kind, act};
use super::frame::Operator;
use super::systems::filters::Filters;
use crate::api::Shop;
use crate::api::products::listing;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{Text, dashboard, pages};
use crate::http::Problem;
use crate::http::path::{self, Id};
use crate::web::catalogue::{data_sheet, picture};
use crate::web::format::{count, won};

const PATH: &str = "/admin/products";
const SHOWN: usize = 100;

/// `GET /admin/products`.
pub(crate) async fn list(State(shop): State<Shop>, operator: Operator, filters: Filters) -> Result<Response, Problem> {
    let wanted = WantedProducts {
        text: filters.get("q").map(str::to_owned),
        sku: None,
        external_id: filters.get("externalId").map(str::to_owned),
        status_shown: filters.get("status").and_then(|name| listing::SHOWN.into_iter().find(|shown| *shown == name)),
    };
    let is_filtered = wanted != WantedProducts::default();
    let after = filters.get("after").and_then(|number| number.parse().ok()).map(ProductId);
    let mut products = shop.submitter.views.find_products(wanted, after, SHOWN + 1).await.map_err(unavailable)?;
    let has_more = products.len() > SHOWN;
    products.truncate(SHOWN);
    let nothing = if is_filtered { dashboard::NO_SUCH_PRODUCTS } else { pages::NO_PRODUCTS };
    let column = |text: Text| html! { th.end { (operator.say(text)) } };
    let content = html! {
        h1 { (operator.say(dashboard::PRODUCTS)) }
        (act(&operator, &new()))
        (search(&operator, &filters))
        @if products.is_empty() { div.empty { p { (operator.say(nothing)) } } } @else {
            div.card.scroll.live data-live="2000" #products { table {
                thead { tr {
                    th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::NAME)) } th { (operator.say(pages::SKU)) } th { (operator.say(dashboard::STATUS)) }
                    (column(dashboard::PRICE)) (column(dashboard::ON_HAND)) (column(dashboard::RESERVED)) (column(dashboard::AVAILABLE)) (column(dashboard::SOLD))
                } }
                tbody { @for (product, details) in &products { (row(&operator, product, details)) } }
            } }
            @if let Some((last, _)) = products.last().filter(|_| has_more) {
                p { a.button.quiet href=(filters.with(PATH, "after", Some(&last.id.to_string()))) { (operator.say(pages::MORE_PRODUCTS)) } }
            }
        }
    };
    Ok(operator.page(operator.say(dashboard::PRODUCTS), content))
}

fn new() -> Act<'static> {
    let mut fields = vec![
        Field::new("name", dashboard::NAME, Kind::Text),
        Field::new("price", dashboard::PRICE, Kind::Number(None)),
        Field::new("stock", dashboard::STOCK, Kind::Number(None)),
    ];
    fields.extend(described(&Shown::default()).map(Field::optional));
    let (label, says) = (dashboard::NEW_PRODUCT, dashboard::NEW_PRODUCT_SAYS);
    Act { label, says, method: "POST", path: "/api/admin/products", fields, is_grave: false }
}

/// The values that the fields of a product's details show.
#[derive(Default)]
struct Shown<'a> {
    sku: &'a str,
    external_id: &'a str,
    description: &'a str,
    image_url: &'a str,
    /// JSON.
    attributes: &'a str,
}

fn described<'a>(shown: &Shown<'a>) -> [Field<'a>; 5] {
    [
        Field::new("sku", pages::SKU, Kind::Line(shown.sku)),
        Field::new("externalId", pages::EXTERNAL_ID, Kind::Line(shown.external_id)),
        Field::new("description", dashboard::DESCRIPTION, Kind::Lines(shown.description)),
        Field::new("imageUrl", dashboard::IMAGE_URL, Kind::Line(shown.image_url)),
        Field::new("attributes", dashboard::ATTRIBUTES, Kind::Json(shown.attributes)),
    ]
}

fn search(operator: &Operator, filters: &Filters) -> Markup {
    html! {
        form.card.search method="get" action=(PATH) {
            (filters.field("q", operator.say(dashboard::NAME_OR_SKU), "search"))
            (filters.field("externalId", operator.say(pages::EXTERNAL_ID), "text"))
            (filters.choice("status", operator.say(dashboard::STATUS), listing::SHOWN.into_iter()))
            div.row { button.small { (operator.say(dashboard::FIND)) } a.button.small.quiet href=(PATH) { (operator.say(dashboard::EVERYTHING)) } }
        }
    }
}

fn row(operator: &Operator, product: &Product, details: &Details) -> Markup {
    html! {
        tr {
            td.num.faint { (product.id.0) }
            td { a href=(format!("/admin/products/{}", product.id.0)) { (product.name) } }
            td.code { (details.sku.as_deref().unwrap_or_default()) }
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
    let Some((product, details)) = shop.submitter.views.described(ProductId(id.0)).await.map_err(unavailable)? else {
        return Ok(operator.nothing());
    };
    let content = html! {
        div.live data-live="1000" #product {
            div.row.title { span.art.small { (picture(&product, &details)) } div { p.label { (pages::PRODUCT_NUMBER.with(product.id.0).of(operator.0.language)) } h1 { (product.name) } div.row { (status(&product)) span.price { (won(product.price, operator.0.language)) } } } }
            div.figures {
                (operator.figure(dashboard::ON_HAND, product.on_hand))
                (operator.figure(dashboard::RESERVED, product.reserved))
                (operator.figure(dashboard::AVAILABLE, product.available()))
                (operator.figure(dashboard::SOLD, product.sold))
            }
        }
        @if !details.is_empty() {
            section.card.stack { h2 { (operator.say(dashboard::DETAILS)) }
                @if let Some(description) = &details.description { p.description { (description) } }
                (data_sheet(&details, operator.0.language))
                @if let Some(url) = &details.image_url { p.faint { a href=(url) rel="noreferrer" { (url) } } }
            }
        }
        section.card { h2 { (operator.say(dashboard::ACTIONS)) } (actions(&operator, &product, &details)) }
    };
    Ok(operator.page(&product.name, content))
}

fn actions(operator: &Operator, product: &Product, details: &Details) -> Markup {
    let path = format!("/api/admin/products/{}", product.id.0);
    let stock = format!("{path}/stock");
    let statuses = Status::ALL.into_iter().map(|status| (status.name(), status.name())).collect();
    let attributes =
        details.attributes.as_ref().and_then(|attributes| serde_json::to_string_pretty(&**attributes).ok());
    let shown = Shown {
        sku: details.sku.as_deref().unwrap_or_default(),
        external_id: details.external_id.as_deref().unwrap_or_default(),
        description: details.description.as_deref().unwrap_or_default(),
        image_url: details.image_url.as_deref().unwrap_or_default(),
        attributes: attributes.as_deref().unwrap_or_default(),
    };
    let price = Field::new("price", dashboard::PRICE, Kind::Number(Some(product.price.amount()))).kept();
    let status = Field::new("status", dashboard::STATUS, Kind::Choice(statuses)).optional();
    let delta = Field::new("delta", dashboard::UNITS, Kind::Number(None));
    let patch = |label, says, fields| Act { label, says, method: "PATCH", path: &path, fields, is_grave: false };
    let acts = [
        patch(dashboard::CHANGE_PRODUCT, dashboard::CHANGE_PRODUCT_SAYS, vec![price, status]),
        patch(dashboard::DESCRIBE_PRODUCT, dashboard::DESCRIBE_PRODUCT_SAYS, described(&shown).map(Field::kept).into()),
        Act {
            label: dashboard::ADJUST_STOCK,
            says: dashboard::ADJUST_SAYS,
            method: "POST",
            path: &stock,
            fields: vec![delta, Field::reason()],
            is_grave: false,
        },
    ];
    html! { @for one in &acts { (act(operator, one)) } }
}
