//! The participants of the order saga: stock, coupon, points (O-06…O-08, W-01, W-02, S-01, S-02, C-32).
//!
//! Each claims for an order at most once and gives back exactly what it claimed, however often and in whatever order
//! it is asked. Its [`claim`] record, in the same commit, is what it knows.

use domain::claim::{self, Claim, Releasing, Taking};
use domain::ids::{CampaignId, CouponId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::CouponWanted;
use domain::order::saga::{Report, Step as SagaStep};
use domain::reason::Reason;
use domain::time::Timestamp;
use domain::{coupon, points, stock};

use crate::commands::catalogue::apply;
use crate::commands::context::{Halt, Step, Unit};
use crate::commands::order::request::{Asked, is_claim_due, is_release_due};
use crate::commands::points::post;
use crate::events::event::{DelayedProcessing, Event};
use crate::log::reactions::{Moved, report_event};
use crate::state::rows::{ClaimKey, HoldingKey, OrderKey};

/// What a participant says, and what changed hands with it.
pub(crate) type Told = (Report, Moved);

pub(crate) fn claim_stock(unit: &mut Unit<'_>, order: OrderId, product: ProductId, quantity: i64) -> Step {
    if !is_claim_due(unit, order, Asked::Stock(product, quantity))? {
        return Ok(());
    }
    if let Err(until) = unit.ask(SagaStep::Stock(product)) {
        return put_off(unit, order, SagaStep::Stock(product), until);
    }
    let report = take_stock(unit, order, product, quantity)?;
    answer(unit, order, SagaStep::Stock(product), report)
}

pub(crate) fn claim_coupon(
    unit: &mut Unit<'_>,
    order: OrderId,
    of: (CampaignId, UserId),
    coupon: Option<CouponId>,
) -> Step {
    let wanted = CouponWanted { campaign: of.0, coupon };
    if !is_claim_due(unit, order, Asked::Coupon(wanted, of.1))? {
        return Ok(());
    }
    if let Err(until) = unit.ask(SagaStep::Coupon) {
        return put_off(unit, order, SagaStep::Coupon, until);
    }
    let report = take_coupon(unit, order, of, coupon)?;
    answer(unit, order, SagaStep::Coupon, report)
}

pub(crate) fn claim_points(unit: &mut Unit<'_>, order: OrderId, user: UserId, amount: Money) -> Step {
    if !is_claim_due(unit, order, Asked::Points(user, amount))? {
        return Ok(());
    }
    let report = take_points(unit, order, user, amount)?;
    answer(unit, order, SagaStep::Point, report)
}

pub(crate) fn release_stock(unit: &mut Unit<'_>, order: OrderId, product: ProductId, quantity: i64) -> Step {
    if !is_release_due(unit, order, Asked::Stock(product, quantity))? {
        return Ok(());
    }
    // Whoever cannot be asked says nothing, and is asked again by the order's timer.
    if unit.ask(SagaStep::Stock(product)).is_err() {
        return Ok(());
    }
    let moved = give_stock_back(unit, order, product, quantity)?;
    answer(unit, order, SagaStep::Stock(product), (Report::Restored, moved))
}

pub(crate) fn release_coupon(unit: &mut Unit<'_>, order: OrderId, user: UserId, campaign: CampaignId) -> Step {
    if !is_release_due(unit, order, Asked::CouponOf(campaign, user))? {
        return Ok(());
    }
    if unit.ask(SagaStep::Coupon).is_err() {
        return Ok(());
    }
    let moved = give_coupon_back(unit, order, (campaign, user))?;
    answer(unit, order, SagaStep::Coupon, (Report::Restored, moved))
}

pub(crate) fn release_points(unit: &mut Unit<'_>, order: OrderId, user: UserId, amount: Money) -> Step {
    if !is_release_due(unit, order, Asked::Points(user, amount))? {
        return Ok(());
    }
    let moved = give_points_back(unit, order, user, amount)?;
    answer(unit, order, SagaStep::Point, (Report::Restored, moved))
}

/// Reserves units of a product for an order, once.
pub(crate) fn take_stock(unit: &mut Unit<'_>, order: OrderId, product: ProductId, quantity: i64) -> Step<Told> {
    take(unit, order, SagaStep::Stock(product), |unit| {
        if unit.rows.products.get(product)?.is_none() {
            return Ok(Err(Reason::ProductNotOnSale));
        }
        match apply(unit, product, &stock::Command::Deduct { quantity })? {
            Ok(_) => Ok(Ok(Moved::Units(quantity))),
            Err(stock::Rejection::NotOnSale) => Ok(Err(Reason::ProductNotOnSale)),
            Err(stock::Rejection::Exhausted { .. } | stock::Rejection::TooMuch) => Ok(Err(Reason::StockExhausted)),
            Err(stock::Rejection::Impossible(invariant)) => Err(Halt::broken(invariant)),
        }
    })
}

/// Marks a coupon as used by an order, once.
pub(crate) fn take_coupon(
    unit: &mut Unit<'_>,
    order: OrderId,
    of: (CampaignId, UserId),
    coupon: Option<CouponId>,
) -> Step<Told> {
    take(unit, order, SagaStep::Coupon, |unit| {
        let used = pay_with_coupon(unit, of, &coupon::Command::Use { coupon, order })?;
        Ok(used.map(|()| Moved::Nothing).map_err(|_| Reason::CouponNotUsable))
    })
}

/// Takes points for an order, once.
pub(crate) fn take_points(unit: &mut Unit<'_>, order: OrderId, user: UserId, amount: Money) -> Step<Told> {
    take(unit, order, SagaStep::Point, |unit| {
        let posted = post(unit, user, &points::Command::Deduct { amount }, Some(order))?;
        Ok(posted.map(|_| Moved::Points(user, amount)).map_err(|_| Reason::PointsInsufficient))
    })
}

/// Gives units back that an order reserved, or makes sure that it never will reserve them.
pub(crate) fn give_stock_back(unit: &mut Unit<'_>, order: OrderId, product: ProductId, quantity: i64) -> Step<Moved> {
    let restore = stock::Command::Restore { quantity };
    release(unit, order, SagaStep::Stock(product), |unit| {
        move_claimed(unit, product, &restore)?;
        Ok(Moved::Units(quantity))
    })
}

/// The same for the coupon that an order used.
pub(crate) fn give_coupon_back(unit: &mut Unit<'_>, order: OrderId, of: (CampaignId, UserId)) -> Step<Moved> {
    release(unit, order, SagaStep::Coupon, |unit| {
        give_used_coupon_back(unit, of, order)?;
        Ok(Moved::Nothing)
    })
}

/// The same for the points that an order took.
pub(crate) fn give_points_back(unit: &mut Unit<'_>, order: OrderId, user: UserId, amount: Money) -> Step<Moved> {
    release(unit, order, SagaStep::Point, |unit| {
        give_taken_points_back(unit, user, (order, amount))?;
        Ok(Moved::Points(user, amount))
    })
}

/// Makes the coupon usable again that an order used.
pub(crate) fn give_used_coupon_back(unit: &mut Unit<'_>, of: (CampaignId, UserId), order: OrderId) -> Step {
    let restored = pay_with_coupon(unit, of, &coupon::Command::Restore { order })?;
    restored.map_err(|_| Halt::broken("a coupon that an order used comes back"))
}

/// Gives points back that an order took.
pub(crate) fn give_taken_points_back(unit: &mut Unit<'_>, user: UserId, (order, amount): (OrderId, Money)) -> Step {
    let restored = post(unit, user, &points::Command::Restore { amount }, Some(order))?;
    restored.map(|_| ()).map_err(|_| Halt::broken("points that an order took come back"))
}

/// Takes reserved units out of the house, when the order that holds them completes.
pub(crate) fn sell_stock(unit: &mut Unit<'_>, product: ProductId, quantity: i64) -> Step {
    move_claimed(unit, product, &stock::Command::Sell { quantity })
}

/// Forgets a claim whose order is settled: the order is its own tombstone from here on.
pub(crate) fn forget_claim(unit: &mut Unit<'_>, order: OrderId, step: SagaStep) {
    unit.rows.claims.remove(ClaimKey { order, step });
}

fn take(
    unit: &mut Unit<'_>,
    order: OrderId,
    step: SagaStep,
    attempt: impl FnOnce(&mut Unit<'_>) -> Step<Result<Moved, Reason>>,
) -> Step<Told> {
    let key = ClaimKey { order, step };
    match claim::take(unit.rows.claims.get(key)?.copied()) {
        Taking::Completed => Ok((Report::Completed, Moved::Nothing)),
        Taking::Failed(reason) => Ok((Report::Failed(reason), Moved::Nothing)),
        // Claims of a settled order are gone, so its own row says that it wants nothing any more.
        Taking::Try if is_settled(unit, order)? => Ok((Report::Failed(Reason::ClaimReleased), Moved::Nothing)),
        Taking::Try => {
            let (claim, told) = match attempt(unit)? {
                Ok(moved) => (Claim::Held, (Report::Completed, moved)),
                Err(reason) => (Claim::Refused(reason), (Report::Failed(reason), Moved::Nothing)),
            };
            unit.rows.claims.put(key, claim);
            Ok(told)
        }
    }
}

fn release(
    unit: &mut Unit<'_>,
    order: OrderId,
    step: SagaStep,
    give_back: impl FnOnce(&mut Unit<'_>) -> Step<Moved>,
) -> Step<Moved> {
    let key = ClaimKey { order, step };
    let moved = match claim::release(unit.rows.claims.get(key)?.copied()) {
        Releasing::Done => return Ok(Moved::Nothing),
        Releasing::Bury if is_settled(unit, order)? => return Ok(Moved::Nothing),
        Releasing::Bury => Moved::Nothing,
        Releasing::GiveBack => give_back(unit)?,
    };
    unit.rows.claims.put(key, Claim::Released);
    Ok(moved)
}

fn is_settled(unit: &Unit<'_>, order: OrderId) -> Step<bool> {
    Ok(unit.placed(order)?.is_none_or(|order| order.outcome.is_settled()))
}

fn answer(unit: &mut Unit<'_>, order: OrderId, step: SagaStep, told: Told) -> Step {
    let known = unit.rows.orders.get(OrderKey(order)).ok().flatten();
    let code = known.map_or_else(|| unit.settings.codec.order(order), |row| row.order.created.number.clone());
    unit.publish(report_event(step, told, code))
}

/// Says that a step waits, and until when. It is still asked for: nothing was refused, and nothing taken.
fn put_off(unit: &mut Unit<'_>, order: OrderId, step: SagaStep, until: Timestamp) -> Step {
    unit.publish(delayed(unit, order, step, until))
}

pub(crate) fn delayed(unit: &Unit<'_>, order: OrderId, step: SagaStep, until: Timestamp) -> Event {
    let order_id = unit.settings.codec.order(order);
    Event::DelayedProcessing(DelayedProcessing { order_id, step, ask_again_at: until })
}

/// Moves what a claim holds, or what was sold, which is never refused.
pub(crate) fn move_claimed(unit: &mut Unit<'_>, product: ProductId, command: &stock::Command) -> Step {
    match apply(unit, product, command)? {
        Ok(_) => Ok(()),
        Err(stock::Rejection::Impossible(invariant)) => Err(Halt::broken(invariant)),
        Err(_) => Err(Halt::broken("what a claim holds can always be moved")),
    }
}

/// Decides about a coupon that an order uses or used.
pub(crate) fn pay_with_coupon(
    unit: &mut Unit<'_>,
    (campaign, user): (CampaignId, UserId),
    command: &coupon::Command,
) -> Step<Result<(), coupon::Rejection>> {
    let key = HoldingKey { campaign, user };
    let Some(mut campaign) = unit.terms(campaign)?.cloned() else {
        return Ok(Err(coupon::Rejection::NotUsable));
    };
    let mut holding = unit.rows.holdings.get(key)?.cloned().unwrap_or(coupon::Holding::empty(campaign.id, user));
    let event = match coupon::decide(&campaign, &holding, command, unit.now) {
        Ok(event) => event,
        Err(rejection) => return Ok(Err(rejection)),
    };
    coupon::evolve(&mut campaign, &mut holding, &event);
    unit.rows.holdings.put(key, holding);
    Ok(Ok(()))
}
