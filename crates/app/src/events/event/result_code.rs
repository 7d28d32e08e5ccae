//! The result codes of coupon requests.

use serde::{Deserialize, Serialize};

/// The result of a coupon request, in the words of source 002.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResultCode {
    Success,
    OutOfStock,
    AlreadyIssued,
    Expired,
    NotStarted,
    Paused,
    UserNotFound,
    CouponNotFound,
    SystemError,
}

impl ResultCode {
    pub const ALL: [ResultCode; 9] = [
        ResultCode::Success,
        ResultCode::OutOfStock,
        ResultCode::AlreadyIssued,
        ResultCode::Expired,
        ResultCode::NotStarted,
        ResultCode::Paused,
        ResultCode::UserNotFound,
        ResultCode::CouponNotFound,
        ResultCode::SystemError,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            ResultCode::Success => "SUCCESS",
            ResultCode::OutOfStock => "OUT_OF_STOCK",
            ResultCode::AlreadyIssued => "ALREADY_ISSUED",
            ResultCode::Expired => "EXPIRED",
            ResultCode::NotStarted => "NOT_STARTED",
            ResultCode::Paused => "PAUSED",
            ResultCode::UserNotFound => "USER_NOT_FOUND",
            ResultCode::CouponNotFound => "COUPON_NOT_FOUND",
            ResultCode::SystemError => "SYSTEM_ERROR",
        }
    }

    /// Returns the code with which the API would have refused the request; `None` for an issued coupon.
    pub const fn problem_code(self) -> Option<&'static str> {
        match self {
            ResultCode::Success => None,
            ResultCode::AlreadyIssued => Some("coupon.already_issued"),
            ResultCode::OutOfStock => Some("coupon.sold_out"),
            ResultCode::CouponNotFound => Some("coupon.not_found"),
            ResultCode::Expired => Some("coupon.expired"),
            ResultCode::NotStarted => Some("coupon.not_started"),
            ResultCode::Paused => Some("coupon.paused"),
            ResultCode::UserNotFound => Some("user.not_found"),
            ResultCode::SystemError => Some("internal"),
        }
    }

    pub const fn message(self) -> &'static str {
        match self {
            ResultCode::Success => "The coupon is yours.",
            ResultCode::OutOfStock => "All coupons of this campaign are gone.",
            ResultCode::AlreadyIssued => "You already have this coupon.",
            ResultCode::Expired => "The issue period has ended.",
            ResultCode::NotStarted => "The issue period has not started.",
            ResultCode::Paused => "The campaign is paused; try again later.",
            ResultCode::UserNotFound => "There is no such user.",
            ResultCode::CouponNotFound => "There is no such coupon.",
            ResultCode::SystemError => "The coupon could not be issued.",
        }
    }
}
