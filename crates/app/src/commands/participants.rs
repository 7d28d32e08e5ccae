//! The participants of the order saga: stock, coupon, points (O-06…O-08, W-01, W-02, S-01, S-02, C-32).
//!
//! Each claims for an order at most once and restores exactly what it claimed, however often and in whatever order the
//! requests arrive. Its [`claim`] record, in the same commit, is its memory.

use domain::claim::{self, Claim, Releasing, Taking};
use domain::ids::{CampaignId, CouponId, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::CouponWanted;
use domain::order::saga::{Report, Step as SagaStep};
use domain::reason::Reason;
use domain::time::Timestamp;
use domain::{coupon, points, stock};

use crate::commands::catalogue::apply;
use crate::commands::context::{Context, Halt, Handled};
use crate::commands::order::request::{Asked, is_claim_due, is_release_due};
use crate::commands::points::post;
use crate::events::event::{DelayedProcessing, Event};
use crate::log::reactions::{Moved, report_event};
use crate::state::rows::{ClaimKey, HoldingKey, OrderKey};

/// A participant's report, and what it moved.
pub(crate) type Told = (Report, Moved);

pub(crate) fn claim_stock(context: &mut Context<'_>, order: OrderId, product: ProductId, quantity: i64) -> Handled {
    if !is_claim_due(context, order, Asked::Stock(product, quantity))? {
        return Ok(());
    }
    if let Err(until) = context.ask(SagaStep::Stock(product)) {
        return put_off(context, order, SagaStep::Stock(product), until);
    }
    let report = take_stock(context, order, product, quantity)?;
    answer(context, order, SagaStep::Stock(product), report)
}

pub(crate) fn claim_coupon(
    context: &mut Context<'_>,
    order: OrderId,
    of: (CampaignId, UserId),
    coupon: Option<CouponId>,
) -> Handled {
    let wanted = CouponWanted { campaign: of.0, coupon };
    if !is_claim_due(context, order, Asked::Coupon(wanted, of.1))? {
        return Ok(());
    }
    if let Err(until) = context.ask(SagaStep::Coupon) {
        return put_off(context, order, SagaStep::Coupon, until);
    }
    let report = take_coupon(context, order, of, coupon)?;
    answer(context, order, SagaStep::Coupon, report)
}

pub(crate) fn claim_points(context: &mut Context<'_>, order: OrderId, user: UserId, amount: Money) -> Handled {
    if !is_claim_due(context, order, Asked::Points(user, amount))? {
        return Ok(());
    }
    let report = take_points(context, order, user, amount)?;
    answer(context, order, SagaStep::Point, report)
}

pub(crate) fn release_stock(context: &mut Context<'_>, order: OrderId, product: ProductId, quantity: i64) -> Handled {
    if !is_release_due(context, order, Asked::Stock(product, quantity))? {
        return Ok(());
    }
    // A participant that is unavailable does not answer; the order's timer requests it again.
    if context.ask(SagaStep::Stock(product)).is_err() {
        return Ok(());
    }
    let moved = give_stock_back(context, order, product, quantity)?;
    answer(context, order, SagaStep::Stock(product), (Report::Restored, moved))
}

pub(crate) fn release_coupon(context: &mut Context<'_>, order: OrderId, user: UserId, campaign: CampaignId) -> Handled {
    if !is_release_due(context, order, Asked::CouponOf(campaign, user))? {
        return Ok(());
    }
    if context.ask(SagaStep::Coupon).is_err() {
        return Ok(());
    }
    let moved = give_coupon_back(context, order, (campaign, user))?;
    answer(context, order, SagaStep::Coupon, (Report::Restored, moved))
}

pub(crate) fn release_points(context: &mut Context<'_>, order: OrderId, user: UserId, amount: Money) -> Handled {
    if !is_release_due(context, order, Asked::Points(user, amount))? {
        return Ok(());
    }
    let moved = give_points_back(context, order, user, amount)?;
    answer(context, order, SagaStep::Point, (Report::Restored, moved))
}

/// Reserves units of a product for an order, once.
pub(crate) fn take_stock(
    context: &mut Context<'_>,
    order: OrderId,
    product: ProductId,
    quantity: i64,
) -> Handled<Told> {
    take(context, order, SagaStep::Stock(product), |context| {
        if context.rows.products.get(product)?.is_none() {
            return Ok(Err(Reason::ProductNotOnSale));
        }
        match apply(context, product, &stock::Command::Deduct { quantity })? {
            Ok(_) => Ok(Ok(Moved::Units(quantity))),
            Err(stock::Rejection::NotOnSale) => Ok(Err(Reason::ProductNotOnSale)),
            Err(stock::Rejection::Exhausted { .. } | stock::Rejection::TooMuch) => Ok(Err(Reason::StockExhausted)),
            Err(stock::Rejection::Impossible(invariant)) => Err(Halt::broken(invariant)),
        }
    })
}

/// Marks a coupon as used by an order, once.
pub(crate) fn take_coupon(
    context: &mut Context<'_>,
    order: OrderId,
    of: (CampaignId, UserId),
    coupon: Option<CouponId>,
) -> Handled<Told> {
    take(context, order, SagaStep::Coupon, |context| {
        let used = pay_with_coupon(context, of, &coupon::Command::Use { coupon, order })?;
        Ok(used.map(|()| Moved::Nothing).map_err(|_| Reason::CouponNotUsable))
    })
}

/// Takes points for an order, once.
pub(crate) fn take_points(context: &mut Context<'_>, order: OrderId, user: UserId, amount: Money) -> Handled<Told> {
    take(context, order, SagaStep::Point, |context| {
        let posted = post(context, user, &points::Command::Deduct { amount }, Some(order))?;
        Ok(posted.map(|_| Moved::Points(user, amount)).map_err(|_| Reason::PointsInsufficient))
    })
}

/// Releases the units that an order reserved, or makes a later reservation impossible.
pub(crate) fn give_stock_back(
    context: &mut Context<'_>,
    order: OrderId,
    product: ProductId,
    quantity: i64,
) -> Handled<Moved> {
    let restore = stock::Command::Restore { quantity };
    release(context, order, SagaStep::Stock(product), |context| {
        move_claimed(context, product, &restore)?;
        Ok(Moved::Units(quantity))
    })
}

/// Releases the coupon that an order used, likewise.
pub(crate) fn give_coupon_back(context: &mut Context<'_>, order: OrderId, of: (CampaignId, UserId)) -> Handled<Moved> {
    release(context, order, SagaStep::Coupon, |context| {
        give_used_coupon_back(context, of, order)?;
        Ok(Moved::Nothing)
    })
}

/// Returns the points that an order took, likewise.
pub(crate) fn give_points_back(
    context: &mut Context<'_>,
    order: OrderId,
    user: UserId,
    amount: Money,
) -> Handled<Moved> {
    release(context, order, SagaStep::Point, |context| {
        give_taken_points_back(context, user, (order, amount))?;
        Ok(Moved::Points(user, amount))
    })
}

/// Makes the coupon that an order used usable again.
pub(crate) fn give_used_coupon_back(context: &mut Context<'_>, of: (CampaignId, UserId), order: OrderId) -> Handled {
    let restored = pay_with_coupon(context, of, &coupon::Command::Restore { order })?;
    restored.map_err(|_| Halt::broken("a coupon that an order used can be restored"))
}

/// Returns the points that an order took to the account.
pub(crate) fn give_taken_points_back(
    context: &mut Context<'_>,
    user: UserId,
    (order, amount): (OrderId, Money),
) -> Handled {
    let restored = post(context, user, &points::Command::Restore { amount }, Some(order))?;
    restored.map(|_| ()).map_err(|_| Halt::broken("points that an order took can be restored"))
}

/// Removes reserved units from the stock, when their order completes.
pub(crate) fn sell_stock(context: &mut Context<'_>, product: ProductId, quantity: i64) -> Handled {
    move_claimed(context, product, &stock::Command::Sell { quantity })
}

/// Deletes the claim of a closed order: from here on the order is its own tombstone.
pub(crate) fn forget_claim(context: &mut Context<'_>, order: OrderId, step: SagaStep) {
    context.rows.claims.remove(ClaimKey { order, step });
}

fn take(
    context: &mut Context<'_>,
    order: OrderId,
    step: SagaStep,
    attempt: impl FnOnce(&mut Context<'_>) -> Handled<Result<Moved, Reason>>,
) -> Handled<Told> {
    let key = ClaimKey { order, step };
    match claim::take(context.rows.claims.get(key)?.copied()) {
        Taking::Completed => Ok((Report::Completed, Moved::Nothing)),
        Taking::Failed(reason) => Ok((Report::Failed(reason), Moved::Nothing)),
        // Claims of a closed order are deleted; the order's own row shows that it claims nothing more.
        Taking::Try if is_final(context, order)? => Ok((Report::Failed(Reason::ClaimReleased), Moved::Nothing)),
        Taking::Try => {
            let (claim, told) = match attempt(context)? {
                Ok(moved) => (Claim::Held, (Report::Completed, moved)),
                Err(reason) => (Claim::Refused(reason), (Report::Failed(reason), Moved::Nothing)),
            };
            context.rows.claims.put(key, claim);
            Ok(told)
        }
    }
}

fn release(
    context: &mut Context<'_>,
    order: OrderId,
    step: SagaStep,
    give_back: impl FnOnce(&mut Context<'_>) -> Handled<Moved>,
) -> Handled<Moved> {
    let key = ClaimKey { order, step };
    let moved = match claim::release(context.rows.claims.get(key)?.copied()) {
        Releasing::Done => return Ok(Moved::Nothing),
        Releasing::Bury if is_final(context, order)? => return Ok(Moved::Nothing),
        Releasing::Bury => Moved::Nothing,
        Releasing::GiveBack => give_back(context)?,
    };
    context.rows.claims.put(key, Claim::Released);
    Ok(moved)
}

fn is_final(context: &Context<'_>, order: OrderId) -> Handled<bool> {
    Ok(context.placed(order)?.is_none_or(|order| order.outcome.is_final()))
}

fn answer(context: &mut Context<'_>, order: OrderId, step: SagaStep, told: Told) -> Handled {
    let known = context.rows.orders.get(OrderKey(order)).ok().flatten();
    let code = known.map_or_else(|| context.settings.codec.order(order), |row| row.order.created.number.clone());
    context.publish(report_event(step, told, code))
}

/// Publishes that a step is delayed, and until when. The request stays open: nothing was refused, and nothing taken.
fn put_off(context: &mut Context<'_>, order: OrderId, step: SagaStep, until: Timestamp) -> Handled {
    context.publish(delayed(context, order, step, until))
}

pub(crate) fn delayed(context: &Context<'_>, order: OrderId, step: SagaStep, until: Timestamp) -> Event {
    let order_id = context.settings.codec.order(order);
    Event::DelayedProcessing(DelayedProcessing { order_id, step, ask_again_at: until })
}

/// Moves units that a claim holds, or that were sold; this is never refused.
pub(crate) fn move_claimed(context: &mut Context<'_>, product: ProductId, command: &stock::Command) -> Handled {
    match apply(context, product, command)? {
        Ok(_) => Ok(()),
        Err(stock::Rejection::Impossible(invariant)) => Err(Halt::broken(invariant)),
        Err(_) => Err(Halt::broken("claimed units can always be moved")),
    }
}

/// Applies a command to a coupon that an order uses or used.
pub(crate) fn pay_with_coupon(
    context: &mut Context<'_>,
    (campaign, user): (CampaignId, UserId),
    command: &coupon::Command,
) -> Handled<Result<(), coupon::Rejection>> {
    let key = HoldingKey { campaign, user };
    let Some(mut campaign) = context.terms(campaign)?.cloned() else {
        return Ok(Err(coupon::Rejection::NotUsable));
    };
    let mut holding = context.rows.holdings.get(key)?.cloned().unwrap_or(coupon::Holding::empty(campaign.id, user));
    let event = match coupon::decide(&campaign, &holding, command, context.now) {
        Ok(event) => event,
        Err(rejection) => return Ok(Err(rejection)),
    };
    coupon::evolve(&mut campaign, &mut holding, &event);
    context.rows.holdings.put(key, holding);
    Ok(Ok(()))
}
