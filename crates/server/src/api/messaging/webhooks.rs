//! Webhook endpoints: the admin's list, their secrets, and the catalogue of event types.

mod bodies;
pub(crate) mod deliveries;
mod secrets;

use std::sync::Arc;

use app::commands::answer::changed::Changed;
use app::commands::{Command, Idempotency, NewWebhook, Tag, WebhookCommand};
use app::events::wire_time;
use app::webhooks::catalogue::EventType;
use app::webhooks::secret_keys::SecretKeys as _;
use app::webhooks::sender::UnfitUrl;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ids::WebhookId;
use domain::limits::{WEBHOOK_RATE_MAX, WEBHOOK_URL_CHARS_MAX};
use domain::webhook::{Change, Endpoint, Status};

pub(crate) use bodies::{
    ChangeBody, CreateBody, CreatedBody, EventTypeBody, RotateBody, RotatedBody, SecretBody, WebhookBody,
};

use crate::api::Shop;
use crate::api::request::characters::is_unseen;
use crate::api::request::checks::{check_reason_if_given, check_text};
use crate::api::request::if_match::IfMatch;
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::{ReasonBody, Submission};
use crate::api::response::refusals::{unavailable, webhook_not_found};
use crate::api::response::render::Page;
use crate::api::response::replies::{Shown, deleted, left_behind, mark_replayed, shown};
use crate::api::texts::{Text, operators, values};
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::path::{Id, Webhook};
use crate::http::query::Query;
use crate::http::{Problem, Violations};

/// `POST /api/admin/webhooks`.
pub(crate) async fn create(State(shop): State<Shop>, submission: Submission<CreateBody>) -> Result<Response, Problem> {
    let CreateBody { url, description, event_types, secret, ordered, rate_per_second } = &submission.body;
    let mut violations = Violations::default();
    check_url(&shop, url, &mut violations);
    let description = check_description(description.as_deref().unwrap_or_default(), &mut violations);
    let event_types = check_event_types(event_types.as_deref().unwrap_or_default(), &mut violations);
    let rate_per_second = rate_per_second.and_then(|rate| check_rate(rate, &mut violations));
    let secret = secrets::given_or_new(secret.as_deref(), &mut violations)?;
    violations.into_result()?;
    let new = NewWebhook {
        url: url.as_str().into(),
        description,
        event_types,
        secret: secrets::sealed(&shop, &secret)?,
        ordered: ordered.unwrap_or(false),
        rate_per_second,
    };
    let command = Command::Webhook(WebhookCommand::Create(Box::new(new)));
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let (Some(Changed::Webhook(endpoint)), replayed) = left_behind(reply)? else {
        return Err(webhook_not_found());
    };
    let created = CreatedBody { secret: secrets::opened(&shop, &endpoint.secret)?, webhook: body(&endpoint) };
    let mut response = (StatusCode::CREATED, Json(created)).into_response();
    mark_replayed(&mut response, replayed);
    Ok(response)
}

/// `GET /api/admin/webhooks`.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<WebhookBody>>, Problem> {
    let page = query.page(&shop, List { name: "admin/webhooks", owner: None, filter: "" })?;
    let endpoints = shop.submitter.views.webhooks(page.after.map(WebhookId), page.fetch());
    let endpoints = endpoints.await.map_err(unavailable)?;
    Ok(Json(page.of(endpoints, |endpoint| endpoint.id.0, body)))
}

/// `GET /api/admin/webhooks/{id}`.
pub(crate) async fn get(State(shop): State<Shop>, id: Id<Webhook>) -> Result<Shown<WebhookBody>, Problem> {
    read(&shop, WebhookId(id.0)).await.map(|endpoint| tagged(&endpoint, false))
}

/// `PATCH /api/admin/webhooks/{id}`.
pub(crate) async fn change(
    State(shop): State<Shop>,
    id: Id<Webhook>,
    seen: IfMatch,
    submission: Submission<ChangeBody>,
) -> Result<Shown<WebhookBody>, Problem> {
    let ChangeBody { url, description, event_types, status, rate_per_second, reason } = &submission.body;
    let mut violations = Violations::default();
    if let Some(url) = url {
        check_url(&shop, url, &mut violations);
    }
    let change = Change {
        url: url.as_deref().map(Arc::from),
        description: description.as_deref().map(|text| check_description(text, &mut violations)),
        event_types: event_types.as_deref().map(|types| check_event_types(types, &mut violations)),
        is_enabled: status.map(bodies::WantedStatus::is_enabled),
        rate_per_second: rate_per_second.map(|rate| check_rate(rate, &mut violations)),
    };
    check_reason_if_given(reason.as_deref(), &mut violations);
    violations.into_result()?;
    let webhook = WebhookId(id.0);
    let command = WebhookCommand::Change { webhook, change: Box::new(change) };
    let (endpoint, replayed) = changed(&shop, webhook, seen.guard(command.into()), submission.idempotency).await?;
    Ok(tagged(&endpoint, replayed))
}

/// `DELETE /api/admin/webhooks/{id}`. Its deliveries stop.
pub(crate) async fn remove(
    State(shop): State<Shop>,
    id: Id<Webhook>,
    seen: IfMatch,
    submission: Submission<ReasonBody>,
) -> Result<Response, Problem> {
    submission.body.check()?;
    let webhook = WebhookId(id.0);
    let command = seen.guard(WebhookCommand::Remove { webhook }.into());
    let (_, replayed) = changed(&shop, webhook, command, submission.idempotency).await?;
    Ok(deleted(replayed))
}

/// `GET /api/admin/webhooks/{id}/secret`.
pub(crate) async fn secret(State(shop): State<Shop>, id: Id<Webhook>) -> Result<Json<SecretBody>, Problem> {
    let endpoint = read(&shop, WebhookId(id.0)).await?;
    Ok(Json(SecretBody { secret: secrets::opened(&shop, &endpoint.secret)? }))
}

/// `POST /api/admin/webhooks/{id}/secret/rotate`.
pub(crate) async fn rotate(
    State(shop): State<Shop>,
    id: Id<Webhook>,
    submission: Submission<RotateBody>,
) -> Result<Shown<RotatedBody>, Problem> {
    let mut violations = Violations::default();
    let secret = secrets::given_or_new(submission.body.secret.as_deref(), &mut violations)?;
    violations.into_result()?;
    let webhook = WebhookId(id.0);
    let command = WebhookCommand::Rotate { webhook, secret: secrets::sealed(&shop, &secret)? };
    let (endpoint, replayed) = changed(&shop, webhook, command.into(), submission.idempotency).await?;
    // One whose key is lost signs nothing any more.
    let old = endpoint.old_secret.as_ref().filter(|old| shop.webhook_keys.open(&old.secret).is_ok());
    let previous_valid_until = wire_time::format(old.map_or(endpoint.updated_at, |old| old.until));
    let secret = secrets::opened(&shop, &endpoint.secret)?;
    Ok(shown(RotatedBody { secret, previous_valid_until }, replayed))
}

/// `GET /api/admin/webhooks/event-types`.
pub(crate) async fn event_types(
    State(shop): State<Shop>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<EventTypeBody>>, Problem> {
    let data = EventType::ALL.iter().map(|event_type| EventTypeBody::of(*event_type)).collect();
    Ok(Json(query.part(&shop, List { name: "admin/webhooks/event-types", owner: None, filter: "" }, data)?))
}

/// Submits the command. Returns the endpoint as the command left it, and whether the answer is a repeat.
async fn changed(
    shop: &Shop,
    id: WebhookId,
    command: Command,
    idempotency: Option<Idempotency>,
) -> Result<(Endpoint, bool), Problem> {
    match left_behind(shop.submitter.submit(command, idempotency).await)? {
        (Some(Changed::Webhook(endpoint)), replayed) => Ok((endpoint, replayed)),
        (_, replayed) => Ok((read(shop, id).await?, replayed)),
    }
}

/// Returns an endpoint that is not removed.
async fn read(shop: &Shop, id: WebhookId) -> Result<Endpoint, Problem> {
    let found = shop.submitter.views.webhook(id).await.map_err(unavailable)?;
    found.filter(|endpoint| endpoint.status != Status::Removed).ok_or_else(webhook_not_found)
}

fn tagged(endpoint: &Endpoint, replayed: bool) -> Shown<WebhookBody> {
    shown(body(endpoint), replayed).tagged(Tag::of_webhook(endpoint))
}

fn body(endpoint: &Endpoint) -> WebhookBody {
    WebhookBody {
        webhook_id: endpoint.id.0,
        url: endpoint.url.to_string(),
        description: endpoint.description.to_string(),
        event_types: endpoint.event_types.iter().map(ToString::to_string).collect(),
        status: endpoint.status.name(),
        disabled_reason: endpoint.disabled_reason.map(|reason| reason.name()),
        ordered: endpoint.ordered,
        rate_per_second: endpoint.rate_per_second,
        created_at: wire_time::format(endpoint.created_at),
    }
}

fn check_url(shop: &Shop, url: &str, violations: &mut Violations) {
    if url.chars().count() > WEBHOOK_URL_CHARS_MAX {
        violations.push("#/url", "length", values::CHARACTERS.with(1).with(WEBHOOK_URL_CHARS_MAX));
        return;
    }
    // A parser of addresses would remove some of these, and encode others.
    if url.chars().any(|char| char.is_whitespace() || is_unseen(char)) {
        violations.push("#/url", "not_a_url", operators::WEBHOOK_URL);
        return;
    }
    let Err(unfit) = shop.webhooks.check(url) else { return };
    let (code, text): (&'static str, Text) = match unfit {
        UnfitUrl::Malformed => ("not_a_url", operators::WEBHOOK_URL),
        UnfitUrl::NotHttps => ("not_https", operators::WEBHOOK_URL_NOT_HTTPS),
        UnfitUrl::Credentials => ("has_credentials", operators::WEBHOOK_URL_CREDENTIALS),
        UnfitUrl::Fragment => ("has_fragment", operators::WEBHOOK_URL_FRAGMENT),
        UnfitUrl::Private => ("not_public", operators::WEBHOOK_URL_PRIVATE),
    };
    violations.push("#/url", code, text);
}

fn check_description(text: &str, violations: &mut Violations) -> Arc<str> {
    if text.chars().count() > bodies::DESCRIPTION_CHARS_MAX {
        violations.push("#/description", "length", values::CHARACTERS_MAX.with(bodies::DESCRIPTION_CHARS_MAX));
    }
    check_text("#/description", text, violations);
    text.trim().into()
}

/// Returns the named types, each once, in the order of the catalogue.
fn check_event_types(names: &[String], violations: &mut Violations) -> Vec<Arc<str>> {
    for (place, name) in names.iter().enumerate() {
        if EventType::from_name(name).is_none() {
            let all = EventType::ALL.iter().map(|known| known.name()).collect::<Vec<_>>().join(", ");
            violations.push(format!("#/eventTypes/{place}"), "not_accepted", values::ONE_OF.with(all));
        }
    }
    let is_named = |known: &&EventType| names.iter().any(|name| name == known.name());
    EventType::ALL.iter().filter(is_named).map(|known| known.name().into()).collect()
}

/// Returns the limit; `None` for 0, which sets none.
fn check_rate(rate: i64, violations: &mut Violations) -> Option<i64> {
    if !(0..=WEBHOOK_RATE_MAX).contains(&rate) {
        violations.push("#/ratePerSecond", "out_of_range", values::FROM_TO.with(0).with(WEBHOOK_RATE_MAX));
    }
    (rate > 0).then_some(rate)
}
