//! Endpoints of drops: customers read them; admins create and change them.

use std::collections::{BTreeMap, BTreeSet};

use app::commands::answer::changed::Changed;
use app::commands::{Command, DropCommand, Idempotency, Tag};
use app::events::wire_time;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::drops::{self, Change, Offer, Prequeue, Secrets, Terms, WaitingRoom};
use domain::ids::{DropId, ProductId};
use domain::limits::{ADMIT_PER_SECOND_MAX, DROP_PRODUCTS_MAX, HOLD_SECONDS_MAX, QUANTITY_MAX};
use domain::stock::Product;
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::checks::{check_moment, check_name, check_reason_if_given};
use crate::api::request::if_match::IfMatch;
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::{Empty, Submission};
use crate::api::response::drop_examples as examples;
use crate::api::response::refusals::{drop_not_found, unavailable};
use crate::api::response::render::Page;
use crate::api::response::replies::{Shown, left_behind, shown};
use crate::api::response::shapes;
use crate::api::texts::{details, operators, values};
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::path::{self, Id};
use crate::http::query::Query;
use crate::http::{Code, Problem, Violations};
use crate::openapi::words;

/// A drop to create. `startsAt` is before `endsAt`. Both may be in the past.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CreateDrop", example = examples::create())]
pub(crate) struct CreateBody {
    /// 1 to 200 characters.
    #[schemars(regex(pattern = words::NAME))]
    name: String,
    /// The first moment at which its products are sold.
    #[schemars(with = "words::Moment")]
    starts_at: String,
    /// The first moment at which they are not sold any more.
    #[schemars(with = "words::Moment")]
    ends_at: String,
    /// Each product once. None of them may belong to another drop that has not ended.
    #[schemars(length(min = 1, max = DROP_PRODUCTS_MAX))]
    products: Vec<OfferBody>,
    /// The most units of all its products together that one customer gets. Default: no limit.
    #[serde(default)]
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    per_customer: Option<i64>,
    /// The most units of all its products together that one card or account pays for, for whatever customers. Its orders must
    /// then be paid before they are shipped. Default: no limit.
    #[serde(default)]
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    per_payment_method: Option<i64>,
    /// Customers queue, and order with a ticket. Default: everybody orders at once.
    #[serde(default)]
    waiting_room: Option<RoomBody>,
}

/// The terms of a waiting room.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "WaitingRoom")]
pub(crate) struct RoomBody {
    /// Fewer are admitted while the shop is busy.
    #[schemars(range(min = 1, max = ADMIT_PER_SECOND_MAX))]
    admit_per_second: i64,
    /// How long an admitted customer may order. Default: 300.
    #[serde(default = "RoomBody::hold_seconds")]
    #[schemars(range(min = 1, max = HOLD_SECONDS_MAX))]
    hold_seconds: i64,
    /// The order of those who come before `startsAt`: of their arrival, or drawn by a seed whose SHA-256 the proof shows from the
    /// beginning. Default: `fifo`.
    #[serde(default = "RoomBody::prequeue")]
    #[schemars(with = "words::PrequeueWord")]
    prequeue: Prequeue,
}

impl RoomBody {
    const fn hold_seconds() -> i64 {
        300
    }

    const fn prequeue() -> Prequeue {
        Prequeue::Fifo
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CreateDropProduct")]
struct OfferBody {
    #[schemars(range(min = 1))]
    product_id: i64,
    /// The most units of this product that one customer gets. Default: no limit.
    #[serde(default)]
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    per_customer: Option<i64>,
}

/// The changes. An absent field is not changed. A drop that has ended cannot be changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ChangeDrop", example = examples::change())]
pub(crate) struct ChangeBody {
    /// A later end extends the drop. One that has passed ends it now, also before `startsAt`. Any other one is later than `startsAt`.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    ends_at: Option<String>,
    /// `true` while the drop sells nothing. The time to order of admitted customers stands still meanwhile.
    #[serde(default)]
    paused: Option<bool>,
    /// The rate at which its waiting room admits from now on.
    #[serde(default)]
    #[schemars(range(min = 1, max = ADMIT_PER_SECOND_MAX))]
    admit_per_second: Option<i64>,
    /// Recorded in the trail.
    #[serde(default)]
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: Option<String>,
}

/// A sale with a beginning, an end, and limits for each customer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Drop", example = examples::drop())]
pub(crate) struct DropBody {
    drop_id: i64,
    name: String,
    #[schemars(with = "words::Moment")]
    starts_at: String,
    #[schemars(with = "words::Moment")]
    ends_at: String,
    /// By the shop's clock. SOLD_OUT: no product has an available unit; a cancelled order may return some.
    #[schemars(with = "words::DropStatusWord")]
    status: &'static str,
    /// `true` while an admin has paused it.
    paused: bool,
    products: Vec<ProductBody>,
    /// The most units of all products together that one customer gets. Absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_customer: Option<i64>,
    /// The most units of all products together that one card or account pays for. Absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_payment_method: Option<i64>,
    /// Absent without a waiting room.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_room: Option<RoomBody>,
    /// Customers who wait; 0 once the drop has ended. Absent without a waiting room.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<i64>,
    /// The share of `admitPerSecond` at which the waiting room admits now, in percent: less while the shop is busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    admission_percent: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DropProduct")]
struct ProductBody {
    product_id: i64,
    name: String,
    /// In the currency's smallest unit.
    price: i64,
    /// Units that a new order can still get.
    available: i64,
    /// PAUSED and DISCONTINUED products cannot be ordered; while no product can, the waiting room admits nobody.
    #[schemars(with = "words::ShownProductStatusWord")]
    status: &'static str,
    /// The most units that one customer gets. Absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_customer: Option<i64>,
}

/// `POST /api/admin/drops`.
pub(crate) async fn create(State(shop): State<Shop>, submission: Submission<CreateBody>) -> Result<Response, Problem> {
    let command = Command::Drop(DropCommand::Create(Box::new(terms(&submission.body)?)));
    Ok((StatusCode::CREATED, changed(&shop, command, submission.idempotency).await?).into_response())
}

fn terms(body: &CreateBody) -> Result<Terms, Problem> {
    let mut violations = Violations::default();
    let name = check_name(&body.name, &mut violations);
    let starts_at = check_moment("#/startsAt", &body.starts_at, &mut violations);
    let ends_at = check_moment("#/endsAt", &body.ends_at, &mut violations);
    if violations.is_empty() && ends_at <= starts_at {
        violations.push("#/endsAt", "out_of_order", values::LATER_THAN.with("startsAt"));
    }
    if body.products.is_empty() || body.products.len() > DROP_PRODUCTS_MAX {
        violations.push("#/products", "length", operators::DROP_PRODUCTS.with(DROP_PRODUCTS_MAX));
    }
    let mut named = BTreeSet::new();
    for (place, offer) in body.products.iter().enumerate() {
        check_limit(format!("#/products/{place}/perCustomer"), offer.per_customer, &mut violations);
        if !named.insert(offer.product_id) {
            violations.push(format!("#/products/{place}/productId"), "repeated", operators::DROP_PRODUCT_REPEATED);
        }
    }
    check_limit("#/perCustomer".to_owned(), body.per_customer, &mut violations);
    check_limit("#/perPaymentMethod".to_owned(), body.per_payment_method, &mut violations);
    if let Some(room) = body.waiting_room {
        check_room(room, &mut violations);
    }
    violations.into_result()?;
    let room = |room: RoomBody| WaitingRoom {
        admit_per_second: room.admit_per_second,
        hold_seconds: room.hold_seconds,
        prequeue: room.prequeue,
    };
    let waiting_room = body.waiting_room.map(room);
    let offer = |offer: &OfferBody| Offer { product: ProductId(offer.product_id), per_customer: offer.per_customer };
    let products = body.products.iter().map(offer).collect();
    let secrets = secrets()?;
    let CreateBody { per_customer, per_payment_method, .. } = *body;
    Ok(Terms { name, starts_at, ends_at, products, per_customer, per_payment_method, waiting_room, secrets })
}

fn secrets() -> Result<Secrets, Problem> {
    let mut secrets = Secrets { seed: [0; 32], key: [0; 32] };
    let filled = getrandom::fill(&mut secrets.seed).and_then(|()| getrandom::fill(&mut secrets.key));
    filled.map_err(|_| Problem::new(Code::Unavailable, details::NOT_WRITTEN))?;
    Ok(secrets)
}

fn check_room(room: RoomBody, violations: &mut Violations) {
    for (field, value, most) in [
        ("admitPerSecond", room.admit_per_second, ADMIT_PER_SECOND_MAX),
        ("holdSeconds", room.hold_seconds, HOLD_SECONDS_MAX),
    ] {
        if !(1..=most).contains(&value) {
            violations.push(format!("#/waitingRoom/{field}"), "out_of_range", values::FROM_TO.with(1).with(most));
        }
    }
}

fn check_limit(pointer: String, limit: Option<i64>, violations: &mut Violations) {
    if limit.is_some_and(|limit| !(1..=QUANTITY_MAX).contains(&limit)) {
        violations.push(pointer, "out_of_range", values::FROM_TO.with(1).with(QUANTITY_MAX));
    }
}

/// `PATCH /api/admin/drops/{id}`: extends, ends, pauses or resumes the drop.
pub(crate) async fn change(
    State(shop): State<Shop>,
    id: Id<path::Drop>,
    seen: IfMatch,
    submission: Submission<ChangeBody>,
) -> Result<Shown<DropBody>, Problem> {
    let ChangeBody { ends_at, paused, admit_per_second, reason } = &submission.body;
    let mut violations = Violations::default();
    let ends_at = ends_at.as_deref().map(|text| check_moment("#/endsAt", text, &mut violations));
    if admit_per_second.is_some_and(|rate| !(1..=ADMIT_PER_SECOND_MAX).contains(&rate)) {
        violations.push("#/admitPerSecond", "out_of_range", values::FROM_TO.with(1).with(ADMIT_PER_SECOND_MAX));
    }
    check_reason_if_given(reason.as_deref(), &mut violations);
    violations.into_result()?;
    let drop = DropId(id.0);
    let change = Change { ends_at, paused: *paused, admit_per_second: *admit_per_second };
    let command = Command::Drop(DropCommand::Change { drop, change });
    let changed = changed(&shop, seen.guard(command), submission.idempotency).await;
    changed.map_err(|problem| {
        let is_about_rate = problem.code() == Code::QueueNotFound;
        let problem = problem.reworded(Code::QueueNotFound, details::NO_WAITING_ROOM);
        if is_about_rate { problem.at("#/admitPerSecond") } else { problem }
    })
}

/// Submits the command. Shows the drop as the command left it.
async fn changed(shop: &Shop, command: Command, idempotency: Option<Idempotency>) -> Result<Shown<DropBody>, Problem> {
    let reply = shop.submitter.submit(command, idempotency).await;
    let (Some(Changed::Drop(drop)), replayed) = left_behind(reply)? else { return Err(drop_not_found()) };
    tagged(shop, *drop, replayed).await
}

/// Shows a drop to admins, with the tag of what they change.
async fn tagged(shop: &Shop, drop: drops::Drop, replayed: bool) -> Result<Shown<DropBody>, Problem> {
    let tag = Tag::of_drop(&drop);
    Ok(shown(body(shop, drop).await?, replayed).tagged(tag))
}

/// `POST /api/admin/drops/{id}/release`: its products are sold without it.
pub(crate) async fn release(
    State(shop): State<Shop>,
    id: Id<path::Drop>,
    seen: IfMatch,
    submission: Submission<Empty>,
) -> Result<Shown<DropBody>, Problem> {
    let drop = DropId(id.0);
    let found = shop.submitter.views.drop_by_id(drop).await.map_err(unavailable)?.ok_or_else(drop_not_found)?;
    let products = found.products.iter().map(|offer| offer.product).collect();
    let command = Command::Drop(DropCommand::Release { drop, products });
    changed(&shop, seen.guard(command), submission.idempotency).await
}

/// `GET /api/admin/drops/{id}`.
pub(crate) async fn get_tagged(State(shop): State<Shop>, id: Id<path::Drop>) -> Result<Shown<DropBody>, Problem> {
    let found = shop.submitter.views.drop_by_id(DropId(id.0)).await.map_err(unavailable)?;
    tagged(&shop, found.ok_or_else(drop_not_found)?, false).await
}

/// `GET /api/drops/{id}`.
pub(crate) async fn get(State(shop): State<Shop>, id: Id<path::Drop>) -> Result<Json<DropBody>, Problem> {
    let found = shop.submitter.views.drop_by_id(DropId(id.0)).await.map_err(unavailable)?;
    body(&shop, found.ok_or_else(drop_not_found)?).await.map(Json)
}

/// `GET /api/drops`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DropBody>>, Problem> {
    let page = query.page(&shop, List { name: "drops", owner: None, filter: "" })?;
    let drops = shop.submitter.views.drops(page.after.map(DropId), page.fetch()).await.map_err(unavailable)?;
    let (products, now) = (products(&shop, &drops).await?, shop.submitter.clock.now());
    Ok(Json(page.of(drops, |drop| drop.id.0, |drop| render(drop, &products, now))))
}

async fn body(shop: &Shop, drop: drops::Drop) -> Result<DropBody, Problem> {
    let products = products(shop, std::slice::from_ref(&drop)).await?;
    Ok(render(&drop, &products, shop.submitter.clock.now()))
}

/// Reads the products of all these drops.
async fn products(shop: &Shop, drops: &[drops::Drop]) -> Result<BTreeMap<ProductId, Product>, Problem> {
    let named: BTreeSet<ProductId> = drops.iter().flat_map(|drop| &drop.products).map(|offer| offer.product).collect();
    let found = shop.submitter.views.offered(named.into_iter().collect()).await.map_err(unavailable)?;
    Ok(found.into_iter().map(|product| (product.id, product)).collect())
}

fn render(drop: &drops::Drop, products: &BTreeMap<ProductId, Product>, now: Timestamp) -> DropBody {
    let product = |offer: &Offer| {
        let product = products.get(&offer.product)?;
        Some(ProductBody {
            product_id: product.id.0,
            name: product.name.to_string(),
            price: product.price.amount(),
            available: product.available(),
            status: product.status_shown(),
            per_customer: offer.per_customer,
        })
    };
    DropBody {
        drop_id: drop.id.0,
        name: drop.name.to_string(),
        starts_at: wire_time::format(drop.starts_at),
        ends_at: wire_time::format(drop.ends_at),
        status: drop.status(now).name(),
        paused: drop.paused,
        products: drop.products.iter().filter_map(product).collect(),
        per_customer: drop.per_customer,
        per_payment_method: drop.per_payment_method,
        waiting_room: drop.queue.as_ref().map(|queue| RoomBody {
            admit_per_second: queue.room.admit_per_second,
            hold_seconds: queue.room.hold_seconds,
            prequeue: queue.room.prequeue,
        }),
        waiting: drop.waiting(now),
        admission_percent: drop.queue.as_ref().map(|queue| queue.share),
    }
}
