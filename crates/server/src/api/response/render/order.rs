//! The body of an order, with its payment, shipment and storage.

use app::audit::Fulfilment;
use app::events::wire_time;
use app::payments::currency;
use app::ports::StoreError;
use domain::ids::{Codec, ProductId};
use domain::money::Money;
use domain::order::saga::{Direction, Step, StepState};
use domain::order::{Order, Outcome, Receiver, RefundAsked, Rule};
use domain::payment::Payment;
use domain::reason::Reason;
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::Shop;
use crate::api::request::site::Site;
use crate::api::response::refusals::unavailable;
use crate::api::response::{examples, shapes};
use crate::http::Problem;
use crate::openapi::words;
use crate::system::logging;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Order", example = examples::order())]
pub(crate) struct OrderBody {
    order_number: String,
    user_id: i64,
    items: Vec<ItemBody>,
    /// The same as `totalAmount`.
    total_price: i64,
    /// The same as `discountAmount`.
    discount_price: i64,
    /// The code of the currency of all amounts.
    #[schemars(example = &"KRW")]
    currency: &'static str,
    /// The items' total: `discountAmount` + `pointsUsed` + `amountDue`.
    total_amount: i64,
    /// The coupon's discount.
    discount_amount: i64,
    /// Points used; one point is worth one of the currency's smallest unit.
    points_used: i64,
    /// The amount to pay, as the order was placed. With payment on delivery, `noLongerDue` is taken off it.
    amount_due: i64,
    /// The part of `amountDue` that is not to be paid on delivery any more, because its units were returned. If it had been
    /// paid, the shop itself returns it. Absent if it is zero, and for prepaid orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_longer_due: Option<i64>,
    /// Money captured from the customer.
    paid_amount: i64,
    /// Money refunded to the customer.
    refunded_amount: i64,
    payment: PaymentBody,
    /// Absent unless the goods are shipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipment: Option<ParcelBody>,
    /// Absent unless the warehouse stores the goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<StoredBody>,
    /// Absent until a receiver is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<shapes::Receiver>")]
    receiver: Option<Receiver>,
    #[schemars(with = "words::ModeWord")]
    mode: &'static str,
    /// The rule that chose the mode. Absent if the mode was fixed.
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
    /// The reason given by the person who cancelled the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<String>,
    /// The reason given with the last refund request.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_reason: Option<String>,
    /// The shop's reason for rejecting the last refund request.
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_reason: Option<String>,
    /// The refund request that waits for the shop's decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_request: Option<RefundRequestBody>,
    steps: Vec<StepBody>,
    /// The payment deadline; an order that is not paid by then is cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    pay_before: Option<String>,
    #[schemars(with = "words::Moment")]
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    completed_at: Option<String>,
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
    /// In the currency's smallest unit.
    unit_price: i64,
    /// Units whose price was refunded.
    refunded_quantity: i64,
    /// Refunded units that have not arrived yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    awaited_quantity: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefundRequest")]
struct RefundRequestBody {
    items: Vec<RefundRequestItem>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefundRequestItem")]
struct RefundRequestItem {
    product_id: i64,
    quantity: i64,
}

/// The payment of an order: its terms, amounts, and status.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrderPayment")]
struct PaymentBody {
    #[schemars(with = "words::PaymentWord")]
    terms: &'static str,
    /// The same as the order's `amountDue`.
    amount: i64,
    captured_amount: i64,
    refunded_amount: i64,
    /// Absent until a payment is started, like all fields below.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::PaymentStatusWord>")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::MethodWord>")]
    method: Option<&'static str>,
    /// The number of the last attempt, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<i64>,
    /// The provider's code for the declined last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_code: Option<String>,
    /// What the customer must do while `status` is REQUIRES_ACTION. Shown by `GET /api/orders/{orderNumber}` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<NextActionBody>,
}

/// What a customer must do for their payment.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NextAction")]
pub(crate) struct NextActionBody {
    #[serde(rename = "type")]
    #[schemars(with = "shapes::NextActionWord")]
    kind: &'static str,
    /// The page of the provider on which the customer acts.
    url: String,
}

/// Returns the action that a payment waits for; `None` if it waits for none, or only the provider's script can do it.
pub(crate) fn next_action(payment: &Payment, site: &Site) -> Option<NextActionBody> {
    let action = payment.action.as_deref().filter(|_| payment.requires_action())?;
    Some(NextActionBody { kind: "redirect", url: site.absolute(action.url.as_deref()?) })
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrderShipment")]
struct ParcelBody {
    #[schemars(with = "words::ShipmentStatusWord")]
    status: &'static str,
    /// The carrier's tracking number.
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<String>,
    #[schemars(with = "words::Moment")]
    updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrderStorage")]
struct StoredBody {
    #[schemars(with = "words::StorageStatusWord")]
    status: &'static str,
    #[schemars(with = "words::Moment")]
    updated_at: String,
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

/// Renders an order with its payment, shipment and storage. Skips the lookup if the order cannot have any.
pub(crate) async fn order(shop: &Shop, order: &Order) -> Result<OrderBody, Problem> {
    Ok(body(order, &fulfilment(shop, order).await?, &shop.submitter.codec))
}

/// The same with what the customer must do for the payment.
pub(crate) async fn order_to_act_on(shop: &Shop, order: &Order, site: &Site) -> Result<OrderBody, Problem> {
    let of_it = fulfilment(shop, order).await?;
    let mut body = body(order, &of_it, &shop.submitter.codec);
    body.payment.next_action = of_it.payment.as_ref().and_then(|payment| next_action(payment, site));
    Ok(body)
}

async fn fulfilment(shop: &Shop, order: &Order) -> Result<Fulfilment, Problem> {
    if !may_have_more(order) {
        return Ok(Fulfilment::default());
    }
    let found = shop.submitter.views.fulfilments(vec![order.id()]).await.map_err(unavailable)?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// Reads the payments, shipments and storages of a page's orders together.
pub(crate) async fn orders(shop: &Shop, orders: Vec<Order>) -> Result<Vec<(Order, Fulfilment)>, Problem> {
    let ids = orders.iter().filter(|order| may_have_more(order)).map(Order::id).collect();
    let mut found = match shop.submitter.views.fulfilments(ids).await {
        Ok(found) => found.into_iter(),
        Err(StoreError::Unreadable(_)) => return readable_orders(shop, orders).await,
        Err(error) => return Err(unavailable(error)),
    };
    let with = |order: Order| {
        let of_it = if may_have_more(&order) { found.next() } else { None };
        (order, of_it.unwrap_or_default())
    };
    Ok(orders.into_iter().map(with).collect())
}

/// The same one by one: an order whose payment, shipment or storage cannot be read is left out of the list.
async fn readable_orders(shop: &Shop, orders: Vec<Order>) -> Result<Vec<(Order, Fulfilment)>, Problem> {
    let mut readable = vec![];
    for order in orders {
        match shop.submitter.views.fulfilments(vec![order.id()]).await {
            Ok(found) => readable.push((order, found.into_iter().next().unwrap_or_default())),
            Err(error @ StoreError::Unreadable(_)) => logging::error("An order was left out of a list", &error),
            Err(error) => return Err(unavailable(error)),
        }
    }
    Ok(readable)
}

/// Returns `true` if the order may have a payment, a shipment or a storage.
fn may_have_more(order: &Order) -> bool {
    let may_be_paid = order.is_prepaid() && (order.pay_before.is_some() || order.outcome != Outcome::Pending);
    may_be_paid || (order.has_destination() && order.outcome == Outcome::Completed)
}

pub(crate) fn body(order: &Order, of_it: &Fulfilment, codec: &Codec) -> OrderBody {
    let created = &order.created;
    let payment = payment(order, of_it, codec);
    let at = |moment: Timestamp| wire_time::format(moment);
    OrderBody {
        order_number: created.number.to_string(),
        user_id: created.user.0,
        items: items(order),
        total_price: created.total.amount(),
        discount_price: created.discount.amount(),
        total_amount: created.total.amount(),
        discount_amount: created.discount.amount(),
        points_used: created.points.amount(),
        amount_due: created.due.amount(),
        no_longer_due: Some(order.no_longer_due()).filter(|amount| !amount.is_zero()).map(Money::amount),
        currency: currency::of_shop().code(),
        paid_amount: payment.captured_amount,
        refunded_amount: payment.refunded_amount,
        payment,
        shipment: of_it.shipment.as_ref().map(|shipment| ParcelBody {
            status: shipment.state.name(),
            tracking_number: shipment.tracking.as_deref().map(str::to_owned),
            updated_at: at(shipment.updated_at),
        }),
        storage: of_it
            .storage
            .map(|storage| StoredBody { status: storage.state.name(), updated_at: at(storage.updated_at) }),
        receiver: created.receiver.clone(),
        mode: created.mode.name(),
        chosen_by: created.chosen_by.map(Rule::name),
        outcome: order.outcome.name(),
        reason: order.reason.map(Reason::code),
        status: order.status.name(),
        cancel_reason: order.cancel_reason().map(|reason| reason.to_string()),
        refund_reason: order.refund_reason().map(|reason| reason.to_string()),
        reject_reason: order.reject_reason().map(|reason| reason.to_string()),
        refund_request: order.refund_asked().map(refund_request),
        steps: steps(order),
        pay_before: order.pay_before.map(wire_time::format),
        created_at: at(created.at),
        completed_at: order.completed_at.map(wire_time::format),
        updated_at: at(order.updated_at),
    }
}

fn refund_request(asked: &RefundAsked) -> RefundRequestBody {
    let item =
        |(product, quantity): &(ProductId, i64)| RefundRequestItem { product_id: product.0, quantity: *quantity };
    RefundRequestBody { items: asked.lines.iter().map(item).collect() }
}

fn items(order: &Order) -> Vec<ItemBody> {
    let lines = order.created.lines.iter().enumerate();
    let item = |(place, line): (usize, &domain::order::Line)| ItemBody {
        product_id: line.product.0,
        name: line.name.to_string(),
        quantity: line.quantity,
        unit_price: line.unit_price.amount(),
        refunded_quantity: order.returned(place),
        awaited_quantity: Some(order.awaited(line.product)).filter(|units| *units > 0),
    };
    lines.map(item).collect()
}

fn payment(order: &Order, of_it: &Fulfilment, codec: &Codec) -> PaymentBody {
    let payment = of_it.payment.as_ref();
    let won = |amount: Option<Money>| amount.unwrap_or_default().amount();
    PaymentBody {
        terms: order.created.payment.name(),
        amount: order.created.due.amount(),
        captured_amount: won(payment.map(|payment| payment.captured)),
        refunded_amount: won(payment.map(|payment| payment.refunded + payment.resolved)),
        payment_id: payment.map(|payment| codec.payment(payment.order).to_string()),
        status: payment.map(|payment| payment.state.shown()),
        method: payment.map(|payment| payment.method.name()),
        attempt: payment.map(|payment| payment.attempt),
        failure_code: payment.and_then(|payment| payment.refusal.as_deref()).map(str::to_owned),
        next_action: None,
    }
}

/// Returns the steps stock, coupon and points; the stock of several products is one step to the customer.
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

/// Combines the stock steps of several products: the worst state wins.
fn combine(one: StepState, other: StepState) -> StepState {
    let weight = |state: StepState| match state {
        StepState::Failed(_) => 3,
        StepState::Requested | StepState::Waiting => 2,
        StepState::Restored => 1,
        StepState::Completed => 0,
    };
    if weight(other) > weight(one) { other } else { one }
}
