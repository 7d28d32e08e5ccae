//! Events and rejections of an order.

use std::sync::Arc;

use super::after_sales::Return;
use super::basket::Receiver;
use super::saga::{Report, Step};
use super::status::Status;
use super::terms::Created;
use crate::ids::{ProductId, UserId};
use crate::money::Money;
use crate::payment::Method;
use crate::reason::Reason;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Created(Arc<Created>),
    /// A participant's report. Only folded, never written: the participant's own event already records it.
    Reported {
        step: Step,
        report: Report,
        at: Timestamp,
    },
    /// The next wave of steps is requested. Only folded, together with the report that ended the wave before.
    Asked {
        steps: Vec<Step>,
    },
    /// The restoration of the next wave of steps is requested. Only folded, in the same way.
    AskedBack {
        steps: Vec<Step>,
    },
    /// Everything is claimed and an amount is due.
    AwaitingPayment {
        pay_before: Timestamp,
    },
    /// An admin gave the customer more time to pay; what is claimed stays so until then.
    HoldExtended {
        by: UserId,
        pay_before: Timestamp,
    },
    Completed,
    /// The claims of `steps` must be restored, in this order.
    CompensationRequired {
        reason: Reason,
        steps: Vec<Step>,
        /// The reason in the canceller's own words.
        note: Option<Arc<str>>,
    },
    CompensationStuck,
    CompensationResumed {
        steps: Vec<Step>,
    },
    CompensationResolved {
        by: UserId,
        reason: Arc<str>,
        steps: Vec<Step>,
    },
    Cancelled {
        reason: Reason,
        note: Option<Arc<str>>,
    },
    /// The life cycle advanced. `reason` is set when the order is cancelled or its parcel was returned.
    StatusChanged {
        status: Status,
        reason: Option<Reason>,
        note: Option<Arc<str>>,
    },
    /// The customer requests a refund, which the shop must approve or reject.
    RefundAsked {
        lines: Vec<(ProductId, i64)>,
        note: Option<Arc<str>>,
    },
    /// The shop rejects it; the order returns to its previous status.
    RefundRejected {
        note: Arc<str>,
    },
    /// Units were returned: their price is owed to the customer.
    Returned(Return),
    /// Refunded units arrived, or are written off because they will not arrive.
    GoodsArrived {
        lines: Vec<(ProductId, i64)>,
        is_written_off: bool,
    },
    /// Payment and dispatch in one step were requested.
    ProcessingRequested {
        method: Option<Method>,
        receiver: Option<Receiver>,
        warehouse_storage: bool,
    },
    /// The payment of that step was declined; the order can still be paid.
    ProcessingFailed {
        code: Arc<str>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The total that the customer was shown differs from the catalogue's.
    PriceChanged {
        total: Money,
    },
    PointsAbovePayable {
        payable: Money,
    },
    /// All lines of one product together exceed [`QUANTITY_MAX`](crate::limits::QUANTITY_MAX).
    TooManyUnits {
        product: ProductId,
    },
    /// The total exceeds [`NUMBER_MAX`](crate::limits::NUMBER_MAX).
    TotalTooLarge,
    /// The coupon's discount rounds down to zero.
    CouponWorthless,
    /// The order is cancelled or compensating, or its goods have left.
    NotCancellable,
    NotStuck,
    /// No amount is due.
    NotDue,
    /// Claiming is still under way; retry later.
    NotYetDue,
    /// The order is cancelled, compensating or refunded.
    NotPayable,
    AlreadyPaid,
    /// The amount that the customer was shown is not the amount due.
    AmountMismatch {
        due: Money,
    },
    /// The order has neither a receiver nor warehouse storage.
    ReceiverMissing,
    NotRefundable,
    /// An earlier refund request is not decided yet.
    RefundPending,
    /// No refund request waits for a decision.
    NoRefundAsked,
    /// The goods are in transit; they can be returned after delivery.
    GoodsOnTheWay,
    /// The goods were sold at auction.
    GoodsSold,
    /// The goods have left, or are stored: their destination is fixed.
    GoodsCommitted,
    /// More units are reported as arrived than are awaited.
    NotThatMuchAwaited,
    /// More units are to be returned than the customer has.
    NotThatMuchLeft,
    /// The status table has no edge from `from` to the requested status.
    NoSuchEdge {
        from: Status,
    },
    /// The named invariant would be violated: a defect or a forged event.
    Impossible(&'static str),
}
