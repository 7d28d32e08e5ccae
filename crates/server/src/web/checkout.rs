//! The checkout: what the order holds, the coupon and points that pay for it, and where it goes.

use app::ports::views::UserCoupon;
use axum::extract::State;
use axum::response::Response;
use domain::ids::ProductId;
use domain::limits::QUANTITY_MAX;
use domain::money::Money;
use domain::stock::Product;
use maud::{Markup, html};
use schemars::JsonSchema;
use serde::Deserialize;

use super::art::poster;
use super::drops::{Place, place_for};
use super::format::{count, won, worth};
use super::layout::{page, to_login};
use super::reader::Reader;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{Text, pages};
use crate::http::Problem;
use crate::http::query::Query;

/// The coupons among which the customer chooses, newest first.
const COUPONS_OFFERED: usize = 20;

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct CheckoutQuery {
    product: Option<i64>,
    quantity: Option<i64>,
}

/// `GET /checkout`.
pub(crate) async fn checkout(
    State(shop): State<Shop>,
    reader: Reader,
    Query(query): Query<CheckoutQuery>,
) -> Result<Response, Problem> {
    let (id, quantity) = (query.product.unwrap_or_default(), query.quantity.unwrap_or(1).clamp(1, QUANTITY_MAX));
    let Some(user) = reader.user_id() else {
        return Ok(to_login(&format!("/checkout?product={id}&quantity={quantity}")));
    };
    let views = &shop.submitter.views;
    let say = |text: Text| text.of(reader.language);
    let Some(product) = views.product(ProductId(id)).await.map_err(unavailable)? else {
        let content = html! {
            div.narrow { h1 { (say(pages::CHECKOUT_TITLE)) } p.soft { (say(pages::NOTHING_CHOSEN)) } p { a.button href="/" { (say(pages::BACK_TO_SHOP)) } } }
        };
        return Ok(page(&reader, say(pages::CHECKOUT_TITLE), content));
    };
    let balance = views.balance(user).await.map_err(unavailable)?;
    let coupons =
        usable(&shop, &reader, views.coupons_of(user, None, COUPONS_OFFERED).await.map_err(unavailable)?).await?;
    let total = product.price.times(quantity);
    let place = place_for(&shop, &product, user).await?;
    let ticket = place.as_ref().and_then(|place| place.ticket.as_deref());
    let content = html! {
        section.section {
            h1 { (say(pages::CHECKOUT_TITLE)) }
            form.two data-form="checkout" data-product=(product.id.0) data-quantity=(quantity) data-total=(total.amount()) data-ticket=[ticket] {
                div.stack {
                    fieldset {
                        legend { (say(pages::WHICH_COUPON)) }
                        label.choice { input type="radio" name="coupon" value="" checked data-discount="0"; span { (say(pages::WITHOUT_COUPON)) } span {} }
                        @for offered in &coupons { (choice(offered, total, &reader)) }
                    }
                    label { (say(pages::USE_POINTS))
                        input type="number" name="points" min="0" max=(balance.amount()) step="1" value="0" inputmode="numeric";
                        span.hint { (pages::POINTS_HINT.with(count(balance.amount())).with(1).of(reader.language)) }
                    }
                    (receiver(&reader))
                    fieldset {
                        legend { (say(pages::HOW_TO_PAY)) }
                        label.choice { input type="radio" name="payment" value="PREPAID" checked; span { (say(pages::PAY_NOW)) } span {} }
                        label.choice { input type="radio" name="payment" value="ON_DELIVERY"; span { (say(pages::PAY_ON_DELIVERY)) } span {} }
                    }
                }
                (summary(&product, quantity, place.as_ref(), &reader))
            }
        }
    };
    Ok(page(&reader, say(pages::CHECKOUT_TITLE), content))
}

/// A coupon that the customer may use, with its campaign's name and worth.
struct Offered {
    held: UserCoupon,
    campaign: domain::coupon::Campaign,
}

/// Returns the coupons that are neither used nor expired.
async fn usable(shop: &Shop, reader: &Reader, held: Vec<UserCoupon>) -> Result<Vec<Offered>, Problem> {
    let mut offered = vec![];
    for held in held.into_iter().filter(|held| held.coupon.used_order.is_none() && held.valid_until > reader.now) {
        if let Some(campaign) = shop.submitter.views.campaign(held.campaign).await.map_err(unavailable)? {
            offered.push(Offered { held, campaign });
        }
    }
    Ok(offered)
}

fn choice(offered: &Offered, total: Money, reader: &Reader) -> Markup {
    let discount = offered.campaign.discount;
    html! {
        label.choice {
            input type="radio" name="coupon" value=(offered.held.coupon.code) data-discount=(discount.on(total).amount());
            span { (offered.campaign.name) " " span.faint.num { (pages::NUMBER_OF.with(count(offered.held.coupon.issue_number)).of(reader.language)) } }
            span.price { (worth(discount, reader.language)) }
        }
    }
}

fn receiver(reader: &Reader) -> Markup {
    let field = |name: &str, label: Text, autocomplete: &str| {
        html! { label { (label.of(reader.language)) input name=(name) required maxlength="200" autocomplete=(autocomplete); } }
    };
    html! {
        fieldset {
            legend { (pages::RECEIVER.of(reader.language)) }
            (field("name", pages::RECEIVER_NAME, "name"))
            (field("phone", pages::RECEIVER_PHONE, "tel"))
            (field("postalCode", pages::RECEIVER_ZIP, "postal-code"))
            (field("address", pages::RECEIVER_ADDRESS, "street-address"))
        }
    }
}

fn summary(product: &Product, quantity: i64, place: Option<&Place>, reader: &Reader) -> Markup {
    let language = reader.language;
    let say = |text: Text| text.of(language);
    let total = product.price.times(quantity);
    let waits = place.is_some_and(|place| !place.is_admitted);
    let sum = |name: &str, label: Text, amount: Money| {
        html! { div { dt { (say(label)) } dd data-sum=(name) { (won(amount, language)) } } }
    };
    html! {
        aside.card.stack {
            ul.lines { li {
                span.art { (poster(product.id)) }
                span { strong { (product.name) } br; span.faint.num { (count(quantity)) " × " (won(product.price, language)) } }
                span.price { (won(total, language)) }
            } }
            dl.sums {
                (sum("items", pages::ITEMS_TOTAL, total))
                (sum("coupon", pages::COUPON_DISCOUNT, Money::ZERO))
                (sum("points", pages::POINTS_DISCOUNT, Money::ZERO))
                div.total { dt { (say(pages::TO_PAY)) } dd data-sum="due" aria-live="polite" { (won(total, language)) } }
            }
            button.wide hidden[waits] disabled[waits] { (say(pages::PLACE_ORDER)) }
            p.say role="alert" {}
            @if let Some(place) = place {
                p.say.warn role="alert" data-waits="" hidden[!waits] {
                    (say(place.waits)) " " a href=(format!("/drops/{}", place.drop.0)) { (say(pages::TO_WAITING_ROOM)) }
                }
            }
            noscript { p.say.warn { (say(pages::NEEDS_SCRIPTS)) } }
        }
    }
}
