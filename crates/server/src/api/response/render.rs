//! The bodies of answers, rendered from rows.

use app::events::wire_time;
use app::history::customer::HeldCoupon;
use app::payments::currency;
use app::ports::views::UserCoupon;
use app::state::rows::{Details, Entry, Granted, Request};
use domain::coupon::Campaign;
use domain::ids::Codec;
use domain::pricing::Discount;
use domain::stock::Product;
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{examples, shapes};
use crate::api::texts;
use crate::http::language::Language;
use crate::openapi::words;

mod order;

pub(crate) use order::{NextActionBody, OrderBody, body as order_body, next_action, order, order_to_act_on, orders};

/// One page of a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PageOf{T}")]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    /// The `cursor` of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = examples::CURSOR)]
    pub(crate) next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Product", example = examples::product())]
pub(crate) struct ProductBody {
    product_id: i64,
    name: String,
    /// In the currency's smallest unit.
    price: i64,
    /// The code of the currency of all amounts.
    #[schemars(example = &"KRW")]
    currency: &'static str,
    /// Units that a new order can still get.
    available: i64,
    #[schemars(with = "words::ShownProductStatusWord")]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Map<String, Value>>,
}

pub(crate) fn product(product: &Product, details: &Details) -> ProductBody {
    ProductBody {
        product_id: product.id.0,
        name: product.name.to_string(),
        price: product.price.amount(),
        currency: currency::of_shop().code(),
        available: product.available(),
        status: product.status_shown(),
        sku: details.sku.as_deref().map(str::to_owned),
        external_id: details.external_id.as_deref().map(str::to_owned),
        description: details.description.as_deref().map(str::to_owned),
        image_url: details.image_url.as_deref().map(str::to_owned),
        attributes: details.attributes.as_deref().cloned(),
    }
}

/// A product as admins see it, with all of its counters.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StockedProduct", example = examples::stocked_product())]
pub(crate) struct StockedProductBody {
    product_id: i64,
    name: String,
    /// In the currency's smallest unit.
    price: i64,
    /// The code of the currency of all amounts.
    #[schemars(example = &"KRW")]
    currency: &'static str,
    /// The same as `onHand`, under the name that the registering request uses.
    stock: i64,
    /// Units in the house, reserved ones included.
    on_hand: i64,
    /// Units held by orders that are not completed.
    reserved: i64,
    /// `onHand` minus `reserved`.
    available: i64,
    /// Units sold.
    sold: i64,
    #[schemars(with = "words::ShownProductStatusWord")]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Map<String, Value>>,
}

pub(crate) fn stocked_product(product: &Product, details: &Details) -> StockedProductBody {
    StockedProductBody {
        product_id: product.id.0,
        name: product.name.to_string(),
        price: product.price.amount(),
        currency: currency::of_shop().code(),
        stock: product.on_hand,
        on_hand: product.on_hand,
        reserved: product.reserved,
        available: product.available(),
        sold: product.sold,
        status: product.status_shown(),
        sku: details.sku.as_deref().map(str::to_owned),
        external_id: details.external_id.as_deref().map(str::to_owned),
        description: details.description.as_deref().map(str::to_owned),
        image_url: details.image_url.as_deref().map(str::to_owned),
        attributes: details.attributes.as_deref().cloned(),
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Stock", example = examples::stock())]
pub(crate) struct StockBody {
    product_id: i64,
    /// Units in the house, reserved ones included.
    on_hand: i64,
    /// Units held by orders that are not completed.
    reserved: i64,
    /// `onHand` minus `reserved`.
    available: i64,
}

pub(crate) fn stock(product: &Product) -> StockBody {
    StockBody {
        product_id: product.id.0,
        on_hand: product.on_hand,
        reserved: product.reserved,
        available: product.available(),
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Campaign", example = examples::campaign())]
pub(crate) struct CampaignBody {
    coupon_id: i64,
    name: String,
    #[schemars(with = "shapes::ShownDiscount")]
    discount: Discount,
    /// The code of the currency of all amounts.
    #[schemars(example = &"KRW")]
    currency: &'static str,
    /// Coupons that the campaign can issue in all.
    total_quantity: i64,
    /// Coupons issued so far.
    issued: i64,
    /// Coupons that can still be issued.
    remaining: i64,
    /// The most coupons of the campaign that one user gets.
    max_issue_per_user: i64,
    #[schemars(with = "words::Moment")]
    issue_starts_at: String,
    #[schemars(with = "words::Moment")]
    issue_ends_at: String,
    /// When the issued coupons expire.
    #[schemars(with = "words::Moment")]
    valid_until: String,
    #[schemars(with = "words::IssueModeWord")]
    issue_mode: &'static str,
    #[schemars(with = "words::QueueKeyWord")]
    queue_key: &'static str,
    paused: bool,
}

pub(crate) fn campaign(campaign: &Campaign) -> CampaignBody {
    CampaignBody {
        coupon_id: campaign.id.0,
        name: campaign.name.to_string(),
        discount: campaign.discount,
        currency: currency::of_shop().code(),
        total_quantity: campaign.quantity,
        issued: campaign.issued,
        remaining: campaign.remaining(),
        max_issue_per_user: campaign.issue_per_user_max,
        issue_starts_at: wire_time::format(campaign.issue_starts_at),
        issue_ends_at: wire_time::format(campaign.issue_ends_at),
        valid_until: wire_time::format(campaign.valid_until),
        issue_mode: campaign.issue_mode.name(),
        queue_key: campaign.queue_key.name(),
        paused: campaign.paused,
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UserCoupon", example = examples::user_coupon())]
pub(crate) struct UserCouponBody {
    user_coupon_id: String,
    coupon_id: i64,
    /// 1 to N in the order of decision, without gap or repeat.
    issue_number: i64,
    #[schemars(with = "words::UserCouponStatusWord")]
    status: &'static str,
    #[schemars(with = "words::Moment")]
    issued_at: String,
    /// The number of the order that uses the coupon.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_order: Option<String>,
}

pub(crate) fn user_coupon(held: &UserCoupon, codec: &Codec, now: Timestamp) -> UserCouponBody {
    let coupon = &held.coupon;
    let status = coupon_status(coupon.used_order.is_some(), held.valid_until, now);
    UserCouponBody {
        user_coupon_id: coupon.code.to_string(),
        coupon_id: held.campaign.0,
        issue_number: coupon.issue_number,
        status,
        issued_at: wire_time::format(coupon.issued_at),
        used_order: coupon.used_order.map(|order| codec.order(order).to_string()),
    }
}

/// Renders a coupon as it was at a moment.
pub(crate) fn held_coupon(held: &HeldCoupon, valid_until: Timestamp, at: Timestamp) -> UserCouponBody {
    UserCouponBody {
        user_coupon_id: held.code.to_string(),
        coupon_id: held.campaign.0,
        issue_number: held.issue_number,
        status: coupon_status(held.used_order.is_some(), valid_until, at),
        issued_at: wire_time::format(held.issued_at),
        used_order: held.used_order.as_ref().map(ToString::to_string),
    }
}

fn coupon_status(is_used: bool, valid_until: Timestamp, now: Timestamp) -> &'static str {
    match is_used {
        true => "USED",
        false if valid_until <= now => "EXPIRED",
        false => "ACTIVE",
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CouponRequest", example = examples::coupon_request())]
pub(crate) struct RequestBody {
    request_id: String,
    coupon_id: i64,
    #[schemars(with = "words::RequestStatusWord")]
    status: &'static str,
    /// `null` until the request is decided, like `message` and `result`.
    #[schemars(with = "Option<words::ResultCodeWord>")]
    result_code: Option<&'static str>,
    /// In the language of `Accept-Language`.
    message: Option<&'static str>,
    /// The issued coupon; `null` if none was issued.
    result: Option<RequestResultBody>,
    #[schemars(with = "words::Moment")]
    created_at: String,
    #[schemars(with = "words::Moment")]
    updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CouponRequestResult")]
struct RequestResultBody {
    user_coupon_id: String,
    /// The same as `userCouponId`.
    coupon_history_id: String,
    coupon_id: i64,
    /// 1 to N in the order of decision, without gap or repeat.
    issue_number: i64,
    #[schemars(with = "words::Moment")]
    issued_at: String,
}

pub(crate) fn request(request: &Request, codec: &Codec, language: Language) -> RequestBody {
    let decision = request.decision.as_ref();
    let granted = |granted: &Granted, at: Timestamp| RequestResultBody {
        user_coupon_id: granted.code.to_string(),
        coupon_history_id: granted.code.to_string(),
        coupon_id: request.campaign.0,
        issue_number: granted.issue_number,
        issued_at: wire_time::format(at),
    };
    RequestBody {
        request_id: codec.request(request.id).to_string(),
        coupon_id: request.campaign.0,
        status: request.status.name(),
        result_code: decision.map(|decision| decision.code.name()),
        message: decision.map(|decision| texts::coupons::of_result(decision.code).of(language)),
        result: decision.and_then(|decision| decision.granted.as_ref().map(|found| granted(found, decision.at))),
        created_at: wire_time::format(request.created_at),
        updated_at: wire_time::format(request.updated_at),
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PointsEntry", example = examples::points_entry())]
pub(crate) struct EntryBody {
    kind: &'static str,
    /// Points added to the account; negative if deducted.
    amount: i64,
    /// The balance in points after this entry.
    balance: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_number: Option<String>,
    #[schemars(with = "words::Moment")]
    at: String,
}

pub(crate) fn entry(entry: &Entry, codec: &Codec) -> EntryBody {
    let gained = entry.to_account == entry.user.0;
    EntryBody {
        kind: entry.kind,
        amount: if gained { entry.amount.amount() } else { -entry.amount.amount() },
        balance: entry.balance.amount(),
        order_number: entry.order.map(|order| codec.order(order).to_string()),
        at: wire_time::format(entry.at),
    }
}
