//! Every error code of the API, in one table.

use axum::http::StatusCode;

use crate::api::texts::Text;

/// A stable, machine-readable error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    OrderNotFound,
    OrderEmpty,
    OrderNotCancellable,
    OrderNotRefundable,
    OrderNotPayable,
    PaymentNotDue,
    PaymentNotYetDue,
    PaymentAlreadyPaid,
    PaymentInProgress,
    PaymentAmountMismatch,
    PaymentDeclined,
    PaymentNotFound,
    PaymentNotStuck,
    CallbackUnsigned,
    PaymentProviderNotFound,
    PaymentNotScripted,
    ShipmentNotFound,
    ShipmentNotPossible,
    ProductNotFound,
    ProductDuplicate,
    StockExhausted,
    CouponNotFound,
    CouponNotStarted,
    CouponExpired,
    CouponAlreadyIssued,
    CouponSoldOut,
    HistoryArchived,
    ArchiveRefused,
    CouponPaused,
    CouponNotUsable,
    PointsInsufficient,
    PointsChargeForbidden,
    PriceChanged,
    RequestNotFound,
    DeadLetterNotFound,
    DeadLetterClosed,
    DeadLetterAwaited,
    WebhookNotFound,
    WebhookDeliveryNotFound,
    DropNotFound,
    DropNotStarted,
    DropEnded,
    DropNotEnded,
    DropPaused,
    DropProductTaken,
    LimitExceeded,
    CardLimitExceeded,
    PrepaymentRequired,
    QueueNotFound,
    QueueTicketRequired,
    ChallengeRequired,
    ChallengeFailed,
    TicketNotFound,
    ReceiptNotFound,
    GroupNotFound,
    GroupMoved,
    GroupInline,
    GroupTrailing,
    RouteNotFound,
    MethodNotAllowed,
    BodyTooLarge,
    HeadersTooLarge,
    RequestMalformed,
    MediaTypeUnsupported,
    IdempotencyMismatch,
    IdempotencyInProgress,
    PreconditionFailed,
    ValidationFailed,
    AuthRequired,
    AuthForbidden,
    AuthInvalidCredentials,
    UserEmailTaken,
    UserNotFound,
    ApiKeyNotFound,
    RequestTimeout,
    RateExceeded,
    Overloaded,
    Unavailable,
    Internal,
}

/// When the same request can succeed if it is sent again unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retry {
    Never,
    /// After this number of seconds.
    After(u32),
    Anytime,
}

struct Entry {
    code: &'static str,
    status: StatusCode,
    title: Text,
    retry: Retry,
}

/// A code with its title in English and in Korean.
const fn entry(code: &'static str, status: StatusCode, english: &'static str, korean: &'static str) -> Entry {
    Entry { code, status, title: Text::new(english, korean), retry: Retry::Never }
}

impl Entry {
    const fn retry(mut self, retry: Retry) -> Entry {
        self.retry = retry;
        self
    }
}

type S = StatusCode;

const _: () = assert!(Code::ALL.len() == Code::Internal as usize + 1, "every code is listed, the last one last");

impl Code {
    pub const ALL: [Code; 79] = [
        Code::OrderNotFound,
        Code::OrderEmpty,
        Code::OrderNotCancellable,
        Code::OrderNotRefundable,
        Code::OrderNotPayable,
        Code::PaymentNotDue,
        Code::PaymentNotYetDue,
        Code::PaymentAlreadyPaid,
        Code::PaymentInProgress,
        Code::PaymentAmountMismatch,
        Code::PaymentDeclined,
        Code::PaymentNotFound,
        Code::PaymentNotStuck,
        Code::CallbackUnsigned,
        Code::PaymentProviderNotFound,
        Code::PaymentNotScripted,
        Code::ShipmentNotFound,
        Code::ShipmentNotPossible,
        Code::ProductNotFound,
        Code::ProductDuplicate,
        Code::StockExhausted,
        Code::CouponNotFound,
        Code::CouponNotStarted,
        Code::CouponExpired,
        Code::CouponAlreadyIssued,
        Code::CouponSoldOut,
        Code::HistoryArchived,
        Code::ArchiveRefused,
        Code::CouponPaused,
        Code::CouponNotUsable,
        Code::PointsInsufficient,
        Code::PointsChargeForbidden,
        Code::PriceChanged,
        Code::RequestNotFound,
        Code::DeadLetterNotFound,
        Code::DeadLetterClosed,
        Code::DeadLetterAwaited,
        Code::WebhookNotFound,
        Code::WebhookDeliveryNotFound,
        Code::DropNotFound,
        Code::DropNotStarted,
        Code::DropEnded,
        Code::DropNotEnded,
        Code::DropPaused,
        Code::DropProductTaken,
        Code::LimitExceeded,
        Code::CardLimitExceeded,
        Code::PrepaymentRequired,
        Code::QueueNotFound,
        Code::QueueTicketRequired,
        Code::ChallengeRequired,
        Code::ChallengeFailed,
        Code::TicketNotFound,
        Code::ReceiptNotFound,
        Code::GroupNotFound,
        Code::GroupMoved,
        Code::GroupInline,
        Code::GroupTrailing,
        Code::RouteNotFound,
        Code::MethodNotAllowed,
        Code::BodyTooLarge,
        Code::HeadersTooLarge,
        Code::RequestMalformed,
        Code::MediaTypeUnsupported,
        Code::IdempotencyMismatch,
        Code::IdempotencyInProgress,
        Code::PreconditionFailed,
        Code::ValidationFailed,
        Code::AuthRequired,
        Code::AuthForbidden,
        Code::AuthInvalidCredentials,
        Code::UserEmailTaken,
        Code::UserNotFound,
        Code::ApiKeyNotFound,
        Code::RequestTimeout,
        Code::RateExceeded,
        Code::Overloaded,
        Code::Unavailable,
        Code::Internal,
    ];

    #[rustfmt::skip]
    #[expect(clippy::too_many_lines, reason = "a line for each code")]
    const fn entry(self) -> Entry {
        match self {
            Code::OrderNotFound => entry("order.not_found", S::NOT_FOUND, "There is no such order", "주문을 찾을 수 없습니다"),
            Code::OrderEmpty => entry("order.empty", S::BAD_REQUEST, "An order needs at least one item", "주문할 상품이 없습니다"),
            Code::OrderNotCancellable => entry("order.not_cancellable", S::CONFLICT, "The order can no longer be cancelled", "주문을 취소할 수 없습니다"),
            Code::OrderNotRefundable => entry("order.not_refundable", S::CONFLICT, "The order cannot be refunded", "주문을 환불할 수 없습니다"),
            Code::OrderNotPayable => entry("order.not_payable", S::CONFLICT, "The order can no longer be paid", "더 이상 결제할 수 없는 주문입니다"),
            Code::PaymentNotYetDue => entry("payment.not_yet_due", S::CONFLICT, "The order cannot be paid yet", "아직 결제할 수 없는 주문입니다").retry(Retry::After(1)),
            Code::PaymentNotDue => entry("payment.not_due", S::CONFLICT, "No payment is due", "결제할 금액이 없습니다"),
            Code::PaymentAlreadyPaid => entry("payment.already_paid", S::CONFLICT, "The order is already paid", "이미 결제된 주문입니다"),
            Code::PaymentInProgress => entry("payment.in_progress", S::CONFLICT, "A payment or refund is in progress", "결제 또는 환불이 진행 중입니다").retry(Retry::After(1)),
            Code::PaymentAmountMismatch => entry("payment.amount_mismatch", S::CONFLICT, "The amount is not the amount due", "결제 금액이 다릅니다"),
            Code::PaymentDeclined => entry("payment.declined", S::PAYMENT_REQUIRED, "The payment was declined", "결제가 거절되었습니다").retry(Retry::Anytime),
            Code::PaymentNotFound => entry("payment.not_found", S::NOT_FOUND, "There is no such payment", "결제를 찾을 수 없습니다"),
            Code::PaymentNotStuck => entry("payment.not_stuck", S::CONFLICT, "The payment does not wait for an operator", "운영자 처리를 기다리는 결제가 아닙니다"),
            Code::CallbackUnsigned => entry("payment.callback_unsigned", S::UNAUTHORIZED, "The callback is not signed by the provider", "결제 공급자가 서명하지 않은 콜백입니다"),
            Code::PaymentProviderNotFound => entry("payment.provider_not_found", S::NOT_FOUND, "There is no such payment provider", "결제 공급자를 찾을 수 없습니다"),
            Code::PaymentNotScripted => entry("payment.not_scripted", S::CONFLICT, "The payment provider cannot be scripted", "동작을 지정할 수 없는 결제 공급자입니다"),
            Code::ShipmentNotFound => entry("shipment.not_found", S::NOT_FOUND, "There is no such shipment or storage", "배송 또는 보관 내역을 찾을 수 없습니다"),
            Code::ShipmentNotPossible => entry("shipment.not_possible", S::CONFLICT, "The status cannot be changed that way", "그 상태로 바꿀 수 없습니다"),
            Code::ProductNotFound => entry("product.not_found", S::NOT_FOUND, "There is no such product", "상품을 찾을 수 없습니다"),
            Code::ProductDuplicate => entry("product.duplicate", S::CONFLICT, "Another product has this value", "다른 상품이 쓰는 값입니다"),
            Code::StockExhausted => entry("stock.exhausted", S::CONFLICT, "Not enough stock", "재고가 부족합니다"),
            Code::CouponNotFound => entry("coupon.not_found", S::NOT_FOUND, "There is no such coupon", "쿠폰을 찾을 수 없습니다"),
            Code::CouponNotStarted => entry("coupon.not_started", S::CONFLICT, "The issue period has not started", "아직 발급이 시작되지 않은 쿠폰입니다"),
            Code::CouponExpired => entry("coupon.expired", S::GONE, "The issue period has ended", "발급이 끝난 쿠폰입니다"),
            Code::CouponAlreadyIssued => entry("coupon.already_issued", S::CONFLICT, "The coupon was already issued to this user", "이미 발급받으신 쿠폰입니다"),
            Code::CouponSoldOut => entry("coupon.sold_out", S::GONE, "All coupons are issued", "쿠폰이 모두 소진되었습니다"),
            Code::HistoryArchived => entry("history.archived", S::GONE, "The events of that time are in an archive", "그 시점의 이벤트는 보관 파일에 있습니다"),
            Code::ArchiveRefused => entry("archive.refused", S::CONFLICT, "The events cannot be archived now", "지금은 이벤트를 보관할 수 없습니다"),
            Code::CouponPaused => entry("coupon.paused", S::CONFLICT, "The campaign is paused", "쿠폰 발급이 일시 중지되었습니다"),
            Code::CouponNotUsable => entry("coupon.not_usable", S::CONFLICT, "The coupon cannot be used", "사용할 수 없는 쿠폰입니다"),
            Code::PointsInsufficient => entry("points.insufficient", S::CONFLICT, "Not enough points", "포인트가 부족합니다"),
            Code::PointsChargeForbidden => entry("points.charge_forbidden", S::FORBIDDEN, "Customers may not charge points", "포인트를 직접 충전하실 수 없습니다"),
            Code::PriceChanged => entry("price.changed", S::CONFLICT, "The price has changed", "가격이 변경되었습니다"),
            Code::RequestNotFound => entry("request.not_found", S::NOT_FOUND, "There is no such request", "요청을 찾을 수 없습니다"),
            Code::DeadLetterNotFound => entry("letter.not_found", S::NOT_FOUND, "There is no such dead letter", "데드 레터를 찾을 수 없습니다"),
            Code::DeadLetterClosed => entry("letter.closed", S::CONFLICT, "The dead letter is not open", "처리 대기 중인 데드 레터가 아닙니다"),
            Code::DeadLetterAwaited => entry("letter.awaited", S::CONFLICT, "Something waits for the dead letter's event", "데드 레터의 이벤트를 기다리는 작업이 있습니다"),
            Code::WebhookNotFound => entry("webhook.not_found", S::NOT_FOUND, "There is no such webhook", "웹훅을 찾을 수 없습니다"),
            Code::WebhookDeliveryNotFound => entry("webhook.delivery_not_found", S::NOT_FOUND, "There is no such delivery", "웹훅 전송 내역을 찾을 수 없습니다"),
            Code::DropNotFound => entry("drop.not_found", S::NOT_FOUND, "There is no such drop", "드롭을 찾을 수 없습니다"),
            Code::DropNotStarted => entry("drop.not_started", S::CONFLICT, "The drop has not started", "아직 시작되지 않은 드롭입니다"),
            Code::DropEnded => entry("drop.ended", S::GONE, "The drop has ended", "종료된 드롭입니다"),
            Code::DropNotEnded => entry("drop.not_ended", S::CONFLICT, "The drop has not ended", "아직 종료되지 않은 드롭입니다"),
            Code::DropPaused => entry("drop.paused", S::CONFLICT, "The drop is paused", "드롭이 일시 중지되었습니다"),
            Code::DropProductTaken => entry("drop.product_taken", S::CONFLICT, "The product belongs to another drop", "다른 드롭에 속한 상품입니다"),
            Code::LimitExceeded => entry("customer.limit_exceeded", S::CONFLICT, "Above the limit per customer", "1인당 구매 한도를 넘었습니다"),
            Code::CardLimitExceeded => entry("payment_method.limit_exceeded", S::CONFLICT, "Above the limit per card", "카드당 구매 한도를 넘었습니다"),
            Code::PrepaymentRequired => entry("drop.prepayment_required", S::CONFLICT, "The drop is paid in advance", "선결제만 가능한 드롭입니다"),
            Code::QueueNotFound => entry("queue.not_found", S::NOT_FOUND, "The drop has no waiting room", "대기열이 없는 드롭입니다"),
            Code::QueueTicketRequired => entry("queue.ticket_required", S::FORBIDDEN, "Wait for your turn", "대기열에서 차례를 기다려 주세요"),
            Code::ChallengeRequired => entry("queue.challenge_required", S::FORBIDDEN, "Show that you are no robot", "로봇이 아님을 확인해 주세요"),
            Code::ChallengeFailed => entry("queue.challenge_failed", S::FORBIDDEN, "The check failed", "확인에 실패했습니다"),
            Code::TicketNotFound => entry("queue.ticket_not_found", S::NOT_FOUND, "You have no ticket", "대기표가 없습니다"),
            Code::ReceiptNotFound => entry("receipt.not_found", S::NOT_FOUND, "The order has no receipt", "증명할 수 있는 주문이 아닙니다"),
            Code::GroupNotFound => entry("group.not_found", S::NOT_FOUND, "There is no such consumer group", "컨슈머 그룹을 찾을 수 없습니다"),
            Code::GroupMoved => entry("group.moved", S::CONFLICT, "The consumer group has moved meanwhile", "그사이 컨슈머 그룹이 진행되었습니다"),
            Code::GroupInline => entry("group.inline", S::CONFLICT, "Consumer groups have no offsets here", "컨슈머 그룹의 위치가 없습니다"),
            Code::GroupTrailing => entry("group.trailing", S::CONFLICT, "The consumer group is not moved by hand", "직접 옮길 수 없는 컨슈머 그룹입니다"),
            Code::RouteNotFound => entry("route.not_found", S::NOT_FOUND, "There is nothing at this path", "존재하지 않는 경로입니다"),
            Code::MethodNotAllowed => entry("method.not_allowed", S::METHOD_NOT_ALLOWED, "The method is not allowed on this path", "이 경로에서 쓸 수 없는 메서드입니다"),
            Code::BodyTooLarge => entry("body.too_large", S::PAYLOAD_TOO_LARGE, "The body is too large", "본문이 너무 큽니다"),
            Code::HeadersTooLarge => entry("headers.too_large", S::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large", "헤더가 너무 큽니다"),
            Code::RequestMalformed => entry("request.malformed", S::BAD_REQUEST, "The request is not valid HTTP", "올바른 HTTP 요청이 아닙니다"),
            Code::MediaTypeUnsupported => entry("media_type.unsupported", S::UNSUPPORTED_MEDIA_TYPE, "The body must be plain JSON", "본문은 압축하지 않은 JSON이어야 합니다"),
            Code::IdempotencyMismatch => entry("idempotency.mismatch", S::UNPROCESSABLE_ENTITY, "The key was used with another request", "다른 요청에 사용된 키입니다"),
            Code::IdempotencyInProgress => entry("idempotency.in_progress", S::CONFLICT, "The first request with this key is still in progress", "같은 키의 첫 요청을 처리하고 있습니다").retry(Retry::After(1)),
            Code::PreconditionFailed => entry("precondition.failed", S::PRECONDITION_FAILED, "It was changed meanwhile", "그사이 변경되었습니다"),
            Code::ValidationFailed => entry("validation.failed", S::BAD_REQUEST, "The request is not valid", "요청이 올바르지 않습니다"),
            Code::AuthRequired => entry("auth.required", S::UNAUTHORIZED, "A valid token is required", "로그인이 필요합니다"),
            Code::AuthForbidden => entry("auth.forbidden", S::FORBIDDEN, "This is not allowed", "허용되지 않은 요청입니다"),
            Code::AuthInvalidCredentials => entry("auth.invalid_credentials", S::UNAUTHORIZED, "Email or password is wrong", "이메일 또는 비밀번호가 맞지 않습니다"),
            Code::UserEmailTaken => entry("user.email_taken", S::CONFLICT, "The email is already registered", "이미 가입된 이메일입니다"),
            Code::UserNotFound => entry("user.not_found", S::NOT_FOUND, "There is no such user", "사용자를 찾을 수 없습니다"),
            Code::ApiKeyNotFound => entry("api_key.not_found", S::NOT_FOUND, "There is no such API key", "API 키를 찾을 수 없습니다"),
            Code::RequestTimeout => entry("request.timeout", S::REQUEST_TIMEOUT, "The request took too long to arrive", "요청이 제시간에 도착하지 않았습니다").retry(Retry::Anytime),
            Code::RateExceeded => entry("rate.exceeded", S::TOO_MANY_REQUESTS, "Too many requests", "요청이 너무 많습니다").retry(Retry::After(1)),
            Code::Overloaded => entry("overloaded", S::SERVICE_UNAVAILABLE, "The shop is overloaded", "지금은 요청이 너무 많습니다").retry(Retry::After(1)),
            Code::Unavailable => entry("unavailable", S::SERVICE_UNAVAILABLE, "Not available at the moment", "지금은 이용하실 수 없습니다").retry(Retry::After(2)),
            Code::Internal => entry("internal", S::INTERNAL_SERVER_ERROR, "Something went wrong on our side", "상점 내부 오류가 발생했습니다").retry(Retry::Anytime),
        }
    }

    pub const fn as_str(self) -> &'static str {
        self.entry().code
    }

    pub const fn status(self) -> StatusCode {
        self.entry().status
    }

    pub const fn title(self) -> Text {
        self.entry().title
    }

    pub const fn is_retryable(self) -> bool {
        !matches!(self.entry().retry, Retry::Never)
    }

    pub const fn retry_after_s(self) -> Option<u32> {
        match self.entry().retry {
            Retry::After(seconds) => Some(seconds),
            Retry::Never | Retry::Anytime => None,
        }
    }

    /// Returns the absolute URI that permanently identifies this kind of problem.
    pub fn uri(self) -> String {
        format!("https://doorbuster.dev/errors/{}", self.as_str())
    }
}
