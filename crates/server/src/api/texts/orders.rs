//! Descriptions of an order's status: the life cycle of source 003, and what the outcome adds to it.

use domain::order::{Order, Outcome, Status};
use domain::payment::{Operation, Payment};
use domain::reason::Reason;

use super::Text;

texts! {
    /// The text of source 003 for an order accepted for payment and shipment.
    PROCESSING: "The order was received. The payment is being processed.", "주문이 접수되었습니다. 결제를 처리하고 있습니다.";
    /// The text for an order that is already paid.
    SENDING: "The order was received. The goods are being prepared.", "주문이 접수되었습니다. 상품을 준비하고 있습니다.";
    ON_THE_WAY: "The goods are on their way.", "상품을 배송하고 있습니다.";
    FULFILLED: "The order is complete: its goods were delivered or stored.", "배송 또는 보관이 완료된 주문입니다.";
    REFUND_ASKED:
        "The refund was requested and waits for the shop's approval.",
        "환불이 요청되었습니다. 판매자의 승인을 기다리고 있습니다.";
    PARCEL_RETURNED:
        "The parcel could not be delivered and came back. The shop is checking the refund.",
        "배송되지 못한 상품이 판매자에게 돌아왔습니다. 환불 여부를 확인하고 있습니다.";
    RETURN_REFUSED:
        "The parcel came back to the shop, and the shop rejected the refund. Contact the shop about the goods.",
        "배송되지 못한 상품이 판매자에게 돌아왔고, 환불 요청은 거절되었습니다. 상품은 판매자에게 문의해 주세요.";
    NOTHING_PAID:
        "The refund is closed. Nothing had been paid, so nothing is refunded.",
        "환불 처리가 끝났습니다. 결제된 금액이 없어 환불할 금액도 없습니다.";
    PAID_AT_THE_DOOR:
        "The refund is closed. Nothing was paid online. If you paid on delivery, the shop returns that money itself.",
        "환불 처리가 끝났습니다. 온라인으로 결제된 금액은 없으며, 상품을 받을 때 결제하셨다면 상점에서 직접 돌려드립니다.";
    REFUND_OWED:
        "The refund was accepted. The payment provider has not returned the money yet.",
        "환불이 접수되었습니다. 결제사에서 아직 금액을 돌려드리지 못했습니다.";
    CANCELLED_AND_OWED:
        "The order was cancelled. The payment provider has not returned the money yet.",
        "주문이 취소되었습니다. 결제사에서 아직 금액을 돌려드리지 못했습니다.";
    POINTS_BACK:
        "The refund is complete: the points used for the order were restored.",
        "환불이 완료되어 사용하신 포인트를 돌려드렸습니다.";
    /// For a notice, which does not know how the order was paid.
    REFUNDED:
        "The refund is closed. Money paid online and points are back. If you paid on delivery, the shop returns that money itself.",
        "환불 처리가 끝났습니다. 온라인으로 결제하신 금액과 사용하신 포인트는 모두 돌려드렸으며, 상품을 받을 때 결제하셨다면 상점에서 직접 돌려드립니다.";
    COMPENSATING:
        "The order is being cancelled. Its goods, points and coupon are being released.",
        "주문을 취소하고 있습니다. 확보해 둔 상품과 포인트, 쿠폰을 되돌리는 중입니다.";
    COMPENSATION_STUCK:
        "Cancelling the order takes longer than it should. The shop is looking into it.",
        "주문 취소 처리가 지연되고 있습니다. 상점에서 확인하여 처리해 드리겠습니다.";
}

/// Describes any order with this outcome and status. During compensation the status still shows the progress reached before, so
/// the outcome decides.
pub(crate) const fn description(outcome: Outcome, status: Status) -> Text {
    match outcome {
        Outcome::Compensating => COMPENSATING,
        Outcome::CompensationStuck => COMPENSATION_STUCK,
        Outcome::Pending | Outcome::AwaitingPayment | Outcome::Completed | Outcome::Cancelled => of_status(status),
    }
}

/// Describes the change of an order that a notice reports, which does not know what had been paid.
pub(crate) const fn of_change(outcome: Outcome, status: Status, reason: Option<Reason>) -> Text {
    match (status, reason) {
        (Status::RefundRequested, Some(Reason::ShipmentReturned)) => PARCEL_RETURNED,
        (Status::InTransit, Some(Reason::ShipmentReturned)) => RETURN_REFUSED,
        (Status::Refunded, _) => REFUNDED,
        (status, _) => description(outcome, status),
    }
}

/// Describes this order, including who decides about its refund and what was refunded. Without its payment, a refund counts as
/// done.
pub(crate) fn of_order(order: &Order, payment: Option<&Payment>) -> Text {
    let back = order.worth_returned();
    let is_owed = payment.is_some_and(|payment| payment.giving_back() == Some(Operation::Refund));
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other statuses have one text for every order")]
    match order.status {
        Status::RefundRequested if order.refund_asked().is_some() => {
            let came_back = order.reason == Some(Reason::ShipmentReturned);
            if came_back { PARCEL_RETURNED } else { REFUND_ASKED }
        }
        Status::InTransit if order.reason == Some(Reason::ShipmentReturned) => RETURN_REFUSED,
        Status::Refunded if is_owed => REFUND_OWED,
        Status::Cancelled if is_owed && order.outcome == Outcome::Cancelled => CANCELLED_AND_OWED,
        // A parcel that came back was not paid at the door.
        Status::Refunded
            if !order.is_prepaid() && !back.money.is_zero() && order.reason != Some(Reason::ShipmentReturned) =>
        {
            PAID_AT_THE_DOOR
        }
        Status::Refunded if !order.is_prepaid() || back.money.is_zero() => {
            if back.points.is_zero() {
                NOTHING_PAID
            } else {
                POINTS_BACK
            }
        }
        status => description(order.outcome, status),
    }
}

pub(crate) const fn of_status(status: Status) -> Text {
    let korean = match status {
        Status::Created => "주문이 접수되었습니다.",
        Status::PendingPayment => "상품이 확보되었습니다. 결제를 기다리고 있습니다.",
        Status::PaymentCompleted => "결제가 완료되었습니다.",
        Status::Preparing => "상품을 준비하고 있습니다.",
        Status::InWarehouse => "상품이 창고에 보관되어 있습니다.",
        Status::ShipmentStarted => "배송이 시작되었습니다.",
        Status::InTransit => "상품이 배송 중입니다.",
        Status::Completed => "주문이 완료되었습니다.",
        Status::RefundRequested => "환불이 요청되었습니다.",
        Status::Refunded => "환불이 완료되었습니다.",
        Status::Cancelled => "주문이 취소되었습니다.",
    };
    Text::new(status.description(), korean)
}

/// Why an order was cancelled.
pub(crate) const fn of_reason(reason: Reason) -> Text {
    match reason {
        Reason::StockExhausted => Text::new("A product is sold out.", "품절된 상품이 있습니다."),
        Reason::ProductNotOnSale => Text::new("A product is not on sale.", "판매 중이 아닌 상품이 있습니다."),
        Reason::CouponNotUsable => Text::new("The coupon cannot be used.", "쿠폰을 사용할 수 없습니다."),
        Reason::PointsInsufficient => Text::new("There are not enough points.", "포인트가 부족합니다."),
        Reason::StepTimedOut => Text::new("It could not be processed in time.", "제시간에 처리하지 못했습니다."),
        Reason::ClaimReleased => {
            Text::new("Its reservations had already been released.", "확보한 내역이 이미 해제되었습니다.")
        }
        Reason::CancelledByCustomer => Text::new("You cancelled it.", "고객님의 요청으로 취소되었습니다."),
        Reason::CancelledByAdmin => Text::new("The shop cancelled it.", "상점에서 취소하였습니다."),
        Reason::ShipmentReturned => {
            Text::new("The parcel could not be delivered and came back.", "상품이 배송되지 못하고 돌아왔습니다.")
        }
        Reason::PaymentMethodLimitExceeded => Text::new(
            "With it, the card or account would have paid for more units than it may.",
            "카드 또는 계좌 하나로 구매하실 수 있는 수량을 넘었습니다.",
        ),
        Reason::PaymentExpired => Text::new("It was not paid in time.", "결제 기한이 지났습니다."),
    }
}
