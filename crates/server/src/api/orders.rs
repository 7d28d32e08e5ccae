//! Endpoints of orders: place, read, list events, cancel.

pub(crate) mod hold;
pub(crate) mod listing;
pub(crate) mod owner;
pub(crate) mod status;
pub(crate) mod stuck;

use std::sync::Arc;
use std::time::Duration;

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, PlaceOrder};
use app::events::{history, wire_time};
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::ids::{CampaignId, Code as Number, CouponId, OrderId, ProductId, UserId};
use domain::limits::{LINES_MAX, NUMBER_MAX, QUANTITY_MAX};
use domain::money::Money;
use domain::order::{Choice, Mode, Order, Payment, Receiver};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shop;
use super::request::site::Site;
use super::request::submission::Submission;
use super::response::refusals::{coupon_not_found, order_not_found, problem};
use super::response::render::{self, Page};
use super::response::{examples, shapes};
use crate::api::request::checks::{check_receiver, check_text, note_of};
use crate::api::request::pages::PageQuery;
use crate::api::response::refusals::unavailable;
use crate::api::response::replies::{accepted, applied, mark_replayed};
use crate::api::texts::{details, values};
use crate::api::users::staff::role_in_force;
use crate::http::cursor::List;
use crate::http::headers::{Prefer, QueueTickets};
use crate::http::json::Json;
use crate::http::path::{self, Name};
use crate::http::query::Query;
use crate::http::{Code, Problem, Violations};
use crate::live::waiting::{Known, Subject};
use crate::openapi::words;
use crate::runtime::estimates::{self, ORDER_UNTIL_MEASURED};
use crate::security::auth::Role;
use owner::Whose;

const CANCEL_REASON_CHARS_MAX: usize = 500;
/// A synchronous order is decided in the commit that places it, unless a participant is out of service.
const SYNC_WAIT: Duration = Duration::from_secs(10);

/// An order to place. Send `couponId` or `userCouponId`, not both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PlaceOrder", example = examples::place_order(), extend("not" = shapes::both_coupons()))]
pub(crate) struct PlaceBody {
    /// Lines of the same product are added up.
    #[schemars(length(min = 1, max = LINES_MAX))]
    items: Vec<ItemBody>,
    /// The campaign whose coupon is used: the user's oldest active one.
    #[serde(default)]
    coupon_id: Option<i64>,
    /// The user's coupon that is used.
    #[serde(default)]
    user_coupon_id: Option<String>,
    /// Points to use, each worth one of the currency's smallest unit; at most the items' total minus the discount. Default: 0.
    #[serde(default)]
    #[schemars(range(min = 0, max = NUMBER_MAX))]
    points_to_use: Option<i64>,
    /// Default: PREPAID.
    #[serde(default)]
    #[schemars(with = "Option<words::PaymentWord>")]
    payment: Option<Payment>,
    /// The receiver of the goods. Can also be named later, when the order is processed.
    #[serde(default)]
    #[schemars(with = "Option<shapes::Receiver>")]
    receiver: Option<Receiver>,
    /// `true` to store the goods in the warehouse instead of shipping them. Default: `false`.
    #[serde(default)]
    warehouse_storage: Option<bool>,
    /// The items' total that the customer was shown, before discount and points. A different total is refused.
    #[serde(default)]
    #[schemars(range(min = 0, max = NUMBER_MAX))]
    total_amount: Option<i64>,
    /// Must be the token's user, or absent.
    #[serde(default)]
    user_id: Option<i64>,
    /// For admins only. Default: the shop's current mode.
    #[serde(default)]
    #[schemars(with = "Option<words::ChoiceWord>")]
    mode: Option<Choice>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PlaceOrderItem")]
struct ItemBody {
    #[schemars(range(min = 1))]
    product_id: i64,
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    quantity: i64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CancelOrder", example = examples::cancel_order())]
pub(crate) struct CancelBody {
    #[serde(default)]
    #[schemars(length(max = CANCEL_REASON_CHARS_MAX), regex(pattern = words::TEXT))]
    reason: Option<String>,
}

/// The order is accepted; its outcome is decided later.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Receipt", example = examples::receipt())]
pub(crate) struct Receipt {
    order_number: String,
    #[schemars(with = "words::Pending")]
    status: &'static str,
    /// The expected time until the order's outcome: an ISO 8601 duration in whole seconds, estimated from the latest orders of its
    /// mode, and not before the next retry of a failing participant. PT10S until an order was measured.
    estimated_processing_time: String,
    /// The path of the order's status, for polling.
    tracking_url: String,
}

/// `POST /api/orders` (O-01…O-05).
pub(crate) async fn place(
    State(shop): State<Shop>,
    QueueTickets(tickets): QueueTickets,
    submission: Submission<PlaceBody>,
) -> Result<Response, Problem> {
    submission.check_user(submission.body.user_id)?;
    if submission.body.mode.is_some() && role_in_force(&shop, submission.principal).await? != Role::Admin {
        return Err(Problem::new(Code::AuthForbidden, details::MODE_FOR_ADMINS).at("#/mode"));
    }
    check(&submission.body)?;
    let order = PlaceOrder { tickets, ..wanted(&shop, &submission).await? };
    let reply = shop.submitter.submit(Command::PlaceOrder(Box::new(order)), submission.idempotency).await;
    let Answer::OrderPlaced { order, number } = reply.result.map_err(|refusal| refused(&submission.body, &refusal))?
    else {
        unreachable!("placing an order is answered with the order");
    };
    let known = if reply.order.is_some() { Known::Undone } else { Known::Nothing };
    let placed = match reply.order {
        Some(placed) => Some(placed),
        // A repeated answer carries no order; its mode is read from the store.
        None => shop.submitter.views.order(order).await.map_err(unavailable)?.map(Arc::new),
    };
    let wait = submission.prefer.wait.or_else(|| placed.as_deref().and_then(waits_by_mode));
    let ended = match (&placed, wait) {
        (Some(placed), Some(_)) if !placed.outcome.is_under_way() => Some(render::order(&shop, placed).await?),
        (_, Some(wait)) => match outcome(&shop, order, known, wait).await? {
            Some(order) => Some(render::order(&shop, &order).await?),
            None => None,
        },
        (_, None) => None,
    };
    let mut response = match ended {
        Some(order) => (StatusCode::OK, Json(order)).into_response(),
        None => {
            let estimate = estimate(&shop, placed.as_deref(), wait.is_some()).await?;
            accepted(receipt(&number, estimate), estimate)
        }
    };
    let location = format!("/api/orders/{number}");
    let location = HeaderValue::try_from(location).expect("an order number is letters and digits");
    response.headers_mut().insert(LOCATION, location);
    applied(&mut response, submission.prefer);
    mark_replayed(&mut response, reply.replayed);
    Ok(response)
}

/// Returns the problem of a refusal. A coupon that is worth nothing is named by the field that chose it.
fn refused(body: &PlaceBody, refusal: &Refusal) -> Problem {
    let problem = problem(refusal);
    if *refusal != Refusal::CouponWorthless {
        return problem;
    }
    problem.at(if body.user_coupon_id.is_some() { "#/userCouponId" } else { "#/couponId" })
}

/// Returns the time to wait for an order in the mode `sync`, also without `Prefer: wait`.
fn waits_by_mode(order: &Order) -> Option<Duration> {
    (order.created.mode == Mode::Sync).then_some(SYNC_WAIT)
}

/// Returns the expected time until the order is decided. Reads the order's timer only if the request has already waited.
async fn estimate(shop: &Shop, order: Option<&Order>, has_waited: bool) -> Result<Option<Duration>, Problem> {
    let Some(order) = order else { return Ok(None) };
    if !has_waited {
        return Ok(shop.estimates.of_order(order).await);
    }
    let at = shop.estimates.completion(order, None).await.map_err(unavailable)?;
    Ok(at.map(|at| at - shop.submitter.clock.now()))
}

fn receipt(number: &Number, estimate: Option<Duration>) -> Receipt {
    Receipt {
        order_number: number.to_string(),
        status: "PENDING",
        estimated_processing_time: estimates::iso(estimate.unwrap_or(ORDER_UNTIL_MEASURED)),
        tracking_url: format!("/api/orders/{number}/status"),
    }
}

/// Checks all values of the body.
///
/// # Errors
/// One problem that names every invalid value.
pub(super) fn check(body: &PlaceBody) -> Result<(), Problem> {
    if body.items.is_empty() {
        return Err(Problem::new(Code::OrderEmpty, details::ORDER_EMPTY).at("#/items"));
    }
    let mut violations = Violations::default();
    if body.items.len() > LINES_MAX {
        violations.push("#/items", "too_many", values::LINES_MAX.with(LINES_MAX));
    }
    for (line, item) in body.items.iter().enumerate() {
        if !(1..=QUANTITY_MAX).contains(&item.quantity) {
            let detail = values::FROM_TO.with(1).with(QUANTITY_MAX);
            violations.push(format!("#/items/{line}/quantity"), "out_of_range", detail);
        }
    }
    if body.points_to_use.is_some_and(|points| !(0..=NUMBER_MAX).contains(&points)) {
        violations.push("#/pointsToUse", "out_of_range", values::FROM_TO.with(0).with(NUMBER_MAX));
    }
    if body.total_amount.is_some_and(|total| !(0..=NUMBER_MAX).contains(&total)) {
        violations.push("#/totalAmount", "out_of_range", values::FROM_TO.with(0).with(NUMBER_MAX));
    }
    if body.coupon_id.is_some() && body.user_coupon_id.is_some() {
        violations.push("#/userCouponId", "conflict", values::ONE_COUPON);
    }
    if let Some(receiver) = &body.receiver {
        check_receiver(receiver, &mut violations);
    }
    violations.into_result()
}

async fn wanted(shop: &Shop, submission: &Submission<PlaceBody>) -> Result<PlaceOrder, Problem> {
    let body = &submission.body;
    let user = submission.user();
    let coupon = match (&body.user_coupon_id, body.coupon_id) {
        (Some(code), _) => Some(own_coupon(shop, code, user).await?),
        (None, campaign) => campaign.map(|campaign| (CampaignId(campaign), None)),
    };
    Ok(PlaceOrder {
        user,
        items: body.items.iter().map(|item| (ProductId(item.product_id), item.quantity)).collect(),
        coupon,
        points: Money::won(body.points_to_use.unwrap_or(0)),
        payment: body.payment.unwrap_or(Payment::Prepaid),
        receiver: body.receiver.clone(),
        warehouse_storage: body.warehouse_storage.unwrap_or(false),
        total_shown: body.total_amount.map(Money::won),
        mode: body.mode,
        tickets: vec![],
    })
}

/// Returns a coupon of the user. The coupon of another user is answered as not found.
async fn own_coupon(shop: &Shop, code: &str, user: UserId) -> Result<(CampaignId, Option<CouponId>), Problem> {
    let id = shop.submitter.codec.coupon_id(code).ok_or_else(coupon_not_found)?;
    let coupon = shop.submitter.views.coupon(id).await.map_err(unavailable)?;
    let coupon = coupon.filter(|coupon| coupon.user == user).ok_or_else(coupon_not_found)?;
    Ok((coupon.campaign, Some(id)))
}

/// Waits for the order's outcome; `None` if it is not known in time.
async fn outcome(shop: &Shop, id: OrderId, known: Known, wait: Duration) -> Result<Option<Order>, Problem> {
    let look = || shop.submitter.views.order(id);
    let is_done = |order: &Order| !order.outcome.is_under_way();
    shop.submitter.waiting.until(Subject::Order(id), known, wait, look, is_done).await.map_err(unavailable)
}

/// `GET /api/orders/{n}`.
pub(crate) async fn get(
    State(shop): State<Shop>,
    whose: Whose,
    Name(number, _): Name<path::Order>,
    site: Site,
) -> Result<Json<render::OrderBody>, Problem> {
    let order = whose.order(&shop, &number).await?;
    render::order_to_act_on(&shop, &order, &site).await.map(Json)
}

/// One change of an order.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrderEvent", example = examples::order_event())]
pub(crate) struct HistoryBody {
    #[schemars(with = "words::Moment")]
    at: String,
    event: &'static str,
    #[schemars(with = "words::OrderStatusWord")]
    status: &'static str,
    #[schemars(with = "words::OutcomeWord")]
    outcome: &'static str,
    /// The command or event that caused the change.
    cause: String,
    /// The reason given by the person who caused the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// `GET /api/orders/{n}/events`: every change, oldest first, with its cause (O-25).
pub(crate) async fn events(
    State(shop): State<Shop>,
    whose: Whose,
    Name(number, _): Name<path::Order>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<HistoryBody>>, Problem> {
    let order = whose.order(&shop, &number).await?;
    let recorded = shop.submitter.views.history(order.id()).await.map_err(unavailable)?;
    let states = history::replay(order.id(), &recorded).map_err(|broken| {
        tracing::error!(order = %number, "The history of order {number} does not fold: {broken}");
        Problem::new(Code::Internal, details::HISTORY_UNREADABLE)
    })?;
    let data = recorded.iter().zip(&states).map(|(event, after)| HistoryBody {
        at: wire_time::format(event.at),
        event: event.event.kind().name(),
        status: after.status.name(),
        outcome: after.outcome.name(),
        cause: event.cause.clone(),
        note: event.event.note().map(str::to_owned),
    });
    let list = List { name: "orders/events", owner: None, filter: &number };
    Ok(Json(query.part(&shop, list, data.collect())?))
}

/// `POST /api/orders/{n}/cancel`: possible until the goods are shipped.
pub(crate) async fn cancel(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    submission: Submission<CancelBody>,
) -> Result<Response, Problem> {
    let reason = submission.body.reason.as_deref().unwrap_or("");
    let mut violations = Violations::default();
    if reason.chars().count() > CANCEL_REASON_CHARS_MAX {
        violations.push("#/reason", "length", values::CHARACTERS_MAX.with(CANCEL_REASON_CHARS_MAX));
    }
    check_text("#/reason", reason, &mut violations);
    violations.into_result()?;
    let note = note_of(reason);
    let order = submission.whose.order(&shop, &number).await?;
    let command = Command::CancelOrder { order: order.id(), by: submission.whose.canceller(), note };
    change(&shop, command, submission.idempotency, submission.prefer).await
}

pub(super) async fn change(
    shop: &Shop,
    command: Command,
    idempotency: Option<app::commands::Idempotency>,
    prefer: Prefer,
) -> Result<Response, Problem> {
    let reply = shop.submitter.submit(command, idempotency).await;
    let Answer::OrderChanged { order } = reply.result.map_err(|refusal| problem(&refusal))? else {
        unreachable!("changing an order is answered with the order");
    };
    if let Some(wait) = prefer.wait {
        outcome(shop, order, Known::Nothing, wait).await?;
    }
    let order = shop.submitter.views.order(order).await.map_err(unavailable)?.ok_or_else(order_not_found)?;
    let mut response = Json(render::order(shop, &order).await?).into_response();
    applied(&mut response, prefer);
    mark_replayed(&mut response, reply.replayed);
    Ok(response)
}
