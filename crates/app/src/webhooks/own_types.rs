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
