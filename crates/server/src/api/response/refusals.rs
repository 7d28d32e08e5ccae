//! Maps each refusal of the engine to a problem document that names the field and says what to do.

use app::commands::answer::Refusal;
use app::ports::StoreError;
use app::state::rows::Identity;
use domain::limits::{NUMBER_MAX, QUANTITY_MAX};

use crate::api::texts::{details, operators, values};
use crate::http::{Code, Problem};
use crate::system::logging;

/// Returns the problem document of a refusal.
#[expect(clippy::too_many_lines, reason = "a line for each refusal")]
pub(crate) fn problem(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::UserNotFound => user_not_found(),
        Refusal::EmailTaken => Problem::new(Code::UserEmailTaken, details::EMAIL_TAKEN),
        Refusal::OrderNotFound => order_not_found(),
        Refusal::OrderNotCancellable => Problem::new(Code::OrderNotCancellable, details::ORDER_NOT_CANCELLABLE),
        Refusal::OrderNotStuck => Problem::new(Code::OrderNotCancellable, operators::ORDER_NOT_STUCK),
        Refusal::PaymentNotDue
        | Refusal::PaymentNotYetDue
        | Refusal::OrderNotPayable
        | Refusal::PaymentAlreadyPaid
        | Refusal::PaymentInProgress
        | Refusal::PaymentAmountMismatch { .. }
        | Refusal::OrderNotRefundable
        | Refusal::RefundPending
        | Refusal::NoRefundAsked
        | Refusal::GoodsOnTheWay
        | Refusal::GoodsSold
        | Refusal::GoodsCommitted
        | Refusal::NotThatMuchAwaited
        | Refusal::RefundTooMuch
        | Refusal::PaymentNotStuck
        | Refusal::ReceiverMissing
        | Refusal::ShipmentNotFound
        | Refusal::StorageNotFound
        | Refusal::NoSuchStep { .. } => fulfilment_problem(refusal),
        Refusal::ProductNotFound { line } => not_in_catalogue(*line),
        Refusal::StockExhausted { available } => {
            Problem::new(Code::StockExhausted, details::STOCK_EXHAUSTED.with(available))
        }
        Refusal::Stale => Problem::new(Code::PreconditionFailed, details::STALE),
        Refusal::IdentityTaken(identity) => identity_taken(*identity),
        Refusal::StockTooMuch => Problem::invalid("#/delta", "too_large", values::STOCK_TOO_MUCH),
        Refusal::PriceChanged { .. }
        | Refusal::PointsAbovePayable { .. }
        | Refusal::PointsTooMuch { .. }
        | Refusal::QuantityTooLarge { .. }
        | Refusal::TotalTooLarge
        | Refusal::CouponWorthless => amount_problem(refusal),
        Refusal::CampaignQuantityLowered { .. }
        | Refusal::CampaignWindowOutOfOrder
        | Refusal::CouponNotFound
        | Refusal::CouponPaused
        | Refusal::CouponNotStarted
        | Refusal::CouponExpired
        | Refusal::CouponAlreadyIssued
        | Refusal::CouponSoldOut => coupon_problem(refusal),
        Refusal::WebhookNotFound => webhook_not_found(),
        Refusal::ApiKeyNotFound => api_key_not_found(),
        Refusal::WebhookDeliveryNotFound => delivery_not_found(),
        Refusal::DropNotFound
        | Refusal::DropNotStarted
        | Refusal::DropEnded
        | Refusal::DropNotEnded
        | Refusal::DropPaused
        | Refusal::DropNoWaitingRoom
        | Refusal::TicketRequired
        | Refusal::TicketNotFound
        | Refusal::PrepaymentRequired
        | Refusal::DropWindowOutOfOrder
        | Refusal::DropProductNotFound { .. }
        | Refusal::DropProductTaken { .. }
        | Refusal::CardLimitExceeded { .. }
        | Refusal::LimitExceeded { .. } => drop_problem(refusal),
        Refusal::DeadLetterNotFound
        | Refusal::DeadLetterClosed
        | Refusal::DeadLetterUnreadable { .. }
        | Refusal::DeadLetterNotEditable { .. }
        | Refusal::DeadLetterHopeless
        | Refusal::DeadLetterAwaited => letter_problem(refusal),
        Refusal::GroupMoved => group_moved(),
        Refusal::Broken => Problem::new(Code::Internal, details::BROKEN),
        Refusal::Damaged => damaged(),
        Refusal::IdempotencyMismatch => repeated_with_another_body(),
        Refusal::IdempotencyInProgress => first_is_undecided(),
        Refusal::Overloaded { .. } => Problem::new(Code::Overloaded, details::OVERLOADED),
        Refusal::NotWritten => Problem::new(Code::Unavailable, details::NOT_WRITTEN),
        Refusal::Unavailable => Problem::new(Code::Unavailable, details::OUTCOME_UNKNOWN),
    }
}

fn not_in_catalogue(line: Option<usize>) -> Problem {
    match line {
        Some(line) => product_not_found().at(format!("#/items/{line}/productId")),
        None => product_not_found(),
    }
}

fn identity_taken(identity: Identity) -> Problem {
    match identity {
        Identity::Sku => Problem::new(Code::ProductDuplicate, details::SKU_TAKEN).at("#/sku"),
        Identity::ExternalId => Problem::new(Code::ProductDuplicate, details::EXTERNAL_ID_TAKEN).at("#/externalId"),
    }
}

/// Returns the problem of a refused amount of money or points.
fn amount_problem(refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes refusals about amounts only")]
    match refusal {
        Refusal::PriceChanged { total } => {
            Problem::new(Code::PriceChanged, details::PRICE_CHANGED.with(total.amount())).at("#/totalAmount")
        }
        Refusal::PointsAbovePayable { payable } => {
            Problem::invalid("#/pointsToUse", "too_large", values::POINTS_ABOVE_PAYABLE.with(payable.amount()))
        }
        Refusal::QuantityTooLarge { line } => {
            let pointer = format!("#/items/{line}/quantity");
            Problem::invalid(pointer, "too_large", values::QUANTITY_TOO_LARGE.with(QUANTITY_MAX))
        }
        Refusal::TotalTooLarge => Problem::invalid("#/items", "too_large", values::TOTAL_TOO_LARGE.with(NUMBER_MAX)),
        Refusal::CouponWorthless => Problem::new(Code::CouponNotUsable, details::COUPON_WORTHLESS),
        Refusal::PointsTooMuch { balance } => {
            Problem::invalid("#/amount", "too_large", values::POINTS_TOO_MUCH.with(balance.amount()))
        }
        _ => Problem::new(Code::Internal, details::AMOUNT_FAILED),
    }
}

/// Returns the problem of a refused coupon or campaign.
fn coupon_problem(refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes refusals of coupons and campaigns only")]
    match refusal {
        Refusal::CouponPaused => Problem::new(Code::CouponPaused, details::COUPON_PAUSED),
        Refusal::CouponNotStarted => Problem::new(Code::CouponNotStarted, details::COUPON_NOT_STARTED),
        Refusal::CouponExpired => Problem::new(Code::CouponExpired, details::COUPON_EXPIRED),
        Refusal::CouponAlreadyIssued => Problem::new(Code::CouponAlreadyIssued, details::COUPON_ALREADY_ISSUED),
        Refusal::CouponSoldOut => Problem::new(Code::CouponSoldOut, details::COUPON_SOLD_OUT),
        Refusal::CampaignQuantityLowered { quantity } => {
            Problem::invalid("#/totalQuantity", "too_small", values::QUANTITY_LOWERED.with(quantity))
        }
        Refusal::CampaignWindowOutOfOrder => {
            Problem::invalid("#/issueEndsAt", "out_of_order", values::WINDOW_OUT_OF_ORDER)
        }
        _ => coupon_not_found(),
    }
}

/// Returns the problem of a refusal by a drop.
fn drop_problem(refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes refusals by drops only")]
    match refusal {
        Refusal::DropNotStarted => Problem::new(Code::DropNotStarted, details::DROP_NOT_STARTED),
        Refusal::DropEnded => Problem::new(Code::DropEnded, details::DROP_ENDED),
        Refusal::DropNotEnded => Problem::new(Code::DropNotEnded, operators::DROP_NOT_ENDED),
        Refusal::DropPaused => Problem::new(Code::DropPaused, details::DROP_PAUSED),
        Refusal::DropNoWaitingRoom => Problem::new(Code::QueueNotFound, details::QUEUE_NOT_FOUND),
        Refusal::TicketRequired => Problem::new(Code::QueueTicketRequired, details::TICKET_REQUIRED),
        Refusal::TicketNotFound => ticket_not_found(),
        Refusal::PrepaymentRequired => Problem::new(Code::PrepaymentRequired, details::PREPAYMENT_REQUIRED),
        Refusal::DropWindowOutOfOrder => Problem::invalid("#/endsAt", "out_of_order", values::ENDS_BEFORE_START),
        Refusal::DropProductNotFound { line } => product_not_found().at(format!("#/products/{line}/productId")),
        Refusal::DropProductTaken { line } => Problem::new(Code::DropProductTaken, operators::DROP_PRODUCT_TAKEN)
            .at(format!("#/products/{line}/productId")),
        Refusal::CardLimitExceeded { limit } => {
            Problem::new(Code::CardLimitExceeded, details::ORDER_ABOVE_CARD_LIMIT.with(limit)).limited(*limit, 0)
        }
        Refusal::LimitExceeded { limit, already } => {
            let detail = details::LIMIT_EXCEEDED.with(limit).with(already);
            Problem::new(Code::LimitExceeded, detail).limited(*limit, *already)
        }
        _ => drop_not_found(),
    }
}

/// Returns the problem of a refused payment, shipment or refund.
fn fulfilment_problem(refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes refusals about fulfilment only")]
    match refusal {
        Refusal::PaymentNotDue => Problem::new(Code::PaymentNotDue, details::PAYMENT_NOT_DUE),
        Refusal::PaymentNotYetDue => Problem::new(Code::PaymentNotYetDue, details::PAYMENT_NOT_YET_DUE),
        Refusal::OrderNotPayable => not_payable(),
        Refusal::PaymentNotStuck => Problem::new(Code::PaymentNotStuck, operators::PAYMENT_NOT_STUCK),
        Refusal::PaymentAlreadyPaid => Problem::new(Code::PaymentAlreadyPaid, details::PAYMENT_ALREADY_PAID),
        Refusal::PaymentInProgress => Problem::new(Code::PaymentInProgress, details::PAYMENT_IN_PROGRESS),
        Refusal::PaymentAmountMismatch { due } => {
            Problem::new(Code::PaymentAmountMismatch, details::PAYMENT_AMOUNT_MISMATCH.with(due.amount()))
        }
        Refusal::RefundTooMuch => Problem::invalid("#/lines", "too_large", values::REFUND_TOO_MUCH),
        Refusal::ReceiverMissing => Problem::invalid("#/receiver", "missing", values::RECEIVER_MISSING),
        Refusal::RefundPending => Problem::new(Code::OrderNotRefundable, details::REFUND_PENDING),
        Refusal::NoRefundAsked => Problem::new(Code::OrderNotRefundable, details::NO_REFUND_ASKED),
        Refusal::GoodsOnTheWay => Problem::new(Code::OrderNotRefundable, details::GOODS_ON_THE_WAY),
        Refusal::GoodsSold => Problem::new(Code::OrderNotRefundable, details::GOODS_SOLD),
        Refusal::NotThatMuchAwaited => Problem::invalid("#/lines", "too_large", values::NOT_THAT_MUCH_AWAITED),
        Refusal::GoodsCommitted => Problem::new(Code::ShipmentNotPossible, details::GOODS_COMMITTED),
        Refusal::ShipmentNotFound | Refusal::StorageNotFound => shipment_not_found(),
        Refusal::NoSuchStep { from } => {
            Problem::new(Code::ShipmentNotPossible, details::SHIPMENT_NOT_POSSIBLE.with(from))
        }
        _ => Problem::new(Code::OrderNotRefundable, details::ORDER_NOT_REFUNDABLE),
    }
}

/// The problem of a payment for an order that was cancelled or is being compensated.
pub(in crate::api) fn not_payable() -> Problem {
    Problem::new(Code::OrderNotPayable, details::ORDER_NOT_PAYABLE)
}

/// Returns the problem of a refused action on a dead letter.
fn letter_problem(refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes refusals about letters only")]
    match refusal {
        Refusal::DeadLetterClosed => Problem::new(Code::DeadLetterClosed, operators::LETTER_CLOSED),
        Refusal::DeadLetterUnreadable { error } => {
            Problem::invalid("#/payload", "not_an_event", operators::LETTER_UNREADABLE.with(error))
        }
        Refusal::DeadLetterNotEditable { group } => {
            Problem::invalid("#/payload", "not_editable", operators::LETTER_NOT_EDITABLE.with(group.name()))
        }
        Refusal::DeadLetterHopeless => Problem::invalid("#/payload", "not_editable", operators::LETTER_HOPELESS),
        Refusal::DeadLetterAwaited => Problem::new(Code::DeadLetterAwaited, operators::LETTER_AWAITED),
        _ => letter_not_found(),
    }
}

fn group_moved() -> Problem {
    Problem::new(Code::GroupMoved, operators::GROUP_MOVED)
}

fn first_is_undecided() -> Problem {
    Problem::new(Code::IdempotencyInProgress, details::KEY_UNDECIDED)
}

fn repeated_with_another_body() -> Problem {
    Problem::new(Code::IdempotencyMismatch, details::KEY_WITH_ANOTHER_BODY)
}

pub(crate) fn order_not_found() -> Problem {
    Problem::new(Code::OrderNotFound, details::ORDER_NOT_FOUND)
}

pub(crate) fn shipment_not_found() -> Problem {
    Problem::new(Code::ShipmentNotFound, details::SHIPMENT_NOT_FOUND)
}

pub(crate) fn payment_not_found() -> Problem {
    Problem::new(Code::PaymentNotFound, operators::PAYMENT_NOT_FOUND)
}

pub(crate) fn product_not_found() -> Problem {
    Problem::new(Code::ProductNotFound, details::PRODUCT_NOT_FOUND)
}

pub(crate) fn coupon_not_found() -> Problem {
    Problem::new(Code::CouponNotFound, details::COUPON_NOT_FOUND)
}

pub(crate) fn letter_not_found() -> Problem {
    Problem::new(Code::DeadLetterNotFound, operators::LETTER_NOT_FOUND)
}

pub(crate) fn drop_not_found() -> Problem {
    Problem::new(Code::DropNotFound, details::DROP_NOT_FOUND)
}

pub(crate) fn ticket_not_found() -> Problem {
    Problem::new(Code::TicketNotFound, details::TICKET_NOT_FOUND)
}

pub(crate) fn receipt_not_found() -> Problem {
    Problem::new(Code::ReceiptNotFound, details::RECEIPT_NOT_FOUND)
}

pub(crate) fn webhook_not_found() -> Problem {
    Problem::new(Code::WebhookNotFound, operators::WEBHOOK_NOT_FOUND)
}

pub(crate) fn api_key_not_found() -> Problem {
    Problem::new(Code::ApiKeyNotFound, details::API_KEY_NOT_FOUND)
}

pub(crate) fn delivery_not_found() -> Problem {
    Problem::new(Code::WebhookDeliveryNotFound, operators::WEBHOOK_DELIVERY_NOT_FOUND)
}

pub(crate) fn user_not_found() -> Problem {
    Problem::new(Code::UserNotFound, details::USER_NOT_FOUND)
}

pub(crate) fn request_not_found() -> Problem {
    Problem::new(Code::RequestNotFound, details::REQUEST_NOT_FOUND)
}

/// The problem of a request that needs a row which cannot be read. A repeat does not help.
pub(crate) fn damaged() -> Problem {
    Problem::new(Code::Internal, details::DAMAGED).for_good()
}

/// Logs the store's error, and returns a problem that does not reveal it.
pub(crate) fn unavailable(error: StoreError) -> Problem {
    logging::error("A view could not be read", &error);
    match error {
        StoreError::Failed(_) => Problem::new(Code::Unavailable, details::STORE_SILENT),
        StoreError::Unreadable(_) => damaged(),
    }
}
