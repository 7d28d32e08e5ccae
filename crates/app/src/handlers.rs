//! What each command does to the rows of its batch. One file per part of the shop.

mod asked;
mod catalogue;
mod claiming;
mod coupons;
mod modes;
mod notices;
mod orders;
mod participants;
mod payment_events;
mod payments;
mod points;
mod refunds;
mod repairs;
mod settling;
mod shipments;
mod undelivered;
mod users;

use crate::answer::Answer;
use crate::command::{Command, Reaction};
use crate::unit::{Handled, Step, Unit};

/// Runs a command. On `Err` the caller undoes whatever it has changed.
pub(crate) fn handle(unit: &mut Unit<'_>, command: &Command) -> Handled {
    match command {
        Command::RegisterUser(user) => users::register(unit, user),
        Command::RegisterProduct { name, price, stock } => catalogue::register(unit, name, *price, *stock),
        Command::ChangeProduct { product, price, status } => catalogue::change(unit, *product, *price, *status),
        Command::AdjustStock { product, delta, reason } => catalogue::adjust(unit, *product, *delta, reason),
        Command::CreateCampaign(campaign) => coupons::create(unit, campaign),
        Command::ChangeCampaign { campaign, change } => coupons::change(unit, *campaign, change),
        Command::ChargePoints { user, amount } => points::charge(unit, *user, *amount),
        Command::IssueCoupon { campaign, user } => coupons::issue(unit, *campaign, *user),
        Command::RequestCoupon { campaign, user } => coupons::request(unit, *campaign, *user),
        Command::PlaceOrder(order) => orders::place(unit, order),
        Command::CancelOrder { order, by, note } => orders::cancel(unit, *order, (*by, note)),
        Command::ResumeOrder { order } => orders::resume(unit, *order),
        Command::Pay { order, method, amount_shown } => payments::pay(unit, *order, *method, *amount_shown),
        Command::ProcessOrder(wanted) => settling::process(unit, wanted),
        Command::PaymentAnswered(answered) => payments::answered(unit, answered).map(|()| Answer::Done),
        Command::RetryStuckPayment { order, by } => payments::retry_stuck(unit, *order, *by),
        Command::ResolveStuckPayment { order, by, reason, reference } => {
            payments::resolve_stuck(unit, *order, (*by, reason, reference))
        }
        Command::RefundOrder(wanted) => refunds::refund(unit, wanted),
        Command::DecideRefund { order, decision } => refunds::decide(unit, *order, decision),
        Command::TakeInGoods { order, lines, is_written_off } => {
            refunds::take_in(unit, *order, (lines, *is_written_off))
        }
        Command::AdvanceShipment { order, state, tracking } => {
            shipments::advance_shipment(unit, *order, *state, tracking.clone())
        }
        Command::AdvanceStorage { order, state } => shipments::advance_storage(unit, *order, *state),
        Command::ResolveOrder { order, by, reason } => orders::resolve(unit, *order, (*by, reason)),
        Command::ChangeModes(wanted) => modes::change(unit, wanted),
        Command::React(reaction) => react(unit, reaction).map(|()| Answer::Done),
        Command::Undelivered(command) => undelivered::handle(unit, command),
        Command::FireTimer { order, due } => orders::fire_timer(unit, *order, *due).map(|()| Answer::Done),
        // Groups are moved by the batch, beside the rows.
        Command::MoveGroup { .. } | Command::PassOver => Ok(Answer::Done),
        Command::Repair(repair) => repairs::repair(unit, repair).map(|()| Answer::Done),
        Command::ForgetAnswers { keys, before } => users::forget_answers(unit, keys, *before).map(|()| Answer::Done),
    }
}

/// Runs what an event leads to.
pub(crate) fn react(unit: &mut Unit<'_>, reaction: &Reaction) -> Step {
    match reaction {
        Reaction::ClaimStock { order, product, quantity } => {
            participants::claim_stock(unit, *order, *product, *quantity)
        }
        Reaction::ClaimCoupon { order, user, campaign, coupon } => {
            participants::claim_coupon(unit, *order, (*campaign, *user), *coupon)
        }
        Reaction::ClaimPoints { order, user, amount } => participants::claim_points(unit, *order, *user, *amount),
        Reaction::ReleaseStock { order, product, quantity } => {
            participants::release_stock(unit, *order, *product, *quantity)
        }
        Reaction::ReleaseCoupon { order, user, campaign } => {
            participants::release_coupon(unit, *order, *user, *campaign)
        }
        Reaction::ReleasePoints { order, user, amount } => participants::release_points(unit, *order, *user, *amount),
        Reaction::Delay { order, step, until } => claiming::delay(unit, *order, *step, *until),
        Reaction::Collect { order, step, report, at } => orders::take_report(unit, *order, *step, (*report, *at)),
        Reaction::DecideRequest { request, user, campaign } => {
            coupons::decide_request(unit, *request, *campaign, *user)
        }
        Reaction::DeliverResult { request, result } => coupons::deliver_result(unit, *request, result),
        Reaction::NoticeOrder { user, order, change } => notices::order(unit, *user, *order, *change),
        Reaction::NoticeCoupon { issued } => notices::coupon(unit, issued),
        Reaction::NoticeFailed { failed } => notices::processing_failed(unit, failed),
        Reaction::SettleOrder { order, method } => settling::settle(unit, *order, *method),
        Reaction::RetryPayment { order, attempt, retry } => payments::retry(unit, *order, (*attempt, *retry)),
        Reaction::CallProvider { order, attempt, refund } => payments::call(unit, *order, (*attempt, *refund)),
        Reaction::NoticePaymentFailed { failed } => notices::payment_failed(unit, failed),
        Reaction::NoticeStuck { stuck } => notices::refund_delayed(unit, stuck),
        Reaction::NoticeReturned { order, returned } => notices::returned(unit, *order, returned),
        Reaction::NoticeRejected { order, rejected } => notices::refund_rejected(unit, *order, rejected),
        Reaction::CountSales { order, products, at } => catalogue::count_sales(unit, *order, (products, *at)),
        Reaction::CountReturns { order, products, .. } => catalogue::count_returns(unit, *order, products),
    }
}
