//! Endpoints of shipments and warehouse storages, for admins (P-04, P-05).

use std::sync::Arc;

use app::commands::answer::changed::Changed;
use app::commands::{Command, Tag};
use app::events::wire_time;
use axum::extract::State;
use domain::ids::OrderId;
use domain::order::Receiver;
use domain::shipment::{self, Shipment};
use domain::warehouse::{self, Storage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::checks::check_lines;
use crate::api::request::if_match::IfMatch;
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::Submission;
use crate::api::response::refusals::unavailable;
use crate::api::response::refusals::{order_not_found, shipment_not_found};
use crate::api::response::render::Page;
use crate::api::response::replies::{Shown, left_behind, shown};
use crate::api::response::{examples, shapes};
use crate::api::texts::values;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::path::{self, Name};
use crate::http::query::Query;
use crate::http::{Problem, Violations};
use crate::openapi::words;

/// The most characters of a tracking number.
const TRACKING_CHARS_MAX: usize = 100;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ChangeShipment", example = examples::change_shipment())]
pub(crate) struct ChangeBody {
    #[schemars(with = "words::ShipmentStatusWord")]
    status: shipment::State,
    /// The carrier's tracking number. Default: unchanged.
    #[serde(default)]
    #[schemars(length(max = TRACKING_CHARS_MAX), regex(pattern = words::LINES))]
    tracking_number: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ChangeStorage", example = examples::change_storage())]
pub(crate) struct ChangeStoredBody {
    #[schemars(with = "words::StorageStatusWord")]
    status: warehouse::State,
}

/// The shipment of an order.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Shipment", example = examples::shipment())]
pub(crate) struct ShipmentBody {
    order_id: String,
    #[schemars(with = "words::ShipmentStatusWord")]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<String>,
    #[schemars(with = "shapes::Receiver")]
    receiver: Receiver,
    #[schemars(with = "words::Moment")]
    created_at: String,
    #[schemars(with = "words::Moment")]
    updated_at: String,
}

/// The goods that the warehouse stores for an order.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Storage", example = examples::storage())]
pub(crate) struct StorageBody {
    order_id: String,
    #[schemars(with = "words::StorageStatusWord")]
    status: &'static str,
    #[schemars(with = "words::Moment")]
    created_at: String,
    #[schemars(with = "words::Moment")]
    updated_at: String,
}

fn sent(shop: &Shop, shipment: &Shipment) -> ShipmentBody {
    ShipmentBody {
        order_id: shop.submitter.codec.order(shipment.order).to_string(),
        status: shipment.state.name(),
        tracking_number: shipment.tracking.as_ref().map(ToString::to_string),
        receiver: shipment.receiver.clone(),
        created_at: wire_time::format(shipment.created_at),
        updated_at: wire_time::format(shipment.updated_at),
    }
}

fn stored(shop: &Shop, storage: &Storage) -> StorageBody {
    StorageBody {
        order_id: shop.submitter.codec.order(storage.order).to_string(),
        status: storage.state.name(),
        created_at: wire_time::format(storage.created_at),
        updated_at: wire_time::format(storage.updated_at),
    }
}

fn order_of(shop: &Shop, number: &str) -> Result<OrderId, Problem> {
    shop.submitter.codec.order_id(number).ok_or_else(order_not_found)
}

/// `GET /api/admin/shipments`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ShipmentBody>>, Problem> {
    let page = query.page(&shop, List { name: "admin/shipments", owner: None, filter: "" })?;
    let before = page.after.map(OrderId);
    let shipments = shop.submitter.views.shipments(before, page.fetch()).await.map_err(unavailable)?;
    Ok(Json(page.of(shipments, |shipment| shipment.order.0, |shipment| sent(&shop, shipment))))
}

/// `GET /api/admin/shipments/{n}`.
pub(crate) async fn get(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
) -> Result<Shown<ShipmentBody>, Problem> {
    let shipment = shop.submitter.views.shipment(order_of(&shop, &number)?).await.map_err(unavailable)?;
    shipment.map(|shipment| tagged(&shop, &shipment, false)).ok_or_else(shipment_not_found)
}

/// `PATCH /api/admin/shipments/{n}`: changes the status; the order's status follows.
pub(crate) async fn change(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    seen: IfMatch,
    submission: Submission<ChangeBody>,
) -> Result<Shown<ShipmentBody>, Problem> {
    let ChangeBody { status, tracking_number } = &submission.body;
    let mut violations = Violations::default();
    if let Some(tracking) = tracking_number {
        if tracking.trim().is_empty() || tracking.chars().count() > TRACKING_CHARS_MAX {
            violations.push("#/trackingNumber", "length", values::CHARACTERS.with(1).with(TRACKING_CHARS_MAX));
        }
        check_lines("#/trackingNumber", tracking, &mut violations);
    }
    violations.into_result()?;
    let order = order_of(&shop, &number)?;
    let tracking = tracking_number.as_deref().map(Arc::from);
    let command = seen.guard(Command::AdvanceShipment { order, state: *status, tracking });
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let (now, replayed) = left_behind(reply)?;
    let shipment = match now {
        Some(Changed::Shipment(shipment)) => Some(shipment),
        _ => shop.submitter.views.shipment(order).await.map_err(unavailable)?,
    };
    let shipment = shipment.ok_or_else(shipment_not_found)?;
    Ok(tagged(&shop, &shipment, replayed))
}

/// `GET /api/admin/warehouse`.
pub(crate) async fn list_stored(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<StorageBody>>, Problem> {
    let page = query.page(&shop, List { name: "admin/warehouse", owner: None, filter: "" })?;
    let storages = shop.submitter.views.storages(page.after.map(OrderId), page.fetch()).await.map_err(unavailable)?;
    Ok(Json(page.of(storages, |storage| storage.order.0, |storage| stored(&shop, storage))))
}

/// `GET /api/admin/warehouse/{n}`.
pub(crate) async fn get_stored(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
) -> Result<Shown<StorageBody>, Problem> {
    let storage = shop.submitter.views.storage(order_of(&shop, &number)?).await.map_err(unavailable)?;
    storage.map(|storage| tagged_stored(&shop, &storage, false)).ok_or_else(shipment_not_found)
}

/// `PATCH /api/admin/warehouse/{n}`: ships, auctions or returns stored goods.
pub(crate) async fn change_stored(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    seen: IfMatch,
    submission: Submission<ChangeStoredBody>,
) -> Result<Shown<StorageBody>, Problem> {
    let order = order_of(&shop, &number)?;
    let command = seen.guard(Command::AdvanceStorage { order, state: submission.body.status });
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let (now, replayed) = left_behind(reply)?;
    let storage = match now {
        Some(Changed::Storage(storage)) => Some(storage),
        _ => shop.submitter.views.storage(order).await.map_err(unavailable)?,
    };
    let storage = storage.ok_or_else(shipment_not_found)?;
    Ok(tagged_stored(&shop, &storage, replayed))
}

fn tagged(shop: &Shop, shipment: &Shipment, replayed: bool) -> Shown<ShipmentBody> {
    shown(sent(shop, shipment), replayed).tagged(Tag::of_shipment(shipment))
}

fn tagged_stored(shop: &Shop, storage: &Storage, replayed: bool) -> Shown<StorageBody> {
    shown(stored(shop, storage), replayed).tagged(Tag::of_storage(storage))
}
