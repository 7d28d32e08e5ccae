//! What each command does to the rows of its batch. One file per part of the shop.

use crate::commands::answer::Answer;
use crate::commands::context::{Handled, Step, Unit};
use crate::commands::{Command, Reaction};

/// Runs a command. On `Err` the caller undoes whatever it has changed.
pub(crate) fn handle(unit: &mut Unit<'_>, command: &Command) -> Handled {
    match command {
        Command::RegisterUser(user) => crate::commands::users::register(unit, user),
        Command::RegisterProduct { name, price, stock } => {
            crate::commands::catalogue::register(unit, name, *price, *stock)
        }
        Command::ChangeProduct { product, price, status } => {
            crate::commands::catalogue::change(unit, *product, *price, *status)
        }
        Command::AdjustStock { product, delta, reason } => {
            crate::commands::catalogue::adjust(unit, *product, *delta, reason)
        }
        Command::CreateCampaign(campaign) => crate::commands::coupons::create(unit, campaign),
        Command::ChangeCampaign { campaign, change } => crate::commands::coupons::change(unit, *campaign, change),
        Command::ChargePoints { user, amount } => crate::commands::points::charge(unit, *user, *amount),
        Command::IssueCoupon { campaign, user } => crate::commands::coupons::issue(unit, *campaign, *user),
        Command::RequestCoupon { campaign, user } => crate::commands::coupons::request(unit, *campaign, *user),
        Command::PlaceOrder(order) => crate::commands::order::place(unit, order),
        Command::CancelOrder { order, by, note } => crate::commands::order::cancel(unit, *order, (*by, note)),
        Command::ResumeOrder { order } => crate::commands::order::resume(unit, *order),
        Command::Pay { order, method, amount_shown } => {
            crate::commands::fulfilment::payments::pay(unit, *order, *method, *amount_shown)
        }
        Command::ProcessOrder(wanted) => crate::commands::fulfilment::process(unit, wanted),
        Command::PaymentAnswered(answered) => {
            crate::commands::fulfilment::payments::answered(unit, answered).map(|()| Answer::Done)
        }
        Command::RetryStuckPayment { order, by } => {
            crate::commands::fulfilment::payments::retry_stuck(unit, *order, *by)
        }
        Command::ResolveStuckPayment { order, by, reason, reference } => {
            crate::commands::fulfilment::payments::resolve_stuck(unit, *order, (*by, reason, reference))
        }
        Command::RefundOrder(wanted) => crate::commands::fulfilment::refunds::refund(unit, wanted),
        Command::DecideRefund { order, decision } => {
            crate::commands::fulfilment::refunds::decide(unit, *order, decision)
        }
        Command::TakeInGoods { order, lines, is_written_off } => {
            crate::commands::fulfilment::refunds::take_in(unit, *order, (lines, *is_written_off))
        }
        Command::AdvanceShipment { order, state, tracking } => {
            crate::commands::fulfilment::shipments::advance_shipment(unit, *order, *state, tracking.clone())
        }
        Command::AdvanceStorage { order, state } => {
            crate::commands::fulfilment::shipments::advance_storage(unit, *order, *state)
        }
        Command::ResolveOrder { order, by, reason } => crate::commands::order::resolve(unit, *order, (*by, reason)),
        Command::ChangeModes(wanted) => crate::commands::modes::change(unit, wanted),
        Command::React(reaction) => react(unit, reaction).map(|()| Answer::Done),
        Command::Undelivered(command) => crate::commands::failed_delivery::handle(unit, command),
        Command::FireTimer { order, due } => {
            crate::commands::order::fire_timer(unit, *order, *due).map(|()| Answer::Done)
        }
        // Groups are moved by the batch, beside the rows.
        Command::MoveGroup { .. } | Command::PassOver => Ok(Answer::Done),
        Command::Repair(repair) => crate::commands::maintenance::repair(unit, repair).map(|()| Answer::Done),
        Command::ForgetAnswers { keys, before } => {
            crate::commands::users::forget_answers(unit, keys, *before).map(|()| Answer::Done)
        }
    }
}

/// Runs what an event leads to.
pub(crate) fn react(unit: &mut Unit<'_>, reaction: &Reaction) -> Step {
    match reaction {
        Reaction::ClaimStock { order, product, quantity } => {
            crate::commands::participants::claim_stock(unit, *order, *product, *quantity)
        }
        Reaction::ClaimCoupon { order, user, campaign, coupon } => {
            crate::commands::participants::claim_coupon(unit, *order, (*campaign, *user), *coupon)
        }
        Reaction::ClaimPoints { order, user, amount } => {
            crate::commands::participants::claim_points(unit, *order, *user, *amount)
        }
        Reaction::ReleaseStock { order, product, quantity } => {
            crate::commands::participants::release_stock(unit, *order, *product, *quantity)
        }
        Reaction::ReleaseCoupon { order, user, campaign } => {
            crate::commands::participants::release_coupon(unit, *order, *user, *campaign)
        }
        Reaction::ReleasePoints { order, user, amount } => {
            crate::commands::participants::release_points(unit, *order, *user, *amount)
        }
        Reaction::Delay { order, step, until } => crate::commands::order::claiming::delay(unit, *order, *step, *until),
        Reaction::Collect { order, step, report, at } => {
            crate::commands::order::take_report(unit, *order, *step, (*report, *at))
        }
        Reaction::DecideRequest { request, user, campaign } => {
            crate::commands::coupons::decide_request(unit, *request, *campaign, *user)
        }
        Reaction::DeliverResult { request, result } => crate::commands::coupons::deliver_result(unit, *request, result),
        Reaction::NoticeOrder { user, order, change } => crate::commands::notices::order(unit, *user, *order, *change),
        Reaction::NoticeCoupon { issued } => crate::commands::notices::coupon(unit, issued),
        Reaction::NoticeFailed { failed } => crate::commands::notices::processing_failed(unit, failed),
        Reaction::SettleOrder { order, method } => crate::commands::fulfilment::settle(unit, *order, *method),
        Reaction::RetryPayment { order, attempt, retry } => {
            crate::commands::fulfilment::payments::retry(unit, *order, (*attempt, *retry))
        }
        Reaction::CallProvider { order, attempt, refund } => {
            crate::commands::fulfilment::payments::call(unit, *order, (*attempt, *refund))
        }
        Reaction::NoticePaymentFailed { failed } => crate::commands::notices::payment_failed(unit, failed),
        Reaction::NoticeStuck { stuck } => crate::commands::notices::refund_delayed(unit, stuck),
        Reaction::NoticeReturned { order, returned } => crate::commands::notices::returned(unit, *order, returned),
        Reaction::NoticeRejected { order, rejected } => {
            crate::commands::notices::refund_rejected(unit, *order, rejected)
        }
        Reaction::CountSales { order, products, at } => {
            crate::commands::catalogue::count_sales(unit, *order, (products, *at))
        }
        Reaction::CountReturns { order, products, .. } => {
            crate::commands::catalogue::count_returns(unit, *order, products)
        }
    }
}
