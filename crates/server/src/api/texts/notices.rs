//! The type, title and message of notices, in the reader's language (N-04). The store keeps a notice as data; its texts are
//! added when it is sent.

use app::events::event::ResultCode;
use app::events::notices::NoticeKind;
use app::events::notices::content::Content;
use app::events::wire_time;
use app::notifications::channels::{Texts, Words};
use app::ports::views::ToldNotice;
use domain::notification::Language as ChosenLanguage;
use domain::order::{Outcome, Status};
use domain::reason::Reason;
use serde_json::{Map, Value, json};

use super::{Message, Text, coupons, orders};
use crate::http::language::Language;

texts! {
    ORDER_COMPLETED: "Your order is complete", "주문이 완료되었습니다";
    ORDER_COMPLETED_MESSAGE: "Order {0} is complete. Thank you.", "주문번호 {0}의 주문이 완료되었습니다. 감사합니다.";
    ORDER_CANCELLED: "Your order was cancelled", "주문이 취소되었습니다";
    ORDER_CANCELLED_MESSAGE: "Order {0} was cancelled. {1}", "주문번호 {0}의 주문이 취소되었습니다. {1}";
    NO_REASON: "The reason is not known.", "자세한 사유는 확인되지 않았습니다.";
    ORDER_STATUS: "Your order's status has changed", "주문 상태가 변경되었습니다";
    ORDER_STATUS_MESSAGE: "Order {0}: {1}", "주문번호 {0}: {1}";
    ORDER_FAILED: "The payment failed", "결제에 실패했습니다";
    ORDER_FAILED_MESSAGE:
        "Nothing was shipped. The order can be paid again as long as its payment deadline has not passed.",
        "배송된 상품은 없습니다. 결제 기한이 지나지 않았다면 다시 결제하실 수 있습니다.";
    PAYMENT_FAILED: "The payment failed", "결제에 실패했습니다";
    PAYMENT_FAILED_MESSAGE:
        "Nothing was charged. Order {0} can be paid again as long as its payment deadline has not passed.",
        "청구된 금액은 없습니다. 주문번호 {0}의 주문은 결제 기한이 지나지 않았다면 다시 결제하실 수 있습니다.";
    REFUND_DELAYED: "Your refund is delayed", "환불이 지연되고 있습니다";
    REFUND_DELAYED_MESSAGE:
        "The payment provider has not refunded {0:amount} of order {1} yet. We are looking into it.",
        "결제사에서 주문번호 {1}의 {0:amount}을 아직 환불하지 못했습니다. 저희가 확인하여 처리하고 있습니다.";
    RELEASE_DELAYED_MESSAGE:
        "The payment provider has not released the amount authorized for order {0} yet. We are looking into it; nothing is charged.",
        "결제사에서 주문번호 {0}의 승인 금액을 아직 취소하지 못했습니다. 저희가 확인하고 있으며, 청구되는 금액은 없습니다.";
    ORDER_REFUNDED: "Part of your order is being refunded", "주문의 일부가 환불됩니다";
    ORDER_REFUNDED_MESSAGE:
        "Order {0}: {1:amount} and {2} points are being returned to you.",
        "주문번호 {0}: {1:amount}과 {2}포인트를 돌려드리고 있습니다.";
    /// For payment on delivery: the shop does not know if the courier has collected the money already.
    LESS_DUE_MESSAGE:
        "Order {0}: you pay {1:amount} less on delivery. If you have paid already, the shop returns that amount itself.",
        "주문번호 {0}: 상품을 받을 때 결제하실 금액이 {1:amount} 줄었습니다. 이미 결제하셨다면 그 금액은 상점에서 직접 돌려드립니다.";
    LESS_DUE_AND_POINTS_MESSAGE:
        "Order {0}: you pay {1:amount} less on delivery, and {2} points are being returned to you. If you have paid already, the shop returns that amount itself.",
        "주문번호 {0}: 상품을 받을 때 결제하실 금액이 {1:amount} 줄었고, {2}포인트를 돌려드리고 있습니다. 이미 결제하셨다면 그 금액은 상점에서 직접 돌려드립니다.";
    REFUND_REJECTED: "Your refund was rejected", "환불 요청이 거절되었습니다";
    REFUND_REJECTED_MESSAGE: "Order {0}: the shop does not accept the return. Reason: {1}", "주문번호 {0}: 판매자가 반품을 받지 않습니다. 사유: {1}";
    COUPON_ISSUED: "You have a coupon", "쿠폰이 발급되었습니다";
    COUPON_ISSUED_MESSAGE: "You received coupon number {0}.", "{0}번째 쿠폰이 발급되었습니다.";
    COUPON_ISSUED_BY_NAME: "You received the coupon {0}, number {1}.", "{0} 쿠폰이 발급되었습니다. 발급 번호는 {1}번입니다.";
    COUPON_REFUSED: "No coupon was issued to you", "쿠폰이 발급되지 않았습니다";
    RESET: "Some notices are missing", "일부 알림을 전달해 드리지 못했습니다";
    RESET_MESSAGE:
        "Notices that are too old or too many are not delivered. Please check your orders and coupons.",
        "오래되었거나 너무 많은 알림은 전달되지 않습니다. 주문과 쿠폰 내역을 확인해 주세요.";
    EXPIRED: "Your login has expired", "로그인이 만료되었습니다";
    EXPIRED_MESSAGE:
        "Log in again and connect with the new token. The notices in between are kept.",
        "다시 로그인하여 새 토큰으로 연결해 주세요. 그동안의 알림은 보관됩니다.";
    NOT_TEXT: "send text frames", "텍스트 프레임으로 보내 주세요";
    NOT_A_MESSAGE:
        "expected {\"resumeAfter\": id} or {\"subscribe\": \"/topic/order/{orderNumber}\"}",
        "{\"resumeAfter\": id} 또는 {\"subscribe\": \"/topic/order/{orderNumber}\"}를 보내 주세요";
    /// The reasons of close frames have at most 123 bytes.
    RESUME: "resume after {0}", "{0}번 알림 다음부터 이어 받아 주세요";
    RESUME_WITH_NEW_TOKEN:
        "the token has expired; resume after {0} with a new one",
        "토큰이 만료되었습니다. 새 토큰으로 {0}번 다음부터 받아 주세요";
    MESSAGE_TOO_LONG:
        "a message is UTF-8 text of at most {0} bytes in a masked frame",
        "마스킹된 프레임에 {0}바이트 이하의 UTF-8 텍스트로 보내 주세요";
    NO_SUCH_TOPIC: "you have no such order", "해당 주문이 없습니다";
    TOPICS_TOO_MANY: "one connection cannot subscribe to more orders", "한 연결에서 구독할 수 있는 주문 수를 넘었습니다";
}

/// Returns the JSON data of a notice with its texts in this language.
pub(crate) fn data(notice: &ToldNotice, language: Language) -> String {
    let mut data: Map<String, Value> = serde_json::from_str(&notice.data).unwrap_or_default();
    let kind = NoticeKind::from_name(&notice.kind);
    let (title, message) = kind.map_or((RESET, RESET_MESSAGE.into()), |kind| words(kind, &data));
    let type_name = kind.map_or("RESET", NoticeKind::type_name);
    let texts = [("type", type_name.into()), ("title", title.of(language).into())];
    data.extend(texts.map(|(name, text): (&str, Value)| (name.to_owned(), text)));
    data.insert("message".to_owned(), message.of(language).into());
    data.insert("timestamp".to_owned(), wire_time::format(notice.at).into());
    Value::from(data).to_string()
}

/// The words of notifications outside of the shop: those of the notice, and the coupon's name.
pub(crate) struct NotificationTexts;

impl Texts for NotificationTexts {
    fn words(&self, kind: NoticeKind, data: &str, language: ChosenLanguage) -> Words {
        let language = match language {
            ChosenLanguage::English => Language::English,
            ChosenLanguage::Korean => Language::Korean,
        };
        let data: Map<String, Value> = serde_json::from_str(data).unwrap_or_default();
        let (title, message) = words(kind, &data);
        let coupon = data.get("couponName").and_then(Value::as_str);
        let message = coupon.map_or(message, |name| {
            let number = data.get("issueNumber").and_then(Value::as_i64).unwrap_or_default();
            COUPON_ISSUED_BY_NAME.with(name).with(number)
        });
        Words { title: title.of(language).to_owned(), text: message.of(language).into_owned() }
    }
}

/// Returns the JSON data of the last message to a client whose token has expired.
pub(crate) fn expired(language: Language) -> String {
    let (title, message) = (EXPIRED.of(language), EXPIRED_MESSAGE.of(language));
    json!({"type": "AUTH_EXPIRED", "title": title, "message": message}).to_string()
}

/// Returns the title and the message of a notice.
pub(crate) fn of_content(content: &Content) -> (Text, Message) {
    words(content.kind, &serde_json::from_str(&content.data).unwrap_or_default())
}

fn words(kind: NoticeKind, data: &Map<String, Value>) -> (Text, Message) {
    let word = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    let order = word("orderNumber");
    let reason = || Reason::ALL.into_iter().find(|reason| reason.code() == word("reason"));
    match kind {
        NoticeKind::OrderCompleted => (ORDER_COMPLETED, ORDER_COMPLETED_MESSAGE.with(order)),
        NoticeKind::OrderCancelled => {
            let why = reason().map_or(NO_REASON, orders::of_reason);
            (ORDER_CANCELLED, ORDER_CANCELLED_MESSAGE.with(order).with_text(why))
        }
        NoticeKind::OrderStatus => {
            let status = Status::ALL.into_iter().find(|status| status.name() == word("status"));
            let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.name() == word("outcome"));
            let (status, outcome) = (status.unwrap_or(Status::Created), outcome.unwrap_or(Outcome::Completed));
            let text = orders::of_change(outcome, status, reason());
            (ORDER_STATUS, ORDER_STATUS_MESSAGE.with(order).with_text(text))
        }
        NoticeKind::OrderFailed => (ORDER_FAILED, ORDER_FAILED_MESSAGE.into()),
        NoticeKind::PaymentFailed => (PAYMENT_FAILED, PAYMENT_FAILED_MESSAGE.with(order)),
        NoticeKind::RefundDelayed if word("operation") == "VOID" => {
            (REFUND_DELAYED, RELEASE_DELAYED_MESSAGE.with(order))
        }
        NoticeKind::RefundDelayed => {
            let amount = data.get("amount").and_then(Value::as_i64).unwrap_or_default();
            (REFUND_DELAYED, REFUND_DELAYED_MESSAGE.with(amount).with(order))
        }
        NoticeKind::OrderRefunded => {
            let amount = |name: &str| data.get(name).and_then(Value::as_i64).unwrap_or_default();
            let message = match (amount("noLongerDue"), amount("pointsRestored")) {
                (0, points) => ORDER_REFUNDED_MESSAGE.with(order).with(amount("refundAmount")).with(points),
                (less, 0) => LESS_DUE_MESSAGE.with(order).with(less),
                (less, points) => LESS_DUE_AND_POINTS_MESSAGE.with(order).with(less).with(points),
            };
            (ORDER_REFUNDED, message)
        }
        NoticeKind::OrderRefundRejected => {
            (REFUND_REJECTED, REFUND_REJECTED_MESSAGE.with(order).with(word("rejectReason")))
        }
        NoticeKind::CouponIssued => {
            let number = data.get("issueNumber").and_then(Value::as_i64).unwrap_or_default();
            (COUPON_ISSUED, COUPON_ISSUED_MESSAGE.with(number))
        }
        NoticeKind::CouponRefused => {
            let code = ResultCode::ALL.into_iter().find(|code| code.name() == word("resultCode"));
            (COUPON_REFUSED, coupons::of_result(code.unwrap_or(ResultCode::SystemError)).into())
        }
    }
}
