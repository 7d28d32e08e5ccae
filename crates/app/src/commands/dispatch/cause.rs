//! Kinds of commands: the name of each as the cause of its events, and those of which a sale brings many.

use crate::commands::{Command, DropCommand, FailedDelivery, Reaction};

impl Command {
    /// Returns true for the customers' commands of which a sale brings many at once.
    pub const fn is_sale(&self) -> bool {
        matches!(
            self,
            Command::PlaceOrder(_)
                | Command::IssueCoupon { .. }
                | Command::RequestCoupon { .. }
                | Command::Drop(DropCommand::Join { .. })
        )
    }

    pub(crate) fn cause(&self) -> &'static str {
        match self {
            Command::RegisterUser(_) => "RegisterUser",
            Command::ChangeLogin(_) => "ChangeLogin",
            Command::EndToken { .. } => "EndToken",
            Command::ApiKey(_) => "ApiKey",
            Command::Record => "Record",
            Command::RegisterProduct { .. } => "RegisterProduct",
            Command::ChangeProduct { .. } => "ChangeProduct",
            Command::AdjustStock { .. } => "AdjustStock",
            Command::Guarded(guarded) => guarded.command.cause(),
            Command::CreateCampaign(_) => "CreateCampaign",
            Command::ChangeCampaign { .. } => "ChangeCampaign",
            Command::ChargePoints { .. } => "ChargePoints",
            Command::IssueCoupon { .. } => "IssueCoupon",
            Command::RequestCoupon { .. } => "RequestCoupon",
            Command::PlaceOrder(_) => "PlaceOrder",
            Command::CancelOrder { .. } => "CancelOrder",
            Command::ResumeOrder { .. } => "ResumeOrder",
            Command::ExtendHold { .. } => "ExtendHold",
            Command::Pay { .. } => "Pay",
            Command::ProcessOrder(_) => "ProcessOrder",
            Command::PaymentAnswered(_) => "PaymentAnswered",
            Command::RetryStuckPayment { .. } => "RetryStuckPayment",
            Command::ResolveStuckPayment { .. } => "ResolveStuckPayment",
            Command::RefundOrder(_) => "RefundOrder",
            Command::DecideRefund { .. } => "DecideRefund",
            Command::TakeInGoods { .. } => "TakeInGoods",
            Command::AdvanceShipment { .. } => "AdvanceShipment",
            Command::AdvanceStorage { .. } => "AdvanceStorage",
            Command::ResolveOrder { .. } => "ResolveOrder",
            Command::ChangeModes(_) => "ChangeModes",
            Command::Webhook(_) => "Webhook",
            Command::Alert(_) => "Alert",
            Command::Notification(_) => "Notification",
            Command::Drop(_) => "Drop",
            Command::FireTimer { .. } => "Timer",
            Command::Repair(_) => "Repair",
            Command::MoveGroup { .. } => "MoveGroup",
            Command::Skip => "PassOver",
            Command::Follow(_) => "Follow",
            Command::AddFigures(_) => "AddFigures",
            Command::Prune(_) => "Prune",
            Command::Remove(_) => "Remove",
            Command::ForgetAnswers { .. } => "ForgetAnswers",
            Command::FailedDelivery(FailedDelivery::Retry { .. }) => "Retry",
            Command::FailedDelivery(FailedDelivery::Resend { .. }) => "Resend",
            Command::FailedDelivery(_) => "Undelivered",
            Command::React(reaction) => reaction.cause(),
        }
    }
}

impl Reaction {
    /// Returns the name of the event that a reaction follows.
    const fn cause(&self) -> &'static str {
        match self {
            Reaction::ClaimStock { .. } => "StockDeductionRequested",
            Reaction::ClaimCoupon { .. } => "CouponUsageRequested",
            Reaction::ClaimPoints { .. } => "PointDeductionRequested",
            Reaction::ReleaseStock { .. } => "StockRestorationRequired",
            Reaction::ReleaseCoupon { .. } => "CouponRestorationRequired",
            Reaction::ReleasePoints { .. } => "PointRestorationRequired",
            Reaction::Collect { .. } => "StepReport",
            Reaction::Delay { .. } => "DelayedProcessing",
            Reaction::DecideRequest { .. } => "CouponRequested",
            Reaction::DeliverResult { .. } => "CouponResult",
            Reaction::NoticeOrder { .. }
            | Reaction::NoticeCoupon { .. }
            | Reaction::NoticeFailed { .. }
            | Reaction::NoticePaymentFailed { .. }
            | Reaction::NoticeStuck { .. }
            | Reaction::NoticeReturned { .. }
            | Reaction::NoticeRejected { .. }
            | Reaction::NotifyAgain { .. } => "Notice",
            Reaction::ProcessOrder { .. } => "OrderProcessingRequested",
            Reaction::RetryPayment { .. } => "OrderProcessingRetried",
            Reaction::CallProvider { .. } => "PaymentRequested",
            Reaction::CountSales { .. } => "OrderCompleted",
            Reaction::CountReturns { .. } => "OrderReturned",
        }
    }
}
