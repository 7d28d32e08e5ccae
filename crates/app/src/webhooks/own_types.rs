//! The event types without an internal event behind them.

use serde_json::{Value, json};

pub(super) fn test() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "WebhookTest",
        "type": "object",
        "required": ["webhookId", "message"],
        "properties": {
            "webhookId": {"type": "integer", "format": "int64"},
            "message": {"type": "string"},
        },
        "examples": [{"webhookId": 1, "message": "This is a test."}],
    })
}

pub(super) fn drop() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Drop",
        "type": "object",
        "required": ["dropId", "name", "at"],
        "properties": {
            "dropId": {"type": "integer", "format": "int64"},
            "name": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
        },
        "examples": [{"dropId": 1, "name": "Saturday", "at": "2026-11-21T09:00:00.000000Z"}],
    })
}
