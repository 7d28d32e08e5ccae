//! Dispatches each command to its handler. One file per part of the shop.

mod cause;
pub mod guarded;
mod numbers;
mod reaction_keys;

use domain::order::CouponWanted;

use crate::commands::answer::Answer;
use crate::commands::catalogue::drops;
use crate::commands::context::{Answered, Context, Handled};
use crate::commands::fulfilment::{payments, refunds, shipments};
use crate::commands::notices::{alerts, notifications, webhooks};
use crate::commands::order::claiming;
use crate::commands::order::demand::Demand;
use crate::commands::{
    Command, Reaction, catalogue, coupons, failed_delivery, fulfilment, maintenance, modes, notices, order,
    participants, points, users,
};
use crate::log::trailing::Effect;
use crate::state::rows::Added;

/// Runs a command. On `Err` the caller undoes all its changes.
pub(crate) fn handle(context: &mut Context<'_>, command: &Command) -> Answered {
    match command {
        Command::RegisterUser(user) => users::register(context, user),
        Command::ChangeLogin(change) => users::change(context, change),
        Command::EndToken { mark, expires } => Ok(users::end_token(context, *mark, *expires)),
        Command::ApiKey(command) => users::api_keys::handle(context, command),
        Command::RegisterProduct { name, price, stock, details } => {
            let register = catalogue::NewProduct { name, price: *price, stock: *stock, details: details.as_deref() };
            catalogue::register(context, &register)
        }
        Command::ChangeProduct { product, price, status, details } => {
            let change = catalogue::Change { price: *price, status: *status, details: details.as_deref() };
            catalogue::change(context, *product, &change)
        }
        Command::AdjustStock { product, delta, reason } => catalogue::adjust(context, *product, *delta, reason),
        Command::CreateCampaign(campaign) => coupons::create(context, campaign),
        Command::ChangeCampaign { campaign, change } => coupons::change(context, *campaign, change),
        Command::ChargePoints { user, amount } => points::charge(context, *user, *amount),
        Command::IssueCoupon { campaign, user } => coupons::issue(context, *campaign, *user),
        Command::RequestCoupon { campaign, user } => coupons::request(context, *campaign, *user),
        Command::PlaceOrder(order) => order::place(context, order),
        Command::CancelOrder { order, by, note } => order::cancel(context, *order, *by, note.as_ref()),
        Command::ResumeOrder { order } => order::resume(context, *order),
        Command::ExtendHold { order, by, more } => order::extend_hold(context, *order, *by, *more),
        Command::Pay { order, method, means, amount_shown } => {
            payments::pay(context, *order, *method, means.as_ref(), *amount_shown)
        }
        Command::ProcessOrder(wanted) => fulfilment::process(context, wanted),
        Command::PaymentAnswered(answered) => payments::answered(context, answered).map(|()| Answer::Done),
        Command::RetryStuckPayment { order, by } => payments::retry_stuck(context, *order, *by),
        Command::ResolveStuckPayment { order, by, reason, reference } => {
            payments::resolve_stuck(context, *order, *by, reason, reference)
        }
        Command::RefundOrder(wanted) => refunds::refund(context, wanted),
        Command::DecideRefund { order, decision } => refunds::decide(context, *order, decision),
        Command::TakeInGoods { order, lines, is_written_off } => {
            refunds::take_in(context, *order, lines, *is_written_off)
        }
        Command::AdvanceShipment { order, state, tracking } => {
            shipments::advance_shipment(context, *order, *state, tracking.clone())
        }
        Command::AdvanceStorage { order, state } => shipments::advance_storage(context, *order, *state),
        Command::ResolveOrder { order, by, reason } => order::resolve(context, *order, *by, reason),
        Command::Guarded(guarded) => guarded::check(context, guarded).and_then(|()| handle(context, &guarded.command)),
        Command::ChangeModes(wanted) => modes::change(context, wanted),
        Command::Webhook(command) => webhooks::handle(context, command),
        Command::Alert(command) => alerts::handle(context, command),
        Command::Notification(command) => notifications::handle(context, command),
        Command::Drop(command) => drops::handle(context, command),
        Command::React(reaction) => react(context, reaction).map(|()| Answer::Done),
        Command::FailedDelivery(command) => failed_delivery::handle(context, command),
        Command::FireTimer { order, due } => order::fire_timer(context, *order, *due).map(|()| Answer::Done),
        // The batch moves groups itself, beside the rows.
        Command::MoveGroup { partitions, .. } => Ok(Answer::GroupMoved { partitions: partitions.clone() }),
        Command::Skip | Command::Record => Ok(Answer::Done),
        Command::Follow(follow) => apply(context, follow.effect.as_ref()),
        Command::AddFigures(added) => add_figures(context, added),
        Command::Repair(repair) => maintenance::repair(context, repair).map(|()| Answer::Done),
        Command::Prune(prunes) => maintenance::prune(context, prunes).map(|()| Answer::Done),
        Command::Remove(removal) => maintenance::remove(context, removal).map(|()| Answer::Done),
        Command::ForgetAnswers { keys, before } => users::forget_answers(context, keys, *before).map(|()| Answer::Done),
    }
}

fn add_figures(context: &mut Context<'_>, added: &[Added]) -> Answered {
    context.rows.figures.extend(added.iter().cloned());
    Ok(Answer::Done)
}

/// Applies the effect of a slice of events of a trailing group.
fn apply(context: &mut Context<'_>, effect: Option<&Effect>) -> Answered {
    if let Some(Effect::Webhooks(wanted)) = effect {
        webhooks::fan_out(context, wanted)?;
    }
    effect.iter().for_each(|effect| effect.write(context.rows));
    Ok(Answer::Done)
}

/// Runs the reaction of an event.
pub(crate) fn react(context: &mut Context<'_>, reaction: &Reaction) -> Handled {
    match reaction {
        Reaction::ClaimStock { order, product, quantity } => {
            participants::claim(context, *order, Demand::Stock { product: *product, quantity: *quantity })
        }
        Reaction::ClaimCoupon { order, user, campaign, coupon } => {
            let wanted = CouponWanted { campaign: *campaign, coupon: *coupon };
            participants::claim(context, *order, Demand::Coupon { user: *user, wanted })
        }
        Reaction::ClaimPoints { order, user, amount } => {
            participants::claim(context, *order, Demand::Points { user: *user, amount: *amount })
        }
        Reaction::ReleaseStock { order, product, quantity } => {
            participants::release(context, *order, Demand::Stock { product: *product, quantity: *quantity })
        }
        Reaction::ReleaseCoupon { order, user, campaign } => {
            let wanted = CouponWanted { campaign: *campaign, coupon: None };
            participants::release(context, *order, Demand::Coupon { user: *user, wanted })
        }
        Reaction::ReleasePoints { order, user, amount } => {
            participants::release(context, *order, Demand::Points { user: *user, amount: *amount })
        }
        Reaction::Delay { order, step, until } => claiming::delay(context, *order, *step, *until),
        Reaction::Collect { order, step, report, at } => order::take_report(context, *order, *step, *report, *at),
        Reaction::DecideRequest { request, user, campaign } => {
            coupons::decide_request(context, *request, *campaign, *user)
        }
        Reaction::DeliverResult { request, result } => coupons::deliver_result(context, *request, result),
        Reaction::NoticeOrder { user, order, change } => notices::order(context, *user, *order, *change),
        Reaction::NoticeCoupon { issued } => notices::coupon(context, issued),
        Reaction::NoticeFailed { failed } => notices::processing_failed(context, failed),
        Reaction::ProcessOrder { order, method } => fulfilment::process_order(context, *order, *method),
        Reaction::RetryPayment { order, attempt, retry } => payments::retry(context, *order, *attempt, *retry),
        Reaction::CallProvider { order, attempt, refund } => payments::call(context, *order, *attempt, *refund),
        Reaction::NotifyAgain { event } => notifications::again(context, *event),
        Reaction::NoticePaymentFailed { failed } => notices::payment_failed(context, failed),
        Reaction::NoticeStuck { stuck } => notices::refund_delayed(context, stuck),
        Reaction::NoticeReturned { order, returned } => notices::returned(context, *order, returned),
        Reaction::NoticeRejected { order, rejected } => notices::refund_rejected(context, *order, rejected),
        Reaction::CountSales { order, products, at } => catalogue::count_sales(context, *order, products, *at),
        Reaction::CountReturns { order, products, .. } => catalogue::count_returns(context, *order, products),
    }
}
