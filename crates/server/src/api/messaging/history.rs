//! The past of a campaign, an order, a product, a customer: their state at a moment, and what had happened by then.

use app::events::wire_time;
use app::history::walk::{Ranges, Walk, positions};
use app::history::{past, places};
use app::ports::events::{Direction, EventFilter, Subject};
use axum::extract::State;
use domain::ids::{CampaignId, ProductId, UserId};
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::events::{EventBody, bodies};
use crate::api::Shop;
use crate::api::request::filters::moment;
use crate::api::request::pages::PageQuery;
use crate::api::response::refusals::{
    coupon_not_found, order_not_found, product_not_found, unavailable, user_not_found,
};
use crate::api::response::render;
use crate::api::response::{examples, refusals};
use crate::api::texts::{details, operators};
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::path::{self, Id, Name};
use crate::http::query::Query;
use crate::http::{Code, Problem};
use crate::openapi::words;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HistoryQuery {
    /// The moment. Default: now. In a query, write the `+` of a time-zone offset as `%2B`.
    #[schemars(with = "Option<words::Moment>")]
    as_of: Option<String>,
}

/// The state at a moment, and a page of the events up to it, oldest first.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "HistoryOf{T}")]
pub(crate) struct HistoryBody<T> {
    #[schemars(with = "words::Moment")]
    as_of: String,
    /// `null` before the first event, where a customer has no points and no coupons instead.
    state: Option<T>,
    events: Vec<EventBody>,
    /// The `cursor` of the next page of events. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = examples::CURSOR)]
    next_cursor: Option<String>,
}

/// A customer's points and coupons.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CustomerState", example = examples::customer_state())]
pub(crate) struct CustomerState {
    user_id: i64,
    /// The balance.
    points: i64,
    /// In the order of issue.
    coupons: Vec<render::UserCouponBody>,
}

/// The question of one request.
struct Asked<'a> {
    shop: &'a Shop,
    at: Timestamp,
    query: &'a PageQuery,
    name: &'static str,
    owner: i64,
    filter: String,
}

impl<'a> Asked<'a> {
    fn new(
        shop: &'a Shop,
        which: &HistoryQuery,
        query: &'a PageQuery,
        name: &'static str,
        owner: i64,
    ) -> Result<Asked<'a>, Problem> {
        let at = moment("asOf", which.as_of.as_deref())?;
        let filter = at.map_or_else(String::new, |at| format!("asOf={}", at.micros()));
        let at = at.unwrap_or_else(|| shop.submitter.clock.now());
        Ok(Asked { shop, at, query, name, owner, filter })
    }

    /// Returns the answer: a page of the events that name the subject, in these places.
    async fn answer<T>(
        &self,
        state: Option<T>,
        subject: Subject,
        places: Ranges,
    ) -> Result<Json<HistoryBody<T>>, Problem> {
        let list = List { name: self.name, owner: Some(self.owner), filter: &self.filter };
        let page = self.query.page(self.shop, list)?;
        let ranges = places.within(&(page.after.unwrap_or(1)..i64::MAX));
        let wanted = past::until(self.at, EventFilter { about: vec![subject], ..EventFilter::default() });
        let views = self.shop.submitter.views.as_ref();
        let walk = Walk { views, wanted: &wanted, ranges: &ranges, direction: Direction::OldestFirst };
        let found = walk.page(page.limit).await.map_err(unavailable)?;
        let next_cursor = found.next.map(|next| page.cursor_after(next));
        let events = bodies(self.shop, found.events, None).await?;
        Ok(Json(HistoryBody { as_of: wire_time::format(self.at), state, events, next_cursor }))
    }

    /// Refuses a state that needs archived events: of a thing that is older than the archive's end.
    async fn needs_all_since(&self, first: Option<Timestamp>) -> Result<(), Problem> {
        let before = self.shop.submitter.views.archived_before().await.map_err(unavailable)?;
        match before.filter(|before| first.is_some_and(|first| first < *before)) {
            None => Ok(()),
            Some(before) => {
                let detail = operators::HISTORY_ARCHIVED.with(wire_time::format(before));
                Err(Problem::new(Code::HistoryArchived, detail))
            }
        }
    }

    /// Returns the positions from a moment up to the one that is asked for.
    async fn since(&self, from: Option<Timestamp>) -> Result<Ranges, Problem> {
        let views = self.shop.submitter.views.as_ref();
        positions(views, from, Some(self.at)).await.map(Ranges::one).map_err(unavailable)
    }
}

/// `GET /api/admin/coupons/{id}/history`.
pub(crate) async fn of_campaign(
    State(shop): State<Shop>,
    id: Id<path::Campaign>,
    Query(which): Query<HistoryQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<HistoryBody<render::CampaignBody>>, Problem> {
    let asked = Asked::new(&shop, &which, &query, "admin/coupons/history", id.0)?;
    let views = shop.submitter.views.as_ref();
    let now = views.campaign(CampaignId(id.0)).await.map_err(unavailable)?.ok_or_else(coupon_not_found)?;
    asked.needs_all_since(Some(now.created_at)).await?;
    let state = past::campaign(views, &now, asked.at).await.map_err(unavailable)?;
    let places = asked.since(Some(now.created_at)).await?;
    asked.answer(state.as_ref().map(render::campaign), Subject::Campaign(now.id), places).await
}

/// `GET /api/admin/products/{id}/history`.
pub(crate) async fn of_product(
    State(shop): State<Shop>,
    id: Id<path::Product>,
    Query(which): Query<HistoryQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<HistoryBody<render::StockedProductBody>>, Problem> {
    let asked = Asked::new(&shop, &which, &query, "admin/products/history", id.0)?;
    let views = shop.submitter.views.as_ref();
    let now = views.product(ProductId(id.0)).await.map_err(unavailable)?.ok_or_else(product_not_found)?;
    asked.needs_all_since(Some(now.created_at)).await?;
    let state = past::product(views, &now, asked.at).await.map_err(unavailable)?;
    let places = asked.since(Some(now.created_at)).await?;
    let state = state.map(|(product, details)| render::stocked_product(&product, &details));
    asked.answer(state, Subject::Product(now.id), places).await
}

/// `GET /api/admin/orders/{n}/history`.
pub(crate) async fn of_order(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    Query(which): Query<HistoryQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<HistoryBody<render::OrderBody>>, Problem> {
    let id = shop.submitter.codec.order_id(&number).ok_or_else(order_not_found)?;
    let views = shop.submitter.views.as_ref();
    let now = views.order(id).await.map_err(unavailable)?.ok_or_else(order_not_found)?;
    let asked = Asked::new(&shop, &which, &query, "admin/orders/history", id.0)?;
    asked.needs_all_since(Some(now.created.at)).await?;
    let past = past::order(views, id, asked.at).await.map_err(unavailable)?;
    let state = past.state().map_err(|broken| {
        tracing::error!(order = %number, "The history of order {number} does not fold: {broken}");
        Problem::new(Code::Internal, details::HISTORY_UNREADABLE)
    })?;
    let state = state.map(|(order, of_it)| render::order_body(order, of_it, &shop.submitter.codec));
    let places = places::of_order(views, id).await.map_err(unavailable)?;
    asked.answer(state, Subject::Order(now.created.number.clone()), places).await
}

/// `GET /api/admin/users/{id}/history`.
pub(crate) async fn of_user(
    State(shop): State<Shop>,
    id: Id<path::User>,
    Query(which): Query<HistoryQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<HistoryBody<CustomerState>>, Problem> {
    let asked = Asked::new(&shop, &which, &query, "admin/users/history", id.0)?;
    let user = UserId(id.0);
    let views = shop.submitter.views.as_ref();
    // A customer who is known to a token only has done nothing yet.
    if !views.is_known(user).await.map_err(unavailable)? {
        return Err(user_not_found());
    }
    asked.needs_all_since(places::first_of_customer(views, user).await.map_err(unavailable)?).await?;
    let past = past::customer(views, user, asked.at).await.map_err(unavailable)?;
    let mut coupons = vec![];
    for held in past.coupons() {
        // A campaign's coupons expire when its first terms say; that never changes.
        let campaign = views.campaign(held.campaign).await.map_err(unavailable)?;
        let valid_until = campaign.ok_or_else(refusals::coupon_not_found)?.valid_until;
        coupons.push(render::held_coupon(held, valid_until, asked.at));
    }
    let state = CustomerState { user_id: id.0, points: past.points(), coupons };
    let places = asked.since(None).await?;
    asked.answer(Some(state), Subject::User(user), places).await
}
