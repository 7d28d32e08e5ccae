//! An example of every body about webhooks, alerts and health.

use serde_json::{Value, json};

const URL: &str = "https://erp.example.com/hooks/doorbuster";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOON: &str = "2026-11-21T12:00:00Z";
const NEXT: &str = "2026-11-21T12:00:01Z";

pub(in crate::api) fn create() -> Value {
    json!({
        "url": URL, "description": "bookkeeping", "eventTypes": ["order.completed", "order.refunded"],
        "secret": SECRET, "ordered": true, "ratePerSecond": 50,
    })
}

pub(in crate::api) fn change() -> Value {
    json!({"eventTypes": ["order.completed"], "status": "ENABLED", "ratePerSecond": 0, "reason": "the receiver is repaired"})
}

pub(in crate::api) fn rotate() -> Value {
    json!({"secret": SECRET})
}

pub(in crate::api) fn webhook() -> Value {
    json!({
        "webhookId": 1, "url": URL, "description": "bookkeeping",
        "eventTypes": ["order.completed", "order.refunded"], "status": "DISABLED", "disabledReason": "GONE",
        "ordered": true, "ratePerSecond": 50, "createdAt": NOON,
    })
}

pub(in crate::api) fn created() -> Value {
    json!({
        "webhookId": 1, "url": URL, "description": "bookkeeping", "eventTypes": [], "status": "ENABLED",
        "ordered": false, "createdAt": NOON, "secret": SECRET,
    })
}

pub(in crate::api) fn secret() -> Value {
    json!({"secret": SECRET})
}

pub(in crate::api) fn rotated() -> Value {
    json!({"secret": SECRET, "previousValidUntil": "2026-11-22T12:00:00Z"})
}

pub(in crate::api) fn event_type() -> Value {
    json!({
        "eventType": "product.sold_out", "description": "The last unit of a product was claimed.",
        "schema": {"type": "object", "required": ["productId"], "properties": {"productId": {"type": "integer", "format": "int64"}}},
        "example": {"productId": 3},
    })
}

pub(in crate::api) fn test() -> Value {
    json!({"eventType": "order.completed"})
}

pub(in crate::api) fn recover() -> Value {
    json!({"since": NOON, "until": NEXT})
}

pub(in crate::api) fn replay() -> Value {
    json!({"since": NOON, "until": NEXT, "eventTypes": ["order.completed"]})
}

pub(in crate::api) fn scheduled_delivery() -> Value {
    json!({"deliveryId": "1-17"})
}

pub(in crate::api) fn resent() -> Value {
    json!({"resent": 3})
}

pub(in crate::api) fn scheduled() -> Value {
    json!({"scheduled": 120})
}

pub(in crate::api) fn delivery() -> Value {
    json!({
        "deliveryId": "1-17", "eventId": "019aa5d4-1c00-7000-8000-000040000001", "eventType": "product.sold_out",
        "status": "FAILED", "attempts": 1, "nextAttemptAt": NEXT, "lastResponseStatus": 500, "createdAt": NOON,
    })
}

pub(in crate::api) fn detail() -> Value {
    let mut detail = delivery();
    detail["payload"] = json!({"type": "product.sold_out", "timestamp": NOON, "data": {"productId": 3}});
    detail["attemptLog"] = json!([
        {"at": NOON, "responseStatus": 500, "responseBody": "try later", "durationMs": 12},
        {"at": NOON, "error": "connection refused", "durationMs": 1},
    ]);
    detail
}

pub(in crate::api) fn alert() -> Value {
    json!({
        "alertId": 1, "code": "DLQ_OPEN", "severity": "critical", "subject": "notice-group", "value": 2, "threshold": 0,
        "since": NOON, "clearedAt": NEXT, "runbook": "docs/monitoring.md#dlq_open",
    })
}

pub(in crate::api) fn readiness() -> Value {
    json!({
        "status": "UP",
        "components": {
            "store": {"status": "UP"}, "engine": {"status": "UP"}, "relay": {"status": "UP"}, "kafka": {"status": "UP"},
            "redis": {"status": "DOWN", "detail": "Redis does not answer; results are the same."},
            "payment": {"status": "UP"}, "disk": {"status": "UP"},
        },
    })
}

pub(in crate::api) fn info() -> Value {
    json!({
        "version": "0.1.0", "commit": "unknown", "builtAt": NOON, "stack": "mysql+kafka+redis", "sqlite": "3.51.0",
        "uptimeSeconds": 3_600,
    })
}

pub(in crate::api) fn log_level() -> Value {
    json!({"level": "info,server=debug"})
}
