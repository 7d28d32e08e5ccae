//! Statistics for admins: sums of coupons and orders, and their course.

use std::collections::BTreeMap;

use app::events::wire_time;
use app::log::trailing::figures;
use app::log::trailing::statistics::course::{Asked, Course, NoCourse, Reader, Sums, WantedCourse};
use app::ports::StoreError;
use app::ports::views::WantedFigures;
use app::state::rows::{Counted, Resolution, WHOLE_SHOP};
use axum::extract::State;
use domain::limits::NUMBER_MAX;
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::filters::{Period, number};
use crate::api::response::examples;
use crate::api::response::refusals::unavailable;
use crate::api::texts::values;
use crate::http::Problem;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::openapi::words;

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Interval {
    Minute,
    #[default]
    Hour,
    Day,
}

impl Interval {
    const fn resolution(self) -> Resolution {
        match self {
            Interval::Minute => Resolution::Minute,
            Interval::Hour => Resolution::Hour,
            Interval::Day => Resolution::Day,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct CourseQuery {
    /// Only what happened in the interval of this time or later. In a query, write the `+` of a time-zone offset as `%2B`.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    from: Option<String>,
    /// Only what happened in intervals that begin before this time.
    #[serde(default)]
    #[schemars(with = "Option<words::Moment>")]
    to: Option<String>,
    /// The length of the intervals of the series. Hours and days are those of the shop's time zone. Minutes are kept for 30 days,
    /// hours for a year, days without limit. Default: `hour`.
    #[serde(default)]
    interval: Interval,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfCampaignQuery {
    /// Only coupons of this campaign.
    #[schemars(range(min = 1, max = NUMBER_MAX))]
    coupon_id: Option<i64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfProductQuery {
    /// Only orders with this product; amounts are the product's shares.
    #[schemars(range(min = 1, max = NUMBER_MAX))]
    product_id: Option<i64>,
}

/// Sums of coupons, and their course.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CouponStatistics", example = examples::coupon_statistics())]
pub(crate) struct CouponStatisticsBody {
    totals: CouponTotals,
    /// Intervals in which something happened, oldest first; at most the latest 1,500.
    series: Vec<CouponInterval>,
}

#[derive(Serialize, JsonSchema)]
struct CouponTotals {
    issued: i64,
    /// Coupons that orders claimed.
    used: i64,
    /// Coupons that became usable again, because an order was cancelled or refunded.
    restored: i64,
    /// Refused coupons by the code of the refusal.
    refused: BTreeMap<String, i64>,
}

#[derive(Default, Serialize, JsonSchema)]
struct CouponInterval {
    #[schemars(with = "words::Moment")]
    at: String,
    issued: i64,
    used: i64,
    restored: i64,
    refused: i64,
}

/// Sums of orders, and their course.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrderStatistics", example = examples::order_statistics())]
pub(crate) struct OrderStatisticsBody {
    totals: OrderTotals,
    /// Intervals in which something happened, oldest first; at most the latest 1,500.
    series: Vec<OrderInterval>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderTotals {
    pub(crate) placed: i64,
    pub(crate) completed: i64,
    pub(crate) cancelled: i64,
    /// Orders of which nothing is left.
    pub(crate) refunded: i64,
    /// Money for completed orders, paid or due on delivery: their price less discount and points.
    revenue: i64,
    discount: i64,
    points: i64,
    /// Money of cancelled and returned units, counted when the order is decided: also while its refund is under way or stuck.
    refunded_amount: i64,
    /// Cancelled orders by their reason.
    pub(crate) by_reason: BTreeMap<String, i64>,
    /// Placed orders by their mode.
    by_mode: BTreeMap<String, i64>,
}

impl OrderTotals {
    fn of(totals: &Sums) -> OrderTotals {
        OrderTotals {
            placed: sum(totals, figures::PLACED),
            completed: sum(totals, figures::COMPLETED),
            cancelled: sum(totals, figures::CANCELLED),
            refunded: sum(totals, figures::REFUNDED),
            revenue: sum(totals, figures::REVENUE),
            discount: sum(totals, figures::DISCOUNT),
            points: sum(totals, figures::POINTS),
            refunded_amount: sum(totals, figures::REFUNDED_AMOUNT),
            by_reason: by_code(totals, figures::BY_REASON),
            by_mode: by_code(totals, figures::BY_MODE),
        }
    }
}

#[derive(Default, Serialize, JsonSchema)]
struct OrderInterval {
    #[schemars(with = "words::Moment")]
    at: String,
    placed: i64,
    completed: i64,
    cancelled: i64,
    revenue: i64,
}

fn sum(sums: &Sums, figure: &str) -> i64 {
    sums.get(figure).copied().unwrap_or_default()
}

/// Returns the sums of a group of codes.
fn by_code(sums: &Sums, group: &str) -> BTreeMap<String, i64> {
    let of_group = |(figure, amount): (&String, &i64)| Some((figure.strip_prefix(group)?.to_owned(), *amount));
    sums.iter().filter_map(of_group).collect()
}

impl CourseQuery {
    async fn read(&self, shop: &Shop, counted: Counted, subject: i64) -> Result<Course, Problem> {
        let Period { from, to } = Period::read(self.from.as_deref(), self.to.as_deref())?;
        let resolution = self.interval.resolution();
        let (views, calendar) = (shop.submitter.views.as_ref(), shop.calendar.as_ref());
        let reader = Reader { views, calendar, now: shop.submitter.clock.now() };
        let read = reader.read(&WantedCourse { counted, subject, resolution, from, to }).await;
        read.map_err(|reason| match reason {
            NoCourse::Store(error) => unavailable(error),
            NoCourse::NotKept { asked, longer } => not_kept(asked, longer),
        })
    }
}

fn not_kept(asked: Asked, longer: Resolution) -> Problem {
    let bound = match longer {
        Resolution::Minute | Resolution::Hour => values::HOUR_BEGINS,
        Resolution::Day => values::DAY_BEGINS,
    };
    let (parameter, detail) = match asked {
        Asked::From => ("from", bound.into()),
        Asked::To => ("to", bound.into()),
        Asked::Interval => ("interval", values::INTERVAL_NOT_KEPT.with(longer.name())),
    };
    Problem::invalid_parameter(parameter, "not_kept", detail)
}

/// `GET /api/admin/statistics/coupons`.
pub(crate) async fn coupons(
    State(shop): State<Shop>,
    Query(query): Query<CourseQuery>,
    Query(of): Query<OfCampaignQuery>,
) -> Result<Json<CouponStatisticsBody>, Problem> {
    let subject = number("couponId", of.coupon_id)?.unwrap_or(WHOLE_SHOP);
    let Course { totals, intervals } = query.read(&shop, Counted::Coupons, subject).await?;
    let interval = |(at, sums): (Timestamp, Sums)| CouponInterval {
        at: wire_time::format(at),
        issued: sum(&sums, figures::ISSUED),
        used: sum(&sums, figures::USED),
        restored: sum(&sums, figures::RESTORED),
        refused: by_code(&sums, figures::REFUSED).values().sum(),
    };
    let series = intervals.into_iter().map(interval).collect();
    let totals = CouponTotals {
        issued: sum(&totals, figures::ISSUED),
        used: sum(&totals, figures::USED),
        restored: sum(&totals, figures::RESTORED),
        refused: by_code(&totals, figures::REFUSED),
    };
    Ok(Json(CouponStatisticsBody { totals, series }))
}

/// `GET /api/admin/statistics/orders`.
pub(crate) async fn orders(
    State(shop): State<Shop>,
    Query(query): Query<CourseQuery>,
    Query(of): Query<OfProductQuery>,
) -> Result<Json<OrderStatisticsBody>, Problem> {
    let subject = number("productId", of.product_id)?.unwrap_or(WHOLE_SHOP);
    let Course { totals, intervals } = query.read(&shop, Counted::Orders, subject).await?;
    let interval = |(at, sums): (Timestamp, Sums)| OrderInterval {
        at: wire_time::format(at),
        placed: sum(&sums, figures::PLACED),
        completed: sum(&sums, figures::COMPLETED),
        cancelled: sum(&sums, figures::CANCELLED),
        revenue: sum(&sums, figures::REVENUE),
    };
    let series = intervals.into_iter().map(interval).collect();
    Ok(Json(OrderStatisticsBody { totals: OrderTotals::of(&totals), series }))
}

/// Returns the sums of orders of the shop's present day.
pub(crate) async fn today(shop: &Shop) -> Result<OrderTotals, StoreError> {
    let resolution = Resolution::Day;
    let began = shop.calendar.start(resolution, shop.submitter.clock.now());
    let range = began..Timestamp::from_micros(i64::MAX);
    let wanted = WantedFigures { counted: Counted::Orders, resolution, subject: WHOLE_SHOP, range };
    let mut sums = Sums::default();
    for added in shop.submitter.views.figures(wanted).await? {
        *sums.entry((*added.key.figure).to_owned()).or_default() += added.amount;
    }
    Ok(OrderTotals::of(&sums))
}
