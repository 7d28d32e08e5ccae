//! Every error code the API answers with, in one table.

use axum::http::StatusCode;

/// What went wrong, as a stable machine-readable word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    OrderNotFound,
    OrderEmpty,
    OrderNotCancellable,
    OrderNotRefundable,
    PaymentNotDue,
    PaymentAlreadyPaid,
    PaymentInProgress,
    PaymentAmountMismatch,
    PaymentDeclined,
    CallbackUnsigned,
    PaymentProviderNotFound,
    PaymentNotScripted,
    ShipmentNotFound,
    ShipmentNotPossible,
    ProductNotFound,
    StockExhausted,
    CouponNotFound,
    CouponNotStarted,
    CouponExpired,
    CouponAlreadyIssued,
    CouponSoldOut,
    CouponPaused,
    CouponNotUsable,
    PointsInsufficient,
    PointsChargeForbidden,
    PriceChanged,
    RequestNotFound,
    LetterNotFound,
    LetterClosed,
    GroupNotFound,
    GroupMoved,
    GroupInline,
    RouteNotFound,
    MethodNotAllowed,
    BodyTooLarge,
    HeadersTooLarge,
    RequestMalformed,
    MediaTypeUnsupported,
    IdempotencyMismatch,
    IdempotencyInProgress,
    ValidationFailed,
    AuthRequired,
    AuthForbidden,
    AuthInvalidCredentials,
    UserEmailTaken,
    RequestTimeout,
    RateExceeded,
    Overloaded,
    Unavailable,
    Internal,
}

/// Whether the same request can succeed when it is simply sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retry {
    Never,
    /// After so many seconds.
    After(u32),
    Anytime,
}

struct Entry {
    code: &'static str,
    status: StatusCode,
    title: &'static str,
    retry: Retry,
}

const fn entry(code: &'static str, status: StatusCode, title: &'static str) -> Entry {
    let retry = Retry::Never;
    Entry { code, status, title, retry }
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
    pub const ALL: [Code; 50] = [
        Code::OrderNotFound,
        Code::OrderEmpty,
        Code::OrderNotCancellable,
        Code::OrderNotRefundable,
        Code::PaymentNotDue,
        Code::PaymentAlreadyPaid,
        Code::PaymentInProgress,
        Code::PaymentAmountMismatch,
        Code::PaymentDeclined,
        Code::CallbackUnsigned,
        Code::PaymentProviderNotFound,
        Code::PaymentNotScripted,
        Code::ShipmentNotFound,
        Code::ShipmentNotPossible,
        Code::ProductNotFound,
        Code::StockExhausted,
        Code::CouponNotFound,
        Code::CouponNotStarted,
        Code::CouponExpired,
        Code::CouponAlreadyIssued,
        Code::CouponSoldOut,
        Code::CouponPaused,
        Code::CouponNotUsable,
        Code::PointsInsufficient,
        Code::PointsChargeForbidden,
        Code::PriceChanged,
        Code::RequestNotFound,
        Code::LetterNotFound,
        Code::LetterClosed,
        Code::GroupNotFound,
        Code::GroupMoved,
        Code::GroupInline,
        Code::RouteNotFound,
        Code::MethodNotAllowed,
        Code::BodyTooLarge,
        Code::HeadersTooLarge,
        Code::RequestMalformed,
        Code::MediaTypeUnsupported,
        Code::IdempotencyMismatch,
        Code::IdempotencyInProgress,
        Code::ValidationFailed,
        Code::AuthRequired,
        Code::AuthForbidden,
        Code::AuthInvalidCredentials,
        Code::UserEmailTaken,
        Code::RequestTimeout,
        Code::RateExceeded,
        Code::Overloaded,
        Code::Unavailable,
        Code::Internal,
    ];

    #[rustfmt::skip]
    const fn entry(self) -> Entry {
        match self {
            Code::OrderNotFound => entry("order.not_found", S::NOT_FOUND, "There is no such order"),
            Code::OrderEmpty => entry("order.empty", S::BAD_REQUEST, "An order needs at least one item"),
            Code::OrderNotCancellable => entry("order.not_cancellable", S::CONFLICT, "The order can no longer be cancelled"),
            Code::OrderNotRefundable => entry("order.not_refundable", S::CONFLICT, "The order cannot be refunded"),
            Code::PaymentNotDue => entry("payment.not_due", S::CONFLICT, "Nothing is due"),
            Code::PaymentAlreadyPaid => entry("payment.already_paid", S::CONFLICT, "The order is paid"),
            Code::PaymentInProgress => entry("payment.in_progress", S::CONFLICT, "The money is on its way").retry(Retry::After(1)),
            Code::PaymentAmountMismatch => entry("payment.amount_mismatch", S::CONFLICT, "Another amount is due"),
            Code::PaymentDeclined => entry("payment.declined", S::PAYMENT_REQUIRED, "The payment was refused"),
            Code::CallbackUnsigned => entry("payment.callback_unsigned", S::UNAUTHORIZED, "The callback is not signed by the provider"),
            Code::PaymentProviderNotFound => entry("payment.provider_not_found", S::NOT_FOUND, "There is no such payment provider"),
            Code::PaymentNotScripted => entry("payment.not_scripted", S::CONFLICT, "The payment provider does as it pleases"),
            Code::ShipmentNotFound => entry("shipment.not_found", S::NOT_FOUND, "There are no such goods"),
            Code::ShipmentNotPossible => entry("shipment.not_possible", S::CONFLICT, "The goods cannot go there"),
            Code::ProductNotFound => entry("product.not_found", S::NOT_FOUND, "There is no such product"),
            Code::StockExhausted => entry("stock.exhausted", S::CONFLICT, "Not enough stock"),
            Code::CouponNotFound => entry("coupon.not_found", S::NOT_FOUND, "There is no such coupon"),
            Code::CouponNotStarted => entry("coupon.not_started", S::CONFLICT, "The coupon is not issued yet"),
            Code::CouponExpired => entry("coupon.expired", S::GONE, "The coupon is no longer issued"),
            Code::CouponAlreadyIssued => entry("coupon.already_issued", S::CONFLICT, "The coupon was already issued to this user"),
            Code::CouponSoldOut => entry("coupon.sold_out", S::GONE, "All coupons are issued"),
            Code::CouponPaused => entry("coupon.paused", S::CONFLICT, "The campaign is paused"),
            Code::CouponNotUsable => entry("coupon.not_usable", S::CONFLICT, "The coupon cannot be used"),
            Code::PointsInsufficient => entry("points.insufficient", S::CONFLICT, "Not enough points"),
            Code::PointsChargeForbidden => entry("points.charge_forbidden", S::FORBIDDEN, "Customers may not charge points"),
            Code::PriceChanged => entry("price.changed", S::CONFLICT, "The price has changed"),
            Code::RequestNotFound => entry("request.not_found", S::NOT_FOUND, "There is no such request"),
            Code::LetterNotFound => entry("letter.not_found", S::NOT_FOUND, "There is no such dead letter"),
            Code::LetterClosed => entry("letter.closed", S::CONFLICT, "The dead letter is not open"),
            Code::GroupNotFound => entry("group.not_found", S::NOT_FOUND, "There is no such consumer group"),
            Code::GroupMoved => entry("group.moved", S::CONFLICT, "The group has gone on meanwhile"),
            Code::GroupInline => entry("group.inline", S::CONFLICT, "No consumer group stands anywhere"),
            Code::RouteNotFound => entry("route.not_found", S::NOT_FOUND, "There is nothing at this path"),
            Code::MethodNotAllowed => entry("method.not_allowed", S::METHOD_NOT_ALLOWED, "This path does not take this method"),
            Code::BodyTooLarge => entry("body.too_large", S::PAYLOAD_TOO_LARGE, "The body is too large"),
            Code::HeadersTooLarge => entry("headers.too_large", S::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large"),
            Code::RequestMalformed => entry("request.malformed", S::BAD_REQUEST, "The request is not valid HTTP"),
            Code::MediaTypeUnsupported => entry("media_type.unsupported", S::UNSUPPORTED_MEDIA_TYPE, "The body must be plain JSON"),
            Code::IdempotencyMismatch => entry("idempotency.mismatch", S::UNPROCESSABLE_ENTITY, "The key was used with another request"),
            Code::IdempotencyInProgress => entry("idempotency.in_progress", S::CONFLICT, "The first request with this key still runs").retry(Retry::After(1)),
            Code::ValidationFailed => entry("validation.failed", S::BAD_REQUEST, "The request is not valid"),
            Code::AuthRequired => entry("auth.required", S::UNAUTHORIZED, "A valid token is required"),
            Code::AuthForbidden => entry("auth.forbidden", S::FORBIDDEN, "This is not allowed"),
            Code::AuthInvalidCredentials => entry("auth.invalid_credentials", S::UNAUTHORIZED, "Email or password is wrong"),
            Code::UserEmailTaken => entry("user.email_taken", S::CONFLICT, "The email is already registered"),
            Code::RequestTimeout => entry("request.timeout", S::REQUEST_TIMEOUT, "The request took too long to arrive").retry(Retry::Anytime),
            Code::RateExceeded => entry("rate.exceeded", S::TOO_MANY_REQUESTS, "Too many requests from one side").retry(Retry::After(1)),
            Code::Overloaded => entry("overloaded", S::SERVICE_UNAVAILABLE, "Too much at once").retry(Retry::After(1)),
            Code::Unavailable => entry("unavailable", S::SERVICE_UNAVAILABLE, "Not available at the moment").retry(Retry::After(2)),
            Code::Internal => entry("internal", S::INTERNAL_SERVER_ERROR, "Something went wrong on our side").retry(Retry::Anytime),
        }
    }

    pub const fn as_str(self) -> &'static str {
        self.entry().code
    }

    pub const fn status(self) -> StatusCode {
        self.entry().status
    }

    pub const fn title(self) -> &'static str {
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

    /// The absolute URI that identifies this kind of problem for good.
    pub fn uri(self) -> String {
        format!("https://doorbuster.dev/errors/{}", self.as_str())
    }
}
