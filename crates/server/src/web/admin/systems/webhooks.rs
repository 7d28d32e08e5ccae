//! Webhook endpoints, their deliveries, and what an operator does about them.

use app::webhooks::catalogue::EventType;
use axum::extract::State;
use axum::response::Response;
use domain::ids::WebhookId;
use domain::webhook::{Delivery, DeliveryKey, Endpoint, State as DeliveryState, Status};
use maud::{Markup, html};

use super::events::status;
use super::filters::Filters;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::dashboard;
use crate::http::Problem;
use crate::http::path::{self, Id, WebhookDelivery};
use crate::runtime::outward::webhook_loop::read_body;
use crate::web::admin::forms::{Act, Field, Kind, act};
use crate::web::admin::frame::Operator;
use crate::web::admin::messages::pretty;
use crate::web::format::{count, time};

const PATH: &str = "/api/admin/webhooks";
const ENDPOINTS_SHOWN: usize = 100;
const DELIVERIES_SHOWN: usize = 50;

/// `GET /admin/webhooks`.
pub(crate) async fn list(State(shop): State<Shop>, operator: Operator) -> Result<Response, Problem> {
    let endpoints = shop.submitter.views.webhooks(None, ENDPOINTS_SHOWN).await.map_err(unavailable)?;
    let endpoints: Vec<Endpoint> =
        endpoints.into_iter().filter(|endpoint| endpoint.status != Status::Removed).collect();
    let content = html! {
        h1 { (operator.say(dashboard::WEBHOOKS)) }
        section.card { (register(&operator)) }
        @if endpoints.is_empty() { div.empty { p { (operator.say(dashboard::NO_WEBHOOKS)) } } } @else {
            div.card.scroll { table {
                thead { tr {
                    th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::ADDRESS)) } th { (operator.say(dashboard::EVENT_TYPES)) }
                    th { (operator.say(dashboard::STATUS)) } th { (operator.say(dashboard::SINCE)) }
                } }
                tbody { @for endpoint in &endpoints { tr {
                    td.num { a href=(format!("/admin/webhooks/{}", endpoint.id.0)) { (endpoint.id.0) } }
                    td { a.code href=(format!("/admin/webhooks/{}", endpoint.id.0)) { (endpoint.url) } br; span.faint { (endpoint.description) } }
                    td.soft { (types(&operator, endpoint)) }
                    td { (state(endpoint)) }
                    td.soft { (time(endpoint.created_at)) }
                } } }
            } }
        }
    };
    Ok(operator.page(operator.say(dashboard::WEBHOOKS), content))
}

fn register(operator: &Operator) -> Markup {
    let fields = vec![
        Field::new("url", dashboard::ADDRESS, Kind::Text),
        Field::new("description", dashboard::DESCRIPTION, Kind::Text).optional(),
        Field::new("eventTypes", dashboard::EVENT_TYPES_HINT, Kind::List).optional(),
        Field::new("ratePerSecond", dashboard::RATE, Kind::Number(None)).optional(),
    ];
    let (label, says) = (dashboard::ADD_WEBHOOK, dashboard::ADD_WEBHOOK_SAYS);
    act(operator, &Act { label, says, method: "POST", path: PATH, fields, is_grave: false })
}

fn types(operator: &Operator, endpoint: &Endpoint) -> String {
    let names: Vec<&str> = endpoint.event_types.iter().map(|name| &**name).collect();
    if names.is_empty() { operator.say(dashboard::EVERYTHING).to_owned() } else { names.join(", ") }
}

fn state(endpoint: &Endpoint) -> Markup {
    let is_enabled = endpoint.status == Status::Enabled;
    html! {
        span class=(if is_enabled { "chip good" } else { "chip bad" }) { (endpoint.status.name()) }
        @if let Some(reason) = endpoint.disabled_reason { " " span.faint { (reason.name()) } }
    }
}

/// `GET /admin/webhooks/{id}`.
pub(crate) async fn page(
    State(shop): State<Shop>,
    operator: Operator,
    id: Id<path::Webhook>,
    filters: Filters,
) -> Result<Response, Problem> {
    let found = shop.submitter.views.webhook(WebhookId(id.0)).await.map_err(unavailable)?;
    let Some(endpoint) = found.filter(|endpoint| endpoint.status != Status::Removed) else {
        return Ok(operator.nothing());
    };
    let wanted = app::ports::views::WantedDeliveries {
        webhook: endpoint.id,
        state: filters.get("status").and_then(|name| DeliveryState::ALL.into_iter().find(|state| state.name() == name)),
        event_type: filters.get("eventType").map(Into::into),
        from: None,
        to: None,
    };
    let before = filters.get("before").and_then(|number| number.parse().ok());
    let mut deliveries =
        shop.submitter.views.deliveries(wanted, before, DELIVERIES_SHOWN + 1).await.map_err(unavailable)?;
    let has_more = deliveries.len() > DELIVERIES_SHOWN;
    deliveries.truncate(DELIVERIES_SHOWN);
    let own = format!("/admin/webhooks/{}", endpoint.id.0);
    let content = html! {
        p.label { (types(&operator, &endpoint)) }
        div.spread { h1.code { (endpoint.url) } (state(&endpoint)) }
        @if !endpoint.description.is_empty() { p.soft { (endpoint.description) } }
        section.card { h2 { (operator.say(dashboard::ACTIONS)) } (actions(&operator, &endpoint)) }
        section { h2 { (operator.say(dashboard::DELIVERIES)) }
            form.filters method="get" action=(own) {
                (filters.choice("status", operator.say(dashboard::STATUS), DeliveryState::ALL.into_iter().map(DeliveryState::name)))
                (filters.choice("eventType", operator.say(dashboard::TYPE), EventType::ALL.iter().map(|event_type| event_type.name())))
                button.small.quiet { (operator.say(dashboard::FIND)) }
            }
            div.card.scroll #deliveries data-live=[before.is_none().then_some("2000")] {
                @if deliveries.is_empty() { p.soft { (operator.say(dashboard::NO_DELIVERIES)) } } @else { (table(&operator, &deliveries)) }
            }
            @if let Some(last) = deliveries.last().filter(|_| has_more) {
                p { a.button.quiet href=(filters.with(&own, "before", Some(&last.key.number.to_string()))) { (operator.say(dashboard::OLDER)) } }
            }
        }
    };
    Ok(operator.page(&endpoint.url, content))
}

fn table(operator: &Operator, deliveries: &[Delivery]) -> Markup {
    html! { table {
        thead { tr {
            th { (operator.say(dashboard::NUMBER)) } th { (operator.say(dashboard::AT)) } th { (operator.say(dashboard::TYPE)) } th { (operator.say(dashboard::STATUS)) }
            th.end { (operator.say(dashboard::ATTEMPTS)) } th.end { (operator.say(dashboard::ANSWER)) } th { (operator.say(dashboard::NEXT_ATTEMPT)) }
        } }
        tbody { @for delivery in deliveries { tr {
            td.num { a href=(address(delivery)) { (delivery.key.number) } }
            td.soft { (time(delivery.created_at)) }
            td.code { (delivery.event_type) }
            td { (status(delivery.state.name())) }
            td.num.end { (count(delivery.attempts)) }
            td.num.end { @if let Some(answer) = delivery.last_status { (answer) } }
            td.soft { @if let Some(due) = delivery.due.filter(|_| delivery.state == DeliveryState::Failed) { (time(due)) } }
        } } }
    } }
}

fn address(delivery: &Delivery) -> String {
    let DeliveryKey { webhook, number } = delivery.key;
    format!("/admin/webhooks/{0}/deliveries/{0}-{number}", webhook.0)
}

fn actions(operator: &Operator, endpoint: &Endpoint) -> Markup {
    let own = format!("{PATH}/{}", endpoint.id.0);
    let [test, recover, replay] = ["test", "recover", "replay"].map(|verb| format!("{own}/{verb}"));
    let is_enabled = endpoint.status == Status::Enabled;
    let (label, says, fields) = if is_enabled {
        let fields = vec![Field::fixed("status", "\"DISABLED\""), Field::reason()];
        (dashboard::DISABLE, dashboard::DISABLE_SAYS, fields)
    } else {
        (dashboard::ENABLE, dashboard::ENABLE_SAYS, vec![Field::fixed("status", "\"ENABLED\"")])
    };
    let since = || vec![Field::new("since", dashboard::FROM_MOMENT, Kind::Moment)];
    let post = |label, says, path, fields| Act { label, says, method: "POST", path, fields, is_grave: false };
    let acts = [
        post(dashboard::TEST, dashboard::TEST_SAYS, &test, vec![]),
        post(dashboard::RECOVER, dashboard::RECOVER_SAYS, &recover, since()),
        post(dashboard::REPLAY, dashboard::REPLAY_SAYS, &replay, since()),
        Act { label, says, method: "PATCH", path: &own, fields, is_grave: is_enabled },
        Act {
            label: dashboard::REMOVE,
            says: dashboard::REMOVE_SAYS,
            method: "DELETE",
            path: &own,
            fields: vec![Field::reason()],
            is_grave: true,
        },
    ];
    html! { @for one in &acts { (act(operator, one)) } }
}

/// `GET /admin/webhooks/{id}/deliveries/{deliveryId}`.
pub(crate) async fn delivery(
    State(shop): State<Shop>,
    operator: Operator,
    path: WebhookDelivery,
) -> Result<Response, Problem> {
    let key = DeliveryKey { webhook: WebhookId(path.webhook), number: path.number };
    let Some(delivery) = shop.submitter.views.delivery(key).await.map_err(unavailable)? else {
        return Ok(operator.nothing());
    };
    let payload = read_body(&shop.submitter, &delivery).await.map_err(unavailable)?;
    let resend = format!("{PATH}/{0}/deliveries/{0}-{1}/resend", path.webhook, path.number);
    let again = Act {
        label: dashboard::RESEND,
        says: dashboard::RESEND_WEBHOOK_SAYS,
        method: "POST",
        path: &resend,
        fields: vec![],
        is_grave: false,
    };
    let content = html! {
        p.label { a href=(format!("/admin/webhooks/{}", path.webhook)) { (operator.say(dashboard::WEBHOOKS)) " " (path.webhook) } }
        div.spread { h1 { (delivery.event_type) } (status(delivery.state.name())) }
        section.card { h2 { (operator.say(dashboard::ACTIONS)) } (act(&operator, &again)) }
        section.card { h2 { (operator.say(dashboard::ATTEMPTS)) }
            @if delivery.log.is_empty() { p.soft { (operator.say(dashboard::NO_ATTEMPTS)) } }
            ol.timeline { @for attempt in delivery.log.iter().rev() {
                @let is_good = attempt.response_status.is_some_and(|status| (200..300).contains(&status));
                li data-tone=(if is_good { "good" } else { "bad" }) {
                    div.spread { strong.num { @match attempt.response_status { Some(status) => (status), None => "—" } } span.faint.num { (count(attempt.duration_ms)) " ms · " (time(attempt.at)) } }
                    @if let Some(error) = &attempt.error { p.bad { (error) } }
                    @if let Some(body) = attempt.response_body.as_ref().filter(|body| !body.is_empty()) { pre.code { (body) } }
                }
            } }
        }
        section.card { h2 { (operator.say(dashboard::PAYLOAD)) } pre.code { (payload.as_deref().map(pretty).unwrap_or_default()) } }
    };
    Ok(operator.page(&delivery.event_type, content))
}
