//! The rows and numbers that a command needs. A key missing here costs another round, never a wrong decision.

use domain::ids::{OrderId, UserId};
use domain::limits::LINES_MAX;
use domain::order::saga::{Direction, Report, Step};
use domain::order::{Choice, Line, Order, Outcome};
use domain::time::Timestamp;

use super::Job;
use crate::commands::{Attempt, Command, FailedDelivery, PlaceOrder, Reaction, Repair, WebhookCommand};
use crate::state::ids::Sequence;
use crate::state::rows::{
    AccountKey, CampaignSnapshotKey, ClaimKey, ContactKey, CustomerKey, HoldingKey, InboxKey, Key, Keys, OrderKey,
    OrderRow, ParkedEventKey, PaymentKey, PlacedKey, ProductSnapshotKey, Rows, SalesKey, ShipmentKey, StorageKey,
    TimerKey,
};
use crate::state::settings::{Executor, Settings};

/// The loaded rows, and by what their orders are read.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) rows: &'a Rows,
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
}

/// The first key of the kinds that are loaded after orders.
pub(super) const FIRST_AFTER_ORDERS: Key = Key::Timer(OrderId(i64::MIN));

/// The notices that one command can cause for a customer: completed, in the warehouse, complete.
const NOTICES_OF_AN_ORDER: usize = 4;

/// Returns the numbers of a sequence that a command takes at most.
pub(super) const fn need(command: &Command, sequence: Sequence) -> usize {
    match (command, sequence) {
        (Command::React(_) | Command::FailedDelivery(_) | Command::PaymentAnswered(_), Sequence::Letter) => 1,
        (Command::FailedDelivery(FailedDelivery::Retry { attempts, .. }), _) => attempts.len() * of_reaction(sequence),
        (Command::FailedDelivery(FailedDelivery::Resend { .. }), _) => of_reaction(sequence),
        (Command::RegisterUser(_), Sequence::User)
        | (Command::RegisterProduct { .. }, Sequence::Product | Sequence::Receipt)
        | (Command::AdjustStock { .. }, Sequence::Receipt)
        | (Command::CreateCampaign(_), Sequence::Campaign)
        | (Command::Webhook(WebhookCommand::Create(_)), Sequence::Webhook)
        | (Command::ChargePoints { .. }, Sequence::Entry)
        | (Command::PlaceOrder(_), Sequence::Order)
        | (Command::IssueCoupon { .. } | Command::RequestCoupon { .. }, Sequence::Coupon | Sequence::Request) => 1,
        (
            Command::RefundOrder(_) | Command::DecideRefund { .. } | Command::TakeInGoods { is_written_off: true, .. },
            Sequence::Receipt,
        ) => LINES_MAX,
        (Command::React(_), _) => of_reaction(sequence),
        (
            Command::PlaceOrder(_)
            | Command::CancelOrder { .. }
            | Command::ResumeOrder { .. }
            | Command::RefundOrder(_)
            | Command::DecideRefund { .. }
            | Command::ResolveOrder { .. }
            | Command::FireTimer { .. },
            Sequence::Entry,
        ) => 2,
        (command, Sequence::Notice) if is_about_fulfilment(command) => NOTICES_OF_AN_ORDER,
        (
            Command::PlaceOrder(_)
            | Command::CancelOrder { .. }
            | Command::ResumeOrder { .. }
            | Command::ResolveOrder { .. }
            | Command::FireTimer { .. }
            | Command::IssueCoupon { .. }
            | Command::RequestCoupon { .. },
            Sequence::Notice,
        ) => NOTICES_OF_AN_ORDER,
        _ => 0,
    }
}

const fn of_reaction(sequence: Sequence) -> usize {
    match sequence {
        Sequence::Coupon | Sequence::Entry | Sequence::Request => 1,
        Sequence::Notice => NOTICES_OF_AN_ORDER,
        Sequence::User
        | Sequence::Product
        | Sequence::Campaign
        | Sequence::Order
        | Sequence::Receipt
        | Sequence::Letter
        | Sequence::Webhook => 0,
    }
}

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

fn declare_command(command: &Command, settings: &Settings, now: Timestamp, keys: &mut Keys) {
    match command {
        Command::RegisterUser(user) => {
            keys.insert(user.email_key.into());
            keys.extend(user.candidate.map(|candidate| Key::from(CustomerKey(candidate))));
        }
        Command::RegisterProduct { .. }
        | Command::CreateCampaign(_)
        | Command::MoveGroup { .. }
        | Command::Skip
        | Command::AddFigures(_) => {}
        Command::Follow(follow) => keys.extend(follow.endpoints().map(Key::from)),
        Command::ChangeModes(_) => keys.extend([Key::Modes]),
        Command::Webhook(command) => command.declare(keys),
        Command::ChangeProduct { product, .. } | Command::AdjustStock { product, .. } => {
            keys.insert((*product).into());
        }
        Command::ChangeCampaign { campaign, .. } => keys.extend([Key::from(*campaign)]),
        Command::ChargePoints { user, .. } => account(*user, keys),
        Command::IssueCoupon { campaign, user } | Command::RequestCoupon { campaign, user } => {
            keys.insert(CustomerKey(*user).into());
            keys.insert(HoldingKey { campaign: *campaign, user: *user }.into());
            keys.insert((*campaign).into());
        }
        Command::PlaceOrder(order) if claims_at_once(order, settings) => {
            declare_claiming(order, settings.calendar.day(now), keys);
        }
        Command::PlaceOrder(order) => declare_placement(order, keys),
        Command::CancelOrder { order, .. }
        | Command::ResumeOrder { order }
        | Command::ResolveOrder { order, .. }
        | Command::FireTimer { order, .. } => {
            keys.insert(OrderKey(*order).into());
            keys.insert(TimerKey(*order).into());
        }
        Command::Pay { order, .. }
        | Command::DecideRefund { order, .. }
        | Command::TakeInGoods { order, .. }
        | Command::RetryStuckPayment { order, .. }
        | Command::ResolveStuckPayment { order, .. } => fulfilment(*order, keys),
        Command::RefundOrder(wanted) => fulfilment(wanted.order, keys),
        Command::ProcessOrder(wanted) => fulfilment(wanted.order, keys),
        Command::PaymentAnswered(answered) => {
            fulfilment(answered.order, keys);
            keys.extend(answered.callback.iter().map(|callback| Key::from(callback.key)));
        }
        Command::AdvanceShipment { order, .. } | Command::AdvanceStorage { order, .. } => fulfilment(*order, keys),
        Command::React(reaction) => declare_reaction(reaction, settings, keys),
        Command::FailedDelivery(command) => declare_failed_delivery(command, settings, keys),
        Command::Repair(repair) => declare_repair(repair, keys),
        Command::ForgetAnswers { keys: answers, .. } => keys.extend(answers.iter().map(|key| Key::Answer(*key))),
    }
}

/// Returns true if an order claims everything in the commit that places it.
fn claims_at_once(order: &PlaceOrder, settings: &Settings) -> bool {
    let choice = order.mode.unwrap_or(settings.modes.choice);
    settings.executor == Executor::Inline || matches!(choice, Choice::Atomic | Choice::Sync)
}

/// Placing reads products only.
fn declare_placement(order: &PlaceOrder, keys: &mut Keys) {
    keys.insert(CustomerKey(order.user).into());
    keys.extend(order.items.iter().map(|(product, _)| Key::from(ProductSnapshotKey(*product))));
    keys.extend(order.coupon.map(|(campaign, _)| Key::from(CampaignSnapshotKey(campaign))));
}

fn declare_claiming(order: &PlaceOrder, day: i64, keys: &mut Keys) {
    for (product, _) in &order.items {
        keys.insert((*product).into());
        // An order that completes at once is added to its day's sales.
        keys.insert(SalesKey { day, product: *product }.into());
    }
    keys.insert(CustomerKey(order.user).into());
    if let Some((campaign, _)) = order.coupon {
        keys.insert(HoldingKey { campaign, user: order.user }.into());
        keys.insert(CampaignSnapshotKey(campaign).into());
    }
    if !order.points.is_zero() {
        keys.insert(AccountKey(order.user).into());
    }
}

fn declare_failed_delivery(command: &FailedDelivery, settings: &Settings, keys: &mut Keys) {
    match command {
        FailedDelivery::Park { key, .. } => {
            keys.insert((*key).into());
        }
        FailedDelivery::GiveUp { .. } => {}
        FailedDelivery::Retry { key, parked, attempts } => {
            keys.insert((*key).into());
            keys.insert(ParkedEventKey { park: *key, number: parked.first }.into());
            for Attempt { message, reaction } in attempts {
                reaction.iter().for_each(|reaction| declare_reaction(reaction, settings, keys));
                keys.insert(InboxKey { group: key.group, event: message.id }.into());
            }
        }
        FailedDelivery::RetryFailed { key, parked, .. } => {
            keys.insert((*key).into());
            keys.insert(ParkedEventKey { park: *key, number: parked.first }.into());
        }
        FailedDelivery::Resend { letter, reaction, .. } => {
            keys.insert(letter.id.into());
            keys.insert(InboxKey { group: letter.group, event: letter.message.id }.into());
            reaction.iter().for_each(|reaction| declare_reaction(reaction, settings, keys));
        }
        FailedDelivery::ResendFailed { letter, .. } => {
            keys.insert(letter.id.into());
        }
        FailedDelivery::Edit { letter, .. } | FailedDelivery::Drop { letter, .. } => {
            keys.insert((*letter).into());
        }
    }
}

fn declare_reaction(reaction: &Reaction, settings: &Settings, keys: &mut Keys) {
    match reaction {
        Reaction::ClaimStock { order, product, .. } | Reaction::ReleaseStock { order, product, .. } => {
            claim(*order, Step::Stock(*product), keys);
            keys.insert((*product).into());
        }
        Reaction::ClaimCoupon { order, user, campaign, .. } | Reaction::ReleaseCoupon { order, user, campaign } => {
            claim(*order, Step::Coupon, keys);
            keys.insert(HoldingKey { campaign: *campaign, user: *user }.into());
            keys.insert(CampaignSnapshotKey(*campaign).into());
        }
        Reaction::ClaimPoints { order, user, .. } | Reaction::ReleasePoints { order, user, .. } => {
            claim(*order, Step::Point, keys);
            account(*user, keys);
        }
        Reaction::Collect { order, step, .. } => {
            keys.insert(OrderKey(*order).into());
            keys.insert(ClaimKey { order: *order, step: *step }.into());
        }
        Reaction::Delay { order, .. } => {
            keys.insert(OrderKey(*order).into());
        }
        Reaction::DecideRequest { request, user, campaign } => {
            keys.insert((*request).into());
            keys.insert(CustomerKey(*user).into());
            keys.insert(HoldingKey { campaign: *campaign, user: *user }.into());
            keys.insert((*campaign).into());
        }
        Reaction::DeliverResult { request, result } => {
            keys.insert((*request).into());
            keys.insert(CustomerKey(result.user_id).into());
        }
        Reaction::NoticeOrder { user, order, .. } => {
            keys.insert(OrderKey(*order).into());
            keys.extend(user.map(|user| Key::from(CustomerKey(user))));
        }
        Reaction::ProcessOrder { order, .. } | Reaction::RetryPayment { order, .. } => fulfilment(*order, keys),
        Reaction::CallProvider { order, .. } => {
            keys.insert(OrderKey(*order).into());
            keys.insert(PaymentKey(*order).into());
        }
        Reaction::NoticeFailed { failed } => notice_to(failed.user_id, keys),
        Reaction::NoticePaymentFailed { failed } => notice_to(failed.user_id, keys),
        Reaction::NoticeStuck { stuck } => notice_to(stuck.user_id, keys),
        Reaction::NoticeCoupon { issued } => notice_to(issued.user_id, keys),
        Reaction::NoticeReturned { order, returned } => {
            keys.insert(PlacedKey(*order).into());
            keys.insert(CustomerKey(returned.user_id).into());
        }
        Reaction::NoticeRejected { order, rejected } => {
            keys.insert(PlacedKey(*order).into());
            keys.insert(CustomerKey(rejected.user_id).into());
        }
        Reaction::CountSales { order, products, at } | Reaction::CountReturns { order, products, sold_at: at } => {
            keys.insert(PlacedKey(*order).into());
            let day = settings.calendar.day(*at);
            keys.extend(products.iter().map(|sold| Key::from(SalesKey { day, product: sold.id })));
        }
    }
}

/// A notice counts in its customer's row.
fn notice_to(user: UserId, keys: &mut Keys) {
    keys.insert(CustomerKey(user).into());
}

fn declare_repair(repair: &Repair, keys: &mut Keys) {
    if let Repair::Timer { order } = *repair {
        keys.insert(PaymentKey(order).into());
    }
    keys.insert(match *repair {
        Repair::Product { product, .. } => product.into(),
        Repair::Campaign { campaign, .. } => campaign.into(),
        Repair::Account { user, .. } => AccountKey(user).into(),
        Repair::Timer { order } => OrderKey(order).into(),
    });
}

/// Declares the rows that a job needs through an order that is now loaded.
pub(super) fn declare_by_order(job: &Job, known: Known<'_>, keys: &mut Keys) {
    if let Some(order) = refunded_order(&job.command) {
        declare_returns(order, known, keys);
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command names an existing order")]
    match &job.command {
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
            keys.extend(
                known
                    .rows
                    .orders
                    .get(OrderKey(wanted.order))
                    .ok()
                    .flatten()
                    .map(|row| Key::from(ContactKey(row.order.user()))),
            );
        }
        Command::PaymentAnswered(answered) => declare_by(answered.order, known, keys),
        Command::React(reaction) => declare_by_reaction(reaction, known, keys),
        Command::FailedDelivery(FailedDelivery::Retry { attempts, .. }) => {
            let reactions = attempts.iter().filter_map(|attempt| attempt.reaction.as_ref());
            reactions.for_each(|reaction| declare_by_reaction(reaction, known, keys));
        }
        Command::FailedDelivery(FailedDelivery::Resend { reaction: Some(reaction), .. }) => {
            declare_by_reaction(reaction, known, keys);
        }
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

/// Inline, refunded units are subtracted from the sales of their day.
fn declare_returns(order: OrderId, known: Known<'_>, keys: &mut Keys) {
    if let Ok(Some(OrderRow { order, .. })) = known.rows.orders.get(OrderKey(order))
        && known.settings.executor == Executor::Inline
        && order.outcome == Outcome::Completed
    {
        let day = known.settings.calendar.day(order.completed_at.unwrap_or(order.created.at));
        keys.extend(order.created.lines.iter().map(|line| Key::from(SalesKey { day, product: line.product })));
    }
}

fn declare_by_reaction(reaction: &Reaction, known: Known<'_>, keys: &mut Keys) {
    // Inline, completing an order also notifies the customer and counts the sales.
    if let Reaction::Collect { order, report: Report::Completed, .. } = reaction
        && known.settings.executor == Executor::Log
        && let Ok(Some(row)) = known.rows.orders.get(OrderKey(*order))
        && row.order.saga.direction == Direction::Claiming
    {
        declare_completing(&row.order, keys);
    } else if let Reaction::Collect { order, .. } | Reaction::ProcessOrder { order, .. } = reaction {
        declare_by(*order, known, keys);
    }
}

fn declare_by(order: OrderId, known: Known<'_>, keys: &mut Keys) {
    if let Ok(Some(row)) = known.rows.orders.get(OrderKey(order)) {
        declare_order(&row.order, known.settings.calendar.day(known.now), keys);
    }
}

/// Declares what an order reads when its last claim is made; its claims and timer are deleted without reading.
fn declare_completing(order: &Order, keys: &mut Keys) {
    if order.has_destination() {
        keys.insert(ShipmentKey(order.id()).into());
        keys.insert(StorageKey(order.id()).into());
    }
    keys.extend(order.created.lines.iter().map(|line| Key::from(line.product)));
    let user = order.user();
    keys.extend(order.created.coupon.map(|wanted| Key::from(HoldingKey { campaign: wanted.campaign, user })));
}

/// Declares everything that fulfilling or restoring an order may touch.
fn declare_order(order: &Order, day: i64, keys: &mut Keys) {
    declare_completing(order, keys);
    let user = order.user();
    keys.insert(CustomerKey(user).into());
    if order.pay_before.is_some() || order.outcome == Outcome::Completed && order.is_prepaid() {
        keys.insert(PaymentKey(order.id()).into());
    }
    if order.outcome == Outcome::AwaitingPayment {
        let sales = |line: &Line| Key::from(SalesKey { day, product: line.product });
        keys.extend(order.created.lines.iter().map(sales));
    }
    for record in &order.saga.steps {
        keys.insert(ClaimKey { order: order.id(), step: record.step }.into());
        match record.step {
            Step::Stock(_) => {}
            Step::Coupon => {
                keys.extend(order.created.coupon.map(|wanted| Key::from(CampaignSnapshotKey(wanted.campaign))))
            }
            Step::Point => {
                keys.insert(AccountKey(user).into());
            }
        }
    }
}

/// Declares an order's payment, shipment and storage.
fn fulfilment(order: OrderId, keys: &mut Keys) {
    keys.insert(OrderKey(order).into());
    keys.insert(TimerKey(order).into());
    keys.insert(PaymentKey(order).into());
    keys.insert(ShipmentKey(order).into());
    keys.insert(StorageKey(order).into());
}

const fn is_about_fulfilment(command: &Command) -> bool {
    matches!(
        command,
        Command::Pay { .. }
            | Command::ProcessOrder(_)
            | Command::PaymentAnswered(_)
            | Command::RetryStuckPayment { .. }
            | Command::ResolveStuckPayment { .. }
            | Command::RefundOrder(_)
            | Command::DecideRefund { .. }
            | Command::TakeInGoods { .. }
            | Command::AdvanceShipment { .. }
            | Command::AdvanceStorage { .. }
    )
}

fn claim(order: OrderId, step: Step, keys: &mut Keys) {
    keys.insert(ClaimKey { order, step }.into());
    keys.insert(PlacedKey(order).into());
}

fn account(user: UserId, keys: &mut Keys) {
    keys.insert(CustomerKey(user).into());
    keys.insert(AccountKey(user).into());
}
