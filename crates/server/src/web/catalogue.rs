//! The catalogue: the products, and one product with its stock.

use app::ports::views::WantedProducts;
use app::state::rows::Details;
use axum::extract::State;
use axum::response::Response;
use domain::coupon::Campaign;
use domain::ids::ProductId;
use domain::stock::Product;
use maud::{Markup, html};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::art::poster;
use super::coupons::{Phase, clock, is_open_to, urgency};
use super::format::{count, meter, won};
use super::layout::{nothing_here, page};
use super::reader::Reader;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{Text, pages};
use crate::http::Problem;
use crate::http::language::Language;
use crate::http::path::{self, Id};
use crate::http::query::Query;

const PRODUCTS_SHOWN: usize = 24;
/// The campaigns among which the page looks for the one to show first.
const CAMPAIGNS_SEEN: usize = 100;
const BEST_SELLERS: usize = 5;
/// The most units that the page offers to order at once.
const QUANTITY_OFFERED: i64 = 5;

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct AfterQuery {
    /// The last product of the page before.
    after: Option<i64>,
}

/// `GET /`.
pub(crate) async fn home(
    State(shop): State<Shop>,
    reader: Reader,
    Query(query): Query<AfterQuery>,
) -> Result<Response, Problem> {
    let views = &shop.submitter.views;
    let mut products = views
        .find_products(WantedProducts::default(), query.after.map(ProductId), PRODUCTS_SHOWN + 1)
        .await
        .map_err(unavailable)?;
    let more = products.get(PRODUCTS_SHOWN).is_some();
    products.truncate(PRODUCTS_SHOWN);
    let campaigns = views.campaigns(None, CAMPAIGNS_SEEN).await.map_err(unavailable)?;
    let since = shop.calendar.day(shop.submitter.clock.now()) - 2;
    let best = views.popular(Some(since), BEST_SELLERS).await.map_err(unavailable)?;
    let say = |text: Text| text.of(reader.language);
    let first = campaigns
        .iter()
        .filter(|campaign| is_open_to(campaign, reader.now))
        .min_by_key(|campaign| urgency(campaign, reader.now));
    let content = html! {
        @if let Some(campaign) = first { (hero(campaign, &reader)) }
        section.section aria-labelledby="goods" {
            div.spread { div.stack {
                h1 #goods { (say(pages::HOME_TITLE)) }
                p.soft { (say(pages::HOME_LEAD)) }
            } }
            @if products.is_empty() {
                div.empty { p { strong { (say(pages::NO_PRODUCTS)) } } p { (say(pages::NO_PRODUCTS_HINT)) } }
            } @else {
                ul.goods { @for (product, details) in &products { (card(product, details, reader.language)) } }
            }
            @if let Some((last, _)) = products.last().filter(|_| more) {
                p.section { a.button.quiet href=(format!("/?after={}", last.id.0)) { (say(pages::MORE_PRODUCTS)) } }
            }
        }
        @if !best.is_empty() {
            section.section aria-labelledby="best" {
                div.spread { h2 #best { (say(pages::BEST_SELLERS)) } }
                div.card.scroll { table { tbody {
                    @for (place, product) in (1..).zip(&best) {
                        tr {
                            td.num.faint { (place) }
                            td { a href=(format!("/products/{}", product.product.0)) { (product.name) } }
                            td.num.end.soft { (pages::SOLD.with(count(product.sold)).of(reader.language)) }
                        }
                    }
                } } }
            }
        }
    };
    Ok(page(&reader, say(pages::SHOP), content))
}

/// Shows the campaign that matters now, with what is left of it.
fn hero(campaign: &Campaign, reader: &Reader) -> Markup {
    let say = |text: Text| text.of(reader.language);
    let is_open = Phase::of(campaign, reader.now) == Phase::Open;
    html! {
        section.hero aria-labelledby="hero" data-campaign=(campaign.id.0) {
            div {
                p.label { (say(if is_open { pages::NOW_ON } else { pages::STARTS_SOON })) }
                h1 #hero { (campaign.name) }
                p.soft { (super::format::worth(campaign.discount, reader.language))
                    @if let Some(most) = super::format::at_most(campaign.discount, reader.language) { ", " (most) }
                }
                div.row {
                    a.button href="/coupons" { (say(pages::GET_COUPON)) }
                    a.button.quiet href="#goods" { (say(pages::SHOP)) }
                }
            }
            div.count {
                p.big { span data-left="" aria-live="off" { (count(campaign.remaining())) } small { (say(pages::COUPONS_LEFT)) } }
                (meter(campaign.remaining(), campaign.quantity, say(pages::COUPONS_LEFT)))
                p.when { (clock(campaign, reader)) }
            }
        }
    }
}

/// Shows a product's picture, or one drawn for it. The browser loads pictures over HTTPS only.
pub(crate) fn picture(product: &Product, details: &Details) -> Markup {
    match details.image_url.as_deref().filter(|url| url.starts_with("https://")) {
        Some(url) => html! { img src=(url) alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer"; },
        None => poster(product.id),
    }
}

/// Shows what a product is called elsewhere, and its attributes.
pub(crate) fn data_sheet(details: &Details, language: Language) -> Markup {
    let identities = [(pages::SKU, &details.sku), (pages::EXTERNAL_ID, &details.external_id)];
    let attributes = details.attributes.as_deref().filter(|attributes| !attributes.is_empty());
    let is_empty = attributes.is_none() && identities.iter().all(|(_, value)| value.is_none());
    html! {
        @if !is_empty {
            dl.facts {
                @for (label, value) in identities {
                    @if let Some(value) = value { dt { (label.of(language)) } dd { (value) } }
                }
                @for (name, value) in attributes.into_iter().flatten() { dt { (name) } dd { (readable(value, language)) } }
            }
        }
    }
}

/// Writes an attribute as people read it. Attributes are nested only a few levels deep.
fn readable(value: &Value, language: Language) -> String {
    let part = |value: &Value| readable(value, language);
    match value {
        Value::Null => "—".to_owned(),
        Value::Bool(is_so) => (if *is_so { pages::YES } else { pages::NO }).of(language).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(part).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}: {}", part(value)));
            members.collect::<Vec<_>>().join(", ")
        }
    }
}

fn card(product: &Product, details: &Details, language: Language) -> Markup {
    html! {
        li.good-card data-product=(product.id.0) data-status=(product.status_shown()) {
            span.art { (picture(product, details)) }
            div {
                div.spread {
                    h3 { a href=(format!("/products/{}", product.id.0)) { (product.name) } }
                    span.price { (won(product.price, language)) }
                }
                p.faint.num data-stock-text="" { (stock_text(product, language)) }
            }
        }
    }
}

fn stock_text(product: &Product, language: Language) -> String {
    match product.status_shown() {
        "ON_SALE" => pages::LEFT.with(count(product.available())).of(language).into_owned(),
        "SOLD_OUT" => pages::SOLD_OUT.of(language).to_owned(),
        _ => pages::OFF_SALE.of(language).to_owned(),
    }
}

/// `GET /products/{id}`.
pub(crate) async fn product(
    State(shop): State<Shop>,
    reader: Reader,
    id: Id<path::Product>,
) -> Result<Response, Problem> {
    let Some((product, details)) = shop.submitter.views.described(ProductId(id.0)).await.map_err(unavailable)? else {
        return Ok(nothing_here(&reader));
    };
    let content = html! {
        div.product data-product=(product.id.0) data-status=(product.status_shown()) {
            span.art { (picture(&product, &details)) }
            (offer(&product, &details, &reader))
        }
    };
    Ok(page(&reader, &product.name, content))
}

fn offer(product: &Product, details: &Details, reader: &Reader) -> Markup {
    let say = |text: Text| text.of(reader.language);
    let can_buy = product.status_shown() == "ON_SALE";
    html! {
        div.buy {
            p.label { (pages::PRODUCT_NUMBER.with(product.id.0).of(reader.language)) }
            h1 { (product.name) }
            p.price { (won(product.price, reader.language)) }
            @if let Some(drop) = product.drop { p { a href=(format!("/drops/{}", drop.0)) { (say(pages::IN_A_DROP)) } } }
            @if let Some(description) = &details.description { p.description { (description) } }
            (data_sheet(details, reader.language))
            div.card.stack {
                p.label { (say(pages::LIVE_STOCK)) }
                p.left aria-live="polite" {
                    span data-left="" { (count(product.available())) } small { (say(pages::LEFT_UNIT)) }
                }
                (meter(product.available(), product.on_hand, say(pages::LIVE_STOCK)))
            }
            form method="get" action="/checkout" {
                input type="hidden" name="product" value=(product.id.0);
                label { (say(pages::QUANTITY))
                    select name="quantity" {
                        @for quantity in 1..=QUANTITY_OFFERED.min(product.available().max(1)) { option value=(quantity) { (quantity) } }
                    }
                }
                button.wide data-buy="" disabled[!can_buy] {
                    @if can_buy { (say(pages::BUY)) } @else { (stock_text(product, reader.language)) }
                }
            }
            p.faint { (say(pages::STOCK_NOTE)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_are_written_for_people() {
        for (value, english, korean) in [
            (json!("white"), "white", "white"),
            (json!(270), "270", "270"),
            (json!(true), "yes", "예"),
            (json!(null), "—", "—"),
            (json!([260, "270"]), "260, 270", "260, 270"),
            (json!({"wash": {"hot": false}}), "wash: hot: no", "wash: hot: 아니요"),
        ] {
            let shown = [Language::English, Language::Korean].map(|language| readable(&value, language));
            assert_eq!(shown, [english, korean], "{value}");
        }
        assert_eq!(data_sheet(&Details::default(), Language::English).into_string(), "");
    }
}
