//! The numbers that a command takes at most.

use domain::limits::LINES_MAX;

use crate::commands::{AlertCommand, ApiKeyCommand, Command, DropCommand, FailedDelivery, WebhookCommand};
use crate::state::ids::Sequence;

/// The notices that one command can cause for a customer: completed, in the warehouse, complete.
const NOTICES_OF_AN_ORDER: usize = 4;

impl Command {
    /// Returns the numbers of a sequence that a command takes at most.
    pub(crate) fn numbers(&self, sequence: Sequence) -> usize {
        match (self, sequence) {
            (Command::Guarded(guarded), _) => guarded.command.numbers(sequence),
            (Command::React(_) | Command::FailedDelivery(_) | Command::PaymentAnswered(_), Sequence::DeadLetter) => 1,
            (Command::FailedDelivery(FailedDelivery::Retry { attempts, .. }), _) => {
                attempts.len() * of_reaction(sequence)
            }
            (Command::FailedDelivery(FailedDelivery::Resend { .. } | FailedDelivery::Drop { .. }), _) => {
                of_reaction(sequence)
            }
            (Command::RegisterUser(_), Sequence::User)
            | (Command::RegisterProduct { .. }, Sequence::Product | Sequence::Receipt)
            | (Command::AdjustStock { .. }, Sequence::Receipt)
            | (Command::CreateCampaign(_), Sequence::Campaign)
            | (Command::Webhook(WebhookCommand::Create(_)), Sequence::Webhook)
            | (Command::Alert(AlertCommand::Raise(_)), Sequence::Alert)
            | (Command::ApiKey(ApiKeyCommand::Create(_)), Sequence::ApiKey)
            | (Command::Notification(_), Sequence::DeadLetter)
            | (Command::Drop(DropCommand::Create(_)), Sequence::Drop)
            | (Command::ChargePoints { .. }, Sequence::Entry)
            | (Command::PlaceOrder(_), Sequence::Order)
            | (Command::IssueCoupon { .. } | Command::RequestCoupon { .. }, Sequence::Coupon | Sequence::Request) => 1,
            (
                Command::RefundOrder(_)
                | Command::DecideRefund { .. }
                | Command::TakeInGoods { is_written_off: true, .. },
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
            // An order whose card is refused gives its points back.
            (Command::PaymentAnswered(answered), Sequence::Entry) if answered.is_of_authorization() => 2,
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
        | Sequence::DeadLetter
        | Sequence::Webhook
        | Sequence::Alert
        | Sequence::Drop
        | Sequence::ApiKey => 0,
    }
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
