//! The results of coupon requests.

use app::events::event::ResultCode;

use super::Text;

pub(crate) const fn of_result(code: ResultCode) -> Text {
    let korean = match code {
        ResultCode::Success => "쿠폰이 발급되었습니다.",
        ResultCode::OutOfStock => "준비된 쿠폰이 모두 소진되었습니다.",
        ResultCode::AlreadyIssued => "이미 발급받으신 쿠폰입니다.",
        ResultCode::Expired => "쿠폰 발급 기간이 끝났습니다.",
        ResultCode::NotStarted => "아직 쿠폰 발급 기간이 아닙니다.",
        ResultCode::Paused => "쿠폰 발급이 일시 중지되었습니다. 나중에 다시 시도해 주세요.",
        ResultCode::UserNotFound => "해당 회원이 없습니다.",
        ResultCode::CouponNotFound => "해당 쿠폰이 없습니다.",
        ResultCode::SystemError => "쿠폰 발급 중 오류가 발생했습니다.",
    };
    Text::new(code.message(), korean)
}
