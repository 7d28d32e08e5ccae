//! One event of each kind that follows claiming.

use app::events::event::{
    Event, GiveBack, OrderGoodsArrived, OrderHoldExtended, OrderProcessingFailed, OrderProcessingRequested,
    OrderProcessingRetried, OrderRefundAsked, OrderRefundRejected, OrderReturned, OrderStatusChanged, PaymentCompleted,
    PaymentDeclined, PaymentFailed, PaymentGiveBackFailed, PaymentNote, PaymentRefund, PaymentResolved, PaymentRetried,
    PaymentStuck, ProcessingRequest, ShipmentUpdated, Sold, StorageUpdated,
};
use domain::ids::{CampaignId, Code, ProductId, UserId};
use domain::money::Money;
use domain::order::Status;
use domain::order::fulfilment::Goods;
use domain::payment::Method;
use domain::reason::Reason;
use domain::shipment::State as ShipmentState;
use domain::time::Timestamp;
use domain::warehouse::State as StorageState;

const ANN: UserId = UserId(42);
const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

fn order() -> Code {
    Code::from("ORD-4F7K2M9Q")
}

fn payment() -> Code {
    Code::from("PAY-2M9Q4F7K")
}

fn note() -> PaymentNote {
    PaymentNote {
        payment_id: payment(),
        order_id: order(),
        attempt: 1,
        method: Method::Card,
        amount: Money::won(1_500),
    }
}

fn refund() -> PaymentRefund {
    let amount = Money::won(500);
    PaymentRefund { payment_id: payment(), order_id: order(), attempt: 1, refund: 2, amount }
}

pub(crate) fn samples() -> Vec<Event> {
    [orders(), payments(), stuck(), goods()].concat()
}

#[expect(clippy::too_many_lines, reason = "one sample after another")]
fn orders() -> Vec<Event> {
    let (order_id, user_id) = (order(), ANN);
    let changed =
        OrderStatusChanged { order_id, user_id, status: Status::Preparing, reason: None, cancel_reason: None };
    let reason = Some(Reason::CancelledByCustomer);
    let taken_back = OrderStatusChanged {
        status: Status::Cancelled,
        reason,
        cancel_reason: Some("ordered twice".into()),
        ..changed.clone()
    };
    let requested = OrderProcessingRequested {
        order_id: order(),
        user_id: ANN,
        user_email: Some("ann@example.com".into()),
        method: Some(Method::Card),
        warehouse_storage: false,
        request: Some(ProcessingRequest { method: Some(Method::Card), has_receiver: true, warehouse_storage: false }),
        retry_count: 0,
        event_created_at: NOON,
    };
    let known_by_token = OrderProcessingRequested { user_email: None, ..requested.clone() };
    let returned = OrderReturned {
        order_id: order(),
        user_id: ANN,
        products: vec![Sold { id: ProductId(3), qty: 1 }],
        refund_amount: Money::won(500),
        product_amounts: vec![],
        no_longer_due: Money::ZERO,
        points_restored: Money::won(100),
        is_last: false,
        refund_reason: None,
        goods: Goods::Returned,
        sold_at: None,
        coupon_restored: None,
    };
    vec![
        Event::OrderStatusChanged(changed),
        Event::OrderStatusChanged(taken_back),
        Event::OrderReturned(returned.clone()),
        Event::OrderReturned(OrderReturned {
            refund_reason: Some("does not fit".into()),
            goods: Goods::Awaited,
            sold_at: Some(NOON),
            product_amounts: vec![Money::won(500)],
            is_last: true,
            coupon_restored: Some(CampaignId(7)),
            ..returned.clone()
        }),
        Event::OrderReturned(OrderReturned { refund_amount: Money::ZERO, no_longer_due: Money::won(500), ..returned }),
        Event::OrderRefundAsked(OrderRefundAsked {
            order_id: order(),
            user_id: ANN,
            products: vec![Sold { id: ProductId(3), qty: 1 }],
            refund_reason: None,
        }),
        Event::OrderRefundAsked(OrderRefundAsked {
            order_id: order(),
            user_id: ANN,
            products: vec![Sold { id: ProductId(3), qty: 1 }],
            refund_reason: Some("does not fit".into()),
        }),
        Event::OrderRefundRejected(OrderRefundRejected {
            order_id: order(),
            user_id: ANN,
            reject_reason: "it was worn".into(),
        }),
        Event::OrderGoodsArrived(OrderGoodsArrived {
            order_id: order(),
            user_id: ANN,
            products: vec![Sold { id: ProductId(3), qty: 1 }],
            written_off: false,
        }),
        Event::OrderHoldExtended(OrderHoldExtended {
            order_id: order(),
            user_id: ANN,
            products: vec![Sold { id: ProductId(3), qty: 2 }],
            pay_before: NOON,
            extended_by: UserId(1),
        }),
        Event::OrderProcessingRequested(requested),
        Event::OrderProcessingRequested(known_by_token),
        Event::OrderProcessingRetried(OrderProcessingRetried {
            order_id: order(),
            user_id: ANN,
            attempt: 1,
            retry_count: 2,
            event_created_at: NOON,
        }),
        Event::OrderProcessingFailed(OrderProcessingFailed {
            order_id: order(),
            user_id: ANN,
            code: "provider.unavailable".into(),
            retryable: true,
        }),
    ]
}

fn payments() -> Vec<Event> {
    vec![
        Event::PaymentRequested(note()),
        Event::PaymentActionRequired(note()),
        Event::PaymentAuthorized(note()),
        Event::PaymentCaptured(note()),
        Event::PaymentDeclined(PaymentDeclined {
            payment_id: payment(),
            order_id: order(),
            attempt: 1,
            amount: Money::won(1_500),
            code: "insufficient_funds".into(),
        }),
        Event::PaymentVoidRequested(note()),
        Event::PaymentVoided(note()),
        Event::PaymentRefundRequested(refund()),
        Event::PaymentRefunded(refund()),
        Event::PaymentCompleted(PaymentCompleted {
            payment_id: payment(),
            order_id: order(),
            amount: Money::won(1_500),
            timestamp: NOON,
        }),
    ]
}

fn stuck() -> Vec<Event> {
    let failed = PaymentGiveBackFailed {
        payment_id: payment(),
        order_id: order(),
        attempt: 1,
        refund: 2,
        amount: Money::won(500),
        code: "charge_disputed".into(),
        was_done: false,
    };
    let void = PaymentGiveBackFailed { refund: 0, amount: Money::won(1_500), ..failed.clone() };
    let (payment_id, order_id, operation, amount) = (payment(), order(), GiveBack::Refund, Money::won(500));
    vec![
        Event::PaymentRefundFailed(failed),
        Event::PaymentVoidFailed(void),
        Event::PaymentStuck(PaymentStuck {
            payment_id: payment_id.clone(),
            order_id: order_id.clone(),
            user_id: ANN,
            attempt: 1,
            operation,
            amount,
            tries: 6,
            code: "charge_disputed".into(),
            is_again: false,
        }),
        Event::PaymentRetried(PaymentRetried {
            payment_id: payment_id.clone(),
            order_id: order_id.clone(),
            attempt: 1,
            operation,
            amount,
            retried_by: UserId(1),
            retried_at: NOON,
        }),
        Event::PaymentResolved(PaymentResolved {
            payment_id,
            order_id,
            attempt: 1,
            operation: GiveBack::Void,
            amount: Money::ZERO,
            reason: "the card was closed; paid by transfer".into(),
            reference: "TR-2026-0117".into(),
            resolved_by: UserId(1),
            resolved_at: NOON,
        }),
        Event::PaymentFailed(PaymentFailed {
            payment_id: payment(),
            order_id: order(),
            user_id: ANN,
            attempt: 1,
            amount: Money::won(1_500),
            code: "insufficient_funds".into(),
        }),
    ]
}

fn goods() -> Vec<Event> {
    let sent = ShipmentUpdated {
        order_id: order(),
        user_id: ANN,
        shipment_status: ShipmentState::Pending,
        tracking_number: None,
    };
    let shipped = ShipmentUpdated {
        shipment_status: ShipmentState::Shipped,
        tracking_number: Some("KR-4004".into()),
        ..sent.clone()
    };
    let stored = StorageUpdated { order_id: order(), user_id: ANN, storage_status: StorageState::InStorage };
    vec![Event::ShipmentUpdated(sent), Event::ShipmentUpdated(shipped), Event::StorageUpdated(stored)]
}
