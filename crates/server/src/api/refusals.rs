//! Each refusal of the engine as a problem document that names the field and says what to do.

use app::answer::Refusal;

use crate::http::{Code, Problem};

/// The problem that a refusal is to the client.
pub(crate) fn problem(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::EmailTaken => Problem::new(Code::UserEmailTaken, "This e-mail address is registered; log in instead."),
        Refusal::OrderNotFound => order_not_found(),
        Refusal::OrderNotCancellable => Problem::new(
            Code::OrderNotCancellable,
            "Only an order whose goods have not left, and that is not cancelled, can be cancelled.",
        ),
        Refusal::OrderNotStuck => {
            Problem::new(Code::OrderNotCancellable, "Only an order whose compensation is stuck can be resumed.")
        }
        Refusal::PaymentNotDue
        | Refusal::PaymentAlreadyPaid
        | Refusal::PaymentInProgress
        | Refusal::PaymentAmountMismatch { .. }
        | Refusal::OrderNotRefundable
        | Refusal::RefundTooMuch
        | Refusal::ReceiverMissing
        | Refusal::ShipmentNotFound
        | Refusal::StorageNotFound
        | Refusal::NoSuchStep { .. } => settling_problem(refusal),
        Refusal::ProductNotFound { line: None } => product_not_found(),
        Refusal::ProductNotFound { line: Some(line) } => product_not_found().at(format!("#/items/{line}/productId")),
        Refusal::StockExhausted { available } => Problem::new(
            Code::StockExhausted,
            format!("Only {available} units are neither sold nor reserved; write off at most those."),
        ),
        Refusal::StockTooMuch => Problem::invalid("#/delta", "too_large", "the shop would hold too much of it"),
        Refusal::PriceChanged { .. } | Refusal::PointsAbovePayable { .. } | Refusal::PointsTooMuch { .. } => {
            amount_problem(refusal)
        }
        Refusal::CampaignQuantityLowered { quantity } => Problem::invalid(
            "#/totalQuantity",
            "too_small",
            format!("the quantity is {quantity} and is only ever raised"),
        ),
        Refusal::CampaignWindowOutOfOrder => {
            let detail = "issue must end after it starts and no later than the coupons expire";
            Problem::invalid("#/issueEndsAt", "out_of_order", detail)
        }
        Refusal::CouponNotFound
        | Refusal::CouponPaused
        | Refusal::CouponNotStarted
        | Refusal::CouponExpired
        | Refusal::CouponAlreadyIssued
        | Refusal::CouponSoldOut => coupon_problem(refusal),
        Refusal::LetterNotFound | Refusal::LetterClosed | Refusal::LetterUnreadable { .. } => letter_problem(refusal),
        Refusal::GroupMoved => group_moved(),
        Refusal::Broken => Problem::new(
            Code::Internal,
            "Nothing was done: it would have broken something that always holds in this shop. The operators were told.",
        ),
        Refusal::IdempotencyMismatch => repeated_with_another_body(),
        Refusal::IdempotencyInProgress => first_is_undecided(),
        Refusal::Overloaded { .. } => {
            Problem::new(Code::Overloaded, "More is waiting than can be decided in time; nothing was done.")
        }
        Refusal::Unavailable => Problem::new(
            Code::Unavailable,
            "The outcome is not known; repeat the request with the same Idempotency-Key.",
        ),
    }
}

/// Why an amount of money or points is not taken.
fn amount_problem(refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes refusals about amounts only")]
    match refusal {
        Refusal::PriceChanged { total } => Problem::new(
            Code::PriceChanged,
            format!("The items cost {} won now; show the customer and ask again.", total.amount()),
        )
        .at("#/totalAmount"),
        Refusal::PointsAbovePayable { payable } => Problem::invalid(
            "#/pointsToUse",
            "too_large",
            format!("items and coupon leave {} won to pay; use at most as many points", payable.amount()),
        ),
        Refusal::PointsTooMuch { balance } => Problem::invalid(
            "#/amount",
            "too_large",
            format!("the account holds {} points and cannot hold that many more", balance.amount()),
        ),
        _ => Problem::new(Code::Internal, "The amount cannot be taken."),
    }
}

/// Why there is no coupon.
fn coupon_problem(refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes refusals of coupons only")]
    match refusal {
        Refusal::CouponPaused => Problem::new(Code::CouponPaused, "The campaign is paused; try again later."),
        Refusal::CouponNotStarted => Problem::new(Code::CouponNotStarted, "The issue period has not started."),
        Refusal::CouponExpired => Problem::new(Code::CouponExpired, "The issue period has ended."),
        Refusal::CouponAlreadyIssued => {
            Problem::new(Code::CouponAlreadyIssued, "You already have as many of these coupons as one user may have.")
        }
        Refusal::CouponSoldOut => Problem::new(Code::CouponSoldOut, "All coupons of this campaign are gone."),
        _ => coupon_not_found(),
    }
}

/// Why an order is not paid, sent or refunded.
fn settling_problem(refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes refusals about settling only")]
    match refusal {
        Refusal::PaymentNotDue => Problem::new(
            Code::PaymentNotDue,
            "Nothing is due now: the order is not claimed yet, needs no payment, or was cancelled.",
        ),
        Refusal::PaymentAlreadyPaid => Problem::new(Code::PaymentAlreadyPaid, "The order is paid."),
        Refusal::PaymentInProgress => {
            Problem::new(Code::PaymentInProgress, "Its money is on its way; wait for what comes of it.")
        }
        Refusal::PaymentAmountMismatch { due } => Problem::new(
            Code::PaymentAmountMismatch,
            format!("{} won are due; show the customer and ask again.", due.amount()),
        )
        .at("#/paidAmount"),
        Refusal::RefundTooMuch => {
            Problem::invalid("#/lines", "too_large", "more is to come back than the customer has of it")
        }
        Refusal::ReceiverMissing => {
            Problem::invalid("#/receiver", "missing", "say who receives the goods, or let the warehouse keep them")
        }
        Refusal::ShipmentNotFound | Refusal::StorageNotFound => shipment_not_found(),
        Refusal::NoSuchStep { from } => {
            Problem::new(Code::ShipmentNotPossible, format!("There is no way there from {from}."))
        }
        _ => Problem::new(
            Code::OrderNotRefundable,
            "Only a completed order whose goods are not on their way can be refunded, and nothing twice.",
        ),
    }
}

/// Why nothing was done to a dead letter.
fn letter_problem(refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller passes refusals about letters only")]
    match refusal {
        Refusal::LetterClosed => Problem::new(
            Code::LetterClosed,
            "The letter was handled or dropped, or tried again this moment; look at it again.",
        ),
        Refusal::LetterUnreadable { error } => {
            let detail = format!("it must be an event of the letter's type: {error}");
            Problem::invalid("#/payload", "not_an_event", detail)
        }
        _ => letter_not_found(),
    }
}

fn group_moved() -> Problem {
    Problem::new(Code::GroupMoved, "The group has gone on since it was looked at; nothing was moved. Try again.")
}

fn first_is_undecided() -> Problem {
    Problem::new(Code::IdempotencyInProgress, "The first request with this key is still being decided.")
}

fn repeated_with_another_body() -> Problem {
    let detail = "This Idempotency-Key came with another body before; use a new key for a new request.";
    Problem::new(Code::IdempotencyMismatch, detail)
}

pub(crate) fn order_not_found() -> Problem {
    Problem::new(Code::OrderNotFound, "You have no order of this number.")
}

pub(crate) fn shipment_not_found() -> Problem {
    Problem::new(Code::ShipmentNotFound, "No goods were sent or stored for an order of this number.")
}

pub(crate) fn product_not_found() -> Problem {
    Problem::new(Code::ProductNotFound, "There is no product of this number.")
}

pub(crate) fn coupon_not_found() -> Problem {
    Problem::new(Code::CouponNotFound, "There is no such coupon.")
}

pub(crate) fn letter_not_found() -> Problem {
    Problem::new(Code::LetterNotFound, "There is no dead letter of this number.")
}

pub(crate) fn request_not_found() -> Problem {
    Problem::new(Code::RequestNotFound, "You made no request of this number.")
}
