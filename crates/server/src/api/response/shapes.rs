//! Schemas of types that the inner crates define, since those crates know no schemas.

use std::borrow::Cow;

use domain::limits::PRICE_MAX;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::openapi::words;

/// The most characters of an operator's reason.
pub(in crate::api) const ADMIN_REASON_CHARS_MAX: usize = 500;
/// The most characters of a reference, such as a bank transfer's number.
pub(in crate::api) const REFERENCE_CHARS_MAX: usize = 100;
/// The most characters of each part of a receiver's address.
pub(in crate::api) const RECEIVER_CHARS_MAX: usize = 500;

/// The person and the address that the goods are sent to.
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
    PaymentWord as "PaymentProgress" = ["COMPLETED", "PROCESSING", "REQUIRES_ACTION"];
    NextActionWord as "NextActionType" = ["redirect"];
    ProcessingWord as "ProcessingProgress" = ["PROCESSING"];
}

/// The schema that an order must not match: both ways of naming a coupon.
pub(in crate::api) fn both_coupons() -> Value {
    json!({
        "required": ["couponId", "userCouponId"],
        "properties": {"couponId": {"type": "integer", "format": "int64"}, "userCouponId": {"type": "string"}},
    })
}

/// A coupon's discount in a request of an admin.
pub(in crate::api) struct Discount;

impl JsonSchema for Discount {
    fn schema_name() -> Cow<'static, str> {
        "Discount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // One object instead of `oneOf`, which client generators support badly; conditions say what depends on the type.
        json_schema!({
            "description": "A coupon's discount: a fixed amount, or a percentage, rounded down.",
            "examples": [{"type": "PERCENT", "value": 10, "maxAmount": 15_000}],
            "type": "object", "required": ["type", "value"], "additionalProperties": false,
            "properties": {
                "type": {"type": "string", "enum": ["FIXED", "PERCENT"]},
                "value": {
                    "type": "integer", "format": "int64", "minimum": 1, "maximum": PRICE_MAX.amount(),
                    "description": "FIXED: the amount. PERCENT: 1 to 100 percent.",
                },
                "maxAmount": {
                    "type": ["integer", "null"], "format": "int64", "minimum": 1, "maximum": PRICE_MAX.amount(),
                    "description": "The largest discount. For PERCENT only. Default: no limit.",
                },
            },
            // Each condition names every field, for validators that reject fields which a subschema does not name.
            "if": {"properties": {"type": {"const": "FIXED"}, "value": {}, "maxAmount": {}}},
            "then": {"properties": {"type": {}, "value": {}, "maxAmount": {"type": "null"}}},
            "else": {"properties": {"type": {}, "value": {"maximum": 100}, "maxAmount": {}}},
        })
    }
}

/// A coupon's discount in an answer.
pub(in crate::api) struct ShownDiscount;

impl JsonSchema for ShownDiscount {
    fn schema_name() -> Cow<'static, str> {
        "ShownDiscount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object", "required": ["type", "value"],
            "description": "A coupon's discount: a fixed amount, or a percentage, rounded down.",
            "properties": {
                "type": {"type": "string", "enum": ["FIXED", "PERCENT"]},
                "value": {"type": "integer", "format": "int64", "description": "FIXED: the amount. PERCENT: percent."},
                "maxAmount": {
                    "type": "integer", "format": "int64", "description": "The largest discount. Absent: no limit.",
                },
            },
            "examples": [{"type": "PERCENT", "value": 10, "maxAmount": 15_000}],
        })
    }
}

/// The result of an audit: how much each law checked, and what violates it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it stands for the audit's own type in the document")]
pub(in crate::api) struct Audit {
    /// The number of violations of all laws.
    violations: u64,
    laws: Vec<Law>,
    /// Laws that were not checked, or only in part.
    skipped: Vec<SkippedLaw>,
}

/// A law that was not checked, or only in part.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it stands for the audit's own type in the document")]
struct SkippedLaw {
    law: u8,
    reason: String,
}

/// A repair: a recomputed figure, or a recreated timer.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it stands for the audit's own type in the document")]
pub(in crate::api) struct Repaired {
    /// The number of the violated law.
    law: u8,
    what: String,
    /// Whether the repair was committed.
    done: bool,
}

/// A law of the shop. `docs/audit.md` lists them all.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it stands for the audit's own type in the document")]
struct Law {
    law: u8,
    name: String,
    /// The number of products, orders, events and so on that were checked.
    checked: u64,
    violations: u64,
    /// The first few violations.
    examples: Vec<String>,
}
