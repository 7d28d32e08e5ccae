//! Values that are words of a fixed list, and texts of a fixed form.

use std::borrow::Cow;

use app::events::event::ResultCode;
use app::payments::provider::{Operation, Script};
use app::resilience::breaker::State;
use app::resilience::services::Service;
use app::state::rows::{LetterStatus, RequestStatus};
use app::state::settings::Carrier;
use domain::coupon::{IssueMode, QueueKey};
use domain::order::fulfilment::Goods;
use domain::order::saga::StepState;
use domain::order::{Choice, Mode, Outcome, Payment, Rule, Status};
use domain::payment::Method;
use domain::reason::Reason;
use domain::{payment, shipment, stock, warehouse};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::http::Code;

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident as $shown:literal = $words:expr;)*) => {$(
        $(#[doc = $doc])*
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $shown.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "enum": $words.to_vec(), "description": concat!($($doc,)*).trim()})
            }
        }
    )*};
}

words! {
    /// How an order was claimed: by requests that go out together, by one wave of requests after the other, in one decision, or
    /// in one decision that the request waits for.
    ModeWord as "Mode" = Mode::ALL.map(Mode::name);
    /// What chooses the mode of an order: always the same, or a rule that looks at the order.
    ChoiceWord as "ModeChoice" = Choice::ALL.map(Choice::name);
    /// A participant with a breaker.
    ServiceWord as "ServiceName" = Service::ALL.map(Service::name);
    /// How a breaker stands: half open, it lets one call through to see.
    BreakerWord as "Breaker" = [State::Closed, State::HalfOpen, State::Open].map(State::name);
    /// A rule that chooses modes.
    RuleWord as "ModeRule" = Rule::ALL.map(Rule::name);
    /// Whether the amount due is paid before or on delivery.
    PaymentWord as "Payment" = Payment::ALL.map(Payment::name);
    /// What the customer pays with.
    MethodWord as "PaymentMethod" = Method::ALL.map(Method::name);
    /// What the scripted payment provider may be told to do.
    ScriptWord as "PaymentScript" = Script::ALL.map(Script::name);
    /// What is done to money.
    DeedWord as "PaymentDeed" = Operation::ALL.map(Operation::name);
    /// Where the goods of an order are on their way.
    PaymentStatusWord as "PaymentStatus" = ["PENDING", "PAID", "REFUND_REQUESTED", "REFUNDED", "FAILED"];
    GoodsWord as "RefundedGoods" = Goods::ALL.map(Goods::name);
    ShipmentStatusWord as "ShipmentStatus" = shipment::State::ALL.map(shipment::State::name);
    /// What becomes of goods that are kept for an order.
    StorageStatusWord as "StorageStatus" = warehouse::State::ALL.map(warehouse::State::name);
    /// How far a payment is; STUCK waits for an operator.
    PaymentStateWord as "PaymentStateName" = payment::State::ALL.map(payment::State::name);
    /// How money goes back: given back after it was taken, or let go before.
    GiveBackWord as "GiveBack" = ["REFUND", "VOID"];
    /// Whether the order came about. COMPLETED and CANCELLED are final.
    OutcomeWord as "Outcome" = Outcome::ALL.map(Outcome::name);
    /// The life cycle of the goods.
    OrderStatusWord as "OrderStatus" = Status::ALL.map(Status::name);
    /// Why an order was cancelled, or is being compensated.
    ReasonWord as "Reason" = Reason::ALL.map(Reason::code);
    /// A part of an order that is claimed.
    StepWord as "StepKind" = ["STOCK", "COUPON", "POINT"];
    /// How far a step has come.
    StepStateWord as "StepState" = [
        StepState::Waiting.name(),
        StepState::Requested.name(),
        StepState::Completed.name(),
        StepState::Failed(Reason::StockExhausted).name(),
        StepState::Restored.name(),
        "SKIPPED",
    ];
    /// What an admin may say of a product.
    ProductStatusWord as "ProductStatus" = stock::Status::ALL.map(stock::Status::name);
    /// SOLD_OUT is a product on sale of which nothing is available.
    ShownProductStatusWord as "ShownProductStatus" = {
        let mut words = stock::Status::ALL.map(stock::Status::name).to_vec();
        words.push("SOLD_OUT");
        words
    };
    /// When a request for a coupon is decided: `direct` in the request itself; `queued` later, by a consumer that reads the
    /// campaign's counts with each batch; `stream` likewise, by a consumer that holds them.
    IssueModeWord as "IssueMode" = IssueMode::ALL.map(IssueMode::name);
    /// What keeps queued requests in order.
    QueueKeyWord as "QueueKey" = QueueKey::ALL.map(QueueKey::name);
    /// Whether an own coupon can be used.
    UserCouponStatusWord as "UserCouponStatus" = ["ACTIVE", "USED", "EXPIRED"];
    /// NOTIFIED is decided and told to the customer.
    RequestStatusWord as "RequestStatus" = RequestStatus::ALL.map(RequestStatus::name);
    /// What became of a request for a coupon.
    ResultCodeWord as "ResultCode" = ResultCode::ALL.map(ResultCode::name);
    /// SCHEDULED is tried again by itself, PERMANENT is left to people.
    LetterStatusWord as "DeadLetterStatus" = LetterStatus::ALL.map(LetterStatus::name);
    /// By which way events reach consumer groups: within their own commit, over the store's log, or over a broker.
    CarrierWord as "Carrier" = Carrier::ALL.map(Carrier::name);
    /// What becomes of the events between: they are never handled, or handed over again.
    MoveWord as "GroupMoveMeans" = ["SKIPS", "REPEATS"];
    /// What an operator did.
    ActWord as "DeadLetterActKind" = ["EDITED", "RESENT", "DROPPED"];
    /// What went wrong, as a stable word.
    CodeWord as "Code" = Code::ALL.map(Code::as_str).to_vec();
}

/// The one word that a receipt says.
pub(crate) struct Pending;

impl JsonSchema for Pending {
    fn schema_name() -> Cow<'static, str> {
        "Pending".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "const": "PENDING"})
    }
}

/// RFC 3339.
pub(crate) struct Moment;

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time", "examples": ["2026-11-21T09:00:00Z"]})
    }
}

/// What counts as white space, and what can be seen: as the handlers tell them apart, character by character.
macro_rules! space {
    () => {
        r"\u0009-\u000D\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
    };
}
/// `api/unseen.rs` says what they are, and holds both lists against each other.
macro_rules! unseen_but_control {
    () => {
        concat!(
            r"\u00AD\u034F\u061C\u115F-\u1160\u17B4-\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u2800\u3164",
            r"\uFEFF\uFFA0\uFFF9-\uFFFB"
        )
    };
}
macro_rules! unseen {
    () => {
        concat!(r"\u0000-\u001F\u007F-\u009F", unseen_but_control!())
    };
}
macro_rules! control_but_line_breaks {
    () => {
        r"\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F"
    };
}

/// 1 to 200 characters once white space around them is taken off, all of which can be seen.
pub(crate) const NAME: &str = concat!(
    "^[",
    space!(),
    "]*[^",
    space!(),
    unseen!(),
    "](?:[^",
    unseen!(),
    "]{0,198}[^",
    space!(),
    unseen!(),
    "])?[",
    space!(),
    "]*$"
);

/// Text without control characters.
pub(crate) const TEXT: &str = concat!("^[^", control_but_line_breaks!(), "]*$");

/// The same, and not blank.
pub(crate) const TEXT_NOT_BLANK: &str = concat!(
    "^[^",
    control_but_line_breaks!(),
    "]*[^",
    space!(),
    control_but_line_breaks!(),
    "][^",
    control_but_line_breaks!(),
    "]*$"
);

/// Lines of an address: characters that can be seen, line breaks, and not blank.
pub(crate) const LINES: &str = concat!(
    "^[^",
    control_but_line_breaks!(),
    unseen_but_control!(),
    "]*[^",
    space!(),
    control_but_line_breaks!(),
    unseen_but_control!(),
    "][^",
    control_but_line_breaks!(),
    unseen_but_control!(),
    "]*$"
);

/// Two parts around one `@`, without white space.
pub(crate) const EMAIL: &str =
    concat!("^[", space!(), "]*[^@", space!(), unseen!(), "]+@[^@", space!(), unseen!(), "]+[", space!(), "]*$");

/// An RFC 8941 string, or a bare word, of visible ASCII characters.
pub(crate) const IDEMPOTENCY_KEY: &str = r#"^(?:"(?:[!#-\[\]-~]|\\["\\]){1,255}"|[!#-~][!-~]{0,254})$"#;
