//! The participants of the order saga: stock, coupon, points (O-06…O-08, W-01, W-02, S-01, S-02, C-32).
//!
//! Each claims for an order at most once and restores exactly what it claimed, however often and in whatever order the
//! requests arrive. Its [`claim`] record, in the same commit, is its memory.

use domain::claim::{self, Claim, Releasing, Taking};
use domain::ids::{CampaignId, Code, OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::saga::{Report, Step as SagaStep};
use domain::reason::Reason;
use domain::time::Timestamp;
use domain::{coupon, points, stock};

use crate::commands::catalogue::apply;
use crate::commands::context::{Context, Halt, Handled};
use crate::commands::order::demand::Demand;
use crate::commands::order::request::{is_claim_due, is_release_due};
use crate::commands::points::post;
use crate::events::event::{DelayedProcessing, Event};
use crate::log::reactions::{Moved, report_event};
use crate::state::rows::{ClaimKey, HoldingKey, OrderKey};

/// A participant's report, and what its commit moved.
#[derive(Clone, Debug)]
pub(crate) struct StepAnswer {
    pub report: Report,
    pub moved: Moved,
}

impl StepAnswer {
    /// The answer of a participant that has nothing to move.
    const fn still(report: Report) -> StepAnswer {
        StepAnswer { report, moved: Moved::Nothing }
    }
}

/// Handles a request to claim.
pub(crate) fn claim(context: &mut Context<'_>, order: OrderId, demand: Demand) -> Handled {
    if !is_claim_due(context, order, demand)? {
        return Ok(());
    }
    if let Err(until) = context.ask(demand.step()) {
        // The request stays open: nothing was refused, and nothing taken.
        return context.publish(delayed(context, order, demand.step(), until));
    }
    let answer = take(context, order, demand)?;
    publish(context, order, demand.step(), answer)
}

/// Handles a request to restore a claim.
pub(crate) fn release(context: &mut Context<'_>, order: OrderId, demand: Demand) -> Handled {
    if !is_release_due(context, order, demand)? {
        return Ok(());
    }
    // A participant that is unavailable does not answer; the order's timer requests it again.
    if context.ask(demand.step()).is_err() {
        return Ok(());
    }
    let moved = restore(context, order, demand)?;
    publish(context, order, demand.step(), StepAnswer { report: Report::Restored, moved })
}

/// Claims for an order, once: a repeat returns the first answer and moves nothing.
pub(crate) fn take(context: &mut Context<'_>, order: OrderId, demand: Demand) -> Handled<StepAnswer> {
    let key = ClaimKey { order, step: demand.step() };
    match claim::take(context.rows.claims.get(key)?.copied()) {
        Taking::Completed => Ok(StepAnswer::still(Report::Completed)),
        Taking::Failed(reason) => Ok(StepAnswer::still(Report::Failed(reason))),
        // Claims of a closed order are deleted; the order's own row shows that it claims nothing more.
        Taking::Try if is_final(context, order)? => Ok(StepAnswer::still(Report::Failed(Reason::ClaimReleased))),
        Taking::Try => {
            let (claim, answer) = match attempt(context, order, demand)? {
                Ok(moved) => (Claim::Held, StepAnswer { report: Report::Completed, moved }),
                Err(reason) => (Claim::Refused(reason), StepAnswer::still(Report::Failed(reason))),
            };
            context.rows.claims.put(key, claim);
            Ok(answer)
        }
    }
}

/// Restores what an order claimed, or makes a later claim impossible.
pub(crate) fn restore(context: &mut Context<'_>, order: OrderId, demand: Demand) -> Handled<Moved> {
    let key = ClaimKey { order, step: demand.step() };
    let moved = match claim::release(context.rows.claims.get(key)?.copied()) {
        Releasing::Done => return Ok(Moved::Nothing),
        Releasing::Bury if is_final(context, order)? => return Ok(Moved::Nothing),
        Releasing::Bury => Moved::Nothing,
        Releasing::GiveBack => undo(context, order, demand)?,
    };
    context.rows.claims.put(key, Claim::Released);
    Ok(moved)
}

/// Reserves units, marks a coupon as used, or takes points.
fn attempt(context: &mut Context<'_>, order: OrderId, demand: Demand) -> Handled<Result<Moved, Reason>> {
    match demand {
        Demand::Stock { product, quantity } => {
            if context.rows.products.get(product)?.is_none() {
                return Ok(Err(Reason::ProductNotOnSale));
            }
            match apply(context, product, &stock::Command::Deduct { quantity })? {
                Ok(_) => Ok(Ok(Moved::Units(quantity))),
                Err(stock::Rejection::NotOnSale) => Ok(Err(Reason::ProductNotOnSale)),
                Err(stock::Rejection::Exhausted { .. } | stock::Rejection::TooMuch) => Ok(Err(Reason::StockExhausted)),
                Err(stock::Rejection::Impossible(invariant)) => Err(Halt::broken(invariant)),
            }
        }
        Demand::Coupon { user, wanted } => {
            let command = coupon::Command::Use { coupon: wanted.coupon, order };
            let used = pay_with_coupon(context, wanted.campaign, user, &command)?;
            let used = used.map(|code| Moved::Coupon(user, code, wanted.campaign));
            Ok(used.map_err(|_| Reason::CouponNotUsable))
        }
        Demand::Points { user, amount } => {
            let posted = post(context, user, &points::Command::Deduct { amount }, Some(order))?;
            Ok(posted.map(|_| Moved::Points(user, amount)).map_err(|_| Reason::PointsInsufficient))
        }
    }
}

fn undo(context: &mut Context<'_>, order: OrderId, demand: Demand) -> Handled<Moved> {
    match demand {
        Demand::Stock { product, quantity } => {
            move_claimed(context, product, &stock::Command::Restore { quantity })?;
            Ok(Moved::Units(quantity))
        }
        Demand::Coupon { user, wanted } => {
            let code = restore_used_coupon(context, wanted.campaign, user, order)?;
            Ok(Moved::Coupon(user, code, wanted.campaign))
        }
        Demand::Points { user, amount } => {
            restore_taken_points(context, user, order, amount)?;
            Ok(Moved::Points(user, amount))
        }
    }
}

/// Makes the coupon that an order used usable again, and returns its public number.
pub(crate) fn restore_used_coupon(
    context: &mut Context<'_>,
    campaign: CampaignId,
    user: UserId,
    order: OrderId,
) -> Handled<Code> {
    let restored = pay_with_coupon(context, campaign, user, &coupon::Command::Restore { order })?;
    restored.map_err(|_| Halt::broken("a coupon that an order used can be restored"))
}

/// Returns the points that an order took to the account.
pub(crate) fn restore_taken_points(context: &mut Context<'_>, user: UserId, order: OrderId, amount: Money) -> Handled {
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

fn is_final(context: &Context<'_>, order: OrderId) -> Handled<bool> {
    Ok(context.placed(order)?.is_none_or(|order| order.outcome.is_final()))
}

fn publish(context: &mut Context<'_>, order: OrderId, step: SagaStep, answer: StepAnswer) -> Handled {
    let known = context.rows.orders.get(OrderKey(order)).ok().flatten();
    let code = known.map_or_else(|| context.settings.codec.order(order), |row| row.order.created.number.clone());
    context.publish(report_event(step, answer.report, answer.moved, code))
}

/// Returns the event that a step is delayed, and until when.
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

/// Applies a command to a coupon that an order uses or used, and returns its public number.
fn pay_with_coupon(
    context: &mut Context<'_>,
    campaign: CampaignId,
    user: UserId,
    command: &coupon::Command,
) -> Handled<Result<Code, coupon::Rejection>> {
    let key = HoldingKey { campaign, user };
    let Some(mut campaign) = context.campaign_snapshot(campaign)?.cloned() else {
        return Ok(Err(coupon::Rejection::NotUsable));
    };
    let mut holding = context.rows.holdings.get(key)?.cloned().unwrap_or(coupon::Holding::empty(campaign.id, user));
    let event = match coupon::decide(&campaign, &holding, command, context.now) {
        Ok(event) => event,
        Err(rejection) => return Ok(Err(rejection)),
    };
    coupon::evolve(&mut campaign, &mut holding, &event);
    let of_event = |coupon: &&coupon::Coupon| match &event {
        coupon::Event::Issued { id, .. } | coupon::Event::Used { id, .. } | coupon::Event::Restored { id } => {
            coupon.id == *id
        }
    };
    let code = holding.coupons.iter().find(of_event).map(|coupon| coupon.code.clone());
    let code = code.ok_or_else(|| Halt::broken("a used coupon is in its user's holding"))?;
    context.rows.holdings.put(key, holding);
    Ok(Ok(code))
}
