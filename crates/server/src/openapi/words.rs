//! Schemas of enumerated values, and patterns of texts.

use std::borrow::Cow;

use app::events::event::{EventKind, ResultCode};
use app::events::topic::Topic;
use app::log::fate::Status as EventStatus;
use app::payments::provider::{Operation, Script};
use app::resilience::breaker::State;
use app::resilience::services::Service;
use app::state::rows::{DeadLetterStatus, RequestStatus};
use app::state::settings::Carrier;
use app::webhooks::catalogue::EventType;
use domain::alert::{Code as AlertCode, Severity};
use domain::api_key::Scope;
use domain::coupon::{IssueMode, QueueKey};
use domain::drops::{Prequeue, Status as DropStatus, TicketStatus};
use domain::notification::Language;
use domain::order::fulfilment::Goods;
use domain::order::saga::StepState;
use domain::order::{Choice, Mode, Outcome, Payment, Rule, Status};
use domain::payment::Method;
use domain::reason::Reason;
use domain::webhook::{DisabledReason, State as DeliveryState};
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
    /// How an order claims stock, coupon and points. `parallel`: all requests at once; `sequential`: one wave of requests after
    /// the other; `atomic`: in one decision; `sync`: in one decision that the request waits for.
    ModeWord as "Mode" = Mode::ALL.map(Mode::name);
    /// What chooses the mode of an order: a fixed mode, or a rule that depends on the order.
    ChoiceWord as "ModeChoice" = Choice::ALL.map(Choice::name);
    /// The rights of a token. On the admin paths a `viewer` reads, an `operator` also does the daily work, an `admin` does everything.
    RoleWord as "Role" = ["customer", "viewer", "operator", "admin"];
    /// A part of the admin paths, and what an API key may do there. A scope that writes reads as well.
    ScopeWord as "Scope" = Scope::ALL.map(Scope::name);
    /// The language of texts for people.
    LanguageWord as "Language" = Language::ALL.map(Language::name);
    /// A participant of orders that has a circuit breaker.
    ServiceWord as "ServiceName" = Service::ALL.map(Service::name);
    /// The state of a circuit breaker. A half-open breaker lets one trial call through.
    BreakerWord as "Breaker" = [State::Closed, State::HalfOpen, State::Open].map(State::name);
    /// A rule that chooses the mode of an order.
    RuleWord as "ModeRule" = Rule::ALL.map(Rule::name);
    /// Whether the amount due is paid in advance or on delivery.
    PaymentWord as "Payment" = Payment::ALL.map(Payment::name);
    /// The customer's means of payment.
    MethodWord as "PaymentMethod" = Method::ALL.map(Method::name);
    /// What the scripted payment provider does with a call.
    ScriptWord as "PaymentScript" = Script::ALL.map(Script::name);
    /// A call of the payment provider: authorize, capture, void or refund.
    DeedWord as "PaymentDeed" = Operation::ALL.map(Operation::name);
    /// The status of an order's payment: PENDING is in progress; FAILED can be tried again until `payBefore`.
    PaymentStatusWord as "PaymentStatus" = ["PENDING", "REQUIRES_ACTION", "PAID", "REFUND_REQUESTED", "REFUNDED", "FAILED"];
    /// What happens to refunded goods: RETURNED are available for sale again at once, AWAITED when they arrive, WRITTEN_OFF never.
    GoodsWord as "RefundedGoods" = Goods::ALL.map(Goods::name);
    /// The status of a shipment.
    ShipmentStatusWord as "ShipmentStatus" = shipment::State::ALL.map(shipment::State::name);
    /// The status of goods that the warehouse stores for an order.
    StorageStatusWord as "StorageStatus" = warehouse::State::ALL.map(warehouse::State::name);
    /// The state of a payment. STUCK waits for an operator.
    PaymentStateWord as "PaymentStateName" = payment::State::ALL.map(payment::State::name);
    /// How money is returned: REFUND after it was captured, VOID before.
    GiveBackWord as "GiveBack" = ["REFUND", "VOID"];
    /// The result of claiming. COMPLETED and CANCELLED are final.
    OutcomeWord as "Outcome" = Outcome::ALL.map(Outcome::name);
    /// The order's place in its life cycle.
    OrderStatusWord as "OrderStatus" = Status::ALL.map(Status::name);
    /// Why an order was cancelled or is being compensated.
    ReasonWord as "Reason" = Reason::ALL.map(Reason::code);
    /// A step of claiming. STOCK covers all products of the order.
    StepWord as "StepKind" = ["STOCK", "COUPON", "POINT"];
    /// The state of a step. RESTORED was claimed and released again; SKIPPED was not needed.
    StepStateWord as "StepState" = [
        StepState::Waiting.name(),
        StepState::Requested.name(),
        StepState::Completed.name(),
        StepState::Failed(Reason::StockExhausted).name(),
        StepState::Restored.name(),
        "SKIPPED",
    ];
    /// The status that an admin sets for a product.
    ProductStatusWord as "ProductStatus" = stock::Status::ALL.map(stock::Status::name);
    /// A product's status. SOLD_OUT is a product on sale with no unit available.
    ShownProductStatusWord as "ShownProductStatus" = {
        let mut words = stock::Status::ALL.map(stock::Status::name).to_vec();
        words.push("SOLD_OUT");
        words
    };
    /// When a coupon request is decided. `direct`: before it is answered. `queued`: later, by a consumer that reads the campaign's
    /// counts with each batch. `stream`: later, by a consumer that keeps the counts in memory.
    IssueModeWord as "IssueMode" = IssueMode::ALL.map(IssueMode::name);
    /// The key by which queued requests are kept in order.
    QueueKeyWord as "QueueKey" = QueueKey::ALL.map(QueueKey::name);
    /// Whether a customer's coupon can be used: only an ACTIVE one.
    UserCouponStatusWord as "UserCouponStatus" = ["ACTIVE", "USED", "EXPIRED"];
    /// The status of a coupon request. NOTIFIED is decided, and the customer has the notice.
    RequestStatusWord as "RequestStatus" = RequestStatus::ALL.map(RequestStatus::name);
    /// The result of a coupon request.
    ResultCodeWord as "ResultCode" = ResultCode::ALL.map(ResultCode::name);
    /// The status of a dead letter. SCHEDULED is retried automatically; PERMANENT waits for an operator.
    DeadLetterStatusWord as "DeadLetterStatus" = DeadLetterStatus::ALL.map(DeadLetterStatus::name);
    /// The state of an event, or of its delivery to a consumer group. PENDING waits; PUBLISHED is on the broker, not handled;
    /// IN_PROGRESS is handled by some of its groups; FAILED is retried; DEAD_LETTER was given up.
    EventStatusWord as "EventStatus" = EventStatus::ALL.map(EventStatus::name);
    /// The type of an event.
    EventTypeWord as "EventType" = EventKind::ALL.iter().copied().map(EventKind::name).collect::<Vec<_>>();
    /// The word for a situation that an operator should know of.
    AlertCodeWord as "AlertCode" = AlertCode::ALL.map(AlertCode::name);
    /// The state of a component. UP: it works; DOWN: it does not.
    UpWord as "UpOrDown" = ["UP", "DOWN"];
    /// How urgent an alert is.
    SeverityWord as "AlertSeverity" = Severity::ALL.map(Severity::name);
    /// A topic of events.
    TopicWord as "Topic" = Topic::ALL.iter().copied().map(Topic::name).collect::<Vec<_>>();
    /// How events reach consumer groups: in their own commit, over the store's log, or over a broker.
    CarrierWord as "Carrier" = Carrier::ALL.map(Carrier::name);
    /// What a move does to the events between the two offsets. SKIPS: they are never handled. REPEATS: they are delivered again.
    MoveWord as "GroupMoveMeans" = ["SKIPS", "REPEATS"];
    /// The state of a ticket of a waiting room.
    TicketStatusWord as "QueueTicketStatus" = TicketStatus::ALL.map(TicketStatus::name);
    /// The order of those who come before a drop opens.
    PrequeueWord as "Prequeue" = Prequeue::ALL.map(Prequeue::name);
    /// The state of a drop, by the shop's clock.
    DropStatusWord as "DropStatus" = DropStatus::ALL.map(DropStatus::name);
    /// The type of a webhook's event.
    HookTypeWord as "WebhookEventTypeName" = EventType::ALL.iter().map(|known| known.name()).collect::<Vec<_>>();
    /// Whether events are sent to a webhook endpoint.
    WebhookStatusWord as "WebhookStatus" = ["ENABLED", "DISABLED"];
    /// Why a webhook endpoint is disabled.
    DisabledReasonWord as "WebhookDisabledReason" = DisabledReason::ALL.map(DisabledReason::name);
    /// The status of a delivery to a webhook endpoint.
    DeliveryStatusWord as "WebhookDeliveryStatus" = DeliveryState::ALL.map(DeliveryState::name);
    /// What an operator did with a dead letter.
    ActWord as "DeadLetterActKind" = ["EDITED", "RESENT", "DROPPED"];
    /// The stable code of a problem.
    CodeWord as "Code" = Code::ALL.map(Code::as_str).to_vec();
}

/// The only status of a receipt.
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

/// An RFC 3339 time.
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

/// White space and invisible characters, as the handlers classify them.
macro_rules! space {
    () => {
        r"\u0009-\u000D\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
    };
}
/// `api/request/characters.rs` says what they are; its test compares both lists.
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

/// An address of the web without a password.
pub(crate) const WEB_ADDRESS: &str = "^https?://[^/?#@ ]+([/?#][^ ]*)?$";

/// 1 to 200 visible characters, not counting white space around them.
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

/// Text without control characters that is not blank.
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

/// Lines of an address: visible characters and line breaks, not blank.
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
