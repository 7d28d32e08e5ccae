//! What the shop looks like on the wire.

use app::rows::{Entry, Granted, Request};
use app::views::UserCoupon;
use app::wire_time;
use domain::coupon::Campaign;
use domain::ids::Codec;
use domain::order::{Order, Outcome, Rule};
use domain::order_saga::{Direction, Step, StepState};
use domain::pricing::Discount;
use domain::reason::Reason;
use domain::stock::Product;
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{examples, shapes};
use crate::openapi::words;

/// A page of a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PageOf{T}")]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = examples::CURSOR)]
    pub(crate) next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Order", example = examples::order())]
pub(crate) struct OrderBody {
    order_number: String,
    user_id: i64,
    items: Vec<ItemBody>,
    total_price: i64,
    discount_price: i64,
    points_used: i64,
    amount_due: i64,
    #[schemars(with = "words::PaymentWord")]
    payment: &'static str,
    #[schemars(with = "words::ModeWord")]
    mode: &'static str,
    /// The rule that chose the mode; absent where it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::RuleWord>")]
    chosen_by: Option<&'static str>,
    #[schemars(with = "words::OutcomeWord")]
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::ReasonWord>")]
    reason: Option<&'static str>,
    #[schemars(with = "words::OrderStatusWord")]
    status: &'static str,
    steps: Vec<StepBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    pay_before: Option<String>,
    #[schemars(with = "words::Moment")]
    created_at: String,
    #[schemars(with = "words::Moment")]
    updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrderItem")]
struct ItemBody {
    product_id: i64,
    name: String,
    quantity: i64,
    unit_price: i64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrderStep")]
struct StepBody {
    #[schemars(with = "words::StepWord")]
    step: &'static str,
    #[schemars(with = "words::StepStateWord")]
    state: &'static str,
    #[schemars(with = "words::Moment")]
    at: String,
}

pub(crate) fn order(order: &Order) -> OrderBody {
    let created = &order.created;
    OrderBody {
        order_number: created.number.to_string(),
        user_id: created.user.0,
        items: created
            .lines
            .iter()
            .map(|line| ItemBody {
                product_id: line.product.0,
                name: line.name.to_string(),
                quantity: line.quantity,
                unit_price: line.unit_price.amount(),
            })
            .collect(),
        total_price: created.total.amount(),
        discount_price: created.discount.amount(),
        points_used: created.points.amount(),
        amount_due: created.due.amount(),
        payment: created.payment.name(),
        mode: created.mode.name(),
        chosen_by: created.chosen_by.map(Rule::name),
        outcome: order.outcome.name(),
        reason: order.reason.map(Reason::code),
        status: order.status.name(),
        steps: steps(order),
        pay_before: order.pay_before.map(wire_time::format),
        created_at: wire_time::format(created.at),
        updated_at: wire_time::format(order.updated_at),
    }
}

/// Stock, coupon and points; the stock of several products is one step to the customer.
fn steps(order: &Order) -> Vec<StepBody> {
    let mut steps: Vec<(&'static str, StepState, Timestamp)> = vec![];
    for record in &order.saga.steps {
        let name = match record.step {
            Step::Stock(_) => "STOCK",
            Step::Coupon => "COUPON",
            Step::Point => "POINT",
        };
        match steps.last_mut() {
            Some((last, state, at)) if *last == name => {
                *state = combine(*state, record.state);
                *at = (*at).max(record.at);
            }
            _ => steps.push((name, record.state, record.at)),
        }
    }
    let is_claiming = order.saga.direction == Direction::Claiming;
    let is_skipped = |state| match state {
        StepState::Waiting => order.outcome == Outcome::Cancelled || !is_claiming,
        StepState::Requested => order.outcome == Outcome::Cancelled && is_claiming,
        StepState::Completed | StepState::Failed(_) | StepState::Restored => false,
    };
    let render = |(step, state, at): (&'static str, StepState, Timestamp)| StepBody {
        step,
        state: if is_skipped(state) { "SKIPPED" } else { state.name() },
        at: wire_time::format(at),
    };
    steps.into_iter().map(render).collect()
}

/// What is said of several products at once: the worst that happened to any of them.
fn combine(one: StepState, other: StepState) -> StepState {
    let weight = |state: StepState| match state {
        StepState::Failed(_) => 3,
        StepState::Requested | StepState::Waiting => 2,
        StepState::Restored => 1,
        StepState::Completed => 0,
    };
    if weight(other) > weight(one) { other } else { one }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Product", example = examples::product())]
pub(crate) struct ProductBody {
    product_id: i64,
    name: String,
    price: i64,
    available: i64,
    #[schemars(with = "words::ShownProductStatusWord")]
    status: &'static str,
}

pub(crate) fn product(product: &Product) -> ProductBody {
    ProductBody {
        product_id: product.id.0,
        name: product.name.to_string(),
        price: product.price.amount(),
        available: product.available(),
        status: product.status_shown(),
    }
}

/// A product as an admin sees it: with every counter.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StockedProduct", example = examples::stocked_product())]
pub(crate) struct StockedProductBody {
    product_id: i64,
    name: String,
    price: i64,
    /// Units neither reserved nor sold, under the name that the creating request uses.
    stock: i64,
    on_hand: i64,
    reserved: i64,
    available: i64,
    sold: i64,
    #[schemars(with = "words::ShownProductStatusWord")]
    status: &'static str,
}

pub(crate) fn stocked_product(product: &Product) -> StockedProductBody {
    StockedProductBody {
        product_id: product.id.0,
        name: product.name.to_string(),
        price: product.price.amount(),
        stock: product.on_hand,
        on_hand: product.on_hand,
        reserved: product.reserved,
        available: product.available(),
        sold: product.sold,
        status: product.status_shown(),
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Stock", example = examples::stock())]
pub(crate) struct StockBody {
    product_id: i64,
    on_hand: i64,
    reserved: i64,
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
    total_quantity: i64,
    issued: i64,
    remaining: i64,
    max_issue_per_user: i64,
    #[schemars(with = "words::Moment")]
    issue_starts_at: String,
    #[schemars(with = "words::Moment")]
    issue_ends_at: String,
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
    issue_number: i64,
    #[schemars(with = "words::UserCouponStatusWord")]
    status: &'static str,
    #[schemars(with = "words::Moment")]
    issued_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_order: Option<String>,
}

pub(crate) fn user_coupon(held: &UserCoupon, codec: &Codec, now: Timestamp) -> UserCouponBody {
    let coupon = &held.coupon;
    let status = match coupon.used_order {
        Some(_) => "USED",
        None if held.valid_until <= now => "EXPIRED",
        None => "ACTIVE",
    };
    UserCouponBody {
        user_coupon_id: coupon.code.to_string(),
        coupon_id: held.campaign.0,
        issue_number: coupon.issue_number,
        status,
        issued_at: wire_time::format(coupon.issued_at),
        used_order: coupon.used_order.map(|order| codec.order(order).to_string()),
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
    #[schemars(with = "Option<words::ResultCodeWord>")]
    result_code: Option<&'static str>,
    message: Option<&'static str>,
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
    coupon_history_id: String,
    coupon_id: i64,
    issue_number: i64,
    #[schemars(with = "words::Moment")]
    issued_at: String,
}

pub(crate) fn request(request: &Request, codec: &Codec) -> RequestBody {
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
        message: decision.map(|decision| decision.code.message()),
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
    /// What the account gained; negative when it paid.
    amount: i64,
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
