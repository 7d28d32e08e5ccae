//! The event log: everything that ever happened, and what became of it (M-18).

use std::fmt::Write as _;
use std::sync::Arc;

use app::events::event::EventKind;
use app::events::outbox::uuid;
use app::events::topic::Topic;
use app::events::wire_time;
use app::history::places;
use app::history::walk::{Ranges, Walk, positions};
use app::log::fate::{Fate, GroupDelivery, Progress};
use app::log::reactions::Group;
use app::ports::StoreError;
use app::ports::events::{Direction, EventFilter, Subject, WrittenEvent};
use app::ports::views::Views;
use axum::extract::State;
use domain::ids::{CampaignId, OrderId, ProductId, UserId, WebhookId};
use domain::limits::NUMBER_MAX;
use domain::order::Order;
use domain::webhook::{Delivery, State as DeliveryState, Status as WebhookStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::webhooks::deliveries::delivery_id;
use crate::api::Shop;
use crate::api::request::filters::{Period, number};
use crate::api::request::pages::PageQuery;
use crate::api::response::examples;
use crate::api::response::refusals::unavailable;
use crate::api::response::render::Page;
use crate::api::texts::values;
use crate::http::Problem;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::openapi::words;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventsQuery {
    /// Only events of this type.
    #[schemars(with = "Option<words::EventTypeWord>")]
    r#type: Option<String>,
    /// Only events on this topic, with their key there. An event may be on several.
    #[schemars(with = "Option<words::TopicWord>")]
    topic: Option<String>,
    /// Only events with this key.
    #[schemars(length(min = 1, max = 100))]
    key: Option<String>,
    /// Only events that name this order, by its number.
    #[schemars(length(min = 1, max = 100))]
    order_id: Option<String>,
    /// Only events that name this user.
    #[schemars(range(min = 1, max = NUMBER_MAX))]
    user_id: Option<i64>,
    /// Only events that name this campaign.
    #[schemars(range(min = 1, max = NUMBER_MAX))]
    coupon_id: Option<i64>,
    /// Only events that name this product.
    #[schemars(range(min = 1, max = NUMBER_MAX))]
    product_id: Option<i64>,
    /// Only events from this time on. In a query, write the `+` of a time-zone offset as `%2B`.
    #[schemars(with = "Option<words::Moment>")]
    from: Option<String>,
    /// Only events before this time.
    #[schemars(with = "Option<words::Moment>")]
    to: Option<String>,
}

/// An event, and what became of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LoggedEvent", example = examples::logged_event())]
pub(crate) struct EventBody {
    event_id: String,
    #[schemars(with = "words::EventTypeWord")]
    r#type: String,
    #[schemars(with = "words::TopicWord")]
    topic: String,
    /// All events on a topic with one key are in order.
    key: String,
    #[schemars(with = "words::Moment")]
    at: String,
    /// The order's version after the event, from 1 without gap; `null` unless the event is one of an order's own.
    version: Option<i64>,
    /// The command or event that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// The trace of the request that caused it. Absent if it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    /// The event's data, by the schema of its type.
    #[schemars(with = "serde_json::Map<String, Value>")]
    payload: Value,
    #[schemars(with = "words::EventStatusWord")]
    status: &'static str,
    /// One for each consumer group that reads the event, one for a group of notifications that has a dead letter of it, and then
    /// one for each webhook to which it is delivered.
    deliveries: Vec<DeliveryBody>,
}

/// The delivery of an event to a consumer group, or by `webhook-group` to a webhook.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EventDelivery")]
struct DeliveryBody {
    group: &'static str,
    /// The webhook to which it is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<i64>,
    /// The id of the delivery to the webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_id: Option<String>,
    #[schemars(with = "words::EventStatusWord")]
    status: &'static str,
    /// Failed attempts. Of a delivery to a webhook: all attempts.
    attempts: i64,
    /// The error of the last failed attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    next_attempt_at: Option<String>,
    /// The dead letter that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    letter_id: Option<i64>,
}

fn delivery(delivery: GroupDelivery) -> DeliveryBody {
    DeliveryBody {
        group: delivery.group.name(),
        webhook_id: None,
        delivery_id: None,
        status: delivery.status.name(),
        attempts: delivery.attempts,
        error: delivery.error.map(|error| error.to_string()),
        next_attempt_at: delivery.next_attempt.map(wire_time::format),
        letter_id: delivery.letter.map(|letter| letter.0),
    }
}

fn webhook_delivery(delivery: &Delivery) -> DeliveryBody {
    DeliveryBody {
        group: Group::Webhooks.name(),
        webhook_id: Some(delivery.key.webhook.0),
        delivery_id: Some(delivery_id(delivery.key)),
        status: delivery.state.name(),
        attempts: delivery.attempts,
        error: delivery.log.last().and_then(|attempt| attempt.error.as_ref()).map(ToString::to_string),
        next_attempt_at: delivery.due.filter(|_| delivery.state == DeliveryState::Failed).map(wire_time::format),
        letter_id: None,
    }
}

/// An event with what became of it.
pub(crate) struct FollowedEvent {
    pub(crate) event: WrittenEvent,
    pub(crate) fate: Fate,
    /// Its deliveries to webhooks.
    pub(crate) webhooks: Vec<Delivery>,
}

/// The newest events that name an order, oldest first.
pub(crate) struct EventsOfOrder {
    pub(crate) events: Vec<FollowedEvent>,
    /// There are older ones.
    pub(crate) has_earlier: bool,
}

fn body(followed: FollowedEvent, on: Option<Topic>) -> EventBody {
    let FollowedEvent { event, fate, webhooks } = followed;
    // On a topic with copies, the key is the copy's.
    let copied = on.and_then(|topic| Some((topic.name().to_owned(), event.event()?.key_on(topic))));
    let (topic, key) = copied.unwrap_or_else(|| (event.topic.clone(), event.key.clone()));
    EventBody {
        event_id: uuid(event.id.0),
        r#type: event.kind.clone(),
        topic,
        key,
        at: wire_time::format(event.at),
        version: event.version,
        cause: Some(event.cause.clone()).filter(|cause| !cause.is_empty()),
        trace_id: event.trace.map(|trace| format!("{:032x}", trace.trace())),
        payload: serde_json::from_str(&event.payload).unwrap_or_else(|_| Value::String(event.payload.clone())),
        status: fate.status.name(),
        deliveries: fate.deliveries.into_iter().map(delivery).chain(webhooks.iter().map(webhook_delivery)).collect(),
    }
}

/// Returns the deliveries with those ended whose endpoint was removed since.
async fn as_they_stand(views: &dyn Views, deliveries: Vec<Delivery>) -> Result<Vec<Delivery>, StoreError> {
    let mut endpoints: Vec<WebhookId> =
        deliveries.iter().filter(|delivery| delivery.state.is_open()).map(|delivery| delivery.key.webhook).collect();
    endpoints.sort_unstable();
    endpoints.dedup();
    let mut removed = vec![];
    for id in endpoints {
        let endpoint = views.webhook(id).await?;
        removed.extend(endpoint.is_some_and(|endpoint| endpoint.status == WebhookStatus::Removed).then_some(id));
    }
    let ended = |delivery: Delivery| {
        if removed.contains(&delivery.key.webhook) { delivery.to_a_removed_endpoint() } else { delivery }
    };
    Ok(deliveries.into_iter().map(ended).collect())
}

/// Adds to events what became of them.
async fn follow(shop: &Shop, events: Vec<WrittenEvent>) -> Result<Vec<FollowedEvent>, StoreError> {
    let (views, log) = (shop.submitter.views.as_ref(), &shop.log);
    let progress = Progress::look(views, log.carrier, log.book.as_ref(), &events).await?;
    let webhooks = views.deliveries_of(events.iter().map(|event| event.id).collect()).await?;
    let webhooks = as_they_stand(views, webhooks).await?;
    let followed = |event: WrittenEvent| {
        let own = webhooks.iter().filter(|delivery| delivery.event == event.id.0);
        FollowedEvent { fate: progress.fate(&event), webhooks: own.cloned().collect(), event }
    };
    Ok(events.into_iter().map(followed).collect())
}

/// Renders events with what became of them.
pub(super) async fn bodies(
    shop: &Shop,
    events: Vec<WrittenEvent>,
    on: Option<Topic>,
) -> Result<Vec<EventBody>, Problem> {
    let followed = follow(shop, events).await.map_err(unavailable)?;
    Ok(followed.into_iter().map(|event| body(event, on)).collect())
}

/// Returns the newest events that name an order, for its page.
pub(crate) async fn of_order(shop: &Shop, order: &Order, limit: usize) -> Result<EventsOfOrder, StoreError> {
    let views = shop.submitter.views.as_ref();
    let about = vec![Subject::Order(order.created.number.clone())];
    let wanted = EventFilter { about, ..EventFilter::default() };
    let ranges = places::of_order(views, order.id()).await?;
    let walk = Walk { views, wanted: &wanted, ranges: &ranges, direction: Direction::NewestFirst };
    let mut found = walk.page(limit).await?;
    found.events.reverse();
    Ok(EventsOfOrder { events: follow(shop, found.events).await?, has_earlier: found.next.is_some() })
}

/// The parsed filters.
struct Wanted {
    filter: EventFilter,
    order: Option<OrderId>,
}

impl EventsQuery {
    fn wanted(&self, shop: &Shop) -> Result<Wanted, Problem> {
        let Period { from, to } = Period::read(self.from.as_deref(), self.to.as_deref())?;
        let mut filter = EventFilter { key: self.key.as_deref().map(Arc::from), from, to, ..EventFilter::default() };
        if let Some(name) = &self.r#type {
            let kind = EventKind::from_type(name).ok_or_else(|| one_of("type", EventKind::ALL, EventKind::name))?;
            filter = filter.and_kinds(|other| other == kind);
        }
        if let Some(name) = &self.topic {
            filter = filter.on(Topic::from_name(name).ok_or_else(|| one_of("topic", Topic::ALL, Topic::name))?);
        }
        let subjects = [
            number("userId", self.user_id)?.map(|id| Subject::User(UserId(id))),
            number("couponId", self.coupon_id)?.map(|id| Subject::Campaign(CampaignId(id))),
            number("productId", self.product_id)?.map(|id| Subject::Product(ProductId(id))),
        ];
        filter.about.extend(subjects.into_iter().flatten());
        let mut order = None;
        if let Some(number) = &self.order_id {
            let known = shop.submitter.codec.order_id(number);
            // No event names a number that is not this shop's.
            order = Some(known.unwrap_or(OrderId(0)));
            filter.about.extend(known.map(|order| Subject::Order(shop.submitter.codec.order(order))));
        }
        Ok(Wanted { filter, order })
    }

    /// Returns a canonical text of the filters; a cursor is valid for this text only.
    fn spelling(&self) -> String {
        let mut spelling = String::new();
        let texts = [&self.r#type, &self.topic, &self.key, &self.order_id, &self.from, &self.to];
        for (place, text) in texts.into_iter().enumerate() {
            if let Some(text) = text {
                let _infallible = write!(spelling, "{place}={}:{text}&", text.len());
            }
        }
        for (place, number) in [self.user_id, self.coupon_id, self.product_id].into_iter().enumerate() {
            if let Some(number) = number {
                let _infallible = write!(spelling, "id{place}={number}&");
            }
        }
        spelling
    }
}

fn one_of<T: Copy>(parameter: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Problem {
    let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
    Problem::invalid_parameter(parameter, "not_accepted", values::ONE_OF.with(names.join(", ")))
}

/// `GET /api/admin/events`: newest first.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(which): Query<EventsQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<EventBody>>, Problem> {
    let (spelling, Wanted { filter, order }) = (which.spelling(), which.wanted(&shop)?);
    let page = query.page(&shop, List { name: "admin/events", owner: None, filter: &spelling })?;
    let views = shop.submitter.views.as_ref();
    let mut bounds = positions(views, filter.from, filter.to).await.map_err(unavailable)?;
    bounds.end = page.after.map_or(bounds.end, |after| after.min(bounds.end));
    let ranges = match order {
        Some(order) => places::of_order(views, order).await.map_err(unavailable)?.within(&bounds),
        None => Ranges::one(bounds),
    };
    let walk = Walk { views, wanted: &filter, ranges: &ranges, direction: Direction::NewestFirst };
    let found = walk.page(page.limit).await.map_err(unavailable)?;
    let data = bodies(&shop, found.events, filter.topic).await?;
    Ok(Json(Page { data, next_cursor: found.next.map(|next| page.cursor_after(next)) }))
}
