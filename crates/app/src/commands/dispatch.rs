//! Dispatches each command to its handler. One file per part of the shop.

use crate::commands::answer::Answer;
use crate::commands::context::{Answered, Context, Handled};
use crate::commands::{Command, Reaction};

/// Runs a command. On `Err` the caller undoes all its changes.
pub(crate) fn handle(context: &mut Context<'_>, command: &Command) -> Answered {
    match command {
        Command::RegisterUser(user) => crate::commands::users::register(context, user),
        Command::RegisterProduct { name, price, stock } => {
            crate::commands::catalogue::register(context, name, *price, *stock)
        }
        Command::ChangeProduct { product, price, status } => {
            crate::commands::catalogue::change(context, *product, *price, *status)
        }
        Command::AdjustStock { product, delta, reason } => {
            crate::commands::catalogue::adjust(context, *product, *delta, reason)
        }
        Command::CreateCampaign(campaign) => crate::commands::coupons::create(context, campaign),
        Command::ChangeCampaign { campaign, change } => crate::commands::coupons::change(context, *campaign, change),
        Command::ChargePoints { user, amount } => crate::commands::points::charge(context, *user, *amount),
        Command::IssueCoupon { campaign, user } => crate::commands::coupons::issue(context, *campaign, *user),
        Command::RequestCoupon { campaign, user } => crate::commands::coupons::request(context, *campaign, *user),
        Command::PlaceOrder(order) => crate::commands::order::place(context, order),
        Command::CancelOrder { order, by, note } => crate::commands::order::cancel(context, *order, (*by, note)),
        Command::ResumeOrder { order } => crate::commands::order::resume(context, *order),
        Command::Pay { order, method, amount_shown } => {
            crate::commands::fulfilment::payments::pay(context, *order, *method, *amount_shown)
        }
        Command::ProcessOrder(wanted) => crate::commands::fulfilment::process(context, wanted),
        Command::PaymentAnswered(answered) => {
            crate::commands::fulfilment::payments::answered(context, answered).map(|()| Answer::Done)
        }
        Command::RetryStuckPayment { order, by } => {
            crate::commands::fulfilment::payments::retry_stuck(context, *order, *by)
        }
        Command::ResolveStuckPayment { order, by, reason, reference } => {
            crate::commands::fulfilment::payments::resolve_stuck(context, *order, (*by, reason, reference))
        }
        Command::RefundOrder(wanted) => crate::commands::fulfilment::refunds::refund(context, wanted),
        Command::DecideRefund { order, decision } => {
            crate::commands::fulfilment::refunds::decide(context, *order, decision)
        }
        Command::TakeInGoods { order, lines, is_written_off } => {
            crate::commands::fulfilment::refunds::take_in(context, *order, (lines, *is_written_off))
        }
        Command::AdvanceShipment { order, state, tracking } => {
            crate::commands::fulfilment::shipments::advance_shipment(context, *order, *state, tracking.clone())
        }
        Command::AdvanceStorage { order, state } => {
            crate::commands::fulfilment::shipments::advance_storage(context, *order, *state)
        }
        Command::ResolveOrder { order, by, reason } => crate::commands::order::resolve(context, *order, (*by, reason)),
        Command::ChangeModes(wanted) => crate::commands::modes::change(context, wanted),
        Command::React(reaction) => react(context, reaction).map(|()| Answer::Done),
        Command::FailedDelivery(command) => crate::commands::failed_delivery::handle(context, command),
        Command::FireTimer { order, due } => {
            crate::commands::order::fire_timer(context, *order, *due).map(|()| Answer::Done)
        }
        // The batch moves groups itself, beside the rows.
        Command::MoveGroup { .. } | Command::Skip => Ok(Answer::Done),
        Command::Repair(repair) => crate::commands::maintenance::repair(context, repair).map(|()| Answer::Done),
        Command::ForgetAnswers { keys, before } => {
            crate::commands::users::forget_answers(context, keys, *before).map(|()| Answer::Done)
        }
    }
}

/// Runs the reaction of an event.
pub(crate) fn react(context: &mut Context<'_>, reaction: &Reaction) -> Handled {
    match reaction {
        Reaction::ClaimStock { order, product, quantity } => {
            crate::commands::participants::claim_stock(context, *order, *product, *quantity)
        }
        Reaction::ClaimCoupon { order, user, campaign, coupon } => {
            crate::commands::participants::claim_coupon(context, *order, (*campaign, *user), *coupon)
        }
        Reaction::ClaimPoints { order, user, amount } => {
            crate::commands::participants::claim_points(context, *order, *user, *amount)
        }
        Reaction::ReleaseStock { order, product, quantity } => {
            crate::commands::participants::release_stock(context, *order, *product, *quantity)
        }
        Reaction::ReleaseCoupon { order, user, campaign } => {
            crate::commands::participants::release_coupon(context, *order, *user, *campaign)
        }
        Reaction::ReleasePoints { order, user, amount } => {
            crate::commands::participants::release_points(context, *order, *user, *amount)
        }
        Reaction::Delay { order, step, until } => {
            crate::commands::order::claiming::delay(context, *order, *step, *until)
        }
        Reaction::Collect { order, step, report, at } => {
            crate::commands::order::take_report(context, *order, *step, (*report, *at))
        }
        Reaction::DecideRequest { request, user, campaign } => {
            crate::commands::coupons::decide_request(context, *request, *campaign, *user)
        }
        Reaction::DeliverResult { request, result } => {
            crate::commands::coupons::deliver_result(context, *request, result)
        }
        Reaction::NoticeOrder { user, order, change } => {
            crate::commands::notices::order(context, *user, *order, *change)
        }
        Reaction::NoticeCoupon { issued } => crate::commands::notices::coupon(context, issued),
        Reaction::NoticeFailed { failed } => crate::commands::notices::processing_failed(context, failed),
        Reaction::ProcessOrder { order, method } => {
            crate::commands::fulfilment::process_order(context, *order, *method)
        }
        Reaction::RetryPayment { order, attempt, retry } => {
            crate::commands::fulfilment::payments::retry(context, *order, (*attempt, *retry))
        }
        Reaction::CallProvider { order, attempt, refund } => {
            crate::commands::fulfilment::payments::call(context, *order, (*attempt, *refund))
        }
        Reaction::NoticePaymentFailed { failed } => crate::commands::notices::payment_failed(context, failed),
        Reaction::NoticeStuck { stuck } => crate::commands::notices::refund_delayed(context, stuck),
        Reaction::NoticeReturned { order, returned } => crate::commands::notices::returned(context, *order, returned),
        Reaction::NoticeRejected { order, rejected } => {
            crate::commands::notices::refund_rejected(context, *order, rejected)
        }
        Reaction::CountSales { order, products, at } => {
            crate::commands::catalogue::count_sales(context, *order, (products, *at))
        }
        Reaction::CountReturns { order, products, .. } => {
            crate::commands::catalogue::count_returns(context, *order, products)
        }
    }
}
