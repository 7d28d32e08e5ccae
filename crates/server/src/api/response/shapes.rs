//! Shapes of what the inner crates define: they know no schemas, so they are described here.

use std::borrow::Cow;

use domain::limits::PRICE_MAX;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::openapi::words;

/// Characters of why an operator does something.
pub(in crate::api) const ADMIN_REASON_CHARS_MAX: usize = 500;
/// Characters of where it can be found.
pub(in crate::api) const REFERENCE_CHARS_MAX: usize = 100;
/// Characters of each part of a receiver's address.
pub(in crate::api) const RECEIVER_CHARS_MAX: usize = 500;

/// Where the goods go.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "it stands for the domain's own type in the document")]
pub(in crate::api) struct Receiver {
    #[schemars(length(max = RECEIVER_CHARS_MAX), regex(pattern = words::LINES))]
    name: String,
    #[schemars(length(max = RECEIVER_CHARS_MAX), regex(pattern = words::LINES))]
    phone: String,
    #[schemars(length(max = RECEIVER_CHARS_MAX), regex(pattern = words::LINES))]
    postal_code: String,
    #[schemars(length(max = RECEIVER_CHARS_MAX), regex(pattern = words::LINES))]
    address: String,
}

macro_rules! one_of {
    ($($name:ident as $shown:literal = $words:expr;)*) => {$(
        pub(in crate::api) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $shown.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "enum": $words})
            }
        }
    )*};
}

one_of! {
    PaymentWord as "PaymentProgress" = ["COMPLETED", "PROCESSING"];
    ProcessingWord as "ProcessingProgress" = ["PROCESSING"];
}

/// What an order may not have: a coupon named twice.
pub(in crate::api) fn both_coupons() -> Value {
    json!({
        "required": ["couponId", "userCouponId"],
        "properties": {"couponId": {"type": "integer", "format": "int64"}, "userCouponId": {"type": "string"}},
    })
}

/// What a coupon takes off, as an admin says it.
pub(in crate::api) struct Discount;

impl JsonSchema for Discount {
    fn schema_name() -> Cow<'static, str> {
        "Discount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // One object, since generators make little of a choice between two; what depends on its type stands beside it.
        json_schema!({
            "description": "What a coupon takes off: an amount in won, or a share that rounds down to a whole won.",
            "examples": [{"type": "PERCENT", "value": 10, "maxAmount": 15_000}],
            "type": "object", "required": ["type", "value"], "additionalProperties": false,
            "properties": {
                "type": {"type": "string", "enum": ["FIXED", "PERCENT"]},
                "value": {
                    "type": "integer", "format": "int64", "minimum": 1, "maximum": PRICE_MAX.amount(),
                    "description": "Won, or 1 to 100 percent.",
                },
                "maxAmount": {
                    "type": ["integer", "null"], "format": "int64", "minimum": 1, "maximum": PRICE_MAX.amount(),
                    "description": "The most won that a percentage takes off.",
                },
            },
            // Every field each time, for validators that let a part of a schema know no others.
            "if": {"properties": {"type": {"const": "FIXED"}, "value": {}, "maxAmount": {}}},
            "then": {"properties": {"type": {}, "value": {}, "maxAmount": {"type": "null"}}},
            "else": {"properties": {"type": {}, "value": {"maximum": 100}, "maxAmount": {}}},
        })
    }
}

/// What a coupon takes off, as everybody sees it.
pub(in crate::api) struct ShownDiscount;

impl JsonSchema for ShownDiscount {
    fn schema_name() -> Cow<'static, str> {
        "ShownDiscount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object", "required": ["type", "value"],
            "description": "What a coupon takes off.",
            "properties": {
                "type": {"type": "string", "enum": ["FIXED", "PERCENT"]},
                "value": {"type": "integer", "format": "int64", "description": "Won, or percent."},
                "maxAmount": {
                    "type": "integer", "format": "int64", "description": "The most won that a percentage takes off.",
                },
            },
            "examples": [{"type": "PERCENT", "value": 10, "maxAmount": 15_000}],
        })
    }
}

/// Law by law, how much was looked at and what does not add up.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it stands for the audit's own type in the document")]
pub(in crate::api) struct Audit {
    violations: u64,
    laws: Vec<Law>,
    /// What was not looked at, or only in part.
    skipped: Vec<SkippedLaw>,
}

/// A law that nothing, or not everything, was held against.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it stands for the audit's own type in the document")]
struct SkippedLaw {
    law: u8,
    reason: String,
}

/// A figure that was put right, or a deed that was asked for.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it stands for the audit's own type in the document")]
pub(in crate::api) struct Repaired {
    /// The law that it is about.
    law: u8,
    what: String,
    /// Whether the engine took it.
    done: bool,
}

/// A law of the shop; `docs/audit.md` has them all.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it stands for the audit's own type in the document")]
struct Law {
    law: u8,
    name: String,
    /// Products, orders, events … that were held against it.
    checked: u64,
    violations: u64,
    /// The first few that break it.
    examples: Vec<String>,
}
