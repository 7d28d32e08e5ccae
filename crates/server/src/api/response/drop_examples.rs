//! An example of every body about drops.

use serde_json::{Value, json};

const NOON: &str = "2026-11-21T12:00:00Z";
const ONE: &str = "2026-11-21T13:00:00Z";

pub(in crate::api) fn create() -> Value {
    json!({
        "name": "Saturday", "startsAt": NOON, "endsAt": ONE,
        "products": [{"productId": 3, "perCustomer": 2}], "perCustomer": 3, "perPaymentMethod": 4,
        "waitingRoom": {"admitPerSecond": 50, "holdSeconds": 300, "prequeue": "shuffle"},
    })
}

pub(in crate::api) fn change() -> Value {
    json!({"endsAt": ONE, "paused": false, "reason": "the payment provider is back"})
}

pub(in crate::api) fn drop() -> Value {
    json!({
        "dropId": 5, "name": "Saturday", "startsAt": NOON, "endsAt": ONE, "status": "OPEN", "paused": false,
        "products": [{"productId": 3, "name": "Lamp", "price": 1000, "available": 250, "status": "ON_SALE", "perCustomer": 2}],
        "perCustomer": 3, "perPaymentMethod": 4, "waitingRoom": {"admitPerSecond": 50, "holdSeconds": 300, "prequeue": "shuffle"},
        "waiting": 1200, "admissionPercent": 100,
    })
}

pub(in crate::api) fn ticket() -> Value {
    json!({
        "dropId": 5, "ticket": "QT-7K3M9Q2X", "position": 421, "ahead": 420, "estimatedWaitSeconds": 9, "status": "WAITING",
    })
}

pub(in crate::api) fn receipt() -> Value {
    json!({"dropId": 5, "number": 2, "hash": hash("a1"), "previousHash": hash("b2"), "head": hash("c3")})
}

pub(in crate::api) fn root() -> Value {
    json!({
        "at": "2026-11-21T23:59:59Z", "root": hash("d4"), "drops": [{"dropId": 5, "entries": 3120, "head": hash("c3")}],
    })
}

pub(in crate::api) fn coupon_receipt() -> Value {
    json!({
        "couponId": 1, "userCouponId": "CPN-7M3K9Q2XWP4T", "number": 2, "hash": hash("a1"), "previousHash": hash("b2"),
        "head": hash("c3"),
    })
}

fn hash(byte: &str) -> String {
    byte.repeat(32)
}
