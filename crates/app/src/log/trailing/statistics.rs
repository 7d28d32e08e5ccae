//! The groups of the statistics: they add up events for each minute, hour and day.

pub mod course;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{CampaignId, Code, Codec, OrderId, ProductId};
use domain::money::Money;
use domain::order::{Line, Order};
use domain::refund;
use domain::time::Timestamp;

use super::figures::{
    self, BY_MODE, BY_REASON, CANCELLED, COMPLETED, DISCOUNT, PLACED, POINTS, REFUNDED, REFUNDED_AMOUNT, REVENUE,
};
use super::{Effect, Follower, NotFollowed};
use crate::events::event::{Event, EventKind, OrderCreated, OrderReturned, Sold};
use crate::log::group::Group;
use crate::ports::views::Reading;
use crate::ports::{BoxFuture, Calendar, Delivery};
use crate::state::rows::{Added, Counted, Cut, FigureKey, Resolution, WHOLE_SHOP};

const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 24 * HOUR_S;
/// How long figures of minutes and of hours can be read: 30 days and a leap year, and an hour more, since a client computes
/// the moment before it asks. Those of days are kept without limit.
const MINUTES_KEPT: Duration = Duration::from_secs(30 * DAY_S + HOUR_S);
const HOURS_KEPT: Duration = Duration::from_secs(366 * DAY_S + HOUR_S);
/// Figures are deleted only so much later: the clocks of processes differ, and an answer is read in several steps.
const CUT_LATER: Duration = Duration::from_secs(DAY_S);
/// The most figures of a resolution that one commit deletes, and how often, by the events' own clock.
const CUT_MAX: i64 = 1_000;
const CUT_EVERY: Duration = Duration::from_secs(10);
/// The orders whose prices are remembered from their placement until they complete. Those of older ones are read.
const REMEMBERED_MAX: usize = 20_000;

const MINUTE_MICROS: i64 = 60_000_000;

/// The sums of a slice, by minute.
#[derive(Debug, Default)]
struct Sums(BTreeMap<(i64, Timestamp, Arc<str>), i64>);

impl Sums {
    fn add(&mut self, subject: i64, at: Timestamp, figure: Arc<str>, amount: i64) {
        let minute = Timestamp::from_micros(at.micros().div_euclid(MINUTE_MICROS) * MINUTE_MICROS);
        *self.0.entry((subject, minute, figure)).or_default() += amount;
    }

    /// Returns the sums of each minute, hour and day.
    fn by_resolution(self, counted: Counted, calendar: &dyn Calendar) -> Vec<Added> {
        let mut all: BTreeMap<FigureKey, i64> = BTreeMap::new();
        for ((subject, minute, figure), amount) in self.0 {
            for resolution in Resolution::ALL {
                let began_at = calendar.start(*resolution, minute);
                let key =
                    FigureKey { counted, resolution: *resolution, subject, began_at, figure: Arc::clone(&figure) };
                *all.entry(key).or_default() += amount;
            }
        }
        all.into_iter().filter(|(_, amount)| *amount != 0).map(|(key, amount)| Added { key, amount }).collect()
    }
}

/// Returns the moment from which on every figure of a resolution is kept.
pub(crate) fn kept_since(resolution: Resolution, now: Timestamp) -> Timestamp {
    match resolution {
        Resolution::Minute => now - MINUTES_KEPT,
        Resolution::Hour => now - HOURS_KEPT,
        Resolution::Day => Timestamp::from_micros(i64::MIN),
    }
}

/// Deletes old figures from time to time.
#[derive(Debug, Default)]
struct Cutter {
    cut: Timestamp,
}

impl Cutter {
    fn cuts(&mut self, counted: Counted, now: Timestamp) -> Vec<Cut> {
        if self.cut + CUT_EVERY > now {
            return vec![];
        }
        self.cut = now;
        let before = |resolution| kept_since(resolution, now) - CUT_LATER;
        let cut = |resolution| Cut { counted, resolution, before: before(resolution), limit: CUT_MAX };
        vec![cut(Resolution::Minute), cut(Resolution::Hour)]
    }
}

/// Returns what refused coupons add to the figures: campaign, code and count of each.
pub fn refused(counts: &[(CampaignId, &str, i64)], at: Timestamp, calendar: &dyn Calendar) -> Vec<Added> {
    let mut sums = Sums::default();
    for (campaign, code, count) in counts {
        let figure: Arc<str> = format!("{}{code}", figures::REFUSED).into();
        sums.add(campaign.0, at, Arc::clone(&figure), *count);
        sums.add(WHOLE_SHOP, at, figure, *count);
    }
    sums.by_resolution(Counted::Coupons, calendar)
}

fn effect(
    counted: Counted,
    sums: Sums,
    calendar: &dyn Calendar,
    cutter: &mut Cutter,
    slice: &[Delivery],
) -> Option<Effect> {
    let added = sums.by_resolution(counted, calendar);
    let cuts = slice.last().map_or_else(Vec::new, |last| cutter.cuts(counted, last.at));
    (!added.is_empty()).then_some(Effect::Figures { added, cuts })
}

/// Counts issued, refused, used and restored coupons, by campaign and for the whole shop.
pub struct CouponStatistics {
    calendar: Arc<dyn Calendar>,
    cutter: Cutter,
}

impl CouponStatistics {
    pub fn new(calendar: Arc<dyn Calendar>) -> CouponStatistics {
        CouponStatistics { calendar, cutter: Cutter::default() }
    }
}

impl Follower for CouponStatistics {
    fn group(&self) -> Group {
        Group::CouponStatistics
    }

    fn kinds(&self) -> &[EventKind] {
        figures::OF_COUPONS
    }

    fn digest<'a>(&'a mut self, slice: &'a [Delivery]) -> BoxFuture<'a, Result<Option<Effect>, NotFollowed>> {
        let mut sums = Sums::default();
        for delivery in slice {
            let Some((campaign, figure)) = delivery.event.as_ref().ok().and_then(figures::of_coupon) else { continue };
            sums.add(campaign.0, delivery.at, Arc::clone(&figure), 1);
            sums.add(WHOLE_SHOP, delivery.at, figure, 1);
        }
        let effect = effect(Counted::Coupons, sums, self.calendar.as_ref(), &mut self.cutter, slice);
        Box::pin(std::future::ready(Ok(effect)))
    }
}

/// A product's part of an order.
#[derive(Clone, Copy, Debug)]
struct Part {
    product: ProductId,
    quantity: i64,
    share: refund::Share,
}

type Parts = Arc<[Part]>;

fn parts(lines: &[Line], discount: Money, points: Money) -> Parts {
    let shares = refund::shares(lines, discount, points);
    let part = |(line, share): (&Line, refund::Share)| Part { product: line.product, quantity: line.quantity, share };
    lines.iter().zip(shares).map(part).collect()
}

/// Finds an order in the store.
pub type FindOrder = Arc<dyn Fn(OrderId) -> Reading<'static, Option<Order>> + Send + Sync>;

/// Counts placed, completed, cancelled and refunded orders and their amounts, by product and for the whole shop.
pub struct OrderStatistics {
    calendar: Arc<dyn Calendar>,
    find: FindOrder,
    codec: Codec,
    cutter: Cutter,
    remembered: BTreeMap<Code, Parts>,
    /// In the order in which they are forgotten.
    oldest: VecDeque<Code>,
}

impl OrderStatistics {
    pub fn new(calendar: Arc<dyn Calendar>, find: FindOrder, codec: Codec) -> OrderStatistics {
        let (remembered, oldest) = (BTreeMap::new(), VecDeque::new());
        OrderStatistics { calendar, find, codec, cutter: Cutter::default(), remembered, oldest }
    }

    fn remember(&mut self, created: &OrderCreated) -> Parts {
        let parts = parts(&created.items, created.discount_price, created.points_used);
        if self.remembered.insert(created.order_id.clone(), Arc::clone(&parts)).is_none() {
            self.oldest.push_back(created.order_id.clone());
        }
        while self.oldest.len() > REMEMBERED_MAX {
            self.oldest.pop_front().and_then(|oldest| self.remembered.remove(&oldest));
        }
        parts
    }

    /// Returns the parts of an order; none of an order of another shop.
    async fn parts_of(&self, code: &Code) -> Result<Parts, NotFollowed> {
        if let Some(known) = self.remembered.get(code) {
            return Ok(Arc::clone(known));
        }
        let Some(id) = self.codec.order_id(code.as_str()) else { return Ok(Arc::from([])) };
        let order = (self.find)(id).await?;
        let created = order.map(|order| order.created);
        Ok(created.map_or(Arc::from([]), |created| parts(&created.lines, created.discount, created.points)))
    }

    /// Adds what an event means for each of its products.
    async fn add_products(&mut self, event: &Event, at: Timestamp, sums: &mut Sums) -> Result<(), NotFollowed> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "other events are not about orders")]
        match event {
            Event::OrderCreated(created) => {
                let parts = self.remember(created);
                let mode: Arc<str> = format!("{BY_MODE}{}", created.mode.name()).into();
                for part in parts.iter() {
                    sums.add(part.product.0, at, PLACED.into(), 1);
                    sums.add(part.product.0, at, Arc::clone(&mode), 1);
                }
            }
            Event::OrderCompleted(completed) => {
                for Part { product, share, .. } in self.parts_of(&completed.order_id).await?.iter() {
                    sums.add(product.0, at, COMPLETED.into(), 1);
                    for (figure, amount) in [(REVENUE, share.due), (DISCOUNT, share.discount), (POINTS, share.points)] {
                        if !amount.is_zero() {
                            sums.add(product.0, at, figure.into(), amount.amount());
                        }
                    }
                }
            }
            Event::OrderCancelled(cancelled) => {
                let parts = self.parts_of(&cancelled.order_id).await?;
                let reason: Arc<str> = format!("{BY_REASON}{}", cancelled.reason.code()).into();
                for part in parts.iter() {
                    sums.add(part.product.0, at, CANCELLED.into(), 1);
                    sums.add(part.product.0, at, Arc::clone(&reason), 1);
                }
            }
            Event::OrderReturned(returned) => {
                let parts = self.parts_of(&returned.order_id).await?;
                if returned.is_last {
                    parts.iter().for_each(|part| sums.add(part.product.0, at, REFUNDED.into(), 1));
                }
                for (sold, amount) in returned.products.iter().zip(amounts(returned, &parts)) {
                    if amount != 0 {
                        sums.add(sold.id.0, at, REFUNDED_AMOUNT.into(), amount);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn sums(&mut self, slice: &[Delivery]) -> Result<Sums, NotFollowed> {
        let mut sums = Sums::default();
        for delivery in slice {
            let Ok(event) = &delivery.event else { continue };
            figures::of_order(event, |figure, amount| sums.add(WHOLE_SHOP, delivery.at, figure, amount));
            self.add_products(event, delivery.at, &mut sums).await?;
        }
        Ok(sums)
    }
}

/// Returns what was refunded for each product of a return.
fn amounts(returned: &OrderReturned, parts: &[Part]) -> Vec<i64> {
    if returned.product_amounts.len() == returned.products.len() {
        return returned.product_amounts.iter().map(|amount| amount.amount()).collect();
    }
    divided(returned.worth(), &returned.products, parts)
}

/// Divides a refund over the returned products by what was due for them; the last one gets the rest. Only for events of
/// older versions: what was returned before them decides over the last won, and they do not say it.
fn divided(amount: Money, returned: &[Sold], parts: &[Part]) -> Vec<i64> {
    let due = |sold: &Sold| {
        let part = parts.iter().find(|part| part.product == sold.id);
        part.map_or(0, |part| {
            i128::from(part.share.due.amount()) * i128::from(sold.qty) / i128::from(part.quantity.max(1))
        })
    };
    let weights: Vec<i128> = returned.iter().map(due).collect();
    let (whole, total) = (i128::from(amount.amount()), weights.iter().sum::<i128>().max(1));
    let mut left = whole;
    let mut shares = vec![];
    for (place, weight) in weights.into_iter().enumerate() {
        let share = if place + 1 == returned.len() { left } else { whole * weight / total };
        left -= share;
        shares.push(i64::try_from(share).unwrap_or(0));
    }
    shares
}

impl Follower for OrderStatistics {
    fn group(&self) -> Group {
        Group::OrderStatistics
    }

    fn kinds(&self) -> &[EventKind] {
        figures::OF_ORDERS
    }

    fn digest<'a>(&'a mut self, slice: &'a [Delivery]) -> BoxFuture<'a, Result<Option<Effect>, NotFollowed>> {
        Box::pin(async move {
            let sums = self.sums(slice).await?;
            Ok(effect(Counted::Orders, sums, self.calendar.as_ref(), &mut self.cutter, slice))
        })
    }
}
