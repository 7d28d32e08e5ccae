//! An example of every body, for the OpenAPI document. Tests validate each against its schema, and send those of requests.

use serde_json::{Value, json};

mod people;

pub(in crate::api) use people::{
    api_key, change_notification_settings, change_password, change_user, create_api_key, created_api_key, given_reason,
    invite_user, invited_user, login, notification_settings, register_user, registered_user, staff_member, token,
    trail_entry, user,
};

const ORDER: &str = "ORD-7M3K9Q2XWP4T";
const COUPON: &str = "UC-4KQ7T2M9XW3P";
const REQUEST: &str = "REQ-2WX8ZC5NHD6R";
/// A signed cursor.
pub(in crate::api) const CURSOR: &str = "AQAAAAAAAAAU7o2v0W5Jm3kqXc9dRz1s0g";

const NOON: &str = "2026-11-21T12:00:00Z";
const NEXT: &str = "2026-11-21T12:00:00.004Z";

pub(in crate::api) fn now() -> Value {
    json!({"data": [{"at": "2026-11-21T09:30:01.000000Z", "orders": 812, "coupons": 96, "refused": 4, "p50Ms": 10.0, "p99Ms": 50.0, "queueDepth": 31}]})
}

pub(in crate::api) fn register_product() -> Value {
    json!({
        "name": "Sneaker", "price": 120_000, "stock": 50, "sku": "SNK-270", "description": "White, numbered.",
        "attributes": {"size": 270, "color": "white"},
    })
}

pub(in crate::api) fn change_product() -> Value {
    json!({"price": 110_000, "status": "ON_SALE"})
}

pub(in crate::api) fn adjust_stock() -> Value {
    json!({"delta": 20, "reason": "second delivery"})
}

pub(in crate::api) fn product() -> Value {
    json!({"productId": 1, "name": "Sneaker", "price": 120_000, "currency": "KRW", "available": 49, "status": "ON_SALE", "sku": "SNK-270"})
}

pub(in crate::api) fn stocked_product() -> Value {
    json!({
        "productId": 1, "name": "Sneaker", "price": 120_000, "currency": "KRW", "stock": 50, "onHand": 50, "reserved": 1,
        "available": 49, "sold": 0, "status": "ON_SALE", "sku": "SNK-270",
    })
}

pub(in crate::api) fn stock() -> Value {
    json!({"productId": 1, "onHand": 70, "reserved": 1, "available": 69})
}

pub(in crate::api) fn popular_product() -> Value {
    json!({"productId": 1, "name": "Sneaker", "sold": 31})
}

pub(in crate::api) fn create_campaign() -> Value {
    json!({
        "name": "Opening", "discount": {"type": "PERCENT", "value": 10, "maxAmount": 15_000}, "totalQuantity": 1_000,
        "maxIssuePerUser": 1, "issueStartsAt": "2026-01-01T00:00:00Z", "issueEndsAt": "2099-01-01T00:00:00Z",
        "validUntil": "2099-12-31T00:00:00Z", "issueMode": "direct",
    })
}

pub(in crate::api) fn change_campaign() -> Value {
    json!({"totalQuantity": 2_000, "reason": "more guests than expected"})
}

pub(in crate::api) fn campaign() -> Value {
    json!({
        "couponId": 1, "name": "Opening", "discount": {"type": "PERCENT", "value": 10, "maxAmount": 15_000},
        "currency": "KRW", "totalQuantity": 1_000, "issued": 1, "remaining": 999, "maxIssuePerUser": 1,
        "issueStartsAt": "2026-01-01T00:00:00Z", "issueEndsAt": "2099-01-01T00:00:00Z",
        "validUntil": "2099-12-31T00:00:00Z", "issueMode": "direct", "queueKey": "campaign", "paused": false,
    })
}

pub(in crate::api) fn request_coupon() -> Value {
    json!({"couponId": 1})
}

pub(in crate::api) fn issued_coupon() -> Value {
    json!({
        "success": true, "couponId": 1, "userCouponId": COUPON, "issueNumber": 1,
        "message": "The coupon is yours.", "issuedAt": NOON,
    })
}

pub(in crate::api) fn requested_coupon() -> Value {
    json!({"requestId": REQUEST, "status": "PENDING"})
}

pub(in crate::api) fn coupon_request() -> Value {
    json!({
        "requestId": REQUEST, "couponId": 1, "status": "NOTIFIED", "resultCode": "SUCCESS",
        "message": "The coupon is yours.",
        "result": {
            "userCouponId": COUPON, "couponHistoryId": COUPON, "couponId": 1, "issueNumber": 1, "issuedAt": NOON,
        },
        "createdAt": NOON, "updatedAt": NEXT,
    })
}

pub(in crate::api) fn user_coupon() -> Value {
    json!({"userCouponId": COUPON, "couponId": 1, "issueNumber": 1, "status": "USED", "issuedAt": NOON, "usedOrder": ORDER})
}

pub(in crate::api) fn charge_points() -> Value {
    json!({"amount": 200_000})
}

pub(in crate::api) fn balance() -> Value {
    json!({"balance": 200_000})
}

pub(in crate::api) fn points_entry() -> Value {
    json!({"kind": "PointsCharged", "amount": 200_000, "balance": 200_000, "at": NOON})
}

pub(in crate::api) fn place_order() -> Value {
    json!({"items": [{"productId": 1, "quantity": 1}], "couponId": 1, "pointsToUse": 8_000, "totalAmount": 120_000})
}

pub(in crate::api) fn receipt() -> Value {
    json!({
        "orderNumber": ORDER, "status": "PENDING", "estimatedProcessingTime": "PT1S",
        "trackingUrl": format!("/api/orders/{ORDER}/status"),
    })
}

pub(in crate::api) fn order() -> Value {
    json!({
        "orderNumber": ORDER, "userId": 7, "currency": "KRW",
        "items": [{"productId": 1, "name": "Sneaker", "quantity": 1, "unitPrice": 120_000, "refundedQuantity": 0}],
        "totalPrice": 120_000, "discountPrice": 12_000, "totalAmount": 120_000, "discountAmount": 12_000,
        "pointsUsed": 108_000, "amountDue": 0, "paidAmount": 0, "refundedAmount": 0,
        "payment": {"terms": "PREPAID", "amount": 0, "capturedAmount": 0, "refundedAmount": 0},
        "mode": "parallel", "outcome": "COMPLETED", "status": "PAYMENT_COMPLETED",
        "steps": [
            {"step": "STOCK", "state": "COMPLETED", "at": NEXT},
            {"step": "COUPON", "state": "COMPLETED", "at": NEXT},
            {"step": "POINT", "state": "COMPLETED", "at": NEXT},
        ],
        "createdAt": NOON, "completedAt": NEXT, "updatedAt": NEXT,
    })
}

pub(in crate::api) fn order_progress() -> Value {
    json!({
        "orderId": ORDER, "outcome": "COMPLETED", "status": "PAYMENT_COMPLETED", "statusDescription": "The order is paid.",
        "progressPercentage": 40, "canCancel": false, "lastUpdated": NEXT,
    })
}

pub(in crate::api) fn order_event() -> Value {
    json!({"at": NOON, "event": "OrderCreated", "status": "CREATED", "outcome": "PENDING", "cause": "PlaceOrder"})
}

pub(in crate::api) fn cancel_order() -> Value {
    json!({"reason": "ordered twice"})
}

pub(in crate::api) fn letter() -> Value {
    json!({
        "letterId": 1, "status": "SCHEDULED", "group": "stock-deduction-group", "topic": "stock-events", "partition": 11,
        "offset": 41, "eventId": "019aa5d4-1c00-7000-8000-000040000001", "key": "1", "type": "StockDeductionRequested",
        "payload": format!("{{\"orderId\":\"{ORDER}\",\"productId\":1,\"quantity\":1}}"),
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "occurredAt": NOON,
        "attempts": 6, "error": "a constraint of the store was violated", "firstFailedAt": NOON, "lastFailedAt": NEXT,
        "resends": 0, "resendAt": "2026-11-21T12:05:00.004Z",
        "acts": [{"at": NEXT, "act": "EDITED", "reason": "a typo", "payloadBefore": "{}"}],
    })
}

pub(in crate::api) fn logged_event() -> Value {
    json!({
        "eventId": "019aa5d4-1c00-7000-8000-000040000001", "type": "PriceChanged", "topic": "product-events", "key": "1",
        "at": NOON, "version": null, "cause": "change-product", "traceId": "0af7651916cd43dd8448eb211c80319c",
        "payload": {"productId": 1, "price": 39_000}, "status": "COMPLETED", "deliveries": [],
    })
}

pub(in crate::api) fn customer_state() -> Value {
    json!({"userId": 42, "points": 700, "coupons": [user_coupon()]})
}

pub(in crate::api) fn edit_letter() -> Value {
    json!({
        "payload": format!("{{\"orderId\":\"{ORDER}\",\"productId\":1,\"quantity\":1}}"),
        "reason": "the quantity was missing",
    })
}

pub(in crate::api) fn act_on_letter() -> Value {
    json!({"reason": "the participant is back"})
}

fn group() -> Value {
    json!({"group": "notice-group", "lag": 2, "lost": 0, "partitions": [{
        "topic": "order-events", "partition": 4, "offset": 41, "begin": 0, "end": 43, "committed": 41, "lag": 2,
    }]})
}

pub(in crate::api) fn groups() -> Value {
    json!({"carrier": "broker", "data": [group()]})
}

pub(in crate::api) fn topics() -> Value {
    json!({"carrier": "broker", "data": [{
        "topic": "order-events", "keyedBy": "userId", "carries": "every event of an order", "groups": ["notice-group"],
        "partitions": [{"partition": 4, "begin": 0, "end": 43}],
    }]})
}

pub(in crate::api) fn coupon_statistics() -> Value {
    json!({
        "totals": {"issued": 100, "used": 40, "restored": 2, "refused": {"coupon.sold_out": 900}},
        "series": [{"at": NOON, "issued": 100, "used": 40, "restored": 2, "refused": 900}],
    })
}

pub(in crate::api) fn order_statistics() -> Value {
    json!({
        "totals": {
            "placed": 50, "completed": 45, "cancelled": 4, "refunded": 1, "revenue": 1_200_000, "discount": 150_000,
            "points": 20_000, "refundedAmount": 30_000, "byReason": {"stock.exhausted": 4}, "byMode": {"parallel": 50},
        },
        "series": [{"at": NOON, "placed": 50, "completed": 45, "cancelled": 4, "revenue": 1_200_000}],
    })
}

pub(in crate::api) fn reset_group() -> Value {
    json!({"toTime": NOON, "topic": "order-events", "partition": 4, "dryRun": false, "reason": "notices of noon are missing"})
}

pub(in crate::api) fn group_reset() -> Value {
    json!({"group": "notice-group", "isDone": true, "partitions": [{
        "topic": "order-events", "partition": 4, "from": 41, "to": 40, "means": "REPEATS", "events": 1, "isWhole": true,
        "shown": [{
            "offset": 40, "eventId": "019aa5d4-1c00-7000-8000-000040000001", "type": "OrderCompleted", "key": "1",
            "orderNumber": ORDER, "occurredAt": NOON,
        }],
    }]})
}

fn audit() -> Value {
    json!({"violations": 0, "laws": [{
        "law": 1, "name": "every unit received is on hand, sold or written off", "checked": 12, "violations": 0,
        "examples": [],
    }], "skipped": [{"law": 7, "reason": "the store has no shared gate"}]})
}

pub(in crate::api) fn audit_report() -> Value {
    let mut report = audit();
    report["plannedRepairs"] = json!([{"law": 1, "what": "product 3: sold -2"}]);
    report
}

pub(in crate::api) fn repair_shop() -> Value {
    json!({"reason": "the figures of product 3"})
}

pub(in crate::api) fn repair() -> Value {
    json!({"repairs": 0, "repaired": [], "before": audit(), "after": audit()})
}

pub(in crate::api) fn callback_taken() -> Value {
    json!({"isTaken": true})
}

pub(in crate::api) fn tell_provider() -> Value {
    json!({"script": "LOSE_ANSWER", "deed": "capture", "times": 1})
}

pub(in crate::api) fn provider_script() -> Value {
    json!({
        "script": "LOSE_ANSWER", "deed": "capture", "times": 1,
        "amounts": [{"amount": 40_402, "script": "DECLINE"}],
    })
}

pub(in crate::api) fn pay_order() -> Value {
    json!({"method": "CARD", "paymentToken": "pm_1QhZ9vLkdIwHu7ix", "returnUrl": "https://shop.example/thanks"})
}

pub(in crate::api) fn payment() -> Value {
    json!({"paymentId": "PAY-7M3K9Q2X", "status": "COMPLETED"})
}

pub(in crate::api) fn process_order() -> Value {
    json!({
        "payment": {"method": "CARD"},
        "receiver": {
            "name": "Ann", "phone": "010-1234-5678", "postalCode": "04524", "address": "110 Sejong-daero, Jung-gu, Seoul",
        },
        "warehouseStorage": false,
    })
}

pub(in crate::api) fn processing() -> Value {
    json!({
        "orderId": ORDER, "status": "PROCESSING", "message": "The order was received. The payment is being processed.",
        "estimatedProcessingTime": "PT2S", "websocketTopic": format!("/topic/order/{ORDER}"),
        "statusCheckUrl": format!("/api/orders/{ORDER}/status"),
    })
}

pub(in crate::api) fn refund_order() -> Value {
    json!({"lines": [{"productId": 1, "quantity": 1}], "reason": "does not fit"})
}

pub(in crate::api) fn approve_refund() -> Value {
    json!({"goods": "AWAITED"})
}

pub(in crate::api) fn reject_refund() -> Value {
    json!({"reason": "it was worn"})
}

pub(in crate::api) fn arrived_refund() -> Value {
    json!({"lines": [{"productId": 1, "quantity": 1}], "writeOff": false})
}

pub(in crate::api) fn change_shipment() -> Value {
    json!({"status": "SHIPPED", "trackingNumber": "KR-4004-1234"})
}

pub(in crate::api) fn shipment() -> Value {
    json!({
        "orderId": ORDER, "status": "SHIPPED", "trackingNumber": "KR-4004-1234",
        "receiver": {
            "name": "Ann", "phone": "010-1234-5678", "postalCode": "04524", "address": "110 Sejong-daero, Jung-gu, Seoul",
        },
        "createdAt": NOON, "updatedAt": NEXT,
    })
}

pub(in crate::api) fn change_storage() -> Value {
    json!({"status": "ON_AUCTION"})
}

pub(in crate::api) fn storage() -> Value {
    json!({"orderId": ORDER, "status": "IN_STORAGE", "createdAt": NOON, "updatedAt": NEXT})
}

pub(in crate::api) fn change_modes() -> Value {
    json!({"mode": "gradual", "percent": 10, "reason": "a tenth of the users, to see"})
}

pub(in crate::api) fn modes_change() -> Value {
    json!({
        "version": 1, "from": {"mode": "parallel", "percent": 0}, "to": {"mode": "gradual", "percent": 10}, "changedBy": 1,
        "reason": "a tenth of the users, to see", "changedAt": NOON,
    })
}

pub(in crate::api) fn modes() -> Value {
    json!({
        "mode": "gradual", "percent": 10, "changed": modes_change(),
        "recommendation": [
            {"mode": "parallel", "when": ["answers are needed within 500 ms"]},
            {"mode": "sequential", "when": ["each step must be seen"]},
            {"mode": "atomic", "when": ["one process decides everything"]},
        ],
    })
}

pub(in crate::api) fn resolve_order() -> Value {
    json!({"reason": "counted by hand"})
}

pub(in crate::api) fn extend_hold() -> Value {
    json!({"seconds": 600})
}

pub(in crate::api) fn resolve_payment() -> Value {
    json!({"reason": "the card was closed; paid by transfer", "reference": "TR-2026-0117"})
}

pub(in crate::api) fn any_payment() -> Value {
    json!({
        "paymentId": "PAY-7M3K9Q2X", "orderNumber": ORDER, "userId": 42, "state": "STUCK", "operation": "REFUND",
        "amount": 12_300, "captured": 12_300, "refunded": 0, "resolved": 0, "owed": 12_300, "tries": 6,
        "lastError": "charge_disputed", "since": NOON,
    })
}

pub(in crate::api) fn switch_service() -> Value {
    json!({"service": "stockService", "out": false, "reason": "the count is over"})
}

pub(in crate::api) fn service() -> Value {
    json!({"service": "stockService", "breaker": "closed", "out": false})
}
