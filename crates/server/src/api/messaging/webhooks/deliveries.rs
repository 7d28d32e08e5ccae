//! Deliveries of a webhook endpoint: list, test, send again, replay.

mod bodies;
mod past;

use app::commands::answer::Answer;
use app::commands::{Command, TestDelivery, WebhookCommand};
use app::events::outbox::uuid;
use app::events::wire_time;
use app::ports::views::WantedDeliveries;
use app::webhooks::catalogue::EventType;
use app::webhooks::message;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ids::WebhookId;
use domain::webhook::{Delivery, DeliveryKey, State as DeliveryState};
use serde_json::json;

pub(crate) use bodies::{
    DeliveriesQuery, DeliveryBody, DetailBody, RecoverBody, ReplayBody, ResentBody, ScheduledBody, TestBody, TestedBody,
};

pub(in crate::api::messaging) use bodies::id as delivery_id;

use super::read;
use crate::api::Shop;
use crate::api::request::filters::Period;
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::{Empty, Submission};
use crate::api::response::refusals::{delivery_not_found, problem, unavailable, webhook_not_found};
use crate::api::response::render::Page;
use crate::api::response::replies::mark_replayed;
use crate::api::texts::{operators, values};
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::path::{Id, Webhook, WebhookDelivery};
use crate::http::query::Query;
use crate::http::{Code, Problem, Violations};
use crate::runtime::outward::webhook_loop::read_body;

/// `POST /api/admin/webhooks/{id}/test`.
pub(crate) async fn test(
    State(shop): State<Shop>,
    id: Id<Webhook>,
    submission: Submission<TestBody>,
) -> Result<Response, Problem> {
    let mut violations = Violations::default();
    let event_type = event_type_of(submission.body.event_type.as_deref(), "#/eventType", &mut violations);
    violations.into_result()?;
    let event_type = event_type.unwrap_or(EventType::WebhookTest);
    let data = if event_type == EventType::WebhookTest {
        json!({"webhookId": id.0, "message": "This is a test."})
    } else {
        event_type.example()
    };
    let body = message::of_test(event_type, &data, shop.submitter.clock.now()).into();
    let test = TestDelivery { webhook: WebhookId(id.0), event_type: event_type.name(), body };
    let command = Command::Webhook(WebhookCommand::Test(Box::new(test)));
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let Answer::WebhookTested { webhook, number } = reply.result.map_err(|refusal| problem(&refusal))? else {
        return Err(delivery_not_found());
    };
    let delivery_id = bodies::id(DeliveryKey { webhook, number });
    Ok(accepted(TestedBody { delivery_id }, reply.replayed))
}

/// `GET /api/admin/webhooks/{id}/deliveries`, newest first.
pub(crate) async fn list(
    State(shop): State<Shop>,
    id: Id<Webhook>,
    Query(wanted): Query<DeliveriesQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DeliveryBody>>, Problem> {
    let endpoint = read(&shop, WebhookId(id.0)).await?;
    let Period { from, to } = Period::read(wanted.from.as_deref(), wanted.to.as_deref())?;
    let state = wanted.status.map(|status| status.0);
    let wanted = WantedDeliveries { webhook: endpoint.id, state, event_type: wanted.event_type, from, to };
    let filter = format!("{wanted:?}");
    let page = query.page(&shop, List { name: "admin/webhooks/deliveries", owner: None, filter: &filter })?;
    let deliveries = shop.submitter.views.deliveries(wanted, page.after, page.fetch());
    let deliveries = deliveries.await.map_err(unavailable)?;
    Ok(Json(page.of(deliveries, |delivery| delivery.key.number, body)))
}

/// `GET /api/admin/webhooks/{id}/deliveries/{deliveryId}`.
pub(crate) async fn get(State(shop): State<Shop>, path: WebhookDelivery) -> Result<Json<DetailBody>, Problem> {
    let delivery = read_delivery(&shop, &path).await?;
    let payload = read_body(&shop.submitter, &delivery).await.map_err(unavailable)?;
    let payload = payload.and_then(|payload| serde_json::from_str(&payload).ok());
    Ok(Json(DetailBody {
        delivery: body(&delivery),
        payload,
        attempt_log: delivery.log.iter().map(bodies::attempt).collect(),
    }))
}

/// `POST /api/admin/webhooks/{id}/deliveries/{deliveryId}/resend`.
pub(crate) async fn resend(
    State(shop): State<Shop>,
    path: WebhookDelivery,
    submission: Submission<Empty>,
) -> Result<Response, Problem> {
    let delivery = read_delivery(&shop, &path).await?;
    if read_body(&shop.submitter, &delivery).await.map_err(unavailable)?.is_none() {
        return Err(Problem::new(Code::HistoryArchived, operators::EVENT_ARCHIVED));
    }
    let DeliveryKey { webhook, number } = delivery.key;
    let command = WebhookCommand::Resend { webhook, numbers: vec![number], only_dead: false, end: None };
    let reply = shop.submitter.submit(Command::Webhook(command), submission.idempotency).await;
    reply.result.map_err(|refusal| problem(&refusal))?;
    Ok(accepted(TestedBody { delivery_id: bodies::id(delivery.key) }, reply.replayed))
}

/// `POST /api/admin/webhooks/{id}/recover`: dead letters are sent again.
pub(crate) async fn recover(
    State(shop): State<Shop>,
    id: Id<Webhook>,
    submission: Submission<RecoverBody>,
) -> Result<Response, Problem> {
    let RecoverBody { since, until } = &submission.body;
    let span = past::span(&shop, since, until.as_deref())?;
    let done = past::recover(&shop, WebhookId(id.0), span, submission.idempotency).await?;
    if done.count == 0 && done.archived > 0 {
        return Err(Problem::new(Code::HistoryArchived, operators::EVENTS_ARCHIVED.with(done.archived)));
    }
    let archived = Some(done.archived).filter(|count| *count > 0);
    Ok(accepted(ResentBody { resent: done.count, archived }, done.replayed))
}

/// `POST /api/admin/webhooks/{id}/replay`: events of the past are sent, or sent again.
pub(crate) async fn replay(
    State(shop): State<Shop>,
    id: Id<Webhook>,
    submission: Submission<ReplayBody>,
) -> Result<Response, Problem> {
    let ReplayBody { since, until, event_types } = &submission.body;
    let span = past::span(&shop, since, until.as_deref())?;
    let mut violations = Violations::default();
    let names = super::check_event_types(event_types.as_deref().unwrap_or_default(), &mut violations);
    violations.into_result()?;
    // A removed one is refused by the command, which may be answered already.
    let endpoint = shop.submitter.views.webhook(WebhookId(id.0)).await.map_err(unavailable)?;
    let endpoint = endpoint.ok_or_else(webhook_not_found)?;
    let is_wanted = |event_type: &EventType| {
        let is_named = names.is_empty() || names.iter().any(|name| &**name == event_type.name());
        is_named && endpoint.selects(event_type.name())
    };
    let types: Vec<EventType> = EventType::ALL.iter().copied().filter(|event_type| is_wanted(event_type)).collect();
    let done = past::replay(&shop, endpoint.id, past::Wanted { span, types }, submission.idempotency).await?;
    Ok(accepted(ScheduledBody { scheduled: done.count }, done.replayed))
}

async fn read_delivery(shop: &Shop, path: &WebhookDelivery) -> Result<Delivery, Problem> {
    let endpoint = read(shop, WebhookId(path.webhook)).await?;
    let key = DeliveryKey { webhook: endpoint.id, number: path.number };
    shop.submitter.views.delivery(key).await.map_err(unavailable)?.ok_or_else(delivery_not_found)
}

fn accepted(body: impl serde::Serialize, replayed: bool) -> Response {
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    mark_replayed(&mut response, replayed);
    response
}

fn body(delivery: &Delivery) -> DeliveryBody {
    // While an attempt is under way, the row has the time at which it counts as lost.
    let next = delivery.due.filter(|_| delivery.state != DeliveryState::InProgress);
    DeliveryBody {
        delivery_id: bodies::id(delivery.key),
        event_id: uuid(delivery.event),
        event_type: delivery.event_type.to_string(),
        status: delivery.state.name(),
        attempts: delivery.attempts,
        next_attempt_at: next.map(wire_time::format),
        last_response_status: delivery.last_status,
        created_at: wire_time::format(delivery.created_at),
    }
}

fn event_type_of(name: Option<&str>, pointer: &str, violations: &mut Violations) -> Option<EventType> {
    let name = name?;
    let found = EventType::from_name(name);
    if found.is_none() {
        let all = EventType::ALL.iter().map(|known| known.name()).collect::<Vec<_>>().join(", ");
        violations.push(pointer, "not_accepted", values::ONE_OF.with(all));
    }
    found
}
