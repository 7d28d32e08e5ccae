//! Schemas of requests and answers, from the types that are read and written.

use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

/// Of what is read: as strict as the reading.
pub(super) fn of_requests() -> SchemaGenerator {
    settings(Contract::Deserialize).with(|settings| settings.transforms.push(Box::new(Bounded))).into_generator()
}

/// Of what is written.
pub(super) fn of_answers() -> SchemaGenerator {
    settings(Contract::Serialize).with(|settings| settings.transforms.push(Box::new(Absent))).into_generator()
}

fn settings(contract: Contract) -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        settings.contract = contract;
        settings.transforms.push(Box::new(Known));
    })
}

/// Says what generators know: integers of 32 or 64 bits, as all others become the smallest that a language has; and no
/// defaults, as a field with a default becomes a required one. What is absent means what its description says.
#[derive(Clone, Debug)]
pub(super) struct Known;

impl Transform for Known {
    fn transform(&mut self, schema: &mut Schema) {
        schema.remove("default");
        let is_small = schema.get("maximum").and_then(Value::as_i64).is_some_and(|most| most <= i64::from(i32::MAX));
        let known = match schema.get("format").and_then(Value::as_str) {
            Some("uint8" | "uint16" | "int8" | "int16") => Some("int32"),
            Some("uint32" | "uint64" | "uint" | "int") => Some(if is_small { "int32" } else { "int64" }),
            _ => None,
        };
        if let Some(known) = known {
            schema.insert("format".to_owned(), json!(known));
        }
        transform_subschemas(self, schema);
    }
}

/// Says of a field that may be absent from an answer that it is never null: it is left out instead.
#[derive(Clone, Debug)]
struct Absent;

impl Transform for Absent {
    fn transform(&mut self, schema: &mut Schema) {
        let required = schema.get("required").cloned().unwrap_or_default();
        let is_required = |name: &str| required.as_array().is_some_and(|names| names.iter().any(|one| one == name));
        let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (_, field) in fields.into_iter().flatten().filter(|(name, _)| !is_required(name)) {
            never_null(field);
        }
        transform_subschemas(self, schema);
    }
}

fn never_null(field: &mut Value) {
    let Some(field) = field.as_object_mut() else { return };
    if let Some([kind, Value::String(null)]) = field.get("type").and_then(Value::as_array).map(Vec::as_slice)
        && null == "null"
    {
        let kind = kind.clone();
        field.insert("type".to_owned(), kind);
    }
    if let Some([one, null]) = field.get("anyOf").and_then(Value::as_array).map(Vec::as_slice)
        && *null == json!({"type": "null"})
        && let Some(one) = one.as_object().cloned()
    {
        field.remove("anyOf");
        field.extend(one);
    }
}

/// Says of every 64-bit integer that it is one: a larger number is refused, and `format` alone forbids nothing.
#[derive(Clone, Debug)]
struct Bounded;

impl Transform for Bounded {
    fn transform(&mut self, schema: &mut Schema) {
        if schema.get("format") == Some(&json!("int64")) {
            for (bound, value) in [("minimum", i64::MIN), ("maximum", i64::MAX)] {
                if schema.get(bound).is_none() {
                    schema.insert(bound.to_owned(), json!(value));
                }
            }
        }
        transform_subschemas(self, schema);
    }
}
