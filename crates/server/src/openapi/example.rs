//! Builds the example of a schema from the examples of its parts.

use serde_json::{Map, Value, json};

/// The deepest nesting of schemas. No schema of ours is recursive.
const DEPTH_MAX: usize = 12;

/// Returns an example value of this schema.
pub(super) fn of(schema: &Value, definitions: &Map<String, Value>) -> Value {
    at_depth(schema, definitions, 0)
}

fn at_depth(schema: &Value, definitions: &Map<String, Value>, depth: usize) -> Value {
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    for given in [&schema["examples"][0], &schema["const"], &schema["enum"][0]] {
        if !given.is_null() {
            return given.clone();
        }
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return definitions.get(name).map_or(Value::Null, |schema| at_depth(schema, definitions, depth + 1));
    }
    if let Some(first) = [&schema["oneOf"][0], &schema["anyOf"][0]].into_iter().find(|first| !first.is_null()) {
        return at_depth(first, definitions, depth + 1);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("object") => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            fields.map(|(name, field)| (name.clone(), at_depth(field, definitions, depth + 1))).collect()
        }
        Some("array") => json!([at_depth(&schema["items"], definitions, depth + 1)]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("string") if schema["format"] == "date-time" => json!("2026-11-21T09:00:00Z"),
        Some("string") => json!("text"),
        _ => Value::Null,
    }
}
