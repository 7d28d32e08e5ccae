//! Generators of schemas, from the types of requests and answers.

use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

/// Returns the generator for request bodies; its schemas are as strict as the parser.
pub(super) fn of_requests() -> SchemaGenerator {
    settings(Contract::Deserialize).with(|settings| settings.transforms.push(Box::new(Bounded))).into_generator()
}

/// Returns the generator for answers.
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

/// Adapts schemas to client generators: integer formats of 32 or 64 bits only, since generators map others to the smallest type;
/// and no `default`, since it makes generators require the field. Descriptions state the defaults.
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

/// Removes `null` from optional fields of answers: such a field is left out instead.
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

/// Adds the bounds of 64-bit integers: larger numbers are refused, and `format` alone forbids nothing.
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
