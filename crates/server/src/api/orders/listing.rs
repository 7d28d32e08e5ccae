//! Pages of orders: a customer's own, and for admins those of all users, with filters.

use std::fmt::Write as _;
use std::sync::LazyLock;

use app::ports::views::Reading;
use axum::extract::State;
use domain::ids::{CampaignId, OrderId, ProductId, UserId};
use domain::limits::NUMBER_MAX;
use domain::order::{Order, Outcome, Status};
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::api::Shop;
use crate::api::request::filters::{Period, number};
use crate::api::request::pages::{Page, PageQuery};
use crate::api::response::refusals::unavailable;
use crate::api::response::render;
use crate::http::Problem;
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::openapi::words;
use crate::security::auth::Customer;

/// Orders read per query when a filter may drop some of them.
const CHUNK: usize = 100;
/// Orders scanned at most for one page. A page may then be short or empty, and the next one continues the scan.
const LOOKED_AT_MAX: usize = 1_000;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct OrdersQuery {
    /// Only orders with this status.
    #[serde(default)]
    #[schemars(with = "Option<words::OrderStatusWord>")]
    status: Option<StatusName>,
    /// Only orders with this outcome. `COMPENSATION_STUCK` selects those that wait for an operator.
    #[serde(default)]
    #[schemars(with = "Option<words::OutcomeWord>")]
    outcome: Option<Outcome>,
    /// Only orders placed at this time or later. In a query, write the `+` of a time-zone offset as `%2B`.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    from: Option<String>,
    /// Only orders placed before this time.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    to: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnyOrdersQuery {
    /// Only orders of this user.
    #[schemars(range(min = 1, max = NUMBER_MAX))]
    user_id: Option<i64>,
    /// Only orders with a line of this product.
    #[schemars(range(min = 1, max = NUMBER_MAX))]
    product_id: Option<i64>,
    /// Only orders with a coupon of this campaign.
    #[schemars(range(min = 1, max = NUMBER_MAX))]
    coupon_id: Option<i64>,
}

/// A status by its name.
#[derive(Clone, Copy, Debug)]
struct StatusName(Status);

impl<'de> Deserialize<'de> for StatusName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StatusName, D::Error> {
        static NAMES: LazyLock<[&'static str; Status::ALL.len()]> = LazyLock::new(|| Status::ALL.map(Status::name));
        let name = String::deserialize(deserializer)?;
        let status = Status::ALL.into_iter().find(|status| status.name() == name);
        status.map(StatusName).ok_or_else(|| D::Error::unknown_variant("", &*NAMES))
    }
}

/// The filters of a list of orders.
#[derive(Default)]
struct Wanted {
    user: Option<UserId>,
    outcome: Option<Outcome>,
    status: Option<Status>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    product: Option<ProductId>,
    campaign: Option<CampaignId>,
}

impl OrdersQuery {
    fn wanted(&self) -> Result<Wanted, Problem> {
        let Period { from, to } = Period::read(self.from.as_deref(), self.to.as_deref())?;
        Ok(Wanted { outcome: self.outcome, status: self.status.map(|name| name.0), from, to, ..Wanted::default() })
    }
}

impl AnyOrdersQuery {
    fn complete(&self, wanted: Wanted) -> Result<Wanted, Problem> {
        Ok(Wanted {
            user: number("userId", self.user_id)?.map(UserId),
            product: number("productId", self.product_id)?.map(ProductId),
            campaign: number("couponId", self.coupon_id)?.map(CampaignId),
            ..wanted
        })
    }
}

impl Wanted {
    fn is_met_by(&self, order: &Order) -> bool {
        let created = &order.created;
        self.user.is_none_or(|user| created.user == user)
            && self.outcome.is_none_or(|outcome| order.outcome == outcome)
            && self.status.is_none_or(|status| order.status == status)
            && self.from.is_none_or(|from| from <= created.at)
            && self.to.is_none_or(|to| created.at < to)
            && self.product.is_none_or(|product| created.lines.iter().any(|line| line.product == product))
            && self
                .campaign
                .is_none_or(|campaign| created.coupon.as_ref().is_some_and(|coupon| coupon.campaign == campaign))
    }

    /// Returns `true` if no order that is read can be dropped.
    fn takes_all(&self) -> bool {
        let Wanted { user, outcome, status, from, to, product, campaign } = self;
        let is_indexed = user.is_none() && outcome.is_some_and(has_index);
        (is_indexed || outcome.is_none())
            && (status.is_none() && from.is_none() && to.is_none() && product.is_none() && campaign.is_none())
    }

    /// Returns a canonical text of the filters; a cursor is valid for this text only.
    fn spelling(&self) -> String {
        let mut spelling = String::new();
        let number = |name: &'static str, number: Option<i64>| number.map(|number| (name, number));
        if let Some(outcome) = self.outcome {
            let _infallible = write!(spelling, "outcome={}&", outcome.name());
        }
        if let Some(status) = self.status {
            let _infallible = write!(spelling, "status={}&", status.name());
        }
        let numbers = [
            number("from", self.from.map(Timestamp::micros)),
            number("to", self.to.map(Timestamp::micros)),
            number("user", self.user.map(|user| user.0)),
            number("product", self.product.map(|product| product.0)),
            number("campaign", self.campaign.map(|campaign| campaign.0)),
        ];
        for (name, number) in numbers.into_iter().flatten() {
            let _infallible = write!(spelling, "{name}={number}&");
        }
        spelling
    }

    /// Reads the next orders to filter: those of an outcome by its index, or all.
    fn read<'a>(&self, shop: &'a Shop, before: Option<OrderId>, count: usize) -> Reading<'a, Vec<Order>> {
        match self.user {
            Some(user) => shop.submitter.views.orders_of(user, before, count),
            None => {
                let outcome = self.outcome.filter(|outcome| has_index(*outcome));
                shop.submitter.views.orders(outcome, before, count)
            }
        }
    }

    /// Returns a page of matching orders, and the last scanned order if more may follow.
    async fn find(&self, shop: &Shop, page: &Page<'_>, count: usize) -> Result<(Vec<Order>, Option<OrderId>), Problem> {
        let (mut found, mut before, mut looked_at) = (vec![], page.after.map(OrderId), 0);
        loop {
            let orders = self.read(shop, before, count).await.map_err(unavailable)?;
            let are_last = orders.len() < count;
            looked_at += orders.len();
            for order in orders {
                let id = order.id();
                if self.is_met_by(&order) {
                    if found.len() == page.limit {
                        return Ok((found, before));
                    }
                    found.push(order);
                }
                before = Some(id);
            }
            if are_last {
                return Ok((found, None));
            }
            if looked_at >= LOOKED_AT_MAX {
                return Ok((found, before));
            }
        }
    }

    async fn page(
        &self,
        shop: &Shop,
        query: &PageQuery,
        name: &'static str,
        owner: Option<i64>,
    ) -> Result<Json<render::Page<render::OrderBody>>, Problem> {
        let filter = self.spelling();
        let page = query.page(shop, List { name, owner, filter: &filter })?;
        let count = if self.takes_all() { page.fetch() } else { CHUNK };
        let (orders, last) = self.find(shop, &page, count).await?;
        let orders = render::orders(shop, orders).await?;
        let data =
            orders.iter().map(|(order, of_it)| render::order_body(order, of_it, &shop.submitter.codec)).collect();
        Ok(Json(render::Page { data, next_cursor: last.map(|last| page.cursor_after(last.0)) }))
    }
}

/// Returns whether the store finds the orders of an outcome without looking at others: most orders are completed, and all
/// others have an index.
fn has_index(outcome: Outcome) -> bool {
    outcome != Outcome::Completed
}

/// `GET /api/orders`: own orders, newest first.
pub(crate) async fn list_own(
    State(shop): State<Shop>,
    Customer(principal): Customer,
    Query(which): Query<OrdersQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<render::Page<render::OrderBody>>, Problem> {
    let owner = principal.user_id;
    let wanted = Wanted { user: Some(UserId(owner)), ..which.wanted()? };
    wanted.page(&shop, &query, "orders", Some(owner)).await
}

/// `GET /api/admin/orders`: those of all users.
pub(crate) async fn list_all(
    State(shop): State<Shop>,
    Query(which): Query<OrdersQuery>,
    Query(whose): Query<AnyOrdersQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<render::Page<render::OrderBody>>, Problem> {
    whose.complete(which.wanted()?)?.page(&shop, &query, "admin/orders", None).await
}
