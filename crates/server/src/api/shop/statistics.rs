//! Statistics for admins: sums of coupons and orders, and their course.

use std::collections::BTreeMap;

use app::events::wire_time;
use app::log::trailing::figures;
use app::ports::views::WantedFigures;
use app::state::rows::{Added, Counted, Resolution, WHOLE_SHOP};
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

/// The most intervals of one answer.
const INTERVALS_MAX: i64 = 1_500;

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

    const fn micros(self) -> i64 {
        match self {
            Interval::Minute => 60_000_000,
            Interval::Hour => 3_600_000_000,
            Interval::Day => 86_400_000_000,
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
    /// hours for a year. Default: `hour`.
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
    /// Intervals in which something happened, oldest first.
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
    /// Intervals in which something happened, oldest first.
    series: Vec<OrderInterval>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrderTotals {
    placed: i64,
    completed: i64,
    cancelled: i64,
    /// Orders of which nothing is left.
    refunded: i64,
    /// Money for completed orders, paid or due on delivery: their price less discount and points.
    revenue: i64,
    discount: i64,
    points: i64,
    /// Money of cancelled and returned units, counted when the order is decided: also while its refund is under way or stuck.
    refunded_amount: i64,
    /// Cancelled orders by their reason.
    by_reason: BTreeMap<String, i64>,
    /// Placed orders by their mode.
    by_mode: BTreeMap<String, i64>,
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

/// Sums of figures by name.
#[derive(Default)]
struct Sums(BTreeMap<String, i64>);

impl Sums {
    fn add(&mut self, figure: &str, amount: i64) {
        *self.0.entry(figure.to_owned()).or_default() += amount;
    }

    fn of(&self, figure: &str) -> i64 {
        self.0.get(figure).copied().unwrap_or_default()
    }

    /// Returns the sums of a group of codes.
    fn by_code(&self, group: &str) -> BTreeMap<String, i64> {
        let of_group = |(figure, amount): (&String, &i64)| Some((figure.strip_prefix(group)?.to_owned(), *amount));
        self.0.iter().filter_map(of_group).collect()
    }
}

/// The sums of a time, and of each of its intervals.
struct Course {
    totals: Sums,
    intervals: BTreeMap<Timestamp, Sums>,
}

impl CourseQuery {
    async fn read(&self, shop: &Shop, counted: Counted, subject: i64) -> Result<Course, Problem> {
        let Period { from, to } = Period::read(self.from.as_deref(), self.to.as_deref())?;
        let resolution = self.interval.resolution();
        let end = to.unwrap_or(Timestamp::from_micros(i64::MAX));
        let earliest = latest_intervals(to.unwrap_or(shop.submitter.clock.now()), self.interval);
        let begin = from.map(|from| shop.calendar.start(resolution, from));
        if begin.is_some_and(|begin| begin < earliest) {
            let detail = values::INTERVALS_MAX.with(INTERVALS_MAX);
            return Err(Problem::invalid_parameter("interval", "too_short", detail));
        }
        let range = begin.unwrap_or(earliest)..end;
        let wanted = WantedFigures { counted, resolution, subject, range };
        let mut course = Course { totals: Sums::default(), intervals: BTreeMap::new() };
        let figures = shop.submitter.views.figures(wanted.clone()).await.map_err(unavailable)?;
        for Added { key, amount } in figures {
            course.intervals.entry(key.began_at).or_default().add(&key.figure, amount);
            if from.is_some() {
                course.totals.add(&key.figure, amount);
            }
        }
        if from.is_none() {
            course.totals = of_all_time(shop, wanted, to).await?;
        }
        Ok(course)
    }
}

/// Returns the sums from the first day on. The figures of days are never deleted; the last day counts in the wanted intervals.
async fn of_all_time(shop: &Shop, wanted: WantedFigures, to: Option<Timestamp>) -> Result<Sums, Problem> {
    let mut sums = Sums::default();
    let Some(to) = to else {
        let totals = shop.submitter.views.totals(wanted).await.map_err(unavailable)?;
        totals.into_iter().for_each(|(figure, amount)| sums.add(&figure, amount));
        return Ok(sums);
    };
    let last_day =
        if matches!(wanted.resolution, Resolution::Day) { to } else { shop.calendar.start(Resolution::Day, to) };
    let days = Timestamp::from_micros(i64::MIN)..last_day;
    let parts = [
        WantedFigures { resolution: Resolution::Day, range: days, ..wanted.clone() },
        WantedFigures { range: last_day..to, ..wanted },
    ];
    for part in parts.into_iter().filter(|part| !part.range.is_empty()) {
        let figures = shop.submitter.views.figures(part).await.map_err(unavailable)?;
        figures.into_iter().for_each(|added| sums.add(&added.key.figure, added.amount));
    }
    Ok(sums)
}

/// Returns the moment from which an answer may reach to `to`.
fn latest_intervals(to: Timestamp, interval: Interval) -> Timestamp {
    Timestamp::from_micros(to.micros().saturating_sub(interval.micros().saturating_mul(INTERVALS_MAX)))
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
        issued: sums.of(figures::ISSUED),
        used: sums.of(figures::USED),
        restored: sums.of(figures::RESTORED),
        refused: sums.by_code(figures::REFUSED).values().sum(),
    };
    let series = intervals.into_iter().map(interval).collect();
    let totals = CouponTotals {
        issued: totals.of(figures::ISSUED),
        used: totals.of(figures::USED),
        restored: totals.of(figures::RESTORED),
        refused: totals.by_code(figures::REFUSED),
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
        placed: sums.of(figures::PLACED),
        completed: sums.of(figures::COMPLETED),
        cancelled: sums.of(figures::CANCELLED),
        revenue: sums.of(figures::REVENUE),
    };
    let series = intervals.into_iter().map(interval).collect();
    let totals = OrderTotals {
        placed: totals.of(figures::PLACED),
        completed: totals.of(figures::COMPLETED),
        cancelled: totals.of(figures::CANCELLED),
        refunded: totals.of(figures::REFUNDED),
        revenue: totals.of(figures::REVENUE),
        discount: totals.of(figures::DISCOUNT),
        points: totals.of(figures::POINTS),
        refunded_amount: totals.of(figures::REFUNDED_AMOUNT),
        by_reason: totals.by_code(figures::BY_REASON),
        by_mode: totals.by_code(figures::BY_MODE),
    };
    Ok(Json(OrderStatisticsBody { totals, series }))
}
