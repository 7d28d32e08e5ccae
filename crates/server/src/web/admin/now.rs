//! The dashboard's first page: the sale as it happens.

use app::ports::StoreError;
use app::ports::views::Popular;
use axum::extract::State;
use axum::response::Response;
use domain::alert::Alert;
use domain::coupon::Campaign;
use domain::order::Outcome;
use domain::stock::Product;
use maud::{Markup, html};

use super::chart::{area, canvas, means};
use super::frame::Operator;
use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::shop::statistics::{self, OrderTotals};
use crate::api::texts::{Text, dashboard, pages};
use crate::http::Problem;
use crate::metrics::recent::Sample;
use crate::web::coupons::urgency;
use crate::web::format::{count, meter};

const MINUTE: usize = 60;
const HOUR: usize = 3_600;
/// The points of the hour's chart.
const HOUR_POINTS: usize = 180;
const PRODUCTS_SHOWN: usize = 6;
const CAMPAIGNS_SHOWN: usize = 50;
const ALERTS_SHOWN: usize = 50;
const SPARK_HEIGHT: usize = 60;
const HOUR_HEIGHT: usize = 200;

/// What waits for an operator.
#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    orders: i64,
    payments: i64,
    letters: i64,
}

/// `GET /admin`.
pub(crate) async fn page(State(shop): State<Shop>, operator: Operator) -> Result<Response, Problem> {
    let waiting = waiting(&shop).await.map_err(unavailable)?;
    let sold = sold_today(&shop).await.map_err(unavailable)?;
    let today = statistics::today(&shop).await.map_err(unavailable)?;
    let mut campaigns = shop.submitter.views.campaigns(None, CAMPAIGNS_SHOWN).await.map_err(unavailable)?;
    let now = operator.0.now;
    campaigns.sort_by_key(|campaign| urgency(campaign, now));
    let recent = shop.metrics.recent().latest(HOUR);
    let content = html! {
        div.live data-live="1000" #now {
            div.spread { h1 { (operator.say(dashboard::NOW)) } span.faint { (operator.say(dashboard::THIS_PROCESS)) } }
            (figures(&operator, &recent))
            section.card.hour aria-labelledby="hour" {
                div.spread {
                    h2 #hour { (operator.say(dashboard::LAST_HOUR)) }
                    span.legend { span.orders { (operator.say(dashboard::ORDERS_PER_SECOND)) } span.coupons { (operator.say(dashboard::COUPONS_PER_SECOND)) } }
                }
                (hour(&operator, &recent))
            }
            div.halves {
                (products(&operator, &sold))
                div.stack { (offers(&operator, &campaigns)) (outcomes(&operator, &today)) }
            }
            (alerts(&operator, &shop.alerts.all()))
            (waits(&operator, waiting))
        }
    };
    Ok(operator.page(operator.say(dashboard::NOW), content))
}

async fn waiting(shop: &Shop) -> Result<Waiting, StoreError> {
    let views = &shop.submitter.views;
    let letters = views.open_letters().await?;
    Ok(Waiting {
        orders: views.stuck_orders().await?,
        payments: views.stuck_payments().await?,
        letters: letters.iter().map(|(_, letters)| letters).sum(),
    })
}

/// Returns today's best sellers with their stock.
async fn sold_today(shop: &Shop) -> Result<Vec<(Popular, Product)>, StoreError> {
    let views = &shop.submitter.views;
    let today = shop.calendar.day(shop.submitter.clock.now());
    let mut sold = vec![];
    for popular in views.popular(Some(today), PRODUCTS_SHOWN).await? {
        if let Some(product) = views.product(popular.product).await? {
            sold.push((popular, product));
        }
    }
    Ok(sold)
}

fn figures(operator: &Operator, recent: &[Sample]) -> Markup {
    let minute = &recent[recent.len().saturating_sub(MINUTE)..];
    let last = minute.last().copied().unwrap_or_default();
    let course = |value: fn(&Sample) -> u64| minute.iter().map(|sample| value(sample) as f64).collect::<Vec<f64>>();
    let whole = |number: u64| count(i64::try_from(number).unwrap_or(i64::MAX));
    // The last second with an answer: between two requests there is no latency to show.
    let answered = minute.iter().rev().find(|sample| !sample.most.is_zero()).copied().unwrap_or_default();
    let latency = format!("{} / {} ms", milliseconds(answered.half), milliseconds(answered.most));
    html! {
        div.figures {
            (figure(operator, dashboard::ORDERS_PER_SECOND, &whole(last.orders), &course(|sample| sample.orders)))
            (figure(operator, dashboard::COUPONS_PER_SECOND, &whole(last.coupons), &course(|sample| sample.coupons)))
            (figure(operator, dashboard::REFUSED_PER_SECOND, &whole(last.refused), &course(|sample| sample.refused)))
            (figure(operator, dashboard::LATENCY, &latency, &course(|sample| u64::try_from(sample.most.as_micros()).unwrap_or(u64::MAX))))
            (figure(operator, dashboard::QUEUE, &whole(last.queue as u64), &course(|sample| sample.queue as u64)))
        }
    }
}

fn milliseconds(time: std::time::Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    if ms >= 10.0 || ms.fract() == 0.0 { format!("{ms:.0}") } else { format!("{ms:.1}") }
}

fn figure(operator: &Operator, label: Text, value: &str, course: &[f64]) -> Markup {
    let top = course.iter().copied().fold(1.0, f64::max);
    let described = format!("{}, {}", operator.say(label), operator.say(dashboard::LAST_MINUTE));
    html! {
        div.card.figure {
            p.label { (operator.say(label)) }
            p.big { (value) }
            (canvas(SPARK_HEIGHT, &described, &area("orders", course, top, SPARK_HEIGHT)))
        }
    }
}

fn hour(operator: &Operator, recent: &[Sample]) -> Markup {
    let group = recent.len().div_ceil(HOUR_POINTS).max(1);
    let of =
        |value: fn(&Sample) -> u64| means(&recent.iter().map(|sample| value(sample) as f64).collect::<Vec<_>>(), group);
    let (orders, coupons) = (of(|sample| sample.orders), of(|sample| sample.coupons));
    let top = orders.iter().chain(&coupons).copied().fold(1.0, f64::max);
    let drawn = html! { (area("coupons", &coupons, top, HOUR_HEIGHT)) (area("orders", &orders, top, HOUR_HEIGHT)) };
    html! {
        p.faint.num { (dashboard::PER_SECOND.with(format!("{top:.0}")).of(operator.0.language)) }
        (canvas(HOUR_HEIGHT, operator.say(dashboard::LAST_HOUR), &drawn))
    }
}

fn products(operator: &Operator, sold: &[(Popular, Product)]) -> Markup {
    html! {
        section.card aria-labelledby="hot" {
            h2 #hot { (operator.say(dashboard::HOT_PRODUCTS)) }
            @if sold.is_empty() { p.soft { (operator.say(dashboard::NOTHING_SOLD)) } } @else {
                div.scroll { table {
                    thead { tr { th { (operator.say(dashboard::NAME)) } th.end { (operator.say(dashboard::SOLD)) } th.end { (operator.say(dashboard::AVAILABLE)) } } }
                    tbody { @for (popular, product) in sold {
                        tr {
                            td { a href=(format!("/admin/products/{}", product.id.0)) { (popular.name) } (meter(product.available(), product.on_hand, operator.say(dashboard::AVAILABLE))) }
                            td.num.end { (count(popular.sold)) }
                            td.num.end { (count(product.available())) }
                        }
                    } }
                } }
            }
        }
    }
}

fn offers(operator: &Operator, campaigns: &[Campaign]) -> Markup {
    html! {
        section.card aria-labelledby="offers" {
            h2 #offers { (operator.say(dashboard::OPEN_CAMPAIGNS)) }
            @if campaigns.is_empty() { p.soft { (operator.say(pages::NO_CAMPAIGNS)) } } @else {
                div.scroll { table {
                    thead { tr { th { (operator.say(dashboard::NAME)) } th.end { (operator.say(dashboard::ISSUED)) } th.end { (operator.say(dashboard::LEFT)) } } }
                    tbody { @for campaign in campaigns.iter().take(PRODUCTS_SHOWN) {
                        tr {
                            td { a href=(format!("/admin/coupons/{}", campaign.id.0)) { (campaign.name) } (meter(campaign.remaining(), campaign.quantity, operator.say(dashboard::LEFT))) }
                            td.num.end { (count(campaign.issued)) }
                            td.num.end { (count(campaign.remaining())) }
                        }
                    } }
                } }
            }
        }
    }
}

/// What became of orders today: those cancelled by their reasons, the most frequent first.
fn outcomes(operator: &Operator, today: &OrderTotals) -> Markup {
    let mut reasons: Vec<(&str, i64)> = today.by_reason.iter().map(|(code, orders)| (code.as_str(), *orders)).collect();
    reasons.sort_by_key(|(_, orders)| std::cmp::Reverse(*orders));
    let of = |outcome: Outcome| format!("/admin/orders?outcome={}", outcome.name());
    html! {
        section.card aria-labelledby="outcomes" {
            h2 #outcomes { (operator.say(dashboard::ORDERS_TODAY)) }
            div.scroll { table { tbody {
                tr { td { (operator.say(dashboard::PLACED_TODAY)) } td.num.end { (count(today.placed)) } }
                tr { td { a href=(of(Outcome::Completed)) { (operator.say(dashboard::COMPLETED)) } } td.num.end { (count(today.completed)) } }
                tr { td { a href=(of(Outcome::Cancelled)) { (operator.say(dashboard::CANCELLED)) } } td.num.end { (count(today.cancelled)) } }
                @for (code, orders) in reasons { tr { td.code.soft { (code) } td.num.end.soft { (count(orders)) } } }
                tr { td { (operator.say(dashboard::REFUNDED)) } td.num.end { (count(today.refunded)) } }
            } } }
        }
    }
}

fn alerts(operator: &Operator, open: &[Alert]) -> Markup {
    html! {
        section.card aria-labelledby="alerts" {
            h2 #alerts { (operator.say(dashboard::ALERTS)) }
            @if open.is_empty() { p.good { (operator.say(dashboard::NO_ALERTS)) } } @else {
                ul.waits { @for alert in open.iter().take(ALERTS_SHOWN) {
                    li { strong.bad { (alert.code.name()) } " " (alert.subject) " " span.faint.num { (alert.value.number()) " / " (alert.threshold.number()) } }
                } }
            }
        }
    }
}

fn waits(operator: &Operator, waiting: Waiting) -> Markup {
    let rows = [
        (dashboard::STUCK_ORDERS, waiting.orders, "/admin/orders?outcome=COMPENSATION_STUCK"),
        (dashboard::STUCK_PAYMENTS, waiting.payments, "/admin/payments"),
        (dashboard::OPEN_LETTERS, waiting.letters, "/admin/messages"),
    ];
    let is_quiet = rows.iter().all(|(_, number, _)| *number == 0);
    html! {
        section.card aria-labelledby="waits" {
            h2 #waits { (operator.say(dashboard::WAITS)) }
            @if is_quiet { p.good { (operator.say(dashboard::NOTHING_WAITS)) } } @else {
                ul.waits { @for (text, number, path) in rows.into_iter().filter(|(_, number, _)| *number > 0) {
                    li { a href=(path) { strong.num.bad { (count(number)) } " " (operator.say(text)) } }
                } }
            }
        }
    }
}
