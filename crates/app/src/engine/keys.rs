//! The rows that a command needs. A key missing here costs another round, never a wrong decision.

use domain::ids::OrderId;
use domain::time::Timestamp;

use super::Job;
use crate::commands::order::keys::{Known, declare_by, declare_returns};
use crate::commands::{Command, catalogue, fulfilment, points};
use crate::state::rows::{ContactKey, CustomerKey, DetailsKey, HoldingKey, InboxKey, Key, Keys, OrderKey, TimerKey};
use crate::state::settings::Settings;

/// The first key of the kinds that are loaded after orders.
pub(super) const FIRST_AFTER_ORDERS: Key = Key::Timer(OrderId(i64::MIN));

/// Declares the rows that a job names itself.
pub(super) fn declare(job: &Job, settings: &Settings, now: Timestamp, keys: &mut Keys) {
    keys.extend(job.missed.iter().copied());
    keys.extend(job.idempotency.map(|idempotency| Key::Answer(idempotency.key)));
    if let Some(source) = job.source.filter(|source| !source.offset.group.is_idempotent()) {
        keys.insert(InboxKey { group: source.offset.group, event: source.event }.into());
    }
    keys.extend(job.carried.iter().map(|carried| Key::from(carried.park)));
    declare_command(&job.command, settings, now, keys);
}

#[expect(clippy::too_many_lines, reason = "a line or two for each command")]
fn declare_command(command: &Command, settings: &Settings, now: Timestamp, keys: &mut Keys) {
    match command {
        Command::ChangeLogin(change) => keys.extend([Key::from(change.email_key)]),
        Command::ApiKey(command) => command.declare(keys),
        Command::RegisterUser(user) => {
            keys.insert(user.email_key.into());
            keys.extend(user.candidate.map(|candidate| Key::from(CustomerKey(candidate))));
        }
        Command::CreateCampaign(_)
        | Command::MoveGroup { .. }
        | Command::Skip
        | Command::Record
        | Command::EndToken { .. }
        | Command::AddFigures(_)
        | Command::Prune(_)
        | Command::Remove(_) => {}
        Command::Follow(follow) => keys.extend(follow.endpoints().map(Key::from)),
        Command::ChangeModes(_) => keys.extend([Key::Modes]),
        Command::Guarded(guarded) => {
            guarded.declare(keys);
            declare_command(&guarded.command, settings, now, keys);
        }
        Command::Webhook(command) => command.declare(keys),
        Command::Alert(command) => command.declare(keys),
        Command::Notification(command) => command.declare(keys),
        Command::Drop(command) => command.declare(keys),
        Command::RegisterProduct { details, .. } => catalogue::declare_identities(details.as_deref(), keys),
        Command::ChangeProduct { product, details, .. } => {
            keys.extend([Key::from(*product), DetailsKey(*product).into()]);
            catalogue::declare_identities(details.as_deref(), keys);
        }
        Command::AdjustStock { product, .. } => keys.extend([Key::from(*product)]),
        Command::ChangeCampaign { campaign, .. } => keys.extend([Key::from(*campaign)]),
        Command::ChargePoints { user, .. } => points::declare(*user, keys),
        Command::IssueCoupon { campaign, user } | Command::RequestCoupon { campaign, user } => {
            let holding = HoldingKey { campaign: *campaign, user: *user };
            keys.extend([Key::from(CustomerKey(*user)), holding.into(), (*campaign).into()]);
        }
        Command::PlaceOrder(order) => order.declare(settings, now, keys),
        Command::CancelOrder { order, .. }
        | Command::ResumeOrder { order }
        | Command::ExtendHold { order, .. }
        | Command::ResolveOrder { order, .. }
        | Command::FireTimer { order, .. } => {
            keys.insert(OrderKey(*order).into());
            keys.insert(TimerKey(*order).into());
        }
        Command::Pay { order, .. }
        | Command::DecideRefund { order, .. }
        | Command::TakeInGoods { order, .. }
        | Command::RetryStuckPayment { order, .. }
        | Command::AdvanceShipment { order, .. }
        | Command::AdvanceStorage { order, .. }
        | Command::ResolveStuckPayment { order, .. } => fulfilment::declare(*order, keys),
        Command::RefundOrder(wanted) => fulfilment::declare(wanted.order, keys),
        Command::ProcessOrder(wanted) => fulfilment::declare(wanted.order, keys),
        Command::PaymentAnswered(answered) => {
            fulfilment::declare(answered.order, keys);
            keys.extend(answered.callback.iter().map(|callback| Key::from(callback.key)));
        }
        Command::React(reaction) => reaction.declare(settings, keys),
        Command::FailedDelivery(command) => command.declare(settings, keys),
        Command::Repair(repair) => repair.declare(keys),
        Command::ForgetAnswers { keys: answers, .. } => keys.extend(answers.iter().map(|key| Key::Answer(*key))),
    }
}

/// Declares the rows that a job needs through an order that is now loaded.
pub(super) fn declare_by_order(job: &Job, known: Known<'_>, keys: &mut Keys) {
    if let Some(order) = refunded_order(job.command.unguarded()) {
        declare_returns(order, known, keys);
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command names an existing order")]
    match job.command.unguarded() {
        Command::CancelOrder { order, .. }
        | Command::ResumeOrder { order }
        | Command::ResolveOrder { order, .. }
        | Command::FireTimer { order, .. }
        | Command::RetryStuckPayment { order, .. }
        | Command::ResolveStuckPayment { order, .. }
        | Command::DecideRefund { order, .. }
        | Command::TakeInGoods { order, .. }
        | Command::Pay { order, .. }
        | Command::AdvanceShipment { order, .. }
        | Command::AdvanceStorage { order, .. } => declare_by(*order, known, keys),
        Command::RefundOrder(wanted) => declare_by(wanted.order, known, keys),
        Command::ProcessOrder(wanted) => {
            declare_by(wanted.order, known, keys);
            let order = known.rows.orders.get(OrderKey(wanted.order)).ok().flatten();
            keys.extend(order.map(|row| Key::from(ContactKey(row.order.user()))));
        }
        Command::PaymentAnswered(answered) => declare_by(answered.order, known, keys),
        Command::React(reaction) => reaction.declare_by_order(known, keys),
        Command::FailedDelivery(command) => command.declare_by_order(known, keys),
        _ => {}
    }
}

/// Returns the order that the command restores or refunds.
const fn refunded_order(command: &Command) -> Option<OrderId> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command restores or refunds anything")]
    match command {
        Command::CancelOrder { order, .. } | Command::DecideRefund { order, .. } => Some(*order),
        Command::RefundOrder(wanted) => Some(wanted.order),
        _ => None,
    }
}
